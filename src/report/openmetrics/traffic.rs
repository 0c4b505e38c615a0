//! Traffic, under names of our own: Kubernetes has none for it.

use std::io;

use super::super::grouped::Grouped;
use super::Exposition;
use crate::record::{DROP_REASONS, Number, Record, TrafficRow};

pub(super) fn write(record: &Record, out: &mut Exposition<'_>) -> io::Result<()> {
    if record.traffic.is_empty() {
        return Ok(());
    }
    let rows = Grouped::new(record.traffic.len(), record.traffic_rows.iter().map(|row| row.load as usize));
    let each = |out: &mut Exposition<'_>, labels: &[(&str, &str)], value: &dyn Fn(&TrafficRow) -> f64| {
        for (index, load) in record.traffic.iter().enumerate() {
            let mut all = vec![("traffic", record.text(load.name)), ("target", record.text(load.target))];
            all.extend_from_slice(labels);
            out.series(&all);
            for row in rows.of(index, &record.traffic_rows) {
                out.sample(row.time, Number(value(row)).rounded());
            }
            out.finish(record.end)?;
        }
        Ok::<(), io::Error>(())
    };
    out.counter("kubelapse_traffic_requests_total", "Requests that came.")?;
    each(out, &[], &|row| row.counts.requests)?;
    out.counter("kubelapse_traffic_served_total", "Requests that were served.")?;
    each(out, &[], &|row| row.counts.served)?;
    out.counter("kubelapse_traffic_dropped_total", "Requests that were not served, by the reason.")?;
    for (place, reason) in DROP_REASONS.iter().enumerate() {
        each(out, &[("reason", reason)], &|row| row.counts.dropped[place])?;
    }
    out.gauge("kubelapse_traffic_queued", "Requests that wait.")?;
    each(out, &[], &|row| row.counts.queued)?;
    out.gauge("kubelapse_traffic_endpoints", "Pods that requests go to.")?;
    each(out, &[], &|row| f64::from(row.endpoints))?;
    out.gauge("kubelapse_traffic_latency_seconds", "How long requests take that are served now.")?;
    each(out, &[("percentile", "50")], &|row| row.latency.p50)?;
    each(out, &[("percentile", "90")], &|row| row.latency.p90)?;
    each(out, &[("percentile", "99")], &|row| row.latency.p99)
}
