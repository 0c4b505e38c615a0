//! Which pods of a DaemonSet are made and deleted: pure functions of what is on each node.
//! Upstream: daemon `podsShouldBeOnNode`, `rollingUpdate`, whose sums over all nodes are in `book`.

use crate::model::object::{NodeId, PodId};

use super::nodes::Wish;

/// A pod on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Daemon {
    pub(super) pod: PodId,
    /// Has the current template.
    pub(super) is_new: bool,
    pub(super) failed: bool,
    pub(super) succeeded: bool,
    pub(super) deleting: bool,
    pub(super) ready: bool,
    pub(super) available: bool,
}

/// A node with what is there, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) node: NodeId,
    pub(super) wish: Wish,
    pub(super) daemons: Vec<Daemon>,
}

impl Place {
    /// Pods that are not being deleted.
    fn staying(&self) -> impl Iterator<Item = &Daemon> {
        self.daemons.iter().filter(|daemon| !daemon.deleting)
    }
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Actions {
    pub(super) create: Vec<NodeId>,
    pub(super) delete: Vec<PodId>,
    /// Failed pods, which go after a backoff.
    pub(super) failed: Vec<(NodeId, PodId)>,
    /// Succeeded pods, which go with an Event.
    pub(super) succeeded: Vec<PodId>,
}

impl Actions {
    pub(super) fn extend(&mut self, other: Self) {
        self.create.extend(other.create);
        self.delete.extend(other.delete);
        self.failed.extend(other.failed);
        self.succeeded.extend(other.succeeded);
    }
}

/// Brings a node to its one pod. With a surge, an old and a new pod may be there together.
pub(super) fn manage(place: &Place, surge: bool) -> Actions {
    let mut actions = Actions::default();
    if !place.wish.stay {
        actions.delete.extend(place.staying().map(|daemon| daemon.pod));
        return actions;
    }
    if place.wish.run && place.daemons.is_empty() {
        actions.create.push(place.node);
        return actions;
    }
    let mut running = Vec::new();
    for daemon in place.staying() {
        if daemon.failed {
            actions.failed.push((place.node, daemon.pod));
        } else if daemon.succeeded {
            actions.succeeded.push(daemon.pod);
        } else {
            running.push(*daemon);
        }
    }
    if surge {
        keep_one_of_each(place, &running, &mut actions);
    } else {
        actions.delete.extend(running.iter().skip(1).map(|daemon| daemon.pod));
    }
    actions
}

fn keep_one_of_each(place: &Place, running: &[Daemon], actions: &mut Actions) {
    if running.is_empty() {
        // With a surge there is always one that is not being deleted.
        if place.wish.run {
            actions.create.push(place.node);
        }
        return;
    }
    let newest = running.iter().find(|daemon| daemon.is_new);
    let oldest = running.iter().find(|daemon| !daemon.is_new);
    let is_too_many = |daemon: &&Daemon| Some(*daemon) != newest && Some(*daemon) != oldest;
    actions.delete.extend(running.iter().filter(is_too_many).map(|daemon| daemon.pod));
    if let (Some(new), Some(old)) = (newest, oldest)
        && (!old.ready || new.available)
    {
        actions.delete.push(old.pod);
    }
}

/// How far a rolling update has come at a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing but pods that are being deleted.
    #[default]
    Empty,
    /// Two pods of the same age: `manage` deletes one.
    Excess,
    /// A new pod that is available, or is not.
    New(bool),
    /// An old pod that is available, or is not.
    Old(PodId, bool),
    /// An old pod, and a new one that is available, or is not; and is the old one available?
    Both(PodId, bool, bool),
}

/// The stage of a node.
pub(super) fn stage(place: &Place) -> Stage {
    let of_kind = |is_new: bool| {
        let mut found = place.staying().filter(move |daemon| daemon.is_new == is_new);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(()),
            (one, None) => Ok(one.copied()),
        }
    };
    match (of_kind(true), of_kind(false)) {
        (Err(()), _) | (_, Err(())) => Stage::Excess,
        (Ok(None), Ok(None)) => Stage::Empty,
        (Ok(Some(new)), Ok(None)) => Stage::New(new.available),
        (Ok(None), Ok(Some(old))) => Stage::Old(old.pod, old.available),
        (Ok(Some(new)), Ok(Some(old))) => Stage::Both(old.pod, new.available, old.available),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daemon(pod: u32, is_new: bool, available: bool) -> Daemon {
        Daemon {
            pod: PodId(pod),
            is_new,
            failed: false,
            succeeded: false,
            deleting: false,
            ready: available,
            available,
        }
    }

    fn place(node: u32, daemons: Vec<Daemon>) -> Place {
        Place { node: NodeId(node), wish: Wish { run: true, stay: true }, daemons }
    }

    #[test]
    fn every_node_gets_one_pod_and_a_terminating_one_still_counts() {
        let leaving = Daemon { deleting: true, ..daemon(1, false, true) };
        assert_eq!(manage(&place(0, vec![]), false).create, [NodeId(0)]);
        assert_eq!(manage(&place(1, vec![leaving]), false), Actions::default());
        assert_eq!(manage(&place(2, vec![daemon(2, true, true), daemon(3, true, true)]), false).delete, [PodId(3)]);
    }

    #[test]
    fn a_failed_pod_is_replaced_once_it_is_gone_or_with_a_surge_at_once() {
        let failed = Daemon { failed: true, ..daemon(1, true, false) };
        let without = manage(&place(0, vec![failed]), false);
        assert_eq!((without.create, without.failed), (vec![], vec![(NodeId(0), PodId(1))]));
        assert_eq!(manage(&place(0, vec![failed]), true).create, [NodeId(0)]);
    }

    #[test]
    fn with_a_surge_the_old_pod_goes_when_the_new_one_is_available_or_it_is_not_ready_itself() {
        let both = |old_ready, new_available| {
            let place = place(0, vec![daemon(1, false, old_ready), daemon(2, true, new_available)]);
            manage(&place, true).delete
        };
        assert_eq!(both(true, false), []);
        assert_eq!(both(true, true), [PodId(1)]);
        assert_eq!(both(false, false), [PodId(1)]);
    }
}
