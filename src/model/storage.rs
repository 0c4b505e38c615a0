//! PersistentVolumes, claims and StorageClasses as far as binding and scheduling read them, and how a volume is chosen
//! for a claim. Plain data, read from the stored objects when it is needed.

use std::sync::Arc;

use super::Text;
use super::affinity::NodeSelectorTerm;
use super::labels::Labels;
use super::selector::LabelSelector;

/// Annotation of a claim (or volume) whose binding is complete. Upstream: volume/util `AnnBindCompleted`.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// Annotation of what a controller has bound. Upstream: volume/util `AnnBoundByController`.
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// Annotation of a claim with the node that the scheduler has chosen. Upstream: volume/util `AnnSelectedNode`.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// The provisioner of classes that provision nothing. Upstream: volume/util `NotSupportedProvisioner`.
pub const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// `spec.claimRef` of a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimReference {
    /// Namespace of the claim.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
    /// Its UID; empty for a volume that its creator has reserved.
    pub uid: String,
}

/// A PersistentVolume.
#[derive(Clone, Debug, PartialEq)]
pub struct PersistentVolume {
    /// Name.
    pub name: Text,
    /// Labels.
    pub labels: Arc<Labels>,
    /// `spec.capacity.storage`, bytes.
    pub capacity: i64,
    /// `spec.accessModes`.
    pub access_modes: Vec<Text>,
    /// Its class; empty is a class too.
    pub class: Text,
    /// `spec.volumeMode`.
    pub mode: Text,
    /// `spec.volumeAttributesClassName`.
    pub attributes_class: Text,
    /// `spec.nodeAffinity.required`; `None`: usable on every node.
    pub node_affinity: Option<Vec<NodeSelectorTerm>>,
    /// `spec.claimRef`.
    pub claim: Option<ClaimReference>,
    /// `spec.persistentVolumeReclaimPolicy`.
    pub reclaim_policy: Text,
    /// `status.phase`.
    pub phase: Text,
    /// Is it being deleted?
    pub deleting: bool,
    /// Driver and handle of a CSI volume.
    pub csi: Option<(Text, Text)>,
}

/// A PersistentVolumeClaim.
#[derive(Clone, Debug, PartialEq)]
pub struct PersistentVolumeClaim {
    /// Namespace.
    pub namespace: Text,
    /// Name.
    pub name: Text,
    /// UID.
    pub uid: String,
    /// `spec.resources.requests.storage`, bytes.
    pub request: i64,
    /// `spec.accessModes`.
    pub access_modes: Vec<Text>,
    /// Its class; `None` if it names none.
    pub class: Option<Text>,
    /// `spec.volumeMode`.
    pub mode: Text,
    /// `spec.volumeAttributesClassName`.
    pub attributes_class: Text,
    /// `spec.selector`.
    pub selector: Option<LabelSelector>,
    /// `spec.volumeName`; empty for none.
    pub volume: Text,
    /// Is its binding complete?
    pub bind_completed: bool,
    /// The node that the scheduler has chosen; empty for none.
    pub selected_node: Text,
    /// `status.phase`.
    pub phase: Text,
    /// Is it being deleted?
    pub deleting: bool,
}

/// A StorageClass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageClass {
    /// Name.
    pub name: Text,
    /// Who provisions its volumes.
    pub provisioner: Text,
    /// Are claims bound when a pod that uses them is scheduled (`WaitForFirstConsumer`)?
    pub waits_for_first_consumer: bool,
    /// `reclaimPolicy` of the volumes that are provisioned.
    pub reclaim_policy: Text,
    /// `allowedTopologies`: alternatives, each a list of keys with the values that are allowed.
    pub allowed_topologies: Vec<Vec<(Text, Vec<Text>)>>,
}

impl StorageClass {
    /// Does it provision volumes at all?
    pub fn provisions(&self) -> bool {
        !self.provisioner.is_empty() && self.provisioner != NO_PROVISIONER
    }

