//! Fills a record: what a collector saw becomes rows, lives and totals, which cannot disagree. Times never go backwards.

use bitflags::bitflags;

use super::sights::{NodeFacts, PodFacts, PodSight};
use super::{
    Amounts, AttemptRow, EventRow, Gauge, History, Moment, Node, NodeIndex, NodeRow, NodeState, Phase, Pod, PodIndex,
    PodMarks, PodRow, PodState, PullRow, Record, Replicas, Stage, Totals, UsageIndex, Workload, WorkloadIndex,
    WorkloadRow,
};

impl Record {
    /// A pod was created. The caller shows its first state at once with `pod_changed`.
    pub fn pod_created(&mut self, now: Moment, facts: PodFacts<'_>) -> PodIndex {
        self.advance(now);
        Totals::count(&mut self.totals.pods_created, now, u64::from(!facts.was_placed));
        let marks = if facts.was_placed || now < Moment::ZERO { PodMarks::WARM_UP } else { PodMarks::empty() };
        self.pods.push(Pod {
            name: self.texts.push(facts.name),
            namespace: self.texts.intern(facts.namespace),
            uid: facts.uid.into(),
            owner: facts.owner,
            workload: facts.workload,
            priority: facts.priority,
            cpu_milli: facts.requests.cpu_milli,
            memory_bytes: facts.requests.memory_bytes,
            usage: UsageIndex::NONE,
            created: now,
            bound: Moment::NEVER,
            ran: Moment::NEVER,
            became_ready: Moment::NEVER,
            finished: Moment::NEVER,
            deleted: Moment::NEVER,
            last: PodState { stage: Stage::Deleted, ..PodState::default() },
            marks,
        });
        PodIndex::from_index(self.pods.len() - 1)
    }

    /// A pod was written: becomes a row where a column changed.
    pub fn pod_changed(&mut self, now: Moment, pod: PodIndex, sight: &PodSight<'_>) {
        let state = PodState {
            status: self.texts.intern(sight.status),
            reason: self.texts.intern(sight.reason),
            node: sight.node,
            restarts: sight.restarts,
            ready: sight.ready,
            containers: sight.containers,
            phase: sight.phase,
            stage: stage_of(sight),
        };
        if self.pods[pod.index()].last == state {
            return;
        }
        self.enter(now, pod, state);
    }

    /// A pod left the API server.
    pub fn pod_deleted(&mut self, now: Moment, pod: PodIndex) {
        let gone = self.texts.intern("Deleted");
        let last = self.pods[pod.index()].last;
        self.enter(now, pod, PodState { status: gone, reason: gone, ready: 0, stage: Stage::Deleted, ..last });
        self.pods[pod.index()].deleted = now;
    }

    /// Something happened to a pod that its columns do not say.
    pub fn pod_marked(&mut self, now: Moment, pod: PodIndex, mark: PodMarks) {
        let totals = &mut self.totals;
        // A pod is evicted or preempted once, its containers may be killed many times.
        let is_new = !self.pods[pod.index()].marks.contains(mark);
        let counter = match mark {
            PodMarks::EVICTED if is_new => &mut totals.pods_evicted,
            PodMarks::PREEMPTED if is_new => &mut totals.pods_preempted,
            PodMarks::OOM_KILLED => &mut totals.oom_killed,
            _ => return,
        };
        Totals::count(counter, now, 1);
        self.pods[pod.index()].marks |= mark;
    }

