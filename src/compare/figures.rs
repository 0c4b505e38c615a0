//! Figures of paired runs: means of both sides, and the mean of the differences with its 95 % interval. Two runs of one
//! seed share their random numbers, so that most of the noise cancels out in their difference.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::record::Number;
use crate::report::figures::leaves;
use crate::sweep::{Finished, Statistics};

/// The figures of one run by their names.
pub(super) type Numbers = BTreeMap<String, f64>;

/// Parts of a summary that are no figures of the cluster.
const LEFT_OUT: [&str; 5] = ["engine", "seed", "steps", "expectations", "warnings"];

/// A figure under both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Its name: that of the summary, or `disruptions`, `pending_seconds`, `unavailable_seconds`, `latency_seconds`.
    pub name: String,
    /// Mean over the base's runs.
    pub base: f64,
    /// Mean over the head's.
    pub head: f64,
    /// Mean of the differences, head minus base.
    pub delta: f64,
    /// Lower end of the 95 % interval of `delta`.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Pairs of runs that both have it.
    pub pairs: usize,
}

/// Where a figure went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    /// Equal in every pair.
    Same,
    /// The interval holds 0.
    Unclear,
    /// The whole interval lies below 0.
    Lower,
    /// Above it.
    Higher,
}

/// Is that good?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Yes.
    Better,
    /// No.
    Worse,
    /// Neither, or it cannot be told.
    Neutral,
}

/// A figure that everybody asks for.
#[derive(Clone, Debug, Serialize)]
pub struct Headline {
    /// What it is, with its unit.
    pub title: String,
    /// Is less of it better?
    pub less_is_better: bool,
    /// The figure.
    pub figure: Figure,
}

impl Figure {
    /// Where it went.
    pub fn trend(&self) -> Trend {
        if self.delta == 0.0 && self.low == 0.0 && self.high == 0.0 {
            Trend::Same
        } else if self.low > 0.0 {
            Trend::Higher
        } else if self.high < 0.0 {
            Trend::Lower
        } else {
            Trend::Unclear
        }
    }

    /// The change as a share of the base.
    pub fn relative(&self) -> Option<f64> {
        (self.base != 0.0).then(|| self.delta / self.base.abs())
    }
}

impl Headline {
    /// Is what happened good?
    pub fn tone(&self) -> Tone {
        match (self.figure.trend(), self.less_is_better) {
            (Trend::Same | Trend::Unclear, _) => Tone::Neutral,
            (Trend::Lower, true) | (Trend::Higher, false) => Tone::Better,
            (Trend::Lower, false) | (Trend::Higher, true) => Tone::Worse,
        }
    }
}

/// The figures of a run.
pub(super) fn numbers(finished: &Finished) -> Numbers {
    let summary = finished.summary();
    let mut numbers = Numbers::new();
    for (name, value) in leaves(&summary) {
        let part = name.split(['.', '[']).next().unwrap_or_default();
        if let Some(number) = value.as_f64().filter(|_| !LEFT_OUT.contains(&part)) {
            numbers.insert(name, number);
        }
    }
    let of = |name: &str| numbers.get(name).copied().unwrap_or_default();
    let disruptions =
        ["pods.evicted", "pods.preempted", "pods.oom_killed", "pods.restarts"].into_iter().map(of).sum::<f64>();
    let pending = of("pods.pending_seconds");
    let record = &finished.record;
    // A ReplicaSet's replicas are its Deployment's.
    let own = record.workloads.iter().filter(|workload| workload.owner.is_none());
    let unavailable: f64 = own.map(|workload| workload.short.integral_seconds(record.end)).sum();
    let p99 = |load: &Value| load["latency_seconds"]["p99"].as_f64();
    let loads = summary["traffic"].as_object().into_iter().flatten().filter_map(|(_, load)| p99(load));
    let latency = loads.max_by(f64::total_cmp).unwrap_or_else(|| of("pod_start_seconds.p99"));
    // Steps are told apart by their words: the order in which they end may differ.
    for step in record.steps.iter().filter(|step| step.end.is_some()) {
        let mut name = step_name(&step.command);
        for number in 2.. {
            if !numbers.contains_key(&name) {
                break;
            }
            name = step_name(&format!("{} #{number}", step.command));
        }
        numbers.insert(name, Number(step.end.seconds_since(step.start)).rounded());
    }
    for (name, value) in [
        ("disruptions", disruptions),
        ("pending_seconds", pending),
        ("unavailable_seconds", unavailable),
        ("latency_seconds", latency),
    ] {
        numbers.insert(name.to_owned(), Number(value).rounded());
    }
    numbers
}

fn step_name(command: &str) -> String {
    format!("steps['{command}'].seconds")
}

/// Every figure that both sides of any pair have.
pub(super) fn paired([base, head]: &[Vec<&Numbers>; 2]) -> Vec<Figure> {
    let names: BTreeSet<&String> = base.iter().chain(head).flat_map(|numbers| numbers.keys()).collect();
    names.into_iter().filter_map(|name| figure(name, base, head)).collect()
}

