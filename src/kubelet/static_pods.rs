//! Static pods: manifests in a kubelet's own folder, and their mirrors in the API.
//!
//! A static pod's worker and containers stand under the row of its mirror. When somebody deletes the mirror, the kubelet
//! makes it anew and everything moves to the new row; the containers notice nothing.
//! Upstream: kubelet config `sourceFile`, `applyDefaults`, `tryDecodeSinglePod`; kubelet `tryReconcileMirrorPods`; pod
//! `basicMirrorClient.CreateMirrorPod`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::worker::{Flags, Stage};
use super::{Hubs, KubeletEvent, Kubelets};
use crate::api::{DecodeCache, DecodedBody, FieldValidation, decode, yaml};
use crate::cluster::{DeleteOptions, NewPod, PodName};
use crate::engine::SimTime;
use crate::engine::digest::Digest;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::latency::Latency;
use crate::model::object::{Body, NamespaceId, NodeId, ObjectRef, PodId};
use crate::model::pod_template::PodTemplate;

/// A manifest of the folder, as the kubelet takes it.
#[derive(Clone, Debug)]
pub struct StaticPod {
    /// Its name with the node's appended.
    pub name: Text,
    /// Its namespace.
    pub namespace: Text,
    /// What it runs, with the mirror's annotations.
    pub template: Arc<PodTemplate>,
    /// Stands for the text: an edited file is another pod.
    pub hash: Text,
}

/// What became of a file.
#[derive(Debug)]
pub(super) struct Entry {
    pod: StaticPod,
    /// The mirror's row, under which its worker stands; none before its first mirror.
    row: PodId,
    /// When the kubelet first saw the file.
    seen: SimTime,
    /// It is being stopped; this is to be started when it has ended.
    next: Option<StaticPod>,
    stopping: bool,
    /// Its node has refused it; it is not asked again.
    refused: bool,
}

impl Entry {
    /// A file that was first read at `seen`.
    fn new(pod: StaticPod, seen: SimTime) -> Self {
        Self { pod, row: PodId::NONE, seen, next: None, stopping: false, refused: false }
    }
}

/// The static pods of a node by file.
pub(super) type StaticPods = BTreeMap<Text, Entry>;

/// Reads a manifest as the kubelet of `node` does.
///
/// # Errors
/// It is no valid Pod, or refers to objects of the API.
pub fn parse(text: &str, node: &str) -> Result<StaticPod, String> {
    let documents = yaml::read(text);
    if let Some(error) = documents.error {
        return Err(error.to_string());
    }
    let Ok([manifest]) = <[_; 1]>::try_from(documents.manifests) else {
        return Err("a file of a static pod holds one Pod".to_owned());
    };
    let mut value = manifest.value;
    if value["kind"] != "Pod" {
        return Err(format!("a static pod is a Pod, not a {}", value["kind"].as_str().unwrap_or("thing without kind")));
    }
    if let Some(resource) = api_reference(&value["spec"]) {
        return Err(format!("static pods may not reference {resource}"));
    }
    let stated = value["metadata"].as_object_mut().and_then(|metadata| metadata.remove("uid"));
    let hash: Text = match stated {
        Some(Value::String(uid)) if !uid.is_empty() => uid.into(),
        _ => {
            let mut digest = Digest::new();
            for byte in text.bytes().chain(node.bytes()) {
                digest.update_u64(u64::from(byte));
            }
            digest.finish_hex().chars().take(32).collect()
        }
    };
    let name = format!("{}-{}", value["metadata"]["name"].as_str().unwrap_or_default(), node.to_lowercase());
    value["metadata"]["name"] = name.as_str().into();
    let annotations = &mut value["metadata"]["annotations"];
    if !annotations.is_object() {
        *annotations = json!({});
    }
    annotations["kubernetes.io/config.hash"] = hash.as_str().into();
    annotations["kubernetes.io/config.mirror"] = hash.as_str().into();
    annotations["kubernetes.io/config.source"] = "file".into();
    let spec = &mut value["spec"];
    spec["nodeName"] = node.into();
    let exists = json!({"operator": "Exists", "effect": "NoExecute"});
    match spec["tolerations"].as_array_mut() {
        Some(tolerations) => tolerations.push(exists),
        None => spec["tolerations"] = json!([exists]),
    }
    let decoded = decode(value, "default", FieldValidation::Strict, &mut DecodeCache::default())
        .map_err(|error| error.to_string())?;
    match decoded.body {
        DecodedBody::Pod(template) => {
            Ok(StaticPod { name: decoded.name, namespace: decoded.namespace, template, hash })
        }
        DecodedBody::Other { .. } => Err("a static pod is a Pod".to_owned()),
    }
}

