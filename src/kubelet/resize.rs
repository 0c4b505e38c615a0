//! In-place resize, what a kubelet promises: which pods get the CPU and memory that their specification asks for now,
//! and which have to wait. Upstream: kubelet allocation `manager`, kubelet `HandlePodUpdates`, `HandlePodReconcile`.

use std::cmp::Reverse;

use serde_json::Value;
use smallvec::SmallVec;

use super::worker::Flags;
use super::{Hubs, Kubelets};
use crate::cluster::SharedTemplate;
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::condition::ConditionStatus;
use crate::model::latency::Latency;
use crate::model::object::{NodeId, ObjectRef, PodId, TemplateId};
use crate::model::pod::{PodCondition, PodConditionType, Why};
use crate::model::pod_template::QosClass;
use crate::model::resize::asks_same;

/// Why every resize waits that waits at all: what cannot ever be had is refused by the API server.
const DEFERRED: &str = "Deferred";

/// What a kubelet knows of a pod that is being resized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resize {
    /// What is promised.
    pub allocated: TemplateId,
    /// What each container has.
    pub actual: SmallVec<[TemplateId; 2]>,
    /// Condition `PodResizePending`.
    pub pending: Option<Told>,
    /// Condition `PodResizeInProgress`.
    pub progress: Option<Told>,
}

/// A condition that is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub why: Why,
    pub since: SimTime,
    /// Of the specification that it speaks of.
    pub generation: u32,
}

impl Resize {
    /// Its conditions, in upstream's order.
    pub fn conditions(&self) -> impl Iterator<Item = PodCondition> {
        let told = [
            (PodConditionType::PodResizePending, &self.pending),
            (PodConditionType::PodResizeInProgress, &self.progress),
        ];
        told.into_iter().filter_map(|(kind, told)| {
            let told = told.as_ref()?;
            Some(PodCondition::new(kind, ConditionStatus::True, told.why.clone(), told.since))
        })
    }
}

impl Kubelets {
    /// A template with what is promised to a pod.
    pub(super) fn allocated(&self, hubs: &Hubs<'_>, pod: PodId) -> SharedTemplate {
        let own = self.workers.get(pod).and_then(|worker| Some(worker.extra.as_ref()?.resize.as_ref()?.allocated));
        hubs.cluster.shared_template(own.unwrap_or_else(|| hubs.cluster.pod(pod).allocated()))
    }

    /// The specification of a pod has changed; perhaps it asks for other resources.
    pub(super) fn resize_asked(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let row = hubs.cluster.pod(pod);
        let Some(worker) = self.workers.get_mut(pod) else { return };
        let granted = row.status.granted.as_deref();
        let known = worker.extra.as_ref().is_some_and(|extra| extra.resize.is_some());
        if !known && granted.is_none() || worker.flags.intersects(Flags::TERMINATING | Flags::STATIC) {
            return;
        }
        if let Some(granted) = granted.filter(|_| !known) {
            let (allocated, actual) = (granted.allocated, SmallVec::from_slice(&granted.actual));
            worker.extra_mut().resize = Some(Box::new(Resize { allocated, actual, pending: None, progress: None }));
        }
        let node = worker.node;
        let queue = &mut self.node_state(node).pending_resizes;
        if !queue.contains(&pod) {
            queue.push(pod);
        }
        self.sort_resizes(hubs, node);
        self.retry_resizes(hubs, node);
    }

    /// Those that ask for nothing more come first, then by priority, by class, and by how long they wait.
    /// Upstream: `sortPendingResizes`.
    fn sort_resizes(&mut self, hubs: &Hubs<'_>, node: NodeId) {
        let mut queue = std::mem::take(&mut self.node_state(node).pending_resizes);
        queue.sort_by_cached_key(|pod| {
            let wanted = hubs.cluster.template_of(*pod);
            let has = &self.allocated(hubs, *pod).requests;
            let more = wanted.requests.cpu_milli > has.cpu_milli || wanted.requests.memory > has.memory;
            let resize = self.workers.get(*pod).and_then(|worker| worker.extra.as_ref()?.resize.as_ref());
            let since = resize.and_then(|resize| resize.pending.as_ref()).map_or(SimTime::NEVER, |told| told.since);
            (more, Reverse(wanted.spec.priority), wanted.qos != QosClass::Guaranteed, since)
        });
        self.node_state(node).pending_resizes = queue;
    }

