//! Jobs in a small world.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::cluster::{Cluster, DeleteOptions};
use crate::engine::SimDuration;
use crate::model::condition::find;
use crate::model::job::JobStatus;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::PodPhase;
use crate::model::pod_template::PodTemplate;

use super::super::testing::World;

fn seconds(seconds: u64) -> SimDuration {
    SimDuration::from_secs(seconds)
}

fn job(world: &mut World, spec: &Value) -> ObjectRef {
    let mut manifest = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1"}]}}},
    });
    for (field, value) in spec.as_object().unwrap() {
        manifest["spec"][field] = value.clone();
    }
    world.apply(manifest)
}

fn status(world: &World, key: ObjectRef) -> JobStatus {
    world.cluster.body(key).as_job().unwrap().status.clone()
}

fn is(world: &World, key: ObjectRef, kind: &str) -> Option<String> {
    let status = status(world, key);
    find(&status.conditions, kind).filter(|known| known.status.is_true()).map(|known| known.reason.to_string())
}

fn active(world: &World, key: ObjectRef) -> Vec<PodId> {
    world.pods_of(key).into_iter().filter(|pod| world.cluster.pod(*pod).is_active()).collect()
}

/// Ends all active pods again and again, in `phase`.
fn end_all(world: &mut World, key: ObjectRef, phase: PodPhase, rounds: usize) {
    for _ in 0..rounds {
        for pod in active(world, key) {
            world.end(pod, phase);
        }
        world.run(seconds(3));
    }
}

#[test]
fn four_completions_two_at_a_time() {
    fn at_most_two(cluster: &Cluster) {
        let active = cluster.list(Kind::POD).filter(|pod| cluster.pod(pod.as_pod().unwrap()).is_active()).count();
        assert!(active <= 2, "{active} pods");
    }
    let mut world = World::new(0);
    world.checks.push(at_most_two);
    let key = job(&mut world, &json!({"completions": 4, "parallelism": 2}));
    world.run(seconds(2));
    let first = status(&world, key);
    assert_eq!((first.active, first.ready, first.start_time.is_some()), (2, Some(2), true));
    end_all(&mut world, key, PodPhase::Succeeded, 3);
    let last = status(&world, key);
    assert_eq!((last.active, last.succeeded, last.failed, last.terminating), (0, 4, 0, Some(0)));
    assert_eq!(is(&world, key, "SuccessCriteriaMet").as_deref(), Some("CompletionsReached"));
    assert_eq!(is(&world, key, "Complete").as_deref(), Some("CompletionsReached"));
    assert!(last.completion_time.is_some());
    assert_eq!(world.messages("Completed"), ["Job completed"]);
    assert_eq!(world.messages("SuccessfulCreate").len(), 4);
    assert!(world.pods_of(key).iter().all(|pod| world.cluster.pod(*pod).finalizers().is_empty()));
}

#[test]
fn a_failed_pod_is_replaced_after_10_s_then_20_s_until_the_limit() {
    let mut world = World::new(1);
    let key = job(&mut world, &json!({"backoffLimit": 2}));
    world.run(seconds(2));
    let mut starts = vec![];
    for _ in 0..3 {
        let pods = active(&world, key);
        assert_eq!(pods.len(), 1);
        starts.push(world.cluster.pod(pods[0]).created.as_secs());
        world.end(pods[0], PodPhase::Failed);
        for _ in 0..60 {
            world.run(seconds(1));
            if !active(&world, key).is_empty() {
                break;
            }
        }
    }
    assert_eq!(starts[0], 0);
    assert!((11..=13).contains(&(starts[1] - starts[0])), "{starts:?}");
    assert!((20..=23).contains(&(starts[2] - starts[1])), "{starts:?}");
    assert_eq!(status(&world, key).failed, 3);
    assert_eq!(is(&world, key, "Failed").as_deref(), Some("BackoffLimitExceeded"));
    assert_eq!(world.messages("BackoffLimitExceeded"), ["Job has reached the specified backoff limit"]);
}

