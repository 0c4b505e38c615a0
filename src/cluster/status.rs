//! Writes to statuses: a pod's, and any object's as a client writes it.

use serde_json::{Value, json};

use crate::api::convert;
use crate::engine::SimTime;
use crate::model::condition::ConditionStatus;
use crate::model::kind::Kind;
use crate::model::node::Node;
use crate::model::object::{Body, ObjectRef, PodId};
use crate::model::pod::{PodConditionType, PodStatus};

use super::Cluster;
use super::change_log::Fields;

impl Cluster {
    /// Replaces an object's status by what a client writes to its status subresource, as far as the model has columns
    /// for it. Returns whether that was a write.
    pub fn write_status(&mut self, now: SimTime, object: ObjectRef, status: &Value) -> bool {
        let clock = *self.clock();
        if let Some(pod) = object.as_pod() {
            let mut status = convert::pod_status(status, &self.template_of(pod).spec, clock);
            status.granted.clone_from(&self.pod(pod).status.granted);
            return self.set_pod_status(now, pod, status);
        }
        self.modify_status(now, object, |body| {
            let before = body.clone();
            if let Body::Node(node) = body
                && let Body::Node(written) = convert::body(Kind::NODE, &json!({"status": status}))
            {
                let (unschedulable, taints) = (node.unschedulable, std::mem::take(&mut node.taints));
                **node = Node { unschedulable, taints, pod_cidr: node.pod_cidr.clone(), ..*written };
            }
            convert::lay_status(body, status, clock);
            *body != before
        })
    }

    /// Changes a pod's status in place. A status that comes out equal is no write. Returns whether it was one.
    pub fn modify_pod_status(&mut self, now: SimTime, pod: PodId, change: impl FnOnce(&mut PodStatus)) -> bool {
        let row = self.pods.row_mut(pod);
        let before = row.status.clone();
        change(&mut row.status);
        let fields = difference(&before, &row.status);
        if fields.is_empty() {
            return false;
        }
        self.log_modified(now, ObjectRef::pod(pod), fields);
        true
    }

    /// Sets the status of a condition that a pod has; nothing else of it changes but its transition time. Returns whether
    /// that was a write.
    pub fn turn_pod_condition(&mut self, now: SimTime, pod: PodId, kind: PodConditionType<'_>, holds: bool) -> bool {
        let status = &mut self.pods.row_mut(pod).status;
        let turned = ConditionStatus::from(holds);
        let found = status.conditions.iter_mut().find(|condition| condition.is(kind));
        let Some(condition) = found.filter(|condition| condition.status != turned) else { return false };
        condition.status = turned;
        condition.last_transition = now;
        let ready = if kind == PodConditionType::Ready { Fields::READY } else { Fields::empty() };
        self.log_modified(now, ObjectRef::pod(pod), Fields::CONDITIONS | ready);
        true
    }

    /// Lets a kubelet bring a pod's status up to date in its place: `refresh` returns which parts it has changed. Returns
    /// whether that was a write.
    pub fn refresh_pod_status(
        &mut self,
        now: SimTime,
        pod: PodId,
        refresh: impl FnOnce(&mut PodStatus) -> Fields,
    ) -> bool {
        let status = &mut self.pods.row_mut(pod).status;
        let before = cfg!(debug_assertions).then(|| status.clone());
        let fields = refresh(status);
        debug_assert!(
            before.is_none_or(|before| difference(&before, status) == fields),
            "{fields:?} are not what differs"
        );
        if fields.is_empty() {
            return false;
        }
        self.log_modified(now, ObjectRef::pod(pod), fields);
        true
    }

    /// Replaces a pod's status: how the kubelet writes. Returns whether it was a write.
    pub fn set_pod_status(&mut self, now: SimTime, pod: PodId, status: PodStatus) -> bool {
        let row = self.pods.row_mut(pod);
        let before = std::mem::replace(&mut row.status, status);
        let fields = difference(&before, &row.status);
        if fields.is_empty() {
            return false;
        }
        self.log_modified(now, ObjectRef::pod(pod), fields);
        true
    }
}

/// Which parts of the status differ.
fn difference(before: &PodStatus, after: &PodStatus) -> Fields {
    let ready = |status: &PodStatus| status.is_condition_true(PodConditionType::Ready);
    let mut fields = Fields::empty();
    fields.set(Fields::PHASE, before.phase != after.phase);
    fields.set(Fields::READY, ready(before) != ready(after));
    fields.set(Fields::CONDITIONS, before.conditions != after.conditions);
    fields.set(Fields::CONTAINERS, before.containers != after.containers);
    let rest = before.reason != after.reason || before.start_time != after.start_time || before.pod_ip != after.pod_ip;
    fields.set(Fields::STATUS, rest);
    fields.set(Fields::GRANTED, before.granted != after.granted);
    fields
}
