//! What managed services keep of a node for the system, by their own formulas.

use crate::model::quantity::Quantity;
use crate::model::resources::ResourceList;
use crate::scenario::schema::cluster::Preset;

const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;

/// The reservation of `preset` on a node of this capacity.
pub fn reserved(preset: Preset, capacity: &ResourceList) -> ResourceList {
    let cpu_milli = capacity.get("cpu").map_or(0, |cpu| cpu.milli());
    let memory = capacity.get("memory").map_or(0, |memory| memory.value());
    let pods = capacity.get("pods").map_or(0, |pods| pods.value());
    let storage = capacity.get("ephemeral-storage").map(|storage| storage.value());
    let (cpu_milli, memory, storage) = match preset {
        Preset::Eks => (tiered_cpu_milli(cpu_milli), eks_memory(pods), storage.map(|storage| storage.min(GIB))),
        Preset::Gke => (tiered_cpu_milli(cpu_milli), gke_memory(memory), storage.map(gke_storage)),
        Preset::Aks => (aks_cpu_milli(cpu_milli), aks_memory(memory, pods), None),
    };
    let mut reserved = ResourceList::default();
    reserved.set("cpu", Quantity::from_milli(cpu_milli));
    reserved.set("memory", Quantity::from_bytes(memory));
    if let Some(storage) = storage {
        reserved.set("ephemeral-storage", Quantity::from_bytes(storage));
    }
    reserved
}

/// 6 % of the first core, 1 % of the second, 0.5 % of the third and fourth, 0.25 % of all others. Source:
/// awslabs/amazon-eks-ami (kubelet `kubeReserved`) and "Plan GKE Standard node sizes" in the GKE documentation,
/// which use the same tiers.
fn tiered_cpu_milli(capacity_milli: i64) -> i64 {
    let tiers = [(1000, 600), (1000, 100), (2000, 50), (i64::MAX, 25)];
    tiered(capacity_milli, &tiers, 10_000)
}

/// 255 MiB and 11 MiB for each pod. Source: awslabs/amazon-eks-ami. Ephemeral storage is 1 GiB there.
fn eks_memory(pods: i64) -> i64 {
    255 * MIB + 11 * MIB * pods
}

/// 255 MiB on machines below 1 GiB; else 25 % of the first 4 GiB, 20 % of the next 4, 10 % of the next 8, 6 % of
/// the next 112, 2 % of all above 128 GiB. Source: GKE documentation, "Plan GKE Standard node sizes".
fn gke_memory(capacity: i64) -> i64 {
    if capacity < GIB {
        return (255 * MIB).min(capacity);
    }
    tiered(capacity, &[(4 * GIB, 25), (4 * GIB, 20), (8 * GIB, 10), (112 * GIB, 6), (i64::MAX, 2)], 100)
}

/// The least of half of the disk, 6 GiB and 35 % of the disk, and 100 GiB. Source: the same page.
fn gke_storage(capacity: i64) -> i64 {
    (capacity / 2).min(6 * GIB + capacity / 100 * 35).min(100 * GIB)
}

/// 60, 100, 140, 180, 260, 420 and 740 millicores for 1, 2, 4, 8, 16, 32 and 64 cores; in between and above, along
/// the line through the neighbours. Source: AKS documentation, "Node resource reservations".
fn aks_cpu_milli(capacity_milli: i64) -> i64 {
    const TABLE: [(i64, i64); 7] =
        [(1000, 60), (2000, 100), (4000, 140), (8000, 180), (16_000, 260), (32_000, 420), (64_000, 740)];
    if capacity_milli <= 1000 {
        return 60.min(capacity_milli);
    }
    let above = TABLE.iter().position(|(cores, _)| *cores >= capacity_milli).unwrap_or(TABLE.len() - 1);
    let ((low, from), (high, to)) = (TABLE[above - 1], TABLE[above]);
    from + (capacity_milli - low) * (to - from) / (high - low)
}

/// The lesser of 20 MiB for each pod and 50 MiB, and a quarter of the memory. Source: AKS documentation, the same
/// page (AKS 1.29 and later), which writes MB and counts them as the kubelet's Mi.
fn aks_memory(capacity: i64, pods: i64) -> i64 {
    (20 * MIB * pods + 50 * MIB).min(capacity / 4)
}

/// The sum over tiers (size, share in 1/`scale`) of what lies in them.
fn tiered(amount: i64, tiers: &[(i64, i64)], scale: i64) -> i64 {
    let mut left = amount;
    let mut sum: i128 = 0;
    for (size, share) in tiers {
        let part = left.min(*size);
        sum += i128::from(part) * i128::from(*share);
        left -= part;
    }
    (sum / i128::from(scale)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(preset: Preset, cpu: i64, memory_gib: i64, pods: i64) -> (i64, i64) {
        let mut capacity = ResourceList::default();
        capacity.set("cpu", Quantity::from_whole(cpu));
        capacity.set("memory", Quantity::from_bytes(memory_gib * GIB));
        capacity.set("pods", Quantity::from_whole(pods));
        let reserved = reserved(preset, &capacity);
        (reserved.get("cpu").unwrap().milli(), reserved.get("memory").unwrap().value() / MIB)
    }

    #[test]
    fn eks_keeps_by_cores_and_pods() {
        assert_eq!(of(Preset::Eks, 2, 8, 29), (70, 574), "m5.large");
        assert_eq!(of(Preset::Eks, 4, 16, 58), (80, 893), "m5.xlarge");
        assert_eq!(of(Preset::Eks, 96, 192, 737).0, 310, "c5.24xlarge");
    }

    #[test]
    fn gke_keeps_by_memory_tiers() {
        assert_eq!(of(Preset::Gke, 4, 4, 110).1, 1024);
        assert_eq!(of(Preset::Gke, 4, 16, 110), (80, 1024 + 819 + 819));
        assert_eq!(of(Preset::Gke, 1, 128, 110).0, 60);
    }

    #[test]
    fn aks_keeps_by_table() {
        assert_eq!(of(Preset::Aks, 2, 8, 30), (100, 650), "the example of the documentation");
        assert_eq!(of(Preset::Aks, 4, 4, 70), (140, 1024), "a quarter of the memory");
        assert_eq!(of(Preset::Aks, 64, 256, 110).0, 740);
        assert_eq!(of(Preset::Aks, 96, 256, 110).0, 1060);
    }
}
