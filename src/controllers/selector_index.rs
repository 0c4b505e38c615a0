//! Which selectors may select an object with these labels: found by a label that the selector asks for, so that a
//! pod costs its own few labels and not all selectors of its namespace.

use rustc_hash::FxHashMap;

use crate::model::Text;
use crate::model::labels::Labels;
use crate::model::object::{NamespaceId, ObjectRef};
use crate::model::selector::LabelSelector;

/// Where a selector is filed: under one pair that it requires, or among those that require none.
type Place = (NamespaceId, Text, Text);

/// Selectors of objects such as Services, by namespace.
#[derive(Debug, Default)]
pub(super) struct SelectorIndex {
    filed: FxHashMap<Place, Vec<ObjectRef>>,
    selectors: FxHashMap<ObjectRef, (Place, LabelSelector)>,
}

impl SelectorIndex {
    /// Files an object's selector in place of the one it had; `None` takes it out.
    pub(super) fn set(&mut self, namespace: NamespaceId, object: ObjectRef, selector: Option<&LabelSelector>) {
        if self.selectors.get(&object).map(|(_, known)| known) == selector {
            return;
        }
        if let Some((place, _)) = self.selectors.remove(&object)
            && let Some(objects) = self.filed.get_mut(&place)
        {
            objects.retain(|candidate| *candidate != object);
        }
        if let Some(selector) = selector {
            let place = place_of(namespace, selector);
            self.filed.entry(place.clone()).or_default().push(object);
            self.selectors.insert(object, (place, selector.clone()));
        }
    }

    /// Is there no selector at all? Then no pod has to be looked at.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.selectors.is_empty()
    }

    /// Objects of the namespace whose selector selects these labels, by id.
    pub(super) fn matching(&self, namespace: NamespaceId, labels: &Labels) -> Vec<ObjectRef> {
        if self.is_empty() {
            return Vec::new();
        }
        let pairs = labels.iter().map(|(key, value)| (namespace, Text::from(key), Text::from(value)));
        let places = pairs.chain([(namespace, Text::default(), Text::default())]);
        let mut found: Vec<ObjectRef> = places
            .filter_map(|place| self.filed.get(&place))
            .flatten()
            .filter(|object| self.selectors[object].1.matches(labels))
            .copied()
            .collect();
        found.sort_unstable();
        found
    }
}

fn place_of(namespace: NamespaceId, selector: &LabelSelector) -> Place {
    let (key, value) = selector.required_pair().unwrap_or_default();
    (namespace, key, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kind::Kind;

    #[test]
    fn labels_find_the_selectors_of_their_namespace() {
        let mut index = SelectorIndex::default();
        let (web, all) = (ObjectRef::new(Kind::SERVICE, 1), ObjectRef::new(Kind::SERVICE, 2));
        index.set(NamespaceId(0), web, Some(&LabelSelector::from_map([("app", "web"), ("tier", "front")])));
        index.set(NamespaceId(0), all, Some(&LabelSelector::default()));
        let labels = Labels::from_pairs([("app", "web"), ("tier", "front"), ("x", "y")]);
        assert_eq!(index.matching(NamespaceId(0), &labels), [web, all]);
        assert_eq!(index.matching(NamespaceId(0), &labels.without("tier")), [all]);
        assert_eq!(index.matching(NamespaceId(1), &labels), []);
        index.set(NamespaceId(0), web, None);
        assert_eq!(index.matching(NamespaceId(0), &labels), [all]);
        assert!(!index.is_empty());
        index.set(NamespaceId(0), all, None);
        assert!(index.is_empty());
    }
}
