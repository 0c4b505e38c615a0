//! The conditions a kubelet sets on a pod. Upstream: kubelet status/generate.go.

use std::fmt::Write as _;

use super::critical_preemption::condition_message;
use super::resize::Resize;
use super::view::{Restart, restart_after};
use super::worker::EndReason;
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::condition::ConditionStatus;
use crate::model::pod::{ContainerState, PodCondition, PodConditionType, PodPhase, PodStatus, Why};
use crate::model::pod_spec::{ContainerKind, PodSpec};

/// What conditions depend on beside the status itself.
pub(super) struct ConditionFacts<'a> {
    pub now: SimTime,
    pub sandbox: bool,
    pub initialized: bool,
    pub resize: Option<&'a Resize>,
    pub disruption: Option<&'a EndReason>,
}

const ALL_RESTARTING: &str = "AllContainersRestarting";
const NOT_READY: &str = "ContainersNotReady";

/// How many conditions every pod has of its kubelet.
const OWNED: usize = 5;

/// All conditions of the new status, in upstream's order: others' first, PodScheduled last.
pub(super) fn generate(
    spec: &PodSpec,
    status: &PodStatus,
    previous: &PodStatus,
    facts: &ConditionFacts<'_>,
) -> Vec<PodCondition> {
    let mut conditions = Vec::with_capacity(OWNED);
    let is_foreign = |condition: &&PodCondition| match &condition.kind {
        PodConditionType::Other(name) => **name != ALL_RESTARTING,
        kind => *kind == PodConditionType::DisruptionTarget,
    };
    conditions.extend(previous.conditions.iter().filter(is_foreign).cloned());
    conditions.extend(facts.resize.into_iter().flat_map(Resize::conditions));
    let add = |conditions: &mut Vec<PodCondition>, kind: PodConditionType, verdict: Verdict| {
        let condition_status = ConditionStatus::from(verdict.holds);
        let last_transition = previous
            .condition(&kind)
            .filter(|old| old.status == condition_status)
            .map_or(facts.now, |old| old.last_transition);
        conditions.push(PodCondition { kind, status: condition_status, why: verdict.why, last_transition });
    };
    if let Some(end) = facts.disruption {
        conditions.retain(|condition| condition.kind != PodConditionType::DisruptionTarget);
        let message = condition_message(&end.reason).map_or_else(|| end.message.clone(), Text::const_new);
        let why = Why::new(Text::const_new("TerminationByKubelet"), message);
        add(&mut conditions, PodConditionType::DisruptionTarget, Verdict { holds: true, why });
    }
    let containers_ready = containers_ready(spec, status, previous);
    let ready = ready(spec, &containers_ready, &conditions, status.phase);
    add(&mut conditions, PodConditionType::PodReadyToStartContainers, Verdict::plain(facts.sandbox));
    add(&mut conditions, PodConditionType::Initialized, initialized(spec, status, facts.initialized));
    add(&mut conditions, PodConditionType::Ready, ready);
    add(&mut conditions, PodConditionType::ContainersReady, containers_ready);
    add(&mut conditions, PodConditionType::PodScheduled, Verdict::plain(true));
    if let Some(verdict) = all_restarting(spec, status) {
        add(&mut conditions, PodConditionType::Other(Box::new(Text::const_new(ALL_RESTARTING))), verdict);
    }
    conditions
}

/// Upstream: `GenerateAllContainersRestartingCondition`: on every pod that has such a rule.
fn all_restarting(spec: &PodSpec, status: &PodStatus) -> Option<Verdict> {
    let restarts_all = |rule: &crate::model::pod_spec::RestartRule| rule.action == "RestartAllContainers";
    if !spec.containers.iter().any(|container| container.restart_rules.iter().any(restarts_all)) {
        return None;
    }
    if let Some(verdict) = ended(status.phase) {
        return Some(verdict);
    }
    let asked = status.containers.iter().enumerate().any(|(index, container)| match &container.state {
        ContainerState::Terminated(ended) => restart_after(spec, index, ended.exit_code) == Restart::AllContainers,
        _ => false,
    });
    Some(if asked {
        Verdict::because(true, "RestartAllContainersStarted", "container exited with restart policy rule")
    } else {
        Verdict::plain(false)
    })
}

/// Sets Ready and ContainersReady anew after a container's readiness changed. Upstream: `SetContainerReadiness`.
pub(super) fn refresh_ready(spec: &PodSpec, status: &mut PodStatus, now: SimTime) {
    let containers_ready = containers_ready(spec, status, &PodStatus::default());
    let ready = ready(spec, &containers_ready, &status.conditions, status.phase);
    for (kind, verdict) in [(PodConditionType::Ready, ready), (PodConditionType::ContainersReady, containers_ready)] {
        let status_now = ConditionStatus::from(verdict.holds);
        status.set_condition(PodCondition { kind, status: status_now, why: verdict.why, last_transition: now });
    }
}

