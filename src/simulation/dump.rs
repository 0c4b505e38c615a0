//! A cluster from a dump (`kubectl get nodes,pods,… -A -o yaml`), as it was: no admission, status kept. Nothing lives in
//! it; a scheduler looks at it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::api::{Clock, DecodeCache, Decoded, DecodedBody, FieldValidation, decode};
use crate::cluster::{Cluster, ClusterSettings, Cursor};
use crate::engine::random::Streams;
use crate::engine::{Outbox, SimDuration, SimTime};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::latency::Latencies;
use crate::model::object::{ObjectRef, PodId};
use crate::scheduler::config::SchedulerConfiguration;
use crate::scheduler::explain::NamedExplanation;
use crate::scheduler::{Scheduler, SchedulerSettings};

/// A dumped cluster with a scheduler that has seen all of it.
pub struct DumpedCluster {
    cluster: Cluster,
    scheduler: Scheduler,
    cursor: Cursor,
    now: SimTime,
    /// What the dump holds that is not understood, as `apiVersion kind`, with how often.
    pub skipped: BTreeMap<String, usize>,
}

/// What placing pods one after another came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FitCount {
    /// How many fitted.
    pub fitted: usize,
    /// How many on each node, in order of their names.
    pub by_node: BTreeMap<String, usize>,
    /// Why the next one did not; empty if there was no need to try.
    pub message: String,
}

/// Kinds that others refer to come first, pods last.
fn order(kind: Kind) -> u8 {
    match kind {
        Kind::NAMESPACE => 0,
        Kind::NODE | Kind::PRIORITY_CLASS | Kind::STORAGE_CLASS | Kind::SERVICE_ACCOUNT => 1,
        Kind::POD => 4,
        Kind::DEPLOYMENT => 2,
        _ => 3,
    }
}

