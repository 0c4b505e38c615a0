//! Nodes. Upstream: `printNode`.

use serde_json::Value;

use crate::model::condition;
use crate::model::object::ObjectRef;

use super::{Context, Printer, field, or, text};

pub(super) static NODE: Printer = Printer {
    columns: &["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
    wide: &["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"],
    row,
};

/// Roles are labels of this prefix.
const ROLE_PREFIX: &str = "node-role.kubernetes.io/";
const ROLE_LABEL: &str = "kubernetes.io/role";

fn row(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let node = context.cluster.body(object).as_node().expect("a node's printer");
    let mut status = match condition::find(&node.conditions, "Ready") {
        Some(ready) if ready.status.is_true() => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if node.unschedulable {
        status.push_str(",SchedulingDisabled");
    }
    let view = context.cluster.view(object);
    let info = field(&view, "status.nodeInfo");
    let mut cells =
        vec![context.name(object), status, roles(context, object), context.age(object), text(info, "kubeletVersion")];
    if context.wide {
        let kernel = match (text(info, "kernelVersion"), text(info, "architecture")) {
            (kernel, _) if kernel.is_empty() => "<unknown>".to_owned(),
            (kernel, architecture) if architecture.is_empty() => kernel,
            (kernel, architecture) => format!("{kernel} ({architecture})"),
        };
        cells.extend([
            or(address_of(&view, "InternalIP"), "<none>"),
            or(address_of(&view, "ExternalIP"), "<none>"),
            or(text(info, "osImage"), "<unknown>"),
            kernel,
            or(text(info, "containerRuntimeVersion"), "<unknown>"),
        ]);
    }
    cells
}

fn roles(context: &Context<'_>, object: ObjectRef) -> String {
    let mut roles: Vec<&str> = context
        .cluster
        .meta(object)
        .labels
        .iter()
        .filter_map(|(key, value)| match key.strip_prefix(ROLE_PREFIX) {
            Some(role) => Some(role).filter(|role| !role.is_empty()),
            None => Some(value).filter(|value| key == ROLE_LABEL && !value.is_empty()),
        })
        .collect();
    roles.sort_unstable();
    roles.dedup();
    or(roles.join(","), "<none>")
}

fn address_of(view: &Value, kind: &str) -> String {
    field(view, "status.addresses")
        .as_array()
        .into_iter()
        .flatten()
        .find(|address| address["type"] == kind)
        .map_or_else(String::new, |address| text(address, "address"))
}
