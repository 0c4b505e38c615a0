//! Static pods of a dumped cluster, read from their mirrors: the files that their kubelets must have.
//! Upstream: kubelet config `applyDefaults`, which does the opposite.

use serde_json::{Value, json};

use super::super::decode::known_fields;
use super::super::value::{items, members, text};
use super::Dump;
use crate::model::kind::Kind;

/// Annotations that the kubelet gives a static pod begin with this.
const CONFIG: &str = "kubernetes.io/config.";

/// A file of a manifest folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticPodFile {
    /// The node.
    pub node: String,
    /// The file's name.
    pub file: String,
    /// The manifest.
    pub text: String,
}

impl Dump {
    /// The manifest folders of its nodes. `same`: the pods are to be known as those that run already.
    pub fn static_pods(&self, same: bool) -> Vec<StaticPodFile> {
        let pods = self.objects.iter().filter(|object| object.kind == Kind::POD && object.json().contains(CONFIG));
        pods.filter_map(|object| file_of(&object.value(), same)).collect()
    }
}

/// Is a pod the mirror of a static pod?
pub(super) fn is_mirror(pod: &Value) -> bool {
    pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_string()
}

fn file_of(mirror: &Value, same: bool) -> Option<StaticPodFile> {
    let node = text(&mirror["spec"]["nodeName"]);
    if !is_mirror(mirror) || node.is_empty() || !mirror["metadata"]["deletionTimestamp"].is_null() {
        return None;
    }
    let metadata = &mirror["metadata"];
    let name = text(&metadata["name"]).strip_suffix(&format!("-{}", node.to_lowercase()))?;
    let annotations: Value = members(&metadata["annotations"])
        .filter(|(key, _)| !key.starts_with(CONFIG))
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    let mut own = json!({"name": name, "namespace": metadata["namespace"], "annotations": annotations});
    if metadata["labels"].is_object() {
        own["labels"] = metadata["labels"].clone();
    }
    if same {
        // A kubelet takes the UID of a file as the hash by which it knows its mirror.
        own["uid"] = metadata["annotations"]["kubernetes.io/config.mirror"].clone();
    }
    let mut spec = mirror["spec"].clone();
    for set in ["nodeName", "priority", "preemptionPolicy", "serviceAccount", "serviceAccountName"] {
        spec.as_object_mut()?.remove(set);
    }
    let added = json!({"operator": "Exists", "effect": "NoExecute"});
    if let Some(tolerations) = spec["tolerations"].as_array_mut()
        && let Some(place) = tolerations.iter().rposition(|one| *one == added)
    {
        tolerations.remove(place);
    }
    if items(&spec["tolerations"]).is_empty() {
        spec.as_object_mut()?.remove("tolerations");
    }
    let manifest = json!({"apiVersion": "v1", "kind": "Pod", "metadata": own, "spec": spec});
    let (manifest, _) = known_fields(manifest).ok()?;
    let namespace = text(&metadata["namespace"]);
    let prefix = if matches!(namespace, "" | "kube-system") { String::new() } else { format!("{namespace}.") };
    Some(StaticPodFile { node: node.to_owned(), file: format!("{prefix}{name}.yaml"), text: manifest.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror() -> Value {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "etcd-cp-1", "namespace": "kube-system", "uid": "u1", "labels": {"tier": "control-plane"},
                "annotations": {"kubernetes.io/config.hash": "abc", "kubernetes.io/config.mirror": "abc",
                    "kubernetes.io/config.seen": "2026-01-01T00:00:00Z", "team": "a"},
                "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "cp-1", "uid": "n", "controller": true}]},
            "spec": {"nodeName": "cp-1", "priority": 2_000_001_000, "priorityClassName": "system-node-critical",
                "containers": [{"name": "etcd", "image": "etcd", "newField": 1}],
                "tolerations": [{"operator": "Exists", "effect": "NoExecute"}]},
            "status": {"phase": "Running"}})
    }

    #[test]
    fn a_mirror_tells_the_file_that_its_kubelet_has() {
        let files = Dump::of([mirror()]).static_pods(true);
        let [file] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!((file.node.as_str(), file.file.as_str()), ("cp-1", "etcd.yaml"));
        let manifest: Value = serde_json::from_str(&file.text).unwrap();
        assert_eq!(
            manifest,
            json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "etcd", "namespace": "kube-system", "uid": "abc",
                    "labels": {"tier": "control-plane"}, "annotations": {"team": "a"}},
                "spec": {"priorityClassName": "system-node-critical", "containers": [{"name": "etcd", "image": "etcd"}]}})
        );
        let anew: Value = serde_json::from_str(&Dump::of([mirror()]).static_pods(false)[0].text).unwrap();
        assert!(anew["metadata"]["uid"].is_null());
    }

    #[test]
    fn other_pods_have_no_file() {
        let mut pod = mirror();
        pod["metadata"]["annotations"] = json!({"kubernetes.io/config.source": "api"});
        assert!(Dump::of([pod]).static_pods(true).is_empty());
    }
}
