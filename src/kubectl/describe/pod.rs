//! Pods. Upstream: kubectl describe `PodDescriber`.

use serde_json::Value;

use super::super::ages::{age_of, rfc1123};
use super::super::printers::{or, text};
use super::Related;
use super::template;
use super::text::Page;

pub(super) fn describe(page: &mut Page, pod: &Value, related: &Related<'_>) {
    let (metadata, spec, status) = (&pod["metadata"], &pod["spec"], &pod["status"]);
    page.field(0, "Name", text(metadata, "name"));
    page.field(0, "Namespace", text(metadata, "namespace"));
    page.field_if(0, "Priority", text(spec, "priority"));
    page.field_if(0, "Priority Class Name", text(spec, "priorityClassName"));
    page.field_if(0, "Runtime Class Name", text(spec, "runtimeClassName"));
    page.field_if(0, "Service Account", text(spec, "serviceAccountName"));
    let node = text(spec, "nodeName");
    let placed = if node.is_empty() { "<none>".to_owned() } else { format!("{node}/{}", text(status, "hostIP")) };
    page.field(0, "Node", placed);
    page.field_if(0, "Start Time", rfc1123(&status["startTime"]));
    page.labels("", "Labels", &metadata["labels"]);
    page.annotations("", "Annotations", &metadata["annotations"]);
    let has_ended = ["Failed", "Succeeded"].contains(&text(status, "phase").as_str());
    if metadata["deletionTimestamp"].is_string() && !has_ended {
        let lasts = age_of(related.clock(), related.now, &metadata["deletionTimestamp"]);
        page.field(0, "Status", format!("Terminating (lasts {lasts})"));
        let grace = or(text(metadata, "deletionGracePeriodSeconds"), "0");
        page.field(0, "Termination Grace Period", format!("{grace}s"));
    } else {
        page.field(0, "Status", text(status, "phase"));
    }
    page.field_if(0, "Reason", text(status, "reason"));
    page.field_if(0, "Message", text(status, "message"));
    page.field_if(0, "SeccompProfile", text(spec, "securityContext.seccompProfile.type"));
    page.field_if(0, "LocalhostProfile", text(spec, "securityContext.seccompProfile.localhostProfile"));
    page.field(0, "IP", text(status, "podIP"));
    match status["podIPs"].as_array().filter(|addresses| !addresses.is_empty()) {
        Some(addresses) => {
            page.line(0, "IPs:");
            for address in addresses {
                page.field(1, "IP", text(address, "ip"));
            }
        }
        None => page.field(0, "IPs", "<none>"),
    }
    let owners = metadata["ownerReferences"].as_array().into_iter().flatten();
    for owner in owners.filter(|owner| owner["controller"].as_bool() == Some(true)) {
        page.field(0, "Controlled By", format!("{}/{}", text(owner, "kind"), text(owner, "name")));
    }
    page.field_if(0, "NominatedNodeName", text(status, "nominatedNodeName"));
    if spec["resources"].is_object() {
        page.line(0, "Resources:");
        template::resources(page, 1, &spec["resources"]);
    }
    template::containers(page, "Init Containers", "initContainers", spec, Some(pod), "");
    template::containers(page, "Containers", "containers", spec, Some(pod), "");
    template::containers(page, "Ephemeral Containers", "ephemeralContainers", spec, Some(pod), "");
    gates(page, spec, status);
    let conditions: Vec<&Value> = status["conditions"].as_array().into_iter().flatten().collect();
    if !conditions.is_empty() {
        page.line(0, "Conditions:");
        page.line(1, "Type\tStatus");
        for condition in conditions {
            page.line(1, format!("{} \t{} ", text(condition, "type"), text(condition, "status")));
        }
    }
    template::volumes(page, &spec["volumes"], "");
    page.field(0, "QoS Class", text(status, "qosClass"));
    page.labels("", "Node-Selectors", &spec["nodeSelector"]);
    template::tolerations(page, "", &spec["tolerations"]);
    template::spread(page, "", &spec["topologySpreadConstraints"]);
    related.events(page);
}

fn gates(page: &mut Page, spec: &Value, status: &Value) {
    let Some(gates) = spec["readinessGates"].as_array().filter(|gates| !gates.is_empty()) else { return };
    page.line(0, "Readiness Gates:");
    page.line(1, "Type\tStatus");
    for gate in gates {
        let kind = text(gate, "conditionType");
        let found = status["conditions"].as_array().into_iter().flatten().find(|own| own["type"] == kind.as_str());
        let status = found.map_or_else(|| "<none>".to_owned(), |own| text(own, "status"));
        page.line(1, format!("{kind} \t{status} "));
    }
}
