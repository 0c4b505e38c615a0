//! The life of pods on their nodes: cluster, machines, kubelets and workload together, with every pod bound at once to
//! the first node. Facts and figures are those of the recordings (live/README.md).

mod node;

use node::World;

fn pod(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  namespace: default\nspec:\n{spec}")
}

#[test]
fn a_server_is_pulled_started_running_and_ready() {
    let mut world = World::new();
    world.apply(&pod("  containers:\n  - name: c\n    image: nginx:1.27\n"));
    world.run_until(30.0);
    let statuses = world.statuses("p");
    assert_eq!(statuses, ["0/1 Pending", "0/1 ContainerCreating", "1/1 Running"]);
    let reasons = world.event_reasons("p");
    assert_eq!(reasons, ["Pulling", "Pulled", "Created", "Started"]);
}

#[test]
fn a_job_ends_completed_and_then_succeeded_a_relist_later() {
    let mut world = World::new();
    world.preload("busybox:1.36");
    world.behave("busybox*", Some((2.0, 0)), None);
    world.apply(&pod("  restartPolicy: Never\n  containers:\n  - name: c\n    image: busybox:1.36\n"));
    world.run_until(30.0);
    let statuses = world.statuses("p");
    assert_eq!(statuses, ["0/1 Pending", "0/1 ContainerCreating", "1/1 Running", "0/1 Completed"]);
    let ended = world.time_of_status("p", "0/1 Completed");
    let succeeded = world.time_of_phase("p", "Succeeded");
    assert!((0.9..1.1).contains(&(succeeded - ended)), "{ended} {succeeded}");
}

#[test]
fn a_crashing_container_is_restarted_at_once_and_then_after_growing_delays() {
    let mut world = World::new();
    world.preload("busybox:1.36");
    world.behave("busybox*", Some((1.0, 1)), None);
    world.apply(&pod("  containers:\n  - name: c\n    image: busybox:1.36\n"));
    world.run_until(200.0);
    let starts = world.times_of_event("p", "Started");
    let gaps: Vec<f64> = starts.windows(2).map(|pair| pair[1] - pair[0] - 1.0).collect();
    for (gap, (low, high)) in gaps.iter().zip([(0.0, 1.2), (10.0, 16.2), (20.0, 31.2), (40.0, 61.2)]) {
        assert!((low..high).contains(gap), "{gaps:?}");
    }
    assert!(gaps.len() >= 3, "{gaps:?}");
}

#[test]
fn a_process_that_ignores_term_is_killed_at_the_end_of_the_grace_period() {
    let mut world = World::new();
    world.preload("nginx");
    world.behave("nginx*", None, Some(None));
    world.apply(&pod("  containers:\n  - name: c\n    image: nginx\n    imagePullPolicy: IfNotPresent\n"));
    world.run_until(10.0);
    world.delete("p", Some(5));
    world.run_until(30.0);
    let deleted = world.time_of_status("p", "1/1 Terminating");
    let failed = world.time_of_status("p", "0/1 Error");
    let gone = world.gone("p").expect("it is gone");
    assert!((5.0..5.1).contains(&(failed - deleted)), "{deleted} {failed}");
    assert!((0.1..1.2).contains(&(gone - failed)), "{failed} {gone}");
}

#[test]
fn init_containers_run_one_after_the_other() {
    let mut world = World::new();
    world.preload("busybox:1.36");
    world.preload("nginx:1.27");
    world.behave("busybox*", Some((1.0, 0)), None);
    let spec = "  initContainers:\n  - {name: a, image: 'busybox:1.36'}\n  - {name: b, image: 'busybox:1.36'}\n  containers:\n  - {name: c, image: 'nginx:1.27'}\n";
    world.apply(&pod(spec));
    world.run_until(30.0);
    let statuses = world.statuses("p");
    let expected = ["0/1 Pending", "0/1 Init:0/2", "0/1 Init:1/2", "0/1 PodInitializing", "1/1 Running"];
    assert_eq!(statuses, expected);
}

#[test]
fn a_missing_image_alternates_between_its_two_reasons() {
    let mut world = World::new();
    world.miss("no/such:1", 0.7);
    world.apply(&pod("  containers:\n  - {name: c, image: 'no/such:1'}\n"));
    world.run_until(100.0);
    let statuses = world.statuses("p");
    let expected = [
        "0/1 Pending",
        "0/1 ContainerCreating",
        "0/1 ErrImagePull",
        "0/1 ImagePullBackOff",
        "0/1 ErrImagePull",
        "0/1 ImagePullBackOff",
    ];
    assert_eq!(statuses[..6], expected);
    let pulls = world.times_of_event("p", "Pulling");
    assert!((10.5..17.0).contains(&(pulls[1] - pulls[0])), "{pulls:?}");
}

#[test]
fn ten_thousand_pods_on_a_thousand_nodes_are_running_soon() {
    let mut world = World::with_nodes(1000);
    world.preload("nginx:1.27");
    world.apply_many(&pod("  containers:\n  - {name: c, image: 'nginx:1.27'}\n"), 10_000);
    let started = std::time::Duration::ZERO;
    world.run_until(60.0);
    assert_eq!(world.machines.running_count(), 10_000, "{started:?}");
}
