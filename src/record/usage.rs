//! What the containers of each workload use, request and would like to use, as rows and as sums over time.
//! A workload is the one at the top of its pods' owners; pods of no workload are taken together by namespace.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Amounts, Gauge, Moment, PodIndex, Record, TextId, WorkloadIndex};
use crate::engine::typed_id;

typed_id!(
    /// Whose use is counted together, in the order of the first pod.
    UsageIndex
);

/// Use at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Pods that are bound and have not ended.
    pub pods: u32,
    /// What they request.
    pub requested: Amounts,
    /// What their containers use; none before anything is known of it.
    pub used: Option<Amounts>,
    /// Millicores that limits keep from them.
    pub throttled_milli: u64,
}

/// A workload, or the pods of a namespace that have none, with what they use.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsageGroup {
    /// The workload, or none.
    pub workload: WorkloadIndex,
    /// The namespace.
    pub namespace: TextId,
    /// What the last row says.
    pub last: Usage,
    /// What holds now.
    pub now: Usage,
    /// Requested over time.
    pub requested: [Gauge; 2],
    /// Used over time: millicores, bytes.
    pub used: [Gauge; 2],
    /// Millicores kept back over time.
    pub throttled: Gauge,
    is_unsampled: bool,
}

/// A row of `usage.csv`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct UsageRow {
    /// When.
    pub time: Moment,
    /// Whose.
    pub group: UsageIndex,
    /// What holds from then on.
    pub usage: Usage,
}

/// All that is known of use by workload.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct UsageTable {
    /// Groups in the order of their first pod.
    pub groups: Vec<UsageGroup>,
    /// Samples, in the order of time.
    pub rows: Vec<UsageRow>,
    of_workload: Vec<UsageIndex>,
    of_namespace: BTreeMap<TextId, UsageIndex>,
    unsampled: Vec<UsageIndex>,
}

impl UsageTable {
    /// The group of a workload that has had pods.
    pub fn of_workload(&self, workload: WorkloadIndex) -> Option<&UsageGroup> {
        let group = self.of_workload.get(workload.index()).filter(|group| group.is_some())?;
        Some(&self.groups[group.index()])
    }

    /// Does any group differ from its last row?
    pub fn is_sample_due(&self) -> bool {
        !self.unsampled.is_empty()
    }

    /// Moves the origin later: the end of a warm-up.
    pub(super) fn shift(&mut self, nanos: i64) {
        for group in &mut self.groups {
            group.requested.iter_mut().chain(&mut group.used).for_each(|gauge| gauge.shift(nanos));
            group.throttled.shift(nanos);
        }
        for row in &mut self.rows {
            row.time = row.time.shifted(nanos);
        }
    }

    fn group(&mut self, workload: WorkloadIndex, namespace: TextId) -> UsageIndex {
        let known = if workload.is_some() {
            if self.of_workload.len() <= workload.index() {
                self.of_workload.resize(workload.index() + 1, UsageIndex::NONE);
            }
            &mut self.of_workload[workload.index()]
        } else {
            self.of_namespace.entry(namespace).or_insert(UsageIndex::NONE)
        };
        if known.is_none() {
            *known = UsageIndex::from_index(self.groups.len());
            self.groups.push(UsageGroup {
                workload,
                namespace,
                last: Usage::default(),
                now: Usage::default(),
                requested: Default::default(),
                used: Default::default(),
                throttled: Gauge::default(),
                is_unsampled: false,
            });
        }
        *known
    }

    fn change(&mut self, index: UsageIndex, change: impl FnOnce(&mut UsageGroup)) {
        let group = &mut self.groups[index.index()];
        change(group);
        if !group.is_unsampled {
            group.is_unsampled = true;
            self.unsampled.push(index);
        }
    }
}

impl Record {
    /// Whose use a pod's is counted with.
    pub fn usage_group(&mut self, pod: PodIndex) -> UsageIndex {
        let pod = &self.pods[pod.index()];
        self.usage.group(pod.workload, pod.namespace)
    }

