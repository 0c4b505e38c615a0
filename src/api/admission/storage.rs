//! Default classes of claims and Ingresses.
//! Upstream: plugin/pkg/admission/storage/setdefault, plugin/pkg/admission/network/defaultingressclass.

use serde_json::Value;

use super::super::value::{default_nil, object_mut};

/// Names the default StorageClass in a claim that names none (`""` is a name).
pub fn default_storage_class(claim: &mut Value, default: Option<&str>) {
    if let (Some(class), Value::Object(object)) = (default, claim) {
        default_nil(object_mut(object, "spec"), "storageClassName", class);
    }
}

/// Names the default IngressClass in an Ingress that names none.
pub fn default_ingress_class(ingress: &mut Value, default: Option<&str>) {
    let Value::Object(object) = ingress else { return };
    let annotated = object
        .get("metadata")
        .is_some_and(|metadata| !metadata["annotations"]["kubernetes.io/ingress.class"].is_null());
    if let Some(class) = default.filter(|_| !annotated) {
        default_nil(object_mut(object, "spec"), "ingressClassName", class);
    }
}
