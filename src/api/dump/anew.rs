//! A dumped cluster anew: what its users wrote, without what the cluster made of it, so that it can be created again on
//! other nodes. Pods of controllers, endpoints and the like come again by themselves.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;
use serde_json::{Map, Value, json};

use super::super::decode::known_fields;
use super::super::value::{flag, int, items, text};
use super::super::{DecodeCache, FieldValidation, decode};
use super::Dump;
use super::injected::Injected;
use super::mirrors::is_mirror;
use crate::model::kind::Kind;

/// Kinds that decide about pods and nodes, or that pods refer to. Nodes themselves are machines; others (roles, webhooks,
/// network policies, ingresses) change nothing here.
const DECIDE: [Kind; 27] = [
    Kind::NAMESPACE,
    Kind::PRIORITY_CLASS,
    Kind::STORAGE_CLASS,
    Kind::RUNTIME_CLASS,
    Kind::DEVICE_CLASS,
    Kind::CSI_DRIVER,
    Kind::SERVICE_ACCOUNT,
    Kind::RESOURCE_QUOTA,
    Kind::LIMIT_RANGE,
    Kind::CONFIG_MAP,
    Kind::SECRET,
    Kind::PERSISTENT_VOLUME,
    Kind::PERSISTENT_VOLUME_CLAIM,
    Kind::RESOURCE_CLAIM,
    Kind::RESOURCE_CLAIM_TEMPLATE,
    Kind::SERVICE,
    Kind::ENDPOINTS,
    Kind::ENDPOINT_SLICE,
    Kind::HORIZONTAL_POD_AUTOSCALER,
    Kind::POD_DISRUPTION_BUDGET,
    Kind::DEPLOYMENT,
    Kind::REPLICA_SET,
    Kind::REPLICATION_CONTROLLER,
    Kind::STATEFUL_SET,
    Kind::DAEMON_SET,
    Kind::JOB,
    Kind::CRON_JOB,
];

/// Namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Annotations that controllers write begin with one of these.
const ANNOTATIONS_MADE: [&str; 6] = [
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
    "kubectl.kubernetes.io/last-applied-configuration",
    "pv.kubernetes.io/",
    "volume.beta.kubernetes.io/",
    "volume.kubernetes.io/",
];

/// What can be created again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Anew {
    /// Manifests, in an order in which nobody refers to one that comes later.
    pub manifests: Vec<Value>,
    /// What the user should know, in words.
    pub notes: Vec<String>,
    /// What the API server would refuse, in words.
    pub refused: Vec<String>,
}

impl Dump {
    /// What its users wrote.
    pub fn anew(&self) -> Anew {
        let mut making = Making::of(self);
        for object in &self.objects {
            if let Some(manifest) = making.written(object.kind, object.value()) {
                making.add(object.kind, manifest);
            }
        }
        making.finish()
    }
}

/// An [`Anew`] in the making.
#[derive(Debug, Default)]
struct Making {
    /// UIDs of what comes again.
    owners: FxHashSet<String>,
    /// Services that select pods, by namespace and name: controllers make their endpoints.
    selecting: BTreeSet<(String, String)>,
    injected: Injected,
    namespaces: BTreeSet<String>,
    cache: DecodeCache,
    counts: BTreeMap<Note, usize>,
    unknown: BTreeSet<String>,
    made: Anew,
}

/// What happens to several objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Note {
    Alone,
    Injected,
    OfDaemonSet,
    Local,
    Paused,
}

impl Note {
    fn words(self, count: usize) -> String {
        let many = if count == 1 { "" } else { "s" };
        match self {
            Self::Alone => format!(
                "{count} Pod{many} without a controller of a known kind: created anew too, but not again when a node is lost"
            ),
            Self::Injected => format!(
                "{count} workload{many} whose live pods have containers or requests that the template lacks (injected, resized): new pods get them too"
            ),
            Self::OfDaemonSet => {
                format!(
                    "{count} Pod{many} of DaemonSets that the dump lacks: left out, with what they ask of each node"
                )
            }
            Self::Local => {
                format!("{count} PersistentVolume{many} on one node of the dump only: taken as reachable from any node")
            }
            Self::Paused => format!("{count} paused Deployment{many}: taken as going on with the template"),
        }
    }
}

impl Making {
    fn of(dump: &Dump) -> Self {
        let mut making = Self { injected: Injected::of(dump), ..Self::default() };
        for object in dump.objects.iter().filter(|object| !matches!(object.kind, Kind::POD | Kind::EVENT)) {
            let value = object.value();
            let metadata = &value["metadata"];
            if object.kind == Kind::SERVICE && value["spec"]["selector"].as_object().is_some_and(|one| !one.is_empty())
            {
                making.selecting.insert((text(&metadata["namespace"]).to_owned(), text(&metadata["name"]).to_owned()));
            }
            if metadata["deletionTimestamp"].is_null() && object.kind != Kind::NODE {
                making.owners.insert(text(&metadata["uid"]).to_owned());
            }
        }
        making
    }

