//! ReplicaSet and ReplicationController: one form, as upstream runs one controller for both.

use super::condition::Condition;
use super::object::TemplateId;
use super::selector::LabelSelector;

/// A ReplicaSet or ReplicationController beyond its metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaSet {
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.minReadySeconds`.
    pub min_ready_seconds: i32,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: TemplateId,
    /// Status.
    pub status: ReplicaSetStatus,
}

/// `status`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaSetStatus {
    /// `replicas`.
    pub replicas: i32,
    /// `fullyLabeledReplicas`.
    pub fully_labeled: i32,
    /// `readyReplicas`.
    pub ready: i32,
    /// `availableReplicas`.
    pub available: i32,
    /// `terminatingReplicas` (gate DeploymentReplicaSetTerminatingReplicas).
    pub terminating: Option<i32>,
    /// `observedGeneration`.
    pub observed_generation: i64,
    /// `conditions`.
    pub conditions: Vec<Condition>,
}
