//! What faults promise: parts work again with the last fault that broke them, and reboots end by themselves.

use super::*;
use crate::engine::random::Streams;
use crate::machines::Registry;

const NODE: NodeId = NodeId(0);

struct World {
    faults: Faults,
    machines: Machines,
    outbox: Outbox<FaultEvent>,
}

impl World {
    fn new() -> Self {
        let mut machines = Machines::new(Registry::default(), Streams::new(0));
        machines.add_machine(SimTime::ZERO, NODE, 0);
        Self { faults: Faults::default(), machines, outbox: Outbox::default() }
    }

    fn strike(&mut self, at: u64, kind: NodeFault, lasts: Option<u64>) {
        let lasts = lasts.map(SimDuration::from_secs);
        self.faults.node(SimTime::from_secs(at), NODE, kind, lasts, &mut self.machines, &mut self.outbox);
        self.hear(at);
    }

    fn hear(&mut self, at: u64) {
        while let Some(change) = self.machines.log.pop() {
            self.faults.observe_machine(SimTime::from_secs(at), change, &self.machines, &mut self.outbox);
        }
    }

    /// Handles what is due; returns when it was.
    fn pass(&mut self) -> Vec<u64> {
        let mut due: Vec<(SimTime, FaultEvent)> = self.outbox.drain().collect();
        due.sort_by_key(|(at, _)| *at);
        for (at, event) in &due {
            self.faults.handle(*at, *event, &mut self.machines);
        }
        due.iter().map(|(at, _)| at.as_secs()).collect()
    }
}

#[test]
fn a_crash_ends_after_its_time_and_the_machine_boots() {
    let mut world = World::new();
    world.strike(10, NodeFault::Crash, Some(300));
    assert!(!world.machines.machine(NODE).is_on());
    assert_eq!(world.pass(), [310]);
    assert!(world.machines.kubelet_up(NODE));
    assert_eq!((world.machines.machine(NODE).boots(), world.machines.machine(NODE).booted().as_secs()), (1, 310));
}

#[test]
fn a_part_works_again_when_the_last_fault_that_broke_it_ends() {
    let mut world = World::new();
    world.strike(0, NodeFault::Partition, Some(10));
    world.strike(5, NodeFault::Partition, None);
    assert_eq!(world.pass(), [10]);
    assert!(!world.machines.is_reachable(NODE));
    let healed = world.faults.heal_node(SimTime::from_secs(20), NODE, Some(NodeFault::Partition), &mut world.machines);
    assert_eq!(healed, 1);
    assert!(world.machines.is_reachable(NODE));
}

#[test]
fn healing_one_kind_leaves_the_others() {
    let mut world = World::new();
    world.strike(0, NodeFault::Kubelet, None);
    world.strike(0, NodeFault::MemoryPressure, None);
    world.faults.heal_node(SimTime::from_secs(1), NODE, Some(NodeFault::Kubelet), &mut world.machines);
    assert!(world.machines.kubelet_up(NODE));
    assert!(world.machines.machine(NODE).health().pressure.contains(Pressure::MEMORY));
    assert_eq!(world.faults.heal_node(SimTime::from_secs(2), NODE, None, &mut world.machines), 1);
    assert!(world.machines.machine(NODE).health().pressure.is_empty());
}

#[test]
fn a_reboot_waits_for_the_kubelet_and_then_boots_by_itself() {
    let mut world = World::new();
    world.strike(0, NodeFault::Reboot, None);
    assert!(world.machines.machine(NODE).is_on(), "the kubelet has not let go yet");
    assert!(world.outbox.is_empty());
    world.machines.set_power(SimTime::from_secs(30), NODE, false);
    world.hear(30);
    assert_eq!(world.pass(), [90]);
    assert!(world.machines.machine(NODE).is_on());
}

#[test]
fn a_machine_without_kubelet_reboots_at_once() {
    let mut world = World::new();
    world.strike(0, NodeFault::Kubelet, None);
    world.strike(1, NodeFault::Reboot, Some(20));
    assert!(!world.machines.machine(NODE).is_on());
    assert_eq!(world.pass(), [21]);
    assert!(world.machines.machine(NODE).is_on() && !world.machines.kubelet_up(NODE), "that fault is still there");
}

#[test]
fn of_two_faults_of_a_registry_the_worse_counts() {
    let mut world = World::new();
    let World { faults, machines, outbox } = &mut world;
    let image = machines.registry.id("nginx");
    let usual = machines.registry.transfer(image);
    let slow = RegistryFault::Slow(1024 * 1024);
    faults.registry(SimTime::ZERO, "docker.io", slow, Some(SimDuration::from_secs(9)), machines, outbox);
    assert!(machines.registry.transfer(image) > usual && machines.registry.is_up(image));
    faults.registry(SimTime::ZERO, "docker.io", RegistryFault::Down, None, machines, outbox);
    assert!(!machines.registry.is_up(image));
    assert_eq!(faults.heal_registry("docker.io", machines), 2);
    assert_eq!(machines.registry.transfer(image), usual);
}

#[test]
fn a_reboot_of_a_machine_that_is_off_boots_it_after_its_time_or_with_its_last_crash() {
    let mut world = World::new();
    world.strike(0, NodeFault::Crash, Some(30));
    world.strike(10, NodeFault::Reboot, Some(60));
    assert_eq!(world.pass(), [30, 70]);
    assert!(world.machines.kubelet_up(NODE));
    let mut world = World::new();
    world.strike(0, NodeFault::Crash, None);
    world.strike(10, NodeFault::Reboot, Some(60));
    assert_eq!(world.pass(), [70]);
    assert!(!world.machines.machine(NODE).is_on());
    world.faults.heal_node(SimTime::from_secs(80), NODE, None, &mut world.machines);
    assert!(world.machines.kubelet_up(NODE));
}
