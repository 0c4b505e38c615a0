//! Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs. Their templates are decoded apart.

use serde_json::Value;

use super::super::value::{flag, int32, is_nil, items, members, short, text};
use super::{int_or_percent, label_selector};
use crate::model::deployment::{Deployment, DeploymentStatus, DeploymentStrategy};
use crate::model::int_or_percent::IntOrPercent;
use crate::model::job::{Job, JobStatus};
use crate::model::kind::Kind;
use crate::model::object::TemplateId;
use crate::model::replica_set::{ReplicaSet, ReplicaSetStatus};
use crate::model::selector::LabelSelector;
use crate::model::workload::{DaemonSet, DaemonSetStatus, StatefulSet, StatefulSetStatus};

fn optional_int32(value: &Value) -> Option<i32> {
    (!is_nil(value)).then(|| int32(value))
}

pub(super) fn deployment(spec: &Value) -> Deployment {
    let rolling = &spec["strategy"]["rollingUpdate"];
    let strategy = if text(&spec["strategy"]["type"]) == "Recreate" {
        DeploymentStrategy::Recreate
    } else {
        DeploymentStrategy::RollingUpdate {
            max_unavailable: int_or_percent(&rolling["maxUnavailable"]).unwrap_or(IntOrPercent::Percent(25)),
            max_surge: int_or_percent(&rolling["maxSurge"]).unwrap_or(IntOrPercent::Percent(25)),
        }
    };
    Deployment {
        replicas: int32(&spec["replicas"]),
        selector: label_selector(&spec["selector"]).unwrap_or_default(),
        template: TemplateId::NONE,
        strategy,
        min_ready_seconds: int32(&spec["minReadySeconds"]),
        revision_history_limit: int32(&spec["revisionHistoryLimit"]),
        paused: flag(&spec["paused"]),
        progress_deadline_seconds: int32(&spec["progressDeadlineSeconds"]),
        status: DeploymentStatus::default(),
    }
}

pub(super) fn replica_set(kind: Kind, spec: &Value) -> ReplicaSet {
    let selector = if kind == Kind::REPLICATION_CONTROLLER {
        LabelSelector::from_map(members(&spec["selector"]).map(|(key, value)| (key, text(value))))
    } else {
        label_selector(&spec["selector"]).unwrap_or_default()
    };
    ReplicaSet {
        replicas: int32(&spec["replicas"]),
        min_ready_seconds: int32(&spec["minReadySeconds"]),
        selector,
        template: TemplateId::NONE,
        status: ReplicaSetStatus::default(),
    }
}

pub(super) fn stateful_set(spec: &Value) -> StatefulSet {
    let (rolling, retention) =
        (&spec["updateStrategy"]["rollingUpdate"], &spec["persistentVolumeClaimRetentionPolicy"]);
    StatefulSet {
        replicas: int32(&spec["replicas"]),
        selector: label_selector(&spec["selector"]).unwrap_or_default(),
        template: TemplateId::NONE,
        service_name: short(&spec["serviceName"]),
        parallel: text(&spec["podManagementPolicy"]) == "Parallel",
        on_delete: text(&spec["updateStrategy"]["type"]) == "OnDelete",
        partition: int32(&rolling["partition"]),
        max_unavailable: int_or_percent(&rolling["maxUnavailable"]),
        min_ready_seconds: int32(&spec["minReadySeconds"]),
        revision_history_limit: int32(&spec["revisionHistoryLimit"]),
        first_ordinal: int32(&spec["ordinals"]["start"]),
        claim_templates: items(&spec["volumeClaimTemplates"])
            .iter()
            .map(|claim| short(&claim["metadata"]["name"]))
            .collect(),
        delete_claims_with_set: text(&retention["whenDeleted"]) == "Delete",
        delete_claims_with_pod: text(&retention["whenScaled"]) == "Delete",
        status: StatefulSetStatus::default(),
    }
}

pub(super) fn daemon_set(spec: &Value) -> DaemonSet {
    let rolling = &spec["updateStrategy"]["rollingUpdate"];
    DaemonSet {
        selector: label_selector(&spec["selector"]).unwrap_or_default(),
        template: TemplateId::NONE,
        on_delete: text(&spec["updateStrategy"]["type"]) == "OnDelete",
        max_unavailable: int_or_percent(&rolling["maxUnavailable"]).unwrap_or(IntOrPercent::Int(1)),
        max_surge: int_or_percent(&rolling["maxSurge"]).unwrap_or(IntOrPercent::Int(0)),
        min_ready_seconds: int32(&spec["minReadySeconds"]),
        revision_history_limit: int32(&spec["revisionHistoryLimit"]),
        status: DaemonSetStatus::default(),
    }
}

pub(super) fn job(spec: &Value) -> Job {
    Job {
        parallelism: int32(&spec["parallelism"]),
        completions: optional_int32(&spec["completions"]),
        indexed: text(&spec["completionMode"]) == "Indexed",
        backoff_limit: int32(&spec["backoffLimit"]),
        backoff_limit_per_index: optional_int32(&spec["backoffLimitPerIndex"]),
        max_failed_indexes: optional_int32(&spec["maxFailedIndexes"]),
        active_deadline_seconds: spec["activeDeadlineSeconds"].as_i64(),
        ttl_seconds_after_finished: optional_int32(&spec["ttlSecondsAfterFinished"]),
        suspend: flag(&spec["suspend"]),
        // Upstream: job `managedByExternalController`.
        is_foreign: !["", "kubernetes.io/job-controller"].contains(&text(&spec["managedBy"])),
        replace_only_failed: text(&spec["podReplacementPolicy"]) == "Failed",
        selector: label_selector(&spec["selector"]).unwrap_or_default(),
        template: TemplateId::NONE,
        status: JobStatus::default(),
    }
}
