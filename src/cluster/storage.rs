//! Volumes, claims and classes: read as the model's plain data, and the writes that change their specification.

use std::sync::Arc;

use serde_json::Value;

use crate::api::convert::storage;
use crate::api::{Reason, Status, admission};
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

    /// The class of a kind of classes that is marked as the default: of several the newest, then the first by name.
    /// Upstream: volume/util `GetDefaultClass`, plugin/pkg/admission/network/defaultingressclass.
    pub fn default_class(&self, kind: Kind) -> Option<&str> {
        let keys: &[&str] = if kind == Kind::STORAGE_CLASS {
            &["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
        } else {
            &["ingressclass.kubernetes.io/is-default-class"]
        };
        let is_default = |class: &&ObjectMeta| keys.iter().any(|key| class.annotations.get(key) == Some("true"));
        let defaults = self.list(kind).map(|class| self.meta(class)).filter(is_default);
        let first =
            defaults.min_by(|one, other| other.created.cmp(&one.created).then_with(|| one.name.cmp(&other.name)));
        first.map(|class| class.name.as_str())
    }

    /// Names the default class in a new claim or Ingress that names none.
    pub(super) fn apply_default_class(&self, kind: Kind, raw: &mut Arc<Value>) {
        let (classes, apply): (Kind, fn(&mut Value, Option<&str>)) = match kind {
            Kind::PERSISTENT_VOLUME_CLAIM => (Kind::STORAGE_CLASS, admission::default_storage_class),
            Kind::INGRESS => (Kind::INGRESS_CLASS, admission::default_ingress_class),
            _ => return,
        };
        if let Some(default) = self.default_class(classes) {
            apply(Arc::make_mut(raw), Some(default));
        }
    }

    /// Is a claim within the bounds of its namespace's LimitRanges?
    pub(super) fn admit_claim(&self, namespace: NamespaceId, name: &str, claim: &Value) -> Result<(), Status> {
        admission::check_claim(claim, &self.limit_ranges_in(namespace)).map_err(|reason| {
            let message = format!("persistentvolumeclaims \"{name}\" is forbidden: {reason}");
            Status::new(Reason::Forbidden, message)
        })
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
