//! What a scenario's manifests hold, by name: workloads, Services, autoscalers, nodes. Read for capacity plans, which grow
//! and replace them by name; a run reads its manifests itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::plan::nodes::{self, HOSTNAME_LABEL};
use super::plan::objects::{ManifestError, ManifestObject};
use super::plan::traffic::Entry;
use super::plan::{Node, Plan};
use crate::api::selector::ParsedSelector;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::quantity::Quantity;

/// Kinds whose number of pods a factor multiplies.
const GROWING: [Kind; 6] =
    [Kind::DEPLOYMENT, Kind::REPLICA_SET, Kind::STATEFUL_SET, Kind::REPLICATION_CONTROLLER, Kind::JOB, Kind::CRON_JOB];

/// A workload of the manifests.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Labels of its pods.
    pub labels: Labels,
    /// The autoscaler that sets its replicas.
    pub scaler: Option<Scaler>,
    /// Numbers that grow with it: the path in the manifest and the value.
    pub numbers: Vec<(&'static str, u64)>,
    /// The manifest.
    pub manifest: Value,
}

/// An autoscaler of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaler {
    /// The most replicas.
    pub most: u64,
    /// Does what it looks at (load, metrics) come from the scenario, so that it grows with that?
    pub follows_load: bool,
}

/// A Service of the manifests.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it selects; nothing if empty.
    pub selector: BTreeMap<String, String>,
}

/// What the manifests hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    /// Workloads, in order.
    pub workloads: Vec<Workload>,
    /// Services, in order.
    pub services: Vec<Service>,
    /// The scenario's machines, those that come as manifests included.
    pub nodes: Vec<Node>,
    /// Names of loads.
    pub traffic: Vec<String>,
    /// What each pod of a workload, or a single pod, asks for beyond CPU and memory, by `namespace/kind/name`.
    pub extended: BTreeMap<String, BTreeMap<String, u64>>,
    /// What they want of a node's labels, in words.
    wishes: BTreeMap<String, String>,
}

/// A key of a growth map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrowthKey {
    /// `*`.
    Rest,
    /// `traffic/name`.
    Traffic(String),
    /// `[namespace/]kind/name`.
    Workload(Option<String>, Kind, String),
}

impl GrowthKey {
    /// Reads a key.
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (namespace, kind, name) = match parts.as_slice() {
            ["*"] => return Ok(Self::Rest),
            ["traffic", name] => return Ok(Self::Traffic((*name).to_owned())),
            [kind, name] => (None, *kind, *name),
            [namespace, kind, name] => (Some((*namespace).to_owned()), *kind, *name),
            _ => return Err(format!("`{text}` is not [namespace/]kind/name, traffic/name or *")),
        };
        let found = Kind::from_argument(kind).filter(|kind| GROWING.contains(kind));
        let kind = found.ok_or_else(|| {
            let names: Vec<String> = GROWING.iter().map(|kind| kind.name().to_ascii_lowercase()).collect();
            format!("`{kind}` is no kind that grows ({})", names.join(", "))
        })?;
        Ok(Self::Workload(namespace, kind, name.to_owned()))
    }
}

impl Workload {
    /// `kind/name` with the namespace before it unless it is `default`.
    pub fn growth_name(&self) -> String {
        let kind = self.kind.name().to_ascii_lowercase();
        match self.namespace.as_str() {
            "default" => format!("{kind}/{}", self.name),
            namespace => format!("{namespace}/{kind}/{}", self.name),
        }
    }

    /// `namespace/kind/name`, as summaries name it.
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.namespace, self.kind.name().to_ascii_lowercase(), self.name)
    }

    /// Does an autoscaler set its replicas by what the scenario sends it?
    pub fn follows_load(&self) -> bool {
        self.scaler.is_some_and(|scaler| scaler.follows_load)
    }

    /// The most replicas that its autoscaler allows.
    pub fn most(&self) -> u64 {
        self.scaler.map_or(u64::MAX, |scaler| scaler.most)
    }

    /// Is it the one that a key names?
    pub fn is_named(&self, key: &GrowthKey) -> bool {
        let GrowthKey::Workload(namespace, kind, name) = key else { return false };
        self.kind == *kind && self.name == *name && namespace.as_ref().is_none_or(|other| *other == self.namespace)
    }
}

