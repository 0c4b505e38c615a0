//! The garbage collector: what has lost its owners goes; what is deleted in the foreground waits for its dependents;
//! what is deleted with orphans sets them free.
//! Upstream: garbagecollector `attemptToDeleteItem`, `processDeletingDependentsItem`, `attemptToOrphanWorker`.

use crate::cluster::{Change, Cluster, DeleteOptions, EventDraft, EventType, Fields, Propagation, Verb};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, ObjectRef, OwnerReference};

use super::calls::event;
use super::plan::{Call, Outcome, Plan};
use super::runner::{Controller, News};
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
    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        news.touches(Fields::DELETION | Fields::OWNERSHIP)
    }

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
        let mut calls = Vec::new();
        collect(key, cluster, &mut calls);
        let mut plan = Plan::done();
        for call in calls {
            plan.push(call);
        }
        plan
    }

    /// Dependents of an object that waits for them are deleted, or have lost it.
    fn resume(&mut self, _now: SimTime, key: ObjectRef, (): (), outcome: &Outcome, cluster: &mut Cluster) -> Plan<()> {
        if outcome.refusal.is_some() {
            return Plan::done().fail();
        }
        if is_waiting(key, cluster) && !is_blocked(key, &dependents(key, cluster), cluster) {
            return Plan::of(Call::RemoveFinalizer { object: key, finalizer: FOREGROUND });
        }
        Plan::done()
    }
}

/// Do some of its dependents keep an owner that is being deleted in the foreground?
fn is_blocked(owner: ObjectRef, dependents: &[ObjectRef], cluster: &Cluster) -> bool {
    let blocks = |one: &OwnerReference| one.owner == owner && one.block_owner_deletion;
    dependents.iter().any(|dependent| owners(*dependent, cluster).any(|owner| blocks(&owner)))
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

/// Who owns an object: nearly always one.
fn owners(object: ObjectRef, cluster: &Cluster) -> impl Iterator<Item = OwnerReference> + '_ {
    let (controller, others) = match object.as_pod() {
        Some(pod) => {
            let row = cluster.pod(pod);
            (row.controller, row.extra.as_ref().map_or(&[][..], |extra| &extra.owners[..]))
        }
        None => (ObjectRef::NONE, &cluster.meta(object).owners[..]),
    };
    let controller = controller.is_some().then_some(OwnerReference {
        owner: controller,
        controller: true,
        block_owner_deletion: true,
    });
    controller.into_iter().chain(others.iter().cloned())
}

fn has_lost_owner(object: ObjectRef, cluster: &Cluster) -> bool {
    if cluster.has_absent_owner(object) {
        return true;
    }
    if let Some(pod) = object.as_pod()
        && cluster.pod(pod).extra.is_none()
    {
        let controller = cluster.pod(pod).controller;
        return controller.is_some() && !cluster.is_live(controller);
    }
    owners(object, cluster).any(|owner| !is_there(object, owner.owner, cluster))
}

/// Is an owner where its dependent looks for it? Those of another namespace are not.
fn is_there(dependent: ObjectRef, owner: ObjectRef, cluster: &Cluster) -> bool {
    cluster.is_live(owner) && !is_elsewhere(dependent, owner, cluster)
}

fn is_elsewhere(dependent: ObjectRef, owner: ObjectRef, cluster: &Cluster) -> bool {
    let both = owner.kind.is_namespaced() && dependent.kind.is_namespaced();
    both && namespace_of(dependent, cluster) != namespace_of(owner, cluster)
}

