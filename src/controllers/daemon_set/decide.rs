//! Which pods of a DaemonSet are made and deleted: pure functions of what is on each node.
//! Upstream: daemon `podsShouldBeOnNode`, `rollingUpdate`.

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

/// Brings every node to its one pod. With a surge, an old and a new pod may be there together.
pub(super) fn manage(places: &[Place], surge: bool) -> Actions {
    let mut actions = Actions::default();
    for place in places {
        if !place.wish.stay {
            let alive = place.daemons.iter().filter(|daemon| !daemon.deleting);
            actions.delete.extend(alive.map(|daemon| daemon.pod));
            continue;
        }
        if place.wish.run && place.daemons.is_empty() {
            actions.create.push(place.node);
            continue;
        }
        let mut running = Vec::new();
        for daemon in place.daemons.iter().filter(|daemon| !daemon.deleting) {
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
    }
    actions
}

fn keep_one_of_each(place: &Place, running: &[Daemon], actions: &mut Actions) {
    if running.is_empty() {
        let any = place.daemons.iter().any(|daemon| daemon.failed || daemon.succeeded);
        if place.wish.run && !any {
            actions.create.push(place.node);
        }
        return;
    }
    let newest = running.iter().find(|daemon| daemon.is_new);
    let oldest = running.iter().find(|daemon| !daemon.is_new);
    let is_kept = |daemon: &&Daemon| Some(*daemon) != newest && Some(*daemon) != oldest;
    actions.delete.extend(running.iter().filter(is_kept).map(|daemon| daemon.pod));
    if let (Some(new), Some(old)) = (newest, oldest)
        && (!old.ready || new.available)
    {
        actions.delete.push(old.pod);
    }
}

/// New and old pod of a node that are not being deleted; `Err` if there are two of a kind.
fn new_and_old(place: &Place) -> Result<(Option<Daemon>, Option<Daemon>), ()> {
    let of_kind = |is_new: bool| {
        let mut found = place.daemons.iter().filter(move |daemon| !daemon.deleting && daemon.is_new == is_new);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(()),
            (one, None) => Ok(one.copied()),
        }
    };
    Ok((of_kind(true)?, of_kind(false)?))
}

/// Old pods that go in this step of a rolling update without a surge.
pub(super) fn roll(places: &[Place], max_unavailable: i32) -> Vec<PodId> {
    let mut unavailable = 0;
    let mut replaced = Vec::new();
    let mut candidates = Vec::new();
    for place in places.iter().filter(|place| place.wish.run || !place.daemons.is_empty()) {
        match new_and_old(place) {
            Err(()) | Ok((Some(_), Some(_)) | (None, None)) => unavailable += 1,
            Ok((Some(new), None)) => unavailable += i32::from(!new.available),
            Ok((None, Some(old))) if !old.available => {
                replaced.push(old.pod);
                unavailable += 1;
            }
            Ok((None, Some(old))) => {
                if unavailable < max_unavailable {
                    candidates.push(old.pod);
                }
            }
        }
    }
    let left = (max_unavailable - unavailable).clamp(0, candidates.len() as i32) as usize;
    replaced.extend(candidates.into_iter().take(left));
    replaced
}

/// The step of a rolling update with a surge: nodes that get a new pod beside the old one, and old pods that go.
pub(super) fn roll_with_surge(places: &[Place], max_surge: i32) -> (Vec<NodeId>, Vec<PodId>) {
    let (mut surge, mut available) = (0, 0);
    let (mut replaced, mut candidates, mut deleted, mut sunset) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for place in places {
        let Ok((new, old)) = new_and_old(place) else {
            surge += 1;
            continue;
        };
        available += old.or(new).map_or(0, |daemon| i32::from(daemon.available));
        match (new, old) {
            (None, Some(old)) if !old.available && place.wish.run => replaced.push(place.node),
            (None, Some(old)) if !old.available => deleted.push(old.pod),
            (None, Some(old)) if !place.wish.run => sunset.push(old.pod),
            (None, Some(_)) if surge < max_surge => candidates.push(place.node),
            (Some(new), Some(_)) if !new.available => surge += 1,
            (Some(_), Some(old)) => deleted.push(old.pod),
            _ => {}
        }
    }
    let left = (max_surge - surge).clamp(0, candidates.len() as i32) as usize;
    replaced.extend(candidates.into_iter().take(left));
    // Pods of nodes that are not to have one go when others have taken their place.
    let desired = places.iter().filter(|place| place.wish.run).count() as i32;
    let spare = (available - desired).clamp(0, sunset.len() as i32) as usize;
    deleted.extend(sunset.into_iter().take(spare));
    (replaced, deleted)
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
        let places =
            [place(0, vec![]), place(1, vec![leaving]), place(2, vec![daemon(2, true, true), daemon(3, true, true)])];
        let actions = manage(&places, false);
        assert_eq!((actions.create, actions.delete), (vec![NodeId(0)], vec![PodId(3)]));
    }

    #[test]
    fn old_pods_go_one_by_one_and_broken_ones_at_once() {
        let old = |node: u32, available| place(node, vec![daemon(node, false, available)]);
        assert_eq!(roll(&[old(0, true), old(1, true)], 1), [PodId(0)]);
        assert_eq!(roll(&[old(0, true), old(1, false), old(2, false)], 1), [PodId(1), PodId(2)]);
        assert_eq!(roll(&[place(0, vec![]), old(1, true)], 1), []);
    }

    #[test]
    fn with_a_surge_the_new_pod_comes_first() {
        let places = [place(0, vec![daemon(0, false, true)]), place(1, vec![daemon(1, false, true)])];
        assert_eq!(roll_with_surge(&places, 1), (vec![NodeId(0)], vec![]));
        let both = [place(0, vec![daemon(0, false, true), daemon(2, true, true)]), places[1].clone()];
        assert_eq!(roll_with_surge(&both, 1), (vec![NodeId(1)], vec![PodId(0)]));
    }

    #[test]
    fn a_node_that_is_to_have_none_keeps_its_pod_until_another_took_its_place() {
        let unwanted = Place { wish: Wish { run: false, stay: true }, ..place(0, vec![daemon(0, false, true)]) };
        let waiting = [unwanted.clone(), place(1, vec![daemon(1, true, false)])];
        assert_eq!(roll_with_surge(&waiting, 1), (vec![], vec![]));
        let taken = [unwanted, place(1, vec![daemon(1, true, true)])];
        assert_eq!(roll_with_surge(&taken, 1), (vec![], vec![PodId(0)]));
    }
}
