//! Pods stay on a node that is not ready or unreachable for a while.
//! Upstream: plugin/pkg/admission/defaulttolerationseconds.

use serde_json::{Value, json};

use super::super::value::{Object, get, is_zero, items, text};

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// Adds each toleration unless one of that key, or of all keys, covers NoExecute already.
pub(super) fn admit(spec: &mut Object, not_ready_seconds: i64, unreachable_seconds: i64) {
    let written = get(spec, "tolerations").clone();
    let covered = |key: &str| {
        items(&written).iter().any(|toleration| {
            let (own, effect) = (text(&toleration["key"]), text(&toleration["effect"]));
            (own.is_empty() || own == key) && (effect.is_empty() || effect == "NoExecute")
        })
    };
    let added: Vec<Value> = [(NOT_READY, not_ready_seconds), (UNREACHABLE, unreachable_seconds)]
        .into_iter()
        .filter(|(key, _)| !covered(key))
        .map(|(key, seconds)| {
            json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds})
        })
        .collect();
    if added.is_empty() {
        return;
    }
    if is_zero(&written) {
        spec.insert("tolerations".to_owned(), Value::Array(added));
    } else if let Some(Value::Array(list)) = spec.get_mut("tolerations") {
        list.extend(added);
    }
}
