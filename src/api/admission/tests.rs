//! Admission: what it adds to a pod, and what it refuses.

use serde_json::json;

use super::*;
use crate::api::decode::{DecodeCache, FieldValidation, decode};
use crate::api::decoded::DecodedBody;

fn template(spec: &Value) -> Arc<PodTemplate> {
    let value = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec});
    match decode(value, "default", FieldValidation::Strict, &mut DecodeCache::default()).unwrap().body {
        DecodedBody::Pod(template) => template,
        DecodedBody::Other { .. } => panic!("a pod"),
    }
}

fn input() -> AdmissionInput<'static> {
    AdmissionInput { service_account: Some(ServiceAccountView::default()), ..AdmissionInput::default() }
}

#[test]
fn a_pod_tolerates_lost_nodes_for_five_minutes() {
    let plain = template(&json!({"containers": [{"name": "a", "image": "b"}]}));
    let admitted = pod_admission(&plain, &input()).unwrap();
    assert_eq!(admitted.spec.tolerations.len(), 2);
    assert_eq!(admitted.spec.tolerations[0].seconds, Some(300));
    assert_eq!(admitted.spec.service_account, "default");
    assert_eq!(admitted.spec.volumes.len(), 1);
}

#[test]
fn an_unknown_priority_class_is_refused() {
    let plain = template(&json!({"containers": [{"name": "a", "image": "b"}], "priorityClassName": "x"}));
    assert_eq!(pod_admission(&plain, &input()).unwrap_err(), "no PriorityClass with name x was found");
}

#[test]
fn a_claim_has_to_be_within_the_bounds_of_its_namespace() {
    let ranges = LimitRange::from_object(&json!({"spec": {"limits": [
        {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}},
    ]}}));
    let check =
        |storage: &str| check_claim(&json!({"spec": {"resources": {"requests": {"storage": storage}}}}), &ranges);
    assert_eq!(check("1Gi"), Ok(()));
    let words = |what: &str, bound: &str, request: &str| {
        Err(format!("{what} storage usage per PersistentVolumeClaim is {bound}, but request is {request}"))
    };
    assert_eq!(check("500Mi"), words("minimum", "1Gi", "500Mi"));
    assert_eq!(check("3Gi"), words("maximum", "2Gi", "3Gi"));
}
