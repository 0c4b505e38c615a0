//! Node-pressure eviction: rounds on a grid of ten seconds, but only those at which something can be found out.
//! A round looks at the signals, sets conditions, and evicts at most one pod.
//! Upstream: kubelet eviction `managerImpl.synchronize`, `evictPod`, `Admit`.

use smallvec::SmallVec;

use super::configuration::SYSTEM_CRITICAL;
use super::eviction_rank::{Candidate, ContainerUse, in_kibibytes, message, rank, rank_by_processes};
use super::thresholds::{Amount, Pressure, Signal, Threshold};
use super::worker::{Flags, Stage};
use super::{Hubs, KubeletEvent, Kubelets};
use crate::cluster::EventType;
use crate::engine::{SimDuration, SimTime};
use crate::machines;
use crate::model::Text;
use crate::model::object::{NodeId, PodId};
use crate::model::pod_template::{PodTemplate, QosClass};
use crate::model::quantity::Quantity;
use crate::model::taint::{Taint, TaintEffect, first_untolerated};

/// Upstream: kubelet `evictionMonitoringPeriod`.
const ROUND: SimDuration = SimDuration::from_secs(10);
/// Upstream: eviction `podCleanupTimeout`, `podCleanupPollFreq`.
const CLEAN_UP: SimDuration = SimDuration::from_secs(30);
const CLEAN_UP_POLL: SimDuration = SimDuration::from_secs(1);
/// Seconds of grace of a pod evicted at once. Upstream: eviction `immediateEvictionGracePeriodSeconds`.
const AT_ONCE: u32 = 1;
/// Stands for a threshold of process ids where none is configured and a fault uses them up.
const PIDS: Threshold =
    Threshold { signal: Signal::Pids, value: Amount::Absolute(Quantity::from_whole(1024)), grace: None, reclaim: None };

/// What the manager of one node remembers.
#[derive(Debug)]
pub(super) struct EvictionState {
    /// Rounds are at this instant plus whole tens of seconds.
    pub phase: SimTime,
    /// When the pending round is due, `NEVER` for none; others are stale.
    due: SimTime,
    /// Thresholds met at the last round, with the round at which they were first seen.
    met: SmallVec<[(Signal, bool, SimTime); 2]>,
    /// When each pressure was last seen.
    last_seen: [SimTime; 3],
    /// Which pressures hold.
    pub holds: [bool; 3],
    /// The pod that was evicted last, while it is waited for, and since when.
    victim: Option<(PodId, SimTime)>,
    /// Known while no threshold is met and no fault takes anything.
    calm: Option<Calm>,
}

impl EvictionState {
    pub fn new(phase: SimTime) -> Self {
        Self {
            phase,
            due: SimTime::NEVER,
            met: SmallVec::new(),
            last_seen: [SimTime::NEVER; 3],
            holds: [false; 3],
            victim: None,
            calm: None,
        }
    }

    /// Would a round find other thresholds met than the last one did?
    fn differs(&self, observed: &[Observed]) -> bool {
        observed.iter().any(|one| {
            let before = self.met.iter().any(|(signal, soft, _)| (*signal, *soft) == one.key());
            one.is_met(before) != before
        }) || self.met.iter().any(|(signal, soft, _)| !observed.iter().any(|one| one.key() == (*signal, *soft)))
    }
}

/// Up to what use no threshold is met.
#[derive(Clone, Copy, Debug)]
struct Calm {
    /// What the thresholds were worked out for: capacity and allocatable memory.
    of: (machines::Capacity, u64),
    most: Use,
}

/// What signals measure of a node.
#[derive(Clone, Copy, Debug)]
struct Use {
    memory: u64,
    disk: u64,
    inodes: u64,
    processes: u64,
}

/// A threshold and what is there.
#[derive(Clone, Copy, Debug)]
struct Observed {
    threshold: Threshold,
    available: u64,
    capacity: u64,
}

impl Use {
    fn is_within(self, most: Self) -> bool {
        self.memory <= most.memory
            && self.disk <= most.disk
            && self.inodes <= most.inodes
            && self.processes <= most.processes
    }

