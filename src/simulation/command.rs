//! One kubectl command line in virtual time: it ends at once, waits for changes, or runs something in a container.

use crate::engine::SimTime;
use crate::kubectl::{Exec, Output, Progress, Waiting};
use crate::machines::{ContainerId, ExecId, ExecPurpose, RunState};
use crate::workload::terminal;

use super::outages::Component;
use super::{Observer, Simulation};

/// Where kubectl of a kubeadm cluster finds the API server.
const API_SERVER: &str = "10.0.0.1:6443";

/// Who takes a command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Program {
    /// Today's kubectl.
    #[default]
    Kubectl,
    /// kubectl as it was, for commands that it no longer has.
    Legacy,
}

/// What a command waits for.
pub(super) enum Pending {
    /// Changes of the cluster.
    Changes(Waiting),
    /// The end of a command in a container.
    Exec {
        /// Which.
        exec: ExecId,
        /// What kubectl had printed before.
        before: Output,
    },
    /// The end of kubectl, whose output the rest of a pipeline reads.
    Piped {
        /// What kubectl waits for.
        inner: Box<Pending>,
        /// The rest.
        filter: String,
    },
}

impl Pending {
    /// When it gives up.
    pub(super) fn deadline(&self) -> SimTime {
        match self {
            Self::Changes(waiting) => waiting.deadline(),
            Self::Exec { .. } => SimTime::NEVER,
            Self::Piped { inner, .. } => inner.deadline(),
        }
    }

    /// Does it only look on?
    pub(super) fn looks_on(&self) -> bool {
        matches!(self, Self::Changes(waiting) if waiting.looks_on())
    }

    /// What has been printed so far.
    pub(super) fn interrupt(self) -> Output {
        match self {
            Self::Changes(waiting) => waiting.interrupt(),
            Self::Exec { before, .. } => before,
            Self::Piped { inner, .. } => inner.interrupt(),
        }
    }
}

impl Simulation {
    /// Types a command line now and lets virtual time pass until it ends. Steps of the scenario go on meanwhile.
    pub fn kubectl(&mut self, command: &str, observer: &mut dyn Observer) -> Output {
        let mut result = self.start_command(Program::Kubectl, command);
        loop {
            let pending = match result {
                Ok(output) => {
                    self.settle(observer);
                    return output;
                }
                Err(pending) => pending,
            };
            self.settle(observer);
            let ended = self.may_end(&pending);
            if !ended && !self.advance(pending.deadline(), observer) {
                if pending.looks_on() {
                    return pending.interrupt();
                }
                let stderr = "error: nothing is left that could end the wait\n".to_owned();
                return Output { stderr, exit: 1, ..Output::default() };
            }
            result = self.poll_command(pending);
        }
    }

    pub(super) fn start_command(&mut self, program: Program, command: &str) -> Result<Output, Pending> {
        if self.outages.is_down(Component::ApiServer) {
            // Upstream: kubectl/pkg/cmd/util `StandardErrorMessage`.
            let stderr = format!(
                "The connection to the server {API_SERVER} was refused - did you specify the right host or port?\n"
            );
            return Ok(Output { stderr, exit: 1, ..Output::default() });
        }
        let (command, filter) = terminal::split_pipeline(command);
        let progress = match program {
            Program::Kubectl => self.kubectl.start(self.now, command, &mut self.cluster, &self.machines, &self.files),
            Program::Legacy => {
                self.kubectl.start_legacy(self.now, command, &mut self.cluster, &self.machines, &self.files)
            }
        };
        let result = self.go_on(progress);
        match filter {
            Some(filter) => self.piped(result, filter.to_owned()),
            None => result,
        }
    }

    /// What kubectl has printed goes through the rest of the pipeline; before its end nothing does.
    fn piped(&self, result: Result<Output, Pending>, filter: String) -> Result<Output, Pending> {
        match result {
            Err(pending) => Err(Pending::Piped { inner: Box::new(pending), filter }),
            Ok(output) => {
                let piped = terminal::pipe(&filter, &output.stdout, self.now);
                Ok(Output { stdout: piped.stdout, stderr: output.stderr + &piped.stderr, exit: piped.status })
            }
        }
    }

