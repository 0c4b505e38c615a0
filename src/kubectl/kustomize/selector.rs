//! Which resources a patch or a replacement means. Upstream: kustomize api/types `SelectorRegex`,
//! api/resmap `resWrangler.Select`.

use regex::Regex;
use serde_json::Value;

use super::kustomization::Selector;
use super::resource::{Gvk, Id, Resource};
use crate::api::selector::ParsedSelector;
use crate::model::labels::Labels;
use crate::model::selector::LabelSelector;

/// A selector ready to be asked.
#[derive(Debug)]
pub(super) struct Patterns {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Option<LabelSelector>,
    annotations: Option<LabelSelector>,
}

impl Patterns {
    pub(super) fn new(selector: &Selector) -> Result<Self, String> {
        let regex = |text: &str| -> Result<Option<Regex>, String> {
            if text.is_empty() {
                return Ok(None);
            }
            Regex::new(&format!("^(?:{text})$")).map(Some).map_err(|_| format!("error parsing regexp: `{text}`"))
        };
        let labels = |text: &str| -> Result<Option<LabelSelector>, String> {
            if text.is_empty() {
                Ok(None)
            } else {
                ParsedSelector::parse(text).map(|parsed| Some(parsed.to_selector()))
            }
        };
        Ok(Self {
            group: regex(&selector.group)?,
            version: regex(&selector.version)?,
            kind: regex(&selector.kind)?,
            name: regex(&selector.name)?,
            namespace: regex(&selector.namespace)?,
            labels: labels(&selector.labels)?,
            annotations: labels(&selector.annotations)?,
        })
    }

    fn fits(pattern: Option<&Regex>, text: &str) -> bool {
        pattern.is_none_or(|pattern| pattern.is_match(text))
    }

    fn selects_gvk(&self, gvk: &Gvk) -> bool {
        Self::fits(self.group.as_ref(), &gvk.group)
            && Self::fits(self.version.as_ref(), &gvk.version)
            && Self::fits(self.kind.as_ref(), &gvk.kind)
    }

    fn selects_name(&self, id: &Id) -> bool {
        Self::fits(self.name.as_ref(), &id.name) && Self::fits(self.namespace.as_ref(), id.effective_namespace())
    }

    /// Is the resource meant, by any name that it has had?
    pub(super) fn selects(&self, resource: &Resource) -> bool {
        let metadata = &resource.value["metadata"];
        self.selects_gvk(&resource.id().gvk)
            && resource.ids().iter().any(|id| self.selects_name(id))
            && matches(self.labels.as_ref(), &metadata["labels"])
            && matches(self.annotations.as_ref(), &metadata["annotations"])
    }
}

fn matches(selector: Option<&LabelSelector>, pairs: &Value) -> bool {
    let Some(selector) = selector else { return true };
    let pairs = pairs.as_object().into_iter().flatten();
    let labels = Labels::from_pairs(pairs.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))));
    selector.matches(&labels)
}
