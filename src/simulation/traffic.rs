//! A plan's traffic in the words of the workload, and the workload's rows in those of the record.

use crate::cluster::metrics::MetricApi;
use crate::cluster::{Change, Fields, Verb};
use crate::engine::curve::Curve;
use crate::engine::{NonNegative, SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::record::collector::Collector;
use crate::record::{TrafficCounts, TrafficLatency, TrafficRow};
use crate::scenario::plan::Plan;
use crate::scenario::plan::traffic as plan;
use crate::workload::traffic::resolve::LINE_MOST;
use crate::workload::traffic::settings::{Call, Entry, LoadSettings, TrafficSettings};
use crate::workload::traffic::totals::Counts;
use crate::workload::traffic::view::{self, LatencyView, LoadView};

use super::Simulation;

/// The metric that says how many requests a Service, or a pod behind it, gets.
const REQUESTS_PER_SECOND: &str = "requests_per_second";

/// The traffic of a plan.
pub(super) fn settings(plan: &Plan, origin: SimTime) -> TrafficSettings {
    TrafficSettings { loads: plan.traffic.iter().map(load).collect(), origin, window: longest_window(plan) }
}

/// One load.
pub(super) fn load(load: &plan::Load) -> LoadSettings {
    LoadSettings {
        name: load.name.clone(),
        entry: match &load.entry {
            plan::Entry::Service(namespace, name) => {
                Entry::Service { namespace: namespace.clone(), name: name.clone() }
            }
            plan::Entry::Consumers { kind, namespace, name, metric } => Entry::Consumers {
                kind: *kind,
                namespace: namespace.clone(),
                name: name.clone(),
                metric: metric.clone().unwrap_or_default(),
            },
        },
        rate: load.rate.clone(),
        cpu: load.cpu,
        memory: load.memory,
        latency: load.latency.clone(),
        timeout: load.timeout.unwrap_or(f64::INFINITY),
        concurrency: load.concurrency.unwrap_or(f64::INFINITY),
        queue: load.queue.unwrap_or(f64::INFINITY),
        retries: load.retries,
        calls: load.calls.iter().map(|(load, per)| Call { load: *load, per: *per }).collect(),
    }
}

/// The longest `.last('…')` of the plan's expressions: so long what happened is kept.
fn longest_window(plan: &Plan) -> SimDuration {
    let expressions = plan.expectations.iter().map(|expectation| &expectation.that);
    let conditions = plan.steps.iter().filter_map(|step| match &step.trigger {
        crate::scenario::plan::Trigger::When(condition) => Some(condition),
        _ => None,
    });
    expressions.chain(conditions).flat_map(|expression| windows(&expression.text)).max().unwrap_or(SimDuration::ZERO)
}

fn windows(text: &str) -> impl Iterator<Item = SimDuration> + '_ {
    text.split(".last(").skip(1).filter_map(|rest| {
        let inside = rest.split(')').next()?;
        SimDuration::parse(inside.trim().trim_matches(['\'', '"'])).ok()
    })
}

/// Tells the record of every load.
pub(super) fn register(plan: &Plan, collector: &mut Collector) {
    for load in &plan.traffic {
        let target = match &load.entry {
            plan::Entry::Service(namespace, name) => format!("service {namespace}/{name}"),
            plan::Entry::Consumers { kind, namespace, name, .. } => {
                format!("{} {namespace}/{name}", kind.name().to_ascii_lowercase())
            }
        };
        collector.traffic_load(&load.name, &target);
    }
}

impl Simulation {
    /// A load by its name: what came of its requests up to now or, with a window, within it.
    pub fn traffic(&self, name: &str, window: Option<SimDuration>) -> Option<LoadView> {
        let traffic = self.workload.traffic();
        let load = traffic.find(name)?;
        Some(match window {
            Some(window) => traffic.window(load, self.now, window),
            None => traffic.view(load, self.now),
        })
    }

    /// Changes a load from now on.
    pub fn change_traffic(&mut self, index: usize, to: &plan::Load) {
        let traffic = self.workload.traffic_mut();
        traffic.change(self.now, index, load(to), &mut self.outboxes.workload);
    }

    /// Rows of the traffic go into the record.
    pub(super) fn record_traffic(&mut self) {
        let rows = self.workload.traffic_mut().take_rows();
        self.touched.traffic |= !rows.is_empty() && self.is_watched();
        for row in rows {
            self.serve_traffic_metrics(&row);
            self.recording.last_change = self.recording.last_change.max(row.at);
            let row = self.traffic_row(&row);
            self.recording.collector.traffic_row(row, false);
        }
    }

    /// An autoscaler was written: does it ask for the rates of Services?
    pub(super) fn note_autoscaler(&mut self, change: &Change) {
        if change.object.kind != Kind::HORIZONTAL_POD_AUTOSCALER
            || change.verb == Verb::Modified && !change.fields.contains(Fields::SPEC)
            || self.workload.traffic().is_empty()
        {
            return;
        }
        let metrics = &self.cluster.object(change.object).raw["spec"]["metrics"];
        let names = |metric: &serde_json::Value| {
            ["pods", "object"].iter().any(|kind| metric[*kind]["metric"]["name"] == REQUESTS_PER_SECOND)
        };
        if !self.serves_rates && metrics.as_array().is_some_and(|metrics| metrics.iter().any(names)) {
            self.serves_rates = true;
            self.workload.traffic_mut().look_again(self.now, &mut self.outboxes.workload);
        }
    }

