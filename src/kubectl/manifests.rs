//! `-f`: files to documents, in the order and with the refusals of kubectl. Upstream: cli-runtime resource `Visitor`s.

use serde_json::Value;

use crate::api::{DecodeError, yaml};

use super::command_line::CommandLine;
use super::errors::Failure;
use super::output::Printed;
use super::{Call, FileError, Files, kustomize};

/// A document of a file.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) value: Value,
    /// The file as messages name it; `STDIN` for `-`.
    pub(crate) source: String,
    /// Is it an item of a List?
    pub(crate) in_list: bool,
}

/// Either an object, or why its file cannot be read further.
pub(crate) type Item = Result<Document, Failure>;

/// The documents of all `-f`, or of what `-k` builds.
pub(crate) fn read(call: &Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Vec<Item>, Failure> {
    let validates = !matches!(line.flags.text("validate"), "false" | "ignore");
    let directory = line.flags.text("kustomize");
    if !directory.is_empty() {
        // Upstream: cli-runtime resource `FilenameOptions.validate`.
        if line.flags.has("filename") {
            return Err(Failure::error("only one of -f or -k can be specified"));
        }
        if line.flags.is_on("recursive", false) {
            return Err(Failure::error("the -k flag can't be used with -f or -R"));
        }
        let (built, warnings) = kustomize::build(call.files, directory, false);
        for warning in warnings {
            if warning == kustomize::TWO_ORDERS {
                let log = super::log_line('I', *call.cluster.clock(), call.now, "log.go:245");
                printed.err_line(format!("{log} {warning}"));
                continue;
            }
            printed.err_line(warning);
        }
        let mut items = Vec::new();
        for value in built? {
            if !push(value, (directory, false), validates, &mut items) {
                break;
            }
        }
        return Ok(items);
    }
    let mut items = Vec::new();
    for path in line.flags.all("filename") {
        for (source, text) in files(call.files, path)? {
            read_text(&text, &source, validates, &mut items);
        }
    }
    Ok(items)
}

/// The documents of a text. Reading ends with the first document that is no object.
fn read_text(text: &str, source: &str, validates: bool, items: &mut Vec<Item>) {
    let documents = yaml::read(text);
    for manifest in documents.manifests {
        if !push(manifest.value, (source, manifest.in_list), validates, items) {
            return;
        }
    }
    if let Some(error) = documents.error {
        items.push(Err(Failure::error(format!("error parsing {source}: {error}"))));
    }
}

/// Adds a document; is it an object?
fn push(value: Value, (source, in_list): (&str, bool), validates: bool, items: &mut Vec<Item>) -> bool {
    if let Err(DecodeError::NotSet(reason)) = crate::api::decode::identify(&value) {
        items.push(Err(if validates {
            not_valid(source, &reason)
        } else {
            Failure::error(format!("unable to decode \"{source}\": Object 'Kind' is missing in '{value}'"))
        }));
        return false;
    }
    items.push(Ok(Document { value, source: source.to_owned(), in_list }));
    true
}

fn not_valid(source: &str, reason: &str) -> Failure {
    Failure::error(format!(
        "error validating \"{source}\": error validating data: {reason}; if you choose to ignore these errors, turn validation off with --validate=false"
    ))
}

fn files(files: &dyn Files, path: &str) -> Result<Vec<(String, String)>, Failure> {
    let found = files.read(path).map_err(|error| match error {
        FileError::Missing => Failure::error(format!("the path \"{path}\" does not exist")),
        FileError::NotText => Failure::error(format!("error reading {path}: {error}")),
    })?;
    if path == "-" {
        return Ok(found.into_iter().map(|(_, text)| ("STDIN".to_owned(), text)).collect());
    }
    let single = found.len() == 1 && found[0].0 == path;
    let is_manifest = |name: &str| {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        ["json", "yaml", "yml"].contains(&extension)
    };
    Ok(found.into_iter().filter(|(name, _)| single || is_manifest(name)).collect())
}

/// What kubectl prints of a document that does not decode.
pub(crate) fn refusal(error: &DecodeError, document: &Document, verb: &str) -> Failure {
    let Document { value, source, in_list } = document;
    match error {
        DecodeError::NotSet(reason) => not_valid(source, reason),
        DecodeError::Metadata(reason) => Failure::error(format!("unable to decode \"{source}\": {reason}")),
        // Upstream: cli-runtime resource `FlattenListVisitor`.
        DecodeError::NoMatch { .. } if *in_list => Failure::plain(format!("unable to recognize {error}")),
        DecodeError::NoMatch { kind, api_version } => {
            let name = value["metadata"]["name"].as_str().unwrap_or_default();
            let namespace = value["metadata"]["namespace"].as_str().unwrap_or_default();
            Failure::error(format!(
                "resource mapping not found for name: \"{name}\" namespace: \"{namespace}\" from \"{source}\": no matches for kind \"{kind}\" in version \"{api_version}\"\nensure CRDs are installed first"
            ))
        }
        DecodeError::Server(status) => Failure::server_with_file(status, verb, source),
    }
}

/// The namespace an object goes to: its own, else `-n`, else the context's.
pub(crate) fn namespace_of(value: &Value, line: &CommandLine, context: &str) -> Result<String, Failure> {
    let own = value["metadata"]["namespace"].as_str().unwrap_or_default();
    let given = line.flags.text("namespace");
    if !own.is_empty() && !given.is_empty() && own != given {
        return Err(Failure::error(format!(
            "the namespace from the provided object \"{own}\" does not match the namespace \"{given}\". You must pass '--namespace={own}' to perform this operation."
        )));
    }
    Ok(if own.is_empty() { line.namespace(context) } else { own }.to_owned())
}
