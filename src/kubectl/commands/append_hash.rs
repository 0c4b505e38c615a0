//! `--append-hash`: names of ConfigMaps and Secrets that follow from their content.
//! Upstream: kubectl pkg/util/hash.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::command_line::CommandLine;
use crate::api::value::go_json;

/// Characters of the hash that go into the name.
const LENGTH: usize = 10;

/// Appends the hash to the name if the command asks for it.
pub(super) fn apply(line: &CommandLine, object: &mut Value) {
    if line.flags.is_on("append-hash", false) {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        object["metadata"]["name"] = Value::from(format!("{name}-{}", hash(object)));
    }
}

/// Upstream: `ConfigMapHash`, `SecretHash`.
fn hash(object: &Value) -> String {
    let empty = || json!({});
    let data = object
        .get("data")
        .cloned()
        .unwrap_or_else(|| if object["kind"] == "ConfigMap" { empty() } else { Value::Null });
    let mut hashed = json!({"kind": object["kind"], "name": object["metadata"]["name"], "data": data});
    if object["kind"] == "Secret" {
        hashed["type"] = object.get("type").cloned().unwrap_or_else(|| Value::from(""));
    }
    for optional in ["immutable", "binaryData"] {
        if let Some(value) = object.get(optional).filter(|_| object["kind"] == "ConfigMap" || optional == "immutable") {
            hashed[optional] = value.clone();
        }
    }
    encoded_hash(&format!("{:x}", Sha256::digest(go_json(&hashed).as_bytes())))
}

/// The part of a hash in hexadecimal that goes into a name.
pub(crate) fn encoded_hash(hex: &str) -> String {
    hex.chars().take(LENGTH).map(encoded).collect()
}

/// Letters that make words are avoided. Upstream: `encodeHash`.
fn encoded(c: char) -> char {
    match c {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_content_as_recorded() {
        let config_map = json!({"kind": "ConfigMap", "metadata": {"name": "t"}, "data": {"a": "b"}});
        assert_eq!(hash(&config_map), "th65kh4tft");
        let secret = json!({"kind": "Secret", "metadata": {"name": "k"}, "data": {"a": "Yg=="}});
        assert_eq!(hash(&secret), "6f988thmk2");
    }
}
