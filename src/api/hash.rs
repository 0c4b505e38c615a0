//! Hashes that name objects: the pod template hash, bit for bit as upstream computes it, and the revision hash.

mod spew;

use serde_json::Value;

use super::go_types::pod::POD_TEMPLATE_SPEC;
use super::names::SAFE_ALPHABET;

const OFFSET: u32 = 2_166_136_261;
const PRIME: u32 = 16_777_619;

/// `pod-template-hash` of a defaulted `{metadata, spec}` (without that label). `collisions` is
/// `status.collisionCount`, where nil differs from 0.
/// Upstream: controller `ComputeHash`, util/hash `DeepHashObject`.
pub fn pod_template_hash(template: &Value, collisions: Option<i32>) -> String {
    let text = spew::dump(template, &POD_TEMPLATE_SPEC);
    let mut hash = fnv1a(OFFSET, text.as_bytes());
    if let Some(count) = collisions {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&(count as u32).to_le_bytes());
        hash = fnv1a(hash, &bytes);
    }
    safe_encode(&hash.to_string())
}

/// The hash in a ControllerRevision's name: over its data, then the decimal collision count.
/// Upstream: controller/history `HashControllerRevision`.
pub fn controller_revision_hash(data: &str, collisions: Option<i32>) -> String {
    let count = collisions.map(|count| count.to_string()).unwrap_or_default();
    let hash = data.bytes().chain(count.bytes()).fold(OFFSET, |hash, byte| hash.wrapping_mul(PRIME) ^ u32::from(byte));
    safe_encode(&hash.to_string())
}

/// The data of a StatefulSet's ControllerRevision: a patch that replaces the template, as Go writes compact JSON.
/// Upstream: controller/statefulset `getPatch`.
pub fn stateful_set_revision_data(template: &Value) -> String {
    let mut template = template.clone();
    if let Value::Object(members) = &mut template {
        members.insert("$patch".to_owned(), Value::from("replace"));
    }
    let patch = serde_json::json!({"spec": {"template": template}});
    super::value::go_json(&patch)
}

/// Upstream: apimachinery util/rand `SafeEncodeString`.
pub fn safe_encode(text: &str) -> String {
    text.bytes().map(|byte| SAFE_ALPHABET[usize::from(byte) % SAFE_ALPHABET.len()] as char).collect()
}

fn fnv1a(start: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests;
