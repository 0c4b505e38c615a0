//! What the objects of a dump refer to by name: noted object by object, compared with what is there at the end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::value::{int, items, members, text};
use crate::model::kind::Kind;
use crate::model::quantity::Quantity;

/// Namespace and name.
pub(super) type Name = (String, String);

/// What a node must have for the pods that are on it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Carried {
    pub pods: u32,
    pub cpu_milli: i64,
    pub memory: i64,
}

/// A pod whose controller is a ReplicaSet.
#[derive(Clone, Debug)]
pub(super) struct OfReplicaSet {
    pub name: Name,
    pub uid: String,
    pub hash: String,
    pub pods: u32,
    /// The last of them.
    pub pod: Name,
}

/// Everything that is referred to.
#[derive(Debug, Default)]
pub(super) struct References {
    pub nodes: BTreeMap<String, Carried>,
    pub accounts: BTreeSet<Name>,
    /// With their value, where a pod tells it.
    pub priorities: BTreeMap<String, Option<i64>>,
    /// With the keys that are asked for.
    pub config_maps: BTreeMap<Name, BTreeSet<String>>,
    pub secrets: BTreeMap<Name, BTreeSet<String>>,
    pub claims: BTreeSet<Name>,
    pub storage_classes: BTreeSet<String>,
    /// By UID.
    pub replica_sets: BTreeMap<String, OfReplicaSet>,
    /// Pods and workloads, for the list of what a dump lacks.
    pub pods: usize,
}

impl References {
    /// Notes what an object refers to.
    pub fn note(&mut self, kind: Kind, value: &Value) {
        let namespace = text(&value["metadata"]["namespace"]);
        match kind {
            Kind::POD => {
                self.pods += 1;
                self.pod(value, namespace);
                self.spec(&value["spec"], namespace, true);
            }
            Kind::PERSISTENT_VOLUME_CLAIM => self.storage_class(&value["spec"]["storageClassName"]),
            Kind::STATEFUL_SET => {
                for claim in items(&value["spec"]["volumeClaimTemplates"]) {
                    self.storage_class(&claim["spec"]["storageClassName"]);
                }
                self.spec(&value["spec"]["template"]["spec"], namespace, false);
            }
            Kind::CRON_JOB => self.spec(&value["spec"]["jobTemplate"]["spec"]["template"]["spec"], namespace, false),
            _ => self.spec(&value["spec"]["template"]["spec"], namespace, false),
        }
    }

    fn storage_class(&mut self, name: &Value) {
        if !text(name).is_empty() {
            self.storage_classes.insert(text(name).to_owned());
        }
    }

    fn pod(&mut self, value: &Value, namespace: &str) {
        let node = text(&value["spec"]["nodeName"]);
        let ended = matches!(text(&value["status"]["phase"]), "Succeeded" | "Failed");
        if !node.is_empty() {
            let carried = self.nodes.entry(node.to_owned()).or_default();
            if !ended {
                carried.pods += 1;
                for container in items(&value["spec"]["containers"]) {
                    let request = |name: &str| quantity(&container["resources"]["requests"][name]);
                    carried.cpu_milli += request("cpu").map_or(0, |amount| amount.milli());
                    carried.memory += request("memory").map_or(0, |amount| amount.value());
                }
            }
        }
        let references = items(&value["metadata"]["ownerReferences"]);
        let set = references.iter().find(|one| super::is_controller(one) && text(&one["kind"]) == "ReplicaSet");
        if let Some(set) = set {
            let name = text(&value["metadata"]["name"]).to_owned();
            let known = self.replica_sets.entry(text(&set["uid"]).to_owned()).or_insert_with(|| OfReplicaSet {
                name: (namespace.to_owned(), text(&set["name"]).to_owned()),
                uid: text(&set["uid"]).to_owned(),
                hash: text(&value["metadata"]["labels"]["pod-template-hash"]).to_owned(),
                pods: 0,
                pod: Name::default(),
            });
            known.pods += u32::from(!ended);
            known.pod = (namespace.to_owned(), name);
        }
    }

    /// A pod's specification, or a template's.
    fn spec(&mut self, spec: &Value, namespace: &str, is_pod: bool) {
        if !spec.is_object() {
            return;
        }
        let named = |name: &Value| (namespace.to_owned(), text(name).to_owned());
        let account = [&spec["serviceAccountName"], &spec["serviceAccount"]].into_iter().find(|one| one.is_string());
        self.accounts.extend(account.map(named));
        let class = text(&spec["priorityClassName"]);
        if !class.is_empty() {
            let value = (is_pod && !spec["priority"].is_null()).then(|| int(&spec["priority"]));
            let known = self.priorities.entry(class.to_owned()).or_default();
            *known = known.or(value);
        }
        for list in ["initContainers", "containers"] {
            for container in items(&spec[list]) {
                self.environment(container, namespace);
            }
        }
        for volume in items(&spec["volumes"]) {
            self.source(volume, namespace);
            for source in items(&volume["projected"]["sources"]) {
                self.source(source, namespace);
            }
            let claim = &volume["persistentVolumeClaim"]["claimName"];
            self.claims.extend(claim.is_string().then(|| named(claim)));
        }
    }

    fn environment(&mut self, container: &Value, namespace: &str) {
        for from in items(&container["envFrom"]) {
            self.data(&from["configMapRef"], &from["secretRef"], namespace, &[]);
        }
        for variable in items(&container["env"]) {
            let from = &variable["valueFrom"];
            let (map, secret) = (&from["configMapKeyRef"], &from["secretKeyRef"]);
            let keys: Vec<&str> = [map, secret].iter().map(|one| text(&one["key"])).filter(|k| !k.is_empty()).collect();
            self.data(map, secret, namespace, &keys);
        }
    }

    /// A volume, or a source of a projected one.
    fn source(&mut self, volume: &Value, namespace: &str) {
        let (map, secret) = (&volume["configMap"], &volume["secret"]);
        let listed = [map, secret].into_iter().flat_map(|one| items(&one["items"])).map(|item| text(&item["key"]));
        let keys: Vec<&str> = listed.collect();
        self.data(map, secret, namespace, &keys);
    }

    fn data(&mut self, map: &Value, secret: &Value, namespace: &str, keys: &[&str]) {
        for (reference, wanted) in [(map, &mut self.config_maps), (secret, &mut self.secrets)] {
            let name = [&reference["name"], &reference["secretName"]].into_iter().find(|name| name.is_string());
            let optional = reference["optional"].as_bool().unwrap_or_default();
            if let Some(name) = name.filter(|_| !optional) {
                let known = wanted.entry((namespace.to_owned(), text(name).to_owned())).or_default();
                known.extend(keys.iter().map(|key| (*key).to_owned()));
            }
        }
    }
}

/// YAML may hold an amount as a number.
fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text),
        Value::Number(number) => Quantity::parse(&number.to_string()),
        _ => None,
    }
}

/// Do labels have all that a `matchLabels` asks for? Expressions of a selector are left to the API server.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    let mut wanted = members(&selector["matchLabels"]).peekable();
    wanted.peek().is_some() && wanted.all(|(key, value)| labels[key] == *value)
}
