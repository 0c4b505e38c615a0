//! Pod templates, stored once for each content.

use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};
use serde_json::Value;

use crate::model::object::TemplateId;
use crate::model::pod_template::PodTemplate;

/// A template for those who write to the cluster while they read it. A run counts them by itself: there are many, and the
/// counter of the plan's `Arc`, which other runs have too, would be locked for each.
pub type SharedTemplate = Rc<Arc<PodTemplate>>;

/// All templates.
#[derive(Debug, Default)]
pub(super) struct Templates {
    rows: Vec<SharedTemplate>,
    by_content: FxHashMap<u64, Vec<TemplateId>>,
    by_address: FxHashMap<usize, TemplateId>,
}

impl Templates {
    pub(super) fn get(&self, template: TemplateId) -> &PodTemplate {
        &self.rows[template.index()]
    }

    pub(super) fn shared(&self, template: TemplateId) -> SharedTemplate {
        Rc::clone(&self.rows[template.index()])
    }

    pub(super) fn intern(&mut self, template: Arc<PodTemplate>) -> TemplateId {
        // A row keeps its Arc alive, so an address stands for one template for ever.
        let address = Arc::as_ptr(&template) as usize;
        if let Some(known) = self.by_address.get(&address) {
            return *known;
        }
        let mut hasher = FxHasher::default();
        hash_value(&template.raw, &mut hasher);
        let candidates = self.by_content.entry(hasher.finish()).or_default();
        if let Some(known) = candidates.iter().find(|known| self.rows[known.index()].raw == template.raw) {
            return *known;
        }
        let id = TemplateId::from_index(self.rows.len());
        candidates.push(id);
        self.by_address.insert(address, id);
        self.rows.push(Rc::new(template));
        id
    }
}

/// Hashes a JSON value in the order of its keys.
fn hash_value(value: &Value, hasher: &mut FxHasher) {
    match value {
        Value::Null => 0_u8.hash(hasher),
        Value::Bool(flag) => flag.hash(hasher),
        Value::Number(number) => number.hash(hasher),
        Value::String(text) => text.hash(hasher),
        Value::Array(items) => {
            items.len().hash(hasher);
            for item in items {
                hash_value(item, hasher);
            }
        }
        Value::Object(fields) => {
            fields.len().hash(hasher);
            for (key, field) in fields {
                key.hash(hasher);
                hash_value(field, hasher);
            }
        }
    }
}
