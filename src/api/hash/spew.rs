//! The dump that the template hash is taken over: Go values as go-spew prints them with `%#v`, one blank between
//! fields, map keys sorted. Upstream: util/dump `ForHash`.

use std::fmt::Write;

use serde_json::Value;

use super::super::canonical;
use super::super::go_types::{GoStruct, GoType};
use super::super::value::{flag, int, is_nil, is_zero, items, members, text};
use crate::model::quantity::{Amount, Format, Quantity};

/// The dump of a value of the type.
pub(super) fn dump(value: &Value, structure: &GoStruct) -> String {
    // A plain template takes some 4,000 bytes, most of them the names of fields that are not set.
    let mut out = String::with_capacity(8192);
    out.extend(["(", structure.name, ")"]);
    fields(&mut out, value, structure);
    out
}

fn fields(out: &mut String, value: &Value, structure: &GoStruct) {
    out.push('{');
    for (index, field) in structure.fields.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.extend([field.go, ":(", field.text, ")"]);
        let member = if field.json.is_empty() { value } else { value.get(field.json).unwrap_or(&Value::Null) };
        body(out, member, &field.kind);
    }
    out.push('}');
}

/// A value without the type before it.
fn body(out: &mut String, value: &Value, kind: &GoType) {
    match kind {
        GoType::Str => out.push_str(text(value)),
        GoType::Bool => out.push_str(if flag(value) { "true" } else { "false" }),
        GoType::Int => {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", int(value));
        }
        GoType::Struct(inner) => fields(out, value, inner),
        GoType::Pointer(_) | GoType::Opaque if is_nil(value) => out.push_str("<nil>"),
        GoType::Pointer(inner) => body(out, value, inner),
        GoType::Slice(inner) => slice(out, value, inner),
        GoType::Map => map(out, value, |out, member| out.push_str(text(member))),
        GoType::Resources => map(out, value, quantity),
        GoType::Quantity => quantity(out, value),
        GoType::IntOrString => {
            let _ = match value.as_str() {
                Some(name) => write!(out, "{{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string){name}}}"),
                None => write!(out, "{{Type:(intstr.Type)0 IntVal:(int32){} StrVal:(string)}}", int(value)),
            };
        }
        GoType::Time => out.push_str("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"),
        // Structures outside the table: deterministic, though not upstream's text.
        GoType::Opaque => out.push_str(&value.to_string()),
    }
}

/// Empty lists come back from storage as nil.
fn slice(out: &mut String, value: &Value, inner: &GoType) {
    if is_zero(value) {
        out.push_str("<nil>");
        return;
    }
    out.push('[');
    for (index, item) in items(value).iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        body(out, item, inner);
    }
    out.push(']');
}

fn map(out: &mut String, value: &Value, mut print: impl FnMut(&mut String, &Value)) {
    if is_zero(value) {
        out.push_str("<nil>");
        return;
    }
    out.push_str("map[");
    for (index, (key, member)) in members(value).enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(key);
        out.push(':');
        print(out, member);
    }
    out.push(']');
}

/// Upstream: apimachinery `resource.Quantity` after a round trip through its canonical text.
fn quantity(out: &mut String, value: &Value) {
    let canonical = if is_nil(value) { "0".to_owned() } else { canonical::quantity(value) };
    let format = match Quantity::parse(&canonical).map_or(Format::DecimalSi, |quantity| quantity.format) {
        Format::BinarySi => "BinarySI",
        Format::DecimalSi => "DecimalSI",
        Format::DecimalExponent => "DecimalExponent",
    };
    let amount = Amount::parse(&canonical).unwrap_or(Amount { value: 0, scale: 0, keeps_text: false });
    let cached = if amount.keeps_text { canonical.as_str() } else { "" };
    let _ = write!(
        out,
        "{{i:(resource.int64Amount){{value:(int64){} scale:(resource.Scale){}}} d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){cached} Format:(resource.Format){format}}}",
        amount.value, amount.scale
    );
}
