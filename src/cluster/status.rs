//! Writes to a pod's status.

use crate::engine::SimTime;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::{PodConditionType, PodStatus};

use super::Cluster;
use super::change_log::Fields;

impl Cluster {
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
    let ready = |status: &PodStatus| status.is_condition_true(&PodConditionType::Ready);
    let mut fields = Fields::empty();
    fields.set(Fields::PHASE, before.phase != after.phase);
    fields.set(Fields::READY, ready(before) != ready(after));
    fields.set(Fields::CONDITIONS, before.conditions != after.conditions);
    fields.set(Fields::CONTAINERS, before.containers != after.containers);
    let rest = before.reason != after.reason || before.start_time != after.start_time || before.pod_ip != after.pod_ip;
    fields.set(Fields::STATUS, rest);
    fields
}
