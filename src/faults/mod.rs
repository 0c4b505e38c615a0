//! What breaks, and when it works again: nodes that crash, reboot, are cut off, lose their kubelet or disk or run short
//! of something, registries that are down or slow, containers that are killed.
//!
//! Acts on machines only, as fate does: the API hears of it by what kubelets and controllers make of it. Several faults
//! may lie on one node; a part of it works again when the last fault that broke it has ended.

#[cfg(test)]
mod tests;

use crate::engine::{Outbox, Significance, SimDuration, SimTime};
use crate::machines::{ContainerId, ExitReason, MachineChange, Machines, Pressure, Trouble};
use crate::model::Text;
use crate::model::object::NodeId;

/// What can happen to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeFault {
    /// Its power fails; it boots at the fault's end.
    Crash,
    /// Its network fails: the kubelet and its containers go on, but nobody hears of them.
    Partition,
    /// It is shut down in order (see `shutdownGracePeriod`) and boots; the fault lasts as long as the boot takes.
    Reboot,
    /// The kubelet's process is gone; containers go on.
    Kubelet,
    /// Its disk does not answer: the container runtime hangs.
    Disk,
    /// Something outside pods takes all memory that becomes free.
    MemoryPressure,
    /// Something outside pods fills the disk.
    DiskPressure,
    /// Something outside pods uses up the process ids.
    PidPressure,
}

/// What can happen to a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryFault {
    /// It does not answer.
    Down,
    /// Bytes per second that are left.
    Slow(u64),
}

/// What can happen to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerFault {
    /// Its first process dies with this exit code.
    Kill(i32),
    /// The kernel kills it for its memory.
    OutOfMemory,
}

/// What faults do later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultEvent {
    /// A fault's time is over.
    End {
        /// Which.
        fault: u32,
    },
}

/// How long a node takes from power-off to its kubelet's start when a reboot has no `for`.
pub const BOOT: SimDuration = SimDuration::from_secs(60);

/// A fault under way.
#[derive(Clone, Debug)]
struct Active {
    fault: u32,
    what: Broken,
}

#[derive(Clone, Debug)]
enum Broken {
    Node {
        node: NodeId,
        kind: NodeFault,
        /// A reboot's: how long the machine is off, and whether that has begun.
        boot: (SimDuration, bool),
    },
    Registry {
        host: Text,
        kind: RegistryFault,
    },
}

/// All faults under way.
#[derive(Debug, Default)]
pub struct Faults {
    active: Vec<Active>,
    started: u32,
}

impl Faults {
    /// A fault befalls a node; it ends after `lasts`, or when it is healed. A reboot always ends.
    pub fn node(
        &mut self,
        now: SimTime,
        node: NodeId,
        kind: NodeFault,
        lasts: Option<SimDuration>,
        machines: &mut Machines,
        outbox: &mut Outbox<FaultEvent>,
    ) {
        let is_off = !machines.machine(node).is_on();
        let boot = lasts.unwrap_or(BOOT);
        let fault = self.begin(Broken::Node { node, kind, boot: (boot, is_off) });
        if kind == NodeFault::Reboot && is_off {
            // Nothing is there to shut down: it only boots later.
            outbox.send(now + boot, FaultEvent::End { fault });
        } else if kind == NodeFault::Reboot {
            machines.request_shutdown(now, node);
            // The time of the boot counts from when the machine is off, which `observe_machine` hears of.
        } else if let Some(lasts) = lasts {
            outbox.send(now + lasts, FaultEvent::End { fault });
        }
        self.apply(now, node, machines);
    }

    /// A fault befalls a registry.
    pub fn registry(
        &mut self,
        now: SimTime,
        host: &str,
        kind: RegistryFault,
        lasts: Option<SimDuration>,
        machines: &mut Machines,
        outbox: &mut Outbox<FaultEvent>,
    ) {
        let fault = self.begin(Broken::Registry { host: host.into(), kind });
        if let Some(lasts) = lasts {
            outbox.send(now + lasts, FaultEvent::End { fault });
        }
        self.apply_registry(host, machines);
    }

    fn begin(&mut self, what: Broken) -> u32 {
        let fault = self.started;
        self.started += 1;
        self.active.push(Active { fault, what });
        fault
    }

    /// Ends all faults of a node, or those of one kind. Returns how many there were.
    pub fn heal_node(&mut self, now: SimTime, node: NodeId, only: Option<NodeFault>, machines: &mut Machines) -> usize {
        let ends = |what: &Broken| match what {
            Broken::Node { node: of, kind, .. } => *of == node && only.is_none_or(|only| only == *kind),
            Broken::Registry { .. } => false,
        };
        let count = self.end_where(ends);
        self.apply(now, node, machines);
        count
    }

