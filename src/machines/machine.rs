//! One node's machine: power, kubelet process, network, images, addresses.

use std::collections::BTreeMap;

use super::container::{ContainerId, Usage};
use super::health::Health;
use super::host_paths::HostPaths;
use super::manifest_folder::ManifestFolder;
use super::registry::{ImageId, Registry};
use crate::engine::random::Streams;
use crate::engine::{SimDuration, SimTime};
use crate::model::object::NodeId;

/// The cluster CIDR of kubeadm with flannel, 10.244.0.0/16; more nodes than it holds run on into what follows.
const CLUSTER_CIDR: u32 = 0x0af4_0000;
/// Nodes are 10.0.0.0/16 and on.
const NODE_NETWORK: u32 = 0x0a00_0000;
/// Interval of a kubelet's heartbeats (its lease). Upstream: nodeLeaseDurationSeconds 40, fraction 0.25.
const HEARTBEAT: SimDuration = SimDuration::from_secs(10);

/// An image on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredImage {
    /// Bytes.
    pub size: u64,
    /// When a container last needed it.
    pub last_used: SimTime,
    /// When it came.
    pub since: SimTime,
}

/// Bytes on disk for bytes moved: images are compressed on their way (2.8 to 1, containerd issue 2886).
pub const UNPACKED: (u64, u64) = (14, 5);

/// What a machine has; 0 is without bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// Bytes.
    pub memory: u64,
    /// Bytes of the file system that pods and images share.
    pub disk: u64,
}

impl Capacity {
    /// Inodes of the file system. Linux: one for 16 KiB, `inode_ratio` of mke2fs.conf(5).
    pub fn inodes(&self) -> u64 {
        self.disk / 16_384
    }

    /// How many processes and threads there can be: the lesser of `kernel.pid_max`, which systemd sets to 4194304, and
    /// `kernel.threads-max`, whose stacks of 16 KiB take an eighth of memory at most (kernel/fork.c `set_max_threads`).
    /// Upstream: kubelet stats/pidlimit `Stats`.
    pub fn processes(&self) -> u64 {
        (self.memory / (16_384 * 8)).min(4_194_304)
    }
}

/// A machine.
#[derive(Debug)]
pub struct Machine {
    present: bool,
    power: bool,
    kubelet: bool,
    connected: bool,
    /// Does the API server answer?
    server: bool,
    /// When the kubelet stopped reaching the API server; `NEVER` while it does.
    silent_since: SimTime,
    /// When the kubelet's process was last started.
    kubelet_started: SimTime,
    /// When the machine was last turned on.
    booted: SimTime,
    /// How often it was turned on again.
    boots: u32,
    pub(super) health: Health,
    /// What hostPath volumes find on it.
    pub host_paths: HostPaths,
    pub(super) manifests: ManifestFolder,
    /// First heartbeat after the start, within one interval.
    heartbeat_phase: SimDuration,
    internal_ip: u32,
    /// First address of its pods' /24.
    pod_network: u32,
    /// Addresses of the /24 in use, a bit each.
    addresses: [u64; 4],
    next_address: u8,
    pub(super) used: Usage,
    pub(super) capacity: Capacity,
    /// Bytes that containers and volumes of pods hold on its disk.
    pub(super) pods_disk: u64,
    /// Files and directories among them.
    pub(super) pods_files: u64,
    /// Processes of all containers.
    pub(super) processes: u64,
    /// Bytes of all images, as they were pulled.
    packed: u64,
    /// Thousandths of a CPU that all running containers ask for.
    pub(super) cpu_asked: u64,
    /// Was that more than there is when CPU was last shared?
    pub(super) cpu_is_short: bool,
    /// Containers that run, in no order.
    pub(super) running: Vec<ContainerId>,
    images: BTreeMap<ImageId, StoredImage>,
}

