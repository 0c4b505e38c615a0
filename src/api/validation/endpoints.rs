//! Endpoints and EndpointSlices. Upstream: pkg/apis/core/validation `ValidateEndpoints`, pkg/apis/discovery/validation
//! `ValidateEndpointSlice`.

use serde_json::Value;

use super::super::value::{int, is_nil, items, text};
use super::{Errors, container_fields, names};

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const ADDRESSES_MAX: usize = 100;
const ENDPOINTS_MAX: usize = 1000;
const PORTS_MAX: usize = 20_000;
const ZONES_MAX: usize = 8;

/// The legacy kind.
pub(super) fn endpoints(object: &Value, errors: &mut Errors) {
    for (index, subset) in items(&object["subsets"]).iter().enumerate() {
        let path = format!("subsets[{index}]");
        let (ready, others) = (items(&subset["addresses"]), items(&subset["notReadyAddresses"]));
        if ready.is_empty() && others.is_empty() {
            errors.required(&path, "must specify `addresses` or `notReadyAddresses`");
        }
        for (field, list) in [("addresses", ready), ("notReadyAddresses", others)] {
            for (place, address) in list.iter().enumerate() {
                self::address(address, &format!("{path}.{field}[{place}]"), errors);
            }
        }
        let ports = items(&subset["ports"]);
        for (place, port) in ports.iter().enumerate() {
            let path = format!("{path}.ports[{place}]");
            let name = text(&port["name"]);
            if name.is_empty() && ports.len() > 1 {
                errors.required(format!("{path}.name"), "");
            } else if !name.is_empty() {
                errors.invalid_texts(format!("{path}.name"), name, names::label(name));
            }
            if !(1..=65_535).contains(&int(&port["port"])) {
                errors.invalid(format!("{path}.port"), &Value::from(int(&port["port"])), names::PORT);
            }
            container_fields::protocol(text(&port["protocol"]), &format!("{path}.protocol"), errors);
            app_protocol(port, &path, errors);
        }
    }
}

fn address(address: &Value, path: &str, errors: &mut Errors) {
    let ip = text(&address["ip"]);
    let is_ip = names::is_ip(ip);
    if !is_ip {
        errors.invalid_text(format!("{path}.ip"), ip, names::IP);
    }
    let host = text(&address["hostname"]);
    if !host.is_empty() {
        errors.invalid_texts(format!("{path}.hostname"), host, names::label(host));
    }
    if let Some(node) = address["nodeName"].as_str() {
        errors.invalid_texts(format!("{path}.nodeName"), node, names::subdomain(node));
    }
    special(ip, &format!("{path}.ip"), errors);
}

/// Addresses that nobody can reach. Upstream: `ValidateEndpointIP`.
fn special(ip: &str, path: &str, errors: &mut Errors) {
    let Ok(parsed) = ip.parse::<std::net::IpAddr>() else {
        errors.invalid_text(path, ip, "must be a valid IP address");
        return;
    };
    if parsed.is_unspecified() {
        errors.invalid_text(path, ip, &format!("may not be unspecified ({ip})"));
    }
    if parsed.is_loopback() {
        errors.invalid_text(path, ip, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    let local = match parsed {
        std::net::IpAddr::V4(four) => four.is_link_local(),
        std::net::IpAddr::V6(six) => six.segments()[0] & 0xffc0 == 0xfe80,
    };
    if local {
        errors.invalid_text(path, ip, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    let local_multicast = match parsed {
        std::net::IpAddr::V4(four) => four.octets()[..3] == [224, 0, 0],
        std::net::IpAddr::V6(six) => six.segments()[0] & 0xff0f == 0xff02,
    };
    if local_multicast {
        errors.invalid_text(path, ip, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
}

fn app_protocol(port: &Value, path: &str, errors: &mut Errors) {
    if let Some(protocol) = port["appProtocol"].as_str() {
        errors.invalid_texts(format!("{path}.appProtocol"), protocol, names::qualified(protocol));
    }
}

/// The kind of today.
pub(super) fn slice(object: &Value, errors: &mut Errors) {
    let kind = text(&object["addressType"]);
    if kind.is_empty() {
        errors.required("addressType", "");
    } else {
        errors.one_of("addressType", kind, &["FQDN", "IPv4", "IPv6"]);
    }
    let endpoints = items(&object["endpoints"]);
    errors.at_most("endpoints", endpoints.len(), ENDPOINTS_MAX);
    for (index, endpoint) in endpoints.iter().enumerate() {
        self::endpoint(endpoint, kind, &format!("endpoints[{index}]"), errors);
    }
    let ports = items(&object["ports"]);
    errors.at_most("ports", ports.len(), PORTS_MAX);
    for (index, port) in ports.iter().enumerate() {
        let path = format!("ports[{index}]");
        let name = text(&port["name"]);
        if !name.is_empty() {
            errors.invalid_texts(format!("{path}.name"), name, names::label(name));
        }
        if ports[..index].iter().any(|other| text(&other["name"]) == name) {
            errors.duplicate(format!("{path}.name"), name);
        }
        let protocol = text(&port["protocol"]);
        if protocol.is_empty() {
            errors.required(format!("{path}.protocol"), "");
        } else {
            errors.one_of(format!("{path}.protocol"), protocol, &PROTOCOLS);
        }
        app_protocol(port, &path, errors);
    }
}

fn endpoint(endpoint: &Value, kind: &str, path: &str, errors: &mut Errors) {
    let addresses = items(&endpoint["addresses"]);
    if addresses.is_empty() {
        errors.required(format!("{path}.addresses"), "must contain at least 1 address");
    } else {
        errors.at_most(format!("{path}.addresses"), addresses.len(), ADDRESSES_MAX);
    }
    for (index, address) in addresses.iter().enumerate() {
        let path = format!("{path}.addresses[{index}]");
        let address = text(address);
        match kind {
            "FQDN" => errors.invalid_texts(path, address, names::subdomain(address)),
            "IPv4" | "IPv6" if !names::is_ip(address) => errors.invalid_text(path, address, names::IP),
            "IPv4" if address.contains(':') => errors.invalid_text(path, address, "must be an IPv4 address"),
            "IPv6" if !address.contains(':') => errors.invalid_text(path, address, "must be an IPv6 address"),
            "IPv4" | "IPv6" => special(address, &path, errors),
            _ => {}
        }
    }
    if let Some(node) = endpoint["nodeName"].as_str() {
        errors.invalid_texts(format!("{path}.nodeName"), node, names::subdomain(node));
    }
    if let Some(host) = endpoint["hostname"].as_str() {
        errors.invalid_texts(format!("{path}.hostname"), host, names::label(host));
    }
    let hints = &endpoint["hints"];
    if is_nil(hints) {
        return;
    }
    let zones = items(&hints["forZones"]);
    let path = format!("{path}.hints.forZones");
    errors.at_most(&path, zones.len(), ZONES_MAX);
    for (index, zone) in zones.iter().enumerate() {
        let name = text(&zone["name"]);
        if zones[..index].iter().any(|other| text(&other["name"]) == name) {
            errors.duplicate(format!("{path}[{index}].name"), name);
        }
        errors.invalid_texts(format!("{path}[{index}].name"), name, names::label_value(name));
    }
}
