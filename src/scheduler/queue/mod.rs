//! The scheduling queue: pods ready to be tried, pods that back off, pods that wait for a change of the cluster.
//! Upstream: backend/queue `PriorityQueue`.

mod active;
mod hints;
mod nominator;
mod profile;
mod queued_pod;
#[cfg(test)]
mod tests;
mod unschedulable;

use std::hash::BuildHasherDefault;

use priority_queue::PriorityQueue;
use rustc_hash::{FxHashMap, FxHasher};

use active::ActiveQueue;
pub use nominator::{Nominator, entry};
pub use profile::QueueProfile;
use queued_pod::{BackoffKey, first_tick_after};
pub use queued_pod::{BackoffSettings, QueuedPod};
use unschedulable::{GroupKey, UnschedulablePods};

use super::framework::{ClusterEvent, PluginName, PluginSet};
use crate::cluster::Cluster;
use crate::engine::id_map::IdMap;
use crate::engine::{SimDuration, SimTime};
use crate::model::object::PodId;
use crate::scheduler::plugins::dynamic_resources;

type KeyedQueue<K> = PriorityQueue<PodId, K, BuildHasherDefault<FxHasher>>;

/// `--pod-max-in-unschedulable-pods-duration`.
const MAX_IN_UNSCHEDULABLE_PODS: SimDuration = SimDuration::from_secs(300);
/// How often pods that waited longer than that are looked for.
const UNSCHEDULABLE_SCAN: SimDuration = SimDuration::from_secs(30);

/// Where a waiting pod is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Active,
    Backoff,
    ErrorBackoff,
    Unschedulable(GroupKey),
}

#[derive(Debug)]
struct Waiting {
    pod: QueuedPod,
    place: Place,
}

/// All pods that wait for a node.
#[derive(Debug, Default)]
pub struct SchedulingQueue {
    /// By pod.
    waiting: IdMap<Waiting>,
    active: ActiveQueue,
    backoff: KeyedQueue<BackoffKey>,
    error_backoff: KeyedQueue<BackoffKey>,
    unschedulable: UnschedulablePods,
    /// The pod that is being tried.
    in_flight: Option<PodId>,
    /// What happened since a pod is in flight.
    in_flight_events: Vec<ClusterEvent>,
    /// Nominations.
    pub nominator: Nominator,
    /// Pods whose victims are being deleted, with the last of these: held back until the calls are made.
    preempting: FxHashMap<PodId, PodId>,
    settings: BackoffSettings,
    profiles: Vec<QueueProfile>,
    sequence: u32,
}

impl SchedulingQueue {
    /// An empty queue.
    pub fn new(settings: BackoffSettings, profiles: Vec<QueueProfile>) -> Self {
        Self { settings, profiles, ..Self::default() }
    }

    /// Is there nothing to pop now?
    pub fn is_idle(&self) -> bool {
        self.active.is_empty() && self.backoff.is_empty()
    }

    /// Number of pods waiting in any way, the one in flight left out.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// None?
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Is this pod waiting (not in flight)?
    pub fn contains(&self, pod: PodId) -> bool {
        self.waiting.contains(pod.index())
    }

    /// Is this pod being tried now?
    pub fn is_in_flight(&self, pod: PodId) -> bool {
        self.in_flight == Some(pod)
    }

    /// What is kept of a waiting pod.
    pub fn get(&self, pod: PodId) -> Option<&QueuedPod> {
        self.waiting.get(pod.index()).map(|waiting| &waiting.pod)
    }

