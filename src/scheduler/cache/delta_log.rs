//! What came to and left the nodes, for those who count pods: the latest changes in order, and by template, so that
//! who counts the pods of a few templates pays nothing for all others.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{DeltaKind, PodDelta};
use crate::cluster::PodSet;
use crate::model::object::{NamespaceId, PodId, TemplateId};

/// How many deltas are kept; who is farther behind counts anew.
const KEPT: usize = 1 << 14;
/// No delta before this one.
const NONE: u64 = u64::MAX;

type Group = (NamespaceId, TemplateId);

/// The log.
#[derive(Debug, Default)]
pub struct DeltaLog {
    deltas: VecDeque<PodDelta>,
    /// For each delta the place of the one before it of its group, or `NONE`.
    before: VecDeque<u64>,
    first: u64,
    /// The place of the last delta of each group.
    last: FxHashMap<Group, u64>,
    /// Templates of a namespace in the order in which they were first seen.
    templates: FxHashMap<NamespaceId, Vec<TemplateId>>,
    /// Pods on nodes by group.
    placed: FxHashMap<Group, PodSet>,
}

impl DeltaLog {
    /// Something happened. `counts` is false for nodes that are gone, whose pods are in nobody's counts.
    pub(super) fn push(&mut self, delta: PodDelta, counts: bool) {
        let group = (delta.entry.namespace, delta.entry.template);
        let placed = self.placed.entry(group).or_insert_with(|| {
            self.templates.entry(group.0).or_default().push(group.1);
            PodSet::default()
        });
        match delta.kind {
            DeltaKind::Added => placed.insert(delta.entry.pod),
            DeltaKind::Removed => placed.remove(delta.entry.pod),
            DeltaKind::Terminating => false,
        };
        if !counts {
            return;
        }
        if self.deltas.len() == KEPT {
            self.deltas.pop_front();
            self.before.pop_front();
            self.first += 1;
        }
        let place = self.end();
        self.before.push_back(self.last.insert(group, place).unwrap_or(NONE));
        self.deltas.push_back(delta);
    }

    /// The place after the last delta.
    pub fn end(&self) -> u64 {
        self.first + self.deltas.len() as u64
    }

    /// What happened since `place`; `None` if that is too long ago.
    pub fn since(&self, place: u64) -> Option<impl Iterator<Item = &PodDelta>> {
        let skipped = place.checked_sub(self.first)?;
        Some(self.deltas.range(skipped as usize..))
    }

    /// Does the log reach back to `place`?
    pub fn reaches(&self, place: u64) -> bool {
        place >= self.first
    }

    /// What happened to pods of a template since `place`, which the log reaches.
    pub fn of_template(&self, group: (NamespaceId, TemplateId), place: u64) -> SmallVec<[PodDelta; 8]> {
        let mut found = SmallVec::new();
        let mut next = self.last.get(&group).copied().unwrap_or(NONE);
        while next != NONE && next >= place && next >= self.first {
            let index = (next - self.first) as usize;
            found.push(self.deltas[index]);
            next = self.before[index];
        }
        found.reverse();
        found
    }

    /// Templates of a namespace's pods, in the order in which they were first seen.
    pub fn templates(&self, namespace: NamespaceId) -> &[TemplateId] {
        self.templates.get(&namespace).map_or(&[], Vec::as_slice)
    }

    /// Pods of a template that are on nodes.
    pub fn placed(&self, group: (NamespaceId, TemplateId)) -> impl Iterator<Item = PodId> + '_ {
        self.placed.get(&group).into_iter().flat_map(PodSet::iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::object::NodeId;
    use crate::scheduler::cache::PodEntry;

    fn delta(pod: u32, template: u32, kind: DeltaKind) -> PodDelta {
        let entry = PodEntry {
            pod: PodId(pod),
            namespace: NamespaceId(0),
            template: TemplateId(template),
            priority: 0,
            terminating: false,
        };
        PodDelta { entry, node: NodeId(0), kind }
    }

    #[test]
    fn a_template_finds_its_own_deltas_in_order() {
        let mut log = DeltaLog::default();
        for pod in 0..10 {
            log.push(delta(pod, pod % 2, DeltaKind::Added), true);
        }
        log.push(delta(4, 0, DeltaKind::Removed), true);
        let group = (NamespaceId(0), TemplateId(0));
        let pods: Vec<u32> = log.of_template(group, 3).iter().map(|delta| delta.entry.pod.0).collect();
        assert_eq!(pods, [4, 6, 8, 4]);
        assert_eq!(log.placed(group).collect::<Vec<_>>(), [PodId(0), PodId(2), PodId(6), PodId(8)]);
        assert_eq!(log.templates(NamespaceId(0)), [TemplateId(0), TemplateId(1)]);
    }

    #[test]
    fn what_is_too_long_ago_is_not_reached() {
        let mut log = DeltaLog::default();
        for pod in 0..=KEPT as u32 {
            log.push(delta(pod, 0, DeltaKind::Added), true);
        }
        assert!(!log.reaches(0) && log.reaches(1) && log.since(0).is_none());
        assert_eq!(log.of_template((NamespaceId(0), TemplateId(0)), 1).len(), KEPT);
    }
}