/// A condition's new value.
#[derive(Clone)]
struct Verdict {
    holds: bool,
    why: Why,
}

impl Verdict {
    fn plain(holds: bool) -> Self {
        Self { holds, why: Why::NONE }
    }

    fn because(holds: bool, reason: &'static str, message: impl Into<Text>) -> Self {
        Self { holds, why: Why::new(Text::const_new(reason), message) }
    }
}

/// What holds no longer of a pod that has ended.
fn ended(phase: PodPhase) -> Option<Verdict> {
    match phase {
        PodPhase::Succeeded => Some(Verdict::because(false, "PodCompleted", "")),
        PodPhase::Failed => Some(Verdict::because(false, "PodFailed", "")),
        _ => None,
    }
}

/// Upstream: `GenerateContainersReadyCondition`.
fn containers_ready(spec: &PodSpec, status: &PodStatus, previous: &PodStatus) -> Verdict {
    if let Some(verdict) = ended(status.phase) {
        return verdict;
    }
    let unready =
        |index: &usize| spec.container_kind(*index) != ContainerKind::Init && !status.containers[*index].ready;
    if !spec.own().any(|index| unready(&index)) {
        return Verdict::plain(true);
    }
    // The same containers as before: the same words.
    let is_as_before = |index: usize| {
        previous.containers.get(index).is_some_and(|before| before.ready == status.containers[index].ready)
    };
    let said = previous.condition(&PodConditionType::ContainersReady).map(|condition| &condition.why);
    if let Some(why) = said.filter(|why| why.reason() == NOT_READY)
        && spec.own().all(is_as_before)
    {
        return Verdict { holds: false, why: why.clone() };
    }
    let message = named(spec, "containers with unready status: [", spec.own().filter(unready));
    Verdict::because(false, NOT_READY, message)
}

/// Upstream: `GeneratePodReadyCondition`.
fn ready(spec: &PodSpec, containers_ready: &Verdict, conditions: &[PodCondition], phase: PodPhase) -> Verdict {
    if !containers_ready.holds || phase.is_terminal() {
        return containers_ready.clone();
    }
    let mut message = String::new();
    for gate in &spec.readiness_gates {
        let separator = if message.is_empty() { "" } else { ", " };
        let found = conditions.iter().find(|condition| condition.kind.name() == gate);
        // Writing to a String cannot fail.
        let _ = match found {
            None => {
                write!(message, "{separator}corresponding condition of pod readiness gate \"{gate}\" does not exist.")
            }
            Some(condition) if !condition.status.is_true() => write!(
                message,
                "{separator}the status of pod readiness gate \"{gate}\" is not \"True\", but {}",
                condition.status.name()
            ),
            Some(_) => Ok(()),
        };
    }
    if message.is_empty() {
        return Verdict::plain(true);
    }
    Verdict::because(false, "ReadinessGatesNotReady", message)
}

/// Upstream: `GeneratePodInitializedCondition`.
fn initialized(spec: &PodSpec, status: &PodStatus, was_initialized: bool) -> Verdict {
    if status.phase == PodPhase::Succeeded {
        return Verdict::because(true, "PodCompleted", "");
    }
    let mains_started = spec.mains().any(|index| {
        let container = &status.containers[index];
        !matches!(container.state, ContainerState::Waiting { .. }) && container.container_id != 0
            || container.last.is_some()
    });
    let incomplete = |index: &usize| {
        let container = &status.containers[*index];
        match spec.container_kind(*index) {
            ContainerKind::Init => !container.ready,
            ContainerKind::Sidecar => container.started != Some(true),
            ContainerKind::Main | ContainerKind::Ephemeral => false,
        }
    };
    if was_initialized || mains_started || !(0..spec.init_count).any(|index| incomplete(&index)) {
        return Verdict::plain(true);
    }
    let message = named(spec, "containers with incomplete status: [", (0..spec.init_count).filter(incomplete));
    Verdict::because(false, "ContainersNotInitialized", message)
}

/// `<intro>a b]`.
fn named(spec: &PodSpec, intro: &'static str, indices: impl Iterator<Item = usize>) -> Text {
    let mut text = Text::const_new(intro);
    for (position, index) in indices.enumerate() {
        if position > 0 {
            text.push(' ');
        }
        text.push_str(&spec.containers[index].name);
    }
    text.push(']');
    text
}
