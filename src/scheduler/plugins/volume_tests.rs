//! VolumeBinding, VolumeZone, NodeVolumeLimits and ReadWriteOncePod on small clusters.

use serde_json::{Value, json};

use crate::api::{DecodeCache, FieldValidation, decode};
use crate::engine::SimTime;
use crate::model::object::{ObjectRef, PodId};
use crate::model::volume::{Volume, VolumeSource};
use crate::scheduler::explain::NamedExplanation;
use crate::scheduler::testing::{Driver, pod_spec, requests};

struct World {
    driver: Driver,
    pods: usize,
}

impl World {
    /// Three nodes n1, n2, n3 in zones a, b and none.
    fn new() -> Self {
        let mut world = Self { driver: Driver::new(), pods: 0 };
        for (name, zone) in [("n1", "a"), ("n2", "b"), ("n3", "")] {
            let mut labels = json!({ "kubernetes.io/hostname": name });
            if !zone.is_empty() {
                labels["topology.kubernetes.io/zone"] = zone.into();
            }
            world.apply(json!({
                "apiVersion": "v1", "kind": "Node", "metadata": { "name": name, "labels": labels },
                "status": { "allocatable": { "cpu": "8", "memory": "16Gi", "pods": "110" } },
            }));
        }
        world
    }

    fn apply(&mut self, manifest: Value) -> ObjectRef {
        let decoded = decode(manifest, "default", FieldValidation::Strict, &mut DecodeCache::default()).unwrap();
        self.driver.cluster.create(self.driver.now, decoded).unwrap()
    }

    fn class(&mut self, name: &str, provisioner: &str) {
        self.apply(json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": name },
            "provisioner": provisioner, "volumeBindingMode": "WaitForFirstConsumer",
        }));
    }

    /// A volume, Available, for the node of this name only if there is one.
    #[expect(clippy::needless_pass_by_value, reason = "cases are written in place")]
    fn volume(&mut self, name: &str, size: &str, class: &str, node: &str, labels: Value) -> ObjectRef {
        let mut spec = json!({
            "capacity": { "storage": size }, "accessModes": ["ReadWriteOnce"], "storageClassName": class,
            "csi": { "driver": "disk.example.com", "volumeHandle": name },
        });
        if !node.is_empty() {
            spec["nodeAffinity"] = json!({ "required": { "nodeSelectorTerms": [
                { "matchExpressions": [{ "key": "kubernetes.io/hostname", "operator": "In", "values": [node] }] },
            ] } });
        }
        let manifest = json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": name, "labels": labels }, "spec": spec,
        });
        let volume = self.apply(manifest);
        self.driver.cluster.modify_stored(self.driver.now, volume, |_, _, status| {
            status["phase"] = "Available".into();
            crate::cluster::Fields::STATUS
        });
        volume
    }

    fn claim(&mut self, name: &str, size: &str, class: &str, mode: &str) -> ObjectRef {
        self.apply(json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": name },
            "spec": {
                "accessModes": [mode], "storageClassName": class, "resources": { "requests": { "storage": size } },
            },
        }))
    }

    /// A claim that is bound to a volume for good.
    fn bound_claim(&mut self, name: &str, volume: &str) {
        let claim = self.claim(name, "1Gi", "", "ReadWriteOnce");
        self.bind(claim, volume);
    }

    fn bind(&mut self, claim: ObjectRef, volume: &str) {
        self.driver.cluster.modify_stored(self.driver.now, claim, |meta, raw, status| {
            raw["spec"]["volumeName"] = volume.into();
            meta.annotations = meta.annotations.with("pv.kubernetes.io/bind-completed", "yes").into();
            status["phase"] = "Bound".into();
            crate::cluster::Fields::all()
        });
    }

    fn pod(&mut self, claims: &[&str]) -> PodId {
        self.pods += 1;
        let mut spec = pod_spec(requests("1", "1Gi"));
        for claim in claims {
            let source = VolumeSource::Claim { claim: (*claim).into(), read_only: false };
            spec.volumes.push(Volume { name: (*claim).into(), source, is_used: true });
        }
        self.driver.pod(&format!("p{}", self.pods), spec)
    }

    /// What the scheduler says of a pod with these claims.
    fn explain(&mut self, claims: &[&str]) -> NamedExplanation {
        let pod = self.pod(claims);
        self.driver.run(self.driver.now + crate::engine::SimDuration::from_millis(1));
        self.driver.scheduler.explain(self.driver.now, &self.driver.cluster, pod).unwrap()
    }
}