    /// The greatest use with which none of these thresholds, which are not met now, would be.
    fn up_to_thresholds(self, observed: &[Observed]) -> Self {
        let mut most = Self { memory: u64::MAX, disk: u64::MAX, inodes: u64::MAX, processes: u64::MAX };
        for one in observed {
            let (used, most) = match one.threshold.signal {
                Signal::Memory | Signal::AllocatableMemory => (self.memory, &mut most.memory),
                Signal::NodeFs | Signal::ImageFs => (self.disk, &mut most.disk),
                Signal::NodeFsInodes | Signal::ImageFsInodes => (self.inodes, &mut most.inodes),
                Signal::Pids => (self.processes, &mut most.processes),
            };
            *most = (*most).min(used.saturating_add(one.available.saturating_sub(one.limit())));
        }
        most
    }
}

impl Observed {
    fn limit(&self) -> u64 {
        self.threshold.value.of(self.capacity)
    }

    /// What is left, as messages show it. Upstream: eviction `makeSignalObservations`.
    fn shown(&self) -> Quantity {
        match self.threshold.signal {
            Signal::NodeFsInodes | Signal::ImageFsInodes | Signal::Pids => {
                Quantity::from_whole(i64::try_from(self.available).unwrap_or(i64::MAX))
            }
            _ => in_kibibytes(self.available),
        }
    }

    /// Below the threshold; or, once met, still not far enough above it.
    fn is_met(&self, before: bool) -> bool {
        let more = self.threshold.reclaim.filter(|_| before).map_or(0, |amount| amount.of(self.capacity));
        self.available < self.limit() + more
    }

    fn key(&self) -> (Signal, bool) {
        (self.threshold.signal, self.threshold.grace.is_some())
    }
}

impl Kubelets {
    /// What the signals of a node say.
    fn observe_signals(&self, hubs: &Hubs<'_>, node: NodeId) -> SmallVec<[Observed; 6]> {
        let machine = hubs.machines.machine(node);
        let capacity = machine.capacity();
        let eaten = machine.health().pressure;
        let state = self.nodes.get(node.index());
        let pods = state.map_or(0, |state| u64::from(state.pods));
        let allocatable = state.map_or(0, |state| state.allocatable_memory);
        let allocatable = if allocatable == 0 { u64::MAX } else { allocatable };
        let pids = (eaten.contains(machines::Pressure::PIDS)
            && !self.settings.configuration.thresholds.iter().any(|threshold| threshold.signal == Signal::Pids))
        .then_some(PIDS);
        let mut observed = SmallVec::new();
        for threshold in self.settings.configuration.thresholds.iter().copied().chain(pids) {
            let (total, used, fault) = match threshold.signal {
                Signal::Memory => (capacity.memory, hubs.machines.memory_used(node), machines::Pressure::MEMORY),
                Signal::NodeFs | Signal::ImageFs => (capacity.disk, machine.disk_used(), machines::Pressure::DISK),
                // Each sandbox has a process of its own.
                Signal::Pids => (capacity.processes(), machine.processes() + pods, machines::Pressure::PIDS),
                Signal::NodeFsInodes | Signal::ImageFsInodes => {
                    (capacity.inodes(), machine.inodes_used(), machines::Pressure::empty())
                }
                Signal::AllocatableMemory => {
                    // What is allocatable and the threshold: all that is not reserved.
                    // Upstream: cm `getNodeAllocatableAbsolute`, the limit of the cgroup `kubepods`.
                    let all = allocatable.saturating_add(threshold.value.of(capacity.memory));
                    (capacity.memory.min(all), hubs.machines.memory_used(node), machines::Pressure::empty())
                }
            };
            if total == 0 {
                continue;
            }
            let limit = threshold.value.of(total);
            let mut available = total.saturating_sub(used);
            if !fault.is_empty() && eaten.contains(fault) {
                // What is outside pods takes whatever is left down to half of the threshold.
                available = available.min(limit / 2);
            }
            observed.push(Observed { threshold, available, capacity: total });
        }
        observed
    }

    /// Does any threshold count process ids?
    pub(super) fn counts_processes(&self) -> bool {
        self.settings.configuration.thresholds.iter().any(|threshold| threshold.signal == Signal::Pids)
    }

