//! What the watch tells the scheduler, as changes of its cache and events of its queue. Upstream: eventhandlers.go.

use std::sync::Arc;

use super::algorithm::Algorithm;
use super::cache::NodeFacts;
use super::framework::{ClusterEvent, NodeUpdate, PodUpdate};
use super::{Scheduler, Seen};
use crate::cluster::{Change, Cluster, Fields, Verb};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{NodeId, PodId, TemplateId};

/// What of a pod the scheduler looks at.
const RELEVANT: Fields = Fields::BOUND
    .union(Fields::PHASE)
    .union(Fields::DELETION)
    .union(Fields::LABELS)
    .union(Fields::SPEC)
    .union(Fields::NOMINATED)
    .union(Fields::GRANTED);

/// Does a change mean nothing to the scheduler? Most are of statuses that kubelets write.
#[inline]
pub(super) fn is_noise(change: &Change) -> bool {
    change.object.kind == Kind::POD && !change.fields.intersects(RELEVANT)
}

impl Scheduler {
    pub(super) fn on_change(&mut self, now: SimTime, change: &Change, cluster: &Cluster) {
        match change.object.kind {
            Kind::POD => self.on_pod(now, PodId(change.object.id), cluster),
            Kind::NODE => self.on_node(now, NodeId(change.object.id), change.verb, cluster),
            Kind::SERVICE => self.algorithms.iter_mut().for_each(Algorithm::services_changed),
            Kind::NAMESPACE => self.algorithms.iter_mut().for_each(Algorithm::namespaces_changed),
            kind if ClusterEvent::STORAGE_KINDS.contains(&kind) => {
                self.volumes_changed = !self.volume_waits.is_empty();
                if change.verb == Verb::Deleted {
                    return;
                }
                let event = ClusterEvent::Storage { object: change.object, added: change.verb == Verb::Added };
                self.queue.move_all(now, cluster, &event);
            }
            Kind::VOLUME_ATTACHMENT if change.verb == Verb::Deleted => {
                self.queue.move_all(now, cluster, &ClusterEvent::VolumeDetached);
            }
            _ => {}
        }
    }

    fn on_node(&mut self, now: SimTime, node: NodeId, verb: Verb, cluster: &Cluster) {
        let object = cluster.node(node);
        if verb == Verb::Deleted || object.deleted.is_some() {
            if self.cache.is_known(node) {
                let event = ClusterEvent::NodeDeleted { before: Arc::clone(&self.cache.node(node).facts) };
                self.queue.move_all(now, cluster, &event);
                self.cache.remove_node(node);
            }
            return;
        }
        let facts = NodeFacts::of(object);
        let images = object.body.as_node().map_or(&[][..], |node| &node.images);
        if self.cache.is_unchanged(node, &facts, images) {
            return;
        }
        let before = self.cache.set_node(node, facts, images);
        let after = Arc::clone(&self.cache.node(node).facts);
        let Some(before) = before else {
            self.queue.move_all(now, cluster, &ClusterEvent::NodeAdded { after });
            return;
        };
        for update in node_updates(&before, &after) {
            let event = ClusterEvent::NodeUpdated { update, before: Arc::clone(&before), after: Arc::clone(&after) };
            self.queue.move_all(now, cluster, &event);
        }
    }

    fn on_pod(&mut self, now: SimTime, pod: PodId, cluster: &Cluster) {
        let row = cluster.pod(pod);
        // The informer selects pods that are not terminal: the end of a pod arrives as its deletion.
        if row.deleted || row.status.phase.is_terminal() {
            self.on_pod_deleted(now, pod, cluster);
        } else if row.node.is_some() {
            self.on_placed_pod(now, pod, cluster);
        } else {
            self.on_waiting_pod(now, pod, cluster);
        }
    }

    fn on_pod_deleted(&mut self, now: SimTime, pod: PodId, cluster: &Cluster) {
        self.seen.remove(pod.index());
        let was_placed = self.cache.node_of(pod).is_some();
        let was_nominated = self.queue.nominator.node_of(pod).is_some();
        self.cache.remove_pod(cluster, pod);
        self.queue.delete(pod);
        let event = ClusterEvent::PodDeleted { pod };
        if was_placed {
            self.queue.move_all(now, cluster, &event);
        } else if was_nominated {
            self.queue.move_some(now, cluster, &event, cluster.template_of(pod).spec.priority);
        }
    }

