//! What a run tells whoever watches it live: a terminal, a test. Nothing that an observer does reaches a result.

use crate::cluster::Cluster;
use crate::engine::SimTime;

/// Watches a run.
pub trait Observer {
    /// A step's command ended, or began to wait: what it printed so far.
    fn transcript(&mut self, at: SimTime, command: &str, output: &str);
    /// A warm-up of a length that was not known before has ended: t=0 is at `origin`.
    fn began(&mut self, _origin: SimTime) {}
    /// The clock has moved; called every few thousand events.
    fn progress(&mut self, now: SimTime, events: u64);
    /// An event was handled, and what followed from it at once: what must hold at every instant is looked at here.
    fn event(&mut self, _now: SimTime, _cluster: &Cluster) {}
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn transcript(&mut self, _at: SimTime, _command: &str, _output: &str) {}
    fn progress(&mut self, _now: SimTime, _events: u64) {}
}
