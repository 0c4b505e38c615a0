//! What the machines promise: addresses, images, runs and their log.

use super::*;
use crate::engine::SimDuration;

fn machines() -> Machines {
    let mut machines = Machines::new(Registry::default(), Streams::new(0));
    machines.add_machine(SimTime::ZERO, NodeId(0), 0);
    machines
}

fn place(node: NodeId, pod: PodId) -> Placement {
    Placement { node, pod, address: 0 }
}

#[test]
fn use_follows_start_change_and_end_of_containers() {
    let mut machines = machines();
    let (node, pod) = (NodeId(0), PodId(3));
    let container = machines.create_container(SimTime::ZERO, place(node, pod), 0, 0);
    machines.set_usage(container, Usage { cpu_milli: 10, memory: 1 });
    assert_eq!(machines.cpu_used(node), 0, "a created container uses nothing");
    machines.start_container(SimTime::ZERO, container);
    machines.set_usage(container, Usage { cpu_milli: 250, memory: 64 });
    machines.set_usage(container, Usage { cpu_milli: 100, memory: 32 });
    assert_eq!((machines.cpu_used(node), machines.memory_used(node)), (100, 32));
    machines.signal(SimTime::from_secs(1), container, Signal::Kill);
    assert_eq!((machines.cpu_used(node), machines.memory_used(node)), (0, 0));
    assert_eq!(machines.container(container).state, RunState::Exited { code: 137, reason: ExitReason::Error });
}

#[test]
fn a_pods_runs_are_listed_newest_first_and_rows_are_reused() {
    let mut machines = machines();
    let (node, pod) = (NodeId(0), PodId(0));
    let first = machines.create_container(SimTime::ZERO, place(node, pod), 0, 0);
    let other = machines.create_container(SimTime::ZERO, place(node, pod), 1, 0);
    let second = machines.create_container(SimTime::ZERO, place(node, pod), 0, 1);
    assert_eq!(machines.runs(pod, 0).collect::<Vec<_>>(), [second, first]);
    machines.remove_container(first);
    assert_eq!(machines.runs_of_pod(pod).collect::<Vec<_>>(), [second, other]);
    let third = machines.create_container(SimTime::ZERO, place(node, pod), 0, 2);
    assert_eq!(third, first, "the row is used again");
    assert!(machines.container_of_serial(third, 1).is_none(), "but it is another run");
}

#[test]
fn an_image_that_is_used_keeps_its_size() {
    let mut machines = machines();
    let (image, start) = (ImageId(7), SimTime::from_secs(1));
    let machine = machines.machine_mut(NodeId(0));
    machine.store_image(start, image, 100);
    let used = machine.disk_used();
    machine.image_used(SimTime::from_secs(5), image);
    machine.image_used(SimTime::from_secs(5), ImageId(8));
    let stored: Vec<_> = machine.images().filter(|(id, _)| id.0 >= 7).collect();
    assert_eq!(stored, [(image, StoredImage { size: 100, last_used: SimTime::from_secs(5), since: start })]);
    assert_eq!(machine.disk_used(), used);
}

#[test]
fn addresses_are_not_handed_out_twice_and_come_round() {
    let mut machines = machines();
    let machine = machines.machine_mut(NodeId(0));
    let first = machine.take_address();
    let second = machine.take_address();
    assert_eq!((first & 0xff, second & 0xff), (2, 3));
    machine.release_address(first);
    for _ in 4..=254 {
        machine.take_address();
    }
    assert_eq!(machine.take_address(), first);
}

#[test]
fn heartbeats_stop_with_the_kubelet() {
    let mut machines = machines();
    let node = NodeId(0);
    let hour = SimTime::from_secs(3600);
    let alive = machines.machine(node).last_heartbeat(hour);
    assert!(hour - alive < SimDuration::from_secs(10), "{alive}");
    machines.set_kubelet(SimTime::from_secs(100), node, false);
    let last = machines.machine(node).last_heartbeat(hour);
    assert!(last <= SimTime::from_secs(100) && last > SimTime::from_secs(89), "{last}");
}

#[test]
fn a_machine_without_power_loses_its_containers() {
    let mut machines = machines();
    let container = machines.create_container(SimTime::ZERO, place(NodeId(0), PodId(0)), 0, 0);
    machines.start_container(SimTime::ZERO, container);
    machines.set_power(SimTime::from_secs(5), NodeId(0), false);
    assert_eq!(machines.container(container).state, RunState::Exited { code: 255, reason: ExitReason::Unknown });
    assert!(!machines.kubelet_up(NodeId(0)));
}

#[test]
fn a_log_joins_pieces_into_lines() {
    let mut log = ContainerLog::default();
    log.write(SimTime::ZERO, "one\ntw");
    log.write(SimTime::from_secs(1), "o\nthree");
    let lines: Vec<&str> = log.lines().map(|line| &*line.text).collect();
    assert_eq!(lines, ["one", "two", "three"]);
    assert_eq!(log.tail(2, 100), "two\nthree");
    assert_eq!(log.tail(2, 3), "ree");
}

#[test]
fn tags_of_a_known_repository_have_its_size() {
    let mut registry = Registry::default();
    registry.set_repository_size("nginx", 70);
    for name in ["nginx", "nginx:1.27", "docker.io/library/nginx:1.27", "nginx@sha256:ab"] {
        let id = registry.id(name);
        assert_eq!(registry.image(id).size, 70, "{name}");
    }
    let other = registry.id("localhost:5000/nginx");
    assert_ne!(registry.image(other).size, 70);
}
