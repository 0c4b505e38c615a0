//! The conditions a kubelet sets on a pod. Upstream: kubelet status/generate.go.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::LazyLock;

use super::critical_preemption::condition_message;
use super::resize::Resize;
use super::view::{Restart, restart_after};
use super::worker::EndReason;
use crate::cluster::Fields;
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
    /// Are the same containers ready as before?
    pub is_ready_as_before: bool,
    pub words: &'a RecentWords,
}

/// Reason and message of unready containers, as a pod was given them last: pods of one template mostly come in rows, and all
/// of a row share theirs.
#[derive(Debug, Default)]
pub(super) struct RecentWords(RefCell<Why>);

impl RecentWords {
    fn unready(&self, spec: &PodSpec, unready: impl Iterator<Item = usize> + Clone) -> Why {
        let mut last = self.0.borrow_mut();
        if !is_named(last.message(), spec, UNREADY, unready.clone()) {
            *last = Why::new(Text::const_new(NOT_READY), named(spec, UNREADY, unready));
        }
        last.clone()
    }
}

const NOT_READY: &str = "ContainersNotReady";
const UNREADY: &str = "containers with unready status: [";

/// The conditions that every pod has of its kubelet, in their order.
const OWNED: [PodConditionType<'static>; 5] = [
    PodConditionType::PodReadyToStartContainers,
    PodConditionType::Initialized,
    PodConditionType::Ready,
    PodConditionType::ContainersReady,
    PodConditionType::PodScheduled,
];

/// Brings the conditions of a status, the rest of which is up to date, up to it. Returns which parts have changed.
pub(super) fn refresh(spec: &PodSpec, status: &mut PodStatus, facts: &ConditionFacts<'_>) -> Fields {
    let was_ready = status.is_condition_true(PodConditionType::Ready);
    let has_owned_only = status.conditions.len() == OWNED.len()
        && status.conditions.iter().zip(OWNED).all(|(condition, kind)| condition.is(kind));
    let stays_so = facts.resize.is_none() && facts.disruption.is_none() && !has_restart_all_rule(spec);
    let mut are_changed = false;
    if has_owned_only && stays_so {
        let verdicts = owned(spec, status, &[], facts);
        for (condition, verdict) in status.conditions.iter_mut().zip(verdicts) {
            let new = ConditionStatus::from(verdict.holds);
            if condition.status != new {
                (condition.status, condition.last_transition) = (new, facts.now);
                are_changed = true;
            }
            if *condition.why() != *verdict.why {
                condition.set_why(verdict.why.into_owned());
                are_changed = true;
            }
        }
    } else {
        let new = generate(spec, status, facts);
        are_changed = new != status.conditions;
        status.conditions = new;
    }
    let mut fields = Fields::empty();
    fields.set(Fields::CONDITIONS, are_changed);
    fields.set(Fields::READY, status.is_condition_true(PodConditionType::Ready) != was_ready);
    fields
}

/// What the owned conditions say now, beside others.
fn owned(spec: &PodSpec, status: &PodStatus, others: &[PodCondition], facts: &ConditionFacts<'_>) -> [Verdict; 5] {
    let containers_ready = containers_ready(spec, status, facts.is_ready_as_before, facts.words);
    let ready = ready(spec, &containers_ready, others, status.phase);
    let initialized = initialized(spec, status, facts.initialized);
    [Verdict::plain(facts.sandbox), initialized, ready, containers_ready, Verdict::plain(true)]
}

/// All conditions of a status in upstream's order: others' first, PodScheduled last.
fn generate(spec: &PodSpec, status: &PodStatus, facts: &ConditionFacts<'_>) -> Vec<PodCondition> {
    let mut conditions = Vec::with_capacity(OWNED.len());
    let is_foreign = |condition: &&PodCondition| {
        matches!(condition.kind(), PodConditionType::Other(_) | PodConditionType::DisruptionTarget)
    };
    conditions.extend(status.conditions.iter().filter(is_foreign).cloned());
    conditions.extend(facts.resize.into_iter().flat_map(Resize::conditions));
    let add = |conditions: &mut Vec<PodCondition>, kind: PodConditionType<'_>, verdict: Verdict| {
        let condition_status = ConditionStatus::from(verdict.holds);
        let last_transition = status
            .condition(kind)
            .filter(|old| old.status == condition_status)
            .map_or(facts.now, |old| old.last_transition);
        let why = verdict.why.into_owned();
        conditions.push(PodCondition::new(kind, condition_status, why, last_transition));
    };
    if let Some(end) = facts.disruption {
        conditions.retain(|condition| !condition.is(PodConditionType::DisruptionTarget));
        let message = condition_message(&end.reason).map_or_else(|| end.message.clone(), Text::const_new);
        let why = Cow::Owned(Why::new(Text::const_new("TerminationByKubelet"), message));
        add(&mut conditions, PodConditionType::DisruptionTarget, Verdict { holds: true, why });
    }
    let verdicts = owned(spec, status, &conditions, facts);
    for (kind, verdict) in OWNED.into_iter().zip(verdicts) {
        add(&mut conditions, kind, verdict);
    }
    if let Some(verdict) = all_restarting(spec, status) {
        add(&mut conditions, PodConditionType::AllContainersRestarting, verdict);
    }
    conditions
}

