//! Made-up traffic for the records of `synthetic`: loads that swing, queue and drop.

use crate::record::{Moment, Record, TrafficCounts, TrafficLatency, TrafficLoad, TrafficRow};

/// Adds a load for every forty pods, five at most, over `seconds`.
pub fn add(record: &mut Record, pods: usize, seconds: i64) {
    for load in 0..(pods / 40).min(5) {
        let name =
            record.texts.intern(["shoppers", "cart", "a-load-with-a-very-long-name-of-its-own", "db", "x"][load]);
        let target = record.texts.intern("service shop/front");
        let mut counts = TrafficCounts::default();
        let step = (seconds / 200).max(1);
        for at in (0..seconds).step_by(step as usize) {
            let phase = at as f64 / seconds as f64;
            let rps = 10f64.powi(load as i32 + 1) * (1.0 + phase * 4.0 * (1.0 - phase));
            let dropped_rps = if phase > 0.4 && phase < 0.5 { rps / 4.0 } else { 0.0 };
            counts.queued = if dropped_rps > 0.0 { rps * 2.0 } else { 0.0 };
            let latency = TrafficLatency { mean: 0.05, p50: 0.04, p90: 0.1, p95: 0.2, p99: 0.3 + phase, max: 2.0 };
            let (endpoints, time) = (4, Moment::from_millis(at * 1000));
            let row = TrafficRow {
                time,
                load: load as u32,
                endpoints,
                serving: 3,
                rps,
                served_rps: rps - dropped_rps,
                dropped_rps,
                latency,
                counts,
            };
            record.traffic_rows.push(row);
            counts.requests += rps * step as f64;
            counts.served += (rps - dropped_rps) * step as f64;
            counts.dropped[4] += dropped_rps * step as f64;
        }
        let latency = TrafficLatency { mean: 0.05, p50: 0.04, p90: 0.1, p95: 0.2, p99: 0.3, max: 2.0 };
        record.traffic.push(TrafficLoad { name, target, counts, latency, rps_peak: 100.0, queued_peak: 50.0 });
    }
}
