//! All pods that wait for a node: grouped by why, with the smallest change for each that lets it be placed. Pods of one
//! template are asked about once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::changes::Shortage;
use super::{Asked, Change};
use crate::cluster::Cluster;
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, NodeId, ObjectRef, PodId, TemplateId};
use crate::scheduler::explain::Verdicts;

/// How many groups of nodes are tried as one more node.
const MOST_NODE_GROUPS: usize = 12;
/// A dry run of preemption looks at many nodes: no further pods are asked what a higher priority would do when all that
/// were asked had so many nodes to look at.
const MOST_LOOKS: usize = 1_000_000;

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
    /// A kind of change that was left out because too many pods wait.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub untried: &'static str,
}

/// Pods of one template on the way to their answer.
struct Alike {
    pods: Vec<PodId>,
    verdicts: Option<Verdicts>,
    shortages: Vec<Shortage>,
    reason: String,
    change: Option<Change>,
    untried: &'static str,
}

impl Alike {
    fn because(pods: Vec<PodId>, reason: String) -> Self {
        Self { pods, verdicts: None, shortages: Vec::new(), reason, change: None, untried: "" }
    }
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
        for one in all.iter_mut().filter(|one| one.change.is_none() && one.verdicts.is_some()) {
            one.change = self.large_change(one.pods[0], &one.shortages);
        }
        let mut groups: BTreeMap<String, Vec<Waiting>> = BTreeMap::new();
        for one in all {
            let first = one.pods[0];
            let namespace = self.cluster.namespace_name(self.cluster.pod(first).namespace);
            let waiting = Waiting {
                workload: format!("{namespace}/{}", self.workload_name(first)),
                pods: one.pods.iter().map(|pod| self.cluster.pod(*pod).name.to_string()).collect(),
                reason: String::new(),
                untried: if one.change.is_none() { one.untried } else { "" },
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
            return Alike::because(pods, reason);
        }
        let gated =
            self.cluster.template_of(pod).raw["spec"]["schedulingGates"].as_array().is_some_and(|g| !g.is_empty());
        let mut verdicts = match self.scheduler.verdicts(self.cluster, pod) {
            Ok(verdicts) => verdicts,
            Err(reason) => return Alike::because(pods, reason),
        };
        let fits = verdicts.fits();
        let reason = if gated {
            "scheduling is gated".to_owned()
        } else if fits {
            "it fits: the scheduler has not tried it (again) yet".to_owned()
        } else {
            std::mem::take(&mut verdicts.message)
        };
        if fits && !gated {
            return Alike::because(pods, reason);
        }
        let shortages = self.shortages(pod, &verdicts);
        let change = self.smallest_change(pod, &verdicts, &shortages);
        let verdicts = (!fits && change.is_none()).then_some(verdicts);
        Alike { verdicts, shortages, change, ..Alike::because(pods, reason) }
    }

    /// One more node of each group of nodes, for all that nothing smaller helps.
    fn try_more_nodes(&mut self, all: &mut [Alike]) {
        if all.iter().all(|one| one.verdicts.is_none()) {
            return;
        }
        for (group, like) in node_groups(self.cluster) {
            self.with_another_node(like, |asked, node| {
                for one in all.iter_mut().filter(|one| one.change.is_none() && one.verdicts.is_some()) {
                    if asked.attempt(one.pods[0]) == Some(node) {
                        let words = format!("one more node of {group}");
                        one.change = Some(Change::new("node", words, String::new()));
                    }
                }
            });
        }
    }

    fn try_priorities(&mut self, all: &mut [Alike]) {
        let priorities = self.priorities();
        let mut looks = 0;
        for one in all.iter_mut().filter(|one| one.change.is_none()) {
            let Some(verdicts) = one.verdicts.as_ref().filter(|verdicts| verdicts.preemption_may_help()) else {
                continue;
            };
            if looks >= MOST_LOOKS {
                one.untried = "priority";
                continue;
            }
            looks += verdicts.nodes.len();
            one.change = self.raised_priority(one.pods[0], &priorities);
        }
    }
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
