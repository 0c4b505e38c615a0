//! Traffic: what came of the requests of each load, from one change of its rates to the next.

use serde::{Deserialize, Serialize};

use super::{Moment, TextId};

/// Words for the reasons for which requests are dropped, in the order of [`TrafficCounts::dropped`].
pub const DROP_REASONS: [&str; 7] =
    ["no_endpoints", "refused", "unreachable", "queue_full", "timeout", "killed", "call_failed"];

/// The place of `killed` among them.
const KILLED: usize = 5;

/// A load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrafficLoad {
    /// Its name.
    pub name: TextId,
    /// What it goes to: `service default/web`, `deployment default/worker`.
    pub target: TextId,
    /// What came of its requests up to the record's end.
    pub counts: TrafficCounts,
    /// How long those took that were served.
    pub latency: TrafficLatency,
    /// The most requests a second, and the most that waited, at any change.
    pub rps_peak: f64,
    /// The longest queue at any change.
    pub queued_peak: f64,
}

/// Requests; they need not be whole, because the model is a fluid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrafficCounts {
    /// Requests that came since t=0.
    pub requests: f64,
    /// Those that were served.
    pub served: f64,
    /// Those that were not, by [`DROP_REASONS`].
    pub dropped: [f64; DROP_REASONS.len()],
    /// Tries beyond the first of each.
    pub retries: f64,
    /// Those that wait now.
    pub queued: f64,
}

/// How long requests took, in seconds; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrafficLatency {
    /// Mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// A load from one change to the next. Rates hold until then; what waits grows or shrinks linearly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrafficRow {
    /// When.
    pub time: Moment,
    /// Index of the load.
    pub load: u32,
    /// Pods that requests go to.
    pub endpoints: u32,
    /// Those of them where a container answers.
    pub serving: u32,
    /// Requests a second.
    pub rps: f64,
    /// Served a second.
    pub served_rps: f64,
    /// Dropped a second.
    pub dropped_rps: f64,
    /// Latency of those that are served then.
    pub latency: TrafficLatency,
    /// Counts since t=0, up to then.
    pub counts: TrafficCounts,
}

impl TrafficCounts {
    /// Those that were not served.
    pub fn dropped(&self) -> f64 {
        self.dropped.iter().sum()
    }

    /// The share that was served of those of which it is known; 1 where nothing is known.
    pub fn served_ratio(&self) -> f64 {
        let known = self.served + self.dropped();
        if known > 0.0 { self.served / known } else { 1.0 }
    }
}

impl TrafficRow {
    /// Does it tell anything that `before`, the row before of the same load, does not?
    pub(super) fn is_news(&self, before: &Self) -> bool {
        (self.endpoints, self.serving) != (before.endpoints, before.serving)
            || [
                (self.rps, before.rps),
                (self.served_rps, before.served_rps),
                (self.dropped_rps, before.dropped_rps),
                (self.counts.queued, before.counts.queued),
                (self.latency.mean, before.latency.mean),
                (self.latency.p99, before.latency.p99),
                // Requests that are lost at an instant show in no rate.
                (self.counts.dropped[KILLED], before.counts.dropped[KILLED]),
            ]
            .iter()
            .any(|(now, then)| (now - then).abs() > 1e-9 * now.abs().max(then.abs()))
    }
}
