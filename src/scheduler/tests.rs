//! The scheduler alone with an API server: what happens to pods, and when.

use super::AttemptResult;
use super::testing::{Driver, decoded, pod_spec, requests};
use crate::cluster::DeleteOptions;
use crate::engine::{Significance, SimDuration, SimTime};
use crate::model::condition::ConditionStatus;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{Body, ObjectRef};
use crate::model::pod::PodConditionType;
use crate::model::pod_spec::PreemptionPolicy;
use crate::model::volume::{Volume, VolumeSource};

const SECOND: SimTime = SimTime::from_secs(1);

#[test]
fn a_pod_is_bound_to_the_emptier_node() {
    let mut driver = Driver::new();
    let first = driver.node("n1", "4", "8Gi");
    let second = driver.node("n2", "4", "8Gi");
    let pods: Vec<_> = (0..2).map(|index| driver.pod(&format!("p{index}"), pod_spec(requests("1", "1Gi")))).collect();
    driver.run(SECOND);
    assert_eq!(driver.cluster.pod(pods[0]).node, first);
    assert_eq!(driver.cluster.pod(pods[1]).node, second);
    assert_eq!(driver.messages(pods[0]), ["Successfully assigned default/p0 to n1"]);
    let attempts: Vec<_> = driver.scheduler.take_attempts().collect();
    // The algorithm takes 3 ms a pod.
    assert_eq!(attempts.iter().map(|attempt| attempt.at).collect::<Vec<_>>(), [3, 6].map(SimTime::from_millis));
    assert_eq!((attempts[0].evaluated, attempts[0].feasible), (2, 2));
    assert!(driver.pending().is_empty(), "a quiet scheduler has no timers");
}

#[test]
fn a_pod_that_fits_nowhere_says_why_and_waits_for_a_node() {
    let mut driver = Driver::new();
    driver.node("n1", "1", "8Gi");
    driver.node("n2", "2", "1Gi");
    let pod = driver.pod("p", pod_spec(requests("4", "2Gi")));
    driver.run(SECOND);
    let text = "0/2 nodes are available: 1 Insufficient memory, 2 Insufficient cpu.";
    assert!(driver.messages(pod)[0].starts_with(text), "{:?}", driver.messages(pod));
    let condition = driver.cluster.pod(pod).status.condition(PodConditionType::PodScheduled).unwrap().clone();
    assert_eq!((condition.status, condition.reason()), (ConditionStatus::False, "Unschedulable"));
    assert!(driver.pending().iter().all(|(_, significance)| *significance == Significance::Background));
    assert_eq!(driver.scheduler.take_attempts().as_slice()[0].result, AttemptResult::Unschedulable);

    driver.run(SimTime::from_secs(20));
    assert!(driver.scheduler.take_attempts().as_slice().is_empty(), "nothing changed, nothing is tried");
    let node = driver.node("n3", "8", "16Gi");
    driver.run(SimTime::from_secs(21));
    assert_eq!(driver.cluster.pod(pod).node, node);
}

#[test]
fn without_any_node_the_pod_is_tried_with_growing_intervals() {
    let mut driver = Driver::new();
    let pod = driver.pod("p", pod_spec(requests("1", "1Gi")));
    driver.run(SimTime::from_secs(40));
    assert_eq!(driver.messages(pod), ["no nodes available to schedule pods"]);
    let times: Vec<u64> = driver.scheduler.take_attempts().map(|attempt| attempt.at.as_secs()).collect();
    // Back-off of 1, 2, 4, 8, 10 seconds from the failure, each served at the whole second after it.
    assert_eq!(times, [0, 2, 5, 10, 19, 30]);
}

#[test]
fn a_deleted_pod_makes_room() {
    let mut driver = Driver::new();
    driver.node("n1", "2", "8Gi");
    let first = driver.pod("p1", pod_spec(requests("2", "1Gi")));
    let second = driver.pod("p2", pod_spec(requests("2", "1Gi")));
    driver.run(SimTime::from_secs(5));
    assert!(driver.cluster.pod(first).node.is_some() && driver.cluster.pod(second).node.is_none());
    driver.cluster.delete(driver.now, ObjectRef::pod(first), DeleteOptions::NOW).unwrap();
    driver.run(SimTime::from_secs(6));
    assert!(driver.cluster.pod(second).node.is_some());
}