    /// Looks at every resize of a node that waits. Upstream: `retryPendingResizes`, here where its outcome can differ.
    pub(super) fn retry_resizes(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        for pod in std::mem::take(&mut self.node_state(node).pending_resizes) {
            let is_live = hubs.cluster.is_live(ObjectRef::pod(pod));
            let Some(worker) = self.workers.get(pod).filter(|_| is_live) else { continue };
            let Some(before) = worker.extra.as_ref().and_then(|extra| extra.resize.clone()) else { continue };
            if worker.flags.contains(Flags::TERMINATING) {
                continue;
            }
            let waits = self.handle_resize(hubs, pod, node);
            if waits {
                self.node_state(node).pending_resizes.push(pod);
            }
            let resize = self.workers.row(pod).extra_mut().resize.as_ref();
            if resize != Some(&before) {
                let at = hubs.now + self.settings.latencies.fixed(Latency::PodSync);
                self.wake(hubs, pod, at);
            }
        }
    }

    /// Promises a pod what its specification asks for, if that is there. Returns whether it waits.
    /// Upstream: `handlePodResourcesResize`.
    fn handle_resize(&mut self, hubs: &mut Hubs<'_>, pod: PodId, node: NodeId) -> bool {
        let row = hubs.cluster.pod(pod);
        let (wanted, generation) = (row.template, row.generation);
        let (template, had) = (hubs.cluster.shared_template(wanted), self.allocated(hubs, pod));
        if asks_same(&template.spec, &had.spec) {
            if let Some(resize) = &mut self.workers.row(pod).extra_mut().resize {
                resize.pending = None;
            }
            return false;
        }
        self.release(hubs, pod);
        let refusal = self.refusal_of_node(hubs, &template, node, false);
        let now = hubs.now;
        let Some(mut refusal) = refusal else {
            self.count(pod, node, &template);
            let told = Told { why: Why::NONE, since: now, generation };
            if let Some(resize) = &mut self.workers.row(pod).extra_mut().resize {
                (resize.allocated, resize.pending, resize.progress) = (wanted, None, Some(told));
            }
            let message = format!("Pod resize started: {}", summary(&template.raw, generation, ""));
            self.normal(hubs, pod, None, "ResizeStarted", message);
            return false;
        };
        let makes_room = refusal.reason.starts_with("OutOf")
            && self.make_room(hubs, pod, node, &template, false).unwrap_or_else(|other| {
                refusal = other;
                false
            });
        self.count(pod, node, &had);
        if makes_room {
            return true;
        }
        let Some(resize) = &mut self.workers.row(pod).extra_mut().resize else { return false };
        let since = resize.pending.as_ref().map_or(now, |told| told.since);
        let is_news = resize.pending.as_ref().is_none_or(|told| told.generation != generation);
        let why = Why::new(Text::const_new(DEFERRED), refusal.message.as_str());
        resize.pending = Some(Told { why, since, generation });
        if is_news {
            let summary = summary(&template.raw, generation, &refusal.message);
            self.warning(hubs, pod, None, "ResizeDeferred", format!("Pod resize {}: {summary}", refusal.reason));
        }
        true
    }
}

/// What a pod's containers are given, as Events tell it. Upstream: kubelet events `podResizeMessage`.
pub(super) fn summary(raw: &Value, generation: u32, error: &str) -> String {
    let mut out = String::from("{");
    for list in ["initContainers", "containers"] {
        let containers: Vec<String> = raw["spec"][list].as_array().into_iter().flatten().map(container).collect();
        if !containers.is_empty() {
            out.push_str(&format!("\"{list}\":[{}],", containers.join(",")));
        }
    }
    out.push_str(&format!("\"generation\":{generation}"));
    if !error.is_empty() {
        out.push_str(&format!(",\"error\":{}", Value::from(error)));
    }
    out.push('}');
    out
}

fn container(value: &Value) -> String {
    let resources = &value["resources"];
    // In the order of Go's fields.
    let members: Vec<String> = ["limits", "requests", "claims"]
        .into_iter()
        .filter(|member| !crate::api::value::is_zero(&resources[*member]))
        .map(|member| format!("\"{member}\":{}", resources[member]))
        .collect();
    format!("{{\"name\":{},\"resources\":{{{}}}}}", value["name"], members.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_tell_what_containers_get() {
        // Upstream: kubelet events `TestPodResizePendingMsg`.
        let raw = json!({"spec": {
            "initContainers": [{"name": "c0", "resources": {"limits": {"cpu": "200m"}, "requests": {"cpu": "100m"}}}],
            "containers": [
                {"name": "c1", "resources": {"limits": {"memory": "200"}, "requests": {"memory": "100"}}},
                {"name": "c2", "resources": {}},
            ],
        }});
        let expected = r#"{"initContainers":[{"name":"c0","resources":{"limits":{"cpu":"200m"},"requests":{"cpu":"100m"}}}],"containers":[{"name":"c1","resources":{"limits":{"memory":"200"},"requests":{"memory":"100"}}},{"name":"c2","resources":{}}],"generation":2,"error":"no"}"#;
        assert_eq!(summary(&raw, 2, "no"), expected);
    }
}
