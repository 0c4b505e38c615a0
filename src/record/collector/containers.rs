//! What is seen of a pod's containers after a write: runs that began or ended, and what they wait for.

use super::super::{ContainerRow, ContainerStage, History, Moment, PodIndex, PodMarks, TextId};
use super::Collector;
use crate::engine::SimTime;
use crate::engine::rows::Rows;
use crate::model::pod::{ContainerState, ContainerStatus, Pod, Termination};
use crate::model::pod_template::PodTemplate;

/// What was last written of each container, by pod.
#[derive(Clone, Debug, Default)]
pub(super) struct ContainerTable {
    /// Where a pod's containers begin, by pod.
    first: Rows<u32>,
    /// Where those of the next pod do.
    end: u32,
    /// Up to the last container of which anything was written.
    last: Rows<Option<Last>>,
}

/// The last row of a container, as far as the next one depends on it.
#[derive(Clone, Copy, Debug)]
struct Last {
    since: Moment,
    reason: TextId,
    stage: ContainerStage,
}

impl ContainerTable {
    /// Pods come in the order of their ids.
    pub(super) fn add_pod(&mut self, containers: usize) {
        self.first.push(self.end);
        self.end += containers as u32;
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
        // What nobody reads is not written, but for containers that were killed for their memory, which are counted.
        if !self.record.history.contains(History::CONTAINERS)
            && !pod.status.containers.iter().any(was_killed_for_memory)
        {
            return;
        }
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
                let last = self.last_row(seen);
                let is_news = last.is_some_and(|row| {
                    row.stage == ContainerStage::Terminated
                        || row.stage == ContainerStage::Waiting && row.reason != reason
                });
                // The default reasons are no news; an image that cannot be pulled is.
                let is_first = last.is_none()
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
        if run.reason == OOM_KILLED {
            self.record.pod_marked(seen.time, seen.pod, PodMarks::OOM_KILLED);
        }
    }

    fn last_row(&self, seen: Seen<'_>) -> Option<Last> {
        self.containers.last.get(seen.place).copied().flatten()
    }

    fn push(&mut self, seen: Seen<'_>, row: ContainerRow) {
        if self.record.history.contains(History::CONTAINERS) {
            let name = self.record.texts.intern(seen.name);
            self.record.container_rows.push(ContainerRow { name, ..row });
        }
        self.containers.last.fill_up(seen.place + 1, None);
        self.containers.last[seen.place] = Some(Last { since: row.since, reason: row.reason, stage: row.stage });
    }
}

const OOM_KILLED: &str = "OOMKilled";

fn was_killed_for_memory(status: &ContainerStatus) -> bool {
    let ended = match &status.state {
        ContainerState::Terminated(run) => Some(run),
        _ => None,
    };
    ended.into_iter().chain(&status.last).any(|run| run.reason == OOM_KILLED)
}

fn row(seen: Seen<'_>, stage: ContainerStage, since: Moment) -> ContainerRow {
    let Seen { time, pod, is_init, .. } = seen;
    ContainerRow { time, since, pod, name: TextId::NONE, reason: TextId::NONE, exit: 0, stage, is_init }
}
