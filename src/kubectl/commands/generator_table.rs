//! The generators, `kubectl create KIND`, with their flags.

use super::super::flags::{Flag, Takes, flag, short};
use super::table::command;
use super::{Command, access, config, generators, token};

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

/// Where ConfigMaps and Secrets come from.
const SOURCES: &[Flag] =
    &[flag("from-literal", Takes::Many), flag("from-file", Takes::Many), flag("from-env-file", Takes::Many)];

/// The ports of a Service.
const PORTS: &[Flag] = &[flag("tcp", Takes::List)];

/// What `create role` and `create clusterrole` accept.
const ROLE: &[Flag] = &[flag("verb", Takes::List), flag("resource", Takes::List), flag("resource-name", Takes::Many)];

/// Whom a binding is for.
const SUBJECTS: &[Flag] = &[
    flag("clusterrole", Takes::Text),
    flag("user", Takes::Many),
    flag("group", Takes::Many),
    flag("serviceaccount", Takes::Many),
];

/// All generators.
pub(super) static COMMANDS: &[Command] = &[
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
        path: "create configmap",
        aliases: &["cm"],
        flags: &[GENERATOR, SOURCES, &[flag("append-hash", Takes::Switch)]],
        required: &[],
        run: config::config_map,
    },
    command(
        "create secret generic",
        &[GENERATOR, SOURCES, &[flag("type", Takes::Text), flag("append-hash", Takes::Switch)]],
        config::generic_secret,
    ),
    command(
        "create secret docker-registry",
        &[
            GENERATOR,
            &[
                flag("docker-username", Takes::Text),
                flag("docker-password", Takes::Text),
                flag("docker-email", Takes::Text),
                flag("docker-server", Takes::Text),
                flag("from-file", Takes::Many),
                flag("append-hash", Takes::Switch),
            ],
        ],
        config::docker_secret,
    ),
    command(
        "create secret tls",
        &[GENERATOR, &[flag("cert", Takes::Text), flag("key", Takes::Text), flag("append-hash", Takes::Switch)]],
        config::tls_secret,
    ),
    command("create service clusterip", &[GENERATOR, PORTS, &[flag("clusterip", Takes::Text)]], config::service),
    command("create service nodeport", &[GENERATOR, PORTS, &[flag("node-port", Takes::Number)]], config::service),
    command("create service loadbalancer", &[GENERATOR, PORTS], config::service),
    Command {
        path: "create service externalname",
        aliases: &[],
        flags: &[GENERATOR, PORTS, &[flag("external-name", Takes::Text)]],
        required: &["external-name"],
        run: config::service,
    },
    command(
        "create token",
        &[&[
            short("output", 'o', Takes::Text),
            flag("template", Takes::Text),
            flag("show-managed-fields", Takes::Switch),
            flag("allow-missing-template-keys", Takes::Switch),
            flag("audience", Takes::Many),
            flag("duration", Takes::Duration),
            flag("bound-object-kind", Takes::Text),
            flag("bound-object-name", Takes::Text),
            flag("bound-object-uid", Takes::Text),
        ]],
        token::run,
    ),
    command("create role", &[GENERATOR, ROLE], access::role),
    command(
        "create clusterrole",
        &[GENERATOR, ROLE, &[flag("non-resource-url", Takes::List), flag("aggregation-rule", Takes::Text)]],
        access::role,
    ),
    command("create rolebinding", &[GENERATOR, SUBJECTS, &[flag("role", Takes::Text)]], access::binding),
    Command {
        path: "create clusterrolebinding",
        aliases: &[],
        flags: &[GENERATOR, SUBJECTS],
        required: &["clusterrole"],
        run: access::binding,
    },
    Command {
        path: "create ingress",
        aliases: &["ing"],
        flags: &[
            GENERATOR,
            &[
                flag("annotation", Takes::Many),
                flag("class", Takes::Text),
                flag("default-backend", Takes::Text),
                flag("rule", Takes::Many),
            ],
        ],
        required: &[],
        run: access::ingress,
    },
];
