//! Warnings of the server on objects that it accepts. Upstream: pkg/api/pod `GetWarningsForPod`, pkg/registry/core.

use serde_json::Value;

use super::super::convert;
use super::super::value::{int, items, members, text};
use crate::model::kind::Kind;

/// The texts after `Warning: `.
pub fn warnings(kind: Kind, object: &Value) -> Vec<String> {
    let spec = &object["spec"];
    let mut out = Vec::new();
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
        Kind::ENDPOINTS => {
            out.push("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".to_owned());
        }
        _ => {}
    }
    out
}

fn pod(spec: &Value, path: &str, out: &mut Vec<String>) {
    for list in ["initContainers", "containers"] {
        for (index, container) in items(&spec[list]).iter().enumerate() {
            self::container(container, &format!("{path}.{list}[{index}]"), out);
        }
    }
}

fn container(container: &Value, path: &str, out: &mut Vec<String>) {
    for (member, list) in
        [("limits", &container["resources"]["limits"]), ("requests", &container["resources"]["requests"])]
    {
        for (name, value) in members(list) {
            let fractional = convert::quantity(value).is_some_and(|quantity| quantity.nano % 1_000_000_000 != 0);
            if fractional && (name == "memory" || name == "ephemeral-storage") {
                out.push(format!(
                    "{path}.resources.{member}[{name}]: fractional byte value {value} is invalid, must be an integer"
                ));
            }
        }
    }
    let variables = items(&container["env"]);
    for (index, variable) in variables.iter().enumerate() {
        let name = text(&variable["name"]);
        let refers_to_itself = text(&variable["value"]).contains(&format!("$({name})"));
        if variables[..index].iter().any(|other| text(&other["name"]) == name) && !refers_to_itself {
            out.push(format!(
                "{path}.env[{index}]: hides previous definition of {name:?}, which may be dropped when using apply"
            ));
        }
    }
    let ports = items(&container["ports"]);
    for (index, port) in ports.iter().enumerate() {
        let same = |other: &&Value| {
            other["containerPort"] == port["containerPort"]
                && text(&other["protocol"]) == text(&port["protocol"])
                && int(&other["hostPort"]) == int(&port["hostPort"])
        };
        if let Some(earlier) = ports[..index].iter().position(|other| same(&other)) {
            out.push(format!("{path}.ports[{index}]: duplicate port definition with {path}.ports[{earlier}]"));
        }
        if !text(&port["hostIP"]).is_empty() && int(&port["hostPort"]) == 0 {
            out.push(format!(
                "{path}.ports[{index}]: hostIP set without hostPort: {{Name:{} HostPort:0 ContainerPort:{} Protocol:{} HostIP:{}}}",
                text(&port["name"]), int(&port["containerPort"]), text(&port["protocol"]), text(&port["hostIP"])
            ));
        }
    }
}
