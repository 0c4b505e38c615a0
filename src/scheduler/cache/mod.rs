//! The scheduler's own view of nodes and pods. It lags behind the API server by what the watch takes, and runs ahead of
//! it by the pods it has placed itself (assumed pods). Upstream: backend/cache.
//!
//! ```text
//!            assume                 confirm (watch)           remove (watch)
//!  initial ─────────▶ assumed ─────────────────────▶ added ──────────────────▶ gone
//!     │                  │ forget (binding failed)      ▲
//!     │                  ▼                              │
//!     └───────────────▶ gone        add (watch) ────────┘  of a pod somebody else bound
//! ```

mod delta_log;
mod images;
mod node_info;
mod node_tree;
mod topology;
mod touch_log;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use delta_log::DeltaLog;
pub use images::{ImageId, Images};
pub use node_info::{NodeFacts, NodeInfo, PodEntry};
pub use node_tree::NodeTree;
pub use topology::{KeyId, NO_DOMAIN, Topology};
use touch_log::TouchLog;

use crate::cluster::Cluster;
use crate::engine::rows::Rows;
use crate::model::Text;
use crate::model::node::NodeImage;
use crate::model::object::{NamespaceId, NodeId, PodId, TemplateId};
use crate::model::pod_template::PodTemplate;
use crate::scheduler::plugins::inter_pod_affinity::has_terms;
use crate::scheduler::plugins::volume_restrictions::claims;
use crate::scheduler::plugins::volumes::AssumedVolumes;

/// A pod came to or left a node: what incremental counts of pods are kept up to date with.
#[derive(Clone, Copy, Debug)]
pub struct PodDelta {
    /// The pod as it is or was on the node.
    pub entry: PodEntry,
    /// The node.
    pub node: NodeId,
    /// What happened.
    pub kind: DeltaKind,
}

/// What happened to a pod on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaKind {
    /// It came.
    Added,
    /// It left.
    Removed,
    /// Its deletion began.
    Terminating,
}

#[derive(Clone, Copy, Debug, Default)]
struct Placement {
    node: NodeId,
    assumed: bool,
}

/// Nodes, pods on them, and the list of nodes that a cycle looks at.
#[derive(Debug, Default)]
pub struct Cache {
    nodes: Vec<NodeInfo>,
    /// Nodes whose object exists; others are kept for the pods that are still on them.
    known: Vec<bool>,
    placements: Rows<Placement>,
    tree: NodeTree,
    order: Vec<NodeId>,
    /// Changes with the list.
    order_version: u32,
    /// By node: its place in the list.
    places: Vec<u32>,
    /// Is a node in the list that has left, or not in it that has come?
    order_stale: bool,
    /// Nodes changed since the last snapshot.
    dirty: Vec<NodeId>,
    touches: TouchLog,
    images: Images,
    topology: Topology,
    topology_version: u32,
    deltas: DeltaLog,
    generation: u32,
    /// By node: a number that no other state of any node has or had.
    generations: Vec<u32>,
    /// Number of pods on nodes with terms about other pods.
    pods_with_affinity: usize,
    /// Number of pods on nodes by priority.
    priorities: BTreeMap<i32, usize>,
    /// Number of pods on nodes by the claim they use.
    claim_users: FxHashMap<(NamespaceId, Text), u32>,
    volumes: AssumedVolumes,
}

impl Cache {
    /// A node by id, with an empty one for ids never seen.
    pub fn node(&self, node: NodeId) -> &NodeInfo {
        &self.nodes[node.index()]
    }

    /// Does the node's object exist?
    pub fn is_known(&self, node: NodeId) -> bool {
        node.is_some() && self.known.get(node.index()).copied().unwrap_or(false)
    }

    /// Number of nodes.
    pub fn node_count(&self) -> usize {
        self.tree.len()
    }

    /// The list of nodes as of the last snapshot.
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// Changes with the list of nodes.
    pub fn order_version(&self) -> u32 {
        self.order_version
    }

    /// The place of a node in the list of nodes; that of one that has left means nothing.
    pub fn place_of(&self, node: NodeId) -> Option<usize> {
        self.places.get(node.index()).map(|place| *place as usize)
    }

    /// The place after the last touch of a node.
    pub fn end_of_touches(&self) -> u64 {
        self.touches.end()
    }

    /// The nodes that changed since `place`, some of them more than once; `None` if that is too long ago.
    pub fn touched_since(&self, place: u64) -> Option<impl Iterator<Item = NodeId>> {
        self.touches.since(place)
    }

    /// Images on nodes.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// By node: a number that no other state of any node has or had.
    pub fn generations(&self) -> &[u32] {
        &self.generations
    }

    /// Is there a pod on a node with terms about other pods?
    pub fn has_pods_with_affinity(&self) -> bool {
        self.pods_with_affinity > 0
    }

    /// Is there a pod of lower priority on a node?
    pub fn has_priority_below(&self, priority: i32) -> bool {
        self.priorities.first_key_value().is_some_and(|(lowest, _)| *lowest < priority)
    }

