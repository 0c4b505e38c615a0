//! `kubectl logs`.

use crate::api::view::container_id;
use crate::api::{Reason, Status};
use crate::machines::ContainerId;
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef, PodId};
use crate::model::pod::ContainerState;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing::{self, Filter};
use super::super::output::Printed;
use super::super::resources;
use super::log_streams::{self, Follow, Follows, Shown, Stream};
use super::{Outcome, watch};

/// Containers followed at once unless told otherwise.
const FOLLOWED_MAX: i64 = 5;

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let selecting = line.flags.has("selector");
    check(line, selecting)?;
    let namespace = line.namespace(call.context_namespace).to_owned();
    let pods = if selecting {
        let pods = listing::list(call.cluster, Kind::POD, Some(&namespace), &Filter::of(line, Kind::POD)?);
        if pods.is_empty() {
            printed.err_line(format!("No resources found in {namespace} namespace."));
        }
        pods.into_iter().filter_map(ObjectRef::as_pod).collect()
    } else if line.flags.is_on("all-pods", false) {
        named_pods(call, &line.arguments[0], &namespace)?
    } else {
        vec![named_pod(call, &line.arguments[0], &namespace, printed)?]
    };
    // Upstream: cmd/logs `LogsOptions.Validate`, which comes after the look-up.
    if line.flags.number("limit-bytes").is_some_and(|limit| limit < 0) {
        return Err(Failure::error("--limit-bytes must be greater than 0"));
    }
    let mut streams = Vec::new();
    for pod in pods {
        if line.flags.is_on("all-containers", false) {
            streams.extend((0..call.cluster.template_of(pod).spec.containers.len()).map(|container| (pod, container)));
        } else {
            streams.push((pod, container(call, line, pod, printed)?));
        }
    }
    // Upstream: cmd/logs `LogsOptions.RunLogs`.
    let follows = line.flags.is_on("follow", false);
    let most = line.flags.number("max-log-requests").unwrap_or(FOLLOWED_MAX);
    if follows && streams.len() > 1 && streams.len() as i64 > most {
        return Err(Failure::error(format!(
            "you are attempting to follow {} log streams, but maximum allowed concurrency is {most}, use --max-log-requests to increase the limit",
            streams.len()
        )));
    }
    let mut followed = Vec::new();
    for stream in streams {
        let result = if follows {
            Follow::of(call, line, stream).map(|follow| followed.extend(follow))
        } else {
            print(call, line, stream, printed)
        };
        match result {
            Err(failure) if line.flags.is_on("ignore-errors", false) => {
                printed.line(format!("error: {}", failure.message()));
            }
            result => result?,
        }
    }
    if followed.is_empty() {
        return Ok(Outcome::Done);
    }
    log_streams::go_on(call, watch::deadline(call, line), Follows::of(followed), printed)
}

/// Upstream: cmd/logs `LogsOptions.Complete`, `Validate`.
fn check(line: &CommandLine, selecting: bool) -> Result<(), Failure> {
    let usage = |text: &str| Err(Failure::usage("logs", text));
    match line.arguments.len() {
        0 if selecting => {}
        1 | 2 if selecting => return usage("only a selector (-l) or a POD name is allowed"),
        1 | 2 => {}
        _ => {
            return usage(
                "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command",
            );
        }
    }
    if line.arguments.len() == 2 && line.flags.has("container") {
        return usage("only one of -c or an inline [CONTAINER] arg is allowed");
    }
    let since_time = line.flags.text("since-time");
    if !since_time.is_empty() && since_time.parse::<jiff::Timestamp>().is_err() {
        let layout = "2006-01-02T15:04:05Z07:00";
        let text = format!("parsing time {since_time:?} as {layout:?}: cannot parse {since_time:?} as \"2006\"");
        return Err(Failure::error(text));
    }
    let inline = line.arguments.get(1).map(String::as_str);
    let container = inline.unwrap_or_else(|| line.flags.text("container"));
    if line.flags.is_on("all-containers", false) && !container.is_empty() {
        let text = format!("--all-containers=true should not be specified with container name {container}");
        return Err(Failure::error(text));
    }
    if line.flags.number("tail").is_some_and(|tail| tail < -1) {
        return Err(Failure::error("--tail must be greater than or equal to -1"));
    }
    if line.flags.text("since").starts_with('-') {
        return Err(Failure::error("--since must be greater than 0"));
    }
    Ok(())
}

