//! What stands for the external provisioners of CSI drivers: a claim that names one gets a volume after a while, and a
//! released volume of theirs is deleted. Upstream: kubernetes-csi/external-provisioner over
//! sig-storage-lib-external-provisioner (`provisionClaimOperation`, `deleteVolumeOperation`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::api::{DecodeCache, FieldValidation, decode};
use crate::cluster::{Change, Cluster, DeleteOptions, EventType, Verb};
use crate::engine::SimTime;
use crate::engine::random::Stream;
use crate::model::kind::Kind;
use crate::model::latency::{Latencies, Latency};
use crate::model::object::{NamespaceId, ObjectRef};
use crate::model::storage::{PersistentVolumeClaim, StorageClass};

use super::ControllerSettings;
use super::calls::event;
use super::persistent_volume::{PROVISIONED_BY, STORAGE_PROVISIONER, external_name, reference};
use super::plan::{Call, Plan};
use super::runner::Controller;
use super::work_queue::WorkQueue;

/// k3s's and kind's.
const LOCAL_PATH: &str = "rancher.io/local-path";
/// minikube's.
const MINIKUBE: &str = "k8s.io/minikube-hostpath";

/// All provisioners in one.
#[derive(Debug)]
pub(super) struct VolumeProvisioner {
    latencies: Latencies,
    stream: Stream,
    /// When the volume of a claim is there, or a volume is deleted.
    due: BTreeMap<ObjectRef, SimTime>,
}

impl super::Create for VolumeProvisioner {
    fn create(settings: &ControllerSettings) -> Self {
        Self {
            latencies: settings.latencies.clone(),
            stream: settings.streams.stream("controllers/volume-provisioner", 0),
            due: BTreeMap::new(),
        }
    }
}

impl Controller for VolumeProvisioner {
    type Draft = ();

    const COMPONENT: &'static str = "external-provisioner";

    fn observe(&mut self, _now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let object = change.object;
        if change.verb == Verb::Deleted {
            self.due.remove(&object);
            return;
        }
        let concerns = match object.kind {
            Kind::PERSISTENT_VOLUME_CLAIM => wants_volume(object, cluster).is_some(),
            _ => is_to_be_deleted(object, cluster),
        };
        if concerns && !self.due.contains_key(&object) {
            queue.add(object);
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        if !cluster.is_live(key) {
            self.due.remove(&key);
            return Plan::done();
        }
        if key.kind == Kind::PERSISTENT_VOLUME {
            if !is_to_be_deleted(key, cluster) {
                return Plan::done();
            }
            return match self.wait(now, key) {
                Err(wait) => wait,
                Ok(()) => Plan::of(Call::Delete { object: key, options: DeleteOptions::default() }),
            };
        }
        let Some((claim, class)) = wants_volume(key, cluster) else {
            self.due.remove(&key);
            return Plan::done();
        };
        if !self.due.contains_key(&key) {
            let message =
                format!("External provisioner is provisioning volume for claim \"{}/{}\"", claim.namespace, claim.name);
            let said = event(key, EventType::Normal, "Provisioning", message, Self::COMPONENT);
            return match self.wait(now, key) {
                Err(wait) => wait.then(Call::Event(Box::new(said))),
                Ok(()) => self.provision(key, &claim, &class, cluster),
            };
        }
        match self.wait(now, key) {
            Err(wait) => wait,
            Ok(()) => self.provision(key, &claim, &class, cluster),
        }
    }
}

impl VolumeProvisioner {
    /// The storage takes its time.
    fn wait(&mut self, now: SimTime, key: ObjectRef) -> Result<(), Plan<()>> {
        let (latencies, stream) = (&self.latencies, &mut self.stream);
        let due = *self.due.entry(key).or_insert_with(|| now + latencies.sample(Latency::VolumeProvision, stream));
        if due > now { Err(Plan::done().again_after(Some(due.since(now)))) } else { Ok(()) }
    }

