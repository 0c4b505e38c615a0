//! The ResourceQuota controller: counts what a namespace uses when a quota comes or changes and when something goes.
//! What comes is charged by admission. Upstream: resourcequota `syncResourceQuota`, `QuotaMonitor`.

use std::sync::Arc;

use crate::api::quota::{counted_kind, status_value};
use crate::cluster::{Change, Cluster, Fields, Verb};
use crate::engine::{Significance, SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, ObjectRef};

use super::plan::{Call, Plan, Status};
use super::runner::{Controller, News};
use super::work_queue::WorkQueue;

/// `--resource-quota-sync-period`.
const FULL_PASS: SimDuration = SimDuration::from_secs(300);

/// The controller.
#[derive(Debug, Default)]
pub(super) struct ResourceQuotaController;

impl Controller for ResourceQuotaController {
    type Draft = ();

    const COMPONENT: &'static str = "resourcequota-controller";

    #[inline]
    fn hears(&self, news: News<'_>, cluster: &Cluster) -> bool {
        cluster.has_quotas() && news.touches(Fields::PHASE | Fields::DELETION)
    }

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if change.object.kind == Kind::RESOURCE_QUOTA && cluster.is_live(change.object) {
            if change.fields.contains(Fields::SPEC) {
                queue.add(change.object);
            }
            return;
        }
        let (namespace, _) = cluster.identity(change.object);
        if !namespace.is_some() || cluster.quotas_in(namespace).is_empty() {
            return;
        }
        let Some(pod) = change.object.as_pod() else {
            if change.verb == Verb::Deleted || change.object.kind == Kind::SERVICE && change.verb == Verb::Modified {
                replenish(change.object.kind, namespace, cluster, queue);
            }
            return;
        };
        let row = cluster.pod(pod);
        let ended =
            change.verb == Verb::Modified && change.fields.contains(Fields::PHASE) && row.status.phase.is_terminal();
        if change.verb == Verb::Deleted || ended {
            replenish(Kind::POD, namespace, cluster, queue);
        } else if let Some(deletion) = row.deletion.filter(|_| change.fields.contains(Fields::DELETION)) {
            // A pod whose grace period has passed is not counted, gone or not; upstream sees that in its next full pass.
            let due = (deletion.timestamp + SimDuration::from_secs(1)).next_on_grid(SimTime::ZERO, FULL_PASS);
            for quota in cluster.quotas_in(namespace) {
                queue.add_after(now, *quota, due.since(now));
            }
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        if !cluster.is_live(key) {
            return Plan::done();
        }
        let quota = cluster.quota(key);
        let used = cluster.quota_usage(now, cluster.meta(key).namespace, &quota);
        if quota.enforced.as_ref() == Some(&quota.hard) && quota.used == used {
            return Plan::done();
        }
        let status = Arc::new(status_value(&quota.hard, &used));
        Plan::of(Call::Status { object: key, status: Status::Plain(status) })
    }

    fn significance(&self, _key: ObjectRef, _cluster: &Cluster) -> Significance {
        Significance::Stale
    }
}

/// Something of this kind went: quotas that count it. Upstream: resourcequota `Controller.replenishQuota`.
fn replenish(kind: Kind, namespace: NamespaceId, cluster: &Cluster, queue: &mut WorkQueue) {
    for quota in cluster.quotas_in(namespace) {
        let mut names = cluster.quota(*quota).hard.into_keys();
        let counts = names.any(|name| counted_kind(&name).map_or(kind == Kind::POD, |counted| counted == kind));
        if counts {
            queue.add(*quota);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{World, deployment};
    use super::*;
    use crate::cluster::DeleteOptions;
    use crate::model::object::Body;

    fn used(world: &World, quota: ObjectRef) -> Value {
        let Body::Plain { status } = world.cluster.body(quota) else { panic!("it is plain") };
        status["used"].clone()
    }

    #[test]
    fn a_quota_refuses_what_is_too_much_and_makes_room_when_something_goes() {
        let mut world = World::new(0);
        let hard = json!({"pods": "2", "count/deployments.apps": "1"});
        let quota = world.apply(json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard},
        }));
        world.run(SimDuration::from_secs(1));
        assert_eq!(used(&world, quota), json!({"count/deployments.apps": "0", "pods": "0"}));
        let key = world.apply(deployment("web", 3, "nginx:1.25"));
        world.run(SimDuration::from_secs(5));
        assert_eq!(used(&world, quota), json!({"count/deployments.apps": "1", "pods": "2"}));
        assert_eq!(world.cluster.count(Kind::POD), 2);
        let set = world.cluster.owned(key, Kind::REPLICA_SET).next().unwrap();
        let failure = world.cluster.body(set).as_replica_set().unwrap().status.conditions[0].clone();
        assert!(failure.message.ends_with("exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"));
        world.act(|now, cluster| cluster.delete(now, key, DeleteOptions::default())).unwrap();
        world.run(SimDuration::from_secs(60));
        assert_eq!(used(&world, quota), json!({"count/deployments.apps": "0", "pods": "0"}));
    }
}
