//! What a dump lacks: kinds that were not asked for, objects that were deleted meanwhile. Where others need it to live
//! on as they do, it is made up from what they tell, and said so; owners that nobody knows are forgotten.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::value::text;
use super::mirrors::is_mirror;
use super::references::{OfReplicaSet, References, selects};
use super::{DumpedObject, Gathered, Owner};
use crate::model::kind::Kind;

/// Room that an assumed node has beyond the requests of its pods: a quarter.
const ROOM: (i64, i64) = (5, 4);

impl Gathered {
    /// Adds what is lacking. Returns a sentence on each assumption.
    pub(super) fn complete(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        let references = std::mem::take(&mut self.references);
        if references.pods == 0 {
            said.push("the dump holds no pods".to_owned());
        }
        self.nodes(&references, &mut said);
        self.replica_sets(&references, &mut said);
        self.owners(&mut said);
        self.priorities(&references, &mut said);
        let accounts = references.accounts.iter().filter(|(_, name)| name != "default");
        let accounts: Vec<Value> = accounts
            .filter(|(namespace, name)| !self.has(Kind::SERVICE_ACCOUNT, namespace, name))
            .map(|(namespace, name)| object("v1", "ServiceAccount", namespace, name))
            .collect();
        self.make_up(accounts, "ServiceAccount", "taken as plain ones", &mut said);
        self.data(&references, &mut said);
        self.storage(&references, &mut said);
        said
    }

    fn make_up(&mut self, objects: Vec<Value>, what: &str, how: &str, said: &mut Vec<String>) {
        if objects.is_empty() {
            return;
        }
        let names: Vec<String> = objects.iter().map(|object| text(&object["metadata"]["name"]).to_owned()).collect();
        said.push(format!("{} in the dump: {how}", absent(&names, what)));
        for object in objects {
            self.add(object);
        }
    }

    /// Nodes on which pods are.
    fn nodes(&mut self, references: &References, said: &mut Vec<String>) {
        let absent = references.nodes.iter().filter(|(name, _)| !self.has(Kind::NODE, "", name));
        let nodes: Vec<Value> = absent
            .map(|(name, carried)| {
                let cores = (carried.cpu_milli * ROOM.0 / ROOM.1 / 1000 + 1).max(4) as u64;
                let gib = ((carried.memory * ROOM.0 / ROOM.1) >> 30).max(15) as u64 + 1;
                let amounts = json!({
                    "cpu": cores.next_power_of_two().to_string(),
                    "memory": format!("{}Gi", gib.next_power_of_two()),
                    "ephemeral-storage": "100Gi",
                    "pods": carried.pods.max(110).to_string(),
                });
                let mut node = object("v1", "Node", "", name);
                node["metadata"]["labels"] = json!({"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"});
                node["status"] = json!({"capacity": amounts, "allocatable": amounts, "conditions": [
                    {"type": "Ready", "status": "True", "reason": "KubeletReady",
                     "message": "kubelet is posting ready status"}
                ]});
                node
            })
            .collect();
        self.make_up(nodes, "Node", "each is assumed as large as its pods' requests need, and a quarter more", said);
    }

    /// ReplicaSets of pods: of the Deployment that selects them.
    fn replica_sets(&mut self, references: &References, said: &mut Vec<String>) {
        let absent: Vec<&OfReplicaSet> =
            references.replica_sets.values().filter(|set| !self.by_uid.contains_key(set.uid.as_str())).collect();
        if absent.is_empty() {
            return;
        }
        let deployments: Vec<Value> = self
            .entries
            .iter()
            .filter(|entry| entry.object.kind == Kind::DEPLOYMENT)
            .map(|entry| entry.object.value())
            .collect();
        // Of several sets of one Deployment the one with most pods has its template.
        let mut of_deployment: BTreeMap<usize, Vec<&OfReplicaSet>> = BTreeMap::new();
        for set in absent {
            let Some(pod) = self.find(Kind::POD, &set.pod.0, &set.pod.1) else { continue };
            let labels = &pod["metadata"]["labels"];
            let owner = deployments.iter().position(|one| {
                one["metadata"]["namespace"] == pod["metadata"]["namespace"]
                    && selects(&one["spec"]["selector"], labels)
            });
            if let Some(owner) = owner {
                of_deployment.entry(owner).or_default().push(set);
            }
        }
        let mut made = Vec::new();
        for (place, mut sets) in of_deployment {
            sets.sort_by_key(|set| std::cmp::Reverse(set.pods));
            for (rank, set) in sets.into_iter().enumerate() {
                let pod = self.find(Kind::POD, &set.pod.0, &set.pod.1).unwrap_or_default();
                made.push(replica_set(&deployments[place], set, &pod, rank == 0));
            }
        }
        self.make_up(made, "ReplicaSet", "made up from the Deployments and the pods", said);
    }

