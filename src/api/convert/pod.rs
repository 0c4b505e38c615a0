//! Pod specifications and templates.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::value::{flag, int, int32, is_nil, items, short, text};
use super::{affinity, container, labels, reference_names, resource_list, volume};
use crate::model::Text;
use crate::model::pod_spec::{Container, EnvSource, HostAlias, PodSpec, PreemptionPolicy, RestartPolicy};
use crate::model::pod_template::PodTemplate;

/// A defaulted `{metadata, spec}` as a shared template.
pub fn pod_template(template: &Value) -> PodTemplate {
    let metadata = &template["metadata"];
    let (template_labels, annotations) = (labels(&metadata["labels"]), labels(&metadata["annotations"]));
    let spec = pod_spec(&template["spec"]);
    PodTemplate::new(Arc::new(template_labels), Arc::new(annotations), spec, Arc::new(shared_part(template)))
}

/// `{metadata: {labels, annotations, finalizers}, spec}`: what pods of one template have in common.
fn shared_part(template: &Value) -> Value {
    let mut metadata = Map::new();
    for key in ["labels", "annotations", "finalizers"] {
        if !is_nil(&template["metadata"][key]) {
            metadata.insert(key.to_owned(), template["metadata"][key].clone());
        }
    }
    let mut shared = Map::new();
    shared.insert("metadata".to_owned(), Value::Object(metadata));
    shared.insert("spec".to_owned(), template["spec"].clone());
    Value::Object(shared)
}

/// A defaulted pod specification.
pub fn pod_spec(spec: &Value) -> PodSpec {
    let init = items(&spec["initContainers"]);
    let security = &spec["securityContext"];
    let ephemeral = items(&spec["ephemeralContainers"]);
    let all = init.iter().chain(items(&spec["containers"])).chain(ephemeral);
    let containers: Vec<Container> = all.map(|value| container::container(value, security)).collect();
    let env_files = env_files(&containers);
    let gates = |list: &str, key: &str| items(&spec[list]).iter().map(|gate| short(&gate[key])).collect();
    PodSpec {
        containers,
        init_count: init.len(),
        ephemeral_count: ephemeral.len(),
        volumes: items(&spec["volumes"]).iter().map(|one| volume::volume(one, spec)).collect(),
        restart_policy: container::restart_policy(text(&spec["restartPolicy"])).unwrap_or(RestartPolicy::Always),
        termination_grace_period_seconds: int(&spec["terminationGracePeriodSeconds"]),
        active_deadline_seconds: spec["activeDeadlineSeconds"].as_i64(),
        node_selector: affinity::pairs(&spec["nodeSelector"]),
        node_name: short(&spec["nodeName"]),
        affinity: affinity::affinity(&spec["affinity"]),
        tolerations: items(&spec["tolerations"]).iter().map(affinity::toleration).collect(),
        topology_spread: items(&spec["topologySpreadConstraints"]).iter().map(affinity::spread_constraint).collect(),
        scheduler_name: short(&spec["schedulerName"]),
        priority_class: short(&spec["priorityClassName"]),
        priority: int32(&spec["priority"]),
        preemption_policy: match text(&spec["preemptionPolicy"]) {
            "Never" => PreemptionPolicy::Never,
            _ => PreemptionPolicy::PreemptLowerPriority,
        },
        scheduling_gates: gates("schedulingGates", "name"),
        readiness_gates: gates("readinessGates", "conditionType"),
        host_network: flag(&spec["hostNetwork"]),
        host_aliases: items(&spec["hostAliases"]).iter().map(host_alias).collect(),
        hostname: short(&spec["hostname"]),
        subdomain: short(&spec["subdomain"]),
        hostname_override: short(&spec["hostnameOverride"]),
        full_hostname: flag(&spec["setHostnameAsFQDN"]),
        service_account: short(&spec["serviceAccountName"]),
        overhead: resource_list(&spec["overhead"]),
        pod_requests: resource_list(&spec["resources"]["requests"]),
        pod_limits: resource_list(&spec["resources"]["limits"]),
        enable_service_links: spec["enableServiceLinks"].as_bool().unwrap_or(true),
        image_pull_secrets: reference_names(&spec["imagePullSecrets"]),
        os: short(&spec["os"]["name"]),
        host_ipc: flag(&spec["hostIPC"]),
        shares_processes: flag(&spec["shareProcessNamespace"]) || flag(&spec["hostPID"]),
        sysctls: items(&security["sysctls"]).iter().map(|sysctl| short(&sysctl["name"])).collect(),
        env_files,
    }
}

/// The files that variables come from, each once.
fn env_files(containers: &[Container]) -> Vec<(Text, Text)> {
    let mut files = Vec::new();
    for variable in containers.iter().flat_map(|container| &container.env) {
        if let EnvSource::FileKey { volume, path, .. } = &variable.source {
            let file = (volume.clone(), path.clone());
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    files
}

fn host_alias(alias: &Value) -> HostAlias {
    HostAlias { ip: short(&alias["ip"]), hostnames: items(&alias["hostnames"]).iter().map(short).collect() }
}
