//! E0018 and E0020: names are such that folders can have them, and differ where they are looked up.

use std::collections::BTreeMap;

use super::{BAD_NAME, DUPLICATE_NAME};
use crate::scenario::field_path::FieldPath;
use crate::scenario::plan::nodes;
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::scenario::{Metadata, Scenario};

/// Longest name of a scenario: what file systems and node names take.
const NAME_LENGTH_MAX: usize = 63;

/// Looks at the scenario's own name, and those of nodes, groups, traffic, metrics and expectations.
pub fn check(scenario: &Scenario, findings: &mut Vec<Finding>) {
    findings.extend(of_document(scenario.metadata.as_ref()));
    let spec = FieldPath::of(&["spec"]);
    if let Some(cluster) = &scenario.spec.cluster {
        let path = spec.key("cluster").key("nodes");
        differ("node group", cluster.nodes.iter().map(nodes::group_name), &path, "group", findings);
        check_nodes(scenario, &path, findings);
    }
    differ(
        "traffic",
        scenario.spec.traffic.iter().map(|entry| entry.name.clone()),
        &spec.key("traffic"),
        "name",
        findings,
    );
    let named = scenario.spec.expect.iter().map(|entry| entry.name.clone().unwrap_or_default());
    differ("expectation", named, &spec.key("expect"), "name", findings);
}

/// The name of a document becomes a folder's.
pub fn of_document(metadata: Option<&Metadata>) -> Option<Finding> {
    let name = metadata?.name.as_ref()?;
    let reason = flaw(name)?;
    let path = FieldPath::of(&["metadata", "name"]);
    let message = format!("`{name}` cannot be the name of a results folder: {reason}");
    let hint = "use lower case letters, digits, `-` and `.`, as Kubernetes does for names";
    Some(Finding::value(&BAD_NAME, path, message).hint(hint))
}

/// Why `name` is no name of an object (RFC 1123 subdomain).
fn flaw(name: &str) -> Option<&'static str> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > NAME_LENGTH_MAX {
        Some("it has more than 63 characters")
    } else if !name.bytes().all(|byte| inner(byte) || matches!(byte, b'-' | b'.')) {
        Some("it holds other characters")
    } else if !name.bytes().next().is_some_and(inner) || !name.bytes().last().is_some_and(inner) {
        Some("it does not start and end with a letter or digit")
    } else if name.contains("..") {
        Some("it holds `..`")
    } else {
        None
    }
}

fn check_nodes(scenario: &Scenario, path: &FieldPath, findings: &mut Vec<Finding>) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (index, group) in scenario.spec.cluster.iter().flat_map(|cluster| &cluster.nodes).enumerate() {
        let own = path.index(index).key("name");
        if let Some(finding) = of_nodes(&group.name, &own) {
            findings.push(finding);
            continue;
        }
        for name in nodes::names(group) {
            if seen.insert(name.clone(), index).is_some_and(|before| before != index) {
                let message = format!("two entries make a node `{name}`");
                findings.push(Finding::value(&DUPLICATE_NAME, own.clone(), message));
                break;
            }
        }
    }
}

/// The name of an entry of `cluster.nodes`, which stands at `own`, becomes its nodes'.
pub fn of_nodes(name: &str, own: &FieldPath) -> Option<Finding> {
    let reason = flaw(&name.replace("{}", "1"))?;
    let message = format!("`{name}` cannot be the name of a node: {reason}");
    Some(Finding::value(&BAD_NAME, own.clone(), message).hint("use lower case letters, digits, `-` and `.`"))
}

fn differ(what: &str, names: impl Iterator<Item = String>, path: &FieldPath, field: &str, findings: &mut Vec<Finding>) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (index, name) in names.enumerate() {
        if name.is_empty() {
            continue;
        }
        if let Some(first) = seen.get(&name) {
            let message = format!("the {what} `{name}` is there already, as number {}", first + 1);
            findings.push(Finding::value(&DUPLICATE_NAME, path.index(index).key(field), message));
        } else {
            seen.insert(name, index);
        }
    }
}
