//! Runs one controller: its workqueue, its workers, its client. What upstream's controllers repeat in each `Run`,
//! `runWorker` and `processNextWorkItem` stands here once.
//!
//! A worker takes a key, asks the controller for a plan a moment later (`Latency::ControllerSync`) and carries the
//! plan's calls out when the client has tokens for them. The key stays in work until its last call was answered, and
//! the controller hears of its own writes at once: a sync never acts on a state older than its own earlier writes
//! (upstream needs expectations, and since v1.36 a stale-cache barrier, for the same).

use crate::cluster::{Change, Cluster, Fields, Verb};
use crate::engine::random::Stream;
use crate::engine::{Outbox, Significance, SimTime};
use crate::model::kind::Kind;
use crate::model::latency::{Latencies, Latency};
use crate::model::object::ObjectRef;

use super::calls::perform;
use super::plan::{Call, Outcome, Plan, Stage};
use super::work_queue::{RateLimiter, WorkQueue};
use super::{ControllerEvent, ControllerId, ControllerSettings};
use crate::engine::token_bucket::TokenBucket;

/// What of a change can be told without a look at the controller's own tables. Every controller asks, so that all of it
/// is taken out of the change and the cluster once.
#[derive(Clone, Copy, Debug)]
pub(super) struct News<'a> {
    /// The change.
    pub(super) change: &'a Change,
    verb: Verb,
    fields: Fields,
    /// Is it the change of a pod?
    is_of_pod: bool,
    /// Of a pod: its controller, or `ObjectRef::NONE`.
    owner: ObjectRef,
    /// Of a pod: may somebody adopt it, or have owned it before?
    may_move: bool,
}

impl<'a> News<'a> {
    /// The change of anything but a pod.
    #[inline]
    pub(super) fn of_object(change: &'a Change) -> Self {
        let Change { verb, fields, .. } = *change;
        Self { change, verb, fields, is_of_pod: false, owner: ObjectRef::NONE, may_move: false }
    }

    /// The change of a pod.
    #[inline]
    pub(super) fn of_pod(change: &'a Change, cluster: &Cluster) -> Self {
        let Change { object, verb, fields, .. } = *change;
        let owner = object.as_pod().map_or(ObjectRef::NONE, |pod| cluster.pod(pod).controller);
        let may_be_adopted = !owner.is_some() && fields.intersects(Fields::LABELS | Fields::OWNERSHIP);
        let was_released = verb == Verb::Modified && fields.contains(Fields::OWNERSHIP);
        Self { change, verb, fields, is_of_pod: true, owner, may_move: may_be_adopted || was_released }
    }

    /// Is it the change of a pod?
    #[inline]
    pub(super) fn is_of_pod(&self) -> bool {
        self.is_of_pod
    }

    /// Anything but a pod, or a pod with a change of one of these fields.
    #[inline]
    pub(super) fn touches(&self, fields: Fields) -> bool {
        !self.is_of_pod || self.fields.intersects(fields)
    }

    /// Anything but a pod, or a pod to which this happened.
    #[inline]
    pub(super) fn is(&self, verb: Verb) -> bool {
        !self.is_of_pod || self.verb == verb
    }

    /// A pod with a controller of another kind.
    #[inline]
    pub(super) fn is_of_another(&self, kind: Kind) -> bool {
        self.owner.is_some() && self.owner.kind != kind
    }

    /// Anything but a pod, or a pod that controllers of this kind own, may adopt, or may have owned before.
    #[inline]
    pub(super) fn concerns(&self, kind: Kind) -> bool {
        !self.is_of_pod || self.may_move || self.owner.is_some() && self.owner.kind == kind
    }
}

/// What differs from one controller to another.
pub(super) trait Controller: std::fmt::Debug {
    /// What a sync remembers while its calls are under way.
    type Draft: std::fmt::Debug;

    /// `source.component` of its Events.
    const COMPONENT: &'static str;

    /// Can a change mean anything to it? Asked before `observe`, because most changes are of pods, of which there are
    /// many, and mean nothing to most controllers.
    #[inline]
    fn hears(&self, _news: News<'_>, _cluster: &Cluster) -> bool {
        true
    }

    /// A change arrived: notes it and queues the keys that it concerns. Cheap.
    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue);

    /// Decides what to do about `key`. Reads the cluster; may intern templates, writes nothing else.
    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<Self::Draft>;

    /// Goes on after a plan's stages. Only called with a draft.
    fn resume(
        &mut self,
        _now: SimTime,
        _key: ObjectRef,
        _draft: Self::Draft,
        _outcome: &Outcome,
        _cluster: &mut Cluster,
    ) -> Plan<Self::Draft> {
        Plan::done()
    }

    /// One of its own calls was carried out: what upstream's expectations would wait to see.
    fn wrote(&mut self, _object: ObjectRef, _cluster: &Cluster) {}

    /// What a sync of this key would still do, if nothing happens until then.
    fn significance(&self, _key: ObjectRef, _cluster: &Cluster) -> Significance {
        Significance::Live
    }
}

