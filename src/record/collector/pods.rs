//! What is seen of a pod after a write, as `kubectl get pods -o wide` would show it.

use super::super::{Amounts, Moment, NodeIndex, Phase, PodFacts, PodIndex, PodMarks, PodSight, WorkloadIndex};
use super::{Collector, is_gone};
use crate::cluster::{Change, Cluster, Fields};
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::{Pod, PodCondition, PodConditionType, PodPhase};
use crate::model::pod_columns::columns;

/// Parts of a pod of which nothing is seen.
const HIDDEN: Fields = Fields::LABELS.union(Fields::ANNOTATIONS).union(Fields::OWNERSHIP);

impl Collector {
    pub(super) fn pod(&mut self, now: Moment, id: PodId, change: &Change, cluster: &Cluster) {
        let pod = cluster.pod(id);
        let index = PodIndex(id.0);
        if self.record.pods.len() <= index.index() {
            self.meet(now, id, pod, cluster);
        }
        if is_gone(change.verb) {
            self.record.pod_deleted(now, index);
            return;
        }
        if self.record.pods[index.index()].workload.is_none() && pod.controller.is_some() {
            // It was adopted.
            (self.record.pods[index.index()].owner, self.record.pods[index.index()].workload) =
                self.owners(pod.controller);
        }
        if HIDDEN.contains(change.fields) {
            return;
        }
        let template = cluster.template_of(id);
        if change.fields == Fields::CONDITIONS && pod.node.is_some() && template.spec.init_count == 0 {
            // They are shown of pods only that have no node or that initialize.
            self.mark(now, index, pod);
            return;
        }
        let shown = columns(pod, template);
        let scheduled = pod.status.condition(PodConditionType::PodScheduled);
        let refused = scheduled.filter(|condition| !condition.status.is_true() && pod.node.is_none());
        let sight = PodSight {
            phase: phase(pod.status.phase),
            status: &shown.status,
            reason: reason(pod, refused),
            node: NodeIndex(pod.node.0),
            restarts: shown.restarts,
            ready: shown.ready as u16,
            containers: shown.total as u16,
            is_ready: pod.is_ready(),
            is_terminating: pod.deletion.is_some(),
            is_unschedulable: refused.is_some(),
        };
        if pod.controller.kind == Kind::JOB
            && matches!(sight.phase, Phase::Running | Phase::Succeeded)
            && let Some(job) = self.jobs.get(&pod.controller)
        {
            self.record.job_pod_ran(now, *job);
        }
        self.record.pod_changed(now, index, &sight);
        self.containers(now, index, pod, template);
        self.mark(now, index, pod);
    }

    /// Pods are created in the order of their ids, so that both tables have the same rows.
    fn meet(&mut self, now: Moment, id: PodId, pod: &Pod, cluster: &Cluster) {
        let template = cluster.template_of(id);
        let (owner, workload) = self.owners(pod.controller);
        let facts = PodFacts {
            name: &pod.name,
            namespace: cluster.namespace_name(pod.namespace),
            uid: cluster.uid_number(ObjectRef::pod(id)),
            owner,
            workload,
            priority: template.spec.priority,
            requests: Amounts {
                cpu_milli: template.requests.cpu_milli.max(0) as u64,
                memory_bytes: template.requests.memory.max(0) as u64,
            },
            was_placed: pod.node.is_some() && self.moment(pod.created) < self.record.begin(),
        };
        let index = self.record.pod_created(now, facts);
        assert_eq!(index, PodIndex(id.0), "a pod's Added entry precedes all others of it");
        self.containers.add_pod(template.spec.own().end);
    }

    fn mark(&mut self, now: Moment, index: PodIndex, pod: &Pod) {
        if pod.status.reason.as_ref().is_some_and(|reason| reason.0 == "Evicted") {
            self.record.pod_marked(now, index, PodMarks::EVICTED);
        }
        let target = pod.status.condition(PodConditionType::DisruptionTarget);
        match target.map(PodCondition::reason) {
            Some("PreemptionByScheduler") => self.record.pod_marked(now, index, PodMarks::PREEMPTED),
            // Upstream: registry/core/pod EvictionREST; controller/tainteviction; kubelet eviction.
            Some("EvictionByEvictionAPI" | "DeletionByTaintManager" | "TerminationByKubelet") => {
                self.record.pod_marked(now, index, PodMarks::EVICTED);
            }
            _ => {}
        }
    }

    /// The workload that controls a pod, and the one at the top of its owners.
    fn owners(&self, controller: ObjectRef) -> (WorkloadIndex, WorkloadIndex) {
        if controller.kind == Kind::POD {
            return (WorkloadIndex::NONE, WorkloadIndex::NONE);
        }
        let owner = self.workloads.get(&controller).copied().unwrap_or_default();
        let mut top = owner;
        while top.is_some() && self.record.workloads[top.index()].owner.is_some() {
            top = self.record.workloads[top.index()].owner;
        }
        (owner, top)
    }
}

fn phase(phase: PodPhase) -> Phase {
    match phase {
        PodPhase::Pending => Phase::Pending,
        PodPhase::Running => Phase::Running,
        PodPhase::Succeeded => Phase::Succeeded,
        PodPhase::Failed => Phase::Failed,
        PodPhase::Unknown => Phase::Unknown,
    }
}

/// `status.reason`, else why the pod has no node.
fn reason<'a>(pod: &'a Pod, refused: Option<&'a PodCondition>) -> &'a str {
    match (&pod.status.reason, refused) {
        (Some(reason), _) => &reason.0,
        (None, Some(condition)) => condition.reason(),
        (None, None) => "",
    }
}
