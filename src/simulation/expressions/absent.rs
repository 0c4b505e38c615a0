//! Optional numbers and lists of built-in kinds that the API leaves out while they are zero or empty: expressions read
//! zeros and empty lists. Source of the names: k8s.io/api, fields with `omitempty`.

use serde_json::{Map, Value, json};

use crate::model::kind::Kind;

const SCALED: [&str; 6] =
    ["replicas", "readyReplicas", "availableReplicas", "updatedReplicas", "observedGeneration", "terminatingReplicas"];

/// Fills in what an object of `kind` leaves out.
pub(super) fn fill(kind: Kind, object: &mut Value) {
    let Some(object) = object.as_object_mut() else { return };
    let metadata = part(object, "metadata");
    maps(metadata, &["labels", "annotations"]);
    lists(metadata, &["finalizers", "ownerReferences"]);
    match kind {
        Kind::POD => {
            lists(
                part(object, "spec"),
                &["containers", "initContainers", "volumes", "tolerations", "imagePullSecrets"],
            );
            let status = part(object, "status");
            lists(status, &["conditions", "containerStatuses", "initContainerStatuses", "podIPs"]);
        }
        Kind::NODE => {
            lists(part(object, "spec"), &["taints"]);
            lists(part(object, "status"), &["conditions", "addresses", "images"]);
        }
        Kind::DEPLOYMENT => {
            numbers(part(object, "status"), &SCALED);
            numbers(part(object, "status"), &["unavailableReplicas", "collisionCount"]);
            lists(part(object, "status"), &["conditions"]);
        }
        Kind::REPLICA_SET | Kind::REPLICATION_CONTROLLER => {
            numbers(part(object, "status"), &SCALED);
            numbers(part(object, "status"), &["fullyLabeledReplicas"]);
            lists(part(object, "status"), &["conditions"]);
        }
        Kind::STATEFUL_SET => {
            numbers(part(object, "status"), &SCALED);
            numbers(part(object, "status"), &["currentReplicas", "collisionCount"]);
            lists(part(object, "status"), &["conditions"]);
        }
        Kind::DAEMON_SET => {
            let names = [
                "currentNumberScheduled",
                "desiredNumberScheduled",
                "numberAvailable",
                "numberMisscheduled",
                "numberReady",
                "numberUnavailable",
                "updatedNumberScheduled",
                "observedGeneration",
            ];
            numbers(part(object, "status"), &names);
        }
        Kind::JOB => {
            numbers(part(object, "status"), &["active", "succeeded", "failed", "ready", "terminating"]);
            lists(part(object, "status"), &["conditions"]);
        }
        Kind::CRON_JOB => lists(part(object, "status"), &["active"]),
        Kind::HORIZONTAL_POD_AUTOSCALER => {
            numbers(part(object, "status"), &["currentReplicas", "desiredReplicas"]);
            lists(part(object, "status"), &["conditions", "currentMetrics"]);
        }
        Kind::POD_DISRUPTION_BUDGET => {
            let names = ["currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"];
            numbers(part(object, "status"), &names);
        }
        Kind::ENDPOINT_SLICE => lists_of_null(object, &["endpoints", "ports"]),
        Kind::SERVICE => lists(part(object, "spec"), &["ports", "externalIPs"]),
        Kind::CONFIG_MAP | Kind::SECRET => maps(object, &["data"]),
        _ => {}
    }
}

fn part<'a>(object: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let value = object.entry(name.to_owned()).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was made an object")
}

fn numbers(object: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        object.entry((*name).to_owned()).or_insert_with(|| json!(0));
    }
}

fn lists(object: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        object.entry((*name).to_owned()).or_insert_with(|| json!([]));
    }
}

/// EndpointSlices are printed with `endpoints: null` while they have none.
fn lists_of_null(object: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        let value = object.entry((*name).to_owned()).or_insert(Value::Null);
        if value.is_null() {
            *value = json!([]);
        }
    }
}

fn maps(object: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        object.entry((*name).to_owned()).or_insert_with(|| json!({}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_reads_as_zero_or_empty_and_what_is_there_stays() {
        let mut object = json!({"metadata": {"name": "web"}, "status": {"replicas": 3}});
        fill(Kind::DEPLOYMENT, &mut object);
        assert_eq!(object["status"]["replicas"], 3);
        assert_eq!(object["status"]["readyReplicas"], 0);
        assert_eq!(object["metadata"]["labels"], json!({}));
        let mut slice = json!({"endpoints": null});
        fill(Kind::ENDPOINT_SLICE, &mut slice);
        assert_eq!(slice["endpoints"], json!([]));
    }
}
