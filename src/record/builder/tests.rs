//! Rows, lives and totals that follow from what was seen.

use super::*;

fn facts(name: &str) -> PodFacts<'_> {
    PodFacts {
        name,
        namespace: "default",
        uid: 1,
        owner: WorkloadIndex::NONE,
        workload: WorkloadIndex::NONE,
        priority: 0,
        requests: Amounts { cpu_milli: 500, memory_bytes: 1 << 20 },
        was_placed: false,
    }
}

fn at(seconds: i64) -> Moment {
    Moment::from_millis(seconds * 1000)
}

#[test]
fn a_write_that_changes_no_column_is_no_row() {
    let mut record = Record::default();
    let pod = record.pod_created(at(0), facts("web"));
    let sight = PodSight { status: "Pending", containers: 1, ..PodSight::default() };
    record.pod_changed(at(0), pod, &sight);
    record.pod_changed(at(1), pod, &sight);
    assert_eq!(record.timeline.len(), 1);
}

#[test]
fn totals_follow_a_pod_through_its_life() {
    let mut record = Record::default();
    let allocatable = Amounts { cpu_milli: 4000, memory_bytes: 1 << 30 };
    let node = record.node_created(
        at(0),
        NodeFacts { name: "n", group: "", zone: "", price: 0.0, allocatable, allocatable_pods: 110 },
    );
    let pod = record.pod_created(at(0), facts("web"));
    let mut sight = PodSight { status: "Pending", containers: 1, is_unschedulable: true, ..PodSight::default() };
    record.pod_changed(at(0), pod, &sight);
    assert_eq!(
        (record.totals.pending.value(), record.totals.unscheduled.value(), record.totals.unschedulable.value()),
        (1, 1, 1)
    );
    (sight.node, sight.status) = (node, "ContainerCreating");
    record.pod_changed(at(2), pod, &sight);
    assert_eq!((record.totals.unscheduled.value(), record.totals.cpu_requested.value()), (0, 500));
    (sight.phase, sight.status, sight.ready, sight.is_ready) = (Phase::Running, "Running", 1, true);
    record.pod_changed(at(3), pod, &sight);
    assert_eq!(record.totals.pending.value(), 0);
    record.pod_deleted(at(5), pod);
    assert_eq!((record.totals.cpu_requested.value(), record.totals.cpu_requested.peak(at(5))), (0, 500));
    assert_eq!(record.pods[0].started(), at(3));
    assert_eq!(record.timeline.len(), 4);
}

#[test]
fn what_kubectl_shows_tells_the_stage() {
    let node = NodeIndex(0);
    let pending = PodSight { node, ..PodSight::default() };
    let running = PodSight { node, phase: Phase::Running, ..PodSight::default() };
    for (sight, stage) in [
        (PodSight { status: "ContainerCreating", ..pending }, Stage::Starting),
        (PodSight { status: "Init:0/2", ..pending }, Stage::Starting),
        (PodSight { status: "Init:CrashLoopBackOff", ..pending }, Stage::BackingOff),
        (PodSight { status: "ErrImagePull", ..pending }, Stage::BackingOff),
        (PodSight { status: "CreateContainerConfigError", ..pending }, Stage::BackingOff),
        (PodSight { status: "Running", ..running }, Stage::NotReady),
        (PodSight { status: "CrashLoopBackOff", ..running }, Stage::BackingOff),
        (PodSight { status: "Running", is_ready: true, ..running }, Stage::Ready),
        (PodSight { status: "Terminating", is_terminating: true, ..running }, Stage::Terminating),
        (PodSight { phase: Phase::Succeeded, is_terminating: true, ..running }, Stage::Terminating),
        (PodSight { phase: Phase::Succeeded, status: "Completed", ..running }, Stage::Succeeded),
    ] {
        assert_eq!(stage_of(&sight), stage, "{}", sight.status);
    }
}

#[test]
fn an_unknown_warm_up_is_cut_off_when_it_ends() {
    let mut record = Record::default();
    let pod = record.pod_created(at(0), facts("web"));
    record.pod_changed(at(0), pod, &PodSight { status: "Pending", ..PodSight::default() });
    record.advance(at(10));
    record.shift(at(10).0);
    assert_eq!((record.begin(), record.end, record.pods[0].created), (at(-10), at(0), at(-10)));
    assert_eq!(record.totals.pods_created, 0);
    record.advance(at(5));
    assert!((record.totals.pending.integral_seconds(at(5)) - 5.0).abs() < 1e-12);
}
