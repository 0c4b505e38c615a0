//! kubectl: command lines to API verbs, and objects to what kubectl prints of them.
//!
//! Semantics of the client only (reading files, 3-way merges, waiting, layouts); what the server decides comes from
//! `cluster` and `api`. Knows no component: it sees what they do through the change log. Texts are kubectl 1.32's.

mod ages;
mod command_line;
mod commands;
mod describe;
mod errors;
mod flags;
mod formats;
mod go_template;
mod help;
mod jsonpath;
mod kubeconfig;
mod kustomize;
mod legacy;
mod listing;
mod manifests;
mod output;
mod printers;
mod requests;
mod resource_reference;
mod resources;
mod results;
mod selectors;
mod sorting;
mod waiting;

pub use waiting::Waiting;

use std::fmt;

use crate::api::DecodeCache;
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::machines::Machines;
use command_line::{CommandLine, Parsed};
use kubeconfig::KubeConfig;
use output::Printed;
use serde_json::Value;
use waiting::State;

/// What a finished command printed and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit status.
    pub exit: i32,
}

/// How far a command is.
#[derive(Clone, Debug)]
pub enum Progress {
    /// It ended.
    Done(Output),
    /// It waits for something: call `poll` after changes that it touches and at its deadline.
    Waiting(Waiting),
    /// It runs a command in a container, which this layer cannot do.
    Exec(Box<Exec>),
    /// It wants a file edited (`kubectl edit`): call `finish_edit` with what the editor makes of it.
    Edit(Box<Edit>),
}

/// `kubectl edit`: a file that is to go through an editor.
#[derive(Clone, Debug)]
pub struct Edit {
    editing: commands::edit::Editing,
    printed: Printed,
}

impl Edit {
    /// The editor with its arguments, as `KUBE_EDITOR` names it.
    pub fn editor(&self) -> &str {
        self.editing.editor()
    }

    /// The file's content.
    pub fn file(&self) -> &str {
        &self.editing.file
    }
}

/// `kubectl exec`: what is to be run in a container's shell. Whoever runs it prints its output and, if it fails,
/// `command terminated with exit code N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    /// The pod.
    pub pod: crate::model::object::PodId,
    /// Index of the container in the pod's template.
    pub container: usize,
    /// Command and arguments.
    pub command: Vec<String>,
    /// What kubectl has printed before (`Defaulted container …`).
    pub before: Output,
}

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none of that name.
    #[error("no such file or directory")]
    Missing,
    /// It is not UTF-8.
    #[error("not a text file")]
    NotText,
}

/// The files that a command line may name, relative to the scenario.
pub trait Files {
    /// Path and text of a file (`-` is standard input), or of all files of a folder in order of their names.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&self, path: &str) -> Result<Vec<(String, String)>, FileError>;
}

/// No files at all: command lines that name one are refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Vec<(String, String)>, FileError> {
        Err(FileError::Missing)
    }
}

/// kubectl with its configuration.
#[derive(Debug)]
pub struct Kubectl {
    kubeconfig: KubeConfig,
    cache: DecodeCache,
}

impl Default for Kubectl {
    fn default() -> Self {
        Self { kubeconfig: KubeConfig::of("kubelapse"), cache: DecodeCache::default() }
    }
}

impl Kubectl {
    /// Names the context, cluster and user that the kubeconfig has at first.
    pub fn set_context(&mut self, name: &str) {
        self.kubeconfig = KubeConfig::of(name);
    }

    /// The server has the feature gate `HPAScaleToZero`.
    pub fn set_scale_to_zero(&mut self, on: bool) {
        self.cache.scale_to_zero = on;
    }
}

