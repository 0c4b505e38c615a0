//! The environment of a container's first process. Upstream: kubelet_pods `makeEnvironmentVariables`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::cluster::Cluster;
use crate::machines::{ContainerId, Machines};
use crate::model::env_file;
use crate::model::expansion;
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef, PodId};
use crate::model::pod_spec::{Container, EnvSource};
use crate::model::quantity::Quantity;
use crate::model::volume::FieldSource;

/// Variables by name.
pub(super) type Environment = BTreeMap<String, String>;

/// The variables that the kubelet gives a container: the Services', then the manifest's. `$(VAR)` means these only.
pub(super) fn variables(cluster: &Cluster, machines: &Machines, container: ContainerId) -> Environment {
    let row = machines.container(container);
    let (pod, index, address) = (row.pod, usize::from(row.index), row.address);
    let spec = &cluster.template_of(pod).spec;
    let definition = &spec.containers[index];
    let mut variables = Environment::new();
    add_services(cluster, pod, spec.enable_service_links, &mut variables);
    add_objects(cluster, pod, definition, &mut variables);
    for variable in &definition.env {
        let value = match &variable.source {
            EnvSource::Value(text) => expand(text, &variables),
            EnvSource::Field(source) => field_value(cluster, pod, index, address, source),
            EnvSource::ConfigMapKey { name, key, .. } => {
                let Some(value) = data(cluster, pod, Kind::CONFIG_MAP, name, key) else { continue };
                value
            }
            EnvSource::FileKey { volume, path, key, .. } => {
                let text = machines.env_file(pod, volume, path).flatten();
                let value = text.and_then(|text| env_file::value(text, key)).unwrap_or_default();
                if value.is_empty() {
                    continue;
                }
                value.to_owned()
            }
            EnvSource::SecretKey { name, key, .. } => {
                let Some(value) = data(cluster, pod, Kind::SECRET, name, key) else { continue };
                value
            }
        };
        variables.insert(variable.name.to_string(), value);
    }
    variables
}

/// The environment of a process: what the kubelet gives its container over what the runtime and the image set.
pub(super) fn of_process(mut variables: Environment, cluster: &Cluster, pod: PodId) -> Environment {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (name, value) in [("PATH", path), ("HOME", "/root"), ("HOSTNAME", &*hostname(cluster, pod))] {
        variables.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    variables
}

/// What `hostname` prints. A pod whose name does not fit never gets that far.
pub(super) fn hostname(cluster: &Cluster, pod: PodId) -> Cow<'_, str> {
    cluster.kernel_hostname(pod).unwrap_or_default()
}

/// The argv of a container's own command: `command` and `args` with `$(VAR)` filled in.
pub(super) fn command(container: &Container, variables: &Environment) -> Vec<String> {
    container.command.iter().chain(&container.args).map(|word| expand(word, variables)).collect()
}

/// Fills in `$(VAR)`; what is not known stays.
pub(super) fn expand(text: &str, variables: &Environment) -> String {
    expansion::expand(text, |name| variables.get(name).map(String::as_str))
}

/// `NAME_SERVICE_HOST` and the like. Upstream: kubelet envvars `FromServices`.
fn add_services(cluster: &Cluster, pod: PodId, links: bool, variables: &mut Environment) {
    let own = cluster.pod(pod).namespace;
    let default = cluster.namespace("default");
    for object in cluster.list(Kind::SERVICE) {
        let meta = cluster.meta(object);
        let is_kubernetes = Some(meta.namespace) == default && meta.name == "kubernetes";
        let Body::Service(service) = cluster.body(object) else { continue };
        if service.cluster_ip == 0 || !(is_kubernetes || links && meta.namespace == own) {
            continue;
        }
        let prefix = meta.name.to_uppercase().replace('-', "_");
        let host = Ipv4Addr::from_bits(service.cluster_ip).to_string();
        variables.insert(format!("{prefix}_SERVICE_HOST"), host.clone());
        for (position, port) in service.ports.iter().enumerate() {
            if position == 0 {
                variables.insert(format!("{prefix}_SERVICE_PORT"), port.port.to_string());
                let link = format!("{}://{host}:{}", port.protocol.name().to_ascii_lowercase(), port.port);
                variables.insert(format!("{prefix}_PORT"), link);
            }
            if !port.name.is_empty() {
                let name = port.name.to_uppercase().replace('-', "_");
                variables.insert(format!("{prefix}_SERVICE_PORT_{name}"), port.port.to_string());
            }
            let protocol = port.protocol.name();
            let base = format!("{prefix}_PORT_{}_{protocol}", port.port);
            let link = format!("{}://{host}:{}", protocol.to_ascii_lowercase(), port.port);
            variables.insert(format!("{base}_PROTO"), protocol.to_ascii_lowercase());
            variables.insert(format!("{base}_PORT"), port.port.to_string());
            variables.insert(format!("{base}_ADDR"), host.clone());
            variables.insert(base, link);
        }
    }
}

fn add_objects(cluster: &Cluster, pod: PodId, container: &Container, variables: &mut Environment) {
    let namespace = cluster.pod(pod).namespace;
    for from in &container.env_from {
        let kind = if from.secret { Kind::SECRET } else { Kind::CONFIG_MAP };
        let Some(object) = cluster.find(kind, namespace, &from.name) else { continue };
        let Body::Data(entries) = cluster.body(object) else { continue };
        for (key, bytes) in entries.iter() {
            variables.insert(format!("{}{key}", from.prefix), String::from_utf8_lossy(bytes).into_owned());
        }
    }
}

