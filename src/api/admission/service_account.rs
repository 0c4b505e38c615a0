//! Every pod has a service account and a volume with its token. Upstream: plugin/pkg/admission/serviceaccount.

use serde_json::{Value, json};

use super::super::value::{Object, default_zero, get, is_zero, items, items_mut, text};
use super::super::view::TOKEN_VOLUME;

/// A ServiceAccount as admission sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceAccountView {
    /// `automountServiceAccountToken`.
    pub automount: Option<bool>,
    /// `imagePullSecrets` by name.
    pub image_pull_secrets: Vec<String>,
}

const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Names the account, takes over its pull secrets and mounts its token. The volume's name gets its suffix when a pod is
/// printed, so that pods share the template.
pub(super) fn admit(spec: &mut Object, namespace: &str, account: Option<&ServiceAccountView>) -> Result<(), String> {
    default_zero(spec, "serviceAccountName", "default");
    let name = get(spec, "serviceAccountName").clone();
    let Some(account) = account else {
        let name = text(&name);
        return Err(format!(
            "error looking up service account {namespace}/{name}: serviceaccount \"{name}\" not found"
        ));
    };
    spec.insert("serviceAccount".to_owned(), name);
    let automount = get(spec, "automountServiceAccountToken").as_bool().or(account.automount).unwrap_or(true);
    if automount {
        mount_token(spec);
    }
    if is_zero(get(spec, "imagePullSecrets")) && !account.image_pull_secrets.is_empty() {
        let secrets = account.image_pull_secrets.iter().map(|name| json!({"name": name})).collect();
        spec.insert("imagePullSecrets".to_owned(), secrets);
    }
    Ok(())
}

/// Containers that mount something there already keep it; the volume is made only for the others.
fn mount_token(spec: &mut Object) {
    let existing = items(get(spec, "volumes"))
        .iter()
        .map(|volume| text(&volume["name"]))
        .find(|name| name.starts_with(TOKEN_VOLUME))
        .map(str::to_owned);
    let name = existing.clone().unwrap_or_else(|| TOKEN_VOLUME.to_owned());
    let mut mounted = false;
    for list in ["initContainers", "containers"] {
        for container in items_mut(spec.get_mut(list)).filter_map(Value::as_object_mut) {
            let mounts = container.entry("volumeMounts").or_insert_with(|| json!([]));
            let Value::Array(mounts) = mounts else { continue };
            if mounts.iter().any(|mount| mount["mountPath"] == MOUNT_PATH) {
                continue;
            }
            mounts.push(json!({"name": name, "mountPath": MOUNT_PATH, "readOnly": true}));
            mounted = true;
        }
    }
    if mounted && existing.is_none() {
        let volumes = spec.entry("volumes").or_insert_with(|| json!([]));
        if let Value::Array(volumes) = volumes {
            volumes.push(token_volume());
        }
    }
}

/// Upstream: `TokenVolumeSource`.
fn token_volume() -> Value {
    json!({
        "name": TOKEN_VOLUME,
        "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
                {"downwardAPI": {"items": [
                    {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"},
                ]}},
            ],
        },
    })
}