#[test]
fn a_gated_pod_waits_for_its_gates() {
    let mut driver = Driver::new();
    driver.node("n1", "2", "8Gi");
    let mut spec = pod_spec(requests("1", "1Gi"));
    spec.scheduling_gates.push("example.com/wait".into());
    let pod = driver.pod("p", spec);
    driver.run(SimTime::from_secs(1000));
    assert!(driver.scheduler.take_attempts().as_slice().is_empty());
    let ungated = driver.pod("q", pod_spec(requests("1", "1Gi")));
    let template = driver.cluster.pod(ungated).template;
    driver.cluster.set_pod_template(driver.now, pod, template);
    driver.run(SimTime::from_secs(1001));
    assert!(driver.cluster.pod(pod).node.is_some());
    let order: Vec<_> = driver.scheduler.take_attempts().map(|attempt| attempt.pod).collect();
    assert_eq!(order, [pod, ungated], "it kept its place from its creation");
}

#[test]
fn a_pod_deleted_while_its_binding_is_under_way_is_forgotten() {
    let mut driver = Driver::new();
    let node = driver.node("n1", "2", "8Gi");
    let pod = driver.pod("p", pod_spec(requests("2", "1Gi")));
    driver.run(SimTime::from_millis(4));
    assert!(driver.scheduler.cache().is_assumed(pod));
    driver.cluster.delete(driver.now, ObjectRef::pod(pod), DeleteOptions::NOW).unwrap();
    driver.run(SECOND);
    assert!(driver.scheduler.cache().node(node).pods.is_empty());
    assert!(driver.scheduler.queue().is_empty());
}

#[test]
fn a_pod_of_higher_priority_takes_the_place_of_a_lower_one() {
    let mut driver = Driver::new();
    let node = driver.node("n1", "2", "8Gi");
    let victim = driver.pod("low", pod_spec(requests("2", "1Gi")));
    driver.run(SECOND);
    let mut spec = pod_spec(requests("1", "1Gi"));
    spec.priority = 1000;
    let preemptor = driver.pod("high", spec);
    driver.run(SimTime::from_secs(2));
    assert_eq!(driver.cluster.pod(preemptor).nominated, node);
    assert_eq!(driver.messages(preemptor), ["0/1 nodes are available: 1 Insufficient cpu."]);
    let row = driver.cluster.pod(victim);
    assert!(row.deletion.is_some(), "it may take its grace period");
    let condition = row.status.condition(PodConditionType::DisruptionTarget).unwrap();
    assert_eq!(condition.reason(), "PreemptionByScheduler");
    assert_eq!(condition.message(), "default-scheduler: preempting to accommodate a higher priority pod");
    let uid = driver.cluster.uid(ObjectRef::pod(preemptor));
    assert_eq!(driver.messages(victim)[1], format!("Preempted by pod {uid} on node n1"));

    // Nobody of lower priority slips in while the victim ends.
    let late = driver.pod("late", pod_spec(requests("2", "1Gi")));
    driver.run(SimTime::from_secs(10));
    driver.cluster.delete(driver.now, ObjectRef::pod(victim), DeleteOptions::NOW).unwrap();
    driver.run(SimTime::from_secs(11));
    assert_eq!(driver.cluster.pod(preemptor).node, node);
    assert!(driver.cluster.pod(late).node.is_none());
}

#[test]
fn what_preemption_cannot_help_is_said() {
    let mut driver = Driver::new();
    driver.node("n1", "2", "8Gi");
    driver.pod("first", pod_spec(requests("2", "1Gi")));
    let second = driver.pod("second", pod_spec(requests("2", "1Gi")));
    let mut spec = pod_spec(requests("1", "1Gi"));
    spec.preemption_policy = PreemptionPolicy::Never;
    let never = driver.pod("never", spec);
    let huge = driver.pod("huge", pod_spec(requests("3", "1Gi")));
    driver.run(SECOND);
    let said = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: ";
    let none = "0/1 nodes are available: 1 No preemption victims found for incoming pod.";
    assert_eq!(driver.messages(second), [format!("{said}{none}")]);
    assert_eq!(driver.messages(never), [format!("{said}not eligible due to preemptionPolicy=Never.")]);
    let unhelpful = "0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
    assert_eq!(driver.messages(huge), [format!("{said}{unhelpful}")]);
}

