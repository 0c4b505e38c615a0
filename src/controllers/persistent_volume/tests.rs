//! Claims and volumes through the controllers.

use serde_json::{Value, json};

use super::super::testing::World;
use crate::cluster::DeleteOptions;
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, ObjectRef};

fn class(name: &str, mode: &str, provisioner: &str) -> Value {
    json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
        "provisioner": provisioner, "volumeBindingMode": mode, "reclaimPolicy": "Delete",
    })
}

fn volume(name: &str, size: &str, class: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": class,
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/data"},
        },
    })
}

fn claim(name: &str, size: &str, class: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": class, "resources": {"requests": {"storage": size}},
        },
    })
}

fn find_claim(world: &World, name: &str) -> ObjectRef {
    let namespace = world.cluster.namespace("default").unwrap();
    world.cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, namespace, name).unwrap()
}

fn find_volume(world: &World, name: &str) -> Option<ObjectRef> {
    world.cluster.find(Kind::PERSISTENT_VOLUME, NamespaceId::NONE, name)
}

fn until(world: &mut World, seconds: u64) {
    let duration = SimTime::from_secs(seconds).since(world.now);
    world.run(duration);
}

fn delete(world: &mut World, which: impl FnOnce(&World) -> ObjectRef) {
    let object = which(world);
    world.act(|now, cluster| cluster.delete(now, object, DeleteOptions::default())).unwrap();
}

/// Phase of a claim and its volume's name.
fn state(world: &World, name: &str) -> (String, String) {
    let claim = world.cluster.persistent_volume_claim(find_claim(world, name));
    (claim.phase.to_string(), claim.volume.to_string())
}

fn phase(world: &World, name: &str) -> String {
    world.cluster.persistent_volume(find_volume(world, name).unwrap()).phase.to_string()
}

fn reasons(world: &World) -> Vec<String> {
    let events = &world.cluster.events;
    events.rows().iter().map(|row| events.sort_of(row).reason.to_string()).collect()
}

