//! Pods one after another, each bound pod assumed before the next: the node, the nodes looked at, the feasible ones.

use std::path::Path;

use kubelapse::scheduler::algorithm::{Algorithm, Outcome as Decided};
use kubelapse::scheduler::queue::Nominator;
use kubelapse::scheduler::registry::default_profile;
use serde_json::{Value, json};

use super::recorded_cluster::{RecordedCluster, list, text};
use super::suite::{Outcome, first_difference, json_lines};

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "sequence", "cases")?;
    Some(cases.iter().map(|case| (text(&case["name"]).to_owned(), one(case))).collect())
}

fn one(case: &Value) -> Result<(), String> {
    let mut recorded = RecordedCluster::new(case);
    let mut algorithm = Algorithm::new(default_profile(), 0);
    for (value, expected) in list(&case["pods"]).iter().zip(list(&case["steps"])) {
        let pod = recorded.pod(value);
        let outcome = algorithm.schedule(&recorded.cluster, &mut recorded.cache, &Nominator::default(), pod);
        let name = text(&value["metadata"]["name"]);
        let found = match outcome {
            Decided::Fits(decision) => {
                recorded.cache.assume(&recorded.cluster, pod, decision.node);
                let node = recorded.cluster.node_name(decision.node);
                json!({ "pod": name, "node": node, "evaluated": decision.evaluated, "feasible": decision.feasible })
            }
            Decided::Unfit(diagnosis) => {
                let shape = algorithm.shape(&recorded.cluster, pod);
                let message = diagnosis.message(&algorithm.profile, algorithm.shape_content(shape), "");
                json!({ "pod": name, "evaluated": 0, "feasible": 0, "message": message })
            }
            Decided::NoNodes => {
                json!({ "pod": name, "evaluated": 0, "feasible": 0, "message": "no nodes available to schedule pods" })
            }
        };
        if let Some(difference) = first_difference(&found, expected, name) {
            return Err(difference);
        }
    }
    Ok(())
}