/// A pod by name, or one of a workload's.
pub(super) fn named_pod(
    call: &Call<'_>,
    argument: &str,
    namespace: &str,
    printed: &mut Printed,
) -> Result<PodId, Failure> {
    let object = named(call, argument, namespace)?;
    match object.as_pod() {
        Some(pod) => Ok(pod),
        None => pod_of_workload(call, object, printed),
    }
}

/// A pod by name, or all of a workload's. Upstream: kubectl polymorphichelpers `AllPodLogsForObjectFn`.
fn named_pods(call: &Call<'_>, argument: &str, namespace: &str) -> Result<Vec<PodId>, Failure> {
    let object = named(call, argument, namespace)?;
    match object.as_pod() {
        Some(pod) => Ok(vec![pod]),
        None => pods_of_workload(call, object),
    }
}

fn named(call: &Call<'_>, argument: &str, namespace: &str) -> Result<ObjectRef, Failure> {
    let (kind, name) = match argument.split_once('/') {
        Some((kind, name)) => (resources::kind(kind)?, name),
        None => (Kind::POD, argument),
    };
    call.find(kind, namespace, name).map_err(|status| {
        Failure::error(format!(
            "error from server ({}): {} in namespace \"{namespace}\"",
            status.reason.name(),
            status.message
        ))
    })
}

/// Upstream: kubectl polymorphichelpers `GetFirstPod` with `podutils.ByLogging`: running and ready ones first, the
/// oldest of them.
pub(super) fn pod_of_workload(call: &Call<'_>, object: ObjectRef, printed: &mut Printed) -> Result<PodId, Failure> {
    let pods = pods_of_workload(call, object)?;
    let first = pods[0];
    if pods.len() > 1 {
        printed.err_line(format!("Found {} pods, using pod/{}", pods.len(), call.cluster.pod(first).name));
    }
    Ok(first)
}

/// At least one, the one with the most to tell first.
fn pods_of_workload(call: &Call<'_>, object: ObjectRef) -> Result<Vec<PodId>, Failure> {
    let name = call.cluster.identity(object).1;
    let selector = match call.cluster.body(object) {
        Body::Deployment(deployment) => Some(&deployment.selector),
        Body::ReplicaSet(replica_set) => Some(&replica_set.selector),
        Body::StatefulSet(stateful_set) => Some(&stateful_set.selector),
        Body::DaemonSet(daemon_set) => Some(&daemon_set.selector),
        Body::Job(job) => Some(&job.selector),
        Body::Service(service) => service.selector.as_ref(),
        _ => None,
    };
    let Some(selector) = selector else {
        return Err(Failure::error(format!("cannot get the logs from *{}: {name}", object.kind.name())));
    };
    let mut pods = call.cluster.pods_matching(call.cluster.meta(object).namespace, selector);
    pods.sort_by_key(|pod| {
        let row = call.cluster.pod(*pod);
        (row.node.is_none(), row.status.phase != crate::model::pod::PodPhase::Running, !row.is_ready(), row.created)
    });
    if pods.is_empty() {
        return Err(Failure::error("timed out waiting for the condition"));
    }
    Ok(pods)
}

