//! Services, EndpointSlices, Ingresses, NetworkPolicies. Upstream: `printService`, `printEndpointSlice`, `printIngress`.

use serde_json::Value;

use crate::model::object::ObjectRef;
use crate::model::service::{Service, ServiceType};

use super::{Context, Printer, address, field, or, pairs, plain, selector, text};

pub(super) static SERVICE: Printer = Printer {
    columns: &["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"],
    wide: &["SELECTOR"],
    row: service,
};

pub(super) static ENDPOINTS: Printer = Printer { columns: &["NAME", "ENDPOINTS", "AGE"], wide: &[], row: endpoints };

pub(super) static ENDPOINT_SLICE: Printer =
    Printer { columns: &["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"], wide: &[], row: endpoint_slice };

pub(super) static INGRESS: Printer =
    Printer { columns: &["NAME", "CLASS", "HOSTS", "ADDRESS", "PORTS", "AGE"], wide: &[], row: ingress };

pub(super) static NETWORK_POLICY: Printer =
    Printer { columns: &["NAME", "POD-SELECTOR", "AGE"], wide: &[], row: network_policy };

/// `spec.type` as it is written.
pub(crate) fn type_name(kind: ServiceType) -> &'static str {
    match kind {
        ServiceType::ClusterIp => "ClusterIP",
        ServiceType::NodePort => "NodePort",
        ServiceType::LoadBalancer => "LoadBalancer",
        ServiceType::ExternalName => "ExternalName",
    }
}

fn service(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let service = context.cluster.body(object).as_service().expect("a Service's printer");
    let cluster_ip = if service.headless { "None".to_owned() } else { or(address(service.cluster_ip), "<none>") };
    let mut cells = vec![
        context.name(object),
        type_name(service.kind).to_owned(),
        cluster_ip,
        external_addresses(context, object, service),
        ports(service),
        context.age(object),
    ];
    if context.wide {
        cells.push(service.selector.as_ref().map_or_else(|| "<none>".to_owned(), selector));
    }
    cells
}

/// Upstream: printers/internalversion `getServiceExternalIP`, `loadBalancerStatusStringer`.
fn external_addresses(context: &Context<'_>, object: ObjectRef, service: &Service) -> String {
    let external = list(field(context.raw(object), "spec.externalIPs"));
    match service.kind {
        ServiceType::ExternalName => service.external_name.to_string(),
        ServiceType::LoadBalancer => {
            let view = context.cluster.view(object);
            let mut addresses: Vec<String> = field(&view, "status.loadBalancer.ingress")
                .as_array()
                .into_iter()
                .flatten()
                .map(|ingress| or(text(ingress, "ip"), &text(ingress, "hostname")))
                .collect();
            addresses.sort();
            addresses.dedup();
            addresses.extend(external);
            or(addresses.join(","), "<pending>")
        }
        ServiceType::ClusterIp | ServiceType::NodePort => or(external.join(","), "<none>"),
    }
}

fn ports(service: &Service) -> String {
    let words: Vec<String> = service
        .ports
        .iter()
        .map(|port| match port.node_port {
            0 => format!("{}/{}", port.port, port.protocol.name()),
            node_port => format!("{}:{node_port}/{}", port.port, port.protocol.name()),
        })
        .collect();
    or(words.join(","), "<none>")
}

fn endpoint_slice(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let Some(slice) = context.cluster.body(object).as_endpoint_slice() else {
        return written_endpoint_slice(context, object);
    };
    let ports: Vec<String> = slice.ports.iter().map(|(_, _, number, _)| number.to_string()).collect();
    let endpoints: Vec<String> = slice.endpoints.iter().map(|endpoint| address(endpoint.address)).collect();
    let unset = "<unset>".to_owned();
    vec![
        context.name(object),
        "IPv4".to_owned(),
        if ports.is_empty() { unset.clone() } else { super::first_three(&ports) },
        if endpoints.is_empty() { unset } else { super::first_three(&endpoints) },
        context.age(object),
    ]
}

/// Upstream: `printEndpoints`, `formatEndpoints`.
fn endpoints(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let mut found = Vec::new();
    for subset in field(context.raw(object), "subsets").as_array().into_iter().flatten() {
        let addresses = field(subset, "addresses").as_array().into_iter().flatten();
        let ports = field(subset, "ports").as_array().map_or(&[][..], Vec::as_slice);
        for address in addresses.map(|address| text(address, "ip")) {
            if ports.is_empty() {
                found.push(address);
            } else {
                found.extend(ports.iter().map(|port| format!("{address}:{}", text(port, "port"))));
            }
        }
    }
    vec![context.name(object), or(super::first_three(&found), "<none>"), context.age(object)]
}

/// A slice that no controller of the model made.
/// Upstream: printers/internalversion `printEndpointSlice`, `formatDiscoveryPorts`, `formatDiscoveryEndpoints`.
fn written_endpoint_slice(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let raw = context.raw(object);
    let items = |name: &str| field(raw, name).as_array().map_or(&[][..], Vec::as_slice);
    let ports: Vec<String> = items("ports").iter().map(|port| or(plain(field(port, "port")), "*")).collect();
    let endpoints: Vec<String> =
        items("endpoints").iter().flat_map(|endpoint| list(field(endpoint, "addresses"))).collect();
    let unset = "<unset>".to_owned();
    vec![
        context.name(object),
        text(raw, "addressType"),
        if ports.is_empty() { unset.clone() } else { super::first_three(&ports) },
        if endpoints.is_empty() { unset } else { super::first_three(&endpoints) },
        context.age(object),
    ]
}

fn ingress(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let (raw, status) = (context.raw(object), context.status(object));
    let rules = field(raw, "spec.rules").as_array().map_or(&[][..], Vec::as_slice);
    let hosts: Vec<String> = rules.iter().map(|rule| text(rule, "host")).filter(|host| !host.is_empty()).collect();
    let hosts = if hosts.len() > 3 {
        format!("{} + {} more...", hosts[..3].join(","), hosts.len() - 3)
    } else {
        or(hosts.join(","), "*")
    };
    let addresses: Vec<String> = field(status, "loadBalancer.ingress")
        .as_array()
        .into_iter()
        .flatten()
        .map(|ingress| or(text(ingress, "ip"), &text(ingress, "hostname")))
        .collect();
    let encrypted = field(raw, "spec.tls").as_array().is_some_and(|tls| !tls.is_empty());
    vec![
        context.name(object),
        or(text(raw, "spec.ingressClassName"), "<none>"),
        hosts,
        addresses.join(","),
        if encrypted { "80, 443" } else { "80" }.to_owned(),
        context.age(object),
    ]
}

fn network_policy(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let selector = pairs(field(context.raw(object), "spec.podSelector.matchLabels"));
    vec![context.name(object), selector, context.age(object)]
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(plain).collect()
}