impl Machine {
    pub(super) fn absent(node: NodeId, streams: Streams) -> Self {
        let jitter = streams.stream("machines/heartbeat", u64::from(node.0)).below(HEARTBEAT.0);
        Self {
            present: false,
            power: false,
            kubelet: false,
            connected: true,
            server: true,
            silent_since: SimTime::NEVER,
            kubelet_started: SimTime::ZERO,
            booted: SimTime::ZERO,
            boots: 0,
            health: Health::default(),
            host_paths: HostPaths::default(),
            manifests: ManifestFolder::default(),
            heartbeat_phase: SimDuration(jitter),
            internal_ip: NODE_NETWORK + 2 + node.0,
            pod_network: CLUSTER_CIDR + (node.0 << 8),
            // .0 is the network, .1 the bridge, .255 the broadcast address.
            addresses: [3, 0, 0, 1 << 63],
            next_address: 2,
            used: Usage::default(),
            capacity: Capacity::default(),
            pods_disk: 0,
            pods_files: 0,
            processes: 0,
            packed: 0,
            cpu_asked: 0,
            cpu_is_short: false,
            running: Vec::new(),
            images: BTreeMap::new(),
        }
    }

    pub(super) fn plug_in(&mut self, now: SimTime, internal_ip: u32, registry: &Registry) {
        self.present = true;
        self.power = true;
        self.kubelet = true;
        self.connected = true;
        self.silent_since = SimTime::NEVER;
        self.kubelet_started = now;
        self.booted = now;
        if internal_ip != 0 {
            self.internal_ip = internal_ip;
        }
        for (image, size) in registry.preloaded() {
            self.store_image(now, image, size);
        }
    }

    pub(super) fn is_present(&self) -> bool {
        self.present
    }

    /// Runs, with a kubelet in it.
    pub fn kubelet_works(&self) -> bool {
        self.present && self.power && self.kubelet
    }

    /// Is the machine on?
    pub fn is_on(&self) -> bool {
        self.present && self.power
    }

    /// Does the kubelet reach the API server?
    pub fn is_reachable(&self) -> bool {
        self.kubelet_works() && self.connected && self.server
    }

    /// Is its network cable in?
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// When the kubelet's process was last started.
    pub fn kubelet_started(&self) -> SimTime {
        self.kubelet_started
    }

    /// When the machine was last turned on.
    pub fn booted(&self) -> SimTime {
        self.booted
    }

    /// How often it was turned on again.
    pub fn boots(&self) -> u32 {
        self.boots
    }

    /// What it has.
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Containers that run on it, in no order.
    pub fn running(&self) -> &[ContainerId] {
        &self.running
    }

    /// Do its containers ask for more CPU than there is?
    pub(super) fn is_short_of_cpu(&self) -> bool {
        self.capacity.cpu_milli > 0 && self.cpu_asked > self.capacity.cpu_milli
    }

    /// What is wrong with it, while it runs.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The kubelet's folder of static pods.
    pub fn manifests(&self) -> &ManifestFolder {
        &self.manifests
    }

    /// `InternalIP` as an IPv4 number.
    pub fn internal_ip(&self) -> u32 {
        self.internal_ip
    }

    /// First address of its pods' /24 as an IPv4 number.
    pub fn pod_network(&self) -> u32 {
        self.pod_network
    }

    /// The last heartbeat (lease renewal, node status) that the API server got by `now`.
    pub fn last_heartbeat(&self, now: SimTime) -> SimTime {
        let until = now.min(self.silent_since);
        let first = self.kubelet_started + self.heartbeat_phase;
        if until < first {
            return self.kubelet_started.min(until);
        }
        let beats = (until - first).0 / HEARTBEAT.0;
        first + SimDuration(beats * HEARTBEAT.0)
    }

    pub(super) fn set_kubelet(&mut self, now: SimTime, up: bool) -> bool {
        let changed = std::mem::replace(&mut self.kubelet, up) != up;
        if changed && up {
            self.kubelet_started = now;
        }
        self.update_silence(now);
        changed
    }

