//! Go's structures under the workload kinds (k8s.io/api apps, batch and policy v1): which fields are pointers.

use super::pod::{LABEL_SELECTOR, OBJECT_META, POD_TEMPLATE_SPEC};
use super::volume::PERSISTENT_VOLUME_CLAIM_SPEC;
use super::{Field, GoStruct, GoType as T, go_structs};

go_structs! {
    DEPLOYMENT_SPEC "v1.DeploymentSpec" [
        "Replicas" "replicas" opt "*int32" T::Pointer(&T::Int),
        "Selector" "selector" req "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
        "Template" "template" opt "v1.PodTemplateSpec" T::Struct(&POD_TEMPLATE_SPEC),
        "Strategy" "strategy" opt "v1.DeploymentStrategy" T::Struct(&DEPLOYMENT_STRATEGY),
        "MinReadySeconds" "minReadySeconds" opt "int32" T::Int,
        "RevisionHistoryLimit" "revisionHistoryLimit" opt "*int32" T::Pointer(&T::Int),
        "Paused" "paused" opt "bool" T::Bool,
        "ProgressDeadlineSeconds" "progressDeadlineSeconds" opt "*int32" T::Pointer(&T::Int),
    ];
    DEPLOYMENT_STRATEGY "v1.DeploymentStrategy" [
        "Type" "type" opt "string" T::Str,
        "RollingUpdate" "rollingUpdate" opt "*v1.RollingUpdateDeployment" T::Pointer(&T::Struct(&ROLLING_UPDATE_DEPLOYMENT)),
    ];
    ROLLING_UPDATE_DEPLOYMENT "v1.RollingUpdateDeployment" [
        "MaxUnavailable" "maxUnavailable" opt "*intstr.IntOrString" T::Pointer(&T::IntOrString),
        "MaxSurge" "maxSurge" opt "*intstr.IntOrString" T::Pointer(&T::IntOrString),
    ];
    REPLICA_SET_SPEC "v1.ReplicaSetSpec" [
        "Replicas" "replicas" opt "*int32" T::Pointer(&T::Int),
        "MinReadySeconds" "minReadySeconds" opt "int32" T::Int,
        "Selector" "selector" req "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
        "Template" "template" opt "v1.PodTemplateSpec" T::Struct(&POD_TEMPLATE_SPEC),
    ];
    REPLICATION_CONTROLLER_SPEC "v1.ReplicationControllerSpec" [
        "Replicas" "replicas" opt "*int32" T::Pointer(&T::Int),
        "MinReadySeconds" "minReadySeconds" opt "int32" T::Int, "Selector" "selector" opt "map[string]string" T::Map,
        "Template" "template" opt "*v1.PodTemplateSpec" T::Pointer(&T::Struct(&POD_TEMPLATE_SPEC)),
    ];
    STATEFUL_SET_SPEC "v1.StatefulSetSpec" [
        "Replicas" "replicas" opt "*int32" T::Pointer(&T::Int),
        "Selector" "selector" req "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
        "Template" "template" opt "v1.PodTemplateSpec" T::Struct(&POD_TEMPLATE_SPEC),
        "VolumeClaimTemplates" "volumeClaimTemplates" opt "[]v1.PersistentVolumeClaim" T::Slice(&T::Struct(&PERSISTENT_VOLUME_CLAIM)),
        "ServiceName" "serviceName" req "string" T::Str,
        "PodManagementPolicy" "podManagementPolicy" opt "string" T::Str,
        "UpdateStrategy" "updateStrategy" opt "v1.StatefulSetUpdateStrategy" T::Struct(&STATEFUL_SET_UPDATE_STRATEGY),
        "RevisionHistoryLimit" "revisionHistoryLimit" opt "*int32" T::Pointer(&T::Int),
        "MinReadySeconds" "minReadySeconds" opt "int32" T::Int,
        "PersistentVolumeClaimRetentionPolicy" "persistentVolumeClaimRetentionPolicy" opt "*v1.ClaimRetention" T::Pointer(&T::Struct(&CLAIM_RETENTION)),
        "Ordinals" "ordinals" opt "*v1.StatefulSetOrdinals" T::Pointer(&T::Struct(&STATEFUL_SET_ORDINALS)),
    ];
    STATEFUL_SET_UPDATE_STRATEGY "v1.StatefulSetUpdateStrategy" [
        "Type" "type" opt "string" T::Str,
        "RollingUpdate" "rollingUpdate" opt "*v1.RollingUpdateStatefulSet" T::Pointer(&T::Struct(&ROLLING_UPDATE_STATEFUL_SET)),
    ];
    ROLLING_UPDATE_STATEFUL_SET "v1.RollingUpdateStatefulSet" [
        "Partition" "partition" opt "*int32" T::Pointer(&T::Int),
        "MaxUnavailable" "maxUnavailable" opt "*intstr.IntOrString" T::Pointer(&T::IntOrString),
    ];
    CLAIM_RETENTION "v1.ClaimRetention" [
        "WhenDeleted" "whenDeleted" opt "string" T::Str, "WhenScaled" "whenScaled" opt "string" T::Str,
    ];
    STATEFUL_SET_ORDINALS "v1.StatefulSetOrdinals" [
        "Start" "start" req "int32" T::Int,
    ];
    PERSISTENT_VOLUME_CLAIM "v1.PersistentVolumeClaim" [
        "Kind" "kind" opt "string" T::Str, "APIVersion" "apiVersion" opt "string" T::Str,
        "ObjectMeta" "metadata" opt "v1.ObjectMeta" T::Struct(&OBJECT_META),
        "Spec" "spec" opt "v1.PersistentVolumeClaimSpec" T::Struct(&PERSISTENT_VOLUME_CLAIM_SPEC),
        "Status" "status" opt "v1.PersistentVolumeClaimStatus" T::Struct(&PERSISTENT_VOLUME_CLAIM_STATUS),
    ];
    PERSISTENT_VOLUME_CLAIM_STATUS "v1.PersistentVolumeClaimStatus" [
        "Phase" "phase" opt "string" T::Str, "AccessModes" "accessModes" opt "[]string" T::Slice(&T::Str),
        "Capacity" "capacity" opt "v1.ResourceList" T::Resources,
    ];
    DAEMON_SET_SPEC "v1.DaemonSetSpec" [
        "Selector" "selector" req "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
        "Template" "template" opt "v1.PodTemplateSpec" T::Struct(&POD_TEMPLATE_SPEC),
        "UpdateStrategy" "updateStrategy" opt "v1.DaemonSetUpdateStrategy" T::Struct(&DAEMON_SET_UPDATE_STRATEGY),
        "MinReadySeconds" "minReadySeconds" opt "int32" T::Int,
        "RevisionHistoryLimit" "revisionHistoryLimit" opt "*int32" T::Pointer(&T::Int),
    ];
    DAEMON_SET_UPDATE_STRATEGY "v1.DaemonSetUpdateStrategy" [
        "Type" "type" opt "string" T::Str,
        "RollingUpdate" "rollingUpdate" opt "*v1.RollingUpdateDaemonSet" T::Pointer(&T::Struct(&ROLLING_UPDATE_DAEMON_SET)),
    ];
    ROLLING_UPDATE_DAEMON_SET "v1.RollingUpdateDaemonSet" [
        "MaxUnavailable" "maxUnavailable" opt "*intstr.IntOrString" T::Pointer(&T::IntOrString),
        "MaxSurge" "maxSurge" opt "*intstr.IntOrString" T::Pointer(&T::IntOrString),
    ];
    JOB_SPEC "v1.JobSpec" [
        "Parallelism" "parallelism" opt "*int32" T::Pointer(&T::Int),
        "Completions" "completions" opt "*int32" T::Pointer(&T::Int),
        "ActiveDeadlineSeconds" "activeDeadlineSeconds" opt "*int64" T::Pointer(&T::Int),
        "PodFailurePolicy" "podFailurePolicy" opt "*v1.PodFailurePolicy" T::Pointer(&T::Struct(&POD_FAILURE_POLICY)),
        "SuccessPolicy" "successPolicy" opt "*v1.SuccessPolicy" T::Pointer(&T::Struct(&SUCCESS_POLICY)),
        "BackoffLimit" "backoffLimit" opt "*int32" T::Pointer(&T::Int),
        "BackoffLimitPerIndex" "backoffLimitPerIndex" opt "*int32" T::Pointer(&T::Int),
        "MaxFailedIndexes" "maxFailedIndexes" opt "*int32" T::Pointer(&T::Int),
        "Selector" "selector" opt "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
        "ManualSelector" "manualSelector" opt "*bool" T::Pointer(&T::Bool),
        "Template" "template" opt "v1.PodTemplateSpec" T::Struct(&POD_TEMPLATE_SPEC),
        "TTLSecondsAfterFinished" "ttlSecondsAfterFinished" opt "*int32" T::Pointer(&T::Int),
        "CompletionMode" "completionMode" opt "*string" T::Pointer(&T::Str),
        "Suspend" "suspend" opt "*bool" T::Pointer(&T::Bool),
        "PodReplacementPolicy" "podReplacementPolicy" opt "*string" T::Pointer(&T::Str),
        "ManagedBy" "managedBy" opt "*string" T::Pointer(&T::Str),
    ];
    POD_FAILURE_POLICY "v1.PodFailurePolicy" [
        "Rules" "rules" req "[]v1.PodFailurePolicyRule" T::Slice(&T::Struct(&POD_FAILURE_POLICY_RULE)),
    ];
    POD_FAILURE_POLICY_RULE "v1.PodFailurePolicyRule" [
        "Action" "action" req "string" T::Str,
        "OnExitCodes" "onExitCodes" opt "*v1.PodFailurePolicyOnExitCodes" T::Pointer(&T::Struct(&POD_FAILURE_POLICY_ON_EXIT_CODES)),
        "OnPodConditions" "onPodConditions" opt "[]v1.PodFailurePolicyOnPodConditions" T::Slice(&T::Struct(&POD_FAILURE_POLICY_ON_POD_CONDITIONS)),
    ];
    POD_FAILURE_POLICY_ON_EXIT_CODES "v1.PodFailurePolicyOnExitCodes" [
        "ContainerName" "containerName" opt "*string" T::Pointer(&T::Str), "Operator" "operator" req "string" T::Str,
        "Values" "values" req "[]int32" T::Slice(&T::Int),
    ];
    POD_FAILURE_POLICY_ON_POD_CONDITIONS "v1.PodFailurePolicyOnPodConditions" [
        "Type" "type" req "string" T::Str, "Status" "status" opt "string" T::Str,
    ];
    SUCCESS_POLICY "v1.SuccessPolicy" [
        "Rules" "rules" req "[]v1.SuccessPolicyRule" T::Slice(&T::Struct(&SUCCESS_POLICY_RULE)),
    ];
    SUCCESS_POLICY_RULE "v1.SuccessPolicyRule" [
        "SucceededIndexes" "succeededIndexes" opt "*string" T::Pointer(&T::Str),
        "SucceededCount" "succeededCount" opt "*int32" T::Pointer(&T::Int),
    ];
    CRON_JOB_SPEC "v1.CronJobSpec" [
        "Schedule" "schedule" req "string" T::Str, "TimeZone" "timeZone" opt "*string" T::Pointer(&T::Str),
        "StartingDeadlineSeconds" "startingDeadlineSeconds" opt "*int64" T::Pointer(&T::Int),
        "ConcurrencyPolicy" "concurrencyPolicy" opt "string" T::Str,
        "Suspend" "suspend" opt "*bool" T::Pointer(&T::Bool),
        "JobTemplate" "jobTemplate" opt "v1.JobTemplateSpec" T::Struct(&JOB_TEMPLATE_SPEC),
        "SuccessfulJobsHistoryLimit" "successfulJobsHistoryLimit" opt "*int32" T::Pointer(&T::Int),
        "FailedJobsHistoryLimit" "failedJobsHistoryLimit" opt "*int32" T::Pointer(&T::Int),
    ];
    JOB_TEMPLATE_SPEC "v1.JobTemplateSpec" [
        "ObjectMeta" "metadata" opt "v1.ObjectMeta" T::Struct(&OBJECT_META),
        "Spec" "spec" opt "v1.JobSpec" T::Struct(&JOB_SPEC),
    ];
    POD_DISRUPTION_BUDGET_SPEC "v1.PodDisruptionBudgetSpec" [
        "MinAvailable" "minAvailable" opt "*intstr.IntOrString" T::Pointer(&T::IntOrString),
        "Selector" "selector" opt "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
        "MaxUnavailable" "maxUnavailable" opt "*intstr.IntOrString" T::Pointer(&T::IntOrString),
        "UnhealthyPodEvictionPolicy" "unhealthyPodEvictionPolicy" opt "*string" T::Pointer(&T::Str),
    ];
}
