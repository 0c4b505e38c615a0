//! Records that no cluster made, for tests of this module: deployments that roll, jobs, crash loops, pods
//! that fit nowhere, a node that fails. The same arguments give the same record.

use crate::engine::random::{Stream, Streams};
use crate::record::{
    Amounts, AttemptResult, AttemptRow, Autoscaler, AutoscalerIndex, AutoscalerMetric, AutoscalerRow, EventRow,
    Expectation, Moment, NodeFacts, NodeIndex, Phase, PodFacts, PodIndex, PodSight, Record, Replicas, RunFacts, Step,
    WorkloadIndex,
};

/// One thing that happens.
enum Deed {
    Create(usize),
    Show(usize, Sight),
    Delete(usize),
    Replicas(usize, Replicas),
    Node(usize, &'static str, bool),
    Event(usize, &'static str, bool, u32, String),
    Attempt(usize, AttemptResult, u32, &'static str),
}

#[derive(Clone, Copy)]
struct Sight {
    phase: Phase,
    status: &'static str,
    reason: &'static str,
    node: Option<usize>,
    restarts: u32,
    ready: bool,
    terminating: bool,
    unschedulable: bool,
}

const PENDING: Sight = Sight {
    phase: Phase::Pending,
    status: "Pending",
    reason: "",
    node: None,
    restarts: 0,
    ready: false,
    terminating: false,
    unschedulable: false,
};

struct Script {
    random: Stream,
    deeds: Vec<(i64, Deed)>,
    pods: Vec<(String, usize)>,
    nodes: usize,
    end: i64,
}

/// A record of about `pods` pods on `nodes` nodes over `seconds`.
pub fn record(pods: usize, nodes: usize, seconds: i64) -> Record {
    let mut script = Script {
        random: Streams::new(7).stream("report/synthetic", pods as u64),
        deeds: Vec::new(),
        pods: Vec::new(),
        nodes,
        end: seconds * 1000,
    };
    let workloads = (pods / 40).clamp(1, 60) + usize::from(pods > 3);
    for workload in 0..workloads {
        let share = pods * (workload + 1) / workloads - pods * workload / workloads;
        script.workload(workload, share);
    }
    script.outage();
    script.play(workloads)
}

impl Script {
    fn at(&mut self, millis: i64, deed: Deed) {
        self.deeds.push((millis, deed));
    }

    fn below(&mut self, bound: i64) -> i64 {
        self.random.below(bound.max(1) as u64) as i64
    }

    /// Every third workload is a job; others are deployments, some of which roll half-way.
    fn workload(&mut self, workload: usize, size: usize) {
        let is_job = workload % 3 == 1;
        let rolls = !is_job && size >= 4;
        let first = if rolls { size / 2 } else { size };
        let start = if workload == 0 { 0 } else { self.below(self.end / 3) };
        let half = self.end / 2 + self.below(self.end / 10 + 1);
        let mut numbers = Replicas { desired: size.min(first) as u32, ..Replicas::default() };
        self.at(start, Deed::Replicas(workload, numbers));
        for index in 0..size {
            let is_second = index >= first;
            let spread = (self.end / 20).max(1);
            let created = if is_second {
                half + index as i64 * spread / size as i64
            } else {
                start + self.below(spread.min(2000))
            };
            let name = format!(
                "{}-{:x}-{:05x}",
                workload_name(workload),
                workload * 7919 + usize::from(is_second),
                index * 7 + 11
            );
            let pod = self.pods.len();
            self.pods.push((name, workload));
            let until = if rolls && !is_second { Some(half + (index as i64 + 2) * spread / size as i64) } else { None };
            let (started, ok) = self.life(pod, created, is_job, until);
            if ok && started < self.end {
                numbers.current += 1;
                numbers.ready = (numbers.ready + 1).min(numbers.desired);
                numbers.available = numbers.ready;
                numbers.updated = if is_second { (index - first + 1) as u32 } else { numbers.ready };
                numbers.current = numbers.current.min(numbers.desired + 2);
                self.at(started, Deed::Replicas(workload, numbers));
            }
        }
    }

    /// One pod's life; returns when it started, and whether it did.
    fn life(&mut self, pod: usize, created: i64, is_job: bool, until: Option<i64>) -> (i64, bool) {
        self.at(created, Deed::Create(pod));
        self.at(created, Deed::Show(pod, PENDING));
        let kind = self.below(100);
        if kind < 4 {
            let stuck = Sight { unschedulable: true, reason: "Unschedulable", ..PENDING };
            self.at(created + 8, Deed::Show(pod, stuck));
            let why = "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available.";
            self.at(created + 8, Deed::Attempt(pod, AttemptResult::Unschedulable, 0, why));
            self.at(created + 9, Deed::Event(pod, "FailedScheduling", true, 1, why.to_owned()));
            if kind < 2 {
                return (self.end, false);
            }
        }
        let bound = created + if kind < 4 { self.below(self.end / 2) + 10 } else { 12 };
        let node = self.below(self.nodes as i64) as usize;
        self.at(bound, Deed::Attempt(pod, AttemptResult::Scheduled, self.nodes as u32, ""));
        self.at(
            bound,
            Deed::Event(
                pod,
                "Scheduled",
                false,
                1,
                format!("Successfully assigned default/{} to worker-{node}", self.pods[pod].0),
            ),
        );
        let mut sight = Sight { node: Some(node), status: "ContainerCreating", ..PENDING };
        self.at(bound + 5, Deed::Show(pod, sight));
        let mut now = bound + 700 + self.below(3000);
        self.at(now - 600, Deed::Event(pod, "Pulling", false, 1, "Pulling image \"nginx:1.27\"".to_owned()));
        self.at(now - 20, Deed::Event(pod, "Created", false, 1, "Container created".to_owned()));
        self.at(now, Deed::Event(pod, "Started", false, 1, "Container started".to_owned()));
        (sight.phase, sight.status) = (Phase::Running, "Running");
        self.at(now, Deed::Show(pod, sight));
        if (4..8).contains(&kind) {
            return (self.crash_loop(pod, now, sight), false);
        }
        now += 500 + self.below(4000);
        let started = now;
        sight.ready = true;
        self.at(now, Deed::Show(pod, sight));
        if is_job {
            now += 1000 + self.below(self.end / 3);
            let failed = kind > 94;
            (sight.phase, sight.status) =
                if failed { (Phase::Failed, "Error") } else { (Phase::Succeeded, "Completed") };
            sight.ready = false;
            self.at(now, Deed::Show(pod, sight));
        } else if let Some(until) = until {
            sight.terminating = true;
            sight.status = "Terminating";
            let until = until.max(now + 10);
            self.at(until, Deed::Show(pod, sight));
            self.at(until, Deed::Event(pod, "Killing", false, 1, "Stopping container app".to_owned()));
            let end = until + 1000 + self.below(30_000);
            self.at(end, Deed::Delete(pod));
        }
        (started, true)
    }

    fn crash_loop(&mut self, pod: usize, mut now: i64, mut sight: Sight) -> i64 {
        for restarts in 1..8 {
            now += 1000;
            (sight.status, sight.reason) = ("Error", "");
            self.at(now, Deed::Show(pod, sight));
            sight.status = "CrashLoopBackOff";
            self.at(now + 900, Deed::Show(pod, sight));
            let message = "Back-off restarting failed container app in pod".to_owned();
            self.at(now + 900, Deed::Event(pod, "BackOff", true, restarts, message));
            now += 10_000 << restarts.min(5);
            (sight.status, sight.restarts) = ("Running", restarts);
            self.at(now, Deed::Show(pod, sight));
        }
        now
    }

    fn outage(&mut self) {
        for node in 0..self.nodes {
            self.at(0, Deed::Node(node, "Ready", true));
        }
        if self.nodes > 1 {
            let node = self.nodes / 2;
            self.at(self.end * 6 / 10, Deed::Node(node, "NotReady", false));
            self.at(self.end * 8 / 10, Deed::Node(node, "Ready", true));
        }
    }

    fn play(mut self, workloads: usize) -> Record {
        let mut record = Record {
            run: RunFacts {
                name: "synthetic".to_owned(),
                description: "A record <made up> for tests & galleries".to_owned(),
                scenario: "apiVersion: kubelapse/v1\nkind: Scenario\n".to_owned(),
                seed: 7,
                version: "0.1.0".to_owned(),
                start: "2026-01-01T00:00:00Z".to_owned(),
                digest: "0123456789abcdef".to_owned(),
                engine_events: 12_345,
                engine_changes: 6_789,
                containers: self.pods.len() as u64,
                containers_assumed: self.pods.len() as u64 / 10,
                begin: Moment::ZERO,
            },
            ..Record::default()
        };
        for node in 0..self.nodes {
            let allocatable = Amounts { cpu_milli: 16_000, memory_bytes: 64 << 30 };
            let facts = NodeFacts {
                name: &format!("worker-{node}"),
                group: if node % 5 == 4 { "batch" } else { "worker" },
                zone: ["a", "b", "c"][node % 3],
                price: 0.192,
                allocatable,
                allocatable_pods: 110,
            };
            record.node_created(Moment::ZERO, facts);
        }
        for workload in 0..workloads {
            let kind = if workload % 3 == 1 { "Job" } else { "Deployment" };
            let name = workload_name(workload);
            record.workload_created(Moment::ZERO, [kind, namespace(workload), &name], WorkloadIndex::NONE);
        }
        self.deeds.sort_by_key(|(time, _)| *time);
        let mut places = vec![PodIndex::NONE; self.pods.len()];
        let deeds = std::mem::take(&mut self.deeds);
        for (time, deed) in deeds.into_iter().filter(|(time, _)| *time <= self.end) {
            self.act(&mut record, Moment::from_millis(time), deed, &mut places);
        }
        record.advance(Moment::from_millis(self.end));
        for node in record.take_unsampled() {
            record.node_sampled(record.end, node, None);
        }
        finishing_touches(&mut record);
        super::synthetic_traffic::add(&mut record, self.pods.len(), self.end / 1000);
        record
    }

    fn act(&self, record: &mut Record, now: Moment, deed: Deed, places: &mut [PodIndex]) {
        match deed {
            Deed::Create(pod) => {
                let (name, workload) = &self.pods[pod];
                let requests = Amounts { cpu_milli: 100 + (pod as u64 * 37) % 900, memory_bytes: 128 << 20 };
                let workload_index =
                    if workload % 11 == 10 { WorkloadIndex::NONE } else { WorkloadIndex(*workload as u32) };
                let facts = PodFacts {
                    name,
                    namespace: namespace(*workload),
                    uid: pod as u128 * 0x1234_5678_9abc_def1_2345_6789,
                    owner: workload_index,
                    workload: workload_index,
                    priority: if workload % 4 == 0 { 1000 } else { 0 },
                    requests,
                    was_placed: false,
                };
                places[pod] = record.pod_created(now, facts);
            }
            Deed::Show(pod, sight) => {
                let seen = PodSight {
                    phase: sight.phase,
                    status: sight.status,
                    reason: sight.reason,
                    node: sight.node.map_or(NodeIndex::NONE, NodeIndex::from_index),
                    restarts: sight.restarts,
                    ready: u16::from(sight.ready),
                    containers: 1,
                    is_ready: sight.ready,
                    is_terminating: sight.terminating,
                    is_unschedulable: sight.unschedulable,
                };
                record.pod_changed(now, places[pod], &seen);
            }
            Deed::Delete(pod) => record.pod_deleted(now, places[pod]),
            Deed::Replicas(workload, replicas) => {
                record.workload_changed(now, WorkloadIndex::from_index(workload), replicas);
            }
            Deed::Node(node, status, ready) => {
                record.node_changed(now, NodeIndex::from_index(node), status, ready);
            }
            Deed::Event(pod, reason, is_warning, count, message) => {
                let source = if reason.ends_with("cheduling") || reason == "Scheduled" {
                    "default-scheduler"
                } else {
                    "kubelet"
                };
                let row = EventRow {
                    time: now,
                    is_warning,
                    reason: record.texts.intern(reason),
                    kind: record.texts.intern("Pod"),
                    namespace: record.pods[places[pod].index()].namespace,
                    name: record.pods[places[pod].index()].name,
                    source: record.texts.intern(source),
                    count,
                    raised: 1,
                    message: record.texts.intern(&message),
                };
                record.event(row);
            }
            Deed::Attempt(pod, result, feasible, reason) => {
                let reason = record.texts.intern(reason);
                record.attempt(AttemptRow {
                    time: now,
                    pod: places[pod],
                    attempt: 1,
                    result,
                    node: NodeIndex::NONE,
                    feasible,
                    evaluated: self.nodes as u32,
                    reason,
                });
            }
        }
    }
}

fn workload_name(workload: usize) -> String {
    let names = ["frontend", "import-orders", "checkout", "cart-with-a-rather-long-name", "nightly-report", "search"];
    if workload < names.len() { names[workload].to_owned() } else { format!("service-{workload}") }
}

fn namespace(workload: usize) -> &'static str {
    if workload % 7 == 6 { "batch-processing" } else { "default" }
}

fn finishing_touches(record: &mut Record) {
    autoscalers(record);
    super::synthetic_containers::add(record);
    jobs_and_use(record);
    record.warnings.push("step 3 never ran: its `when` was never true".to_owned());
    let end = record.end;
    record.steps.push(Step {
        number: 0,
        name: String::new(),
        command: "kubectl get pods -o wide </script><b>".to_owned(),
        start: Moment::ZERO,
        end: Moment::ZERO,
        exit: Some(0),
        output: "NAME  READY  STATUS\nweb   1/1    Running <&>\n".to_owned(),
    });
    record.steps.push(Step {
        number: 0,
        name: String::new(),
        command: "kubectl rollout status deployment/frontend".to_owned(),
        start: Moment(end.0 / 2),
        end: Moment(end.0 / 2 + end.0 / 20),
        exit: Some(1),
        output: "error: timed out waiting for the condition\n".to_owned(),
    });
    record.expectations.push(Expectation {
        name: "all run".to_owned(),
        when: "by 30s".to_owned(),
        that: "summary.pods.pending == 0".to_owned(),
        held: false,
        found: "summary.pods.pending was 2".to_owned(),
        time: end,
    });
}

/// The Jobs among the workloads, which wait and run, and what pods used at the end.
fn jobs_and_use(record: &mut Record) {
    for workload in (0..record.workloads.len()).map(WorkloadIndex::from_index) {
        let facts = record.workloads[workload.index()];
        if record.text(facts.kind) == "Job" {
            let job = record.job_created(workload);
            record.job_pod_ran(Moment(facts.created.0 + 2_000_000_000), job);
            record.job_finished(record.end, job, ["Complete", "CompletionsReached"]);
        }
    }
    for pod in (0..record.pods.len().min(50)).map(PodIndex::from_index) {
        let group = record.usage_group(pod);
        let used = Amounts { cpu_milli: 40 + u64::from(pod.0), memory_bytes: 1 << 26 };
        record.usage_changed(record.end, group, (Amounts::default(), 0), (used, 5));
    }
    record.sample_usage(record.end);
}

/// Autoscalers of the first workloads, whose load swings.
fn autoscalers(record: &mut Record) {
    for workload in (0..record.workloads.len().min(5)).map(WorkloadIndex::from_index) {
        let autoscaler = AutoscalerIndex::from_index(record.autoscalers.len());
        let facts = record.workloads[workload.index()];
        record.autoscalers.push(Autoscaler { namespace: facts.namespace, name: facts.name, target: workload });
        let mut current = 1;
        for tick in 0..40_u32 {
            let load = 6.0 + 5.0 * libm::sin(f64::from(tick + 7 * workload.0) / 6.0);
            let desired = libm::ceil(load) as u32;
            let metric = AutoscalerMetric {
                name: "cpu resource utilization (percentage of request)".to_owned(),
                value: format!("{}%", (load / f64::from(current) * 50.0) as u32),
                target: "50%".to_owned(),
                ratio: Some(load / f64::from(current)),
                load: Some(load),
                replicas: Some(desired),
                formula: format!("ceil({load:.4}) = {desired}"),
            };
            let (limit, reason) = (record.texts.intern("ScaleUpLimit"), record.texts.intern(""));
            record.autoscaler_rows.push(AutoscalerRow {
                time: Moment(record.end.0 / 40 * i64::from(tick)),
                autoscaler,
                current,
                recommended: Some(desired),
                stabilized: Some(desired),
                desired,
                rescaled: desired != current,
                limit,
                reason,
                metrics: Box::new([metric]),
            });
            current = desired;
        }
    }
}
