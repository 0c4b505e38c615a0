//! What is on each node of a DaemonSet, kept as changes arrive: a sync costs the nodes that changed since the last one,
//! and what is to be done, not all nodes. Upstream (daemon `getNodesToDaemonPods`, `manage`, `rollingUpdate`,
//! `updateDaemonSetStatus`) goes over all nodes each time, to the same sums.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::object::{NodeId, ObjectRef, PodId, TemplateId};
use crate::model::pod::PodPhase;

use super::decide::{Actions, Daemon, Place, Stage, manage, stage};
use super::nodes::{self, Wish};

/// By what pods and nodes are judged. Where it changes, all are looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Basis {
    /// The template with the tolerations of daemons.
    pub(super) template: TemplateId,
    /// The hash of the current revision.
    pub(super) hash: Text,
    /// The number of the template, or empty.
    pub(super) generation: Text,
    pub(super) min_ready_seconds: i32,
    /// Does an update make new pods beside old ones?
    pub(super) surge: bool,
}

impl Basis {
    /// Is a pod of the current template? Its hash tells, and so does the number of the template alone: pods that were left
    /// over by a DaemonSet of the same number count as updated. Upstream: daemon/util `IsPodUpdated`.
    fn is_current(&self, pod: PodId, cluster: &Cluster) -> bool {
        let generation = cluster.template_of(pod).labels.get(super::GENERATION_LABEL).unwrap_or_default();
        super::label_of(pod, cluster) == self.hash || !self.generation.is_empty() && self.generation == generation
    }
}

/// Sums over all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) desired: i32,
    pub(super) current: i32,
    pub(super) ready: i32,
    pub(super) available: i32,
    pub(super) updated: i32,
    pub(super) misscheduled: i32,
    /// Nodes that count as unavailable in an update without a surge.
    pub(super) out: i32,
    /// Nodes that use up a part of the surge.
    pub(super) surging: i32,
    /// Available pods that an update with a surge counts.
    pub(super) serving: i32,
}

/// A node with what it counts as.
#[derive(Clone, Debug)]
struct Judged {
    wish: Wish,
    stage: Stage,
    totals: Totals,
}

/// The nodes of one DaemonSet.
#[derive(Debug, Default)]
pub(super) struct Book {
    basis: Option<Basis>,
    /// Pods by the node they are bound to or made for; `NodeId::NONE` where it is gone.
    pods: BTreeMap<NodeId, BTreeSet<PodId>>,
    place_of: FxHashMap<PodId, NodeId>,
    dirty: BTreeSet<NodeId>,
    judged: BTreeMap<NodeId, Judged>,
    pub(super) totals: Totals,
    /// Nodes with something to do.
    busy: BTreeMap<NodeId, Actions>,
    /// Nodes with a pod that is Ready and not yet available.
    waiting: BTreeSet<NodeId>,
    /// Nodes with nothing but an old pod, which is available.
    old: BTreeMap<NodeId, PodId>,
    /// The same, where it is not available.
    broken: BTreeMap<NodeId, PodId>,
    /// Old pods of nodes whose new pod is available.
    replaced: BTreeMap<NodeId, PodId>,
}

impl Book {
    /// A pod of the DaemonSet changed, came or went.
    pub(super) fn note_pod(&mut self, pod: PodId, owner: ObjectRef, cluster: &Cluster) {
        let row = cluster.pod(pod);
        let place = (!row.deleted && row.controller == owner).then(|| nodes::target(pod, cluster));
        self.move_pod(pod, place);
    }

    fn move_pod(&mut self, pod: PodId, place: Option<NodeId>) {
        let known = match place {
            Some(place) => self.place_of.insert(pod, place),
            None => self.place_of.remove(&pod),
        };
        self.dirty.extend(known.into_iter().chain(place));
        if known == place {
            return;
        }
        if let Some(pods) = known.and_then(|known| self.pods.get_mut(&known)) {
            pods.remove(&pod);
        }
        if let Some(place) = place {
            self.pods.entry(place).or_default().insert(pod);
        }
    }

