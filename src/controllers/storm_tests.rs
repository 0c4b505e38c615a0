//! Storms of random requests: what must hold at every instant, and that the cluster settles to its specification with
//! nothing left over.

use serde_json::{Value, json};

use crate::cluster::{Cluster, DeleteOptions, Propagation};
use crate::engine::SimDuration;
use crate::engine::random::{Stream, Streams};
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef, PodId};
use crate::model::pod::{PodConditionType, PodPhase};

use super::testing::{World, deployment, template};

const SEEDS: u64 = 6;
const IMAGES: [&str; 3] = ["nginx:1.25", "nginx:1.26", "nginx:1.27"];

fn set(name: &str, replicas: u64, parallel: bool, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "serviceName": name, "selector": {"matchLabels": {"app": name}},
            "podManagementPolicy": if parallel { "Parallel" } else { "OrderedReady" },
            "template": template(name, image),
        },
    })
}

fn job(name: &str, parallelism: u64, completions: u64, indexed: bool) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {
            "parallelism": parallelism, "completions": completions, "backoffLimit": 1000,
            "completionMode": if indexed { "Indexed" } else { "NonIndexed" },
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}},
        },
    })
}

fn budget(name: &str, max_unavailable: u64) -> Value {
    json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
        "spec": {"maxUnavailable": max_unavailable, "selector": {"matchLabels": {"app": name}}},
    })
}

/// A Job never has more pods at work than it may.
fn jobs_keep_to_their_parallelism(cluster: &Cluster) {
    for key in cluster.list(Kind::JOB) {
        let job = cluster.body(key).as_job().unwrap();
        let active = cluster.pods_of(key).filter(|pod| cluster.pod(*pod).is_active()).count() as i32;
        assert!(active <= job.parallelism, "{}: {active}", cluster.meta(key).name);
    }
}

/// Each name of a StatefulSet's pods is a wanted ordinal or on its way out; a pod's owner is there or was.
fn pods_have_owners(cluster: &Cluster) {
    for pod in cluster.list(Kind::POD).filter_map(ObjectRef::as_pod) {
        let row = cluster.pod(pod);
        assert!(row.controller.is_some(), "{} has no controller", row.name);
    }
}

fn random_request(world: &mut World, stream: &mut Stream, round: u64) {
    let web = format!("web-{}", stream.below(3));
    let image = IMAGES[stream.below(3) as usize];
    match stream.below(12) {
        0 | 1 => {
            world.apply(deployment(&web, stream.below(8) as i32, image));
        }
        2 => {
            let mut manifest = deployment(&web, stream.below(8) as i32, image);
            manifest["spec"]["strategy"] = json!({"type": "Recreate"});
            manifest["spec"]["paused"] = json!(stream.below(4) == 0);
            world.apply(manifest);
        }
        3 => {
            let parallel = stream.below(2) == 0;
            let name = if parallel { "db-parallel" } else { "db-ordered" };
            world.apply(set(name, stream.below(5), parallel, image));
        }
        4 => {
            let (parallelism, completions) = (1 + stream.below(4), 1 + stream.below(6));
            world.apply(job(&format!("job-{round}"), parallelism, completions, stream.below(2) == 0));
        }
        5 => {
            world.apply(budget(&web, 1 + stream.below(2)));
        }
        6 | 7 => with_random(world, stream, Kind::POD, |world, pod| {
            world.act(|now, cluster| cluster.delete(now, pod, DeleteOptions::default())).unwrap();
        }),
        8 => with_random(world, stream, Kind::POD, |world, pod| {
            world.end(pod.as_pod().unwrap(), PodPhase::Failed);
        }),
        9 => with_random(world, stream, Kind::POD, |world, pod| {
            let pod = pod.as_pod().unwrap();
            let ready = world.cluster.pod(pod).is_ready();
            world.set_ready(pod, !ready);
        }),
        10 => with_random(world, stream, Kind::REPLICA_SET, |world, object| {
            world.act(|now, cluster| cluster.delete(now, object, DeleteOptions::default())).unwrap();
        }),
        _ => {
            let kind = [Kind::DEPLOYMENT, Kind::STATEFUL_SET, Kind::JOB][stream.below(3) as usize];
            let propagation = [Propagation::Background, Propagation::Foreground][stream.below(2) as usize];
            with_random(world, stream, kind, |world, object| {
                let options = DeleteOptions { grace_seconds: None, propagation };
                world.act(|now, cluster| cluster.delete(now, object, options)).unwrap();
            });
        }
    }
}

