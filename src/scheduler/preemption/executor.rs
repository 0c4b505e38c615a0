//! Deletes the victims of a preemption beside the scheduling thread. Upstream: framework/preemption `Executor`.

use super::{Candidate, PREEMPTION_BY_SCHEDULER};
use crate::cluster::{Cluster, DeleteOptions, EventType};
use crate::engine::{Outbox, SimTime};
use crate::model::condition::ConditionStatus;
use crate::model::latency::Latency;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::pod::{PodCondition, PodConditionType, Why};
use crate::scheduler::schedule_one::record;
use crate::scheduler::{Scheduler, SchedulerEvent};

/// Victims still to be deleted, the next one first.
#[derive(Debug)]
pub(in crate::scheduler) struct Preempting {
    node: NodeId,
    victims: std::collections::VecDeque<PodId>,
}

impl Scheduler {
    /// Begins to delete the victims: all but the last side by side, then the last.
    pub(in crate::scheduler) fn begin_preemption(
        &mut self,
        now: SimTime,
        preemptor: PodId,
        candidate: &Candidate,
        cluster: &mut Cluster,
        outbox: &mut Outbox<SchedulerEvent>,
    ) {
        let is_there = |pod: &PodId| !cluster.pod(*pod).deleted && cluster.pod(*pod).deletion.is_none();
        let victims: std::collections::VecDeque<PodId> = candidate.victims.iter().copied().filter(is_there).collect();
        self.clear_lower_nominations(now, preemptor, candidate.node, cluster);
        let Some(last) = victims.back().copied() else { return };
        self.queue.set_preempting(preemptor, Some(last));
        let at_once = victims.len().saturating_sub(1).max(usize::from(victims.len() == 1));
        self.preemptions.insert(preemptor, Preempting { node: candidate.node, victims });
        for _ in 0..at_once {
            self.send_eviction(now, preemptor, outbox);
        }
    }

    /// A victim's patch and deletion, each a call.
    fn send_eviction(&mut self, now: SimTime, preemptor: PodId, outbox: &mut Outbox<SchedulerEvent>) {
        self.limit.reserve(now);
        let granted = self.limit.reserve(now);
        let patch = self.settings.latencies.sample(Latency::ApiWrite, &mut self.stream);
        let delete = self.settings.latencies.sample(Latency::ApiWrite, &mut self.stream);
        outbox.send(granted + patch + delete, SchedulerEvent::Evict(preemptor));
    }

    /// The next victim of a preemptor goes.
    pub(in crate::scheduler) fn evict(
        &mut self,
        now: SimTime,
        preemptor: PodId,
        cluster: &mut Cluster,
        outbox: &mut Outbox<SchedulerEvent>,
    ) {
        let Some(preempting) = self.preemptions.get_mut(&preemptor) else { return };
        let node = preempting.node;
        let Some(victim) = preempting.victims.pop_front() else { return };
        let left = preempting.victims.len();
        let row = cluster.pod(victim);
        if !row.deleted && row.deletion.is_none() {
            let text = format!(
                "{}: preempting to accommodate a higher priority pod",
                cluster.template_of(preemptor).spec.scheduler_name
            );
            cluster.modify_pod_status(now, victim, |status| {
                status.set_condition(PodCondition::new(
                    PodConditionType::DisruptionTarget,
                    ConditionStatus::True,
                    Why::new(PREEMPTION_BY_SCHEDULER, text),
                    now,
                ));
            });
            // A victim that went by itself in the same instant is as good.
            let _ = cluster.delete(now, ObjectRef::pod(victim), DeleteOptions::default());
            let uid = cluster.uid(ObjectRef::pod(preemptor));
            let message = format!("Preempted by pod {uid} on node {}", cluster.node_name(node));
            record(now, cluster, victim, EventType::Normal, "Preempted", message);
        }
        match left {
            0 => {
                self.preemptions.remove(&preemptor);
                self.queue.set_preempting(preemptor, None);
            }
            // The last one is sent when the others are through.
            1 => self.send_eviction(now, preemptor, outbox),
            _ => {}
        }
    }

    /// Pods of lower priority that wait for this node may look elsewhere. Upstream: `getLowerPriorityNominatedPods`.
    fn clear_lower_nominations(&mut self, now: SimTime, preemptor: PodId, node: NodeId, cluster: &mut Cluster) {
        let priority = cluster.template_of(preemptor).spec.priority;
        let lower: Vec<PodId> = self
            .queue
            .nominator
            .pods_on(node)
            .iter()
            .copied()
            .filter(|pod| cluster.template_of(*pod).spec.priority < priority)
            .collect();
        for pod in lower {
            self.queue.nominator.remove(pod);
            cluster.nominate(now, pod, NodeId::NONE);
        }
    }
}
