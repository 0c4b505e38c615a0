//! Containers as kube-state-metrics names them.

use std::io;

use super::super::grouped::Grouped;
use super::Exposition;
use super::pods::{Names, PodLabels};
use crate::record::{ContainerRow, ContainerStage, Record, TextId};

/// What is done with the rows of one container.
type Each<'f> = &'f mut dyn FnMut(&Names<'_>, &str, &[&ContainerRow]) -> io::Result<()>;

pub(super) fn write(record: &Record, labels: &PodLabels, out: &mut Exposition<'_>) -> io::Result<()> {
    let rows = Grouped::new(record.pods.len(), record.container_rows.iter().map(|row| row.pod.index()));
    let mut one: Vec<&ContainerRow> = Vec::new();
    // Hands on the rows of each container in turn.
    let mut each = |is_init: bool, of: Each<'_>| {
        for index in 0..record.pods.len() {
            let names = labels.names(record, index);
            let mut done: smallvec::SmallVec<[TextId; 8]> = smallvec::SmallVec::new();
            for row in rows.of(index, &record.container_rows).filter(|row| row.is_init == is_init) {
                if done.contains(&row.name) {
                    continue;
                }
                done.push(row.name);
                one.clear();
                one.extend(rows.of(index, &record.container_rows).filter(|other| other.name == row.name));
                of(&names, record.text(row.name), &one)?;
            }
        }
        Ok::<(), io::Error>(())
    };
    let help = "The number of container restarts per container.";
    for (is_init, name) in
        [(false, "kube_pod_container_status_restarts_total"), (true, "kube_pod_init_container_status_restarts_total")]
    {
        out.counter(name, help)?;
        each(is_init, &mut |names, container, rows| {
            names.series(out, &[("container", container)]);
            let runs = rows.iter().filter(|row| row.stage == ContainerStage::Running);
            for (restarts, row) in (0u32..).zip(runs) {
                out.sample(row.time, f64::from(restarts));
            }
            out.finish(names.until)
        })?;
    }
    out.gauge("kube_pod_container_status_running", "Describes whether the container is currently in running state.")?;
    each(false, &mut |names, container, rows| {
        names.series(out, &[("container", container)]);
        for row in rows {
            out.sample(row.time, f64::from(row.stage == ContainerStage::Running));
        }
        out.sample(names.until, f64::from(is_running_at_the_end(record, rows)));
        out.finish(names.until)
    })?;
    for (name, help, stage, holds) in [
        (
            "kube_pod_container_status_waiting_reason",
            "Describes the reason the container is currently in waiting state.",
            ContainerStage::Waiting,
            false,
        ),
        (
            "kube_pod_container_status_terminated_reason",
            "Describes the reason the container is currently in terminated state.",
            ContainerStage::Terminated,
            false,
        ),
        (
            "kube_pod_container_status_last_terminated_reason",
            "Describes the last reason the container was in terminated state.",
            ContainerStage::Terminated,
            true,
        ),
    ] {
        out.gauge(name, help)?;
        each(false, &mut |names, container, rows| {
            let mut reasons: smallvec::SmallVec<[TextId; 8]> = smallvec::SmallVec::new();
            for row in rows.iter().filter(|row| row.stage == stage && row.reason.is_some()) {
                if reasons.contains(&row.reason) {
                    continue;
                }
                reasons.push(row.reason);
                names.series(out, &[("container", container), ("reason", record.text(row.reason))]);
                let first = rows.iter().position(|other| std::ptr::eq(*other, *row)).unwrap_or_default();
                for other in rows[first..].iter().filter(|other| !holds || other.stage == stage) {
                    out.sample(other.time, f64::from(other.stage == stage && other.reason == row.reason));
                }
                out.finish(names.until)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// A pod that is gone runs nothing, whatever its last status said.
fn is_running_at_the_end(record: &Record, rows: &[&ContainerRow]) -> bool {
    let Some(last) = rows.last() else { return false };
    last.stage == ContainerStage::Running && record.pods[last.pod.index()].exists()
}
