//! Workloads and autoscalers as kube-state-metrics names them.

use std::io;

use super::super::grouped::Grouped;
use super::Exposition;
use crate::record::{Record, Replicas, Workload};

/// A metric of a kind: its name, help, and where its value is.
type Metric = (&'static str, &'static str, fn(&Replicas) -> u32);

/// A kind, the label that its name has, and its metrics.
const KINDS: [(&str, &str, &[Metric]); 6] = [
    (
        "Deployment",
        "deployment",
        &[
            ("kube_deployment_spec_replicas", "Number of desired pods for a deployment.", |now| now.desired),
            ("kube_deployment_status_replicas", "The number of replicas per deployment.", |now| now.current),
            ("kube_deployment_status_replicas_ready", "The number of ready replicas per deployment.", |now| now.ready),
            ("kube_deployment_status_replicas_available", "The number of available replicas per deployment.", |now| {
                now.available
            }),
            (
                "kube_deployment_status_replicas_unavailable",
                "The number of unavailable replicas per deployment.",
                |now| now.current.max(now.desired).saturating_sub(now.available),
            ),
            ("kube_deployment_status_replicas_updated", "The number of updated replicas per deployment.", |now| {
                now.updated
            }),
        ],
    ),
    (
        "StatefulSet",
        "statefulset",
        &[
            ("kube_statefulset_replicas", "Number of desired pods for a StatefulSet.", |now| now.desired),
            ("kube_statefulset_status_replicas", "The number of replicas per StatefulSet.", |now| now.current),
            ("kube_statefulset_status_replicas_ready", "The number of ready replicas per StatefulSet.", |now| {
                now.ready
            }),
            (
                "kube_statefulset_status_replicas_available",
                "The number of available replicas per StatefulSet.",
                |now| now.available,
            ),
            ("kube_statefulset_status_replicas_updated", "The number of updated replicas per StatefulSet.", |now| {
                now.updated
            }),
        ],
    ),
    (
        "DaemonSet",
        "daemonset",
        &[
            (
                "kube_daemonset_status_desired_number_scheduled",
                "The number of nodes that should be running the daemon pod.",
                |now| now.desired,
            ),
            (
                "kube_daemonset_status_current_number_scheduled",
                "The number of nodes running at least one daemon pod and are supposed to.",
                |now| now.current,
            ),
            (
                "kube_daemonset_status_number_ready",
                "The number of nodes that should be running the daemon pod and have one or more of the daemon pod \
                 running and ready.",
                |now| now.ready,
            ),
            (
                "kube_daemonset_status_number_available",
                "The number of nodes that should be running the daemon pod and have one or more of the daemon pod \
                 running and available",
                |now| now.available,
            ),
            (
                "kube_daemonset_status_number_unavailable",
                "The number of nodes that should be running the daemon pod and have none of the daemon pod running \
                 and available",
                |now| now.desired.saturating_sub(now.available),
            ),
            (
                "kube_daemonset_status_updated_number_scheduled",
                "The total number of nodes that are running updated daemon pod",
                |now| now.updated,
            ),
        ],
    ),
    (
        "ReplicaSet",
        "replicaset",
        &[
            ("kube_replicaset_spec_replicas", "Number of desired pods for a ReplicaSet.", |now| now.desired),
            ("kube_replicaset_status_replicas", "The number of replicas per ReplicaSet.", |now| now.current),
            ("kube_replicaset_status_ready_replicas", "The number of ready replicas per ReplicaSet.", |now| now.ready),
        ],
    ),
    (
        "ReplicationController",
        "replicationcontroller",
        &[
            (
                "kube_replicationcontroller_spec_replicas",
                "Number of desired pods for a ReplicationController.",
                |now| now.desired,
            ),
            (
                "kube_replicationcontroller_status_replicas",
                "The number of replicas per ReplicationController.",
                |now| now.current,
            ),
            (
                "kube_replicationcontroller_status_ready_replicas",
                "The number of ready replicas per ReplicationController.",
                |now| now.ready,
            ),
        ],
    ),
    (
        "Job",
        "job_name",
        &[
            ("kube_job_status_active", "The number of actively running pods.", |now| now.current),
            ("kube_job_status_succeeded", "The number of pods which reached Phase Succeeded.", |now| now.succeeded),
            ("kube_job_status_failed", "The number of pods which reached Phase Failed.", |now| now.failed),
        ],
    ),
];

pub(super) fn write(record: &Record, out: &mut Exposition<'_>) -> io::Result<()> {
    let rows = Grouped::new(record.workloads.len(), record.workload_rows.iter().map(|row| row.workload.index()));
    for (kind, label, metrics) in KINDS {
        let of_kind = |workload: &&Workload| record.text(workload.kind) == kind;
        if !record.workloads.iter().any(|workload| of_kind(&workload)) {
            continue;
        }
        for (name, help, value) in metrics {
            out.gauge(name, help)?;
            for (index, workload) in record.workloads.iter().enumerate().filter(|(_, workload)| of_kind(workload)) {
                out.series(&[("namespace", record.text(workload.namespace)), (label, record.text(workload.name))]);
                out.sample(workload.created, 0.0);
                for row in rows.of(index, &record.workload_rows) {
                    out.sample(row.time, f64::from(value(&row.replicas)));
                }
                out.finish(workload.deleted.min(record.end))?;
            }
        }
    }
    owners(record, out)?;
    autoscalers(record, out)
}

fn owners(record: &Record, out: &mut Exposition<'_>) -> io::Result<()> {
    for (name, kind, label) in
        [("kube_replicaset_owner", "ReplicaSet", "replicaset"), ("kube_job_owner", "Job", "job_name")]
    {
        let mut owned = record.workloads.iter().filter(|one| record.text(one.kind) == kind && one.owner.is_some());
        let Some(first) = owned.next() else { continue };
        out.gauge(name, "Information about the owner of the workload.")?;
        for workload in [first].into_iter().chain(owned) {
            let owner = &record.workloads[workload.owner.index()];
            out.series(&[
                ("namespace", record.text(workload.namespace)),
                (label, record.text(workload.name)),
                ("owner_kind", record.text(owner.kind)),
                ("owner_name", record.text(owner.name)),
                ("owner_is_controller", "true"),
            ]);
            out.sample(workload.created, 1.0);
            out.finish(workload.deleted.min(record.end))?;
        }
    }
    Ok(())
}

fn autoscalers(record: &Record, out: &mut Exposition<'_>) -> io::Result<()> {
    if record.autoscalers.is_empty() {
        return Ok(());
    }
    let rows = Grouped::new(record.autoscalers.len(), record.autoscaler_rows.iter().map(|row| row.autoscaler.index()));
    for is_desired in [true, false] {
        if is_desired {
            let help = "Desired number of replicas of pods managed by this autoscaler.";
            out.gauge("kube_horizontalpodautoscaler_status_desired_replicas", help)?;
        } else {
            let help = "Current number of replicas of pods managed by this autoscaler.";
            out.gauge("kube_horizontalpodautoscaler_status_current_replicas", help)?;
        }
        for (index, autoscaler) in record.autoscalers.iter().enumerate() {
            out.series(&[
                ("namespace", record.text(autoscaler.namespace)),
                ("horizontalpodautoscaler", record.text(autoscaler.name)),
            ]);
            for row in rows.of(index, &record.autoscaler_rows) {
                out.sample(row.time, f64::from(if is_desired { row.desired } else { row.current }));
            }
            out.finish(record.end)?;
        }
    }
    Ok(())
}