    fn enter(&mut self, now: Moment, index: PodIndex, state: PodState) {
        self.advance(now);
        let pod = &mut self.pods[index.index()];
        let before = std::mem::replace(&mut pod.last, state);
        let reach = |moment: &mut Moment, reached: bool| {
            if reached && !moment.is_some() {
                *moment = now;
            }
        };
        reach(&mut pod.bound, state.node.is_some());
        // A pod may run so shortly that its kubelet reports only the end.
        let has_run = state.stage != Stage::Deleted && matches!(state.phase, Phase::Running | Phase::Succeeded);
        reach(&mut pod.ran, has_run);
        reach(&mut pod.became_ready, state.stage == Stage::Ready);
        reach(&mut pod.finished, state.phase.is_terminal());
        self.totals.pod_moved(now, pod, &before, &state);
        match (holds(&before), holds(&state)) {
            (false, true) => self.load_node(now, state.node, index, true),
            (true, false) => self.load_node(now, before.node, index, false),
            _ => {}
        }
        if self.history.contains(History::PODS) {
            self.timeline.push(PodRow { time: now, pod: index, state });
        }
    }

    /// A workload was created, controlled by `owner` if that is some.
    pub fn workload_created(
        &mut self,
        now: Moment,
        [kind, namespace, name]: [&str; 3],
        owner: WorkloadIndex,
    ) -> WorkloadIndex {
        self.advance(now);
        self.workloads.push(Workload {
            kind: self.texts.intern(kind),
            namespace: self.texts.intern(namespace),
            name: self.texts.intern(name),
            owner,
            created: now,
            deleted: Moment::NEVER,
            last: Replicas::default(),
            short: Gauge::default(),
        });
        WorkloadIndex::from_index(self.workloads.len() - 1)
    }

    /// A workload was written: becomes a row where a number changed.
    pub fn workload_changed(&mut self, now: Moment, workload: WorkloadIndex, replicas: Replicas) {
        self.advance(now);
        let row = &mut self.workloads[workload.index()];
        if row.last == replicas {
            return;
        }
        row.last = replicas;
        row.short.set(now, u64::from(replicas.available < replicas.desired));
        self.workload_rows.push(WorkloadRow { time: now, workload, replicas });
    }

    /// A workload was deleted; its last row says 0 of everything.
    pub fn workload_deleted(&mut self, now: Moment, workload: WorkloadIndex) {
        self.workload_changed(now, workload, Replicas::default());
        self.workloads[workload.index()].deleted = now;
    }

    /// A node was created. The caller shows its first state at once with `node_changed`.
    pub fn node_created(&mut self, now: Moment, facts: NodeFacts<'_>) -> NodeIndex {
        self.advance(now);
        self.totals.nodes.add(now, 1);
        self.totals.cpu_allocatable.add(now, facts.allocatable.cpu_milli as i64);
        self.totals.memory_allocatable.add(now, facts.allocatable.memory_bytes as i64);
        self.nodes.push(Node {
            name: self.texts.intern(facts.name),
            group: self.texts.intern(facts.group),
            zone: self.texts.intern(facts.zone),
            price: facts.price,
            allocatable: facts.allocatable,
            allocatable_pods: facts.allocatable_pods,
            created: now,
            deleted: Moment::NEVER,
            last: NodeState::default(),
            load: NodeState::default(),
            is_unsampled: false,
            outages: vec![(now, Moment::NEVER)],
        });
        NodeIndex::from_index(self.nodes.len() - 1)
    }

    /// A node's allocatable amounts changed.
    pub fn node_resized(&mut self, now: Moment, node: NodeIndex, allocatable: Amounts) {
        self.advance(now);
        let before = std::mem::replace(&mut self.nodes[node.index()].allocatable, allocatable);
        let totals = &mut self.totals;
        totals.cpu_allocatable.add(now, allocatable.cpu_milli as i64 - before.cpu_milli as i64);
        totals.memory_allocatable.add(now, allocatable.memory_bytes as i64 - before.memory_bytes as i64);
    }

