//! `kubectl drain`: cordons, classifies the node's pods, evicts them and waits. Upstream: kubectl pkg/drain.

use crate::api::{Reason, Status};
use crate::cluster::{Change, DeleteOptions, Propagation, Verb};
use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::selector::LabelSelector;
use crate::model::volume::VolumeSource;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::output::Printed;
use super::super::requests::DryRun;
use super::super::selectors;
use super::super::waiting::Pending;
use super::Outcome;
use super::nodes;

/// A refused eviction is tried again after this time.
const RETRY: SimDuration = SimDuration::from_secs(5);

/// A drain under way.
#[derive(Clone, Debug)]
pub(crate) struct Drain {
    node: ObjectRef,
    /// Pods whose eviction was refused so far.
    refused: Vec<PodId>,
    /// Pods that were evicted and are not gone yet.
    evicted: Vec<PodId>,
    retry_at: SimTime,
    order: Order,
}

/// What was asked for, and what came of it so far.
#[derive(Clone, Debug)]
struct Order {
    /// Nodes that are still to come.
    nodes: Vec<ObjectRef>,
    grace_seconds: Option<i64>,
    /// When it gives up on a node, and the time limit as it was given.
    limit: Option<(SimTime, SimDuration)>,
    manner: Manner,
    /// Nodes that could not be drained, and why.
    failed: Vec<(String, Vec<String>)>,
}

/// What the flags allow.
#[derive(Clone, Debug)]
struct Manner {
    ignore_daemon_sets: bool,
    delete_empty_dirs: bool,
    force: bool,
    disable_eviction: bool,
    dry_run: DryRun,
    /// `--pod-selector`.
    pods: LabelSelector,
    /// `--skip-wait-for-delete-timeout`.
    skip_deleted_for: Option<SimDuration>,
}

impl Drain {
    /// Is the change the end of one of its pods?
    pub(crate) fn touches(&self, change: &Change) -> bool {
        change.verb == Verb::Deleted && change.object.as_pod().is_some_and(|pod| self.evicted.contains(&pod))
    }
}

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let pods = selectors::labels(line.flags.text("pod-selector"))
        .map_err(|_| Failure::error("--pod-selector=<pod_selector> must be a valid label selector"))?;
    let skip = line.flags.number("skip-wait-for-delete-timeout").filter(|seconds| *seconds > 0);
    let nodes = nodes::nodes(call, line, printed)?;
    let manner = Manner {
        ignore_daemon_sets: line.flags.is_on("ignore-daemonsets", false),
        delete_empty_dirs: line.flags.is_on("delete-emptydir-data", false),
        force: line.flags.is_on("force", false),
        disable_eviction: line.flags.is_on("disable-eviction", false),
        dry_run: DryRun::of(line)?,
        pods,
        skip_deleted_for: skip.map(|seconds| SimDuration::from_secs(seconds.unsigned_abs())),
    };
    for node in &nodes {
        nodes::set_unschedulable(call, line, *node, true, printed)?;
    }
    let grace_seconds = line.flags.number("grace-period").filter(|grace| *grace >= 0);
    let limit = line.flags.duration("timeout").filter(|limit| limit.0 > 0).map(|limit| (call.now + limit, limit));
    next_node(call, Order { nodes, grace_seconds, limit, manner, failed: Vec::new() }, printed)
}

fn next_node(call: &mut Call<'_>, mut order: Order, printed: &mut Printed) -> Result<Outcome, Failure> {
    while !order.nodes.is_empty() {
        let node = order.nodes.remove(0);
        let manner = &order.manner;
        let name = call.cluster.identity(node).1.to_owned();
        let chosen = classify(call, NodeId(node.id), manner);
        if !chosen.errors.is_empty() {
            // Upstream: apimachinery errors `Aggregate.Error`.
            let errors = if let [one] = chosen.errors.as_slice() {
                one.clone()
            } else {
                format!("[{}]", chosen.errors.join(", "))
            };
            printed.fail(&Failure::error(format!(
                "unable to drain node \"{name}\" due to error: {errors}, continuing command..."
            )));
            order.failed.push((name, chosen.errors));
            continue;
        }
        if !chosen.warnings.is_empty() {
            printed.err_line(format!("Warning: {}", chosen.warnings.join("; ")));
        }
        // Deletions are told of only when they are done. Upstream: drain `Helper.deletePods`.
        for pod in chosen.pods.iter().filter(|_| !manner.disable_eviction || manner.dry_run == DryRun::Client) {
            printed.line(format!("evicting pod {}{}", pod_name(call, *pod), manner.dry_run.suffix()));
        }
        if manner.dry_run != DryRun::None {
            printed.line(format!("node/{name} drained{}", manner.dry_run.suffix()));
            continue;
        }
        let drain = Drain { node, refused: chosen.pods, evicted: Vec::new(), retry_at: call.now, order };
        return go_on(call, drain, printed);
    }
    if !order.failed.is_empty() {
        printed.err_line("There are pending nodes to be drained:");
        order.failed.iter().for_each(|(node, _)| printed.err_line(format!(" {node}")));
        order.failed.iter().flat_map(|(_, errors)| errors).for_each(|error| printed.err_line(error));
    }
    Ok(Outcome::Done)
}

/// What is to be done with a node's pods.
#[derive(Default)]
struct Chosen {
    pods: Vec<PodId>,
    errors: Vec<String>,
    warnings: Vec<String>,
}

