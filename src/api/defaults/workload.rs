//! Defaults of Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs.

use serde_json::{Value, json};

use super::super::value::{
    Object, default_nil, default_zero, find_mut, flag, get, is_nil, is_zero, items_mut, object_mut, text,
};
use super::pod_template;

fn spec_and_template(object: &mut Object) -> &mut Object {
    let spec = object_mut(object, "spec");
    pod_template(object_mut(spec, "template"));
    spec
}

/// Upstream: pkg/apis/apps/v1 `SetDefaults_Deployment`.
pub(super) fn deployment(object: &mut Object) {
    let spec = spec_and_template(object);
    default_nil(spec, "replicas", 1);
    let strategy = object_mut(spec, "strategy");
    default_zero(strategy, "type", "RollingUpdate");
    if text(get(strategy, "type")) == "RollingUpdate" {
        let rolling = object_mut(strategy, "rollingUpdate");
        default_nil(rolling, "maxUnavailable", "25%");
        default_nil(rolling, "maxSurge", "25%");
    }
    default_nil(spec, "revisionHistoryLimit", 10);
    default_nil(spec, "progressDeadlineSeconds", 600);
}

/// Upstream: pkg/apis/apps/v1 `SetDefaults_ReplicaSet`.
pub(super) fn replica_set(object: &mut Object) {
    default_nil(spec_and_template(object), "replicas", 1);
}

/// Upstream: pkg/apis/core/v1 `SetDefaults_ReplicationController`.
pub(super) fn replication_controller(object: &mut Object) {
    let spec = object_mut(object, "spec");
    let mut labels = Value::Null;
    if let Some(template) = find_mut(spec, "template") {
        labels = template.get("metadata").map_or(Value::Null, |metadata| metadata["labels"].clone());
        pod_template(template);
    }
    if !is_zero(&labels) {
        default_zero(spec, "selector", labels.clone());
        default_zero(object_mut(object, "metadata"), "labels", labels);
    }
    default_nil(object_mut(object, "spec"), "replicas", 1);
}

/// Upstream: pkg/apis/apps/v1 `SetDefaults_StatefulSet`.
pub(super) fn stateful_set(object: &mut Object) {
    let spec = spec_and_template(object);
    default_zero(spec, "podManagementPolicy", "OrderedReady");
    let strategy = object_mut(spec, "updateStrategy");
    if text(get(strategy, "type")).is_empty() {
        strategy.insert("type".to_owned(), json!("RollingUpdate"));
        default_nil(object_mut(strategy, "rollingUpdate"), "partition", 0);
    }
    if text(get(strategy, "type")) == "RollingUpdate"
        && let Some(rolling) = find_mut(strategy, "rollingUpdate")
    {
        default_nil(rolling, "partition", 0);
    }
    let retention = object_mut(spec, "persistentVolumeClaimRetentionPolicy");
    default_zero(retention, "whenDeleted", "Retain");
    default_zero(retention, "whenScaled", "Retain");
    default_nil(spec, "replicas", 1);
    default_nil(spec, "revisionHistoryLimit", 10);
    for claim in items_mut(spec.get_mut("volumeClaimTemplates")).filter_map(Value::as_object_mut) {
        default_zero(claim, "apiVersion", "v1");
        default_zero(claim, "kind", "PersistentVolumeClaim");
        default_nil(object_mut(claim, "spec"), "volumeMode", "Filesystem");
        default_zero(object_mut(claim, "status"), "phase", "Pending");
    }
}

/// Upstream: pkg/apis/apps/v1 `SetDefaults_DaemonSet`.
pub(super) fn daemon_set(object: &mut Object) {
    let spec = spec_and_template(object);
    let strategy = object_mut(spec, "updateStrategy");
    default_zero(strategy, "type", "RollingUpdate");
    if text(get(strategy, "type")) == "RollingUpdate" {
        let rolling = object_mut(strategy, "rollingUpdate");
        default_nil(rolling, "maxUnavailable", 1);
        default_nil(rolling, "maxSurge", 0);
    }
    default_nil(spec, "revisionHistoryLimit", 10);
    // Upstream: conversion of the internal templateGeneration, pkg/registry/apps/daemonset `PrepareForCreate`.
    let annotations = object_mut(object_mut(object, "metadata"), "annotations");
    annotations.insert("deprecated.daemonset.template.generation".to_owned(), json!("1"));
}

/// The selector and the labels made from the UID are added when the object gets its UID.
/// Upstream: pkg/apis/batch/v1 `SetDefaults_Job`.
pub(super) fn job(object: &mut Object) {
    let spec = spec_and_template(object);
    if is_nil(get(spec, "completions")) && is_nil(get(spec, "parallelism")) {
        spec.insert("completions".to_owned(), json!(1));
    }
    default_nil(spec, "parallelism", 1);
    let limit = if is_nil(get(spec, "backoffLimitPerIndex")) { 6 } else { i32::MAX };
    default_nil(spec, "backoffLimit", limit);
    default_nil(spec, "completionMode", "NonIndexed");
    default_nil(spec, "suspend", false);
    default_nil(spec, "manualSelector", false);
    let policy = if is_nil(get(spec, "podFailurePolicy")) { "TerminatingOrFailed" } else { "Failed" };
    default_nil(spec, "podReplacementPolicy", policy);
    for rule in items_mut(find_mut(spec, "podFailurePolicy").and_then(|policy| policy.get_mut("rules"))) {
        for pattern in items_mut(rule.get_mut("onPodConditions")).filter_map(Value::as_object_mut) {
            default_zero(pattern, "status", "True");
        }
    }
    let labels = get(spec, "template")["metadata"]["labels"].clone();
    if !is_zero(&labels) {
        default_zero(object_mut(object, "metadata"), "labels", labels);
    }
}

/// The job template gets the defaults of pods but not those of Jobs. Upstream: pkg/apis/batch/v1 `SetDefaults_CronJob`.
pub(super) fn cron_job(object: &mut Object) {
    let spec = object_mut(object, "spec");
    default_zero(spec, "concurrencyPolicy", "Allow");
    default_nil(spec, "suspend", false);
    default_nil(spec, "successfulJobsHistoryLimit", 3);
    default_nil(spec, "failedJobsHistoryLimit", 1);
    let job = object_mut(object_mut(spec, "jobTemplate"), "spec");
    pod_template(object_mut(job, "template"));
}

/// Is the Job's selector its own business? Upstream: pkg/registry/batch/job `generateSelector`.
pub fn has_manual_selector(spec: &Object) -> bool {
    flag(get(spec, "manualSelector"))
}

/// Adds what follows from a Job's UID: selector and labels. Upstream: pkg/registry/batch/job `generateSelectorIfNeeded`.
pub fn job_identity(object: &mut Object, name: &str, uid: &str) {
    let spec = object_mut(object, "spec");
    if has_manual_selector(spec) {
        return;
    }
    let template_labels = object_mut(object_mut(object_mut(spec, "template"), "metadata"), "labels");
    for (key, value) in job_labels(name, uid) {
        template_labels.insert(key.to_owned(), Value::from(value));
    }
    let selector = object_mut(object_mut(spec, "selector"), "matchLabels");
    selector.insert("batch.kubernetes.io/controller-uid".to_owned(), Value::from(uid));
}

/// The labels every pod of a Job has.
pub fn job_labels<'a>(name: &'a str, uid: &'a str) -> [(&'static str, &'a str); 4] {
    [
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", name),
        ("controller-uid", uid),
        ("job-name", name),
    ]
}
