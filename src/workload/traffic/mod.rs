//! Traffic: requests that reach pods through Services, and messages that consumers take from a backlog. A fluid model
//! in closed form: never an event per request, only one where a rate, an endpoint, a pod's CPU or a queue's regime
//! changes. `docs/traffic.md` states it with its sources.
//!
//! Reads endpoints from the cluster and containers from the machines; what requests cost there is handed to the
//! workload (`Demand`). Decides nothing for the cluster and draws no random number.

mod cpu;
mod endpoints;
mod flow;
mod load;
pub mod resolve;
mod service_time;
pub mod settings;
mod site;
mod station;
#[cfg(test)]
mod tests;
pub mod totals;
pub mod view;

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::cluster::{Change, Cluster, Verb};
use crate::engine::{Outbox, Significance, SimDuration, SimTime};
use crate::machines::{ContainerId, MachineChange, Machines};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use load::Load;
use settings::{Entry, LoadSettings, TrafficSettings};
use view::TrafficRow;

use super::WorkloadEvent;

/// Least time between two runs of kube-proxy's rules. Upstream: cmd/kube-proxy `iptables.minSyncPeriod`, 1 s.
const PROXY_SYNC_LEAST: SimDuration = SimDuration::from_secs(1);

/// How often what happens to the CPU of pods is worked out anew within an instant. What loads ask for depends little on
/// what they get, so that a few rounds settle it, but for the last thousandth of a core: on a full node that may go from
/// one pod to the other and back for ever.
const CPU_ROUNDS_MOST: u32 = 12;
/// After so many rounds only a change by more than this share of a pod's cores is one.
const CPU_ROUNDS_EXACT: u32 = 2;
const CPU_STEP: f64 = 0.005;

/// What traffic waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficEvent {
    /// A load's rate changes, or one of its queues reaches nothing or its limit.
    Due {
        /// Its index.
        load: u32,
        /// Events of older generations are stale.
        generation: u32,
    },
    /// Something changed at this instant: everything that depends on it is worked out again.
    Settle,
    /// kube-proxy programs the endpoints that it has heard of.
    Program,
}

/// What requests cost a container from now on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// The container run.
    pub container: ContainerId,
    /// Its serial number.
    pub serial: u32,
    /// Cores that requests would use if it could have any number.
    pub wanted: f64,
    /// Bytes.
    pub memory: f64,
}

/// Kind, namespace and name of what a load goes to.
type EntryKey = (Kind, Text, Text);

/// All loads of a run.
#[derive(Debug, Default)]
pub struct Traffic {
    loads: Vec<Load>,
    /// Place of each load in an order in which callers come first, and the loads in that order.
    rank: Vec<usize>,
    order: Vec<usize>,
    /// Loads that call each load.
    callers: Vec<Vec<usize>>,
    /// Loads of each pod.
    by_pod: FxHashMap<PodId, Vec<usize>>,
    /// Loads by the name of what they go to.
    by_entry: FxHashMap<EntryKey, Vec<usize>>,
    /// Loads that wait in one backlog for their consumers.
    pools: Vec<usize>,
    /// Loads at each Service that exists.
    by_service: FxHashMap<ObjectRef, Vec<usize>>,
    /// Services whose endpoints kube-proxy has yet to program.
    unprogrammed: BTreeSet<ObjectRef>,
    programming: bool,
    programmed_at: Option<SimTime>,
    /// Loads to look at again, by rank, and those of them whose pods have to be looked up.
    dirty: BTreeSet<usize>,
    stale_sites: BTreeSet<usize>,
    settling: bool,
    origin: SimTime,
    /// How often something was worked out at this instant.
    rounds: (SimTime, u32),
    rows: Vec<TrafficRow>,
}

impl Traffic {
    /// The traffic of a run that is about to begin.
    pub fn new(settings: TrafficSettings) -> Self {
        let TrafficSettings { loads, origin, window } = settings;
        let order = callers_first(&loads);
        let mut rank = vec![0; loads.len()];
        for (place, load) in order.iter().enumerate() {
            rank[*load] = place;
        }
        let mut callers = vec![Vec::new(); loads.len()];
        for (index, load) in loads.iter().enumerate() {
            for call in &load.calls {
                callers[call.load].push(index);
            }
        }
        let mut by_entry: FxHashMap<EntryKey, Vec<usize>> = FxHashMap::default();
        for (index, load) in loads.iter().enumerate() {
            by_entry.entry(entry_key(&load.entry)).or_default().push(index);
        }
        let loads: Vec<Load> = loads.into_iter().map(|load| Load::new(load, window, origin)).collect();
        let pools = (0..loads.len()).filter(|load| loads[*load].pool.is_some()).collect();
        Self { loads, rank, order, callers, by_entry, pools, origin, ..Self::default() }
    }

    /// Is there any?
    pub fn is_empty(&self) -> bool {
        self.loads.is_empty()
    }

