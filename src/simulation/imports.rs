//! An imported cluster as the first state of a run: which instant that is, and what it says of itself.

use serde_json::{Value, json};

use crate::api::Clock;
use crate::api::dump::{Dump, DumpedObject};
use crate::cluster::Cluster;
use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::scenario::plan::Plan;

/// The wall clock of a run, and the instant of its first state, a warm-up before t=0. Objects of a dump are older than that; what happened to
/// them has its own place in virtual time.
pub(super) fn clock(plan: &Plan, warmup: SimDuration) -> (Clock, SimTime) {
    let start = plan.start.as_second() - warmup.as_secs() as i64;
    let oldest = plan.cluster.dump.as_ref().and_then(|dump| dump.span.first()).map_or(start, |first| first.min(start));
    let begin = SimTime::from_secs(u64::try_from(start - oldest).unwrap_or_default());
    (Clock { epoch_seconds: oldest, warmup: begin.since(SimTime::ZERO) + warmup }, begin)
}

/// Takes over the plan's dump. Where the plan's nodes are all there are, its pods have to be placed anew: static pods and
/// those of DaemonSets are left out, all others wait for a node.
pub(super) fn import(plan: &Plan, begin: SimTime, cluster: &mut Cluster) -> Result<(), String> {
    let Some(dump) = &plan.cluster.dump else { return Ok(()) };
    if !plan.cluster.nodes_are_all {
        return cluster.import_dump(begin, dump);
    }
    let objects = dump.objects.iter().filter(|object| object.kind != Kind::NODE);
    let objects = objects.filter_map(|object| match object.kind {
        Kind::POD => displaced(object.value()).map(|pod| DumpedObject::new(Kind::POD, &pod)),
        _ => Some(object.clone()),
    });
    let displaced = Dump { objects: objects.collect(), ..Dump::default() };
    cluster.import_dump(begin, &displaced)
}

/// A pod that lost its node with all others.
fn displaced(mut pod: Value) -> Option<Value> {
    let is_mirror = pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_string();
    let owners = pod["metadata"]["ownerReferences"].as_array();
    let is_daemon = owners.is_some_and(|owners| owners.iter().any(|owner| owner["kind"] == "DaemonSet"));
    let has_ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if is_mirror || is_daemon || has_ended {
        return None;
    }
    pod["spec"].as_object_mut()?.remove("nodeName");
    pod["status"] = json!({"phase": "Pending"});
    Some(pod)
}

/// Does the plan's dump hold nodes?
pub(super) fn has_nodes(plan: &Plan) -> bool {
    plan.cluster.dump.as_ref().is_some_and(|dump| dump.count(Kind::NODE) > 0)
}

/// What was not understood of the dump, and what is assumed because it lacks it.
pub(super) fn warnings(plan: &Plan) -> Vec<String> {
    let Some(dump) = &plan.cluster.dump else { return Vec::new() };
    let skipped = dump.skipped.iter().map(|(kind, count)| format!("import: {count} of {kind} are not looked at"));
    skipped.chain(dump.assumed.iter().map(|sentence| format!("import: {sentence}"))).collect()
}
