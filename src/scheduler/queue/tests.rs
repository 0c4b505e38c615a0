//! The queue by the specification's sections 4.2 to 4.7: which pod is tried when, and after what.

use super::{BackoffSettings, SchedulingQueue};
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::labels::Labels;
use crate::model::object::{NodeId, PodId};
use crate::scheduler::framework::{ClusterEvent, PluginName, PluginSet};
use crate::scheduler::testing::{Driver, cluster, create_pod, pod_spec, requests};

const FIT: PluginSet = PluginSet::of(PluginName::NodeResourcesFit);

fn millis(milliseconds: u64) -> SimTime {
    SimTime::from_millis(milliseconds)
}

/// A queue with pods of these priorities, in the order in which they came.
fn queue(cluster: &mut Cluster, priorities: &[i32]) -> (SchedulingQueue, Vec<PodId>) {
    let mut queue = SchedulingQueue::new(BackoffSettings::default(), Vec::new());
    let pods: Vec<PodId> = priorities
        .iter()
        .enumerate()
        .map(|(index, priority)| {
            let mut spec = pod_spec(requests("1", "1Gi"));
            spec.priority = *priority;
            create_pod(cluster, &format!("p{index}"), Labels::default(), spec)
        })
        .collect();
    for (index, pod) in pods.iter().enumerate() {
        queue.add(millis(index as u64), cluster, *pod);
    }
    (queue, pods)
}

fn pop(queue: &mut SchedulingQueue) -> Option<PodId> {
    queue.pop().map(|(pod, _)| pod)
}

/// A change that helps whom NodeResourcesFit rejected.
fn room(pod: PodId) -> ClusterEvent {
    ClusterEvent::PodDeleted { pod }
}

#[test]
fn the_active_queue_is_in_order_of_priority_then_of_time() {
    let mut cluster = cluster();
    let (mut queue, pods) = queue(&mut cluster, &[0, 10, 0, 10]);
    let order: Vec<PodId> = std::iter::from_fn(|| pop(&mut queue)).collect();
    assert_eq!(order, [pods[1], pods[3], pods[0], pods[2]]);
}

#[test]
fn a_rejected_pod_waits_for_a_change_that_its_rejector_asks_for() {
    let mut cluster = cluster();
    let (mut queue, pods) = queue(&mut cluster, &[0]);
    let (pod, queued) = queue.pop().unwrap();
    queue.add_unschedulable(millis(10), &cluster, pod, queued, FIT);
    assert!(queue.is_idle());
    queue.move_all(millis(20), &cluster, &ClusterEvent::PodAdded { pod: pods[0] });
    assert!(queue.is_idle(), "a pod that came makes no room");
    queue.move_all(millis(30), &cluster, &room(pods[0]));
    // It backs off, and is taken at once all the same: nothing else is there to do.
    assert!(!queue.is_idle());
    assert_eq!(queue.get(pod).unwrap().attempts, 1);
    assert_eq!(pop(&mut queue), Some(pod));
}

#[test]
fn a_pod_that_backs_off_comes_after_active_ones_until_its_second_is_over() {
    let mut cluster = cluster();
    let (mut queue, pods) = queue(&mut cluster, &[100, 0, 0]);
    let (first, queued) = queue.pop().unwrap();
    queue.add_unschedulable(millis(400), &cluster, first, queued, FIT);
    queue.move_all(millis(500), &cluster, &room(pods[1]));
    // Rejected at .4 s for the first time: over with the tick at 2 s.
    assert_eq!(queue.next_backoff_flush(), SimTime::from_secs(2));
    assert_eq!(pop(&mut queue), Some(pods[1]), "its priority counts for nothing yet");
    queue.flush_backoff(millis(1_999));
    assert_eq!(queue.next_backoff_flush(), SimTime::from_secs(2));
    queue.flush_backoff(SimTime::from_secs(2));
    assert_eq!(queue.next_backoff_flush(), SimTime::NEVER);
    assert_eq!(pop(&mut queue), Some(first));
}

#[test]
fn an_error_is_always_waited_for() {
    let mut cluster = cluster();
    let (mut queue, _) = queue(&mut cluster, &[0]);
    let (pod, queued) = queue.pop().unwrap();
    queue.add_unschedulable(millis(0), &cluster, pod, queued, PluginSet::EMPTY);
    assert!(queue.is_idle() && queue.contains(pod));
    assert_eq!(pop(&mut queue), None);
    assert_eq!(queue.next_backoff_flush(), SimTime::from_secs(2));
    queue.flush_backoff(SimTime::from_secs(2));
    assert_eq!(pop(&mut queue), Some(pod));
}

