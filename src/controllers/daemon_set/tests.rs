//! DaemonSets in a small world. Nobody schedules there, so the tests bind the pods.

use serde_json::{Value, json};

use crate::cluster::{DeleteOptions, Propagation};
use crate::engine::SimDuration;
use crate::engine::random::{Stream, Streams};
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;
use crate::model::pod::PodPhase;
use crate::model::taint::{Taint, TaintEffect};

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
    // The API server counts templates; this world has no such server.
    world.act(|now, cluster| {
        cluster.modify_meta(now, key, |meta| {
            meta.annotations = meta.annotations.with("deprecated.daemonset.template.generation", "2").into();
            true
        })
    });
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

fn node(name: &str, zone: u64) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"zone": zone.to_string()}}})
}

/// One random request of somebody: a node comes, goes, is tainted or labelled; a pod ends, goes or changes its mind; the
/// DaemonSet gets another image, strategy or choice of nodes.
fn storm(world: &mut World, stream: &mut Stream, round: u64) {
    let pods: Vec<_> = world.cluster.list(Kind::POD).filter_map(ObjectRef::as_pod).collect();
    let pod = (!pods.is_empty()).then(|| pods[stream.below(pods.len() as u64) as usize]);
    let nodes: Vec<_> = world.cluster.list(Kind::NODE).collect();
    let chosen = (!nodes.is_empty()).then(|| nodes[stream.below(nodes.len() as u64) as usize]);
    match (stream.below(10), pod, chosen) {
        (0, _, _) => drop(world.apply(node(&format!("n{round}"), stream.below(3)))),
        (1, _, Some(object)) if nodes.len() > 2 => {
            world.act(|now, cluster| cluster.delete(now, object, DeleteOptions::NOW)).unwrap();
        }
        (2, _, Some(object)) => {
            let name = world.cluster.meta(object).name.clone();
            world.apply(node(&name, stream.below(3)));
        }
        (3, _, Some(object)) => {
            let effect = if stream.below(2) == 0 { TaintEffect::NoSchedule } else { TaintEffect::NoExecute };
            let taint = Taint { key: "storm".into(), value: "".into(), effect };
            world.act(|now, cluster| {
                cluster.modify_spec(now, object, |body| {
                    let taints = &mut body.as_node_mut().expect("it is a node").taints;
                    let had = taints.len();
                    taints.retain(|known| known.key != "storm");
                    if had == taints.len() {
                        taints.push(taint);
                    }
                    true
                })
            });
        }
        (4, Some(pod), _) if !world.cluster.pod(pod).deleted => world.end(pod, PodPhase::Failed),
        (5, Some(pod), _) => {
            let ready = world.cluster.pod(pod).is_ready();
            world.set_ready(pod, !ready);
        }
        (6, Some(pod), _) => {
            world.act(|now, cluster| cluster.delete(now, ObjectRef::pod(pod), DeleteOptions::default())).unwrap();
        }
        (7, _, _) => {
            let mut set = manifest(["nginx:1.25", "nginx:1.26"][stream.below(2) as usize]);
            if stream.below(2) == 0 {
                set["spec"]["updateStrategy"] =
                    json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}});
            }
            if stream.below(2) == 0 {
                set["spec"]["template"]["spec"]["nodeSelector"] = json!({"zone": stream.below(3).to_string()});
            }
            set["spec"]["minReadySeconds"] = json!(stream.below(2) * 2);
            world.apply(set);
        }
        _ => {}
    }
}

#[test]
fn what_is_counted_as_it_changes_is_what_a_fresh_count_finds() {
    for seed in 0..12 {
        let mut world = World::new(seed);
        world.slowest_start = 0.5;
        let mut stream = Streams::new(seed).stream("test/daemons", 0);
        for name in ["a", "b", "c", "d"] {
            world.apply(node(name, stream.below(3)));
        }
        let key = world.apply(manifest("nginx:1.25"));
        for round in 0..60 {
            storm(&mut world, &mut stream, round);
            run_bound(&mut world, stream.below(3));
            if stream.below(4) == 0 {
                // All that was written has been heard by then.
                world.run(SimDuration::from_secs(1));
                let (now, cluster) = (world.now, &world.cluster);
                let book = world.controllers.daemon_set.controller_mut().books.get_mut(&key).expect("it has one");
                let difference = book.difference(now, key, cluster);
                assert!(difference.is_none(), "seed {seed}, round {round}: {}", difference.unwrap_or_default());
                let totals = book.totals;
                assert!(totals.clone_fields().iter().all(|sum| *sum >= 0), "{totals:?}");
            }
        }
    }
}

#[test]
fn a_no_schedule_taint_is_counted_only_when_something_else_brings_the_daemon_set_up() {
    let mut world = World::new(0);
    for name in ["a", "b"] {
        world.apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}));
    }
    let key = world.apply(manifest("nginx:1.25"));
    run_bound(&mut world, 5);
    let taint = |world: &mut World, node: &str, effect: TaintEffect| {
        let node = ObjectRef::node(world.cluster.node_by_name(node).unwrap());
        world.act(|now, cluster| {
            cluster.modify_spec(now, node, |body| {
                let taint = Taint { key: "hold".into(), value: "".into(), effect };
                body.as_node_mut().expect("it is a node").taints.push(taint);
                true
            })
        });
    };
    let counts = |world: &World| {
        let status = &world.cluster.body(key).as_daemon_set().unwrap().status;
        (status.desired, status.misscheduled)
    };
    taint(&mut world, "a", TaintEffect::NoSchedule);
    run_bound(&mut world, 2);
    assert_eq!(counts(&world), (2, 0));
    taint(&mut world, "b", TaintEffect::NoExecute);
    run_bound(&mut world, 2);
    assert_eq!(counts(&world), (0, 1));
}

#[test]
fn pods_left_over_by_a_daemon_set_whose_template_had_the_same_number_count_as_updated() {
    let mut world = World::new(0);
    world.apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}}));
    let key = world.apply(manifest("nginx:1.25"));
    run_bound(&mut world, 3);
    world
        .act(|now, cluster| {
            cluster.delete(now, key, DeleteOptions { propagation: Propagation::Orphan, ..DeleteOptions::default() })
        })
        .unwrap();
    run_bound(&mut world, 3);
    let key = world.apply(manifest("nginx:1.26"));
    run_bound(&mut world, 5);
    let status = world.cluster.body(key).as_daemon_set().unwrap().status.clone();
    assert_eq!((status.current, status.updated, world.messages("SuccessfulDelete").len()), (1, 1, 0));
}
