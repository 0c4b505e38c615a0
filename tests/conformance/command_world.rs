//! The world of the recordings of commands: an API server, scheduler and controllers of the model, and the stand-in
//! kubelet that the recordings had: pods run and are Ready at once, images that contain `bad`, `hold`, `oneshot` or
//! `slowdelete` do what their name says.

use std::collections::BTreeMap;

use kubelapse::api::Clock;
use kubelapse::cluster::{Cluster, ClusterSettings, Cursor, DeleteOptions};
use kubelapse::controllers::{ControllerEvent, ControllerSettings, Controllers};
use kubelapse::engine::event_queue::EventQueue;
use kubelapse::engine::random::Streams;
use kubelapse::engine::{Outbox, SimDuration, SimTime};
use kubelapse::kubectl::{FileError, Files, Kubectl, Output, Progress};
use kubelapse::machines::{Machines, Registry};
use kubelapse::model::condition::ConditionStatus;
use kubelapse::model::kind::Kind;
use kubelapse::model::latency::{Latencies, Latency};
use kubelapse::model::object::{ObjectRef, PodId};
use kubelapse::model::pod::{
    ContainerState, ContainerStatus, PodCondition, PodConditionType, PodPhase, Termination, Why,
};
use kubelapse::scheduler::{Scheduler, SchedulerEvent, SchedulerSettings};
use kubelapse::workload::terminal;
use serde_json::json;

/// How long the effects of a step may take to settle.
const SETTLE: SimDuration = SimDuration::from_secs(3);
/// No recorded command waits longer than this.
const PATIENCE: SimDuration = SimDuration::from_secs(120);

/// Files that the steps so far have written.
#[derive(Default)]
pub struct StepFiles {
    pub files: BTreeMap<String, String>,
}