    /// A pod came to hold a place on a node, or ceased to.
    pub(super) fn usage_of_pod(&mut self, now: Moment, pod: PodIndex, is_added: bool) {
        if is_added {
            self.pods[pod.index()].usage = self.usage_group(pod);
        }
        let pod = &mut self.pods[pod.index()];
        let (index, cpu, memory) = (pod.usage, pod.cpu_milli as i64, pod.memory_bytes as i64);
        let sign = if is_added { 1 } else { -1 };
        self.usage.change(index, |group| {
            group.now.pods = group.now.pods.saturating_add_signed(sign as i32);
            group.requested[0].add(now, sign * cpu);
            group.requested[1].add(now, sign * memory);
            let [cpu, memory] = [&group.requested[0], &group.requested[1]].map(Gauge::value);
            group.now.requested = Amounts { cpu_milli: cpu, memory_bytes: memory };
        });
    }

    /// A container of the group uses `used` from now on instead of `before`; second numbers are millicores that its
    /// limit keeps from it.
    pub fn usage_changed(
        &mut self,
        now: Moment,
        index: UsageIndex,
        (before, throttled_before): (Amounts, u64),
        (used, throttled): (Amounts, u64),
    ) {
        self.usage.change(index, |group| {
            group.used[0].add(now, used.cpu_milli as i64 - before.cpu_milli as i64);
            group.used[1].add(now, used.memory_bytes as i64 - before.memory_bytes as i64);
            group.throttled.add(now, throttled as i64 - throttled_before as i64);
            let [cpu_milli, memory_bytes] = [&group.used[0], &group.used[1]].map(Gauge::value);
            group.now.used = Some(Amounts { cpu_milli, memory_bytes });
            group.now.throttled_milli = group.throttled.value();
        });
    }

    /// Writes a row of each group that differs from its last one.
    pub fn sample_usage(&mut self, now: Moment) {
        let mut due = std::mem::take(&mut self.usage.unsampled);
        due.sort_unstable();
        for index in due {
            let group = &mut self.usage.groups[index.index()];
            group.is_unsampled = false;
            if group.last != group.now {
                group.last = group.now;
                let usage = group.now;
                self.usage.rows.push(UsageRow { time: now, group: index, usage });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{NodeFacts, PodFacts, PodSight};

    #[test]
    fn a_group_sums_what_its_pods_request_and_their_containers_use() {
        let mut record = Record::default();
        let at = |seconds: i64| Moment::from_millis(seconds * 1000);
        let allocatable = Amounts { cpu_milli: 4000, memory_bytes: 1 << 30 };
        let facts = NodeFacts { name: "n", group: "", zone: "", price: 0.0, allocatable, allocatable_pods: 110 };
        let node = record.node_created(at(0), facts);
        let web = record.workload_created(at(0), ["Deployment", "default", "web"], WorkloadIndex::NONE);
        let mut pods = Vec::new();
        for (name, workload) in [("a", web), ("b", web), ("bare", WorkloadIndex::NONE)] {
            let requests = Amounts { cpu_milli: 100, memory_bytes: 10 };
            let owner = workload;
            let facts = PodFacts {
                name,
                namespace: "default",
                uid: 0,
                owner,
                workload,
                priority: 0,
                requests,
                was_placed: false,
            };
            pods.push(record.pod_created(at(0), facts));
        }
        for pod in &pods {
            record.pod_changed(at(1), *pod, &PodSight { node, ..PodSight::default() });
        }
        let group = record.usage_group(pods[0]);
        let used = Amounts { cpu_milli: 500, memory_bytes: 7 };
        record.usage_changed(at(2), group, (Amounts::default(), 0), (used, 250));
        record.sample_usage(at(15));
        record.usage_changed(at(20), group, (used, 250), (Amounts::default(), 0));
        record.pod_deleted(at(20), pods[0]);
        record.sample_usage(at(30));
        record.sample_usage(at(45));
        let rows: Vec<_> = record.usage.rows.iter().map(|row| (row.time, row.group, row.usage)).collect();
        let bare = record.usage_group(pods[2]);
        let one = Amounts { cpu_milli: 100, memory_bytes: 10 };
        let two = Amounts { cpu_milli: 200, memory_bytes: 20 };
        let idle = Some(Amounts::default());
        assert_eq!(
            rows,
            [
                (at(15), group, Usage { pods: 2, requested: two, used: Some(used), throttled_milli: 250 }),
                (at(15), bare, Usage { pods: 1, requested: one, used: None, throttled_milli: 0 }),
                (at(30), group, Usage { pods: 1, requested: one, used: idle, throttled_milli: 0 }),
            ]
        );
        let web = record.usage.of_workload(web).unwrap();
        assert!((web.throttled.integral_seconds(at(45)) / 1000.0 - 4.5).abs() < 1e-12);
        assert_eq!(web.used[0].peak(at(45)), 500);
    }
}
