//! ReplicaSets and ReplicationControllers in a small world.

use serde_json::{Value, json};

use crate::cluster::DeleteOptions;
use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::PodPhase;
use crate::model::replica_set::ReplicaSetStatus;

use super::super::testing::{World, template};

fn replica_set(replicas: i32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template("web", "nginx:1.25"),
        },
    })
}

fn status(world: &World, key: ObjectRef) -> ReplicaSetStatus {
    world.cluster.body(key).as_replica_set().unwrap().status.clone()
}

fn bare_pod(world: &mut World, name: &str) -> PodId {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "nginx:1.25"}]},
    });
    world.apply(pod).as_pod().unwrap()
}

#[test]
fn a_matching_orphan_is_adopted_and_counts() {
    let mut world = World::new(0);
    let pod = bare_pod(&mut world, "mine");
    world.run(SimDuration::from_secs(2));
    let key = world.apply(replica_set(2));
    world.run(SimDuration::from_secs(3));
    assert_eq!(world.cluster.pod(pod).controller, key);
    assert_eq!((world.pods_of(key).len(), status(&world, key).ready), (2, 2));
    let later = bare_pod(&mut world, "late");
    world.run(SimDuration::from_secs(3));
    assert_eq!((world.pods_of(key).len(), world.messages("SuccessfulDelete").len()), (2, 1));
    assert!(world.cluster.pod(later).controller == key);
}

#[test]
fn an_ended_or_leaving_pod_is_replaced_at_once() {
    let mut world = World::new(1);
    let key = world.apply(replica_set(2));
    world.run(SimDuration::from_secs(3));
    let pods = world.pods_of(key);
    world.slowest_start = 100.0;
    world.end(pods[0], PodPhase::Failed);
    world.act(|now, cluster| cluster.delete(now, ObjectRef::pod(pods[1]), DeleteOptions::default())).ok();
    world.run(SimDuration::from_millis(100));
    assert_eq!(world.messages("SuccessfulCreate").len(), 4);
    assert_eq!(status(&world, key).replicas, 2);
}

#[test]
fn a_pod_is_available_when_it_was_ready_for_long_enough() {
    let mut world = World::new(2);
    let mut manifest = replica_set(1);
    manifest["spec"]["minReadySeconds"] = json!(10);
    let key = world.apply(manifest);
    world.run(SimDuration::from_secs(5));
    assert_eq!((status(&world, key).ready, status(&world, key).available), (1, 0));
    world.run(SimDuration::from_secs(7));
    assert_eq!(status(&world, key).available, 1);
}

#[test]
fn a_replication_controller_has_no_count_of_terminating_pods() {
    let mut world = World::new(3);
    let key = world.apply(json!({
        "apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "old"},
        "spec": {"replicas": 2, "selector": {"app": "old"}, "template": template("old", "nginx:1.25")},
    }));
    world.run(SimDuration::from_secs(3));
    assert_eq!(
        (key.kind, status(&world, key).ready, status(&world, key).terminating),
        (Kind::REPLICATION_CONTROLLER, 2, None)
    );
}

#[test]
fn with_upstreams_client_rate_the_31st_pod_waits_for_a_token() {
    let streams = crate::engine::random::Streams::new(4);
    let settings = super::super::ControllerSettings::new(crate::model::latency::Latencies::recorded(), streams);
    let mut world = World::with_settings(&settings);
    world.slowest_start = 0.0;
    world.starts = false;
    let key = world.apply(replica_set(60));
    world.run(SimDuration::from_secs(10));
    let created: Vec<SimTime> = world.pods_of(key).iter().map(|pod| world.cluster.pod(*pod).created).collect();
    assert_eq!(created.len(), 60);
    assert!(created[29] < SimTime::from_millis(100), "{}", created[29]);
    let last = created[59].since(created[29]);
    assert!((SimDuration::from_millis(1400)..SimDuration::from_millis(1600)).contains(&last), "{last}");
}

#[test]
fn a_refusal_names_the_pod_that_was_to_be() {
    let mut world = World::new(0);
    world.apply(json!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"},
        "spec": {"limits": [{"type": "Container", "max": {"cpu": "100m"}}]},
    }));
    let mut set = replica_set(1);
    set["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "1"}});
    world.apply(set);
    world.run(SimDuration::from_secs(1));
    let messages = world.messages("FailedCreate");
    assert!(
        messages[0].starts_with("Error creating: pods \"web-") && messages[0].contains("\" is forbidden: maximum cpu")
    );
    assert_ne!(messages[0], messages[1]);
}

#[test]
fn pods_have_the_finalizers_of_their_template() {
    let mut world = World::new(0);
    let mut set = replica_set(1);
    set["spec"]["template"]["metadata"]["finalizers"] = json!(["example.com/hold"]);
    let key = world.apply(set);
    world.run(SimDuration::from_secs(2));
    let pod = world.pods_of(key)[0];
    assert_eq!(world.cluster.pod(pod).finalizers(), ["example.com/hold"]);
    world.act(|now, cluster| cluster.delete(now, ObjectRef::pod(pod), DeleteOptions::default())).unwrap();
    world.run(SimDuration::from_secs(3));
    assert!(!world.cluster.pod(pod).deleted && world.cluster.pod(pod).deletion.is_some());
}
