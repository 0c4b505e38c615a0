//! What is written down while the run goes on: digest, record, and what expressions look at.
//!
//! After each event, as a rule. While the kubelets take steps in a row the record waits for the end of the row: a step and
//! its record are more code than fits a processor's first cache, and taken in turns each would fetch its own anew.

use crate::cluster::{Change, Cursor, Verb};
use crate::engine::SimTime;
use crate::engine::digest::Digest;
use crate::model::kind::Kind;
use crate::model::object::PodId;
use crate::record::AttemptResult;
use crate::record::collector::{Attempt, Collector};
use crate::scheduler;

use super::Simulation;
use super::event::Event;

/// The state of it.
pub(super) struct Recording {
    pub collector: Collector,
    /// Changes that are written down.
    pub cursor: Cursor,
    /// Sightings of Events that are.
    pub sightings: usize,
    pub digest: Digest,
    pub changes: u64,
    /// The last change that anybody could observe.
    pub last_change: SimTime,
    /// Is a sample pending?
    pub sampling: bool,
    /// Steps of kubelets that wait to be recorded.
    pub row: Row,
}

/// Up to where changes and sightings belong to one event.
type Mark = (Cursor, usize);

/// Steps of pods' workers, of different pods and of one instant, in their order. Each has written its own pod and sent
/// Events about it, and nothing else, so that its record reads the same after all of them.
#[derive(Default)]
pub(super) struct Row {
    steps: Vec<(PodId, Mark)>,
    /// Whose steps they are, each pod at the place of its number: a pod at a taken place may be one of them.
    pods: [u64; WORDS],
}

const WORDS: usize = 4;

impl Row {
    /// May it be one of this pod's steps?
    fn may_hold(&self, pod: PodId) -> bool {
        let (word, bit) = place(pod);
        self.pods[word] & bit != 0
    }

    fn push(&mut self, pod: PodId, end: Mark) {
        let (word, bit) = place(pod);
        debug_assert!(self.steps.iter().all(|(other, _)| *other != pod), "{pod:?} steps twice in a row");
        self.pods[word] |= bit;
        self.steps.push((pod, end));
    }
}

/// Pods of a row mostly follow one another, so that many of them get places of their own.
fn place(pod: PodId) -> (usize, u64) {
    (pod.index() / 64 % WORDS, 1 << (pod.index() % 64))
}

impl Simulation {
    /// Does any expression wait for something to change?
    #[inline]
    pub(super) fn is_watched(&self) -> bool {
        self.expectations.is_open() || self.steps.has_conditions()
    }

    /// Puts what the step of a pod's worker wrote off until the row is over. False if that cannot wait.
    pub(super) fn record_later(&mut self, pod: PodId) -> bool {
        let next = self.queue.at_hand().and_then(Event::stepping);
        let goes_on = next.is_some_and(|next| next != pod && !self.recording.row.may_hold(next));
        // Commands that wait and expressions look at what is recorded after each event.
        if !goes_on || self.steps.is_waiting() || self.is_watched() || self.steps.is_due(self.now) {
            return false;
        }
        let recording = &self.recording;
        let last = recording.row.steps.last().map_or((recording.cursor, recording.sightings), |(_, end)| *end);
        let is_own = self.wrote_only(pod, last);
        let end = self.written();
        if is_own && end != last {
            self.recording.row.push(pod, end);
        }
        is_own
    }

    /// Where log and sightings end.
    fn written(&self) -> Mark {
        (self.cluster.log.end(), self.cluster.events.sightings().end())
    }

    /// Has nothing been written since but changes of this pod and Events about it?
    fn wrote_only(&self, pod: PodId, (mut cursor, sightings): Mark) -> bool {
        let events = &self.cluster.events;
        while let Some(change) = self.cluster.log.at(cursor) {
            cursor.0 += 1;
            if change.object.as_pod() != Some(pod) || change.verb != Verb::Modified {
                return false;
            }
        }
        let is_own = |row: u32| events.row(row).object.as_pod() == Some(pod);
        sightings == events.sightings().end() || events.sightings().from(sightings).all(|one| is_own(one.row))
    }

    /// New entries of the log go into digest and record. Most events write nothing: what is new is looked for first.
    pub(super) fn record_changes(&mut self) {
        if !self.recording.row.steps.is_empty() {
            self.record_row();
        }
        self.record_up_to(self.written());
        if self.scheduler.has_attempts() {
            for attempt in self.scheduler.take_attempts() {
                self.recording.collector.attempt(&attempt_row(&attempt));
            }
        }
        if self.controllers.has_autoscaler_decisions() {
            for decision in self.controllers.take_autoscaler_decisions() {
                self.recording.collector.autoscaler_decision(super::metrics::decision_row(decision), &self.cluster);
            }
        }
        if self.workload.traffic().has_rows() {
            self.record_traffic();
        }
        self.plan_sample();
    }

    fn record_row(&mut self) {
        let mut steps = std::mem::take(&mut self.recording.row).steps;
        for (_, end) in steps.drain(..) {
            self.record_up_to(end);
        }
        self.recording.row.steps = steps;
    }

    /// What one event wrote: its changes, then its Events.
    fn record_up_to(&mut self, (cursor, sightings): Mark) {
        if self.recording.cursor < cursor {
            self.record_log(cursor);
        }
        if self.recording.sightings < sightings {
            self.record_sightings(sightings);
        }
    }

