//! What all objects share: identity, metadata, owners, and the body of each kind.

use std::sync::Arc;

use serde_json::Value;

use super::Text;
use super::condition::Condition;
use super::deployment::Deployment;
use super::job::Job;
use super::kind::Kind;
use super::labels::Labels;
use super::node::Node;
use super::replica_set::ReplicaSet;
use super::service::{EndpointSlice, Service};
use super::workload::{DaemonSet, StatefulSet};
use crate::engine::{SimTime, typed_id};

typed_id!(
    /// A namespace: its row in the Namespace table. Names of deleted namespaces are never reused.
    NamespaceId
);
typed_id!(
    /// A pod's row.
    PodId
);
typed_id!(
    /// A node's row in the Node table.
    NodeId
);
typed_id!(
    /// A shared pod template.
    TemplateId
);

/// One object of the cluster for ever: rows are never reused, so this also stands for its UID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its row in that kind's table.
    pub id: u32,
}

impl ObjectRef {
    /// No object.
    pub const NONE: Self = Self { kind: Kind::POD, id: u32::MAX };

    /// The object in row `id` of `kind`'s table.
    pub const fn new(kind: Kind, id: u32) -> Self {
        Self { kind, id }
    }

    /// The reference of a pod.
    pub const fn pod(pod: PodId) -> Self {
        Self { kind: Kind::POD, id: pod.0 }
    }

    /// The reference of a node.
    pub const fn node(node: NodeId) -> Self {
        Self { kind: Kind::NODE, id: node.0 }
    }

    /// The pod, if it is one.
    pub fn as_pod(self) -> Option<PodId> {
        (self.kind == Kind::POD && self.id != u32::MAX).then_some(PodId(self.id))
    }

    /// The node, if it is one.
    pub fn as_node(self) -> Option<NodeId> {
        (self.kind == Kind::NODE).then_some(NodeId(self.id))
    }

    /// Is it an object at all?
    pub const fn is_some(self) -> bool {
        self.id != u32::MAX
    }
}

/// An entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerReference {
    /// The owner (its UID, so to speak).
    pub owner: ObjectRef,
    /// Is it the managing controller?
    pub controller: bool,
    /// Does foreground deletion of the owner wait for this object?
    pub block_owner_deletion: bool,
}

/// A graceful deletion under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When it was asked for.
    pub requested: SimTime,
    /// `metadata.deletionTimestamp`: the request's time plus the grace period.
    pub timestamp: SimTime,
    /// `metadata.deletionGracePeriodSeconds`.
    pub grace_seconds: u32,
}

/// `metadata` of everything but pods (whose metadata is part of their row and their template).
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectMeta {
    /// Namespace, `NamespaceId::NONE` where the kind has none.
    pub namespace: NamespaceId,
    /// Name.
    pub name: Text,
    /// Labels.
    pub labels: Arc<Labels>,
    /// Annotations.
    pub annotations: Arc<Labels>,
    /// Owners; at most one is the controller.
    pub owners: Vec<OwnerReference>,
    /// Finalizers in order.
    pub finalizers: Vec<Text>,
    /// Counts changes of the specification, from 1.
    pub generation: i64,
    /// Index of the last change in the log.
    pub resource_version: u64,
    /// Creation.
    pub created: SimTime,
    /// Set while a deletion waits for finalizers.
    pub deletion: Option<Deletion>,
}

impl Default for ObjectMeta {
    fn default() -> Self {
        Self {
            namespace: NamespaceId::NONE,
            name: Text::default(),
            labels: Labels::empty(),
            annotations: Labels::empty(),
            owners: Vec::new(),
            finalizers: Vec::new(),
            generation: 1,
            resource_version: 0,
            created: SimTime::ZERO,
            deletion: None,
        }
    }
}

impl ObjectMeta {
    /// The managing controller, or `ObjectRef::NONE`.
    pub fn controller(&self) -> ObjectRef {
        self.owners.iter().find(|owner| owner.controller).map_or(ObjectRef::NONE, |owner| owner.owner)
    }
}

/// An object other than a pod.
#[derive(Clone, Debug)]
pub struct Object {
    /// Metadata.
    pub meta: ObjectMeta,
    /// The object as submitted and defaulted, without server-side metadata and status: the source of every field the
    /// model has no column for. `api` lays the model's columns over it when the object is printed.
    pub raw: Arc<Value>,
    /// What the model acts on.
    pub body: Body,
    /// When it left the API; its row stays so that late watchers can still read it.
    pub deleted: Option<SimTime>,
}

/// The columns of each kind on which the model acts.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A node.
    Node(Box<Node>),
    /// A namespace; true while it terminates.
    Namespace {
        /// `status.phase` is Terminating.
        terminating: bool,
        /// `status.conditions`: how its deletion goes.
        conditions: Vec<Condition>,
    },
    /// A Deployment.
    Deployment(Box<Deployment>),
    /// A ReplicaSet or a ReplicationController.
    ReplicaSet(Box<ReplicaSet>),
    /// A StatefulSet.
    StatefulSet(Box<StatefulSet>),
    /// A DaemonSet.
    DaemonSet(Box<DaemonSet>),
    /// A Job.
    Job(Box<Job>),
    /// A Service.
    Service(Box<Service>),
    /// An EndpointSlice.
    EndpointSlice(Box<EndpointSlice>),
    /// A ConfigMap's or Secret's data (decoded), sorted by key.
    Data(Arc<[(Text, Arc<[u8]>)]>),
    /// A PriorityClass.
    PriorityClass {
        /// Priority of pods of this class.
        value: i32,
        /// Is it the default of pods that name none?
        global_default: bool,
        /// May its pods preempt others?
        preempts: bool,
    },
    /// Stored and printed only; a status written by somebody is kept as it was written.
    Plain {
        /// `status`, `Null` where there is none.
        status: Arc<Value>,
    },
}

macro_rules! body_access {
    ($($get:ident $get_mut:ident $variant:ident $kind:ty, $doc:literal;)*) => {
        impl Body {
            $(
                #[doc = concat!("The columns of ", $doc, ", if it is one.")]
                pub fn $get(&self) -> Option<&$kind> {
                    match self { Self::$variant(inner) => Some(inner), _ => None }
                }

                #[doc = concat!("The columns of ", $doc, " for a write, if it is one.")]
                pub fn $get_mut(&mut self) -> Option<&mut $kind> {
                    match self { Self::$variant(inner) => Some(inner), _ => None }
                }
            )*
        }
    };
}

body_access! {
    as_node as_node_mut Node Node, "a node";
    as_deployment as_deployment_mut Deployment Deployment, "a Deployment";
    as_replica_set as_replica_set_mut ReplicaSet ReplicaSet, "a ReplicaSet or ReplicationController";
    as_stateful_set as_stateful_set_mut StatefulSet StatefulSet, "a StatefulSet";
    as_daemon_set as_daemon_set_mut DaemonSet DaemonSet, "a DaemonSet";
    as_job as_job_mut Job Job, "a Job";
    as_service as_service_mut Service Service, "a Service";
    as_endpoint_slice as_endpoint_slice_mut EndpointSlice EndpointSlice, "an EndpointSlice";
}

impl Default for Body {
    fn default() -> Self {
        Self::Plain { status: Arc::new(Value::Null) }
    }
}