    /// One pod of each group that waits for a change and is not gated.
    pub fn unschedulable_representatives(&self) -> impl Iterator<Item = PodId> + '_ {
        self.unschedulable.groups().filter(|(key, _)| key.gating_plugin.is_none()).map(|(_, pod)| pod)
    }

    /// A new pod.
    pub fn add(&mut self, now: SimTime, cluster: &Cluster, pod: PodId) {
        if self.waiting.contains(pod.index()) {
            return;
        }
        let queued = QueuedPod::new(now, self.sequence, cluster.template_of(pod).spec.priority);
        self.sequence += 1;
        self.activate_or_gate(now, cluster, pod, queued);
        let nominated = cluster.pod(pod).nominated;
        if nominated.is_some() {
            self.nominator.set(pod, nominated);
        }
    }

    /// The next pod to try. An idle scheduler takes pods that back off too, except after errors.
    pub fn pop(&mut self) -> Option<(PodId, QueuedPod)> {
        let waiting = &self.waiting;
        let active = self.active.pop(|pod, key| {
            waiting
                .get(pod.index())
                .is_some_and(|waiting| waiting.place == Place::Active && waiting.pod.active_key() == key)
        });
        let pod = active.or_else(|| self.backoff.pop().map(|(pod, _)| pod))?;
        let mut queued = self.waiting.remove(pod.index()).expect("a queued pod has a record").pod;
        queued.attempts += 1;
        self.in_flight = Some(pod);
        self.in_flight_events.clear();
        Some((pod, queued))
    }

    /// The pod in flight has a node, or is not to be tried again.
    pub fn done(&mut self, pod: PodId) {
        self.in_flight.take_if(|in_flight| *in_flight == pod);
    }

    /// Puts a pod back whose attempt failed, by binding or before. Upstream: `AddUnschedulableIfNotPresent`.
    pub fn add_unschedulable(
        &mut self,
        now: SimTime,
        cluster: &Cluster,
        pod: PodId,
        mut queued: QueuedPod,
        rejectors: PluginSet,
    ) {
        let was_in_flight = self.in_flight.take_if(|in_flight| *in_flight == pod).is_some();
        if self.waiting.contains(pod.index()) {
            return;
        }
        queued.unschedulable_plugins = rejectors;
        queued.timestamp = now;
        queued.priority = cluster.template_of(pod).spec.priority;
        if rejectors.is_empty() {
            queued.consecutive_errors += 1;
        } else {
            queued.unschedulable_count += 1;
            queued.consecutive_errors = 0;
        }
        let profile = profile::of(&self.profiles, cluster, pod);
        let helps = |event: &ClusterEvent| hints::is_worth_requeuing(rejectors, event, pod, cluster, profile);
        let retries = !was_in_flight || rejectors.is_empty() || self.in_flight_events.iter().any(helps);
        if retries {
            self.requeue(now, cluster, pod, queued);
        } else {
            self.park(cluster, pod, queued);
        }
    }

    /// A change of the cluster: moves the pods it may help. Upstream: `MoveAllToActiveOrBackoffQueue`.
    pub fn move_all(&mut self, now: SimTime, cluster: &Cluster, event: &ClusterEvent) {
        self.move_some(now, cluster, event, i32::MAX);
    }

    /// The same for pods of at most this priority.
    pub fn move_some(&mut self, now: SimTime, cluster: &Cluster, event: &ClusterEvent, priority_at_most: i32) {
        if self.in_flight.is_some() {
            self.in_flight_events.push(event.clone());
        }
        let mut helped = Vec::new();
        for (key, representative) in self.unschedulable.groups() {
            let is_low = cluster.template(key.template).spec.priority <= priority_at_most;
            if is_low && helps_group(key, event, representative, cluster, &self.profiles) {
                helped.extend(self.unschedulable.group(key));
            }
        }
        for pod in helped {
            let queued = self.leave(pod).expect("it was found in its group");
            self.requeue(now, cluster, pod, queued);
        }
    }

    /// A waiting pod changed: `events` say in which respects. Upstream: `PriorityQueue.Update`.
    pub fn update(&mut self, now: SimTime, cluster: &Cluster, pod: PodId, events: &[ClusterEvent]) {
        if self.is_in_flight(pod) {
            self.in_flight_events.extend_from_slice(events);
            return;
        }
        let Some(Waiting { place: Place::Unschedulable(key), .. }) = self.waiting.get(pod.index()) else { return };
        let key = *key;
        let helped = events.iter().any(|event| helps_group(key, event, pod, cluster, &self.profiles));
        let queued = self.leave(pod).expect("it was looked up above");
        if helped {
            self.requeue(now, cluster, pod, queued);
        } else {
            self.park(cluster, pod, queued);
        }
    }

    /// A pod is gone or has a node.
    pub fn delete(&mut self, pod: PodId) {
        self.nominator.remove(pod);
        self.leave(pod);
    }

    /// Pods whose back-off is over become active: the flush loop's tick.
    pub fn flush_backoff(&mut self, now: SimTime) {
        for is_error in [false, true] {
            let queue = if is_error { &mut self.error_backoff } else { &mut self.backoff };
            let expired: Vec<PodId> = std::iter::from_fn(|| pop_expired(queue, now)).collect();
            for pod in expired {
                let queued = self.waiting.remove(pod.index()).expect("a queued pod has a record").pod;
                self.activate(now, pod, queued);
            }
        }
    }

    /// The first tick at which a back-off is over.
    pub fn next_backoff_flush(&self) -> SimTime {
        let expiry = |queue: &KeyedQueue<BackoffKey>| queue.peek().map(|(_, (expiry, _))| expiry.0);
        let earliest = [expiry(&self.backoff), expiry(&self.error_backoff)].into_iter().flatten().min();
        earliest.map_or(SimTime::NEVER, first_tick_after)
    }

    /// Pods that have waited for more than five minutes are tried again.
    pub fn flush_unschedulable(&mut self, now: SimTime, cluster: &Cluster) {
        let until = SimTime(now.0.saturating_sub(MAX_IN_UNSCHEDULABLE_PODS.0));
        for pod in self.unschedulable.older_than(until) {
            let queued = self.leave(pod).expect("it was found by its time");
            self.requeue(now, cluster, pod, queued);
        }
    }

    /// The first scan at which a pod has waited for more than five minutes.
    pub fn next_unschedulable_flush(&self) -> SimTime {
        let Some(oldest) = self.unschedulable.oldest() else { return SimTime::NEVER };
        let strictly_later = oldest + MAX_IN_UNSCHEDULABLE_PODS + SimDuration(1);
        strictly_later.next_on_grid(SimTime::ZERO, UNSCHEDULABLE_SCAN)
    }

    /// A pod's victims are being deleted, `last` last of all; `None`: all calls are made.
    pub fn set_preempting(&mut self, pod: PodId, last: Option<PodId>) {
        match last {
            Some(victim) => self.preempting.insert(pod, victim),
            None => self.preempting.remove(&pod),
        };
    }

    /// After back-off, or at once if it is over.
    fn requeue(&mut self, now: SimTime, cluster: &Cluster, pod: PodId, mut queued: QueuedPod) {
        if !queued.is_backing_off(now, self.settings) {
            self.activate_or_gate(now, cluster, pod, queued);
            return;
        }
        if let Some(gate) = self.gate_of(cluster, pod) {
            self.hold(cluster, pod, queued, gate);
            return;
        }
        queued.gating_plugin = None;
        let is_error = queued.unschedulable_plugins.is_empty();
        let (place, queue) =
            if is_error { (Place::ErrorBackoff, &mut self.error_backoff) } else { (Place::Backoff, &mut self.backoff) };
        queue.push(pod, queued.backoff_key(self.settings));
        self.waiting.insert(pod.index(), Waiting { pod: queued, place });
    }

    fn activate_or_gate(&mut self, now: SimTime, cluster: &Cluster, pod: PodId, queued: QueuedPod) {
        match self.gate_of(cluster, pod) {
            Some(gate) => self.hold(cluster, pod, queued, gate),
            None => self.activate(now, pod, queued),
        }
    }

    fn activate(&mut self, now: SimTime, pod: PodId, mut queued: QueuedPod) {
        queued.gating_plugin = None;
        queued.initial_attempt.get_or_insert(now);
        self.active.push(pod, queued.active_key());
        self.waiting.insert(pod.index(), Waiting { pod: queued, place: Place::Active });
    }

    fn hold(&mut self, cluster: &Cluster, pod: PodId, mut queued: QueuedPod, gate: PluginName) {
        queued.gating_plugin = Some(gate);
        queued.unschedulable_plugins = queued.unschedulable_plugins.with(gate);
        self.park(cluster, pod, queued);
    }

    /// Among those that wait for a change.
    fn park(&mut self, cluster: &Cluster, pod: PodId, queued: QueuedPod) {
        let row = cluster.pod(pod);
        let key = GroupKey {
            namespace: row.namespace,
            template: row.template,
            rejectors: queued.unschedulable_plugins,
            gating_plugin: queued.gating_plugin,
        };
        self.unschedulable.insert(key, queued.timestamp, pod);
        self.waiting.insert(pod.index(), Waiting { pod: queued, place: Place::Unschedulable(key) });
    }

    /// Takes a pod out, wherever it is.
    fn leave(&mut self, pod: PodId) -> Option<QueuedPod> {
        let Waiting { pod: queued, place } = self.waiting.remove(pod.index())?;
        match place {
            Place::Active => self.active.leave(),
            Place::Backoff => drop(self.backoff.remove(&pod)),
            Place::ErrorBackoff => drop(self.error_backoff.remove(&pod)),
            Place::Unschedulable(key) => {
                self.unschedulable.remove(key, queued.timestamp, pod);
            }
        }
        Some(queued)
    }

    /// The plugin that keeps a pod out of the active queue (PreEnqueue).
    fn gate_of(&self, cluster: &Cluster, pod: PodId) -> Option<PluginName> {
        let holds = profile::of(&self.profiles, cluster, pod).pre_enqueue;
        let has_gates = !cluster.template_of(pod).spec.scheduling_gates.is_empty();
        if has_gates && holds.contains(PluginName::SchedulingGates) {
            return Some(PluginName::SchedulingGates);
        }
        if holds.contains(PluginName::DynamicResources) && dynamic_resources::lacks_claim(cluster, pod) {
            return Some(PluginName::DynamicResources);
        }
        if !holds.contains(PluginName::DefaultPreemption) {
            return None;
        }
        let last = cluster.pod(*self.preempting.get(&pod)?);
        (!last.deleted && last.deletion.is_none()).then_some(PluginName::DefaultPreemption)
    }
}

fn helps_group(key: GroupKey, event: &ClusterEvent, pod: PodId, cluster: &Cluster, profiles: &[QueueProfile]) -> bool {
    key.gating_plugin.is_none_or(|gate| hints::reopens(gate, event, pod))
        && hints::is_worth_requeuing(key.rejectors, event, pod, cluster, profile::of(profiles, cluster, pod))
}

fn pop_expired(queue: &mut KeyedQueue<BackoffKey>, now: SimTime) -> Option<PodId> {
    let (_, (expiry, _)) = queue.peek()?;
    if first_tick_after(expiry.0) > now {
        return None;
    }
    queue.pop().map(|(pod, _)| pod)
}
