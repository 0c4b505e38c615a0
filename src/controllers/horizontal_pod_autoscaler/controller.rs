//! Runs syncs of autoscalers in the cluster, and only those whose outcome can differ from the last one's.
//!
//! Upstream queues every autoscaler 15 s after the end of its last sync. Here each keeps that grid, but a key waits
//! only for the first tick at which something can come out otherwise (`schedule`); what wakes it earlier is a change of
//! its pods, of its target, of their use, or of a metric. Skipped syncs would have repeated the last recommendation.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::api::convert;
use crate::cluster::{Change, Cluster, Fields, Verb};
use crate::engine::{Significance, SimDuration, SimTime};
use crate::model::Text;
use crate::model::autoscaling::{AutoscalerSpec, MetricSpec, ObjectReference};
use crate::model::kind::Kind;
use crate::model::latency::Latency;
use crate::model::object::{NamespaceId, ObjectRef, PodId};

use super::super::calls::event;
use super::super::plan::{Call, Outcome, Plan, Status};
use super::super::runner::{Controller, News, Profile};
use super::super::selector_index::SelectorIndex;
use super::super::work_queue::WorkQueue;
use super::super::{ControllerSettings, Create};
use super::decision::{Decision, Note};
use super::observations::Problem;
use super::reconcile::{Autoscaler, AutoscalerSettings};
use super::schedule::Look;
use super::world::{World, adapter_metrics, selector_text, target};
use super::{schedule, status};

/// `--concurrent-horizontal-pod-autoscaler-syncs`, and how long its syncs take.
pub(in super::super) fn profile() -> Profile {
    Profile { sync: Latency::AutoscalerSync, ..Profile::with_workers(5) }
}

/// A decision as it is written down.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedDecision {
    /// When.
    pub at: SimTime,
    /// The autoscaler.
    pub object: ObjectRef,
    /// What it scales; `NONE` if that is not there.
    pub target: ObjectRef,
    /// What and why.
    pub decision: Decision,
}

/// What the controller keeps of an autoscaler.
#[derive(Debug)]
pub(super) struct State {
    /// Its specification, as it was when it was read.
    raw: Arc<Value>,
    pub spec: AutoscalerSpec,
    pub autoscaler: Autoscaler,
    /// When its last sync ended, or it was first heard of.
    pub ended: SimTime,
    /// Did the last sync recommend something?
    recommends: bool,
    /// Syncs in a row that failed in the same way.
    pub failures: u32,
    /// Can the sync that it waits for change anything?
    live: bool,
    last: Option<Decision>,
    /// Its status after the last sync, as the API shows it.
    shown: Option<Arc<Value>>,
}

/// The controller.
#[derive(Debug)]
pub(in super::super) struct HorizontalPodAutoscalerController {
    settings: AutoscalerSettings,
    /// How long a sync takes.
    sync: SimDuration,
    states: FxHashMap<ObjectRef, State>,
    /// Selectors of the autoscalers' targets.
    selectors: SelectorIndex,
    /// By namespace, kind and name of what they scale.
    targets: BTreeMap<(NamespaceId, Text, Text), Vec<ObjectRef>>,
    /// Autoscalers by the names of adapters' metrics.
    by_metric: BTreeMap<Text, Vec<ObjectRef>>,
    decisions: Vec<RecordedDecision>,
}

/// A sync whose calls are under way.
#[derive(Debug)]
pub(in super::super) enum Draft {
    /// The scale is being written.
    Scaling { decision: Box<Decision>, before: Arc<Value>, target: ObjectRef },
    /// The status is being written, or nothing is.
    Ending { look: Look },
}

impl Create for HorizontalPodAutoscalerController {
    fn create(settings: &ControllerSettings) -> Self {
        Self {
            settings: settings.autoscaler.clone(),
            sync: settings.latencies.fixed(Latency::AutoscalerSync),
            states: FxHashMap::default(),
            selectors: SelectorIndex::default(),
            targets: BTreeMap::new(),
            by_metric: BTreeMap::new(),
            decisions: Vec::new(),
        }
    }
}

impl Controller for HorizontalPodAutoscalerController {
    type Draft = Draft;

