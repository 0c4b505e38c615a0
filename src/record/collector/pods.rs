//! What is seen of a pod after a write, as `kubectl get pods -o wide` would show it.

use super::super::{Amounts, Moment, NodeIndex, Phase, PodFacts, PodIndex, PodMarks, PodSight};
use super::{Collector, Verb, is_gone};
use crate::cluster::Cluster;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::{ContainerState, Pod, PodCondition, PodConditionType, PodPhase, Termination};
use crate::model::pod_columns::columns;

impl Collector {
    pub(super) fn pod(&mut self, now: Moment, id: PodId, verb: Verb, cluster: &Cluster) {
        let pod = cluster.pod(id);
        let index = PodIndex(id.0);
        if self.record.pods.len() <= index.index() {
            self.meet(now, id, pod, cluster);
        }
        if is_gone(verb) {
            self.record.pod_deleted(now, index);
            return;
        }
        if self.record.pods[index.index()].workload.is_none() && pod.controller.is_some() {
            // It was adopted.
            self.record.pods[index.index()].workload = self.top_workload(pod.controller);
        }
        let shown = columns(pod, cluster.template_of(id));
        let scheduled = pod.status.condition(&PodConditionType::PodScheduled);
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
        self.record.pod_changed(now, index, &sight);
        self.mark(now, id, pod);
    }

    /// Pods are created in the order of their ids, so that both tables have the same rows.
    fn meet(&mut self, now: Moment, id: PodId, pod: &Pod, cluster: &Cluster) {
        let template = cluster.template_of(id);
        let uid = cluster.uid(ObjectRef::pod(id)).replace('-', "");
        let facts = PodFacts {
            name: &pod.name,
            namespace: cluster.namespace_name(pod.namespace),
            uid: u128::from_str_radix(&uid, 16).unwrap_or_default(),
            workload: self.top_workload(pod.controller),
            priority: template.spec.priority,
            requests: Amounts {
                cpu_milli: template.requests.cpu_milli.max(0) as u64,
                memory_bytes: template.requests.memory.max(0) as u64,
            },
        };
        let index = self.record.pod_created(now, facts);
        assert_eq!(index, PodIndex(id.0), "a pod's Added entry precedes all others of it");
    }

    fn mark(&mut self, now: Moment, id: PodId, pod: &Pod) {
        let index = PodIndex(id.0);
        if pod.status.reason.as_ref().is_some_and(|reason| reason.0 == "Evicted") {
            self.record.pod_marked(now, index, PodMarks::EVICTED);
        }
        let target = pod.status.condition(&PodConditionType::DisruptionTarget);
        match target.map(|condition| condition.reason.as_str()) {
            Some("PreemptionByScheduler") => self.record.pod_marked(now, index, PodMarks::PREEMPTED),
            // Upstream: registry/core/pod EvictionREST; controller/tainteviction; kubelet eviction.
            Some("EvictionByEvictionAPI" | "DeletionByTaintManager" | "TerminationByKubelet") => {
                self.record.pod_marked(now, index, PodMarks::EVICTED);
            }
            _ => {}
        }
        for (place, container) in pod.status.containers.iter().enumerate() {
            let last = container.last.as_deref();
            let ended = match &container.state {
                ContainerState::Terminated(termination) => Some(&**termination),
                _ => last,
            };
            if let Some(Termination { container_id, .. }) = ended.filter(|ended| ended.reason == "OOMKilled")
                && self.killed.insert((id, place), *container_id) != Some(*container_id)
            {
                self.record.pod_marked(now, index, PodMarks::OOM_KILLED);
            }
        }
    }

    /// The workload at the top of a pod's owners.
    fn top_workload(&self, controller: ObjectRef) -> super::WorkloadIndex {
        if controller.kind == Kind::POD {
            return super::WorkloadIndex::NONE;
        }
        let mut workload = self.workloads.get(&controller).copied().unwrap_or_default();
        while workload.is_some() && self.record.workloads[workload.index()].owner.is_some() {
            workload = self.record.workloads[workload.index()].owner;
        }
        workload
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
        (None, Some(condition)) => &condition.reason,
        (None, None) => "",
    }
}
