//! What a resize of a pod in place may change. Upstream: pkg/apis/core/validation `ValidatePodResize`, pkg/registry/core/pod
//! `dropNonResizeUpdates`.

use serde_json::{Value, json};

use super::super::convert;
use super::super::value::{Object, is_zero, items, items_mut, text};
use super::{Errors, validate};
use crate::model::kind::Kind;
use crate::model::pod_template::qos_class;

const LISTS: [&str; 2] = ["initContainers", "containers"];

/// Takes everything out of a new pod that a resize does not change: what is left are resources and resize policies.
pub fn drop_other_changes(old: &Value, new: &mut Value) {
    let counts = |pod: &Value| LISTS.map(|list| items(&pod["spec"][list]).len());
    if counts(old) != counts(new) {
        return;
    }
    let mut spec = old["spec"].clone();
    for list in LISTS {
        let wanted = items(&new["spec"][list]);
        let is_renamed = items(&spec[list]).iter().zip(wanted).any(|(old, new)| old["name"] != new["name"]);
        if is_renamed {
            spec[list] = new["spec"][list].clone();
            continue;
        }
        for (container, wanted) in items_mut(spec.get_mut(list)).zip(wanted) {
            put(container, "resources", &wanted["resources"]);
            put(container, "resizePolicy", &wanted["resizePolicy"]);
        }
    }
    put(&mut spec, "resources", &new["spec"]["resources"]);
    new["spec"] = spec;
    keep_rest(old, new);
}

/// What no subresource changes but the pod itself. Upstream: apimachinery meta/v1 `ResetObjectMetaForStatus`.
pub(super) fn keep_rest(old: &Value, new: &mut Value) {
    new["status"] = old["status"].clone();
    for member in ["labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp", "generation"] {
        put(&mut new["metadata"], member, &old["metadata"][member]);
    }
}

pub(super) fn put(object: &mut Value, member: &str, value: &Value) {
    let Some(members) = object.as_object_mut() else { return };
    if value.is_null() {
        members.remove(member);
    } else {
        members.insert(member.to_owned(), value.clone());
    }
}

/// All errors of a resize from `old` to `new`, of which `drop_other_changes` has left only what it may change.
pub fn validate_resize(old: &Value, new: &Value) -> Vec<String> {
    let mut errors = Errors::default();
    if old["metadata"]["annotations"].get("kubernetes.io/config.mirror").is_some() {
        errors.forbidden("", "static pods cannot be resized");
        return errors.into_list();
    }
    if text(&old["spec"]["os"]["name"]) == "windows" {
        errors.forbidden("", "windows pods cannot be resized");
        return errors.into_list();
    }
    errors.extend(validate(Kind::POD, new));
    let (before, after) = (&old["spec"], &new["spec"]);
    let class = qos_class(&convert::pod_spec(after)).name();
    let was = text(&old["status"]["qosClass"]);
    if !was.is_empty() && was != class {
        errors.invalid_text("spec", was, "Pod QOS Class may not change as a result of resizing");
    }
    whole_pod(before, after, &mut errors);
    if !same_containers(before, after, &mut errors) {
        return errors.into_list();
    }
    for list in LISTS {
        for (index, (old, new)) in items(&before[list]).iter().zip(items(&after[list])).enumerate() {
            for (member, word) in [("requests", "requests"), ("limits", "limits")] {
                if is_removed(&old["resources"][member], &new["resources"][member]) {
                    let path = format!("spec.{list}[{index}].resources.{member}");
                    errors.forbidden(path, &format!("resource {word} cannot be removed"));
                }
            }
        }
    }
    for (old, new) in items(&before["containers"]).iter().zip(items(&after["containers"])) {
        if fixed(old) != fixed(new) {
            errors.forbidden("spec", "only cpu and memory resources are mutable");
        }
    }
    for (index, (old, new)) in items(&before["initContainers"]).iter().zip(items(&after["initContainers"])).enumerate()
    {
        let path = format!("spec.initContainers[{index}]");
        if fixed(old) != fixed(new) {
            errors.forbidden(&path, "only cpu and memory resources for init or sidecar containers are mutable");
        }
        if old != new && text(&new["restartPolicy"]) != "Always" {
            for _ in items(&new["resizePolicy"]).iter().filter(|one| text(&one["restartPolicy"]) == "RestartContainer")
            {
                let why = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
                errors.forbidden(&path, why);
            }
        }
    }
    errors.into_list()
}

