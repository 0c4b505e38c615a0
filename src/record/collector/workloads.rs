//! What is seen of a workload after a write: its replica numbers under one name each.

use super::super::{Moment, Replicas, WorkloadIndex};
use super::{Collector, Verb, is_gone};
use crate::cluster::Cluster;
use crate::model::condition;
use crate::model::job::Job;
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef};

impl Collector {
    pub(super) fn workload(&mut self, now: Moment, object: ObjectRef, verb: Verb, cluster: &Cluster) {
        let index = match self.workloads.get(&object) {
            Some(index) => *index,
            None => self.meet_workload(now, object, cluster),
        };
        if object.kind == Kind::JOB {
            self.job(now, object, index, verb, cluster);
        }
        if is_gone(verb) {
            self.record.workload_deleted(now, index);
        } else if let Some(replicas) = replicas(cluster.body(object)) {
            self.record.workload_changed(now, index, replicas);
        }
    }

    fn job(&mut self, now: Moment, object: ObjectRef, index: WorkloadIndex, verb: Verb, cluster: &Cluster) {
        let record = &mut self.record;
        let run = *self.jobs.entry(object).or_insert_with(|| record.job_created(index));
        let Body::Job(job) = cluster.body(object) else { return };
        let row = &mut record.jobs[run.index()];
        row.completions = job.completions.map(|count| count.max(0) as u32);
        row.parallelism = job.parallelism.max(0) as u32;
        row.ended = [job.status.succeeded, job.status.failed].map(|count| count.max(0) as u32);
        for kind in ["Complete", "Failed"] {
            if let Some(condition) = condition::find(&job.status.conditions, kind).filter(|one| one.status.is_true()) {
                record.job_finished(now, run, [kind, &condition.reason]);
            }
        }
        if is_gone(verb) {
            record.job_finished(now, run, ["Deleted", ""]);
        }
    }

    fn meet_workload(&mut self, now: Moment, object: ObjectRef, cluster: &Cluster) -> WorkloadIndex {
        let meta = cluster.meta(object);
        let owner = self.workloads.get(&meta.controller()).copied().unwrap_or_default();
        let names = [object.kind.name(), cluster.namespace_name(meta.namespace), &meta.name];
        let index = self.record.workload_created(now, names, owner);
        self.workloads.insert(object, index);
        index
    }
}

fn replicas(body: &Body) -> Option<Replicas> {
    let number = |value: i32| value.max(0) as u32;
    Some(match body {
        Body::Deployment(deployment) => Replicas {
            desired: number(deployment.replicas),
            current: number(deployment.status.replicas),
            ready: number(deployment.status.ready),
            available: number(deployment.status.available),
            updated: number(deployment.status.updated),
            ..Replicas::default()
        },
        Body::ReplicaSet(set) => Replicas {
            desired: number(set.replicas),
            current: number(set.status.replicas),
            ready: number(set.status.ready),
            available: number(set.status.available),
            updated: number(set.status.replicas),
            ..Replicas::default()
        },
        Body::StatefulSet(set) => Replicas {
            desired: number(set.replicas),
            current: number(set.status.replicas),
            ready: number(set.status.ready),
            available: number(set.status.available),
            updated: number(set.status.updated),
            ..Replicas::default()
        },
        Body::DaemonSet(set) => Replicas {
            desired: number(set.status.desired),
            current: number(set.status.current),
            ready: number(set.status.ready),
            available: number(set.status.available),
            updated: number(set.status.updated),
            ..Replicas::default()
        },
        Body::Job(job) => Replicas {
            desired: number(wanted_by(job)),
            current: number(job.status.active),
            ready: number(job.status.ready.unwrap_or(0)),
            available: number(job.status.ready.unwrap_or(0)),
            updated: number(job.status.active),
            succeeded: number(job.status.succeeded),
            failed: number(job.status.failed),
        },
        _ => return None,
    })
}

/// Pods that a Job wants to run at once: its parallelism, as far as completions are left.
/// Upstream: controller/job `manageJob`.
fn wanted_by(job: &Job) -> i32 {
    let ended = ["Complete", "Failed"]
        .iter()
        .any(|kind| condition::find(&job.status.conditions, kind).is_some_and(|condition| condition.status.is_true()));
    if ended || job.suspend {
        return 0;
    }
    match job.completions {
        Some(completions) => job.parallelism.min(completions - job.status.succeeded).max(0),
        // A work queue ends with its first success.
        None if job.status.succeeded > 0 => job.status.active.min(job.parallelism),
        None => job.parallelism,
    }
}