    /// A node changed, came or went. Returns whether the DaemonSet has to see to it: whether a pod is missing there or
    /// has to go, or is there while some are misscheduled. Nobody listens to deletions of nodes.
    /// Upstream: daemon `addNode`, `updateNode`, `syncNodeUpdate`.
    pub(super) fn note_node(&mut self, node: NodeId, cluster: &Cluster) -> bool {
        self.dirty.insert(node);
        let Some(basis) = &self.basis else { return true };
        let is_gone = !cluster.is_live(ObjectRef::node(node));
        let wish = (!is_gone).then(|| nodes::wish(node, cluster.template(basis.template), cluster));
        let before = self.judged.get(&node).map(|judged| judged.wish);
        if is_gone || before.is_none() {
            // Unbound pods that were made for it have no node any more, or have one again.
            let affected = self.pods.get(if is_gone { &node } else { &NodeId::NONE });
            for pod in affected.into_iter().flatten().copied().collect::<Vec<_>>() {
                let target = nodes::target(pod, cluster);
                self.move_pod(pod, Some(target));
            }
        }
        let bound = self.pods.get(&node).is_some_and(|pods| pods.iter().any(|pod| cluster.pod(*pod).node == node));
        wish.is_some_and(|wish| if bound { !wish.stay || self.totals.misscheduled > 0 } else { wish.run })
    }

    /// Judges what changed.
    pub(super) fn refresh(&mut self, now: SimTime, owner: ObjectRef, basis: &Basis, cluster: &Cluster) {
        if self.basis.as_ref() != Some(basis) {
            *self = Self { basis: Some(basis.clone()), ..Self::default() };
            for pod in cluster.pods_of(owner) {
                self.note_pod(pod, owner, cluster);
            }
            self.dirty.extend(cluster.nodes());
        }
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.append(&mut self.waiting);
        for node in dirty.into_iter().filter(|node| node.is_some()) {
            self.forget(node);
            if cluster.is_live(ObjectRef::node(node)) {
                let wish = nodes::wish(node, cluster.template(basis.template), cluster);
                let place = Place { node, wish, daemons: self.daemons(now, node, basis, cluster) };
                self.enter(&place, basis.surge);
            }
        }
    }

    /// How the book differs from one that is made anew, for tests: every change must have reached it.
    #[cfg(test)]
    pub(super) fn difference(&mut self, now: SimTime, owner: ObjectRef, cluster: &Cluster) -> Option<String> {
        let basis = self.basis.clone()?;
        self.refresh(now, owner, &basis, cluster);
        let mut fresh = Self::default();
        fresh.refresh(now, owner, &basis, cluster);
        let shown = |book: &Self| {
            let pods: Vec<_> = book.pods.iter().filter(|(_, pods)| !pods.is_empty()).collect();
            let (busy, waiting) = (&book.busy, &book.waiting);
            format!(
                "{:?} {pods:?} {busy:?} {waiting:?} {:?} {:?} {:?}",
                book.totals, book.old, book.broken, book.replaced
            )
        };
        let (own, other) = (shown(self), shown(&fresh));
        (own != other).then(|| format!("{own}\nnot\n{other}"))
    }

    /// The pods of a node: bound ones first, then the oldest. Those that have ended and are being deleted are left out.
    fn daemons(&self, now: SimTime, node: NodeId, basis: &Basis, cluster: &Cluster) -> Vec<Daemon> {
        let mut found: Vec<(bool, Daemon)> = Vec::new();
        for pod in self.pods.get(&node).into_iter().flatten() {
            let row = cluster.pod(*pod);
            if row.deleted || row.status.phase.is_terminal() && row.deletion.is_some() {
                continue;
            }
            let daemon = Daemon {
                pod: *pod,
                is_new: basis.is_current(*pod, cluster),
                failed: row.status.phase == PodPhase::Failed,
                succeeded: row.status.phase == PodPhase::Succeeded,
                deleting: row.deletion.is_some(),
                ready: row.is_ready(),
                available: row.is_available(basis.min_ready_seconds, now),
            };
            found.push((row.node.is_none(), daemon));
        }
        found.sort_by_key(|(unbound, daemon)| (*unbound, daemon.pod));
        found.into_iter().map(|(_, daemon)| daemon).collect()
    }

