//! When a run ends: at a time, or when nothing observable can change any more.

use crate::engine::{SimDuration, SimTime};

/// The scenario's `until` and `maxTime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// At this instant.
    Time(SimTime),
    /// When the cluster is idle, at this instant at the latest.
    Idle {
        /// The cap.
        max: SimTime,
    },
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its time was up.
    Time,
    /// Nothing could change any more.
    Idle,
    /// It was not idle by `maxTime`.
    Cut,
}

/// Looks for idleness at a cost that stays small against the work between two looks: a look reads all pending
/// events, so it waits until that many events have been handled.
#[derive(Clone, Debug)]
pub struct IdleCheck {
    handled_since: usize,
}

/// A look is due at the latest when the clock would jump this far.
const LONG_JUMP: SimDuration = SimDuration::from_secs(1);

impl IdleCheck {
    /// Nothing handled yet.
    pub fn new() -> Self {
        Self { handled_since: 0 }
    }

    /// An event was handled.
    pub fn handled(&mut self) {
        self.handled_since += 1;
    }

    /// The clock is about to move from `now` to `next` with `pending` events: is a look due?
    pub fn is_due(&mut self, now: SimTime, next: SimTime, pending: usize) -> bool {
        if next == now {
            return false;
        }
        let worth_it =
            self.handled_since >= pending || next.since(now) >= LONG_JUMP && self.handled_since * 64 >= pending;
        if worth_it {
            self.handled_since = 0;
        }
        worth_it
    }
}
