//! Flags: what a command accepts, and their values once parsed. Upstream: pflag as kubectl uses it.

use std::num::IntErrorKind;

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing, or `=true`, `=false`.
    Switch,
    /// A text; the last one counts.
    Text,
    /// A text; all count.
    Many,
    /// A comma-separated list; all count.
    List,
    /// An integer.
    Number,
    /// A Go duration.
    Duration,
    /// A text after `=` only; alone it means this.
    Optional(&'static str),
}

/// A flag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    /// `'\0'` for none.
    pub(crate) short: char,
    pub(crate) takes: Takes,
}

/// A flag without a short form.
pub(crate) const fn flag(name: &'static str, takes: Takes) -> Flag {
    Flag { name, short: '\0', takes }
}

/// A flag with a short form.
pub(crate) const fn short(name: &'static str, short: char, takes: Takes) -> Flag {
    Flag { name, short, takes }
}

use Takes::{Duration, List, Many, Number, Optional, Switch, Text};

/// Flags of every command.
pub(crate) static GLOBAL: &[Flag] = &[
    short("namespace", 'n', Text),
    short("help", 'h', Switch),
    short("server", 's', Text),
    short("v", 'v', Text),
    flag("kubeconfig", Text),
    flag("context", Text),
    flag("cluster", Text),
    flag("user", Text),
    flag("token", Text),
    flag("as", Text),
    flag("as-group", Many),
    flag("as-uid", Text),
    flag("request-timeout", Duration),
    flag("cache-dir", Text),
    flag("certificate-authority", Text),
    flag("client-certificate", Text),
    flag("client-key", Text),
    flag("disable-compression", Switch),
    flag("insecure-skip-tls-verify", Switch),
    flag("log-flush-frequency", Duration),
    flag("match-server-version", Switch),
    flag("password", Text),
    flag("profile", Text),
    flag("profile-output", Text),
    flag("tls-server-name", Text),
    flag("username", Text),
    flag("vmodule", Text),
    flag("warnings-as-errors", Switch),
];

/// Files of manifests.
pub(crate) static FILES: &[Flag] =
    &[short("filename", 'f', List), short("kustomize", 'k', Text), short("recursive", 'R', Switch)];

/// How the result is printed.
pub(crate) static OUTPUT: &[Flag] = &[
    short("output", 'o', Text),
    flag("template", Text),
    flag("show-managed-fields", Switch),
    flag("allow-missing-template-keys", Switch),
];

/// Of commands that a terminal is tied to.
pub(crate) static TERMINAL: &[Flag] = &[
    short("container", 'c', Text),
    short("stdin", 'i', Switch),
    short("tty", 't', Switch),
    short("quiet", 'q', Switch),
    flag("pod-running-timeout", Duration),
];

/// Without effect on the server, or none at all.
pub(crate) static DRY_RUN: &[Flag] = &[flag("dry-run", Optional("unchanged"))];

/// Strict decoding.
pub(crate) static VALIDATE: &[Flag] = &[flag("validate", Optional("strict"))];

/// Who writes: of no effect here.
pub(crate) static MANAGER: &[Flag] = &[flag("field-manager", Text)];

/// Selecting by labels.
pub(crate) static SELECTOR: &[Flag] = &[short("selector", 'l', Text)];

/// Selecting by fields.
pub(crate) static FIELD_SELECTOR: &[Flag] = &[flag("field-selector", Text)];

/// Every object of the kind.
pub(crate) static ALL: &[Flag] = &[flag("all", Switch)];

/// All namespaces.
pub(crate) static ALL_NAMESPACES: &[Flag] = &[short("all-namespaces", 'A', Switch)];

/// How many objects a list request asks for at once: of no effect here.
pub(crate) static CHUNKS: &[Flag] = &[flag("chunk-size", Number)];

/// `--record`, deprecated.
pub(crate) static RECORD: &[Flag] = &[flag("record", Switch)];

