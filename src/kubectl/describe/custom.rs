//! Objects of kinds without a layout of their own: every field. Upstream: describe `genericDescriber`,
//! `printUnstructuredContent`, `smartLabelFor`.

use serde_json::Value;

use super::super::printers::{field, plain, text};
use super::Related;
use super::text::Page;

/// What is printed in the head, or not at all.
const SKIPPED: [&str; 7] = [
    ".apiVersion",
    ".kind",
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
    ".metadata.managedFields",
];
const ACRONYMS: [&str; 5] = ["API", "URL", "UID", "OSB", "GUID"];

pub(super) fn describe(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    page.field(0, "API Version", text(view, "apiVersion"));
    page.field(0, "Kind", text(view, "kind"));
    content(page, 0, view, "");
    related.events(page, view);
}

fn content(page: &mut Page, level: usize, object: &Value, prefix: &str) {
    let mut fields: Vec<(&String, &Value)> = object.as_object().into_iter().flatten().collect();
    fields.sort_by_key(|(name, _)| *name);
    for (name, value) in fields {
        let path = format!("{prefix}.{name}");
        if SKIPPED.contains(&path.as_str()) {
            continue;
        }
        match value {
            Value::Object(_) => {
                page.line(level, format!("{}:", label(name)));
                content(page, level + 1, value, &path);
            }
            Value::Array(items) => {
                page.line(level, format!("{}:", label(name)));
                for item in items {
                    if item.is_object() {
                        content(page, level + 1, item, &path);
                    } else {
                        page.line(level + 1, plain(item));
                    }
                }
            }
            Value::Null => page.field(level, &label(name), "<nil>"),
            scalar => page.field(level, &label(name), plain(scalar)),
        }
    }
}

/// `maxReplicas` as `Max Replicas`.
fn label(name: &str) -> String {
    if !name.chars().all(|c| c.is_alphabetic() || c == '-') {
        return name.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    let letters: Vec<char> = name.chars().collect();
    for (place, letter) in letters.iter().enumerate() {
        let starts = letter.is_uppercase()
            && (place == 0
                || letters[place - 1].is_lowercase()
                || letters.get(place + 1).is_some_and(|next| next.is_lowercase()));
        if place == 0 || starts || *letter == '-' || letters[place - 1] == '-' {
            words.push(String::new());
        }
        words.last_mut().expect("the first letter begins a word").push(*letter);
    }
    let title = |word: String| {
        let upper = word.to_uppercase();
        if ACRONYMS.contains(&upper.as_str()) {
            return upper;
        }
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    words.into_iter().map(title).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields_become_labels() {
        for (name, shown) in [
            ("creationTimestamp", "Creation Timestamp"),
            ("uid", "UID"),
            ("apiURL", "API URL"),
            ("resourceVersion", "Resource Version"),
            ("size", "Size"),
            ("example.com/x", "example.com/x"),
        ] {
            assert_eq!(label(name), shown);
        }
    }
}
