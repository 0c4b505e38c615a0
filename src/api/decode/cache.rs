//! Equal pods share one template: decoded once, kept once.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};
use serde_json::Value;

use super::super::custom::CustomKinds;
use super::convert;
use crate::model::pod_template::PodTemplate;

/// Labels, annotations and specification of a pod as written.
#[derive(Debug)]
pub struct Key {
    hash: u64,
    parts: [Value; 3],
}

/// Templates decoded so far, by what they were decoded from.
#[derive(Debug, Default)]
pub struct DecodeCache {
    /// The feature gate `HPAScaleToZero` of the server.
    pub scale_to_zero: bool,
    /// The UID that the next Job will have, where the server is known: refusals name it. Empty for none.
    pub next_job_uid: String,
    /// The kinds beside the built-in ones that the server serves.
    pub custom: CustomKinds,
    pods: FxHashMap<u64, Vec<(Key, Arc<PodTemplate>)>>,
    templates: FxHashMap<u64, Vec<Arc<PodTemplate>>>,
}

fn parts(value: &Value) -> [&Value; 3] {
    let metadata = &value["metadata"];
    [&metadata["labels"], &metadata["annotations"], &value["spec"]]
}

fn hash_of<T: Hash>(value: T) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

impl DecodeCache {
    /// The key of a pod before defaulting.
    pub(super) fn key(pod: &Value) -> Key {
        let parts = parts(pod);
        Key { hash: hash_of(parts), parts: parts.map(Value::clone) }
    }

    /// The template of an equal pod.
    pub(super) fn find(&self, pod: &Value) -> Option<Arc<PodTemplate>> {
        let parts = parts(pod);
        self.find_parts(hash_of(parts), parts)
    }

    /// The template of a pod with this key.
    pub(super) fn find_key(&self, key: &Key) -> Option<Arc<PodTemplate>> {
        self.find_parts(key.hash, key.parts.each_ref())
    }

    fn find_parts(&self, hash: u64, parts: [&Value; 3]) -> Option<Arc<PodTemplate>> {
        let candidates = self.pods.get(&hash)?;
        let equal = |key: &Key| key.parts.iter().zip(parts).all(|(left, right)| left == right);
        candidates.iter().find(|(key, _)| equal(key)).map(|(_, template)| Arc::clone(template))
    }

    pub(super) fn insert(&mut self, key: Key, template: &Arc<PodTemplate>) {
        self.pods.entry(key.hash).or_default().push((key, Arc::clone(template)));
    }

    /// The template decoded from a defaulted `{metadata, spec}`.
    pub fn shared(&mut self, template: &Value) -> Arc<PodTemplate> {
        let known = self.templates.entry(hash_of(parts(template))).or_default();
        let equal = |candidate: &Arc<PodTemplate>| parts(&candidate.raw) == parts(template);
        if let Some(found) = known.iter().find(|candidate| equal(candidate)) {
            return Arc::clone(found);
        }
        let new = Arc::new(convert::pod_template(template));
        known.push(Arc::clone(&new));
        new
    }
}
