//! Recreate: all old pods are gone before the first new one is made.
//! Upstream: deployment `rolloutRecreate`.

use crate::cluster::Cluster;

use super::rolling::Step;
use super::view::View;

/// Old ReplicaSets that still want pods.
pub(super) fn scale_old(view: &View) -> Vec<Step> {
    view.old.iter().enumerate().filter(|(_, set)| set.is_active()).map(|(index, _)| (index, 0)).collect()
}

/// Does a pod of the old ReplicaSets still run? One that terminates does.
/// Upstream: deployment `oldPodsRunning`.
pub(super) fn old_pods_run(view: &View, cluster: &Cluster) -> bool {
    let runs = |set: &super::view::Set| {
        set.replicas > 0 || cluster.pods_of(set.object).any(|pod| !cluster.pod(pod).status.phase.is_terminal())
    };
    view.old.iter().any(runs)
}