    /// Owners that are nowhere: what they owned stands alone.
    fn owners(&mut self, said: &mut Vec<String>) {
        let by_uid = &self.by_uid;
        let is_unknown = |owner: &Owner| owner.kind.is_some() && !by_uid.contains_key(&owner.uid);
        let mut alone: BTreeMap<(Kind, Kind), usize> = BTreeMap::new();
        for entry in self.entries.iter_mut().filter(|entry| entry.owners.iter().any(&is_unknown)) {
            let mut value = entry.object.value();
            if entry.object.kind == Kind::POD && is_mirror(&value) {
                continue;
            }
            for owner in entry.owners.iter().filter(|owner| is_unknown(owner)) {
                *alone.entry((entry.object.kind, owner.kind.unwrap_or(Kind::POD))).or_default() += 1;
            }
            if let Some(references) = value["metadata"]["ownerReferences"].as_array_mut() {
                references.retain(|one| by_uid.contains_key(text(&one["uid"])));
            }
            entry.owners.retain(|owner| !is_unknown(owner));
            entry.object = DumpedObject::new(entry.object.kind, &value);
        }
        for ((kind, owner), count) in alone {
            let (many, are) = if count == 1 { ("", "stands") } else { ("s", "stand") };
            said.push(format!(
                "{count} {}{many} whose {} is not in the dump {are} alone, without an owner",
                kind.name(),
                owner.name()
            ));
        }
    }

    fn priorities(&mut self, references: &References, said: &mut Vec<String>) {
        let builtin = ["system-cluster-critical", "system-node-critical"];
        let absent = references
            .priorities
            .iter()
            .filter(|(name, _)| !builtin.contains(&name.as_str()) && !self.has(Kind::PRIORITY_CLASS, "", name));
        let classes: Vec<Value> = absent
            .map(|(name, value)| {
                let mut class = object("scheduling.k8s.io/v1", "PriorityClass", "", name);
                class["value"] = value.unwrap_or(0).into();
                class
            })
            .collect();
        self.make_up(classes, "PriorityClass", "with the priority of their pods (0 where no pod tells it)", said);
    }

    fn data(&mut self, references: &References, said: &mut Vec<String>) {
        let kinds =
            [(Kind::CONFIG_MAP, &references.config_maps, "ConfigMap"), (Kind::SECRET, &references.secrets, "Secret")];
        for (kind, wanted, name) in kinds {
            let absent = wanted.iter().filter(|((namespace, name), _)| !self.has(kind, namespace, name));
            // The controller manager makes these in every namespace.
            let absent = absent.filter(|((_, name), _)| name != "kube-root-ca.crt");
            let objects: Vec<Value> = absent
                .map(|((namespace, of), keys)| {
                    let mut made = object("v1", name, namespace, of);
                    made["data"] = keys.iter().map(|key| (key.clone(), Value::from(""))).collect();
                    made
                })
                .collect();
            self.make_up(objects, name, "assumed to exist, with empty values", said);
        }
    }