    /// Does a pod on a node use the claim?
    pub fn is_claim_used(&self, namespace: NamespaceId, claim: &Text) -> bool {
        self.claim_users.contains_key(&(namespace, claim.clone()))
    }

    /// Decisions about volumes that the API server does not show yet.
    pub fn volumes(&self) -> &AssumedVolumes {
        &self.volumes
    }

    /// The same to be changed.
    pub fn volumes_mut(&mut self) -> &mut AssumedVolumes {
        &mut self.volumes
    }

    fn count_claims(&mut self, namespace: NamespaceId, template: &PodTemplate, comes: bool) {
        for claim in claims(template) {
            let key = (namespace, claim.clone());
            if comes {
                *self.claim_users.entry(key).or_default() += 1;
            } else if let Some(users) = self.claim_users.get_mut(&key) {
                *users -= 1;
                if *users == 0 {
                    self.claim_users.remove(&key);
                }
            }
        }
    }

    /// Changes with every change of any node or pod on it.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Changes when a node comes, goes, or changes labels or taints.
    pub fn topology_version(&self) -> u32 {
        self.topology_version
    }

    /// Domains of nodes.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The topology key of this name.
    pub fn topology_key(&mut self, name: &Text) -> KeyId {
        let known = self.nodes.iter().filter(|info| info.node.is_some());
        self.topology.key(name, known.map(|info| (info.node, &*info.facts.labels)))
    }

    /// The place after the last delta.
    pub fn end_of_deltas(&self) -> u64 {
        self.deltas.end()
    }

    /// What happened since `place`; `None` if that is too long ago.
    pub fn deltas_since(&self, place: u64) -> Option<impl Iterator<Item = &PodDelta>> {
        self.deltas.since(place)
    }

    /// The deltas can be asked for by template from now on.
    pub fn keep_deltas_by_template(&mut self) {
        self.deltas.keep_index(self.nodes.iter().flat_map(|info| info.pods.iter().copied()));
    }

    /// The deltas, also by template where `keep_deltas_by_template` has asked for that.
    pub fn delta_log(&self) -> &DeltaLog {
        &self.deltas
    }

    /// A pod on a node as it is counted there.
    pub fn entry_of(&self, pod: PodId) -> Option<(NodeId, PodEntry)> {
        let node = self.node_of(pod);
        let entry = self.nodes.get(node.index())?.pods.iter().find(|entry| entry.pod == pod)?;
        Some((node, *entry))
    }

    /// The node a pod is on, bound or assumed.
    pub fn node_of(&self, pod: PodId) -> NodeId {
        self.placements.get(pod.index()).map_or(NodeId::NONE, |placement| placement.node)
    }

    /// Is it placed by this scheduler and not yet seen bound?
    pub fn is_assumed(&self, pod: PodId) -> bool {
        self.placements.get(pod.index()).is_some_and(|placement| placement.assumed)
    }

    /// The template of a pod on a node, as the cache knows it.
    pub fn template_of(&self, pod: PodId) -> Option<TemplateId> {
        let node = self.node_of(pod);
        let info = self.nodes.get(node.index())?;
        info.pods.iter().find(|entry| entry.pod == pod).map(|entry| entry.template)
    }

