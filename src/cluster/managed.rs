//! Field managers: who applied or changed which fields of an object.
//!
//! Appliers and the commands of kubectl are remembered; what controllers and kubelets write is owned by nobody.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::model::Text;
use crate::model::object::ObjectRef;

use super::Cluster;

/// A manager of fields.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldManager {
    /// `--field-manager`, or what kubectl calls itself in a command.
    pub name: Text,
    /// What it applied last; `None` for one that only updates.
    pub config: Option<Arc<Value>>,
    /// The subresource that it writes, mostly none.
    pub subresource: &'static str,
    /// The fields that it owns, by path.
    pub fields: BTreeSet<String>,
}

impl FieldManager {
    /// Is it the same one? One name may apply and update.
    fn is(&self, other: &Self) -> bool {
        let identity = |manager: &Self| (manager.config.is_some(), manager.subresource);
        self.name == other.name && identity(self) == identity(other)
    }

    /// As conflicts name it. Upstream: managedfields `printManager`.
    pub fn shown(&self, api_version: &str) -> String {
        let subresource = if self.subresource.is_empty() {
            String::new()
        } else {
            format!(" with subresource {:?}", self.subresource)
        };
        let using = if self.config.is_some() { String::new() } else { format!(" using {api_version}") };
        format!("{:?}{subresource}{using}", self.name.as_str())
    }
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
        for other in managers.iter_mut().filter(|other| !other.is(&manager)) {
            other.fields.retain(|path| !taken.contains(path));
        }
        managers.retain(|other| other.is(&manager) || !other.fields.is_empty());
        match managers.iter_mut().find(|known| known.is(&manager)) {
            Some(known) => *known = manager,
            None => managers.push(manager),
        }
    }

    /// An update: the fields that it set to something else are the updater's, those that it took away are nobody's.
    /// Upstream: structured-merge-diff merge `Updater.Update`.
    pub fn note_update(
        &mut self,
        object: ObjectRef,
        (name, subresource): (&str, &'static str),
        set: BTreeSet<String>,
        removed: &BTreeSet<String>,
    ) {
        if set.is_empty() && removed.is_empty() {
            return;
        }
        let managers = self.managed.by_object.entry(object).or_default();
        let updater = FieldManager { name: name.into(), config: None, subresource, fields: BTreeSet::new() };
        for manager in managers.iter_mut() {
            let own = manager.is(&updater);
            manager.fields.retain(|path| !removed.contains(path) && (own || !set.contains(path)));
        }
        match managers.iter_mut().find(|known| known.is(&updater)) {
            Some(known) => known.fields.extend(set),
            None => managers.push(FieldManager { fields: set, ..updater }),
        }
        managers.retain(|manager| !manager.fields.is_empty());
    }
}
