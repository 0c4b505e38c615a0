//! `kubectl attach`, `port-forward` and `cp`: commands that reach into a running container.
//! Upstream: kubectl cmd/attach, cmd/portforward, cmd/cp.

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::output::Printed;
use super::super::resources;
use super::Outcome;
use super::log_streams::{self, Follow, Follows};
use super::logs;
use crate::api::{Reason, Status};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::PodPhase;

/// A pod by `NAME`, `TYPE/NAME` or `TYPE NAME`: its own, or the first of a workload's or Service's.
fn pod_of(
    call: &Call<'_>,
    line: &CommandLine,
    target: &str,
    printed: &mut Printed,
) -> Result<(ObjectRef, PodId), Failure> {
    let namespace = line.namespace(call.context_namespace).to_owned();
    let (kind, name) = match target.split_once('/') {
        Some((kind, name)) => (resources::kind(kind)?, name),
        None => (Kind::POD, target),
    };
    let object = call.find(kind, &namespace, name)?;
    match object.as_pod() {
        Some(pod) => Ok((object, pod)),
        None => Ok((object, logs::named_pod(call, target, &namespace, printed)?)),
    }
}

pub(super) fn attach(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let target = match line.arguments.as_slice() {
        [] => return Err(Failure::error("at least 1 argument is required for attach")),
        [target] => target.clone(),
        [kind, name] => format!("{kind}/{name}"),
        more => {
            let text = format!(
                "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {}: [{}]",
                more.len(),
                more.join(" ")
            );
            return Err(Failure::usage("attach", text));
        }
    };
    let (_, pod) = pod_of(call, line, &target, &mut Printed::default())?;
    attach_to(call, line, pod, printed)
}

/// Streams what a container prints from now on, until it ends.
pub(super) fn attach_to(
    call: &mut Call<'_>,
    line: &CommandLine,
    pod: PodId,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let phase = call.cluster.pod(pod).status.phase;
    if phase.is_terminal() {
        let text = format!("cannot attach a container in a completed pod; current phase is {}", phase.name());
        return Err(Failure::error(text));
    }
    // Upstream: kubectl cmd/attach `containerToAttachTo`, cmd/util/podcmd `FindOrDefaultContainerByName`.
    let asked = line.flags.text("container");
    let spec = &call.cluster.template_of(pod).spec;
    if !asked.is_empty() && !spec.containers.iter().any(|container| container.name == asked) {
        let name = &call.cluster.pod(pod).name;
        let text = format!("cannot attach to the container: container {asked} not found in pod {name}");
        return Err(Failure::error(text));
    }
    let container = logs::container(call, line, pod, printed)?;
    if !line.flags.is_on("quiet", false) {
        printed.err_line("If you don't see a command prompt, try pressing enter.");
    }
    let row = call.cluster.pod(pod);
    if row.node.is_none() {
        let text = format!("pod {} does not have a host assigned", row.name);
        return Err(Failure::server(&Status::new(Reason::BadRequest, text)));
    }
    let follow = Follow::from_now(call, pod, container);
    log_streams::go_on(call, SimTime::NEVER, Follows::of(vec![follow]), printed)
}

/// Nobody in the model uses the local port; what the command checks and prints is kubectl's.
pub(super) fn port_forward(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let Some((target, ports)) = line.arguments.split_first().filter(|(_, ports)| !ports.is_empty()) else {
        return Err(Failure::usage("port-forward", "TYPE/NAME and list of ports are required for port-forward"));
    };
    let (object, pod) = pod_of(call, line, target, &mut Printed::default())?;
    let mut forwarded = Vec::new();
    for port in ports {
        let (local, remote) =
            port.split_once(':').map_or((port.as_str(), port.as_str()), |(local, remote)| (local, remote));
        let remote = remote_port(call, object, pod, remote)?;
        let local = match local {
            "" | "0" => u32::from(remote) + 30_000,
            given => given.parse().map_err(|_| {
                Failure::error(format!(
                    "error parsing local port {given:?}: strconv.ParseUint: parsing {given:?}: invalid syntax"
                ))
            })?,
        };
        forwarded.push((local, remote));
    }
    let phase = call.cluster.pod(pod).status.phase;
    if phase != PodPhase::Running {
        let text = format!("unable to forward port because pod is not running. Current status={}", phase.name());
        return Err(Failure::error(text));
    }
    for (local, remote) in forwarded {
        printed
            .line(format!("Forwarding from 127.0.0.1:{local} -> {remote}\nForwarding from [::1]:{local} -> {remote}"));
    }
    Ok(Outcome::Done)
}

