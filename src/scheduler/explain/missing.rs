//! What a pod misses on a node that rejects it, in numbers and names.

use crate::model::Text;
use crate::model::affinity::NodeSelectorTerm;
use crate::model::object::NodeId;
use crate::model::quantity::Quantity;
use crate::model::selector::{Operator, Requirement};
use crate::model::taint::TaintEffect;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::cycle::{Cycle, Wide};
use crate::scheduler::framework::{PluginName, Verdict};
use crate::scheduler::plugins::taint_toleration::tolerates_all;

/// What the pod of a cycle misses on a node; empty where the verdict's reason says it all.
pub(super) fn on(cycle: &Cycle<'_>, node: NodeId, verdict: Verdict) -> Vec<String> {
    let info = cycle.cache.node(node);
    match verdict.plugin() {
        Some(PluginName::NodeResourcesFit) => resources(cycle, info),
        Some(PluginName::NodeAffinity) => affinity(cycle, info),
        Some(PluginName::TaintToleration) => taints(cycle, info),
        Some(PluginName::NodePorts) => ports(cycle, info),
        Some(PluginName::NodeUnschedulable) => vec!["the node is cordoned (kubectl uncordon)".to_owned()],
        Some(PluginName::PodTopologySpread) => spread(cycle, node),
        Some(PluginName::InterPodAffinity) => inter_pod(cycle),
        Some(PluginName::NodeDeclaredFeatures) => {
            let absent = cycle.shape.features.iter().filter(|feature| !info.facts.features.contains(feature));
            absent.map(|feature| format!("feature {feature}")).collect()
        }
        _ => Vec::new(),
    }
}

/// `500m more cpu`, or what no empty node of this size would have either.
fn resources(cycle: &Cycle<'_>, node: &NodeInfo) -> Vec<String> {
    let (wanted, facts) = (&cycle.shape.requests, &node.facts);
    let mut missing = Vec::new();
    if node.pods.len() as i64 + 1 > facts.allowed_pods {
        missing.push(format!("room for 1 more pod ({} of {} are there)", node.pods.len(), facts.allowed_pods));
    }
    let others = wanted.others.iter().map(|(name, _)| name.as_str());
    for name in ["cpu", "memory", "ephemeral-storage"].into_iter().chain(others) {
        let (want, allocatable, used) = (wanted.get(name), facts.allocatable.get(name), node.requested.get(name));
        if want <= 0 || want <= allocatable - used {
            continue;
        }
        let short = amount(name, want - (allocatable - used));
        let sum = format!(
            "{} requested, {} of {} free",
            amount(name, want),
            amount(name, allocatable - used),
            amount(name, allocatable)
        );
        let hopeless = if want > allocatable { "; no node of this size can hold it" } else { "" };
        missing.push(format!("{short} more {name} ({sum}{hopeless})"));
    }
    missing
}

fn amount(resource: &str, value: i64) -> String {
    match resource {
        "cpu" => Quantity::from_milli(value).to_string(),
        "memory" | "ephemeral-storage" => bytes(value),
        name if name.starts_with("hugepages-") => bytes(value),
        _ => value.to_string(),
    }
}

/// In the largest binary unit that is exact.
fn bytes(value: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(1 << 40, "Ti"), (1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")];
    let unit = UNITS.iter().find(|(size, _)| value != 0 && value % size == 0);
    unit.map_or_else(|| value.to_string(), |(size, name)| format!("{}{name}", value / size))
}

fn taints(cycle: &Cycle<'_>, node: &NodeInfo) -> Vec<String> {
    let tolerations = &cycle.shape.tolerations;
    let untolerated = node.facts.taints.iter().filter(|taint| {
        taint.effect != TaintEffect::PreferNoSchedule && !tolerates_all(tolerations, std::slice::from_ref(taint))
    });
    let text = |taint: &crate::model::taint::Taint| {
        let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
        format!("toleration of {}{value}:{}", taint.key, taint.effect.name())
    };
    untolerated.map(text).collect()
}

fn ports(cycle: &Cycle<'_>, node: &NodeInfo) -> Vec<String> {
    let taken =
        cycle.shape.host_ports.iter().filter(|wanted| node.used_ports.iter().any(|used| wanted.conflicts(used)));
    taken.map(|port| format!("host port {}/{}", port.port, port.protocol.name())).collect()
}

/// The labels that a node selector or the nearest required term asks for.
fn affinity(cycle: &Cycle<'_>, node: &NodeInfo) -> Vec<String> {
    let labels = &node.facts.labels;
    let selector = cycle.shape.node_selector.iter().filter(|(key, value)| labels.get(key) != Some(value.as_str()));
    let mut missing: Vec<String> = selector.map(|(key, value)| format!("label {key}={value}")).collect();
    let own = cycle.shape.node_affinity.as_ref();
    for affinity in [cycle.profile.added_affinity.as_deref(), own].into_iter().flatten() {
        let Some(terms) = &affinity.required else { continue };
        let unmet = |term: &NodeSelectorTerm| -> Vec<String> {
            let expressions = term.expressions.iter().filter(|one| !one.matches_value(labels.get(&one.key)));
            let name = node.facts.name.as_str();
            let fields = term.fields.iter().filter(|one| !one.matches_value(Some(name)));
            expressions
                .map(|one| requirement("label", one))
                .chain(fields.map(|one| requirement("field", one)))
                .collect()
        };
        if terms.iter().any(|term| term.matches(&node.facts.name, labels)) {
            continue;
        }
        missing.extend(terms.iter().map(unmet).min_by_key(Vec::len).unwrap_or_default());
    }
    missing
}

fn requirement(what: &str, requirement: &Requirement) -> String {
    let Requirement { key, operator, values } = requirement;
    let list = values.iter().map(Text::as_str).collect::<Vec<_>>().join(", ");
    match operator {
        Operator::In if values.len() == 1 => format!("{what} {key}={list}"),
        Operator::In => format!("{what} {key} in ({list})"),
        Operator::NotIn => format!("{what} {key} notin ({list})"),
        Operator::Exists => format!("{what} {key}"),
        Operator::DoesNotExist => format!("no {what} {key}"),
        Operator::Gt => format!("{what} {key} > {list}"),
        Operator::Lt => format!("{what} {key} < {list}"),
    }
}

/// The constraint that a further pod in the node's domain would break.
fn spread(cycle: &Cycle<'_>, node: NodeId) -> Vec<String> {
    let filters = cycle.wide.iter().filter_map(|(_, wide)| match wide {
        Wide::Spread(spread) => Some(spread),
        _ => None,
    });
    filters.flat_map(|spread| spread.shortfall(node)).collect()
}

/// The terms that speak of other pods, as the pod has them.
fn inter_pod(cycle: &Cycle<'_>) -> Vec<String> {
    let template = cycle.cluster.template_of(cycle.pod);
    let Some(affinity) = &template.spec.affinity else {
        return vec!["a pod there has an anti-affinity term that selects this one".to_owned()];
    };
    let near = affinity.pod.required.iter().map(|term| ("a pod", term));
    let far = affinity.anti_pod.required.iter().map(|term| ("no pod", term));
    let text = |(what, term): (&str, &crate::model::affinity::PodAffinityTerm)| {
        let selector = term.selector.iter().flat_map(|selector| &selector.requirements);
        let selector: Vec<String> = selector.map(|one| requirement("label", one)).collect();
        format!("{what} with {} in its {}", selector.join(" and "), term.topology_key)
    };
    near.chain(far).map(text).collect()
}
