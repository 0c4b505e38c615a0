//! What containers went through, as rows: each state that a pod's status showed of each of its containers.

use serde::{Deserialize, Serialize};

use super::{Moment, PodIndex, TextId};

/// A state of a container, as `containerStatuses[].state` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerStage {
    /// It waits for its first or next run.
    #[default]
    Waiting,
    /// It runs.
    Running,
    /// Its run ended.
    Terminated,
}

/// A change of a container. That it waits for its first run is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerRow {
    /// When the pod's status showed it.
    pub time: Moment,
    /// When it was so: the start of the run, its end, else `time`.
    pub since: Moment,
    /// Its pod.
    pub pod: PodIndex,
    /// Its name.
    pub name: TextId,
    /// `CrashLoopBackOff`, `Completed`, `OOMKilled`, …; none of one that runs.
    pub reason: TextId,
    /// Exit code of a run that ended, else 0.
    pub exit: i32,
    /// What it is from then on.
    pub stage: ContainerStage,
    /// Is it an init container (a sidecar among them)?
    pub is_init: bool,
}

// A million pods have a million rows at least.
const _: () = assert!(size_of::<ContainerRow>() <= 40);
