//! A critical pod for which a node has no room: others make place for it.
//! Upstream: kubelet preemption `CriticalPodAdmissionHandler`, `getPodsToPreempt`, `getPodsToPreemptByDistance`.

use smallvec::SmallVec;

use super::admission::Refusal;
use super::configuration::SYSTEM_CRITICAL;
use super::worker::Flags;
use super::{Hubs, Kubelets};
use crate::model::Text;
use crate::model::latency::Latency;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::pod_template::{PodTemplate, QosClass};
use crate::model::resources::Resources;

/// Upstream: preemption `message`, `events.PreemptContainer`, and the condition's text.
const EVENT: &str = "Preempted in order to admit critical pod";
const MESSAGE: &str = "Pod was preempted by Kubelet to accommodate a critical pod.";

/// Resources that are short, with how much of each.
type Short = SmallVec<[(Text, i64); 2]>;

/// A pod that could go.
#[derive(Clone, Debug)]
struct Victim {
    pod: PodId,
    qos: QosClass,
    requests: Resources,
}

impl Victim {
    fn request(&self, resource: &str) -> i64 {
        if resource == "pods" { 1 } else { self.requests.get(resource) }
    }
}

/// What is still short when these pods are gone.
fn without<'a>(short: &Short, pods: impl Iterator<Item = &'a Victim>) -> Short {
    let pods: Vec<&Victim> = pods.collect();
    let left = |resource: &str, amount: i64| amount - pods.iter().map(|pod| pod.request(resource)).sum::<i64>();
    short.iter().map(|(name, amount)| (name.clone(), left(name, *amount))).filter(|(_, left)| *left > 0).collect()
}

/// How far a pod alone is from what is short: 0 covers all of it.
fn distance(short: &Short, pod: &Victim) -> f64 {
    short
        .iter()
        .map(|(name, amount)| {
            let missing = (*amount - pod.request(name)).max(0) as f64 / *amount as f64;
            missing * missing
        })
        .sum()
}

/// Pods of one class, the nearest first, until nothing is short.
fn nearest(mut pods: Vec<Victim>, mut short: Short) -> Vec<Victim> {
    let mut chosen = Vec::new();
    while !short.is_empty() {
        let order = |pod: &Victim| (distance(&short, pod), pod.requests.memory, pod.requests.cpu_milli);
        let best = (0..pods.len()).min_by(|left, right| {
            let (left, right) = (order(&pods[*left]), order(&pods[*right]));
            left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)).then(left.2.cmp(&right.2))
        });
        let Some(best) = best else { break };
        let victim = pods.remove(best);
        short = without(&short, std::iter::once(&victim));
        chosen.push(victim);
    }
    chosen
}

/// As errors name what is short. Upstream: preemption `admissionRequirementList.toString`.
fn listed(short: &Short) -> String {
    let items: String = short.iter().map(|(name, amount)| format!("(res: {name}, q: {amount}), ")).collect();
    format!("[{items}]")
}

/// Who goes: as few guaranteed pods as possible, then as few burstable ones, then best-effort ones. If all of them together
/// are not enough: what is still short then.
fn choose(pods: &[Victim], short: &Short) -> Result<Vec<PodId>, Short> {
    let left = without(short, pods.iter());
    if !left.is_empty() {
        return Err(left);
    }
    let of = |qos: QosClass| -> Vec<Victim> { pods.iter().filter(|pod| pod.qos == qos).cloned().collect() };
    let (best_effort, burstable) = (of(QosClass::BestEffort), of(QosClass::Burstable));
    let guaranteed = nearest(of(QosClass::Guaranteed), without(short, best_effort.iter().chain(&burstable)));
    let burstable = nearest(burstable, without(short, best_effort.iter().chain(&guaranteed)));
    let best_effort = nearest(best_effort, without(short, burstable.iter().chain(&guaranteed)));
    Ok(best_effort.iter().chain(&burstable).chain(&guaranteed).map(|victim| victim.pod).collect())
}

impl Kubelets {
    /// Makes room for a critical pod that lacks nothing but resources. Returns whether others go, so that it waits for them
    /// (`false` for pods that are not critical), or why it is refused all the same.
    /// Upstream: preemption `HandleAdmissionFailure`, `evictPodsToFreeRequests`, lifecycle `predicateAdmitHandler.Admit`.
    pub(super) fn make_room(
        &mut self,
        hubs: &mut Hubs<'_>,
        pod: PodId,
        node: NodeId,
        template: &PodTemplate,
        is_static: bool,
    ) -> Result<bool, Refusal> {
        if !is_static && template.spec.priority < SYSTEM_CRITICAL {
            return Ok(false);
        }
        if let Some(other) = self.refusal_of_place(hubs, template, node, is_static) {
            return Err(other);
        }
        let Some(columns) = hubs.cluster.node(node).body.as_node() else { return Ok(false) };
        let allocatable = columns.allocatable_resources.clone();
        let short = self.short_of(template, node, &allocatable);
        let priority = (!is_static).then_some(template.spec.priority);
        let candidates: Vec<Victim> = self
            .workers
            .on_node(node)
            .filter(|other| self.may_be_preempted(hubs, *other, priority))
            .map(|other| {
                let template = hubs.cluster.template_of(other);
                Victim { pod: other, qos: template.qos, requests: template.requests.clone() }
            })
            .collect();
        let victims = choose(&candidates, &short).map_err(|left| Refusal {
            reason: Text::const_new("UnexpectedAdmissionError"),
            message: format!(
                "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: {}",
                listed(&left)
            ),
        })?;
        for victim in victims {
            let seconds = hubs.cluster.template_of(victim).spec.termination_grace_period_seconds.max(1);
            self.workers.row(victim).extra_mut().set_end("Preempting", EVENT, true);
            self.warning(hubs, victim, None, "Preempting", EVENT);
            self.end_pod(hubs, victim, u32::try_from(seconds).unwrap_or(u32::MAX), Flags::empty());
        }
        self.node_state(node).waiting_critical.push((pod, is_static));
        Ok(true)
    }

