//! `-f`: files to documents, in the order and with the refusals of kubectl. Upstream: cli-runtime resource `Visitor`s.

use std::sync::Arc;

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

/// Objects of larger texts are held as JSON text and made into trees, which are many times their text, one at a time.
const HELD_BYTES_MAX: usize = 64 << 20;

/// The items of all files of a command, in order.
pub(crate) struct Items(Vec<Held>);

/// An item that waits for its turn.
pub(crate) enum Held {
    Item(Item),
    Text { json: Box<str>, source: Arc<str>, in_list: bool },
}

impl Document {
    fn packed(self, source: &Arc<str>) -> Held {
        Held::Text { json: self.value.to_string().into(), source: source.clone(), in_list: self.in_list }
    }
}

impl Held {
    fn into_item(self) -> Item {
        match self {
            Self::Item(item) => item,
            Self::Text { json, source, in_list } => {
                let value = serde_json::from_str(&json).expect("it was written from a value");
                Ok(Document { value, source: source.to_string(), in_list })
            }
        }
    }
}

impl Items {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Items {
    type Item = Item;
    type IntoIter = std::iter::Map<std::vec::IntoIter<Held>, fn(Held) -> Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(Held::into_item)
    }
}

/// The documents of all `-f`, or of what `-k` builds.
pub(crate) fn read(call: &Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Items, Failure> {
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
            let item = object(value, (directory, false), validates);
            let ends = item.is_err();
            items.push(Held::Item(item));
            if ends {
                break;
            }
        }
        return Ok(Items(items));
    }
    let mut items = Vec::new();
    for path in line.flags.all("filename") {
        for (source, text) in files(call.files, path)? {
            read_text(&text, &source, validates, HELD_BYTES_MAX, &mut items);
        }
    }
    Ok(Items(items))
}

/// The documents of a text. Reading ends with the first document that is no object.
fn read_text(text: &str, source: &str, validates: bool, held_bytes_max: usize, items: &mut Vec<Held>) {
    let error = if text.len() > held_bytes_max {
        let name: Arc<str> = source.into();
        let mut ended = false;
        let stopped = yaml::visit(text, &mut |manifest| {
            if ended {
                return;
            }
            let item = object(manifest.value, (source, manifest.in_list), validates);
            ended = item.is_err();
            items.push(item.map_or_else(|failure| Held::Item(Err(failure)), |document| document.packed(&name)));
        });
        stopped.filter(|_| !ended)
    } else {
        let documents = yaml::read(text);
        for manifest in documents.manifests {
            let item = object(manifest.value, (source, manifest.in_list), validates);
            let ended = item.is_err();
            items.push(Held::Item(item));
            if ended {
                return;
            }
        }
        documents.error
    };
    if let Some(error) = error {
        items.push(Held::Item(Err(Failure::error(format!("error parsing {source}: {error}")))));
    }
}

/// A document, if it is an object.
fn object(value: Value, (source, in_list): (&str, bool), validates: bool) -> Item {
    if let Err(DecodeError::NotSet(reason)) = crate::api::decode::identify(&value) {
        return Err(if validates {
            not_valid(source, &reason)
        } else {
            Failure::error(format!("unable to decode \"{source}\": Object 'Kind' is missing in '{value}'"))
        });
    }
    Ok(Document { value, source: source.to_owned(), in_list })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_large_texts_are_the_same_as_those_of_small_ones() {
        for text in [
            "kind: Pod\napiVersion: v1\n---\napiVersion: v1\nitems:\n- {kind: A, apiVersion: v1}\n- {kind: B, apiVersion: v1}\nkind: List\n",
            "kind: Pod\napiVersion: v1\n---\na: b\n---\nkind: Pod\napiVersion: v1\n",
            "kind: Pod\napiVersion: v1\n---\nkind: [\n",
            "{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [{\"kind\": \"A\", \"apiVersion\": \"v1\"}]}",
        ] {
            let shown = |held_bytes_max: usize| {
                let mut items = Vec::new();
                read_text(text, "f", true, held_bytes_max, &mut items);
                let items: Vec<Item> = Items(items).into_iter().collect();
                format!("{items:?}")
            };
            assert_eq!(shown(0), shown(text.len()), "{text}");
        }
    }
}
