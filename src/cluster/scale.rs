//! The scale subresource: the number of replicas of workloads, and of objects whose definition says where it stands.
//! Upstream: registry/apps `ScaleREST`, apiextensions-apiserver registry/customresource `ScaleREST`.

use std::sync::Arc;

use serde_json::Value;

use crate::engine::SimTime;
use crate::model::object::{Body, ObjectRef};

use super::Cluster;
use super::change_log::Fields;

impl Cluster {
    /// Sets the replicas of an object. Returns the number before; `None` if it cannot be scaled.
    pub fn scale(&mut self, now: SimTime, object: ObjectRef, replicas: i32) -> Option<i32> {
        let before = self.scale_of(object)?;
        if object.kind.is_custom() {
            self.scale_custom(now, object, replicas);
            return Some(before);
        }
        self.modify_spec(now, object, |body| {
            let column = match body {
                Body::Deployment(deployment) => &mut deployment.replicas,
                Body::ReplicaSet(replica_set) => &mut replica_set.replicas,
                Body::StatefulSet(stateful_set) => &mut stateful_set.replicas,
                _ => return false,
            };
            std::mem::replace(column, replicas) != replicas
        });
        Some(before)
    }

    /// The replicas that an object wants; `None` if it cannot be scaled.
    pub fn scale_of(&self, object: ObjectRef) -> Option<i32> {
        if object.as_pod().is_some() {
            return None;
        }
        if object.kind.is_custom() {
            let path = &self.custom.get(object.kind)?.scale()?.spec;
            let replicas = self.object(object).raw.pointer(path).and_then(Value::as_i64).unwrap_or(0);
            return i32::try_from(replicas).ok();
        }
        match self.body(object) {
            Body::Deployment(deployment) => Some(deployment.replicas),
            Body::ReplicaSet(replica_set) => Some(replica_set.replicas),
            Body::StatefulSet(stateful_set) => Some(stateful_set.replicas),
            _ => None,
        }
    }

    fn scale_custom(&mut self, now: SimTime, object: ObjectRef, replicas: i32) {
        let Some(path) = self.custom.get(object.kind).and_then(|kind| kind.scale()).map(|scale| scale.spec.clone())
        else {
            return;
        };
        let row = self.table_mut(object.kind).row_mut(object.id);
        let mut place = Arc::make_mut(&mut row.raw);
        for name in path.split('/').skip(1) {
            place = &mut place[name];
        }
        let wanted = Value::from(replicas);
        if *place != wanted {
            *place = wanted;
            row.meta.generation += 1;
            self.log_modified(now, object, Fields::SPEC);
        }
    }
}
