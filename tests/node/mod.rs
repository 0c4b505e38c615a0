//! A loop over cluster, machines, kubelets and workload, with the smallest of schedulers.

use kubelapse::api::{Clock, decode, yaml};
use kubelapse::cluster::{Cluster, ClusterSettings, Cursor, DeleteOptions, Propagation, Verb};
use kubelapse::engine::distribution::Distribution;
use kubelapse::engine::event_queue::EventQueue;
use kubelapse::engine::random::Streams;
use kubelapse::engine::{Outbox, SimDuration, SimTime};
use kubelapse::kubelet::{KubeletEvent, KubeletSettings, Kubelets};
use kubelapse::machines::{Machines, Registry, RegistryImage};
use kubelapse::model::container_matcher::Matcher;
use kubelapse::model::kind::Kind;
use kubelapse::model::latency::Latencies;
use kubelapse::model::object::{NodeId, ObjectRef, PodId};
use kubelapse::model::pod_columns::columns;
use kubelapse::workload::behaviour::{BehaviourTable, ContainerBehaviour, OnTerm, Run, RunLength};
use kubelapse::workload::traffic::settings::TrafficSettings;
use kubelapse::workload::{Workload, WorkloadEvent, WorkloadSettings};

#[derive(Clone, Copy, Debug)]
enum Event {
    Wake,
    Kubelet(KubeletEvent),
    Workload(WorkloadEvent),
}

/// One line of a pod's timeline.
struct Row {
    at: SimTime,
    pod: PodId,
    status: String,
    phase: &'static str,
}

pub struct World {
    pub cluster: Cluster,
    pub machines: Machines,
    kubelets: Option<Kubelets>,
    workload: Option<Workload>,
    entries: Vec<(Matcher, ContainerBehaviour)>,
    queue: EventQueue<Event>,
    kubelet_outbox: Outbox<KubeletEvent>,
    workload_outbox: Outbox<WorkloadEvent>,
    watch: Cursor,
    woken: bool,
    recorded: Cursor,
    rows: Vec<Row>,
    now: SimTime,
    nodes: u32,
    bound: u32,
}

const WATCH: SimDuration = SimDuration::from_millis(3);

impl World {
    pub fn new() -> Self {
        Self::with_nodes(1)
    }

    pub fn with_nodes(nodes: u32) -> Self {
        let streams = Streams::new(7);
        let settings = ClusterSettings {
            clock: Clock { epoch_seconds: 1_767_225_600, warmup: SimDuration::ZERO },
            streams,
            not_ready_toleration_seconds: 300,
            unreachable_toleration_seconds: 300,
        };
        let mut registry = Registry::default();
        kubelapse::workload::catalogue::add_sizes(&mut registry);
        let mut world = Self {
            cluster: Cluster::new(settings),
            machines: Machines::new(registry, streams),
            kubelets: None,
            workload: None,
            entries: Vec::new(),
            queue: EventQueue::new(),
            kubelet_outbox: Outbox::default(),
            workload_outbox: Outbox::default(),
            watch: Cursor(0),
            woken: false,
            recorded: Cursor(0),
            rows: Vec::new(),
            now: SimTime::ZERO,
            nodes,
            bound: 0,
        };
        for number in 1..=nodes {
            world.apply(&format!(
                "apiVersion: v1\nkind: Node\nmetadata: {{name: node-{number}}}\nstatus:\n  capacity: {{cpu: '4', memory: 8Gi, pods: '110'}}\n  allocatable: {{cpu: '4', memory: 8Gi, pods: '110'}}\n"
            ));
        }
        world
    }

    pub fn preload(&mut self, image: &str) {
        self.machines.registry.set(image, RegistryImage { size: 1000, pull: None, missing: false, preloaded: true });
    }

    pub fn miss(&mut self, image: &str, seconds: f64) {
        let pull = Some(SimDuration::from_secs_f64(seconds));
        self.machines.registry.set(image, RegistryImage { size: 0, pull, missing: true, preloaded: false });
    }

