//! Network policies, ingresses, endpoints. Upstream: describe `describeNetworkPolicySpec`, `IngressDescriber`,
//! `EndpointsDescriber`.

use serde_json::Value;

use super::super::ages::seconds_of;
use super::super::printers::{field, or, plain, text};
use super::Related;
use super::text::{Page, items, selector};
use crate::model::kind::Kind;

pub(super) fn network_policy(page: &mut Page, view: &Value, _: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    let created = field(view, "metadata.creationTimestamp");
    let stamp = seconds_of(created).map_or_else(String::new, |_| plain(created).replace('T', " ").replace('Z', ""));
    page.field(0, "Created on", format!("{stamp} +0000 UTC"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    let spec = &view["spec"];
    page.line(0, "Spec:");
    let chosen = match selector(&spec["podSelector"]).as_str() {
        "<none>" => "<none> (Allowing the specific traffic to all pods in this namespace)".to_owned(),
        chosen => chosen.to_owned(),
    };
    page.line(1, format!("PodSelector:     {chosen}"));
    let types: Vec<String> = items(&spec["policyTypes"]).iter().map(plain).collect();
    for (name, word, list, peer) in [
        ("Ingress", "ingress", "ingress", ("From", "from", "source")),
        ("Egress", "egress", "egress", ("To", "to", "destination")),
    ] {
        if types.iter().any(|kind| kind == name) {
            page.line(1, format!("Allowing {word} traffic:"));
            rules(page, items(&spec[list]), word, peer);
        } else {
            page.line(1, format!("Not affecting {word} traffic"));
        }
    }
    page.line(1, format!("Policy Types: {}", types.join(", ")));
}

fn rules(page: &mut Page, rules: &[Value], word: &str, (title, peers, origin): (&str, &str, &str)) {
    if rules.is_empty() {
        page.line(2, format!("<none> (Selected pods are isolated for {word} connectivity)"));
        return;
    }
    for (place, rule) in rules.iter().enumerate() {
        if items(&rule["ports"]).is_empty() {
            page.line(2, "To Port: <any> (traffic allowed to all ports)");
        }
        for port in items(&rule["ports"]) {
            let protocol = or(text(port, "protocol"), "TCP");
            let (first, last) = (text(port, "port"), text(port, "endPort"));
            page.line(
                2,
                if last.is_empty() {
                    format!("To Port: {first}/{protocol}")
                } else {
                    format!("To Port Range: {first}-{last}/{protocol}")
                },
            );
        }
        if items(&rule[peers]).is_empty() {
            page.line(2, format!("{title}: <any> (traffic not restricted by {origin})"));
        }
        for peer in items(&rule[peers]) {
            page.line(2, format!("{title}:"));
            for (name, key) in [("NamespaceSelector", "namespaceSelector"), ("PodSelector", "podSelector")] {
                if peer[key].is_object() {
                    page.line(3, format!("{name}: {}", selector(&peer[key])));
                }
            }
            if peer["ipBlock"].is_object() {
                let except: Vec<String> = items(&peer["ipBlock"]["except"]).iter().map(plain).collect();
                page.line(3, "IPBlock:");
                page.line(4, format!("CIDR: {}", text(peer, "ipBlock.cidr")));
                page.line(4, format!("Except: {}", except.join(", ")));
            }
        }
        if place + 1 < rules.len() {
            page.line(2, "----------");
        }
    }
}

pub(super) fn ingress(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    let addresses: Vec<String> = items(field(view, "status.loadBalancer.ingress"))
        .iter()
        .map(|entry| or(text(entry, "ip"), &text(entry, "hostname")))
        .collect();
    page.field(0, "Address", addresses.join(","));
    page.field(0, "Ingress Class", or(text(view, "spec.ingressClassName"), "<none>"));
    let namespace = text(view, "metadata.namespace");
    let default = field(view, "spec.defaultBackend");
    let shown = if default.is_object() { backend(default, &namespace, related) } else { "<default>".to_owned() };
    page.field(0, "Default backend", &shown);
    let tls = items(field(view, "spec.tls"));
    if !tls.is_empty() {
        page.line(0, "TLS:");
    }
    for entry in tls {
        let hosts: Vec<String> = items(&entry["hosts"]).iter().map(plain).collect();
        page.line(
            1,
            match text(entry, "secretName").as_str() {
                "" => format!("SNI routes {}", hosts.join(",")),
                secret => format!("{secret} terminates {}", hosts.join(",")),
            },
        );
    }
    page.line(0, "Rules:");
    page.line(1, "Host\tPath\tBackends");
    page.line(1, "----\t----\t--------");
    let rules: Vec<&Value> = items(field(view, "spec.rules")).iter().filter(|rule| rule["http"].is_object()).collect();
    for rule in &rules {
        page.line(1, format!("{}\t", or(text(rule, "host"), "*")));
        for path in items(&rule["http"]["paths"]) {
            let to = backend(&path["backend"], &namespace, related);
            page.line(2, format!("\t{} \t{to}", text(path, "path")));
        }
    }
    if rules.is_empty() {
        page.line(1, format!("*\t*\t{shown}"));
    }
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    related.events(page);
}

/// `web:80 (10.0.0.1:8080)`. Upstream: describe `describeBackendV1`.
fn backend(backend: &Value, namespace: &str, related: &Related<'_>) -> String {
    let service = &backend["service"];
    if !service.is_object() {
        let resource = &backend["resource"];
        let group = or(text(resource, "apiGroup"), "<none>");
        return format!("APIGroup: {group}, Kind: {}, Name: {}", text(resource, "kind"), text(resource, "name"));
    }
    let name = text(service, "name");
    let port = or(text(service, "port.name"), &text(service, "port.number"));
    let cluster = related.cluster;
    let found = cluster.namespace(namespace).and_then(|namespace| cluster.find(Kind::SERVICE, namespace, &name));
    let Some(found) = found else {
        return format!("{name}:{port} (<error: services \"{name}\" not found>)");
    };
    let view = cluster.view(found);
    let port_name = items(field(&view, "spec.ports"))
        .iter()
        .find(|candidate| text(candidate, "name") == port || text(candidate, "port") == port)
        .map(|candidate| text(candidate, "name"))
        .unwrap_or_default();
    format!("{name}:{port} ({})", super::service::endpoints(&port_name, found, related))
}

/// Upstream: describe `describeEndpointSliceV1`.
pub(super) fn endpoint_slice(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.head(view);
    page.field(0, "AddressType", text(view, "addressType"));
    let ports = items(&view["ports"]);
    if ports.is_empty() {
        page.line(0, "Ports: <unset>");
    } else {
        page.line(0, "Ports:");
        let cell = |port: &Value, key: &str| or(text(port, key), "<unset>");
        let rows: Vec<Vec<String>> =
            ports.iter().map(|port| ["name", "port", "protocol"].map(|key| cell(port, key)).to_vec()).collect();
        page.table(1, &["Name", "Port", "Protocol"], &rows);
    }
    let endpoints = items(&view["endpoints"]);
    page.line(0, if endpoints.is_empty() { "Endpoints: <none>" } else { "Endpoints:" });
    for endpoint in endpoints {
        let addresses: Vec<String> = items(&endpoint["addresses"]).iter().map(plain).collect();
        page.field(1, "- Addresses", or(addresses.join(", "), "<none>"));
        page.line(2, "Conditions:");
        page.field(3, "Ready", or(text(endpoint, "conditions.ready"), "<unset>"));
        page.field(2, "Hostname", or(text(endpoint, "hostname"), "<unset>"));
        if endpoint["targetRef"].is_object() {
            let (kind, name) = (text(endpoint, "targetRef.kind"), text(endpoint, "targetRef.name"));
            page.field(2, "TargetRef", format!("{kind}/{name}"));
        }
        page.field(2, "NodeName", or(text(endpoint, "nodeName"), "<unset>"));
        page.field(2, "Zone", or(text(endpoint, "zone"), "<unset>"));
    }
    related.events(page);
}

/// Upstream: describe `describeIngressClassV1`.
pub(super) fn ingress_class(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.head(view);
    page.field(0, "Controller", text(view, "spec.controller"));
    let parameters = field(view, "spec.parameters");
    if parameters.is_object() {
        page.line(0, "Parameters:");
        page.field_if(1, "APIGroup", text(parameters, "apiGroup"));
        page.field(1, "Kind", text(parameters, "kind"));
        page.field(1, "Name", text(parameters, "name"));
    }
    related.events(page);
}

pub(super) fn endpoints(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.head(view);
    page.line(0, "Subsets:");
    for subset in items(&view["subsets"]) {
        for (label, key) in [("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")] {
            let addresses: Vec<String> = items(&subset[key]).iter().map(|address| text(address, "ip")).collect();
            page.field(1, label, or(addresses.join(","), "<none>"));
        }
        if !items(&subset["ports"]).is_empty() {
            page.line(1, "Ports:");
            page.line(2, "Name\tPort\tProtocol");
            page.line(2, "----\t----\t--------");
        }
        for port in items(&subset["ports"]) {
            let name = or(text(port, "name"), "<unset>");
            page.line(2, format!("{name}\t{}\t{}", text(port, "port"), text(port, "protocol")));
        }
        page.line(0, "");
    }
    related.events(page);
}
