//! Which of a record's long tables are kept.

use bitflags::bitflags;

bitflags! {
    /// Tables of which nothing else in a record is made: a run of which only the summary is read needs none of them, and
    /// they are a third of what it keeps of a pod.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct History: u8 {
        /// Changes of pods: `Record::timeline`.
        const PODS = 1;
        /// Kubernetes Events: `Record::events`.
        const EVENTS = 1 << 1;
        /// Attempts of the scheduler: `Record::attempts`.
        const ATTEMPTS = 1 << 2;
        /// Changes of containers: `Record::container_rows`.
        const CONTAINERS = 1 << 3;
    }
}

impl Default for History {
    /// Everything.
    fn default() -> Self {
        Self::all()
    }
}
