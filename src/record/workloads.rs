//! Workloads (Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs, …) and their changes, as rows.

use serde::{Deserialize, Serialize};

use super::{Gauge, Moment, TextId};
use crate::engine::typed_id;

typed_id!(
    /// A workload of a record, in the order of creation.
    WorkloadIndex
);

/// The replica numbers of a workload, under one name each for every kind; 0 where a kind has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replicas {
    /// Wanted: `spec.replicas`, `desiredNumberScheduled`, a Job's `parallelism` within its completions.
    pub desired: u32,
    /// Existing: `status.replicas`, `currentNumberScheduled`, a Job's `active`.
    pub current: u32,
    /// Ready.
    pub ready: u32,
    /// Ready for `minReadySeconds`.
    pub available: u32,
    /// Of the newest revision.
    pub updated: u32,
    /// A Job's pods that ended well.
    pub succeeded: u32,
    /// A Job's pods that failed.
    pub failed: u32,
}

/// A workload.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Workload {
    /// `Deployment`, `Job`, ….
    pub kind: TextId,
    /// Its namespace.
    pub namespace: TextId,
    /// Its name.
    pub name: TextId,
    /// The workload that controls it (a ReplicaSet's Deployment, a Job's CronJob).
    pub owner: WorkloadIndex,
    /// Creation.
    pub created: Moment,
    /// Deletion.
    pub deleted: Moment,
    /// The last numbers.
    pub last: Replicas,
    /// 1 while fewer replicas are available than desired, else 0.
    pub short: Gauge,
}

/// A change of a workload: a row of `workloads.csv`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct WorkloadRow {
    /// When.
    pub time: Moment,
    /// Which.
    pub workload: WorkloadIndex,
    /// The numbers from then on.
    pub replicas: Replicas,
}
