//! What leaves a dump on its way into a scenario: Secrets' values, values of environment variables and annotations that no
//! controller reads. Keys and names stay, so that everything that refers to them still works.

use serde_json::{Value, json};

use crate::api::value::items_mut;

/// What stands in place of a redacted value, and the same as a Secret holds it.
pub const REDACTED: &str = "REDACTED";
const REDACTED_BASE64: &str = "UkVEQUNURUQ=";

/// What stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Values of Secrets.
    pub secrets: bool,
    /// Values of environment variables.
    pub env: bool,
    /// Annotations.
    pub annotations: bool,
}

/// Annotations that controllers, kubelets and the scheduler read, by prefix.
const READ: [&str; 12] = [
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
    "kubernetes.io/config.",
    "pv.kubernetes.io/",
    "volume.kubernetes.io/",
    "volume.beta.kubernetes.io/",
    "batch.kubernetes.io/",
    "controller.kubernetes.io/",
    "cluster-autoscaler.kubernetes.io/",
    "storageclass.kubernetes.io/",
    "ingressclass.kubernetes.io/",
    "statefulset.kubernetes.io/",
];

/// The last applied manifest repeats what is redacted elsewhere.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Takes out of an object what is not to be kept.
pub fn redact(object: &mut Value, keep: Keep) {
    annotations(&mut object["metadata"], keep);
    if object["kind"] == "Secret" && !keep.secrets {
        for (field, value) in [("data", REDACTED_BASE64), ("stringData", REDACTED)] {
            for (_, member) in object[field].as_object_mut().into_iter().flatten() {
                *member = value.into();
            }
        }
    }
    let places = ["/spec", "/spec/template/spec", "/spec/jobTemplate/spec/template/spec", "/data/spec/template/spec"];
    for place in places {
        if let Some(spec) = object.pointer_mut(place)
            && !keep.env
        {
            environment(spec);
        }
    }
    let metadata = ["/spec/template", "/spec/jobTemplate", "/spec/jobTemplate/spec/template", "/data/spec/template"];
    for place in metadata {
        if let Some(owner) = object.pointer_mut(place).filter(|owner| owner["metadata"].is_object()) {
            annotations(&mut owner["metadata"], keep);
        }
    }
}

fn annotations(metadata: &mut Value, keep: Keep) {
    let Some(object) = metadata.as_object_mut() else { return };
    let Some(all) = object.get_mut("annotations").and_then(Value::as_object_mut) else { return };
    let all_kept = keep.secrets && keep.env;
    all.retain(|key, _| {
        let read = READ.iter().any(|prefix| key.starts_with(prefix));
        read || keep.annotations && (key != LAST_APPLIED || all_kept)
    });
    if all.is_empty() {
        object.remove("annotations");
    }
}

fn environment(spec: &mut Value) {
    let Some(spec) = spec.as_object_mut() else { return };
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in items_mut(spec.get_mut(list)) {
            let variables = container.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten();
            for variable in variables.filter(|variable| variable["value"].as_str().is_some_and(|v| !v.is_empty())) {
                variable["value"] = json!(REDACTED);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> Value {
        let container = json!({"name": "c", "env": [{"name": "PASSWORD", "value": "x"}, {"name": "EMPTY", "value": ""},
            {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]});
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "annotations": {LAST_APPLIED: "{\"x\": 1}", "team": "a",
                "deployment.kubernetes.io/revision": "3"}},
            "spec": {"template": {"metadata": {"annotations": {"checksum": "z"}}, "spec": {"containers": [container]}}}})
    }

    #[test]
    fn values_go_and_what_controllers_read_stays() {
        let mut object = deployment();
        redact(&mut object, Keep::default());
        assert_eq!(object["metadata"]["annotations"], json!({"deployment.kubernetes.io/revision": "3"}));
        assert_eq!(object["spec"]["template"]["metadata"], json!({}));
        let env = &object["spec"]["template"]["spec"]["containers"][0]["env"];
        assert_eq!((&env[0]["value"], &env[1]["value"]), (&json!(REDACTED), &json!("")));
        assert_eq!(env[2]["valueFrom"]["secretKeyRef"]["key"], "k");
    }

    #[test]
    fn the_last_applied_manifest_leaks_nothing() {
        let mut object = deployment();
        redact(&mut object, Keep { annotations: true, ..Keep::default() });
        assert_eq!(object["metadata"]["annotations"]["team"], "a");
        assert!(object["metadata"]["annotations"].get(LAST_APPLIED).is_none());
        let mut object = deployment();
        redact(&mut object, Keep { annotations: true, env: true, secrets: true });
        assert_eq!(object, deployment());
    }

    #[test]
    fn secrets_keep_their_keys() {
        let mut secret = json!({"kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "czNjcjN0"}});
        redact(&mut secret, Keep::default());
        assert_eq!(secret["data"], json!({"k": REDACTED_BASE64}));
    }
}
