//! Lines of a description: labels, values, and the blocks that all kinds share.

use std::fmt::Write;

use serde_json::Value;

use super::super::printers::{field, plain, text};

/// Text under construction; tabs are aligned at the end.
#[derive(Default)]
pub(super) struct Page {
    pub(super) text: String,
}

impl Page {
    /// Name, Namespace, Labels and Annotations, as most descriptions begin.
    pub(super) fn head(&mut self, view: &Value) {
        self.field(0, "Name", text(view, "metadata.name"));
        self.field_if(0, "Namespace", text(view, "metadata.namespace"));
        self.labels("", "Labels", field(view, "metadata.labels"));
        self.annotations("", "Annotations", field(view, "metadata.annotations"));
    }

    /// A line, indented by two blanks a level.
    pub(super) fn line(&mut self, level: usize, line: impl AsRef<str>) {
        for _ in 0..level {
            self.text.push_str("  ");
        }
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    /// `Label:\tvalue`.
    pub(super) fn field(&mut self, level: usize, label: &str, value: impl AsRef<str>) {
        self.line(level, format!("{label}:\t{}", value.as_ref()));
    }

    /// `Label:\tvalue`, unless the value is empty.
    pub(super) fn field_if(&mut self, level: usize, label: &str, value: impl AsRef<str>) {
        if !value.as_ref().is_empty() {
            self.field(level, label, value);
        }
    }

    /// A map as one `key=value` a line. Upstream: describe `printLabelsMultiline`.
    pub(super) fn labels(&mut self, indent: &str, label: &str, map: &Value) {
        let pairs: Vec<String> =
            map.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={}", plain(value))).collect();
        self.list(indent, label, &pairs);
    }

    /// A list, one a line, the first beside the label.
    pub(super) fn list(&mut self, indent: &str, label: &str, items: &[String]) {
        let Some((first, rest)) = items.split_first() else {
            writeln!(self.text, "{indent}{label}:\t<none>").expect("a String takes everything");
            return;
        };
        writeln!(self.text, "{indent}{label}:\t{first}").expect("a String takes everything");
        for item in rest {
            writeln!(self.text, "\t{item}").expect("a String takes everything");
        }
    }

    /// Annotations without kubectl's own. Upstream: describe `printAnnotationsMultiline`.
    pub(super) fn annotations(&mut self, indent: &str, label: &str, map: &Value) {
        const WIDE: usize = 140;
        let entries: Vec<(&String, String)> = map
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| key.as_str() != crate::api::patch::LAST_APPLIED)
            .map(|(key, value)| (key, plain(value)))
            .collect();
        if entries.is_empty() {
            writeln!(self.text, "{indent}{label}:\t<none>").expect("a String takes everything");
            return;
        }
        for (place, (key, value)) in entries.iter().enumerate() {
            let head = if place == 0 { format!("{indent}{label}:\t") } else { format!("{indent}\t") };
            let value = value.strip_suffix('\n').unwrap_or(value);
            if value.len() + key.len() + 2 < WIDE && !value.contains('\n') {
                writeln!(self.text, "{head}{key}: {value}").expect("a String takes everything");
                continue;
            }
            writeln!(self.text, "{head}{key}:").expect("a String takes everything");
            for line in value.split('\n') {
                let cut: String = line.chars().take(WIDE - 2).collect();
                let dots = if line.chars().count() > WIDE - 2 { "..." } else { "" };
                writeln!(self.text, "{indent}\t  {cut}{dots}").expect("a String takes everything");
            }
        }
    }

    /// The columns of a table with a row of dashes below the headers.
    pub(super) fn table(&mut self, level: usize, headers: &[&str], rows: &[Vec<String>]) {
        let dashes: Vec<String> = headers.iter().map(|header| "-".repeat(header.chars().count())).collect();
        self.line(level, headers.join("\t"));
        self.line(level, dashes.join("\t"));
        for row in rows {
            self.line(level, row.join("\t"));
        }
    }
}

/// The items of a list that may be absent.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// `k=v,k=v` of a `LabelSelector` object, `<none>` for an empty one.
pub(super) fn selector(value: &Value) -> String {
    crate::api::convert::label_selector(value)
        .map_or_else(|| "<none>".to_owned(), |selector| super::super::printers::selector(&selector))
}