    /// May volumes be provisioned for a node with these labels? Upstream: core/v1/helper `MatchTopologySelectorTerms`.
    pub fn allows(&self, labels: &Labels) -> bool {
        let has_one_of = |(key, values): &(Text, Vec<Text>)| {
            labels.get(key).is_some_and(|label| values.iter().any(|one| one == label))
        };
        self.allowed_topologies.is_empty()
            || self.allowed_topologies.iter().any(|term| !term.is_empty() && term.iter().all(has_one_of))
    }
}

impl PersistentVolumeClaim {
    /// Is it bound to its volume for good? Upstream: volumebinding `isPVCFullyBound`.
    pub fn is_fully_bound(&self) -> bool {
        !self.volume.is_empty() && self.bind_completed
    }

    /// Its class, where none is the empty one.
    pub fn class_name(&self) -> &str {
        self.class.as_deref().unwrap_or_default()
    }
}

impl PersistentVolume {
    /// Can it be used on a node with these labels? Upstream: volume/util `CheckNodeAffinity`.
    pub fn is_usable_on(&self, labels: &Labels) -> bool {
        self.node_affinity.as_ref().is_none_or(|terms| terms.iter().any(|term| term.matches("", labels)))
    }

    /// Does its reference mean this claim? Upstream: volume/persistentvolume/util `IsVolumeBoundToClaim`.
    pub fn is_for(&self, claim: &PersistentVolumeClaim) -> bool {
        self.claim.as_ref().is_some_and(|reference| {
            (&reference.namespace, &reference.name) == (&claim.namespace, &claim.name)
                && (reference.uid.is_empty() || reference.uid == claim.uid)
        })
    }

    /// Upstream: volume/persistentvolume/util `CheckAccessModes`.
    pub fn has_modes_of(&self, claim: &PersistentVolumeClaim) -> bool {
        claim.access_modes.iter().all(|mode| self.access_modes.contains(mode))
    }
}

/// For whom a volume is sought.
#[derive(Clone, Copy, Debug)]
pub enum Seeker<'a> {
    /// The scheduler, for a node with these labels.
    Scheduler(&'a Labels),
    /// The volume controller, which leaves claims that wait for a pod to the scheduler.
    Controller {
        /// Does the claim wait for its first pod?
        waits: bool,
    },
}

