//! Warnings of the server on objects that it accepts. Upstream: pkg/api/pod `GetWarningsForPod`, pkg/registry/core.

use serde_json::Value;

use super::super::convert;
use super::super::value::{int, items, members, text};
use super::names;
use crate::model::kind::Kind;

/// The texts after `Warning: `.
pub fn warnings(kind: Kind, object: &Value) -> Vec<String> {
    let spec = &object["spec"];
    let mut out = Vec::new();
    if let Some(use_of_name) = use_of_name(kind) {
        let wrong = names::label(text(&object["metadata"]["name"]));
        if !wrong.is_empty() && !text(&object["metadata"]["name"]).is_empty() {
            out.push(format!(
                "metadata.name: this is used in {use_of_name}, which can result in surprising behavior; a DNS label is recommended: [{}]",
                wrong.join(" ")
            ));
        }
    }
    match kind {
        Kind::POD => pod(spec, "spec", &mut out),
        Kind::DEPLOYMENT
        | Kind::REPLICA_SET
        | Kind::STATEFUL_SET
        | Kind::DAEMON_SET
        | Kind::JOB
        | Kind::REPLICATION_CONTROLLER => pod(&spec["template"]["spec"], "spec.template.spec", &mut out),
        Kind::CRON_JOB => {
            pod(&spec["jobTemplate"]["spec"]["template"]["spec"], "spec.jobTemplate.spec.template.spec", &mut out);
        }
        Kind::PERSISTENT_VOLUME_CLAIM => claim(spec, "spec", &mut out),
        Kind::SERVICE => service(spec, &mut out),
        Kind::SECRET => secret(object, &mut out),
        _ => {}
    }
    if kind == Kind::STATEFUL_SET {
        for (index, template) in items(&spec["volumeClaimTemplates"]).iter().enumerate() {
            claim(&template["spec"], &format!("spec.volumeClaimTemplates[{index}]"), &mut out);
        }
        if int(&spec["revisionHistoryLimit"]) < 0 {
            out.push("spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended".to_owned());
        }
    }
    owners(&object["metadata"]["ownerReferences"], &mut out);
    out
}

/// What a name is used for that should be a DNS label. Upstream: `WarningsOnCreate` of the kinds' strategies.
fn use_of_name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::POD => Some("the Pod's hostname"),
        Kind::DEPLOYMENT | Kind::REPLICA_SET | Kind::JOB | Kind::CRON_JOB | Kind::REPLICATION_CONTROLLER => {
            Some("Pod names and hostnames")
        }
        _ => None,
    }
}

/// Upstream: apiserver endpoints/handlers `dedupOwnerReferencesAndAddWarning`.
fn owners(owners: &Value, out: &mut Vec<String>) {
    let owners = items(owners);
    let mut twice: Vec<&str> = Vec::new();
    for (index, owner) in owners.iter().enumerate() {
        let uid = text(&owner["uid"]);
        if owners[..index].contains(owner) && !twice.contains(&uid) {
            twice.push(uid);
        }
    }
    if !twice.is_empty() {
        out.push(format!(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            twice.join(", ")
        ));
    }
}

/// Upstream: pkg/api/persistentvolumeclaim `GetWarningsForPersistentVolumeClaimSpec`.
fn claim(spec: &Value, path: &str, out: &mut Vec<String>) {
    for field in ["requests", "limits"] {
        let value = &spec["resources"][field]["storage"];
        if is_fractional(value) {
            let value = convert::quantity(value).map(|quantity| quantity.to_string()).unwrap_or_default();
            out.push(format!(
                "{path}.resources.{field}[storage]: fractional byte value {value:?} is invalid, must be an integer"
            ));
        }
    }
}

fn is_fractional(value: &Value) -> bool {
    convert::quantity(value).is_some_and(|quantity| quantity.nano % 1_000_000_000 != 0)
}

/// Upstream: pkg/api/secret `warningsForSecret`: Go's `tls.X509KeyPair` looks for blocks of PEM first.
fn secret(object: &Value, out: &mut Vec<String>) {
    if text(&object["type"]) != "kubernetes.io/tls" {
        return;
    }
    let has_block = |key: &str| {
        let data = convert::base64_decode(text(&object["data"][key]));
        String::from_utf8_lossy(&data).contains("-----BEGIN ")
    };
    if !has_block("tls.crt") {
        out.push("tls: failed to find any PEM data in certificate input".to_owned());
    } else if !has_block("tls.key") {
        out.push("tls: failed to find any PEM data in key input".to_owned());
    }
}

