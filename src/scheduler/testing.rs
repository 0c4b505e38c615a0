//! Small clusters and pods for the tests of the scheduler.

use std::sync::Arc;

use serde_json::Value;

use super::cache::{Images, NodeFacts, NodeInfo, PodEntry};
use super::config::SchedulerConfiguration;
use super::framework::{PodShape, ScoreContext};
use super::{Scheduler, SchedulerEvent, SchedulerSettings};
use crate::api::{Clock, Decoded, DecodedBody};
use crate::cluster::{Cluster, ClusterSettings, Cursor, NewPod, PodName};
use crate::engine::event_queue::EventQueue;
use crate::engine::random::Streams;
use crate::engine::{Outbox, Significance, SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::latency::Latencies;
use crate::model::node::Node;
use crate::model::object::{Body, NamespaceId, NodeId, ObjectRef, PodId, TemplateId};
use crate::model::pod_spec::{Container, PodSpec, PreemptionPolicy, PullPolicy, RestartPolicy};
use crate::model::pod_template::PodTemplate;
use crate::model::quantity::Quantity;
use crate::model::resources::{ResourceList, Resources};

/// CPU and memory; `0` leaves one out.
pub fn requests(cpu: &str, memory: &str) -> ResourceList {
    let mut list = ResourceList::default();
    for (name, amount) in [("cpu", cpu), ("memory", memory)] {
        if amount != "0" {
            list.set(name, Quantity::parse(amount).expect("a quantity"));
        }
    }
    list
}

/// A specification with one container.
pub fn pod_spec(requests: ResourceList) -> PodSpec {
    let container = Container {
        name: "main".into(),
        image: "nginx".into(),
        pull_policy: PullPolicy::IfNotPresent,
        command: Vec::new(),
        args: Vec::new(),
        working_dir: "".into(),
        ports: Vec::new(),
        env: Vec::new(),
        env_from: Vec::new(),
        requests,
        limits: ResourceList::default(),
        mounts: Vec::new(),
        startup_probe: None,
        readiness_probe: None,
        liveness_probe: None,
        lifecycle: crate::model::probe::Lifecycle::default(),
        restart_policy: None,
        restart_rules: Vec::new(),
        termination_message_path: "".into(),
        termination_message_from_logs: false,
        run_as: crate::model::pod_spec::RunAs::default(),
        restarts_for: crate::model::pod_spec::ResizeRestarts::default(),
    };
    PodSpec {
        containers: vec![container],
        init_count: 0,
        ephemeral_count: 0,
        volumes: Vec::new(),
        restart_policy: RestartPolicy::Always,
        termination_grace_period_seconds: 30,
        active_deadline_seconds: None,
        node_selector: Vec::new(),
        node_name: "".into(),
        affinity: None,
        tolerations: Vec::new(),
        topology_spread: Vec::new(),
        scheduler_name: "default-scheduler".into(),
        priority_class: "".into(),
        priority: 0,
        preemption_policy: PreemptionPolicy::PreemptLowerPriority,
        scheduling_gates: Vec::new(),
        readiness_gates: Vec::new(),
        host_network: false,
        host_aliases: Vec::new(),
        hostname: "".into(),
        hostname_override: "".into(),
        full_hostname: false,
        subdomain: "".into(),
        service_account: "".into(),
        overhead: ResourceList::default(),
        pod_requests: ResourceList::default(),
        pod_limits: ResourceList::default(),
        enable_service_links: true,
        image_pull_secrets: Vec::new(),
        os: "".into(),
        host_ipc: false,
        shares_processes: false,
        sysctls: Vec::new(),
        env_files: Vec::new(),
    }
}

/// A template with one container.
pub fn pod_template(requests: ResourceList) -> PodTemplate {
    PodTemplate::new(Labels::empty(), Labels::empty(), pod_spec(requests), Arc::new(Value::Null))
}

/// The shape of a pod with one container.
pub fn pod_shape(requests: ResourceList) -> PodShape {
    PodShape::of(&pod_template(requests))
}

/// A node of a size with pods of these requests on it.
pub fn node_with(allocatable: (&str, &str), pods: &[ResourceList]) -> NodeInfo {
    let facts = NodeFacts {
        allocatable: Resources::from_list(&requests(allocatable.0, allocatable.1)),
        allowed_pods: 110,
        ..NodeFacts::default()
    };
    let mut node = NodeInfo { facts: Arc::new(facts), ..NodeInfo::default() };
    for (index, requests) in pods.iter().enumerate() {
        let entry = PodEntry {
            pod: PodId::from_index(index),
            namespace: NamespaceId(0),
            template: TemplateId(0),
            priority: 0,
            terminating: false,
        };
        node.add_pod(entry, &pod_template(requests.clone()));
        if requests.entries.is_empty() {
            // The examples of the specification give what is used, not pods: nothing is used by no pod.
            (node.nonzero_cpu_milli, node.nonzero_memory) = (0, 0);
        }
    }
    node
}

/// One node, no images.
pub fn score_context() -> ScoreContext<'static> {
    static NO_IMAGES: std::sync::LazyLock<Images> = std::sync::LazyLock::new(Images::default);
    ScoreContext { nodes: 1, images: &NO_IMAGES }
}

