//! Pods that wait for a change of the cluster, grouped so that a hint is asked once for pods that are alike.
//! Upstream: backend/queue `unschedulablePods`, a plain map.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::SimTime;
use crate::model::object::{NamespaceId, PodId, TemplateId};
use crate::scheduler::framework::{PluginName, PluginSet};

/// What pods of a group share: all that hints and gates read of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupKey {
    /// Namespace.
    pub namespace: NamespaceId,
    /// Template.
    pub template: TemplateId,
    /// Who rejected them.
    pub rejectors: PluginSet,
    /// Who holds them back.
    pub gating_plugin: Option<PluginName>,
}

/// The pods, by group and by time.
#[derive(Debug, Default)]
pub struct UnschedulablePods {
    groups: BTreeMap<GroupKey, BTreeSet<PodId>>,
    /// Pods that are not gated, by timestamp.
    by_time: BTreeSet<(SimTime, PodId)>,
}

impl UnschedulablePods {
    /// Adds a pod.
    pub fn insert(&mut self, key: GroupKey, timestamp: SimTime, pod: PodId) {
        if self.groups.entry(key).or_default().insert(pod) && key.gating_plugin.is_none() {
            self.by_time.insert((timestamp, pod));
        }
    }

    /// Removes a pod. Returns whether it was there.
    pub fn remove(&mut self, key: GroupKey, timestamp: SimTime, pod: PodId) -> bool {
        let Some(group) = self.groups.get_mut(&key) else { return false };
        let was_there = group.remove(&pod);
        if group.is_empty() {
            self.groups.remove(&key);
        }
        self.by_time.remove(&(timestamp, pod));
        was_there
    }

    /// All groups with one of their pods.
    pub fn groups(&self) -> impl Iterator<Item = (GroupKey, PodId)> + '_ {
        self.groups.iter().filter_map(|(key, pods)| Some((*key, *pods.first()?)))
    }

    /// The pods of a group.
    pub fn group(&self, key: GroupKey) -> impl Iterator<Item = PodId> + '_ {
        self.groups.get(&key).into_iter().flatten().copied()
    }

    /// The timestamp of the pod that has waited longest, gated ones left out.
    pub fn oldest(&self) -> Option<SimTime> {
        self.by_time.first().map(|(timestamp, _)| *timestamp)
    }

    /// The pods with a timestamp before `until`, gated ones left out.
    pub fn older_than(&self, until: SimTime) -> Vec<PodId> {
        self.by_time.range(..(until, PodId(0))).map(|(_, pod)| *pod).collect()
    }
}
