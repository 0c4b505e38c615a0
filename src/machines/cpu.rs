//! Who gets how much CPU: the one place where a container's demand changes and the shares of its node are computed anew.
//!
//! A container wants `base` (what its behaviour states), plus `load` (what requests cost it: traffic sets it with
//! [`Machines::set_cpu_load`]), plus `work` (a piece of work that takes what it can get). It asks for that up to its limit.
//! While a node can give everybody what they ask for, a change costs one comparison; when it cannot, its CPU goes to those
//! who ask in proportion to their weights (cgroup shares, that is requests), and what one does not need goes to the
//! others. Every container whose grant changes is told by a `UsageChanged`.
//! Upstream: kubelet cm `MilliCPUToShares`, `MilliCPUToQuota`; the kernel's fair scheduler does the rest.

use super::Machines;
use super::change::MachineChange;
use super::container::{ContainerId, RunState, Usage};
use super::machine::Capacity;
use crate::model::object::NodeId;

/// Cgroup settings of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuTerms {
    /// `cpu.shares`.
    pub weight: u32,
    /// Thousandths of a CPU that it can have at most.
    pub limit_milli: u32,
}

impl CpuTerms {
    /// From request and limit in thousandths of a CPU. Upstream: kubelet cm `MilliCPUToShares`: 2 at least, 262144 at most;
    /// a limit without a request counts as one.
    pub fn new(request_milli: Option<u64>, limit_milli: Option<u64>) -> Self {
        let shares = request_milli.or(limit_milli).unwrap_or(0) * 1024 / 1000;
        let limit = limit_milli.filter(|limit| *limit > 0).unwrap_or(u64::from(u32::MAX));
        Self { weight: shares.clamp(2, 262_144) as u32, limit_milli: u32::try_from(limit).unwrap_or(u32::MAX) }
    }
}

impl Default for CpuTerms {
    fn default() -> Self {
        Self::new(None, None)
    }
}

/// What a container wants, in thousandths of a CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuDemand {
    /// What its behaviour states.
    pub base: u32,
    /// What the requests that it serves cost.
    pub load: u32,
    /// What a piece of work would take.
    pub work: u32,
}

impl CpuDemand {
    /// All together.
    pub fn wanted(self) -> u64 {
        u64::from(self.base) + u64::from(self.load) + u64::from(self.work)
    }
}

/// A container that asks for CPU.
struct Asker {
    container: ContainerId,
    asked: u64,
    weight: u64,
}

impl Machines {
    /// States what a node's machine has.
    pub fn set_capacity(&mut self, node: NodeId, capacity: Capacity) {
        self.by_node[node.index()].capacity = capacity;
        self.share_cpu(node);
    }

    /// States a container's cgroup settings.
    pub fn set_cpu_terms(&mut self, container: ContainerId, terms: CpuTerms) {
        self.change_demand(container, |row_terms, _| *row_terms = terms);
    }

    /// What requests cost a running container from now on, in thousandths of a CPU.
    pub fn set_cpu_load(&mut self, container: ContainerId, milli: u32) {
        self.change_demand(container, |_, demand| demand.load = milli);
    }

    /// What a piece of work in a running container would take from now on; 0 when it is done.
    pub fn set_cpu_work(&mut self, container: ContainerId, milli: u32) {
        self.change_demand(container, |_, demand| demand.work = milli);
    }

    /// What a running container's behaviour states.
    pub fn set_cpu_base(&mut self, container: ContainerId, milli: u32) {
        self.change_demand(container, |_, demand| demand.base = milli);
    }

    fn change_demand(&mut self, container: ContainerId, change: impl FnOnce(&mut CpuTerms, &mut CpuDemand)) {
        let row = self.containers.row_mut(container);
        let (before, throttled) = (row.cpu_asked(), row.cpu_throttled());
        change(&mut row.cpu_terms, &mut row.cpu_demand);
        if row.state != RunState::Running {
            return;
        }
        if before == row.cpu_asked() && throttled != row.cpu_throttled() {
            self.log.append(MachineChange::ThrottlingChanged { container });
        }
        let row = self.containers.row_mut(container);
        let (after, node) = (row.cpu_asked(), row.node);
        let machine = &mut self.by_node[node.index()];
        machine.cpu_asked = machine.cpu_asked - before + after;
        if machine.is_short_of_cpu() || machine.cpu_is_short {
            self.share_cpu(node);
        } else {
            self.grant(container, after);
        }
    }

    /// A container runs from now on.
    pub(super) fn cpu_joins(&mut self, container: ContainerId) {
        let row = self.containers.row(container);
        let (node, asked) = (row.node, row.cpu_asked());
        let machine = &mut self.by_node[node.index()];
        machine.running.push(container);
        machine.cpu_asked += asked;
        if asked > 0 {
            self.share_cpu(node);
        }
    }

    /// A container does not run any more; `asked` is what it asked for.
    pub(super) fn cpu_leaves(&mut self, node: NodeId, container: ContainerId, asked: u64) {
        let machine = &mut self.by_node[node.index()];
        if let Some(at) = machine.running.iter().rposition(|running| *running == container) {
            machine.running.swap_remove(at);
        }
        machine.cpu_asked -= asked;
        if machine.cpu_is_short {
            self.share_cpu(node);
        }
    }

