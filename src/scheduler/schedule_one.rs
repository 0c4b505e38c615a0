//! The scheduling thread: one pod at a time from the queue through the algorithm to its binding or back to the queue.
//! Upstream: schedule_one.go `ScheduleOne`, `handleSchedulingFailure`.

use super::algorithm::{Decision, Inputs, Outcome};
use super::attempt::{Attempt, AttemptResult};
use super::framework::PluginSet;
use super::plugins::volumes::VolumeDecisions;
use super::preemption::PostFilter;
use super::queue::QueuedPod;
use super::volume_wait::VolumeWait;
use super::{Binding, Scheduler, SchedulerEvent, Thread, Trial};
use crate::cluster::{Cluster, EventDraft, EventType, Said};
use crate::engine::{Outbox, SimDuration, SimTime};
use crate::model::Text;
use crate::model::condition::ConditionStatus;
use crate::model::latency::Latency;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::pod::{PodCondition, PodConditionType, Why};

/// The part of a failed pod's status that the scheduler writes.
#[derive(Debug)]
pub(super) struct StatusPatch {
    pub(super) pod: PodId,
    pub(super) reason: &'static str,
    pub(super) message: Text,
    /// `status.nominatedNodeName`: set, cleared with `NodeId::NONE`, or left alone.
    pub(super) nominate: Option<NodeId>,
}

/// Why an attempt failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) reason: &'static str,
    pub(super) result: AttemptResult,
    pub(super) message: String,
    pub(super) rejectors: PluginSet,
    /// Nodes looked at.
    pub(super) evaluated: usize,
    /// What becomes of the nomination: set, cleared with `NodeId::NONE`, or left alone.
    pub(super) nominate: Option<NodeId>,
}

/// Upstream: core/v1 `PodReasonUnschedulable`, `PodReasonSchedulerError`.
pub(super) const UNSCHEDULABLE: &str = "Unschedulable";
pub(super) const SCHEDULER_ERROR: &str = "SchedulerError";
/// Decisions that take no time are made one after another, up to this many. Everything that follows from them then comes in
/// rows of the same kind, and a processor works through a row of pods twice as fast as through their lives in turns.
const AT_ONCE: usize = 1024;
const NO_NODES: &str = "no nodes available to schedule pods";
/// Longest note of an Event in bytes. Upstream: validation.NoteLengthLimit.
const NOTE_LENGTH: usize = 1024;

impl Scheduler {
    /// The thread goes on.
    pub(super) fn schedule_one(&mut self, now: SimTime, cluster: &mut Cluster, outbox: &mut Outbox<SchedulerEvent>) {
        match std::mem::take(&mut self.thread) {
            Thread::Patching(patch) => write_patch(now, *patch, cluster),
            Thread::Deciding(trial) => {
                if self.finish(now, *trial, cluster, outbox) {
                    return;
                }
            }
            Thread::Idle | Thread::Ready => {}
        }
        for _ in 0..AT_ONCE {
            let Some((pod, queued)) = self.queue.pop() else { return };
            if self.is_skipped(now, pod, cluster) {
                self.queue.done(pod);
                continue;
            }
            let Some(profile) = self.profile_of(cluster, pod) else {
                self.queue.done(pod);
                continue;
            };
            let algorithm = &mut self.algorithms[profile];
            algorithm.next_start_node_index = self.next_start_node_index;
            let outcome = algorithm.schedule(cluster, &mut self.cache, &self.queue.nominator, pod);
            self.next_start_node_index = algorithm.next_start_node_index;
            let volumes = match &outcome {
                Outcome::Fits(decision) => algorithm.volume_decisions(cluster, &self.cache, decision.node),
                _ => VolumeDecisions::default(),
            };
            let post_filter = match &outcome {
                Outcome::Unfit(diagnosis) => {
                    let inputs = Inputs { cluster, cache: &self.cache, nominator: &self.queue.nominator, pod };
                    algorithm.post_filter(now, inputs, diagnosis, &mut self.preemption_stream)
                }
                _ => None,
            };
            let delay = self.settings.latencies.sample(Latency::Scheduling, &mut self.stream);
            let trial = Trial { pod, queued, outcome, post_filter, volumes, profile };
            if delay == SimDuration::ZERO {
                if self.finish(now, trial, cluster, outbox) {
                    return;
                }
                continue;
            }
            self.thread = Thread::Deciding(Box::new(trial));
            outbox.send(now + delay, SchedulerEvent::ScheduleOne);
            return;
        }
        self.thread = Thread::Ready;
        outbox.send(now, SchedulerEvent::ScheduleOne);
    }

