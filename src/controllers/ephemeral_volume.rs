//! Makes the claims of pods' generic ephemeral volumes. Upstream: controller/volume/ephemeral `handleVolume`.

use serde_json::{Value, json};

use crate::api::{DecodeCache, FieldValidation, decode};
use crate::cluster::{Change, Cluster, Verb};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;
use crate::model::volume::VolumeSource;

use super::plan::{Call, Plan};
use super::runner::{Controller, News};
use super::work_queue::WorkQueue;

/// The controller. Keys are pods.
#[derive(Debug, Default)]
pub(super) struct EphemeralVolumeController;

impl Controller for EphemeralVolumeController {
    type Draft = ();

    const COMPONENT: &'static str = "ephemeral_volume";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        news.is(Verb::Added)
    }

    fn observe(&mut self, _now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let Some(pod) = change.object.as_pod().filter(|_| change.verb == Verb::Added) else { return };
        let volumes = &cluster.template_of(pod).spec.volumes;
        if volumes.iter().any(|volume| volume.source == VolumeSource::Ephemeral) {
            queue.add(change.object);
        }
    }

    fn sync(&mut self, _now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        let Some(pod) = key.as_pod().filter(|_| cluster.is_live(key)) else { return Plan::done() };
        let row = cluster.pod(pod);
        let mut plan = Plan::done();
        if row.deletion.is_some() {
            return plan;
        }
        let template = cluster.template_of(pod);
        for volume in template.raw["spec"]["volumes"].as_array().into_iter().flatten() {
            let claim = &volume["ephemeral"]["volumeClaimTemplate"];
            let name = format!("{}-{}", row.name, volume["name"].as_str().unwrap_or_default());
            if claim.is_null() || cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, row.namespace, &name).is_some() {
                continue;
            }
            let manifest = manifest(&name, claim, &row.name, &cluster.uid(key));
            let namespace = cluster.namespace_name(row.namespace);
            // A template that makes no valid claim was refused with the pod.
            if let Ok(decoded) = decode(manifest, namespace, FieldValidation::Strict, &mut DecodeCache::default()) {
                plan.push(Call::Create(Box::new(decoded)));
            }
        }
        plan
    }
}

fn manifest(name: &str, template: &Value, pod: &str, uid: &str) -> Value {
    let mut metadata = json!({
        "name": name,
        "ownerReferences": [{
            "apiVersion": "v1", "kind": "Pod", "name": pod, "uid": uid, "controller": true, "blockOwnerDeletion": true,
        }],
    });
    for key in ["labels", "annotations"] {
        if !template["metadata"][key].is_null() {
            metadata[key] = template["metadata"][key].clone();
        }
    }
    json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"] })
}
