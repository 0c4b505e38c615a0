//! The end of a binding cycle: the binding reaches the API server, or fails. Upstream: schedule_one `bindingCycle`,
//! `handleBindingCycleError`.

use super::attempt::AttemptResult;
use super::framework::{ClusterEvent, PluginSet};
use super::schedule_one::{Failure, SCHEDULER_ERROR, record, write_patch};
use super::{Binding, Scheduler};
use crate::cluster::{Cluster, EventType};
use crate::engine::SimTime;
use crate::model::object::{NodeId, PodId};

impl Scheduler {
    pub(super) fn bind(&mut self, now: SimTime, pod: PodId, cluster: &mut Cluster) {
        let Some(Binding { node, queued }) = self.bindings.remove(&pod) else { return };
        match cluster.bind(now, pod, node) {
            Ok(()) => {
                // Upstream: gate ClearingNominatedNodeNameAfterBinding.
                cluster.nominate(now, pod, NodeId::NONE);
                let row = cluster.pod(pod);
                let namespace = cluster.namespace_name(row.namespace);
                let message = format!("Successfully assigned {namespace}/{} to {}", row.name, cluster.node_name(node));
                record(now, cluster, pod, EventType::Normal, "Scheduled", message);
            }
            Err(status) => {
                self.cache.forget(cluster, pod);
                self.queue.move_all(now, cluster, &ClusterEvent::PodDeleted { pod });
                let failure = Failure {
                    reason: SCHEDULER_ERROR,
                    result: AttemptResult::Error,
                    message: format!("running Bind plugin \"DefaultBinder\": {}", status.message),
                    rejectors: PluginSet::EMPTY,
                    evaluated: 0,
                    nominate: Some(NodeId::NONE),
                };
                if let Some(patch) = self.fail(now, pod, queued, failure, cluster) {
                    write_patch(now, patch, cluster);
                }
            }
        }
    }
}
