//! Rolling updates: how many replicas the new ReplicaSet gets and the old ones lose in one sync.
//! Upstream: deployment `rolloutRolling`, `reconcileNewReplicaSet`, `reconcileOldReplicaSets`.

use crate::model::deployment::DeploymentStrategy;

use super::view::View;

/// A ReplicaSet's next `spec.replicas`: index into the old ones, and the number.
pub(super) type Step = (usize, i32);

/// The replicas of the new ReplicaSet, which may not exist yet. Upstream: deployment/util `NewRSNewReplicas`.
pub(super) fn new_replicas(view: &View) -> i32 {
    let desired = view.deployment.replicas;
    let own = view.new.as_ref().map_or(0, |set| set.spec);
    match view.deployment.strategy {
        DeploymentStrategy::Recreate => desired,
        DeploymentStrategy::RollingUpdate { max_surge, .. } => {
            let most = desired + max_surge.scaled(desired, true);
            let total = view.total_spec();
            if total >= most { own } else { own + (most - total).min(desired - own) }
        }
    }
}

/// The number to which the new ReplicaSet is to be scaled now, if it is not there.
pub(super) fn scale_new(view: &View) -> Option<i32> {
    let own = view.new.as_ref()?.spec;
    let desired = view.deployment.replicas;
    let target = if own > desired { desired } else { new_replicas(view) };
    (own != desired && target != own).then_some(target)
}

/// How the old ReplicaSets shrink: first those with replicas that are not available, then the oldest, each step a
/// write of its own.
pub(super) fn scale_old(view: &View) -> Vec<Step> {
    if view.old.iter().map(|set| set.spec).sum::<i32>() == 0 {
        return Vec::new();
    }
    let least_available = view.deployment.replicas - view.limits().unavailable;
    let new_unavailable = view.new.as_ref().map_or(0, |set| set.spec - set.available);
    let most_down = view.total_spec() - least_available - new_unavailable;
    if most_down <= 0 {
        return Vec::new();
    }
    let mut specs: Vec<i32> = view.old.iter().map(|set| set.spec).collect();
    let mut steps = Vec::new();
    if drop_unhealthy(view, most_down, &mut specs, &mut steps) {
        drop_oldest(view, least_available, &mut specs, &mut steps);
    }
    steps
}

/// Upstream: deployment `cleanupUnhealthyReplicas`. False where a status lags so far behind that upstream gives up.
fn drop_unhealthy(view: &View, most_down: i32, specs: &mut [i32], steps: &mut Vec<Step>) -> bool {
    let mut done = 0;
    for (index, set) in view.old.iter().enumerate() {
        if done >= most_down {
            break;
        }
        if set.spec == 0 || set.spec == set.available {
            continue;
        }
        let count = (most_down - done).min(set.spec - set.available);
        if count < 0 {
            return false;
        }
        specs[index] -= count;
        done += count;
        steps.push((index, specs[index]));
    }
    true
}

/// Upstream: deployment `scaleDownOldReplicaSetsForRollingUpdate`.
fn drop_oldest(view: &View, least_available: i32, specs: &mut [i32], steps: &mut Vec<Step>) {
    let available: i32 = view.all().map(|set| set.available).sum();
    let mut budget = available - least_available;
    for (index, spec) in specs.iter_mut().enumerate() {
        let count = budget.min(*spec);
        if count > 0 {
            *spec -= count;
            budget -= count;
            steps.push((index, *spec));
        }
    }
}
