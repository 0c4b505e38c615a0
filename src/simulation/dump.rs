//! A cluster from a dump (`kubectl get nodes,pods,… -A -o yaml`), as it was: no admission, status kept. Nothing lives in
//! it; a scheduler looks at it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::api::{Clock, DecodeCache, Decoded, DecodedBody, FieldValidation, convert, decode};
use crate::cluster::{Cluster, ClusterSettings, Cursor, Fields, NewPod, PodName};
use crate::engine::random::Streams;
use crate::engine::{Outbox, SimDuration, SimTime};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::latency::Latencies;
use crate::model::object::{NamespaceId, NodeId, ObjectRef, OwnerReference, PodId};
use crate::model::pod::{PodCondition, PodConditionType, PodPhase};
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
    /// An object that cannot stand beside the others (two of one name, a pod of an unknown namespace).
    pub fn new(objects: Vec<Value>, configuration: SchedulerConfiguration) -> Result<Self, String> {
        let streams = Streams::new(0);
        let epoch = objects.iter().filter_map(|object| seconds(&object["metadata"]["creationTimestamp"])).min();
        let newest = objects.iter().filter_map(|object| seconds(&object["metadata"]["creationTimestamp"])).max();
        let epoch = epoch.unwrap_or(0);
        let clock = Clock { epoch_seconds: epoch, warmup: SimDuration::ZERO };
        let (not_ready_toleration_seconds, unreachable_toleration_seconds) = (300, 300);
        let settings = ClusterSettings { clock, streams, not_ready_toleration_seconds, unreachable_toleration_seconds };
        let mut restored = Restored { cluster: Cluster::new(settings), epoch, by_uid: BTreeMap::new() };
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
        for (_, object) in &known {
            restored.namespace(object["metadata"]["namespace"].as_str().unwrap_or_default())?;
        }
        for (kind, object) in known {
            restored.add(kind, object)?;
        }
        let settings = SchedulerSettings { configuration, ..SchedulerSettings::new(Latencies::recorded(), streams) };
        let now = SimTime::from_secs(u64::try_from(newest.unwrap_or(epoch) - epoch).unwrap_or(0));
        let mut dumped =
            Self { cluster: restored.cluster, scheduler: Scheduler::new(settings), cursor: Cursor(0), now, skipped };
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
            let manifest = serde_json::json!({ "metadata": { "name": account.as_str() } });
            let account = stored(Kind::SERVICE_ACCOUNT, &decoded.namespace, &account, manifest);
            self.cluster.create(self.now, account).map_err(|status| status.to_string())?;
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
    let kind = Kind::all().find(|kind| {
        let info = kind.info();
        info.name.eq_ignore_ascii_case(kind_name) || info.plural == kind_name || info.short.contains(&kind_name)
    });
    let workloads = [
        Kind::DEPLOYMENT,
        Kind::REPLICA_SET,
        Kind::REPLICATION_CONTROLLER,
        Kind::STATEFUL_SET,
        Kind::DAEMON_SET,
        Kind::JOB,
    ];
    let kind = match kind {
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

/// An object as it is stored: nothing is defaulted or checked, a dump has been through both.
fn stored(kind: Kind, namespace: &str, name: &str, mut value: Value) -> Decoded {
    let metadata = value["metadata"].take();
    if let Some(object) = value.as_object_mut() {
        object.remove("metadata");
    }
    let template = value["spec"]["template"].is_object().then(|| {
        let template = &value["spec"]["template"];
        Arc::new(convert::pod_template(template))
    });
    let body = convert::body(kind, &value);
    if let Some(object) = value.as_object_mut() {
        object.remove("status");
    }
    Decoded {
        kind,
        namespace: namespace.into(),
        name: name.into(),
        generate_name: Text::default(),
        labels: Arc::new(convert::labels(&metadata["labels"])),
        annotations: Arc::new(convert::labels(&metadata["annotations"])),
        finalizers: Vec::new(),
        owners: Vec::new(),
        resource_version: Text::default(),
        raw: Arc::new(value),
        body: DecodedBody::Other { body, template },
    }
}

/// A cluster on its way from the dump.
struct Restored {
    cluster: Cluster,
    epoch: i64,
    by_uid: BTreeMap<String, ObjectRef>,
}

impl Restored {
    fn time(&self, value: &Value) -> Option<SimTime> {
        Some(SimTime::from_secs(u64::try_from(seconds(value)? - self.epoch).unwrap_or(0)))
    }

    /// A namespace that the dump has objects of is there, whether it was dumped or not.
    fn namespace(&mut self, name: &str) -> Result<(), String> {
        if name.is_empty() || self.cluster.namespace(name).is_some() {
            return Ok(());
        }
        let labels = serde_json::json!({ "kubernetes.io/metadata.name": name });
        let object = stored(Kind::NAMESPACE, "", name, serde_json::json!({ "metadata": { "labels": labels } }));
        self.cluster.create(SimTime::ZERO, object).map(drop).map_err(|status| status.to_string())
    }

    fn add(&mut self, kind: Kind, mut value: Value) -> Result<(), String> {
        let metadata = value["metadata"].clone();
        let text = |key: &str| metadata[key].as_str().unwrap_or_default();
        let (namespace, name) = (text("namespace"), text("name"));
        if kind == Kind::POD {
            return self.add_pod(namespace, name, &value);
        }
        let status = value["status"].clone();
        let id = if kind.is_namespaced() { self.cluster.namespace(namespace) } else { Some(NamespaceId::NONE) };
        let known = id.and_then(|id| self.cluster.find(kind, id, name));
        let object = if let Some(known) = known {
            // The bootstrap made it already; the dump knows its labels.
            let labels = Arc::new(convert::labels(&metadata["labels"]));
            self.cluster.modify_meta(SimTime::ZERO, known, |meta| {
                meta.labels = labels;
                true
            });
            known
        } else {
            value["metadata"] = metadata.clone();
            let object = stored(kind, namespace, name, value);
            self.cluster.create(SimTime::ZERO, object).map_err(|status| format!("{} {name}: {status}", kind.name()))?
        };
        self.cluster.modify_stored(SimTime::ZERO, object, |_, _, stored| {
            if status.is_null() {
                return Fields::empty();
            }
            *stored = status;
            Fields::STATUS
        });
        let references = metadata["ownerReferences"].as_array().into_iter().flatten();
        let owners: Vec<OwnerReference> = references
            .filter_map(|reference| {
                let owner = *self.by_uid.get(reference["uid"].as_str()?)?;
                Some(OwnerReference { owner, controller: reference["controller"] == true, block_owner_deletion: false })
            })
            .collect();
        if !owners.is_empty() {
            self.cluster.set_owners(SimTime::ZERO, object, owners);
        }
        self.by_uid.insert(text("uid").to_owned(), object);
        Ok(())
    }

    fn add_pod(&mut self, namespace: &str, name: &str, value: &Value) -> Result<(), String> {
        let template = self.cluster.intern_template(Arc::new(convert::pod_template(value)));
        let owners = value["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        let controller = owners.filter(|owner| owner["controller"] == true).find_map(|owner| owner["uid"].as_str());
        let new = NewPod {
            namespace: self.cluster.namespace(namespace).ok_or_else(|| format!("pod {name} has no namespace"))?,
            name: PodName::Exact(name.into()),
            template,
            controller: controller.and_then(|uid| self.by_uid.get(uid)).copied().unwrap_or(ObjectRef::NONE),
            finalizers: Vec::new(),
            mirror: true,
        };
        let pod = self.cluster.create_pod(SimTime::ZERO, new).map_err(|status| format!("pod {name}: {status}"))?;
        let status = &value["status"];
        let phase = PodPhase::from_name(status["phase"].as_str().unwrap_or_default()).unwrap_or_default();
        let start = self.time(&status["startTime"]);
        let preempted =
            status["conditions"].as_array().into_iter().flatten().any(|condition| {
                condition["type"] == "DisruptionTarget" && condition["reason"] == "PreemptionByScheduler"
            });
        self.cluster.modify_pod_status(SimTime::ZERO, pod, |row| {
            row.phase = phase;
            row.start_time = start;
            if preempted {
                row.set_condition(PodCondition {
                    kind: PodConditionType::DisruptionTarget,
                    status: crate::model::condition::ConditionStatus::True,
                    reason: "PreemptionByScheduler".into(),
                    message: Text::default(),
                    last_transition: SimTime::ZERO,
                });
            }
        });
        let nominated = status["nominatedNodeName"].as_str().and_then(|node| self.cluster.node_by_name(node));
        self.cluster.nominate(SimTime::ZERO, pod, nominated.unwrap_or(NodeId::NONE));
        if value["metadata"]["deletionTimestamp"].is_string() {
            let _ = self.cluster.delete(SimTime::ZERO, ObjectRef::pod(pod), crate::cluster::DeleteOptions::default());
        }
        Ok(())
    }
}
