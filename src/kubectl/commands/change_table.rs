//! Commands that change a part of what is stored, `set` and the like, with their flags.

use super::super::flags::{self, Flag, Takes, flag, short};
use super::table::command;
use super::{Command, metadata, nodes, set, set_env, set_image};

/// Of a command that only looks as if it wrote.
static LOCAL: &[Flag] = &[flag("local", Takes::Switch)];

/// Which containers of a template are meant.
static CONTAINERS: &[Flag] = &[short("containers", 'c', Takes::Text)];

/// Only if the object is still in this version.
static VERSION: &[Flag] = &[flag("resource-version", Takes::Text)];

/// What `label` and `annotate` accept.
static METADATA: &[&[Flag]] = &[
    flags::FILES,
    flags::OUTPUT,
    flags::SELECTOR,
    flags::FIELD_SELECTOR,
    flags::ALL,
    flags::ALL_NAMESPACES,
    flags::DRY_RUN,
    flags::RECORD,
    flags::MANAGER,
    LOCAL,
    VERSION,
    &[flag("overwrite", Takes::Switch), flag("list", Takes::Switch)],
];

/// All of them.
pub(super) static COMMANDS: &[Command] = &[
    command("label", METADATA, metadata::label),
    command("annotate", METADATA, metadata::annotate),
    command(
        "taint",
        &[
            flags::OUTPUT,
            flags::SELECTOR,
            flags::ALL,
            flags::DRY_RUN,
            flags::VALIDATE,
            flags::MANAGER,
            &[flag("overwrite", Takes::Switch)],
        ],
        nodes::taint,
    ),
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
            LOCAL,
        ],
        set_image::run,
    ),
    command(
        "set env",
        &[
            flags::FILES,
            flags::OUTPUT,
            flags::SELECTOR,
            flags::ALL,
            flags::DRY_RUN,
            flags::MANAGER,
            LOCAL,
            CONTAINERS,
            &[
                flag("from", Takes::Text),
                flag("prefix", Takes::Text),
                short("env", 'e', Takes::Many),
                flag("keys", Takes::List),
                flag("list", Takes::Switch),
                flag("resolve", Takes::Switch),
                flag("overwrite", Takes::Switch),
            ],
        ],
        set_env::run,
    ),
    command(
        "set resources",
        &[
            flags::FILES,
            flags::OUTPUT,
            flags::SELECTOR,
            flags::ALL,
            flags::DRY_RUN,
            flags::RECORD,
            flags::MANAGER,
            LOCAL,
            CONTAINERS,
            &[flag("limits", Takes::Text), flag("requests", Takes::Text)],
        ],
        set::resources_command,
    ),
    Command {
        path: "set serviceaccount",
        aliases: &["sa"],
        flags: &[flags::FILES, flags::OUTPUT, flags::ALL, flags::DRY_RUN, flags::RECORD, flags::MANAGER, LOCAL],
        required: &[],
        run: set::service_account,
    },
    command(
        "set selector",
        &[flags::FILES, flags::OUTPUT, flags::ALL, flags::DRY_RUN, flags::RECORD, flags::MANAGER, LOCAL, VERSION],
        set::selector,
    ),
    command(
        "set subject",
        &[
            flags::FILES,
            flags::OUTPUT,
            flags::SELECTOR,
            flags::ALL,
            flags::DRY_RUN,
            flags::MANAGER,
            LOCAL,
            &[flag("user", Takes::Many), flag("group", Takes::Many), flag("serviceaccount", Takes::Many)],
        ],
        set::subject,
    ),
];