/// The resource of the first API object that a spec refers to. Upstream: pkg/api/pod `HasAPIObjectReference`.
fn api_reference(spec: &Value) -> Option<&'static str> {
    let given = |value: &Value| !value.is_null();
    if given(&spec["serviceAccountName"]) || given(&spec["serviceAccount"]) {
        return Some("serviceaccounts");
    }
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let containers: Vec<Value> =
        ["containers", "initContainers"].iter().flat_map(|field| list(&spec[*field])).collect();
    let volumes = list(&spec["volumes"]);
    let sources: Vec<Value> = volumes.iter().flat_map(|volume| list(&volume["projected"]["sources"])).collect();
    let refers = |from: &str, key: &str, volume: &str| {
        let in_environment = containers.iter().any(|container| {
            list(&container["envFrom"]).iter().any(|entry| given(&entry[from]))
                || list(&container["env"]).iter().any(|entry| given(&entry["valueFrom"][key]))
        });
        in_environment || volumes.iter().chain(&sources).any(|entry| given(&entry[volume]))
    };
    if given(&spec["imagePullSecrets"]) || refers("secretRef", "secretKeyRef", "secret") {
        return Some("secrets");
    }
    if refers("configMapRef", "configMapKeyRef", "configMap") {
        return Some("configmaps");
    }
    if given(&spec["resourceClaims"]) {
        return Some("resourceclaims");
    }
    let any = |entries: &[Value], field: &str| entries.iter().any(|entry| given(&entry[field]));
    if any(&volumes, "persistentVolumeClaim") || any(&volumes, "ephemeral") {
        return Some("persistentvolumeclaims");
    }
    if any(&sources, "serviceAccountToken") {
        return Some("serviceaccounts");
    }
    any(&sources, "clusterTrustBundle").then_some("clustertrustbundles")
}

impl Kubelets {
    /// The folder changed, or the kubelet has to look at it anew.
    pub(super) fn manifests_changed(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        if hubs.machines.kubelet_up(node) && self.has_static_pods(hubs, node) {
            let at = hubs.now + self.settings.latencies.fixed(Latency::PodSync);
            hubs.outbox.send(at, KubeletEvent::Manifests { node });
        }
    }

    /// A kubelet that starts runs every file of its folder, also those whose pods had ended before (as after an orderly
    /// shutdown): it knows nothing of that. Upstream goes on with the old mirror.
    pub(super) fn revive_static_pods(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        for entry in self.node_state(node).static_pods.values_mut() {
            entry.refused = false;
        }
        let rows: Vec<PodId> = self.node_state(node).static_pods.values().map(|entry| entry.row).collect();
        for row in rows.into_iter().filter(|row| row.is_some()) {
            let is_over = self.workers.get(row).is_some_and(|worker| worker.stage == Stage::Finished);
            if is_over && hubs.cluster.pod(row).status.phase.is_terminal() {
                delete_mirror(hubs, row);
                self.clean_up(hubs, row);
                for entry in self.node_state(node).static_pods.values_mut().filter(|entry| entry.row == row) {
                    entry.row = PodId::NONE;
                }
            }
        }
    }

    fn has_static_pods(&mut self, hubs: &Hubs<'_>, node: NodeId) -> bool {
        hubs.machines.machine(node).manifests().files().next().is_some()
            || !self.node_state(node).static_pods.is_empty()
    }

    /// Reads the folder: what is new starts, what is gone stops, and every mirror is as it should be.
    pub(super) fn manifests_due(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        if !hubs.machines.kubelet_up(node) || !hubs.cluster.is_live(ObjectRef::node(node)) {
            return;
        }
        let name = hubs.cluster.node_name(node).to_owned();
        let folder = hubs.machines.machine(node).manifests();
        // A file that is no static pod is an entry in the kubelet's own log and nothing else.
        let found: BTreeMap<Text, StaticPod> =
            folder.files().filter_map(|(file, text)| Some((file.clone(), parse(text, &name).ok()?))).collect();
        let known: Vec<Text> = self.node_state(node).static_pods.keys().cloned().collect();
        for file in known {
            let entry = self.node_state(node).static_pods.get_mut(&file).expect("it was just listed");
            let wanted = found.get(&file);
            match wanted {
                Some(wanted) if wanted.hash == entry.pod.hash && !entry.stopping => {
                    self.run_static_pod(hubs, node, &file);
                }
                _ => {
                    entry.next = wanted.cloned();
                    let (row, stopping) = (entry.row, std::mem::replace(&mut entry.stopping, true));
                    if row.is_none() || self.workers.get(row).is_none() {
                        self.static_pod_ended(hubs, node, &file);
                    } else if !stopping {
                        let seconds = hubs.cluster.template_of(row).spec.termination_grace_period_seconds;
                        self.end_pod(hubs, row, u32::try_from(seconds.max(1)).unwrap_or(u32::MAX), Flags::REMOVED);
                    }
                }
            }
        }
        let seen = hubs.now;
        for (file, pod) in found {
            let pods = &mut self.node_state(node).static_pods;
            if !pods.contains_key(&file) {
                pods.insert(file.clone(), Entry::new(pod, seen));
                self.run_static_pod(hubs, node, &file);
            }
        }
    }

