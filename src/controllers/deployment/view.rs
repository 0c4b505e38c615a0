//! What one sync of a Deployment sees: its specification and its ReplicaSets in numbers. The decisions are pure
//! functions of it.

use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::condition::{self, Condition};
use crate::model::deployment::{Deployment, DeploymentStrategy};
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{ObjectRef, TemplateId};

/// Annotations that the controller writes. Upstream: deployment/util.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
pub(super) const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub(super) const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
pub(super) const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";

/// A ReplicaSet in numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Set {
    pub(super) object: ObjectRef,
    pub(super) name: Text,
    pub(super) created: SimTime,
    pub(super) template: TemplateId,
    pub(super) min_ready_seconds: i32,
    /// `spec.replicas`.
    pub(super) spec: i32,
    /// `status.replicas`.
    pub(super) replicas: i32,
    pub(super) ready: i32,
    pub(super) available: i32,
    pub(super) terminating: Option<i32>,
    pub(super) generation: i64,
    pub(super) observed_generation: i64,
    pub(super) deleting: bool,
    /// Annotations in numbers, where they are there and can be read.
    pub(super) revision: Option<i64>,
    pub(super) desired_replicas: Option<i32>,
    pub(super) max_replicas: Option<i32>,
    /// `ReplicaFailure`.
    pub(super) failure: Option<Condition>,
}

impl Set {
    fn new(object: ObjectRef, cluster: &Cluster) -> Option<Self> {
        let meta = cluster.meta(object);
        let body = cluster.body(object).as_replica_set()?;
        Some(Self {
            object,
            name: meta.name.clone(),
            created: meta.created,
            template: body.template,
            min_ready_seconds: body.min_ready_seconds,
            spec: body.replicas,
            replicas: body.status.replicas,
            ready: body.status.ready,
            available: body.status.available,
            terminating: body.status.terminating,
            generation: meta.generation,
            observed_generation: body.status.observed_generation,
            deleting: meta.deletion.is_some(),
            revision: number(&meta.annotations, REVISION),
            desired_replicas: number(&meta.annotations, DESIRED_REPLICAS),
            max_replicas: number(&meta.annotations, MAX_REPLICAS),
            failure: condition::find(&body.status.conditions, "ReplicaFailure").cloned(),
        })
    }

    /// Upstream: controller `FilterActiveReplicaSets`.
    pub(super) fn is_active(&self) -> bool {
        self.spec > 0
    }
}

/// What a sync sees.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) deployment: Deployment,
    pub(super) generation: i64,
    /// The old ReplicaSets, oldest first, then by name.
    pub(super) old: Vec<Set>,
    /// The ReplicaSet of the current template.
    pub(super) new: Option<Set>,
}

impl View {
    /// Reads a Deployment and its ReplicaSets. `is_new` tells which templates are the current one.
    /// Upstream: deployment/util `FindNewReplicaSet`, `FindOldReplicaSets`.
    pub(super) fn read(key: ObjectRef, cluster: &Cluster, mut is_new: impl FnMut(TemplateId) -> bool) -> Option<Self> {
        let deployment = cluster.body(key).as_deployment()?.clone();
        let mut old: Vec<Set> = cluster
            .owned(key, Kind::REPLICA_SET)
            .filter(|set| cluster.meta(*set).controller() == key)
            .filter_map(|set| Set::new(set, cluster))
            .collect();
        old.sort_by(|left, right| left.created.cmp(&right.created).then_with(|| left.name.cmp(&right.name)));
        let new = old.iter().position(|set| is_new(set.template)).map(|index| old.remove(index));
        Some(Self { deployment, generation: cluster.meta(key).generation, old, new })
    }

    /// Old ones and the new one.
    pub(super) fn all(&self) -> impl Iterator<Item = &Set> {
        self.old.iter().chain(&self.new)
    }

    /// `spec.replicas` of all ReplicaSets. Upstream: deployment/util `GetReplicaCountForReplicaSets`.
    pub(super) fn total_spec(&self) -> i32 {
        self.all().map(|set| set.spec).sum()
    }

    /// `--max-surge` and `--max-unavailable` in pods. Upstream: deployment/util `ResolveFenceposts`, `MaxSurge`,
    /// `MaxUnavailable`.
    pub(super) fn limits(&self) -> Limits {
        limits(self.deployment.strategy, self.deployment.replicas)
    }

    /// The number that names the next revision. Upstream: deployment/util `MaxRevision` over the old ReplicaSets.
    pub(super) fn next_revision(&self) -> i64 {
        self.old.iter().filter_map(|set| set.revision).max().unwrap_or(0).max(0) + 1
    }
}

/// How far a rolling update may stray from the desired number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) surge: i32,
    pub(super) unavailable: i32,
}

pub(super) fn limits(strategy: DeploymentStrategy, replicas: i32) -> Limits {
    let DeploymentStrategy::RollingUpdate { max_unavailable, max_surge } = strategy else {
        return Limits { surge: 0, unavailable: 0 };
    };
    let surge = max_surge.scaled(replicas, true);
    let mut unavailable = max_unavailable.scaled(replicas, false);
    if surge == 0 && unavailable == 0 {
        // Otherwise the update could not begin.
        unavailable = 1;
    }
    Limits { surge, unavailable: unavailable.min(replicas) }
}

fn number<T: std::str::FromStr>(annotations: &Labels, key: &str) -> Option<T> {
    annotations.get(key)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::int_or_percent::IntOrPercent::{Int, Percent};

    #[test]
    fn percentages_of_surge_round_up_and_of_unavailability_down() {
        let strategy = DeploymentStrategy::RollingUpdate { max_unavailable: Percent(25), max_surge: Percent(25) };
        for (replicas, surge, unavailable) in
            [(1, 1, 0), (2, 1, 0), (3, 1, 0), (4, 1, 1), (5, 2, 1), (7, 2, 1), (8, 2, 2), (9, 3, 2), (100, 25, 25)]
        {
            assert_eq!(limits(strategy, replicas), Limits { surge, unavailable }, "{replicas}");
        }
    }

    #[test]
    fn an_update_that_could_not_begin_may_lose_one_pod() {
        let strategy = DeploymentStrategy::RollingUpdate { max_unavailable: Percent(1), max_surge: Int(0) };
        assert_eq!(limits(strategy, 2), Limits { surge: 0, unavailable: 1 });
        assert_eq!(limits(strategy, 0), Limits { surge: 0, unavailable: 0 });
    }
}
