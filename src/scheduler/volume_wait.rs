//! The part of a binding cycle that waits for a pod's volumes. Upstream: plugins/volumebinding `PreBind`,
//! `volumeBinder.BindPodVolumes`: the decisions are written, then looked at every second until all is bound.
//!
//! Only looks that can see something are events: the first one, those after a change, and the one at the timeout.

use serde_json::json;

use super::plugins::volume_binding::check_bindings;
use super::plugins::volumes::VolumeDecisions;
use super::{Scheduler, SchedulerEvent};
use crate::cluster::{Cluster, Fields};
use crate::engine::{Outbox, SimDuration, SimTime};
use crate::model::latency::Latency;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::storage::{BOUND_BY_CONTROLLER, SELECTED_NODE};

/// How often upstream looks. Upstream: `bindPodVolumes` polls every second, the first time after one.
const POLL: SimDuration = SimDuration::from_secs(1);

/// A wait for volumes.
#[derive(Debug)]
pub(super) struct VolumeWait {
    decisions: VolumeDecisions,
    /// When the decisions were written.
    began: SimTime,
    /// Was the last look in vain? Then changes decide when to look again.
    asleep: bool,
}

impl VolumeWait {
    pub(super) fn new(decisions: VolumeDecisions) -> Self {
        Self { decisions, began: SimTime::NEVER, asleep: false }
    }

    pub(super) fn decisions(&self) -> &VolumeDecisions {
        &self.decisions
    }

    pub(super) fn is_asleep(&self) -> bool {
        self.asleep
    }
}

impl Scheduler {
    /// Sends the calls that write a pod's decisions: the nomination, then a call for each volume and claim.
    pub(super) fn send_volume_decisions(
        &mut self,
        now: SimTime,
        pod: PodId,
        calls: usize,
        outbox: &mut Outbox<SchedulerEvent>,
    ) {
        let mut at = now;
        for _ in 0..=calls {
            let delay = self.settings.latencies.sample(Latency::ApiWrite, &mut self.stream);
            at = at.max(self.limit.reserve(now)) + delay;
        }
        outbox.send(at, SchedulerEvent::BindVolumes(pod));
    }

    /// The decisions reach the API server.
    pub(super) fn write_volume_decisions(
        &mut self,
        now: SimTime,
        pod: PodId,
        cluster: &mut Cluster,
        outbox: &mut Outbox<SchedulerEvent>,
    ) {
        let Some(binding) = self.bindings.get_mut(pod.index()) else { return };
        let node = binding.node;
        let Some(wait) = &mut binding.volumes else { return };
        wait.began = now;
        let decisions = wait.decisions.clone();
        if !cluster.pod(pod).deleted {
            // Upstream: gate NominatedNodeNameForExpectation.
            cluster.nominate(now, pod, node);
        }
        for (claim, volume) in &decisions.bindings {
            reserve(now, *claim, *volume, cluster);
        }
        for claim in &decisions.provisions {
            select_node(now, *claim, node, cluster);
        }
        outbox.send(now + POLL, SchedulerEvent::CheckVolumes(pod));
    }

    /// Looks whether everything is bound.
    pub(super) fn check_volumes(
        &mut self,
        now: SimTime,
        pod: PodId,
        cluster: &mut Cluster,
        outbox: &mut Outbox<SchedulerEvent>,
    ) {
        let Some(binding) = self.bindings.get_mut(pod.index()) else { return };
        let node = binding.node;
        let Some(wait) = &mut binding.volumes else { return };
        let row = cluster.pod(pod);
        let checked = if row.deleted {
            Err(format!("pod does not exist any more: pod \"{}\" not found", row.name))
        } else {
            check_bindings(cluster, &wait.decisions, node)
        };
        let template = cluster.template_of(pod);
        let timeout = self
            .algorithms
            .iter()
            .find(|algorithm| algorithm.profile.scheduler_name == template.spec.scheduler_name)
            .map_or(SimDuration::from_secs(600), |algorithm| algorithm.profile.volume_bind_timeout);
        let failure = match checked {
            Ok(true) => {
                self.cache.volumes_mut().forget(&wait.decisions);
                binding.volumes = None;
                self.send_binding(now, pod, outbox);
                return;
            }
            Ok(false) if now < wait.began + timeout => {
                if !wait.asleep {
                    wait.asleep = true;
                    self.volume_waits.insert(pod);
                    outbox.send(wait.began + timeout, SchedulerEvent::CheckVolumes(pod));
                }
                return;
            }
            Ok(false) => "context deadline exceeded".to_owned(),
            Err(why) => why,
        };
        let message = format!("running PreBind plugin \"VolumeBinding\": binding volumes: {failure}");
        self.fail_binding(now, pod, message, cluster);
    }

    /// A volume or claim changed: who waits looks again at its next tick.
    pub(super) fn wake_volume_waits(&mut self, now: SimTime, cluster: &Cluster, outbox: &mut Outbox<SchedulerEvent>) {
        // As a rule none waits, and hardly ever more than some.
        for pod in self.volume_waits.clone() {
            let Some(binding) = self.bindings.get_mut(pod.index()) else {
                self.volume_waits.remove(&pod);
                continue;
            };
            let node = binding.node;
            let Some(wait) = binding.volumes.as_mut() else { continue };
            if check_bindings(cluster, &wait.decisions, node) != Ok(false) {
                wait.asleep = false;
                self.volume_waits.remove(&pod);
                outbox.send(now.next_on_grid(wait.began, POLL), SchedulerEvent::CheckVolumes(pod));
            }
        }
    }
}

/// Reserves a volume for a claim; the volume controller completes it. Upstream: volume/persistentvolume/util
/// `GetBindVolumeToClaim`.
fn reserve(now: SimTime, claim: ObjectRef, volume: ObjectRef, cluster: &mut Cluster) {
    if !cluster.is_live(claim) || !cluster.is_live(volume) {
        return;
    }
    let facts = cluster.persistent_volume_claim(claim);
    let reference = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": facts.namespace.as_str(),
        "name": facts.name.as_str(), "uid": facts.uid,
        "resourceVersion": cluster.meta(claim).resource_version.to_string(),
    });
    cluster.modify_stored(now, volume, |meta, raw, _| {
        let mut fields = Fields::SPEC;
        if raw["spec"]["claimRef"].is_null() {
            meta.annotations = meta.annotations.with(BOUND_BY_CONTROLLER, "yes").into();
            fields |= Fields::ANNOTATIONS;
        }
        raw["spec"]["claimRef"] = reference;
        fields
    });
}

/// Tells the provisioner for which node.
fn select_node(now: SimTime, claim: ObjectRef, node: NodeId, cluster: &mut Cluster) {
    if !cluster.is_live(claim) {
        return;
    }
    let name = cluster.node_name(node).to_owned();
    cluster.modify_meta(now, claim, |meta| {
        let changes = meta.annotations.get(SELECTED_NODE) != Some(name.as_str());
        if changes {
            meta.annotations = meta.annotations.with(SELECTED_NODE, &name).into();
        }
        changes
    });
}