/// Upstream: `validatePodLevelResourcesResize`.
fn whole_pod(before: &Value, after: &Value, errors: &mut Errors) {
    let (old, new) = (&before["resources"], &after["resources"]);
    if is_zero(old) && is_zero(new) {
        return;
    }
    if !is_zero(old) && is_zero(new) {
        errors.forbidden("spec.resources", "pod-level resources cannot be removed");
        return;
    }
    for member in ["requests", "limits"] {
        if is_removed(&old[member], &new[member]) {
            errors.forbidden(
                format!("spec.resources.{member}"),
                &format!("pod-level resource {member} cannot be removed"),
            );
        }
    }
    let rest = |resources: &Value| fixed(&json!({"resources": resources}));
    if rest(old) != rest(new) {
        errors.forbidden("spec", "only cpu and memory resources are mutable at pod-level");
    }
}

/// Upstream: `validatePodResizeContainerOrdering`.
fn same_containers(before: &Value, after: &Value, errors: &mut Errors) -> bool {
    let known = errors.len();
    for list in ["containers", "initContainers"] {
        let (old, new) = (items(&before[list]), items(&after[list]));
        if old.len() != new.len() {
            errors.forbidden(format!("spec.{list}"), &format!("{list} may not be added or removed on resize"));
            continue;
        }
        for (index, _) in old.iter().zip(new).enumerate().filter(|(_, (old, new))| old["name"] != new["name"]) {
            let path = format!("spec.{list}[{index}].name");
            errors.forbidden(path, &format!("{list} may not be renamed or reordered on resize"));
        }
    }
    errors.len() == known
}

fn is_removed(old: &Value, new: &Value) -> bool {
    old.as_object().into_iter().flatten().any(|(name, _)| new.get(name).is_none())
}

/// A container without what a resize may change.
fn fixed(container: &Value) -> Value {
    let mut container = container.clone();
    let Some(members) = container.as_object_mut() else { return container };
    let mut resources = Object::new();
    for list in ["requests", "limits"] {
        let amounts = members.get("resources").and_then(|resources| resources[list].as_object()).into_iter().flatten();
        let rest: Object = amounts
            .filter(|(name, _)| !matches!(name.as_str(), "cpu" | "memory"))
            .map(|(name, amount)| (name.clone(), amount.clone()))
            .collect();
        resources.insert(list.to_owned(), Value::Object(rest));
    }
    // Claims are no part of what is compared: upstream makes the resources anew without them.
    members.insert("resources".to_owned(), Value::Object(resources));
    container
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(resources: &Value) -> Value {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default", "labels": {"a": "b"}},
            "spec": {"containers": [{"name": "main", "image": "nginx", "resources": resources}]},
            "status": {"qosClass": "Burstable"},
        });
        let object = pod.as_object_mut().unwrap();
        super::super::super::defaults::apply(Kind::POD, object);
        pod
    }

    fn resized(to: &Value) -> Vec<String> {
        let old = pod(&json!({"requests": {"cpu": "100m"}, "limits": {"cpu": "1"}}));
        let mut new = pod(to);
        new["metadata"]["labels"] = json!({"a": "c"});
        drop_other_changes(&old, &mut new);
        assert_eq!(new["metadata"]["labels"], json!({"a": "b"}), "a resize changes no labels");
        validate_resize(&old, &new)
    }

    #[test]
    fn only_cpu_and_memory_change() {
        assert!(resized(&json!({"requests": {"cpu": "200m"}, "limits": {"cpu": "1"}})).is_empty());
        let more = json!({"requests": {"cpu": "100m", "ephemeral-storage": "1Gi"}, "limits": {"cpu": "1"}});
        assert_eq!(resized(&more), ["spec: Forbidden: only cpu and memory resources are mutable"]);
    }

    #[test]
    fn nothing_is_removed_and_the_class_stays() {
        let removed = ["spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed"];
        assert_eq!(resized(&json!({"requests": {"cpu": "100m"}})), removed);
        let guaranteed = json!({"cpu": "1", "memory": "1Gi"});
        let class = ["spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing"];
        assert_eq!(resized(&json!({"requests": guaranteed, "limits": guaranteed})), class);
    }
}
