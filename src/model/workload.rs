//! StatefulSet and DaemonSet.

use super::Text;
use super::condition::Condition;
use super::int_or_percent::IntOrPercent;
use super::object::TemplateId;
use super::selector::LabelSelector;

/// A StatefulSet beyond its metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct StatefulSet {
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: TemplateId,
    /// `spec.serviceName`.
    pub service_name: Text,
    /// `spec.podManagementPolicy` is Parallel.
    pub parallel: bool,
    /// `spec.updateStrategy.type` is OnDelete.
    pub on_delete: bool,
    /// `spec.updateStrategy.rollingUpdate.partition`.
    pub partition: i32,
    /// `spec.updateStrategy.rollingUpdate.maxUnavailable`.
    pub max_unavailable: Option<IntOrPercent>,
    /// `spec.minReadySeconds`.
    pub min_ready_seconds: i32,
    /// `spec.revisionHistoryLimit`.
    pub revision_history_limit: i32,
    /// `spec.ordinals.start`.
    pub first_ordinal: i32,
    /// Names of `spec.volumeClaimTemplates`.
    pub claim_templates: Vec<Text>,
    /// `spec.persistentVolumeClaimRetentionPolicy.whenDeleted` is Delete.
    pub delete_claims_with_set: bool,
    /// `spec.persistentVolumeClaimRetentionPolicy.whenScaled` is Delete.
    pub delete_claims_with_pod: bool,
    /// Status.
    pub status: StatefulSetStatus,
}

/// `status`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatefulSetStatus {
    /// `observedGeneration`.
    pub observed_generation: i64,
    /// `replicas`.
    pub replicas: i32,
    /// `readyReplicas`.
    pub ready: i32,
    /// `currentReplicas`.
    pub current: i32,
    /// `updatedReplicas`.
    pub updated: i32,
    /// `availableReplicas`.
    pub available: i32,
    /// `currentRevision`.
    pub current_revision: Text,
    /// `updateRevision`.
    pub update_revision: Text,
    /// `collisionCount`.
    pub collision_count: Option<i32>,
    /// `conditions`.
    pub conditions: Vec<Condition>,
}

/// A DaemonSet beyond its metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct DaemonSet {
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.template`.
    pub template: TemplateId,
    /// `spec.updateStrategy.type` is OnDelete.
    pub on_delete: bool,
    /// `spec.updateStrategy.rollingUpdate.maxUnavailable`.
    pub max_unavailable: IntOrPercent,
    /// `spec.updateStrategy.rollingUpdate.maxSurge`.
    pub max_surge: IntOrPercent,
    /// `spec.minReadySeconds`.
    pub min_ready_seconds: i32,
    /// `spec.revisionHistoryLimit`.
    pub revision_history_limit: i32,
    /// Status.
    pub status: DaemonSetStatus,
}

/// `status`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DaemonSetStatus {
    /// `observedGeneration`.
    pub observed_generation: i64,
    /// `currentNumberScheduled`.
    pub current: i32,
    /// `desiredNumberScheduled`.
    pub desired: i32,
    /// `numberMisscheduled`.
    pub misscheduled: i32,
    /// `numberReady`.
    pub ready: i32,
    /// `updatedNumberScheduled`.
    pub updated: i32,
    /// `numberAvailable`.
    pub available: i32,
    /// `numberUnavailable`.
    pub unavailable: i32,
    /// `collisionCount`.
    pub collision_count: Option<i32>,
    /// `conditions`.
    pub conditions: Vec<Condition>,
}
