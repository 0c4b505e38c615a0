//! Kinds that few clusters have many of: classes, drivers, bindings, attachments.

use serde_json::Value;

use crate::model::object::ObjectRef;

use super::{Context, Printer, field, or, pairs, plain, text};

pub(super) static INGRESS_CLASS: Printer =
    Printer { columns: &["NAME", "CONTROLLER", "PARAMETERS", "AGE"], wide: &[], row: ingress_class };
pub(super) static BINDING: Printer =
    Printer { columns: &["NAME", "ROLE", "AGE"], wide: &["USERS", "GROUPS", "SERVICEACCOUNTS"], row: binding };
pub(super) static POD_TEMPLATE: Printer =
    Printer { columns: &["NAME", "CONTAINERS", "IMAGES", "POD LABELS"], wide: &[], row: pod_template };
pub(super) static RUNTIME_CLASS: Printer =
    Printer { columns: &["NAME", "HANDLER", "AGE"], wide: &[], row: runtime_class };
pub(super) static CSI_DRIVER: Printer = Printer {
    columns: &[
        "NAME",
        "ATTACHREQUIRED",
        "PODINFOONMOUNT",
        "STORAGECAPACITY",
        "TOKENREQUESTS",
        "REQUIRESREPUBLISH",
        "MODES",
        "AGE",
    ],
    wide: &[],
    row: csi_driver,
};
pub(super) static CSI_NODE: Printer = Printer { columns: &["NAME", "DRIVERS", "AGE"], wide: &[], row: csi_node };
pub(super) static CSI_STORAGE_CAPACITY: Printer =
    Printer { columns: &["NAME", "STORAGECLASSNAME", "CAPACITY"], wide: &[], row: csi_storage_capacity };
pub(super) static VOLUME_ATTACHMENT: Printer =
    Printer { columns: &["NAME", "ATTACHER", "PV", "NODE", "ATTACHED", "AGE"], wide: &[], row: volume_attachment };
pub(super) static VOLUME_ATTRIBUTES_CLASS: Printer =
    Printer { columns: &["NAME", "DRIVERNAME", "AGE"], wide: &[], row: volume_attributes_class };

/// Upstream: `printIngressClass`; the default is marked by storage/helpers `IsDefaultIngressClass`.
fn ingress_class(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let raw = context.raw(object);
    let mut name = context.name(object);
    if context.cluster.meta(object).annotations.get("ingressclass.kubernetes.io/is-default-class") == Some("true") {
        name.push_str(" (default)");
    }
    let parameters = field(raw, "spec.parameters");
    let shown = if parameters.is_object() {
        let kind = text(parameters, "kind");
        let group = text(parameters, "apiGroup");
        let kind = if group.is_empty() { kind } else { format!("{kind}.{group}") };
        format!("{kind}/{}", text(parameters, "name"))
    } else {
        "<none>".to_owned()
    };
    vec![name, text(raw, "spec.controller"), shown, context.age(object)]
}

/// Upstream: `printRoleBinding`, `printClusterRoleBinding`.
fn binding(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let raw = context.raw(object);
    let role = format!("{}/{}", text(raw, "roleRef.kind"), text(raw, "roleRef.name"));
    let mut cells = vec![context.name(object), role, context.age(object)];
    if context.wide {
        for kind in ["User", "Group", "ServiceAccount"] {
            let subjects = raw["subjects"].as_array().into_iter().flatten();
            let names: Vec<String> = subjects
                .filter(|subject| subject["kind"] == kind)
                .map(|subject| match text(subject, "namespace").as_str() {
                    namespace if kind == "ServiceAccount" => format!("{namespace}/{}", text(subject, "name")),
                    _ => text(subject, "name"),
                })
                .collect();
            cells.push(names.join(", "));
        }
    }
    cells
}

fn pod_template(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let raw = context.raw(object);
    let of = |key: &str| {
        let containers = field(raw, "template.spec.containers").as_array().into_iter().flatten();
        containers.map(|container| text(container, key)).collect::<Vec<_>>().join(",")
    };
    vec![context.name(object), of("name"), of("image"), pairs(field(raw, "template.metadata.labels"))]
}

fn runtime_class(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    vec![context.name(object), text(context.raw(object), "handler"), context.age(object)]
}

/// Upstream: `printCSIDriver`.
fn csi_driver(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let raw = context.raw(object);
    let list = |path: &str, key: &str| {
        let items = field(raw, path).as_array().into_iter().flatten();
        let words: Vec<String> = items.map(|item| if key.is_empty() { plain(item) } else { text(item, key) }).collect();
        words.join(",")
    };
    vec![
        context.name(object),
        or(text(raw, "spec.attachRequired"), "true"),
        or(text(raw, "spec.podInfoOnMount"), "false"),
        or(text(raw, "spec.storageCapacity"), "false"),
        or(list("spec.tokenRequests", "audience"), "<unset>"),
        or(text(raw, "spec.requiresRepublish"), "false"),
        or(list("spec.volumeLifecycleModes", ""), "<none>"),
        context.age(object),
    ]
}

fn csi_node(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let drivers = field(context.raw(object), "spec.drivers").as_array().map_or(0, Vec::len);
    vec![context.name(object), drivers.to_string(), context.age(object)]
}

fn csi_storage_capacity(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let raw = context.raw(object);
    vec![context.name(object), text(raw, "storageClassName"), or(text(raw, "capacity"), "<unset>")]
}

fn volume_attachment(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let raw = context.raw(object);
    vec![
        context.name(object),
        text(raw, "spec.attacher"),
        text(raw, "spec.source.persistentVolumeName"),
        text(raw, "spec.nodeName"),
        or(plain(context.status(object).get("attached").unwrap_or(&Value::Null)), "false"),
        context.age(object),
    ]
}

fn volume_attributes_class(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    vec![context.name(object), text(context.raw(object), "driverName"), context.age(object)]
}
