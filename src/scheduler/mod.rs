//! kube-scheduler: watches pods and nodes, finds a node for each pod, binds it there.
//!
//! One pod is tried at a time (`schedule_one`); binding runs beside it (`binding`). What it knows of the cluster is its
//! cache, which lags behind the API server and runs ahead of it by assumed pods. Never talks to other components.

pub mod algorithm;
mod asked;
mod attempt;
mod binding;
pub mod cache;
mod client_limit;
pub mod config;
mod cycle;
#[cfg(test)]
mod equivalence_tests;
mod event_handlers;
pub mod explain;
mod feasible_nodes;
pub mod fit_error;
pub mod framework;
pub mod plugins;
pub mod preemption;
pub mod queue;
#[cfg(test)]
mod reference_tests;
pub mod registry;
mod schedule_one;
mod select_host;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod volume_wait;

pub use attempt::{Attempt, AttemptResult};

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::cluster::{Change, Cluster};
use crate::engine::id_map::IdMap;
use crate::engine::random::{Stream, Streams};
use crate::engine::{Outbox, Significance, SimTime};
use crate::model::latency::Latencies;
use crate::model::object::{NodeId, PodId, TemplateId};
use algorithm::{Algorithm, Outcome};
use cache::Cache;
use client_limit::ClientLimit;
use config::SchedulerConfiguration;
use plugins::volumes::VolumeDecisions;
use preemption::PostFilter;
use preemption::executor::Preempting;
use queue::{QueueProfile, QueuedPod, SchedulingQueue};
use volume_wait::VolumeWait;

/// What the scheduler is started with.
#[derive(Debug)]
pub struct SchedulerSettings {
    /// Delays.
    pub latencies: Latencies,
    /// Random streams of the run.
    pub streams: Streams,
    /// What its configuration file says.
    pub configuration: SchedulerConfiguration,
}

impl SchedulerSettings {
    /// With the default configuration.
    pub fn new(latencies: Latencies, streams: Streams) -> Self {
        Self { latencies, streams, configuration: SchedulerConfiguration::default() }
    }
}

/// The scheduler's own events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchedulerEvent {
    /// The scheduling thread goes on: ends the attempt under way, if any, and takes the next pod.
    ScheduleOne,
    /// A binding reaches the API server.
    Bind(PodId),
    /// Decisions about volumes reach the API server.
    BindVolumes(PodId),
    /// A pod that waits for its volumes looks at them.
    CheckVolumes(PodId),
    /// The next victim of this pod is deleted.
    Evict(PodId),
    /// The tick of the back-off flush that this generation asked for.
    FlushBackoff(u32),
    /// The scan for pods that have waited for minutes that this generation asked for.
    FlushUnschedulable(u32),
}

/// What the scheduling thread does.
#[derive(Debug, Default)]
enum Thread {
    /// Waits for a pod; no event is under way.
    #[default]
    Idle,
    /// An event is under way to take the next pod.
    Ready,
    /// The algorithm runs; its outcome is known already, its end is under way.
    Deciding(Box<Trial>),
    /// A failed pod's status is being written.
    Patching(Box<schedule_one::StatusPatch>),
}

/// One attempt under way.
#[derive(Debug)]
struct Trial {
    pod: PodId,
    queued: QueuedPod,
    outcome: Outcome,
    /// What PostFilter came to, if there is no feasible node.
    post_filter: Option<PostFilter>,
    /// What becomes of its unbound claims, if there is one.
    volumes: VolumeDecisions,
    /// Which profile it is.
    profile: usize,
}

/// A pod without a node as last seen.
#[derive(Clone, Copy, Debug)]
struct Seen {
    template: TemplateId,
    nominated: NodeId,
}

/// A binding under way.
#[derive(Debug)]
struct Binding {
    node: NodeId,
    queued: QueuedPod,
    /// Volumes that have to be bound first.
    volumes: Option<VolumeWait>,
}

