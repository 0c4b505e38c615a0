//! Traffic as the simulation shows it: rows where something changed, counts and latencies of each load.

use super::super::traffic::{TrafficCounts, TrafficLatency, TrafficLoad, TrafficRow};
use super::Collector;

impl Collector {
    /// There is a load. Loads are told of in their order, before anything of them is.
    pub fn traffic_load(&mut self, name: &str, target: &str) {
        let texts = &mut self.record.texts;
        let (name, target) = (texts.intern(name), texts.intern(target));
        self.record.traffic.push(TrafficLoad {
            name,
            target,
            counts: TrafficCounts::default(),
            latency: TrafficLatency::default(),
            rps_peak: 0.0,
            queued_peak: 0.0,
        });
        self.traffic_last.push(None);
    }

    /// A load's rates changed: becomes a row where that is news, and in any case at the end of a record.
    pub fn traffic_row(&mut self, row: TrafficRow, is_last: bool) {
        self.record.advance(row.time.max(self.record.end));
        let load = &mut self.record.traffic[row.load as usize];
        load.counts = row.counts;
        load.rps_peak = load.rps_peak.max(row.rps);
        load.queued_peak = load.queued_peak.max(row.counts.queued);
        let last = &mut self.traffic_last[row.load as usize];
        let is_news = match last {
            Some(last) => row.is_news(last) || is_last && row.time > last.time,
            None => true,
        };
        if is_news {
            *last = Some(row);
            self.record.traffic_rows.push(row);
        }
    }

    /// What came of a load up to now.
    pub fn traffic_so_far(&mut self, load: usize, counts: TrafficCounts, latency: TrafficLatency) {
        let load = &mut self.record.traffic[load];
        (load.counts, load.latency) = (counts, latency);
    }
}
