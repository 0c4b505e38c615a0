//! The life of the cluster before the scenario's t=0: manifests are applied at the run's first instant, everything that a
//! scenario times counts from t=0. Where a warm-up lasts until the cluster is idle, t=0 (`origin`) is `NEVER` until then.

use crate::engine::{SimDuration, SimTime};
use crate::scenario::plan::{Plan, Until as PlanUntil, Warmup};

use super::stop::{Ending, Until};
use super::{Observer, Simulation};

/// How long a warm-up to idleness may take in a run that ends at a stated time.
const LONGEST: SimDuration = SimDuration::from_secs(600);

/// How long a plan's cluster lives before t=0; `None` if it ends with idleness.
pub(super) fn length(plan: &Plan) -> Option<SimDuration> {
    match plan.warmup {
        None => Some(SimDuration::ZERO),
        // Objects tell time in whole seconds.
        Some(Warmup::For(length)) => Some(SimDuration::from_secs(length.0.div_ceil(1_000_000_000))),
        Some(Warmup::Idle) => None,
    }
}

impl Simulation {
    /// The scenario's t=0 is at `origin`: steps, traffic, curves and expectations count from there.
    pub(super) fn begin(&mut self, origin: SimTime) {
        self.origin = origin;
        self.until = match self.ends {
            PlanUntil::Idle { max_time } => Until::Idle { max: origin + max_time },
            PlanUntil::At(at) => Until::Time(origin + at),
        };
        self.cluster.metrics.series.begin(origin);
        self.workload.begin(self.now, origin, &self.cluster, &mut self.machines, &mut self.outboxes.workload);
        self.steps.start(origin);
        self.expectations.begin(origin);
        self.book_arrival();
    }

    /// Lets the cluster live until it is idle, if t=0 is to come then.
    pub(super) fn warm_up(&mut self, observer: &mut dyn Observer) {
        if self.origin != SimTime::NEVER {
            return;
        }
        let longest = match self.ends {
            PlanUntil::Idle { max_time } => max_time,
            PlanUntil::At(_) => LONGEST,
        };
        let end = self.now + longest;
        if self.go_on_until(end, true, observer) != Ending::Idle {
            self.now = end;
            self.recording.collector.warn(format!("the warm-up was cut at {longest}: the cluster was not idle"));
        }
        self.recording.collector.warm_up_ended(self.now);
        self.begin(self.now);
        self.settle(observer);
        observer.began(self.now);
    }
}
