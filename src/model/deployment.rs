//! A Deployment beyond its metadata: strategy, limits and status columns.

use super::condition::Condition;
use super::int_or_percent::IntOrPercent;
use super::object::TemplateId;
use super::selector::LabelSelector;

/// `spec.strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentStrategy {
    /// All old pods go before new ones come.
    Recreate,
    /// Step by step.
    RollingUpdate {
        /// Pods below the desired number that may be missing.
        max_unavailable: IntOrPercent,
        /// Pods above the desired number that may exist.
        max_surge: IntOrPercent,
    },
}

/// A Deployment beyond its metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: TemplateId,
    /// `spec.strategy`.
    pub strategy: DeploymentStrategy,
    /// `spec.minReadySeconds`.
    pub min_ready_seconds: i32,
    /// `spec.revisionHistoryLimit`.
    pub revision_history_limit: i32,
    /// `spec.paused`.
    pub paused: bool,
    /// `spec.progressDeadlineSeconds`; `i32::MAX` is no deadline.
    pub progress_deadline_seconds: i32,
    /// Status.
    pub status: DeploymentStatus,
}

/// `status`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeploymentStatus {
    /// `observedGeneration`.
    pub observed_generation: i64,
    /// `replicas`.
    pub replicas: i32,
    /// `updatedReplicas`.
    pub updated: i32,
    /// `readyReplicas`.
    pub ready: i32,
    /// `availableReplicas`.
    pub available: i32,
    /// `unavailableReplicas`.
    pub unavailable: i32,
    /// `terminatingReplicas` (gate DeploymentReplicaSetTerminatingReplicas).
    pub terminating: Option<i32>,
    /// `conditions`.
    pub conditions: Vec<Condition>,
    /// `collisionCount`.
    pub collision_count: Option<i32>,
}
