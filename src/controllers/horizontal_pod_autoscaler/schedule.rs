//! When the next sync of an autoscaler can have another outcome than the last one.

use crate::cluster::Cluster;
use crate::engine::{SimDuration, SimTime};
use crate::model::condition::ConditionStatus;
use crate::model::object::ObjectRef;
use crate::model::pod::PodConditionType;

use super::controller::State;
use super::reconcile::AutoscalerSettings;
use super::world::{adapter_metrics, seconds, target};

/// Failing syncs repeat their Events; after this many the recorder drops all but one in five minutes.
/// Upstream: client-go tools/record `defaultSpamBurst`.
const REPEATS: u32 = 25;
const SPAM_REFILL: SimDuration = SimDuration::from_secs(300);

/// The next sync that is worth an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Look {
    /// The first instant at which something can differ; `None`: only a change can make it differ.
    pub at: Option<SimTime>,
    /// Can it change anything beyond counts of Events?
    pub live: bool,
}

/// The first tick from `at` on of an autoscaler whose last sync ended at `ended`. Syncs without writes take `sync`, and
/// the next one comes `period` after their end.
pub(super) fn next_tick(ended: SimTime, period: SimDuration, sync: SimDuration, at: SimTime) -> SimTime {
    let first = ended + period;
    if at <= first {
        return first;
    }
    let distance = (period + sync).0.max(1);
    let ticks = (at - first).0.div_ceil(distance);
    first + SimDuration(ticks * distance)
}

/// After a sync that `changed` its status, or `failed`.
pub(super) fn next_look(
    now: SimTime,
    state: &State,
    settings: &AutoscalerSettings,
    (changed, failed): (bool, bool),
    key: ObjectRef,
    cluster: &Cluster,
) -> Look {
    let soon = Some(now);
    if changed || has_unsettled_pods(now, state, settings, key, cluster) {
        return Look { at: soon, live: true };
    }
    if failed {
        let at = if state.failures < REPEATS { now } else { now + SPAM_REFILL };
        return Look { at: Some(at), live: false };
    }
    let mut at = SimTime::NEVER;
    let mut consider = |candidate: i64| {
        if candidate > now.0 as i64 {
            at = at.min(SimTime(candidate as u64));
        }
    };
    let memory = &state.autoscaler.memory;
    for window in windows(state, settings) {
        memory.recommendations.endings().for_each(|ending| consider(ending + window + 1));
    }
    if let Some(behavior) = &state.spec.behavior {
        for policy in behavior.up.policies.iter().chain(&behavior.down.policies) {
            let times = memory.ups.times().chain(memory.downs.times());
            times.for_each(|time| consider(time + policy.period.0 as i64));
        }
    }
    let namespace = cluster.meta(key).namespace;
    if state.has_resource_metrics()
        && let Ok(target) = target(&state.spec, namespace, cluster)
    {
        for pod in cluster.pods_matching(namespace, &target.selector) {
            if let Some(start) = cluster.pod(pod).status.start_time.get() {
                consider(seconds(start) + settings.cpu_initialization_period.0 as i64);
            }
        }
    }
    let series = &cluster.metrics.series;
    for name in adapter_metrics(&state.spec) {
        if let Some(next) = series.next_look(now, cluster.namespace_name(namespace), name) {
            consider(next.0 as i64);
        }
    }
    Look { at: (at != SimTime::NEVER).then_some(at), live: true }
}

/// The windows of stabilisation, in nanoseconds.
fn windows(state: &State, settings: &AutoscalerSettings) -> [i64; 2] {
    let flag = settings.downscale_stabilization;
    let Some(behavior) = &state.spec.behavior else { return [flag.0 as i64; 2] };
    let up = behavior.up.stabilization_window.unwrap_or(SimDuration::ZERO);
    [up.0 as i64, behavior.down.stabilization_window.unwrap_or(flag).0 as i64]
}

/// Will samples of pods, or what they count for, differ at the next scrapes without a further change?
fn has_unsettled_pods(
    now: SimTime,
    state: &State,
    settings: &AutoscalerSettings,
    key: ObjectRef,
    cluster: &Cluster,
) -> bool {
    let namespace = cluster.meta(key).namespace;
    if !state.has_resource_metrics() {
        return false;
    }
    let Ok(target) = target(&state.spec, namespace, cluster) else { return false };
    let pods = cluster.pods_matching(namespace, &target.selector);
    let metrics = cluster.metrics.settings();
    // A sample counts once its whole window lies after the pod became Ready.
    let counts_after = metrics.resolution * 3 + metrics.age;
    pods.into_iter().any(|pod| {
        if !cluster.metrics.is_settled(now, pod) {
            return true;
        }
        let status = &cluster.pod(pod).status;
        let ready = status.condition(PodConditionType::Ready);
        let is_young = status.start_time.get().is_some_and(|start| start + settings.cpu_initialization_period > now);
        is_young
            && cluster.metrics.knows(pod)
            && ready.is_some_and(|ready| {
                ready.status == ConditionStatus::True && ready.last_transition + counts_after > now
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_lie_a_period_and_a_sync_apart() {
        let (period, sync) = (SimDuration::from_secs(15), SimDuration::from_millis(20));
        let ended = SimTime::from_secs(100);
        let tick = |at: u64| next_tick(ended, period, sync, SimTime::from_millis(at)).0 / 1_000_000;
        assert_eq!(
            [tick(100_000), tick(115_000), tick(115_001), tick(130_020), tick(130_021)],
            [115_000, 115_000, 130_020, 130_020, 145_040]
        );
    }
}