/// What a command works on.
pub(crate) struct Call<'a> {
    pub(crate) now: SimTime,
    pub(crate) cluster: &'a mut Cluster,
    pub(crate) machines: &'a Machines,
    pub(crate) files: &'a dyn Files,
    /// Contexts, clusters and users.
    pub(crate) kubeconfig: &'a KubeConfig,
    /// Namespace of the context.
    pub(crate) context_namespace: &'a str,
    /// Templates that were decoded before.
    pub(crate) cache: &'a mut DecodeCache,
    /// Who owns the fields that it writes; empty for nobody.
    pub(crate) manager: String,
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Kubectl {
    /// Runs a command line, `kubectl` in front or not, until it ends or has to wait.
    pub fn start(
        &mut self,
        now: SimTime,
        command_line: &str,
        cluster: &mut Cluster,
        machines: &Machines,
        files: &dyn Files,
    ) -> Progress {
        self.run(now, command_line, CommandLine::parse, cluster, machines, files)
    }

    /// Runs a command line of the kubectl of old (`rolling-update`), until it ends or has to wait.
    pub fn start_legacy(
        &mut self,
        now: SimTime,
        command_line: &str,
        cluster: &mut Cluster,
        machines: &Machines,
        files: &dyn Files,
    ) -> Progress {
        self.run(now, command_line, legacy::parse, cluster, machines, files)
    }

    fn run(
        &mut self,
        now: SimTime,
        command_line: &str,
        parse: fn(&[String]) -> Result<Parsed, errors::Failure>,
        cluster: &mut Cluster,
        machines: &Machines,
        files: &dyn Files,
    ) -> Progress {
        let words = match command_line::split(command_line) {
            Ok(words) => words,
            Err(text) => return Progress::Done(Output { stderr: text, exit: 1, ..Output::default() }),
        };
        let mut printed = Printed::default();
        let parsed = parse(&words);
        let context = match &parsed {
            Ok(Parsed::Command(line)) if line.needs_server() => {
                let given = |flag| line.global(flag);
                match self.kubeconfig.resolve(given("context"), given("cluster"), given("user")) {
                    Ok(context) => context,
                    Err(failure) => return conclude(Err(failure), printed),
                }
            }
            _ => self.kubeconfig.context(),
        };
        let mut call = Call {
            now,
            cluster,
            machines,
            files,
            kubeconfig: &self.kubeconfig,
            context_namespace: &context.namespace,
            cache: &mut self.cache,
            manager: String::new(),
        };
        let result = match parsed {
            Ok(Parsed::Help(text)) => {
                printed.out.push_str(&text);
                Ok(commands::Outcome::Done)
            }
            Ok(Parsed::Group(help)) => {
                if help.on_stderr { &mut printed.err } else { &mut printed.out }.push_str(help.text);
                printed.failed = help.fails;
                Ok(commands::Outcome::Done)
            }
            Ok(Parsed::Command(mut line)) => {
                call.manager = manager_of(&line);
                for warning in &line.deprecations {
                    printed.err_line(warning);
                }
                for warning in &line.logged {
                    printed.err_line(format!("{} helpers.go:720] {warning}", log_prefix(*call.cluster.clock(), now)));
                }
                if resources::names_endpoints(&line) {
                    printed.err_line(requests::ENDPOINTS_DEPRECATED);
                }
                if resources::is_ambiguous(&line) {
                    printed.err_line(
                        "Warning: short name \"ev\" could also match lower priority resource events.events.k8s.io",
                    );
                }
                line.refuse(&["warnings-as-errors"])
                    .and_then(|()| formats::read_template_file(&mut line, call.files))
                    .and_then(|()| (line.command.run)(&mut call, &line, &mut printed))
            }
            Err(failure) => Err(failure),
        };
        if let Some(kubeconfig) = printed.kubeconfig.take() {
            self.kubeconfig = kubeconfig;
        }
        conclude(result, printed)
    }

    /// Goes on with `kubectl edit` once the editor has ended; `None` if it could not be started.
    pub fn finish_edit(
        &mut self,
        now: SimTime,
        edit: Edit,
        edited: Option<&str>,
        cluster: &mut Cluster,
        machines: &Machines,
    ) -> Progress {
        let namespace = self.kubeconfig.context().namespace;
        let mut call = self.call(now, &namespace, cluster, machines);
        let Edit { editing, mut printed } = edit;
        let result = commands::edit::go_on(&mut call, &editing, edited, &mut printed);
        conclude(result, printed)
    }

    /// A call of a command that has read its files.
    fn call<'a>(
        &'a mut self,
        now: SimTime,
        context_namespace: &'a str,
        cluster: &'a mut Cluster,
        machines: &'a Machines,
    ) -> Call<'a> {
        Call {
            now,
            cluster,
            machines,
            files: &NoFiles,
            kubeconfig: &self.kubeconfig,
            context_namespace,
            cache: &mut self.cache,
            manager: String::new(),
        }
    }

    /// Goes on with a command that waits.
    pub fn poll(&mut self, now: SimTime, waiting: Waiting, cluster: &mut Cluster, machines: &Machines) -> Progress {
        let namespace = self.kubeconfig.context().namespace;
        let mut call = self.call(now, &namespace, cluster, machines);
        let State { deadline, mut printed, pending } = waiting.into_state();
        let result = waiting::go_on(&mut call, deadline, pending, &mut printed);
        conclude(result, printed)
    }

    /// What `kubectl apply -f` does with one object of a file that was read before: a scenario's manifests at t=0.
    /// Returns the line that kubectl prints.
    ///
    /// Pods are created without the last-applied annotation, so that equal pods share a template.
    ///
    /// # Errors
    /// What kubectl prints of a refusal.
    pub fn apply_manifest(
        &mut self,
        now: SimTime,
        value: Value,
        source: &str,
        cluster: &mut Cluster,
        machines: &Machines,
    ) -> Result<String, String> {
        let mut call = self.call(now, "default", cluster, machines);
        commands::apply::apply_value(&mut call, value, source).map_err(|failure| failure.to_string())
    }
}

