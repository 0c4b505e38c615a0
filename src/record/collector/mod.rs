//! Fills a record from the cluster's change log, its Events and the scheduler's attempts.
//! Reads the cluster, writes only the record, and decides nothing: a run with and one without a collector are the same.

mod autoscalers;
mod containers;
mod nodes;
mod pods;
#[cfg(test)]
mod tests;
mod traffic;
mod usage;
mod workloads;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

pub use autoscalers::AutoscalerDecision;

use super::{
    Amounts, AttemptResult, AttemptRow, AutoscalerIndex, EventRow, Expectation, History, JobIndex, Moment, NodeIndex,
    PodIndex, PullRow, Record, RunFacts, Step, TextId, TrafficRow, WorkloadIndex,
};
use crate::cluster::EventRow as StoredEvent;
use crate::cluster::sightings::Sighting;
use crate::cluster::{Change, Cluster, EventType, Verb};
use crate::engine::rows::Rows;
use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::object::{NodeId, ObjectRef, PodId};
use containers::ContainerTable;

/// What the cluster does not know of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeTags {
    /// The group of the scenario that it belongs to.
    pub group: String,
    /// Its price per hour, 0 for none.
    pub price: f64,
}

/// What a collector is started with.
#[derive(Clone, Debug, Default)]
pub struct CollectorSettings {
    /// Facts about the run, as far as they are known before it.
    pub run: RunFacts,
    /// The instant of the run's first state.
    pub begin: SimTime,
    /// The instant of t=0. With a warm-up whose length is not known: the run's origin, and `warm_up_ended` later.
    pub origin: SimTime,
    /// Groups and prices of nodes by name.
    pub nodes: BTreeMap<String, NodeTags>,
    /// Which of the long tables are kept.
    pub history: History,
}

/// One attempt of the scheduler to place a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it ended.
    pub at: SimTime,
    /// The pod.
    pub pod: PodId,
    /// 1 for the pod's first.
    pub attempt: u32,
    /// How it ended.
    pub result: AttemptResult,
    /// The node found, or `NodeId::NONE`.
    pub node: NodeId,
    /// Nodes that passed all filters.
    pub feasible: u32,
    /// Nodes that were looked at.
    pub evaluated: u32,
    /// Why not, in the scheduler's words; empty if it was placed.
    pub reason: String,
}

/// What Events of one sort have in common.
#[derive(Clone, Copy, Debug)]
struct SortTexts {
    is_warning: bool,
    reason: TextId,
    source: TextId,
    /// Do they tell of a pull?
    is_pulled: bool,
}

/// Facts about a run that are known at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunEnd {
    /// Digest of the change log.
    pub digest: String,
    /// Events of the engine that were handled.
    pub events: u64,
    /// Changes in the change log.
    pub changes: u64,
    /// Containers that were started, each once.
    pub containers: u64,
    /// Those of them whose behaviour nothing told.
    pub containers_assumed: u64,
}

/// Reads what happens and writes it down.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    record: Record,
    origin: SimTime,
    tags: BTreeMap<String, NodeTags>,
    workloads: FxHashMap<ObjectRef, WorkloadIndex>,
    autoscalers: FxHashMap<ObjectRef, AutoscalerIndex>,
    /// By Event row: the count that was written last.
    event_counts: Rows<u32>,
    /// By sort of the cluster's Events.
    event_sorts: Vec<Option<SortTexts>>,
    /// By text of the cluster's Events.
    event_texts: Vec<TextId>,
    containers: ContainerTable,
    /// Jobs by their objects.
    jobs: FxHashMap<ObjectRef, JobIndex>,
    /// By container row: with whom its use is counted, and how much of it was.
    uses: Rows<usage::Use>,
    /// The last row of each load.
    traffic_last: Vec<Option<TrafficRow>>,
}

impl Collector {
    /// A collector of a run that is about to begin.
    pub fn new(settings: CollectorSettings) -> Self {
        let mut record = Record { run: settings.run, history: settings.history, ..Record::default() };
        record.run.begin = Moment::ZERO;
        let mut collector = Self { record, origin: settings.origin, tags: settings.nodes, ..Self::default() };
        let begin = collector.moment(settings.begin);
        (collector.record.run.begin, collector.record.end) = (begin, begin);
        collector
    }