    /// Sees to it that a static pod runs and has a mirror.
    fn run_static_pod(&mut self, hubs: &mut Hubs<'_>, node: NodeId, file: &Text) {
        let Some(entry) = self.node_state(node).static_pods.get(file) else { return };
        let (row, pod, seen) = (entry.row, entry.pod.clone(), entry.seen);
        if entry.refused {
            return;
        }
        let is_good =
            row.is_some() && hubs.cluster.is_live(ObjectRef::pod(row)) && hubs.cluster.pod(row).deletion.is_none();
        if is_good && self.workers.get(row).is_some() {
            return;
        }
        // Without a way to the API the mirror has to wait, and with it (in this model) a pod that has none yet.
        if !hubs.machines.is_reachable(node) {
            return;
        }
        let Some(mirror) = mirror_of(hubs, node, &pod, seen) else { return };
        self.node_state(node).static_pods.get_mut(file).expect("it was there").row = mirror;
        if row.is_some() && self.workers.get(row).is_some() {
            self.move_worker(hubs, row, mirror);
        } else if self.workers.get(mirror).is_some() {
            // The mirror of an imported pod: its containers run.
        } else if row.is_none() && self.took_over(hubs, node, mirror) {
            self.adopt(hubs, mirror, node, true);
        } else if !self.admit(hubs, mirror, node, true) {
            let waits = self.node_state(node).waiting_critical.iter().any(|(pod, _)| *pod == mirror);
            if !waits {
                // Only what runs gets a mirror. Upstream: kubelet `HandlePodAdditions`, `tryReconcileMirrorPods`.
                delete_mirror(hubs, mirror);
                let entry = self.node_state(node).static_pods.get_mut(file).expect("it was there");
                (entry.row, entry.refused) = (PodId::NONE, true);
            }
            return;
        }
        let at = hubs.now + self.settings.latencies.fixed(Latency::PodSync);
        self.wake(hubs, mirror, at);
    }

    /// Did a pod run before the model began, on a kubelet that has run on since?
    fn took_over(&mut self, hubs: &Hubs<'_>, node: NodeId, pod: PodId) -> bool {
        let begin = self.settings.begin;
        let ran = hubs.cluster.pod(pod).status.start_time.get().is_some_and(|start| start < begin);
        ran && self.node_state(node).started <= begin
    }

    /// Everything that stood under one row stands under another.
    fn move_worker(&mut self, hubs: &mut Hubs<'_>, from: PodId, to: PodId) {
        let status = hubs.cluster.pod(from).status.clone();
        self.workers.rename(from, to);
        self.workers.row(to).extra_mut().mirrored = Some(Box::new(status));
        let node = self.workers.row(to).node;
        let state = self.node_state(node);
        for pod in state.with_host_ports.iter_mut().chain(&mut state.pull_queue) {
            if *pod == from {
                *pod = to;
            }
        }
        hubs.machines.rename_pod(from, to);
    }

    /// Somebody deletes or has deleted the mirror of a static pod that is to go on: it is made anew.
    pub(super) fn mirror_changed(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let worker = self.workers.row(pod);
        let (node, ending) = (worker.node, worker.flags.contains(Flags::TERMINATING));
        if !ending {
            self.manifests_changed(hubs, node);
        }
    }

    /// Nothing of a static pod is left: its mirror goes, and what its file holds now starts.
    pub(super) fn static_pod_over(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let node = self.workers.row(pod).node;
        let entries = &self.node_state(node).static_pods;
        let file = entries.iter().find(|(_, entry)| entry.row == pod).map(|(file, _)| file.clone());
        delete_mirror(hubs, pod);
        self.clean_up(hubs, pod);
        if let Some(file) = file {
            self.static_pod_ended(hubs, node, &file);
        }
    }

    fn static_pod_ended(&mut self, hubs: &mut Hubs<'_>, node: NodeId, file: &Text) {
        let Some(entry) = self.node_state(node).static_pods.remove(file) else { return };
        if entry.row.is_some() {
            delete_mirror(hubs, entry.row);
        }
        if let Some(pod) = entry.next {
            let entry = Entry::new(pod, hubs.now);
            self.node_state(node).static_pods.insert(file.clone(), entry);
            self.run_static_pod(hubs, node, file);
        }
    }
}

fn delete_mirror(hubs: &mut Hubs<'_>, pod: PodId) {
    let object = ObjectRef::pod(pod);
    if hubs.cluster.is_live(object) {
        // It is live, so that nothing can be wrong with it.
        let _ = hubs.cluster.delete(hubs.now, object, DeleteOptions::NOW);
    }
}