/// Nodes with the plugin that rejects them and its reasons.
fn rejected(explanation: &NamedExplanation) -> Vec<(&str, &str, String)> {
    let nodes = explanation.nodes.iter();
    nodes.filter_map(|node| Some((node.node.as_str(), node.rejected_by.as_deref()?, node.reasons.join(", ")))).collect()
}

const BIND: &str = "node(s) didn't find available persistent volumes to bind";

#[test]
fn a_waiting_claim_follows_the_smallest_volume_of_its_class_that_the_node_can_use() {
    let mut world = World::new();
    world.class("local", "kubernetes.io/no-provisioner");
    world.volume("v1", "5Gi", "local", "n1", json!({}));
    world.volume("v2", "20Gi", "local", "n2", json!({}));
    world.claim("small", "1Gi", "local", "ReadWriteOnce");
    world.claim("large", "10Gi", "local", "ReadWriteOnce");
    let small = world.explain(&["small"]);
    let unbindable = |node| (node, "VolumeBinding", BIND.to_owned());
    assert_eq!(rejected(&small), [unbindable("n3")]);
    assert!(small.nodes[2].preemption_may_help == Some(false));
    let large = world.explain(&["large"]);
    assert_eq!(rejected(&large), [unbindable("n1"), unbindable("n3")]);
    let both = world.explain(&["small", "large"]);
    assert_eq!(rejected(&both).len(), 3, "no node has two volumes");
}

#[test]
fn a_class_that_provisions_makes_do_without_volumes_where_it_may() {
    let mut world = World::new();
    world.apply(json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": "zonal" },
        "provisioner": "disk.example.com", "volumeBindingMode": "WaitForFirstConsumer",
        "allowedTopologies": [{ "matchLabelExpressions": [{ "key": "topology.kubernetes.io/zone", "values": ["b"] }] }],
    }));
    world.claim("data", "1Gi", "zonal", "ReadWriteOnce");
    let explanation = world.explain(&["data"]);
    let nodes: Vec<&str> = rejected(&explanation).iter().map(|(node, ..)| *node).collect();
    assert_eq!(nodes, ["n1", "n3"]);
    assert_eq!(explanation.winner.as_deref(), Some("n2"));
}

#[test]
fn a_claim_whose_node_was_chosen_already_stays_with_it() {
    let mut world = World::new();
    world.class("csi", "disk.example.com");
    let claim = world.claim("data", "1Gi", "csi", "ReadWriteOnce");
    world.driver.cluster.modify_meta(world.driver.now, claim, |meta| {
        meta.annotations = meta.annotations.with("volume.kubernetes.io/selected-node", "n2").into();
        true
    });
    assert_eq!(world.explain(&["data"]).winner.as_deref(), Some("n2"));
}

#[test]
fn a_drivers_capacity_counts_if_it_publishes_one() {
    let mut world = World::new();
    world.class("csi", "disk.example.com");
    world.apply(json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": { "name": "disk.example.com" },
        "spec": { "storageCapacity": true },
    }));
    world.apply(json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "CSIStorageCapacity", "metadata": { "name": "a" },
        "storageClassName": "csi", "capacity": "5Gi",
        "nodeTopology": { "matchLabels": { "topology.kubernetes.io/zone": "a" } },
    }));
    world.claim("data", "4Gi", "csi", "ReadWriteOnce");
    world.claim("more", "6Gi", "csi", "ReadWriteOnce");
    assert_eq!(world.explain(&["data"]).winner.as_deref(), Some("n1"));
    let none = world.explain(&["more"]);
    assert_eq!(rejected(&none)[0].2, "node(s) did not have enough free storage");
}

#[test]
fn bound_volumes_bind_pods_by_affinity_and_zone() {
    let mut world = World::new();
    world.volume("v1", "1Gi", "", "n2", json!({}));
    world.bound_claim("affine", "v1");
    let affine = world.explain(&["affine"]);
    let conflict = "node(s) didn't match PersistentVolume's node affinity".to_owned();
    let expected = [("n1", "VolumeBinding", conflict.clone()), ("n3", "VolumeBinding", conflict)];
    assert_eq!(rejected(&affine), expected);
    world.volume("v2", "1Gi", "", "", json!({ "failure-domain.beta.kubernetes.io/zone": "b__c" }));
    world.bound_claim("zoned", "v2");
    let zoned = world.explain(&["zoned"]);
    // n3 says nothing of zones.
    assert_eq!(rejected(&zoned), [("n1", "VolumeZone", "node(s) had no available volume zone".to_owned())]);
}

