//! Jobs: how long each waited for its first running pod, and how long it ran. Rows of `jobs.csv`.

use serde::{Deserialize, Serialize};

use super::{Moment, Record, TextId, WorkloadIndex};
use crate::engine::typed_id;

typed_id!(
    /// A Job of a record, in the order of creation.
    JobIndex
);

/// A Job's course.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct JobRun {
    /// The Job; its creation and its last numbers stand there.
    pub workload: WorkloadIndex,
    /// `spec.completions`.
    pub completions: Option<u32>,
    /// `spec.parallelism`.
    pub parallelism: u32,
    /// When its first pod ran.
    pub started: Moment,
    /// When it was seen Complete or Failed, or deleted before that.
    pub finished: Moment,
    /// `Complete`, `Failed`, `Deleted`; empty while it goes on.
    pub result: TextId,
    /// The reason of that condition.
    pub reason: TextId,
    /// Pods that had ended well, and those that had failed, when it was last seen.
    pub ended: [u32; 2],
}

impl Record {
    /// A Job was created: `workload` is its own.
    pub fn job_created(&mut self, workload: WorkloadIndex) -> JobIndex {
        let nothing = self.texts.intern("");
        self.jobs.push(JobRun {
            workload,
            completions: None,
            parallelism: 0,
            started: Moment::NEVER,
            finished: Moment::NEVER,
            result: nothing,
            reason: nothing,
            ended: [0, 0],
        });
        JobIndex::from_index(self.jobs.len() - 1)
    }

    /// A pod of a Job runs, or has run.
    pub fn job_pod_ran(&mut self, now: Moment, job: JobIndex) {
        let job = &mut self.jobs[job.index()];
        if !job.started.is_some() {
            job.started = now;
        }
    }

    /// A Job ended; only the first end counts.
    pub fn job_finished(&mut self, now: Moment, job: JobIndex, [result, reason]: [&str; 2]) {
        if self.jobs[job.index()].finished.is_some() {
            return;
        }
        let (result, reason) = (self.texts.intern(result), self.texts.intern(reason));
        let job = &mut self.jobs[job.index()];
        (job.finished, job.result, job.reason) = (now, result, reason);
    }
}