/// A timer of which at most one is right: older ones are dropped when they fire.
#[derive(Clone, Copy, Debug, Default)]
struct Timer {
    at: Option<SimTime>,
    generation: u32,
}

impl Timer {
    /// Asks for a wake-up at `at`; `None` if one is under way that is not later, or `at` is never.
    fn ask(&mut self, at: SimTime) -> Option<u32> {
        if at == SimTime::NEVER || self.at.is_some_and(|earlier| earlier <= at) {
            return None;
        }
        self.at = Some(at);
        self.generation += 1;
        Some(self.generation)
    }

    /// It fired: is it the one that was asked for last?
    fn fire(&mut self, generation: u32) -> bool {
        let is_right = generation == self.generation && self.at.is_some();
        if is_right {
            self.at = None;
        }
        is_right
    }
}

/// The scheduler.
#[derive(Debug)]
pub struct Scheduler {
    settings: SchedulerSettings,
    cache: Cache,
    queue: SchedulingQueue,
    /// One for each profile.
    algorithms: Vec<Algorithm>,
    /// Where the next search begins in the list of nodes, whatever the profile.
    next_start_node_index: usize,
    thread: Thread,
    /// By pod.
    bindings: IdMap<Binding>,
    /// Each pod without a node as last seen: what an update is compared with.
    seen: IdMap<Seen>,
    preemptions: FxHashMap<PodId, Preempting>,
    limit: ClientLimit,
    stream: Stream,
    preemption_stream: Stream,
    backoff_timer: Timer,
    unschedulable_timer: Timer,
    attempts: Vec<Attempt>,
    /// Bindings that sleep until a volume or claim changes.
    volume_waits: BTreeSet<PodId>,
    /// Has a volume or claim changed that a binding may wait for?
    volumes_changed: bool,
}

impl Scheduler {
    /// A scheduler that knows nothing yet.
    pub fn new(mut settings: SchedulerSettings) -> Self {
        let profiles = std::mem::take(&mut settings.configuration.profiles);
        let SchedulerConfiguration { percentage_of_nodes_to_score, backoff, client_qps, client_burst, .. } =
            settings.configuration;
        let queue_profiles = profiles.iter().map(QueueProfile::of).collect();
        let algorithm = |profile| Algorithm::new(profile, percentage_of_nodes_to_score);
        Self {
            cache: Cache::default(),
            queue: SchedulingQueue::new(backoff, queue_profiles),
            algorithms: profiles.into_iter().map(algorithm).collect(),
            next_start_node_index: 0,
            thread: Thread::Idle,
            bindings: IdMap::default(),
            seen: IdMap::default(),
            limit: ClientLimit::new(client_qps, client_burst),
            preemptions: FxHashMap::default(),
            stream: settings.streams.stream("scheduler/latency", 0),
            preemption_stream: settings.streams.stream("scheduler/preemption", 0),
            backoff_timer: Timer::default(),
            unschedulable_timer: Timer::default(),
            attempts: Vec::new(),
            volume_waits: BTreeSet::new(),
            volumes_changed: false,
            settings,
        }
    }

    /// A change of the log reached the scheduler.
    pub fn observe(
        &mut self,
        now: SimTime,
        change: &Change,
        cluster: &mut Cluster,
        outbox: &mut Outbox<SchedulerEvent>,
    ) {
        // Nothing that `wake` looks at changes either.
        if event_handlers::is_noise(change) {
            return;
        }
        self.on_change(now, change, cluster);
        if std::mem::take(&mut self.volumes_changed) {
            self.wake_volume_waits(now, cluster, outbox);
        }
        self.wake(now, outbox);
    }

