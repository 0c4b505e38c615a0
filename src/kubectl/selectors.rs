//! `-l` and `--field-selector`. Upstream: apimachinery labels and fields `ParseSelector`.

use std::borrow::Cow;

use crate::api::selector::ParsedSelector;
use crate::cluster::Cluster;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::ObjectRef;
use crate::model::selector::LabelSelector;

/// Reads the `-l` syntax. The error is the library's text.
pub(crate) fn labels(text: &str) -> Result<LabelSelector, String> {
    ParsedSelector::parse(text).map(|parsed| parsed.to_selector())
}

/// One `--field-selector` requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldRequirement {
    pub(crate) path: String,
    pub(crate) equal: bool,
    pub(crate) value: String,
}

/// Reads the `--field-selector` syntax for a kind; `selectable` are the fields of its own that a custom one has.
pub(crate) fn fields(text: &str, kind: Kind, selectable: &[String]) -> Result<Vec<FieldRequirement>, String> {
    let mut requirements = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (path, equal, value) = if let Some((path, value)) = part.split_once("!=") {
            (path, false, value)
        } else if let Some((path, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            (path, true, value)
        } else {
            return Err(format!("invalid selector: '{text}'; can't understand '{part}'"));
        };
        let path = if kind == Kind::POD && path == "spec.host" { "spec.nodeName" } else { path };
        if !known_field(kind, path) && !selectable.iter().any(|known| known == path) {
            // Upstream: each kind's `AddFieldLabelConversionFunc`, runtime `DefaultMetaV1FieldSelectorConversion`.
            let own_words = [
                Kind::POD,
                Kind::NODE,
                Kind::EVENT,
                Kind::NAMESPACE,
                Kind::SECRET,
                Kind::SERVICE,
                Kind::REPLICATION_CONTROLLER,
                Kind::CERTIFICATE_SIGNING_REQUEST,
            ];
            return Err(if kind == Kind::JOB {
                format!("field label {path:?} not supported for Job")
            } else if own_words.contains(&kind) || kind.is_custom() {
                format!("field label not supported: {path}")
            } else {
                format!("{path:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
            });
        }
        requirements.push(FieldRequirement { path: path.to_owned(), equal, value: value.to_owned() });
    }
    Ok(requirements)
}

fn known_field(kind: Kind, path: &str) -> bool {
    let more: &[&str] = match kind {
        Kind::POD => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        Kind::NODE => &["spec.unschedulable"],
        Kind::EVENT => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        Kind::NAMESPACE => &["status.phase"],
        Kind::SECRET => &["type"],
        Kind::SERVICE => &["spec.clusterIP", "spec.type"],
        Kind::REPLICATION_CONTROLLER => &["status.replicas"],
        Kind::JOB => &["status.successful"],
        Kind::CERTIFICATE_SIGNING_REQUEST => &["spec.signerName"],
        _ => &[],
    };
    // Kinds with functions of their own and without a namespace do not know the field.
    let is_in_namespace = kind.is_namespaced()
        || !kind.is_custom() && ![Kind::NODE, Kind::NAMESPACE, Kind::CERTIFICATE_SIGNING_REQUEST].contains(&kind);
    path == "metadata.name" || path == "metadata.namespace" && is_in_namespace || more.contains(&path)
}

/// Does an object satisfy all requirements? Pods are asked by their columns, other objects by their fields.
pub(crate) fn fields_match(cluster: &Cluster, object: ObjectRef, requirements: &[FieldRequirement]) -> bool {
    requirements.iter().all(|requirement| {
        let value = field(cluster, object, &requirement.path);
        (value == requirement.value) == requirement.equal
    })
}

fn field(cluster: &Cluster, object: ObjectRef, path: &str) -> String {
    let (namespace, name) = cluster.identity(object);
    match path {
        "metadata.name" => return name.to_owned(),
        "metadata.namespace" => return cluster.namespace_name(namespace).to_owned(),
        _ => {}
    }
    let Some(pod) = object.as_pod() else { return plain_field(cluster, object, path) };
    let (row, spec) = (cluster.pod(pod), &cluster.template_of(pod).spec);
    match path {
        "spec.nodeName" => cluster.node_name(row.node).to_owned(),
        "spec.restartPolicy" => spec.restart_policy.name().to_owned(),
        "spec.schedulerName" => spec.scheduler_name.to_string(),
        "spec.serviceAccountName" => spec.service_account.to_string(),
        "spec.hostNetwork" => spec.host_network.to_string(),
        "status.phase" => row.status.phase.name().to_owned(),
        "status.podIP" | "status.podIPs" => super::printers::address(row.status.pod_ip),
        "status.nominatedNodeName" => cluster.node_name(row.nominated).to_owned(),
        _ => String::new(),
    }
}

fn plain_field(cluster: &Cluster, object: ObjectRef, path: &str) -> String {
    // The selector's name differs from the field's.
    let path = if path == "status.successful" { "status.succeeded" } else { path };
    let view = cluster.view(object);
    let found = path.split('.').try_fold(&view, |value, key| value.get(key));
    match found {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Null) | None => match path {
            "spec.unschedulable" => "false".to_owned(),
            "status.succeeded" | "status.replicas" => "0".to_owned(),
            _ => String::new(),
        },
        Some(other) => other.to_string(),
    }
}

/// Labels of any object.
pub(crate) fn labels_of(cluster: &Cluster, object: ObjectRef) -> Cow<'_, Labels> {
    cluster.labels(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_syntax_reads_as_in_kubectl() {
        let selector = labels("app in (web,api),!tier,env!=prod,x").unwrap();
        assert_eq!(selector.requirements.len(), 4);
        assert!(selector.matches(&Labels::from_pairs([("app", "web"), ("x", "1")])));
        assert!(!selector.matches(&Labels::from_pairs([("app", "web"), ("tier", "a"), ("x", "1")])));
    }

    /// Upstream: pkg/apis/core/v1 `addConversionFuncs`, pkg/apis/certificates/v1 conversion.go.
    #[test]
    fn each_kind_has_its_fields() {
        let parsed = |text: &str, kind: Kind| fields(text, kind, &[]);
        assert_eq!(parsed("spec.host=n", Kind::POD).unwrap()[0].path, "spec.nodeName");
        assert!(parsed("spec.signerName=x", Kind::CERTIFICATE_SIGNING_REQUEST).is_ok());
        for kind in [Kind::NODE, Kind::NAMESPACE] {
            assert_eq!(
                parsed("metadata.namespace=x", kind).unwrap_err(),
                "field label not supported: metadata.namespace"
            );
        }
        assert_eq!(
            parsed("metadata.name=x,foo", Kind::POD).unwrap_err(),
            "invalid selector: 'metadata.name=x,foo'; can't understand 'foo'"
        );
    }

    #[test]
    fn wrong_selectors_are_refused_in_the_librarys_words() {
        for (text, error) in [
            ("app=web,", "found '', expected: identifier after ','"),
            ("app in web", "unable to parse requirement: found 'web' expected: '('"),
            ("app=web tier=x", "found 'tier', expected: ',' or 'end of string'"),
        ] {
            assert_eq!(labels(text).unwrap_err(), error, "{text}");
        }
    }
}
