//! `summary.traffic`: what came of the requests of each load.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::Record;
use super::super::traffic::DROP_REASONS;
use super::Number;

/// An entry of `summary.traffic`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TrafficSummary {
    /// Requests that came since t=0.
    pub requests: Number,
    /// Those that were served.
    pub served: Number,
    /// Those that were not.
    pub dropped: Number,
    /// Those that were not, by reason; reasons that never came are left out.
    pub dropped_by: BTreeMap<String, Number>,
    /// Served of served and dropped.
    pub served_ratio: Number,
    /// Those that wait at the end.
    pub queued: Number,
    /// The longest queue.
    pub queued_peak: Number,
    /// Tries beyond the first of each request.
    pub retries: Number,
    /// The most requests a second.
    pub rps_peak: Number,
    /// How long requests took that were served.
    pub latency_seconds: TrafficLatencySummary,
}

/// `latency_seconds` of a load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TrafficLatencySummary {
    /// Requests.
    pub count: Number,
    /// Mean.
    pub mean: Number,
    /// Median.
    pub p50: Number,
    /// 90th percentile.
    pub p90: Number,
    /// 95th percentile.
    pub p95: Number,
    /// 99th percentile.
    pub p99: Number,
    /// The longest.
    pub max: Number,
}

/// All loads by name.
pub(super) fn traffic(record: &Record) -> BTreeMap<String, TrafficSummary> {
    let summary = |load: &super::super::traffic::TrafficLoad| {
        let counts = &load.counts;
        let by_reason = DROP_REASONS.iter().zip(counts.dropped).filter(|(_, count)| Number(*count).rounded() > 0.0);
        let latency = &load.latency;
        TrafficSummary {
            requests: Number(counts.requests),
            served: Number(counts.served),
            dropped: Number(counts.dropped()),
            dropped_by: by_reason.map(|(reason, count)| ((*reason).to_owned(), Number(count))).collect(),
            served_ratio: Number(counts.served_ratio()),
            queued: Number(counts.queued),
            queued_peak: Number(load.queued_peak),
            retries: Number(counts.retries),
            rps_peak: Number(load.rps_peak),
            latency_seconds: TrafficLatencySummary {
                count: Number(counts.served),
                mean: Number(latency.mean),
                p50: Number(latency.p50),
                p90: Number(latency.p90),
                p95: Number(latency.p95),
                p99: Number(latency.p99),
                max: Number(latency.max),
            },
        }
    };
    record.traffic.iter().map(|load| (record.text(load.name).to_owned(), summary(load))).collect()
}
