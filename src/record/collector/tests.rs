//! What a collector writes down of a cluster that verbs drive.

use serde_json::{Value, json};

use super::super::{Phase, Stage};
use super::*;
use crate::api::Clock;
use crate::api::decode::{DecodeCache, FieldValidation, decode};
use crate::cluster::{ClusterSettings, Cursor, DeleteOptions, EventDraft};
use crate::engine::random::Streams;
use crate::model::Text;
use crate::model::condition::ConditionStatus;
use crate::model::pod::{
    ContainerState, ContainerStatus, PodCondition, PodConditionType, PodPhase, PodStatus, Termination, Why,
};

/// A cluster, its collector, and how far that has read.
struct Scene {
    cluster: Cluster,
    collector: Collector,
    cursor: Cursor,
    sightings: usize,
}

impl Scene {
    fn new() -> Self {
        Self::with(History::all())
    }

    fn with(history: History) -> Self {
        let settings = ClusterSettings {
            clock: Clock { epoch_seconds: 0, warmup: SimDuration::ZERO },
            streams: Streams::new(0),
            not_ready_toleration_seconds: 300,
            unreachable_toleration_seconds: 300,
        };
        let tags = NodeTags { group: "worker".to_owned(), price: 0.5 };
        let nodes = BTreeMap::from([("node-1".to_owned(), tags)]);
        let collector = Collector::new(CollectorSettings { nodes, history, ..CollectorSettings::default() });
        Self { cluster: Cluster::new(settings), collector, cursor: Cursor::default(), sightings: 0 }
    }

    /// The collector reads what is new.
    fn settle(&mut self) {
        while let Some(change) = self.cluster.log.at(self.cursor) {
            self.cursor.0 += 1;
            self.collector.observe(change.at, &change, &self.cluster);
        }
        for sighting in self.cluster.events.sightings().from(self.sightings) {
            self.collector.event(*sighting, &self.cluster);
        }
        self.sightings = self.cluster.events.sightings().end();
    }

    /// Applies a manifest.
    fn create(&mut self, at: u64, manifest: Value) -> ObjectRef {
        let mut cache = DecodeCache::default();
        let decoded = decode(manifest, "default", FieldValidation::Strict, &mut cache).unwrap();
        let object = self.cluster.create(SimTime::from_secs(at), decoded).unwrap();
        self.settle();
        object
    }

    fn node(&mut self, name: &str) -> NodeId {
        let node = self.create(
            0,
            json!({
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": "a"}},
                "status": {
                    "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                    "conditions": [{"type": "Ready", "status": "True"}],
                },
            }),
        );
        node.as_node().unwrap()
    }

    fn pod(&mut self, at: u64, name: &str) -> PodId {
        let resources = json!({"requests": {"cpu": "500m", "memory": "1Gi"}});
        let containers = json!([{"name": "app", "image": "nginx:1.27", "resources": resources}]);
        let spec = json!({"containers": containers});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec});
        self.create(at, pod).as_pod().unwrap()
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

fn condition(kind: PodConditionType<'_>, status: ConditionStatus, reason: &'static str) -> PodCondition {
    PodCondition::new(kind, status, Why::new(reason, ""), SimTime::ZERO)
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
fn a_container_killed_for_its_memory_is_counted_once_whatever_is_kept() {
    for history in [History::all(), History::empty()] {
        let mut scene = Scene::with(history);
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
    let used = Amounts { cpu_milli: 120, memory_bytes: 64 };
    scene.collector.usage_changed(node);
    scene.collector.sample(SimTime::from_secs(15), |_| used);
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
    assert_eq!(node.last.requested, Amounts { cpu_milli: 500, memory_bytes: 1 << 30 });
    assert_eq!((node.last.used, record.totals.cpu_used.value()), (Some(used), 120));
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
            message: "Back-off restarting".into(),
            component: "kubelet",
            host: NodeId::NONE,
        };
        scene.cluster.record_event(SimTime::from_secs(at), draft);
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

#[test]
fn a_pull_lasts_as_long_as_the_kubelet_says() {
    let message = "Successfully pulled image \"a(b\" in 1.2s (1m1.5s including waiting). Image size: 72 bytes.";
    assert_eq!(pull_time(message), Some(SimDuration::from_millis(61_500)));
    assert_eq!(pull_time("Container image \"a\" already present on machine"), None);
}

#[test]
fn workloads_are_rows_and_own_their_pods_from_the_top() {
    let mut scene = Scene::new();
    let labels = json!({"app": "web"});
    let template = json!({
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]},
    });
    let mut spec = json!({"replicas": 3, "selector": {"matchLabels": labels}, "template": template});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec,
    });
    let deployment = scene.create(0, deployment);
    spec["replicas"] = 2.into();
    let owner = json!([{
        "apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": true,
        "uid": scene.cluster.uid(deployment),
    }]);
    let set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": "web-1", "ownerReferences": owner}, "spec": spec,
    });
    let set = scene.create(1, set);
    let pod = scene.pod(2, "web-1-x");
    scene.cluster.set_pod_controller(SimTime::from_secs(3), pod, set);
    scene.settle();
    let record = scene.collector.record();
    let keys: Vec<String> = (0..2).map(|index| record.workload_key(WorkloadIndex(index))).collect();
    assert_eq!(keys, ["default/deployment/web", "default/replicaset/web-1"]);
    assert_eq!(record.workloads[1].owner, WorkloadIndex(0));
    assert_eq!(record.pods[0].workload, WorkloadIndex(0));
    let desired: Vec<u32> = record.workload_rows.iter().map(|row| row.replicas.desired).collect();
    assert_eq!(desired, [3, 2]);
}
