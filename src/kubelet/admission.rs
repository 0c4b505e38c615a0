//! Admission of a pod on its node: the check the kubelet makes itself, whatever the scheduler thought.
//! Upstream: kubelet lifecycle/predicate `Admit`, pkg/scheduler `AdmissionCheck`.

use super::node_shutdown::NOT_ADMITTED;
use super::worker::{Flags, Worker};
use super::{Hubs, Kubelets};
use crate::model::Text;
use crate::model::affinity::NodeSelectorTerm;
use crate::model::labels::Labels;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::pod::{PodPhase, PodStatus};
use crate::model::pod_spec::PodSpec;
use crate::model::pod_template::PodTemplate;
use crate::model::taint::{TaintEffect, first_untolerated};

/// Why a pod may not run on its node.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub reason: Text,
    pub message: String,
}

impl Refusal {
    fn new(reason: &'static str, message: &str) -> Self {
        Self { reason: Text::const_new(reason), message: message.to_owned() }
    }
}

impl Kubelets {
    /// Admits a pod and makes its worker, or fails it. Returns whether it was admitted.
    pub(super) fn admit(&mut self, hubs: &mut Hubs<'_>, pod: PodId, node: NodeId, is_static: bool) -> bool {
        let template = self.allocated(hubs, pod);
        let refusal = self.refusal_of_node(hubs, &template, node, is_static);
        if let Some(mut refusal) = refusal {
            if refusal.reason.starts_with("OutOf") {
                match self.make_room(hubs, pod, node, &template, is_static) {
                    Ok(true) => return false,
                    Ok(false) => {}
                    Err(other) => refusal = other,
                }
            }
            reject(hubs, pod, refusal);
            return false;
        }
        let mut worker = Worker::new(pod, node, template.spec.containers.len());
        worker.flags.set(Flags::STATIC, is_static);
        self.workers.insert(worker);
        self.count(pod, node, &template);
        self.candidates_changed(hubs, node);
        true
    }

    /// A pod's resources are its own.
    pub(super) fn count(&mut self, pod: PodId, node: NodeId, template: &PodTemplate) {
        self.workers.row(pod).flags.insert(Flags::ADMITTED);
        let state = self.node_state(node);
        state.pods += 1;
        state.admitted.add(&template.requests);
        if !template.host_ports.is_empty() {
            state.with_host_ports.push(pod);
        }
    }

    /// A kubelet that starts admits its pods anew, in the order of their creation; containers of those that it refuses now
    /// are orphans, which it kills. Upstream: kubelet `HandlePodAdditions`, `HandlePodCleanups`.
    pub(super) fn admit_anew(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        let is_admitted = |pod: &PodId| self.workers.get(*pod).is_some_and(|row| row.flags.contains(Flags::ADMITTED));
        let pods: Vec<PodId> = self.workers.on_node(node).filter(is_admitted).collect();
        for pod in &pods {
            self.release(hubs, *pod);
        }
        for pod in pods {
            let template = self.allocated(hubs, pod);
            let flags = self.workers.row(pod).flags;
            let is_asked =
                !flags.intersects(Flags::TERMINATING | Flags::STATIC) && hubs.cluster.is_live(ObjectRef::pod(pod));
            let refusal = if is_asked { self.refusal_of_node(hubs, &template, node, false) } else { None };
            let Some(refusal) = refusal else {
                self.count(pod, node, &template);
                continue;
            };
            reject(hubs, pod, refusal);
            self.workers.row(pod).flags.insert(Flags::REJECTED);
            self.end_pod(hubs, pod, 1, Flags::REMOVED);
        }
    }

    /// All handlers in upstream's order: pressure, sysctls, the predicates, a shutdown under way.
    pub(super) fn refusal_of_node(
        &mut self,
        hubs: &Hubs<'_>,
        template: &PodTemplate,
        node: NodeId,
        is_static: bool,
    ) -> Option<Refusal> {
        if let Some(message) = self.pressure_refusal(node, template, is_static) {
            return Some(Refusal::new("Evicted", &message));
        }
        if let Some(why) = self.forbidden_sysctl(&template.spec) {
            return Some(Refusal::new("SysctlForbidden", &format!("forbidden sysctl: {why}")));
        }
        self.refusal(hubs, template, node, is_static).or_else(|| {
            let shutting_down = self.node_state(node).shutdown.is_some();
            shutting_down.then(|| Refusal::new("NodeShutdown", NOT_ADMITTED))
        })
    }

    /// Gives back what `admit` counted.
    pub(super) fn release(&mut self, hubs: &Hubs<'_>, pod: PodId) {
        let template = self.allocated(hubs, pod);
        let worker = self.workers.row(pod);
        if !worker.flags.contains(Flags::ADMITTED) {
            return;
        }
        worker.flags.remove(Flags::ADMITTED);
        let node = worker.node;
        let state = self.node_state(node);
        state.pods -= 1;
        state.admitted.subtract(&template.requests);
        state.with_host_ports.retain(|other| *other != pod);
    }