/// A cluster and a scheduler that hears of every write at once, with a loop of their own.
pub struct Driver {
    /// The API server.
    pub cluster: Cluster,
    /// The scheduler.
    pub scheduler: Scheduler,
    /// Virtual time.
    pub now: SimTime,
    events: EventQueue<SchedulerEvent>,
    outbox: Outbox<SchedulerEvent>,
    cursor: Cursor,
}

impl Driver {
    /// An empty cluster; the delays are those recorded, without a client limit.
    pub fn new() -> Self {
        Self::with_client_limit(f64::INFINITY, 1)
    }

    /// The same with a limit on the scheduler's calls.
    pub fn with_client_limit(client_qps: f64, client_burst: u32) -> Self {
        Self::configured(SchedulerConfiguration { client_qps, client_burst, ..SchedulerConfiguration::default() })
    }

    /// The same with a configuration.
    pub fn configured(configuration: SchedulerConfiguration) -> Self {
        Self::with_latencies(Latencies::recorded(), configuration)
    }

    /// Nothing takes any time, and nothing is limited.
    pub fn instant() -> Self {
        let latencies = Latencies::preset("instant").expect("it is one of the presets");
        let configuration = SchedulerConfiguration { client_qps: f64::INFINITY, ..SchedulerConfiguration::default() };
        Self::with_latencies(latencies, configuration)
    }

    fn with_latencies(latencies: Latencies, configuration: SchedulerConfiguration) -> Self {
        let settings = SchedulerSettings::new(latencies, Streams::new(0));
        Self {
            cluster: cluster(),
            scheduler: Scheduler::new(SchedulerSettings { configuration, ..settings }),
            now: SimTime::ZERO,
            events: EventQueue::new(),
            outbox: Outbox::default(),
            cursor: Cursor::default(),
        }
    }

    /// Creates a node.
    pub fn node(&mut self, name: &str, cpu: &str, memory: &str) -> NodeId {
        let allocatable = requests(cpu, memory);
        let mut allocatable_resources = Resources::from_list(&allocatable);
        allocatable_resources.set("pods", 110);
        let mut list = allocatable;
        list.set("pods", Quantity::from_whole(110));
        let node = Node { allocatable: list, allocatable_resources, ..Node::default() };
        let labels = Labels::from_pairs([("kubernetes.io/hostname", name)]);
        let decoded = decoded(Kind::NODE, "", name, labels, Body::Node(Box::new(node)));
        self.cluster.create(self.now, decoded).expect("a new node").as_node().expect("it is a node")
    }

    /// Creates a pod from a specification.
    pub fn pod(&mut self, name: &str, spec: PodSpec) -> PodId {
        create_pod_at(&mut self.cluster, self.now, name, Labels::default(), spec)
    }

