//! What a container does, entry by entry, ready. Which entries match a container, and how they merge, is the
//! workload's (`workload::behaviour`).

use crate::engine::SimDuration;
use crate::engine::distribution::Distribution;
use crate::scenario::schema::behaviors as typed;

use super::amounts::Usage;

/// One entry of `behaviors`, ready. A field that is `None` says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Behavior {
    /// How reports call it; may be empty.
    pub name: String,
    /// Which containers.
    pub matches: Option<typed::Match>,
    /// From the start of the process to serving.
    pub startup: Option<Startup>,
    /// When it ends by itself.
    pub run: Option<Run>,
    /// What it does when it is told to stop.
    pub on_term: Option<OnTerm>,
    /// Cores.
    pub cpu: Option<Usage>,
    /// Bytes.
    pub memory: Option<Usage>,
    /// Bytes of its writable layer and logs.
    pub disk: Option<Usage>,
    /// Files of its writable layer.
    pub files: Option<Usage>,
    /// Processes and threads.
    pub processes: Option<Usage>,
    /// What it writes when it serves.
    pub logs: Option<String>,
    /// Services that it needs.
    pub needs: Option<Needs>,
    /// Answers to probes.
    pub probes: Option<Probes>,
    /// When readiness probes fail, as typed.
    pub unready: Vec<typed::Window>,
    /// When liveness probes fail, as typed.
    pub dead: Vec<typed::Window>,
}

/// Services without which a container cannot work.
#[derive(Clone, Debug, PartialEq)]
pub struct Needs {
    /// `[namespace/]name`.
    pub services: Vec<String>,
    /// Seconds until it gives up while one has no ready endpoint.
    pub after: Distribution,
    /// Its exit code then.
    pub exit: u8,
}

/// How a container answers probes.
#[derive(Clone, Debug, PartialEq)]
pub struct Probes {
    /// Seconds until an answer.
    pub answer: Option<Distribution>,
    /// Longer while it gets less CPU than it wants?
    pub under_load: Option<bool>,
}

/// How a container comes to serve.
#[derive(Clone, Debug, PartialEq)]
pub enum Startup {
    /// After this many seconds.
    Time(Distribution),
    /// After this much CPU work.
    Cpu(SimDuration),
}

/// When a container ends by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// How long it runs.
    pub length: RunLength,
    /// Exit code.
    pub exit: u8,
}

/// How long a container runs.
#[derive(Clone, Debug, PartialEq)]
pub enum RunLength {
    /// This many seconds.
    Time(Distribution),
    /// This much CPU work, in seconds of one core.
    CpuSeconds(f64),
}

/// What a container does when it is told to stop.
#[derive(Clone, Debug, PartialEq)]
pub enum OnTerm {
    /// Nothing.
    Ignore,
    /// It exits.
    Exit {
        /// After this many seconds.
        after: Distribution,
        /// Exit code.
        exit: u8,
    },
}

impl typed::Match {
    /// Does it match every container?
    pub fn is_everything(&self) -> bool {
        let everything = |pattern: &Option<String>| pattern.as_deref().is_none_or(|pattern| pattern == "*");
        everything(&self.image)
            && everything(&self.container)
            && everything(&self.pod)
            && everything(&self.namespace)
            && self.labels.is_empty()
    }
}