#[test]
fn an_indexed_job_does_each_index_once() {
    let mut world = World::new(2);
    let key = job(&mut world, &json!({"completions": 5, "parallelism": 3, "completionMode": "Indexed"}));
    world.run(seconds(2));
    let names: Vec<String> =
        active(&world, key).iter().map(|pod| world.cluster.pod(*pod).name[..7].to_owned()).collect();
    assert_eq!(names, ["work-0-", "work-1-", "work-2-"]);
    let second = active(&world, key)[1];
    world.end(second, PodPhase::Succeeded);
    world.run(seconds(3));
    assert_eq!(status(&world, key).completed_indexes, "1");
    end_all(&mut world, key, PodPhase::Succeeded, 3);
    let last = status(&world, key);
    assert_eq!((last.succeeded, last.completed_indexes.as_str()), (5, "0-4"));
    assert!(is(&world, key, "Complete").is_some());
}

#[test]
fn the_deadline_ends_a_job_and_its_pods() {
    let mut world = World::new(3);
    let key = job(&mut world, &json!({"activeDeadlineSeconds": 20, "parallelism": 2}));
    world.run(seconds(19));
    assert_eq!(active(&world, key).len(), 2);
    world.run(seconds(5));
    assert_eq!(active(&world, key).len(), 0);
    assert_eq!(is(&world, key, "Failed").as_deref(), Some("DeadlineExceeded"));
    assert_eq!(status(&world, key).failed, 2);
}

#[test]
fn a_suspended_job_has_no_pods_and_starts_over_when_resumed() {
    let mut world = World::new(4);
    let key = job(&mut world, &json!({"parallelism": 2, "suspend": true}));
    world.run(seconds(5));
    assert_eq!((active(&world, key).len(), status(&world, key).start_time), (0, None));
    assert_eq!(is(&world, key, "Suspended").as_deref(), Some("JobSuspended"));
    world.act(|now, cluster| {
        cluster.modify_spec(now, key, |body| {
            body.as_job_mut().unwrap().suspend = false;
            true
        })
    });
    world.run(seconds(5));
    assert_eq!(active(&world, key).len(), 2);
    assert_eq!(world.messages("Resumed"), ["Job resumed"]);
    assert!(status(&world, key).start_time.is_some());
}

#[test]
fn a_work_queue_adds_nobody_after_the_first_success() {
    let mut world = World::new(5);
    let key = job(&mut world, &json!({"parallelism": 3}));
    world.run(seconds(2));
    let pods = active(&world, key);
    assert_eq!(pods.len(), 3);
    world.end(pods[0], PodPhase::Succeeded);
    world.run(seconds(5));
    assert_eq!((active(&world, key).len(), world.pods_of(key).len()), (2, 3));
    end_all(&mut world, key, PodPhase::Succeeded, 1);
    assert!(is(&world, key, "Complete").is_some());
    assert_eq!(status(&world, key).succeeded, 3);
}

#[test]
fn a_deleted_job_takes_its_pods_with_it_finalizers_and_all() {
    let mut world = World::new(6);
    let key = job(&mut world, &json!({"parallelism": 2}));
    world.run(seconds(2));
    world.act(|now, cluster| cluster.delete(now, key, DeleteOptions::default())).unwrap();
    world.run(seconds(5));
    assert_eq!((world.cluster.count(Kind::JOB), world.cluster.count(Kind::POD)), (0, 0));
}

#[test]
fn with_a_limit_for_each_index_one_bad_index_does_not_stop_the_others() {
    let mut world = World::new(7);
    let spec = json!({
        "completions": 3, "parallelism": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 1,
    });
    let key = job(&mut world, &spec);
    world.run(seconds(2));
    for round in 0..2 {
        for pod in active(&world, key) {
            let bad = world.cluster.pod(pod).name.starts_with("work-1-");
            world.end(pod, if bad { PodPhase::Failed } else { PodPhase::Succeeded });
        }
        world.run(seconds(30));
        assert!(round == 1 || is(&world, key, "Failed").is_none());
    }
    let last = status(&world, key);
    assert_eq!((last.completed_indexes.as_str(), last.failed_indexes.as_deref()), ("0,2", Some("1")));
    assert_eq!(is(&world, key, "Failed").as_deref(), Some("FailedIndexes"));
}