/// Upstream: pkg/api/service `GetWarningsForService`.
fn service(spec: &Value, out: &mut Vec<String>) {
    if !items(&spec["externalIPs"]).is_empty() {
        out.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters".to_owned());
    }
    if text(&spec["trafficDistribution"]) == "PreferClose" {
        out.push("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".to_owned());
    }
    if text(&spec["clusterIP"]) == "None" {
        if !text(&spec["loadBalancerIP"]).is_empty() {
            out.push("spec.loadBalancerIP is ignored when spec.clusterIP is \"None\"".to_owned());
        }
        if !items(&spec["externalIPs"]).is_empty() {
            out.push("spec.externalIPs is ignored when spec.clusterIP is \"None\"".to_owned());
        }
        if text(&spec["sessionAffinity"]) == "ClientIP" {
            out.push("spec.SessionAffinity is ignored for headless services".to_owned());
        }
    }
}

/// Upstream: `warningsForPodSpecAndMeta`.
fn pod(spec: &Value, path: &str, out: &mut Vec<String>) {
    spread(spec, path, out);
    for (index, volume) in items(&spec["volumes"]).iter().enumerate() {
        self::volume(volume, &format!("{path}.volumes[{index}]"), out);
    }
    for volume in items(&spec["volumes"]) {
        overlaps(volume, out);
    }
    for (list, field, what) in [("hostAliases", "ip", "ip"), ("imagePullSecrets", "name", "name")] {
        let entries = items(&spec[list]);
        for (index, entry) in entries.iter().enumerate() {
            let value = text(&entry[field]);
            if entries[..index].iter().any(|other| text(&other[field]) == value) {
                out.push(format!("{path}.{list}[{index}].{field}: duplicate {what} {value:?}"));
            }
        }
    }
    for (index, secret) in items(&spec["imagePullSecrets"]).iter().enumerate() {
        if text(&secret["name"]).is_empty() {
            out.push(format!("{path}.imagePullSecrets[{index}].name: invalid empty name \"\""));
        }
    }
    let lists = || ["initContainers", "containers"].into_iter();
    let containers: Vec<(String, &Value)> = lists()
        .flat_map(|list| {
            let all = items(&spec[list]).iter().enumerate();
            all.map(move |(index, container)| (format!("{list}[{index}]"), container))
        })
        .map(|(place, container)| (format!("{path}.{place}"), container))
        .collect();
    for (path, container) in &containers {
        self::container(container, path, out);
    }
    ports(&containers, out);
    if int(&spec["terminationGracePeriodSeconds"]) < 0 {
        out.push(format!(
            "{path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
        ));
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        for (list, inner) in [
            ("requiredDuringSchedulingIgnoredDuringExecution", ""),
            ("preferredDuringSchedulingIgnoredDuringExecution", ".podAffinityTerm"),
        ] {
            for (index, term) in items(&spec["affinity"][kind][list]).iter().enumerate() {
                let term = if inner.is_empty() { term } else { &term["podAffinityTerm"] };
                if term["labelSelector"].is_null() {
                    out.push(format!(
                        "{path}.affinity.{kind}.{list}[{index}]{inner}.labelSelector: a null labelSelector results in matching no pod"
                    ));
                }
            }
        }
    }
}

fn spread(spec: &Value, path: &str, out: &mut Vec<String>) {
    for (index, constraint) in items(&spec["topologySpreadConstraints"]).iter().enumerate() {
        if constraint["labelSelector"].is_null() {
            out.push(format!(
                "{path}.topologySpreadConstraints[{index}].labelSelector: a null labelSelector results in matching no pod"
            ));
        }
    }
}