fn namespace_of(object: ObjectRef, cluster: &Cluster) -> NamespaceId {
    match object.as_pod() {
        Some(pod) => cluster.pod(pod).namespace,
        None => cluster.meta(object).namespace,
    }
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

/// What is done about an object that may have lost its owners, one after another. Upstream: garbagecollector
/// `attemptToDeleteItem`.
fn collect(key: ObjectRef, cluster: &Cluster, calls: &mut Vec<Call>) {
    let (mut solid, mut has_lost, mut waited_for) = (Vec::new(), cluster.has_absent_owner(key), false);
    for reference in owners(key, cluster) {
        let owner = reference.owner;
        let is_live = cluster.is_live(owner);
        let is_elsewhere = is_live && is_elsewhere(key, owner, cluster);
        let is_waiting = is_live && is_waiting(owner, cluster);
        if is_live && !is_elsewhere && !is_waiting {
            solid.push(reference);
            continue;
        }
        has_lost = true;
        waited_for |= is_waiting;
        if is_elsewhere {
            calls.push(Call::Event(Box::new(wrong_namespace(key, owner, cluster))));
        }
    }
    if !has_lost {
        return;
    }
    if !solid.is_empty() {
        calls.push(Call::SetOwners { object: key, owners: solid });
        return;
    }
    let propagation = if waited_for && !dependents(key, cluster).is_empty() || has_finalizer(key, FOREGROUND, cluster) {
        Propagation::Foreground
    } else if has_finalizer(key, ORPHAN, cluster) {
        Propagation::Orphan
    } else {
        Propagation::Background
    };
    calls.push(Call::Delete { object: key, options: DeleteOptions { grace_seconds: None, propagation } });
}

/// Upstream: garbagecollector `reportInvalidNamespaceOwnerRef`.
fn wrong_namespace(dependent: ObjectRef, owner: ObjectRef, cluster: &Cluster) -> EventDraft {
    let namespace = cluster.namespace_name(cluster.identity(dependent).0);
    let (version, kind) = (owner.kind.api_version(), owner.kind.info().name);
    let (name, uid) = (cluster.identity(owner).1, cluster.uid(owner));
    let message = format!(
        "ownerRef [{version}/{kind}, namespace: {namespace}, name: {name}, uid: {uid}] does not exist in namespace {namespace:?}"
    );
    event(dependent, EventType::Warning, "OwnerRefInvalidNamespace", message, GarbageCollector::COMPONENT)
}

/// Foreground: dependents first. Upstream: garbagecollector `processDeletingDependentsItem`.
fn delete_dependents(key: ObjectRef, cluster: &Cluster) -> Plan<()> {
    let mut plan = Plan::done();
    let all = dependents(key, cluster);
    if !is_blocked(key, &all, cluster) {
        return Plan::of(Call::RemoveFinalizer { object: key, finalizer: FOREGROUND });
    }
    // One that has other owners too only loses this one.
    let mut calls = Vec::with_capacity(all.len());
    for dependent in all.into_iter().filter(|dependent| !is_being_deleted(*dependent, cluster)) {
        collect(dependent, cluster, &mut calls);
    }
    plan.push_together(calls);
    plan.resume_with(())
}

/// Orphan: dependents lose this owner, then it goes. Upstream: garbagecollector `orphanDependents`.
fn set_dependents_free(key: ObjectRef, cluster: &Cluster) -> Plan<()> {
    let mut plan = Plan::done();
    let freed = dependents(key, cluster).into_iter().map(|dependent| {
        let left = owners(dependent, cluster).filter(|owner| owner.owner != key).collect();
        Call::SetOwners { object: dependent, owners: left }
    });
    plan.push_together(freed.collect());
    plan.then(Call::RemoveFinalizer { object: key, finalizer: ORPHAN })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{World, deployment};
    use super::*;
    use crate::engine::SimDuration;

    fn world() -> (World, ObjectRef) {
        let mut world = World::new(0);
        let key = world.apply(deployment("web", 3, "nginx:1.25"));
        world.run(SimDuration::from_secs(5));
        (world, key)
    }

    /// A ConfigMap of these owners.
    fn owned(world: &mut World, name: &str, owners: &[ObjectRef]) -> ObjectRef {
        let reference = |owner: &ObjectRef| {
            let (name, uid) = (world.cluster.identity(*owner).1, world.cluster.uid(*owner));
            json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, "blockOwnerDeletion": true})
        };
        let references: Vec<Value> = owners.iter().map(reference).collect();
        let metadata = json!({"name": name, "ownerReferences": references});
        world.apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}))
    }

    #[test]
    fn who_has_another_owner_stays_when_one_goes_in_the_foreground() {
        let mut world = World::new(0);
        let (one, other) = (owned(&mut world, "one", &[]), owned(&mut world, "other", &[]));
        let shared = owned(&mut world, "shared", &[one, other]);
        let own = owned(&mut world, "own", &[one]);
        delete(&mut world, one, Propagation::Foreground);
        world.run(SimDuration::from_secs(5));
        assert!(!world.cluster.is_live(one) && !world.cluster.is_live(own));
        assert!(world.cluster.is_live(shared) && world.cluster.meta(shared).owners.len() == 1);
        delete(&mut world, other, Propagation::Background);
        world.run(SimDuration::from_secs(5));
        assert!(!world.cluster.is_live(shared));
    }

    #[test]
    fn an_owner_of_another_namespace_is_none() {
        let mut world = World::new(0);
        world.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "far"}}));
        world.run(SimDuration::from_secs(1));
        let far = world
            .apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "far", "namespace": "far"}}));
        let lost = owned(&mut world, "lost", &[far]);
        world.run(SimDuration::from_secs(5));
        assert!(world.cluster.is_live(far) && !world.cluster.is_live(lost));
        assert_eq!(world.messages("OwnerRefInvalidNamespace").len(), 1);
    }

    #[test]
    fn who_names_an_owner_that_never_was_goes_unless_another_one_is_there() {
        let mut world = World::new(0);
        let owner = owned(&mut world, "owner", &[]);
        let stranger = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "d9607e19-f88f-11e6-a518-42010a800195",
        });
        let own = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": world.cluster.uid(owner)});
        let mut made = |name: &str, owners: Value| {
            let metadata = json!({"name": name, "ownerReferences": owners});
            world.apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}))
        };
        let (lost, kept) = (made("lost", json!([stranger])), made("kept", json!([own, stranger])));
        world.run(SimDuration::from_secs(5));
        assert!(!world.cluster.is_live(lost) && world.cluster.is_live(kept));
        assert!(!world.cluster.has_absent_owner(kept));
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