#[test]
fn a_claim_is_bound_to_the_smallest_volume_that_will_do() {
    let mut world = World::new(0);
    for (name, size) in [("small", "1Gi"), ("large", "20Gi"), ("right", "10Gi")] {
        world.apply(volume(name, size, ""));
    }
    until(&mut world, 1);
    assert_eq!(phase(&world, "right"), "Available");
    world.apply(claim("data", "5Gi", ""));
    until(&mut world, 2);
    assert_eq!(state(&world, "data"), ("Bound".to_owned(), "right".to_owned()));
    assert_eq!(phase(&world, "right"), "Bound");
    let status = match &world.cluster.object(find_claim(&world, "data")).body {
        crate::model::object::Body::Plain { status } => status.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(*status, json!({"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "10Gi"}}));
}

#[test]
fn a_claim_without_volume_and_class_says_so_and_finds_a_volume_at_a_resync() {
    let mut world = World::new(0);
    world.apply(claim("data", "5Gi", ""));
    until(&mut world, 1);
    assert_eq!(state(&world, "data").0, "Pending");
    assert!(reasons(&world).contains(&"FailedBinding".to_owned()));
    world.apply(volume("late", "5Gi", ""));
    until(&mut world, 10);
    assert_eq!(state(&world, "data").0, "Pending", "upstream looks again every 15 s");
    until(&mut world, 16);
    assert_eq!(state(&world, "data"), ("Bound".to_owned(), "late".to_owned()));
}

#[test]
fn an_immediate_claim_is_provisioned_and_its_volume_goes_with_it() {
    let mut world = World::new(0);
    world.apply(class("fast", "Immediate", "ebs.csi.aws.com"));
    world.apply(claim("data", "5Gi", "fast"));
    until(&mut world, 3);
    let (phase, name) = state(&world, "data");
    assert_eq!(phase, "Bound");
    assert!(name.starts_with("pvc-"));
    let said = reasons(&world);
    for reason in ["ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"] {
        assert!(said.contains(&reason.to_owned()), "{reason} in {said:?}");
    }
    delete(&mut world, |world| find_claim(world, "data"));
    until(&mut world, 6);
    assert!(find_volume(&world, &name).is_none(), "its class says Delete");
}

#[test]
fn a_waiting_claim_is_left_alone_until_a_node_is_chosen() {
    let mut world = World::new(0);
    world.apply(class("local", "WaitForFirstConsumer", "ebs.csi.aws.com"));
    world.apply(volume("v", "5Gi", "local"));
    world.apply(claim("data", "5Gi", "local"));
    until(&mut world, 2);
    assert_eq!(state(&world, "data"), ("Pending".to_owned(), String::new()));
    assert!(reasons(&world).contains(&"WaitForFirstConsumer".to_owned()));
}

#[test]
fn a_claim_that_loses_its_volume_is_lost() {
    let mut world = World::new(0);
    world.apply(volume("v", "5Gi", ""));
    until(&mut world, 1);
    world.apply(claim("data", "5Gi", ""));
    until(&mut world, 2);
    let volume = find_volume(&world, "v").unwrap();
    // The finalizer would protect it: somebody takes that away too.
    world.act(|now, cluster| {
        cluster.modify_meta(now, volume, |meta| {
            meta.finalizers.clear();
            true
        })
    });
    delete(&mut world, |_| volume);
    until(&mut world, 3);
    assert_eq!(state(&world, "data").0, "Lost");
    assert!(reasons(&world).contains(&"ClaimLost".to_owned()));
}

#[test]
fn a_volume_of_a_deleted_claim_is_released_and_not_bound_again() {
    let mut world = World::new(0);
    world.apply(volume("v", "5Gi", ""));
    until(&mut world, 1);
    world.apply(claim("data", "5Gi", ""));
    until(&mut world, 2);
    delete(&mut world, |world| find_claim(world, "data"));
    until(&mut world, 3);
    assert_eq!(phase(&world, "v"), "Released");
    world.apply(claim("other", "5Gi", ""));
    until(&mut world, 40);
    assert_eq!(state(&world, "other").0, "Pending");
}

#[test]
fn a_claim_without_a_class_gets_the_default_one_at_once_or_when_it_comes() {
    let mut world = World::new(0);
    let unnamed = |name: &str| {
        let mut claim = claim(name, "1Gi", "");
        claim["spec"].as_object_mut().unwrap().remove("storageClassName");
        claim
    };
    world.apply(unnamed("early"));
    world.apply(claim("none", "1Gi", ""));
    until(&mut world, 2);
    let mut fast = class("fast", "Immediate", "csi.example.com");
    fast["metadata"]["annotations"] = json!({"storageclass.kubernetes.io/is-default-class": "true"});
    world.apply(fast);
    world.apply(unnamed("late"));
    let class_of = |world: &World, name: &str| world.cluster.persistent_volume_claim(find_claim(world, name)).class;
    assert_eq!(class_of(&world, "late").as_deref(), Some("fast"));
    assert_eq!(class_of(&world, "early"), None);
    until(&mut world, 20);
    assert_eq!(class_of(&world, "early").as_deref(), Some("fast"));
    assert_eq!(class_of(&world, "none").as_deref(), Some(""));
}

#[test]
fn a_provisioner_that_moved_out_of_kubernetes_is_asked_by_its_drivers_name() {
    let mut world = World::new(0);
    world.apply(class("disk", "Immediate", "kubernetes.io/gce-pd"));
    world.apply(claim("data", "1Gi", "disk"));
    until(&mut world, 5);
    let (phase, name) = state(&world, "data");
    assert_eq!(phase, "Bound");
    let volume = find_volume(&world, &name).unwrap();
    assert_eq!(world.cluster.object(volume).raw["spec"]["csi"]["driver"], "pd.csi.storage.gke.io");
    assert!(world.messages("ExternalProvisioning")[0].contains("external provisioner 'pd.csi.storage.gke.io' or"));
}

#[test]
fn a_provisioner_that_is_no_driver_hands_out_directories() {
    let mut world = World::new(0);
    world.apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}));
    world.apply(class("local", "WaitForFirstConsumer", "rancher.io/local-path"));
    world.apply(class("shared", "Immediate", "k8s-sigs.io/nfs-subdir-external-provisioner"));
    let mut data = claim("data", "1Gi", "local");
    data["metadata"]["annotations"] = json!({"volume.kubernetes.io/selected-node": "n1"});
    world.apply(data);
    world.apply(claim("common", "1Gi", "shared"));
    until(&mut world, 5);
    let raw = |name: &str| {
        let volume = find_volume(&world, &state(&world, name).1).unwrap();
        world.cluster.object(volume).raw["spec"].clone()
    };
    let local = raw("data");
    let path = local["hostPath"]["path"].as_str().unwrap();
    assert!(path.starts_with("/opt/local-path-provisioner/pvc-") && path.ends_with("_default_data"), "{path}");
    let term = &local["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0];
    assert_eq!((&term["key"], &term["values"]), (&json!("kubernetes.io/hostname"), &json!(["n1"])));
    assert_eq!(raw("common")["nfs"]["server"], "k8s-sigs.io");
}