    /// The settings of a load.
    pub fn settings(&self, load: usize) -> &LoadSettings {
        &self.loads[load].settings
    }

    /// t=0 is at `origin`: books the begin of every load.
    pub fn begin(&mut self, origin: SimTime, outbox: &mut Outbox<WorkloadEvent>) {
        self.origin = origin;
        self.settling = false;
        for load in &mut self.loads {
            (load.at, load.own_until) = (origin, origin);
        }
        for load in 0..self.loads.len() as u32 {
            outbox.send(origin, WorkloadEvent::Traffic(TrafficEvent::Due { load, generation: 0 }));
        }
    }

    /// Changes a load while the run goes on.
    pub fn change(&mut self, now: SimTime, load: usize, settings: LoadSettings, outbox: &mut Outbox<WorkloadEvent>) {
        if settings.entry != self.loads[load].settings.entry {
            let old = self.by_entry.entry(entry_key(&self.loads[load].settings.entry)).or_default();
            old.retain(|other| *other != load);
            self.by_entry.entry(entry_key(&settings.entry)).or_default().push(load);
        }
        let loads = &mut self.loads;
        loads[load].advance(now);
        loads[load].service = service_time::ServiceTime::new(&settings.latency, settings.cpu);
        loads[load].settings = LoadSettings { calls: loads[load].settings.calls.clone(), ..settings };
        loads[load].own_until = now;
        self.mark(load);
        self.settle_soon(now, outbox);
    }

    /// Works every load out anew: somebody wants to know what holds.
    pub fn look_again(&mut self, now: SimTime, outbox: &mut Outbox<WorkloadEvent>) {
        self.dirty.extend(0..self.loads.len());
        self.settle_soon(now, outbox);
    }

    /// kube-proxy hears of a change of the cluster.
    pub fn hear(&mut self, now: SimTime, change: &Change, cluster: &Cluster, outbox: &mut Outbox<WorkloadEvent>) {
        let service = match change.object.kind {
            Kind::SERVICE if change.verb == Verb::Added || change.verb == Verb::Deleted => change.object,
            Kind::ENDPOINT_SLICE => match cluster.body(change.object).as_endpoint_slice() {
                Some(slice) => slice.service,
                None => return,
            },
            kind if change.verb != Verb::Modified => {
                if self.is_consumer_kind(kind) {
                    self.consumers_changed(now, outbox);
                }
                return;
            }
            _ => return,
        };
        if !self.by_service.contains_key(&service) && self.loads_to(service, cluster).is_empty() {
            return;
        }
        self.unprogrammed.insert(service);
        if !self.programming {
            self.programming = true;
            let at = self.programmed_at.map_or(now, |last| (last + PROXY_SYNC_LEAST).max(now));
            outbox.send(at, WorkloadEvent::Traffic(TrafficEvent::Program));
        }
    }

    /// Loads that name this object, which may be gone.
    fn loads_to(&self, object: ObjectRef, cluster: &Cluster) -> &[usize] {
        let (namespace, name) = cluster.identity(object);
        let key = (object.kind, Text::from(cluster.namespace_name(namespace)), Text::from(name));
        self.by_entry.get(&key).map_or(&[], Vec::as_slice)
    }

    fn is_consumer_kind(&self, kind: Kind) -> bool {
        let of = |load: &usize| matches!(self.loads[*load].settings.entry, Entry::Consumers { kind: own, .. } if own == kind);
        self.pools.iter().any(of)
    }

    /// Something happened on a machine.
    pub fn observe_machine(
        &mut self,
        now: SimTime,
        change: MachineChange,
        cluster: &Cluster,
        machines: &Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        match change {
            MachineChange::ContainerStarted { container }
            | MachineChange::ContainerExited { container }
            | MachineChange::ServingChanged { container } => {
                let pod = machines.container(container).pod;
                self.pod_changed(pod);
                self.consumers_changed(now, outbox);
            }
            MachineChange::MachineChanged { node } => {
                let pods: Vec<PodId> = cluster.pods_on(node).filter(|pod| self.by_pod.contains_key(pod)).collect();
                for pod in pods {
                    self.pod_changed(pod);
                }
            }
            MachineChange::UsageChanged { container } => self.cpu_changed(now, container, cluster, machines),
            _ => return,
        }
        if !self.dirty.is_empty() {
            self.settle_soon(now, outbox);
        }
    }

    /// A container got more or less CPU. On a full node that concerns everybody there.
    fn cpu_changed(&mut self, now: SimTime, container: ContainerId, cluster: &Cluster, machines: &Machines) {
        let row = machines.container(container);
        let is_settled = self.rounds.0 == now && self.rounds.1 >= CPU_ROUNDS_MOST;
        if is_settled || !machines.is_short_of_cpu(row.node) && !self.is_waiting(row.pod) {
            return;
        }
        let is_late = self.rounds.0 == now && self.rounds.1 >= CPU_ROUNDS_EXACT;
        let mut concerned = BTreeSet::new();
        for pod in cluster.pods_on(row.node) {
            let loads = self.by_pod.get(&pod).into_iter().flatten().copied();
            concerned.extend(loads.filter(|load| !is_late || self.has_moved(*load, pod, machines)));
        }
        for load in concerned {
            self.mark(load);
        }
    }

