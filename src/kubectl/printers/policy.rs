//! PodDisruptionBudgets, PriorityClasses, ResourceQuotas, and kinds that show when they were created.

use serde_json::Value;

use crate::model::object::{Body, ObjectRef};

use super::{Context, Printer, field, or, plain, text};

pub(super) static POD_DISRUPTION_BUDGET: Printer = Printer {
    columns: &["NAME", "MIN AVAILABLE", "MAX UNAVAILABLE", "ALLOWED DISRUPTIONS", "AGE"],
    wide: &[],
    row: pod_disruption_budget,
};

pub(super) static PRIORITY_CLASS: Printer = Printer {
    columns: &["NAME", "VALUE", "GLOBAL-DEFAULT", "AGE", "PREEMPTIONPOLICY"],
    wide: &[],
    row: priority_class,
};

pub(super) static RESOURCE_QUOTA: Printer =
    Printer { columns: &["NAME", "REQUEST", "LIMIT", "AGE"], wide: &[], row: resource_quota };

pub(super) static CREATED_AT: Printer = Printer { columns: &["NAME", "CREATED AT"], wide: &[], row: created_at };

fn pod_disruption_budget(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let (raw, status) = (context.raw(object), context.status(object));
    vec![
        context.name(object),
        or(text(raw, "spec.minAvailable"), "N/A"),
        or(text(raw, "spec.maxUnavailable"), "N/A"),
        or(text(status, "disruptionsAllowed"), "0"),
        context.age(object),
    ]
}

fn priority_class(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let Body::PriorityClass { value, global_default, preempts } = context.cluster.body(object) else {
        return vec![context.name(object)];
    };
    let policy = if *preempts { "PreemptLowerPriority" } else { "Never" };
    vec![context.name(object), value.to_string(), global_default.to_string(), context.age(object), policy.to_owned()]
}

/// Upstream: `printResourceQuota`: used/hard of each resource, those of limits in a column of their own.
fn resource_quota(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let status = context.status(object);
    let mut requests = Vec::new();
    let mut limits = Vec::new();
    let none = serde_json::Map::new();
    for (resource, hard) in field(status, "hard").as_object().unwrap_or(&none) {
        let used = status.get("used").and_then(|used| used.get(resource)).map_or("0".to_owned(), plain);
        let word = format!("{resource}: {used}/{}", plain(hard));
        if resource.starts_with("limits") { limits.push(word) } else { requests.push(word) }
    }
    vec![context.name(object), requests.join(", "), limits.join(", "), context.age(object)]
}

fn created_at(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let created = context.cluster.clock().timestamp(context.cluster.meta(object).created);
    vec![context.name(object), plain(&Value::String(created))]
}
