//! One pod against one full cluster: the nominated node and the victims, or why preemption does not help.

use std::path::Path;
use std::sync::Arc;

use kubelapse::engine::SimTime;
use kubelapse::engine::random::Streams;
use kubelapse::model::kind::Kind;
use kubelapse::model::object::Body;
use kubelapse::scheduler::algorithm::{Algorithm, Inputs, Outcome as Decided};
use kubelapse::scheduler::preemption::PostFilter;
use kubelapse::scheduler::queue::Nominator;
use kubelapse::scheduler::registry::default_profile;
use serde_json::{Value, json};

use super::recorded_cluster::{RecordedCluster, list, text};
use super::suite::{Outcome, first_difference, json_lines};

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "preemption", "cases")?;
    Some(cases.iter().map(|case| (text(&case["name"]).to_owned(), one(case))).collect())
}

/// Seconds since 2026, the year of the recordings.
fn seconds(timestamp: &str) -> SimTime {
    const ORIGIN: i64 = 1_767_225_600;
    let instant: jiff::Timestamp = timestamp.parse().expect("a recorded time");
    SimTime::from_secs(u64::try_from(instant.as_second() - ORIGIN).expect("a time in 2026"))
}

fn one(case: &Value) -> Result<(), String> {
    let mut recorded = RecordedCluster::new(case);
    for value in list(&case["pods"]) {
        let pod = recorded.pod(value);
        if let Some(start) = value["status"]["startTime"].as_str() {
            recorded.cluster.modify_pod_status(SimTime::ZERO, pod, |status| status.start_time = seconds(start).into());
        }
    }
    for budget in list(&case["pdbs"]) {
        let object = recorded.object(Kind::POD_DISRUPTION_BUDGET, budget);
        recorded.cluster.modify_status(SimTime::ZERO, object, |body| {
            *body = Body::Plain { status: Arc::new(budget["status"].clone()) };
            true
        });
    }
    let pod = recorded.pod(&case["pod"]);
    let mut algorithm = Algorithm::new(default_profile(), 0);
    let nominator = Nominator::default();
    let outcome = algorithm.schedule(&recorded.cluster, &mut recorded.cache, &nominator, pod);
    let Decided::Unfit(diagnosis) = outcome else { return Err(format!("it fits: {outcome:?}")) };
    let inputs = Inputs { cluster: &recorded.cluster, cache: &recorded.cache, nominator: &nominator, pod };
    let mut stream = Streams::new(0).stream("conformance/preemption", 0);
    let now = seconds("2027-01-01T00:00:00Z");
    let post_filter = algorithm.post_filter(now, inputs, &diagnosis, &mut stream);
    let (node, mut victims, message) = match post_filter.expect("the default profile has PostFilter plugins") {
        PostFilter::Nominated(candidate) => {
            let names = candidate.victims.iter().map(|pod| recorded.cluster.pod(*pod).name.to_string());
            (recorded.cluster.node_name(candidate.node), names.collect::<Vec<_>>(), String::new())
        }
        PostFilter::Rejected { message, .. } => ("", Vec::new(), message),
    };
    victims.sort();
    let outcomes: Vec<Value> = list(&case["outcomes"]).iter().map(sorted).collect();
    let found = json!({ "nominatedNode": node, "victims": victims });
    if !outcomes.contains(&found) {
        return Err(format!("found {found} expected {}", case["outcomes"]));
    }
    first_difference(&json!(message), &json!(text(&case["message"])), "message").map_or(Ok(()), Err)
}

fn sorted(outcome: &Value) -> Value {
    let mut victims: Vec<&str> = list(&outcome["victims"]).iter().map(text).collect();
    victims.sort_unstable();
    json!({ "nominatedNode": outcome["nominatedNode"], "victims": victims })
}
