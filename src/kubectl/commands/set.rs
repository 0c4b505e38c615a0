//! `kubectl set env`, `set resources`, `set serviceaccount` and `set selector`.

use serde_json::{Map, Value, json};

use crate::api::selector::ParsedSelector;
use crate::model::kind::Kind;
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
use super::set_env_list::{self, Resolver};
use super::set_image::{no_template, pod_spec_mut};

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
        // Upstream words each of them in its own way.
        let text = match part {
            "serviceaccount" => format!("failed to patch ServiceAccountName {}", status.message),
            "env" => format!("failed to patch env update to pod template: {}", status.message),
            "resource" => format!("failed to patch resources update to pod template {}", status.message),
            part => format!("failed to patch {part} update to pod template {}", status.message),
        };
        Failure::error(text)
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
    list.filter(|container| pattern.is_empty() || fits(pattern, container["name"].as_str().unwrap_or_default()))
        .collect()
}

/// Does a name fit a pattern whose `*` stand for anything? Upstream: cmd/set `selectString`.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

pub(super) fn env(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let is_change = |word: &&String| word.contains('=') || word.ends_with('-');
    let (changes, words): (Vec<&String>, Vec<&String>) = line.arguments.iter().partition(is_change);
    let words: Vec<String> = words.into_iter().cloned().collect();
    if words.is_empty() && !line.has_files() {
        return Err(Failure::error(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    if line.flags.has("keys") && !line.flags.has("from") {
        return Err(Failure::error("when specifying --keys, a configmap or secret must be provided with --from"));
    }
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
    if set.iter().any(|(name, _)| removed.contains(&name.as_str())) {
        return Err(Failure::error("can not both modify and remove the same environment variable in the same command"));
    }
    if line.flags.has("from") {
        set.extend(variables_from(call, line, printed)?);
    }
    for (name, _) in &set {
        if !is_variable_name(name) {
            return Err(Failure::error(format!(
                "\"{name}\" is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"
            )));
        }
    }
    let pattern = line.flags.text("containers").to_owned();
    let namespace = line.namespace(call.context_namespace).to_owned();
    let objects = listing::chosen(call, line, &named, printed)?;
    if printed.failed {
        return Ok(Outcome::Done);
    }
    for object in objects {
        let mut view = call.cluster.view(object);
        let before = view.clone();
        let name = call.cluster.identity(object).1.to_owned();
        if pod_spec_mut(&mut view).is_none() {
            return Err(no_template(call, object));
        }
        let found = containers(&mut view, &pattern);
        if found.is_empty() {
            printed.err_line(format!(
                "Warning: {}/{name} does not have any containers matching \"{pattern}\"",
                object.kind.name()
            ));
            continue;
        }
        for container in found {
            if listing_only {
                let own = container["name"].as_str().unwrap_or_default();
                printed.line(format!("# {} {name}, container {own}", object.kind.name()));
                let resolves = line.flags.is_on("resolve", false);
                let resolved = resolves.then_some(Resolver { call, namespace: &namespace, view: &before });
                set_env_list::print(container, resolved.as_ref(), printed);
                continue;
            }
            if !line.flags.is_on("overwrite", true) {
                refuse_overwriting(container, &set, (object.kind.plural(), &name))?;
            }
            change_env(container, &set, &removed);
        }
        if !listing_only && view != before {
            store(call, line, object, view, "env", printed)?;
        }
    }
    Ok(Outcome::Done)
}

/// Upstream: util/validation `IsEnvVarName`.
fn is_variable_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    name.chars().all(allowed) && name.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

/// Upstream: cmd/set `validateNoOverwrites`.
fn refuse_overwriting(container: &Value, set: &[(String, Value)], (plural, name): (&str, &str)) -> Result<()> {
    for known in container["env"].as_array().into_iter().flatten() {
        let Some((variable, new)) = set.iter().find(|(variable, _)| known["name"] == variable.as_str()) else {
            continue;
        };
        if known["value"] != new["value"] {
            let old = known["value"].as_str().unwrap_or_default();
            return Err(Failure::error(format!(
                "{plural}/{name} '{variable}' already has a value ({old}), and --overwrite is false"
            )));
        }
    }
    Ok(())
}

fn change_env(container: &mut Value, set: &[(String, Value)], removed: &[&str]) {
    let mut list = container["env"].as_array().cloned().unwrap_or_default();
    // Of a name that is given twice the first one counts. Upstream: cmd/set `updateEnv`, `findEnv`.
    for (place, (name, variable)) in set.iter().enumerate() {
        if set[..place].iter().any(|(before, _)| before == name) {
            continue;
        }
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
fn variables_from(call: &Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Vec<(String, Value)>> {
    let named = call.named(&[line.flags.text("from").to_owned()])?;
    let prefix = line.flags.text("prefix");
    let mut variables = Vec::new();
    for (kind, name) in named.objects {
        let object = call.find(kind, line.namespace(call.context_namespace), &name)?;
        let reference = if kind == Kind::SECRET { "secretKeyRef" } else { "configMapKeyRef" };
        for key in call.cluster.view(object)["data"].as_object().into_iter().flat_map(Map::keys) {
            if line.flags.has("keys") && !line.flags.all("keys").any(|wanted| wanted == key) {
                continue;
            }
            let plain: String =
                key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
            if plain != *key {
                printed.err_line(format!("Warning: key {key} transferred to {plain}"));
            }
            let variable = format!("{prefix}{plain}");
            let source = json!({"name": variable, "valueFrom": {reference: {"key": key, "name": name}}});
            variables.push((variable, source));
        }
    }
    Ok(variables)
}

pub(super) fn resources_command(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let named = call.named(&line.arguments)?;
    let objects = listing::chosen(call, line, &named, printed)?;
    let (limits, requests) = (line.flags.text("limits"), line.flags.text("requests"));
    if limits.is_empty() && requests.is_empty() {
        return Err(Failure::error(
            "you must specify an update to requests or limits (in the form of --requests/--limits)",
        ));
    }
    let lists = [("limits", quantities(limits)?), ("requests", quantities(requests)?)];
    let pattern = line.flags.text("containers").to_owned();
    if printed.failed {
        return Ok(Outcome::Done);
    }
    for object in objects {
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
        let Some(spec) = pod_spec_mut(&mut view) else { return Err(no_template(call, object)) };
        {
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
        if !matches!(object.kind, Kind::ROLE_BINDING | Kind::CLUSTER_ROLE_BINDING) {
            let name = call.cluster.identity(object).1;
            return Err(Failure::error(format!(
                "{}/{name} setting subjects is only supported for RoleBinding/ClusterRoleBinding",
                object.kind.plural()
            )));
        }
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

/// Labels that a selector wants. Upstream: cmd/set `updateSelectorForObject`.
fn required(expression: &str) -> Result<Map<String, Value>> {
    let selector = ParsedSelector::parse(expression).map_err(Failure::error)?;
    let pairs = selector.match_labels().map_err(Failure::error)?;
    Ok(pairs.into_iter().map(|(key, value)| (key, Value::from(value))).collect())
}

pub(super) fn selector(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let Some((expression, words)) = line.arguments.split_last() else {
        return Err(Failure::error("one selector is required"));
    };
    if !expression.contains('=') {
        let named = call.named(words)?;
        listing::chosen(call, line, &named, printed)?;
    }
    let wanted = required(expression)?;
    let named = call.named(words)?;
    for object in listing::chosen(call, line, &named, printed)? {
        if object.kind != Kind::SERVICE {
            return Err(Failure::error("setting a selector is only supported for Services"));
        }
        let mut view = call.cluster.view(object);
        view["spec"]["selector"] = Value::Object(wanted.clone());
        let version = line.flags.text("resource-version");
        if !version.is_empty() {
            view["metadata"]["resourceVersion"] = Value::from(version);
            call.update(object, view.clone(), Manner { dry_run: DryRun::Server, ..Manner::PATCH }, printed)?;
        }
        store(call, line, object, view, "selector", printed)?;
    }
    Ok(Outcome::Done)
}