    /// `run`: seconds and exit code. `on_term`: `Some(None)` ignores it.
    #[expect(clippy::option_option, reason = "nothing stated, ignored, or an exit")]
    pub fn behave(&mut self, image: &str, run: Option<(f64, i32)>, on_term: Option<Option<(f64, i32)>>) {
        let behaviour = ContainerBehaviour {
            run: run.map(|(seconds, exit)| Run { length: RunLength::Time(Distribution::Constant(seconds)), exit }),
            on_term: on_term.map(|on_term| match on_term {
                None => OnTerm::Ignore,
                Some((seconds, exit)) => OnTerm::Exit { after: Distribution::Constant(seconds), exit },
            }),
            ..ContainerBehaviour::default()
        };
        self.entries.push((Matcher { image: Some(image.to_owned()), ..Matcher::default() }, behaviour));
    }

    pub fn apply(&mut self, text: &str) -> Vec<ObjectRef> {
        self.apply_named(text, None)
    }

    pub fn apply_many(&mut self, text: &str, count: u32) {
        for number in 0..count {
            self.apply_named(text, Some(number));
        }
    }

    fn apply_named(&mut self, text: &str, number: Option<u32>) -> Vec<ObjectRef> {
        let mut cache = decode::DecodeCache::default();
        let manifests = yaml::read(text).into_result().expect("readable");
        let mut made = Vec::new();
        for manifest in manifests {
            let decoded =
                decode(manifest.value, "default", decode::FieldValidation::Strict, &mut cache).expect("valid");
            let mut decoded = decoded;
            if let Some(number) = number {
                decoded.name = format!("{}-{number}", decoded.name).as_str().into();
            }
            let object = self.cluster.create(self.now, decoded).expect("accepted");
            if let Some(pod) = object.as_pod() {
                let node = NodeId(self.bound % self.nodes);
                self.bound += 1;
                self.record();
                self.cluster.bind(self.now, pod, node).expect("bound");
            }
            made.push(object);
        }
        self.settle();
        made
    }

    pub fn delete(&mut self, pod: &str, grace: Option<i64>) {
        let object = self.find(pod);
        let options = DeleteOptions { grace_seconds: grace, propagation: Propagation::Background };
        self.cluster.delete(self.now, object, options).expect("deleted");
        self.settle();
    }

    fn find(&self, pod: &str) -> ObjectRef {
        let namespace = self.cluster.namespace("default").expect("it is there");
        self.cluster.find(Kind::POD, namespace, pod).expect("it is there")
    }

    fn parts(&mut self) {
        if self.kubelets.is_none() {
            let (latencies, streams) = (Latencies::recorded(), Streams::new(7));
            self.kubelets = Some(Kubelets::new(KubeletSettings::new(latencies.clone(), streams)));
            let behaviours = BehaviourTable::new(std::mem::take(&mut self.entries));
            let settings = WorkloadSettings {
                latencies,
                streams,
                behaviours,
                origin: SimTime::ZERO,
                traffic: TrafficSettings::default(),
            };
            self.workload = Some(Workload::new(settings));
        }
    }

    pub fn run_until(&mut self, seconds: f64) {
        self.parts();
        let end = SimTime::ZERO + SimDuration::from_secs_f64(seconds);
        while let Some(next) = self.queue.next_time().filter(|next| *next <= end) {
            let (now, event) = self.queue.pop().expect("it has a next time");
            assert_eq!(now, next);
            self.now = now;
            let kubelets = self.kubelets.as_mut().expect("made above");
            let workload = self.workload.as_mut().expect("made above");
            match event {
                Event::Wake => {
                    self.woken = false;
                    while let Some(change) =
                        self.cluster.log.at(self.watch).filter(|change| change.at + WATCH <= self.now)
                    {
                        self.watch.0 += 1;
                        let outbox = &mut self.kubelet_outbox;
                        kubelets.observe(now, &change, &mut self.cluster, &mut self.machines, outbox);
                    }
                }
                Event::Kubelet(event) => {
                    kubelets.handle(now, event, &mut self.cluster, &mut self.machines, &mut self.kubelet_outbox);
                }
                Event::Workload(event) => {
                    workload.handle(now, event, &self.cluster, &mut self.machines, &mut self.workload_outbox);
                }
            }
            while let Some(change) = self.machines.log.pop() {
                workload.observe_machine(now, change, &self.cluster, &mut self.machines, &mut self.workload_outbox);
                let outbox = &mut self.kubelet_outbox;
                kubelets.observe_machine(now, change, &mut self.cluster, &mut self.machines, outbox);
            }
            self.settle();
        }
        self.now = end;
    }

