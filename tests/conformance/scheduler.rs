//! One pod against one cluster: every node's verdict, every plugin's score, the FitError's text.

use std::path::Path;

use kubelapse::scheduler::algorithm::Algorithm;
use kubelapse::scheduler::explain::{Explanation, NodeExplanation};
use kubelapse::scheduler::queue::Nominator;
use kubelapse::scheduler::registry::default_profile;
use serde_json::{Map, Value, json};

use super::recorded_cluster::{RecordedCluster, list, text};
use super::suite::{Outcome, first_difference, json_lines};

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "scheduler", "cases")?;
    Some(cases.iter().map(|case| (text(&case["name"]).to_owned(), one(case))).collect())
}

fn one(case: &Value) -> Result<(), String> {
    let mut recorded = RecordedCluster::new(case);
    for pod in list(&case["pods"]) {
        recorded.pod(pod);
    }
    let pod = recorded.pod(&case["pod"]);
    let mut algorithm = Algorithm::new(default_profile(), 0);
    let explanation = algorithm.explain(&recorded.cluster, &mut recorded.cache, &Nominator::default(), pod);
    let found = shown(&recorded, &explanation);
    let mut expected = json!({ "message": text(&case["fitErrorMessage"]), "nodes": {} });
    for entry in list(&case["expected"]) {
        let mut entry = entry.clone();
        let name = text(&entry["node"]).to_owned();
        entry.as_object_mut().expect("an object").remove("node");
        expected["nodes"][name] = entry;
    }
    first_difference(&found, &expected, "").map_or(Ok(()), Err)
}

fn shown(recorded: &RecordedCluster, explanation: &Explanation) -> Value {
    let mut nodes = Map::new();
    for node in &explanation.nodes {
        nodes.insert(recorded.cluster.node_name(node.node).to_owned(), shown_node(node));
    }
    json!({ "message": explanation.message, "nodes": nodes })
}

fn shown_node(node: &NodeExplanation) -> Value {
    let Some(rejection) = &node.rejection else {
        let scores: Map<String, Value> =
            node.scores.iter().map(|score| (score.plugin.to_string(), json!(score.weighted))).collect();
        let total: i64 = node.scores.iter().map(|score| score.weighted).sum();
        return json!({ "status": "Success", "scores": scores, "total": total });
    };
    let Some(plugin) = rejection.plugin else { return json!({ "status": "PreFilterExcluded" }) };
    let status = if rejection.is_unresolvable { "UnschedulableAndUnresolvable" } else { "Unschedulable" };
    let reasons: Vec<&str> = rejection.reasons.iter().map(compact_str::CompactString::as_str).collect();
    json!({ "status": status, "plugin": plugin.as_str(), "reasons": reasons })
}
