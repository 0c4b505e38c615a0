//! The smallest single change that lets a pod be placed: candidates from what the filters say, in order of how little
//! they change, each tried once.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::Asked;
use crate::model::object::{NodeId, PodId};
use crate::model::quantity::Quantity;
use crate::scheduler::explain::Verdicts;
use crate::scheduler::framework::PluginName;

/// A change that was tried and lets the pod be placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// `gate`, `uncordon`, `toleration`, `label`, `constraint`, `request`, `node`, `priority`, `quota`.
    pub kind: &'static str,
    /// In words.
    pub change: String,
    /// Where the pod goes then; empty where that is not the point.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub node: String,
}

impl Change {
    pub(super) fn new(kind: &'static str, change: String, node: String) -> Self {
        Self { kind, change, node }
    }
}

/// Tries of one kind are given up after this many.
const TRIES: usize = 4;
/// Up to this share of a request, less of it is a smaller change than any other.
const A_LITTLE: f64 = 0.1;
/// Up to this one it is a smaller one than another node.
const A_GOOD_DEAL: f64 = 0.5;

/// A request that would fit on a node if it were lowered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shortage {
    resource: String,
    wanted: i64,
    free: i64,
}

impl Shortage {
    fn share(&self) -> f64 {
        (self.wanted - self.free) as f64 / self.wanted as f64
    }
}

