//! `-o`: which form the objects are printed in. Upstream: cli-runtime genericclioptions `PrintFlags`.

use serde_json::{Value, json};

use crate::api::view::to_yaml;

use super::command_line::CommandLine;
use super::errors::Failure;

/// A form of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A table.
    Table {
        /// With the wide columns.
        wide: bool,
    },
    /// `pod/x`.
    Name,
    /// YAML.
    Yaml,
    /// JSON, indented by 4.
    Json,
    /// A JSONPath template.
    JsonPath(String),
    /// A Go template.
    GoTemplate(String),
    /// `HEADER:path,…`.
    CustomColumns(String),
}

const ALLOWED: &str = "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml";

impl Format {
    /// Reads `-o` and `--template`.
    pub(crate) fn of(line: &CommandLine) -> Result<Self, Failure> {
        let output = line.flags.text("output");
        let template = line.flags.text("template");
        let (form, inline) = output.split_once('=').map_or((output, None), |(form, rest)| (form, Some(rest)));
        let text = || inline.map_or_else(|| template.to_owned(), str::to_owned);
        Ok(match form {
            "" if !template.is_empty() => Self::GoTemplate(template.to_owned()),
            "" => Self::Table { wide: false },
            "wide" => Self::Table { wide: true },
            "name" => Self::Name,
            "yaml" => Self::Yaml,
            "json" => Self::Json,
            "jsonpath" => Self::JsonPath(text()),
            "go-template" | "template" => Self::GoTemplate(text()),
            "custom-columns" => Self::CustomColumns(text()),
            "jsonpath-as-json" | "jsonpath-file" | "go-template-file" | "templatefile" | "custom-columns-file" => {
                return Err(Failure::unsupported(format!("-o {form}")));
            }
            _ => {
                return Err(Failure::error(format!(
                    "unable to match a printer suitable for the output format \"{form}\", allowed formats are: {ALLOWED}"
                )));
            }
        })
    }

    /// Is it a table?
    pub(crate) fn is_table(&self) -> bool {
        matches!(self, Self::Table { .. })
    }
}

/// Several objects as kubectl wraps them.
pub(crate) fn list_of(items: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}

/// Prints an object in a form other than a table or a name.
pub(crate) fn print(format: &Format, value: &Value, no_headers: bool, out: &mut String) -> Result<(), Failure> {
    let _ = no_headers;
    match format {
        Format::Yaml => out.push_str(&to_yaml(value)),
        Format::Json => {
            out.push_str(&indented(value));
            out.push('\n');
        }
        Format::JsonPath(_) | Format::GoTemplate(_) | Format::CustomColumns(_) => {
            return Err(Failure::unsupported("this form of -o"));
        }
        Format::Table { .. } | Format::Name => {}
    }
    Ok(())
}

/// JSON indented by 4 blanks, as kubectl prints it.
pub(crate) fn indented(value: &Value) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    serde::Serialize::serialize(value, &mut serializer).expect("a JSON value serializes");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}