    /// A node was written: becomes a row where its status changed. Its load is what bound pods came to.
    pub fn node_changed(&mut self, now: Moment, index: NodeIndex, status: &str, ready: bool) {
        self.advance(now);
        let status = self.texts.intern(status);
        let node = &mut self.nodes[index.index()];
        if node.last.ready != ready {
            self.totals.nodes_ready.add(now, if ready { 1 } else { -1 });
            if ready {
                // A node is born not ready, so that an outage is always open here.
                node.outages.last_mut().expect("a node that was not ready has an outage").1 = now;
            } else {
                node.outages.push((now, Moment::NEVER));
            }
        }
        self.enter_node(now, index, NodeState { status, ready, ..self.nodes[index.index()].load });
    }

    /// A node is sampled: becomes a row where a value differs from its last row.
    pub fn node_sampled(&mut self, now: Moment, index: NodeIndex, used: Option<Amounts>) {
        self.advance(now);
        let node = &mut self.nodes[index.index()];
        if node.deleted.is_some() {
            // Its last row is written.
            return;
        }
        if let Some(used) = used {
            let was = node.load.used.replace(used).unwrap_or_default();
            self.totals.cpu_used.add(now, used.cpu_milli as i64 - was.cpu_milli as i64);
            self.totals.memory_used.add(now, used.memory_bytes as i64 - was.memory_bytes as i64);
        }
        let (status, ready) = (node.last.status, node.last.ready);
        self.enter_node(now, index, NodeState { status, ready, ..self.nodes[index.index()].load });
    }

    /// Nodes whose load changed since their last row, in the order in which it did.
    pub fn take_unsampled(&mut self) -> Vec<NodeIndex> {
        std::mem::take(&mut self.unsampled)
    }

    fn enter_node(&mut self, now: Moment, index: NodeIndex, state: NodeState) {
        let node = &mut self.nodes[index.index()];
        node.is_unsampled = false;
        if node.last != state {
            node.last = state;
            self.node_rows.push(NodeRow { time: now, node: index, state });
        }
    }

    /// A pod came to hold a place on a node, or ceased to.
    fn load_node(&mut self, now: Moment, index: NodeIndex, pod: PodIndex, is_added: bool) {
        self.usage_of_pod(now, pod, is_added);
        let Pod { cpu_milli, memory_bytes, .. } = self.pods[pod.index()];
        let node = &mut self.nodes[index.index()];
        let load = &mut node.load;
        if is_added {
            load.pods += 1;
            load.requested.cpu_milli += cpu_milli;
            load.requested.memory_bytes += memory_bytes;
        } else {
            load.pods -= 1;
            load.requested.cpu_milli -= cpu_milli;
            load.requested.memory_bytes -= memory_bytes;
        }
        self.node_unsampled(index);
    }

    /// A node's load or use changed: it takes part in the next sample.
    pub fn node_unsampled(&mut self, index: NodeIndex) {
        let node = &mut self.nodes[index.index()];
        if !node.is_unsampled {
            node.is_unsampled = true;
            self.unsampled.push(index);
        }
    }

    /// A node was deleted; its last row says so.
    pub fn node_deleted(&mut self, now: Moment, index: NodeIndex) {
        if self.nodes[index.index()].load.used.is_some() {
            self.node_sampled(now, index, Some(Amounts::default()));
        }
        self.node_changed(now, index, "Deleted", false);
        let node = &mut self.nodes[index.index()];
        node.deleted = now;
        self.totals.nodes.add(now, -1);
        self.totals.cpu_allocatable.add(now, -(node.allocatable.cpu_milli as i64));
        self.totals.memory_allocatable.add(now, -(node.allocatable.memory_bytes as i64));
    }

    /// A Kubernetes Event was written.
    pub fn event(&mut self, row: EventRow) {
        self.advance(row.time);
        self.events.push(row);
    }

    /// The scheduler tried a pod.
    pub fn attempt(&mut self, row: AttemptRow) {
        self.advance(row.time);
        self.attempts.push(row);
    }

    /// An image was pulled.
    pub fn pull(&mut self, row: PullRow) {
        self.advance(row.time);
        self.pulls.push(row);
    }