impl Asked<'_> {
    /// The smallest change to the pod or to one node that helps; one more node and priority are asked for elsewhere.
    pub(super) fn smallest_change(
        &mut self,
        pod: PodId,
        verdicts: &Verdicts,
        shortages: &[Shortage],
    ) -> Option<Change> {
        self.without_gates(pod)
            .or_else(|| self.lower_request(pod, shortages, 0.0, A_LITTLE))
            .or_else(|| self.uncordoned(pod, verdicts))
            .or_else(|| self.tolerating(pod, verdicts))
            .or_else(|| self.labelled(pod, verdicts))
            .or_else(|| self.unconstrained(pod, verdicts))
            .or_else(|| self.lower_request(pod, shortages, A_LITTLE, A_GOOD_DEAL))
    }

    /// A large cut of a request, as the last resort.
    pub(super) fn large_change(&mut self, pod: PodId, shortages: &[Shortage]) -> Option<Change> {
        self.lower_request(pod, shortages, A_GOOD_DEAL, 1.0)
    }

    fn without_gates(&mut self, pod: PodId) -> Option<Change> {
        let gates: Vec<String> = list(&self.cluster.template_of(pod).raw["spec"]["schedulingGates"])
            .iter()
            .map(|gate| gate["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        if gates.is_empty() {
            return None;
        }
        let node = self.attempt_altered(pod, |raw| {
            if let Some(spec) = raw["spec"].as_object_mut() {
                spec.remove("schedulingGates");
            }
        })?;
        Some(Change::new("gate", format!("remove the scheduling gate {}", gates.join(", ")), node))
    }

    fn uncordoned(&mut self, pod: PodId, verdicts: &Verdicts) -> Option<Change> {
        verdicts.rejected_by(PluginName::NodeUnschedulable).next()?;
        // To tolerate the taint of cordoned nodes is to see them as if they were none.
        let node = self.attempt_altered(pod, |raw| {
            tolerate(raw, &json!({"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}));
        })?;
        Some(Change::new("uncordon", format!("uncordon {node}"), node))
    }

    fn tolerating(&mut self, pod: PodId, verdicts: &Verdicts) -> Option<Change> {
        let mut taints = BTreeSet::new();
        self.scheduler.missing(self.cluster, pod, verdicts, PluginName::TaintToleration, &mut |_, missing| {
            if let [only] = missing.as_slice()
                && let Some(taint) = only.strip_prefix("toleration of ")
                && !taints.contains(taint)
            {
                taints.insert(taint.to_owned());
            }
            true
        });
        for taint in taints.iter().take(TRIES) {
            let (pair, effect) = taint.rsplit_once(':')?;
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let toleration = if value.is_empty() {
                json!({"key": key, "operator": "Exists", "effect": effect})
            } else {
                json!({"key": key, "operator": "Equal", "value": value, "effect": effect})
            };
            if let Some(node) = self.attempt_altered(pod, |raw| tolerate(raw, &toleration)) {
                return Some(Change::new("toleration", format!("tolerate {taint}"), node));
            }
        }
        None
    }

    /// Labels for a node that lacks the fewest.
    fn labelled(&mut self, pod: PodId, verdicts: &Verdicts) -> Option<Change> {
        let mut nodes: Vec<(NodeId, String, String)> = Vec::new();
        self.scheduler.missing(self.cluster, pod, verdicts, PluginName::NodeAffinity, &mut |node, missing| {
            if let [only] = missing.as_slice()
                && let Some((key, value)) = only.strip_prefix("label ").and_then(|label| label.split_once('='))
                // Nobody gives a node another name.
                && !key.contains(' ') && key != "kubernetes.io/hostname"
            {
                nodes.push((node, key.to_owned(), value.to_owned()));
            }
            nodes.len() < TRIES
        });
        for (node, key, value) in nodes {
            let found = self.attempt_on_altered(pod, node, |object| {
                object["metadata"]["labels"][key.as_str()] = value.as_str().into();
            });
            if found == Some(node) {
                let name = self.cluster.node_name(node).to_owned();
                return Some(Change::new("label", format!("label {name} with {key}={value}"), name));
            }
        }
        None
    }

    /// Something that the pod asks for beyond resources.
    fn unconstrained(&mut self, pod: PodId, verdicts: &Verdicts) -> Option<Change> {
        let rejects = |plugin| verdicts.rejected_by(plugin).next().is_some();
        let constrains = [
            PluginName::PodTopologySpread,
            PluginName::InterPodAffinity,
            PluginName::NodeAffinity,
            PluginName::NodePorts,
        ];
        if !constrains.into_iter().any(rejects) {
            return None;
        }
        let spec = self.cluster.template_of(pod).raw["spec"].clone();
        let mut paths: Vec<(String, Vec<String>)> = Vec::new();
        let path = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<String>>();
        if rejects(PluginName::PodTopologySpread) {
            for (index, constraint) in list(&spec["topologySpreadConstraints"]).iter().enumerate() {
                if constraint["whenUnsatisfiable"] != "ScheduleAnyway" {
                    let key = constraint["topologyKey"].as_str().unwrap_or_default();
                    let words = format!("drop the topology spread constraint on {key}");
                    paths.push((words, path(&["topologySpreadConstraints", &index.to_string()])));
                }
            }
        }
        if rejects(PluginName::InterPodAffinity) {
            const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
            for (kind, words) in [("podAntiAffinity", "anti-affinity"), ("podAffinity", "affinity")] {
                for (index, term) in list(&spec["affinity"][kind][REQUIRED]).iter().enumerate() {
                    let key = term["topologyKey"].as_str().unwrap_or_default();
                    let words = format!("drop the required pod {words} term on {key}");
                    paths.push((words, path(&["affinity", kind, REQUIRED, &index.to_string()])));
                }
            }
        }
        if rejects(PluginName::NodeAffinity) {
            for (key, value) in spec["nodeSelector"].as_object().into_iter().flatten() {
                let words = format!("drop the node selector {key}={}", value.as_str().unwrap_or_default());
                paths.push((words, path(&["nodeSelector", key])));
            }
            if spec["affinity"]["nodeAffinity"].is_object() {
                let words = "drop the required node affinity".to_owned();
                paths.push((words, path(&["affinity", "nodeAffinity"])));
            }
        }
        if rejects(PluginName::NodePorts) {
            for (container, one) in list(&spec["containers"]).iter().enumerate() {
                for (index, port) in list(&one["ports"]).iter().enumerate() {
                    if let Some(number) = port["hostPort"].as_i64().filter(|number| *number > 0) {
                        let place = ["containers", &container.to_string(), "ports", &index.to_string(), "hostPort"];
                        paths.push((format!("drop the host port {number}"), path(&place)));
                    }
                }
            }
        }
        for (words, path) in paths {
            if let Some(node) = self.attempt_altered(pod, |raw| remove(&mut raw["spec"], &path)) {
                return Some(Change::new("constraint", words, node));
            }
        }
        None
    }

    /// What is short where one resource alone is, the least first; each amount once.
    pub(super) fn shortages(&self, pod: PodId, verdicts: &Verdicts) -> Vec<Shortage> {
        let requests = &self.cluster.template_of(pod).requests;
        let others = requests.others.iter().map(|(name, _)| name.as_str());
        let names = ["cpu", "memory", "ephemeral-storage"].into_iter().chain(others);
        let wanted: Vec<(&str, i64)> =
            names.map(|name| (name, requests.get(name))).filter(|(_, wanted)| *wanted > 0).collect();
        let mut found: BTreeSet<(usize, i64)> = BTreeSet::new();
        for node in verdicts.rejected_by(PluginName::NodeResourcesFit) {
            let info = self.scheduler.cache().node(node);
            if info.pods.len() as i64 + 1 > info.facts.allowed_pods {
                continue;
            }
            let short = wanted.iter().enumerate().filter_map(|(place, (name, want))| {
                let free = info.facts.allocatable.get(name) - info.requested.get(name);
                (*want > free).then_some((place, free))
            });
            let mut short = short.take(2);
            if let (Some((place, free)), None) = (short.next(), short.next())
                && free > 0
            {
                found.insert((place, free));
            }
        }
        let shortage = |(place, free): (usize, i64)| {
            let (name, wanted) = wanted[place];
            Shortage { resource: name.to_owned(), wanted, free }
        };
        let mut found: Vec<Shortage> = found.into_iter().map(shortage).collect();
        found.sort_by(|a, b| a.share().total_cmp(&b.share()));
        found
    }

    /// Less of one request, where that is more than `above` and at most `most` of it.
    fn lower_request(&mut self, pod: PodId, shortages: &[Shortage], above: f64, most: f64) -> Option<Change> {
        let fitting = shortages.iter().filter(|one| one.share() > above && one.share() <= most);
        for shortage in fitting.take(TRIES) {
            let Shortage { resource, wanted, free } = shortage;
            let node = self.attempt_altered(pod, |raw| lower(raw, resource, wanted - free));
            if let Some(node) = node {
                let words = format!(
                    "lower the {resource} request by {} to {}",
                    amount(resource, wanted - free),
                    amount(resource, *free)
                );
                return Some(Change::new("request", words, node));
            }
        }
        None
    }

    /// The priorities of all pods that have a node, in order.
    pub(super) fn priorities(&self) -> BTreeSet<i32> {
        let cache = self.scheduler.cache();
        let nodes = cache.order().iter().map(|node| cache.node(*node));
        nodes.flat_map(|node| node.pods.iter().map(|entry| entry.priority)).collect()
    }

    /// A priority above that of the pods which it would evict; `priorities` are those that there are.
    pub(super) fn raised_priority(&mut self, pod: PodId, priorities: &BTreeSet<i32>) -> Option<Change> {
        let own = self.cluster.template_of(pod).spec.priority;
        for priority in priorities.range(own..).take(2) {
            let above = priority.saturating_add(1);
            let altered = self.altered(pod, |raw| {
                raw["spec"]["priority"] = above.into();
                raw["spec"]["preemptionPolicy"] = "PreemptLowerPriority".into();
            });
            if let Some((node, victims)) = self.scheduler.preempt(self.now, self.cluster, altered).ok().flatten() {
                let names: Vec<String> = victims.iter().take(3).map(|victim| self.full_name(*victim)).collect();
                let more = if victims.len() > 3 { format!(" and {} more", victims.len() - 3) } else { String::new() };
                let words = format!("raise its priority to {above} (it would evict {}{more})", names.join(", "));
                return Some(Change::new("priority", words, self.cluster.node_name(node).to_owned()));
            }
        }
        None
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn tolerate(raw: &mut Value, toleration: &Value) {
    match raw["spec"]["tolerations"].as_array_mut() {
        Some(tolerations) => tolerations.push(toleration.clone()),
        None => raw["spec"]["tolerations"] = json!([toleration]),
    }
}

/// Takes a member or an item out.
fn remove(value: &mut Value, path: &[String]) {
    match (value, path) {
        (Value::Object(members), [last]) => {
            members.remove(last);
        }
        (Value::Array(items), [last]) => {
            if let Some(index) = last.parse::<usize>().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        (Value::Object(members), [first, rest @ ..]) => {
            if let Some(member) = members.get_mut(first) {
                remove(member, rest);
            }
        }
        (Value::Array(items), [first, rest @ ..]) => {
            if let Some(item) = first.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                remove(item, rest);
            }
        }
        _ => {}
    }
}

/// Lowers a resource's requests by so much in all, the largest first; a limit of an extended resource follows.
fn lower(raw: &mut Value, resource: &str, mut by: i64) {
    let read = |value: &Value| {
        let quantity = match value {
            Value::String(text) => Quantity::parse(text),
            other => other.as_i64().map(Quantity::from_whole),
        };
        quantity.map_or(0, |quantity| if resource == "cpu" { quantity.milli() } else { quantity.value() })
    };
    while by > 0 {
        let containers = raw["spec"]["containers"].as_array_mut().into_iter().flatten();
        let largest = containers.max_by_key(|container| read(&container["resources"]["requests"][resource]));
        let Some(container) = largest else { return };
        let has = read(&container["resources"]["requests"][resource]);
        if has <= 0 {
            return;
        }
        let left = (has - by).max(0);
        let text = if resource == "cpu" { format!("{left}m") } else { left.to_string() };
        container["resources"]["requests"][resource] = text.as_str().into();
        if !matches!(resource, "cpu" | "memory" | "ephemeral-storage") {
            container["resources"]["limits"][resource] = text.into();
        }
        by -= has - left;
    }
}

fn amount(resource: &str, value: i64) -> String {
    match resource {
        "cpu" => Quantity::from_milli(value).to_string(),
        "memory" | "ephemeral-storage" => {
            const UNITS: [(i64, &str); 3] = [(1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")];
            let unit = UNITS.iter().find(|(size, _)| value % size == 0);
            unit.map_or_else(|| value.to_string(), |(size, name)| format!("{}{name}", value / size))
        }
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_requests_are_lowered_first() {
        let container = |cpu: &str| json!({"resources": {"requests": {"cpu": cpu}}});
        let mut raw = json!({"spec": {"containers": [container("500m"), container("2")]}});
        lower(&mut raw, "cpu", 1700);
        let cpu = |index: usize| raw["spec"]["containers"][index]["resources"]["requests"]["cpu"].clone();
        assert_eq!((cpu(0), cpu(1)), (json!("500m"), json!("300m")));
    }

    #[test]
    fn members_and_items_are_removed_by_path() {
        let mut value = json!({"a": {"b": [1, {"c": 2}, 3]}});
        let path = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
        remove(&mut value, &path(&["a", "b", "1", "c"]));
        remove(&mut value, &path(&["a", "b", "0"]));
        remove(&mut value, &path(&["a", "x", "y"]));
        assert_eq!(value, json!({"a": {"b": [{}, 3]}}));
    }

    #[test]
    fn amounts_are_shown_in_the_largest_exact_unit() {
        assert_eq!([amount("cpu", 1500), amount("memory", 3 << 20), amount("x/gpu", 2)], ["1500m", "3Mi", "2"]);
    }
}
