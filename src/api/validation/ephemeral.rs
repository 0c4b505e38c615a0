//! What adding ephemeral containers to a pod may change. Upstream: pkg/apis/core/validation
//! `ValidatePodEphemeralContainersUpdate`, pkg/registry/core/pod `dropNonEphemeralContainerUpdates`.

use serde_json::Value;

use super::super::value::{items, text};
use super::{Errors, resize, validate};
use crate::model::kind::Kind;

/// Takes everything out of a new pod but its ephemeral containers.
pub fn drop_all_but_ephemeral(old: &Value, new: &mut Value) {
    let containers = new["spec"]["ephemeralContainers"].clone();
    new["spec"] = old["spec"].clone();
    resize::put(&mut new["spec"], "ephemeralContainers", &containers);
    resize::keep_rest(old, new);
}

/// All errors of a pod whose ephemeral containers are new.
pub fn validate_ephemeral(old: &Value, new: &Value) -> Vec<String> {
    const PATH: &str = "spec.ephemeralContainers";
    let mut errors = Errors::default();
    if old["metadata"]["annotations"].get("kubernetes.io/config.mirror").is_some() {
        errors.forbidden("", "static pods do not support ephemeral containers");
        return errors.into_list();
    }
    errors.extend(validate(Kind::POD, new));
    let containers = items(&new["spec"]["ephemeralContainers"]);
    for old in items(&old["spec"]["ephemeralContainers"]) {
        let name = text(&old["name"]);
        match containers.iter().find(|new| new["name"] == old["name"]) {
            None => errors.forbidden(PATH, &format!("existing ephemeral containers {name:?} may not be removed\n")),
            Some(new) if new != old => {
                // Upstream appends a diff of Go structures.
                errors.forbidden(PATH, &format!("existing ephemeral containers {name:?} may not be changed\n"));
            }
            Some(_) => {}
        }
    }
    errors.into_list()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(ephemeral: &Value) -> Value {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
            "spec": {"containers": [{"name": "main", "image": "nginx"}], "ephemeralContainers": ephemeral},
        });
        super::super::super::defaults::apply(Kind::POD, pod.as_object_mut().expect("it is one"));
        pod
    }

    fn errors(old: &Value, new: &Value) -> Vec<String> {
        let (old, mut new) = (pod(old), pod(new));
        drop_all_but_ephemeral(&old, &mut new);
        validate_ephemeral(&old, &new)
    }

    #[test]
    fn they_are_added_and_never_removed() {
        let debugger = json!([{"name": "d", "image": "busybox", "targetContainerName": "main"}]);
        assert!(errors(&json!([]), &debugger).is_empty());
        let removed = "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be removed\n";
        assert_eq!(errors(&debugger, &json!([])), [removed]);
    }

    #[test]
    fn they_are_no_part_of_the_workload() {
        let wrong =
            json!([{"name": "main", "image": "busybox", "targetContainerName": "x", "ports": [{"containerPort": 1}]}]);
        let expected = [
            "spec.ephemeralContainers[0].name: Duplicate value: \"main\"",
            "spec.ephemeralContainers[0].targetContainerName: Not found: \"x\"",
            "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        ];
        assert_eq!(errors(&json!([]), &wrong), expected);
    }
}
