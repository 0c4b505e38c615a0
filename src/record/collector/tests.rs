//! What a collector writes down of a cluster that verbs drive.

use std::sync::Arc;

use serde_json::json;

use super::super::{Phase, Stage};
use super::*;
use crate::api::{Clock, Decoded, DecodedBody};
use crate::cluster::{ClusterSettings, Cursor, DeleteOptions, EventDraft, NewPod, PodName};
use crate::engine::random::Streams;
use crate::model::Text;
use crate::model::condition::{Condition, ConditionStatus};
use crate::model::labels::Labels;
use crate::model::node::Node;
use crate::model::object::Body;
use crate::model::pod::{
    ContainerState, ContainerStatus, PodCondition, PodConditionType, PodPhase, PodStatus, Termination,
};
use crate::model::pod_spec::{Container, PodSpec, PreemptionPolicy, PullPolicy, RestartPolicy};
use crate::model::pod_template::PodTemplate;
use crate::model::probe::Lifecycle;
use crate::model::resources::ResourceList;

/// A cluster, its collector, and how far that has read.
struct Scene {
    cluster: Cluster,
    collector: Collector,
    cursor: Cursor,
    sightings: usize,
}

impl Scene {
    fn new() -> Self {
        let settings = ClusterSettings {
            clock: Clock { epoch_seconds: 0, warmup: SimDuration::ZERO },
            streams: Streams::new(0),
            not_ready_toleration_seconds: 300,
            unreachable_toleration_seconds: 300,
        };
        let tags = NodeTags { group: "worker".to_owned(), price: 0.5 };
        let nodes = BTreeMap::from([("node-1".to_owned(), tags)]);
        let collector = Collector::new(CollectorSettings { nodes, ..CollectorSettings::default() });
        Self { cluster: Cluster::new(settings), collector, cursor: Cursor::default(), sightings: 0 }
    }

    /// The collector reads what is new.
    fn settle(&mut self) {
        while let Some(change) = self.cluster.log.at(self.cursor) {
            self.cursor.0 += 1;
            self.collector.observe(change.at, &change, &self.cluster);
        }
        for sighting in &self.cluster.events.sightings()[self.sightings..] {
            self.collector.event(*sighting, &self.cluster);
        }
        self.sightings = self.cluster.events.sightings().len();
    }

    fn node(&mut self, name: &str) -> NodeId {
        let mut node = Node::default();
        node.allocatable_resources.cpu_milli = 4000;
        node.conditions.push(ready_node(ConditionStatus::True));
        let decoded = Decoded {
            kind: Kind::NODE,
            namespace: Text::default(),
            name: name.into(),
            generate_name: Text::default(),
            labels: Arc::new(Labels::from_pairs([("topology.kubernetes.io/zone", "a")])),
            annotations: Labels::empty(),
            finalizers: Vec::new(),
            owners: Vec::new(),
            resource_version: Text::default(),
            raw: Arc::new(json!({})),
            body: DecodedBody::Other { body: Body::Node(Box::new(node)), template: None },
        };
        let node = self.cluster.create(SimTime::ZERO, decoded).unwrap().as_node().unwrap();
        self.settle();
        node
    }

    fn pod(&mut self, at: u64, name: &str) -> PodId {
        let namespace = self.cluster.namespace("default").unwrap();
        let template = self.cluster.intern_template(template());
        let name = PodName::Exact(name.into());
        let new =
            NewPod { namespace, name, template, controller: ObjectRef::NONE, finalizers: Vec::new(), mirror: false };
        let pod = self.cluster.create_pod(SimTime::from_secs(at), new).unwrap();
        self.settle();
        pod
    }

    fn status(&mut self, at: u64, pod: PodId, change: impl FnOnce(&mut PodStatus)) {
        self.cluster.modify_pod_status(SimTime::from_secs(at), pod, change);
        self.settle();
    }

    /// Time, status, ready and restarts of each row.
    fn timeline(&self) -> Vec<String> {
        let record = self.collector.record();
        let line = |row: &super::super::PodRow| {
            let state = &row.state;
            let status = record.text(state.status);
            format!("{} {status} {}/{} {}", row.time, state.ready, state.containers, state.restarts)
        };
        record.timeline.iter().map(line).collect()
    }
}

fn ready_node(status: ConditionStatus) -> Condition {
    Condition {
        kind: "Ready".into(),
        status,
        reason: Text::default(),
        message: Text::default(),
        last_transition: SimTime::ZERO,
        last_update: SimTime::ZERO,
    }
}