    /// Something that signals depend on has changed: a round is booked if it would find something else than the last.
    pub(super) fn signals_changed(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        if self.nodes.len() <= node.index() || !hubs.machines.kubelet_up(node) {
            return;
        }
        let (of, used) = self.measure(hubs, node);
        let is_free = hubs.machines.machine(node).health().pressure.is_empty();
        let state = &self.nodes[node.index()].eviction;
        if is_free && state.calm.is_some_and(|calm| calm.of == of && used.is_within(calm.most)) {
            debug_assert!(!state.differs(&self.observe_signals(hubs, node)), "{node:?} is not calm: {used:?}");
            return;
        }
        let observed = self.observe_signals(hubs, node);
        let state = &mut self.nodes[node.index()].eviction;
        let differs = state.differs(&observed);
        let is_calm = is_free && !differs && state.met.is_empty();
        state.calm = is_calm.then(|| Calm { of, most: used.up_to_thresholds(&observed) });
        if differs {
            self.book_round(hubs, node, hubs.now);
        }
    }

    /// What thresholds depend on, and what is used now.
    fn measure(&self, hubs: &Hubs<'_>, node: NodeId) -> ((machines::Capacity, u64), Use) {
        let machine = hubs.machines.machine(node);
        let state = &self.nodes[node.index()];
        let used = Use {
            memory: hubs.machines.memory_used(node),
            disk: machine.disk_used(),
            inodes: machine.inodes_used(),
            // Each sandbox has a process of its own.
            processes: machine.processes() + u64::from(state.pods),
        };
        ((machine.capacity(), state.allocatable_memory), used)
    }

    /// A pod that could be evicted has come: a node that is short looks again.
    pub(super) fn candidates_changed(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        if !self.node_state(node).eviction.met.is_empty() {
            self.book_round(hubs, node, hubs.now);
        }
    }

    /// Books the first round at or after an instant, if none is booked before.
    pub(super) fn book_round(&mut self, hubs: &mut Hubs<'_>, node: NodeId, from: SimTime) {
        let state = &mut self.node_state(node).eviction;
        let at = from.max(SimTime(hubs.now.0 + 1)).next_on_grid(state.phase, ROUND);
        self.book_round_at(hubs, node, at);
    }

    fn book_round_at(&mut self, hubs: &mut Hubs<'_>, node: NodeId, at: SimTime) {
        let state = &mut self.node_state(node).eviction;
        if state.victim.is_some() || at >= state.due {
            return;
        }
        state.due = at;
        hubs.outbox.send(at, KubeletEvent::Eviction { node });
    }

    /// A round is due.
    pub(super) fn eviction_due(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        let now = hubs.now;
        let state = &mut self.node_state(node).eviction;
        if state.due != now {
            return;
        }
        state.due = SimTime::NEVER;
        state.victim = None;
        if !hubs.machines.kubelet_up(node) {
            return;
        }
        let evicted = self.evict_over_limits(hubs, node);
        let observed = self.observe_signals(hubs, node);
        let met = self.remember(now, node, &observed);
        self.update_pressures(hubs, node, &met);
        if evicted {
            // What that frees shows at the next round.
            self.book_round(hubs, node, now + ROUND);
            return;
        }
        let over: Vec<Observed> = met
            .iter()
            .filter(|(one, since)| one.threshold.grace.is_none_or(|grace| now >= *since + grace))
            .map(|(one, _)| *one)
            .collect();
        for (one, since) in &met {
            if let Some(grace) = one.threshold.grace
                && now < *since + grace
            {
                self.book_round(hubs, node, *since + grace);
            }
        }
        let Some(worst) = over.first().copied() else { return };
        let resource = worst.threshold.signal.resource();
        let text = format!("Attempting to reclaim {resource}");
        Self::node_event(hubs, node, EventType::Warning, "EvictionThresholdMet", text);
        if worst.threshold.signal.pressure() == Pressure::Disk && self.reclaim_disk(hubs, node) {
            let after = self.observe_signals(hubs, node);
            if !after.iter().any(|one| one.is_met(true)) {
                self.book_round(hubs, node, now + ROUND);
                return;
            }
        }
        self.evict_one(hubs, node, worst);
    }

