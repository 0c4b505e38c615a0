//! All pods that wait for a node: grouped by why, with the smallest change for each that lets it be placed. Pods of one
//! template are asked about once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Asked, Change};
use crate::cluster::Cluster;
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, NodeId, ObjectRef, PodId, TemplateId};
use crate::scheduler::explain::Explanation;

/// How many groups of nodes are tried as one more node.
const MOST_NODE_GROUPS: usize = 12;
/// How many pods are asked what a higher priority would do: a dry run of preemption looks at many nodes.
const MOST_PRIORITIES: usize = 50;

/// Pods that wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// How many.
    pub pods: usize,
    /// By reason, most pods first.
    pub groups: Vec<ReasonGroup>,
    /// Replicas that were never made as pods: their workloads and why.
    pub not_created: Vec<Waiting>,
}

/// Pods that wait for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReasonGroup {
    /// In the scheduler's words.
    pub reason: String,
    /// How many pods.
    pub pods: usize,
    /// Those of one template together.
    pub waiting: Vec<Waiting>,
}

/// Pods of one template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// Whose they are: `shop/deployment/web`.
    pub workload: String,
    /// Their names.
    pub pods: Vec<String>,
    /// Why, where the group does not say it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What lets each of them be placed; none if no single change does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
}

/// Pods of one template on the way to their answer.
struct Alike {
    pods: Vec<PodId>,
    explanation: Option<Explanation>,
    reason: String,
    change: Option<Change>,
}

impl Asked<'_> {
    /// Every pod that waits for a node.
    pub fn pending(&mut self) -> Pending {
        let pods: Vec<PodId> =
            self.cluster.list(Kind::POD).filter_map(ObjectRef::as_pod).filter(|pod| self.waits(*pod)).collect();
        Pending { not_created: self.not_created(), ..self.pending_of(&pods) }
    }

    /// Those of these pods, all of which wait.
    pub(super) fn pending_of(&mut self, pods: &[PodId]) -> Pending {
        let mut alike: BTreeMap<(NamespaceId, TemplateId, ObjectRef), Vec<PodId>> = BTreeMap::new();
        for pod in pods {
            let row = self.cluster.pod(*pod);
            alike.entry((row.namespace, row.template, row.controller)).or_default().push(*pod);
        }
        let mut all: Vec<Alike> = alike.into_values().map(|pods| self.look_at(pods)).collect();
        self.try_more_nodes(&mut all);
        self.try_priorities(&mut all);
        for one in all.iter_mut().filter(|one| one.change.is_none()) {
            if let Some(explanation) = &one.explanation {
                one.change = self.large_change(one.pods[0], explanation);
            }
        }
        let mut groups: BTreeMap<String, Vec<Waiting>> = BTreeMap::new();
        for one in all {
            let first = one.pods[0];
            let namespace = self.cluster.namespace_name(self.cluster.pod(first).namespace);
            let waiting = Waiting {
                workload: format!("{namespace}/{}", self.workload_name(first)),
                pods: one.pods.iter().map(|pod| self.cluster.pod(*pod).name.to_string()).collect(),
                reason: String::new(),
                change: one.change,
            };
            groups.entry(one.reason).or_default().push(waiting);
        }
        let mut groups: Vec<ReasonGroup> = groups
            .into_iter()
            .map(|(reason, waiting)| ReasonGroup {
                reason,
                pods: waiting.iter().map(|one| one.pods.len()).sum(),
                waiting,
            })
            .collect();
        groups.sort_by(|a, b| b.pods.cmp(&a.pods).then_with(|| a.reason.cmp(&b.reason)));
        Pending { pods: pods.len(), groups, not_created: Vec::new() }
    }

    fn look_at(&mut self, pods: Vec<PodId>) -> Alike {
        let pod = pods[0];
        let row = self.cluster.pod(pod);
        if row.nominated.is_some() {
            let node = self.cluster.node_name(row.nominated);
            let reason = format!("it waits for the pods to leave that it evicts from {node}");
            return Alike { pods, explanation: None, reason, change: None };
        }
        let gated =
            self.cluster.template_of(pod).raw["spec"]["schedulingGates"].as_array().is_some_and(|g| !g.is_empty());
        let mut explanation = match self.scheduler.verdicts(self.cluster, pod) {
            Ok(explanation) => explanation,
            Err(reason) => return Alike { pods, explanation: None, reason, change: None },
        };
        let fits = explanation.nodes.iter().any(|node| node.rejection.is_none());
        let reason = if gated {
            "scheduling is gated".to_owned()
        } else if fits {
            "it fits: the scheduler has not tried it (again) yet".to_owned()
        } else {
            std::mem::take(&mut explanation.message)
        };
        let change = if fits && !gated { None } else { self.smallest_change(pod, &explanation) };
        let explanation = (!fits).then_some(explanation);
        Alike { pods, explanation, reason, change }
    }

    /// One more node of each group of nodes, for all that nothing smaller helps.
    fn try_more_nodes(&mut self, all: &mut [Alike]) {
        if all.iter().all(|one| one.change.is_some() || one.explanation.is_none()) {
            return;
        }
        for (group, like) in node_groups(self.cluster) {
            self.with_another_node(like, |asked, node| {
                for one in all.iter_mut().filter(|one| one.change.is_none() && one.explanation.is_some()) {
                    if asked.attempt(one.pods[0]) == Some(node) {
                        let words = format!("one more node of {group}");
                        one.change = Some(Change::new("node", words, String::new()));
                    }
                }
            });
        }
    }

    fn try_priorities(&mut self, all: &mut [Alike]) {
        let unsolved = all.iter_mut().filter(|one| one.change.is_none());
        for one in unsolved.take(MOST_PRIORITIES) {
            if let Some(explanation) = &one.explanation {
                one.change = self.raised_priority(one.pods[0], explanation);
            }
        }
    }

    /// Workloads whose pods the API server refuses.
    fn not_created(&self) -> Vec<Waiting> {
        let mut found = Vec::new();
        for kind in [Kind::REPLICA_SET, Kind::REPLICATION_CONTROLLER] {
            for set in self.cluster.list(kind) {
                let (namespace, name) = self.cluster.identity(set);
                if let Some((reason, change)) = self.refusal(set) {
                    found.push(Waiting {
                        workload: format!(
                            "{}/{}/{name}",
                            self.cluster.namespace_name(namespace),
                            kind.name().to_lowercase()
                        ),
                        pods: Vec::new(),
                        reason,
                        change,
                    });
                }
            }
        }
        found
    }

    /// Why the API server refuses the pods of a ReplicaSet; with the quota that would let one more be made.
    pub(super) fn refusal(&self, set: ObjectRef) -> Option<(String, Option<Change>)> {
        let columns = self.cluster.body(set).as_replica_set()?;
        let failure =
            columns.status.conditions.iter().find(|one| one.kind == "ReplicaFailure" && one.status.is_true())?;
        let message = failure.message.to_string();
        let change = quota_change(&message);
        Some((message, change))
    }
}

