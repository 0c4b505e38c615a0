//! `kubectl cordon`, `uncordon` and `taint`.

use serde_json::{Value, json};

use crate::api::validation::names;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;
use crate::model::taint::TaintEffect;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::Format;
use super::super::listing::{self, Filter};
use super::super::output::Printed;
use super::super::requests::{DryRun, Manner};
use super::super::resources;
use super::super::results;
use super::Outcome;

pub(super) fn cordon(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    for node in nodes(call, line, printed)? {
        set_unschedulable(call, line, node, true, printed)?;
    }
    Ok(Outcome::Done)
}

pub(super) fn uncordon(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    for node in nodes(call, line, printed)? {
        set_unschedulable(call, line, node, false, printed)?;
    }
    Ok(Outcome::Done)
}

/// The nodes that `cordon`, `uncordon` and `drain` name.
pub(super) fn nodes(call: &Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Vec<ObjectRef>, Failure> {
    let command = line.command.path;
    if line.flags.has("selector") {
        if !line.arguments.is_empty() {
            return Err(Failure::usage(command, "cannot specify both a node name and a --selector option"));
        }
        return Ok(listing::list(call.cluster, Kind::NODE, None, &Filter::of(line, Kind::NODE)?));
    }
    if line.arguments.is_empty() {
        return Err(Failure::usage(command, format!("USAGE: {command} NODE [flags]")));
    }
    let mut found = Vec::new();
    for argument in &line.arguments {
        let (kind, name) = match argument.split_once('/') {
            Some((kind, name)) => (call.named(&[kind.to_owned()])?.kinds.first().copied().unwrap_or(Kind::NODE), name),
            None => (Kind::NODE, argument.as_str()),
        };
        match call.find(kind, line.namespace(call.context_namespace), name) {
            Ok(node) if kind == Kind::NODE => found.push(node),
            Ok(_) => {
                let text = format!("error: {command} is not supported for {}", kind.plural());
                printed.fail(&Failure::plain(text));
            }
            Err(status) => printed.fail(&Failure::server(&status)),
        }
    }
    if printed.failed {
        found.clear();
    }
    Ok(found)
}

/// Sets `spec.unschedulable` and prints what became of it.
pub(super) fn set_unschedulable(
    call: &mut Call<'_>,
    line: &CommandLine,
    node: ObjectRef,
    unschedulable: bool,
    printed: &mut Printed,
) -> Result<(), Failure> {
    let dry_run = DryRun::of(line)?;
    let verb = if unschedulable { "cordoned" } else { "uncordoned" };
    let is = call.cluster.body(node).as_node().is_some_and(|node| node.unschedulable);
    if is != unschedulable && dry_run == DryRun::None {
        call.cluster.modify_spec(call.now, node, |body| {
            body.as_node_mut()
                .is_some_and(|node| std::mem::replace(&mut node.unschedulable, unschedulable) != unschedulable)
        });
    }
    let already = if is == unschedulable { "already " } else { "" };
    let name = call.cluster.identity(node).1;
    printed.line(format!("node/{name} {already}{verb}{}", dry_run.suffix()));
    Ok(())
}

/// What is to become of a node's taints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct TaintChanges {
    add: Vec<NewTaint>,
    /// Keys with one effect, or with any.
    remove: Vec<(String, Option<TaintEffect>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NewTaint {
    key: String,
    value: String,
    effect: TaintEffect,
}

/// Upstream: kubectl cmd/taint `TaintOptions`.
pub(super) fn taint(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let is_change = |word: &str| word.contains(['=', ':']) || word.ends_with('-');
    let (words, specs) = resources::before_changes(&line.arguments, is_change).map_err(|misplaced| {
        Failure::error(format!("all resources must be specified before taint changes: {misplaced}"))
    })?;
    let Some((resource, names)) = words.split_first() else {
        return Err(Failure::error("one or more resources must be specified as <resource> <name>"));
    };
    if specs.is_empty() {
        return Err(Failure::error("at least one taint update is required"));
    }
    let changes = parse_taints(&specs)?;
    if resource.contains('/') {
        return Err(Failure::plain(format!("the server doesn't have a resource type {resource:?}")));
    }
    let kind = resources::kind(resource)?;
    if kind != Kind::NODE {
        return Err(Failure::error(format!("invalid resource type {resource}, only node types are supported")));
    }
    refuse_contradictions(&changes)?;
    let (all, selects) = (line.flags.is_on("all", false), line.flags.has("selector"));
    if all && selects {
        return Err(Failure::error("setting 'all' parameter with a non empty selector is prohibited"));
    }
    if !all && !selects && names.is_empty() {
        let text = "at least one resource name must be specified since 'all' parameter is not set";
        return Err(Failure::error(text));
    }
    // A selection counts whatever is named.
    let words = if all || selects { &words[..1] } else { &words[..] };
    let named = call.named(words)?;
    let mut failures = Vec::new();
    for node in listing::chosen(call, line, &named, printed)? {
        match apply_taints(call, line, node, &changes) {
            // Here the words of a dry run get lost. Upstream: cmd/taint `TaintOptions.Complete`.
            Ok((verb, _)) if matches!(Format::of(line)?, Format::Table { .. }) => {
                printed.line(format!("node/{} {verb}", call.cluster.identity(node).1));
            }
            Ok((_, view)) => {
                let name = call.cluster.identity(node).1;
                results::show(line, (Kind::NODE, name), "", printed, || view)?;
            }
            Err(refused) => failures.extend(refused),
        }
    }
    printed.fail_all(failures);
    Ok(Outcome::Done)
}

/// Upstream: kubectl cmd/taint `parseTaints`.
fn parse_taints(specs: &[&str]) -> Result<TaintChanges, Failure> {
    let mut changes = TaintChanges::default();
    for spec in specs {
        if let Some(removed) = spec.strip_suffix('-') {
            let (key, _, effect) = parts_of(removed)?;
            changes.remove.push((key.to_owned(), effect));
            continue;
        }
        let (key, value, effect) = parts_of(spec)?;
        let effect = effect.ok_or_else(|| Failure::usage("taint", format!("invalid taint spec: {spec}")))?;
        if changes.add.iter().any(|known| known.key == key && known.effect == effect) {
            let text =
                format!("duplicated taints with the same key and effect: {{{key} {value} {} <nil>}}", effect.name());
            return Err(Failure::usage("taint", text));
        }
        changes.add.push(NewTaint { key: key.to_owned(), value: value.to_owned(), effect });
    }
    Ok(changes)
}

/// Upstream: kubectl cmd/taint `TaintOptions.Validate`.
fn refuse_contradictions(changes: &TaintChanges) -> Result<(), Failure> {
    let mut both = Vec::new();
    for added in &changes.add {
        let same =
            changes.remove.iter().filter(|(key, of)| *key == added.key && of.is_none_or(|of| of == added.effect));
        both.extend(same.map(|(key, of)| format!("{key}={}", of.map_or("", TaintEffect::name))));
    }
    if both.is_empty() {
        return Ok(());
    }
    let both = both.join(", ");
    Err(Failure::error(format!("can not both modify and remove the following taint(s) in the same command: {both}")))
}

/// Key, value and effect of `key=value:effect`. Upstream: kubectl cmd/taint `parseTaint`.
fn parts_of(spec: &str) -> Result<(&str, &str, Option<TaintEffect>), Failure> {
    let usage = |text: String| Failure::usage("taint", text);
    let invalid = |reasons: &[String]| {
        // kubectl 1.32 words this one otherwise than the server.
        let reasons = reasons.join("; ").replace("a valid label key must", "a qualified name must");
        usage(format!("invalid taint spec: {spec}, {reasons}"))
    };
    let (head, effect) = match spec.split(':').collect::<Vec<_>>().as_slice() {
        [head] => (*head, None),
        [head, text] => {
            let effect = TaintEffect::from_name(text);
            let unknown = || usage(format!("invalid taint effect: {text}, unsupported taint effect"));
            (*head, Some(effect.ok_or_else(unknown)?))
        }
        _ => return Err(usage(format!("invalid taint spec: {spec}"))),
    };
    let (key, value) = match (head.split('=').collect::<Vec<_>>().as_slice(), effect) {
        // Without an effect all of it is the key.
        (_, None) => (head, ""),
        ([key], _) => (*key, ""),
        ([key, value], _) => (*key, *value),
        _ => return Err(usage(format!("invalid taint spec: {spec}"))),
    };
    for wrong in [names::label_value(value), names::qualified(key)] {
        if !wrong.is_empty() {
            return Err(invalid(&wrong));
        }
    }
    Ok((key, value, effect))
}

/// What is said of the node, and the node as it is then; or why not.
fn apply_taints(
    call: &mut Call<'_>,
    line: &CommandLine,
    node: ObjectRef,
    changes: &TaintChanges,
) -> Result<(&'static str, Value), Vec<Failure>> {
    let overwrite = line.flags.is_on("overwrite", false);
    let mut view = call.cluster.view(node);
    let old: Vec<Value> = view["spec"]["taints"].as_array().cloned().unwrap_or_default();
    let known = changes.add.iter().filter(|new| old.iter().any(|taint| is_same(taint, new)));
    let known: Vec<&str> = known.map(|new| new.key.as_str()).collect();
    if !overwrite && !known.is_empty() {
        let (name, known) = (call.cluster.identity(node).1, known.join(","));
        return Err(vec![Failure::error(format!(
            "node {name} already has {known} taint(s) with same effect(s) and --overwrite is false"
        ))]);
    }
    let (verb, taints) = reorganized(old, changes, overwrite)?;
    view["spec"]["taints"] = Value::Array(taints);
    let manner = Manner::patch(line).map_err(|failure| vec![failure])?;
    let sent = call.update(node, view.clone(), manner, &mut Printed::default());
    sent.map_err(|status| vec![Failure::server(&status)])?;
    Ok((verb, if manner.dry_run == DryRun::None { call.cluster.view(node) } else { view }))
}

fn is_same(taint: &Value, new: &NewTaint) -> bool {
    taint["key"] == new.key.as_str() && taint["effect"] == new.effect.name()
}

/// New taints before those that were there, without what is removed, and the word for it.
/// Upstream: kubectl cmd/taint `reorganizeTaints`.
fn reorganized(
    old: Vec<Value>,
    changes: &TaintChanges,
    overwrite: bool,
) -> Result<(&'static str, Vec<Value>), Vec<Failure>> {
    let count = old.len();
    let mut taints: Vec<Value> = Vec::new();
    for new in &changes.add {
        let mut taint = json!({"key": new.key, "effect": new.effect.name()});
        if !new.value.is_empty() {
            taint["value"] = json!(new.value);
        }
        taints.push(taint);
    }
    taints.extend(old.into_iter().filter(|taint| !changes.add.iter().any(|new| is_same(taint, new))));
    let added = taints.len() != count;
    let (mut removed, mut missing) = (false, Vec::new());
    for (key, effect) in &changes.remove {
        let before = taints.len();
        let is_meant = |taint: &Value| {
            taint["key"] == key.as_str() && effect.is_none_or(|effect| taint["effect"] == effect.name())
        };
        taints.retain(|taint| !is_meant(taint));
        removed = taints.len() != before;
        if !removed {
            let wanted = effect.map_or_else(|| key.clone(), |effect| format!("{key}:{}", effect.name()));
            missing.push(Failure::error(format!("taint \"{wanted}\" not found")));
        }
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    Ok((
        if added && removed || overwrite {
            "modified"
        } else if added {
            "tainted"
        } else {
            "untainted"
        },
        taints,
    ))
}