    /// Creates a pod whose wire form says more than its specification here.
    pub fn pod_with_raw(&mut self, name: &str, spec: PodSpec, raw: Value) -> PodId {
        create_pod_of(
            &mut self.cluster,
            self.now,
            name,
            PodTemplate::new(Labels::empty(), Labels::empty(), spec, Arc::new(raw)),
        )
    }

    /// Runs until `until`, or until nothing is left before it.
    pub fn run(&mut self, until: SimTime) {
        while self.step(until) {}
        self.now = until;
    }

    /// The scheduler hears of everything and handles its next event up to an instant, that included. False if there is none.
    pub fn step(&mut self, until: SimTime) -> bool {
        while let Some(change) = self.cluster.log.next(&mut self.cursor, self.now) {
            self.scheduler.observe(self.now, &change, &mut self.cluster, &mut self.outbox);
        }
        for (at, event) in self.outbox.drain() {
            self.events.push(at, event);
        }
        match self.events.next_time() {
            Some(at) if at <= until => {}
            _ => return false,
        }
        let (at, event) = self.events.pop().expect("its time was just read");
        self.now = at;
        self.scheduler.handle(at, event, &mut self.cluster, &mut self.outbox);
        true
    }

    /// What is still to come, with its significance.
    pub fn pending(&self) -> Vec<(SimTime, Significance)> {
        let event = |(at, event)| (at, self.scheduler.significance(event, &self.cluster));
        self.events.iter().map(event).filter(|(_, significance)| *significance != Significance::Stale).collect()
    }

    /// Messages of the Events about a pod, in order.
    pub fn messages(&self, pod: PodId) -> Vec<String> {
        let rows = self.cluster.events.rows().iter();
        rows.filter(|row| row.object == ObjectRef::pod(pod))
            .map(|row| self.cluster.event_message(row).into_owned())
            .collect()
    }
}

/// An object as `api` would hand it over.
pub fn decoded(kind: Kind, namespace: &str, name: &str, labels: Labels, body: Body) -> Decoded {
    Decoded {
        kind,
        namespace: namespace.into(),
        name: name.into(),
        generate_name: "".into(),
        labels: Arc::new(labels),
        annotations: Labels::empty(),
        finalizers: Vec::new(),
        owners: Vec::new(),
        resource_version: "".into(),
        raw: Arc::new(Value::Null),
        body: DecodedBody::Other { body, template: None },
    }
}

/// An API server with its bootstrap objects only.
pub fn cluster() -> Cluster {
    Cluster::new(ClusterSettings {
        clock: Clock { epoch_seconds: 1_767_225_600, warmup: SimDuration::ZERO },
        streams: Streams::new(0),
        not_ready_toleration_seconds: 300,
        unreachable_toleration_seconds: 300,
    })
}

/// Creates a pod in the default namespace at the run's origin.
pub fn create_pod(cluster: &mut Cluster, name: &str, labels: Labels, spec: PodSpec) -> PodId {
    create_pod_at(cluster, SimTime::ZERO, name, labels, spec)
}

fn create_pod_at(cluster: &mut Cluster, now: SimTime, name: &str, labels: Labels, spec: PodSpec) -> PodId {
    // The raw form is what tells templates apart.
    let raw = serde_json::json!({ "labels": format!("{labels:?}"), "spec": format!("{spec:?}") });
    create_pod_of(cluster, now, name, PodTemplate::new(Arc::new(labels), Labels::empty(), spec, Arc::new(raw)))
}

fn create_pod_of(cluster: &mut Cluster, now: SimTime, name: &str, template: PodTemplate) -> PodId {
    let new = NewPod {
        namespace: cluster.namespace("default").expect("it is there from the start"),
        name: PodName::Exact(name.into()),
        template: cluster.intern_template(Arc::new(template)),
        controller: ObjectRef::NONE,
        finalizers: Vec::new(),
        mirror: true,
    };
    cluster.create_pod(now, new).expect("a new pod")
}
