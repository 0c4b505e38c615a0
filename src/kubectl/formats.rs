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
    JsonPath {
        /// Its text.
        template: String,
        /// Does what is missing print as nothing?
        allow_missing: bool,
    },
    /// A JSONPath template whose results are printed as JSON lists.
    JsonPathAsJson {
        /// Its text.
        template: String,
        /// Does what is missing print as nothing?
        allow_missing: bool,
    },
    /// A Go template.
    GoTemplate {
        /// Its text.
        template: String,
        /// Does what is missing print as `<no value>`?
        allow_missing: bool,
    },
    /// `HEADER:path,…`.
    CustomColumns(String),
}

/// What `get` can print. Upstream: kubectl cmd/get `PrintFlags.AllowedFormats`.
const ALLOWED_OF_GET: &str = "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml";
/// What all others can. Upstream: cli-runtime genericclioptions `PrintFlags.AllowedFormats`.
const ALLOWED: &str =
    "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,yaml";

impl Format {
    /// Reads `-o` and `--template`.
    pub(crate) fn of(line: &CommandLine) -> Result<Self, Failure> {
        let output = line.flags.text("output");
        let template = line.flags.text("template");
        let (form, inline) = output.split_once('=').map_or((output, None), |(form, rest)| (form, Some(rest)));
        let text = || inline.map_or_else(|| template.to_owned(), str::to_owned);
        let allow_missing = line.flags.is_on("allow-missing-template-keys", true);
        let needs_template = ["jsonpath", "jsonpath-as-json", "go-template", "template"].contains(&form);
        if needs_template && text().is_empty() {
            return Err(Failure::error("template format specified but no template given"));
        }
        let is_get = line.command.path == "get";
        Ok(match form {
            "" if !template.is_empty() => Self::GoTemplate { template: template.to_owned(), allow_missing },
            "" => Self::Table { wide: false },
            "wide" if is_get => Self::Table { wide: true },
            "name" => Self::Name,
            "yaml" => Self::Yaml,
            "json" => Self::Json,
            "jsonpath" => Self::JsonPath { template: text(), allow_missing },
            "go-template" | "template" => Self::GoTemplate { template: text(), allow_missing },
            "custom-columns" if is_get => Self::CustomColumns(text()),
            "jsonpath-as-json" => Self::JsonPathAsJson { template: text(), allow_missing },
            _ => {
                let allowed = if is_get { ALLOWED_OF_GET } else { ALLOWED };
                return Err(Failure::error(format!(
                    "unable to match a printer suitable for the output format \"{output}\", allowed formats are: {allowed}"
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
        "custom-columns-file" if line.command.path == "get" => "custom-columns",
        _ => return Ok(()),
    };
    let read = files.read(path);
    let flag = if inline == "custom-columns" { "template" } else { "--template" };
    let found = read.map_err(|error| Failure::error(format!("error reading {flag} {path}, open {path}: {error}\n")))?;
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
        Format::JsonPath { template: text, allow_missing } => {
            let template = jsonpath::Template::parse(text)
                .map_err(|error| Failure::error(format!("error parsing jsonpath {text}, {error}")))?;
            let printed = template.print(value, *allow_missing);
            out.push_str(&printed.map_err(|error| jsonpath_failure(text, &error, value))?);
        }
        Format::JsonPathAsJson { template: text, allow_missing } => {
            let template = jsonpath::Template::parse(text)
                .map_err(|error| Failure::error(format!("error parsing jsonpath {text}, {error}")))?;
            let results = template.results(value, *allow_missing);
            for values in results.map_err(|error| jsonpath_failure(text, &error, value))? {
                out.push_str(&indented(&Value::Array(values.into_iter().cloned().collect())));
                out.push('\n');
            }
        }
        Format::GoTemplate { template: text, allow_missing } => {
            let template = go_template::Template::parse(text)
                .map_err(|error| Failure::error(format!("error parsing template {text}, {error}")))?;
            let (printed, result) = template.print(value, *allow_missing);
            out.push_str(&printed);
            if let Err(error) = result {
                // Upstream: cli-runtime printers `GoTemplatePrinter.PrintObj` tells it on both streams.
                out.push_str(&format!(
                    "Error executing template: {error}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{text}\n\traw data was:\n\t\t{}\n\tobject given to template engine was:\n\t\t{}\n\n",
                    crate::api::value::go_json(value),
                    go_map(value)
                ));
                return Err(Failure::error(format!("error executing template {text:?}: {error}")));
            }
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
        paths.push(path);
    }
    // Paths are read once the headers are printed.
    let mut failure = None;
    let mut parsed = Vec::new();
    for path in paths {
        match jsonpath::Template::parse_relaxed(path) {
            Ok(path) => parsed.push(path),
            Err(error) => failure = failure.or_else(|| Some(Failure::error(error))),
        }
    }
    let single = [value.clone()];
    let items =
        if value["kind"] == "List" { value["items"].as_array().map_or(&[][..], Vec::as_slice) } else { &single };
    for item in items {
        if failure.is_some() {
            break;
        }
        let cell = |path: &jsonpath::Template| {
            let words: Vec<String> = path.results(item, true)?.into_iter().flatten().map(go_map).collect();
            Ok(if words.is_empty() { "<none>".to_owned() } else { words.join(",") })
        };
        match parsed.iter().map(cell).collect::<Result<Vec<String>, String>>() {
            Ok(row) => table.rows.push(row),
            Err(error) => failure = Some(Failure::error(error)),
        }
    }
    table.print(!no_headers, out);
    failure.map_or(Ok(()), Err)
}

/// Upstream: cli-runtime printers `JSONPathPrinter.PrintObj`.
fn jsonpath_failure(template: &str, error: &str, value: &Value) -> Failure {
    let mut object = String::new();
    jsonpath::go_syntax(value, &mut object);
    Failure::error(format!(
        "error executing jsonpath {template:?}: Error executing template: {error}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{template}\n\tobject given to jsonpath engine was:\n\t\t{object}\n\n"
    ))
}

/// JSON indented by 4 blanks, as kubectl prints it.
pub(crate) fn indented(value: &Value) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    serde::Serialize::serialize(value, &mut serializer).expect("a JSON value serializes");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}
