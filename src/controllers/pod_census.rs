//! Counts of pods by owner, kept as changes arrive: what an informer's cache and a pass over it give upstream, at a
//! constant cost for each change.
//!
//! A controller tells the census of every pod change it hears of and of every pod it wrote itself; the census
//! reads the pod's current row, so telling it twice is harmless.

use rustc_hash::FxHashMap;

use crate::cluster::Cluster;
use crate::engine::rows::Rows;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::Pod;

/// How many of an owner's pods are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Neither ended nor being deleted.
    pub(super) active: i32,
    /// Active with all labels of the owner's template.
    pub(super) labelled: i32,
    /// Active and Ready.
    pub(super) ready: i32,
    /// Being deleted, and not ended.
    pub(super) terminating: i32,
    /// Owned, whatever they are.
    pub(super) all: i32,
}

bitflags::bitflags! {
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    struct Class: u8 {
        const OWNED = 1;
        const ACTIVE = 1 << 1;
        const READY = 1 << 2;
        const LABELLED = 1 << 3;
        const TERMINATING = 1 << 4;
    }
}

/// How a pod is counted now.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    owner: u32,
    class: Class,
}

/// The counts of all owners of one kind.
#[derive(Debug)]
pub(super) struct PodCensus {
    kind: Kind,
    entries: Rows<Entry>,
    counts: FxHashMap<u32, Counts>,
}

impl PodCensus {
    /// Counts pods whose controller is of this kind.
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, entries: Rows::default(), counts: FxHashMap::default() }
    }

    /// Was no pod of this kind ever counted? Then pods of other kinds have not been one either.
    #[inline]
    pub(super) fn is_unused(&self) -> bool {
        self.entries.is_empty()
    }

    /// Counts a pod as it is now. Returns its owners before and after.
    pub(super) fn count(&mut self, pod: PodId, cluster: &Cluster) -> Counted {
        let row = cluster.pod(pod);
        let owner = if row.controller.kind == self.kind { row.controller } else { ObjectRef::NONE };
        let known = self.entries.get(pod.index()).copied().unwrap_or_default();
        let class = if owner.is_some() { classify(row, owner, cluster) } else { Class::empty() };
        let before = if known.class.is_empty() { ObjectRef::NONE } else { ObjectRef::new(self.kind, known.owner) };
        if known.class == class && (class.is_empty() || known.owner == owner.id) {
            return Counted { before, after: owner, turned_ready: false };
        }
        self.entries.fill_up(pod.index() + 1, Entry::default());
        self.entries[pod.index()] = Entry { owner: owner.id, class };
        self.add(known.owner, known.class, -1);
        self.add(owner.id, class, 1);
        let turned_ready = class.contains(Class::READY) && !known.class.contains(Class::READY);
        Counted { before, after: owner, turned_ready }
    }

    /// The counts of an owner.
    pub(super) fn of(&self, owner: ObjectRef) -> Counts {
        self.counts.get(&owner.id).copied().unwrap_or_default()
    }

    fn add(&mut self, owner: u32, class: Class, sign: i32) {
        if class.is_empty() {
            return;
        }
        let counts = self.counts.entry(owner).or_default();
        let one = |flag: Class| if class.contains(flag) { sign } else { 0 };
        counts.all += sign;
        counts.active += one(Class::ACTIVE);
        counts.ready += one(Class::READY);
        counts.labelled += one(Class::LABELLED);
        counts.terminating += one(Class::TERMINATING);
        if counts.all == 0 {
            self.counts.remove(&owner);
        }
    }
}

/// What counting a pod again found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// Its owner when it was last counted, or `ObjectRef::NONE`.
    pub(super) before: ObjectRef,
    /// Its owner now, or `ObjectRef::NONE`.
    pub(super) after: ObjectRef,
    /// Does it count as Ready, and did not before?
    pub(super) turned_ready: bool,
}

fn classify(row: &Pod, owner: ObjectRef, cluster: &Cluster) -> Class {
    if row.deleted {
        return Class::empty();
    }
    let mut class = Class::OWNED;
    if row.is_active() {
        class |= Class::ACTIVE;
        class.set(Class::READY, row.is_ready());
        class.set(Class::LABELLED, has_template_labels(row, owner, cluster));
    } else if !row.status.phase.is_terminal() {
        class |= Class::TERMINATING;
    }
    class
}

/// Upstream: replicaset `calculateStatus`: do the template's labels select the pod?
fn has_template_labels(row: &Pod, owner: ObjectRef, cluster: &Cluster) -> bool {
    let Some(set) = cluster.body(owner).as_replica_set() else { return true };
    let (wanted, labels) = (&cluster.template(set.template).labels, &cluster.template(row.template).labels);
    std::sync::Arc::ptr_eq(wanted, labels) || wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}
