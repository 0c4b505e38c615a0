//! What makes the pod of an ordinal: its name, its labels, its claims.
//! Upstream: statefulset `newVersionedStatefulSetPod`, `updateStorage`, `getPersistentVolumeClaims`.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::{ObjectRef, PodId};
use crate::model::workload::StatefulSet;

pub(super) const REVISION_LABEL: &str = "controller-revision-hash";
const POD_NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// The ordinal in a pod's name, if it is of this set. Upstream: statefulset `getParentNameAndOrdinal`.
pub(super) fn ordinal_of(pod: PodId, set: &str, cluster: &Cluster) -> Option<i32> {
    let digits = cluster.pod(pod).name.strip_prefix(set)?.strip_prefix('-')?;
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// `<set>-<ordinal>`.
pub(super) fn pod_name(set: &str, ordinal: i32) -> Text {
    Text::from(format!("{set}-{ordinal}"))
}

/// `<claim>-<set>-<ordinal>`.
pub(super) fn claim_name(claim: &str, set: &str, ordinal: i32) -> Text {
    Text::from(format!("{claim}-{set}-{ordinal}"))
}

/// The template of the pod of an ordinal, from that of its revision.
pub(super) fn pod_template(template: &Value, set: &StatefulSet, name: &str, ordinal: i32, revision: &str) -> Value {
    let mut raw = template.clone();
    let pod_name = pod_name(name, ordinal);
    if !raw["metadata"]["labels"].is_object() {
        raw["metadata"]["labels"] = json!({});
    }
    raw["metadata"]["labels"][POD_NAME_LABEL] = json!(pod_name);
    raw["metadata"]["labels"][POD_INDEX_LABEL] = json!(ordinal.to_string());
    raw["metadata"]["labels"][REVISION_LABEL] = json!(revision);
    raw["spec"]["hostname"] = json!(pod_name);
    if !set.service_name.is_empty() {
        raw["spec"]["subdomain"] = json!(set.service_name);
    }
    if !set.claim_templates.is_empty() {
        let own = set.claim_templates.iter().map(
            |claim| json!({"name": claim, "persistentVolumeClaim": {"claimName": claim_name(claim, name, ordinal)}}),
        );
        let others = raw["spec"]["volumes"]
            .as_array()
            .cloned()
            .unwrap_or_default()
            .into_iter()
            .filter(|volume| !set.claim_templates.iter().any(|claim| volume["name"] == claim.as_str()));
        raw["spec"]["volumes"] = Value::Array(own.chain(others).collect());
    }
    raw
}

/// Labels by which Services find a single pod. Upstream: statefulset `updateIdentity`.
pub(super) fn labels(name: &str, ordinal: i32) -> [(&'static str, Text); 2] {
    [(POD_NAME_LABEL, Text::from(name)), (POD_INDEX_LABEL, Text::from(ordinal.to_string()))]
}

/// Has the pod lost the label with its name? Upstream: statefulset `identityMatches`.
pub(super) fn is_lost(pod: PodId, cluster: &Cluster) -> bool {
    cluster.template_of(pod).labels.get(POD_NAME_LABEL) != Some(&cluster.pod(pod).name)
}

/// The manifest of a claim.
pub(super) fn claim(key: ObjectRef, claim: &str, ordinal: i32, cluster: &Cluster) -> Option<Value> {
    let row = cluster.object(key);
    let templates = row.raw.pointer("/spec/volumeClaimTemplates")?.as_array()?;
    let template = templates.iter().find(|template| template["metadata"]["name"] == claim)?;
    let mut labels = template["metadata"]["labels"].clone();
    if !labels.is_object() {
        labels = json!({});
    }
    let selected = row.raw.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    for (label, value) in selected.into_iter().flatten() {
        labels[label] = value.clone();
    }
    let mut metadata = json!({"name": claim_name(claim, &row.meta.name, ordinal), "labels": labels});
    if template["metadata"]["annotations"].is_object() {
        metadata["annotations"] = template["metadata"]["annotations"].clone();
    }
    Some(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_takes_the_place_of_a_volume_of_its_name() {
        let raw = json!({"spec": {"volumes": [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]}});
        let set = StatefulSet {
            claim_templates: vec![Text::const_new("data")],
            service_name: Text::const_new("db"),
            ..example()
        };
        let made = pod_template(&raw, &set, "db", 2, "db-1");
        assert_eq!(made["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"], "data-db-2");
        assert_eq!(made["spec"]["volumes"][1]["name"], "tmp");
        assert_eq!((&made["spec"]["hostname"], &made["spec"]["subdomain"]), (&json!("db-2"), &json!("db")));
        assert_eq!(made["metadata"]["labels"][POD_INDEX_LABEL], "2");
    }

    fn example() -> StatefulSet {
        let value = json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
            "spec": {"selector": {"matchLabels": {"app": "db"}}, "serviceName": "db"},
        });
        crate::api::convert::body(crate::model::kind::Kind::STATEFUL_SET, &value)
            .as_stateful_set()
            .expect("it is one")
            .clone()
    }
}
