//! Commands about the server, the kubeconfig and connections into containers, with their flags.

use super::super::flags::{self, Flag, Takes, flag, short};
use super::table::command;
use super::{
    Command, auth, certificate, connect, context_changes, contexts, diff, discovery, kustomize, terminal_only,
};

/// All of them.
pub(super) static COMMANDS: &[Command] = &[
    command(
        "api-resources",
        &[&[
            flag("api-group", Takes::Text),
            flag("cached", Takes::Switch),
            flag("categories", Takes::List),
            flag("namespaced", Takes::Switch),
            flag("no-headers", Takes::Switch),
            flag("sort-by", Takes::Text),
            flag("verbs", Takes::List),
            short("output", 'o', Takes::Text),
        ]],
        discovery::api_resources,
    ),
    command("api-versions", &[], discovery::api_versions),
    command("cluster-info", &[], discovery::cluster_info),
    command(
        "cluster-info dump",
        &[
            flags::ALL_NAMESPACES,
            flags::OUTPUT,
            &[
                flag("namespaces", Takes::List),
                flag("output-directory", Takes::Text),
                flag("pod-running-timeout", Takes::Duration),
            ],
        ],
        discovery::cluster_info_dump,
    ),
    command(
        "auth can-i",
        &[
            flags::ALL_NAMESPACES,
            &[
                flag("list", Takes::Switch),
                flag("no-headers", Takes::Switch),
                short("quiet", 'q', Takes::Switch),
                flag("subresource", Takes::Text),
            ],
        ],
        auth::can_i,
    ),
    command("auth whoami", &[flags::OUTPUT], auth::who_am_i),
    command("config current-context", &[], contexts::current),
    command(
        "config get-contexts",
        &[&[flag("no-headers", Takes::Switch), short("output", 'o', Takes::Text)]],
        contexts::list,
    ),
    command("config get-clusters", &[], contexts::clusters),
    command("config get-users", &[], contexts::users),
    Command {
        path: "config use-context",
        aliases: &["use"],
        flags: &[],
        required: &[],
        run: context_changes::use_context,
    },
    command("config set-context", &[&[flag("current", Takes::Switch)]], context_changes::set_context),
    command(
        "config set-cluster",
        &[&[
            flag("tls-server-name", Takes::Text),
            flag("certificate-authority", Takes::Text),
            flag("embed-certs", Takes::Switch),
            flag("proxy-url", Takes::Text),
        ]],
        context_changes::set_cluster,
    ),
    command(
        "config set-credentials",
        &[&[
            flag("client-certificate", Takes::Text),
            flag("client-key", Takes::Text),
            flag("username", Takes::Text),
            flag("password", Takes::Text),
            flag("embed-certs", Takes::Switch),
            flag("auth-provider", Takes::Text),
            flag("auth-provider-arg", Takes::List),
            flag("exec-command", Takes::Text),
            flag("exec-arg", Takes::List),
            flag("exec-env", Takes::Many),
        ]],
        context_changes::set_credentials,
    ),
    command("config rename-context", &[], context_changes::rename_context),
    command("config delete-context", &[], context_changes::delete),
    command("config delete-cluster", &[], context_changes::delete),
    command("config delete-user", &[], context_changes::delete),
    command("config set", &[&[flag("set-raw-bytes", Takes::Switch)]], context_changes::set_property),
    command("config unset", &[], context_changes::unset_property),
    command(
        "config view",
        &[
            flags::OUTPUT,
            &[
                flag("minify", Takes::Switch),
                flag("flatten", Takes::Switch),
                flag("raw", Takes::Switch),
                flag("merge", Takes::Switch),
            ],
        ],
        contexts::view,
    ),
    command("attach", &[flags::FILES, flags::TERMINAL], connect::attach),
    command(
        "port-forward",
        &[&[flag("address", Takes::List), flag("pod-running-timeout", Takes::Duration)]],
        connect::port_forward,
    ),
    command(
        "cp",
        &[&[short("container", 'c', Takes::Text), flag("no-preserve", Takes::Switch), flag("retries", Takes::Number)]],
        connect::copy,
    ),
    command("certificate approve", &[flags::FILES, flags::OUTPUT, FORCE], certificate::approve),
    command("certificate deny", &[flags::FILES, flags::OUTPUT, FORCE], certificate::deny),
    command(
        "diff",
        &[
            flags::FILES,
            flags::SELECTOR,
            flags::MANAGER,
            &[
                flag("server-side", Takes::Switch),
                flag("force-conflicts", Takes::Switch),
                flag("prune", Takes::Switch),
                flag("prune-allowlist", Takes::Many),
                flag("concurrency", Takes::Number),
                flag("show-managed-fields", Takes::Switch),
            ],
        ],
        diff::run,
    ),
    command(
        "kustomize",
        &[&[
            short("output", 'o', Takes::Text),
            short("env", 'e', Takes::List),
            flag("as-current-user", Takes::Switch),
            flag("enable-alpha-plugins", Takes::Switch),
            flag("enable-helm", Takes::Switch),
            flag("helm-command", Takes::Text),
            flag("load-restrictor", Takes::Text),
            flag("mount", Takes::Many),
            flag("network", Takes::Switch),
            flag("network-name", Takes::Text),
        ]],
        kustomize::run,
    ),
    command("completion", &[], terminal_only::completion),
    command("plugin list", &[&[flag("name-only", Takes::Switch)]], terminal_only::plugin_list),
    command("options", &[], terminal_only::options),
    command("help", &[], terminal_only::help),
    command("alpha", &[], terminal_only::alpha),
];

static FORCE: &[Flag] = &[flag("force", Takes::Switch)];
