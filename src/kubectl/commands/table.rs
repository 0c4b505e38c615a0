//! Every command with its flags.

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::flags::{self, Flag, Takes, flag, short};
use super::super::output::Printed;
use super::{Command, Outcome, Run, apply, create_file, delete, generators, get, replace, run, scale, set_image};

const fn command(path: &'static str, flags: &'static [&'static [Flag]], run: Run) -> Command {
    Command { path, aliases: &[], flags, required: &[], run }
}

/// What every generator accepts.
const GENERATOR: &[Flag] = &[
    short("output", 'o', Takes::Text),
    flag("template", Takes::Text),
    flag("show-managed-fields", Takes::Switch),
    flag("allow-missing-template-keys", Takes::Switch),
    flag("dry-run", Takes::Optional("unchanged")),
    flag("validate", Takes::Optional("strict")),
    flag("field-manager", Takes::Text),
    flag("save-config", Takes::Switch),
];

/// A command of kubectl that is not simulated.
fn unsupported(_: &mut Call<'_>, line: &CommandLine, _: &mut Printed) -> Result<Outcome, Failure> {
    Err(Failure::unsupported(format!("kubectl {}", line.command.path)))
}

/// All commands.
pub(super) static COMMANDS: &[Command] = &[
    command(
        "get",
        &[
            flags::FILES,
            flags::OUTPUT,
            flags::SELECTOR,
            flags::FIELD_SELECTOR,
            flags::ALL_NAMESPACES,
            &[
                short("label-columns", 'L', Takes::List),
                flag("show-labels", Takes::Switch),
                flag("show-kind", Takes::Switch),
                flag("sort-by", Takes::Text),
                flag("no-headers", Takes::Switch),
                flag("ignore-not-found", Takes::Switch),
                short("watch", 'w', Takes::Switch),
                flag("watch-only", Takes::Switch),
                flag("output-watch-events", Takes::Switch),
                flag("chunk-size", Takes::Number),
                flag("server-print", Takes::Switch),
                flag("subresource", Takes::Text),
                flag("raw", Takes::Text),
            ],
        ],
        get::run,
    ),
    command(
        "apply",
        &[
            flags::FILES,
            flags::OUTPUT,
            flags::SELECTOR,
            flags::ALL,
            flags::DRY_RUN,
            flags::VALIDATE,
            flags::MANAGER,
            flags::RECORD,
            flags::DELETION,
            &[
                flag("server-side", Takes::Switch),
                flag("force-conflicts", Takes::Switch),
                flag("prune", Takes::Switch),
                flag("overwrite", Takes::Switch),
                flag("openapi-patch", Takes::Switch),
            ],
        ],
        apply::run,
    ),
    command(
        "delete",
        &[
            flags::FILES,
            flags::SELECTOR,
            flags::FIELD_SELECTOR,
            flags::ALL,
            flags::ALL_NAMESPACES,
            flags::DELETION,
            flags::DRY_RUN,
            &[
                flag("now", Takes::Switch),
                flag("ignore-not-found", Takes::Switch),
                short("interactive", 'i', Takes::Switch),
                short("output", 'o', Takes::Text),
                flag("raw", Takes::Text),
            ],
        ],
        delete::run,
    ),
    command(
        "replace",
        &[
            flags::FILES,
            flags::OUTPUT,
            flags::DELETION,
            flags::DRY_RUN,
            flags::VALIDATE,
            flags::MANAGER,
            flags::SAVE_CONFIG,
            &[flag("subresource", Takes::Text), flag("raw", Takes::Text)],
        ],
        replace::run,
    ),
    Command {
        path: "scale",
        aliases: &[],
        flags: &[
            flags::FILES,
            flags::OUTPUT,
            flags::SELECTOR,
            flags::ALL,
            flags::DRY_RUN,
            flags::RECORD,
            flags::TIMEOUT,
            &[
                flag("replicas", Takes::Number),
                flag("current-replicas", Takes::Number),
                flag("resource-version", Takes::Text),
            ],
        ],
        required: &["replicas"],
        run: scale::run,
    },
    command(
        "create",
        &[
            flags::FILES,
            flags::OUTPUT,
            flags::SELECTOR,
            flags::DRY_RUN,
            flags::VALIDATE,
            flags::MANAGER,
            flags::SAVE_CONFIG,
            &[flag("edit", Takes::Switch), flag("raw", Takes::Text)],
        ],
        create_file::run,
    ),
    Command {
        path: "create deployment",
        aliases: &["deploy"],
        flags: &[
            GENERATOR,
            &[flag("image", Takes::List), short("replicas", 'r', Takes::Number), flag("port", Takes::Number)],
        ],
        required: &["image"],
        run: generators::deployment,
    },
    command("create job", &[GENERATOR, &[flag("image", Takes::Text), flag("from", Takes::Text)]], generators::job),
    Command {
        path: "create cronjob",
        aliases: &["cj"],
        flags: &[GENERATOR, &[flag("image", Takes::Text), flag("schedule", Takes::Text), flag("restart", Takes::Text)]],
        required: &["image", "schedule"],
        run: generators::cron_job,
    },
    Command {
        path: "create namespace",
        aliases: &["ns"],
        flags: &[GENERATOR],
        required: &[],
        run: generators::namespace,
    },
    Command {
        path: "create serviceaccount",
        aliases: &["sa"],
        flags: &[GENERATOR],
        required: &[],
        run: generators::service_account,
    },
    Command {
        path: "create priorityclass",
        aliases: &["pc"],
        flags: &[
            GENERATOR,
            &[
                flag("value", Takes::Number),
                flag("global-default", Takes::Switch),
                flag("description", Takes::Text),
                flag("preemption-policy", Takes::Text),
            ],
        ],
        required: &[],
        run: generators::priority_class,
    },
    Command {
        path: "create quota",
        aliases: &["resourcequota"],
        flags: &[GENERATOR, &[flag("hard", Takes::Text), flag("scopes", Takes::Text)]],
        required: &[],
        run: generators::quota,
    },
    Command {
        path: "create poddisruptionbudget",
        aliases: &["pdb"],
        flags: &[
            GENERATOR,
            &[flag("selector", Takes::Text), flag("min-available", Takes::Text), flag("max-unavailable", Takes::Text)],
        ],
        required: &[],
        run: generators::pod_disruption_budget,
    },
    Command {
        path: "run",
        aliases: &[],
        flags: &[
            flags::OUTPUT,
            flags::DRY_RUN,
            flags::MANAGER,
            flags::RECORD,
            flags::SAVE_CONFIG,
            flags::DELETION,
            &[
                flag("image", Takes::Text),
                flag("port", Takes::Text),
                flag("env", Takes::Many),
                short("labels", 'l', Takes::Text),
                flag("restart", Takes::Text),
                flag("image-pull-policy", Takes::Text),
                flag("overrides", Takes::Text),
                flag("override-type", Takes::Text),
                flag("annotations", Takes::Many),
                flag("privileged", Takes::Switch),
                flag("expose", Takes::Switch),
                flag("command", Takes::Switch),
                short("stdin", 'i', Takes::Switch),
                short("tty", 't', Takes::Switch),
                flag("attach", Takes::Switch),
                flag("rm", Takes::Switch),
                flag("leave-stdin-open", Takes::Switch),
                flag("pod-running-timeout", Takes::Duration),
                short("quiet", 'q', Takes::Switch),
            ],
        ],
        required: &["image"],
        run: run::run,
    },
    command(
        "set image",
        &[
            flags::FILES,
            flags::OUTPUT,
            flags::SELECTOR,
            flags::ALL,
            flags::DRY_RUN,
            flags::RECORD,
            flags::MANAGER,
            &[flag("local", Takes::Switch)],
        ],
        set_image::run,
    ),
    command(
        "logs",
        &[
            flags::SELECTOR,
            &[
                short("container", 'c', Takes::Text),
                short("previous", 'p', Takes::Switch),
                short("follow", 'f', Takes::Switch),
                flag("tail", Takes::Number),
                flag("since", Takes::Duration),
                flag("since-time", Takes::Text),
                flag("timestamps", Takes::Switch),
                flag("limit-bytes", Takes::Number),
                flag("all-containers", Takes::Switch),
                flag("all-pods", Takes::Switch),
                flag("prefix", Takes::Switch),
                flag("max-log-requests", Takes::Number),
                flag("ignore-errors", Takes::Switch),
                flag("insecure-skip-tls-verify-backend", Takes::Switch),
                flag("pod-running-timeout", Takes::Duration),
            ],
        ],
        unsupported,
    ),
    command(
        "describe",
        &[flags::FILES, flags::SELECTOR, flags::ALL_NAMESPACES, &[flag("show-events", Takes::Switch)]],
        unsupported,
    ),
];