fn figure(name: &str, base: &[&Numbers], head: &[&Numbers]) -> Option<Figure> {
    let both = |(base, head): (&&Numbers, &&Numbers)| Some((*base.get(name)?, *head.get(name)?));
    let (of_base, of_head): (Vec<f64>, Vec<f64>) = base.iter().zip(head).filter_map(both).unzip();
    let differences: Vec<f64> =
        of_base.iter().zip(&of_head).map(|(base, head)| Number(head - base).rounded()).collect();
    let delta = Statistics::of(&differences)?;
    let mean = |values: &[f64]| Statistics::of(values).map_or(0.0, |found| Number(found.mean).rounded());
    Some(Figure {
        name: name.to_owned(),
        base: mean(&of_base),
        head: mean(&of_head),
        delta: Number(delta.mean).rounded(),
        low: Number(delta.ci95_low).rounded(),
        high: Number(delta.ci95_high).rounded(),
        pairs: differences.len(),
    })
}

/// The figures of the table that comes first.
pub(super) fn headlines(figures: &[Figure]) -> Vec<Headline> {
    let find = |name: &str| figures.iter().find(|figure| figure.name == name);
    let is_some = |figure: &Figure| figure.base != 0.0 || figure.head != 0.0;
    let mut headlines = Vec::new();
    let mut add = |title: &str, name: &str, less_is_better: bool| {
        if let Some(figure) = find(name) {
            headlines.push(Headline { title: title.to_owned(), less_is_better, figure: figure.clone() });
        }
    };
    if find("cost").is_some_and(is_some) {
        add("Cost of the nodes", "cost", true);
    } else {
        add("Node-hours", "nodes.hours", true);
    }
    add("CPU requested (cores, mean)", "cpu.requested", true);
    add("Pods waiting (pod-seconds in Pending)", "pending_seconds", true);
    add("Disruptions (evictions, preemptions, OOM kills, restarts)", "disruptions", true);
    add("Fewer replicas available than wanted (seconds)", "unavailable_seconds", true);
    for load in loads(figures) {
        let name = |rest: &str| format!("{load}.{rest}");
        let shown = load.trim_start_matches("traffic").trim_start_matches('.').trim_matches(['[', ']', '\'']);
        add(&format!("Requests dropped ({shown})"), &name("dropped"), true);
        add(&format!("Request latency p99 ({shown}, seconds)"), &name("latency_seconds.p99"), true);
    }
    for figure in figures.iter().filter(|figure| is_some(figure)) {
        let command = figure.name.strip_prefix("steps['").and_then(|name| name.strip_suffix("'].seconds"));
        if let Some(command) = command {
            add(&format!("{command} (seconds)"), &figure.name, true);
        }
    }
    add("Pod start p99 (seconds)", "pod_start_seconds.p99", true);
    if find("pods.unschedulable_peak").is_some_and(is_some) {
        add("Most pods that fit nowhere at once", "pods.unschedulable_peak", true);
    }
    headlines
}

/// `traffic.shoppers`, `traffic['a b']`.
fn loads(figures: &[Figure]) -> Vec<&str> {
    let names = figures.iter().filter(|figure| figure.name.starts_with("traffic"));
    names.filter_map(|figure| figure.name.strip_suffix(".dropped")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(cost: f64) -> Numbers {
        Numbers::from([("cost".to_owned(), cost)])
    }

    #[test]
    fn the_interval_is_that_of_the_differences() {
        // Costs scatter far more than their differences: 1, 2, 3; mean 2 ± 4.303 · 1 / √3.
        let (base, head) = ([10.0, 20.0, 90.0].map(run), [11.0, 22.0, 93.0].map(run));
        let figures = paired(&[base.iter().collect(), head.iter().collect()]);
        let figure = &figures[0];
        assert_eq!((figure.base, figure.head, figure.delta, figure.pairs), (40.0, 42.0, 2.0, 3));
        assert!((figure.low + 0.484_138).abs() < 1e-6 && (figure.high - 4.484_138).abs() < 1e-6, "{figure:?}");
        assert_eq!(figure.trend(), Trend::Unclear);
        assert_eq!(figure.relative(), Some(0.05));
    }

    #[test]
    fn a_trend_is_clear_only_where_the_interval_is_on_one_side() {
        let figure =
            |delta, low, high| Figure { name: String::new(), base: 1.0, head: 1.0, delta, low, high, pairs: 9 };
        assert_eq!(figure(1.0, 0.5, 1.5).trend(), Trend::Higher);
        assert_eq!(figure(-1.0, -1.5, -0.5).trend(), Trend::Lower);
        assert_eq!(figure(1.0, -0.5, 1.5).trend(), Trend::Unclear);
        assert_eq!(figure(0.0, 0.0, 0.0).trend(), Trend::Same);
        let headline = Headline { title: String::new(), less_is_better: true, figure: figure(1.0, 0.5, 1.5) };
        assert_eq!(headline.tone(), Tone::Worse);
    }

    #[test]
    fn a_figure_that_one_side_lacks_is_compared_where_both_have_it() {
        let (base, head) = ([run(1.0), Numbers::new()], [run(3.0), run(9.0)]);
        let figures = paired(&[base.iter().collect(), head.iter().collect()]);
        assert_eq!((figures[0].delta, figures[0].pairs), (2.0, 1));
    }
}