    /// Claims of pods, bound to volumes of no particular place, and classes that provide more of them.
    fn storage(&mut self, references: &References, said: &mut Vec<String>) {
        let absent = references
            .claims
            .iter()
            .filter(|(namespace, name)| !self.has(Kind::PERSISTENT_VOLUME_CLAIM, namespace, name));
        let mut claims = Vec::new();
        let mut volumes = Vec::new();
        for (namespace, name) in absent {
            let volume = format!("assumed-{namespace}-{name}");
            let spec = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": "", "volumeName": volume,
                "resources": {"requests": {"storage": "1Gi"}}, "volumeMode": "Filesystem"});
            let mut claim = object("v1", "PersistentVolumeClaim", namespace, name);
            claim["metadata"]["annotations"] = json!({"pv.kubernetes.io/bind-completed": "yes"});
            claim["spec"] = spec;
            let uid = format!("assumed-claim-{namespace}-{name}");
            claim["metadata"]["uid"] = uid.as_str().into();
            claim["status"] =
                json!({"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}});
            claims.push(claim);
            let mut made = object("v1", "PersistentVolume", "", &volume);
            made["spec"] = json!({"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"},
                "persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem",
                "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace,
                    "name": name, "uid": uid},
                "hostPath": {"path": "/assumed"}});
            made["status"] = json!({"phase": "Bound"});
            volumes.push(made);
        }
        self.make_up(claims, "PersistentVolumeClaim", "assumed bound, to volumes that any node reaches", said);
        for volume in volumes {
            self.add(volume);
        }
        let classes = references.storage_classes.iter().filter(|name| !self.has(Kind::STORAGE_CLASS, "", name));
        let classes: Vec<Value> = classes
            .map(|name| {
                let mut class = object("storage.k8s.io/v1", "StorageClass", "", name);
                class["provisioner"] = "kubelapse/assumed".into();
                class["volumeBindingMode"] = "WaitForFirstConsumer".into();
                class["reclaimPolicy"] = "Delete".into();
                class
            })
            .collect();
        self.make_up(classes, "StorageClass", "assumed to provide volumes at their first use", said);
    }
}

fn object(api_version: &str, kind: &str, namespace: &str, name: &str) -> Value {
    let mut metadata = json!({"name": name});
    if !namespace.is_empty() {
        metadata["namespace"] = namespace.into();
    }
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata})
}

/// `3 Nodes (a, b, c) are not`.
fn absent(names: &[String], what: &str) -> String {
    const SHOWN: usize = 3;
    let mut list = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        list.push_str(", …");
    }
    let (many, are) = match names.len() {
        1 => ("", "is"),
        _ if what.ends_with('s') => ("es", "are"),
        _ => ("s", "are"),
    };
    format!("{} {what}{many} ({list}) {are} not", names.len())
}

/// The set that a pod's owner reference names. The Deployment's own template goes to one of its sets; what another was
/// made from its pod tells.
fn replica_set(deployment: &Value, set: &OfReplicaSet, pod: &Value, is_current: bool) -> Value {
    let mut made = object("apps/v1", "ReplicaSet", &set.name.0, &set.name.1);
    let metadata = &deployment["metadata"];
    made["metadata"]["uid"] = set.uid.as_str().into();
    made["metadata"]["creationTimestamp"] = pod["metadata"]["creationTimestamp"].clone();
    made["metadata"]["labels"] = pod["metadata"]["labels"].clone();
    let revision = &metadata["annotations"]["deployment.kubernetes.io/revision"];
    if is_current && revision.is_string() {
        made["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": revision});
    }
    made["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "Deployment",
        "name": metadata["name"], "uid": metadata["uid"], "controller": true, "blockOwnerDeletion": true}]);
    let mut template = if is_current {
        deployment["spec"]["template"].clone()
    } else {
        let mut spec = pod["spec"].clone();
        if let Some(spec) = spec.as_object_mut() {
            spec.remove("nodeName");
        }
        json!({"metadata": {"labels": pod["metadata"]["labels"]}, "spec": spec})
    };
    let mut selector = deployment["spec"]["selector"].clone();
    if !set.hash.is_empty() {
        template["metadata"]["labels"]["pod-template-hash"] = set.hash.as_str().into();
        selector["matchLabels"]["pod-template-hash"] = set.hash.as_str().into();
    }
    made["spec"] = json!({"replicas": set.pods, "selector": selector, "template": template});
    made["status"] = json!({"replicas": set.pods, "fullyLabeledReplicas": set.pods, "observedGeneration": 1});
    made
}
