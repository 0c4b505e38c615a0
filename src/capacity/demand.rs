//! What a run asked of its nodes: when it asked the most, and what stood where then. Reads a record only.

use std::collections::BTreeMap;

use crate::engine::NonNegative;
use crate::record::{Moment, Pod, Record, Stage};

use super::bound::Amount;

/// What a pod asks for.
pub fn asked(pod: &Pod) -> Amount {
    Amount { cpu: pod.cpu_milli, memory: pod.memory_bytes, pods: 1 }
}

/// A cluster at an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The instant.
    pub at: Moment,
    /// Pods that existed and had not ended, those without a node included; those of DaemonSets are left out.
    pub items: Vec<Amount>,
    /// What those pods ask for beyond CPU and memory (GPUs, say), by resource: an amount for each that asks for any.
    pub extended: BTreeMap<String, Vec<u64>>,
    /// What pods of DaemonSets ask of a node at least.
    pub per_node: Amount,
    /// Nodes, in the order of their names.
    pub nodes: Vec<NodeLoad>,
}

/// A node at an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeLoad {
    /// Its name.
    pub name: String,
    /// Its zone; empty if it has none.
    pub zone: String,
    /// What pods can have.
    pub allocatable: Amount,
    /// What pods on it ask for.
    pub requested: Amount,
    /// What they use; none where usage is not modelled.
    pub used: Option<Amount>,
}

/// Of a pod without any attempt.
pub const NEVER_TRIED: &str = "the scheduler never tried it: its scheduling is gated, or its scheduler runs nowhere";

/// The scheduler has tried a pod by then, if it ever will: seconds.
const LONG_ENOUGH: f64 = 10.0;

/// A change of what is asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    cpu: i64,
    memory: i64,
    ready: i64,
}

/// The instant at which the most is asked for (CPU and memory as shares of their own peaks, added); of several such
/// instants the one with the highest load, then the most ready pods, then the first.
pub fn peak(record: &Record) -> Moment {
    let mut steps: Vec<(Moment, Step)> = Vec::new();
    for pod in &record.pods {
        let asks = Step { cpu: pod.cpu_milli as i64, memory: pod.memory_bytes as i64, ready: 0 };
        let ended = pod.ended();
        steps.push((pod.created.max(Moment::ZERO), asks));
        steps.push((ended, Step { cpu: -asks.cpu, memory: -asks.memory, ready: 0 }));
        if pod.became_ready.is_some() {
            steps.push((pod.became_ready.max(Moment::ZERO), Step { ready: 1, ..Step::default() }));
            steps.push((ended, Step { ready: -1, ..Step::default() }));
        }
    }
    let mut loads: Vec<(Moment, usize, f64)> =
        record.traffic_rows.iter().map(|row| (row.time.max(Moment::ZERO), row.load as usize, row.rps)).collect();
    steps.retain(|(at, _)| *at <= record.end);
    steps.sort_by_key(|(at, _)| *at);
    loads.sort_by_key(|(at, load, _)| (*at, *load));
    let mut instants: Vec<Moment> = steps.iter().map(|(at, _)| *at).chain(loads.iter().map(|(at, ..)| *at)).collect();
    instants.sort_unstable();
    instants.dedup();

    let mut rates = vec![0.0; record.traffic.len()];
    let (mut next_step, mut next_load) = (0, 0);
    let mut now = Step::default();
    let mut states: Vec<(Moment, Step, f64)> = Vec::with_capacity(instants.len());
    for at in instants {
        while let Some((_, step)) = steps.get(next_step).filter(|(time, _)| *time <= at) {
            now = Step { cpu: now.cpu + step.cpu, memory: now.memory + step.memory, ready: now.ready + step.ready };
            next_step += 1;
        }
        while let Some((_, load, rps)) = loads.get(next_load).filter(|(time, ..)| *time <= at) {
            if let Some(rate) = rates.get_mut(*load) {
                *rate = *rps;
            }
            next_load += 1;
        }
        states.push((at, now, rates.iter().sum()));
    }
    let most = |of: fn(&Step) -> i64| states.iter().map(|(_, step, _)| of(step)).max().unwrap_or(0).max(1) as f64;
    let (cpu, memory) = (most(|step| step.cpu), most(|step| step.memory));
    let mut best: Option<(Moment, [f64; 3])> = None;
    for (at, step, rate) in states {
        let rank = [step.cpu as f64 / cpu + step.memory as f64 / memory, rate, step.ready as f64];
        if best.is_none_or(|(_, known)| rank > known) {
            best = Some((at, rank));
        }
    }
    best.map_or(Moment::ZERO, |(at, _)| at)
}