fn template() -> Arc<PodTemplate> {
    let container = Container {
        name: "app".into(),
        image: "nginx:1.27".into(),
        pull_policy: PullPolicy::IfNotPresent,
        command: Vec::new(),
        args: Vec::new(),
        working_dir: Text::default(),
        ports: Vec::new(),
        env: Vec::new(),
        env_from: Vec::new(),
        requests: ResourceList::default(),
        limits: ResourceList::default(),
        mounts: Vec::new(),
        startup_probe: None,
        readiness_probe: None,
        liveness_probe: None,
        lifecycle: Lifecycle::default(),
        restart_policy: None,
        restart_rules: Vec::new(),
        termination_message_path: Text::default(),
        termination_message_from_logs: false,
    };
    let spec = PodSpec {
        containers: vec![container],
        init_count: 0,
        volumes: Vec::new(),
        restart_policy: RestartPolicy::Always,
        termination_grace_period_seconds: 30,
        active_deadline_seconds: None,
        node_selector: Vec::new(),
        node_name: Text::default(),
        affinity: None,
        tolerations: Vec::new(),
        topology_spread: Vec::new(),
        scheduler_name: Text::const_new("default-scheduler"),
        priority_class: Text::default(),
        priority: 0,
        preemption_policy: PreemptionPolicy::PreemptLowerPriority,
        scheduling_gates: Vec::new(),
        readiness_gates: Vec::new(),
        host_network: false,
        hostname: Text::default(),
        subdomain: Text::default(),
        service_account: Text::const_new("default"),
        overhead: ResourceList::default(),
        pod_requests: ResourceList::default(),
        pod_limits: ResourceList::default(),
        enable_service_links: true,
        image_pull_secrets: Vec::new(),
    };
    Arc::new(PodTemplate::new(Labels::empty(), Labels::empty(), spec, Arc::new(json!({}))))
}

fn condition(kind: PodConditionType, status: ConditionStatus, reason: &'static str) -> PodCondition {
    let reason = Text::const_new(reason);
    PodCondition { kind, status, reason, message: Text::default(), last_transition: SimTime::ZERO }
}

fn running(status: &mut PodStatus, at: u64) {
    status.phase = PodPhase::Running;
    let mut container = ContainerStatus::waiting("");
    container.state = ContainerState::Running { started_at: SimTime::from_secs(at) };
    container.ready = true;
    status.containers = Box::new([container]);
    status.set_condition(condition(PodConditionType::Ready, ConditionStatus::True, ""));
}

fn killed_for_memory() -> Termination {
    Termination {
        exit_code: 137,
        reason: "OOMKilled".into(),
        message: Text::default(),
        started_at: SimTime::ZERO,
        finished_at: SimTime::from_secs(9),
        container_id: 1,
    }
}

#[test]
fn the_timeline_shows_a_pods_life_as_kubectl_would() {
    let mut scene = Scene::new();
    let node = scene.node("node-1");
    let pod = scene.pod(1, "web");
    let refused = condition(PodConditionType::PodScheduled, ConditionStatus::False, "Unschedulable");
    scene.status(2, pod, |status| assert!(status.set_condition(refused)));
    assert_eq!(scene.collector.record().pods[0].last.stage, Stage::Unschedulable);
    scene.cluster.bind(SimTime::from_secs(3), pod, node).unwrap();
    scene.settle();
    scene.status(4, pod, |status| status.containers = Box::new([ContainerStatus::waiting("ContainerCreating")]));
    scene.status(5, pod, |status| running(status, 5));
    scene.cluster.delete(SimTime::from_secs(8), ObjectRef::pod(pod), DeleteOptions::default()).unwrap();
    scene.settle();
    scene.cluster.delete(SimTime::from_secs(9), ObjectRef::pod(pod), DeleteOptions::NOW).unwrap();
    scene.settle();
    let expected = [
        "1.000 Pending 0/1 0",
        "2.000 Pending 0/1 0",
        "3.000 Pending 0/1 0",
        "4.000 ContainerCreating 0/1 0",
        "5.000 Running 1/1 0",
        "8.000 Terminating 1/1 0",
        "9.000 Deleted 0/1 0",
    ];
    assert_eq!(scene.timeline(), expected);
    let record = scene.collector.record();
    assert_eq!(record.text(record.timeline[1].state.reason), "Unschedulable");
    let pod = &record.pods[0];
    let moments = [pod.created, pod.bound, pod.became_ready, pod.deleted];
    assert_eq!(moments, [1_000, 3_000, 5_000, 9_000].map(Moment::from_millis));
    assert_eq!((record.text(pod.name), record.text(pod.namespace)), ("web", "default"));
}

