//! What the kubelet keeps of one probe of one container. Upstream: kubelet prober `worker`.

use crate::engine::SimTime;
use crate::machines::ExecId;
use crate::model::pod_spec::Container;
use crate::model::probe::Probe;

/// Which probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum ProbeKind {
    Startup,
    Readiness,
    Liveness,
}

/// What a probe has found, after its thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Unknown,
    Success,
    Failure,
}

impl ProbeKind {
    pub const ALL: [Self; 3] = [Self::Startup, Self::Readiness, Self::Liveness];

    /// What holds for a run that was not probed yet.
    pub fn initial_verdict(self) -> Verdict {
        match self {
            Self::Startup => Verdict::Unknown,
            Self::Readiness => Verdict::Failure,
            Self::Liveness => Verdict::Success,
        }
    }

    /// As Events name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Readiness => "Readiness",
            Self::Liveness => "Liveness",
        }
    }

    /// The container's probe of this kind.
    pub fn of(self, container: &Container) -> Option<&Probe> {
        match self {
            Self::Startup => container.startup_probe.as_ref(),
            Self::Readiness => container.readiness_probe.as_ref(),
            Self::Liveness => container.liveness_probe.as_ref(),
        }
    }
}

/// One probe of one container, over all its runs.
#[derive(Clone, Debug)]
pub(super) struct ProbeWorker {
    pub slot: u8,
    pub kind: ProbeKind,
    /// Of the pending tick; older ones are stale.
    pub generation: u8,
    /// No probing until the container runs anew.
    pub on_hold: bool,
    /// The next answer can only be the last one again, until something changes in the container.
    pub settled: bool,
    pub verdict: Verdict,
    /// Of a startup probe: the run took the place of one that had started within one sync, and counts as started until
    /// the probe's next tick. Upstream: prober `isContainerStarted`, `doProbe`.
    pub carried: bool,
    /// The last time it could not even be run.
    pub errored: bool,
    /// The last answer was a success.
    pub last: bool,
    /// How often in a row.
    pub streak: u16,
    /// The run that verdict and hold are about.
    pub serial: u32,
    /// Ticks are at `phase + k * period`.
    pub phase: SimTime,
    /// The relist that sees that the run has begun.
    pub asked_again: SimTime,
    /// When the pending tick is due, `NEVER` for none.
    pub due: SimTime,
    /// The command that answers, while it runs.
    pub exec: ExecId,
}

impl ProbeWorker {
    /// A probe that has not seen any run yet.
    pub fn new(slot: u8, kind: ProbeKind, phase: SimTime) -> Self {
        Self {
            slot,
            kind,
            generation: 0,
            on_hold: false,
            settled: false,
            verdict: kind.initial_verdict(),
            carried: false,
            errored: false,
            last: false,
            streak: 0,
            serial: 0,
            phase,
            asked_again: SimTime::ZERO,
            due: SimTime::NEVER,
            exec: ExecId::NONE,
        }
    }

    /// Another run: what was found out about the one before does not count.
    pub fn turn_to(&mut self, serial: u32) {
        self.serial = serial;
        self.verdict = self.kind.initial_verdict();
        self.errored = false;
        self.carried = false;
        self.on_hold = false;
        self.settled = false;
        self.due = SimTime::NEVER;
        self.generation = self.generation.wrapping_add(1);
        self.exec = ExecId::NONE;
    }

    /// The kubelet's process is a new one: ticks count from `phase`, nothing is pending, verdicts stay until the first
    /// answer.
    pub fn begin_anew(&mut self, phase: SimTime) {
        self.phase = phase;
        self.due = SimTime::NEVER;
        self.generation = self.generation.wrapping_add(1);
        self.exec = ExecId::NONE;
        self.settled = false;
        self.streak = 0;
    }

    /// Counts an answer; returns how often it came in a row.
    pub fn count(&mut self, success: bool) -> u16 {
        self.streak = if self.last == success { self.streak.saturating_add(1) } else { 1 };
        self.last = success;
        self.errored = false;
        self.streak
    }
}
