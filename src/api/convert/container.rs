//! Containers.

use serde_json::Value;

use super::super::value::{flag, int, int32, is_nil, items, short, text, texts};
use super::volume::field_source;
use super::{probe, resource_list, volume};
use crate::model::pod_spec::{
    Container, ContainerPort, EnvFrom, EnvSource, EnvVar, Protocol, PullPolicy, ResizeRestarts, RestartPolicy,
    RestartRule, RunAs,
};

/// A container of a pod with this security context.
pub(super) fn container(value: &Value, of_pod: &Value) -> Container {
    Container {
        name: short(&value["name"]),
        image: short(&value["image"]),
        pull_policy: pull_policy(text(&value["imagePullPolicy"])),
        command: texts(&value["command"]),
        args: texts(&value["args"]),
        working_dir: short(&value["workingDir"]),
        ports: items(&value["ports"]).iter().map(port).collect(),
        env: items(&value["env"]).iter().map(variable).collect(),
        env_from: items(&value["envFrom"]).iter().map(env_from).collect(),
        requests: resource_list(&value["resources"]["requests"]),
        limits: resource_list(&value["resources"]["limits"]),
        mounts: items(&value["volumeMounts"]).iter().map(volume::mount).collect(),
        startup_probe: probe::probe(&value["startupProbe"]),
        readiness_probe: probe::probe(&value["readinessProbe"]),
        liveness_probe: probe::probe(&value["livenessProbe"]),
        lifecycle: probe::lifecycle(&value["lifecycle"]),
        restart_policy: restart_policy(text(&value["restartPolicy"])),
        restart_rules: items(&value["restartPolicyRules"]).iter().map(restart_rule).collect(),
        termination_message_path: short(&value["terminationMessagePath"]),
        termination_message_from_logs: text(&value["terminationMessagePolicy"]) == "FallbackToLogsOnError",
        run_as: run_as(&value["securityContext"], of_pod),
        restarts_for: ResizeRestarts { cpu: restarts_for(value, "cpu"), memory: restarts_for(value, "memory") },
    }
}

fn restarts_for(container: &Value, resource: &str) -> bool {
    let policies = items(&container["resizePolicy"]);
    let policy = policies.iter().find(|policy| text(&policy["resourceName"]) == resource);
    policy.is_some_and(|policy| text(&policy["restartPolicy"]) == "RestartContainer")
}

/// Upstream: securitycontext `DetermineEffectiveSecurityContext`.
fn run_as(own: &Value, of_pod: &Value) -> RunAs {
    let effective = |field: &str| if is_nil(&own[field]) { &of_pod[field] } else { &own[field] };
    RunAs {
        non_root: flag(effective("runAsNonRoot")),
        user: effective("runAsUser").as_i64(),
        group: effective("runAsGroup").as_i64(),
        read_only_root: flag(&own["readOnlyRootFilesystem"]),
    }
}

/// `Always`, `Never`; anything else is IfNotPresent.
pub(super) fn pull_policy(name: &str) -> PullPolicy {
    match name {
        "Always" => PullPolicy::Always,
        "Never" => PullPolicy::Never,
        _ => PullPolicy::IfNotPresent,
    }
}

/// `Always`, `OnFailure`, `Never`; `None` for anything else.
pub(super) fn restart_policy(name: &str) -> Option<RestartPolicy> {
    [RestartPolicy::Always, RestartPolicy::OnFailure, RestartPolicy::Never]
        .into_iter()
        .find(|policy| policy.name() == name)
}

/// TCP unless it says otherwise.
pub(super) fn protocol(name: &str) -> Protocol {
    match name {
        "UDP" => Protocol::Udp,
        "SCTP" => Protocol::Sctp,
        _ => Protocol::Tcp,
    }
}

fn port(value: &Value) -> ContainerPort {
    ContainerPort {
        name: short(&value["name"]),
        container_port: int(&value["containerPort"]) as u16,
        host_port: int(&value["hostPort"]) as u16,
        host_ip: short(&value["hostIP"]),
        protocol: protocol(text(&value["protocol"])),
    }
}

fn variable(value: &Value) -> EnvVar {
    let from = &value["valueFrom"];
    let (config_map, secret, file) = (&from["configMapKeyRef"], &from["secretKeyRef"], &from["fileKeyRef"]);
    let source = if !is_nil(file) {
        EnvSource::FileKey {
            volume: short(&file["volumeName"]),
            path: short(&file["path"]),
            key: short(&file["key"]),
            optional: flag(&file["optional"]),
        }
    } else if !is_nil(config_map) {
        EnvSource::ConfigMapKey {
            name: short(&config_map["name"]),
            key: short(&config_map["key"]),
            optional: flag(&config_map["optional"]),
        }
    } else if !is_nil(secret) {
        EnvSource::SecretKey {
            name: short(&secret["name"]),
            key: short(&secret["key"]),
            optional: flag(&secret["optional"]),
        }
    } else {
        field_source(from).map_or_else(|| EnvSource::Value(short(&value["value"])), EnvSource::Field)
    };
    EnvVar { name: short(&value["name"]), source }
}

fn env_from(value: &Value) -> EnvFrom {
    let secret = !is_nil(&value["secretRef"]);
    let source = if secret { &value["secretRef"] } else { &value["configMapRef"] };
    EnvFrom {
        prefix: short(&value["prefix"]),
        secret,
        name: short(&source["name"]),
        optional: flag(&source["optional"]),
    }
}

fn restart_rule(value: &Value) -> RestartRule {
    let codes = &value["exitCodes"];
    RestartRule {
        action: short(&value["action"]),
        listed: text(&codes["operator"]) != "NotIn",
        exit_codes: items(&codes["values"]).iter().map(int32).collect(),
    }
}
