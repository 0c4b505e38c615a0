//! `-o`: which form the objects are printed in. Upstream: cli-runtime genericclioptions `PrintFlags`.

use serde_json::{Value, json};

use crate::api::value::go_map;
use crate::api::view::to_yaml;

use super::command_line::CommandLine;
use super::errors::Failure;
use super::printers::table::Table;
use super::{Files, go_template, jsonpath};

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
    /// A JSONPath template whose results are printed as a JSON list.
    JsonPathAsJson(String),
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
            "jsonpath-as-json" => Self::JsonPathAsJson(text()),
            _ => {
                return Err(Failure::error(format!(
                    "unable to match a printer suitable for the output format \"{form}\", allowed formats are: {ALLOWED}"
                )));
            }
        })
    }
}

/// `-o jsonpath-file=F` and its like: the file's text takes the file's place.
pub(crate) fn read_template_file(line: &mut CommandLine, files: &dyn Files) -> Result<(), Failure> {
    let output = line.flags.text("output").to_owned();
    let (form, path) = output.split_once('=').unwrap_or((&output, line.flags.text("template")));
    let inline = match form {
        "jsonpath-file" => "jsonpath",
        "go-template-file" | "templatefile" => "go-template",
        "custom-columns-file" => "custom-columns",
        _ => return Ok(()),
    };
    let read = files.read(path);
    let found =
        read.map_err(|error| Failure::error(format!("error reading --template {path}, open {path}: {error}\n")))?;
    let text: String = found.into_iter().map(|(_, text)| text).collect();
    let text = if inline == "custom-columns" { columns_of_file(&text) } else { text };
    line.flags.push("output", format!("{inline}={text}"));
    Ok(())
}

/// A line of headers and one of paths, apart by blanks. Upstream: `NewCustomColumnsPrinterFromTemplate`.
fn columns_of_file(text: &str) -> String {
    let mut lines = text.lines().map(str::split_whitespace);
    let (Some(headers), Some(paths)) = (lines.next(), lines.next()) else { return String::new() };
    headers.zip(paths).map(|(header, path)| format!("{header}:{path}")).collect::<Vec<_>>().join(",")
}

/// Several objects as kubectl wraps them.
pub(crate) fn list_of(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}

/// Prints an object in a form other than a table or a name.
pub(crate) fn print(format: &Format, value: &Value, no_headers: bool, out: &mut String) -> Result<(), Failure> {
    match format {
        Format::Yaml => out.push_str(&to_yaml(value)),
        Format::Json => {
            out.push_str(&indented(value));
            out.push('\n');
        }
        Format::JsonPath(text) => {
            let template = jsonpath::Template::parse(text)
                .map_err(|error| Failure::error(format!("error parsing jsonpath {text}, {error}")))?;
            out.push_str(&template.print(value));
        }
        Format::JsonPathAsJson(text) => {
            let template = jsonpath::Template::parse(text)
                .map_err(|error| Failure::error(format!("error parsing jsonpath {text}, {error}")))?;
            out.push_str(&indented(&Value::Array(template.find(value))));
            out.push('\n');
        }
        Format::GoTemplate(text) => {
            let template = go_template::Template::parse(text)
                .map_err(|error| Failure::error(format!("error parsing template {text}, {error}")))?;
            let printed = template
                .print(value)
                .map_err(|error| Failure::error(format!("error executing template \"{text}\": {error}")))?;
            out.push_str(&printed);
        }
        Format::CustomColumns(text) => custom_columns(text, value, no_headers, out)?,
        Format::Table { .. } | Format::Name => {}
    }
    Ok(())
}

/// `HEADER:path,…`: a row for each object. Upstream: kubectl cmd/get `CustomColumnsPrinter`.
fn custom_columns(text: &str, value: &Value, no_headers: bool, out: &mut String) -> Result<(), Failure> {
    if text.is_empty() {
        return Err(Failure::error("custom-columns format specified but no custom columns given"));
    }
    let mut table = Table::default();
    let mut paths = Vec::new();
    for column in text.split(',') {
        let Some((header, path)) = column.split_once(':') else {
            return Err(Failure::error(format!(
                "unexpected custom-columns spec: {column}, expected <header>:<json-path-expr>"
            )));
        };
        table.headers.push(header.to_owned());
        let path = jsonpath::Template::parse_relaxed(path)
            .map_err(|error| Failure::error(format!("error parsing jsonpath {path}, {error}")))?;
        paths.push(path);
    }
    let single = [value.clone()];
    let items =
        if value["kind"] == "List" { value["items"].as_array().map_or(&[][..], Vec::as_slice) } else { &single };
    for item in items {
        let cell = |path: &jsonpath::Template| {
            let words: Vec<String> = path.find(item).iter().map(go_map).collect();
            if words.is_empty() { "<none>".to_owned() } else { words.join(",") }
        };
        table.rows.push(paths.iter().map(cell).collect());
    }
    table.print(!no_headers, out);
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