    pub(super) fn set_connected(&mut self, now: SimTime, connected: bool) -> bool {
        let changed = std::mem::replace(&mut self.connected, connected) != connected;
        self.update_silence(now);
        changed
    }

    pub(super) fn set_server(&mut self, now: SimTime, up: bool) -> bool {
        let before = self.is_reachable();
        self.server = up;
        self.update_silence(now);
        before != self.is_reachable()
    }

    pub(super) fn set_power(&mut self, now: SimTime, on: bool) -> bool {
        let changed = std::mem::replace(&mut self.power, on) != on;
        if changed && on {
            self.kubelet_started = now;
            self.booted = now;
            self.boots += 1;
            self.kubelet = true;
            self.health.shutting_down = false;
        }
        self.update_silence(now);
        changed
    }

    fn update_silence(&mut self, now: SimTime) {
        if self.is_reachable() {
            self.silent_since = SimTime::NEVER;
        } else if self.silent_since == SimTime::NEVER {
            self.silent_since = now;
        }
    }

    /// Takes an address for a pod: the next free one, as CNI's host-local allocator hands them out. A node with more
    /// pods than addresses shares the last one.
    pub fn take_address(&mut self) -> u32 {
        let used = |addresses: &[u64; 4], host: u8| addresses[usize::from(host >> 6)] >> (host & 63) & 1 == 1;
        let order = (self.next_address..=254).chain(2..self.next_address);
        let host = order.into_iter().find(|host| !used(&self.addresses, *host)).unwrap_or(254);
        self.addresses[usize::from(host >> 6)] |= 1 << (host & 63);
        self.next_address = if host >= 254 { 2 } else { host + 1 };
        self.pod_network + u32::from(host)
    }

    pub(super) fn set_pod_network(&mut self, network: u32) {
        self.pod_network = network;
    }

    /// A pod has this address already.
    pub fn keep_address(&mut self, address: u32) {
        let host = address.wrapping_sub(self.pod_network);
        if (2..255).contains(&host) {
            self.addresses[(host >> 6) as usize] |= 1 << (host & 63);
        }
    }

    /// Gives a pod's address back.
    pub fn release_address(&mut self, address: u32) {
        let host = address.wrapping_sub(self.pod_network);
        if (2..255).contains(&host) {
            self.addresses[(host >> 6) as usize] &= !(1 << (host & 63));
        }
    }

    /// Is the image here?
    pub fn has_image(&self, image: ImageId) -> bool {
        self.images.contains_key(&image)
    }

    /// Images here, by id.
    pub fn images(&self) -> impl Iterator<Item = (ImageId, StoredImage)> + '_ {
        self.images.iter().map(|(id, stored)| (*id, *stored))
    }

    /// Puts an image here; one that is here already gets this size.
    pub fn store_image(&mut self, now: SimTime, image: ImageId, size: u64) {
        let since = self.images.get(&image).map_or(now, |stored| stored.since);
        self.delete_image(image);
        self.packed += size;
        self.images.insert(image, StoredImage { size, last_used: now, since });
    }

    /// Somebody uses an image that is here, as large as it is.
    pub fn image_used(&mut self, now: SimTime, image: ImageId) {
        if let Some(stored) = self.images.get_mut(&image) {
            stored.last_used = now;
        }
    }

    /// Bytes of its file system in use: images unpacked, and what containers and volumes hold.
    pub fn disk_used(&self) -> u64 {
        self.packed * UNPACKED.0 / UNPACKED.1 + self.pods_disk
    }

    /// Inodes of its file system in use: files of containers and volumes. What images hold is not known.
    pub fn inodes_used(&self) -> u64 {
        self.pods_files
    }

    /// Processes and threads of its containers.
    pub fn processes(&self) -> u64 {
        self.processes
    }

    /// Deletes an image.
    pub fn delete_image(&mut self, image: ImageId) {
        self.packed -= self.images.remove(&image).map_or(0, |stored| stored.size);
    }
}