/// How a controller is run.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    /// `--concurrent-…-syncs`.
    pub(super) workers: u16,
    /// How failed keys wait.
    pub(super) limiter: RateLimiter,
    /// After how many retries a key is given up until its next change; `None` is never.
    pub(super) retries: Option<u32>,
    /// Multiplies `--kube-api-qps`.
    pub(super) qps_factor: f64,
    /// Multiplies `--kube-api-burst`.
    pub(super) burst_factor: u32,
    /// How long a sync takes before its writes.
    pub(super) sync: Latency,
}

impl Profile {
    /// The usual: this many workers, the default limiter, retries for ever, the manager's own client rate.
    pub(super) fn with_workers(workers: u16) -> Self {
        Self {
            workers,
            limiter: RateLimiter::default_controller(),
            retries: None,
            qps_factor: 1.0,
            burst_factor: 1,
            sync: Latency::ControllerSync,
        }
    }
}

/// A key in work.
#[derive(Debug)]
struct Work<D> {
    key: ObjectRef,
    /// `None` before the sync has decided.
    plan: Option<Progress<D>>,
}

/// A plan that is being carried out.
#[derive(Debug)]
struct Progress<D> {
    stages: std::vec::IntoIter<Stage>,
    /// Calls of the current stage that wait for their token.
    waiting: std::vec::IntoIter<Call>,
    /// When each has it.
    tokens: std::vec::IntoIter<SimTime>,
    /// When the last answer of the current stage arrives.
    answered_at: SimTime,
    outcome: Outcome,
    draft: Option<D>,
    failed: bool,
    again: Option<crate::engine::SimDuration>,
}

impl<D> Progress<D> {
    fn new(plan: Plan<D>) -> Self {
        Self {
            stages: plan.stages.into_iter(),
            waiting: Vec::new().into_iter(),
            tokens: Vec::new().into_iter(),
            answered_at: SimTime::ZERO,
            outcome: Outcome::default(),
            draft: plan.draft,
            failed: plan.failed,
            again: plan.again,
        }
    }
}

/// A controller with what runs it.
#[derive(Debug)]
pub(super) struct Runner<C: Controller> {
    id: ControllerId,
    controller: C,
    queue: WorkQueue,
    client: TokenBucket,
    works: Vec<Option<Work<C::Draft>>>,
    retries: Option<u32>,
    sync: Latency,
    latencies: Latencies,
    stream: Stream,
    /// The event for which the queue's first waiting key is waited: its time and its generation.
    timer: (SimTime, u32),
}

impl<C: Controller> Runner<C> {
    pub(super) fn new(id: ControllerId, controller: C, profile: Profile, settings: &ControllerSettings) -> Self {
        let own = settings.concurrent_syncs.iter().find(|(controller, _)| *controller == id);
        let workers = own.map_or(profile.workers, |(_, workers)| *workers);
        let burst = settings.client_burst.saturating_mul(profile.burst_factor);
        Self {
            id,
            controller,
            queue: WorkQueue::new(profile.limiter),
            client: TokenBucket::new(settings.client_qps * profile.qps_factor, burst),
            works: (0..workers).map(|_| None).collect(),
            retries: profile.retries,
            sync: profile.sync,
            latencies: settings.latencies.clone(),
            stream: settings.streams.stream("controllers/sync", id as u64),
            timer: (SimTime::NEVER, 0),
        }
    }

    #[inline]
    pub(super) fn observe(
        &mut self,
        now: SimTime,
        news: News<'_>,
        cluster: &Cluster,
        outbox: &mut Outbox<ControllerEvent>,
    ) {
        if self.controller.hears(news, cluster) {
            self.controller.observe(now, news.change, cluster, &mut self.queue);
            self.dispatch_news(now, outbox);
        }
    }

    /// Lets the controller hear of something that is no change of the API.
    pub(super) fn tell(
        &mut self,
        now: SimTime,
        outbox: &mut Outbox<ControllerEvent>,
        news: impl FnOnce(&mut C, &mut WorkQueue),
    ) {
        news(&mut self.controller, &mut self.queue);
        self.dispatch_news(now, outbox);
    }

    /// The controller, to be asked.
    #[inline]
    pub(super) fn controller(&self) -> &C {
        &self.controller
    }

    /// The controller, for what it keeps for others.
    pub(super) fn controller_mut(&mut self) -> &mut C {
        &mut self.controller
    }

    /// The queue's timer rang.
    pub(super) fn due(&mut self, now: SimTime, generation: u32, outbox: &mut Outbox<ControllerEvent>) {
        if generation == self.timer.1 {
            self.timer.0 = SimTime::NEVER;
            self.queue.release(now);
            self.dispatch(now, outbox);
        }
    }

