//! `kubectl describe`.

use crate::api::{Reason, Status};
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::describe::{self, EventsByObject, Related};
use super::super::errors::Failure;
use super::super::listing::{self, Filter};
use super::super::output::Printed;
use super::super::resources::Named;
use super::Outcome;

/// Upstream: kubectl cmd/describe `DescribeOptions.Run`.
pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    if line.arguments.is_empty() && !line.has_files() {
        return Err(Failure::error(
            "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.",
        ));
    }
    let named = call.named(&line.arguments)?;
    listing::check(line, &named)?;
    let namespace = line.namespace(call.context_namespace).to_owned();
    let mut refusals = Printed::default();
    let mut missing: Vec<Status> = Vec::new();
    let mut objects: Vec<ObjectRef> = Vec::new();
    if line.has_files() {
        objects = listing::of_files(call, line, "retrieving", &mut refusals)?;
    } else if named.objects.is_empty() {
        for kind in &named.kinds {
            objects.extend(of_kind(call, line, *kind)?);
        }
        if objects.is_empty() {
            printed.err_line(if line.flags.is_on("all-namespaces", false) {
                "No resources found".to_owned()
            } else {
                format!("No resources found in {namespace} namespace.")
            });
        }
    } else {
        for (kind, name) in &named.objects {
            match call.find(*kind, &namespace, name) {
                Ok(object) => objects.push(object),
                Err(status) => missing.push(status),
            }
        }
    }
    if let ([status], 2) = (missing.as_slice(), line.arguments.len())
        && status.reason == Reason::NotFound
    {
        return matching(call, line, &named, status, printed);
    }
    let events = shown_events(call, line);
    for status in &missing {
        refusals.fail(&Failure::server(status));
    }
    for (place, object) in objects.into_iter().enumerate() {
        if place > 0 {
            printed.out.push_str("\n\n");
        }
        printed.out.push_str(&described(call, object, events.as_ref()));
    }
    printed.err.push_str(&refusals.err);
    printed.failed |= refusals.failed;
    Ok(Outcome::Done)
}

/// A name that nothing has may be the beginning of names. Upstream: `DescribeOptions.DescribeMatchingResources`.
fn matching(
    call: &Call<'_>,
    line: &CommandLine,
    named: &Named,
    status: &Status,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let [kind] = named.kinds.as_slice() else {
        return Err(Failure::error("you may only specify a single resource type"));
    };
    let prefix = line.arguments[1].as_str();
    let mut objects = of_kind(call, line, *kind)?;
    objects.retain(|object| listing::identity(call.cluster, *object).1.starts_with(prefix));
    if objects.is_empty() {
        return Err(Failure::server(status));
    }
    let events = shown_events(call, line);
    for object in objects {
        printed.line(described(call, object, events.as_ref()));
    }
    Ok(Outcome::Done)
}

fn of_kind(call: &Call<'_>, line: &CommandLine, kind: Kind) -> Result<Vec<ObjectRef>, Failure> {
    let scope = (!line.flags.is_on("all-namespaces", false)).then(|| line.namespace(call.context_namespace));
    if kind == Kind::EVENT {
        return listing::events(call, scope, line);
    }
    Ok(listing::list(call.cluster, kind, scope, &Filter::of_any(call, line, kind)?))
}

fn shown_events(call: &Call<'_>, line: &CommandLine) -> Option<EventsByObject> {
    line.flags.is_on("show-events", true).then(|| describe::events_by_object(call.cluster))
}

fn described(call: &Call<'_>, object: ObjectRef, events: Option<&EventsByObject>) -> String {
    describe::describe(&Related { cluster: call.cluster, now: call.now, object, events })
}
