//! Latencies of pods, in all and split by workload, namespace and priority.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{Moment, Pod, PodMarks, Quantiles, Record, WorkloadIndex};
use super::Number;

/// The numbers of one list of durations. See `Quantiles` for their definitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LatencyNumbers {
    /// Durations, censored ones included.
    pub count: u64,
    /// Durations that had not ended when the record did: they count with their age.
    pub censored: u64,
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
    /// Greatest.
    pub max: Number,
}

/// A latency of pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Durations, censored ones included.
    pub count: u64,
    /// Durations that had not ended when the record did.
    pub censored: u64,
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
    /// Greatest.
    pub max: Number,
    /// By `<namespace>/<kind>/<name>`; pods of no workload are in no entry.
    pub by_workload: BTreeMap<String, LatencyNumbers>,
    /// By namespace.
    pub by_namespace: BTreeMap<String, LatencyNumbers>,
    /// By priority.
    pub by_priority: BTreeMap<String, LatencyNumbers>,
}

/// Durations of one group of pods.
#[derive(Default)]
struct Sample {
    nanos: Vec<u64>,
    censored: u64,
}

impl Sample {
    fn push(&mut self, nanos: u64, is_censored: bool) {
        self.nanos.push(nanos);
        self.censored += u64::from(is_censored);
    }

    fn numbers(mut self) -> LatencyNumbers {
        let quantiles = Quantiles::of_nanos(&mut self.nanos, self.censored);
        LatencyNumbers {
            count: quantiles.count,
            censored: quantiles.censored,
            mean: Number(quantiles.mean),
            p50: Number(quantiles.p50),
            p90: Number(quantiles.p90),
            p95: Number(quantiles.p95),
            p99: Number(quantiles.p99),
            max: Number(quantiles.max),
        }
    }
}

/// From creation to ready.
pub(super) fn starts(record: &Record) -> Latency {
    since_creation(record, Pod::started)
}

/// From creation to binding.
pub(super) fn schedulings(record: &Record) -> Latency {
    since_creation(record, |pod| pod.bound)
}

/// Image pulls.
pub(super) fn pulls(record: &Record) -> Latency {
    let pulls = record.pulls.iter().filter(|pull| pull.time >= Moment::ZERO);
    split(record, pulls.map(|pull| (&record.pods[pull.pod.index()], pull.nanos, !pull.is_complete)))
}

/// A pod for which it never happened counts with its age when it ended or the record did, as censored.
fn since_creation(record: &Record, reached: impl Fn(&Pod) -> Moment) -> Latency {
    let counted = record.pods.iter().filter(|pod| !pod.marks.contains(PodMarks::WARM_UP));
    split(
        record,
        counted.map(|pod| {
            let moment = reached(pod);
            let until = if moment.is_some() { moment } else { pod.ended().min(record.end) };
            (pod, (until.0 - pod.created.0).max(0) as u64, !moment.is_some())
        }),
    )
}

fn split<'a>(record: &Record, durations: impl Iterator<Item = (&'a Pod, u64, bool)>) -> Latency {
    let mut all = Sample::default();
    let mut workloads: Vec<Sample> = record.workloads.iter().map(|_| Sample::default()).collect();
    let mut namespaces = BTreeMap::<_, Sample>::new();
    let mut priorities = BTreeMap::<i32, Sample>::new();
    for (pod, nanos, is_censored) in durations {
        all.push(nanos, is_censored);
        if pod.workload.is_some() {
            workloads[pod.workload.index()].push(nanos, is_censored);
        }
        namespaces.entry(pod.namespace).or_default().push(nanos, is_censored);
        priorities.entry(pod.priority).or_default().push(nanos, is_censored);
    }
    let all = all.numbers();
    let filled = workloads.into_iter().enumerate().filter(|(_, sample)| !sample.nanos.is_empty());
    Latency {
        count: all.count,
        censored: all.censored,
        mean: all.mean,
        p50: all.p50,
        p90: all.p90,
        p95: all.p95,
        p99: all.p99,
        max: all.max,
        by_workload: filled
            .map(|(index, sample)| (record.workload_key(WorkloadIndex::from_index(index)), sample.numbers()))
            .collect(),
        by_namespace: namespaces
            .into_iter()
            .map(|(namespace, sample)| (record.text(namespace).to_owned(), sample.numbers()))
            .collect(),
        by_priority: priorities
            .into_iter()
            .map(|(priority, sample)| (priority.to_string(), sample.numbers()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Amounts, NodeFacts, PodFacts, PodIndex, PodSight};
    use super::*;

    #[test]
    fn a_pod_that_never_started_counts_with_its_age_as_censored() {
        let mut record = Record::default();
        let allocatable = Amounts { cpu_milli: 1000, memory_bytes: 1 << 30 };
        let facts = NodeFacts { name: "n", group: "", zone: "", price: 0.0, allocatable, allocatable_pods: 110 };
        let node = record.node_created(Moment::ZERO, facts);
        for name in ["a", "b"] {
            let facts = PodFacts {
                name,
                namespace: "default",
                uid: 0,
                owner: WorkloadIndex::NONE,
                workload: WorkloadIndex::NONE,
                priority: 7,
                requests: Amounts::default(),
                was_placed: false,
            };
            let pod = record.pod_created(Moment::ZERO, facts);
            record.pod_changed(Moment::ZERO, pod, &PodSight::default());
        }
        let ready = PodSight { is_ready: true, node, ..PodSight::default() };
        record.pod_changed(Moment::from_millis(2_000), PodIndex(0), &ready);
        record.advance(Moment::from_millis(60_000));
        let latency = starts(&record);
        assert_eq!((latency.count, latency.censored), (2, 1));
        assert_eq!((latency.p50, latency.max), (Number(2.0), Number(60.0)));
        assert_eq!(latency.by_priority["7"].count, 2);
        assert!(latency.by_workload.is_empty());
    }
}