    /// What somebody wrote of an object; nothing if it comes by itself, is over, or goes.
    fn written(&mut self, kind: Kind, mut object: Value) -> Option<Value> {
        if !(kind == Kind::POD || DECIDE.contains(&kind))
            || self.comes_by_itself(kind, &object)
            || is_over(kind, &object)
        {
            return None;
        }
        let uid = text(&object["metadata"]["uid"]).to_owned();
        if let Some(template) =
            object.pointer_mut(kind.template_path()).and_then(|template| template.get_mut("spec")?.as_object_mut())
            && self.injected.add_to(&uid, template)
        {
            self.note(Note::Injected);
        }
        let metadata = object["metadata"].as_object_mut()?;
        metadata.retain(|name, _| matches!(name.as_str(), "name" | "namespace" | "labels" | "annotations"));
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.retain(|name, _| !ANNOTATIONS_MADE.iter().any(|made| name.starts_with(made)));
        }
        let succeeded = int(&object["status"]["succeeded"]);
        object.as_object_mut()?.remove("status");
        if kind == Kind::SECRET {
            // Values that were redacted are none of the type's.
            object.as_object_mut()?.remove("type");
        }
        if kind == Kind::POD {
            let named = &object["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
            if items(&named["nodeSelectorTerms"]).iter().any(|term| !items(&term["matchFields"]).is_empty()) {
                self.note(Note::OfDaemonSet);
                return None;
            }
            self.note(Note::Alone);
        }
        if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
            self.clean(kind, spec, succeeded);
        }
        Some(object)
    }

    fn note(&mut self, note: Note) {
        *self.counts.entry(note).or_default() += 1;
    }

    /// Does a component make it, or is it there in every cluster?
    fn comes_by_itself(&self, kind: Kind, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
        let is_owned = items(&metadata["ownerReferences"]).iter().filter(|one| flag(&one["controller"])).any(|owner| {
            // A Job that a CronJob has begun goes on; claims of ephemeral volumes come with their pods.
            let comes_again = self.owners.contains(text(&owner["uid"])) || owner["kind"] == "Pod";
            comes_again && !(kind == Kind::JOB && owner["kind"] == "CronJob")
        });
        is_owned
            || !metadata["deletionTimestamp"].is_null()
            || match kind {
                Kind::POD => is_mirror(object),
                Kind::NAMESPACE => NAMESPACES.contains(&name),
                Kind::SERVICE => (namespace, name) == ("default", "kubernetes"),
                Kind::SERVICE_ACCOUNT => name == "default",
                Kind::CONFIG_MAP => name == "kube-root-ca.crt",
                Kind::PRIORITY_CLASS => name.starts_with("system-"),
                Kind::SECRET => matches!(
                    text(&object["type"]),
                    "kubernetes.io/service-account-token" | "bootstrap.kubernetes.io/token"
                ),
                Kind::ENDPOINTS => {
                    name == "kubernetes" || self.selecting.contains(&(namespace.to_owned(), name.to_owned()))
                }
                Kind::ENDPOINT_SLICE => {
                    let labels = &metadata["labels"];
                    let service = text(&labels["kubernetes.io/service-name"]);
                    service == "kubernetes" || !labels["endpointslice.kubernetes.io/managed-by"].is_null()
                }
                _ => false,
            }
    }

    /// Takes out what the cluster added to a spec.
    fn clean(&mut self, kind: Kind, spec: &mut Map<String, Value>, succeeded: i64) {
        let mut remove = |names: &[&str]| names.iter().for_each(|name| drop(spec.remove(*name)));
        match kind {
            // What admission computes again, and what cannot be there at first.
            Kind::POD => remove(&["nodeName", "priority", "preemptionPolicy", "ephemeralContainers"]),
            Kind::SERVICE => {
                remove(&["clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"]);
                if spec.get("clusterIP").is_some_and(|address| address != "None") {
                    spec.remove("clusterIP");
                }
            }
            Kind::DEPLOYMENT if spec.remove("paused") == Some(Value::Bool(true)) => self.note(Note::Paused),
            Kind::JOB => {
                if spec.get("manualSelector") != Some(&Value::Bool(true)) {
                    spec.remove("selector");
                    let labels = spec.get_mut("template").and_then(|template| template.pointer_mut("/metadata/labels"));
                    if let Some(labels) = labels.and_then(Value::as_object_mut) {
                        labels.retain(|name, _| !name.ends_with("controller-uid") && !name.ends_with("job-name"));
                    }
                }
                let is_indexed = spec.get("completionMode").is_some_and(|mode| mode == "Indexed");
                if let Some(completions) = spec.get("completions").and_then(Value::as_i64).filter(|_| !is_indexed) {
                    spec.insert("completions".to_owned(), (completions - succeeded).max(1).into());
                }
            }
            Kind::PERSISTENT_VOLUME => {
                // Without its uid it is bound to the claim of that name, which is created anew.
                if let Some(claim) = spec.get_mut("claimRef").and_then(Value::as_object_mut) {
                    claim.remove("uid");
                    claim.remove("resourceVersion");
                }
                let names = spec.get("nodeAffinity").map(Value::to_string).unwrap_or_default();
                if names.contains("\"kubernetes.io/hostname\"") {
                    spec.remove("nodeAffinity");
                    // A local volume without nodes is none.
                    if let Some(local) = spec.remove("local") {
                        spec.insert("hostPath".to_owned(), json!({"path": local["path"]}));
                    }
                    self.note(Note::Local);
                }
            }
            _ => {}
        }
    }

    /// Takes a manifest that the API server does.
    fn add(&mut self, kind: Kind, manifest: Value) {
        let name = text(&manifest["metadata"]["name"]).to_owned();
        let namespace = text(&manifest["metadata"]["namespace"]).to_owned();
        let full = if namespace.is_empty() { name.clone() } else { format!("{namespace}/{name}") };
        let known = known_fields(manifest);
        let checked = known.and_then(|(manifest, unknown)| {
            self.unknown.extend(unknown.iter().map(|path| format!("{path} of {}", kind.name())));
            decode(manifest.clone(), "default", FieldValidation::Strict, &mut self.cache).map(|_| manifest)
        });
        match checked {
            Ok(manifest) => {
                match kind {
                    Kind::NAMESPACE => drop(self.namespaces.insert(name)),
                    _ if !namespace.is_empty()
                        && !NAMESPACES.contains(&namespace.as_str())
                        && self.namespaces.insert(namespace.clone()) =>
                    {
                        let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
                        self.made.manifests.push(made);
                    }
                    _ => {}
                }
                self.made.manifests.push(manifest);
            }
            Err(error) => {
                let message = error.to_string();
                self.made.refused.push(format!(
                    "{} {full} cannot be created anew: {}",
                    kind.name(),
                    message.trim_end()
                ));
            }
        }
    }

    fn finish(mut self) -> Anew {
        self.made.notes = self.counts.iter().map(|(note, count)| note.words(*count)).collect();
        if !self.unknown.is_empty() {
            let fields: Vec<&str> = self.unknown.iter().take(3).map(String::as_str).collect();
            let more =
                if self.unknown.len() > 3 { format!(" and {} more", self.unknown.len() - 3) } else { String::new() };
            self.made.notes.push(format!("fields that are unknown in v1.36 are left out: {}{more}", fields.join(", ")));
        }
        self.made
    }
}