    /// Has a pod noticeably more or less CPU for a load than when it was last looked at?
    fn has_moved(&self, load: usize, pod: PodId, machines: &Machines) -> bool {
        let sites = &self.loads[load].sites;
        let Ok(place) = sites.binary_search_by_key(&pod, |site| site.pod) else { return true };
        let site = &sites[place];
        let cores = site.container().map_or(0.0, |(container, _)| cpu::ceiling(machines, container)) * site.share;
        (cores - site.cores).abs() > CPU_STEP * site.cores.max(cores)
    }

    /// Do requests wait at a pod?
    fn is_waiting(&self, pod: PodId) -> bool {
        let waits = |load: &usize| {
            let sites = &self.loads[*load].sites;
            sites.binary_search_by_key(&pod, |site| site.pod).is_ok_and(|place| sites[place].backlog > 0.0)
        };
        self.by_pod.get(&pod).is_some_and(|loads| loads.iter().any(waits))
    }

    /// A pod answers otherwise than before.
    fn pod_changed(&mut self, pod: PodId) {
        for load in self.by_pod.get(&pod).cloned().unwrap_or_default() {
            self.stale_sites.insert(load);
            self.mark(load);
        }
    }

    /// Pods may have come to take from a backlog.
    fn consumers_changed(&mut self, now: SimTime, outbox: &mut Outbox<WorkloadEvent>) {
        for load in self.pools.iter().copied() {
            self.stale_sites.insert(load);
            self.dirty.insert(self.rank[load]);
        }
        if !self.dirty.is_empty() {
            self.settle_soon(now, outbox);
        }
    }

    fn mark(&mut self, load: usize) {
        self.dirty.insert(self.rank[load]);
    }

    fn settle_soon(&mut self, now: SimTime, outbox: &mut Outbox<WorkloadEvent>) {
        if !self.settling {
            self.settling = true;
            outbox.send(now.max(self.origin), WorkloadEvent::Traffic(TrafficEvent::Settle));
        }
    }

    /// One of its own events is due. Returns what requests cost from now on, where that changed.
    pub fn handle(
        &mut self,
        now: SimTime,
        event: TrafficEvent,
        cluster: &Cluster,
        machines: &Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) -> Vec<Demand> {
        match event {
            TrafficEvent::Due { load, generation } => {
                if self.loads[load as usize].generation != generation {
                    return Vec::new();
                }
                self.mark(load as usize);
            }
            TrafficEvent::Settle => self.settling = false,
            TrafficEvent::Program => {
                self.programming = false;
                self.programmed_at = Some(now);
                self.program(cluster);
                if now < self.origin {
                    self.settle_soon(now, outbox);
                }
            }
        }
        if now < self.origin { Vec::new() } else { self.settle(now, cluster, machines, outbox) }
    }

    /// The loads of Services whose endpoints changed look up their pods.
    fn program(&mut self, cluster: &Cluster) {
        for service in std::mem::take(&mut self.unprogrammed) {
            for load in self.loads_to(service, cluster).to_vec() {
                self.stale_sites.insert(load);
                self.mark(load);
            }
        }
    }

    /// What a pending event would still do. A load whose rate will change for ever is never idle; one that has settled
    /// sends no events.
    pub fn significance(&self, event: TrafficEvent) -> Significance {
        match event {
            TrafficEvent::Due { load, generation } if self.loads[load as usize].generation != generation => {
                Significance::Stale
            }
            _ => Significance::Live,
        }
    }
}

fn entry_key(entry: &Entry) -> EntryKey {
    let (kind, namespace, name) = entry.target();
    (kind, Text::from(namespace), Text::from(name))
}

/// Loads in an order in which callers come before those that they call. Loads of a cycle (the scenario's checks refuse
/// them) come last, as they stand.
fn callers_first(loads: &[LoadSettings]) -> Vec<usize> {
    let mut waiting = vec![0usize; loads.len()];
    for call in loads.iter().flat_map(|load| &load.calls) {
        waiting[call.load] += 1;
    }
    let mut order: Vec<usize> = (0..loads.len()).filter(|load| waiting[*load] == 0).collect();
    let mut place = 0;
    while place < order.len() {
        for call in &loads[order[place]].calls {
            waiting[call.load] -= 1;
            if waiting[call.load] == 0 {
                order.push(call.load);
            }
        }
        place += 1;
    }
    order.extend((0..loads.len()).filter(|load| waiting[*load] > 0));
    order
}
