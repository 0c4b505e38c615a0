//! Scaling in the middle of a rollout: the ReplicaSets share the change in proportion to their sizes.
//! Upstream: deployment `scale`, deployment/util `GetReplicaSetProportion`.

use crate::model::deployment::DeploymentStrategy;

use super::view::{Set, View};

/// What a change of `spec.replicas` does to the ReplicaSets. Sets are named by their place in `View::all`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scaling {
    /// Nothing.
    None,
    /// These get new sizes; those that have them already are left alone.
    Sizes(Vec<(usize, i32)>),
    /// All active ones are written, even with the size they have, so that their annotations are right.
    Forced(Vec<(usize, i32)>),
}

/// Decides.
pub(super) fn scale(view: &View) -> Scaling {
    let desired = view.deployment.replicas;
    let all: Vec<&Set> = view.all().collect();
    if let Some(only) = only_one_to_scale(&all, view.new.is_some()) {
        return if all[only].spec == desired { Scaling::None } else { Scaling::Sizes(vec![(only, desired)]) };
    }
    if all.is_empty() {
        return Scaling::None;
    }
    if view.new.as_ref().is_some_and(|new| is_saturated(new, desired)) {
        let active = view.old.iter().enumerate().filter(|(_, set)| set.is_active());
        return Scaling::Sizes(active.map(|(index, _)| (index, 0)).collect());
    }
    if view.deployment.strategy == DeploymentStrategy::Recreate {
        return Scaling::None;
    }
    Scaling::Forced(shares(view, &all))
}

/// Upstream: deployment/util `FindActiveOrLatest`; `None` with more than one active ReplicaSet.
fn only_one_to_scale(all: &[&Set], has_new: bool) -> Option<usize> {
    let mut active = all.iter().enumerate().filter(|(_, set)| set.is_active()).map(|(index, _)| index);
    match (active.next(), active.next()) {
        (Some(_), Some(_)) => None,
        (Some(only), None) => Some(only),
        // The new one is the last of them all.
        _ if has_new => Some(all.len() - 1),
        // The newest old one.
        _ => all.len().checked_sub(1),
    }
}

/// Upstream: deployment/util `IsSaturated`.
fn is_saturated(set: &Set, desired: i32) -> bool {
    set.spec == desired && set.desired_replicas == Some(desired) && set.available == desired
}

fn shares(view: &View, all: &[&Set]) -> Vec<(usize, i32)> {
    let desired = view.deployment.replicas;
    let limit = if desired > 0 { desired + view.limits().surge } else { 0 };
    let mut order: Vec<usize> = (0..all.len()).filter(|index| all[*index].is_active()).collect();
    let to_add = limit - order.iter().map(|index| all[*index].spec).sum::<i32>();
    // Largest first; of equal ones the newer when growing, the older when shrinking.
    order.sort_by(|left, right| {
        let (left, right) = (all[*left], all[*right]);
        let by_age = left.created.cmp(&right.created).then_with(|| left.name.cmp(&right.name));
        right.spec.cmp(&left.spec).then(if to_add > 0 { by_age.reverse() } else { by_age })
    });
    let mut added = 0;
    let mut sizes: Vec<(usize, i32)> = Vec::with_capacity(order.len());
    for index in order {
        let set = all[index];
        let share = if to_add == added { 0 } else { proportion(set, view, to_add, added) };
        added += share;
        sizes.push((index, set.spec + share));
    }
    if let Some((_, largest)) = sizes.first_mut() {
        *largest = (*largest + to_add - added).max(0);
    }
    sizes
}

/// Upstream: deployment/util `GetReplicaSetProportion`, `getReplicaSetFraction`.
fn proportion(set: &Set, view: &View, to_add: i32, added: i32) -> i32 {
    let desired = view.deployment.replicas;
    let fraction = if desired == 0 {
        -set.spec
    } else {
        let before = set.max_replicas.filter(|most| *most != 0).unwrap_or(view.deployment.status.replicas);
        if before == 0 {
            return 0;
        }
        let product = set.spec.wrapping_mul(desired + view.limits().surge);
        let size = f64::from(product) / f64::from(before);
        // f64::round rounds half away from zero, as Go's math.Round does.
        size.round() as i32 - set.spec
    };
    let left = to_add - added;
    if to_add > 0 { fraction.min(left) } else { fraction.max(left) }
}
