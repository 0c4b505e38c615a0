//! Objects as the API server's own Go types print them: the values in refusals of whole structures.
//! The internal types carry no JSON names, leave nothing out, and order some fields otherwise than k8s.io/api does.
//! Upstream: pkg/apis/core `PodTemplateSpec`, `PodSpec`, `PodSecurityContext`.

use serde_json::Value;

use super::go_types::pod::{POD_SECURITY_CONTEXT, POD_SPEC, SECURITY_CONTEXT};
use super::go_types::{Field, GoStruct, GoType};
use super::value::{flag, int, is_nil, is_zero, items, members, text};

/// Fields of `core.PodSpec` in order, by their names in Go.
const POD_SPEC_ORDER: [&str; 36] = [
    "Volumes",
    "InitContainers",
    "Containers",
    "EphemeralContainers",
    "RestartPolicy",
    "TerminationGracePeriodSeconds",
    "ActiveDeadlineSeconds",
    "DNSPolicy",
    "NodeSelector",
    "ServiceAccountName",
    "AutomountServiceAccountToken",
    "NodeName",
    "SecurityContext",
    "ImagePullSecrets",
    "Hostname",
    "Subdomain",
    "SetHostnameAsFQDN",
    "Affinity",
    "SchedulerName",
    "Tolerations",
    "HostAliases",
    "PriorityClassName",
    "Priority",
    "PreemptionPolicy",
    "DNSConfig",
    "ReadinessGates",
    "RuntimeClassName",
    "Overhead",
    "EnableServiceLinks",
    "TopologySpreadConstraints",
    "OS",
    "SchedulingGates",
    "ResourceClaims",
    "Resources",
    "HostnameOverride",
    "SchedulingGroup",
];

/// What `core.PodSecurityContext` took over from `v1.PodSpec`, in order.
const HOST_FIELDS: [&str; 5] = ["HostNetwork", "HostPID", "HostIPC", "ShareProcessNamespace", "HostUsers"];

/// The rest of `core.PodSecurityContext`, in order.
const SECURITY_ORDER: [&str; 13] = [
    "SELinuxOptions",
    "WindowsOptions",
    "RunAsUser",
    "RunAsGroup",
    "RunAsNonRoot",
    "SupplementalGroups",
    "SupplementalGroupsPolicy",
    "FSGroup",
    "FSGroupChangePolicy",
    "Sysctls",
    "SeccompProfile",
    "AppArmorProfile",
    "SELinuxChangePolicy",
];

/// A pod template.
pub fn pod_template(template: &Value) -> String {
    // Metadata is embedded and has JSON names of its own.
    let mut parts: Vec<String> = members(&template["metadata"])
        .filter(|(_, value)| !is_zero(value))
        .map(|(key, value)| format!("{key:?}:{value}"))
        .collect();
    parts.push(format!("\"Spec\":{}", pod_spec(&template["spec"])));
    format!("{{{}}}", parts.join(","))
}

/// A pod's specification.
pub fn pod_spec(spec: &Value) -> String {
    let parts = POD_SPEC_ORDER.iter().filter_map(|name| field_of(&POD_SPEC, name)).map(|field| {
        let printed =
            if field.go == "SecurityContext" { security_context(spec) } else { print(&spec[field.json], &field.kind) };
        format!("{:?}:{printed}", field.go)
    });
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

fn security_context(spec: &Value) -> String {
    let own = &spec["securityContext"];
    let host = HOST_FIELDS.iter().filter_map(|name| field_of(&POD_SPEC, name)).map(|field| (field, spec));
    let rest = SECURITY_ORDER.iter().filter_map(|name| field_of(&POD_SECURITY_CONTEXT, name)).map(|field| (field, own));
    let parts =
        host.chain(rest).map(|(field, from)| format!("{:?}:{}", field.go, print(&from[field.json], &field.kind)));
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

/// A container's security context. Upstream: `core.SecurityContext`.
pub fn security_context_of_container(context: &Value) -> String {
    let mut parts = Vec::new();
    embedded(&mut parts, context, &SECURITY_CONTEXT);
    format!("{{{}}}", parts.join(","))
}

fn field_of(structure: &'static GoStruct, name: &str) -> Option<&'static Field> {
    structure.fields.iter().find(|field| field.go == name)
}

fn print(value: &Value, kind: &GoType) -> String {
    match kind {
        GoType::Str | GoType::Quantity => Value::from(text(value)).to_string(),
        GoType::Bool => flag(value).to_string(),
        GoType::Int => int(value).to_string(),
        GoType::Pointer(_) | GoType::Opaque | GoType::Time if is_nil(value) => "null".to_owned(),
        GoType::Pointer(inner) => print(value, inner),
        GoType::Slice(_) | GoType::Map | GoType::Resources if is_zero(value) => "null".to_owned(),
        GoType::Slice(inner) => {
            let parts: Vec<String> = items(value).iter().map(|item| print(item, inner)).collect();
            format!("[{}]", parts.join(","))
        }
        GoType::IntOrString if is_nil(value) => "0".to_owned(),
        // Shared types keep their JSON names.
        GoType::Struct(structure) if structure.name.starts_with("v1.LabelSelector") => value.to_string(),
        GoType::Struct(structure) => {
            let mut parts = Vec::new();
            embedded(&mut parts, value, structure);
            format!("{{{}}}", parts.join(","))
        }
        GoType::Map | GoType::Resources | GoType::IntOrString | GoType::Time | GoType::Opaque => value.to_string(),
    }
}

/// The fields of a structure; those of one without a name stand in the outer object.
fn embedded(parts: &mut Vec<String>, value: &Value, structure: &GoStruct) {
    for field in structure.fields {
        match &field.kind {
            GoType::Struct(inner) if field.json.is_empty() => embedded(parts, value, inner),
            kind => parts.push(format!("{:?}:{}", field.go, print(&value[field.json], kind))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_structure_is_printed_whole_with_its_names_in_go() {
        let volume = json!({"name": "v", "emptyDir": {}});
        let spec = json!({"hostNetwork": true, "volumes": [volume], "containers": [{"name": "a", "resources": {"limits": {"cpu": "1"}}}]});
        let printed = pod_spec(&spec);
        assert!(
            printed.starts_with("{\"Volumes\":[{\"Name\":\"v\",\"HostPath\":null,\"EmptyDir\":{\"Medium\":\"\""),
            "{printed}"
        );
        assert!(
            printed.contains("\"Resources\":{\"Limits\":{\"cpu\":\"1\"},\"Requests\":null,\"Claims\":null}"),
            "{printed}"
        );
        assert!(printed.contains("\"SecurityContext\":{\"HostNetwork\":true,\"HostPID\":false"), "{printed}");
    }
}
