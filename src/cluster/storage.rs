//! Volumes, claims and classes: read as the model's plain data, and the writes that change their specification.

use std::sync::Arc;

use serde_json::Value;

use crate::api::convert::storage;
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{Body, NamespaceId, ObjectMeta, ObjectRef};
use crate::model::storage::{PersistentVolume, PersistentVolumeClaim, StorageClass};

use super::Cluster;
use super::change_log::Fields;

impl Cluster {
    /// A PersistentVolume as it is read for binding.
    pub fn persistent_volume(&self, volume: ObjectRef) -> PersistentVolume {
        storage::persistent_volume(self.object(volume))
    }

    /// A claim as it is read for binding.
    pub fn persistent_volume_claim(&self, claim: ObjectRef) -> PersistentVolumeClaim {
        let object = self.object(claim);
        storage::persistent_volume_claim(object, self.namespace_name(object.meta.namespace), self.uid(claim))
    }

    /// A live StorageClass by name.
    pub fn storage_class(&self, name: &str) -> Option<StorageClass> {
        let class = self.find(Kind::STORAGE_CLASS, NamespaceId::NONE, name)?;
        Some(storage::storage_class(self.object(class)))
    }

    /// Changes metadata (not owners), the stored specification and the status of an object without columns, in one write.
    /// The closure says what it changed.
    pub fn modify_stored(
        &mut self,
        now: SimTime,
        object: ObjectRef,
        change: impl FnOnce(&mut ObjectMeta, &mut Value, &mut Value) -> Fields,
    ) -> bool {
        let row = self.table_mut(object.kind).row_mut(object.id);
        let Body::Plain { status } = &mut row.body else { return false };
        let fields = change(&mut row.meta, Arc::make_mut(&mut row.raw), Arc::make_mut(status));
        if fields.is_empty() {
            return false;
        }
        self.log_modified(now, object, fields);
        true
    }
}