    fn provision(
        &mut self,
        key: ObjectRef,
        claim: &PersistentVolumeClaim,
        class: &StorageClass,
        cluster: &Cluster,
    ) -> Plan<()> {
        self.due.remove(&key);
        let name = format!("pvc-{}", claim.uid);
        let said = format!("Successfully provisioned volume {name}");
        let manifest = volume(&name, key, claim, class, cluster);
        let decoded = decode(manifest, "", FieldValidation::Strict, &mut DecodeCache::default());
        let decoded = match decoded {
            Ok(decoded) => decoded,
            Err(error) => {
                let message =
                    format!("failed to provision volume with StorageClass {:?}: {error}", class.name.as_str());
                let failed = event(key, EventType::Warning, "ProvisioningFailed", message, Self::COMPONENT);
                return Plan::of(Call::Event(Box::new(failed)));
            }
        };
        Plan::of(Call::Create(Box::new(decoded))).then(Call::Event(Box::new(event(
            key,
            EventType::Normal,
            "ProvisioningSucceeded",
            said,
            Self::COMPONENT,
        ))))
    }
}

/// A claim without volume that names its provisioner, with its class. Upstream: `shouldProvision`.
fn wants_volume(object: ObjectRef, cluster: &Cluster) -> Option<(PersistentVolumeClaim, StorageClass)> {
    let provisioner = cluster.meta(object).annotations.get(STORAGE_PROVISIONER)?.to_owned();
    let claim = cluster.persistent_volume_claim(object);
    let class = cluster.storage_class(claim.class_name())?;
    let is_ready = !class.waits_for_first_consumer || !claim.selected_node.is_empty();
    let has_volume = cluster.find(Kind::PERSISTENT_VOLUME, NamespaceId::NONE, &format!("pvc-{}", claim.uid)).is_some();
    let wants =
        claim.volume.is_empty() && !claim.deleting && external_name(&class.provisioner) == provisioner && is_ready;
    (wants && !has_volume).then_some((claim, class))
}

/// Upstream: `shouldDelete`.
fn is_to_be_deleted(object: ObjectRef, cluster: &Cluster) -> bool {
    let volume = cluster.persistent_volume(object);
    volume.phase == "Released"
        && volume.reclaim_policy == "Delete"
        && !volume.deleting
        && cluster.meta(object).annotations.get(PROVISIONED_BY).is_some()
}

/// What holds the data. A name with a slash is no CSI driver's: those provisioners hand out directories of a node or of
/// a server. Upstream: rancher/local-path-provisioner `Provision`, minikube storage-provisioner `Provision`.
fn source(provisioner: &str, name: &str, claim: &PersistentVolumeClaim) -> (&'static str, Value) {
    if !provisioner.contains('/') {
        return ("csi", json!({ "driver": provisioner, "volumeHandle": name }));
    }
    let (namespace, claim) = (&claim.namespace, &claim.name);
    match provisioner {
        LOCAL_PATH => {
            let path = format!("/opt/local-path-provisioner/{name}_{namespace}_{claim}");
            ("hostPath", json!({ "path": path, "type": "DirectoryOrCreate" }))
        }
        MINIKUBE => {
            let path = format!("/tmp/hostpath-provisioner/{namespace}/{claim}");
            ("hostPath", json!({ "path": path, "type": "" }))
        }
        other => {
            let server = other.split('/').next().unwrap_or(other);
            ("nfs", json!({ "server": server, "path": format!("/{namespace}-{claim}-{name}") }))
        }
    }
}

fn expression(key: &str, values: &Value) -> Value {
    json!({ "key": key, "operator": "In", "values": values })
}

fn volume(name: &str, key: ObjectRef, claim: &PersistentVolumeClaim, class: &StorageClass, cluster: &Cluster) -> Value {
    let raw = &cluster.object(key).raw["spec"];
    let mut spec = json!({
        "capacity": { "storage": raw["resources"]["requests"]["storage"] },
        "accessModes": raw["accessModes"],
        "persistentVolumeReclaimPolicy": class.reclaim_policy.as_str(),
        "storageClassName": class.name.as_str(),
        "volumeMode": claim.mode.as_str(),
        "claimRef": reference(key, cluster),
    });
    let provisioner = external_name(&class.provisioner);
    let (kind, source) = source(provisioner, name, claim);
    spec[kind] = source;
    if !claim.attributes_class.is_empty() {
        spec["volumeAttributesClassName"] = json!(claim.attributes_class.as_str());
    }
    let mut expressions = topology(claim, class, cluster);
    if provisioner == LOCAL_PATH && !claim.selected_node.is_empty() {
        expressions = vec![expression("kubernetes.io/hostname", &json!([claim.selected_node.as_str()]))];
    }
    if !expressions.is_empty() {
        spec["nodeAffinity"] = json!({ "required": { "nodeSelectorTerms": [{ "matchExpressions": expressions }] } });
    }
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": { "name": name, "annotations": { PROVISIONED_BY: provisioner } },
        "spec": spec,
    })
}

/// Where the volume can be used: in the segment of the chosen node, by the keys that the driver registered on it; else
/// in the first topology that the class allows; else everywhere.
/// Upstream: external-provisioner `GenerateAccessibilityRequirements`.
fn topology(claim: &PersistentVolumeClaim, class: &StorageClass, cluster: &Cluster) -> Vec<Value> {
    let csi_node = cluster.find(Kind::CSI_NODE, NamespaceId::NONE, &claim.selected_node);
    let node = cluster.node_by_name(&claim.selected_node);
    if let (Some(csi_node), Some(node)) = (csi_node, node) {
        let labels = &cluster.node(node).meta.labels;
        let drivers = cluster.object(csi_node).raw["spec"]["drivers"].as_array().cloned().unwrap_or_default();
        let driver = drivers.iter().find(|driver| driver["name"] == external_name(&class.provisioner));
        let keys = driver.and_then(|driver| driver["topologyKeys"].as_array()).cloned().unwrap_or_default();
        let keys = keys.iter().filter_map(Value::as_str);
        return keys.filter_map(|key| Some(expression(key, &json!([labels.get(key)?])))).collect();
    }
    let term = class.allowed_topologies.first();
    term.into_iter()
        .flatten()
        .map(|(key, values)| expression(key, &values.iter().map(|value| json!(value.as_str())).collect()))
        .collect()
}