    /// Ends all faults of a registry. Returns how many there were.
    pub fn heal_registry(&mut self, host: &str, machines: &mut Machines) -> usize {
        let count = self.end_where(|what| matches!(what, Broken::Registry { host: of, .. } if of == host));
        self.apply_registry(host, machines);
        count
    }

    fn end_where(&mut self, ends: impl Fn(&Broken) -> bool) -> usize {
        let before = self.active.len();
        self.active.retain(|active| !ends(&active.what));
        before - self.active.len()
    }

    /// A fault's time is over.
    pub fn handle(&mut self, now: SimTime, event: FaultEvent, machines: &mut Machines) {
        let FaultEvent::End { fault } = event;
        let Some(at) = self.active.iter().position(|active| active.fault == fault) else { return };
        match self.active.remove(at).what {
            Broken::Node { node, .. } => self.apply(now, node, machines),
            Broken::Registry { host, .. } => self.apply_registry(&host, machines),
        }
    }

    /// What a pending event would still do.
    pub fn significance(&self, event: FaultEvent) -> Significance {
        let FaultEvent::End { fault } = event;
        let pending = self.active.iter().any(|active| active.fault == fault);
        if pending { Significance::Live } else { Significance::Stale }
    }

    /// A machine that reboots is off: from now on its boot takes its time.
    pub fn observe_machine(
        &mut self,
        now: SimTime,
        change: MachineChange,
        machines: &Machines,
        outbox: &mut Outbox<FaultEvent>,
    ) {
        let MachineChange::MachineChanged { node: changed } = change else { return };
        for active in &mut self.active {
            if let Broken::Node { node, kind: NodeFault::Reboot, boot } = &mut active.what
                && *node == changed
                && !boot.1
                && !machines.machine(changed).is_on()
            {
                boot.1 = true;
                outbox.send(now + boot.0, FaultEvent::End { fault: active.fault });
            }
        }
    }

    /// Brings a machine to what its faults leave of it.
    fn apply(&self, now: SimTime, node: NodeId, machines: &mut Machines) {
        let has = |wanted: NodeFault| {
            self.active.iter().any(
                |active| matches!(active.what, Broken::Node { node: of, kind, .. } if of == node && kind == wanted),
            )
        };
        let boots = self.active.iter().any(|active| {
            matches!(active.what, Broken::Node { node: of, kind: NodeFault::Reboot, boot: (_, true), .. } if of == node)
        });
        machines.set_connected(now, node, !has(NodeFault::Partition));
        machines.set_disk_dead(node, has(NodeFault::Disk));
        let pressures = [
            (NodeFault::MemoryPressure, Pressure::MEMORY),
            (NodeFault::DiskPressure, Pressure::DISK),
            (NodeFault::PidPressure, Pressure::PIDS),
        ];
        for (fault, pressure) in pressures {
            machines.set_pressure(node, pressure, has(fault));
        }
        let shuts_down = has(NodeFault::Reboot) && !boots;
        if !shuts_down || has(NodeFault::Crash) {
            machines.set_power(now, node, !(boots || has(NodeFault::Crash)));
        }
        if machines.machine(node).is_on() {
            machines.set_kubelet(now, node, !has(NodeFault::Kubelet));
        }
    }

    fn apply_registry(&self, host: &str, machines: &mut Machines) {
        let mut trouble = None;
        for active in &self.active {
            let Broken::Registry { host: of, kind } = &active.what else { continue };
            if of != host {
                continue;
            }
            trouble = Some(match (kind, trouble) {
                (RegistryFault::Down, _) | (_, Some(Trouble::Down)) => Trouble::Down,
                (RegistryFault::Slow(left), Some(Trouble::Slow(before))) => Trouble::Slow(before.min(*left)),
                (RegistryFault::Slow(left), None) => Trouble::Slow(*left),
            });
        }
        machines.registry.set_trouble(host, trouble);
    }
}

/// A running container dies. What its kubelet makes of it is the kubelet's business.
pub fn kill(now: SimTime, container: ContainerId, fault: ContainerFault, machines: &mut Machines) {
    match fault {
        ContainerFault::Kill(code) => machines.exit(now, container, code, ExitReason::of_code(code)),
        ContainerFault::OutOfMemory => machines.exit(now, container, 137, ExitReason::OomKilled),
    }
}
