//! The reference of all fields as Markdown, made from the table, for docs/scenarios.md.

use super::Kind;
use super::shape::{Field, Shape, Type};

/// A table for each object of the three kinds, in the order in which they are first met.
pub fn markdown() -> String {
    let mut shapes: Vec<&'static Shape> = Vec::new();
    for kind in Kind::ALL {
        collect(kind.shape(), &mut shapes);
    }
    let mut text = String::new();
    for shape in shapes {
        text.push_str(&section(shape));
    }
    text
}

fn section(shape: &Shape) -> String {
    let head = "| field | type | meaning | default |\n|---|---|---|---|\n";
    let mut rows: String = shape.fields.iter().map(row).collect();
    if let Some(kind) = shape.others {
        rows.extend(["| any other | ", &words(kind), " | | |\n"]);
    }
    if !shape.one_of.is_empty() {
        let names: Vec<String> = shape.one_of.iter().map(|name| format!("`{name}`")).collect();
        rows.extend(["\nExactly one of ", &names.join(", "), " must be given.\n"]);
    }
    format!("### {}\n\n{}\n\n{head}{rows}\n", shape.name, shape.summary.trim())
}

fn row(field: &Field) -> String {
    let default = if field.required { "required" } else { field.default };
    let effect = if field.has_effect { "" } else { " *(no effect yet)*" };
    format!("| `{}` | {} | {}{effect} | {default} |\n", field.name, words(&field.kind), field.summary)
}

/// A type in a cell: objects link to their own table.
fn words(kind: &Type) -> String {
    match kind {
        Type::Object(shape) => format!("[{}](#{})", shape.name, shape.name.to_lowercase()),
        Type::List(inner) => format!("list of {}", words(inner)),
        Type::Map(inner) => format!("names to {}", words(inner)),
        Type::Tuple(inner) => format!("[{}]", inner.iter().map(words).collect::<Vec<_>>().join(", ")),
        Type::Any(types) => types.iter().map(words).collect::<Vec<_>>().join(" or "),
        Type::Recursive(kind) => words(kind()),
        other => other.words(),
    }
}

fn collect(shape: &'static Shape, shapes: &mut Vec<&'static Shape>) {
    if shapes.iter().any(|known| std::ptr::eq(*known, shape) || known.name == shape.name) {
        return;
    }
    shapes.push(shape);
    for field in shape.fields {
        collect_kind(&field.kind, shapes);
    }
    if let Some(kind) = shape.others {
        collect_kind(kind, shapes);
    }
}

fn collect_kind(kind: &Type, shapes: &mut Vec<&'static Shape>) {
    match kind {
        Type::Object(shape) => collect(shape, shapes),
        Type::List(inner) | Type::Map(inner) => collect_kind(inner, shapes),
        Type::Any(types) | Type::Tuple(types) => types.iter().for_each(|kind| collect_kind(kind, shapes)),
        Type::Recursive(kind) => collect_kind(kind(), shapes),
        _ => {}
    }
}
