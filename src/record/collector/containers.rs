//! What is seen of a pod's containers after a write: runs that began or ended, and what they wait for.

use super::super::{ContainerRow, ContainerStage, Moment, PodIndex, PodMarks};
use super::Collector;
use crate::engine::SimTime;
use crate::model::pod::{ContainerState, ContainerStatus, Pod, Termination};
use crate::model::pod_template::PodTemplate;

/// The last row of each container, by pod.
#[derive(Clone, Debug, Default)]
pub(super) struct ContainerTable {
    /// Where a pod's containers begin, by pod.
    first: Vec<u32>,
    /// The last row of each container and one; 0 for none.
    last: Vec<u32>,
}

impl ContainerTable {
    /// Pods come in the order of their ids.
    pub(super) fn add_pod(&mut self, containers: usize) {
        self.first.push(self.last.len() as u32);
        self.last.resize(self.last.len() + containers, 0);
    }
}

/// A container whose status is looked at.
#[derive(Clone, Copy)]
struct Seen<'a> {
    time: Moment,
    pod: PodIndex,
    /// Its place among all containers of the run.
    place: usize,
    name: &'a str,
    is_init: bool,
}

impl Collector {
    pub(super) fn containers(&mut self, time: Moment, index: PodIndex, pod: &Pod, template: &PodTemplate) {
        let first = self.containers.first[index.index()] as usize;
        // Ephemeral containers came later, and have no place in the record.
        for (place, status) in pod.status.containers.iter().enumerate().take(template.spec.own().end) {
            let name = &template.spec.containers[place].name;
            let is_init = place < template.spec.init_count;
            self.container(Seen { time, pod: index, place: first + place, name, is_init }, status);
        }
    }

    fn container(&mut self, seen: Seen<'_>, status: &ContainerStatus) {
        if let Some(last) = &status.last {
            self.ended(seen, last);
        }
        match &status.state {
            ContainerState::Running { started_at } => self.runs(seen, *started_at),
            ContainerState::Terminated(termination) => self.ended(seen, termination),
            ContainerState::Waiting { reason, .. } => {
                let reason = self.record.texts.intern(reason);
                let is_news = self.last_row(seen).is_some_and(|row| {
                    row.stage == ContainerStage::Terminated
                        || row.stage == ContainerStage::Waiting && row.reason != reason
                });
                // The default reasons are no news; an image that cannot be pulled is.
                let is_first = self.last_row(seen).is_none()
                    && !matches!(self.record.texts.get(reason), "ContainerCreating" | "PodInitializing" | "");
                if is_news || is_first {
                    self.push(seen, ContainerRow { reason, ..row(seen, ContainerStage::Waiting, seen.time) });
                }
            }
        }
    }

    fn runs(&mut self, seen: Seen<'_>, started: SimTime) {
        let since = self.moment(started);
        let is_known =
            self.last_row(seen).is_some_and(|row| row.stage == ContainerStage::Running && row.since == since);
        if !is_known {
            self.push(seen, row(seen, ContainerStage::Running, since));
        }
    }

    fn ended(&mut self, seen: Seen<'_>, run: &Termination) {
        let (started, since) = (self.moment(run.started_at), self.moment(run.finished_at));
        let is_news = self.last_row(seen).is_none_or(|row| match row.stage {
            // A run may be of no length.
            ContainerStage::Running => row.since == started || since > row.since,
            ContainerStage::Waiting | ContainerStage::Terminated => since > row.since,
        });
        if !is_news {
            return;
        }
        // One so short that no status showed it running.
        self.runs(seen, run.started_at);
        let reason = self.record.texts.intern(&run.reason);
        self.push(seen, ContainerRow { reason, exit: run.exit_code, ..row(seen, ContainerStage::Terminated, since) });
        if run.reason == "OOMKilled" {
            self.record.pod_marked(seen.time, seen.pod, PodMarks::OOM_KILLED);
        }
    }

    fn last_row(&self, seen: Seen<'_>) -> Option<&ContainerRow> {
        let number = self.containers.last[seen.place] as usize;
        number.checked_sub(1).map(|index| &self.record.container_rows[index])
    }

    fn push(&mut self, seen: Seen<'_>, row: ContainerRow) {
        let name = self.record.texts.intern(seen.name);
        self.record.container_rows.push(ContainerRow { name, ..row });
        self.containers.last[seen.place] = self.record.container_rows.len() as u32;
    }
}

fn row(seen: Seen<'_>, stage: ContainerStage, since: Moment) -> ContainerRow {
    let Seen { time, pod, is_init, .. } = seen;
    let none = super::super::TextId::NONE;
    ContainerRow { time, since, pod, name: none, reason: none, exit: 0, stage, is_init }
}