#[test]
fn a_matching_orphan_is_adopted_with_the_finalizer_and_released_without() {
    let mut world = World::new(0);
    let container = json!([{"name": "main", "image": "busybox:1"}]);
    let pod = world.apply(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mine", "labels": {"app": "web"}},
        "spec": {"restartPolicy": "Never", "containers": container},
    }));
    let pod = pod.as_pod().unwrap();
    world.run(seconds(2));
    let pods = json!({
        "metadata": {"labels": {"app": "web"}}, "spec": {"restartPolicy": "Never", "containers": container},
    });
    let selector = json!({"matchLabels": {"app": "web"}});
    let key = job(&mut world, &json!({"manualSelector": true, "selector": selector, "template": pods}));
    world.run(seconds(3));
    assert_eq!((world.cluster.pod(pod).controller, world.pods_of(key).len()), (key, 1));
    assert_eq!(world.cluster.pod(pod).finalizers().len(), 1);
    let known = world.cluster.shared_template(world.cluster.pod(pod).template);
    let other = PodTemplate {
        labels: Arc::default(),
        raw: json!({"spec": known.raw["spec"]}).into(),
        ..PodTemplate::clone(&known)
    };
    world.act(|now, cluster| {
        let other = cluster.intern_template(other.into());
        cluster.set_pod_template(now, pod, other)
    });
    world.run(seconds(3));
    assert!(!world.cluster.pod(pod).controller.is_some() && world.cluster.pod(pod).finalizers().is_empty());
    assert_eq!((active(&world, key).len(), status(&world, key).active), (1, 1));
}

#[test]
fn pods_that_are_too_many_go_uncounted() {
    let mut world = World::new(8);
    let key = job(&mut world, &json!({"completions": 4, "parallelism": 3, "backoffLimit": 0}));
    world.run(seconds(2));
    assert_eq!(active(&world, key).len(), 3);
    world.act(|now, cluster| {
        cluster.modify_spec(now, key, |body| {
            body.as_job_mut().unwrap().parallelism = 1;
            true
        })
    });
    world.run(seconds(5));
    assert_eq!((active(&world, key).len(), status(&world, key).failed), (1, 0));
    assert!(is(&world, key, "FailureTarget").is_none());
}

#[test]
fn a_success_policy_ends_the_others_without_counting_them() {
    let mut world = World::new(9);
    let spec = json!({
        "completions": 3, "parallelism": 3, "completionMode": "Indexed",
        "successPolicy": {"rules": [{"succeededIndexes": "0"}]},
    });
    let key = job(&mut world, &spec);
    world.run(seconds(2));
    world.end(active(&world, key)[0], PodPhase::Succeeded);
    world.run(seconds(5));
    let last = status(&world, key);
    assert_eq!((last.succeeded, last.failed, last.completed_indexes.as_str()), (1, 0, "0"));
    assert_eq!(is(&world, key, "Complete").as_deref(), Some("SuccessPolicy"));
}

#[test]
fn a_job_of_another_controller_is_left_alone() {
    let mut world = World::new(10);
    let key = job(&mut world, &json!({"managedBy": "example.com/queue"}));
    world.run(seconds(5));
    assert_eq!((world.pods_of(key).len(), status(&world, key)), (0, JobStatus::default()));
}

#[test]
fn beside_a_ready_pod_a_failed_one_is_counted_when_its_backoff_is_over() {
    let mut world = World::new(11);
    let key = job(&mut world, &json!({"completions": 2, "parallelism": 2}));
    world.run(seconds(2));
    world.end(active(&world, key)[0], PodPhase::Failed);
    world.run(seconds(7));
    let waiting = status(&world, key);
    assert_eq!((waiting.active, waiting.ready, waiting.failed), (2, Some(2), 0));
    world.run(seconds(10));
    let over = status(&world, key);
    assert_eq!((over.active, over.failed, active(&world, key).len()), (2, 1, 2));
}

#[test]
fn pods_that_a_failing_job_cuts_short_leave_no_failed_indexes() {
    let mut world = World::new(4);
    let spec = json!({
        "completions": 4, "parallelism": 4, "completionMode": "Indexed", "backoffLimitPerIndex": 0,
        "maxFailedIndexes": 1,
    });
    let key = job(&mut world, &spec);
    world.run(seconds(2));
    for pod in active(&world, key) {
        if world.cluster.pod(pod).name.starts_with("work-0-") || world.cluster.pod(pod).name.starts_with("work-1-") {
            world.end(pod, PodPhase::Failed);
        }
    }
    world.run(seconds(10));
    assert_eq!(is(&world, key, "Failed").as_deref(), Some("MaxFailedIndexesExceeded"));
    let last = status(&world, key);
    assert_eq!((last.failed_indexes.as_deref(), last.failed), (Some("0,1"), 4));
}