    const COMPONENT: &'static str = "horizontal-pod-autoscaler";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        match news.change.object.kind {
            Kind::POD => !self.selectors.is_empty(),
            Kind::HORIZONTAL_POD_AUTOSCALER => true,
            Kind::DEPLOYMENT | Kind::REPLICA_SET | Kind::STATEFUL_SET | Kind::REPLICATION_CONTROLLER => true,
            // Of objects that are not built in, somebody may scale one.
            kind => kind.is_custom() && !self.targets.is_empty(),
        }
    }

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let object = change.object;
        if let Some(pod) = object.as_pod() {
            let relevant =
                Fields::PHASE | Fields::READY | Fields::CONDITIONS | Fields::DELETION | Fields::LABELS | Fields::STATUS;
            if change.verb != Verb::Modified || change.fields.intersects(relevant) {
                self.wake_of_pod(now, pod, cluster, queue);
            }
        } else if object.kind == Kind::HORIZONTAL_POD_AUTOSCALER {
            self.observe_autoscaler(now, object, cluster, queue);
        } else {
            let (namespace, name) = cluster.identity(object);
            let Some(keys) = self.targets.get(&(namespace, Text::from(object.kind.name()), Text::from(name))).cloned()
            else {
                return;
            };
            for key in keys {
                self.file_selector(key, cluster);
                self.wake(now, key, queue);
            }
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<Draft> {
        if !cluster.is_live(key) || !self.states.contains_key(&key) {
            return Plan::done();
        }
        self.note_skipped_syncs(now, key);
        let namespace = cluster.meta(key).namespace;
        let cluster = &*cluster;
        let state = self.states.get_mut(&key).expect("it was looked up");
        let before =
            state.shown.get_or_insert_with(|| Arc::new(status::view(&state.autoscaler.status, *cluster.clock())));
        let before = Arc::clone(before);
        let found = target(&state.spec, namespace, cluster);
        let mut decision = match &found {
            Err(error) => state.autoscaler.without_scale(now, error),
            Ok(target) => {
                let mut world = World::new(now, namespace, &target.selector, cluster);
                world.problem = match &target.invalid {
                    Some(error) => Some(unreadable(error)),
                    None => problem(&self.selectors, &world, &selector_text(&target.selector)),
                };
                let spec = &state.spec;
                let namespace = cluster.namespace_name(namespace);
                let reference = format!("{}/{namespace}/{}", spec.target.kind, spec.target.name);
                let of = (reference.as_str(), namespace);
                state.autoscaler.decide(now, spec, of, target.scale, &self.settings, &world)
            }
        };
        state.recommends = decision.recommended.is_some();
        let mut plan = Plan::done();
        plan.push_together(events(key, std::mem::take(&mut decision.notes)));
        let target = found.map_or(ObjectRef::NONE, |target| target.object);
        if decision.rescale {
            let replicas = decision.desired;
            plan.push(Call::Scale { object: target, replicas });
            let draft = Draft::Scaling { decision: Box::new(decision), before, target };
            return plan.resume_with(draft);
        }
        self.end(now, key, decision, target, &before, plan, cluster)
    }

    fn resume(
        &mut self,
        now: SimTime,
        key: ObjectRef,
        draft: Draft,
        outcome: &Outcome,
        cluster: &mut Cluster,
    ) -> Plan<Draft> {
        match draft {
            Draft::Scaling { mut decision, before, target } => {
                let Some(state) = self.states.get_mut(&key) else { return Plan::done() };
                let refusal = outcome.refusal.as_ref().map(ToString::to_string);
                let notes =
                    state.autoscaler.finish(now, &state.spec, &self.settings, &mut decision, refusal.as_deref());
                let mut plan = Plan::done();
                plan.push_together(events(key, notes));
                self.end(now, key, *decision, target, &before, plan, cluster)
            }
            Draft::Ending { look } => {
                let Some(state) = self.states.get_mut(&key) else { return Plan::done() };
                state.ended = now;
                state.live = look.live;
                let at = look.at.map(|at| schedule::next_tick(now, self.settings.sync_period, self.sync, at));
                Plan::done().again_after(at.map(|at| at.since(now)))
            }
        }
    }

    fn significance(&self, key: ObjectRef, _cluster: &Cluster) -> Significance {
        match self.states.get(&key) {
            Some(state) if state.live => Significance::Live,
            Some(_) => Significance::Background,
            None => Significance::Stale,
        }
    }
}