    /// The record covers everything up to `now`.
    pub fn advance(&mut self, now: Moment) {
        debug_assert!(now >= self.end || self.is_empty(), "a record was written at {now}, after {}", self.end);
        if self.is_empty() {
            self.run.begin = now.min(self.run.begin);
        }
        self.end = now;
    }

    fn is_empty(&self) -> bool {
        self.pods.is_empty() && self.nodes.is_empty() && self.workloads.is_empty() && self.events.is_empty()
    }
}

impl Totals {
    fn pod_moved(&mut self, now: Moment, pod: &Pod, before: &PodState, after: &PodState) {
        let is = Counted::of(after);
        let turned = Counted::of(before).symmetric_difference(is);
        let turn = |gauge: &mut Gauge, count: Counted, amount: i64| {
            if turned.contains(count) {
                gauge.add(now, if is.contains(count) { amount } else { -amount });
            }
        };
        turn(&mut self.pending, Counted::PENDS, 1);
        turn(&mut self.unscheduled, Counted::WAITS, 1);
        turn(&mut self.unschedulable, Counted::STUCK, 1);
        turn(&mut self.cpu_requested, Counted::HOLDS, pod.cpu_milli as i64);
        turn(&mut self.memory_requested, Counted::HOLDS, pod.memory_bytes as i64);
        if after.restarts > before.restarts {
            Self::count(&mut self.restarts, now, u64::from(after.restarts - before.restarts));
        }
    }
}

bitflags! {
    /// What a pod counts for.
    #[derive(Clone, Copy, PartialEq, Eq)]
    struct Counted: u8 {
        const PENDS = 1;
        /// For a node.
        const WAITS = 1 << 1;
        /// No node is found.
        const STUCK = 1 << 2;
        /// Takes up its requests on its node.
        const HOLDS = 1 << 3;
    }
}

impl Counted {
    fn of(state: &PodState) -> Self {
        let is_there = state.stage != Stage::Deleted;
        let (pends, is_placed) = (is_there && state.phase == Phase::Pending, state.node.is_some());
        let mut counted = Self::empty();
        counted.set(Self::PENDS, pends);
        counted.set(Self::WAITS, pends && !is_placed);
        counted.set(Self::STUCK, state.stage == Stage::Unschedulable);
        counted.set(Self::HOLDS, is_there && is_placed && !state.phase.is_terminal());
        counted
    }
}

/// Does a pod take up its requests on its node?
fn holds(state: &PodState) -> bool {
    Counted::of(state).contains(Counted::HOLDS)
}

/// Where a pod is in its life, by what kubectl shows of it.
fn stage_of(sight: &PodSight<'_>) -> Stage {
    // A pod that is deleted ends in a terminal phase, too; what is seen of it is that it goes.
    if sight.is_terminating {
        return Stage::Terminating;
    }
    if sight.phase == Phase::Succeeded {
        return Stage::Succeeded;
    }
    if sight.phase == Phase::Failed {
        return Stage::Failed;
    }
    if sight.node.is_none() {
        return if sight.is_unschedulable { Stage::Unschedulable } else { Stage::Unscheduled };
    }
    if sight.is_ready {
        return Stage::Ready;
    }
    if is_error(sight.status) {
        return Stage::BackingOff;
    }
    if sight.phase == Phase::Pending { Stage::Starting } else { Stage::NotReady }
}

/// Does a STATUS speak of a container that failed and waits for its next try?
fn is_error(status: &str) -> bool {
    let status = status.strip_prefix("Init:").unwrap_or(status);
    let is_wait = status.ends_with("BackOff") || status.starts_with("ErrImage") || status.ends_with("Error");
    let is_exit = status.starts_with("ExitCode:") || status.starts_with("Signal:");
    is_wait || is_exit || matches!(status, "InvalidImageName" | "OOMKilled" | "ContainerCannotRun" | "Completed")
}

#[cfg(test)]
mod tests;
