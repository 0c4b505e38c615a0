//! What a step does: commands, faults, healing, static pods, settings. Each leaves a line of the transcript.

use crate::record;
use crate::scenario::plan::Action;

use super::super::command::Program;
use super::super::{Observer, Simulation, faults};

/// What came of something that is no command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Effect {
    /// What was done, in words: `fault: crash of worker-2 for 5m`.
    pub text: String,
    /// Why nothing was done, or less than was asked for: a warning.
    pub warning: Option<String>,
}

impl Effect {
    /// It was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), warning: None }
    }

    /// What came of it: in words, or why nothing did.
    pub fn of(title: impl Into<String>, outcome: Result<String, String>) -> Self {
        match outcome {
            Ok(done) => Self::done(format!("{}: {done}", title.into())),
            Err(reason) => Self::void(title, reason),
        }
    }

    /// It had no effect.
    pub fn void(text: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { text: text.into(), warning: Some(reason.into()) }
    }
}

/// The command lines of an action, and what types them.
pub(super) fn commands(action: &Action) -> Option<(&[String], Program)> {
    match action {
        Action::Kubectl(commands) => Some((commands, Program::Kubectl)),
        Action::LegacyKubectl(commands) => Some((commands, Program::Legacy)),
        _ => None,
    }
}

impl Simulation {
    /// Carries a step's action out.
    pub(super) fn act(&mut self, index: u32, observer: &mut dyn Observer) {
        let plan = self.steps.steps[index as usize].plan.clone();
        if let Some((commands, program)) = commands(&plan.action) {
            let names = match &plan.for_each {
                None => None,
                Some(for_each) => match self.for_each_names(for_each, commands) {
                    Ok(names) if names.is_empty() => {
                        return self.warn_of_step(plan.index, "`forEach` matched nothing");
                    }
                    Ok(names) => Some((names, for_each.parallel.unwrap_or(1) as usize)),
                    Err(reason) => return self.warn_of_step(plan.index, &format!("`forEach`: {reason}")),
                },
            };
            return self.run_commands(index, program, commands, names, observer);
        }
        let effect = match &plan.action {
            Action::Fault(fault) => self.start_fault(plan.index, fault),
            Action::Heal(heal) => self.heal_fault(heal),
            Action::StaticPod(change) => {
                let title = faults::static_pod_title(change);
                Effect::of(title, self.change_static_pod(change))
            }
            Action::Set(settings) => self.change_settings(settings),
            Action::Kubectl(_) | Action::LegacyKubectl(_) => return,
        };
        let output = effect.warning.as_ref().map_or_else(String::new, |warning| format!("warning: {warning}\n"));
        observer.transcript(self.now, &effect.text, &output);
        let now = self.moment(self.now);
        self.recording.collector.step(record::Step {
            number: plan.index as u32,
            name: plan.name,
            command: effect.text,
            start: now,
            end: now,
            exit: None,
            output,
        });
        if let Some(warning) = effect.warning {
            self.warn_of_step(plan.index, &warning);
        }
    }

    fn warn_of_step(&mut self, number: usize, warning: &str) {
        let at = self.moment(self.now);
        self.recording.collector.warn(format!("spec.steps[{number}] at {at}s: {warning}"));
    }
}
