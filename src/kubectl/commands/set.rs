//! `kubectl set env`, `set resources`, `set serviceaccount` and `set selector`.

use serde_json::{Map, Value, json};

use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;
use super::super::requests::{DryRun, Manner};
use super::super::results;
use super::Outcome;
use super::generators::quantities;
use super::run::pairs;
use super::set_image::pod_spec_mut;

type Result<T> = std::result::Result<T, Failure>;

/// Writes a changed object and prints that it was.
fn store(
    call: &mut Call<'_>,
    line: &CommandLine,
    object: ObjectRef,
    mut view: Value,
    what: &str,
    printed: &mut Printed,
) -> Result<()> {
    let manner = Manner::patch(line)?;
    results::record(line, &mut view);
    call.update(object, view.clone(), manner, printed).map_err(|status| {
        let part = what.split_whitespace().next().unwrap_or(what);
        let part = if part == "resource" { "resources" } else { part };
        Failure::error(format!("failed to patch {part} update to pod template {}", status.message))
    })?;
    let name = call.cluster.identity(object).1;
    let stored = manner.dry_run == DryRun::None;
    results::show(line, (object.kind, name), &format!("{what} updated"), printed, || {
        if stored { call.cluster.view(object) } else { view }
    })
}

/// The containers that `-c` names, all without it.
fn containers<'a>(view: &'a mut Value, pattern: &str) -> Vec<&'a mut Value> {
    let Some(spec) = pod_spec_mut(view) else { return Vec::new() };
    let list = spec["containers"].as_array_mut().into_iter().flatten();
    list.filter(|container| pattern.is_empty() || pattern == "*" || container["name"].as_str() == Some(pattern))
        .collect()
}

pub(super) fn env(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let is_change = |word: &&String| word.contains('=') || word.ends_with('-');
    let (changes, words): (Vec<&String>, Vec<&String>) = line.arguments.iter().partition(is_change);
    let words: Vec<String> = words.into_iter().cloned().collect();
    let named = call.named(&words)?;
    let listing_only = line.flags.is_on("list", false);
    let mut set: Vec<(String, Value)> = changes
        .iter()
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), json!({"name": name, "value": value})))
        .chain(
            line.flags
                .all("env")
                .filter_map(|word| word.split_once('='))
                .map(|(name, value)| (name.to_owned(), json!({"name": name, "value": value}))),
        )
        .collect();
    let removed: Vec<&str> =
        changes.iter().filter(|word| !word.contains('=')).map(|word| word.trim_end_matches('-')).collect();
    if line.flags.has("from") {
        set.extend(variables_from(call, line)?);
    }
    if set.is_empty() && removed.is_empty() && !listing_only {
        return Err(Failure::error("at least one environment variable must be provided"));
    }
    let pattern = line.flags.text("containers").to_owned();
    for object in listing::chosen(call, line, &named, printed)? {
        let mut view = call.cluster.view(object);
        let before = view.clone();
        let name = call.cluster.identity(object).1.to_owned();
        for container in containers(&mut view, &pattern) {
            if listing_only {
                let own = container["name"].as_str().unwrap_or_default();
                printed.line(format!("# {} {name}, container {own}", object.kind.name()));
                for variable in container["env"].as_array().into_iter().flatten() {
                    let (key, value) = (&variable["name"], &variable["value"]);
                    printed.line(format!(
                        "{}={}",
                        key.as_str().unwrap_or_default(),
                        value.as_str().unwrap_or_default()
                    ));
                }
                continue;
            }
            change_env(container, &set, &removed);
        }
        if !listing_only && view != before {
            store(call, line, object, view, "env", printed)?;
        }
    }
    Ok(Outcome::Done)
}

fn change_env(container: &mut Value, set: &[(String, Value)], removed: &[&str]) {
    let mut list = container["env"].as_array().cloned().unwrap_or_default();
    for (name, variable) in set {
        match list.iter_mut().find(|known| known["name"] == name.as_str()) {
            Some(known) => known.clone_from(variable),
            None => list.push(variable.clone()),
        }
    }
    list.retain(|known| !removed.contains(&known["name"].as_str().unwrap_or_default()));
    if list.is_empty() {
        container.as_object_mut().map(|container| container.remove("env"));
    } else {
        container["env"] = Value::Array(list);
    }
}

