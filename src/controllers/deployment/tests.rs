//! Deployments in a small world: the traces of upstream's behaviour, and what must hold at every instant.

use serde_json::json;

use crate::cluster::Cluster;
use crate::engine::SimDuration;
use crate::model::condition::find;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::testing::{World, deployment, template};

fn seconds(seconds: u64) -> SimDuration {
    SimDuration::from_secs(seconds)
}

fn reason(world: &World, key: ObjectRef, kind: &str) -> String {
    let deployment = world.cluster.body(key).as_deployment().unwrap();
    find(&deployment.status.conditions, kind).map(|condition| condition.reason.to_string()).unwrap_or_default()
}

/// `up from A to B` for each scaling.
fn scalings(world: &World) -> Vec<String> {
    let messages = world.messages("ScalingReplicaSet");
    messages.iter().map(|message| message.split(' ').skip(1).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_deployment_becomes_a_replica_set_and_pods_that_are_counted() {
    let mut world = World::new(0);
    let key = world.apply(deployment("web", 3, "nginx:1.25"));
    world.run(seconds(5));
    let status = world.cluster.body(key).as_deployment().unwrap().status.clone();
    assert_eq!((status.replicas, status.updated, status.ready, status.available), (3, 3, 3, 3));
    assert_eq!((status.unavailable, status.terminating, status.observed_generation), (0, Some(0), 1));
    assert_eq!(reason(&world, key, "Progressing"), "NewReplicaSetAvailable");
    assert_eq!(reason(&world, key, "Available"), "MinimumReplicasAvailable");
    let sets: Vec<_> = world.cluster.owned(key, Kind::REPLICA_SET).collect();
    assert_eq!(sets.len(), 1);
    let meta = world.cluster.meta(sets[0]);
    let hash = meta.labels.get("pod-template-hash").unwrap();
    assert_eq!(meta.name, format!("web-{hash}"));
    assert_eq!(meta.annotations.get("deployment.kubernetes.io/desired-replicas"), Some("3"));
    assert_eq!(meta.annotations.get("deployment.kubernetes.io/max-replicas"), Some("4"));
    assert_eq!(world.cluster.meta(key).annotations.get("deployment.kubernetes.io/revision"), Some("1"));
    assert_eq!(world.messages("ScalingReplicaSet"), [format!("Scaled up replica set web-{hash} from 0 to 3")]);
    assert_eq!(world.messages("SuccessfulCreate").len(), 3);
    for pod in world.pods_of(sets[0]) {
        assert!(world.cluster.pod(pod).name.starts_with(&format!("web-{hash}-")));
    }
}

#[test]
fn a_rolling_update_of_four_follows_upstreams_trace() {
    let mut world = World::new(1);
    world.apply(deployment("web", 4, "nginx:1.25"));
    world.run(seconds(5));
    world.apply(deployment("web", 4, "nginx:1.26"));
    world.run(seconds(20));
    let key = world.find(Kind::DEPLOYMENT, "web");
    assert_eq!(world.cluster.body(key).as_deployment().unwrap().status.updated, 4);
    let scalings = scalings(&world);
    assert_eq!(scalings.len(), 9, "{scalings:?}");
    assert!(scalings[1].starts_with("up") && scalings[1].ends_with("from 0 to 1"), "{scalings:?}");
    assert!(scalings[2].starts_with("down") && scalings[2].ends_with("from 4 to 3"), "{scalings:?}");
    assert!(scalings[3].starts_with("up") && scalings[3].ends_with("from 1 to 2"), "{scalings:?}");
    assert_eq!(world.cluster.count(Kind::POD), 4);
    assert_eq!(world.cluster.meta(key).annotations.get("deployment.kubernetes.io/revision"), Some("2"));
}

#[test]
fn an_update_whose_pods_never_get_ready_stops_and_passes_its_deadline() {
    let mut world = World::new(2);
    let key = world.apply(deployment("web", 10, "nginx:1.25"));
    world.run(seconds(5));
    world.starts = false;
    world.apply(deployment("web", 10, "nginx:broken"));
    world.run(seconds(30));
    let mut specs: Vec<i32> = world
        .cluster
        .owned(key, Kind::REPLICA_SET)
        .map(|set| world.cluster.body(set).as_replica_set().unwrap().replicas)
        .collect();
    specs.sort_unstable();
    assert_eq!(specs, [5, 8]);
    assert_eq!(reason(&world, key, "Progressing"), "ReplicaSetUpdated");
    world.run(seconds(560));
    assert_eq!(reason(&world, key, "Progressing"), "ReplicaSetUpdated");
    world.run(seconds(20));
    assert_eq!(reason(&world, key, "Progressing"), "ProgressDeadlineExceeded");
    assert_eq!(world.cluster.body(key).as_deployment().unwrap().status.available, 8);
}

#[test]
fn scaling_and_deleting_reach_the_pods() {
    let mut world = World::new(3);
    let key = world.apply(deployment("web", 2, "nginx:1.25"));
    world.run(seconds(5));
    world.act(|now, cluster| cluster.scale(now, key, 5));
    world.run(seconds(5));
    assert_eq!(world.cluster.count(Kind::POD), 5);
    world.act(|now, cluster| cluster.scale(now, key, 1));
    world.run(seconds(5));
    assert_eq!(world.cluster.count(Kind::POD), 1);
    let counts: Vec<String> =
        scalings(&world).iter().map(|text| text.split(' ').skip(4).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(counts, ["from 0 to 2", "from 2 to 5", "from 5 to 1"]);
}

#[test]
fn recreate_lets_all_old_pods_go_before_the_first_new_one_comes() {
    fn one_template_at_a_time(cluster: &Cluster) {
        let mut templates: Vec<_> = cluster
            .list(Kind::POD)
            .map(|pod| cluster.pod(pod.as_pod().unwrap()))
            .filter(|pod| !pod.status.phase.is_terminal())
            .map(|pod| pod.template)
            .collect();
        templates.dedup();
        assert!(templates.len() <= 1, "{templates:?}");
    }
    let mut world = World::new(4);
    let manifest = |image: &str| {
        let mut manifest = deployment("web", 3, image);
        manifest["spec"]["strategy"] = json!({"type": "Recreate"});
        manifest
    };
    world.apply(manifest("nginx:1.25"));
    world.run(seconds(5));
    world.checks.push(one_template_at_a_time);
    world.apply(manifest("nginx:1.26"));
    world.run(seconds(10));
    let key = world.find(Kind::DEPLOYMENT, "web");
    let status = &world.cluster.body(key).as_deployment().unwrap().status;
    assert_eq!((status.replicas, status.updated, status.available), (3, 3, 3));
}

#[test]
fn a_paused_deployment_scales_but_does_not_roll() {
    let mut world = World::new(5);
    let manifest = |replicas: i32, image: &str, paused: bool| {
        let mut manifest = deployment("web", replicas, image);
        manifest["spec"]["paused"] = json!(paused);
        manifest
    };
    let key = world.apply(manifest(2, "nginx:1.25", false));
    world.run(seconds(5));
    world.apply(manifest(4, "nginx:1.26", true));
    world.run(seconds(5));
    assert_eq!(reason(&world, key, "Progressing"), "DeploymentPaused");
    assert_eq!((world.cluster.count(Kind::REPLICA_SET), world.cluster.count(Kind::POD)), (1, 4));
    world.apply(manifest(4, "nginx:1.26", false));
    world.run(seconds(10));
    assert_eq!((world.cluster.count(Kind::REPLICA_SET), world.cluster.count(Kind::POD)), (2, 4));
    assert_eq!(reason(&world, key, "Progressing"), "NewReplicaSetAvailable");
}

#[test]
fn a_rollback_takes_the_old_replica_set_up_again_under_a_new_revision() {
    let mut world = World::new(6);
    let key = world.apply(deployment("web", 3, "nginx:1.25"));
    world.run(seconds(5));
    world.apply(deployment("web", 3, "nginx:1.26"));
    world.run(seconds(10));
    world.apply(deployment("web", 3, "nginx:1.25"));
    world.run(seconds(10));
    assert_eq!(world.cluster.count(Kind::REPLICA_SET), 2);
    let first = world.cluster.owned(key, Kind::REPLICA_SET).next().unwrap();
    let annotations = &world.cluster.meta(first).annotations;
    assert_eq!(annotations.get("deployment.kubernetes.io/revision"), Some("3"));
    assert_eq!(annotations.get("deployment.kubernetes.io/revision-history"), Some("1"));
    assert_eq!(world.cluster.body(first).as_replica_set().unwrap().replicas, 3);
}

#[test]
fn history_beyond_its_limit_is_deleted_once_the_rollout_is_complete() {
    let mut world = World::new(7);
    for patch in 0..5 {
        let mut manifest = deployment("web", 1, &format!("nginx:1.{patch}"));
        manifest["spec"]["revisionHistoryLimit"] = json!(2);
        world.apply(manifest);
        world.run(seconds(10));
    }
    assert_eq!(world.cluster.count(Kind::REPLICA_SET), 3);
}

#[test]
fn the_pods_of_a_rolling_update_stay_within_surge_and_unavailability() {
    fn check(cluster: &Cluster) {
        let active = |ready: bool| {
            let pods = cluster.list(Kind::POD).map(|pod| cluster.pod(pod.as_pod().unwrap()));
            pods.filter(|pod| pod.is_active() && (!ready || pod.is_ready())).count()
        };
        assert!(active(false) <= 13, "{} pods", active(false));
        assert!(active(true) >= 8, "{} available", active(true));
    }
    for seed in 0..20 {
        let mut world = World::new(seed);
        world.slowest_start = 20.0;
        world.apply(deployment("web", 10, "nginx:1.25"));
        world.run(seconds(60));
        world.checks.push(check);
        world.apply(deployment("web", 10, "nginx:1.26"));
        world.run(seconds(7));
        world.apply(deployment("web", 10, "nginx:1.27"));
        world.run(seconds(600));
        let key = world.find(Kind::DEPLOYMENT, "web");
        let status = &world.cluster.body(key).as_deployment().unwrap().status;
        assert_eq!((status.replicas, status.updated, status.available), (10, 10, 10), "seed {seed}");
        assert_eq!(template("web", "nginx:1.27")["metadata"]["labels"]["app"], "web");
    }
}

#[test]
fn a_rollback_by_annotation_restores_the_template_and_the_request_is_gone() {
    let mut world = World::new(11);
    world.apply(deployment("web", 2, "nginx:1.25"));
    world.run(seconds(5));
    let key = world.apply(deployment("web", 2, "nginx:1.26"));
    world.run(seconds(10));
    for (revision, expected) in [
        ("1", ("DeploymentRollback", "Rolled back deployment \"web\" to revision 1")),
        ("7", ("DeploymentRollbackRevisionNotFound", "Unable to find the revision to rollback to.")),
        (
            "3",
            (
                "DeploymentRollbackTemplateUnchanged",
                "The rollback revision contains the same template as current deployment \"web\"",
            ),
        ),
    ] {
        world.act(|now, cluster| {
            cluster.modify_meta(now, key, |meta| {
                meta.annotations = meta.annotations.with("deprecated.deployment.rollback.rollback-to", revision).into();
                true
            })
        });
        world.run(seconds(10));
        assert_eq!(world.messages(expected.0), [expected.1]);
        let annotations = &world.cluster.meta(key).annotations;
        assert_eq!(annotations.get("deprecated.deployment.rollback.rollback-to"), None);
        assert_eq!(annotations.get("deployment.kubernetes.io/revision"), Some("3"));
    }
    let template = world.cluster.body(key).as_deployment().unwrap().template;
    assert_eq!(world.cluster.template(template).raw["spec"]["containers"][0]["image"], "nginx:1.25");
}

#[test]
fn a_replica_set_that_somebody_scales_down_has_acted_on_it_before_its_deployment_corrects_it() {
    let mut world = World::new(0);
    let key = world.apply(deployment("web", 3, "nginx:1.25"));
    world.run(seconds(5));
    let set = world.cluster.owned(key, Kind::REPLICA_SET).next().unwrap();
    world.act(|now, cluster| cluster.scale(now, set, 1));
    world.run(seconds(5));
    assert_eq!(scalings(&world).last().unwrap().split(" from ").last(), Some("1 to 3"));
    assert_eq!((world.messages("SuccessfulDelete").len(), world.messages("SuccessfulCreate").len()), (2, 5));
    assert_eq!(world.pods_of(set).len(), 3);
}
