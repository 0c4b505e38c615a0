//! CronJobs in a small world, which starts at a full minute.

use serde_json::{Value, json};

use crate::engine::SimDuration;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;
use crate::model::pod::PodPhase;

use super::super::testing::World;

fn manifest(policy: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"},
        "spec": {
            "schedule": "* * * * *", "concurrencyPolicy": policy, "successfulJobsHistoryLimit": 2,
            "jobTemplate": {"spec": {"template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1"}],
            }}}},
        },
    })
}

fn end_pods(world: &mut World) {
    let pods: Vec<_> = world.cluster.list(Kind::POD).filter_map(ObjectRef::as_pod).collect();
    for pod in pods {
        if world.cluster.pod(pod).is_active() {
            world.end(pod, PodPhase::Succeeded);
        }
    }
}

#[test]
fn a_job_a_minute_named_after_it_and_two_are_kept() {
    let mut world = World::new(0);
    world.run(SimDuration::from_secs(1));
    world.apply(manifest("Allow"));
    world.run(SimDuration::from_secs(58));
    assert_eq!(world.cluster.count(Kind::JOB), 0);
    world.run(SimDuration::from_secs(2));
    let job = world.cluster.list(Kind::JOB).next().unwrap();
    // 2026-01-01T00:01:00Z in minutes.
    assert_eq!(world.cluster.meta(job).name, "tick-29453761");
    let created = world.cluster.meta(job).created.0;
    assert!((60_100_000_000..60_200_000_000).contains(&created), "{created}");
    for _ in 0..3 {
        end_pods(&mut world);
        world.run(SimDuration::from_secs(60));
    }
    let names: Vec<String> =
        world.cluster.list(Kind::JOB).map(|job| world.cluster.meta(job).name.to_string()).collect();
    assert_eq!(names, ["tick-29453762", "tick-29453763", "tick-29453764"]);
    assert_eq!(world.messages("SawCompletedJob")[0], "Saw completed job: tick-29453761, condition: Complete");
    assert_eq!(world.messages("SuccessfulDelete"), ["Deleted job tick-29453761"]);
}

#[test]
fn forbidden_concurrency_waits_for_the_running_job() {
    let mut world = World::new(1);
    world.run(SimDuration::from_secs(1));
    world.apply(manifest("Forbid"));
    world.run(SimDuration::from_secs(150));
    assert_eq!(world.cluster.count(Kind::JOB), 1);
    assert_eq!(world.messages("JobAlreadyActive").len(), 1);
    end_pods(&mut world);
    world.run(SimDuration::from_secs(5));
    assert_eq!(world.cluster.count(Kind::JOB), 2);
}
