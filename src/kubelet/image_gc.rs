//! Images that nobody uses: deleted when their file system runs full, or when a node is short of disk.
//! Upstream: kubelet images `GarbageCollect`, `freeSpace`, `DeleteUnusedImages`.

use std::collections::BTreeSet;

use super::{Hubs, KubeletEvent, Kubelets};
use crate::cluster::EventType;
use crate::engine::{SimDuration, SimTime};
use crate::machines::{ImageId, UNPACKED};
use crate::model::object::NodeId;

/// Upstream: kubelet `ImageGCPeriod`.
const PERIOD: SimDuration = SimDuration::from_secs(300);

impl Kubelets {
    /// An image has come: if the file system is full enough, the next collection has something to do.
    pub(super) fn image_stored(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        if Self::image_usage(hubs, node) >= Some(u64::from(self.settings.configuration.image_gc.0)) {
            self.book_image_gc(hubs, node, hubs.now);
        }
        self.signals_changed(hubs, node);
    }

    /// Percent of the file system in use, rounded down as upstream does; `None` of an unbounded one.
    fn image_usage(hubs: &Hubs<'_>, node: NodeId) -> Option<u64> {
        let machine = hubs.machines.machine(node);
        let capacity = machine.capacity().disk;
        (capacity > 0).then(|| 100 - (capacity.saturating_sub(machine.disk_used())) * 100 / capacity)
    }

    fn book_image_gc(&mut self, hubs: &mut Hubs<'_>, node: NodeId, from: SimTime) {
        let state = self.node_state(node);
        let at = from.max(SimTime(hubs.now.0 + 1)).next_on_grid(state.image_gc_phase, PERIOD);
        if at < state.image_gc_due {
            state.image_gc_due = at;
            hubs.outbox.send(at, KubeletEvent::ImageGc { node });
        }
    }

    /// A collection is due.
    pub(super) fn image_gc_due(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        let state = self.node_state(node);
        if state.image_gc_due != hubs.now {
            return;
        }
        state.image_gc_due = SimTime::NEVER;
        let (high, low) = self.settings.configuration.image_gc;
        let usage = Self::image_usage(hubs, node);
        let Some(percent) = usage.filter(|percent| *percent >= u64::from(high)) else {
            self.node_state(node).image_gc_failed = false;
            return;
        };
        if !hubs.machines.kubelet_up(node) {
            return;
        }
        let machine = hubs.machines.machine(node);
        let capacity = machine.capacity().disk;
        let available = capacity.saturating_sub(machine.disk_used());
        let wanted = (capacity * (100 - u64::from(low)) / 100).saturating_sub(available);
        let minimum_age = self.settings.configuration.image_minimum_age;
        let freed = self.free_images(hubs, node, wanted, minimum_age);
        let failed_before = std::mem::replace(&mut self.node_state(node).image_gc_failed, freed < wanted);
        if freed < wanted {
            // It fails again every time, and from the second time on the kubelet says so too.
            // Upstream: kubelet `StartGarbageCollection`.
            self.book_image_gc(hubs, node, hubs.now);
            let message = format!(
                "Insufficient free disk space on the node's image filesystem ({percent}% of {} used). Failed to free sufficient space by deleting unused images (freed {freed} bytes). Investigate disk usage, as it could be used by active images, logs, volumes, or other data.",
                human_bytes(capacity)
            );
            Self::node_event(hubs, node, EventType::Warning, "FreeDiskSpaceFailed", message);
            if failed_before {
                let message = format!(
                    "Failed to garbage collect required amount of images. Attempted to free {wanted} bytes, but only found {freed} bytes eligible to free."
                );
                Self::node_event(hubs, node, EventType::Warning, "ImageGCFailed", message);
            }
        }
        self.signals_changed(hubs, node);
    }

    /// Deletes every image that nobody uses. Returns whether there was one.
    pub(super) fn delete_unused_images(&mut self, hubs: &mut Hubs<'_>, node: NodeId) -> bool {
        self.free_images(hubs, node, u64::MAX, SimDuration::ZERO) > 0
    }

    /// Deletes images that nobody uses, the least recently used first, until `wanted` bytes are free.
    fn free_images(&mut self, hubs: &mut Hubs<'_>, node: NodeId, wanted: u64, minimum_age: SimDuration) -> u64 {
        let now = hubs.now;
        let used: BTreeSet<ImageId> = self
            .workers
            .on_node(node)
            .flat_map(|pod| hubs.cluster.template_of(pod).spec.containers.iter())
            .filter_map(|container| hubs.machines.registry.find(&container.image))
            .collect();
        let mut unused: Vec<(SimTime, ImageId, u64)> = hubs
            .machines
            .machine(node)
            .images()
            .filter(|(image, stored)| !used.contains(image) && now.since(stored.since) >= minimum_age)
            .map(|(image, stored)| (stored.last_used, image, stored.size * UNPACKED.0 / UNPACKED.1))
            .collect();
        unused.sort_unstable();
        let mut freed = 0;
        for (_, image, size) in unused {
            if freed >= wanted {
                break;
            }
            hubs.machines.machine_mut(node).delete_image(image);
            self.node_state(node).pulled.remove(&image);
            freed += size;
        }
        freed
    }
}

/// Upstream: go-units-like `formatSize` of images: binary units with one digit.
fn human_bytes(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut amount = bytes as f64;
    let mut at = 0;
    while amount >= 1024.0 && at + 1 < units.len() {
        amount /= 1024.0;
        at += 1;
    }
    if at == 0 { format!("{bytes} B") } else { format!("{amount:.1} {}", units[at]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_digit() {
        assert_eq!(human_bytes(100 << 30), "100.0 GiB");
        assert_eq!(human_bytes(1536), "1.5 KiB");
        assert_eq!(human_bytes(12), "12 B");
    }
}
