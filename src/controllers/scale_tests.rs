//! What the controllers cost: many pods from one Deployment.

use crate::engine::SimDuration;
use crate::model::kind::Kind;

use super::testing::{World, deployment};

#[test]
fn ten_thousand_pods_of_one_deployment_are_counted_without_looking_at_each_of_them_each_time() {
    let mut world = World::new(0);
    world.slowest_start = 30.0;
    let key = world.apply(deployment("web", 10_000, "nginx:1.25"));
    world.run(SimDuration::from_secs(60));
    let status = &world.cluster.body(key).as_deployment().unwrap().status;
    assert_eq!((status.replicas, status.ready, status.available), (10_000, 10_000, 10_000));
    assert_eq!(world.cluster.count(Kind::POD), 10_000);
}