fn has_restart_all_rule(spec: &PodSpec) -> bool {
    let restarts_all = |rule: &crate::model::pod_spec::RestartRule| rule.action == "RestartAllContainers";
    spec.containers.iter().any(|container| container.restart_rules.iter().any(restarts_all))
}

/// Upstream: `GenerateAllContainersRestartingCondition`: on every pod that has such a rule.
fn all_restarting(spec: &PodSpec, status: &PodStatus) -> Option<Verdict> {
    if !has_restart_all_rule(spec) {
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
pub(super) fn refresh_ready(spec: &PodSpec, status: &mut PodStatus, now: SimTime, words: &RecentWords) {
    let containers_ready = containers_ready(spec, status, false, words);
    let ready = ready(spec, &containers_ready, &status.conditions, status.phase);
    for (kind, verdict) in [(PodConditionType::Ready, ready), (PodConditionType::ContainersReady, containers_ready)] {
        let status_now = ConditionStatus::from(verdict.holds);
        let why = verdict.why.into_owned();
        status.set_condition(PodCondition::new(kind, status_now, why, now));
    }
}

/// A condition's new value.
#[derive(Clone)]
struct Verdict {
    holds: bool,
    /// What all pods say is shared when it is written, not with each look: that its owners are counted costs more.
    why: Cow<'static, Why>,
}

impl Verdict {
    fn plain(holds: bool) -> Self {
        Self { holds, why: Cow::Owned(Why::NONE) }
    }

    fn because(holds: bool, reason: &'static str, message: impl Into<Text>) -> Self {
        Self { holds, why: Cow::Owned(Why::new(Text::const_new(reason), message)) }
    }
}

static COMPLETED: LazyLock<Why> = LazyLock::new(|| Why::new(Text::const_new("PodCompleted"), ""));
static FAILED: LazyLock<Why> = LazyLock::new(|| Why::new(Text::const_new("PodFailed"), ""));

/// What holds no longer of a pod that has ended.
fn ended(phase: PodPhase) -> Option<Verdict> {
    match phase {
        PodPhase::Succeeded => Some(Verdict { holds: false, why: Cow::Borrowed(&COMPLETED) }),
        PodPhase::Failed => Some(Verdict { holds: false, why: Cow::Borrowed(&FAILED) }),
        _ => None,
    }
}

/// Upstream: `GenerateContainersReadyCondition`.
fn containers_ready(spec: &PodSpec, status: &PodStatus, is_as_before: bool, words: &RecentWords) -> Verdict {
    if let Some(verdict) = ended(status.phase) {
        return verdict;
    }
    let unready =
        |index: &usize| spec.container_kind(*index) != ContainerKind::Init && !status.containers[*index].ready;
    if !spec.own().any(|index| unready(&index)) {
        return Verdict::plain(true);
    }
    // The same containers as before: the same words.
    let said = status.condition(PodConditionType::ContainersReady).map(PodCondition::why);
    if let Some(why) = said.filter(|why| is_as_before && why.reason() == NOT_READY) {
        return Verdict { holds: false, why: Cow::Owned(why.clone()) };
    }
    Verdict { holds: false, why: Cow::Owned(words.unready(spec, spec.own().filter(unready))) }
}

/// Upstream: `GeneratePodReadyCondition`.
fn ready(spec: &PodSpec, containers_ready: &Verdict, conditions: &[PodCondition], phase: PodPhase) -> Verdict {
    if !containers_ready.holds || phase.is_terminal() {
        return containers_ready.clone();
    }
    let mut message = String::new();
    for gate in &spec.readiness_gates {
        let separator = if message.is_empty() { "" } else { ", " };
        let found = conditions.iter().find(|condition| condition.kind().name() == gate);
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
        return Verdict { holds: true, why: Cow::Borrowed(&COMPLETED) };
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

/// Is a message what `named` makes?
fn is_named(message: &str, spec: &PodSpec, intro: &str, indices: impl Iterator<Item = usize>) -> bool {
    let mut rest = message.strip_prefix(intro);
    for (position, index) in indices.enumerate() {
        let separator = if position > 0 { " " } else { "" };
        let name = spec.containers[index].name.as_str();
        rest = rest.and_then(|rest| rest.strip_prefix(separator)?.strip_prefix(name));
    }
    rest == Some("]")
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::convert::pod_spec;

    fn spec(names: &[&str]) -> PodSpec {
        let containers: Vec<_> = names.iter().map(|name| json!({ "name": name, "image": "a" })).collect();
        pod_spec(&json!({ "containers": containers }))
    }

    #[test]
    fn words_are_shared_while_they_are_the_same() {
        let words = RecentWords::default();
        let (pair, other) = (spec(&["a", "b"]), spec(&["a", "bb"]));
        let both = words.unready(&pair, 0..2);
        assert_eq!((both.reason(), both.message()), (NOT_READY, "containers with unready status: [a b]"));
        for (spec, unready, message) in
            [(&pair, 0..1, "[a]"), (&pair, 1..2, "[b]"), (&other, 0..2, "[a bb]"), (&pair, 0..2, "[a b]")]
        {
            let why = words.unready(spec, unready.clone());
            assert!(why.message().ends_with(message), "{} instead of {message}", why.message());
            assert!(std::ptr::eq(why.message(), words.unready(spec, unready).message()), "{message} was made twice");
        }
    }
}
