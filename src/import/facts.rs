//! What a dump tells beyond its objects: noted object by object while it is read, and put together by workload at the end.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::api::value::{int, items, members, text};
use crate::model::quantity::Quantity;

/// Kind, namespace and name of a workload: `deployment/web`. A pod without an owner is its own workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorkloadName {
    pub namespace: String,
    pub kind: String,
    pub name: String,
}

impl std::fmt::Display for WorkloadName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.kind.to_lowercase(), self.name)
    }
}

/// A container as a specification has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ContainerFacts {
    pub name: String,
    pub image: String,
    /// Requests, in cores and bytes.
    pub cpu: Option<f64>,
    pub memory: Option<f64>,
    pub memory_limit: Option<f64>,
    /// Seconds between the probes that tell when it is ready, if it has one.
    pub probed_every: Option<i64>,
}

/// Something that owns pods.
#[derive(Clone, Debug, Default)]
struct Owner {
    kind: String,
    name: String,
    parent: String,
    labels: BTreeMap<String, String>,
    /// Containers of its template, inits and mains.
    containers: Vec<ContainerFacts>,
}

/// A pod.
#[derive(Clone, Debug, Default)]
pub(super) struct PodFacts {
    pub namespace: String,
    pub name: String,
    owner: String,
    pub containers: Vec<ContainerFacts>,
    pub has_ended: bool,
    /// Unix seconds: readiness, and the start of each container that runs.
    pub ready: Option<i64>,
    pub started: BTreeMap<String, i64>,
}

/// A pull that an Event tells of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pull {
    pub seconds: f64,
    /// The same with its wait for other pulls.
    pub waited: f64,
    pub bytes: f64,
}

/// What an autoscaler measures per pod, in cores and bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    pub cpu: Option<f64>,
    pub memory: Option<f64>,
}

/// All of a workload.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkloadFacts {
    pub labels: BTreeMap<String, String>,
    pub template: Vec<ContainerFacts>,
    pub pods: Vec<usize>,
}

/// Labels that select pods, and the containers of their template.
type Template<'a> = (&'a BTreeMap<String, String>, &'a [ContainerFacts]);

/// Everything noted.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub images_on_nodes: BTreeMap<String, u64>,
    pub images: BTreeSet<String>,
    pub pulls: Vec<Pull>,
    pub pods: Vec<PodFacts>,
    pub autoscalers: BTreeMap<WorkloadName, Measured>,
    pub instance_types: BTreeMap<String, u32>,
    owners: FxHashMap<String, Owner>,
}

impl Facts {
    /// Notes an object.
    pub fn note(&mut self, value: &Value) {
        match text(&value["kind"]) {
            "Node" => self.node(value),
            "Pod" => self.pod(value),
            "Event" => self.event(value),
            "HorizontalPodAutoscaler" => self.autoscaler(value),
            kind @ ("Deployment"
            | "ReplicaSet"
            | "StatefulSet"
            | "DaemonSet"
            | "Job"
            | "CronJob"
            | "ReplicationController") => self.owner(kind, value),
            _ => {}
        }
    }

    fn node(&mut self, value: &Value) {
        for image in items(&value["status"]["images"]) {
            let size = u64::try_from(int(&image["sizeBytes"])).unwrap_or_default();
            for name in items(&image["names"]).iter().filter(|_| size > 0) {
                self.images_on_nodes.insert(full_name(text(name)), size);
            }
        }
        let kind = text(&value["metadata"]["labels"]["node.kubernetes.io/instance-type"]);
        if !kind.is_empty() {
            *self.instance_types.entry(kind.to_owned()).or_default() += 1;
        }
    }

