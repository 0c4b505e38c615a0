//! Pods that write more to their node's disk than they may: evicted before anything else in a round; and what is deleted
//! before a pod is evicted for the disk.
//! Upstream: kubelet eviction `localStorageEviction`, `podEphemeralStorageLimitEviction`,
//! `containerEphemeralStorageLimitEviction`.

use super::worker::Stage;
use super::{Hubs, Kubelets};
use crate::machines::ContainerId;
use crate::model::object::{NodeId, PodId};
use crate::model::pod_spec::{ContainerKind, PodSpec};
use crate::model::quantity::Quantity;
use crate::model::volume::VolumeSource;

const EPHEMERAL_STORAGE: &str = "ephemeral-storage";
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
    let nano = |bytes: u64| i128::from(bytes) * 1_000_000_000;
    if let Some(total) = pod_limit(spec)
        && nano(hubs.machines.pod_disk(pod)) > total.nano
    {
        return Some(format!("Pod ephemeral local storage usage exceeds the total limit of containers {total}. "));
    }
    spec.mains().find_map(|index| {
        let limit = spec.containers[index].limits.get(EPHEMERAL_STORAGE).filter(|limit| limit.nano > 0)?;
        let used = hubs.machines.runs(pod, index as u8).next().map_or(0, |run| hubs.machines.container(run).disk);
        (nano(used) > limit.nano).then(|| {
            let name = &spec.containers[index].name;
            format!("Container {name} exceeded its local ephemeral storage limit \"{limit}\". ")
        })
    })
}

/// What a pod's containers may have together: the main ones and sidecars, or more while it initializes.
/// Upstream: component-helpers resource `PodLimits`.
fn pod_limit(spec: &PodSpec) -> Option<Quantity> {
    let of = |index: usize| spec.containers[index].limits.get(EPHEMERAL_STORAGE);
    let add = |total: Option<Quantity>, limit: Option<Quantity>| match (total, limit) {
        (Some(total), Some(limit)) => Some(Quantity { nano: total.nano + limit.nano, ..total }),
        (total, limit) => total.or(limit),
    };
    let more = |left: Option<Quantity>, right: Option<Quantity>| match (left, right) {
        (Some(left), Some(right)) => Some(if right.nano > left.nano { right } else { left }),
        (left, right) => left.or(right),
    };
    let mut total = spec.mains().map(of).fold(None, add);
    let (mut sidecars, mut initial) = (None, None);
    for index in 0..spec.init_count {
        if spec.container_kind(index) == ContainerKind::Sidecar {
            total = add(total, of(index));
            sidecars = add(sidecars, of(index));
            initial = more(initial, sidecars);
        } else {
            initial = more(initial, add(of(index), sidecars));
        }
    }
    more(total, initial)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::convert::pod_spec;

    #[test]
    fn containers_that_run_one_after_another_share_a_limit() {
        let limit = |init: &str| {
            let container = |name: &str, limit: &str, policy: serde_json::Value| {
                let limits = json!({"ephemeral-storage": limit});
                json!({"name": name, "restartPolicy": policy, "resources": {"limits": limits}})
            };
            let spec = json!({
                "initContainers": [
                    container("side", "1Gi", json!("Always")),
                    container("init", init, serde_json::Value::Null),
                ],
                "containers": [container("main", "1Gi", serde_json::Value::Null)],
            });
            pod_limit(&pod_spec(&spec)).map(|limit| limit.to_string())
        };
        assert_eq!(limit("500Mi").as_deref(), Some("2Gi"));
        assert_eq!(limit("3Gi").as_deref(), Some("4Gi"));
        assert_eq!(pod_limit(&PodSpec::default()), None);
    }
}
