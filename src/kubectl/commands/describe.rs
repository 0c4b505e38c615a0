//! `kubectl describe`.

use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::describe::{self, Related};
use super::super::errors::Failure;
use super::super::listing::{self, Filter};
use super::super::output::Printed;
use super::Outcome;

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    if line.arguments.is_empty() && !line.has_files() {
        return Err(Failure::error(
            "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.",
        ));
    }
    let named = call.named(&line.arguments)?;
    let namespace = line.namespace(call.context_namespace).to_owned();
    let mut refusals = Printed::default();
    let mut objects: Vec<ObjectRef> = Vec::new();
    if line.has_files() {
        objects = listing::of_files(call, line, "retrieving", &mut refusals)?;
    } else if named.objects.is_empty() {
        let scope = (!line.flags.is_on("all-namespaces", false)).then_some(namespace.as_str());
        for kind in &named.kinds {
            objects.extend(if *kind == Kind::EVENT {
                listing::events(call, scope, line)?
            } else {
                listing::list(call.cluster, *kind, scope, &Filter::of_any(call, line, *kind)?)
            });
        }
        if objects.is_empty() {
            printed.err_line(if scope.is_some() && named.kinds.iter().any(|kind| kind.is_namespaced()) {
                format!("No resources found in {namespace} namespace.")
            } else {
                "No resources found".to_owned()
            });
        }
    } else {
        for (kind, name) in &named.objects {
            match call.find(*kind, &namespace, name) {
                Ok(object) => objects.push(object),
                Err(status) => {
                    // A name may also be the beginning of names.
                    let before = objects.len();
                    let all = listing::list(call.cluster, *kind, Some(&namespace), &Filter::default());
                    objects.extend(all.into_iter().filter(|object| call.cluster.identity(*object).1.starts_with(name)));
                    if objects.len() == before {
                        refusals.fail(&Failure::server(&status));
                    }
                }
            }
        }
    }
    for (place, object) in objects.into_iter().enumerate() {
        if place > 0 {
            printed.out.push_str("\n\n");
        }
        let related = Related {
            cluster: call.cluster,
            now: call.now,
            object,
            show_events: line.flags.is_on("show-events", true),
        };
        printed.out.push_str(&describe::describe(&related));
    }
    printed.err.push_str(&refusals.err);
    printed.failed |= refusals.failed;
    Ok(Outcome::Done)
}
