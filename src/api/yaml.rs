//! The one reader of manifests: YAML or JSON text with any number of documents to JSON values, as kubectl reads them
//! (YAML 1.1 scalars, merge keys, the last of equal keys wins, empty documents skipped, Lists flattened).
//! Knows nothing of kinds beyond `List`. Upstream: apimachinery util/yaml `YAMLOrJSONDecoder`, sigs.k8s.io/yaml.

mod build;
mod json;
mod list;
mod message;
mod scalar;

use serde_json::Value;

/// One object of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The object.
    pub value: Value,
    /// The document it stands in, counted from 0 over the documents that are not empty.
    pub index: usize,
    /// The line of the file at which its document starts, from 1.
    pub line: usize,
    /// Is it an item of a List?
    pub in_list: bool,
}

/// A key that stands twice in a mapping: kubectl takes the last one and says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The key.
    pub key: String,
    /// The line of the second one, from 1.
    pub line: usize,
}

/// A document that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not YAML. Prints as kubectl prints it after `error parsing FILE: `.
    #[error("error converting YAML to JSON: yaml: line {chunk_line}: {message}")]
    Yaml {
        /// The line within the document, as kubectl counts.
        chunk_line: usize,
        /// The line in the file.
        line: usize,
        /// libyaml's message.
        message: String,
    },
    /// YAML, but nothing that JSON could hold, or too much of it.
    #[error("error converting YAML to JSON: yaml: {message}")]
    Unsupported {
        /// The line in the file.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// Not JSON.
    #[error("json: offset {offset}: {message}")]
    Json {
        /// Byte offset in the file.
        offset: usize,
        /// The line in the file.
        line: usize,
        /// Go's message.
        message: String,
    },
}

impl ReadError {
    /// The line of the file, from 1.
    pub fn line(&self) -> usize {
        match self {
            Self::Yaml { line, .. } | Self::Unsupported { line, .. } | Self::Json { line, .. } => *line,
        }
    }
}

impl ReadError {
    /// That of JSON which stands at this offset and line of its file.
    fn after(self, start: usize, start_line: usize) -> Self {
        match self {
            Self::Json { offset, line, message } => {
                Self::Json { offset: start + offset, line: start_line + line - 1, message }
            }
            other => other,
        }
    }
}

/// What a file holds. An error ends the reading; what stands before it is still there, as kubectl creates it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// The objects in order.
    pub manifests: Vec<Manifest>,
    /// Keys that stand twice.
    pub duplicates: Vec<DuplicateKey>,
    /// Why reading stopped.
    pub error: Option<ReadError>,
}

impl Documents {
    /// All or nothing.
    pub fn into_result(self) -> Result<Vec<Manifest>, ReadError> {
        self.error.map_or(Ok(self.manifests), Err)
    }
}

/// Is the unquoted text read as that text, and not as a number, a boolean or null?
pub fn reads_as_text(text: &str) -> bool {
    scalar::resolve(text).is_string()
}

/// Which words of YAML are truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// As the API reads it: YAML 1.1, `yes` and `on` too.
    Api,
    /// As kustomize reads resources: `true` and `false` only. Upstream: kyaml, go-yaml v3.
    Kyaml,
}

/// Reads a file.
pub fn read(text: &str) -> Documents {
    read_in(text, Dialect::Api)
}

/// Reads a file object by object, and holds one at a time: the items of a List are never all there. Returns why
/// reading stopped. What is no JSON or YAML is found before any item of its List is handed on.
pub fn visit(text: &str, each: &mut dyn FnMut(Manifest)) -> Option<ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{') {
        return json::visit(text, each);
    }
    let mut index = 0;
    for (line, chunk) in chunks(text) {
        match list::head(chunk, line) {
            Ok(None) => {}
            Ok(Some(head)) => {
                let mut item = |mut value: Value| {
                    complete(&mut value, &head.api_version, &head.item_kind);
                    hand_on(value, (index, line, true), each);
                };
                if let Err(error) = build::items(chunk, line, &mut item) {
                    return Some(error);
                }
                index += 1;
                continue;
            }
            Err(error) => return Some(error),
        }
        match build::document(chunk, line, &mut Vec::new(), Dialect::Api) {
            Ok(Value::Null) => {}
            Ok(value) => {
                hand_on(value, (index, line, false), each);
                index += 1;
            }
            Err(error) => return Some(error),
        }
    }
    None
}

/// Reads a file as kustomize reads resources.
pub fn read_as_kustomize(text: &str) -> Documents {
    read_in(text, Dialect::Kyaml)
}

fn read_in(text: &str, dialect: Dialect) -> Documents {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Documents::default();
    if text.trim_start().starts_with('{') {
        json::read(text, &mut documents);
        return documents;
    }
    let mut index = 0;
    for (line, chunk) in chunks(text) {
        match build::document(chunk, line, &mut documents.duplicates, dialect) {
            Ok(Value::Null) => {}
            Ok(value) => {
                push(&mut documents.manifests, value, (index, line, false));
                index += 1;
            }
            Err(error) => {
                documents.error = Some(error);
                return documents;
            }
        }
    }
    documents
}

/// The documents of a file with the lines they start at: kubectl splits at separator lines before it parses anything.
/// Upstream: apimachinery util/yaml `YAMLReader.Read`.
fn chunks(text: &str) -> Vec<(usize, &str)> {
    let mut chunks = Vec::new();
    let (mut start, mut start_line, mut offset) = (0, 1, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let next = offset + line.len();
        if line.strip_prefix("---").is_some_and(|rest| rest.trim().is_empty() || rest.trim_start().starts_with('#')) {
            chunks.push((start_line, &text[start..offset]));
            (start, start_line) = (next, number + 2);
        }
        offset = next;
    }
    chunks.push((start_line, &text[start..]));
    chunks
}

/// Hands on an object, or the items of a list in its place.
fn hand_on(value: Value, place: (usize, usize, bool), each: &mut dyn FnMut(Manifest)) {
    let mut manifests = Vec::new();
    push(&mut manifests, value, place);
    manifests.into_iter().for_each(each);
}

/// Adds an object, or the items of a list in its place. Items of a typed list may lack their own kind.
fn push(manifests: &mut Vec<Manifest>, mut value: Value, place: (usize, usize, bool)) {
    let kind = value["kind"].as_str().unwrap_or_default().to_owned();
    let item_kind = kind.strip_suffix("List").filter(|_| value["items"].is_array());
    let Some(item_kind) = item_kind else {
        let (index, line, in_list) = place;
        manifests.push(Manifest { value, index, line, in_list });
        return;
    };
    let api_version = value["apiVersion"].clone();
    let Value::Array(items) = value["items"].take() else { return };
    for mut item in items {
        complete(&mut item, &api_version, item_kind);
        push(manifests, item, (place.0, place.1, true));
    }
}

/// An item of a typed list is of the list's kind.
fn complete(item: &mut Value, api_version: &Value, item_kind: &str) {
    if let Value::Object(members) = item
        && !item_kind.is_empty()
    {
        members.entry("apiVersion").or_insert_with(|| api_version.clone());
        members.entry("kind").or_insert_with(|| Value::from(item_kind));
    }
}

#[cfg(test)]
mod tests;
