//! Volumes from the claim to the running pod, through scheduler, controllers and kubelet.

use super::{Simulation, Unobserved};
use crate::engine::SimDuration;
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, ObjectRef};
use crate::scenario::{LoadOptions, load_source, source_of_text};

fn shipped() -> Simulation {
    let text = include_str!("../../scenarios/volumes.yaml");
    let source = source_of_text("volumes.yaml", text, std::path::Path::new(""));
    let plan = load_source(&source, &LoadOptions::default()).unwrap();
    Simulation::new(&plan).unwrap()
}

fn claim(simulation: &Simulation, name: &str) -> crate::model::storage::PersistentVolumeClaim {
    let cluster = &simulation.cluster;
    let namespace = cluster.namespace("default").unwrap();
    cluster.persistent_volume_claim(cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, namespace, name).unwrap())
}

fn node_of(simulation: &Simulation, pod: &str) -> String {
    let pod = simulation.find_pod("default", pod).unwrap();
    simulation.cluster.node_name(simulation.cluster.pod(pod).node).to_owned()
}

#[test]
fn waiting_claims_are_bound_with_their_first_pod() {
    let mut simulation = shipped();
    simulation.run_to(SimDuration::from_secs(60), &mut Unobserved);
    assert_eq!(node_of(&simulation, "archive"), "node-3");
    assert_eq!(claim(&simulation, "archive").volume, "disk-of-node-3");
    for index in 0..2 {
        let claim = claim(&simulation, &format!("data-db-{index}"));
        assert_eq!(claim.phase, "Bound");
        assert!(claim.volume.starts_with("pvc-"), "{}", claim.volume);
        assert_eq!(node_of(&simulation, &format!("db-{index}")), claim.selected_node);
        let pod = simulation.find_pod("default", &format!("db-{index}")).unwrap();
        assert!(simulation.cluster.pod(pod).is_ready());
    }
}

#[test]
fn a_claim_in_use_outlives_its_deletion_until_its_pod_is_gone() {
    let mut simulation = shipped();
    simulation.run_to(SimDuration::from_secs(30), &mut Unobserved);
    let output = simulation.kubectl("delete pvc archive --wait=false", &mut Unobserved);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    simulation.run_to(SimDuration::from_secs(40), &mut Unobserved);
    assert!(claim(&simulation, "archive").deleting);
    let output = simulation.kubectl("delete pod archive --wait=false", &mut Unobserved);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    simulation.run_to(SimDuration::from_secs(90), &mut Unobserved);
    let cluster = &simulation.cluster;
    let namespace = cluster.namespace("default").unwrap();
    assert!(cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, namespace, "archive").is_none());
    let volume: ObjectRef = cluster.find(Kind::PERSISTENT_VOLUME, NamespaceId::NONE, "disk-of-node-3").unwrap();
    assert_eq!(cluster.persistent_volume(volume).phase, "Released");
}