/// The smallest volume that will do for a claim, or the one that is reserved for it: its place among `volumes`.
/// Upstream: volume/persistentvolume/util `FindMatchingVolume`.
pub fn find_matching_volume<'a>(
    claim: &PersistentVolumeClaim,
    volumes: impl IntoIterator<Item = (usize, &'a PersistentVolume)>,
    seeker: Seeker<'_>,
) -> Option<usize> {
    let mut smallest: Option<(i64, usize)> = None;
    for (place, volume) in volumes {
        let is_reserved = volume.is_for(claim);
        let is_right = (volume.claim.is_none() || is_reserved)
            && volume.capacity >= claim.request
            && volume.mode == claim.mode
            && volume.attributes_class == claim.attributes_class
            && !volume.deleting;
        if !is_right {
            continue;
        }
        let is_usable = match seeker {
            Seeker::Scheduler(labels) => volume.is_usable_on(labels),
            Seeker::Controller { .. } => true,
        };
        if is_reserved {
            return is_usable.then_some(place);
        }
        if matches!(seeker, Seeker::Controller { waits: true }) || volume.phase != "Available" || !is_usable {
            continue;
        }
        let is_selected = claim.selector.as_ref().is_none_or(|selector| selector.matches(&volume.labels));
        if !is_selected || volume.class != claim.class_name() || !volume.has_modes_of(claim) {
            continue;
        }
        if smallest.is_none_or(|(capacity, _)| volume.capacity < capacity) {
            smallest = Some((volume.capacity, place));
        }
    }
    smallest.map(|(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(name: &str, capacity: i64) -> PersistentVolume {
        PersistentVolume {
            name: name.into(),
            labels: Labels::empty(),
            capacity,
            access_modes: vec!["ReadWriteOnce".into()],
            class: "fast".into(),
            mode: "Filesystem".into(),
            attributes_class: "".into(),
            node_affinity: None,
            claim: None,
            reclaim_policy: "Retain".into(),
            phase: "Available".into(),
            deleting: false,
            csi: None,
        }
    }

    fn claim(request: i64) -> PersistentVolumeClaim {
        PersistentVolumeClaim {
            namespace: "default".into(),
            name: "data".into(),
            uid: "u1".into(),
            request,
            access_modes: vec!["ReadWriteOnce".into()],
            class: Some("fast".into()),
            mode: "Filesystem".into(),
            attributes_class: "".into(),
            selector: None,
            volume: "".into(),
            bind_completed: false,
            selected_node: "".into(),
            phase: "Pending".into(),
            deleting: false,
        }
    }

    fn found(claim: &PersistentVolumeClaim, volumes: &[PersistentVolume]) -> Option<usize> {
        find_matching_volume(claim, volumes.iter().enumerate(), Seeker::Controller { waits: false })
    }

    #[test]
    fn the_smallest_volume_that_is_large_enough_is_taken() {
        let volumes = [volume("a", 5), volume("b", 20), volume("c", 10)];
        assert_eq!(found(&claim(8), &volumes), Some(2));
        assert_eq!(found(&claim(21), &volumes), None);
    }

    #[test]
    fn class_mode_and_access_modes_must_be_the_same() {
        let mut other = volume("a", 10);
        other.class = "slow".into();
        assert_eq!(found(&claim(8), &[other]), None);
        let mut block = volume("a", 10);
        block.mode = "Block".into();
        assert_eq!(found(&claim(8), &[block]), None);
        let mut many = claim(8);
        many.access_modes.push("ReadWriteMany".into());
        assert_eq!(found(&many, &[volume("a", 10)]), None);
    }

    #[test]
    fn a_volume_that_is_reserved_for_the_claim_is_taken_whatever_its_size_beyond_the_request() {
        let mut reserved = volume("b", 100);
        reserved.claim = Some(ClaimReference { namespace: "default".into(), name: "data".into(), uid: String::new() });
        assert_eq!(found(&claim(8), &[volume("a", 10), reserved.clone()]), Some(1));
        reserved.claim = Some(ClaimReference { namespace: "default".into(), name: "data".into(), uid: "u2".into() });
        assert_eq!(found(&claim(8), &[volume("a", 10), reserved]), Some(0), "reserved for another of that name");
    }

    #[test]
    fn the_controller_leaves_a_waiting_claim_to_the_scheduler() {
        let volumes = [volume("a", 10)];
        let waiting = find_matching_volume(&claim(8), volumes.iter().enumerate(), Seeker::Controller { waits: true });
        assert_eq!(waiting, None);
        let labels = Labels::from_pairs([("zone", "a")]);
        let scheduled = find_matching_volume(&claim(8), volumes.iter().enumerate(), Seeker::Scheduler(&labels));
        assert_eq!(scheduled, Some(0));
    }

    #[test]
    fn allowed_topologies_are_alternatives() {
        let term = |zone: &str| vec![(Text::from("zone"), vec![Text::from(zone)])];
        let mut class = StorageClass {
            name: "c".into(),
            provisioner: "p".into(),
            waits_for_first_consumer: true,
            reclaim_policy: "Delete".into(),
            allowed_topologies: Vec::new(),
        };
        let labels = Labels::from_pairs([("zone", "b")]);
        assert!(class.allows(&labels));
        class.allowed_topologies = vec![term("a"), term("b")];
        assert!(class.allows(&labels));
        class.allowed_topologies.pop();
        assert!(!class.allows(&labels));
    }
}
