//! Tables of kinds that CustomResourceDefinitions define.
//! Upstream: apiextensions-apiserver `pkg/registry/customresource/tableconvertor`.

use serde_json::Value;

use super::super::jsonpath::Template;
use super::{Context, ages, plain};
use crate::api::custom::{ColumnType, CustomKind, PrinterColumn};
use crate::api::value::go_json;
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

/// Of several values only the first is shown. Upstream: tableconvertor `convertor.ConvertToTable`, `cellForJSONValue`.
fn cell(context: &Context<'_>, column: &PrinterColumn, view: &Value) -> String {
    let Ok(template) = Template::parse(&format!("{{{}}}", column.json_path)) else { return String::new() };
    let found = template.find(view);
    let Some(value) = found.first() else { return String::new() };
    match column.shows {
        ColumnType::Text if value.is_object() || value.is_array() => go_json(value),
        ColumnType::Text => plain(value),
        ColumnType::Boolean if value.is_boolean() => plain(value),
        ColumnType::Number if value.is_number() => plain(value),
        ColumnType::Integer if value.is_number() => {
            let whole = value.as_i64().or_else(|| value.as_f64().map(|number| number as i64));
            whole.map_or_else(String::new, |whole| whole.to_string())
        }
        ColumnType::Date if value.is_string() && ages::seconds_of(value).is_none() => "<invalid>".to_owned(),
        ColumnType::Date if value.is_string() => ages::age_of(context.cluster.clock(), context.now, value),
        _ => String::new(),
    }
}