    /// Which thresholds are met, with the round at which that was first seen.
    fn remember(&mut self, now: SimTime, node: NodeId, observed: &[Observed]) -> Vec<(Observed, SimTime)> {
        let state = &mut self.node_state(node).eviction;
        let mut met = Vec::new();
        for one in observed {
            let before = state.met.iter().find(|(signal, soft, _)| (*signal, *soft) == one.key());
            if one.is_met(before.is_some()) {
                met.push((*one, before.map_or(now, |(_, _, since)| *since)));
            }
        }
        let was = state.met.iter().map(|(signal, ..)| signal.pressure());
        let ended: SmallVec<[Pressure; 3]> =
            was.filter(|pressure| !met.iter().any(|(one, _)| one.threshold.signal.pressure() == *pressure)).collect();
        for pressure in ended {
            // The round before this one was the last to see it.
            state.last_seen[pressure as usize] = SimTime(now.0.saturating_sub(ROUND.0));
        }
        state.met = met.iter().map(|(one, since)| (one.key().0, one.key().1, *since)).collect();
        met
    }

    /// Node conditions hold for a while after their cause. Upstream: eviction `nodeConditionsObservedSince`.
    fn update_pressures(&mut self, hubs: &mut Hubs<'_>, node: NodeId, met: &[(Observed, SimTime)]) {
        let (now, transition) = (hubs.now, self.settings.configuration.pressure_transition);
        let state = &mut self.node_state(node).eviction;
        let mut changed = false;
        let mut look_at = SimTime::NEVER;
        for pressure in Pressure::ALL {
            let at = pressure as usize;
            let is_met = met.iter().any(|(one, _)| one.threshold.signal.pressure() == pressure);
            if is_met {
                state.last_seen[at] = now;
            }
            let seen = state.last_seen[at];
            let holds = is_met || seen != SimTime::NEVER && now < seen + transition;
            changed |= std::mem::replace(&mut state.holds[at], holds) != holds;
            if holds && !is_met {
                look_at = look_at.min(seen + transition);
            }
        }
        if look_at != SimTime::NEVER {
            self.book_round(hubs, node, look_at);
        }
        if changed {
            self.book_node_status(hubs, node, now);
        }
    }

    /// Evicts the first pod of the ranking that may be evicted.
    fn evict_one(&mut self, hubs: &mut Hubs<'_>, node: NodeId, worst: Observed) {
        let signal = worst.threshold.signal;
        let mut candidates: Vec<Candidate> = self
            .workers
            .on_node(node)
            .filter(|pod| self.may_be_evicted(hubs, *pod))
            .map(|pod| candidate(hubs, pod, signal))
            .collect();
        if signal == Signal::Pids {
            rank_by_processes(&mut candidates);
        } else {
            rank(&mut candidates);
        }
        // Upstream says "unable to evict any pods" in its log and tries again every round; here it waits for one to come.
        let Some(chosen) = candidates.first() else { return };
        let template = hubs.cluster.shared_template(hubs.cluster.pod(chosen.pod).template);
        let uses = container_uses(hubs, chosen.pod, &template, signal);
        let threshold = worst.threshold.value.quantity(worst.capacity);
        let own = template.spec.pod_requests.get("memory").filter(|_| signal.resource() == "memory");
        let name = hubs.cluster.pod(chosen.pod).name.clone();
        let own = own.map(|request| ContainerUse { name: &name, used: chosen.used, requested: Some(request) });
        let text = message(signal.resource(), threshold, worst.shown(), own.as_ref(), &uses);
        let spec_grace = u32::try_from(template.spec.termination_grace_period_seconds.max(1)).unwrap_or(u32::MAX);
        let grace = match worst.threshold.grace {
            Some(_) => self.settings.configuration.max_pod_grace.min(spec_grace).max(1),
            None => AT_ONCE,
        };
        self.evict(hubs, chosen.pod, grace, text, true);
        let now = hubs.now;
        let state = &mut self.node_state(node).eviction;
        state.due = now + CLEAN_UP;
        state.victim = Some((chosen.pod, now));
        hubs.outbox.send(now + CLEAN_UP, KubeletEvent::Eviction { node });
    }