/// The cluster at `at`.
pub fn snapshot(record: &Record, at: Moment) -> Snapshot {
    let mut loads: Vec<NodeLoad> = record
        .nodes
        .iter()
        .map(|node| NodeLoad {
            name: record.text(node.name).to_owned(),
            zone: record.text(node.zone).to_owned(),
            allocatable: Amount {
                cpu: node.allocatable.cpu_milli,
                memory: node.allocatable.memory_bytes,
                pods: u64::from(node.allocatable_pods),
            },
            ..NodeLoad::default()
        })
        .collect();
    let mut daemons = vec![Amount::default(); loads.len()];
    let mut items = Vec::new();
    for pod in record.pods.iter().filter(|pod| pod.created <= at && at < pod.ended()) {
        let of_daemon_set =
            pod.workload.is_some() && record.text(record.workloads[pod.workload.index()].kind) == "DaemonSet";
        let is_bound = pod.bound <= at && pod.last.node.is_some();
        if is_bound {
            let place = pod.last.node.index();
            loads[place].requested = loads[place].requested.plus(asked(pod));
            if of_daemon_set {
                daemons[place] = daemons[place].plus(asked(pod));
            }
        }
        if !of_daemon_set {
            items.push(asked(pod));
        }
    }
    for row in record.node_rows.iter().filter(|row| row.time <= at) {
        let load: &mut NodeLoad = &mut loads[row.node.index()];
        load.used = row.state.used.map(|used| Amount { cpu: used.cpu_milli, memory: used.memory_bytes, pods: 0 });
    }
    let alive = |place: usize| {
        let node = &record.nodes[place];
        node.created <= at && at < node.deleted
    };
    let per_node = daemons.iter().enumerate().filter(|(place, _)| alive(*place)).map(|(_, amount)| *amount);
    let per_node = per_node.reduce(|a, b| Amount {
        cpu: a.cpu.min(b.cpu),
        memory: a.memory.min(b.memory),
        pods: a.pods.min(b.pods),
    });
    let mut nodes: Vec<NodeLoad> =
        loads.into_iter().enumerate().filter(|(place, _)| alive(*place)).map(|(_, load)| load).collect();
    nodes.sort_by_key(|node| natural(&node.name));
    Snapshot { at, items, extended: BTreeMap::new(), per_node: per_node.unwrap_or_default(), nodes }
}

/// What pods ask for at `at` beyond CPU and memory, by resource; `asked` tells it by the names of their workloads.
pub fn extended(
    record: &Record,
    at: Moment,
    asked: &BTreeMap<String, BTreeMap<String, u64>>,
) -> BTreeMap<String, Vec<u64>> {
    let mut all: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    if asked.is_empty() {
        return all;
    }
    for pod in record.pods.iter().filter(|pod| pod.created <= at && at < pod.ended()) {
        let (kind, name) = if pod.workload.is_some() {
            let workload = &record.workloads[pod.workload.index()];
            (record.text(workload.kind).to_ascii_lowercase(), record.text(workload.name))
        } else {
            ("pod".to_owned(), record.text(pod.name))
        };
        let key = format!("{}/{kind}/{name}", record.text(pod.namespace));
        for (resource, amount) in asked.get(&key).into_iter().flatten() {
            all.entry(resource.clone()).or_default().push(*amount);
        }
    }
    all
}

/// `worker-10` comes after `worker-9`.
pub fn natural(name: &str) -> (String, u64, String) {
    let digits = name.len() - name.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    let (stem, number) = name.split_at(name.len() - digits);
    (stem.to_owned(), number.parse().unwrap_or(0), name.to_owned())
}

/// Pods that found no node: those that still wait at the end, or else those that did at some time, each with the
/// scheduler's last words, in the order of creation.
pub fn unplaced(record: &Record) -> Vec<(String, String)> {
    let mut words = vec![None; record.pods.len()];
    for attempt in &record.attempts {
        if !record.text(attempt.reason).is_empty() {
            words[attempt.pod.index()] = Some(attempt.reason);
        }
    }
    let named = |waits: bool| {
        let pods = record.pods.iter().zip(&words);
        let wanted = pods.filter(|(pod, words)| {
            let waiting = pod.exists() && matches!(pod.last.stage, Stage::Unscheduled | Stage::Unschedulable);
            // The run may have ended before a new pod's turn came.
            let had_its_turn = words.is_some() || record.end.seconds_since(pod.created) >= LONG_ENOUGH;
            if waits { waiting && had_its_turn } else { words.is_some() }
        });
        let row = |(pod, words): (&Pod, &Option<crate::record::TextId>)| {
            let name = format!("{}/{}", record.text(pod.namespace), record.text(pod.name));
            (name, words.map_or_else(|| NEVER_TRIED.to_owned(), |words| record.text(words).to_owned()))
        };
        wanted.map(row).collect::<Vec<_>>()
    };
    let waiting = named(true);
    if waiting.is_empty() { named(false) } else { waiting }
}

