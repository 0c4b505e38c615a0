//! The commands: one table, one file each.

mod access;
mod append_hash;
pub(crate) mod apply;
pub(crate) mod attached;
mod auth;
mod certificate;
mod change_table;
mod component_status;
mod config;
mod connect;
mod context_changes;
mod contexts;
mod create;
mod create_file;
mod debug;
mod debug_profile;
pub(crate) mod delete;
mod describe;
mod diff;
mod discovery;
pub(crate) mod drain;
pub(crate) mod edit;
mod exec;
mod expose;
mod generator_table;
mod generators;
mod get;
mod information;
mod kustomize;
pub(crate) mod log_streams;
mod logs;
mod metadata;
mod nodes;
mod patch;
mod prune;
mod raw;
mod raw_metrics;
pub(crate) mod replace;
pub(crate) mod rollout;
mod run;
pub(crate) mod scale;
mod scale_view;
mod server_side;
mod service_table;
mod set;
mod set_env;
mod set_env_list;
mod set_image;
mod table;
mod terminal_only;
mod token;
mod top;
pub(crate) mod wait;
pub(crate) mod watch;

pub(crate) use append_hash::encoded_hash;

use std::fmt;

use crate::engine::SimTime;
use crate::model::object::PodId;

use super::Call;
use super::command_line::CommandLine;
use super::errors::Failure;
use super::flags::{self, Flag};
use super::output::Printed;
use super::waiting::Pending;

/// A command.
pub(crate) struct Command {
    /// `create deployment`.
    pub(crate) path: &'static str,
    /// Other names of its last word.
    pub(crate) aliases: &'static [&'static str],
    /// Flags beside the global ones.
    pub(crate) flags: &'static [&'static [Flag]],
    /// Flags that must be given.
    pub(crate) required: &'static [&'static str],
    /// What it does.
    pub(crate) run: Run,
}

type Run = fn(&mut Call<'_>, &CommandLine, &mut Printed) -> Result<Outcome, Failure>;

/// How far a command came.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It ended.
    Done,
    /// It waits.
    Wait {
        /// When it gives up or looks again.
        deadline: SimTime,
        /// For what.
        pending: Pending,
    },
    /// It wants a file edited.
    Edit(Box<edit::Editing>),
    /// It runs a command in a container.
    Exec {
        /// The pod.
        pod: PodId,
        /// Index of the container in the template.
        container: usize,
        /// Command and arguments.
        command: Vec<String>,
    },
}

impl Command {
    /// All flags that it accepts.
    pub(crate) fn all_flags(&self) -> impl Iterator<Item = &'static Flag> {
        self.flags.iter().copied().chain([flags::GLOBAL]).flatten()
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path)
    }
}

fn all() -> impl Iterator<Item = &'static Command> {
    let tables = [table::COMMANDS, change_table::COMMANDS, generator_table::COMMANDS, service_table::COMMANDS];
    tables.into_iter().flatten()
}

/// The command of the longest path that these words begin.
pub(crate) fn find(words: &[String]) -> Option<&'static Command> {
    all().find(|command| {
        let mut path: Vec<&str> = command.path.split(' ').collect();
        if path.len() != words.len() {
            return false;
        }
        let last = path.pop().expect("a path has a word");
        let (word, before) = words.split_last().expect("as many words as the path has");
        before.iter().map(|word| group_name(word)).eq(path.iter().copied())
            && (word == last || command.aliases.contains(&word.as_str()))
    })
}

/// Do these words begin commands without being one?
pub(crate) fn is_group(words: &[String]) -> bool {
    all().any(|command| {
        let mut path = command.path.split(' ');
        path.clone().count() > words.len() && words.iter().all(|word| path.next() == Some(group_name(word)))
    })
}

/// Groups of commands have other names too.
fn group_name(word: &str) -> &str {
    if word == "svc" { "service" } else { word }
}

/// The names kubectl suggests from, in the order in which it has them: that of its help.
pub(crate) const TOP_LEVEL: &[&str] = &[
    "create",
    "expose",
    "run",
    "set",
    "explain",
    "get",
    "edit",
    "delete",
    "rollout",
    "scale",
    "autoscale",
    "certificate",
    "cluster-info",
    "top",
    "cordon",
    "uncordon",
    "drain",
    "taint",
    "describe",
    "logs",
    "attach",
    "exec",
    "port-forward",
    "proxy",
    "cp",
    "auth",
    "debug",
    "events",
    "diff",
    "apply",
    "patch",
    "replace",
    "wait",
    "kustomize",
    "label",
    "annotate",
    "completion",
    "alpha",
    "config",
    "plugin",
    "version",
    "api-versions",
    "api-resources",
    "options",
    "help",
];
