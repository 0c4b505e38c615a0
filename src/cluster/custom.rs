//! CustomResourceDefinitions: with one its kind comes, changes and goes.
//! Upstream: apiextensions-apiserver; its finalizer controller empties a kind before the definition goes.

use std::sync::Arc;

use crate::api::custom::{CustomKind, definition_status};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef};

use super::{Cluster, DeleteOptions, Propagation};

impl Cluster {
    /// A definition was written: its kind is served as it says from now on.
    pub(super) fn define_kind(&mut self, now: SimTime, definition: ObjectRef) {
        if definition.kind != Kind::CUSTOM_RESOURCE_DEFINITION {
            return;
        }
        let raw = Arc::clone(&self.object(definition).raw);
        if let Some(kind) = CustomKind::of_definition(&raw) {
            self.custom.define(kind);
        }
        let timestamp = self.clock().timestamp(self.meta(definition).created);
        let status = definition_status(&raw, &timestamp);
        self.modify_status(now, definition, |body| {
            let Body::Plain { status: known } = body else { return false };
            let changed = **known != status;
            *known = Arc::new(status);
            changed
        });
    }

    /// A definition goes: all objects of its kind go with it.
    pub(super) fn forget_kind(&mut self, now: SimTime, definition: ObjectRef) {
        if definition.kind != Kind::CUSTOM_RESOURCE_DEFINITION {
            return;
        }
        let spec = &self.object(definition).raw["spec"];
        let (group, name) = (spec["group"].as_str(), spec["names"]["kind"].as_str());
        let named = |kind: &Kind| Some(kind.info().group) == group && Some(kind.name()) == name;
        let Some(kind) = self.custom.kinds().find(named) else { return };
        let objects: Vec<ObjectRef> = self.list(kind).collect();
        for object in objects {
            let options = DeleteOptions { grace_seconds: None, propagation: Propagation::Background };
            // It is live, so nothing refuses.
            let _ = self.delete(now, object, options);
        }
        self.custom.remove(kind);
    }
}