/// Kinds of volumes that are on their way out.
const DEPRECATED: [(&str, &str, &str); 9] = [
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

fn volume(volume: &Value, path: &str, out: &mut Vec<String>) {
    for (kind, shown, message) in DEPRECATED {
        if !volume[kind].is_null() {
            out.push(format!("{path}.{shown}: {message}"));
        }
    }
    let template = &volume["ephemeral"]["volumeClaimTemplate"];
    if !template.is_null() {
        claim(&template["spec"], &format!("{path}.ephemeral.volumeClaimTemplate.spec"), out);
    }
}

/// Upstream: `warningsForOverlappingVirtualPaths`.
fn overlaps(volume: &Value, out: &mut Vec<String>) {
    let name = text(&volume["name"]);
    for (kind, field, title) in
        [("configMap", "name", "ConfigMap"), ("secret", "secretName", "Secret"), ("downwardAPI", "", "DownwardAPI")]
    {
        let source = &volume[kind];
        let paths: Vec<&str> = items(&source["items"]).iter().map(|item| text(&item["path"])).collect();
        let found = overlapping(&paths);
        if !found.is_empty() {
            let described =
                if field.is_empty() { title.to_owned() } else { format!("{title} {:?}", text(&source[field])) };
            out.push(format!("volume {name:?} ({described}): overlapping paths: {}", found.join(", ")));
        }
    }
    let is_nothing = |source: &&Value| source.as_object().is_none_or(|kinds| kinds.values().all(Value::is_null));
    for _ in items(&volume["projected"]["sources"]).iter().filter(is_nothing) {
        out.push(format!("volume {name:?} (Projected) has no sources provided"));
    }
}

/// `"a/b" with "a"` for each path that is, or lies in, an earlier one.
fn overlapping(paths: &[&str]) -> Vec<String> {
    let mut sorted = paths.to_vec();
    sorted.sort_unstable();
    let inside =
        |path: &str, other: &str| path == other || path.starts_with(&format!("{}/", other.trim_end_matches('/')));
    sorted
        .windows(2)
        .filter(|pair| inside(pair[1], pair[0]))
        .map(|pair| format!("{:?} with {:?}", pair[1], pair[0]))
        .collect()
}

fn container(container: &Value, path: &str, out: &mut Vec<String>) {
    for (member, list) in
        [("limits", &container["resources"]["limits"]), ("requests", &container["resources"]["requests"])]
    {
        for (name, value) in members(list) {
            if is_fractional(value) && (name == "memory" || name == "ephemeral-storage") {
                out.push(format!(
                    "{path}.resources.{member}[{name}]: fractional byte value {value} is invalid, must be an integer"
                ));
            }
        }
    }
    let variables = items(&container["env"]);
    for (index, variable) in variables.iter().enumerate() {
        let name = text(&variable["name"]);
        let reference = format!("$({name})");
        let value = text(&variable["value"]);
        let hides = !variable["valueFrom"].is_null() || value == reference || !value.contains(&reference);
        if variables[..index].iter().any(|other| text(&other["name"]) == name) && hides {
            out.push(format!(
                "{path}.env[{index}]: hides previous definition of {name:?}, which may be dropped when using apply"
            ));
        }
    }
}

/// Ports that stand twice in a pod, whichever the container.
fn ports(containers: &[(String, &Value)], out: &mut Vec<String>) {
    let all: Vec<(String, &Value)> = containers
        .iter()
        .flat_map(|(path, container)| {
            let ports = items(&container["ports"]).iter().enumerate();
            ports.map(move |(index, port)| (format!("{path}.ports[{index}]"), port))
        })
        .collect();
    for (index, (path, port)) in all.iter().enumerate() {
        let (host, number) = (text(&port["hostIP"]), int(&port["hostPort"]));
        if !host.is_empty() && number == 0 {
            out.push(format!(
                "{path}: hostIP set without hostPort: {{Name:{} HostPort:0 ContainerPort:{} Protocol:{} HostIP:{host}}}",
                text(&port["name"]),
                int(&port["containerPort"]),
                text(&port["protocol"])
            ));
        }
        for (other_path, other) in &all[..index] {
            if other["containerPort"] != port["containerPort"] || text(&other["protocol"]) != text(&port["protocol"]) {
                continue;
            }
            let (other_host, other_number) = (text(&other["hostIP"]), int(&other["hostPort"]));
            if host == other_host && number == other_number {
                out.push(format!("{path}: duplicate port definition with {other_path}"));
            } else if number == 0 || other_number == 0 {
                out.push(format!("{path}: overlapping port definition with {other_path}"));
            } else if number == other_number && host.is_empty() != other_host.is_empty() {
                out.push(format!("{path}: dangerously ambiguous port definition with {other_path}"));
            }
        }
    }
    for (index, (path, port)) in all.iter().enumerate().filter(|(_, (_, port))| !text(&port["name"]).is_empty()) {
        if let Some((first, _)) = all[..index].iter().find(|(_, other)| other["name"] == port["name"]) {
            out.push(format!(
                "{path}: duplicate port name {:?} with {first}, services and probes that select ports by name will use {first}",
                text(&port["name"])
            ));
        }
    }
}
