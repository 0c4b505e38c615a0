//! Commands that run in containers: exec probes, hooks, `kubectl exec`. Asked for by those who want the answer, run by
//! the workload.

use super::change::{MachineChange, MachineLog};
use super::container::ContainerId;
use crate::engine::{SimTime, typed_id};
use crate::model::Text;

typed_id!(
    /// A command's row. Rows are reused once forgotten.
    ExecId
);

/// Which command it is, and who waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecPurpose {
    /// The startup probe of the container.
    StartupProbe,
    /// Its readiness probe.
    ReadinessProbe,
    /// Its liveness probe.
    LivenessProbe,
    /// Its postStart hook.
    PostStart,
    /// Its preStop hook.
    PreStop,
    /// Somebody's command, by argv.
    Command(Box<[Text]>),
}

/// How a command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecOutcome {
    /// Exit code.
    pub code: i32,
    /// Standard output and error, as they came.
    pub output: String,
    /// Standard error alone.
    pub errors: String,
    /// Can the same command answer otherwise later although neither files nor ports changed (it looks at the time, at
    /// other pods, …)?
    pub varies: bool,
    /// The runtime's error, if it could not even start the command.
    pub refused: Option<String>,
}

/// A command.
#[derive(Debug)]
pub struct ExecRow {
    /// Where it runs.
    pub container: ContainerId,
    /// Which and for whom.
    pub purpose: ExecPurpose,
    /// When it was asked for.
    pub requested: SimTime,
    /// How it ended, once it did.
    pub outcome: Option<ExecOutcome>,
}

/// All commands somebody waits for.
#[derive(Debug, Default)]
pub(super) struct ExecTable {
    rows: Vec<Option<ExecRow>>,
    free: Vec<ExecId>,
}

impl ExecTable {
    pub(super) fn request(&mut self, now: SimTime, container: ContainerId, purpose: ExecPurpose) -> ExecId {
        let row = Some(ExecRow { container, purpose, requested: now, outcome: None });
        if let Some(id) = self.free.pop() {
            self.rows[id.index()] = row;
            return id;
        }
        self.rows.push(row);
        ExecId::from_index(self.rows.len() - 1)
    }

    pub(super) fn get(&self, exec: ExecId) -> Option<&ExecRow> {
        self.rows.get(exec.index())?.as_ref()
    }

    /// Returns whether somebody still waits for it.
    pub(super) fn finish(&mut self, exec: ExecId, outcome: ExecOutcome) -> bool {
        let Some(Some(row)) = self.rows.get_mut(exec.index()) else { return false };
        if row.outcome.is_some() {
            return false;
        }
        row.outcome = Some(outcome);
        true
    }

    pub(super) fn forget(&mut self, exec: ExecId) {
        if let Some(row) = self.rows.get_mut(exec.index())
            && row.take().is_some()
        {
            self.free.push(exec);
        }
    }

    /// A container ended: what ran in it dies with it (137).
    pub(super) fn cut(&mut self, container: ContainerId, log: &mut MachineLog) {
        for at in 0..self.rows.len() {
            let Some(row) = &mut self.rows[at] else { continue };
            if row.container == container && row.outcome.is_none() {
                row.outcome = Some(ExecOutcome { code: 137, varies: true, ..ExecOutcome::default() });
                log.append(MachineChange::ExecDone { exec: ExecId::from_index(at) });
            }
        }
    }
}