    /// A worker goes on.
    pub(super) fn work(
        &mut self,
        now: SimTime,
        worker: u16,
        cluster: &mut Cluster,
        outbox: &mut Outbox<ControllerEvent>,
    ) {
        let Some(mut work) = self.works[usize::from(worker)].take() else { return };
        if let Some(next) = self.advance(now, &mut work, cluster) {
            self.works[usize::from(worker)] = Some(work);
            outbox.send(next, ControllerEvent::Work { controller: self.id, worker });
            return;
        }
        let progress = work.plan.expect("a work that is over had a plan");
        self.finish(now, work.key, progress.failed, progress.again);
        self.dispatch(now, outbox);
    }

    /// What the pending timer of the queue would still do.
    pub(super) fn timer_significance(&self, generation: u32, cluster: &Cluster) -> Significance {
        if generation != self.timer.1 {
            return Significance::Stale;
        }
        let keys = self.queue.waiting().map(|key| self.controller.significance(key, cluster));
        keys.max().unwrap_or(Significance::Stale)
    }

    /// Carries a key's work as far as it goes now. Returns when it goes on, `None` when it is over.
    fn advance(&mut self, now: SimTime, work: &mut Work<C::Draft>, cluster: &mut Cluster) -> Option<SimTime> {
        let key = work.key;
        let progress = match &mut work.plan {
            Some(progress) => progress,
            none => none.insert(Progress::new(self.controller.sync(now, key, cluster))),
        };
        loop {
            while progress.tokens.as_slice().first().is_some_and(|at| *at <= now)
                && let (Some(_), Some(call)) = (progress.tokens.next(), progress.waiting.next())
            {
                if !matches!(call, Call::Event(_)) {
                    progress.answered_at = now + self.latencies.fixed(Latency::ApiWrite);
                }
                self.carry_out(now, call, &mut progress.outcome, cluster);
            }
            if let Some(at) = progress.tokens.as_slice().first() {
                return Some(*at);
            }
            if progress.answered_at > now {
                return Some(progress.answered_at);
            }
            let next = if progress.outcome.refusal.is_none() { progress.stages.next() } else { None };
            if let Some(stage) = next {
                progress.tokens = self.reserve(now, &stage).into_iter();
                progress.waiting = stage.calls.into_iter();
            } else if let Some(draft) = progress.draft.take() {
                let plan = self.controller.resume(now, key, draft, &progress.outcome, cluster);
                *progress = Progress::new(plan);
            } else {
                progress.failed |= progress.outcome.refusal.is_some();
                return None;
            }
        }
    }

    fn carry_out(&mut self, now: SimTime, call: Call, outcome: &mut Outcome, cluster: &mut Cluster) {
        match perform(now, C::COMPONENT, call, cluster) {
            Ok(object) => {
                outcome.done += 1;
                outcome.object = Some(object);
                self.controller.wrote(object, cluster);
            }
            Err(refusal) => {
                outcome.refusal.get_or_insert(refusal);
            }
        }
    }

    /// Takes a token for each call. Events go out by themselves, beside the controller's requests.
    fn reserve(&mut self, now: SimTime, stage: &Stage) -> Vec<SimTime> {
        let token = |call| if matches!(call, &Call::Event(_)) { now } else { self.client.reserve(now) };
        stage.calls.iter().map(token).collect()
    }

    /// Upstream: each controller's `processNextWorkItem` and `handleErr`.
    fn finish(&mut self, now: SimTime, key: ObjectRef, failed: bool, again: Option<crate::engine::SimDuration>) {
        self.queue.done(key);
        if let Some(delay) = again {
            self.queue.add_after(now, key, delay);
        }
        if failed && self.retries.is_none_or(|most| self.queue.failures(key) < most) {
            self.queue.add_rate_limited(now, key);
        } else {
            self.queue.forget(key);
        }
    }

    /// Dispatches if the last observation asked for a sync. Most changes concern most controllers not at all.
    #[inline]
    fn dispatch_news(&mut self, now: SimTime, outbox: &mut Outbox<ControllerEvent>) {
        if self.queue.take_news() {
            self.dispatch(now, outbox);
        }
    }

    /// Gives ready keys to idle workers, and waits for the first key that is not ready.
    pub(super) fn dispatch(&mut self, now: SimTime, outbox: &mut Outbox<ControllerEvent>) {
        for worker in 0..self.works.len() {
            if self.works[worker].is_some() {
                continue;
            }
            let Some(key) = self.queue.get() else { break };
            self.works[worker] = Some(Work { key, plan: None });
            let at = now + self.latencies.sample(self.sync, &mut self.stream);
            outbox.send(at, ControllerEvent::Work { controller: self.id, worker: worker as u16 });
        }
        if let Some(due) = self.queue.next_due().filter(|due| *due < self.timer.0) {
            self.timer = (due, self.timer.1.wrapping_add(1));
            outbox.send(due, ControllerEvent::Due { controller: self.id, generation: self.timer.1 });
        }
    }
}
