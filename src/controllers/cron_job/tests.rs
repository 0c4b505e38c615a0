//! CronJobs in a small world, which starts at a full minute.

use serde_json::{Value, json};

use crate::engine::SimDuration;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;
use crate::model::pod::PodPhase;

use jiff::tz::TimeZone;

use super::super::testing::World;
use super::latest_missed;
use super::schedule::Schedule;

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

#[test]
fn missed_activations_are_counted_by_the_first_interval_and_the_last_one_is_found() {
    let zone = TimeZone::UTC;
    let missed = |schedule: &str, now| latest_missed(Schedule::parse(schedule).unwrap(), 0, now, &zone);
    assert_eq!(missed("*/5 * * * *", 299), None);
    assert_eq!(missed("*/5 * * * *", 300), Some((300, 1)));
    assert_eq!(missed("*/5 * * * *", 3_010), Some((3_000, 10)));
    assert_eq!(missed("*/5 * * * *", 45_000), Some((45_000, 150)));
    // Twice a day, an hour apart: 25 hours after the first count as 26.
    assert_eq!(missed("0 9,10 * * *", 34 * 3_600), Some((34 * 3_600, 26)));
    assert_eq!(missed("0 9,10 * * *", 84 * 3_600), None);
}

#[test]
fn after_more_than_a_hundred_missed_runs_the_last_one_starts_with_a_warning() {
    let mut world = World::new(2);
    let mut suspended = manifest("Allow");
    suspended["spec"]["suspend"] = json!(true);
    world.apply(suspended);
    world.run(SimDuration::from_secs(102 * 60 + 30));
    assert_eq!(world.cluster.count(Kind::JOB), 0);
    world.apply(manifest("Allow"));
    world.run(SimDuration::from_secs(2));
    assert_eq!((world.cluster.count(Kind::JOB), world.messages("TooManyMissedTimes").len()), (1, 1));
}

#[test]
fn a_day_that_no_month_has_is_reported() {
    let mut world = World::new(3);
    let mut never = manifest("Allow");
    never["spec"]["schedule"] = json!("59 23 31 2 *");
    world.apply(never);
    world.run(SimDuration::from_secs(1));
    let text = "invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second";
    assert_eq!(world.messages("InvalidSchedule"), [text]);
}

#[test]
fn replaced_jobs_go_and_the_new_one_is_known_as_active() {
    let mut world = World::new(4);
    world.run(SimDuration::from_secs(1));
    world.apply(manifest("Replace"));
    world.run(SimDuration::from_secs(200));
    let names: Vec<String> =
        world.cluster.list(Kind::JOB).map(|job| world.cluster.meta(job).name.to_string()).collect();
    assert_eq!(names, ["tick-29453763"]);
    assert_eq!(world.messages("SuccessfulDelete"), ["Deleted job tick-29453761", "Deleted job tick-29453762"]);
    assert_eq!((world.messages("UnexpectedJob"), world.messages("MissingJob")), (vec![], vec![]));
    let key = world.find(Kind::CRON_JOB, "tick");
    assert_eq!(world.cluster.view(key)["status"]["active"][0]["name"], "tick-29453763");
}

#[test]
fn a_changed_schedule_only_moves_the_next_activation() {
    let mut world = World::new(5);
    let mut hourly = manifest("Allow");
    hourly["spec"]["schedule"] = json!("0 * * * *");
    world.run(SimDuration::from_secs(1));
    world.apply(hourly.clone());
    world.run(SimDuration::from_secs(25 * 60));
    hourly["spec"]["schedule"] = json!("*/20 * * * *");
    world.apply(hourly);
    world.run(SimDuration::from_secs(5 * 60));
    // The activation at minute 20 of the new schedule has passed: it is not made up for.
    assert_eq!(world.cluster.count(Kind::JOB), 0);
    world.run(SimDuration::from_secs(10 * 60 + 5));
    assert_eq!(world.cluster.count(Kind::JOB), 1);
}

#[test]
fn a_success_counts_whoever_made_the_job() {
    let mut world = World::new(0);
    world.run(SimDuration::from_secs(1));
    let mut yearly = manifest("Allow");
    yearly["spec"]["schedule"] = json!("0 0 1 6 *");
    let key = world.apply(yearly);
    world.apply(json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "once", "ownerReferences": [{
            "apiVersion": "batch/v1", "kind": "CronJob", "name": "tick", "uid": world.cluster.uid(key), "controller": true,
        }]},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1"}]}}},
    }));
    world.run(SimDuration::from_secs(3));
    end_pods(&mut world);
    world.run(SimDuration::from_secs(3));
    let view = world.cluster.view(key);
    assert!(view["status"]["lastSuccessfulTime"].is_string(), "{}", view["status"]);
    assert!(view["status"]["lastScheduleTime"].is_null() && !world.messages("UnexpectedJob").is_empty());
    assert!(world.messages("SawCompletedJob").is_empty());
}

#[test]
fn a_job_that_no_history_keeps_goes_missing_instead_of_being_seen_complete() {
    let mut world = World::new(0);
    let mut none = manifest("Allow");
    none["spec"]["successfulJobsHistoryLimit"] = json!(0);
    world.apply(none);
    world.run(SimDuration::from_secs(62));
    end_pods(&mut world);
    world.run(SimDuration::from_secs(5));
    assert_eq!(world.messages("MissingJob"), ["Active job went missing: tick-29453761"]);
    assert_eq!(world.messages("SuccessfulDelete"), ["Deleted job tick-29453761"]);
    assert!(world.messages("SawCompletedJob").is_empty());
    assert_eq!(world.cluster.count(Kind::JOB), 0);
}