    /// The first reason against a pod, in upstream's order.
    fn refusal(&mut self, hubs: &Hubs<'_>, template: &PodTemplate, node: NodeId, is_static: bool) -> Option<Refusal> {
        let object = hubs.cluster.node(node);
        let columns = object.body.as_node()?;
        let spec = &template.spec;
        let runs = || object.meta.labels.get("kubernetes.io/os").unwrap_or("linux");
        // It is the pod's own label that is looked at, not its selector.
        if template.labels.get("kubernetes.io/os").is_some_and(|label| label != runs()) {
            let message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
            return Some(Refusal::new("PodOSSelectorNodeLabelDoesNotMatch", message));
        }
        if !spec.os.is_empty() && spec.os != runs() {
            let message = "Failed to admit pod as the OS field doesn't match node OS";
            return Some(Refusal::new("PodOSNotSupported", message));
        }
        self.insufficient_resource(template, node, &columns.allocatable_resources)
            .or_else(|| self.refusal_of_place(hubs, template, node, is_static))
    }

    /// The first reason that has nothing to do with resources.
    pub(super) fn refusal_of_place(
        &mut self,
        hubs: &Hubs<'_>,
        template: &PodTemplate,
        node: NodeId,
        is_static: bool,
    ) -> Option<Refusal> {
        let object = hubs.cluster.node(node);
        let columns = object.body.as_node()?;
        let spec = &template.spec;
        if !matches_node(spec, &object.meta.name, &object.meta.labels) {
            let message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
            return Some(Refusal::new("NodeAffinity", message));
        }
        if self.has_port_conflict(hubs, template, node) {
            let message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
            return Some(Refusal::new("NodePorts", message));
        }
        let taint = first_untolerated(&columns.taints, &spec.tolerations, &[TaintEffect::NoExecute]);
        taint.filter(|_| !is_static).map(|_| {
            let message = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate";
            Refusal::new("TaintToleration", message)
        })
    }

    /// `OutOfcpu` and the like. CPU counts in thousandths, memory in bytes.
    fn insufficient_resource(
        &mut self,
        template: &PodTemplate,
        node: NodeId,
        allocatable: &crate::model::resources::Resources,
    ) -> Option<Refusal> {
        let state = self.node_state(node);
        let wanted = &template.requests;
        let out_of = |name: &str, requested: i64, used: i64, capacity: i64| {
            let message = format!(
                "Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}"
            );
            Some(Refusal { reason: Text::from(format!("OutOf{name}")), message })
        };
        let pods = i64::from(state.pods);
        let pods_allowed = allocatable.get("pods");
        if pods + 1 > pods_allowed {
            return out_of("pods", 1, pods, pods_allowed);
        }
        // Upstream: lifecycle `removeMissingExtendedResources`.
        let advertised = |name: &str| allocatable.others.iter().any(|(other, _)| other == name);
        let others =
            wanted.others.iter().filter(|(name, _)| advertised(name)).map(|(name, amount)| (name.as_str(), *amount));
        let main =
            [("cpu", wanted.cpu_milli), ("memory", wanted.memory), ("ephemeral-storage", wanted.ephemeral_storage)];
        for (name, requested) in main.into_iter().chain(others) {
            let (used, capacity) = (state.admitted.get(name), allocatable.get(name));
            if requested > 0 && requested > capacity - used {
                return out_of(name, requested, used, capacity);
            }
        }
        None
    }

    fn has_port_conflict(&mut self, hubs: &Hubs<'_>, template: &PodTemplate, node: NodeId) -> bool {
        if template.host_ports.is_empty() {
            return false;
        }
        let claimed = |pod: &PodId| {
            let other = hubs.cluster.template_of(*pod);
            other.host_ports.iter().any(|port| template.host_ports.iter().any(|own| own.conflicts(port)))
        };
        self.node_state(node).with_host_ports.iter().any(claimed)
    }
}

/// Upstream: kubelet `rejectPod`: the status is made anew, without conditions.
fn reject(hubs: &mut Hubs<'_>, pod: PodId, refusal: Refusal) {
    let draft_reason = refusal.reason.clone();
    let message = format!("Pod was rejected: {}", refusal.message);
    let host = hubs.cluster.pod(pod).node;
    let draft = crate::cluster::EventDraft {
        object: ObjectRef::pod(pod),
        container: None,
        kind: crate::cluster::EventType::Warning,
        reason: draft_reason,
        message: refusal.message.into(),
        component: "kubelet",
        host,
    };
    hubs.cluster.record_event(hubs.now, draft);
    let status = PodStatus {
        phase: PodPhase::Failed,
        reason: Some(Box::new((refusal.reason, message.into()))),
        start_time: hubs.now.into(),
        ..PodStatus::default()
    };
    hubs.cluster.set_pod_status(hubs.now, pod, status);
}

/// Node selector and required node affinity.
fn matches_node(spec: &PodSpec, name: &str, labels: &Labels) -> bool {
    let selected = spec.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value));
    let required = spec.affinity.as_ref().and_then(|affinity| affinity.node.as_ref()?.required.as_ref());
    selected && required.is_none_or(|terms: &Vec<NodeSelectorTerm>| terms.iter().any(|term| term.matches(name, labels)))
}