impl HorizontalPodAutoscalerController {
    /// Are there decisions that nobody has taken?
    pub(in super::super) fn has_decisions(&self) -> bool {
        !self.decisions.is_empty()
    }

    /// Decisions since the last call.
    pub(in super::super) fn take_decisions(&mut self) -> Vec<RecordedDecision> {
        std::mem::take(&mut self.decisions)
    }

    /// Containers of these pods use something else than before.
    pub(in super::super) fn usage_changed(
        &mut self,
        now: SimTime,
        pods: &[PodId],
        cluster: &Cluster,
        queue: &mut WorkQueue,
    ) {
        if self.selectors.is_empty() {
            return;
        }
        for pod in pods {
            self.wake_of_pod(now, *pod, cluster, queue);
        }
    }

    /// Metrics of these names have another number than before.
    pub(in super::super) fn metrics_changed(&mut self, now: SimTime, names: &[String], queue: &mut WorkQueue) {
        for name in names {
            for key in self.by_metric.get(name.as_str()).cloned().unwrap_or_default() {
                self.wake(now, key, queue);
            }
        }
    }

    fn observe_autoscaler(&mut self, now: SimTime, key: ObjectRef, cluster: &Cluster, queue: &mut WorkQueue) {
        let namespace = cluster.meta(key).namespace;
        if !cluster.is_live(key) {
            self.unfile(key, namespace);
            self.states.remove(&key);
            return;
        }
        let raw = &cluster.object(key).raw;
        if self.states.get(&key).is_some_and(|state| Arc::ptr_eq(&state.raw, raw)) {
            return;
        }
        self.unfile(key, namespace);
        let spec = convert::autoscaler(&raw["spec"]);
        self.targets.entry(place(namespace, &spec.target)).or_default().push(key);
        for name in adapter_metrics(&spec) {
            self.by_metric.entry(name.into()).or_default().push(key);
        }
        if let Some(state) = self.states.get_mut(&key) {
            (state.raw, state.spec) = (raw.clone(), spec);
        } else {
            let state = State {
                raw: raw.clone(),
                spec,
                autoscaler: Autoscaler::default(),
                ended: now,
                recommends: false,
                failures: 0,
                live: true,
                last: None,
                shown: None,
            };
            self.states.insert(key, state);
        }
        self.file_selector(key, cluster);
        self.wake(now, key, queue);
    }

    fn unfile(&mut self, key: ObjectRef, namespace: NamespaceId) {
        self.selectors.set(namespace, key, None);
        let Some(state) = self.states.get(&key) else { return };
        if let Some(keys) = self.targets.get_mut(&place(namespace, &state.spec.target)) {
            keys.retain(|known| *known != key);
        }
        for name in adapter_metrics(&state.spec) {
            if let Some(keys) = self.by_metric.get_mut(name) {
                keys.retain(|known| *known != key);
            }
        }
    }

    fn file_selector(&mut self, key: ObjectRef, cluster: &Cluster) {
        let Some(state) = self.states.get(&key) else { return };
        let namespace = cluster.meta(key).namespace;
        let found = target(&state.spec, namespace, cluster).ok();
        self.selectors.set(namespace, key, found.as_ref().map(|target| &target.selector));
    }

    fn wake_of_pod(&mut self, now: SimTime, pod: PodId, cluster: &Cluster, queue: &mut WorkQueue) {
        let row = cluster.pod(pod);
        let labels = &cluster.template(row.template).labels;
        for key in self.selectors.matching(row.namespace, labels) {
            self.wake(now, key, queue);
        }
    }

    /// Something changed: the next tick of the grid is worth a sync.
    fn wake(&mut self, now: SimTime, key: ObjectRef, queue: &mut WorkQueue) {
        let Some(state) = self.states.get_mut(&key) else { return };
        state.live = true;
        let at = schedule::next_tick(state.ended, self.settings.sync_period, self.sync, now);
        queue.add_after(now, key, at.since(now));
    }