    /// An instant as results show it.
    pub fn moment(&self, time: SimTime) -> Moment {
        Moment(time.0 as i64 - self.origin.0 as i64)
    }

    /// What has been written so far. Expressions read summaries from it.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Integrals and peaks reach up to `now`: what `record` shows is as of this instant.
    pub fn reach(&mut self, now: SimTime) {
        let moment = self.moment(now);
        if moment > self.record.end {
            self.record.advance(moment);
        }
    }

    /// A warm-up of unknown length ended at `now`, which becomes t=0.
    pub fn warm_up_ended(&mut self, now: SimTime) {
        let moment = self.moment(now);
        self.record.advance(moment);
        self.record.shift(moment.0);
        self.origin = now;
    }

    /// A write was committed at `now`.
    pub fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster) {
        let now = self.moment(now);
        let object = change.object;
        match object.kind {
            Kind::POD => self.pod(now, PodId(object.id), change, cluster),
            Kind::NODE => self.node(now, NodeId(object.id), change, cluster),
            kind if kind.is_workload() => self.workload(now, object, change.verb, cluster),
            _ => {}
        }
    }

    /// A Kubernetes Event was written.
    pub fn event(&mut self, sighting: Sighting, cluster: &Cluster) {
        let row = cluster.events.row(sighting.row);
        let sort = self.texts_of(row, cluster);
        let time = self.moment(sighting.at);
        if self.record.history.contains(History::EVENTS) {
            self.event_row(time, sighting, row, sort, cluster);
        } else {
            self.record.advance(time);
        }
        if let Some(pod) = row.object.as_pod()
            && sort.is_pulled
            && let Some(took) = pull_time(&cluster.event_message(row))
        {
            self.record.pull(PullRow { time, pod: PodIndex(pod.0), nanos: took.0, is_complete: true });
        }
    }

    /// The texts that all Events of a sort share: looked up once, not for each of a million pods' Events.
    fn texts_of(&mut self, row: &StoredEvent, cluster: &Cluster) -> SortTexts {
        let place = row.sort.index();
        if let Some(Some(known)) = self.event_sorts.get(place) {
            return *known;
        }
        let sort = cluster.events.sort_of(row);
        let texts = &mut self.record.texts;
        let found = SortTexts {
            is_warning: sort.kind == EventType::Warning,
            reason: texts.intern(&sort.reason),
            source: texts.intern(&sort.component),
            is_pulled: sort.reason == "Pulled",
        };
        self.event_sorts.resize(self.event_sorts.len().max(place + 1), None);
        self.event_sorts[place] = Some(found);
        found
    }

    /// What an Event says. Texts that many Events share are looked up once.
    fn message_of(&mut self, row: &StoredEvent, cluster: &Cluster) -> TextId {
        let shared = row.shared_text();
        let known = shared.and_then(|text| self.event_texts.get(text.index()).copied());
        if let Some(known) = known.filter(|text| !text.is_none()) {
            return known;
        }
        let id = self.record.texts.intern(&cluster.event_message(row));
        if let Some(text) = shared {
            let length = self.event_texts.len().max(text.index() + 1);
            self.event_texts.resize(length, TextId::NONE);
            self.event_texts[text.index()] = id;
        }
        id
    }

    fn event_row(&mut self, time: Moment, sighting: Sighting, row: &StoredEvent, sort: SortTexts, cluster: &Cluster) {
        let place = sighting.row as usize;
        self.event_counts.fill_up(place + 1, 0);
        let before = std::mem::replace(&mut self.event_counts[place], sighting.count);
        let texts = &mut self.record.texts;
        let (namespace, name) = if let Some(pod) = row.object.as_pod() {
            // A pod's texts are there already, and a million of them need no lookup.
            let pod = &self.record.pods[pod.index()];
            (pod.namespace, pod.name)
        } else {
            let (namespace, name) = cluster.identity(row.object);
            (texts.intern(cluster.namespace_name(namespace)), texts.intern(name))
        };
        let kind = texts.intern(row.object.kind.name());
        let message = self.message_of(row, cluster);
        let event = EventRow {
            time,
            is_warning: sort.is_warning,
            reason: sort.reason,
            kind,
            namespace,
            name,
            source: sort.source,
            count: sighting.count,
            raised: sighting.count.saturating_sub(before).max(1),
            message,
        };
        self.record.event(event);
    }

    /// The scheduler tried a pod.
    pub fn attempt(&mut self, attempt: &Attempt) {
        let time = self.moment(attempt.at);
        if !self.record.history.contains(History::ATTEMPTS) {
            self.record.advance(time);
            return;
        }
        let reason = self.record.texts.intern(&attempt.reason);
        self.record.attempt(AttemptRow {
            time,
            pod: PodIndex(attempt.pod.0),
            attempt: attempt.attempt,
            result: attempt.result,
            node: NodeIndex(attempt.node.0),
            feasible: attempt.feasible,
            evaluated: attempt.evaluated,
            reason,
        });
    }

    /// A command of a step ended, or the run did while it waited.
    pub fn step(&mut self, step: Step) {
        self.record.steps.push(step);
    }

    /// An expectation was decided.
    pub fn expectation(&mut self, expectation: Expectation) {
        self.record.expectations.push(expectation);
    }

    /// A machine of this name comes: its group and price.
    pub fn tag_node(&mut self, name: &str, tags: NodeTags) {
        self.tags.insert(name.to_owned(), tags);
    }

    /// The group of a node of this name.
    pub fn group_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.tags.get(name).map_or_else(|| nodes::group_of(name), |tags| &tags.group)
    }

    /// Something the user should know.
    pub fn warn(&mut self, warning: String) {
        self.record.warnings.push(warning);
    }

    /// Does any node's load differ from its last row? Then a sample at the next instant of the grid has an outcome.
    pub fn is_sample_due(&self) -> bool {
        !self.record.unsampled.is_empty() || self.record.usage.is_sample_due()
    }

    /// What a node's containers use changed: it takes part in the next sample.
    pub fn usage_changed(&mut self, node: NodeId) {
        self.record.node_unsampled(NodeIndex(node.0));
    }

    /// Writes samples of the nodes whose load or use changed; `used` tells what the containers of a node use now.
    pub fn sample(&mut self, now: SimTime, used: impl Fn(NodeId) -> Amounts) {
        let now = self.moment(now);
        for node in self.record.take_unsampled() {
            if !self.record.nodes[node.index()].deleted.is_some() {
                self.record.node_sampled(now, node, Some(used(NodeId(node.0))));
            }
        }
        self.record.sample_usage(now);
    }

    /// The run ended: the record of everything up to `now`, with a last sample.
    pub fn finish(mut self, now: SimTime, facts: RunEnd) -> Record {
        // An idle run ends with its last observable change; Events that only repeat may have come later.
        let end = self.moment(now).max(self.record.end);
        self.record.advance(end);
        for node in self.record.take_unsampled() {
            self.record.node_sampled(end, node, None);
        }
        self.record.sample_usage(end);
        let run = &mut self.record.run;
        run.digest = facts.digest;
        (run.engine_events, run.engine_changes) = (facts.events, facts.changes);
        (run.containers, run.containers_assumed) = (facts.containers, facts.containers_assumed);
        self.record
    }
}

/// How long an image pull took, its wait included, as the kubelet's Event tells: `… in 1.2s (1.5s including
/// waiting). …`. Upstream: kubelet/images `EnsureImageExists`.
fn pull_time(message: &str) -> Option<SimDuration> {
    let (before, _) = message.strip_prefix("Successfully pulled image ")?.split_once(" including waiting)")?;
    SimDuration::parse(before.rsplit_once('(')?.1).ok()
}

/// Added and Modified show what is there; Deleted that it is gone.
fn is_gone(verb: Verb) -> bool {
    verb == Verb::Deleted
}