    fn enter(&mut self, place: &Place, surge: bool) {
        let node = place.node;
        let stage = stage(place);
        let totals = totals_of(place, stage);
        self.totals.add(&totals, 1);
        let actions = manage(place, surge);
        if actions != Actions::default() {
            self.busy.insert(node, actions);
        }
        if place.daemons.iter().any(|daemon| daemon.ready && !daemon.available) {
            self.waiting.insert(node);
        }
        match stage {
            Stage::Old(pod, true) => drop(self.old.insert(node, pod)),
            Stage::Old(pod, false) => drop(self.broken.insert(node, pod)),
            Stage::Both(pod, true, _) => drop(self.replaced.insert(node, pod)),
            _ => {}
        }
        self.judged.insert(node, Judged { wish: place.wish, stage, totals });
    }

    fn forget(&mut self, node: NodeId) {
        self.busy.remove(&node);
        let Some(judged) = self.judged.remove(&node) else { return };
        self.totals.add(&judged.totals, -1);
        match judged.stage {
            Stage::Old(_, true) => drop(self.old.remove(&node)),
            Stage::Old(_, false) => drop(self.broken.remove(&node)),
            Stage::Both(_, true, _) => drop(self.replaced.remove(&node)),
            _ => {}
        }
    }

    /// What brings every node to its pod. Unbound pods of nodes that are gone go too.
    pub(super) fn manage(&self, cluster: &Cluster) -> Actions {
        let mut actions = Actions::default();
        for busy in self.busy.values() {
            actions.extend(busy.clone());
        }
        let strays = self.pods.get(&NodeId::NONE).into_iter().flatten().filter(|pod| {
            let row = cluster.pod(**pod);
            !row.deleted && row.node.is_none() && row.deletion.is_none()
        });
        actions.delete.extend(strays);
        actions
    }

    /// Is a pod Ready, and not yet available?
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Old pods that go in this step of an update without a surge: all that are not available, and as many others as may
    /// be out. Upstream takes nodes in Go's random order of maps; here it is theirs.
    pub(super) fn roll(&self, max_unavailable: i32) -> Vec<PodId> {
        let left = (max_unavailable - self.totals.out).max(0) as usize;
        self.broken.values().chain(self.old.values().take(left)).copied().collect()
    }

    /// The step of an update with a surge: nodes that get a new pod beside the old one, and old pods that go.
    pub(super) fn roll_with_surge(&self, max_surge: i32) -> (Vec<NodeId>, Vec<PodId>) {
        let runs = |node: &NodeId| self.judged.get(node).is_some_and(|judged| judged.wish.run);
        let (mut created, mut deleted) = (Vec::new(), Vec::new());
        for (node, pod) in &self.broken {
            if runs(node) {
                created.push(*node);
            } else {
                deleted.push(*pod);
            }
        }
        let left = (max_surge - self.totals.surging).max(0) as usize;
        created.extend(self.old.keys().filter(|node| runs(node)).take(left));
        deleted.extend(self.replaced.values());
        // Pods of nodes that are not to have one go when others have taken their place.
        let spare = (self.totals.serving - self.totals.desired).max(0) as usize;
        deleted.extend(self.old.iter().filter(|(node, _)| !runs(node)).map(|(_, pod)| *pod).take(spare));
        (created, deleted)
    }
}

impl Totals {
    fn add(&mut self, other: &Self, sign: i32) {
        for (own, other) in self.fields().into_iter().zip(other.clone().fields()) {
            *own += *other * sign;
        }
    }

    /// All sums, for tests.
    #[cfg(test)]
    pub(super) fn clone_fields(mut self) -> [i32; 9] {
        self.fields().map(|sum| *sum)
    }

    fn fields(&mut self) -> [&mut i32; 9] {
        [
            &mut self.desired,
            &mut self.current,
            &mut self.ready,
            &mut self.available,
            &mut self.updated,
            &mut self.misscheduled,
            &mut self.out,
            &mut self.surging,
            &mut self.serving,
        ]
    }
}

