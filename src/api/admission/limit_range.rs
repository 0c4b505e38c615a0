//! LimitRanges: defaults of containers, then bounds. Upstream: plugin/pkg/admission/limitranger.

use serde_json::{Value, json};

use super::super::convert;
use super::super::value::{Object, get, items, items_mut, object_mut, text};
use crate::model::quantity::Quantity;
use crate::model::resources::ResourceList;

/// One `limits[]` of a LimitRange.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LimitRange {
    /// `Container`, `Pod`, `PersistentVolumeClaim`.
    pub kind: String,
    /// Upper bounds.
    pub max: ResourceList,
    /// Lower bounds.
    pub min: ResourceList,
    /// Default limits.
    pub default: ResourceList,
    /// Default requests.
    pub default_request: ResourceList,
    /// Greatest limit for a request.
    pub max_ratio: ResourceList,
}

impl LimitRange {
    /// The items of a stored LimitRange.
    pub fn from_object(object: &Value) -> Vec<Self> {
        let list = |item: &Value, key: &str| convert::resource_list(&item[key]);
        items(&object["spec"]["limits"])
            .iter()
            .map(|item| Self {
                kind: text(&item["type"]).to_owned(),
                max: list(item, "max"),
                min: list(item, "min"),
                default: list(item, "default"),
                default_request: list(item, "defaultRequest"),
                max_ratio: list(item, "maxLimitRequestRatio"),
            })
            .collect()
    }
}

/// Fills what containers leave open, and says so in an annotation. Upstream: `mergePodResourceRequirements`.
pub(super) fn set_defaults(object: &mut Object, ranges: &[LimitRange]) {
    let mut said = Vec::new();
    let spec = object_mut(object, "spec");
    for (list, what) in [("containers", "container"), ("initContainers", "init container")] {
        for container in items_mut(spec.get_mut(list)).filter_map(Value::as_object_mut) {
            let name = text(get(container, "name")).to_owned();
            let resources = object_mut(container, "resources");
            for (member, pick) in [
                ("requests", (|range| &range.default_request) as fn(&LimitRange) -> &ResourceList),
                ("limits", |range| &range.default),
            ] {
                let set = fill(resources, member, ranges, pick);
                if !set.is_empty() {
                    said.push(format!("{} {} for {what} {name}", set.join(", "), member.trim_end_matches('s')));
                }
            }
        }
    }
    if !said.is_empty() {
        let annotations = object_mut(object_mut(object, "metadata"), "annotations");
        let text = format!("LimitRanger plugin set: {}", said.join("; "));
        annotations.insert("kubernetes.io/limit-ranger".to_owned(), json!(text));
    }
}

/// Sets the resources that the member does not name; returns their names, sorted.
fn fill(
    resources: &mut Object,
    member: &str,
    ranges: &[LimitRange],
    pick: fn(&LimitRange) -> &ResourceList,
) -> Vec<String> {
    let mut set = Vec::new();
    for range in ranges.iter().filter(|range| range.kind == "Container") {
        for (name, quantity) in &pick(range).entries {
            let list = object_mut(resources, member);
            if !list.contains_key(name.as_str()) {
                list.insert(name.to_string(), Value::from(quantity.to_string()));
                set.push(name.to_string());
            }
        }
    }
    if super::super::value::is_zero(get(resources, member)) {
        resources.remove(member);
    }
    set.sort();
    set
}