impl Snapshot {
    /// Allocatable, requested and used of all nodes; used is none where no node's is known.
    pub fn totals(&self) -> (Amount, Amount, Option<Amount>) {
        let mut totals = (Amount::default(), Amount::default(), None::<Amount>);
        for node in &self.nodes {
            totals.0 = totals.0.plus(node.allocatable);
            totals.1 = totals.1.plus(node.requested);
            if let Some(used) = node.used {
                totals.2 = Some(totals.2.unwrap_or_default().plus(used));
            }
        }
        totals
    }

    /// What is free but of no use: on each node, what is left of a resource when the scarcer one is used up by pods of
    /// the mean size.
    pub fn stranded(&self) -> Amount {
        let count = self.items.len() as f64;
        let sum = self.items.iter().fold(Amount::default(), |sum, item| sum.plus(*item));
        let (cpu, memory) = (sum.cpu as f64 / count, sum.memory as f64 / count);
        let mut stranded = Amount::default();
        if self.items.is_empty() {
            return stranded;
        }
        for node in &self.nodes {
            let free = node.allocatable.minus(node.requested);
            let more = |free: u64, each: f64| if each > 0.0 { free as f64 / each } else { f64::INFINITY };
            let fit = more(free.cpu, cpu).min(more(free.memory, memory)).min(free.pods as f64);
            if fit.is_finite() {
                stranded.cpu += (free.cpu as f64 - fit * cpu).non_negative().round() as u64;
                stranded.memory += (free.memory as f64 - fit * memory).non_negative().round() as u64;
            }
        }
        stranded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{NodeIndex, PodState, TrafficLoad};

    fn pod(cpu: u64, created: i64, ended: i64) -> Pod {
        Pod {
            name: crate::record::TextId::default(),
            namespace: crate::record::TextId::default(),
            uid: crate::record::Uid::default(),
            owner: crate::record::WorkloadIndex::NONE,
            workload: crate::record::WorkloadIndex::NONE,
            priority: 0,
            cpu_milli: cpu,
            memory_bytes: cpu << 20,
            created: Moment::from_millis(created * 1000),
            bound: Moment::from_millis(created * 1000),
            ran: Moment::NEVER,
            became_ready: Moment::from_millis((created + 2) * 1000),
            finished: Moment::from_millis(ended * 1000),
            deleted: Moment::NEVER,
            last: PodState { node: NodeIndex::NONE, ..PodState::default() },
            marks: crate::record::PodMarks::empty(),
            usage: crate::record::UsageIndex::NONE,
        }
    }

    #[test]
    fn the_peak_is_where_the_most_is_asked_for() {
        let pods = vec![pod(100, 0, 100), pod(300, 20, 60), pod(200, 50, 90)];
        let record =
            Record { pods: pods.into_iter().collect(), end: Moment::from_millis(200_000), ..Record::default() };
        // 100 + 300 + 200 from 50 s to 60 s; the third is ready at 52 s.
        assert_eq!(peak(&record), Moment::from_millis(52_000));
        assert_eq!(snapshot(&record, peak(&record)).items.len(), 3);
    }

    #[test]
    fn of_equal_demand_the_highest_load_is_the_peak() {
        let row = |at: i64, rps: f64| crate::record::TrafficRow {
            time: Moment::from_millis(at * 1000),
            load: 0,
            endpoints: 1,
            serving: 1,
            rps,
            served_rps: rps,
            dropped_rps: 0.0,
            latency: crate::record::TrafficLatency::default(),
            counts: crate::record::TrafficCounts::default(),
        };
        let load = TrafficLoad {
            name: crate::record::TextId::default(),
            target: crate::record::TextId::default(),
            counts: crate::record::TrafficCounts::default(),
            latency: crate::record::TrafficLatency::default(),
            rps_peak: 0.0,
            queued_peak: 0.0,
        };
        let record = Record {
            pods: [pod(100, 0, 1000)].into_iter().collect(),
            traffic: vec![load],
            traffic_rows: vec![row(5, 10.0), row(30, 90.0), row(60, 20.0)],
            end: Moment::from_millis(100_000),
            ..Record::default()
        };
        assert_eq!(peak(&record), Moment::from_millis(30_000));
    }

    #[test]
    fn what_the_scarcer_resource_leaves_is_stranded() {
        let node = |cpu, memory| NodeLoad {
            allocatable: Amount { cpu: 4000, memory: 16 << 30, pods: 110 },
            requested: Amount { cpu, memory, pods: 3 },
            ..NodeLoad::default()
        };
        let items = vec![Amount { cpu: 1000, memory: 1 << 30, pods: 1 }; 3];
        let snapshot =
            Snapshot { items, nodes: vec![node(4000, 3 << 30), node(3000, 15 << 30)], ..Snapshot::default() };
        let stranded = snapshot.stranded();
        assert_eq!((stranded.cpu, stranded.memory), (0, 13 << 30));
    }

    #[test]
    fn names_are_ordered_by_their_numbers() {
        assert!(natural("w-9") < natural("w-10") && natural("a-2") < natural("w-1"));
    }
}
