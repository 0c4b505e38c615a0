//! The garbage collector: what has lost its owners goes; what is deleted in the foreground waits for its dependents;
//! what is deleted with orphans sets them free.
//! Upstream: garbagecollector `attemptToDeleteItem`, `processDeletingDependentsItem`, `attemptToOrphanWorker`.

use crate::cluster::{Change, Cluster, DeleteOptions, Fields, Propagation, Verb};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, OwnerReference};

use super::plan::{Call, Plan};
use super::runner::Controller;
use super::work_queue::WorkQueue;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// The controller. It keeps no graph of its own: the cluster's indexes are one.
#[derive(Debug, Default)]
pub(super) struct GarbageCollector;

impl Controller for GarbageCollector {
    type Draft = ();

    const COMPONENT: &'static str = "garbage-collector-controller";

    /// Upstream: garbagecollector `processGraphChanges`.
    fn observe(&mut self, _now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let object = change.object;
        match change.verb {
            Verb::Deleted => {
                for dependent in dependents(object, cluster) {
                    queue.add(dependent);
                }
                for owner in owners(object, cluster) {
                    if is_waiting(owner.owner, cluster) {
                        queue.add(owner.owner);
                    }
                }
            }
            Verb::Added | Verb::Modified => {
                let deleting = change.fields.contains(Fields::DELETION) && has_own_finalizer(object, cluster);
                let disowned = change.fields.contains(Fields::OWNERSHIP) && has_lost_owner(object, cluster);
                if deleting || disowned {
                    queue.add(object);
                }
            }
        }
    }

    fn sync(&mut self, _now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        if !cluster.is_live(key) {
            return Plan::done();
        }
        if is_being_deleted(key, cluster) {
            return if has_finalizer(key, ORPHAN, cluster) {
                set_dependents_free(key, cluster)
            } else if has_finalizer(key, FOREGROUND, cluster) {
                delete_dependents(key, cluster)
            } else {
                Plan::done()
            };
        }
        collect(key, cluster)
    }
}

/// Everything that names `owner` as an owner.
fn dependents(owner: ObjectRef, cluster: &Cluster) -> Vec<ObjectRef> {
    if owner.kind == Kind::POD {
        // Claims are all that pods own: those of StatefulSets that delete claims when they shrink.
        return cluster.owned(owner, Kind::PERSISTENT_VOLUME_CLAIM).collect();
    }
    let mut found: Vec<ObjectRef> = cluster.pods_of(owner).map(ObjectRef::pod).collect();
    found.extend(cluster.dependents(owner));
    found
}

fn owners(object: ObjectRef, cluster: &Cluster) -> Vec<OwnerReference> {
    let Some(pod) = object.as_pod() else { return cluster.meta(object).owners.clone() };
    let row = cluster.pod(pod);
    let controller = row.controller.is_some().then_some(OwnerReference {
        owner: row.controller,
        controller: true,
        block_owner_deletion: true,
    });
    controller.into_iter().chain(row.extra.iter().flat_map(|extra| extra.owners.iter().cloned())).collect()
}

fn has_lost_owner(object: ObjectRef, cluster: &Cluster) -> bool {
    if let Some(pod) = object.as_pod()
        && cluster.pod(pod).extra.is_none()
    {
        let controller = cluster.pod(pod).controller;
        return controller.is_some() && !cluster.is_live(controller);
    }
    owners(object, cluster).iter().any(|owner| !cluster.is_live(owner.owner))
}

fn is_being_deleted(object: ObjectRef, cluster: &Cluster) -> bool {
    match object.as_pod() {
        Some(pod) => cluster.pod(pod).deletion.is_some(),
        None => cluster.meta(object).deletion.is_some(),
    }
}

fn has_finalizer(object: ObjectRef, finalizer: &str, cluster: &Cluster) -> bool {
    let finalizers = match object.as_pod() {
        Some(pod) => cluster.pod(pod).finalizers(),
        None => &cluster.meta(object).finalizers,
    };
    finalizers.iter().any(|candidate| candidate == finalizer)
}

fn has_own_finalizer(object: ObjectRef, cluster: &Cluster) -> bool {
    has_finalizer(object, FOREGROUND, cluster) || has_finalizer(object, ORPHAN, cluster)
}

/// Does a live object wait for its dependents?
fn is_waiting(owner: ObjectRef, cluster: &Cluster) -> bool {
    cluster.is_live(owner) && is_being_deleted(owner, cluster) && has_finalizer(owner, FOREGROUND, cluster)
}

/// An object that may have lost its owners. Upstream: garbagecollector `attemptToDeleteItem`.
fn collect(key: ObjectRef, cluster: &Cluster) -> Plan<()> {
    let owners = owners(key, cluster);
    let (solid, lost): (Vec<_>, Vec<_>) =
        owners.into_iter().partition(|owner| cluster.is_live(owner.owner) && !is_waiting(owner.owner, cluster));
    if lost.is_empty() {
        return Plan::done();
    }
    if !solid.is_empty() {
        return Plan::of(disown(key, solid));
    }
    let waited_for = lost.iter().any(|owner| is_waiting(owner.owner, cluster));
    let propagation = if waited_for && !dependents(key, cluster).is_empty() || has_finalizer(key, FOREGROUND, cluster) {
        Propagation::Foreground
    } else if has_finalizer(key, ORPHAN, cluster) {
        Propagation::Orphan
    } else {
        Propagation::Background
    };
    Plan::of(Call::Delete { object: key, options: DeleteOptions { grace_seconds: None, propagation } })
}