/// Checks the bounds of containers, then of the pod. Upstream: `PodValidateLimitFunc`.
pub(super) fn check(spec: &Object, ranges: &[LimitRange]) -> Result<(), String> {
    let mut errors = Vec::new();
    for range in ranges {
        match range.kind.as_str() {
            "Container" => {
                for container in items(get(spec, "containers")).iter().chain(items(get(spec, "initContainers"))) {
                    let resources = &container["resources"];
                    let requests = convert::resource_list(&resources["requests"]);
                    let limits = convert::resource_list(&resources["limits"]);
                    bounds(range, &requests, &limits, &mut errors);
                }
            }
            "Pod" => {
                let pod = convert::pod_spec(&Value::Object(spec.clone()));
                let requests = crate::model::pod_template::pod_requests(&pod);
                let mut limits = ResourceList::default();
                for container in pod.main_containers() {
                    limits.add(&container.limits);
                }
                for container in pod.init_containers() {
                    limits.max(&container.limits);
                }
                bounds(range, &requests, &limits, &mut errors);
            }
            _ => {}
        }
    }
    joined(&errors)
}

/// Checks the bounds of a claim. Upstream: `PersistentVolumeClaimValidateLimitFunc`.
///
/// # Errors
/// The bounds that its request is outside of.
pub fn check_claim(claim: &Value, ranges: &[LimitRange]) -> Result<(), String> {
    const KIND: &str = "PersistentVolumeClaim";
    let requests = convert::resource_list(&claim["spec"]["resources"]["requests"]);
    let mut errors = Vec::new();
    for range in ranges.iter().filter(|range| range.kind == KIND) {
        for (what, bounds) in [("minimum", &range.min), ("maximum", &range.max)] {
            for (name, bound) in &bounds.entries {
                let frame = format!("{what} {name} usage per {KIND} is {bound}");
                match requests.get(name) {
                    None => errors.push(format!("{frame}.  No request is specified")),
                    Some(request) => {
                        let (low, high) = if what == "minimum" { (request, *bound) } else { (*bound, request) };
                        if low.nano < high.nano {
                            errors.push(format!("{frame}, but request is {request}"));
                        }
                    }
                }
            }
        }
    }
    joined(&errors)
}

fn joined(errors: &[String]) -> Result<(), String> {
    match errors {
        [] => Ok(()),
        [one] => Err(one.clone()),
        several => Err(format!("[{}]", several.join(", "))),
    }
}

/// Upstream: `minConstraint`, `maxConstraint`, `limitRequestRatioConstraint`.
fn bounds(range: &LimitRange, requests: &ResourceList, limits: &ResourceList, errors: &mut Vec<String>) {
    let kind = &range.kind;
    for (name, min) in &range.min.entries {
        let below = |quantity: Quantity| quantity.nano < min.nano;
        match (requests.get(name), limits.get(name)) {
            (None, _) => errors.push(format!("minimum {name} usage per {kind} is {min}.  No request is specified")),
            (Some(request), _) if below(request) => {
                errors.push(format!("minimum {name} usage per {kind} is {min}, but request is {request}"));
            }
            (_, Some(limit)) if below(limit) => {
                errors.push(format!("minimum {name} usage per {kind} is {min}, but limit is {limit}"));
            }
            _ => {}
        }
    }
    for (name, max) in &range.max.entries {
        let above = |quantity: Quantity| quantity.nano > max.nano;
        match (limits.get(name), requests.get(name)) {
            (None, _) => errors.push(format!("maximum {name} usage per {kind} is {max}.  No limit is specified")),
            (Some(limit), _) if above(limit) => {
                errors.push(format!("maximum {name} usage per {kind} is {max}, but limit is {limit}"));
            }
            (_, Some(request)) if above(request) => {
                errors.push(format!("maximum {name} usage per {kind} is {max}, but request is {request}"));
            }
            _ => {}
        }
    }
    for (name, ratio) in &range.max_ratio.entries {
        let frame = format!("{name} max limit to request ratio per {kind} is {ratio}");
        match (requests.get(name), limits.get(name)) {
            (Some(request), Some(limit)) if request.nano > 0 && limit.nano > 0 => {
                let provided = limit.nano as f64 / request.nano as f64;
                if provided > ratio.nano as f64 / 1e9 {
                    errors.push(format!("{frame}, but provided ratio is {provided:.6}"));
                }
            }
            _ => errors.push(format!("{frame}, but no request is specified or request is 0")),
        }
    }
}
