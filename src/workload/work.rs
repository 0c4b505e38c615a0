//! Pieces of CPU work: `startup: { cpu }` and `run: { cpuSeconds }`. A piece goes on as fast as the CPU that its container
//! is granted allows, so that limits and contention stretch it; its end is booked anew whenever the grant changes.

use super::{Workload, WorkloadEvent};
use crate::engine::{NonNegative, Outbox, SimDuration, SimTime};
use crate::machines::{ContainerId, Machines};

/// What a piece of work is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Then the container serves.
    Startup,
    /// Then it ends.
    Run,
}

/// A piece of work under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    purpose: Purpose,
    /// Thousandths of a core times nanoseconds still to do.
    left: u64,
    /// Thousandths of a core it gets.
    rate: u64,
    /// Since when.
    since: SimTime,
    /// When it is done at this rate; other booked instants are stale.
    due: SimTime,
}

/// Thousandths of a core times nanoseconds in a core-second.
const CORE_SECOND: f64 = 1e12;

impl Work {
    fn new(purpose: Purpose, core_seconds: f64, now: SimTime) -> Self {
        let left = (core_seconds.non_negative() * CORE_SECOND).round() as u64;
        Self { purpose, left, rate: 0, since: now, due: SimTime::NEVER }
    }

    /// Another rate from now on. Returns when the work is done, if that is another instant than before.
    fn go_on_at(&mut self, now: SimTime, rate: u64) -> Option<SimTime> {
        let done = self.rate.saturating_mul((now - self.since).0);
        self.left = self.left.saturating_sub(done);
        (self.rate, self.since) = (rate, now);
        let due = match self.left {
            0 => now,
            _ if rate == 0 => SimTime::NEVER,
            left => now + SimDuration(left.div_ceil(rate)),
        };
        let is_new = due != self.due;
        self.due = due;
        is_new.then_some(due)
    }
}

impl Workload {
    /// A container begins a piece of work, which would take `cores`.
    pub(super) fn begin_work(
        &mut self,
        now: SimTime,
        container: ContainerId,
        purpose: Purpose,
        (core_seconds, cores): (f64, f64),
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        self.works.insert(container, Work::new(purpose, core_seconds, now));
        machines.set_cpu_work(container, (cores * 1000.0).round().max(1.0) as u32);
        self.pace_work(now, container, machines, outbox);
    }

    /// The CPU that a container gets may have changed: its work is done earlier or later.
    pub(super) fn pace_work(
        &mut self,
        now: SimTime,
        container: ContainerId,
        machines: &Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let Some(work) = self.works.get_mut(&container) else { return };
        let row = machines.container(container);
        if let Some(due) = work.go_on_at(now, row.cpu_for_work()) {
            outbox.send(due, WorkloadEvent::Work { container, serial: row.serial });
        }
    }

    /// A booked end of a piece of work.
    pub(super) fn work_due(
        &mut self,
        now: SimTime,
        container: ContainerId,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let Some(work) = self.works.get(&container).copied().filter(|work| work.due == now) else { return };
        self.works.remove(&container);
        match work.purpose {
            Purpose::Startup => {
                machines.set_cpu_work(container, 0);
                self.serve(now, container, machines, outbox);
            }
            Purpose::Run => self.end(now, container, machines),
        }
    }

    /// Is the container at a piece of work, and is it what it runs for?
    pub(super) fn work_of(&self, container: ContainerId) -> Option<Purpose> {
        self.works.get(&container).map(|work| work.purpose)
    }

    /// Would this booked end still be one?
    pub(super) fn is_work_pending(&self, container: ContainerId) -> bool {
        self.works.contains_key(&container)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    #[test]
    fn half_a_core_takes_twice_as_long_and_no_core_for_ever() {
        let mut work = Work::new(Purpose::Run, 10.0, at(0));
        assert_eq!(work.go_on_at(at(0), 500), Some(at(20)));
        assert_eq!(work.go_on_at(at(0), 500), None, "nothing changed");
        assert_eq!(work.go_on_at(at(10), 1000), Some(at(15)));
        assert_eq!(work.go_on_at(at(12), 0), Some(SimTime::NEVER));
        assert_eq!(work.go_on_at(at(100), 1000), Some(at(103)));
        assert_eq!(work.go_on_at(at(103), 1000), None);
    }

    #[test]
    fn no_work_is_done_at_once() {
        assert_eq!(Work::new(Purpose::Startup, 0.0, at(3)).go_on_at(at(3), 0), Some(at(3)));
    }
}
