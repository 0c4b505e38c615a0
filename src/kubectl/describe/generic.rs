//! Kinds without a layout of their own: every field by its name. Upstream: describe `genericDescriber`,
//! `printUnstructuredContent`, `smartLabelFor`.

use serde_json::{Map, Value};

use super::super::printers::{field, plain, text};
use super::Related;
use super::text::Page;

const SKIPPED: [&str; 5] =
    [".metadata.managedFields", ".metadata.name", ".metadata.namespace", ".metadata.labels", ".metadata.annotations"];

/// Words that are written in capitals.
const ACRONYMS: [&str; 5] = ["API", "URL", "UID", "OSB", "GUID"];

pub(super) fn describe(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    if let Some(content) = view.as_object() {
        fields(page, 0, content, "");
    }
    related.events(page, view);
}

fn fields(page: &mut Page, level: usize, content: &Map<String, Value>, prefix: &str) {
    for (name, value) in content {
        let path = format!("{prefix}.{name}");
        if SKIPPED.contains(&path.as_str()) {
            continue;
        }
        match value {
            Value::Object(inner) => {
                page.line(level, format!("{}:", label(name)));
                fields(page, level + 1, inner, &path);
            }
            Value::Array(items) => {
                page.line(level, format!("{}:", label(name)));
                for item in items {
                    match item {
                        Value::Object(inner) => fields(page, level + 1, inner, &path),
                        other => page.line(level + 1, plain(other)),
                    }
                }
            }
            Value::Null => page.field(level, &label(name), "<nil>"),
            other => page.field(level, &label(name), plain(other)),
        }
    }
}

/// `holderIdentity` reads `Holder Identity`, `apiVersion` `API Version`.
fn label(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let letters: Vec<char> = name.chars().collect();
    for (place, letter) in letters.iter().enumerate() {
        let class = |letter: &char| (letter.is_uppercase(), letter.is_ascii_digit());
        let before = place.checked_sub(1).map(|before| letters[before]);
        // A capital begins a word after a small letter, or before one in a run of capitals.
        let begins = match before {
            None => true,
            Some(before) if before.is_uppercase() && letter.is_uppercase() => {
                letters.get(place + 1).is_some_and(|next| next.is_lowercase())
            }
            Some(before) => letter.is_uppercase() || class(&before).1 != class(letter).1,
        };
        match words.last_mut().filter(|_| !begins) {
            Some(word) => word.push(*letter),
            None => words.push(letter.to_string()),
        }
    }
    let shown = words.iter().filter(|word| *word != "_").map(|word| {
        let capitals = word.to_uppercase();
        if ACRONYMS.contains(&capitals.as_str()) {
            return capitals;
        }
        let mut rest = word.chars();
        rest.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + rest.as_str())
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn names_of_fields_read_as_words() {
        for (name, words) in [
            ("holderIdentity", "Holder Identity"),
            ("apiVersion", "API Version"),
            ("uid", "UID"),
            ("podCIDRs", "Pod CID Rs"),
            ("clusterIP", "Cluster IP"),
            ("v1Beta", "V 1 Beta"),
        ] {
            assert_eq!(label(name), words);
        }
    }
}