#[test]
fn what_happens_while_a_pod_is_tried_counts() {
    let mut cluster = cluster();
    let (mut queue, pods) = queue(&mut cluster, &[0]);
    let (pod, queued) = queue.pop().unwrap();
    queue.move_all(millis(5), &cluster, &room(pods[0]));
    queue.add_unschedulable(millis(10), &cluster, pod, queued, FIT);
    assert!(!queue.is_idle(), "it is not parked: the change may have come too late for its search");
    let (_, queued) = queue.pop().unwrap();
    queue.add_unschedulable(millis(20), &cluster, pod, queued, FIT);
    assert!(queue.is_idle(), "nothing happened during the second try");
}

#[test]
fn after_five_minutes_every_pod_is_tried_again_at_the_next_scan() {
    let mut cluster = cluster();
    let (mut queue, _) = queue(&mut cluster, &[0]);
    let (pod, queued) = queue.pop().unwrap();
    queue.add_unschedulable(millis(3), &cluster, pod, queued, FIT);
    // Strictly more than 300 s are over at the scan at 330 s.
    assert_eq!(queue.next_unschedulable_flush(), SimTime::from_secs(330));
    queue.flush_unschedulable(SimTime::from_secs(300), &cluster);
    assert!(queue.is_idle());
    queue.flush_unschedulable(SimTime::from_secs(330), &cluster);
    assert_eq!(pop(&mut queue), Some(pod));
}

#[test]
fn a_change_for_pods_of_low_priority_leaves_the_others_waiting() {
    let mut cluster = cluster();
    let (mut queue, pods) = queue(&mut cluster, &[10, 0]);
    for _ in 0..2 {
        let (pod, queued) = queue.pop().unwrap();
        queue.add_unschedulable(millis(10), &cluster, pod, queued, FIT);
    }
    queue.move_some(millis(20), &cluster, &room(pods[0]), 5);
    assert_eq!(pop(&mut queue), Some(pods[1]));
    assert_eq!(pop(&mut queue), None);
}

#[test]
fn a_nomination_lasts_until_it_is_replaced_or_the_pod_goes() {
    let mut cluster = cluster();
    let (mut queue, pods) = queue(&mut cluster, &[0, 0]);
    let node = |index| NodeId(index);
    queue.nominator.set(pods[0], node(1));
    queue.nominator.set(pods[1], node(1));
    assert_eq!(queue.nominator.pods_on(node(1)), pods);
    queue.nominator.set(pods[0], node(2));
    assert_eq!(queue.nominator.pods_on(node(1)), [pods[1]]);
    queue.delete(pods[1]);
    assert!(queue.nominator.pods_on(node(1)).is_empty());
    assert_eq!(queue.nominator.node_of(pods[0]), Some(node(2)));
}

#[test]
fn a_nomination_that_ends_wakes_pods_that_had_to_respect_it() {
    let mut driver = Driver::new();
    let node = driver.node("n1", "4", "8Gi");
    let first = driver.pod("first", pod_spec(requests("8", "1Gi")));
    driver.run(SimTime::from_secs(1));
    driver.cluster.nominate(driver.now, first, node);
    driver.run(SimTime::from_secs(2));
    let tries = |driver: &mut Driver| driver.scheduler.take_attempts().len();
    tries(&mut driver);
    driver.run(SimTime::from_secs(9));
    assert_eq!(tries(&mut driver), 0);
    driver.cluster.nominate(driver.now, first, NodeId::NONE);
    driver.run(SimTime::from_secs(20));
    assert_eq!(tries(&mut driver), 1, "as if a pod had left the node");
}

#[test]
fn three_failures_wait_one_two_and_four_seconds() {
    let mut driver = Driver::new();
    let pod = driver.pod("p", pod_spec(requests("1", "1Gi")));
    driver.run(SimTime::from_secs(12));
    let attempts: Vec<_> = driver.scheduler.take_attempts().collect();
    let seconds: Vec<u64> = attempts.iter().map(|attempt| attempt.at.as_secs()).collect();
    assert_eq!(seconds, [0, 2, 5, 10]);
    assert!(attempts.iter().all(|attempt| attempt.pod == pod));
}
