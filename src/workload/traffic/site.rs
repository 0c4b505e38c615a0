//! One pod as it serves one load: what comes to it, what it makes of that until something changes.

use super::endpoints::Reach;
use super::flow::{Course, Loss, Offer};
use super::service_time::ServiceTime;
use super::station::{Station, Wait};
use super::totals::{ByReason, Reason, Served};
use crate::engine::NonNegative;
use crate::machines::ContainerId;
use crate::model::object::PodId;

/// A pod with its share of a load.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub pod: PodId,
    pub reach: Reach,
    /// Do new requests come here? A pod that ends serves those that it has.
    pub is_routed: bool,
    /// This load's share of the CPU that the pod has for requests.
    pub share: f64,
    /// Requests that wait here.
    pub backlog: f64,
    /// The longest backlog.
    pub limit: f64,
    /// Cores for these requests, as last looked at.
    pub cores: f64,
    /// As it serves now.
    pub station: Station,
    /// Service takes so many times as long as on an idle pod.
    pub stretch: f64,
    /// Share of those in service that take longer than their clients wait.
    pub slow: f64,
    /// Requests a second that come.
    pub arrivals: f64,
    /// What happens until something changes.
    pub course: Course,
}

/// What all sites of a load have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common<'a> {
    pub service: &'a ServiceTime,
    pub cpu: f64,
    pub timeout: f64,
    pub concurrency: f64,
    pub queue: f64,
    /// Seconds of the requests that each request causes, and the share of requests of which one fails.
    pub calls: f64,
    pub calls_failing: f64,
}

/// Nothing comes and nothing goes.
const STILL: Course =
    Course { served: 0.0, lost: 0.0, loss: Loss::Timeout, growth: 0.0, lasts: f64::INFINITY, wait: Wait::None };

impl Site {
    pub(super) fn new(pod: PodId, reach: Reach) -> Self {
        Self {
            pod,
            reach,
            is_routed: true,
            share: 1.0,
            backlog: 0.0,
            limit: 0.0,
            cores: 0.0,
            station: Station { servers: 0.0, service: 0.0, variation: 0.0 },
            stretch: 1.0,
            slow: 0.0,
            arrivals: 0.0,
            course: STILL,
        }
    }

    /// The container that serves.
    pub(super) fn container(&self) -> Option<(ContainerId, u32)> {
        match self.reach {
            Reach::Serving(container, serial) => Some((container, serial)),
            _ => None,
        }
    }

    /// Takes over what the pod can do now.
    pub(super) fn equip(&mut self, cores: f64, common: &Common<'_>) {
        self.cores = cores;
        (self.station, self.stretch) =
            super::cpu::station(common.service, cores, common.cpu, common.concurrency, common.calls);
        self.slow = match common.timeout {
            timeout if timeout.is_infinite() => 0.0,
            timeout => common.service.share_above((timeout - common.calls) / self.stretch),
        };
    }

    fn offer(&self, arrivals: f64, common: &Common<'_>) -> Offer {
        let patience = common.timeout - self.station.service;
        Offer { arrivals, station: self.station, queue: common.queue, patience: patience.non_negative() }
    }

    /// The share of `arrivals` a second that fails here.
    pub(super) fn failing(&self, arrivals: f64, common: &Common<'_>) -> f64 {
        if !matches!(self.reach, Reach::Serving(..)) {
            return 1.0;
        }
        if arrivals <= 0.0 {
            return self.slow;
        }
        let course = self.offer(arrivals, common).course(self.backlog);
        let good = self.good(&course, common);
        ((course.lost + course.served - good) / arrivals).clamp(0.0, 1.0)
    }

    /// Requests a second that are served in time, with all that they cause.
    fn good(&self, course: &Course, common: &Common<'_>) -> f64 {
        course.served * (1.0 - self.slow) * (1.0 - common.calls_failing)
    }

    /// From now on `arrivals` a second come.
    pub(super) fn run(&mut self, arrivals: f64, common: &Common<'_>) {
        self.arrivals = arrivals;
        if matches!(self.reach, Reach::Serving(..)) {
            let offer = self.offer(arrivals, common);
            self.course = offer.course(self.backlog);
            self.limit = offer.limit().0;
        } else {
            self.course = STILL;
        }
    }

    /// Adds requests a second that are served in time, and those that fail by reason.
    pub(super) fn add_rates(&self, common: &Common<'_>, served: &mut f64, failed: &mut ByReason) {
        let reason = match self.reach {
            Reach::Serving(..) => {
                failed[reason_of(self.course.loss) as usize] += self.course.lost;
                failed[Reason::Timeout as usize] += self.course.served * self.slow;
                failed[Reason::CallFailed as usize] += self.course.served * (1.0 - self.slow) * common.calls_failing;
                *served += self.good(&self.course, common);
                return;
            }
            Reach::Hung => Reason::Timeout,
            Reach::Refused => Reason::Refused,
            Reach::Unreachable => Reason::Unreachable,
        };
        failed[reason as usize] += self.arrivals;
    }

    /// Those that are served now, as rates a second; waits are those at the begin.
    pub(super) fn served(&self, common: &Common<'_>) -> Served {
        Served {
            weight: self.good(&self.course, common),
            wait: self.course.wait,
            stretch: self.stretch,
            calls: common.calls,
            longest: common.timeout,
        }
    }

    /// The same over the `seconds` that follow.
    pub(super) fn served_over(&self, seconds: f64, common: &Common<'_>) -> Served {
        let mut served = self.served(common);
        served.weight *= seconds;
        if let Wait::Between(from, _) = served.wait
            && self.course.growth != 0.0
        {
            let (after, _) = self.course.advance(self.backlog, seconds, self.limit);
            served.wait = Wait::Between(from, after / self.station.capacity());
        }
        served
    }

    /// Requests in service.
    pub(super) fn in_service(&self) -> f64 {
        self.course.served * self.station.service
    }

    /// Cores that it uses.
    pub(super) fn cores_used(&self, common: &Common<'_>) -> f64 {
        self.course.served * common.cpu
    }

    /// Cores that it would use if it could have any number.
    pub(super) fn cores_wanted(&self, common: &Common<'_>) -> f64 {
        let is_short = self.backlog > 0.0 || self.course.growth > 0.0 || self.arrivals > self.station.capacity();
        if !is_short || common.cpu <= 0.0 {
            return self.cores_used(common);
        }
        // As many as it may serve at once use the CPU side by side.
        let at_once = common.concurrency.min(self.backlog + self.in_service());
        let side_by_side = at_once / (common.service.mean + common.calls).max(1e-9) * common.cpu;
        side_by_side.max(self.arrivals * common.cpu).max(self.cores_used(common))
    }
}

/// The reason that goes with a loss at the queue.
pub(super) fn reason_of(loss: Loss) -> Reason {
    match loss {
        Loss::QueueFull => Reason::QueueFull,
        Loss::Timeout => Reason::Timeout,
    }
}
