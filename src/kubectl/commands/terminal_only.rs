//! Commands that serve a terminal and its user, and not the cluster: completion, plugins, options.

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::help;
use super::super::output::Printed;
use super::Outcome;

type Result<T> = std::result::Result<T, Failure>;

/// Upstream: kubectl cmd/completion `RunCompletion`. The scripts are generated from kubectl's own program.
pub(super) fn completion(_: &mut Call<'_>, line: &CommandLine, _: &mut Printed) -> Result<Outcome> {
    match line.arguments.as_slice() {
        [] => Err(Failure::usage("completion", "Shell not specified.")),
        [shell] if ["bash", "zsh", "fish", "powershell"].contains(&shell.as_str()) => {
            Err(Failure::unsupported(format!("the script of kubectl completion {shell}")))
        }
        [shell] => Err(Failure::usage("completion", format!("Unsupported shell type {shell:?}."))),
        _ => Err(Failure::usage("completion", "Too many arguments. Expected only the shell type.")),
    }
}

/// Nobody has put a plugin into a scenario's path.
pub(super) fn plugin_list(_: &mut Call<'_>, _: &CommandLine, _: &mut Printed) -> Result<Outcome> {
    Err(Failure::error("unable to find any kubectl plugins in your PATH"))
}

#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(super) fn options(_: &mut Call<'_>, _: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    printed.out.push_str(help::OPTIONS);
    Ok(Outcome::Done)
}

#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(super) fn help(_: &mut Call<'_>, _: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    printed.out.push_str(help::KUBECTL);
    Ok(Outcome::Done)
}

/// Upstream: kubectl cmd `NewCmdAlpha`: the group is empty.
pub(super) fn alpha(_: &mut Call<'_>, _: &CommandLine, _: &mut Printed) -> Result<Outcome> {
    Err(Failure::plain("No alpha commands are available in this version of kubectl"))
}