/// What a command calls itself as a manager of fields. Upstream: each command's `fieldManager`, apiserver
/// `managerOrUserAgent`.
fn manager_of(line: &CommandLine) -> String {
    let given = line.flags.text("field-manager");
    if !given.is_empty() {
        return given.to_owned();
    }
    let command = line.command.path.split(' ').next().unwrap_or_default();
    match command {
        "apply" => "kubectl-client-side-apply".to_owned(),
        "annotate" | "autoscale" | "create" | "edit" | "expose" | "label" | "patch" | "replace" | "rollout" | "run"
        | "set" | "taint" => format!("kubectl-{command}"),
        _ => "kubectl".to_owned(),
    }
}

/// The head of a line that kubectl logs: `W0101 00:00:00.000000       1`. Upstream: klog `formatHeader`.
fn log_prefix(clock: crate::api::Clock, now: SimTime) -> String {
    let at = clock.micro_timestamp(now);
    let (month, day) = (at.get(5..7).unwrap_or("01"), at.get(8..10).unwrap_or("01"));
    format!("W{month}{day} {} {:>7}", at.get(11..26).unwrap_or("00:00:00.000000"), 1)
}

/// The head of a logged line with its severity and place in kubectl's source.
fn log_line(severity: char, clock: crate::api::Clock, now: SimTime, place: &str) -> String {
    format!("{severity}{} {place}]", &log_prefix(clock, now)[1..])
}

fn conclude(result: Result<commands::Outcome, errors::Failure>, mut printed: Printed) -> Progress {
    match result {
        Ok(commands::Outcome::Done) => Progress::Done(printed.into_output()),
        Ok(commands::Outcome::Wait { deadline, pending }) => {
            Progress::Waiting(Waiting::new(State { deadline, printed, pending }))
        }
        Ok(commands::Outcome::Edit(editing)) => Progress::Edit(Box::new(Edit { editing: *editing, printed })),
        Ok(commands::Outcome::Exec { pod, container, command }) => {
            Progress::Exec(Box::new(Exec { pod, container, command, before: printed.into_output() }))
        }
        Err(failure) => {
            printed.fail(&failure);
            Progress::Done(printed.into_output())
        }
    }
}

#[cfg(test)]
mod tests;
