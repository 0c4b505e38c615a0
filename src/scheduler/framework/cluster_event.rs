//! Changes of the cluster that may make a waiting pod schedulable. Upstream: framework.ClusterEvent with the objects
//! before and after.

use std::sync::Arc;

use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId, TemplateId};
use crate::scheduler::cache::NodeFacts;

/// Which property of a node changed. Upstream: framework.NodeSchedulingPropertiesChange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeUpdate {
    /// Allocatable.
    Allocatable,
    /// Labels.
    Label,
    /// Taints, or it was uncordoned.
    Taint,
    /// Features that it declares.
    DeclaredFeature,
}

/// Which property of a pod changed. Upstream: framework.PodSchedulingPropertiesChange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodUpdate {
    /// Labels.
    Label,
    /// Requests went down.
    ScaleDown,
    /// Tolerations.
    Toleration,
    /// The last scheduling gate is gone.
    GatesEliminated,
}

/// A change.
#[derive(Clone, Debug)]
pub enum ClusterEvent {
    /// A node came.
    NodeAdded {
        /// As it is.
        after: Arc<NodeFacts>,
    },
    /// A node changed.
    NodeUpdated {
        /// In which respect.
        update: NodeUpdate,
        /// As it was.
        before: Arc<NodeFacts>,
        /// As it is.
        after: Arc<NodeFacts>,
    },
    /// A node went.
    NodeDeleted {
        /// As it was.
        before: Arc<NodeFacts>,
    },
    /// A pod was bound.
    PodAdded {
        /// The pod.
        pod: PodId,
    },
    /// A pod, bound or waiting, changed.
    PodUpdated {
        /// The pod.
        pod: PodId,
        /// In which respect.
        update: PodUpdate,
        /// Its template before; now it has another.
        before: TemplateId,
    },
    /// A bound, assumed or nominated pod ended or went.
    PodDeleted {
        /// The pod.
        pod: PodId,
    },
    /// A claim (of a volume or of devices), a volume, a class or a driver came or changed.
    Storage {
        /// The object.
        object: ObjectRef,
        /// Did it come just now?
        added: bool,
    },
    /// A VolumeAttachment went.
    VolumeDetached,
}

impl ClusterEvent {
    /// Kinds whose changes are `Storage`.
    pub const STORAGE_KINDS: [Kind; 7] = [
        Kind::PERSISTENT_VOLUME,
        Kind::PERSISTENT_VOLUME_CLAIM,
        Kind::STORAGE_CLASS,
        Kind::CSI_NODE,
        Kind::CSI_DRIVER,
        Kind::CSI_STORAGE_CAPACITY,
        Kind::RESOURCE_CLAIM,
    ];
}