/// The container meant: `-c`, the second argument, the default annotation, or the first one.
pub(super) fn container(
    call: &Call<'_>,
    line: &CommandLine,
    pod: PodId,
    printed: &mut Printed,
) -> Result<usize, Failure> {
    let template = call.cluster.template_of(pod);
    let spec = &template.spec;
    let wanted = match (line.flags.text("container"), line.arguments.get(1)) {
        ("", Some(second)) if line.command.path == "logs" => second,
        (given, _) => given,
    };
    let position = |name: &str| spec.containers.iter().position(|container| container.name == name);
    if !wanted.is_empty() {
        return position(wanted).ok_or_else(|| {
            let text = format!("container {wanted} is not valid for pod {}", call.cluster.pod(pod).name);
            if line.command.path == "logs" {
                Failure::error(text)
            } else {
                Failure::server(&Status::new(Reason::BadRequest, text))
            }
        });
    }
    let default = template.annotations.get("kubectl.kubernetes.io/default-container").and_then(position);
    let chosen = default.unwrap_or(spec.init_count);
    if spec.containers.len() > 1 && default.is_none() {
        let mut names: Vec<String> =
            spec.main_containers().iter().map(|container| container.name.to_string()).collect();
        names.extend(spec.init_containers().iter().map(|container| format!("{} (init)", container.name)));
        printed.err_line(format!(
            "Defaulted container \"{}\" out of: {}",
            spec.containers[chosen].name,
            names.join(", ")
        ));
    }
    Ok(chosen)
}

fn print(call: &Call<'_>, line: &CommandLine, stream: Stream, printed: &mut Printed) -> Result<(), Failure> {
    let (pod, container) = stream;
    let Some(run) = find_run(call, line.flags.is_on("previous", false), pod, container)? else { return Ok(()) };
    let Some(log) = call.machines.container(run).log() else { return Ok(()) };
    let mut shown = Shown::of(call, line, stream);
    let count = log.lines().len();
    for (place, entry) in log.lines().enumerate().skip(shown.first(count)) {
        shown.write(call, (entry.at, &entry.text), place + 1 < count || !log.is_open(), printed);
    }
    Ok(())
}

/// The run whose output is meant, `None` for an unscheduled pod. Upstream: kubelet `validateContainerLogStatus`.
pub(super) fn find_run(
    call: &Call<'_>,
    previous: bool,
    pod: PodId,
    container: usize,
) -> Result<Option<ContainerId>, Failure> {
    let row = call.cluster.pod(pod);
    if row.node.is_none() {
        return Ok(None);
    }
    let refused = |text: String| Failure::server(&Status::new(Reason::BadRequest, text));
    let name = &call.cluster.template_of(pod).spec.containers[container].name;
    let mut runs = call.machines.runs(pod, container as u8);
    let newest = runs.next();
    if previous {
        let status = row.status.containers.get(container);
        let running = status.is_none_or(|status| matches!(status.state, ContainerState::Running { .. }));
        // While it waits for its next start, the newest run is the previous one.
        let wanted = if running { runs.next() } else { newest };
        return wanted.map(Some).ok_or_else(|| {
            refused(format!("previous terminated container \"{name}\" in pod \"{}\" not found", row.name))
        });
    }
    if let Some(run) = newest {
        return Ok(Some(run));
    }
    let status = row.status.containers.get(container);
    if let Some(ContainerState::Terminated(ended)) = status.map(|status| &status.state)
        && ended.container_id != 0
    {
        // Its kubelet has deleted it. Upstream: kuberuntime `GetContainerLogs`.
        return Err(refused(format!("unable to retrieve container logs for {}", container_id(ended.container_id))));
    }
    let reason = match status.map(|status| &status.state) {
        Some(ContainerState::Waiting { reason, .. }) if reason == "ErrImagePull" || reason == "ImagePullBackOff" => {
            "trying and failing to pull image"
        }
        Some(ContainerState::Waiting { reason, .. }) if !reason.is_empty() => reason,
        _ => "ContainerCreating",
    };
    Err(refused(format!("container \"{name}\" in pod \"{}\" is waiting to start: {reason}", row.name)))
}
