//! Kinds without a layout of their own: every field by its name. Upstream: describe `genericDescriber`,
//! `printUnstructuredContent`, `smartLabelFor`.

use serde_json::{Map, Value};

use super::super::printers::{field, text};
use super::Related;
use super::text::Page;
use crate::api::value::go_map;

/// What the head has printed, or nobody wants to see.
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
    related.events(page);
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
                        other => page.line(level + 1, go_map(other)),
                    }
                }
            }
            other => page.field(level, &label(name), go_map(other)),
        }
    }
}

/// `holderIdentity` reads `Holder Identity`; what is more than letters and hyphens stays.
fn label(name: &str) -> String {
    if name.contains(|letter: char| !letter.is_alphabetic() && letter != '-') {
        return name.to_owned();
    }
    let shown = words(name).into_iter().map(|word| {
        let capitals = word.to_uppercase();
        if ACRONYMS.contains(&capitals.as_str()) {
            return capitals;
        }
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// The runs of small letters, of capitals and of others in a name; the last capital before small letters is theirs.
/// Upstream: fatih/camelcase `Split`.
fn words(name: &str) -> Vec<String> {
    let class = |letter: char| (letter.is_lowercase(), letter.is_uppercase());
    let mut runs: Vec<String> = Vec::new();
    for letter in name.chars() {
        match runs.last_mut().filter(|run| run.chars().next().is_some_and(|first| class(first) == class(letter))) {
            Some(run) => run.push(letter),
            None => runs.push(letter.to_string()),
        }
    }
    for place in 1..runs.len() {
        let starts = |run: &str, is: fn(char) -> bool| run.chars().next().is_some_and(is);
        if starts(&runs[place - 1], char::is_uppercase) && starts(&runs[place], char::is_lowercase) {
            let capital = runs[place - 1].pop();
            runs[place].insert_str(0, &String::from_iter(capital));
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn names_of_fields_read_as_words() {
        for (name, words) in [
            ("holderIdentity", "Holder Identity"),
            ("apiVersion", "API Version"),
            ("apiURL", "API URL"),
            ("uid", "UID"),
            ("podCIDRs", "Pod CID Rs"),
            ("clusterIP", "Cluster IP"),
            ("max-size", "Max - Size"),
            ("v1Beta", "v1Beta"),
            ("example.com/x", "example.com/x"),
        ] {
            assert_eq!(label(name), words);
        }
    }
}
