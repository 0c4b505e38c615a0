//! `kubectl set resources`, `set serviceaccount`, `set subject` and `set selector`.

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
use super::set_image::{no_template, pod_spec_mut};

type Result<T> = std::result::Result<T, Failure>;

/// `--local` prints an object of a file as its Go type encodes it, with all defaults of the encoding.
pub(super) fn refuse_local(line: &CommandLine) -> Result<()> {
    if line.flags.is_on("local", false) { line.refuse(&["local"]) } else { Ok(()) }
}

/// Upstream: each command's `Validate`.
pub(super) fn check_selection(line: &CommandLine) -> Result<()> {
    if line.flags.is_on("all", false) && line.flags.has("selector") {
        return Err(Failure::error("cannot set --all and --selector at the same time"));
    }
    Ok(())
}

/// Writes a changed object and prints that it was.
pub(super) fn store(
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

/// The containers that `-c` names, all without it; those of the initialization come last.
/// Upstream: cmd/set `selectContainers`, as `RunEnv` and `SetResourcesOptions.Run` use it.
pub(super) fn containers<'a>(spec: &'a mut Value, pattern: &str) -> Vec<&'a mut Value> {
    let (mut found, mut initial) = (Vec::new(), Vec::new());
    for (key, list) in spec.as_object_mut().into_iter().flatten() {
        let into = match key.as_str() {
            "containers" => &mut found,
            "initContainers" => &mut initial,
            _ => continue,
        };
        let is_meant = |container: &&mut Value| {
            pattern.is_empty() || fits(pattern, container["name"].as_str().unwrap_or_default())
        };
        into.extend(list.as_array_mut().into_iter().flatten().filter(is_meant));
    }
    found.extend(initial);
    found
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

pub(super) fn resources_command(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    refuse_local(line)?;
    let named = call.named(&line.arguments)?;
    let objects = listing::chosen(call, line, &named, printed)?;
    check_selection(line)?;
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
        let Some(spec) = pod_spec_mut(&mut view) else {
            printed.fail(&no_template(call, object));
            continue;
        };
        let found = containers(spec, &pattern);
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
    refuse_local(line)?;
    let Some((account, words)) = line.arguments.split_last() else {
        return Err(Failure::error("serviceaccount is required"));
    };
    let named = call.named(words)?;
    for object in listing::chosen(call, line, &named, printed)? {
        let mut view = call.cluster.view(object);
        let Some(spec) = pod_spec_mut(&mut view) else { return Err(no_template(call, object)) };
        spec["serviceAccountName"] = json!(account);
        spec["serviceAccount"] = json!(account);
        store(call, line, object, view, "serviceaccount", printed)?;
    }
    Ok(Outcome::Done)
}

/// Subjects of a binding that it does not have yet. Upstream: kubectl cmd/set `SubjectOptions`.
pub(super) fn subject(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    refuse_local(line)?;
    check_selection(line)?;
    let namespace = line.namespace(call.context_namespace).to_owned();
    let mut wanted = super::access::subjects(line, Some(&namespace))?;
    // Upstream: `sets.NewString(…).List()` of each kind, users before groups before accounts.
    wanted.sort_by_key(|subject| {
        let text = |key: &str| subject[key].as_str().unwrap_or_default().to_owned();
        let place = ["User", "Group", "ServiceAccount"].iter().position(|kind| subject["kind"] == *kind);
        (place, text("namespace"), text("name"))
    });
    wanted.dedup();
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
        let has_none = line.flags.all("serviceaccount").any(|account| account.starts_with(':'));
        if object.kind == Kind::CLUSTER_ROLE_BINDING && has_none {
            let text = "serviceaccount must be <namespace>:<name>, namespace must be specified";
            return Err(Failure::error(text));
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
    refuse_local(line)?;
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