/// Upstream: drain `Helper.makeFilters`, `podDeleteList`.
fn classify(call: &Call<'_>, node: NodeId, manner: &Manner) -> Chosen {
    let (mut daemon, mut local, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let mut chosen = Chosen::default();
    let mut pods: Vec<PodId> = call.cluster.pods_on(node).collect();
    pods.sort_by_key(|pod| pod_name(call, *pod));
    for pod in pods {
        let row = call.cluster.pod(pod);
        let is_mirror = row.extra.as_ref().is_some_and(|extra| extra.mirror);
        // Upstream: drain `skipDeletedFilter`.
        let is_leaving = manner.skip_deleted_for.zip(row.deletion).is_some_and(|(patience, deletion)| {
            call.now > deletion.timestamp && call.now.since(deletion.timestamp) > patience
        });
        if is_mirror || is_leaving || !manner.pods.matches(&call.cluster.labels_of(pod)) {
            continue;
        }
        let finished = row.status.phase.is_terminal();
        let controller = Some(row.controller).filter(|owner| owner.is_some() && call.cluster.is_live(*owner));
        if controller.is_some_and(|owner| owner.kind == Kind::DAEMON_SET) && !finished {
            daemon.push(pod_name(call, pod));
            continue;
        }
        let volumes = &call.cluster.template_of(pod).spec.volumes;
        let has_local =
            !finished && volumes.iter().any(|volume| matches!(volume.source, VolumeSource::EmptyDir { .. }));
        // The first filter that says no is the last one asked. Upstream: drain `filterPods`.
        if !finished && controller.is_none() && (!has_local || manner.delete_empty_dirs) {
            bare.push(pod_name(call, pod));
        }
        if has_local {
            local.push(pod_name(call, pod));
        }
        chosen.pods.push(pod);
    }
    let mut sort = |names: Vec<String>, allowed: bool, warning: &str, error: &str| {
        if names.is_empty() {
            return;
        }
        let listed = names.join(", ");
        if !allowed {
            chosen.errors.push(format!("cannot delete {error}: {listed}"));
        } else if !warning.is_empty() {
            chosen.warnings.push(format!("{warning}: {listed}"));
        }
    };
    sort(
        daemon,
        manner.ignore_daemon_sets,
        "ignoring DaemonSet-managed Pods",
        "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
    );
    sort(local, manner.delete_empty_dirs, "", "Pods with local storage (use --delete-emptydir-data to override)");
    sort(
        bare,
        manner.force,
        "deleting Pods that declare no controller",
        "cannot delete Pods that declare no controller (use --force to override)",
    );
    chosen
}

fn pod_name(call: &Call<'_>, pod: PodId) -> String {
    let row = call.cluster.pod(pod);
    format!("{}/{}", call.cluster.namespace_name(row.namespace), row.name)
}

/// Evicts what was refused before, and looks which pods are gone.
pub(crate) fn go_on(call: &mut Call<'_>, mut drain: Drain, printed: &mut Printed) -> Result<Outcome, Failure> {
    if call.now >= drain.retry_at {
        for pod in std::mem::take(&mut drain.refused) {
            match evict(call, pod, &drain) {
                Ok(()) => drain.evicted.push(pod),
                Err(status) if status.reason == Reason::NotFound => drain.evicted.push(pod),
                Err(status) if status.reason == Reason::TooManyRequests => {
                    let row = call.cluster.pod(pod);
                    let namespace = call.cluster.namespace_name(row.namespace);
                    printed.err_line(format!(
                        "error when evicting pods/\"{}\" -n \"{namespace}\" (will retry after 5s): {}",
                        row.name, status.message
                    ));
                    drain.refused.push(pod);
                }
                Err(status) => printed.fail(&Failure::server(&status)),
            }
        }
        drain.retry_at = if drain.refused.is_empty() { SimTime::NEVER } else { call.now + RETRY };
    }
    drain.evicted.retain(|pod| {
        let gone = !call.cluster.is_live(ObjectRef::pod(*pod));
        if gone {
            let verb = if drain.order.manner.disable_eviction { "deleted" } else { "evicted" };
            printed.line(format!("pod/{} {verb}", call.cluster.pod(*pod).name));
        }
        !gone
    });
    let name = call.cluster.identity(drain.node).1.to_owned();
    if drain.evicted.is_empty() && drain.refused.is_empty() {
        printed.line(format!("node/{name} drained"));
        return next_node(call, drain.order, printed);
    }
    if let Some((_, given)) = drain.order.limit.filter(|(at, _)| call.now >= *at) {
        let mut pending: Vec<PodId> = drain.refused.iter().chain(&drain.evicted).copied().collect();
        pending.sort_unstable();
        let shown = pending.first().map_or_else(String::new, |pod| {
            let row = call.cluster.pod(*pod);
            format!("pods/\"{}\" -n \"{}\"", row.name, call.cluster.namespace_name(row.namespace))
        });
        let limit = super::super::ages::go_duration(given);
        let error = format!("error when evicting {shown}: global timeout reached: {limit}");
        printed.fail(&Failure::plain(format!(
            "There are pending pods in node \"{name}\" when an error occurred: {error}"
        )));
        for pod in &pending {
            printed.err_line(format!("pod/{}", call.cluster.pod(*pod).name));
        }
        printed.fail(&Failure::error(format!(
            "unable to drain node \"{name}\" due to error: {error}, continuing command..."
        )));
        drain.order.failed.push((name, vec![error]));
        return next_node(call, drain.order, printed);
    }
    let limit = drain.order.limit.map_or(SimTime::NEVER, |(at, _)| at);
    Ok(Outcome::Wait { deadline: drain.retry_at.min(limit), pending: Pending::Drain(drain) })
}

fn evict(call: &mut Call<'_>, pod: PodId, drain: &Drain) -> Result<(), Status> {
    let options = DeleteOptions { grace_seconds: drain.order.grace_seconds, propagation: Propagation::Background };
    if drain.order.manner.disable_eviction {
        call.cluster.delete(call.now, ObjectRef::pod(pod), options)
    } else {
        call.cluster.evict(call.now, pod, options)
    }
}