    fn on_placed_pod(&mut self, now: SimTime, pod: PodId, cluster: &Cluster) {
        let row = cluster.pod(pod);
        let was_placed = self.cache.node_of(pod).is_some() && !self.cache.is_assumed(pod);
        self.seen.remove(pod.index());
        if !was_placed {
            self.queue.delete(pod);
            self.cache.add_pod(cluster, pod, row.node);
            self.queue.move_all(now, cluster, &ClusterEvent::PodAdded { pod });
            return;
        }
        // Upstream: kube-scheduler/framework `PodSchedulingPropertiesChange` counts what the status says of a resize too.
        let before = self.cache.template_of(pod).unwrap_or_else(|| row.counted());
        self.cache.refresh_pod(cluster, pod);
        for update in pod_updates(cluster, before, row.counted()) {
            self.queue.move_all(now, cluster, &ClusterEvent::PodUpdated { pod, update, before });
        }
    }

    fn on_waiting_pod(&mut self, now: SimTime, pod: PodId, cluster: &Cluster) {
        let row = cluster.pod(pod);
        if self.cache.is_assumed(pod) {
            if row.deletion.is_some() {
                self.cache.forget(cluster, pod);
                self.queue.move_all(now, cluster, &ClusterEvent::PodDeleted { pod });
            }
            return;
        }
        let spec = &cluster.template(row.template).spec;
        // A pod that names a node which does not exist is nobody's.
        if self.profile_of(cluster, pod).is_none() || !spec.node_name.is_empty() {
            return;
        }
        let before = self.seen.insert(pod.index(), Seen { template: row.template, nominated: row.nominated });
        let Some(Seen { template: before, nominated }) = before else {
            self.queue.add(now, cluster, pod);
            return;
        };
        let updates: Vec<ClusterEvent> = pod_updates(cluster, before, row.template)
            .map(|update| ClusterEvent::PodUpdated { pod, update, before })
            .collect();
        if row.template != before {
            self.queue.update(now, cluster, pod, &updates);
        }
        if !self.queue.is_in_flight(pod) && !self.queue.contains(pod) && row.deletion.is_none() {
            self.queue.add(now, cluster, pod);
        }
        if nominated.is_some() && nominated != row.nominated {
            // Who had to respect the old nomination may find room now.
            let event = ClusterEvent::PodDeleted { pod };
            self.queue.move_some(now, cluster, &event, spec.priority);
        }
    }
}

/// In which respects a node changed, in upstream's order. Upstream: `NodeSchedulingPropertiesChange`.
fn node_updates(before: &NodeFacts, after: &NodeFacts) -> impl Iterator<Item = NodeUpdate> {
    let allocatable = before.allocatable != after.allocatable || before.allowed_pods != after.allowed_pods;
    [
        (before.unschedulable && !after.unschedulable, NodeUpdate::Taint),
        (allocatable, NodeUpdate::Allocatable),
        (before.labels != after.labels, NodeUpdate::Label),
        (before.taints != after.taints, NodeUpdate::Taint),
        (before.features != after.features, NodeUpdate::DeclaredFeature),
    ]
    .into_iter()
    .filter_map(|(applies, update)| applies.then_some(update))
}

/// In which respects a pod changed. Upstream: `PodSchedulingPropertiesChange`.
fn pod_updates(cluster: &Cluster, before: TemplateId, after: TemplateId) -> impl Iterator<Item = PodUpdate> {
    let (old, new) = (cluster.template(before), cluster.template(after));
    let shrank = || {
        let names = old.requests.others.iter().map(|(name, _)| name.as_str());
        ["cpu", "memory", "ephemeral-storage"]
            .into_iter()
            .chain(names)
            .any(|name| new.requests.get(name) < old.requests.get(name))
    };
    let changed = before != after;
    [
        (changed && old.labels != new.labels, PodUpdate::Label),
        (changed && shrank(), PodUpdate::ScaleDown),
        (!old.spec.scheduling_gates.is_empty() && new.spec.scheduling_gates.is_empty(), PodUpdate::GatesEliminated),
        (old.spec.tolerations.len() != new.spec.tolerations.len(), PodUpdate::Toleration),
    ]
    .into_iter()
    .filter_map(|(applies, update)| applies.then_some(update))
}