    /// Neither ended nor ending, nor critical. Upstream: eviction `evictPod`, kubelet types `IsCriticalPod`.
    pub(super) fn may_be_evicted(&self, hubs: &Hubs<'_>, pod: PodId) -> bool {
        let Some(worker) = self.workers.get(pod) else { return false };
        !worker.flags.intersects(Flags::TERMINATING | Flags::STATIC)
            && worker.stage != Stage::Finished
            && hubs.cluster.template_of(pod).spec.priority < SYSTEM_CRITICAL
    }

    /// Ends a pod as evicted.
    pub(super) fn evict(&mut self, hubs: &mut Hubs<'_>, pod: PodId, grace: u32, text: String, disruption: bool) {
        self.workers.row(pod).extra_mut().set_end("Evicted", text.as_str(), disruption);
        self.warning(hubs, pod, None, "Evicted", text);
        self.end_pod(hubs, pod, grace, Flags::empty());
    }

    /// Nothing of a pod runs any more: if it was evicted, the next round need not wait longer.
    pub(super) fn victim_is_gone(&mut self, hubs: &mut Hubs<'_>, node: NodeId, pod: PodId) {
        let state = &mut self.node_state(node).eviction;
        if let Some((victim, since)) = state.victim
            && victim == pod
        {
            state.victim = None;
            let at = SimTime(hubs.now.0 + 1).next_on_grid(since, CLEAN_UP_POLL);
            self.book_round_at(hubs, node, at);
        }
    }

    /// Why the manager does not let a pod in, if it does not.
    pub(super) fn pressure_refusal(&mut self, node: NodeId, template: &PodTemplate, is_static: bool) -> Option<String> {
        let holds = self.node_state(node).eviction.holds;
        if holds == [false; 3] || is_static || template.spec.priority >= SYSTEM_CRITICAL {
            return None;
        }
        if holds == [true, false, false] {
            let taint = Taint {
                key: Text::const_new("node.kubernetes.io/memory-pressure"),
                value: Text::default(),
                effect: TaintEffect::NoSchedule,
            };
            let tolerated =
                first_untolerated(&[taint], &template.spec.tolerations, &[TaintEffect::NoSchedule]).is_none();
            if template.qos != QosClass::BestEffort || tolerated {
                return None;
            }
        }
        let names = ["MemoryPressure", "DiskPressure", "PIDPressure"];
        let listed: Vec<&str> = names.iter().zip(holds).filter(|(_, holds)| *holds).map(|(name, _)| *name).collect();
        Some(format!("The node had condition: [{}]. ", listed.join(" ")))
    }
}

/// A pod's use of what is short, and what it asked for.
fn candidate(hubs: &Hubs<'_>, pod: PodId, signal: Signal) -> Candidate {
    let template = hubs.cluster.template_of(pod);
    let runs = hubs.machines.runs_of_pod(pod).map(|run| hubs.machines.container(run));
    let (used, requested) = match signal {
        Signal::Memory | Signal::AllocatableMemory => {
            (runs.map(|row| row.usage.memory).sum(), template.requests.memory)
        }
        Signal::NodeFs | Signal::ImageFs => (hubs.machines.pod_disk(pod), template.requests.ephemeral_storage),
        // Nobody can ask for inodes.
        Signal::NodeFsInodes | Signal::ImageFsInodes => (hubs.machines.pod_files(pod), 0),
        Signal::Pids => (runs.map(|row| u64::from(row.processes)).sum(), 0),
    };
    Candidate { pod, priority: template.spec.priority, used, requested: requested.max(0) as u64 }
}

fn container_uses<'a>(hubs: &Hubs<'_>, pod: PodId, template: &'a PodTemplate, signal: Signal) -> Vec<ContainerUse<'a>> {
    let mut uses = Vec::new();
    for (index, container) in template.spec.containers.iter().enumerate() {
        let running = hubs.machines.runs(pod, index as u8).map(|run| hubs.machines.container(run));
        let Some(row) = running.into_iter().find(|row| row.state == machines::RunState::Running) else { continue };
        // Upstream: eviction `evictionMessage`, which knows what containers use of these two only.
        let (used, name) = match signal.resource() {
            "memory" => (row.usage.memory, "memory"),
            "ephemeral-storage" => (row.disk, "ephemeral-storage"),
            _ => continue,
        };
        uses.push(ContainerUse { name: &container.name, used, requested: container.requests.get(name) });
    }
    uses
}