    /// Upstream: `skipPodSchedule`.
    fn is_skipped(&mut self, now: SimTime, pod: PodId, cluster: &mut Cluster) -> bool {
        let row = cluster.pod(pod);
        if !row.deleted && row.deletion.is_some() {
            let message = format!("skip schedule deleting pod: {}/{}", cluster.namespace_name(row.namespace), row.name);
            record(now, cluster, pod, EventType::Warning, "FailedScheduling", message);
            return true;
        }
        row.deleted || self.cache.is_assumed(pod)
    }

    /// Ends the attempt under way. Returns whether the thread is busy with its consequences.
    fn finish(
        &mut self,
        now: SimTime,
        trial: Trial,
        cluster: &mut Cluster,
        outbox: &mut Outbox<SchedulerEvent>,
    ) -> bool {
        let Trial { pod, queued, outcome, post_filter, volumes, profile } = trial;
        let failure = match outcome {
            Outcome::Fits(decision) => {
                self.assume(now, pod, queued, decision, volumes, cluster, outbox);
                return false;
            }
            Outcome::NoNodes => Failure {
                reason: UNSCHEDULABLE,
                result: AttemptResult::Unschedulable,
                message: NO_NODES.to_owned(),
                rejectors: PluginSet::EMPTY,
                evaluated: 0,
                nominate: Some(NodeId::NONE),
            },
            Outcome::Unfit(diagnosis) => {
                let (suffix, nominate) = match post_filter {
                    Some(PostFilter::Nominated(candidate)) => {
                        self.begin_preemption(now, pod, &candidate, cluster, outbox);
                        (String::new(), Some(candidate.node))
                    }
                    Some(PostFilter::Rejected { message, clears_nomination }) => {
                        (message, clears_nomination.then_some(NodeId::NONE))
                    }
                    None => (String::new(), None),
                };
                let algorithm = &mut self.algorithms[profile];
                let shape = algorithm.shape(cluster, pod);
                let shape = algorithm.shape_content(shape);
                Failure {
                    reason: UNSCHEDULABLE,
                    result: AttemptResult::Unschedulable,
                    message: diagnosis.message(&algorithm.profile, shape, &suffix),
                    rejectors: diagnosis.rejectors(),
                    evaluated: diagnosis.verdicts.len(),
                    nominate,
                }
            }
        };
        let Some(patch) = self.fail(now, pod, queued, failure, cluster) else { return false };
        let granted = self.limit.reserve(now);
        let delay = self.settings.latencies.sample(Latency::ApiWrite, &mut self.stream);
        self.thread = Thread::Patching(Box::new(patch));
        outbox.send(granted + delay, SchedulerEvent::ScheduleOne);
        true
    }

    /// The pod counts on its node from now on; the binding goes its own way, after that of its volumes.
    #[expect(clippy::too_many_arguments, reason = "what the algorithm found, once, between two private functions")]
    fn assume(
        &mut self,
        now: SimTime,
        pod: PodId,
        queued: QueuedPod,
        decision: Decision,
        volumes: VolumeDecisions,
        cluster: &Cluster,
        outbox: &mut Outbox<SchedulerEvent>,
    ) {
        self.queue.nominator.remove(pod);
        self.queue.done(pod);
        if self.cache.node_of(pod).is_some() {
            // Somebody else has bound it meanwhile.
            return;
        }
        self.cache.assume(cluster, pod, decision.node);
        self.attempts.push(Attempt {
            at: now,
            pod,
            attempt: queued.attempts,
            result: AttemptResult::Scheduled,
            node: decision.node,
            evaluated: decision.evaluated as u32,
            feasible: decision.feasible as u32,
            message: Box::default(),
        });
        self.cache.volumes_mut().assume(&volumes, decision.node);
        let calls = volumes.bindings.len() + volumes.provisions.len();
        let wait = (calls > 0).then(|| VolumeWait::new(volumes));
        self.bindings.insert(pod.index(), Binding { node: decision.node, queued, volumes: wait });
        if calls > 0 {
            self.send_volume_decisions(now, pod, calls, outbox);
        } else {
            self.send_binding(now, pod, outbox);
        }
    }