    /// Is a node known with just these facts and images?
    pub fn is_unchanged(&self, node: NodeId, facts: &NodeFacts, images: &[NodeImage]) -> bool {
        if !self.is_known(node) || *self.nodes[node.index()].facts != *facts {
            return false;
        }
        let mut ids: Vec<Option<ImageId>> =
            images.iter().flat_map(|image| &image.names).map(|name| self.images.find(name)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.iter().copied().eq(self.nodes[node.index()].images.iter().map(|(image, _)| Some(*image)))
    }

    /// A node object came or changed. Returns the facts before, if it was there.
    pub fn set_node(&mut self, node: NodeId, facts: NodeFacts, images: &[NodeImage]) -> Option<Arc<NodeFacts>> {
        self.ensure(node);
        let before = self.known[node.index()].then(|| Arc::clone(&self.nodes[node.index()].facts));
        let info = &mut self.nodes[node.index()];
        self.images.remove(info.images.drain(..).map(|(image, _)| image));
        info.images = self.images.add(images).into_iter().map(|image| (image, 0)).collect();
        let zone = facts.zone.clone();
        let same_place = before.as_ref().is_some_and(|old| old.labels == facts.labels && old.taints == facts.taints);
        if !same_place {
            self.topology.set_node(node, &facts.labels);
            self.topology_version += 1;
        }
        info.facts = Arc::new(facts);
        match &before {
            None => {
                self.known[node.index()] = true;
                self.tree.add(&zone, node);
                self.order_stale = true;
            }
            Some(old) if old.zone != zone => {
                // As upstream: the list keeps its order until a node comes or goes.
                self.tree.remove(&old.zone, node);
                self.tree.add(&zone, node);
            }
            Some(_) => {}
        }
        self.touch(node);
        before
    }

    /// A node object is gone.
    pub fn remove_node(&mut self, node: NodeId) {
        if !self.is_known(node) {
            return;
        }
        self.known[node.index()] = false;
        let info = &mut self.nodes[node.index()];
        self.images.remove(info.images.drain(..).map(|(image, _)| image));
        let zone = info.facts.zone.clone();
        self.tree.remove(&zone, node);
        self.order_stale = true;
        self.topology_version += 1;
        self.touch(node);
    }

    /// Puts a pod on a node ahead of the API server.
    pub fn assume(&mut self, cluster: &Cluster, pod: PodId, node: NodeId) {
        self.place(cluster, pod, node, true);
    }

    /// Takes an assumed pod back.
    pub fn forget(&mut self, cluster: &Cluster, pod: PodId) {
        if self.is_assumed(pod) {
            self.remove_pod(cluster, pod);
        }
    }

    /// The watch shows a pod on a node: confirms an assumed one, moves it if it is elsewhere.
    pub fn add_pod(&mut self, cluster: &Cluster, pod: PodId, node: NodeId) {
        let current = self.node_of(pod);
        if current == node {
            self.placements[pod.index()].assumed = false;
            self.refresh_pod(cluster, pod);
            return;
        }
        if current.is_some() {
            self.remove_pod(cluster, pod);
        }
        self.place(cluster, pod, node, false);
    }

    /// A pod on a node has another template, or its deletion has begun.
    pub fn refresh_pod(&mut self, cluster: &Cluster, pod: PodId) {
        let node = self.node_of(pod);
        let row = cluster.pod(pod);
        let info = &mut self.nodes[node.index()];
        let Some(entry) = info.pods.iter_mut().find(|entry| entry.pod == pod) else { return };
        if entry.template != row.counted() {
            let assumed = self.is_assumed(pod);
            self.remove_pod(cluster, pod);
            self.place(cluster, pod, node, assumed);
        } else if !entry.terminating && row.deletion.is_some() {
            entry.terminating = true;
            let delta = PodDelta { entry: *entry, node, kind: DeltaKind::Terminating };
            self.log(delta);
            self.touch(node);
        }
    }

    /// A pod is gone from its node.
    pub fn remove_pod(&mut self, cluster: &Cluster, pod: PodId) {
        let node = self.node_of(pod);
        if node.is_none() {
            return;
        }
        self.placements[pod.index()] = Placement::default();
        let info = &mut self.nodes[node.index()];
        let Some(entry) = info.pods.iter().find(|entry| entry.pod == pod).copied() else { return };
        let template = cluster.template(entry.template);
        info.remove_pod(pod, template);
        self.pods_with_affinity -= usize::from(has_terms(template));
        self.count_claims(entry.namespace, template, false);
        let of_priority = self.priorities.get_mut(&entry.priority).expect("it was counted when it came");
        *of_priority -= 1;
        if *of_priority == 0 {
            self.priorities.remove(&entry.priority);
        }
        self.log(PodDelta { entry, node, kind: DeltaKind::Removed });
        self.touch(node);
    }

    /// Brings the list of nodes up to date: the start of a cycle. Upstream: `Cache.UpdateSnapshot`.
    pub fn update_snapshot(&mut self) {
        for node in self.dirty.drain(..) {
            self.nodes[node.index()].freeze_images(&self.images);
        }
        if self.order_stale {
            self.tree.list(&mut self.order);
            self.order_stale = false;
            self.order_version += 1;
            self.places.resize(self.nodes.len(), u32::MAX);
            for (place, node) in self.order.iter().enumerate() {
                self.places[node.index()] = place as u32;
            }
        }
    }

    fn place(&mut self, cluster: &Cluster, pod: PodId, node: NodeId, assumed: bool) {
        self.ensure(node);
        self.placements.fill_up(pod.index() + 1, Placement::default());
        self.placements[pod.index()] = Placement { node, assumed };
        let row = cluster.pod(pod);
        let template = cluster.template(row.counted());
        let entry = PodEntry {
            pod,
            namespace: row.namespace,
            template: row.counted(),
            priority: template.spec.priority,
            terminating: row.deletion.is_some(),
        };
        self.nodes[node.index()].add_pod(entry, template);
        self.pods_with_affinity += usize::from(has_terms(template));
        self.count_claims(entry.namespace, template, true);
        *self.priorities.entry(entry.priority).or_default() += 1;
        self.log(PodDelta { entry, node, kind: DeltaKind::Added });
        self.touch(node);
    }

    fn ensure(&mut self, node: NodeId) {
        if self.nodes.len() <= node.index() {
            self.nodes.resize_with(node.index() + 1, NodeInfo::default);
            self.known.resize(node.index() + 1, false);
            self.generations.resize(node.index() + 1, 0);
        }
        self.nodes[node.index()].node = node;
    }

    fn touch(&mut self, node: NodeId) {
        self.generation += 1;
        self.generations[node.index()] = self.generation;
        self.dirty.push(node);
        self.touches.push(node);
    }

    fn log(&mut self, delta: PodDelta) {
        let counts = self.is_known(delta.node);
        self.deltas.push(delta, counts);
    }
}
