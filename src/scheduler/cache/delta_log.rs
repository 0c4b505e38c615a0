//! What came to and left the nodes, for those who count pods: the latest changes in order, and by template, so that
//! who counts the pods of a few templates pays nothing for all others. The index by template is kept from the time on when
//! somebody counts by it.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{DeltaKind, PodDelta, PodEntry};
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
    index: Option<Index>,
}

/// The log by template.
#[derive(Debug, Default)]
struct Index {
    /// The place of the last delta of each group.
    last: FxHashMap<Group, u64>,
    /// Pods on nodes by group.
    placed: FxHashMap<Group, PodSet>,
}

impl Index {
    fn place(&mut self, entry: &PodEntry) {
        self.placed.entry((entry.namespace, entry.template)).or_default().insert(entry.pod);
    }

    fn remove(&mut self, entry: &PodEntry) {
        if let Some(placed) = self.placed.get_mut(&(entry.namespace, entry.template)) {
            placed.remove(entry.pod);
        }
    }
}

impl DeltaLog {
    /// Something happened. `counts` is false for nodes that are gone, whose pods are in nobody's counts.
    pub(super) fn push(&mut self, delta: PodDelta, counts: bool) {
        let group = (delta.entry.namespace, delta.entry.template);
        if let Some(index) = &mut self.index {
            match delta.kind {
                DeltaKind::Added => index.place(&delta.entry),
                DeltaKind::Removed => index.remove(&delta.entry),
                DeltaKind::Terminating => {}
            }
        }
        if !counts {
            return;
        }
        if self.deltas.len() == KEPT {
            self.deltas.pop_front();
            self.before.pop_front();
            self.first += 1;
        }
        let place = self.end();
        let before = self.index.as_mut().and_then(|index| index.last.insert(group, place));
        self.before.push_back(before.unwrap_or(NONE));
        self.deltas.push_back(delta);
    }

    /// From now on `of_template` and `placed` tell of all that comes to and leaves nodes, and of these pods, which are
    /// there already.
    pub(super) fn keep_index(&mut self, entries: impl Iterator<Item = PodEntry>) {
        if self.index.is_some() {
            return;
        }
        let mut entries: Vec<PodEntry> = entries.collect();
        entries.sort_unstable_by_key(|entry| entry.pod);
        let index = self.index.insert(Index::default());
        for entry in &entries {
            index.place(entry);
        }
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

    /// What happened to pods of a template since `place`, which the log reaches, if the index was kept then.
    pub fn of_template(&self, group: (NamespaceId, TemplateId), place: u64) -> SmallVec<[PodDelta; 8]> {
        let mut found = SmallVec::new();
        let last = self.index.as_ref().and_then(|index| index.last.get(&group));
        let mut next = last.copied().unwrap_or(NONE);
        while next != NONE && next >= place && next >= self.first {
            let index = (next - self.first) as usize;
            found.push(self.deltas[index]);
            next = self.before[index];
        }
        found.reverse();
        found
    }

    /// Pods of a template that are on nodes, if the index is kept.
    pub fn placed(&self, group: (NamespaceId, TemplateId)) -> impl Iterator<Item = PodId> + '_ {
        self.index.as_ref().and_then(|index| index.placed.get(&group)).into_iter().flat_map(PodSet::iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::object::NodeId;

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
        log.keep_index(std::iter::empty());
        for pod in 0..10 {
            log.push(delta(pod, pod % 2, DeltaKind::Added), true);
        }
        log.push(delta(4, 0, DeltaKind::Removed), true);
        let group = (NamespaceId(0), TemplateId(0));
        let pods: Vec<u32> = log.of_template(group, 3).iter().map(|delta| delta.entry.pod.0).collect();
        assert_eq!(pods, [4, 6, 8, 4]);
        assert_eq!(log.placed(group).collect::<Vec<_>>(), [PodId(0), PodId(2), PodId(6), PodId(8)]);
    }

    #[test]
    fn an_index_that_is_kept_late_knows_the_pods_that_are_there_and_what_comes() {
        let mut log = DeltaLog::default();
        let group = (NamespaceId(0), TemplateId(0));
        for pod in [7, 3, 5] {
            log.push(delta(pod, 0, DeltaKind::Added), true);
        }
        log.push(delta(5, 0, DeltaKind::Removed), true);
        assert_eq!(log.placed(group).count(), 0);
        let begin = log.end();
        log.keep_index([7, 3].map(|pod| delta(pod, 0, DeltaKind::Added).entry).into_iter());
        assert_eq!(log.placed(group).collect::<Vec<_>>(), [PodId(3), PodId(7)]);
        assert!(log.of_template(group, begin).is_empty());
        log.push(delta(9, 0, DeltaKind::Added), true);
        log.push(delta(3, 0, DeltaKind::Removed), false);
        let pods: Vec<u32> = log.of_template(group, begin).iter().map(|delta| delta.entry.pod.0).collect();
        assert_eq!((pods, log.placed(group).collect::<Vec<_>>()), (vec![9], vec![PodId(7), PodId(9)]));
    }

    #[test]
    fn what_is_too_long_ago_is_not_reached() {
        let mut log = DeltaLog::default();
        log.keep_index(std::iter::empty());
        for pod in 0..=KEPT as u32 {
            log.push(delta(pod, 0, DeltaKind::Added), true);
        }
        assert!(!log.reaches(0) && log.reaches(1) && log.since(0).is_none());
        assert_eq!(log.of_template((NamespaceId(0), TemplateId(0)), 1).len(), KEPT);
    }
}
