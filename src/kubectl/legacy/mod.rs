//! Commands that kubectl once had, for scenarios of that time: `legacyKubectl` steps. Plain kubectl does not know them.

mod beginning;
pub(super) mod rolling_update;
#[cfg(test)]
mod tests;

use super::command_line::{CommandLine, Parsed};
use super::commands::Command;
use super::errors::Failure;
use super::flags::{Takes, flag, short};

/// Upstream: kubectl v1.10 pkg/kubectl/cmd/rollingupdate.go.
static ROLLING_UPDATE: Command = Command {
    path: "rolling-update",
    aliases: &["rollingupdate"],
    flags: &[&[
        short("filename", 'f', Takes::List),
        flag("image", Takes::Text),
        flag("image-pull-policy", Takes::Text),
        flag("container", Takes::Text),
        flag("deployment-label-key", Takes::Text),
        flag("update-period", Takes::Duration),
        flag("poll-interval", Takes::Duration),
        flag("timeout", Takes::Duration),
        flag("rollback", Takes::Switch),
        flag("validate", Takes::Optional("true")),
        short("output", 'o', Takes::Text),
        flag("dry-run", Takes::Switch),
    ]],
    required: &[],
    run: beginning::run,
};

/// Reads the words of a command line, `kubectl` in front or not.
pub(super) fn parse(words: &[String]) -> Result<Parsed, Failure> {
    let words = if words.first().is_some_and(|word| word == "kubectl") { &words[1..] } else { words };
    let (verb, rest) = words.split_first().map_or(("", words), |(verb, rest)| (verb.as_str(), rest));
    if verb != ROLLING_UPDATE.path && !ROLLING_UPDATE.aliases.contains(&verb) {
        return Err(Failure::error(format!(
            "unknown command {verb:?} for \"legacyKubectl\": it has rolling-update; everything else is today's kubectl"
        )));
    }
    let mut parsed = CommandLine::parse_as(&ROLLING_UPDATE, rest)?;
    if let Parsed::Command(line) = &mut parsed {
        line.deprecations.insert(0, "Command \"rolling-update\" is deprecated, use \"rollout\" instead".to_owned());
    }
    Ok(parsed)
}