#[test]
fn a_container_killed_for_its_memory_is_counted_once() {
    let mut scene = Scene::new();
    let node = scene.node("node-1");
    let pod = scene.pod(0, "web");
    scene.cluster.bind(SimTime::ZERO, pod, node).unwrap();
    scene.status(1, pod, |status| running(status, 1));
    scene.status(9, pod, |status| {
        status.containers[0].state = ContainerState::Terminated(Box::new(killed_for_memory()));
    });
    scene.status(10, pod, |status| {
        let container = &mut status.containers[0];
        container.state =
            ContainerState::Waiting { reason: Text::const_new("CrashLoopBackOff"), message: Text::default() };
        container.last = Some(Box::new(killed_for_memory()));
    });
    scene.status(20, pod, |status| {
        status.containers[0].state = ContainerState::Running { started_at: SimTime::from_secs(20) };
        status.containers[0].restart_count = 1;
    });
    let totals = &scene.collector.record().totals;
    assert_eq!((totals.oom_killed, totals.restarts), (1, 1));
}

#[test]
fn an_eviction_and_a_failure_are_seen() {
    let mut scene = Scene::new();
    let pod = scene.pod(0, "web");
    scene.status(1, pod, |status| {
        status.phase = PodPhase::Failed;
        status.reason = Some(Box::new(("Evicted".into(), Text::default())));
    });
    let record = scene.collector.record();
    assert_eq!((record.totals.pods_evicted, record.pods[0].last.phase), (1, Phase::Failed));
    assert_eq!(scene.timeline()[1], "1.000 Evicted 0/1 0");
}

#[test]
fn nodes_have_the_scenarios_group_and_price_and_are_sampled_when_their_load_changed() {
    let mut scene = Scene::new();
    let node = scene.node("node-1");
    assert!(!scene.collector.is_sample_due());
    let pod = scene.pod(1, "web");
    scene.cluster.bind(SimTime::from_secs(1), pod, node).unwrap();
    scene.settle();
    assert!(scene.collector.is_sample_due());
    scene.collector.sample(SimTime::from_secs(15));
    assert!(!scene.collector.is_sample_due());
    scene.cluster.modify_status(SimTime::from_secs(40), ObjectRef::node(node), |body| {
        body.as_node_mut().unwrap().conditions[0].status = ConditionStatus::Unknown;
        true
    });
    scene.settle();
    let record = scene.collector.record();
    let rows: Vec<_> = record
        .node_rows
        .iter()
        .map(|row| (row.time.seconds(), record.text(row.state.status), row.state.pods))
        .collect();
    assert_eq!(rows, [(0.0, "Ready", 0), (15.0, "Ready", 1), (40.0, "NotReady", 1)]);
    let node = &record.nodes[0];
    assert_eq!((record.text(node.group), record.text(node.zone), node.price), ("worker", "a", 0.5));
}

#[test]
fn events_are_rows_with_the_count_of_their_time() {
    let mut scene = Scene::new();
    let pod = scene.pod(0, "web");
    for at in [1, 2] {
        let draft = EventDraft {
            object: ObjectRef::pod(pod),
            container: None,
            kind: EventType::Warning,
            reason: "BackOff".into(),
            message: "Back-off restarting".to_owned(),
            component: "kubelet",
            host: NodeId::NONE,
        };
        scene.cluster.events.record(SimTime::from_secs(at), draft);
    }
    scene.settle();
    let record = scene.collector.record();
    let rows: Vec<_> = record.events.iter().map(|row| (row.count, row.raised, record.text(row.name))).collect();
    assert_eq!(rows, [(1, 1, "web"), (2, 1, "web")]);
}

#[test]
fn a_warm_up_of_unknown_length_ends_at_zero() {
    let mut scene = Scene::new();
    scene.pod(3, "web");
    scene.collector.warm_up_ended(SimTime::from_secs(10));
    scene.pod(12, "late");
    let record = scene.collector.finish(SimTime::from_secs(15), RunEnd::default());
    let times: Vec<String> = record.timeline.iter().map(|row| row.time.to_string()).collect();
    assert_eq!(times, ["-7.000", "2.000"]);
    assert_eq!((record.begin().seconds(), record.end.seconds(), record.totals.pods_created), (-10.0, 5.0, 1));
}
