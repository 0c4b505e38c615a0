//! Plugs, cables and switches of machines: what faults do to them.

use std::sync::Arc;

use super::Machines;
use super::change::MachineChange;
use super::container::ExitReason;
use super::health::{Health, Pressure};
use super::machine::Machine;
use crate::engine::SimTime;
use crate::model::object::{NodeId, PodId};

impl Machines {
    /// Does the kubelet of this node work?
    pub fn kubelet_up(&self, node: NodeId) -> bool {
        self.by_node.get(node.index()).is_some_and(Machine::kubelet_works)
    }

    /// Does the kubelet of this node work and reach the API server?
    pub fn is_reachable(&self, node: NodeId) -> bool {
        self.by_node.get(node.index()).is_some_and(Machine::is_reachable)
    }

    /// Stops or starts the kubelet's process; containers go on.
    pub fn set_kubelet(&mut self, now: SimTime, node: NodeId, up: bool) {
        if self.by_node[node.index()].set_kubelet(now, up) {
            self.log.append(MachineChange::MachineChanged { node });
        }
    }

    /// Cuts or restores the network between the node and the API server.
    pub fn set_connected(&mut self, now: SimTime, node: NodeId, connected: bool) {
        if self.by_node[node.index()].set_connected(now, connected) {
            self.log.append(MachineChange::MachineChanged { node });
        }
    }

    /// The API server answers no kubelet any more, or again; machines reach one another all the time.
    pub fn set_server(&mut self, now: SimTime, up: bool) {
        self.server_down = !up;
        for index in 0..self.by_node.len() {
            if self.by_node[index].set_server(now, up) {
                self.log.append(MachineChange::MachineChanged { node: NodeId::from_index(index) });
            }
        }
    }

    /// Turns a machine off (all its containers end at once) or on again.
    pub fn set_power(&mut self, now: SimTime, node: NodeId, on: bool) {
        if !self.by_node[node.index()].set_power(now, on) {
            return;
        }
        if on {
            // The container runtime finds the containers that it had lost, and says that they ended just now.
            // containerd: internal/cri/server `loadContainer`, `setContainerFailed` (exit code 255, `Unknown`).
            self.containers.found_after_boot(now, node);
        } else {
            for container in self.containers.running_on(node) {
                self.exit(now, container, 255, ExitReason::Unknown);
            }
        }
        self.log.append(MachineChange::MachineChanged { node });
    }

    /// The operating system is told to shut down. A kubelet that works may end pods first and then calls
    /// [`Machines::set_power`]; without one the machine is off at once.
    pub fn request_shutdown(&mut self, now: SimTime, node: NodeId) {
        let machine = &mut self.by_node[node.index()];
        if !machine.is_on() || machine.health.shutting_down {
            return;
        }
        if machine.kubelet_works() {
            machine.health.shutting_down = true;
            self.log.append(MachineChange::ShutdownRequested { node });
        } else {
            self.set_power(now, node, false);
        }
    }

    /// A machine's disk dies or works again.
    pub fn set_disk_dead(&mut self, node: NodeId, dead: bool) {
        self.change_health(node, |health| health.disk_dead = dead);
    }

    /// Something outside pods eats these resources (`on`), or no longer does.
    pub fn set_pressure(&mut self, node: NodeId, pressure: Pressure, on: bool) {
        self.change_health(node, |health| health.pressure.set(pressure, on));
    }

    fn change_health(&mut self, node: NodeId, change: impl FnOnce(&mut Health)) {
        let health = &mut self.by_node[node.index()].health;
        let before = *health;
        change(health);
        if before != *health {
            self.log.append(MachineChange::HealthChanged { node });
        }
    }

    /// Writes a file into the kubelet's folder of static pods, also before the machine is plugged in.
    pub fn write_manifest(&mut self, node: NodeId, name: &str, text: Arc<str>) {
        self.make_room(node);
        if self.by_node[node.index()].manifests.write(name, text) {
            self.log.append(MachineChange::ManifestsChanged { node });
        }
    }

    /// Takes a file from that folder. Returns whether it was there.
    pub fn remove_manifest(&mut self, node: NodeId, name: &str) -> bool {
        let removed = self.by_node[node.index()].manifests.remove(name);
        if removed {
            self.log.append(MachineChange::ManifestsChanged { node });
        }
        removed
    }

    /// What stood under `from` stands under `to` from now on: containers, their files and their volumes.
    pub fn rename_pod(&mut self, from: PodId, to: PodId) {
        self.containers.rename_pod(from, to);
        if let Some(volumes) = self.volumes.remove(&from) {
            self.volumes.insert(to, volumes);
        }
        if let Some(files) = self.env_files.remove(&from) {
            self.env_files.insert(to, files);
        }
        self.log.append(MachineChange::PodRenamed { from, to });
    }
}