#[test]
fn bindings_beyond_the_burst_wait_for_the_client_limit() {
    let mut driver = Driver::with_client_limit(50.0, 2);
    driver.node("n1", "16", "64Gi");
    let pods: Vec<_> = (0..6).map(|index| driver.pod(&format!("p{index}"), pod_spec(requests("1", "1Gi")))).collect();
    driver.run(SECOND);
    let bound = |pod| {
        let status = &driver.cluster.pod(pod).status;
        status.condition(PodConditionType::PodScheduled).unwrap().last_transition
    };
    let times: Vec<SimTime> = pods.into_iter().map(bound).collect();
    assert_eq!(times[..2], [6, 9].map(SimTime::from_millis));
    let gaps: Vec<_> = times[2..].windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert!(gaps.iter().all(|gap| *gap == SimDuration::from_millis(20)), "{gaps:?}");
}

#[test]
fn decisions_that_take_no_time_are_made_in_a_row_and_no_more_than_a_thousand() {
    let mut driver = Driver::instant();
    for node in 0..20 {
        driver.node(&format!("n{node}"), "110", "1000Gi");
    }
    let pods: Vec<_> =
        (0..1030).map(|index| driver.pod(&format!("p{index}"), pod_spec(requests("1", "1Gi")))).collect();
    assert!(driver.step(SimTime::ZERO));
    assert_eq!(driver.scheduler.take_attempts().len(), 1024);
    assert!(pods.iter().all(|pod| driver.cluster.pod(*pod).node.is_none()), "bindings are events of their own");
    driver.run(SimTime::ZERO);
    assert_eq!(driver.scheduler.take_attempts().len(), 6);
    assert!(pods.iter().all(|pod| driver.cluster.pod(*pod).node.is_some()));
}

#[test]
fn a_pod_that_somebody_else_binds_meanwhile_counts_once() {
    let mut driver = Driver::new();
    let node = driver.node("n1", "4", "8Gi");
    let pod = driver.pod("p", pod_spec(requests("1", "1Gi")));
    driver.run(SimTime::from_millis(1));
    driver.cluster.bind(driver.now, pod, node).unwrap();
    driver.run(SECOND);
    assert_eq!(driver.scheduler.cache().node(node).pods.len(), 1);
    assert!(driver.scheduler.take_attempts().as_slice().is_empty());
}

#[test]
fn a_pod_with_resource_claims_waits_for_them_and_fits_nowhere_without_devices() {
    let mut driver = Driver::new();
    driver.node("n1", "4", "8Gi");
    let claims = serde_json::json!([{ "name": "gpu", "resourceClaimName": "gpu-claim" }]);
    let raw = serde_json::json!({ "spec": { "resourceClaims": claims } });
    let pod = driver.pod_with_raw("p", pod_spec(requests("1", "1Gi")), raw);
    driver.run(SECOND);
    assert!(driver.scheduler.take_attempts().as_slice().is_empty(), "it is held back");
    let claim = decoded(Kind::RESOURCE_CLAIM, "default", "gpu-claim", Labels::default(), Body::default());
    driver.cluster.create(driver.now, claim).unwrap();
    driver.run(SimTime::from_secs(2));
    let said = "0/1 nodes are available: 1 cannot allocate all claims. still not schedulable, preemption: ";
    assert!(driver.messages(pod)[0].starts_with(said), "{:?}", driver.messages(pod));
}

#[test]
fn a_missing_claim_is_named_and_its_creation_helps() {
    let mut driver = Driver::new();
    driver.node("n1", "4", "8Gi");
    let mut spec = pod_spec(requests("1", "1Gi"));
    let source = VolumeSource::Claim { claim: "c1".into(), read_only: false };
    spec.volumes.push(Volume { name: "data".into(), source, is_used: true });
    let pod = driver.pod("p", spec);
    driver.run(SECOND);
    let said = "0/1 nodes are available: persistentvolumeclaim \"c1\" not found. not found";
    assert_eq!(driver.messages(pod), [said]);
    let claim = decoded(Kind::PERSISTENT_VOLUME_CLAIM, "default", "c1", Labels::default(), Body::default());
    driver.cluster.create(driver.now, claim).unwrap();
    driver.run(SimTime::from_secs(5));
    // The claim is there now, but nobody has bound it.
    let unbound = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found";
    assert_eq!(driver.messages(pod), [said, unbound]);
}