impl Files for StepFiles {
    fn read(&self, path: &str) -> Result<Vec<(String, String)>, FileError> {
        if let Some(text) = self.files.get(path) {
            return Ok(vec![(path.to_owned(), text.clone())]);
        }
        let folder = format!("{}/", path.trim_end_matches('/'));
        let found: Vec<(String, String)> = self
            .files
            .iter()
            .filter(|(name, _)| name.strip_prefix(&folder).is_some_and(|rest| !rest.contains('/')))
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect();
        if found.is_empty() { Err(FileError::Missing) } else { Ok(found) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    Controllers(ControllerEvent),
    Scheduler(SchedulerEvent),
    /// Watchers hear of what is due.
    Deliver,
    /// The kubelet looks at a pod.
    Kubelet(PodId),
}

pub struct World {
    pub cluster: Cluster,
    pub files: StepFiles,
    machines: Machines,
    kubectl: Kubectl,
    scheduler: Scheduler,
    controllers: Controllers,
    queue: EventQueue<Happening>,
    cursor: Cursor,
    delivery: SimDuration,
    now: SimTime,
}

impl World {
    /// With these nodes of 4 CPUs and 8Gi.
    pub fn new(nodes: &[&str]) -> Self {
        let streams = Streams::new(0);
        let latencies = Latencies::recorded();
        let mut world = Self {
            cluster: Cluster::new(ClusterSettings {
                clock: Clock { epoch_seconds: 1_767_225_600, warmup: SimDuration::ZERO },
                streams,
                not_ready_toleration_seconds: 300,
                unreachable_toleration_seconds: 300,
            }),
            files: StepFiles::default(),
            machines: Machines::new(Registry::default(), streams),
            kubectl: Kubectl::default(),
            scheduler: Scheduler::new(SchedulerSettings::new(latencies.clone(), streams)),
            controllers: Controllers::new(
                &ControllerSettings::new(latencies.clone(), streams).with_unlimited_clients(),
            ),
            queue: EventQueue::new(),
            cursor: Cursor::default(),
            delivery: latencies.fixed(Latency::WatchDelivery),
            now: SimTime::from_secs(1),
        };
        // As the recordings were made: no metrics-server, and a context of this name.
        world.cluster.metrics.set_up(false);
        world.kubectl.set_context("x");
        for name in nodes {
            let node = json!({
                "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
                "status": {
                    "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                    "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                    "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
                },
            });
            world
                .kubectl
                .apply_manifest(world.now, node, "nodes.yaml", &mut world.cluster, &world.machines)
                .expect("a node");
            let node = world.cluster.node_by_name(name).expect("it was just made");
            world.cluster.modify_spec(world.now, ObjectRef::node(node), |body| {
                body.as_node_mut().is_some_and(|node| {
                    node.taints.clear();
                    true
                })
            });
        }
        world.settle();
        world
    }

    /// Types a command, waits for its end, and lets its effects settle.
    pub fn run(&mut self, line: &str) -> Output {
        let give_up = self.now + PATIENCE;
        let mut progress = self.kubectl.start(self.now, line, &mut self.cluster, &self.machines, &self.files);
        loop {
            self.announce();
            let waiting = match progress {
                Progress::Done(output) => {
                    self.settle();
                    return output;
                }
                Progress::Exec(exec) => return exec.before,
                Progress::Edit(edit) => {
                    let edited = terminal::edit(edit.editor(), edit.file(), self.now);
                    let (cluster, machines) = (&mut self.cluster, &self.machines);
                    progress = self.kubectl.finish_edit(self.now, *edit, edited.as_deref(), cluster, machines);
                    continue;
                }
                Progress::Waiting(waiting) => waiting,
            };
            let deadline = waiting.deadline();
            match self.queue.next_time() {
                Some(next) if next <= deadline => self.step(),
                _ if deadline < give_up => self.now = deadline,
                _ => return Output { stderr: "still waiting".to_owned(), exit: -1, ..Output::default() },
            }
            if self.now > give_up {
                return Output { stderr: "still waiting".to_owned(), exit: -1, ..Output::default() };
            }
            progress = self.kubectl.poll(self.now, waiting, &mut self.cluster, &self.machines);
        }
    }

    /// Lets everything happen that a step has set off.
    pub fn settle(&mut self) {
        self.announce();
        let end = self.now + SETTLE;
        while self.queue.next_time().is_some_and(|next| next <= end) {
            self.step();
        }
        self.now = end;
    }

    fn step(&mut self) {
        let (at, happening) = self.queue.pop().expect("it has a next time");
        self.now = at;
        let (mut controllers, mut scheduler) = (Outbox::default(), Outbox::default());
        match happening {
            Happening::Controllers(event) => {
                self.controllers.handle(self.now, event, &mut self.cluster, &mut controllers);
            }
            Happening::Scheduler(event) => self.scheduler.handle(self.now, event, &mut self.cluster, &mut scheduler),
            Happening::Kubelet(pod) => self.kubelet(pod),
            Happening::Deliver => {
                let until = SimTime(self.now.0 - self.delivery.0);
                while let Some(change) = self.cluster.log.next(&mut self.cursor, until) {
                    self.controllers.observe(self.now, &change, &mut self.cluster, &mut controllers);
                    self.scheduler.observe(self.now, &change, &mut self.cluster, &mut scheduler);
                    if let Some(pod) = change.object.as_pod() {
                        self.queue.push(self.now + SimDuration::from_millis(10), Happening::Kubelet(pod));
                    }
                }
            }
        }
        controllers.drain().for_each(|(at, event)| self.queue.push(at, Happening::Controllers(event)));
        scheduler.drain().for_each(|(at, event)| self.queue.push(at, Happening::Scheduler(event)));
        self.announce();
    }

    fn announce(&mut self) {
        if self.cluster.log.at(self.cursor).is_some() {
            self.queue.push(self.now + self.delivery, Happening::Deliver);
        }
    }

    fn kubelet(&mut self, pod: PodId) {
        let row = self.cluster.pod(pod);
        let template = self.cluster.template_of(pod);
        let image = template.spec.main_containers().first().map_or(String::new(), |first| first.image.to_string());
        if row.deleted || row.node.is_none() {
            return;
        }
        if row.deletion.is_some() {
            if !image.contains("slowdelete") {
                let _ = self.cluster.delete(self.now, ObjectRef::pod(pod), DeleteOptions::NOW);
            }
            return;
        }
        if row.status.phase != PodPhase::Pending || image.contains("hold") || row.status.start_time.get().is_some() {
            return;
        }
        let of_job = row.controller.is_some() && row.controller.kind == Kind::JOB;
        let ended = image.contains("oneshot") || of_job;
        let bad = image.contains("bad");
        let count = template.spec.containers.len();
        let now = self.now;
        let state = match (ended, bad) {
            (_, true) => ContainerStatus::waiting("ImagePullBackOff"),
            (true, _) => ContainerStatus {
                state: ContainerState::Terminated(Box::new(Termination {
                    exit_code: 0,
                    reason: "Completed".into(),
                    message: "".into(),
                    started_at: now,
                    finished_at: now,
                    container_id: 1,
                })),
                ..ContainerStatus::waiting("")
            },
            _ => ContainerStatus {
                state: ContainerState::Running { started_at: now },
                ready: true,
                started: Some(true),
                ..ContainerStatus::waiting("")
            },
        };
        self.cluster.modify_pod_status(now, pod, |status| {
            status.start_time = now.into();
            status.pod_ip = 0x0af4_0000 + pod.0;
            status.containers = vec![state.clone(); count].into();
            status.phase = match (ended, bad) {
                (_, true) => PodPhase::Pending,
                (true, _) => PodPhase::Succeeded,
                _ => PodPhase::Running,
            };
            status.set_condition(PodCondition::new(
                PodConditionType::Ready,
                ConditionStatus::from(!ended && !bad),
                Why::NONE,
                now,
            ));
        });
    }
}
