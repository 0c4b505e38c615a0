//! Nodes, their changes and samples, as rows.

use serde::{Deserialize, Serialize};

use super::{Moment, TextId};
use crate::engine::typed_id;

typed_id!(
    /// A node of a record, in the order of creation.
    NodeIndex
);

/// CPU and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// Millicores.
    pub cpu_milli: u64,
    /// Bytes.
    pub memory_bytes: u64,
}

/// What can be seen of a node at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeState {
    /// kubectl's STATUS column.
    pub status: TextId,
    /// Is condition Ready True?
    pub ready: bool,
    /// Pods bound to it that have not ended.
    pub pods: u32,
    /// The sum of their requests.
    pub requested: Amounts,
    /// What its containers use; none where usage is not modelled.
    pub used: Option<Amounts>,
}

/// A node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: TextId,
    /// The group of the scenario that it belongs to.
    pub group: TextId,
    /// `topology.kubernetes.io/zone`.
    pub zone: TextId,
    /// Price per hour; 0 where none is known.
    pub price: f64,
    /// What pods may request together.
    pub allocatable: Amounts,
    /// How many pods it may hold.
    pub allocatable_pods: u32,
    /// Creation.
    pub created: Moment,
    /// Deletion.
    pub deleted: Moment,
    /// The last state written.
    pub last: NodeState,
    /// Its load now (status and readiness unused): what the next sample writes.
    pub(super) load: NodeState,
    /// Is it listed as one whose load differs from its last row?
    pub(super) is_unsampled: bool,
    /// The stretches during which it was not ready, in order; the last may be open (`NEVER`).
    pub outages: Vec<(Moment, Moment)>,
}

/// A change or sample of a node: a row of `nodes.csv`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct NodeRow {
    /// When.
    pub time: Moment,
    /// Which.
    pub node: NodeIndex,
    /// Its state from then on.
    pub state: NodeState,
}