fn with_random(world: &mut World, stream: &mut Stream, kind: Kind, act: impl FnOnce(&mut World, ObjectRef)) {
    let all: Vec<ObjectRef> = world.cluster.list(kind).collect();
    if !all.is_empty() {
        act(world, all[stream.below(all.len() as u64) as usize]);
    }
}

/// Ends the pods of Jobs well, and makes all others Ready again.
fn calm(world: &mut World) {
    let pods: Vec<PodId> = world.cluster.list(Kind::POD).filter_map(ObjectRef::as_pod).collect();
    for pod in pods {
        let row = world.cluster.pod(pod);
        if row.status.phase.is_terminal() || row.deletion.is_some() {
            continue;
        }
        if row.controller.kind == Kind::JOB {
            world.end(pod, PodPhase::Succeeded);
        } else if !row.is_ready() {
            world.set_ready(pod, true);
        }
    }
}

fn assert_settled(cluster: &Cluster, seed: u64) {
    for key in cluster.list(Kind::DEPLOYMENT) {
        let (name, body) = (&cluster.meta(key).name, cluster.body(key).as_deployment().unwrap());
        assert!(cluster.meta(key).deletion.is_none(), "seed {seed}: {name} is still being deleted");
        assert_eq!(body.status.observed_generation, cluster.meta(key).generation, "seed {seed}: {name}");
        assert_eq!(body.status.replicas, body.replicas, "seed {seed}: {name}");
        assert_eq!(body.status.available, body.replicas, "seed {seed}: {name}");
        assert!(body.paused || body.status.updated == body.replicas, "seed {seed}: {name}");
    }
    for key in cluster.list(Kind::STATEFUL_SET) {
        let (name, body) = (&cluster.meta(key).name, cluster.body(key).as_stateful_set().unwrap());
        assert_eq!(body.status.replicas, body.replicas, "seed {seed}: {name}");
        assert_eq!(body.status.ready, body.replicas, "seed {seed}: {name}");
        assert_eq!(body.status.updated, body.replicas, "seed {seed}: {name}");
    }
    for key in cluster.list(Kind::JOB) {
        let status = &cluster.body(key).as_job().unwrap().status;
        assert!(status.completion_time.is_some(), "seed {seed}: {} {status:?}", cluster.meta(key).name);
        assert_eq!(status.uncounted, crate::model::job::Uncounted::default());
    }
    for pod in cluster.list(Kind::POD).filter_map(ObjectRef::as_pod) {
        let row = cluster.pod(pod);
        assert!(cluster.is_live(row.controller), "seed {seed}: {} has lost its owner", row.name);
        assert!(row.deletion.is_none(), "seed {seed}: {} does not go", row.name);
        assert!(row.finalizers().is_empty(), "seed {seed}: {} was never counted", row.name);
    }
    for kind in [Kind::REPLICA_SET, Kind::CONTROLLER_REVISION] {
        for object in cluster.list(kind) {
            let owner = cluster.meta(object).controller();
            assert!(cluster.is_live(owner), "seed {seed}: {} has lost its owner", cluster.meta(object).name);
        }
    }
}

