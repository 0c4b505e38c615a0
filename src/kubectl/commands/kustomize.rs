//! `kubectl kustomize`: prints what a directory builds. Upstream: kustomize commands/build `NewCmdBuild`.

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::kustomize;
use super::super::output::Printed;
use super::Outcome;
use crate::api::view;

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let directory = match line.arguments.as_slice() {
        [] => ".",
        [directory] => directory,
        _ => return Err(Failure::error("specify one path to kustomization.yaml")),
    };
    line.refuse(&["output", "enable-helm", "enable-alpha-plugins", "network", "mount", "env"])?;
    // Upstream: kustomize commands/build `validateFlagLoadRestrictor`.
    let (built, warnings) = match line.flags.text("load-restrictor") {
        "" | "LoadRestrictionsRootOnly" => kustomize::build(call.files, directory, true),
        "LoadRestrictionsNone" => kustomize::build_unrestricted(call.files, directory),
        other => {
            return Err(Failure::error(format!(
                "illegal flag value --load-restrictor {other}; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]"
            )));
        }
    };
    for warning in warnings {
        printed.err_line(warning);
    }
    let texts: Vec<String> = built?.iter().map(view::to_yaml).collect();
    printed.out.push_str(&texts.join("---\n"));
    Ok(Outcome::Done)
}
