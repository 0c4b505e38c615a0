//! Which YAML documents are Lists whose items can be read one at a time, looked at before any of them is kept:
//! `kubectl get -o yaml` writes the kind after the items.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;

use super::{ReadError, message, scalar};

/// The key of a List's items.
pub(super) const ITEMS: &str = "items";

/// What a List says of all of its items.
#[derive(Debug, PartialEq)]
pub(super) struct Head {
    /// The List's own version.
    pub(super) api_version: Value,
    /// Its kind without `List`: empty for a list of any kinds.
    pub(super) item_kind: String,
}

/// What stands at the root of a document.
#[derive(Default)]
struct Root {
    kind: Option<String>,
    api_version: Option<Value>,
    /// How often `items` stands there.
    items: usize,
    /// Is there anything that only the whole tree tells: merged keys, anchors and aliases of the root's own members?
    is_unclear: bool,
}

/// The head of a chunk that is a List of block style; none of anything else, and of a List that has to be read as a
/// whole (one with merge keys or aliases at its root).
///
/// # Errors
/// A List that is no YAML.
pub(super) fn head(chunk: &str, first_line: usize) -> Result<Option<Head>, ReadError> {
    if !chunk.starts_with("items:") && !chunk.contains("\nitems:") {
        return Ok(None);
    }
    let mut root = Root::default();
    let mut depth = 0_usize;
    // The root's key whose value comes next.
    let mut key: Option<String> = None;
    for event in Parser::new_from_str(chunk) {
        let (event, _) = event.map_err(|error| message::from_scan(&error, chunk, first_line))?;
        match event {
            Event::DocumentEnd => break,
            Event::SequenceEnd | Event::MappingEnd => depth -= 1,
            Event::MappingStart(anchor, _) if depth == 0 => {
                root.is_unclear |= anchor > 0;
                depth = 1;
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                if depth == 0 {
                    return Ok(None);
                }
                if depth == 1 {
                    let is_list = matches!(event, Event::SequenceStart(..));
                    match key.take() {
                        Some(key) if key == ITEMS && is_list && anchor == 0 => root.items += 1,
                        Some(key) => root.is_unclear |= matters(&key),
                        None => root.is_unclear = true,
                    }
                }
                depth += 1;
            }
            Event::Scalar(text, style, _, tag) if depth == 1 => match key.take() {
                None => {
                    root.is_unclear |= style == ScalarStyle::Plain && text == "<<" || tag.is_some();
                    key = Some(text.into_owned());
                }
                Some(key) if key == "kind" => root.is_unclear |= root.kind.replace(text.into_owned()).is_some(),
                Some(key) if key == "apiVersion" => {
                    let value = if style == ScalarStyle::Plain { scalar::resolve(&text) } else { Value::from(&*text) };
                    root.is_unclear |= root.api_version.replace(value).is_some();
                }
                Some(key) => root.is_unclear |= matters(&key),
            },
            Event::Alias(_) if depth <= 1 => root.is_unclear = true,
            _ => {}
        }
    }
    let (false, 1, Some(kind)) = (root.is_unclear, root.items, root.kind) else { return Ok(None) };
    let item_kind = kind.strip_suffix("List").map(str::to_owned);
    let api_version = root.api_version.unwrap_or_default();
    Ok(item_kind.map(|item_kind| Head { api_version, item_kind }))
}

/// Does the value of this key decide how the document is read?
fn matters(key: &str) -> bool {
    [ITEMS, "kind", "apiVersion"].contains(&key)
}