    fn owner(&mut self, kind: &str, value: &Value) {
        let metadata = &value["metadata"];
        let spec = if kind == "CronJob" { &value["spec"]["jobTemplate"]["spec"] } else { &value["spec"] };
        let selector = match kind {
            "ReplicationController" => &value["spec"]["selector"],
            "CronJob" => &spec["template"]["metadata"]["labels"],
            _ => &value["spec"]["selector"]["matchLabels"],
        };
        let pairs = members(selector).map(|(key, value)| (key.to_owned(), text(value).to_owned()));
        let owner = Owner {
            kind: kind.to_owned(),
            name: text(&metadata["name"]).to_owned(),
            parent: controller_of(metadata).to_owned(),
            labels: pairs.collect(),
            containers: containers(&spec["template"]["spec"]),
        };
        self.owners.insert(text(&metadata["uid"]).to_owned(), owner);
    }

    fn pod(&mut self, value: &Value) {
        let (metadata, spec, status) = (&value["metadata"], &value["spec"], &value["status"]);
        if metadata["annotations"]["kubernetes.io/config.mirror"].is_string() {
            return;
        }
        let containers = containers(spec);
        self.images.extend(containers.iter().map(|container| container.image.clone()));
        let condition = |name: &str| {
            let found = items(&status["conditions"]).iter().find(|one| one["type"] == name && one["status"] == "True");
            found.and_then(|one| seconds(&one["lastTransitionTime"]))
        };
        let started = items(&status["containerStatuses"])
            .iter()
            .filter_map(|one| Some((text(&one["name"]).to_owned(), seconds(&one["state"]["running"]["startedAt"])?)));
        let pod = PodFacts {
            namespace: text(&metadata["namespace"]).to_owned(),
            name: text(&metadata["name"]).to_owned(),
            owner: controller_of(metadata).to_owned(),
            has_ended: matches!(text(&status["phase"]), "Succeeded" | "Failed"),
            ready: condition("Ready"),
            started: started.collect(),
            containers,
        };
        self.pods.push(pod);
    }

    fn event(&mut self, value: &Value) {
        if text(&value["reason"]) != "Pulled" {
            return;
        }
        if let Some((image, pull)) = pull_of(text(&value["message"])) {
            self.images_on_nodes.entry(full_name(image)).or_insert(pull.bytes as u64);
            self.pulls.push(pull);
        }
    }

    fn autoscaler(&mut self, value: &Value) {
        let target = &value["spec"]["scaleTargetRef"];
        let name = WorkloadName {
            namespace: text(&value["metadata"]["namespace"]).to_owned(),
            kind: text(&target["kind"]).to_owned(),
            name: text(&target["name"]).to_owned(),
        };
        let mut measured = Measured::default();
        for metric in items(&value["status"]["currentMetrics"]) {
            let resource = &metric["resource"];
            let amount = Quantity::parse(text(&resource["current"]["averageValue"])).map(number);
            match text(&resource["name"]) {
                "cpu" => measured.cpu = amount.or(measured.cpu),
                "memory" => measured.memory = amount.or(measured.memory),
                _ => {}
            }
        }
        self.autoscalers.insert(name, measured);
    }

    /// The workload at the top of a pod's owners, with its labels and the containers of its template.
    fn workload_of(&self, pod: &PodFacts) -> (WorkloadName, Option<Template<'_>>) {
        let mut top = None;
        let mut template = None;
        let mut uid = pod.owner.as_str();
        for _ in 0..8 {
            let Some(owner) = self.owners.get(uid) else { break };
            if template.is_none() {
                template = Some(owner.containers.as_slice());
            }
            top = Some(owner);
            uid = &owner.parent;
        }
        let of = |kind: &str, name: &str| WorkloadName {
            namespace: pod.namespace.clone(),
            kind: kind.to_owned(),
            name: name.to_owned(),
        };
        match (top, template) {
            (Some(top), Some(template)) => (of(&top.kind, &top.name), Some((&top.labels, template))),
            _ => (of("Pod", &pod.name), None),
        }
    }

