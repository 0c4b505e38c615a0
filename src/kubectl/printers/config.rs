//! Namespaces, ConfigMaps, Secrets, Leases, and kinds with nothing but a name and an age.

use crate::model::object::{Body, ObjectRef};

use super::{Context, Printer, field, or, text};

pub(super) static NAMESPACE: Printer = Printer { columns: &["NAME", "STATUS", "AGE"], wide: &[], row: namespace };
pub(super) static CONFIG_MAP: Printer = Printer { columns: &["NAME", "DATA", "AGE"], wide: &[], row: config_map };
pub(super) static SECRET: Printer = Printer { columns: &["NAME", "TYPE", "DATA", "AGE"], wide: &[], row: secret };
pub(super) static LEASE: Printer = Printer { columns: &["NAME", "HOLDER", "AGE"], wide: &[], row: lease };
pub(super) static NAME_AND_AGE: Printer = Printer { columns: &["NAME", "AGE"], wide: &[], row: name_and_age };

fn namespace(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let terminating = matches!(context.cluster.body(object), Body::Namespace { terminating: true, .. });
    let status = if terminating { "Terminating" } else { "Active" };
    vec![context.name(object), status.to_owned(), context.age(object)]
}

fn config_map(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    vec![context.name(object), keys(context, object).to_string(), context.age(object)]
}

fn secret(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let kind = or(text(context.raw(object), "type"), "Opaque");
    vec![context.name(object), kind, keys(context, object).to_string(), context.age(object)]
}

fn keys(context: &Context<'_>, object: ObjectRef) -> usize {
    match context.cluster.body(object) {
        Body::Data(data) => data.len(),
        _ => ["data", "binaryData"]
            .iter()
            .map(|part| field(context.raw(object), part).as_object().map_or(0, serde_json::Map::len))
            .sum(),
    }
}

fn lease(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    vec![context.name(object), text(context.raw(object), "spec.holderIdentity"), context.age(object)]
}

fn name_and_age(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let (_, name) = super::super::listing::identity(context.cluster, object);
    vec![name, context.age(object)]
}