    fn record_log(&mut self, end: Cursor) {
        let is_watched = self.is_watched();
        let recording = &mut self.recording;
        let mut autoscalers: Vec<Change> = Vec::new();
        while recording.cursor < end
            && let Some(change) = self.cluster.log.at(recording.cursor)
        {
            recording.cursor.0 += 1;
            recording.changes += 1;
            recording.digest.update_u64(change.at.0);
            recording.digest.update_u64(digest_word(&change));
            if is_observable(&change) {
                recording.last_change = change.at;
            }
            recording.collector.observe(self.now, &change, &self.cluster);
            if change.object.kind == Kind::HORIZONTAL_POD_AUTOSCALER {
                autoscalers.push(change);
            }
            if change.object.kind == Kind::ENDPOINT_SLICE && self.workload.has_needy() {
                let outbox = &mut self.outboxes.workload;
                self.workload.endpoints_changed(self.now, &self.cluster, &mut self.machines, outbox);
            }
            if is_watched {
                self.touched.kinds.insert(change.object.kind);
            }
        }
        for change in autoscalers {
            self.note_autoscaler(&change);
        }
    }

    fn record_sightings(&mut self, end: usize) {
        self.touched.events |= self.is_watched();
        let recording = &mut self.recording;
        let sightings = self.cluster.events.sightings().from(recording.sightings);
        for sighting in sightings.take(end - recording.sightings) {
            recording.digest.update_u64(u64::from(sighting.row) << 32 | u64::from(sighting.count));
            recording.collector.event(*sighting, &self.cluster);
        }
        recording.sightings = end;
    }
}

/// An attempt in the recorder's words: scheduler and recorder do not know one another.
fn attempt_row(attempt: &scheduler::Attempt) -> Attempt {
    Attempt {
        at: attempt.at,
        pod: attempt.pod,
        attempt: attempt.attempt,
        result: match attempt.result {
            scheduler::AttemptResult::Scheduled => AttemptResult::Scheduled,
            scheduler::AttemptResult::Unschedulable => AttemptResult::Unschedulable,
            scheduler::AttemptResult::Error => AttemptResult::Error,
        },
        node: attempt.node,
        feasible: attempt.feasible,
        evaluated: attempt.evaluated,
        reason: attempt.message.to_string(),
    }
}

/// Object, verb and fields of a change as one word.
fn digest_word(change: &Change) -> u64 {
    u64::from(change.object.kind.0) << 52
        | u64::from(change.object.id) << 20
        | u64::from(change.fields.bits()) << 4
        | change.verb as u64
}

/// Leases are nothing that anybody looks at.
fn is_observable(change: &Change) -> bool {
    change.object.kind != Kind::LEASE
}

#[cfg(test)]
mod tests {
    use super::super::stop::Ending;
    use super::*;
    use crate::scenario::{LoadOptions, load_source, source_of_text};
    use crate::simulation::Unobserved;

    /// Pods that start and end in rows, some of them badly, and fields of the scenario.
    fn scenario(fields: &str) -> String {
        format!(
            r#"
apiVersion: kubelapse/v1
kind: Scenario
metadata: {{ name: rows }}
spec:
  until: 5m
  cluster: {{ latency: instant, nodes: [ {{ name: "node-{{}}", count: 10, capacity: {{ cpu: 16, memory: 64Gi, pods: 50 }} }} ] }}
  behaviors:
    - {{ match: {{ container: work, labels: {{ "batch.kubernetes.io/job-completion-index": "7" }} }}, run: {{ for: 5s, exit: 1 }} }}
    - {{ match: {{ container: work }}, run: {{ for: 10s, exit: 0 }} }}
    - {{ match: {{ container: before }}, run: {{ for: 1s, exit: 0 }} }}
{fields}
---
apiVersion: batch/v1
kind: Job
metadata: {{ name: work }}
spec:
  completionMode: Indexed
  parallelism: 300
  completions: 1000
  ttlSecondsAfterFinished: 30
  template:
    spec:
      restartPolicy: OnFailure
      initContainers: [ {{ name: before, image: "busybox:1.36" }} ]
      containers: [ {{ name: work, image: "busybox:1.36", resources: {{ requests: {{ cpu: 100m, memory: 64Mi }} }} }} ]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web }}
spec:
  replicas: 100
  selector: {{ matchLabels: {{ app: web }} }}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec:
      containers:
        - {{ name: web, image: "nginx:1.27", readinessProbe: {{ httpGet: {{ port: 80 }}, periodSeconds: 5 }} }}
"#
        )
    }

    /// The record of a run as bytes, and the longest row of steps that was recorded together.
    fn run(fields: &str) -> (Vec<u8>, usize) {
        let text = scenario(fields);
        let source = source_of_text("rows.yaml", &text, std::path::Path::new(""));
        let plan = load_source(&source, &LoadOptions::default()).unwrap_or_else(|error| panic!("{error:?}"));
        let mut simulation = Simulation::new(&plan).expect("valid manifests");
        let end = SimTime::from_secs(300);
        let (mut longest, origin) = (0, simulation.now());
        while let Some(next) = simulation.next_time().filter(|next| next.since(origin) <= end.since(SimTime::ZERO)) {
            simulation.handle_next(next, &mut Unobserved);
            longest = longest.max(simulation.recording.row.steps.len());
        }
        let (mut record, _) = simulation.finish(&plan, Ending::Time);
        // Of these two only the scenarios are meant to differ.
        record.expectations.clear();
        record.run.scenario.clear();
        (postcard::to_allocvec(&record).expect("a record can be written"), longest)
    }

    #[test]
    fn steps_are_recorded_in_rows_as_one_by_one() {
        let (in_rows, longest) = run("");
        // While an expectation is open, each event is recorded at once.
        let (one_by_one, no_row) = run("  expect: [ { by: 5m, that: \"exists('pod', 'never')\" } ]");
        assert!(longest > 20, "{longest} steps in a row");
        assert_eq!(no_row, 0);
        assert!(in_rows == one_by_one, "{} and {} bytes", in_rows.len(), one_by_one.len());
    }
}
