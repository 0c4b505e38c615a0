//! Nodes that fall silent, in a small world.

use serde_json::json;

use crate::engine::SimDuration;
use crate::model::Text;
use crate::model::condition::{Condition, ConditionStatus, find};
use crate::model::object::{NodeId, ObjectRef};

use super::super::testing::{World, deployment};

fn seconds(seconds: u64) -> SimDuration {
    SimDuration::from_secs(seconds)
}

fn node(world: &mut World, name: &str) -> NodeId {
    let key = world.apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}));
    set_ready(world, key, ConditionStatus::True);
    key.as_node().unwrap()
}

fn set_ready(world: &mut World, key: ObjectRef, status: ConditionStatus) {
    world.act(|now, cluster| {
        cluster.modify_status(now, key, |body| {
            let condition = Condition {
                kind: Text::const_new("Ready"),
                status,
                reason: Text::const_new("KubeletReady"),
                message: Text::default(),
                last_transition: now,
                last_update: now,
            };
            let node = body.as_node_mut().unwrap();
            node.conditions.retain(|known| known.kind != "Ready");
            node.conditions.push(condition);
            true
        })
    });
}

fn taints(world: &World, node: NodeId) -> Vec<String> {
    let body = world.cluster.node(node).body.as_node().unwrap();
    body.taints.iter().map(|taint| format!("{}:{}", taint.key, taint.effect.name())).collect()
}

/// Three nodes with one pod each.
fn world(seed: u64) -> (World, Vec<NodeId>) {
    let mut world = World::new(seed);
    let nodes: Vec<NodeId> = ["a", "b", "c"].iter().map(|name| node(&mut world, name)).collect();
    world.apply(deployment("web", 3, "nginx:1.25"));
    world.run(SimDuration::from_millis(30));
    let pods: Vec<_> = world.cluster.list(crate::model::kind::Kind::POD).filter_map(ObjectRef::as_pod).collect();
    for (pod, node) in pods.into_iter().zip(&nodes) {
        world.act(|now, cluster| cluster.bind(now, pod, *node)).unwrap();
    }
    world.run(seconds(10));
    (world, nodes)
}

#[test]
fn a_silent_node_turns_unknown_50_to_55_s_after_its_last_heartbeat_and_is_tainted() {
    for seed in 0..5 {
        let (mut world, nodes) = world(seed);
        world.fall_silent(nodes[1], Some(world.now));
        world.run(seconds(49));
        assert_eq!(taints(&world, nodes[1]), [""; 0]);
        world.run(seconds(7));
        let body = world.cluster.node(nodes[1]).body.as_node().unwrap();
        assert_eq!(find(&body.conditions, "Ready").unwrap().status, ConditionStatus::Unknown);
        assert_eq!(find(&body.conditions, "DiskPressure").unwrap().reason, "NodeStatusNeverUpdated");
        let expected = ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"];
        assert_eq!(taints(&world, nodes[1]), expected);
        assert_eq!(world.messages("NodeNotReady"), ["Node b status is now: NodeNotReady", "Node is not ready"]);
        let pod = world.cluster.pods_on(nodes[1]).next().unwrap();
        assert!(!world.cluster.pod(pod).is_ready());
    }
}

#[test]
fn a_node_that_is_back_in_time_is_left_alone() {
    let (mut world, nodes) = world(9);
    world.fall_silent(nodes[0], Some(world.now));
    world.run(seconds(40));
    world.fall_silent(nodes[0], None);
    world.run(seconds(60));
    assert_eq!(taints(&world, nodes[0]), [""; 0]);
    assert_eq!(world.messages("NodeNotReady").len(), 0);
}

#[test]
fn pods_leave_a_lost_node_when_their_tolerations_end_and_a_recovered_one_loses_its_taints() {
    let (mut world, nodes) = world(3);
    world.fall_silent(nodes[2], Some(world.now));
    world.run(seconds(60));
    let pod = world.cluster.pods_on(nodes[2]).next().unwrap();
    let tolerates = !world.cluster.template_of(pod).spec.tolerations.is_empty();
    world.run(seconds(250));
    assert_eq!(world.cluster.pod(pod).deletion.is_none() && !world.cluster.pod(pod).deleted, tolerates);
    world.run(seconds(60));
    assert!(world.cluster.pod(pod).deleted);
    assert_eq!(world.messages("TaintManagerEviction").len(), 1);
    world.fall_silent(nodes[2], None);
    set_ready(&mut world, ObjectRef::node(nodes[2]), ConditionStatus::True);
    world.run(seconds(6));
    assert_eq!(taints(&world, nodes[2]), [""; 0]);
}

#[test]
fn with_no_node_left_nobody_is_evicted() {
    let (mut world, nodes) = world(4);
    for node in &nodes {
        world.fall_silent(*node, Some(world.now));
    }
    world.run(seconds(400));
    for node in nodes {
        assert_eq!(taints(&world, node), ["node.kubernetes.io/unreachable:NoSchedule"]);
    }
    assert_eq!(world.messages("TaintManagerEviction").len(), 0);
}