/// The mirror of a static pod: the one that is there if it is of this very manifest, or a new one in its place. `None`
/// if the name belongs to somebody else's pod, or the namespace is missing.
fn mirror_of(hubs: &mut Hubs<'_>, node: NodeId, pod: &StaticPod, seen: SimTime) -> Option<PodId> {
    let namespace = hubs.cluster.namespace(&pod.namespace)?;
    if let Some(there) = hubs.cluster.find(Kind::POD, namespace, &pod.name).and_then(ObjectRef::as_pod) {
        let row = hubs.cluster.pod(there);
        if row.extra.as_ref().is_none_or(|extra| !extra.mirror) {
            return None;
        }
        let of = hubs.cluster.template_of(there).annotations.get("kubernetes.io/config.mirror");
        if of == Some(pod.hash.as_str()) && row.deletion.is_none() {
            return Some(there);
        }
        delete_mirror(hubs, there);
    }
    let template = hubs.cluster.intern_template(mirror_template(seen, hubs, &pod.template));
    let new = NewPod {
        namespace,
        name: PodName::Exact(pod.name.clone()),
        template,
        controller: ObjectRef::node(node),
        finalizers: Vec::new(),
        mirror: true,
    };
    hubs.cluster.create_pod(hubs.now, new).ok()
}

/// The template as the API server keeps it: with the annotation that says when the kubelet first saw the file, and the
/// priority that admission fills in.
fn mirror_template(seen: SimTime, hubs: &Hubs<'_>, template: &PodTemplate) -> Arc<PodTemplate> {
    const SEEN: &str = "kubernetes.io/config.seen";
    let at = hubs.cluster.clock().timestamp(seen);
    let annotations = Arc::new(template.annotations.with(SEEN, &at));
    let mut raw = (*template.raw).clone();
    raw["metadata"]["annotations"][SEEN] = at.into();
    let class = raw["spec"]["priorityClassName"].as_str().unwrap_or_default();
    let class = hubs.cluster.find(Kind::PRIORITY_CLASS, NamespaceId::NONE, class);
    let priority = match class.map(|class| hubs.cluster.body(class)) {
        Some(Body::PriorityClass { value, .. }) => *value,
        _ => template.spec.priority,
    };
    raw["spec"]["priority"] = priority.into();
    if raw["spec"]["preemptionPolicy"].is_null() {
        raw["spec"]["preemptionPolicy"] = "PreemptLowerPriority".into();
    }
    let mut spec = template.spec.clone();
    spec.priority = priority;
    Arc::new(PodTemplate { annotations, raw: Arc::new(raw), spec, ..template.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: c, image: nginx}]}\n";

    #[test]
    fn a_static_pod_is_named_after_its_node_and_tolerates_every_eviction() {
        let pod = parse(POD, "node-1").unwrap();
        assert_eq!((pod.name.as_str(), pod.namespace.as_str()), ("web-node-1", "default"));
        assert_eq!(pod.template.spec.node_name, "node-1");
        assert_eq!(pod.template.spec.tolerations.len(), 1);
        assert_eq!(pod.template.annotations.get("kubernetes.io/config.source"), Some("file"));
        assert_eq!(pod.template.annotations.get("kubernetes.io/config.mirror"), Some(pod.hash.as_str()));
    }

    #[test]
    fn another_text_or_node_is_another_pod() {
        let hash = |text: &str, node: &str| parse(text, node).unwrap().hash;
        assert_eq!(hash(POD, "a"), hash(POD, "a"));
        assert_ne!(hash(POD, "a"), hash(POD, "b"));
        assert_ne!(hash(POD, "a"), hash(&POD.replace("nginx", "nginx:1"), "a"));
    }

    #[test]
    fn objects_of_the_api_are_out_of_reach() {
        let refused = |spec: &str| {
            parse(&format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {spec}\n"), "n").unwrap_err()
        };
        let container = "containers: [{name: c, image: i}]";
        assert_eq!(
            refused(&format!("{{serviceAccountName: x, {container}}}")),
            "static pods may not reference serviceaccounts"
        );
        assert_eq!(
            refused(&format!("{{volumes: [{{name: v, configMap: {{name: m}}}}], {container}}}")),
            "static pods may not reference configmaps"
        );
        assert_eq!(
            refused("{containers: [{name: c, image: i, envFrom: [{secretRef: {name: s}}]}]}"),
            "static pods may not reference secrets"
        );
    }

    #[test]
    fn one_valid_pod_a_file() {
        assert!(
            parse("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n", "n").unwrap_err().contains("not a Service")
        );
        assert!(parse(&format!("{POD}---\n{POD}"), "n").unwrap_err().contains("one Pod"));
        assert!(parse("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n", "n").is_err());
    }
}