/// What a node counts as. The oldest pod stands for it. Upstream: daemon `updateDaemonSetStatus`, `rollingUpdate`.
fn totals_of(place: &Place, stage: Stage) -> Totals {
    let oldest = place.daemons.first();
    let mut totals = Totals::default();
    if place.wish.run {
        totals.desired = 1;
        if let Some(oldest) = oldest {
            totals.current = 1;
            totals.ready = i32::from(oldest.ready);
            totals.available = i32::from(oldest.available);
            totals.updated = i32::from(oldest.is_new);
        }
    } else {
        totals.misscheduled = i32::from(oldest.is_some());
    }
    let counts = place.wish.run || oldest.is_some();
    let is_out = !matches!(stage, Stage::New(true) | Stage::Old(_, true));
    totals.out = i32::from(counts && is_out);
    totals.surging = i32::from(matches!(stage, Stage::Excess | Stage::Both(_, false, _)));
    totals.serving = match stage {
        Stage::New(available) | Stage::Old(_, available) | Stage::Both(_, _, available) => i32::from(available),
        Stage::Empty | Stage::Excess => 0,
    };
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daemon(pod: u32, is_new: bool, available: bool) -> Daemon {
        let (failed, succeeded, deleting) = (false, false, false);
        Daemon { pod: PodId(pod), is_new, failed, succeeded, deleting, ready: available, available }
    }

    fn place(node: u32, daemons: Vec<Daemon>) -> Place {
        Place { node: NodeId(node), wish: Wish { run: true, stay: true }, daemons }
    }

    fn book(places: &[Place]) -> Book {
        let mut book = Book::default();
        for place in places {
            book.enter(place, false);
        }
        book
    }

    #[test]
    fn old_pods_go_one_by_one_and_broken_ones_at_once() {
        let old = |node: u32, available| place(node, vec![daemon(node, false, available)]);
        assert_eq!(book(&[old(0, true), old(1, true)]).roll(1), [PodId(0)]);
        assert_eq!(book(&[old(0, true), old(1, false), old(2, false)]).roll(1), [PodId(1), PodId(2)]);
        assert_eq!(book(&[place(0, vec![]), old(1, true)]).roll(1), []);
        assert_eq!(book(&[place(0, vec![]), old(1, true), old(2, true)]).roll(3), [PodId(1), PodId(2)]);
    }

    #[test]
    fn with_a_surge_the_new_pod_comes_first() {
        let places = [place(0, vec![daemon(0, false, true)]), place(1, vec![daemon(1, false, true)])];
        assert_eq!(book(&places).roll_with_surge(1), (vec![NodeId(0)], vec![]));
        let both = [place(0, vec![daemon(0, false, true), daemon(2, true, true)]), places[1].clone()];
        assert_eq!(book(&both).roll_with_surge(1), (vec![NodeId(1)], vec![PodId(0)]));
    }

    #[test]
    fn a_node_that_is_to_have_none_keeps_its_pod_until_another_took_its_place() {
        let unwanted = Place { wish: Wish { run: false, stay: true }, ..place(0, vec![daemon(0, false, true)]) };
        let waiting = [unwanted.clone(), place(1, vec![daemon(1, true, false)])];
        assert_eq!(book(&waiting).roll_with_surge(1), (vec![], vec![]));
        let taken = [unwanted, place(1, vec![daemon(1, true, true)])];
        assert_eq!(book(&taken).roll_with_surge(1), (vec![], vec![PodId(0)]));
    }

    #[test]
    fn what_is_forgotten_counts_no_more() {
        let mut book = book(&[place(0, vec![daemon(0, false, true)]), place(1, vec![daemon(1, true, false)])]);
        assert_eq!((book.totals.desired, book.totals.available, book.totals.out), (2, 1, 1));
        book.forget(NodeId(0));
        book.forget(NodeId(1));
        assert_eq!((book.totals, book.roll(5)), (Totals::default(), vec![]));
    }
}
