//! Services, and the data of ConfigMaps and Secrets.

use std::sync::Arc;

use serde_json::Value;

use super::super::value::{flag, int, is_zero, items, members, short, text};
use super::{base64_decode, container, ipv4, probe};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::selector::LabelSelector;
use crate::model::service::{Service, ServicePort, ServiceType};

pub(super) fn service(spec: &Value) -> Service {
    let cluster_ip = text(&spec["clusterIP"]);
    let selector = &spec["selector"];
    Service {
        kind: match text(&spec["type"]) {
            "NodePort" => ServiceType::NodePort,
            "LoadBalancer" => ServiceType::LoadBalancer,
            "ExternalName" => ServiceType::ExternalName,
            _ => ServiceType::ClusterIp,
        },
        selector: (!is_zero(selector))
            .then(|| LabelSelector::from_map(members(selector).map(|(key, value)| (key, text(value))))),
        ports: items(&spec["ports"]).iter().map(port).collect(),
        cluster_ip: ipv4(cluster_ip),
        headless: cluster_ip == "None",
        publish_not_ready: flag(&spec["publishNotReadyAddresses"]),
        external_name: short(&spec["externalName"]),
    }
}

fn port(value: &Value) -> ServicePort {
    ServicePort {
        name: short(&value["name"]),
        protocol: container::protocol(text(&value["protocol"])),
        app_protocol: short(&value["appProtocol"]),
        port: int(&value["port"]) as u16,
        target: probe::port(&value["targetPort"]),
        node_port: int(&value["nodePort"]) as u16,
    }
}

/// A ConfigMap's `data` and `binaryData`, a Secret's `data`: as bytes, by key.
pub(super) fn data(kind: Kind, object: &Value) -> Arc<[(Text, Arc<[u8]>)]> {
    let plain = members(&object["data"]).map(|(key, value)| {
        let bytes = if kind == Kind::SECRET { base64_decode(text(value)) } else { text(value).as_bytes().to_vec() };
        (Text::from(key), Arc::from(bytes))
    });
    let binary =
        members(&object["binaryData"]).map(|(key, value)| (Text::from(key), Arc::from(base64_decode(text(value)))));
    let mut entries: Vec<(Text, Arc<[u8]>)> = plain.chain(binary).collect();
    entries.sort_by(|left, right| left.0.cmp(&right.0));
    entries.into()
}
