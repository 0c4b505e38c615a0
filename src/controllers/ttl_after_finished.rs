//! Deletes finished Jobs after their ttlSecondsAfterFinished. Upstream: ttlafterfinished `processJob`.

use crate::cluster::{Change, Cluster, DeleteOptions, Propagation};
use crate::engine::{SimDuration, SimTime};
use crate::model::condition;
use crate::model::object::ObjectRef;

use super::plan::{Call, Plan};
use super::runner::Controller;
use super::work_queue::WorkQueue;

/// The controller.
#[derive(Debug, Default)]
pub(super) struct TtlAfterFinishedController;

impl Controller for TtlAfterFinishedController {
    type Draft = ();

    const COMPONENT: &'static str = "ttl-after-finished-controller";

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if let Some(expiry) = expiry(change.object, cluster) {
            queue.add_after(now, change.object, expiry.since(now));
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        let Some(expiry) = expiry(key, cluster) else { return Plan::done() };
        if expiry > now {
            return Plan::done().again_after(Some(expiry.since(now)));
        }
        let options = DeleteOptions { grace_seconds: None, propagation: Propagation::Foreground };
        Plan::of(Call::Delete { object: key, options })
    }
}

/// When a Job is to be deleted: its time to live after the condition that ended it.
fn expiry(key: ObjectRef, cluster: &Cluster) -> Option<SimTime> {
    let job = cluster.body(key).as_job().filter(|_| cluster.is_live(key))?;
    let seconds = job.ttl_seconds_after_finished.filter(|_| cluster.meta(key).deletion.is_none())?;
    let ended = ["Complete", "Failed"]
        .into_iter()
        .find_map(|kind| condition::find(&job.status.conditions, kind).filter(|known| known.status.is_true()))?;
    Some(ended.last_transition + SimDuration::from_secs(seconds.max(0) as u64))
}
