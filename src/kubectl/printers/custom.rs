//! Tables of kinds that CustomResourceDefinitions define.
//! Upstream: apiextensions-apiserver `pkg/registry/customresource/tableconvertor`.

use serde_json::Value;

use super::super::jsonpath::Template;
use super::{Context, ages, plain};
use crate::api::custom::{CustomKind, PrinterColumn};
use crate::model::object::ObjectRef;

fn shown(kind: &CustomKind, wide: bool) -> impl Iterator<Item = &PrinterColumn> {
    kind.columns().iter().filter(move |column| wide || !column.wide)
}

/// Headers of the columns.
pub(crate) fn columns(kind: &CustomKind, wide: bool) -> Vec<String> {
    let stated = shown(kind, wide).map(|column| column.name.to_uppercase());
    std::iter::once("NAME".to_owned()).chain(stated).collect()
}

/// The cells of an object.
pub(crate) fn row(context: &Context<'_>, kind: &CustomKind, object: ObjectRef) -> Vec<String> {
    let view = context.cluster.view(object);
    let cells = shown(kind, context.wide).map(|column| cell(context, column, &view));
    std::iter::once(context.name(object)).chain(cells).collect()
}

fn cell(context: &Context<'_>, column: &PrinterColumn, view: &Value) -> String {
    let Ok(template) = Template::parse(&format!("{{{}}}", column.json_path)) else { return String::new() };
    let found = template.find(view);
    match found.first() {
        None => String::new(),
        Some(value) if column.is_date => ages::age_of(context.cluster.clock(), context.now, value),
        Some(_) if column.is_text => template.print(view, true).unwrap_or_default(),
        Some(value) => plain(value),
    }
}
