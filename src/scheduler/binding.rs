//! The end of a binding cycle: the binding reaches the API server, or fails. Upstream: schedule_one `bindingCycle`,
//! `handleBindingCycleError`.

use super::attempt::AttemptResult;
use super::framework::{ClusterEvent, PluginSet};
use super::schedule_one::{Failure, SCHEDULER_ERROR, record, write_patch};
use super::{Binding, Scheduler, SchedulerEvent};
use crate::cluster::{Cluster, EventType, Said};
use crate::engine::{Outbox, SimTime};
use crate::model::latency::Latency;
use crate::model::object::{NodeId, PodId};

impl Scheduler {
    /// Sends the binding on its way.
    pub(super) fn send_binding(&mut self, now: SimTime, pod: PodId, outbox: &mut Outbox<SchedulerEvent>) {
        let granted = self.limit.reserve(now);
        let delay = self.settings.latencies.sample(Latency::Binding, &mut self.stream);
        outbox.send(granted + delay, SchedulerEvent::Bind(pod));
    }

    pub(super) fn bind(&mut self, now: SimTime, pod: PodId, cluster: &mut Cluster) {
        let Some(Binding { node, .. }) = self.bindings.get(pod.index()) else { return };
        let node = *node;
        match cluster.bind(now, pod, node) {
            Ok(()) => {
                self.bindings.remove(pod.index());
                // Upstream: gate ClearingNominatedNodeNameAfterBinding.
                cluster.nominate(now, pod, NodeId::NONE);
                record(now, cluster, pod, EventType::Normal, "Scheduled", Said::Assigned(node));
            }
            Err(status) => {
                let message = format!("running Bind plugin \"DefaultBinder\": {}", status.message);
                self.fail_binding(now, pod, message, cluster);
            }
        }
    }

    /// Takes everything back that was assumed for a pod, and puts it into the queue again.
    pub(super) fn fail_binding(&mut self, now: SimTime, pod: PodId, message: String, cluster: &mut Cluster) {
        let Some(Binding { queued, volumes, .. }) = self.bindings.remove(pod.index()) else { return };
        self.volume_waits.remove(&pod);
        if let Some(wait) = volumes {
            self.cache.volumes_mut().forget(wait.decisions());
        }
        self.cache.forget(cluster, pod);
        self.queue.move_all(now, cluster, &ClusterEvent::PodDeleted { pod });
        let failure = Failure {
            reason: SCHEDULER_ERROR,
            result: AttemptResult::Error,
            message,
            rejectors: PluginSet::EMPTY,
            evaluated: 0,
            nominate: Some(NodeId::NONE),
        };
        if let Some(patch) = self.fail(now, pod, queued, failure, cluster) {
            write_patch(now, patch, cluster);
        }
    }
}