    /// What adapters would serve of a load: the backlog of consumers as the external metric that the scenario names, and
    /// `requests_per_second` of a Service (an object metric) and of each of its pods.
    fn serve_traffic_metrics(&mut self, row: &view::TrafficRow) {
        let settings = self.workload.traffic().settings(row.load as usize);
        match &settings.entry {
            Entry::Consumers { namespace, metric, .. } if !metric.is_empty() => {
                let (growth, lasts) = row.growth;
                let seconds = lasts.min(LINE_MOST.as_secs_f64()).max(1e-6);
                let end = (row.queued + growth * seconds).non_negative();
                let line = Curve::ramp(vec![(0.0, row.queued), (seconds, end)]);
                let curve = line.ok().filter(|_| growth != 0.0).unwrap_or(Curve::Constant(row.queued));
                let api = MetricApi::External(Labels::default());
                self.cluster.metrics.series.set_curve(row.at, namespace, metric, &api, curve);
            }
            Entry::Service { namespace, name } if self.serves_rates => {
                let (namespace, name) = (namespace.clone(), name.clone());
                self.serve_rates(row, &namespace, &name);
            }
            _ => {}
        }
    }

    fn serve_rates(&mut self, row: &view::TrafficRow, namespace: &str, name: &str) {
        let found = self.cluster.namespace(namespace).and_then(|id| self.cluster.find(Kind::SERVICE, id, name));
        let selector = found.and_then(|service| self.cluster.body(service).as_service()?.selector.clone());
        let Some(selector) = selector else { return };
        let pairs =
            selector.requirements.iter().filter_map(|one| Some((one.key.as_str(), one.values.first()?.as_str())));
        let pods = MetricApi::Pods(Labels::from_pairs(pairs));
        let object = MetricApi::Object { kind: "Service".to_owned(), name: name.to_owned() };
        let each = row.rates.served / f64::from(row.serving.max(1));
        let series = &mut self.cluster.metrics.series;
        series.set_number(namespace, REQUESTS_PER_SECOND, &object, row.rps);
        series.set_number(namespace, REQUESTS_PER_SECOND, &pods, each);
    }

    /// Counts and latencies of the record are those of this instant.
    pub fn update_traffic_record(&mut self) {
        let traffic = self.workload.traffic();
        for load in 0..traffic.loads().count() {
            let view = traffic.view(load, self.now);
            self.recording.collector.traffic_so_far(load, counts(&view.counts, view.queued), latency(&view.latency));
        }
    }

    /// The last rows, and what came of everything.
    pub(super) fn finish_traffic(&mut self) {
        let rows = self.workload.traffic_mut().final_rows(self.now);
        for row in rows {
            let row = self.traffic_row(&row);
            self.recording.collector.traffic_row(row, true);
        }
        self.update_traffic_record();
    }

    /// Warnings of loads that reached nobody.
    pub(super) fn traffic_warnings(&self, plan: &Plan) -> Vec<String> {
        let unserved = self.workload.traffic().unserved().filter_map(|load| {
            let of = plan.traffic.iter().find(|own| own.name == load.name)?;
            Some((load, of))
        });
        unserved
            .filter(|(load, _)| load.rate.lower_bound() > 0.0 || load.rate.integral(0.0, self.seconds()) > 0.0)
            .map(|(load, of)| self.unserved(plan, load, of))
            .collect()
    }

    fn seconds(&self) -> f64 {
        self.now.since(self.origin).as_secs_f64()
    }

    fn unserved(&self, plan: &Plan, load: &LoadSettings, of: &plan::Load) -> String {
        let (kind, namespace, name) = load.entry.target();
        let place = if of.line > 0 { format!("{}:{}: ", plan.file, of.line) } else { String::new() };
        let found = self.cluster.namespace(namespace).and_then(|space| self.cluster.find(kind, space, name));
        if found.is_some() {
            return format!("{place}traffic `{}` reached no pod of {} {namespace}/{name}", load.name, kind.name());
        }
        let names: Vec<&str> = self.cluster.list(kind).map(|object| self.cluster.identity(object).1).collect();
        let hint = crate::engine::nearest::nearest(name, names.iter().copied());
        let hint = hint.map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"));
        format!("{place}traffic `{}` matched nothing: there is no {} {namespace}/{name}{hint}", load.name, kind.name())
    }

    fn traffic_row(&self, row: &view::TrafficRow) -> TrafficRow {
        TrafficRow {
            time: self.moment(row.at),
            load: row.load,
            endpoints: row.endpoints,
            serving: row.serving,
            rps: row.rps,
            served_rps: row.rates.served,
            dropped_rps: row.rates.dropped(),
            latency: latency(&row.latency),
            counts: counts(&row.counts, row.queued),
        }
    }
}

fn counts(counts: &Counts, queued: f64) -> TrafficCounts {
    TrafficCounts {
        requests: counts.requests,
        served: counts.served,
        dropped: counts.dropped,
        retries: counts.retries,
        queued,
    }
}

fn latency(view: &LatencyView) -> TrafficLatency {
    TrafficLatency { mean: view.mean, p50: view.p50, p90: view.p90, p95: view.p95, p99: view.p99, max: view.max }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::traffic::totals::Reason;

    #[test]
    fn windows_of_expressions_are_found() {
        let text = "traffic('a').last('5m').served_ratio > 0.9 && traffic('b').last(\"30s\").rps < 4";
        assert_eq!(windows(text).collect::<Vec<_>>(), [SimDuration::from_secs(300), SimDuration::from_secs(30)]);
    }

    #[test]
    fn reasons_are_named_alike_in_model_and_record() {
        let names = Reason::ALL.map(Reason::name);
        assert_eq!(names, crate::record::DROP_REASONS);
    }
}