    /// Goes a pod for a critical one of this priority (static pods have none)? Upstream: kubelet types `Preemptable`.
    fn may_be_preempted(&self, hubs: &Hubs<'_>, pod: PodId, by: Option<i32>) -> bool {
        let is_lower = || {
            let Some(worker) = self.workers.get(pod) else { return false };
            let is_free = !worker.flags.intersects(Flags::TERMINATING | Flags::STATIC);
            is_free && by.is_some_and(|by| by > hubs.cluster.template_of(pod).spec.priority)
        };
        self.may_be_evicted(hubs, pod) || is_lower()
    }

    /// How much of each resource a pod lacks.
    fn short_of(&mut self, template: &PodTemplate, node: NodeId, allocatable: &Resources) -> Short {
        let state = self.node_state(node);
        let wanted = &template.requests;
        let others = wanted.others.iter().map(|(name, amount)| (name.as_str(), *amount));
        let main =
            [("cpu", wanted.cpu_milli), ("memory", wanted.memory), ("ephemeral-storage", wanted.ephemeral_storage)];
        let lacking = main.into_iter().chain(others).filter_map(|(name, requested)| {
            let lacks = requested - (allocatable.get(name) - state.admitted.get(name));
            (requested > 0 && lacks > 0).then(|| (Text::from(name), lacks))
        });
        let pods = i64::from(state.pods) + 1 - allocatable.get("pods");
        lacking.chain((pods > 0).then(|| (Text::const_new("pods"), pods))).collect()
    }

    /// A pod has given its resources back: critical pods that wait for room look again.
    pub(super) fn admit_waiting(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        for (pod, is_static) in std::mem::take(&mut self.node_state(node).waiting_critical) {
            if !hubs.cluster.is_live(ObjectRef::pod(pod)) || self.workers.get(pod).is_some() {
                continue;
            }
            let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
            let allocatable =
                hubs.cluster.node(node).body.as_node().map(|columns| columns.allocatable_resources.clone());
            if allocatable.is_some_and(|allocatable| !self.short_of(&template, node, &allocatable).is_empty()) {
                self.node_state(node).waiting_critical.push((pod, is_static));
                continue;
            }
            if self.admit(hubs, pod, node, is_static) {
                let at = hubs.now + self.settings.latencies.fixed(Latency::PodSync);
                self.wake(hubs, pod, at);
            }
        }
    }
}

/// What the condition of a preempted pod says, instead of the status's message.
pub(super) fn condition_message(reason: &str) -> Option<&'static str> {
    (reason == "Preempting").then_some(MESSAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn victim(pod: u32, qos: QosClass, cpu_milli: i64) -> Victim {
        Victim { pod: PodId(pod), qos, requests: Resources { cpu_milli, ..Resources::default() } }
    }

    fn chosen(pods: &[Victim], cpu: i64) -> Option<Vec<u32>> {
        let short: Short = [(Text::const_new("cpu"), cpu)].into_iter().collect();
        choose(pods, &short).ok().map(|pods| pods.iter().map(|pod| pod.0).collect())
    }

    #[test]
    fn the_smallest_set_of_the_lowest_class_goes() {
        let pods = [
            victim(0, QosClass::Guaranteed, 1000),
            victim(1, QosClass::Burstable, 200),
            victim(2, QosClass::Burstable, 500),
            victim(3, QosClass::Burstable, 600),
            victim(4, QosClass::BestEffort, 0),
        ];
        assert_eq!(chosen(&pods, 500), Some(vec![2]), "one that covers it exactly, and no guaranteed one");
        assert_eq!(chosen(&pods, 1300), Some(vec![3, 2, 1]), "all burstable ones");
        assert!(chosen(&pods, 1400).unwrap().contains(&0), "only then a guaranteed one");
        assert_eq!(chosen(&pods, 9000), None);
        let left = choose(&pods, &[(Text::const_new("cpu"), 9000)].into_iter().collect()).unwrap_err();
        assert_eq!(listed(&left), "[(res: cpu, q: 6700), ]");
    }
}
