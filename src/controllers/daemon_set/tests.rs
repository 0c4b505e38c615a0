//! DaemonSets in a small world. Nobody schedules there, so the tests bind the pods.

use serde_json::{Value, json};

use crate::engine::SimDuration;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::testing::{World, template};
use super::nodes;

fn manifest(image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"},
        "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": template("agent", image)},
    })
}

/// Binds every pod to the node it was made for, for some seconds.
fn run_bound(world: &mut World, seconds: u64) {
    for _ in 0..seconds * 5 {
        let unbound: Vec<_> = world
            .cluster
            .list(Kind::POD)
            .filter_map(ObjectRef::as_pod)
            .filter(|pod| world.cluster.pod(*pod).node.is_none())
            .collect();
        for pod in unbound {
            let node = nodes::target(pod, &world.cluster);
            world.act(|now, cluster| cluster.bind(now, pod, node)).unwrap();
        }
        world.run(SimDuration::from_millis(200));
    }
}

#[test]
fn every_node_has_its_pod_and_an_update_replaces_them_one_by_one() {
    let mut world = World::new(0);
    world.slowest_start = 0.1;
    for name in ["a", "b", "c"] {
        world.apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}));
    }
    let key = world.apply(manifest("nginx:1.25"));
    run_bound(&mut world, 5);
    let status = world.cluster.body(key).as_daemon_set().unwrap().status.clone();
    assert_eq!((status.desired, status.current, status.ready, status.updated), (3, 3, 3, 3));
    assert_eq!((status.available, status.unavailable, status.misscheduled), (3, 0, 0));
    world.checks.push(|cluster| {
        let ready = cluster.list(Kind::POD).filter(|pod| cluster.pod(pod.as_pod().unwrap()).is_ready()).count();
        assert!(ready >= 2, "{ready} ready");
    });
    world.apply(manifest("nginx:1.26"));
    run_bound(&mut world, 20);
    let status = world.cluster.body(key).as_daemon_set().unwrap().status.clone();
    assert_eq!((status.ready, status.updated), (3, 3));
    assert_eq!(world.messages("SuccessfulCreate").len(), 6);
    assert_eq!(world.cluster.count(Kind::CONTROLLER_REVISION), 2);
    world.checks.clear();
    world.apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "d"}}));
    run_bound(&mut world, 3);
    assert_eq!(world.cluster.body(key).as_daemon_set().unwrap().status.desired, 4);
    assert_eq!(world.cluster.count(Kind::POD), 4);
}