/// Leaves an object these owners only.
fn disown(object: ObjectRef, owners: Vec<OwnerReference>) -> Call {
    match object.as_pod() {
        Some(pod) => {
            let controller = owners.iter().find(|owner| owner.controller).map_or(ObjectRef::NONE, |owner| owner.owner);
            Call::SetPodController { pod, controller }
        }
        None => Call::SetOwners { object, owners },
    }
}

/// Foreground: dependents first. Upstream: garbagecollector `processDeletingDependentsItem`.
fn delete_dependents(key: ObjectRef, cluster: &Cluster) -> Plan<()> {
    let mut plan = Plan::done();
    let blocks = |dependent: &ObjectRef| {
        owners(*dependent, cluster).iter().any(|owner| owner.owner == key && owner.block_owner_deletion)
    };
    let all = dependents(key, cluster);
    if !all.iter().any(blocks) {
        return Plan::of(Call::RemoveFinalizer { object: key, finalizer: FOREGROUND });
    }
    let deletions = all.into_iter().filter(|dependent| !is_being_deleted(*dependent, cluster)).map(|dependent| {
        let has_own = !dependents(dependent, cluster).is_empty();
        let propagation = if has_own { Propagation::Foreground } else { Propagation::Background };
        Call::Delete { object: dependent, options: DeleteOptions { grace_seconds: None, propagation } }
    });
    plan.push_together(deletions.collect());
    plan
}

/// Orphan: dependents lose this owner, then it goes. Upstream: garbagecollector `orphanDependents`.
fn set_dependents_free(key: ObjectRef, cluster: &Cluster) -> Plan<()> {
    let mut plan = Plan::done();
    let freed = dependents(key, cluster).into_iter().map(|dependent| {
        let left = owners(dependent, cluster).into_iter().filter(|owner| owner.owner != key).collect();
        disown(dependent, left)
    });
    plan.push_together(freed.collect());
    plan.then(Call::RemoveFinalizer { object: key, finalizer: ORPHAN })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{World, deployment};
    use super::*;
    use crate::engine::SimDuration;

    fn world() -> (World, ObjectRef) {
        let mut world = World::new(0);
        let key = world.apply(deployment("web", 3, "nginx:1.25"));
        world.run(SimDuration::from_secs(5));
        (world, key)
    }

    fn delete(world: &mut World, key: ObjectRef, propagation: Propagation) {
        world.act(|now, cluster| cluster.delete(now, key, DeleteOptions { grace_seconds: None, propagation })).unwrap();
    }

    #[test]
    fn a_deleted_deployment_takes_replica_sets_and_pods_with_it() {
        let (mut world, key) = world();
        delete(&mut world, key, Propagation::Background);
        assert_eq!(world.cluster.count(Kind::DEPLOYMENT), 0);
        world.run(SimDuration::from_secs(5));
        assert_eq!((world.cluster.count(Kind::REPLICA_SET), world.cluster.count(Kind::POD)), (0, 0));
    }

    #[test]
    fn in_the_foreground_the_owner_goes_last() {
        fn owner_is_there(cluster: &Cluster) {
            let (sets, pods) = (cluster.count(Kind::REPLICA_SET), cluster.count(Kind::POD));
            assert!(pods == 0 || sets == 1, "pods outlive their ReplicaSet");
            assert!(sets == 0 || cluster.count(Kind::DEPLOYMENT) == 1, "a ReplicaSet outlives its Deployment");
        }
        let (mut world, key) = world();
        world.checks.push(owner_is_there);
        delete(&mut world, key, Propagation::Foreground);
        assert_eq!(world.cluster.count(Kind::DEPLOYMENT), 1);
        world.run(SimDuration::from_secs(5));
        assert_eq!((world.cluster.count(Kind::DEPLOYMENT), world.cluster.count(Kind::POD)), (0, 0));
    }

    #[test]
    fn orphans_stay_and_are_adopted_again() {
        let (mut world, key) = world();
        let set = world.cluster.owned(key, Kind::REPLICA_SET).next().unwrap();
        delete(&mut world, key, Propagation::Orphan);
        world.run(SimDuration::from_secs(5));
        assert_eq!((world.cluster.count(Kind::DEPLOYMENT), world.cluster.count(Kind::POD)), (0, 3));
        assert!(!world.cluster.meta(set).controller().is_some());
        let again = world.apply(deployment("web", 3, "nginx:1.25"));
        world.run(SimDuration::from_secs(5));
        assert_eq!(world.cluster.meta(set).controller(), again);
        assert_eq!((world.cluster.count(Kind::REPLICA_SET), world.cluster.count(Kind::POD)), (1, 3));
    }
}
