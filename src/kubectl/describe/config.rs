//! Namespaces, ConfigMaps, Secrets, budgets, priority classes, service accounts.

use serde_json::Value;

use super::super::printers::{field, or, text};
use super::Related;
use super::text::{Page, selector};

pub(super) fn namespace(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.head(view);
    page.field(0, "Status", text(view, "status.phase"));
    super::policy::of_namespace(page, related);
}

pub(super) fn config_map(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.head(view);
    page.line(0, "\nData\n====");
    for (key, value) in view["data"].as_object().into_iter().flatten() {
        page.line(0, format!("{key}:\n----\n{}\n", value.as_str().unwrap_or_default()));
    }
    page.line(0, "\nBinaryData\n====");
    for (key, value) in view["binaryData"].as_object().into_iter().flatten() {
        page.line(0, format!("{key}: {} bytes", decoded_length(value)));
    }
    page.line(0, "");
    related.events(page);
}

pub(super) fn secret(page: &mut Page, view: &Value, _: &Related<'_>) {
    page.head(view);
    page.line(0, format!("\nType:\t{}", or(text(view, "type"), "Opaque")));
    page.line(0, "\nData\n====");
    for (key, value) in view["data"].as_object().into_iter().flatten() {
        page.field(0, key, format!("{} bytes", decoded_length(value)));
    }
}

/// Bytes behind a base64 text.
fn decoded_length(value: &Value) -> usize {
    let text = value.as_str().unwrap_or_default();
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    text.len() / 4 * 3 - padding.min(2)
}

pub(super) fn disruption_budget(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    page.field_if(0, "Min available", text(view, "spec.minAvailable"));
    page.field_if(0, "Max unavailable", text(view, "spec.maxUnavailable"));
    let own = field(view, "spec.selector");
    page.field(0, "Selector", if own.is_object() { selector(own) } else { "<unset>".to_owned() });
    page.line(0, "Status:");
    for (label, path) in [
        ("Allowed disruptions", "status.disruptionsAllowed"),
        ("Current", "status.currentHealthy"),
        ("Desired", "status.desiredHealthy"),
        ("Total", "status.expectedPods"),
    ] {
        page.field(2, label, or(text(view, path), "0"));
    }
    related.events(page);
}

pub(super) fn priority_class(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Value", or(text(view, "value"), "0"));
    page.field(0, "GlobalDefault", or(text(view, "globalDefault"), "false"));
    page.field(0, "PreemptionPolicy", text(view, "preemptionPolicy"));
    page.field(0, "Description", text(view, "description"));
    let annotations = field(view, "metadata.annotations");
    page.field(0, "Annotations", super::super::printers::pairs(annotations));
    related.events(page);
}

pub(super) fn service_account(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.head(view);
    for (label, key) in [("Image pull secrets", "imagePullSecrets"), ("Mountable secrets", "secrets")] {
        let names: Vec<String> = view[key].as_array().into_iter().flatten().map(|entry| text(entry, "name")).collect();
        page.list("", label, &names);
    }
    page.field(0, "Tokens", "<none>");
    related.events(page);
}
