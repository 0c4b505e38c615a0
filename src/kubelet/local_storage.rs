//! Pods that write more to their node's disk than they may: evicted before anything else in a round; and what is deleted
//! before a pod is evicted for the disk.
//! Upstream: kubelet eviction `localStorageEviction`.

use super::worker::Stage;
use super::{Hubs, Kubelets};
use crate::machines::ContainerId;
use crate::model::object::{NodeId, PodId};
use crate::model::quantity::Quantity;
use crate::model::volume::VolumeSource;

/// Seconds of grace. Upstream: eviction `immediateEvictionGracePeriodSeconds`.
const AT_ONCE: u32 = 1;

impl Kubelets {
    /// Evicts every pod of a node that is over one of its limits. Returns whether there was one.
    pub(super) fn evict_over_limits(&mut self, hubs: &mut Hubs<'_>, node: NodeId) -> bool {
        let pods: Vec<PodId> = self.workers.on_node(node).filter(|pod| self.may_be_evicted(hubs, *pod)).collect();
        let over: Vec<(PodId, String)> =
            pods.into_iter().filter_map(|pod| over_limit(hubs, pod).map(|text| (pod, text))).collect();
        for (pod, text) in &over {
            self.evict(hubs, *pod, AT_ONCE, text.clone(), false);
        }
        !over.is_empty()
    }

    /// Deletes what nobody needs before a pod is evicted: containers that have ended, images without users. Returns whether
    /// there was anything. Upstream: eviction `reclaimNodeLevelResources`, container GC `DeleteAllUnusedContainers`.
    pub(super) fn reclaim_disk(&mut self, hubs: &mut Hubs<'_>, node: NodeId) -> bool {
        let mut found = false;
        let pods: Vec<PodId> = self.workers.on_node(node).collect();
        for pod in pods {
            let worker = self.workers.row(pod);
            let is_over = worker.stage == Stage::Finished;
            for slot in &mut worker.slots {
                let dead = if is_over { vec![slot.previous, slot.current] } else { vec![slot.previous] };
                for run in dead.into_iter().filter(|run| run.is_some()) {
                    hubs.machines.remove_container(run);
                    found = true;
                }
                slot.previous = ContainerId::NONE;
                if is_over {
                    slot.current = ContainerId::NONE;
                }
            }
        }
        self.delete_unused_images(hubs, node) || found
    }

    /// A pod wrote to its disk or removed files: is it over a limit, so that a round has to come?
    pub(super) fn disk_changed(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let Some(worker) = self.workers.get(pod) else { return };
        let node = worker.node;
        if self.may_be_evicted(hubs, pod) && over_limit(hubs, pod).is_some() {
            self.book_round(hubs, node, hubs.now);
        }
        self.signals_changed(hubs, node);
    }
}

/// The first limit that a pod is over, in upstream's order and words.
fn over_limit(hubs: &Hubs<'_>, pod: PodId) -> Option<String> {
    let spec = &hubs.cluster.template_of(pod).spec;
    for held in hubs.machines.volumes_disk(pod) {
        let Some(volume) = spec.volumes.get(usize::from(held.volume)) else { continue };
        let VolumeSource::EmptyDir { size_limit: Some(limit), .. } = &volume.source else { continue };
        if i128::from(held.bytes) > i128::from(*limit) && *limit > 0 {
            let limit = Quantity::from_bytes(*limit);
            return Some(format!("Usage of EmptyDir volume \"{}\" exceeds the limit \"{limit}\". ", volume.name));
        }
    }
    let limits: Vec<(usize, Quantity)> = spec
        .containers
        .iter()
        .enumerate()
        .filter_map(|(index, container)| Some((index, container.limits.get("ephemeral-storage")?)))
        .collect();
    let total: i128 = limits.iter().map(|(_, limit)| limit.nano).sum();
    let nano = |bytes: u64| i128::from(bytes) * 1_000_000_000;
    if total > 0 && nano(hubs.machines.pod_disk(pod)) > total {
        let format = limits.first().map_or(Quantity::ZERO.format, |(_, limit)| limit.format);
        let total = Quantity { nano: total, format };
        return Some(format!("Pod ephemeral local storage usage exceeds the total limit of containers {total}. "));
    }
    limits.iter().find_map(|(index, limit)| {
        let used = hubs.machines.runs(pod, *index as u8).next().map_or(0, |run| hubs.machines.container(run).disk);
        (nano(used) > limit.nano).then(|| {
            let name = &spec.containers[*index].name;
            format!("Container {name} exceeded its local ephemeral storage limit \"{limit}\". ")
        })
    })
}