fn data(cluster: &Cluster, pod: PodId, kind: Kind, name: &str, key: &str) -> Option<String> {
    let object = cluster.find(kind, cluster.pod(pod).namespace, name)?;
    let Body::Data(entries) = cluster.body(object) else { return None };
    let (_, bytes) = entries.iter().find(|(candidate, _)| candidate == key)?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// The text of a downward API field or resource for a variable of the container at `index`.
/// Upstream: kubelet_pods `podFieldSelectorRuntimeValue`, `containerResourceRuntimeValue`.
fn field_value(cluster: &Cluster, pod: PodId, index: usize, address: u32, source: &FieldSource) -> String {
    match source {
        FieldSource::Field(path) => pod_field(cluster, pod, address, path),
        FieldSource::Resource { container, resource, divisor } => {
            resource_value(cluster, pod, Some(index), container, resource, divisor)
        }
    }
}

/// The text of a downward API field or resource in a file of a volume. Upstream: volume downwardapi `CollectData`.
pub(super) fn file_value(cluster: &Cluster, pod: PodId, source: &FieldSource) -> String {
    match source {
        FieldSource::Field(path) => pod_field(cluster, pod, 0, path),
        FieldSource::Resource { container, resource, divisor } => {
            resource_value(cluster, pod, None, container, resource, divisor)
        }
    }
}

fn pod_field(cluster: &Cluster, pod: PodId, address: u32, path: &str) -> String {
    let row = cluster.pod(pod);
    let template = cluster.template_of(pod);
    let subscript = |prefix: &str| path.strip_prefix(prefix)?.strip_prefix("['")?.strip_suffix("']");
    if let Some(key) = subscript("metadata.labels") {
        return cluster.labels_of(pod).get(key).unwrap_or_default().to_owned();
    }
    if let Some(key) = subscript("metadata.annotations") {
        return cluster.annotations_of(pod).get(key).unwrap_or_default().to_owned();
    }
    let host = || {
        let ip = cluster.node(row.node).body.as_node().map_or(0, |node| node.internal_ip);
        Ipv4Addr::from_bits(ip).to_string()
    };
    let all = |labels: &crate::model::labels::Labels| {
        labels.iter().map(|(key, value)| format!("{key}={value:?}")).collect::<Vec<_>>().join("\n")
    };
    match path {
        "metadata.name" => row.name.to_string(),
        "metadata.namespace" => cluster.namespace_name(row.namespace).to_owned(),
        "metadata.uid" => cluster.uid(ObjectRef::pod(pod)),
        "metadata.labels" => all(&cluster.labels_of(pod)),
        "metadata.annotations" => all(&cluster.annotations_of(pod)),
        "spec.nodeName" => cluster.node_name(row.node).to_owned(),
        "spec.serviceAccountName" => template.spec.service_account.to_string(),
        "status.hostIP" | "status.hostIPs" => host(),
        "status.podIP" | "status.podIPs" => {
            Ipv4Addr::from_bits(if address == 0 { row.status.pod_ip } else { address }).to_string()
        }
        _ => String::new(),
    }
}

/// A container's resource in whole divisors, rounded up. `own`: the container whose variable shows it; without, a file of a
/// volume does. A limit that is not set is what the node can give: for variables up to the pod's own limit, and not for an
/// init container that a variable names.
/// Upstream: pkg/api/v1/resource `ExtractContainerResourceValue`, kubelet `defaultPodLimitsForDownwardAPI`.
fn resource_value(
    cluster: &Cluster,
    pod: PodId,
    own: Option<usize>,
    container: &str,
    resource: &str,
    divisor: &str,
) -> String {
    let spec = &cluster.template_of(pod).spec;
    let named = || spec.own().find(|index| spec.containers[*index].name == container);
    let Some(index) = own.filter(|_| container.is_empty()).or_else(named) else { return String::new() };
    let Some((part, name)) = resource.split_once('.') else { return String::new() };
    let is_limit = part == "limits";
    let list = if is_limit { &spec.containers[index].limits } else { &spec.containers[index].requests };
    let has_default = is_limit
        && matches!(name, "cpu" | "memory" | "ephemeral-storage")
        && (own.is_none() || container.is_empty() || spec.mains().contains(&index));
    let of_pod = || spec.pod_limits.get(name).filter(|limit| own.is_some() && limit.nano != 0);
    let of_node = || cluster.node(cluster.pod(pod).node).body.as_node()?.allocatable.get(name);
    let amount = list.get(name).filter(|limit| !has_default || limit.nano != 0);
    let amount = amount.or_else(|| if has_default { of_pod().or_else(of_node) } else { None });
    let units = |quantity: &Quantity| i128::from(if name == "cpu" { quantity.milli() } else { quantity.value() });
    let amount = amount.map_or(0, |amount| units(&amount));
    let divisor = Quantity::parse(divisor).filter(|divisor| divisor.nano != 0).unwrap_or(Quantity::from_whole(1));
    let unit = units(&divisor).max(1);
    (amount.div_euclid(unit) + i128::from(amount.rem_euclid(unit) > 0)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_variables_are_filled_in_and_dollars_can_be_escaped() {
        let variables = Environment::from([("A".to_owned(), "1".to_owned())]);
        for (text, expected) in [("$(A)-$(B)", "1-$(B)"), ("$$(A)", "$(A)"), ("$A $", "$A $"), ("x$(A", "x$(A")] {
            assert_eq!(expand(text, &variables), expected, "{text}");
        }
    }
}
