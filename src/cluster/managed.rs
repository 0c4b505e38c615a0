//! Field managers of server-side apply: who applied what to which object.
//!
//! Only appliers are remembered. What others write (controllers, `kubectl edit`) is owned by nobody.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::model::Text;
use crate::model::object::ObjectRef;

use super::Cluster;

/// A manager that applied an object.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldManager {
    /// `--field-manager`.
    pub name: Text,
    /// What it applied last.
    pub config: Arc<Value>,
    /// The fields that it owns, by path.
    pub fields: BTreeSet<String>,
}

/// The managers of each object.
#[derive(Debug, Default)]
pub(super) struct ManagedFields {
    by_object: FxHashMap<ObjectRef, Vec<FieldManager>>,
}

impl ManagedFields {
    pub(super) fn forget(&mut self, object: ObjectRef) {
        self.by_object.remove(&object);
    }
}

impl Cluster {
    /// Who applied an object, in the order of their first apply.
    pub fn field_managers(&self, object: ObjectRef) -> &[FieldManager] {
        self.managed.by_object.get(&object).map_or(&[], Vec::as_slice)
    }

    /// An applier's fields are its own from now on; those that it took from others are not theirs any more.
    pub fn set_field_manager(&mut self, object: ObjectRef, manager: FieldManager, taken: &BTreeSet<String>) {
        let managers = self.managed.by_object.entry(object).or_default();
        for other in managers.iter_mut().filter(|other| other.name != manager.name) {
            other.fields.retain(|path| !taken.contains(path));
        }
        managers.retain(|other| other.name == manager.name || !other.fields.is_empty());
        match managers.iter_mut().find(|known| known.name == manager.name) {
            Some(known) => *known = manager,
            None => managers.push(manager),
        }
    }
}