    /// Syncs that were not worth an event would have recommended the same again.
    fn note_skipped_syncs(&mut self, now: SimTime, key: ObjectRef) {
        let (period, sync) = (self.settings.sync_period, self.sync);
        let Some(state) = self.states.get_mut(&key) else { return };
        let distance = period + sync;
        if state.recommends && now.since(state.ended).0 > distance.0 + period.0 / 2 {
            state.autoscaler.memory.recommendations.repeat_until(now.0 as i64 - distance.0 as i64);
        }
    }

    /// The decision is made and carried out: the status is written if it differs, and the next sync is planned.
    #[expect(clippy::too_many_arguments, reason = "the end of both ways through a sync")]
    fn end(
        &mut self,
        now: SimTime,
        key: ObjectRef,
        mut decision: Decision,
        target: ObjectRef,
        before: &Arc<Value>,
        mut plan: Plan<Draft>,
        cluster: &Cluster,
    ) -> Plan<Draft> {
        let Some(state) = self.states.get_mut(&key) else { return plan };
        if !decision.rescale {
            state.autoscaler.finish(now, &state.spec, &self.settings, &mut decision, None);
        }
        let view = Arc::new(status::view(&state.autoscaler.status, *cluster.clock()));
        let changed = view != *before;
        if changed {
            plan.push(Call::Status { object: key, status: Status::Plain(Arc::clone(&view)) });
        }
        state.shown = Some(view);
        let failed = decision.error.is_some();
        state.failures = if failed && !changed { state.failures + 1 } else { 0 };
        let look = schedule::next_look(now, state, &self.settings, (changed, failed), key, cluster);
        if state.last.as_ref() != Some(&decision) {
            self.decisions.push(RecordedDecision { at: now, object: key, target, decision: decision.clone() });
            state.last = Some(decision);
        }
        plan.resume_with(Draft::Ending { look })
    }
}

/// Where an autoscaler stands among the targets.
fn place(namespace: NamespaceId, target: &ObjectReference) -> (NamespaceId, Text, Text) {
    (namespace, target.kind.as_str().into(), target.name.clone())
}

/// The selector in the target's scale cannot be read. Upstream: `validateAndParseSelector`.
fn unreadable(error: &str) -> Problem {
    Problem {
        event: "InvalidSelector",
        condition: "InvalidSelector",
        message: error.to_owned(),
        error: error.to_owned(),
    }
}

fn events(key: ObjectRef, notes: Vec<Note>) -> Vec<Call> {
    let component = HorizontalPodAutoscalerController::COMPONENT;
    notes
        .into_iter()
        .map(|note| Call::Event(Box::new(event(key, note.kind, note.reason, note.message, component))))
        .collect()
}

/// Upstream: `validateAndParseSelector`, `hpasControllingPodsUnderSelector`.
fn problem(selectors: &SelectorIndex, world: &World<'_>, selector: &str) -> Option<Problem> {
    if selector.is_empty() {
        return Some(Problem {
            event: "SelectorRequired",
            condition: "InvalidSelector",
            message: "the HPA target's scale is missing a selector".to_owned(),
            error: "selector is required".to_owned(),
        });
    }
    let cluster = world.cluster;
    let mut templates: Vec<_> = world.ids.iter().map(|pod| cluster.pod(*pod).template).collect();
    templates.dedup();
    let mut keys: Vec<ObjectRef> = templates
        .iter()
        .flat_map(|template| selectors.matching(world.namespace, &cluster.template(*template).labels))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() < 2 {
        return None;
    }
    let namespace = cluster.namespace_name(world.namespace);
    let names: Vec<String> = keys.iter().map(|key| format!("{namespace}/{}", cluster.meta(*key).name)).collect();
    let text = format!("pods by selector {selector} are controlled by multiple HPAs: [{}]", names.join(" "));
    Some(Problem { event: "AmbiguousSelector", condition: "AmbiguousSelector", message: text.clone(), error: text })
}

impl State {
    /// Does it look at what pods use?
    pub(super) fn has_resource_metrics(&self) -> bool {
        self.spec.metrics.iter().any(|metric| matches!(**metric, MetricSpec::Resource { .. }))
    }
}