    pub(super) fn poll_command(&mut self, pending: Pending) -> Result<Output, Pending> {
        if self.outages.is_down(Component::ApiServer) && pending.deadline() > self.now {
            // Its watch is tried again until the server is back.
            return Err(pending);
        }
        match pending {
            Pending::Changes(waiting) => {
                let progress = self.kubectl.poll(self.now, waiting, &mut self.cluster, &self.machines);
                self.go_on(progress)
            }
            Pending::Exec { exec, before } => self.exec_result(exec, before),
            Pending::Piped { inner, filter } => {
                let result = self.poll_command(*inner);
                self.piped(result, filter)
            }
        }
    }

    /// Has a command in a container ended that this waits for?
    fn may_end(&self, pending: &Pending) -> bool {
        match pending {
            Pending::Changes(_) => false,
            Pending::Exec { exec, .. } => self.has_ended(*exec),
            Pending::Piped { inner, .. } => self.may_end(inner),
        }
    }

    fn go_on(&mut self, progress: Progress) -> Result<Output, Pending> {
        match progress {
            Progress::Done(output) => Ok(output),
            Progress::Waiting(waiting) => Err(Pending::Changes(waiting)),
            Progress::Exec(exec) => self.start_exec(*exec),
            Progress::Edit(edit) => {
                let edited = terminal::edit(edit.editor(), edit.file(), self.now);
                let (cluster, machines) = (&mut self.cluster, &self.machines);
                let progress = self.kubectl.finish_edit(self.now, *edit, edited.as_deref(), cluster, machines);
                self.go_on(progress)
            }
        }
    }

    fn start_exec(&mut self, exec: Exec) -> Result<Output, Pending> {
        let Some(container) = self.running_container(&exec) else {
            let name = &self.cluster.template_of(exec.pod).spec.containers[exec.container].name;
            let error = format!("error: unable to upgrade connection: container not found (\"{name}\")\n");
            return Ok(Output { stderr: exec.before.stderr + &error, stdout: exec.before.stdout, exit: 1 });
        };
        let argv = exec.command.iter().map(|word| word.as_str().into()).collect();
        let id = self.machines.request_exec(self.now, container, ExecPurpose::Command(argv));
        Err(Pending::Exec { exec: id, before: exec.before })
    }

    fn running_container(&self, exec: &Exec) -> Option<ContainerId> {
        let index = u8::try_from(exec.container).ok()?;
        let mut runs = self.machines.runs(exec.pod, index);
        runs.find(|run| self.machines.container(*run).state == RunState::Running)
    }

    fn has_ended(&self, exec: ExecId) -> bool {
        self.machines.exec(exec).is_none_or(|row| row.outcome.is_some())
    }

    /// Upstream: kubectl `exec` passes the command's exit code on.
    fn exec_result(&mut self, exec: ExecId, before: Output) -> Result<Output, Pending> {
        if !self.has_ended(exec) {
            return Err(Pending::Exec { exec, before });
        }
        let outcome = self.machines.exec(exec).and_then(|row| row.outcome.clone()).unwrap_or_default();
        self.machines.forget_exec(exec);
        let mut output = Output { stdout: before.stdout + &outcome.output, stderr: before.stderr, exit: outcome.code };
        if let Some(error) = &outcome.refused {
            // What the API server makes of the kubelet's answer. Upstream: kubectl exec, apiserver `NewInternalError`.
            let error = error.strip_prefix("rpc error: code = Unknown desc = ").unwrap_or(error);
            output.stderr += &format!(
                "error: Internal error occurred: Internal error occurred: error executing command in container: {error}\n"
            );
            output.exit = 1;
        } else if outcome.code != 0 {
            output.stderr += &format!("command terminated with exit code {}\n", outcome.code);
        }
        Ok(output)
    }
}
