//! The change log: one entry for each write, read by cursors. Its index is the resourceVersion.

use std::collections::VecDeque;

use crate::engine::SimTime;
use crate::model::object::ObjectRef;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Verb {
    /// It appeared.
    Added,
    /// It changed.
    Modified,
    /// It is gone; its row shows it as it was last.
    Deleted,
}

bitflags::bitflags! {
    /// Which parts of the object a write touched; all of them for Added and Deleted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Fields: u16 {
        /// Specification.
        const SPEC = 1;
        /// Labels.
        const LABELS = 1 << 1;
        /// Annotations.
        const ANNOTATIONS = 1 << 2;
        /// Owners or finalizers.
        const OWNERSHIP = 1 << 3;
        /// Status other than what follows.
        const STATUS = 1 << 4;
        /// A pod's phase.
        const PHASE = 1 << 5;
        /// A pod's or node's Ready condition.
        const READY = 1 << 6;
        /// Other conditions.
        const CONDITIONS = 1 << 7;
        /// Container statuses.
        const CONTAINERS = 1 << 8;
        /// A pod's node.
        const BOUND = 1 << 9;
        /// A pod's nominated node.
        const NOMINATED = 1 << 10;
        /// The deletion timestamp or grace period.
        const DELETION = 1 << 11;
        /// A node's taints.
        const TAINTS = 1 << 12;
        /// A node's allocatable.
        const ALLOCATABLE = 1 << 13;
        /// `spec.unschedulable` of a node.
        const UNSCHEDULABLE = 1 << 14;
        /// What a pod that is being resized has of CPU and memory.
        const GRANTED = 1 << 15;
    }
}

/// One write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it was committed.
    pub at: SimTime,
    /// What it was made to.
    pub object: ObjectRef,
    /// What happened.
    pub verb: Verb,
    /// Which parts.
    pub fields: Fields,
}

/// A watcher's place in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(pub u64);

/// Every write in order, without those that all watchers have read.
#[derive(Clone, Debug, Default)]
pub struct ChangeLog {
    entries: VecDeque<Change>,
    /// Index of the first entry kept.
    first: u64,
}

impl ChangeLog {
    /// Index of the next entry: the number of writes so far.
    pub fn end(&self) -> Cursor {
        Cursor(self.first + self.entries.len() as u64)
    }

    /// When the last write was made.
    pub(super) fn last_at(&self) -> SimTime {
        self.entries.back().map_or(SimTime::ZERO, |change| change.at)
    }

    /// The entry at a cursor, if there is one yet.
    pub fn at(&self, cursor: Cursor) -> Option<Change> {
        self.entries.get((cursor.0 - self.first) as usize).copied()
    }

    /// The next entry of a watcher committed at `until` or before; moves the cursor.
    pub fn next(&self, cursor: &mut Cursor, until: SimTime) -> Option<Change> {
        let change = self.at(*cursor).filter(|change| change.at <= until)?;
        cursor.0 += 1;
        Some(change)
    }

    /// The next entry of a reader that need not have kept up: entries that are forgotten are skipped.
    pub fn next_kept(&self, cursor: &mut Cursor) -> Option<Change> {
        cursor.0 = cursor.0.max(self.first);
        let change = self.at(*cursor)?;
        cursor.0 += 1;
        Some(change)
    }

    /// Takes out the entries before `cursor`: all watchers have read them.
    pub(super) fn trim(&mut self, cursor: Cursor) -> impl Iterator<Item = Change> + '_ {
        let count = (cursor.0.saturating_sub(self.first) as usize).min(self.entries.len());
        self.first += count as u64;
        self.entries.drain(..count)
    }

    /// Appends a write and returns the object's new resourceVersion.
    pub(super) fn append(&mut self, change: Change) -> u64 {
        debug_assert!(
            self.entries.back().is_none_or(|last| last.at <= change.at),
            "time goes back in the log: {change:?}"
        );
        self.entries.push_back(change);
        self.end().0
    }
}
