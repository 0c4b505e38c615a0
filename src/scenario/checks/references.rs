//! E0021: nodes that steps name are nodes of the cluster.

use super::UNKNOWN_NODE;
use crate::scenario::field_path::FieldPath;
use crate::scenario::plan::nodes;
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::scenario::Scenario;
use crate::scenario::suggest;

/// Looks at `fault`, `heal` and `staticPod`. Where nodes come from elsewhere (an import, manifests), or are made
/// while the run goes on (autoscaling), any name can be right.
pub fn check(scenario: &Scenario, findings: &mut Vec<Finding>) {
    let Some(cluster) = &scenario.spec.cluster else { return };
    let grows = cluster.nodes.iter().any(|group| group.autoscale.is_some() || group.spot.is_some());
    if cluster.nodes.is_empty() || !cluster.import.is_empty() || grows || makes_nodes(scenario) {
        return;
    }
    let known: Vec<String> = cluster.nodes.iter().flat_map(nodes::names).collect();
    let path = FieldPath::of(&["spec", "steps"]);
    for (index, step) in scenario.spec.steps.iter().enumerate() {
        let own = path.index(index);
        let named = [
            ("fault", step.fault.as_ref().and_then(|fault| fault.node.as_ref())),
            ("heal", step.heal.as_ref().and_then(|heal| heal.node.as_ref())),
            ("staticPod", step.static_pod.as_ref().map(|change| &change.node)),
        ];
        for (field, node) in named {
            if let Some(node) = node.filter(|node| !known.contains(node)) {
                let message = format!("the cluster has no node `{node}`");
                let hint = suggest::hint(node, known.iter().map(String::as_str));
                findings.push(Finding::value(&UNKNOWN_NODE, own.key(field).key("node"), message).hint(hint));
            }
        }
    }
}

/// A step may create Nodes (or set their number).
fn makes_nodes(scenario: &Scenario) -> bool {
    scenario.spec.steps.iter().any(|step| {
        let applies = step.kubectl.iter().flat_map(|commands| &commands.0).any(|command| command.contains("-f"));
        applies || step.set.is_some()
    })
}