#[test]
fn after_a_storm_of_requests_everything_settles_and_nothing_is_left_over() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        world.checks = vec![jobs_keep_to_their_parallelism, pods_have_owners];
        let mut stream = Streams::new(seed).stream("test/storm", 0);
        for round in 0..150 {
            random_request(&mut world, &mut stream, round);
            if stream.below(3) == 0 {
                calm(&mut world);
            }
            let pause = stream.below(3000);
            world.run(SimDuration::from_millis(pause));
        }
        // Back-off of failed Jobs takes up to ten minutes a round.
        for _ in 0..60 {
            world.run(SimDuration::from_secs(61));
            calm(&mut world);
        }
        world.run(SimDuration::from_secs(700));
        assert_settled(&world.cluster, seed);
    }
}

/// Ready pods of a budget that are not going.
fn healthy(cluster: &Cluster, budget: ObjectRef) -> i64 {
    let selector = crate::api::convert::label_selector(&cluster.object(budget).raw["spec"]["selector"]).unwrap();
    let pods = cluster.pods_matching(cluster.meta(budget).namespace, &selector);
    pods.iter().filter(|pod| cluster.pod(**pod).is_ready() && cluster.pod(**pod).deletion.is_none()).count() as i64
}

#[test]
fn evictions_never_violate_a_budget() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let mut stream = Streams::new(seed).stream("test/evictions", 0);
        world.apply(deployment("web", 6, "nginx:1.25"));
        let key = world.apply(budget("web", 2));
        world.run(SimDuration::from_secs(10));
        let mut evicted = 0;
        for _ in 0..200 {
            let pods: Vec<ObjectRef> = world.cluster.list(Kind::POD).collect();
            let pod = pods[stream.below(pods.len() as u64) as usize].as_pod().unwrap();
            let result = world.act(|now, cluster| cluster.evict(now, pod, DeleteOptions::default()));
            if result.is_ok() {
                evicted += 1;
            }
            let healthy = healthy(&world.cluster, key);
            let Body::Plain { status } = world.cluster.body(key) else { panic!("it is plain") };
            assert!(status["disruptionsAllowed"].as_i64().unwrap() >= 0);
            assert!(healthy >= 4, "seed {seed}: {healthy} of 6 are healthy");
            let pause = stream.below(400);
            world.run(SimDuration::from_millis(pause));
        }
        assert!(evicted > 20, "seed {seed}: only {evicted} evictions");
    }
}

#[test]
fn an_evicted_pod_says_so_and_a_refusal_has_the_servers_words() {
    let mut world = World::new(0);
    let key = world.apply(deployment("web", 2, "nginx:1.25"));
    world.apply(budget("web", 1));
    world.run(SimDuration::from_secs(10));
    let set = world.cluster.owned(key, Kind::REPLICA_SET).next().unwrap();
    let pods = world.pods_of(set);
    world.starts = false;
    world.act(|now, cluster| cluster.evict(now, pods[0], DeleteOptions::default())).unwrap();
    let condition = world.cluster.pod(pods[0]).status.condition(PodConditionType::DisruptionTarget).unwrap();
    assert_eq!(condition.reason(), "EvictionByEvictionAPI");
    let refusal = world.act(|now, cluster| cluster.evict(now, pods[1], DeleteOptions::default())).unwrap_err();
    assert_eq!(refusal.message, "Cannot evict pod as it would violate the pod's disruption budget.");
    // A pod that is not ready may go while enough others are, or always if the policy says so.
    world.run(SimDuration::from_secs(5));
    world.set_ready(pods[1], false);
    world.run(SimDuration::from_secs(1));
    assert!(world.act(|now, cluster| cluster.evict(now, pods[1], DeleteOptions::default())).is_err());
    let mut always = budget("web", 1);
    always["spec"]["unhealthyPodEvictionPolicy"] = json!("AlwaysAllow");
    world.apply(always);
    world.run(SimDuration::from_secs(5));
    world.act(|now, cluster| cluster.evict(now, pods[1], DeleteOptions::default())).unwrap();
}
