//! An imported cluster as the first state of a run: which instant that is, and what it says of itself.

use crate::api::Clock;
use crate::cluster::Cluster;
use crate::engine::{SimDuration, SimTime};
use crate::machines::Machines;
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

/// Takes over the plan's dump.
pub(super) fn import(plan: &Plan, begin: SimTime, cluster: &mut Cluster) -> Result<(), String> {
    plan.cluster.dump.as_ref().map_or(Ok(()), |dump| cluster.import_dump(begin, dump))
}

/// Puts static pods, of which a dump shows the mirrors, into the manifest folders of their nodes.
pub(super) fn write_manifests(plan: &Plan, cluster: &Cluster, machines: &mut Machines) {
    let Some(dump) = &plan.cluster.dump else { return };
    for file in dump.static_pods(true) {
        if let Some(node) = cluster.node_by_name(&file.node) {
            machines.write_manifest(node, &file.file, file.text.into());
        }
    }
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
