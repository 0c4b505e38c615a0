//! `kubectl wait`. Upstream: kubectl cmd/wait.

use serde_json::Value;

use crate::api::Reason;
use crate::cluster::{Change, Verb};
use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::jsonpath::Template;
use super::super::listing;
use super::super::output::Printed;
use super::super::requests::printed_name;
use super::super::waiting::Pending;
use super::Outcome;

const TIMEOUT: SimDuration = SimDuration::from_secs(30);
/// A negative timeout stands for a week.
const WEEK: SimDuration = SimDuration::from_secs(7 * 24 * 3600);

/// What `--for` asks for.
#[derive(Clone, Debug)]
enum Wanted {
    /// A condition has this status.
    Condition { kind: String, status: String },
    /// It is gone.
    Delete,
    /// It is there.
    Create,
    /// A field has this value, or any.
    Field { path: Template, value: Option<String> },
}

/// Objects and what is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    /// One condition after another.
    wanted: Vec<Wanted>,
    /// How many of them the object at `next` has met.
    met: usize,
    objects: Vec<ObjectRef>,
    /// For `create`: objects that do not exist yet.
    missing: Vec<(Kind, String, String)>,
    /// Objects before this one are done.
    next: usize,
    timed_out: Vec<String>,
    /// Is only looked, and not waited (`--timeout=0`)?
    once: bool,
    /// How what is met is printed.
    form: Format,
}

impl Wait {
    /// Might it fulfil the condition?
    pub(crate) fn touches(&self, change: &Change) -> bool {
        match self.wanted.first() {
            Some(Wanted::Create) if !self.missing.is_empty() => change.verb == Verb::Added,
            // Another object may take its name.
            _ => self.objects.get(self.next).is_some_and(|object| {
                *object == change.object || change.verb == Verb::Added && object.kind == change.object.kind
            }),
        }
    }
}

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let mut wanted = line.flags.all("for").map(wanted).collect::<Result<Vec<_>, _>>()?;
    if wanted.is_empty() {
        return Err(Failure::error("unrecognized condition: \"\""));
    }
    // What is to be created is waited for first, whatever the order. Upstream: cmd/wait `WaitOptions.RunWait`.
    wanted.sort_by_key(|one| !matches!(one, Wanted::Create));
    let (creates, deletes) =
        (matches!(wanted[0], Wanted::Create), wanted.iter().any(|one| matches!(one, Wanted::Delete)));
    let timeout = if line.flags.text("timeout").starts_with('-') {
        WEEK
    } else {
        line.flags.duration("timeout").unwrap_or(TIMEOUT)
    };
    let deadline = call.now + timeout;
    let named = call.named(&line.arguments)?;
    let mut wait = Wait {
        wanted,
        met: 0,
        objects: Vec::new(),
        missing: Vec::new(),
        next: 0,
        timed_out: Vec::new(),
        once: timeout == SimDuration::ZERO,
        form: Format::of(line)?,
    };
    let namespace = line.namespace(call.context_namespace).to_owned();
    listing::check(line, &named)?;
    if named.objects.is_empty() {
        wait.objects = listing::chosen(call, line, &named, printed)?;
        if wait.objects.is_empty() && !deletes {
            return Err(Failure::error("no matching resources found"));
        }
        return go_on(call, deadline, wait, printed);
    }
    for (kind, name) in named.objects {
        match call.find(kind, &namespace, &name) {
            Ok(object) => wait.objects.push(object),
            Err(status) if status.reason == Reason::NotFound && creates => {
                wait.missing.push((kind, namespace.clone(), name));
            }
            Err(status) if status.reason == Reason::NotFound && deletes => {}
            Err(status) => return Err(Failure::server(&status)),
        }
    }
    go_on(call, deadline, wait, printed)
}

fn wanted(text: &str) -> Result<Wanted, Failure> {
    let lower = text.to_ascii_lowercase();
    if lower == "delete" {
        return Ok(Wanted::Delete);
    }
    if lower == "create" {
        return Ok(Wanted::Create);
    }
    if let Some(rest) = text.strip_prefix("condition=") {
        let (kind, status) = rest.split_once('=').unwrap_or((rest, "true"));
        return Ok(Wanted::Condition { kind: kind.to_owned(), status: status.to_owned() });
    }
    if let Some(rest) = text.strip_prefix("jsonpath=") {
        let parts = at_single_signs(rest);
        let (path, value) = match parts.as_slice() {
            [path] => (path, None),
            [path, value] => (path, Some(value.trim_matches(['"', '\'']).to_owned())),
            _ => return Err(Failure::error(format!("jsonpath wait format must be {EXAMPLE}=3 or {EXAMPLE}"))),
        };
        if path.is_empty() {
            return Err(Failure::error("jsonpath expression cannot be empty"));
        }
        let path = Template::parse_relaxed(path).map_err(Failure::error)?;
        if value.as_deref() == Some("") {
            let text = format!("jsonpath wait has to have a value after equal sign, like {EXAMPLE}=3");
            return Err(Failure::error(text));
        }
        return Ok(Wanted::Field { path, value });
    }
    Err(Failure::error(format!("unrecognized condition: \"{text}\"")))
}