#[test]
fn claims_that_cannot_be_used_reject_the_pod_at_once() {
    let mut world = World::new();
    world.claim("immediate", "1Gi", "", "ReadWriteOnce");
    for (claims, plugin, text) in [
        (&["absent"][..], "VolumeRestrictions", "persistentvolumeclaim \"absent\" not found"),
        (&["immediate"], "VolumeBinding", "pod has unbound immediate PersistentVolumeClaims"),
    ] {
        let explanation = world.explain(claims);
        assert_eq!(explanation.rejected_by.as_deref(), Some(plugin));
        assert_eq!(explanation.message, format!("0/3 nodes are available: {text}. not found"));
    }
    world.bound_claim("gone", "nothing");
    let gone = world.explain(&["gone"]);
    assert_eq!(gone.rejected_by.as_deref(), Some("VolumeZone"));
    assert!(gone.message.contains("persistentvolume \"nothing\" not found"), "{}", gone.message);
}

#[test]
fn a_node_takes_as_many_volumes_as_its_driver_attaches() {
    let mut world = World::new();
    for (node, count) in [("n1", 1), ("n2", 2)] {
        world.apply(json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": { "name": node },
            "spec": { "drivers": [{ "name": "disk.example.com", "nodeID": node, "allocatable": { "count": count } }] },
        }));
    }
    for name in ["a", "b", "c"] {
        world.volume(&format!("v-{name}"), "1Gi", "", "", json!({}));
        world.bound_claim(name, &format!("v-{name}"));
    }
    let exceeds = |node| (node, "NodeVolumeLimits", "node(s) exceed max volume count".to_owned());
    assert_eq!(rejected(&world.explain(&["a", "b", "c"])), [exceeds("n1"), exceeds("n2")]);
    assert_eq!(rejected(&world.explain(&["a", "b"])), [exceeds("n1")]);
    assert_eq!(rejected(&world.explain(&["a", "a"])), [], "one volume counts once");
}

#[test]
fn a_claim_for_one_pod_is_not_used_by_two() {
    let mut world = World::new();
    world.volume("v", "1Gi", "", "", json!({}));
    let claim = world.claim("only", "1Gi", "", "ReadWriteOncePod");
    world.bind(claim, "v");
    let first = world.pod(&["only"]);
    world.driver.run(SimTime::from_secs(1));
    assert!(world.driver.cluster.pod(first).node.is_some());
    let second = world.explain(&["only"]);
    assert_eq!(rejected(&second).len(), 3);
    assert!(
        rejected(&second)[0].2.starts_with("node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod")
    );
    assert_eq!(second.nodes[0].preemption_may_help, Some(true));
}

#[test]
fn a_decision_is_written_then_waited_for() {
    let mut world = World::new();
    world.class("csi", "disk.example.com");
    let claim = world.claim("data", "1Gi", "csi", "ReadWriteOnce");
    let pod = world.pod(&["data"]);
    world.driver.run(SimTime::from_secs(5));
    let facts = world.driver.cluster.persistent_volume_claim(claim);
    assert_eq!(facts.selected_node, "n1");
    assert!(world.driver.cluster.pod(pod).node.is_none(), "nobody has provisioned the volume yet");
    assert_eq!(world.driver.cluster.node_name(world.driver.cluster.pod(pod).nominated), "n1");
    let volume = world.volume("v", "1Gi", "csi", "", json!({}));
    let _ = volume;
    world.bind(claim, "v");
    world.driver.run(SimTime::from_secs(7));
    assert_eq!(world.driver.cluster.node_name(world.driver.cluster.pod(pod).node), "n1");
    assert!(world.driver.pending().is_empty() || world.driver.cluster.pod(pod).nominated.is_none());
}

#[test]
fn a_wait_that_leads_nowhere_ends_with_an_error_after_ten_minutes() {
    let mut world = World::new();
    world.class("csi", "disk.example.com");
    world.claim("data", "1Gi", "csi", "ReadWriteOnce");
    let pod = world.pod(&["data"]);
    world.driver.run(SimTime::from_secs(620));
    let messages = world.driver.messages(pod);
    let timeout = "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded";
    assert!(messages.iter().any(|message| message == timeout), "{messages:?}");
}