    /// Puts a pod back and says why; returns what is to be written to its status, if anything.
    pub(super) fn fail(
        &mut self,
        now: SimTime,
        pod: PodId,
        queued: QueuedPod,
        failure: Failure,
        cluster: &mut Cluster,
    ) -> Option<StatusPatch> {
        let Failure { reason, result, message, rejectors, evaluated, nominate } = failure;
        self.attempts.push(Attempt {
            at: now,
            pod,
            attempt: queued.attempts,
            result,
            node: NodeId::NONE,
            evaluated: evaluated as u32,
            feasible: 0,
            message: message.as_str().into(),
        });
        let row = cluster.pod(pod);
        if !row.deleted && row.node.is_none() {
            self.queue.add_unschedulable(now, cluster, pod, queued, rejectors);
            match nominate {
                Some(node) if node.is_some() => self.queue.nominator.set(pod, node),
                Some(_) => self.queue.nominator.remove(pod),
                None if row.nominated.is_some() => self.queue.nominator.set(pod, row.nominated),
                None => self.queue.nominator.remove(pod),
            }
        } else {
            self.queue.done(pod);
        }
        let patch = StatusPatch { pod, reason, message: message.as_str().into(), nominate };
        record(now, cluster, pod, EventType::Warning, "FailedScheduling", truncated(message));
        needs_write(&patch, cluster).then_some(patch)
    }
}

/// Would the patch change anything?
fn needs_write(patch: &StatusPatch, cluster: &Cluster) -> bool {
    let row = cluster.pod(patch.pod);
    if row.deleted {
        return false;
    }
    let nomination_changes = patch.nominate.is_some_and(|node| node != row.nominated);
    nomination_changes
        || row.status.condition(PodConditionType::PodScheduled).is_none_or(|condition| {
            condition.status != ConditionStatus::False
                || condition.reason() != patch.reason
                || condition.message() != patch.message
        })
}

/// Upstream: `updatePod` sets the condition and the nomination in one patch.
pub(super) fn write_patch(now: SimTime, patch: StatusPatch, cluster: &mut Cluster) {
    if !needs_write(&patch, cluster) || cluster.pod(patch.pod).node.is_some() {
        return;
    }
    let StatusPatch { pod, reason, message, nominate } = patch;
    if let Some(node) = nominate {
        cluster.nominate(now, pod, node);
    }
    cluster.modify_pod_status(now, pod, |status| {
        status.set_condition(PodCondition::new(
            PodConditionType::PodScheduled,
            ConditionStatus::False,
            Why::new(Text::const_new(reason), message),
            now,
        ));
    });
}

/// Sends an Event about a pod.
pub(super) fn record(
    now: SimTime,
    cluster: &mut Cluster,
    pod: PodId,
    kind: EventType,
    reason: &'static str,
    message: impl Into<Said>,
) {
    cluster.record_event(
        now,
        EventDraft {
            object: ObjectRef::pod(pod),
            container: None,
            kind,
            reason: Text::const_new(reason),
            message: message.into(),
            component: "default-scheduler",
            host: NodeId::NONE,
        },
    );
}

/// A note that is too long ends in dots. Upstream: `truncateMessage`.
fn truncated(mut message: String) -> String {
    const DOTS: &str = " ...";
    if message.len() > NOTE_LENGTH {
        let mut end = NOTE_LENGTH - DOTS.len();
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push_str(DOTS);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_note_is_cut_to_the_limit() {
        assert_eq!(truncated("x".repeat(1024)).len(), 1024);
        let cut = truncated("x".repeat(1025));
        assert_eq!(cut.len(), 1024);
        assert!(cut.ends_with("x ..."));
    }
}