    /// One of its own events is due.
    pub fn handle(
        &mut self,
        now: SimTime,
        event: SchedulerEvent,
        cluster: &mut Cluster,
        outbox: &mut Outbox<SchedulerEvent>,
    ) {
        match event {
            SchedulerEvent::ScheduleOne => self.schedule_one(now, cluster, outbox),
            SchedulerEvent::Bind(pod) => self.bind(now, pod, cluster),
            SchedulerEvent::BindVolumes(pod) => self.write_volume_decisions(now, pod, cluster, outbox),
            SchedulerEvent::CheckVolumes(pod) => self.check_volumes(now, pod, cluster, outbox),
            SchedulerEvent::Evict(preemptor) => self.evict(now, preemptor, cluster, outbox),
            SchedulerEvent::FlushBackoff(generation) => {
                if self.backoff_timer.fire(generation) {
                    self.queue.flush_backoff(now);
                }
            }
            SchedulerEvent::FlushUnschedulable(generation) => {
                if self.unschedulable_timer.fire(generation) {
                    self.queue.flush_unschedulable(now, cluster);
                }
            }
        }
        self.wake(now, outbox);
    }

    /// What a pending event would still do.
    pub fn significance(&self, event: SchedulerEvent, _cluster: &Cluster) -> Significance {
        match event {
            SchedulerEvent::ScheduleOne | SchedulerEvent::Evict(_) => Significance::Live,
            SchedulerEvent::Bind(pod) if self.bindings.contains(pod.index()) => Significance::Live,
            SchedulerEvent::Bind(_) => Significance::Stale,
            SchedulerEvent::BindVolumes(pod) | SchedulerEvent::CheckVolumes(pod) => {
                let wait = self.bindings.get(pod.index()).and_then(|binding| binding.volumes.as_ref());
                match wait {
                    None => Significance::Stale,
                    // Only a change or the timeout ends this wait.
                    Some(wait) if wait.is_asleep() => Significance::Background,
                    Some(_) => Significance::Live,
                }
            }
            SchedulerEvent::FlushBackoff(generation) if generation != self.backoff_timer.generation => {
                Significance::Stale
            }
            // Without any node each try shows the same.
            SchedulerEvent::FlushBackoff(_) if self.cache.node_count() == 0 => Significance::Background,
            SchedulerEvent::FlushBackoff(_) => Significance::Live,
            SchedulerEvent::FlushUnschedulable(generation) if generation != self.unschedulable_timer.generation => {
                Significance::Stale
            }
            SchedulerEvent::FlushUnschedulable(_) => Significance::Background,
        }
    }

    /// The place of a pod's profile; `None` if the pod is for another scheduler.
    fn profile_of(&self, cluster: &Cluster, pod: PodId) -> Option<usize> {
        let name = &cluster.template_of(pod).spec.scheduler_name;
        self.algorithms.iter().position(|algorithm| algorithm.profile.scheduler_name == *name)
    }

    /// Has any pod been tried since they were last taken?
    #[inline]
    pub fn has_attempts(&self) -> bool {
        !self.attempts.is_empty()
    }

    /// The attempts since the last call, in order.
    pub fn take_attempts(&mut self) -> std::vec::Drain<'_, Attempt> {
        self.attempts.drain(..)
    }

    /// Its view of the cluster.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Its queue.
    pub fn queue(&self) -> &SchedulingQueue {
        &self.queue
    }

    /// Sends what has to happen next: the thread's next pod, the next flush that would move something.
    fn wake(&mut self, now: SimTime, outbox: &mut Outbox<SchedulerEvent>) {
        if matches!(self.thread, Thread::Idle) && !self.queue.is_idle() {
            self.thread = Thread::Ready;
            outbox.send(now, SchedulerEvent::ScheduleOne);
        }
        let flush = self.queue.next_backoff_flush();
        if let Some(generation) = self.backoff_timer.ask(flush.max(now)) {
            outbox.send(flush.max(now), SchedulerEvent::FlushBackoff(generation));
        }
        let scan = self.queue.next_unschedulable_flush();
        if let Some(generation) = self.unschedulable_timer.ask(scan.max(now)) {
            outbox.send(scan.max(now), SchedulerEvent::FlushUnschedulable(generation));
        }
    }
}
