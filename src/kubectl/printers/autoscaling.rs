//! HorizontalPodAutoscalers. Upstream: `printHorizontalPodAutoscaler`, `formatHPAMetrics`.

use serde_json::Value;

use crate::model::object::ObjectRef;

use super::{Context, Printer, field, or, text};

pub(super) static HORIZONTAL_POD_AUTOSCALER: Printer =
    Printer { columns: &["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"], wide: &[], row };

fn row(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let (raw, status) = (context.raw(object), context.status(object));
    let target = field(raw, "spec.scaleTargetRef");
    vec![
        context.name(object),
        format!("{}/{}", text(target, "kind"), text(target, "name")),
        targets(field(raw, "spec.metrics"), field(status, "currentMetrics")),
        or(text(raw, "spec.minReplicas"), "<unset>"),
        text(raw, "spec.maxReplicas"),
        or(text(status, "currentReplicas"), "0"),
        context.age(object),
    ]
}

fn targets(specs: &Value, statuses: &Value) -> String {
    const SHOWN: usize = 2;
    let Some(specs) = specs.as_array().filter(|specs| !specs.is_empty()) else { return "<none>".to_owned() };
    let words: Vec<String> = specs
        .iter()
        .enumerate()
        .map(|(place, spec)| target(spec, statuses.get(place).unwrap_or(&Value::Null)))
        .collect();
    if words.len() > SHOWN {
        format!("{} + {} more...", words[..SHOWN].join(", "), words.len() - SHOWN)
    } else {
        words.join(", ")
    }
}

/// `cpu: 42%/50%`, `300Mi/500Mi (avg)`.
fn target(spec: &Value, status: &Value) -> String {
    const UNKNOWN: &str = "<unknown>";
    let current = |path: &str| or(text(status, path), UNKNOWN);
    match text(spec, "type").as_str() {
        "External" => {
            let average = text(spec, "external.target.averageValue");
            if average.is_empty() {
                format!("{}/{}", current("external.current.value"), text(spec, "external.target.value"))
            } else {
                format!("{}/{average} (avg)", current("external.current.averageValue"))
            }
        }
        "Pods" => format!("{}/{}", current("pods.current.averageValue"), text(spec, "pods.target.averageValue")),
        "Object" => {
            let average = text(spec, "object.target.averageValue");
            if average.is_empty() {
                format!("{}/{}", current("object.current.value"), text(spec, "object.target.value"))
            } else {
                format!("{}/{average} (avg)", current("object.current.averageValue"))
            }
        }
        "Resource" => resource(spec, status, "resource"),
        "ContainerResource" => resource(spec, status, "containerResource"),
        _ => "<unknown type>".to_owned(),
    }
}

fn resource(spec: &Value, status: &Value, part: &str) -> String {
    let (spec, status) = (field(spec, part), field(status, part));
    let name = text(spec, "name");
    let average = text(spec, "target.averageValue");
    if !average.is_empty() {
        return format!("{name}: {}/{average}", or(text(status, "current.averageValue"), "<unknown>"));
    }
    let utilization = text(status, "current.averageUtilization");
    let current = if utilization.is_empty() { "<unknown>".to_owned() } else { format!("{utilization}%") };
    let wanted = text(spec, "target.averageUtilization");
    let wanted = if wanted.is_empty() { "<auto>".to_owned() } else { format!("{wanted}%") };
    format!("{name}: {current}/{wanted}")
}