/// `--from=configmap/x`: a variable for each key, named after it.
fn variables_from(call: &Call<'_>, line: &CommandLine) -> Result<Vec<(String, Value)>> {
    let named = call.named(&[line.flags.text("from").to_owned()])?;
    let prefix = line.flags.text("prefix");
    let mut variables = Vec::new();
    for (kind, name) in named.objects {
        let object = call.find(kind, line.namespace(call.context_namespace), &name)?;
        let reference = if kind == crate::model::kind::Kind::SECRET { "secretKeyRef" } else { "configMapKeyRef" };
        for key in call.cluster.view(object)["data"].as_object().into_iter().flat_map(Map::keys) {
            let plain: String =
                key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
            let variable = format!("{prefix}{plain}");
            let source = json!({"name": variable, "valueFrom": {reference: {"key": key, "name": name}}});
            variables.push((variable, source));
        }
    }
    Ok(variables)
}

pub(super) fn resources_command(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let (limits, requests) = (line.flags.text("limits"), line.flags.text("requests"));
    if limits.is_empty() && requests.is_empty() {
        return Err(Failure::error(
            "you must specify an update to requests or limits (in the form of --requests/--limits)",
        ));
    }
    let lists = [("limits", quantities(limits)?), ("requests", quantities(requests)?)];
    let named = call.named(&line.arguments)?;
    let pattern = line.flags.text("containers").to_owned();
    for object in listing::chosen(call, line, &named, printed)? {
        let mut view = call.cluster.view(object);
        let before = view.clone();
        let found = containers(&mut view, &pattern);
        if found.is_empty() {
            printed.fail(&Failure::error(format!("unable to find container named {pattern}")));
            continue;
        }
        for container in found {
            for (list, amounts) in &lists {
                for (name, amount) in amounts {
                    container["resources"][*list][name] = amount.clone();
                }
            }
        }
        if view != before
            && let Err(failure) = store(call, line, object, view, "resource requirements", printed)
        {
            printed.fail(&failure);
        }
    }
    Ok(Outcome::Done)
}

pub(super) fn service_account(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let Some((account, words)) = line.arguments.split_last() else {
        return Err(Failure::error("serviceaccount is required"));
    };
    let named = call.named(words)?;
    for object in listing::chosen(call, line, &named, printed)? {
        let mut view = call.cluster.view(object);
        if let Some(spec) = pod_spec_mut(&mut view) {
            spec["serviceAccountName"] = json!(account);
            spec["serviceAccount"] = json!(account);
        }
        store(call, line, object, view, "serviceaccount", printed)?;
    }
    Ok(Outcome::Done)
}

/// Subjects of a binding that it does not have yet. Upstream: kubectl cmd/set `SubjectOptions`.
pub(super) fn subject(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let wanted = super::access::subjects(line)?;
    if wanted.is_empty() {
        return Err(Failure::error("you must specify at least one value of user, group or serviceaccount"));
    }
    let named = call.named(&line.arguments)?;
    for object in listing::chosen(call, line, &named, printed)? {
        let mut view = call.cluster.view(object);
        let mut list = view["subjects"].as_array().cloned().unwrap_or_default();
        let before = list.len();
        for subject in &wanted {
            if !list.contains(subject) {
                list.push(subject.clone());
            }
        }
        if list.len() > before {
            view["subjects"] = Value::Array(list);
            store(call, line, object, view, "subjects", printed)?;
        }
    }
    Ok(Outcome::Done)
}

pub(super) fn selector(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let Some((expression, words)) = line.arguments.split_last() else { return Err(Failure::no_resources()) };
    let wanted = pairs(expression)?;
    let named = call.named(words)?;
    for object in listing::chosen(call, line, &named, printed)? {
        let mut view = call.cluster.view(object);
        view["spec"]["selector"] = Value::Object(wanted.clone());
        store(call, line, object, view, "selector", printed)?;
    }
    Ok(Outcome::Done)
}