/// `… exceeded quota: q, requested: cpu=1, used: cpu=2, limited: cpu=2`: by how much the limits are too low.
fn quota_change(message: &str) -> Option<Change> {
    use crate::model::quantity::Quantity;
    let rest = message.split_once("exceeded quota: ")?.1;
    let (name, rest) = rest.split_once(", requested: ")?;
    let (requested, rest) = rest.split_once(", used: ")?;
    let (used, limited) = rest.split_once(", limited: ")?;
    let amounts = |text: &str| -> BTreeMap<String, Quantity> {
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        pairs.filter_map(|(key, value)| Some((key.trim().to_owned(), Quantity::parse(value.trim())?))).collect()
    };
    let (requested, used, limited) = (amounts(requested), amounts(used), amounts(limited));
    let mut wanted = Vec::new();
    for (key, amount) in &requested {
        let (Some(has), Some(limit)) = (used.get(key), limited.get(key)) else { continue };
        let sum = Quantity { nano: amount.nano + has.nano, format: limit.format };
        if sum.nano > limit.nano {
            wanted.push(format!("{key} from {limit} to {sum}"));
        }
    }
    (!wanted.is_empty()).then(|| {
        let words = format!("raise the quota {name}: {}, for each pod more", wanted.join(", "));
        Change::new("quota", words, String::new())
    })
}

/// Nodes that are alike but for their names, most frequent first: a name for each group and one of its nodes.
fn node_groups(cluster: &Cluster) -> Vec<(String, NodeId)> {
    let mut groups: BTreeMap<String, (usize, NodeId)> = BTreeMap::new();
    for node in cluster.nodes() {
        let object = cluster.node(node);
        let Some(columns) = object.body.as_node().filter(|columns| !columns.unschedulable) else { continue };
        let labels: Vec<(&str, &str)> =
            object.meta.labels.iter().filter(|(key, _)| *key != "kubernetes.io/hostname").collect();
        let key = format!("{labels:?} {:?} {:?}", columns.taints, columns.allocatable_resources);
        groups.entry(key).or_insert((0, node)).0 += 1;
    }
    let mut groups: Vec<(usize, NodeId)> = groups.into_values().collect();
    groups.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let named = groups.into_iter().take(MOST_NODE_GROUPS).map(|(_, node)| (group_name(cluster, node), node));
    named.collect()
}

/// What a node is a specimen of: its instance type, or its name without the number.
fn group_name(cluster: &Cluster, node: NodeId) -> String {
    let labels = &cluster.node(node).meta.labels;
    if let Some(kind) = labels.get("node.kubernetes.io/instance-type") {
        return format!("type {kind}");
    }
    let name = cluster.node_name(node);
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
    if base.is_empty() || base.len() == name.len() { format!("the size of {name}") } else { format!("group {base}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_raised_by_what_is_short() {
        let message = "pods \"web-x\" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=500m, used: pods=5,requests.cpu=1, limited: pods=5,requests.cpu=4";
        let change = quota_change(message).unwrap();
        assert_eq!(
            (change.kind, change.change.as_str()),
            ("quota", "raise the quota q: pods from 5 to 6, for each pod more")
        );
        assert!(quota_change("no quota at all").is_none());
    }
}
