//! `kubectl set env`. Upstream: kubectl cmd/set `EnvOptions`, cmd/set/env.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;
use super::super::resources;
use super::Outcome;
use super::set::{check_selection, containers, refuse_local, store};
use super::set_env_list::{self, Resolver};
use super::set_image::{no_template, pod_spec_mut};

type Result<T> = std::result::Result<T, Failure>;

/// What is to become of the variables of a container.
#[derive(Default)]
struct Changes<'a> {
    /// Names and variables; of a name that is given twice the first one counts.
    set: Vec<(String, Value)>,
    remove: Vec<&'a str>,
}

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    refuse_local(line)?;
    check_selection(line)?;
    let (words, arguments) = resources::before_changes(&line.arguments, is_change).map_err(|_| {
        let all = line.arguments.join(" ");
        Failure::error(format!("all resources must be specified before environment changes: {all}"))
    })?;
    check_flags(line, &words)?;
    let mut changes = read(call, line.flags.all("env").chain(arguments.iter().copied()))?;
    if line.flags.has("from") {
        changes.set.extend(variables_from(call, line, printed)?);
    }
    let prefix = line.flags.text("prefix");
    for (name, variable) in &mut changes.set {
        name.insert_str(0, prefix);
        variable["name"] = Value::from(name.as_str());
    }
    let named = call.named(&words)?;
    let objects = listing::chosen(call, line, &named, printed)?;
    if printed.failed {
        return Ok(Outcome::Done);
    }
    let nothing = changes.set.is_empty() && arguments.is_empty();
    for object in objects {
        let view = call.cluster.view(object);
        let Some(changed) = change(call, line, (object, &view), &changes, printed)? else { continue };
        if !line.flags.is_on("list", false) && changed != view {
            store(call, line, object, changed, "env", printed)?;
            if nothing {
                return Err(Failure::error("at least one environment variable must be provided"));
            }
        }
    }
    Ok(Outcome::Done)
}

/// Upstream: cmd/set/env `SplitEnvironmentFromResources`.
fn is_change(word: &str) -> bool {
    word.rfind('=').is_some_and(|place| place > 0) || word.ends_with('-')
}

