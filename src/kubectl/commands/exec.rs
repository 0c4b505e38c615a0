//! `kubectl exec`: everything but the run itself, which belongs to the container's shell.

use crate::api::{Reason, Status};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;
use super::super::resources;
use super::Outcome;
use super::logs;
use crate::model::kind::Kind;
use crate::model::object::PodId;

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let has_files = line.flags.has("filename");
    if line.arguments.is_empty() && !has_files {
        return Err(Failure::error("pod, type/name or --filename must be specified"));
    }
    // Upstream: cmd/exec `ExecOptions.Complete`: words between the pod and `--` say nothing.
    if line.arguments.len() > usize::from(!has_files) && line.after_dash.is_none() {
        return Err(Failure::usage(
            "exec",
            "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead",
        ));
    }
    let command = line.after_dash.clone().unwrap_or_default();
    if command.is_empty() {
        return Err(Failure::error("you must specify at least one command for the container"));
    }
    let namespace = line.namespace(call.context_namespace).to_owned();
    let pod = if has_files {
        match of_file(call, line, printed)? {
            Some(pod) => pod,
            None => return Ok(Outcome::Done),
        }
    } else {
        let target = &line.arguments[0];
        let (kind, name) = match target.split_once('/') {
            Some((kind, name)) => (resources::kind(kind)?, name),
            None => (Kind::POD, target.as_str()),
        };
        let object = call.find(kind, &namespace, name)?;
        match object.as_pod() {
            Some(pod) => pod,
            None => logs::named_pod(call, target, &namespace, &mut Printed::default())?,
        }
    };
    let row = call.cluster.pod(pod);
    if row.status.phase.is_terminal() {
        return Err(Failure::error(format!(
            "cannot exec into a container in a completed pod; current phase is {}",
            row.status.phase.name()
        )));
    }
    if row.node.is_none() {
        let text = format!("pod {} does not have a host assigned", row.name);
        return Err(Failure::server(&Status::new(Reason::BadRequest, text)));
    }
    let container = logs::container(call, line, pod, printed)?;
    Ok(Outcome::Exec { pod, container, command })
}

/// The pod that a file holds, or one of the workload that it holds; `None` if the server has no such object, which is
/// printed.
fn of_file(call: &Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Option<PodId>, Failure> {
    if !line.arguments.is_empty() {
        // Upstream: cli-runtime resource `Builder.visitByPaths`.
        return Err(Failure::error("resource/name arguments cannot be provided when a path is specified"));
    }
    let objects = listing::of_files(call, line, "retrieving", printed)?;
    match objects.as_slice() {
        [] => Ok(None),
        [object] => match object.as_pod() {
            Some(pod) => Ok(Some(pod)),
            None => logs::pod_of_workload(call, *object, &mut Printed::default()).map(Some),
        },
        _ => Err(Failure::error("cannot exec into multiple objects at a time")),
    }
}
