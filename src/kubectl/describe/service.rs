//! Services and HorizontalPodAutoscalers.

use serde_json::Value;

use super::super::ages::rfc1123;
use super::super::printers::{field, or, pairs, plain, text};
use super::Related;
use super::text::{Page, items};
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

pub(super) fn service(page: &mut Page, view: &Value, related: &Related<'_>) {
    let spec = &view["spec"];
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    page.field(0, "Selector", pairs(&spec["selector"]));
    let kind = text(spec, "type");
    page.field(0, "Type", &kind);
    page.field_if(0, "IP Family Policy", text(spec, "ipFamilyPolicy"));
    let list = |path: &str| {
        let words: Vec<String> = field(spec, path).as_array().into_iter().flatten().map(plain).collect();
        words.join(",")
    };
    page.field(0, "IP Families", or(list("ipFamilies"), "<none>"));
    page.field(0, "IP", text(spec, "clusterIP"));
    page.field(0, "IPs", or(list("clusterIPs"), "<none>"));
    page.field_if(0, "External IPs", list("externalIPs"));
    page.field_if(0, "Desired LoadBalancer IP", text(spec, "loadBalancerIP"));
    ingress(page, field(view, "status.loadBalancer.ingress"));
    page.field_if(0, "External Name", text(spec, "externalName"));
    for port in spec["ports"].as_array().into_iter().flatten() {
        one_port(page, port, related);
    }
    page.field(0, "Session Affinity", text(spec, "sessionAffinity"));
    page.field_if(0, "External Traffic Policy", text(spec, "externalTrafficPolicy"));
    page.field_if(0, "HealthCheck NodePort", text(spec, "healthCheckNodePort"));
    page.field_if(0, "Internal Traffic Policy", text(spec, "internalTrafficPolicy"));
    page.field_if(0, "LoadBalancer Source Ranges", list("loadBalancerSourceRanges"));
    related.events(page);
}

fn ingress(page: &mut Page, ingress: &Value) {
    let words: Vec<String> = ingress
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| {
            let (ip, mode) = (text(entry, "ip"), text(entry, "ipMode"));
            if ip.is_empty() {
                text(entry, "hostname")
            } else {
                // Upstream: pkg/apis/core/v1 `SetDefaults_Service`.
                format!("{ip} ({})", or(mode, "VIP"))
            }
        })
        .collect();
    page.field_if(0, "LoadBalancer Ingress", words.join(", "));
}

fn one_port(page: &mut Page, port: &Value, related: &Related<'_>) {
    let name = or(text(port, "name"), "<unset>");
    let protocol = text(port, "protocol");
    page.field(0, "Port", format!("{name}\t{}/{protocol}", text(port, "port")));
    let target = text(port, "targetPort");
    page.field(0, "TargetPort", format!("{target}/{protocol}"));
    let node_port = text(port, "nodePort");
    if !node_port.is_empty() && node_port != "0" {
        page.field(0, "NodePort", format!("{name}\t{node_port}/{protocol}"));
    }
    page.field(0, "Endpoints", endpoints(&text(port, "name"), related.object, related));
}

/// Ready addresses of the port in the Service's slices. Upstream: describe `formatEndpointSlices`.
pub(super) fn endpoints(port_name: &str, service: ObjectRef, related: &Related<'_>) -> String {
    let cluster = related.cluster;
    let (namespace, name) = cluster.identity(service);
    let mut slices: Vec<ObjectRef> = cluster
        .list(Kind::ENDPOINT_SLICE)
        .filter(|slice| {
            let meta = cluster.meta(*slice);
            meta.namespace == namespace && meta.labels.get("kubernetes.io/service-name") == Some(name)
        })
        .collect();
    slices.sort_by(|left, right| cluster.meta(*left).name.cmp(&cluster.meta(*right).name));
    let mut all = Vec::new();
    for slice in slices {
        let view = cluster.view(slice);
        let ready = items(&view["endpoints"]).iter().filter(|endpoint| endpoint["conditions"]["ready"] != false);
        let addresses: Vec<String> = ready.map(|endpoint| plain(&endpoint["addresses"][0])).collect();
        let ports = items(&view["ports"]);
        if ports.is_empty() {
            all.extend(addresses.iter().cloned());
        }
        for port in ports.iter().filter(|port| text(port, "name") == port_name) {
            all.extend(addresses.iter().map(|address| format!("{address}:{}", text(port, "port"))));
        }
    }
    or(super::super::printers::first_three(&all), "<none>")
}