    fn settle(&mut self) {
        let queue = &mut self.queue;
        self.kubelet_outbox.drain().for_each(|(at, event)| queue.push(at, Event::Kubelet(event)));
        self.workload_outbox.drain().for_each(|(at, event)| queue.push(at, Event::Workload(event)));
        self.record();
        if let Some(change) = self.cluster.log.at(self.watch).filter(|_| !self.woken) {
            self.woken = true;
            self.queue.push((change.at + WATCH).max(self.now), Event::Wake);
        }
    }

    fn record(&mut self) {
        while let Some(change) = self.cluster.log.at(self.recorded) {
            self.recorded.0 += 1;
            let Some(pod) = change.object.as_pod() else { continue };
            let row = self.cluster.pod(pod);
            let shown = columns(row, self.cluster.template_of(pod));
            let status = match change.verb {
                Verb::Deleted => "gone".to_owned(),
                _ => format!("{}/{} {}", shown.ready, shown.total, shown.status),
            };
            let phase = row.status.phase.name();
            if self
                .rows
                .iter()
                .rev()
                .find(|row| row.pod == pod)
                .is_none_or(|last| last.status != status || last.phase != phase)
            {
                self.rows.push(Row { at: change.at, pod, status, phase });
            }
        }
    }

    fn rows_of<'a>(&'a self, pod: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| self.cluster.pod(row.pod).name == pod)
    }

    /// READY and STATUS, one for each change of them.
    pub fn statuses(&self, pod: &str) -> Vec<String> {
        let mut statuses: Vec<String> = self.rows_of(pod).map(|row| row.status.clone()).collect();
        statuses.dedup();
        statuses
    }

    pub fn time_of_status(&self, pod: &str, status: &str) -> f64 {
        self.rows_of(pod).find(|row| row.status == status).map_or(f64::NAN, |row| row.at.as_secs_f64())
    }

    pub fn time_of_phase(&self, pod: &str, phase: &str) -> f64 {
        self.rows_of(pod).find(|row| row.phase == phase).map_or(f64::NAN, |row| row.at.as_secs_f64())
    }

    pub fn gone(&self, pod: &str) -> Option<f64> {
        self.rows_of(pod).find(|row| row.status == "gone").map(|row| row.at.as_secs_f64())
    }

    fn is_about(&self, row: u32, pod: &str) -> bool {
        let object = self.cluster.events.row(row).object;
        object.as_pod().is_some_and(|id| self.cluster.pod(id).name == pod)
    }

    fn event_reason(&self, row: u32) -> &str {
        let events = &self.cluster.events;
        &events.sort_of(events.row(row)).reason
    }

    pub fn event_reasons(&self, pod: &str) -> Vec<String> {
        let sightings = self.cluster.events.sightings().from(0).filter(|sighting| self.is_about(sighting.row, pod));
        sightings.map(|sighting| self.event_reason(sighting.row).to_owned()).collect()
    }

    pub fn times_of_event(&self, pod: &str, reason: &str) -> Vec<f64> {
        let sightings = self.cluster.events.sightings().from(0);
        sightings
            .filter(|sighting| self.is_about(sighting.row, pod) && self.event_reason(sighting.row) == reason)
            .map(|sighting| sighting.at.as_secs_f64())
            .collect()
    }
}
