//! A Job beyond its metadata: limits, modes and status columns.

use super::Text;
use super::condition::Condition;
use super::object::{PodId, TemplateId};
use super::selector::LabelSelector;
use crate::engine::SimTime;

/// A Job beyond its metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// `spec.parallelism`.
    pub parallelism: i32,
    /// `spec.completions`; `None` is a work queue.
    pub completions: Option<i32>,
    /// `spec.completionMode` is Indexed.
    pub indexed: bool,
    /// `spec.backoffLimit`.
    pub backoff_limit: i32,
    /// `spec.backoffLimitPerIndex`.
    pub backoff_limit_per_index: Option<i32>,
    /// `spec.maxFailedIndexes`.
    pub max_failed_indexes: Option<i32>,
    /// `spec.activeDeadlineSeconds`.
    pub active_deadline_seconds: Option<i64>,
    /// `spec.ttlSecondsAfterFinished`.
    pub ttl_seconds_after_finished: Option<i32>,
    /// `spec.suspend`.
    pub suspend: bool,
    /// `spec.managedBy` names another controller than the built-in one.
    pub is_foreign: bool,
    /// `spec.podReplacementPolicy` is Failed (else TerminatingOrFailed).
    pub replace_only_failed: bool,
    /// `spec.selector` (generated from the UID unless manual).
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: TemplateId,
    /// Status.
    pub status: JobStatus,
}

/// `status`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobStatus {
    /// `active`.
    pub active: i32,
    /// `succeeded`.
    pub succeeded: i32,
    /// `failed`.
    pub failed: i32,
    /// `ready`.
    pub ready: Option<i32>,
    /// `terminating`.
    pub terminating: Option<i32>,
    /// `startTime`.
    pub start_time: Option<SimTime>,
    /// `completionTime`.
    pub completion_time: Option<SimTime>,
    /// `completedIndexes`.
    pub completed_indexes: Text,
    /// `failedIndexes`.
    pub failed_indexes: Option<Text>,
    /// `uncountedTerminatedPods`: pods that have ended and still carry the finalizer.
    pub uncounted: Uncounted,
    /// `conditions`.
    pub conditions: Vec<Condition>,
}

/// Pods that have ended and are not in the counters yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uncounted {
    /// Succeeded.
    pub succeeded: Vec<PodId>,
    /// Failed.
    pub failed: Vec<PodId>,
}
