//! Made-up containers for the records of `synthetic`: one a pod, that does what the pod's STATUS says.

use crate::record::{ContainerRow, ContainerStage, Moment, PodRow, Record, TextId};

/// Adds the rows of one container for each pod.
pub fn add(record: &mut Record) {
    let name = record.texts.intern("app");
    let reasons = ["Error", "CrashLoopBackOff", "Completed"].map(|reason| record.texts.intern(reason));
    let mut last = vec![None; record.pods.len()];
    let rows = record.timeline.iter().filter_map(|row| {
        let (stage, reason) = state(record.text(row.state.status), reasons)?;
        let is_same = last[row.pod.index()].replace(stage) == Some(stage);
        (!is_same).then(|| container(row, name, stage, reason))
    });
    record.container_rows = rows.collect();
}

fn state(status: &str, [error, back_off, completed]: [TextId; 3]) -> Option<(ContainerStage, TextId)> {
    match status {
        "Running" => Some((ContainerStage::Running, TextId::NONE)),
        "Error" => Some((ContainerStage::Terminated, error)),
        "CrashLoopBackOff" => Some((ContainerStage::Waiting, back_off)),
        "Completed" => Some((ContainerStage::Terminated, completed)),
        _ => None,
    }
}

/// The kubelet tells of a change a little after it.
fn container(row: &PodRow, name: TextId, stage: ContainerStage, reason: TextId) -> ContainerRow {
    let since = if stage == ContainerStage::Waiting { row.time } else { Moment(row.time.0 - 3_000_000) };
    let exit = i32::from(stage == ContainerStage::Terminated && row.state.restarts > 0);
    ContainerRow { time: row.time, since, pod: row.pod, name, reason, exit, stage, is_init: false }
}