/// A time limit.
pub(crate) static TIMEOUT: &[Flag] = &[flag("timeout", Duration)];

/// `--save-config`.
pub(crate) static SAVE_CONFIG: &[Flag] = &[flag("save-config", Switch)];

/// How objects are deleted.
pub(crate) static DELETION: &[Flag] = &[
    flag("cascade", Optional("background")),
    flag("grace-period", Number),
    flag("force", Switch),
    flag("wait", Switch),
    flag("timeout", Duration),
];

/// The values that were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    given: Vec<(&'static str, String)>,
}

impl Values {
    pub(crate) fn push(&mut self, flag: &'static str, value: String) {
        self.given.push((flag, value));
    }

    /// All flags as they were given.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.given.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Was it given at all?
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.given.iter().any(|(name, _)| *name == flag)
    }

    /// The last value, or an empty text.
    pub(crate) fn text(&self, flag: &str) -> &str {
        self.given.iter().rev().find(|(name, _)| *name == flag).map_or("", |(_, value)| value)
    }

    /// All values in order.
    pub(crate) fn all<'a>(&'a self, flag: &'a str) -> impl Iterator<Item = &'a str> {
        self.given.iter().filter(move |(name, _)| *name == flag).map(|(_, value)| value.as_str())
    }

    /// Is the switch on? `default` if it was not given.
    pub(crate) fn is_on(&self, flag: &str, default: bool) -> bool {
        if self.has(flag) { is_true(self.text(flag)) } else { default }
    }

    /// A number that was checked when it was read.
    pub(crate) fn number(&self, flag: &str) -> Option<i64> {
        self.text(flag).parse().ok()
    }

    /// A duration that was checked when it was read.
    pub(crate) fn duration(&self, flag: &str) -> Option<crate::engine::SimDuration> {
        self.has(flag).then(|| parse_duration(self.text(flag)).ok()).flatten()
    }
}

/// The error of a value that does not parse, as Go words it.
pub(crate) fn check(takes: Takes, value: &str) -> Result<(), String> {
    match takes {
        Switch
            if !["true", "false", "1", "0", "t", "f", "T", "F", "True", "False", "TRUE", "FALSE"].contains(&value) =>
        {
            Err(format!("strconv.ParseBool: parsing \"{value}\": invalid syntax"))
        }
        Number => value.parse::<i64>().map(|_| ()).map_err(|error| {
            let is_long = matches!(error.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow);
            let why = if is_long { "value out of range" } else { "invalid syntax" };
            format!("strconv.ParseInt: parsing \"{value}\": {why}")
        }),
        Duration => parse_duration(value).map(|_| ()).map_err(|()| match value.parse::<f64>() {
            Ok(_) => format!("time: missing unit in duration \"{value}\""),
            Err(_) => unknown_unit(value).map_or_else(
                || format!("time: invalid duration \"{value}\""),
                |unit| format!("time: unknown unit \"{unit}\" in duration \"{value}\""),
            ),
        }),
        Many | List | Text | Optional(_) | Switch => Ok(()),
    }
}

/// The unit of a duration that has a number and then none of Go's units. Upstream: time `ParseDuration`.
fn unknown_unit(value: &str) -> Option<&str> {
    let mut rest = value.trim_start_matches(['-', '+']);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|end| *end > 0)?;
        let after = &rest[digits..];
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, tail) = after.split_at(end);
        if !["ns", "us", "µs", "μs", "ms", "s", "m", "h"].contains(&unit) {
            return Some(unit);
        }
        rest = tail;
    }
    None
}

fn parse_duration(value: &str) -> Result<crate::engine::SimDuration, ()> {
    let positive = value.strip_prefix('-').unwrap_or(value);
    if positive == "0" {
        return Ok(crate::engine::SimDuration::ZERO);
    }
    crate::engine::SimDuration::parse(positive).map_err(|_| ())
}

fn is_true(value: &str) -> bool {
    matches!(value, "true" | "1" | "t" | "T" | "True" | "TRUE")
}