/// Has a Pod or a Job ended, or is a volume of no use any more?
fn is_over(kind: Kind, object: &Value) -> bool {
    let status = &object["status"];
    match kind {
        Kind::POD => matches!(text(&status["phase"]), "Succeeded" | "Failed"),
        Kind::PERSISTENT_VOLUME => matches!(text(&status["phase"]), "Released" | "Failed"),
        Kind::JOB => items(&status["conditions"])
            .iter()
            .any(|one| matches!(text(&one["type"]), "Complete" | "Failed") && one["status"] == "True"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anew(objects: &[Value]) -> Anew {
        Dump::of(objects.iter().cloned()).anew()
    }

    fn names(anew: &Anew) -> Vec<&str> {
        anew.manifests.iter().map(|one| text(&one["metadata"]["name"])).collect()
    }

    fn template(labels: &Value) -> Value {
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}})
    }

    fn owned(kind: &str, uid: &str) -> Value {
        json!([{"apiVersion": "apps/v1", "kind": kind, "name": "x", "uid": uid, "controller": true}])
    }

    fn pod(name: &str, owners: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "uid": name, "ownerReferences": owners},
            "spec": {"nodeName": "n1", "priority": 7, "containers": [{"name": "c", "image": "nginx"}]},
            "status": {"phase": "Running"}})
    }

    #[test]
    fn what_somebody_wrote_stays_and_what_the_cluster_made_goes() {
        let labels = json!({"app": "web"});
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "uid": "d", "resourceVersion": "5", "generation": 2,
                "annotations": {"deployment.kubernetes.io/revision": "3", "team": "a"}},
            "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": template(&labels), "newField": 1},
            "status": {"replicas": 3}});
        let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": "web-1", "namespace": "shop", "uid": "r", "ownerReferences": owned("Deployment", "d")},
            "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": template(&labels)}});
        let made = anew(&[deployment, set, pod("web-1-a", &owned("ReplicaSet", "r")), pod("alone", &json!([]))]);
        assert_eq!(names(&made), ["shop", "web", "alone"], "its namespace comes first");
        assert_eq!(
            made.manifests[1]["metadata"],
            json!({"name": "web", "namespace": "shop", "annotations": {"team": "a"}})
        );
        assert!(made.manifests[1]["status"].is_null() && made.manifests[1]["spec"]["newField"].is_null());
        assert_eq!(made.manifests[2]["spec"], json!({"containers": [{"name": "c", "image": "nginx"}]}));
        assert!(made.notes[0].starts_with("1 Pod without a controller"), "{:?}", made.notes);
        assert!(made.notes[1].ends_with("left out: spec.newField of Deployment"), "{:?}", made.notes);
        assert_eq!(made.refused, [] as [String; 0]);
    }

    #[test]
    fn pods_of_owners_that_do_not_come_again_are_created_themselves() {
        let rollout = json!([{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "x", "uid": "u", "controller": true}]);
        assert_eq!(names(&anew(&[pod("of-rollout", &rollout)])), ["shop", "of-rollout"]);
        let mut daemon = pod("agent-x", &owned("DaemonSet", "gone"));
        daemon["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"] =
            json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}]);
        let made = anew(&[daemon]);
        assert!(made.manifests.is_empty() && made.notes[0].contains("DaemonSets that the dump lacks"), "{made:?}");
    }

    #[test]
    fn what_is_over_or_goes_does_not_come_again() {
        let mut ended = pod("ended", &json!([]));
        ended["status"]["phase"] = "Succeeded".into();
        let mut going = pod("going", &json!([]));
        going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        let job = |name: &str, status: Value| {
            json!({"apiVersion": "batch/v1", "kind": "Job",
                "metadata": {"name": name, "namespace": "shop", "uid": name,
                    "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "x", "uid": "cron", "controller": true}]},
                "spec": {"completions": 9, "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "j"}},
                    "template": {"metadata": {"labels": {"batch.kubernetes.io/controller-uid": "j", "app": "a"}},
                        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}}},
                "status": status})
        };
        let done = job("done", json!({"conditions": [{"type": "Complete", "status": "True"}]}));
        let made = anew(&[ended, going, done, job("runs", json!({"succeeded": 4}))]);
        assert_eq!(names(&made), ["shop", "runs"]);
        let spec = &made.manifests[1]["spec"];
        assert_eq!((&spec["completions"], &spec["selector"]), (&json!(5), &Value::Null));
        assert_eq!(spec["template"]["metadata"]["labels"], json!({"app": "a"}));
    }

    #[test]
    fn services_get_new_addresses_and_volumes_wait_for_their_claims() {
        let service = |name: &str, address: &str| {
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
                "spec": {"clusterIP": address, "clusterIPs": [address], "selector": {"a": "b"}, "ports": [{"port": 80}]}})
        };
        let endpoints = |name: &str| json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name, "namespace": "default"}});
        let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"},
            "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "local": {"path": "/d"},
                "claimRef": {"kind": "PersistentVolumeClaim", "namespace": "default", "name": "c", "uid": "u"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions":
                    [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1"]}]}]}}},
            "status": {"phase": "Bound"}});
        let made = anew(&[
            service("a", "10.0.0.7"),
            service("none", "None"),
            service("kubernetes", "10.0.0.1"),
            endpoints("a"),
            endpoints("by-hand"),
            volume,
        ]);
        let of = |name: &str| made.manifests.iter().find(|one| one["metadata"]["name"] == name);
        assert!(of("a").unwrap()["spec"]["clusterIP"].is_null() && of("kubernetes").is_none());
        assert_eq!(of("none").unwrap()["spec"]["clusterIP"], "None");
        assert_eq!(made.manifests.iter().filter(|one| one["kind"] == "Endpoints").count(), 1);
        let spec = &of("pv").map(|one| one["spec"].clone()).unwrap_or_default();
        assert!(spec["claimRef"]["uid"].is_null() && spec["claimRef"]["name"] == "c");
    }

    #[test]
    fn what_the_api_server_refuses_is_told() {
        let mut bad = pod("bad", &json!([]));
        bad["spec"]["containers"] = json!([]);
        let made = anew(&[bad]);
        assert!(made.refused[0].starts_with("Pod shop/bad cannot be created anew: "), "{:?}", made.refused);
    }
}