impl Inventory {
    /// What the manifests of `plan` hold.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn of(plan: &Plan) -> Result<Self, ManifestError> {
        let mut inventory =
            Self { traffic: plan.traffic.iter().map(|load| load.name.clone()).collect(), ..Self::default() };
        let mut scaled = BTreeMap::new();
        let mut brought = Vec::new();
        plan.each_object::<ManifestError>(&mut |ManifestObject { value: object, .. }| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let metadata = &object["metadata"];
            let name = text(&metadata["name"]);
            let namespace = metadata["namespace"].as_str().unwrap_or("default").to_owned();
            let Some(kind) = Kind::from_manifest(&text(&object["apiVersion"]), &text(&object["kind"])) else {
                return Ok(());
            };
            let spec = &object["spec"];
            if let Some(pod) = pod_spec(kind, spec) {
                let key = format!("{namespace}/{}/{name}", kind.name().to_ascii_lowercase());
                let asked = extended(pod);
                if !asked.is_empty() {
                    inventory.extended.insert(key.clone(), asked);
                }
                inventory.wishes.extend(node_wishes(pod).map(|wishes| (key, wishes)));
            }
            if kind == Kind::SERVICE {
                inventory.services.push(Service { namespace, name, selector: strings(&spec["selector"]) });
            } else if kind == Kind::HORIZONTAL_POD_AUTOSCALER {
                let target = &spec["scaleTargetRef"];
                let metrics = spec["metrics"].as_array().into_iter().flatten();
                let follows_load = metrics.clone().any(|metric| !text(&metric["type"]).contains("Resource"));
                let scaler = Scaler { most: spec["maxReplicas"].as_u64().unwrap_or(u64::MAX), follows_load };
                scaled.insert((namespace, text(&target["kind"]), text(&target["name"])), scaler);
            } else if kind == Kind::NODE {
                brought.push(nodes::of_object(&object, &plan.cluster.prices));
            } else if GROWING.contains(&kind) {
                let template = object.pointer(kind.template_path()).unwrap_or(&Value::Null);
                inventory.workloads.push(Workload {
                    kind,
                    namespace,
                    name,
                    labels: Labels::from_pairs(strings(&template["metadata"]["labels"])),
                    scaler: None,
                    numbers: numbers(kind, spec),
                    manifest: object,
                });
            }
            Ok(())
        })?;
        for workload in &mut inventory.workloads {
            let key = (workload.namespace.clone(), workload.kind.name().to_owned(), workload.name.clone());
            workload.scaler = scaled.get(&key).copied();
        }
        let loads = plan.traffic.iter().flat_map(|load| inventory.served_by(&load.entry));
        let reached: BTreeSet<String> = loads.map(Workload::key).collect();
        for workload in inventory.workloads.iter_mut().filter(|workload| reached.contains(&workload.key())) {
            if let Some(scaler) = &mut workload.scaler {
                scaler.follows_load = true;
            }
        }
        if brought.is_empty() || !plan.cluster.nodes_are_default {
            inventory.nodes.clone_from(&plan.cluster.nodes);
        }
        inventory.nodes.append(&mut brought);
        Ok(inventory)
    }

    /// The nodes that a selector selects, by their places.
    ///
    /// # Errors
    /// A selector that cannot be read.
    pub fn selected_nodes(&self, selector: &str) -> Result<Vec<usize>, String> {
        let selector = ParsedSelector::parse(selector)?.to_selector();
        let labels =
            |node: &Node| Labels::from_pairs(node.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        let selected = self.nodes.iter().enumerate().filter(|(_, node)| selector.matches(&labels(node)));
        Ok(selected.map(|(place, _)| place).collect())
    }

    /// Labels of nodes as `key=value`, those that differ on every node left out.
    pub fn node_labels(&self) -> Vec<String> {
        let pairs = self.nodes.iter().flat_map(|node| &node.labels).filter(|(key, _)| *key != HOSTNAME_LABEL);
        let texts: BTreeSet<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
        texts.into_iter().collect()
    }

    /// What a pod (`namespace/name`) wants of a node's labels, in words: read from what it is made of, by its name.
    pub fn node_wishes(&self, pod: &str) -> Option<&str> {
        let (namespace, name) = pod.split_once('/')?;
        let is_of = |(key, _): &(&String, &String)| {
            let mut parts = key.split('/');
            let (own, kind, stem) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
            let rest = name.strip_prefix(stem);
            own == Some(namespace)
                && rest.is_some_and(|rest| rest.starts_with('-') || (rest.is_empty() && kind == Some("pod")))
        };
        let longest = self.wishes.iter().filter(is_of).max_by_key(|(key, _)| key.len());
        longest.map(|(_, wishes)| wishes.as_str())
    }

    /// Is there anything of this name?
    pub fn knows(&self, key: &GrowthKey) -> bool {
        match key {
            GrowthKey::Rest => true,
            GrowthKey::Traffic(name) => self.traffic.contains(name),
            GrowthKey::Workload(..) => self.workloads.iter().any(|workload| workload.is_named(key)),
        }
    }

    /// All names that a growth map can hold.
    pub fn growth_names(&self) -> Vec<String> {
        let traffic = self.traffic.iter().map(|name| format!("traffic/{name}"));
        self.workloads.iter().map(Workload::growth_name).chain(traffic).chain(["*".to_owned()]).collect()
    }

    /// The workloads that the requests of a load reach first.
    pub fn served_by(&self, entry: &Entry) -> Vec<&Workload> {
        match entry {
            Entry::Consumers { kind, namespace, name, .. } => {
                let is_meant = |workload: &&Workload| {
                    workload.kind == *kind && workload.namespace == *namespace && workload.name == *name
                };
                self.workloads.iter().filter(is_meant).collect()
            }
            Entry::Service(namespace, name) => {
                let service = self.services.iter().find(|one| one.namespace == *namespace && one.name == *name);
                let Some(service) = service.filter(|service| !service.selector.is_empty()) else { return Vec::new() };
                let is_selected = |workload: &&Workload| {
                    workload.namespace == *namespace
                        && service.selector.iter().all(|(key, value)| workload.labels.get(key) == Some(value))
                };
                self.workloads.iter().filter(is_selected).collect()
            }
        }
    }
}

