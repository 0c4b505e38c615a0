//! The admission plugins that are on by default and change or refuse objects, as pure functions over what the cluster
//! looks up for them. `cluster` calls `pod_admission` once for each (template, namespace).
//! Upstream: kubeapiserver/options `AllOrderedPlugins`.

mod limit_range;
mod priority;
mod service_account;
mod storage;
mod tolerations;

use std::sync::Arc;

use serde_json::Value;

use super::value::{Object, find_mut};
use super::{convert, defaults};
use crate::model::Text;
use crate::model::node::Node;
use crate::model::pod_template::PodTemplate;
use crate::model::taint::{Taint, TaintEffect};

pub use limit_range::{LimitRange, check_claim};
pub use priority::{PriorityClassView, resolve as resolve_priority};
pub use service_account::ServiceAccountView;
pub use storage::{default_ingress_class, default_storage_class};

/// What the plugins look up for pods of one namespace.
#[derive(Clone, Debug, Default)]
pub struct AdmissionInput<'a> {
    /// The namespace, for messages.
    pub namespace: &'a str,
    /// `--default-not-ready-toleration-seconds`; `None` is the default of 300.
    pub not_ready_seconds: Option<i64>,
    /// `--default-unreachable-toleration-seconds`; `None` is the default of 300.
    pub unreachable_seconds: Option<i64>,
    /// All PriorityClasses, the built-in ones not among them.
    pub priority_classes: &'a [PriorityClassView],
    /// The service account that the pod names (`default` if it names none); `None` if there is none.
    pub service_account: Option<ServiceAccountView>,
    /// The namespace's LimitRanges by name.
    pub limit_ranges: &'a [LimitRange],
    /// All RuntimeClasses: name and `overhead.podFixed`.
    pub runtime_classes: &'a [(String, Value)],
}

/// The template as it is stored, or why pods of it are refused: the text after `pods "x" is forbidden: `.
pub fn pod_admission(template: &PodTemplate, input: &AdmissionInput<'_>) -> Result<PodTemplate, String> {
    let mut value = (*template.raw).clone();
    let Value::Object(object) = &mut value else { return Ok(template.clone()) };
    // A controller's template becomes a pod only now, with the defaults that only pods have.
    if let Some(spec) = find_mut(object, "spec") {
        defaults::pod(spec);
    }
    limit_range::set_defaults(object, input.limit_ranges);
    let Some(spec) = find_mut(object, "spec") else { return Ok(template.clone()) };
    service_account::admit(spec, input.namespace, input.service_account.as_ref())?;
    priority::admit(spec, input.priority_classes)?;
    tolerations::admit(spec, input.not_ready_seconds.unwrap_or(300), input.unreachable_seconds.unwrap_or(300));
    runtime_class(spec, input.runtime_classes)?;
    limit_range::check(spec, input.limit_ranges)?;
    Ok(convert::pod_template(&value))
}

/// Are the resources of a pod that exists within the bounds of these ranges? Upstream: limitranger
/// `SupportsAttributes` for the subresource `resize`.
///
/// # Errors
/// The bounds that they are outside of.
pub fn check_limits(spec: &Value, ranges: &[LimitRange]) -> Result<(), String> {
    spec.as_object().map_or(Ok(()), |spec| limit_range::check(spec, ranges))
}

/// The overhead of the runtime class. Upstream: plugin/pkg/admission/runtimeclass.
fn runtime_class(spec: &mut Object, classes: &[(String, Value)]) -> Result<(), String> {
    let Some(name) = spec.get("runtimeClassName").and_then(Value::as_str) else { return Ok(()) };
    let Some((_, overhead)) = classes.iter().find(|(class, _)| class == name) else {
        return Err(format!("pod rejected: RuntimeClass \"{name}\" not found"));
    };
    if overhead.is_object() {
        spec.insert("overhead".to_owned(), overhead.clone());
    }
    Ok(())
}

/// A new node is not ready until its kubelet says so; its kubelet or its controller takes the taint away.
/// Upstream: plugin/pkg/admission/nodetaint.
pub fn taint_new_node(node: &mut Node) {
    let key = "node.kubernetes.io/not-ready";
    if !node.taints.iter().any(|taint| taint.key == key && taint.effect == TaintEffect::NoSchedule) {
        node.taints.push(Taint { key: key.into(), value: Text::default(), effect: TaintEffect::NoSchedule });
    }
}

/// The template of a Job with the labels that follow from its UID.
pub fn with_labels(template: &PodTemplate, labels: &[(&str, &str)]) -> PodTemplate {
    let mut value = (*template.raw).clone();
    let metadata = super::value::object_mut(value.as_object_mut().expect("a template is an object"), "metadata");
    let members: &mut Object = super::value::object_mut(metadata, "labels");
    for (key, label) in labels {
        members.insert((*key).to_owned(), Value::from(*label));
    }
    let mut new = template.clone();
    new.labels = Arc::new(convert::labels(&value["metadata"]["labels"]));
    new.raw = Arc::new(value);
    new
}

#[cfg(test)]
mod tests;