const EXAMPLE: &str = "--for=jsonpath='{.status.readyReplicas}'";

/// The parts between single `=`; two of them are no sign of a value. Upstream: cmd/wait `splitJSONPathInput`.
fn at_single_signs(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let last = parts.len() - 1;
        if letter != '=' {
            parts[last].push(letter);
        } else if letters.next_if_eq(&'=').is_some() {
            parts[last].push_str("==");
        } else {
            parts.push(String::new());
        }
    }
    parts
}

/// Objects are waited for one after another.
pub(crate) fn go_on(
    call: &mut Call<'_>,
    deadline: SimTime,
    mut wait: Wait,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let found: Vec<ObjectRef> =
        wait.missing.iter().filter_map(|(kind, namespace, name)| call.find(*kind, namespace, name).ok()).collect();
    if found.len() == wait.missing.len() {
        wait.objects.extend(found);
        wait.missing.clear();
    } else if call.now >= deadline {
        return Err(Failure::error("timed out waiting for the condition"));
    } else {
        return Ok(Outcome::Wait { deadline, pending: Pending::Condition(wait) });
    }
    while let Some(object) = wait.objects.get(wait.next).copied() {
        let name = call.cluster.identity(object).1.to_owned();
        // One that is waited for in vain takes the time of all after it.
        let is_late = !wait.timed_out.is_empty();
        let object =
            if wait.wanted.iter().any(|one| matches!(one, Wanted::Delete)) { object } else { successor(call, object) };
        while !is_late && wait.met < wait.wanted.len() && is_met(call, object, &wait.wanted[wait.met])? {
            wait.met += 1;
        }
        if wait.met == wait.wanted.len() {
            show(call, &wait.form, object, printed)?;
        } else if call.now >= deadline {
            let what = if wait.once { "condition not met for" } else { "timed out waiting for the condition on" };
            wait.timed_out.push(format!("{what} {}/{name}", object.kind.plural()));
        } else {
            return Ok(Outcome::Wait { deadline, pending: Pending::Condition(wait) });
        }
        wait.next += 1;
        wait.met = 0;
    }
    match wait.timed_out.as_slice() {
        [] => Ok(Outcome::Done),
        [one] => Err(Failure::error(one)),
        several => Err(Failure::plain(several.join("\n"))),
    }
}

/// The object that has the name now: kubectl watches a name. Upstream: cmd/wait `getObjAndCheckCondition`.
fn successor(call: &Call<'_>, object: ObjectRef) -> ObjectRef {
    if call.cluster.is_live(object) {
        return object;
    }
    let (namespace, name) = listing::identity(call.cluster, object);
    call.find(object.kind, &namespace, &name).unwrap_or(object)
}

fn show(call: &Call<'_>, form: &Format, object: ObjectRef, printed: &mut Printed) -> Result<(), Failure> {
    let shown = printed_name(object.kind, call.cluster.identity(object).1);
    match form {
        Format::Table { .. } => printed.line(format!("{shown} condition met")),
        Format::Name => printed.line(shown),
        form => {
            if *form == Format::Yaml && printed.documents > 0 {
                printed.line("---");
            }
            printed.documents += 1;
            formats::print(form, &call.cluster.view(object), false, &mut printed.out)?;
        }
    }
    Ok(())
}

fn is_met(call: &Call<'_>, object: ObjectRef, wanted: &Wanted) -> Result<bool, Failure> {
    let live = call.cluster.is_live(object);
    Ok(match wanted {
        Wanted::Delete => !live,
        Wanted::Create => live,
        _ if !live => false,
        Wanted::Condition { kind, status } => has_condition(&call.cluster.view(object), kind, status),
        Wanted::Field { path, value } => {
            let view = call.cluster.view(object);
            let found = path.results(&view, true).map_err(Failure::error)?;
            if found.first().is_none_or(Vec::is_empty) {
                return Ok(false);
            }
            // Upstream: cmd/wait `verifyParsedJSONPath`, `compareResults`.
            let [only] = found.as_slice() else {
                return Err(Failure::error("given jsonpath expression matches more than one list"));
            };
            let [one] = only.as_slice() else {
                return Err(Failure::error("given jsonpath expression matches more than one value"));
            };
            let Some(value) = value else { return Ok(true) };
            if one.is_object() || one.is_array() {
                return Err(Failure::error("jsonpath leads to a nested object or list which is not supported"));
            }
            super::super::printers::plain(one).trim() == value.trim()
        }
    })
}

/// A condition that speaks of an older generation does not count.
fn has_condition(view: &Value, kind: &str, status: &str) -> bool {
    let conditions = view["status"]["conditions"].as_array().into_iter().flatten();
    let named = |condition: &&Value| condition["type"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(kind));
    conditions.filter(named).any(|condition| {
        let observed = condition["observedGeneration"].as_i64().or(view["status"]["observedGeneration"].as_i64());
        let generation = view["metadata"]["generation"].as_i64().unwrap_or(0);
        observed.is_none_or(|observed| observed >= generation)
            && condition["status"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(status))
    })
}