    /// Thousandths of a CPU that a running container would get if it asked for all it may have, others asking as they do.
    pub fn cpu_ceiling(&self, container: ContainerId) -> u64 {
        let row = self.containers.row(container);
        let machine = &self.by_node[row.node.index()];
        let capacity = machine.capacity.cpu_milli;
        let most = u64::from(row.cpu_terms.limit_milli);
        if capacity == 0 || machine.cpu_asked - row.cpu_asked() + most.min(capacity) <= capacity {
            return if capacity == 0 { most } else { most.min(capacity) };
        }
        let mut askers = self.askers(row.node);
        askers
            .iter_mut()
            .filter(|asker| asker.container == container)
            .for_each(|asker| asker.asked = most.min(capacity));
        share(capacity, &mut askers);
        askers.iter().find(|asker| asker.container == container).map_or(0, |asker| asker.asked)
    }

    /// Do the containers of a node ask for more CPU than it has?
    pub fn is_short_of_cpu(&self, node: NodeId) -> bool {
        self.by_node.get(node.index()).is_some_and(|machine| machine.cpu_is_short)
    }

    fn askers(&self, node: NodeId) -> Vec<Asker> {
        let of = |&container: &ContainerId| {
            let row = self.containers.row(container);
            Asker { container, asked: row.cpu_asked(), weight: u64::from(row.cpu_terms.weight) }
        };
        self.by_node[node.index()].running.iter().map(of).collect()
    }

    /// Shares a node's CPU anew among all that run on it.
    fn share_cpu(&mut self, node: NodeId) {
        let machine = &mut self.by_node[node.index()];
        let short = machine.is_short_of_cpu();
        machine.cpu_is_short = short;
        let capacity = machine.capacity.cpu_milli;
        let mut askers = self.askers(node);
        if short {
            share(capacity, &mut askers);
        }
        for asker in askers {
            self.grant(asker.container, asker.asked);
        }
    }

    fn grant(&mut self, container: ContainerId, milli: u64) {
        let memory = self.containers.row(container).usage.memory;
        self.use_resources(container, Usage { cpu_milli: milli, memory });
    }

    /// What a running container uses: the sums of its node follow, and everybody who cares hears of it.
    pub(super) fn use_resources(&mut self, container: ContainerId, usage: Usage) {
        let row = self.containers.row_mut(container);
        if row.usage == usage {
            return;
        }
        let before = std::mem::replace(&mut row.usage, usage);
        let node = row.node;
        let used = &mut self.by_node[node.index()].used;
        used.release(before);
        used.take(usage);
        self.log.append(MachineChange::UsageChanged { container });
    }
}

/// Turns what each asks for into what each gets of a capacity that is too small: those who ask for least by their weight are
/// served first, so that what is left goes to the others in proportion.
fn share(capacity: u64, askers: &mut [Asker]) {
    askers.sort_by(|left, right| {
        (left.asked * right.weight, left.container).cmp(&(right.asked * left.weight, right.container))
    });
    let mut left = capacity;
    let mut weights: u64 = askers.iter().map(|asker| asker.weight).sum();
    for asker in askers {
        let fair = (u128::from(left) * u128::from(asker.weight) / u128::from(weights.max(1))) as u64;
        let granted = asker.asked.min(fair);
        left -= granted;
        weights -= asker.weight;
        asker.asked = granted;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shared(capacity: u64, askers: &[(u64, u64)]) -> Vec<u64> {
        let mut list: Vec<Asker> = askers
            .iter()
            .enumerate()
            .map(|(at, (asked, weight))| Asker { container: ContainerId(at as u32), asked: *asked, weight: *weight })
            .collect();
        share(capacity, &mut list);
        list.sort_by_key(|asker| asker.container);
        list.iter().map(|asker| asker.asked).collect()
    }

    #[test]
    fn weights_share_what_is_short_and_the_modest_are_served_whole() {
        assert_eq!(shared(1000, &[(2000, 1024), (2000, 1024)]), [500, 500]);
        assert_eq!(shared(1000, &[(2000, 3072), (2000, 1024)]), [750, 250]);
        assert_eq!(shared(1000, &[(100, 1024), (2000, 1024)]), [100, 900]);
        assert_eq!(shared(4000, &[(4000, 2), (4000, 1024)]), [8, 3992]);
    }

    #[test]
    fn requests_are_weights_and_limits_are_caps() {
        assert_eq!(CpuTerms::new(Some(500), None), CpuTerms { weight: 512, limit_milli: u32::MAX });
        assert_eq!(CpuTerms::new(None, Some(2000)), CpuTerms { weight: 2048, limit_milli: 2000 });
        assert_eq!(CpuTerms::new(None, None).weight, 2);
        assert_eq!(CpuTerms::new(Some(0), None).weight, 2);
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_asked_and_nothing_is_wasted(
            capacity in 1u64..64_000,
            askers in proptest::collection::vec((0u64..16_000, 2u64..20_000), 1..40),
        ) {
            let granted = shared(capacity, &askers);
            let asked: u64 = askers.iter().map(|(asked, _)| asked).sum();
            let total: u64 = granted.iter().sum();
            prop_assert!(granted.iter().zip(&askers).all(|(got, (asked, _))| got <= asked));
            prop_assert!(total <= capacity);
            // Rounding down loses less than one part for each.
            prop_assert!(total + askers.len() as u64 >= asked.min(capacity));
        }
    }
}
