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

/// A taint to set, or one to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TaintChange {
    Set { key: String, value: String, effect: TaintEffect },
    Remove { key: String, effect: Option<TaintEffect> },
}

pub(super) fn taint(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let Some((resource, rest)) = line.arguments.split_first() else {
        return Err(Failure::error("one or more resources must be specified as <resource> <name>"));
    };
    let is_change = |word: &&String| word.contains('=') || word.contains(':') || word.ends_with('-');
    let (specs, names): (Vec<&String>, Vec<&String>) = rest.iter().partition(is_change);
    if resource.contains('/') {
        return Err(Failure::plain(format!("the server doesn't have a resource type {resource:?}")));
    }
    let kind = resources::kind(resource)?;
    if kind != Kind::NODE {
        return Err(Failure::error(format!("invalid resource type {resource}, only node types are supported")));
    }
    if specs.is_empty() {
        return Err(Failure::error("at least one taint update is required"));
    }
    let changes = specs.iter().map(|spec| parse_taint(spec)).collect::<Result<Vec<_>, _>>()?;
    contradictions(&changes)?;
    // `--all` counts whatever is named.
    let names: Vec<&String> = if line.flags.is_on("all", false) { Vec::new() } else { names };
    let words: Vec<String> = [resource].into_iter().chain(names).cloned().collect();
    let named = call.named(&words)?;
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
            Err(failure) => printed.fail(&failure),
        }
    }
    Ok(Outcome::Done)
}

/// Upstream: kubectl cmd/taint `parseTaints`, `TaintOptions.validateFlags`.
fn contradictions(changes: &[TaintChange]) -> Result<(), Failure> {
    for (index, change) in changes.iter().enumerate() {
        let TaintChange::Set { key, value, effect } = change else { continue };
        let twice = |other: &TaintChange| matches!(other, TaintChange::Set { key: known, effect: of, .. } if known == key && of == effect);
        if changes[..index].iter().any(twice) {
            let text =
                format!("duplicated taints with the same key and effect: {{{key} {value} {} <nil>}}", effect.name());
            return Err(Failure::usage("taint", text));
        }
        let removed = |other: &TaintChange| matches!(other, TaintChange::Remove { key: gone, effect: of } if gone == key && of.is_none_or(|of| of == *effect));
        if changes.iter().any(removed) {
            let text = format!("can not both modify and remove the following taint(s) in the same command: {key}=");
            return Err(Failure::error(text));
        }
    }
    Ok(())
}

/// Upstream: kubectl cmd/taint `parseTaints`.
fn parse_taint(spec: &str) -> Result<TaintChange, Failure> {
    if let Some(removed) = spec.strip_suffix('-') {
        let (key, _, effect) = parts_of(removed)?;
        return Ok(TaintChange::Remove { key: key.to_owned(), effect });
    }
    let (key, value, effect) = parts_of(spec)?;
    let effect = effect.ok_or_else(|| Failure::usage("taint", format!("invalid taint spec: {spec}")))?;
    Ok(TaintChange::Set { key: key.to_owned(), value: value.to_owned(), effect })
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

fn apply_taints(
    call: &mut Call<'_>,
    line: &CommandLine,
    node: ObjectRef,
    changes: &[TaintChange],
) -> Result<(&'static str, Value), Failure> {
    let overwrite = line.flags.is_on("overwrite", false);
    let name = call.cluster.identity(node).1.to_owned();
    let view = call.cluster.view(node);
    let mut taints: Vec<Value> = view["spec"]["taints"].as_array().cloned().unwrap_or_default();
    let (mut overwritten, mut added, mut removed) = (false, Vec::new(), false);
    for change in changes {
        match change {
            TaintChange::Set { key, value, effect } => {
                let same = |taint: &Value| taint["key"] == key.as_str() && taint["effect"] == effect.name();
                if taints.iter().any(same) {
                    if !overwrite {
                        return Err(Failure::error(format!(
                            "node {name} already has {key} taint(s) with same effect(s) and --overwrite is false"
                        )));
                    }
                    overwritten = true;
                    taints.retain(|taint| !same(taint));
                }
                let mut taint = json!({"key": key, "effect": effect.name()});
                if !value.is_empty() {
                    taint["value"] = json!(value);
                }
                added.push(taint);
            }
            TaintChange::Remove { key, effect } => {
                let before = taints.len();
                taints.retain(|taint| {
                    taint["key"] != key.as_str() || effect.is_some_and(|effect| taint["effect"] != effect.name())
                });
                if taints.len() == before {
                    let wanted = effect.map_or_else(|| key.clone(), |effect| format!("{key}:{}", effect.name()));
                    return Err(Failure::error(format!("taint \"{wanted}\" not found")));
                }
                removed = true;
            }
        }
    }
    let verb = match (overwritten, added.is_empty(), removed) {
        (true, _, _) | (false, false, true) => "modified",
        (false, false, false) => "tainted",
        (false, true, _) => "untainted",
    };
    // Upstream puts new taints before those that were there.
    added.extend(taints);
    let mut view = view;
    view["spec"]["taints"] = Value::Array(added);
    let manner = Manner::patch(line)?;
    call.update(node, view.clone(), manner, &mut Printed::default())?;
    Ok((verb, if manner.dry_run == DryRun::None { call.cluster.view(node) } else { view }))
}