/// A Service's port leads to its target; a name is looked up in the pod.
fn remote_port(call: &Call<'_>, object: ObjectRef, pod: PodId, asked: &str) -> Result<u16, Failure> {
    let spec = &call.cluster.template_of(pod).spec;
    let by_name = |name: &str| {
        let mut ports = spec.main_containers().iter().flat_map(|container| &container.ports);
        ports.find(|port| port.name == name).map(|port| port.container_port)
    };
    if object.kind == Kind::SERVICE {
        let service = call.cluster.body(object).as_service().expect("a Service's columns");
        let found = service.ports.iter().find(|port| port.port.to_string() == asked || port.name == asked);
        let name = call.cluster.identity(object).1;
        let Some(port) = found else {
            return Err(Failure::error(format!("Service {name} does not have a service port {asked}")));
        };
        return match &port.target {
            crate::model::probe::PortRef::Number(number) => Ok(*number),
            crate::model::probe::PortRef::Name(target) => by_name(target).ok_or_else(|| {
                Failure::error(format!("Pod '{}' does not have a named port '{target}'", call.cluster.pod(pod).name))
            }),
        };
    }
    match asked.parse() {
        Ok(number) => Ok(number),
        Err(_) if asked.parse::<u64>().is_ok() => Err(Failure::error(format!(
            "error parsing local port '{asked}': strconv.ParseUint: parsing {asked:?}: value out of range"
        ))),
        Err(_) => by_name(asked).ok_or_else(|| {
            Failure::error(format!("Pod '{}' does not have a named port '{asked}'", call.cluster.pod(pod).name))
        }),
    }
}

/// One side of `cp`: `[[namespace/]pod:]path`.
struct Place<'a> {
    namespace: &'a str,
    pod: &'a str,
    path: &'a str,
}

fn place(text: &str) -> Result<Place<'_>, Failure> {
    let Some((pod, path)) = text.split_once(':') else { return Ok(Place { namespace: "", pod: "", path: text }) };
    if pod.is_empty() {
        return Err(Failure::error("filespec must match the canonical format: [[namespace/]pod:]file/path"));
    }
    let pieces: Vec<&str> = pod.split('/').collect();
    match pieces.as_slice() {
        [pod] => Ok(Place { namespace: "", pod, path }),
        [namespace, pod] => Ok(Place { namespace, pod, path }),
        _ => Err(Failure::error("filespec must match the canonical format: [[namespace/]pod:]file/path")),
    }
}

/// Files go into a container through its shell; what comes out of one has nowhere to go, and is only looked for.
pub(super) fn copy(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let [from, to] = line.arguments.as_slice() else {
        return Err(Failure::error("source and destination are required"));
    };
    let (from, to) = (place(from)?, place(to)?);
    let goes_in = from.pod.is_empty();
    let remote = match (from.pod.is_empty(), to.pod.is_empty()) {
        (true, true) => return Err(Failure::error("one of src or dest must be a remote file specification")),
        (false, false) => return Err(Failure::error("one of src or dest must be a local file specification")),
        (false, true) => &from,
        (true, false) => &to,
    };
    if from.path.is_empty() || to.path.is_empty() {
        return Err(Failure::error("filepath can not be empty"));
    }
    let local = if goes_in { call.files.read(from.path).ok() } else { None };
    if goes_in && local.is_none() {
        return Err(Failure::error(format!("{} doesn't exist in local filesystem", from.path)));
    }
    let given = if remote.namespace.is_empty() { line.namespace(call.context_namespace) } else { remote.namespace };
    let object = call.find(Kind::POD, given, remote.pod)?;
    let pod = PodId(object.id);
    let command = if let Some(files) = local {
        let mut script = String::new();
        for (path, text) in &files {
            let target = match path.strip_prefix(from.path).filter(|rest| !rest.is_empty()) {
                Some(rest) => format!("{}{rest}", to.path.trim_end_matches('/')),
                None => to.path.to_owned(),
            };
            let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
            script.push_str(&format!("printf %s {} > {} && ", quoted(text), quoted(&target)));
        }
        format!("{script}true")
    } else {
        format!("cat '{}' > /dev/null", from.path.replace('\'', "'\\''"))
    };
    let container = logs::container(call, line, pod, printed)?;
    Ok(Outcome::Exec { pod, container, command: vec!["sh".to_owned(), "-c".to_owned(), command] })
}
