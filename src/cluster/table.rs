//! Rows of one kind. Rows are never reused, so an id means one object for ever.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::engine::SimTime;
use crate::model::Text;
use crate::model::object::{NamespaceId, Object, ObjectRef};

/// The table of a kind of which there is no object.
pub(super) static EMPTY: std::sync::LazyLock<Table> = std::sync::LazyLock::new(Table::default);

/// All objects of one kind.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Object>,
    by_name: FxHashMap<(NamespaceId, Text), u32>,
    by_owner: FxHashMap<ObjectRef, BTreeSet<u32>>,
    live: BTreeSet<u32>,
}

impl Table {
    pub(super) fn row(&self, id: u32) -> &Object {
        &self.rows[id as usize]
    }

    pub(super) fn row_mut(&mut self, id: u32) -> &mut Object {
        &mut self.rows[id as usize]
    }

    pub(super) fn next_id(&self) -> u32 {
        self.rows.len() as u32
    }

    pub(super) fn find(&self, namespace: NamespaceId, name: &str) -> Option<u32> {
        self.by_name.get(&(namespace, Text::from(name))).copied()
    }

    pub(super) fn live(&self) -> impl Iterator<Item = u32> + '_ {
        self.live.iter().copied()
    }

    pub(super) fn live_count(&self) -> usize {
        self.live.len()
    }

    pub(super) fn owned_by(&self, owner: ObjectRef) -> impl Iterator<Item = u32> + '_ {
        self.by_owner.get(&owner).into_iter().flatten().copied()
    }

    pub(super) fn insert(&mut self, object: Object) -> u32 {
        let id = self.next_id();
        self.by_name.insert((object.meta.namespace, object.meta.name.clone()), id);
        self.live.insert(id);
        for owner in &object.meta.owners {
            self.by_owner.entry(owner.owner).or_default().insert(id);
        }
        self.rows.push(object);
        id
    }

    pub(super) fn remove(&mut self, id: u32, now: SimTime) {
        let object = &mut self.rows[id as usize];
        object.deleted = Some(now);
        self.by_name.remove(&(object.meta.namespace, object.meta.name.clone()));
        self.live.remove(&id);
        for owner in &object.meta.owners {
            if let Some(children) = self.by_owner.get_mut(&owner.owner) {
                children.remove(&id);
            }
        }
    }

    /// Replaces an object's owners, keeping the index.
    pub(super) fn set_owners(&mut self, id: u32, owners: Vec<crate::model::object::OwnerReference>) {
        for owner in &self.rows[id as usize].meta.owners {
            if let Some(children) = self.by_owner.get_mut(&owner.owner) {
                children.remove(&id);
            }
        }
        for owner in &owners {
            self.by_owner.entry(owner.owner).or_default().insert(id);
        }
        self.rows[id as usize].meta.owners = owners;
    }
}