/// The objects of some documents: lists are taken apart.
pub fn objects_of(documents: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut objects = Vec::new();
    for mut document in documents {
        let is_list =
            document["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) && document["items"].is_array();
        match document["items"].take() {
            Value::Array(items) if is_list => objects.extend(objects_of(items)),
            items => {
                if !items.is_null() {
                    document["items"] = items;
                }
                if document.is_object() {
                    if document["items"].is_null() {
                        document.as_object_mut().expect("an object").remove("items");
                    }
                    objects.push(document);
                }
            }
        }
    }
    objects
}

impl DumpedCluster {
    /// Restores the objects of a dump.
    ///
    /// # Errors
    /// Two pods of one name; an object with fields of wrong types.
    pub fn new(objects: Vec<Value>, configuration: SchedulerConfiguration) -> Result<Self, String> {
        let streams = Streams::new(0);
        let epoch = objects.iter().filter_map(|object| seconds(&object["metadata"]["creationTimestamp"])).min();
        let newest = objects.iter().filter_map(|object| seconds(&object["metadata"]["creationTimestamp"])).max();
        let epoch = epoch.unwrap_or(0);
        let clock = Clock { epoch_seconds: epoch, warmup: SimDuration::ZERO };
        let (not_ready_toleration_seconds, unreachable_toleration_seconds) = (300, 300);
        let settings = ClusterSettings { clock, streams, not_ready_toleration_seconds, unreachable_toleration_seconds };
        let mut cluster = Cluster::new(settings);
        let mut skipped = BTreeMap::new();
        let mut known: Vec<(Kind, Value)> = Vec::new();
        for object in objects {
            let text = |key: &str| object[key].as_str().unwrap_or_default();
            match Kind::from_manifest(text("apiVersion"), text("kind")) {
                Some(Kind::EVENT | Kind::LEASE) => {}
                Some(kind) => known.push((kind, object)),
                None => *skipped.entry(format!("{} {}", text("apiVersion"), text("kind"))).or_default() += 1,
            }
        }
        known.sort_by_key(|(kind, _)| order(*kind));
        let mut cache = DecodeCache::default();
        for (kind, object) in known {
            let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
            let name = text("name");
            let twin = cluster.namespace(&text("namespace")).and_then(|namespace| cluster.find(kind, namespace, &name));
            if kind == Kind::POD && twin.is_some() {
                return Err(format!("pod {name}: pods \"{name}\" already exists"));
            }
            let imported = cluster.import(SimTime::ZERO, object, &mut cache);
            imported.map_err(|error| format!("{} {name}: {error}", kind.name()))?;
        }
        let settings = SchedulerSettings { configuration, ..SchedulerSettings::new(Latencies::recorded(), streams) };
        let now = SimTime::from_secs(u64::try_from(newest.unwrap_or(epoch) - epoch).unwrap_or(0));
        let mut dumped = Self { cluster, scheduler: Scheduler::new(settings), cursor: Cursor(0), now, skipped };
        dumped.tell();
        Ok(dumped)
    }

    /// The scheduler hears of what is new.
    fn tell(&mut self) {
        let mut outbox = Outbox::default();
        while let Some(change) = self.cluster.log.at(self.cursor) {
            self.cursor.0 += 1;
            self.scheduler.observe(self.now, &change, &mut self.cluster, &mut outbox);
        }
    }

    /// Adds a pod from a manifest (or from the template of a workload), admitted as the API server would.
    ///
    /// # Errors
    /// What the API server says of it.
    pub fn add_pod(&mut self, manifest: Value) -> Result<PodId, String> {
        let manifest = pod_of(manifest)?;
        let decoded = decode(manifest, "default", FieldValidation::Strict, &mut DecodeCache::default());
        let decoded = decoded.map_err(|error| error.to_string())?;
        self.admit(decoded)
    }

    fn admit(&mut self, mut decoded: Decoded) -> Result<PodId, String> {
        let DecodedBody::Pod(template) = &decoded.body else { return Err("this is no pod".to_owned()) };
        let account = template.spec.service_account.clone();
        let account = if account.is_empty() { Text::const_new("default") } else { account };
        let namespace = self.cluster.namespace(&decoded.namespace);
        let namespace = namespace.ok_or_else(|| format!("namespaces \"{}\" not found", decoded.namespace))?;
        if self.cluster.find(Kind::SERVICE_ACCOUNT, namespace, &account).is_none() {
            // A dump hardly ever holds service accounts; nothing here depends on them.
            let metadata = json!({ "name": account.as_str(), "namespace": decoded.namespace.as_str() });
            let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata });
            let imported = self.cluster.import(self.now, account, &mut DecodeCache::default());
            imported.map_err(|error| error.to_string())?;
        }
        // One that is there already (explained again, say) is looked at beside it.
        while self.cluster.find(Kind::POD, namespace, &decoded.name).is_some() {
            decoded.name.push_str("-again");
        }
        let pod = self.cluster.create(self.now, decoded).map_err(|status| status.to_string())?;
        self.tell();
        Ok(pod.as_pod().expect("a pod was created"))
    }

    /// Explains a pod of the dump, or one that was added.
    ///
    /// # Errors
    /// Its scheduler is unknown.
    pub fn explain(&mut self, pod: PodId) -> Result<NamedExplanation, String> {
        self.scheduler.explain(self.now, &self.cluster, pod)
    }

    /// The pods that a target such as `pod/web-0` or `deployment/web` names.
    ///
    /// # Errors
    /// There is none.
    pub fn pods_of_target(&self, namespace: &str, target: &str) -> Result<Vec<PodId>, String> {
        pods_of_target(&self.cluster, namespace, target)
    }

    /// Pods without a node that could have one, in the scheduler's words: not ended, not being deleted.
    pub fn pending_pods(&self) -> Vec<PodId> {
        pending_pods(&self.cluster)
    }

    /// Places copies of a pod one after another until one does not fit, or `most` are placed.
    ///
    /// # Errors
    /// What the API server says of the manifest.
    pub fn count_fitting(&mut self, manifest: Value, most: usize) -> Result<FitCount, String> {
        let manifest = pod_of(manifest)?;
        let mut cache = DecodeCache::default();
        let mut count = FitCount { fitted: 0, by_node: BTreeMap::new(), message: String::new() };
        let base = manifest["metadata"]["name"].as_str().unwrap_or("pod").to_owned();
        while count.fitted < most {
            let mut copy = manifest.clone();
            copy["metadata"]["name"] = format!("{base}-{}", count.fitted + 1).into();
            let decoded =
                decode(copy, "default", FieldValidation::Strict, &mut cache).map_err(|error| error.to_string())?;
            let pod = self.admit(decoded)?;
            match self.scheduler.place(self.now, &self.cluster, pod)? {
                Ok(node) => {
                    count.fitted += 1;
                    *count.by_node.entry(self.cluster.node_name(node).to_owned()).or_default() += 1;
                }
                Err(message) => {
                    count.message = message;
                    break;
                }
            }
        }
        Ok(count)
    }
}

