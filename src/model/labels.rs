//! Labels and annotations: short sorted lists, shared between objects of one template.

use std::sync::Arc;

use super::Text;

/// Key-value pairs sorted by key; keys are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels {
    pairs: Box<[(Text, Text)]>,
}

impl Labels {
    /// No labels.
    pub fn empty() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// From pairs in any order; the last of equal keys wins.
    pub fn from_pairs<K: Into<Text>, V: Into<Text>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let map: std::collections::BTreeMap<Text, Text> =
            pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { pairs: map.into_iter().collect() }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.pairs.binary_search_by(|(candidate, _)| candidate.as_str().cmp(key)).ok()?;
        Some(self.pairs[found].1.as_str())
    }

    /// Is `key` there?
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// All pairs, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// A copy with `key` set.
    #[must_use]
    pub fn with(&self, key: &str, value: &str) -> Self {
        let kept = self.pairs.iter().filter(|(candidate, _)| candidate != key).cloned();
        Self::from_pairs(kept.chain([(Text::from(key), Text::from(value))]))
    }

    /// A copy with `key` removed.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        Self { pairs: self.pairs.iter().filter(|(candidate, _)| candidate != key).cloned().collect() }
    }
}