pub(super) fn autoscaler(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    page.field(0, "CreationTimestamp", rfc1123(field(view, "metadata.creationTimestamp")));
    let target = field(view, "spec.scaleTargetRef");
    page.field(0, "Reference", format!("{}/{}", text(target, "kind"), text(target, "name")));
    page.field(0, "Metrics", "( current / target )");
    let current = field(view, "status.currentMetrics");
    for (place, spec) in field(view, "spec.metrics").as_array().into_iter().flatten().enumerate() {
        page.line(1, metric(spec, current.get(place).unwrap_or(&Value::Null)));
    }
    page.field(0, "Min replicas", or(text(view, "spec.minReplicas"), "<unset>"));
    page.field(0, "Max replicas", text(view, "spec.maxReplicas"));
    let behavior = field(view, "spec.behavior");
    if behavior.is_object() {
        page.line(0, "Behavior:");
        rules(page, "Scale Up", &behavior["scaleUp"]);
        rules(page, "Scale Down", &behavior["scaleDown"]);
    }
    let number = |path: &str| or(text(view, path), "0");
    page.field(
        0,
        &format!("{} pods", text(target, "kind")),
        format!("{} current / {} desired", number("status.currentReplicas"), number("status.desiredReplicas")),
    );
    let conditions: Vec<Vec<String>> = field(view, "status.conditions")
        .as_array()
        .into_iter()
        .flatten()
        .map(|condition| ["type", "status", "reason", "message"].map(|key| text(condition, key)).to_vec())
        .collect();
    if !conditions.is_empty() {
        page.line(0, "Conditions:");
        page.table(1, &["Type", "Status", "Reason", "Message"], &conditions);
    }
    related.events(page);
}

fn metric(spec: &Value, current: &Value) -> String {
    const UNKNOWN: &str = "<unknown>";
    match text(spec, "type").as_str() {
        "External" => {
            let (spec, current) = (&spec["external"], &current["external"]);
            let name = text(spec, "metric.name");
            let average = text(spec, "target.averageValue");
            if average.is_empty() {
                let now = or(text(current, "current.value"), UNKNOWN);
                format!("\"{name}\" (target value):\t{now} / {}", text(spec, "target.value"))
            } else {
                let now = or(text(current, "current.averageValue"), UNKNOWN);
                format!("\"{name}\" (target average value):\t{now} / {average}")
            }
        }
        "Pods" => {
            let now = or(text(current, "pods.current.averageValue"), UNKNOWN);
            let name = text(spec, "pods.metric.name");
            format!("\"{name}\" on pods:\t{now} / {}", text(spec, "pods.target.averageValue"))
        }
        "Object" => {
            let (spec, current) = (&spec["object"], &current["object"]);
            let object = format!("{}/{}", text(spec, "describedObject.kind"), text(spec, "describedObject.name"));
            let average = text(spec, "target.averageValue");
            let (what, now, wanted) = if average.is_empty() {
                ("target value", text(current, "current.value"), text(spec, "target.value"))
            } else {
                ("target average value", text(current, "current.averageValue"), average)
            };
            format!("\"{}\" on {object} ({what}):\t{} / {wanted}", text(spec, "metric.name"), or(now, UNKNOWN))
        }
        "ContainerResource" => {
            let container = text(spec, "containerResource.container");
            resource(
                &spec["containerResource"],
                &current["containerResource"],
                &format!(" of container \"{container}\""),
            )
        }
        _ => resource(&spec["resource"], &current["resource"], ""),
    }
}

fn resource(spec: &Value, current: &Value, of: &str) -> String {
    let name = text(spec, "name");
    let average = text(spec, "target.averageValue");
    if !average.is_empty() {
        let now = or(text(current, "current.averageValue"), "<unknown>");
        return format!("resource {name}{of} on pods:\t{now} / {average}");
    }
    let utilization = text(current, "current.averageUtilization");
    let now = if utilization.is_empty() {
        "<unknown>".to_owned()
    } else {
        format!("{utilization}% ({})", text(current, "current.averageValue"))
    };
    let wanted = text(spec, "target.averageUtilization");
    let wanted = if wanted.is_empty() { "<auto>".to_owned() } else { format!("{wanted}%") };
    format!("resource {name}{of} on pods  (as a percentage of request):\t{now} / {wanted}")
}

fn rules(page: &mut Page, title: &str, rules: &Value) {
    if !rules.is_object() {
        return;
    }
    page.line(1, format!("{title}:"));
    let window = text(rules, "stabilizationWindowSeconds");
    if !window.is_empty() {
        page.line(2, format!("Stabilization Window: {window} seconds"));
    }
    let policies = rules["policies"].as_array().map_or(&[][..], Vec::as_slice);
    if policies.is_empty() {
        return;
    }
    page.line(2, format!("Select Policy: {}", or(text(rules, "selectPolicy"), "Max")));
    page.line(2, "Policies:");
    for policy in policies {
        page.line(
            3,
            format!(
                "- Type: {}\tValue: {}\tPeriod: {} seconds",
                text(policy, "type"),
                text(policy, "value"),
                text(policy, "periodSeconds")
            ),
        );
    }
}
