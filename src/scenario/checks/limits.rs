//! E0014 and E0025: limits that contradict one another, and nodes that cannot exist.

use super::{BAD_NODE, CONTRADICTION};
use crate::scenario::field_path::FieldPath;
use crate::scenario::plan::nodes;
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::cluster::NodeGroup;
use crate::scenario::schema::scenario::Scenario;

/// Looks at every entry of `cluster.nodes`.
pub fn check(scenario: &Scenario, findings: &mut Vec<Finding>) {
    let path = FieldPath::of(&["spec", "cluster", "nodes"]);
    for (index, group) in scenario.spec.cluster.iter().flat_map(|cluster| &cluster.nodes).enumerate() {
        check_group(group, &path.index(index), findings);
    }
}

/// Looks at one entry, which stands at `own`.
pub fn check_group(group: &NodeGroup, own: &FieldPath, findings: &mut Vec<Finding>) {
    let sizes = nodes::Sizes::of(group);
    for (name, reserved) in &sizes.reserved.entries {
        let has = sizes.capacity.get(name);
        if has.is_none_or(|has| has.nano < reserved.nano) {
            let capacity = has.map_or_else(|| "none".to_owned(), |has| has.to_string());
            let message = format!("{reserved} of {name} are reserved, but the node has {capacity}");
            findings.push(Finding::value(&BAD_NODE, own.key("reserved"), message));
        }
    }
    for name in ["cpu", "memory", "pods"] {
        if sizes.capacity.get(name).is_some_and(|amount| amount.nano == 0) {
            let message = format!("a node without {name} can run nothing");
            findings.push(Finding::value(&BAD_NODE, own.key("capacity").key(name), message));
        }
    }
    if let Some(limits) = &group.autoscale {
        if limits.min > limits.max {
            let message = format!("min ({}) is above max ({})", limits.min, limits.max);
            findings.push(Finding::value(&CONTRADICTION, own.key("autoscale").key("min"), message));
        }
        let count = group.count.unwrap_or(1);
        if !(limits.min.min(limits.max)..=limits.max).contains(&count) {
            let message = format!("count ({count}) is not between min ({}) and max ({})", limits.min, limits.max);
            findings.push(Finding::value(&CONTRADICTION, own.key("count"), message));
        }
    }
}
