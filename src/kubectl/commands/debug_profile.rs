//! Profiles of `kubectl debug`: what a debugging container may do. Upstream: kubectl cmd/debug profiles.go.

use serde_json::{Value, json};

use super::super::command_line::CommandLine;
use super::super::errors::Failure;

/// What is debugged how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// A new container in a pod.
    Ephemeral,
    /// A copy of a pod.
    Copy,
    /// A pod on a node.
    Node,
}

/// A profile by its name, and what a copy keeps.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    name: String,
    /// Members of the original that a copy loses.
    dropped: Vec<&'static str>,
}

impl Profile {
    /// `--profile` and `--keep-…`.
    pub(super) fn of(line: &CommandLine) -> Result<Self, Failure> {
        let name = match line.flags.text("profile") {
            "" => "general",
            name => name,
        };
        if !["legacy", "general", "baseline", "restricted", "netadmin", "sysadmin"].contains(&name) {
            return Err(Failure::error(format!("unknown profile: {name}")));
        }
        let kept = [
            ("keep-labels", "labels", false),
            ("keep-annotations", "annotations", false),
            ("keep-liveness", "livenessProbe", false),
            ("keep-readiness", "readinessProbe", false),
            ("keep-startup", "startupProbe", false),
            ("keep-init-containers", "initContainers", true),
        ];
        let dropped = kept.into_iter().filter(|(flag, _, default)| !line.flags.is_on(flag, *default));
        Ok(Self { name: name.to_owned(), dropped: dropped.map(|(_, member, _)| member).collect() })
    }

    /// Upstream: the `Apply` of each profile.
    pub(super) fn apply(&self, pod: &mut Value, list: &str, container: &str, style: Style) {
        let node = style == Style::Node;
        match (self.name.as_str(), style) {
            ("legacy", Style::Ephemeral) | ("general", Style::Node) => {}
            ("general", _) => capability(pod, list, container, &["SYS_PTRACE"]),
            ("netadmin", _) => capability(pod, list, container, &["NET_ADMIN", "NET_RAW"]),
            ("sysadmin", _) => context(pod, list, container, &json!({"privileged": true})),
            ("restricted", _) => {
                let restricted = json!({
                    "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}, "allowPrivilegeEscalation": false,
                    "seccompProfile": {"type": "RuntimeDefault"},
                });
                context(pod, list, container, &restricted);
            }
            _ => {}
        }
        if node && matches!(self.name.as_str(), "legacy" | "general" | "netadmin" | "sysadmin") {
            for member in ["hostNetwork", "hostPID", "hostIPC"] {
                pod["spec"][member] = json!(true);
            }
        }
        if node && matches!(self.name.as_str(), "legacy" | "general" | "sysadmin") {
            pod["spec"]["volumes"] = json!([{"name": "host-root", "hostPath": {"path": "/"}}]);
            pod["spec"][list][0]["volumeMounts"] = json!([{"name": "host-root", "mountPath": "/host"}]);
        }
        if style == Style::Copy {
            self.strip(pod);
            if pod["spec"]["shareProcessNamespace"].is_null() {
                pod["spec"]["shareProcessNamespace"] = json!(true);
            }
        }
    }

    fn strip(&self, pod: &mut Value) {
        for member in &self.dropped {
            for part in ["metadata", "spec"] {
                pod[part].as_object_mut().and_then(|part| part.remove(*member));
            }
            for container in pod["spec"]["containers"].as_array_mut().into_iter().flatten() {
                container.as_object_mut().and_then(|container| container.remove(*member));
            }
        }
    }
}

fn find<'a>(pod: &'a mut Value, list: &str, name: &str) -> Option<&'a mut Value> {
    pod["spec"][list].as_array_mut()?.iter_mut().find(|container| container["name"] == name)
}

fn context(pod: &mut Value, list: &str, name: &str, context: &Value) {
    if let Some(container) = find(pod, list, name) {
        container["securityContext"] = context.clone();
    }
}

fn capability(pod: &mut Value, list: &str, name: &str, added: &[&str]) {
    let Some(container) = find(pod, list, name) else { return };
    let known: Vec<Value> =
        container["securityContext"]["capabilities"]["add"].as_array().into_iter().flatten().cloned().collect();
    let new = added.iter().map(|one| json!(one)).filter(|one| !known.contains(one)).collect::<Vec<_>>();
    container["securityContext"]["capabilities"]["add"] = json!([known, new].concat());
}
