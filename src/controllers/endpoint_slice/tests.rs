//! Services and the slices behind them in a small world.

use serde_json::json;

use crate::cluster::{Cluster, DeleteOptions};
use crate::engine::SimDuration;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;
use crate::model::service::EndpointSlice;

use super::super::testing::{World, deployment};

fn seconds(seconds: u64) -> SimDuration {
    SimDuration::from_secs(seconds)
}

fn service(world: &mut World) -> ObjectRef {
    world.apply(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": {"team": "shop"}},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }))
}

fn slices(service: ObjectRef, cluster: &Cluster) -> Vec<(ObjectRef, EndpointSlice)> {
    cluster
        .owned(service, Kind::ENDPOINT_SLICE)
        .map(|slice| (slice, cluster.body(slice).as_endpoint_slice().unwrap().clone()))
        .collect()
}

#[test]
fn a_service_without_pods_has_an_empty_slice_which_then_takes_the_endpoints() {
    let mut world = World::new(0);
    let key = service(&mut world);
    world.run(seconds(1));
    let before = slices(key, &world.cluster);
    assert_eq!((before.len(), before[0].1.endpoints.len(), before[0].1.ports.len()), (1, 0, 0));
    let labels = &world.cluster.meta(before[0].0).labels;
    assert_eq!(labels.get("kubernetes.io/service-name"), Some("web"));
    assert_eq!(labels.get("team"), Some("shop"));
    world.apply(deployment("web", 3, "nginx:1.25"));
    world.run(seconds(5));
    let after = slices(key, &world.cluster);
    assert_eq!((after.len(), after[0].0), (1, before[0].0));
    assert_eq!(after[0].1.ports[0].2, 8080);
    assert!(after[0].1.endpoints.len() == 3 && after[0].1.endpoints.iter().all(|endpoint| endpoint.ready));
}

#[test]
fn endpoints_follow_readiness_and_deletion() {
    let mut world = World::new(1);
    let key = service(&mut world);
    world.apply(deployment("web", 2, "nginx:1.25"));
    world.run(seconds(5));
    let pod = slices(key, &world.cluster)[0].1.endpoints[0].pod;
    world.set_ready(pod, false);
    world.run(seconds(1));
    let ready = slices(key, &world.cluster)[0].1.endpoints.iter().filter(|endpoint| endpoint.ready).count();
    assert_eq!(ready, 1);
    world.slowest_start = 20.0;
    world.act(|now, cluster| cluster.delete(now, ObjectRef::pod(pod), DeleteOptions::default())).ok();
    world.run(SimDuration::from_millis(100));
    let found = slices(key, &world.cluster)[0].1.endpoints.iter().find(|endpoint| endpoint.pod == pod).cloned();
    assert!(found.is_none_or(|endpoint| endpoint.terminating && !endpoint.ready));
    world.run(seconds(60));
    let endpoints = &slices(key, &world.cluster)[0].1.endpoints;
    assert!(endpoints.len() == 2 && endpoints.iter().all(|endpoint| endpoint.pod != pod));
}

#[test]
fn two_hundred_and_fifty_pods_need_three_slices_of_at_most_a_hundred() {
    let mut world = World::new(2);
    let key = service(&mut world);
    let owner = world.apply(deployment("web", 250, "nginx:1.25"));
    world.run(seconds(10));
    let sizes: Vec<usize> = slices(key, &world.cluster).iter().map(|(_, slice)| slice.endpoints.len()).collect();
    assert!(sizes.iter().all(|size| *size <= 100) && sizes.iter().sum::<usize>() == 250, "{sizes:?}");
    world.act(|now, cluster| cluster.scale(now, owner, 0));
    world.run(seconds(10));
    let left = slices(key, &world.cluster);
    assert_eq!((left.len(), left[0].1.endpoints.len()), (1, 0));
}

#[test]
fn a_deleted_service_takes_its_slices_with_it() {
    let mut world = World::new(3);
    let key = service(&mut world);
    world.run(seconds(1));
    world.act(|now, cluster| cluster.delete(now, key, DeleteOptions::default())).unwrap();
    world.run(seconds(1));
    assert_eq!(world.cluster.count(Kind::ENDPOINT_SLICE), 0);
}