/// The specification of a workload's pods.
fn pod_spec(kind: Kind, spec: &Value) -> Option<&Value> {
    match kind {
        Kind::POD => Some(spec),
        Kind::CRON_JOB => Some(&spec["jobTemplate"]["spec"]["template"]["spec"]),
        _ if GROWING.contains(&kind) => Some(&spec["template"]["spec"]),
        _ => None,
    }
}

/// What a pod asks for beyond CPU, memory and disk. Upstream: resource helpers `PodRequests`.
fn extended(pod: &Value) -> BTreeMap<String, u64> {
    let of = |container: &Value| -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for list in ["limits", "requests"] {
            for (name, amount) in container["resources"][list].as_object().into_iter().flatten() {
                let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
                let amount = Quantity::parse(&text).map_or(0, |amount| amount.value().max(0) as u64);
                if !matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") && amount > 0 {
                    all.insert(name.clone(), amount);
                }
            }
        }
        all
    };
    let mut sum: BTreeMap<String, u64> = BTreeMap::new();
    for container in pod["containers"].as_array().into_iter().flatten() {
        for (name, amount) in of(container) {
            *sum.entry(name).or_default() += amount;
        }
    }
    for container in pod["initContainers"].as_array().into_iter().flatten() {
        for (name, amount) in of(container) {
            let known = sum.entry(name).or_default();
            *known = (*known).max(amount);
        }
    }
    sum
}