    /// Pods by workload.
    pub fn workloads(&self) -> BTreeMap<WorkloadName, WorkloadFacts> {
        let mut found: BTreeMap<WorkloadName, WorkloadFacts> = BTreeMap::new();
        for (place, pod) in self.pods.iter().enumerate() {
            let (name, owner) = self.workload_of(pod);
            let facts = found.entry(name).or_default();
            if let Some((labels, template)) = owner {
                facts.labels.clone_from(labels);
                facts.template = template.to_vec();
            }
            facts.pods.push(place);
        }
        found
    }

    /// The size of an image in bytes, as a node or a pull told it.
    pub fn size_of(&self, image: &str) -> Option<u64> {
        self.images_on_nodes.get(&full_name(image)).copied()
    }
}

/// A quantity as a number.
pub(super) fn number(quantity: Quantity) -> f64 {
    quantity.nano as f64 / 1e9
}

/// A reference with registry and tag, as nodes list their images.
fn full_name(image: &str) -> String {
    let has_host = image.split_once('/').is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost");
    let named = match (has_host, image.contains('/')) {
        (true, _) => image.to_owned(),
        (false, true) => format!("docker.io/{image}"),
        (false, false) => format!("docker.io/library/{image}"),
    };
    let has_tag = named.contains('@') || named.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if has_tag { named } else { format!("{named}:latest") }
}

fn controller_of(metadata: &Value) -> &str {
    let owners = items(&metadata["ownerReferences"]);
    owners.iter().find(|owner| owner["controller"] == true).map_or("", |owner| text(&owner["uid"]))
}

fn containers(spec: &Value) -> Vec<ContainerFacts> {
    let amount = |value: &Value| match value {
        Value::String(text) => Quantity::parse(text).map(number),
        other => other.as_f64(),
    };
    let facts = |container: &Value| ContainerFacts {
        name: text(&container["name"]).to_owned(),
        image: text(&container["image"]).to_owned(),
        cpu: amount(&container["resources"]["requests"]["cpu"]),
        memory: amount(&container["resources"]["requests"]["memory"]),
        memory_limit: amount(&container["resources"]["limits"]["memory"]),
        probed_every: [&container["readinessProbe"], &container["startupProbe"]]
            .into_iter()
            .find(|probe| probe.is_object())
            .map(|probe| probe["periodSeconds"].as_i64().unwrap_or(10)),
    };
    items(&spec["containers"]).iter().map(facts).collect()
}

fn seconds(value: &Value) -> Option<i64> {
    value.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// `Successfully pulled image "x" in 1.2s (3.4s including waiting). Image size: 70000000 bytes.`
pub(super) fn pull_of(message: &str) -> Option<(&str, Pull)> {
    let rest = message.strip_prefix("Successfully pulled image \"")?;
    let image = rest.split('"').next()?;
    let times = rest.split_once(" in ")?.1;
    let took = times.split([' ', '(']).next()?;
    let size = rest.split_once("Image size: ")?.1.split(' ').next()?;
    let seconds = crate::engine::SimDuration::parse(took).ok()?.as_secs_f64();
    // Kubelets before v1.28 do not tell it.
    let waited = times.split_once(" including waiting)").and_then(|(before, _)| before.rsplit_once('('));
    let waited = waited.and_then(|(_, text)| crate::engine::SimDuration::parse(text).ok());
    let waited = waited.map_or(seconds, crate::engine::SimDuration::as_secs_f64);
    Some((image, Pull { seconds, waited, bytes: size.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_one_name() {
        for (short, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("bitnami/redis:7", "docker.io/bitnami/redis:7"),
            ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
            ("ghcr.io/a/b@sha256:1", "ghcr.io/a/b@sha256:1"),
        ] {
            assert_eq!(full_name(short), full);
        }
    }

    #[test]
    fn pulls_tell_time_and_size() {
        let message =
            "Successfully pulled image \"nginx\" in 1.5s (1m3.2s including waiting). Image size: 70000000 bytes.";
        assert_eq!(pull_of(message), Some(("nginx", Pull { seconds: 1.5, waited: 63.2, bytes: 7e7 })));
        assert_eq!(pull_of("Container image \"nginx\" already present on machine"), None);
    }
}