/// A pod by namespace and name.
pub(super) fn find_pod(cluster: &Cluster, namespace: &str, name: &str) -> Result<PodId, String> {
    let id = cluster.namespace(namespace).ok_or_else(|| format!("namespaces \"{namespace}\" not found"))?;
    let pod = cluster.find(Kind::POD, id, name).and_then(ObjectRef::as_pod);
    pod.ok_or_else(|| format!("pods \"{name}\" not found in namespace {namespace}"))
}

/// The pods that a target such as `pod/web-0` or `deployment/web` names: of a workload those that wait for a node, or
/// its newest if none does.
pub(super) fn pods_of_target(cluster: &Cluster, namespace: &str, target: &str) -> Result<Vec<PodId>, String> {
    let (kind_name, name) = target.split_once('/').ok_or_else(|| format!("{target:?} is no pod/NAME"))?;
    let workloads = [
        Kind::DEPLOYMENT,
        Kind::REPLICA_SET,
        Kind::REPLICATION_CONTROLLER,
        Kind::STATEFUL_SET,
        Kind::DAEMON_SET,
        Kind::JOB,
    ];
    let kind = match Kind::from_argument(kind_name) {
        Some(Kind::POD) => return find_pod(cluster, namespace, name).map(|pod| vec![pod]),
        Some(kind) if workloads.contains(&kind) => kind,
        _ => return Err(format!("explain knows pod/NAME, a workload's KIND/NAME and --pending, not {kind_name}/…")),
    };
    let id = cluster.namespace(namespace).ok_or_else(|| format!("namespaces \"{namespace}\" not found"))?;
    let workload = cluster.get(kind, id, name).map_err(|status| status.to_string())?;
    let is_of = |pod: &PodId| {
        let controller = cluster.pod(*pod).controller;
        controller == workload
            || controller.is_some() && controller.kind != Kind::POD && cluster.meta(controller).controller() == workload
    };
    let pods: Vec<PodId> = cluster.list(Kind::POD).filter_map(ObjectRef::as_pod).filter(is_of).collect();
    let waiting: Vec<PodId> = pods.iter().copied().filter(|pod| waits(cluster, *pod)).collect();
    let newest = pods.last().copied().ok_or_else(|| format!("{target} has no pod"))?;
    Ok(if waiting.is_empty() { vec![newest] } else { waiting })
}

fn waits(cluster: &Cluster, pod: PodId) -> bool {
    let row = cluster.pod(pod);
    row.node.is_none() && row.deletion.is_none() && !row.status.phase.is_terminal()
}

/// Pods that wait for a node.
pub(super) fn pending_pods(cluster: &Cluster) -> Vec<PodId> {
    cluster.list(Kind::POD).filter_map(ObjectRef::as_pod).filter(|pod| waits(cluster, *pod)).collect()
}

/// The manifest itself, or a pod of the workload's template.
fn pod_of(manifest: Value) -> Result<Value, String> {
    if manifest["kind"] == "Pod" {
        let mut pod = manifest;
        // A dumped pod is looked at as one that has no node yet.
        if let Some(object) = pod.as_object_mut() {
            object.remove("status");
        }
        if let Some(spec) = pod["spec"].as_object_mut() {
            spec.remove("nodeName");
        }
        return Ok(pod);
    }
    let kind = manifest["kind"].as_str().unwrap_or_default();
    let spec = &manifest["spec"];
    let template =
        [&spec["template"], &spec["jobTemplate"]["spec"]["template"]].into_iter().find(|one| one.is_object());
    let Some(template) = template else { return Err(format!("a {kind} has no pod")) };
    let mut pod = template.clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    let metadata = &manifest["metadata"];
    pod["metadata"]["name"] = format!("{}-0", metadata["name"].as_str().unwrap_or("pod")).into();
    if !metadata["namespace"].is_null() {
        pod["metadata"]["namespace"] = metadata["namespace"].clone();
    }
    Ok(pod)
}

fn seconds(value: &Value) -> Option<i64> {
    value.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}