/// Labels that a pod's node selector and required affinity ask for.
fn node_wishes(pod: &Value) -> Option<String> {
    let mut wishes: Vec<String> =
        strings(&pod["nodeSelector"]).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let required = &pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let terms = required["nodeSelectorTerms"].as_array().into_iter().flatten();
    for one in terms.flat_map(|term| term["matchExpressions"].as_array().into_iter().flatten()) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let values: Vec<String> = one["values"].as_array().into_iter().flatten().map(text).collect();
        wishes.push(format!("{} {} ({})", text(&one["key"]), text(&one["operator"]), values.join(", ")));
    }
    (!wishes.is_empty()).then(|| wishes.join(" and "))
}

fn strings(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// What grows, with upstream's defaults for what is absent (apps/v1 and batch/v1: one).
fn numbers(kind: Kind, spec: &Value) -> Vec<(&'static str, u64)> {
    let given = |pointer: &str| spec.pointer(pointer).and_then(Value::as_u64);
    match kind {
        Kind::JOB => [("spec.parallelism", given("/parallelism")), ("spec.completions", given("/completions"))]
            .into_iter()
            .filter_map(|(path, number)| Some((path, number?)))
            .collect(),
        Kind::CRON_JOB => [
            ("spec.jobTemplate.spec.parallelism", given("/jobTemplate/spec/parallelism")),
            ("spec.jobTemplate.spec.completions", given("/jobTemplate/spec/completions")),
        ]
        .into_iter()
        .filter_map(|(path, number)| Some((path, number?)))
        .collect(),
        _ => vec![("spec.replicas", given("/replicas").unwrap_or(1))],
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::{LoadOptions, load_source, source_of_text};

    const SHOP: &str = "apiVersion: kubelapse/v1
kind: Scenario
spec:
  until: 1m
  cluster: { nodes: [ { name: 'w-{}', count: 2, labels: { pool: web } } ] }
  traffic: [ { name: shoppers, service: web, rps: 5 } ]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [ { name: c, image: nginx } ] } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [ { port: 80 } ] }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec: { scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }, maxReplicas: 9 }
";

    fn inventory() -> (Plan, Inventory) {
        let plan = load_source(&source_of_text("shop.yaml", SHOP, Path::new(".")), &LoadOptions::default()).unwrap();
        let inventory = Inventory::of(&plan).unwrap();
        (plan, inventory)
    }

    #[test]
    fn workloads_are_found_by_load_and_by_name() {
        let (plan, inventory) = inventory();
        let served = inventory.served_by(&plan.traffic[0].entry);
        assert_eq!(served.len(), 1);
        assert_eq!(
            (served[0].key().as_str(), served[0].scaler),
            ("default/deployment/web", Some(Scaler { most: 9, follows_load: true }))
        );
        assert_eq!(served[0].numbers, [("spec.replicas", 1)]);
        assert!(inventory.knows(&GrowthKey::parse("deploy/web").unwrap()));
        assert!(inventory.knows(&GrowthKey::parse("traffic/shoppers").unwrap()));
        assert!(!inventory.knows(&GrowthKey::parse("other/deployment/web").unwrap()));
        assert!(GrowthKey::parse("node/web").is_err() && GrowthKey::parse("web").is_err());
        assert_eq!(inventory.growth_names(), ["deployment/web", "traffic/shoppers", "*"]);
    }

    #[test]
    fn nodes_are_found_by_their_labels() {
        let (_, inventory) = inventory();
        assert_eq!(inventory.selected_nodes("pool=web").unwrap(), [0, 1]);
        assert_eq!(inventory.selected_nodes("pool=gpu").unwrap(), [] as [usize; 0]);
        assert!(inventory.selected_nodes("pool in (").is_err());
        assert!(inventory.node_labels().contains(&"pool=web".to_owned()));
    }
}
