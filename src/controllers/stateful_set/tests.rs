//! StatefulSets in a small world.

use serde_json::{Value, json};

use crate::cluster::{DeleteOptions, Propagation};
use crate::engine::SimDuration;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::testing::{World, template};

fn manifest(replicas: i32, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
        "spec": {
            "replicas": replicas, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
            "template": template("db", image),
        },
    })
}

fn names(world: &World, key: ObjectRef) -> Vec<String> {
    let mut names: Vec<String> =
        world.pods_of(key).iter().map(|pod| world.cluster.pod(*pod).name.to_string()).collect();
    names.sort();
    names
}

#[test]
fn pods_come_in_order_and_keep_their_names_through_an_update() {
    let mut world = World::new(0);
    let key = world.apply(manifest(3, "nginx:1.25"));
    world.run(SimDuration::from_secs(10));
    assert_eq!(names(&world, key), ["db-0", "db-1", "db-2"]);
    let before = world.cluster.body(key).as_stateful_set().unwrap().status.clone();
    assert_eq!((before.ready, before.current, before.updated), (3, 3, 3));
    assert_eq!(before.current_revision, before.update_revision);
    world.apply(manifest(3, "nginx:1.26"));
    world.run(SimDuration::from_secs(20));
    let after = world.cluster.body(key).as_stateful_set().unwrap().status.clone();
    assert_eq!(names(&world, key), ["db-0", "db-1", "db-2"]);
    assert_eq!((after.ready, after.current, after.updated), (3, 3, 3));
    assert_ne!(after.current_revision, before.current_revision);
    let deletions = world.messages("SuccessfulDelete");
    let deleted: Vec<&str> = deletions.iter().map(|message| message.split(' ').nth(2).unwrap()).collect();
    assert_eq!(deleted, ["db-2", "db-1", "db-0"]);
    assert_eq!(world.cluster.count(Kind::CONTROLLER_REVISION), 2);
    world.apply(manifest(3, "nginx:1.25"));
    world.run(SimDuration::from_secs(20));
    let back = world.cluster.body(key).as_stateful_set().unwrap().status.clone();
    assert_eq!(back.current_revision, before.current_revision);
    assert_eq!(world.cluster.count(Kind::CONTROLLER_REVISION), 2);
}

#[test]
fn shrinking_takes_the_highest_first_and_claims_stay() {
    let mut world = World::new(1);
    let mut with_claims = manifest(3, "nginx:1.25");
    with_claims["spec"]["volumeClaimTemplates"] = json!([{
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }]);
    let key = world.apply(with_claims);
    world.run(SimDuration::from_secs(10));
    assert_eq!(world.cluster.count(Kind::PERSISTENT_VOLUME_CLAIM), 3);
    world.act(|now, cluster| cluster.scale(now, key, 1));
    world.run(SimDuration::from_secs(10));
    assert_eq!(names(&world, key), ["db-0"]);
    assert_eq!(world.cluster.count(Kind::PERSISTENT_VOLUME_CLAIM), 3);
}

#[test]
fn a_set_made_anew_adopts_the_pods_and_revisions_that_were_left() {
    let mut world = World::new(2);
    let first = world.apply(manifest(2, "nginx:1.25"));
    world.run(SimDuration::from_secs(10));
    let orphan = DeleteOptions { grace_seconds: None, propagation: Propagation::Orphan };
    world.act(|now, cluster| cluster.delete(now, first, orphan)).unwrap();
    world.run(SimDuration::from_secs(5));
    let again = world.apply(manifest(2, "nginx:1.25"));
    world.run(SimDuration::from_secs(10));
    let status = world.cluster.body(again).as_stateful_set().unwrap().status.clone();
    assert_eq!((names(&world, again).len(), status.ready, status.updated), (2, 2, 2));
    assert_eq!(world.cluster.count(Kind::CONTROLLER_REVISION), 1);
    assert_eq!(world.messages("SuccessfulCreate").len(), 2);
}
