//! Keeps volumes and claims that are in use from being deleted: removes their finalizer when nobody uses them any more.
//! Upstream: controller/volume/pvcprotection, controller/volume/pvprotection.

use crate::cluster::{Change, Cluster, Fields, Verb};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod_template::PodTemplate;
use crate::model::volume::{Volume, VolumeSource};

use super::plan::{Call, Plan};
use super::runner::{Controller, News};
use super::work_queue::WorkQueue;

const CLAIM_FINALIZER: &str = "kubernetes.io/pvc-protection";
const VOLUME_FINALIZER: &str = "kubernetes.io/pv-protection";

/// Of claims.
#[derive(Debug, Default)]
pub(super) struct ClaimProtectionController;

/// Of volumes.
#[derive(Debug, Default)]
pub(super) struct VolumeProtectionController;

fn waits_for_finalizer(object: ObjectRef, finalizer: &str, cluster: &Cluster) -> bool {
    let meta = cluster.meta(object);
    cluster.is_live(object) && meta.deletion.is_some() && meta.finalizers.iter().any(|known| known == finalizer)
}

/// The claims that a pod uses, by name.
fn claims_of(pod: PodId, cluster: &Cluster) -> impl Iterator<Item = String> + '_ {
    let row = cluster.pod(pod);
    cluster.template_of(pod).spec.volumes.iter().filter_map(|volume| match &volume.source {
        VolumeSource::Claim { claim, .. } => Some(claim.to_string()),
        VolumeSource::Ephemeral => Some(format!("{}-{}", row.name, volume.name)),
        _ => None,
    })
}

impl Controller for ClaimProtectionController {
    type Draft = ();

    const COMPONENT: &'static str = "pvc-protection-controller";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        news.touches(Fields::PHASE)
    }

    fn observe(&mut self, _now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let Some(pod) = change.object.as_pod() else {
            if waits_for_finalizer(change.object, CLAIM_FINALIZER, cluster) {
                queue.add(change.object);
            }
            return;
        };
        let row = cluster.pod(pod);
        let ends =
            change.verb == Verb::Deleted || change.fields.contains(Fields::PHASE) && row.status.phase.is_terminal();
        if !ends {
            return;
        }
        for claim in claims_of(pod, cluster) {
            if let Some(claim) = cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, row.namespace, &claim) {
                queue.add(claim);
            }
        }
    }

    fn sync(&mut self, _now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        if !waits_for_finalizer(key, CLAIM_FINALIZER, cluster) {
            return Plan::done();
        }
        let meta = cluster.meta(key);
        // Pods without a node do not count: no kubelet starts a pod with a claim that is being deleted.
        let uses = |pod: PodId| {
            let row = cluster.pod(pod);
            row.node.is_some()
                && !row.status.phase.is_terminal()
                && claims_of(pod, cluster).any(|claim| meta.name == claim)
        };
        let has_claims = |template: &PodTemplate| {
            let is_claim =
                |volume: &Volume| matches!(volume.source, VolumeSource::Claim { .. } | VolumeSource::Ephemeral);
            template.spec.volumes.iter().any(is_claim)
        };
        if cluster.pods_of_templates(meta.namespace, has_claims).into_iter().any(uses) {
            return Plan::done();
        }
        Plan::of(Call::RemoveFinalizer { object: key, finalizer: CLAIM_FINALIZER })
    }
}

impl Controller for VolumeProtectionController {
    type Draft = ();

    const COMPONENT: &'static str = "pv-protection-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if waits_for_finalizer(change.object, VOLUME_FINALIZER, cluster) {
            queue.add(change.object);
        }
    }

    fn sync(&mut self, _now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        let is_used = cluster.persistent_volume(key).phase == "Bound";
        if is_used || !waits_for_finalizer(key, VOLUME_FINALIZER, cluster) {
            return Plan::done();
        }
        Plan::of(Call::RemoveFinalizer { object: key, finalizer: VOLUME_FINALIZER })
    }
}