/// Upstream: cmd/set `EnvOptions.Validate`.
fn check_flags(line: &CommandLine, words: &[String]) -> Result<()> {
    if words.is_empty() && !line.has_files() {
        return Err(Failure::error(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    if line.flags.is_on("list", false) && line.flags.has("output") {
        return Err(Failure::error("--list and --output may not be specified together"));
    }
    if line.flags.has("keys") && !line.flags.has("from") {
        return Err(Failure::error("when specifying --keys, a configmap or secret must be provided with --from"));
    }
    Ok(())
}

/// Upstream: cmd/set/env `parseIntoEnvVar`.
fn read<'a>(call: &Call<'_>, words: impl Iterator<Item = &'a str>) -> Result<Changes<'a>> {
    let mut changes = Changes::default();
    let mut given: BTreeSet<&str> = BTreeSet::new();
    for word in words {
        if word == "-" {
            let files = call.files.read("-");
            let files = files.map_err(|_| Failure::error("when '-' is used, STDIN must be open"))?;
            changes.set.extend(files.iter().flat_map(|(_, text)| text.lines()).filter_map(of_line));
        } else if let Some((name, value)) = word.split_once('=') {
            if !is_variable_name(name) {
                return Err(Failure::error(format!(
                    "\"{name}\" is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"
                )));
            }
            given.insert(name);
            changes.set.push((name.to_owned(), json!({"value": value})));
        } else if let Some(name) = word.strip_suffix('-') {
            changes.remove.push(name);
        } else {
            return Err(Failure::error(format!("unknown environment variable: {word}")));
        }
    }
    if changes.remove.iter().any(|name| given.contains(name)) {
        return Err(Failure::error("can not both modify and remove the same environment variable in the same command"));
    }
    Ok(changes)
}

/// A variable of a line of standard input. Upstream: cmd/set/env `readEnv`.
fn of_line(line: &str) -> Option<(String, Value)> {
    let text = line.split('#').next().unwrap_or_default();
    text.split_once('=').map(|(name, value)| (name.to_owned(), json!({"value": value})))
}

/// Upstream: util/validation `IsEnvVarName`.
fn is_variable_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    name.chars().all(allowed) && name.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

/// The object with other variables; lists them instead with `--list`. `None` where nothing is to be done.
fn change(
    call: &Call<'_>,
    line: &CommandLine,
    (object, before): (ObjectRef, &Value),
    changes: &Changes<'_>,
    printed: &mut Printed,
) -> Result<Option<Value>> {
    let listing_only = line.flags.is_on("list", false);
    let name = call.cluster.identity(object).1;
    let mut view = before.clone();
    let Some(spec) = pod_spec_mut(&mut view) else {
        return if listing_only { Ok(None) } else { Err(no_template(call, object)) };
    };
    let pattern = line.flags.text("containers");
    let found = containers(spec, pattern);
    if found.is_empty() {
        let pattern = if pattern.is_empty() { "*" } else { pattern };
        let what = object.kind.name();
        printed.err_line(format!("Warning: {what}/{name} does not have any containers matching \"{pattern}\""));
        return Ok(None);
    }
    let namespace = line.namespace(call.context_namespace);
    for container in found {
        if !line.flags.is_on("overwrite", true) {
            refuse_overwriting(container, &changes.set, (object.kind.plural(), name))?;
        }
        update(container, changes);
        if listing_only {
            let own = container["name"].as_str().unwrap_or_default();
            printed.line(format!("# {} {name}, container {own}", object.kind.name()));
            let resolves = line.flags.is_on("resolve", false);
            let resolver = resolves.then_some(Resolver { call, namespace, view: before });
            set_env_list::print(container, resolver.as_ref(), printed);
        }
    }
    Ok(Some(view))
}

/// Upstream: cmd/set `validateNoOverwrites`.
fn refuse_overwriting(container: &Value, set: &[(String, Value)], (plural, name): (&str, &str)) -> Result<()> {
    let text = |variable: &Value| variable["value"].as_str().unwrap_or_default().to_owned();
    for (variable, new) in set {
        let known = container["env"].as_array().into_iter().flatten();
        let Some(known) = known.into_iter().find(|known| known["name"] == variable.as_str()) else { continue };
        let old = text(known);
        if old != text(new) {
            return Err(Failure::error(format!(
                "{plural}/{name} '{variable}' already has a value ({old}), and --overwrite is false"
            )));
        }
    }
    Ok(())
}

/// Upstream: cmd/set `updateEnv`: what is removed and set is removed.
fn update(container: &mut Value, changes: &Changes<'_>) {
    let mut covered: BTreeSet<&str> = changes.remove.iter().copied().collect();
    let mut list = Vec::new();
    let before = container["env"].as_array().cloned().unwrap_or_default();
    for known in before {
        let name = known["name"].as_str().unwrap_or_default();
        if covered.contains(name) {
            continue;
        }
        match changes.set.iter().find(|(new, _)| new == name) {
            Some((new, variable)) => {
                covered.insert(new);
                list.push(variable.clone());
            }
            None => list.push(known),
        }
    }
    for (name, variable) in &changes.set {
        if covered.insert(name) {
            list.push(variable.clone());
        }
    }
    if list.is_empty() {
        container.as_object_mut().map(|container| container.remove("env"));
    } else {
        container["env"] = Value::Array(list);
    }
}

/// `--from=configmap/x`: a variable for each key, named after it.
fn variables_from(call: &Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Vec<(String, Value)>> {
    let named = call.named(&[line.flags.text("from").to_owned()])?;
    let mut variables = Vec::new();
    for (kind, name) in named.objects {
        let object = call.find(kind, line.namespace(call.context_namespace), &name)?;
        let reference = match kind {
            Kind::SECRET => "secretKeyRef",
            Kind::CONFIG_MAP => "configMapKeyRef",
            _ => return Err(Failure::error("unsupported resource specified in --from")),
        };
        for key in call.cluster.view(object)["data"].as_object().into_iter().flat_map(Map::keys) {
            if line.flags.has("keys") && !line.flags.all("keys").any(|wanted| wanted == key) {
                continue;
            }
            let plain: String =
                key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
            if plain != *key {
                printed.err_line(format!("Warning: key {key} transferred to {plain}"));
            }
            variables.push((plain, json!({"valueFrom": {reference: {"key": key, "name": name}}})));
        }
    }
    Ok(variables)
}
