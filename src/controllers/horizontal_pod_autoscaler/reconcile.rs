//! One sync of one autoscaler: pure, from what it sees to what is to be written.
//! Upstream: podautoscaler/horizontal.go `reconcileAutoscaler`.

use crate::cluster::EventType;
use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::autoscaling::{AutoscalerSpec, AutoscalerStatus};
use crate::model::condition::{self, Condition, ConditionStatus};

use super::decision::{Decision, Note};
use super::normalize::{Bounds, Memory, Why, with_behavior, without_behavior};
use super::observations::{Observations, Scale};
use super::proposals::{Proposal, propose};
use super::replica_calculator::{Calculator, Tolerances};

/// Settings of the controller, under upstream's flag names.
#[derive(Clone, Debug, PartialEq)]
pub struct AutoscalerSettings {
    /// `--horizontal-pod-autoscaler-sync-period`.
    pub sync_period: SimDuration,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`.
    pub downscale_stabilization: SimDuration,
    /// `--horizontal-pod-autoscaler-tolerance`.
    pub tolerance: f64,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`.
    pub cpu_initialization_period: SimDuration,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`.
    pub initial_readiness_delay: SimDuration,
    /// The feature gate `HPAScaleToZero`.
    pub scale_to_zero: bool,
}

impl Default for AutoscalerSettings {
    /// Upstream: pkg/controller/podautoscaler/config/v1alpha1 `RecommendedDefaultHPAControllerConfiguration`.
    fn default() -> Self {
        Self {
            sync_period: SimDuration::from_secs(15),
            downscale_stabilization: SimDuration::from_secs(300),
            tolerance: 0.1,
            cpu_initialization_period: SimDuration::from_secs(300),
            initial_readiness_delay: SimDuration::from_secs(30),
            scale_to_zero: false,
        }
    }
}

impl AutoscalerSettings {
    fn calculator(&self) -> Calculator {
        Calculator {
            cpu_initialization_period: self.cpu_initialization_period.0 as i64,
            initial_readiness_delay: self.initial_readiness_delay.0 as i64,
        }
    }

    fn tolerances(&self, spec: &AutoscalerSpec) -> Tolerances {
        let own = spec.behavior.as_ref();
        Tolerances {
            up: own.and_then(|behavior| behavior.up.tolerance).unwrap_or(self.tolerance),
            down: own.and_then(|behavior| behavior.down.tolerance).unwrap_or(self.tolerance),
        }
    }
}

/// An autoscaler in the controller's memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Autoscaler {
    /// The status as it is to be written.
    pub status: AutoscalerStatus,
    pub(super) memory: Memory,
}

/// What the metrics and the rules make of a scale.
struct Outcome {
    desired: i32,
    reason: String,
    error: Option<String>,
}

impl Autoscaler {
    /// The target's scale cannot be read.
    pub fn without_scale(&mut self, now: SimTime, error: &str) -> Decision {
        self.set(
            now,
            "AbleToScale",
            false,
            "FailedGetScale",
            &format!("the HPA controller was unable to get the target's current scale: {error}"),
        );
        Decision {
            current: self.status.current_replicas,
            desired: self.status.desired_replicas,
            limit: "FailedGetScale",
            notes: vec![Note::warning("FailedGetScale", error.to_owned())],
            error: Some(error.to_owned()),
            ..Decision::default()
        }
    }

    /// Decides. `finish` must follow when the scale is written, or need not be.
    pub fn decide(
        &mut self,
        now: SimTime,
        spec: &AutoscalerSpec,
        (reference, namespace): (&str, &str),
        scale: Scale,
        settings: &AutoscalerSettings,
        world: &dyn Observations,
    ) -> Decision {
        self.set(
            now,
            "AbleToScale",
            true,
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        );
        let current = scale.spec_replicas;
        if self.memory.recommendations.is_empty() {
            self.memory.recommendations.record(now.0 as i64, current);
        }
        let mut decision = Decision { current, desired: current, ..Decision::default() };
        if current == 0 && !self.may_scale_from_zero(spec, settings) {
            self.set(
                now,
                "ScalingActive",
                false,
                "ScalingDisabled",
                "scaling is disabled since the replica count of the target is zero",
            );
            decision.desired = 0;
            decision.limit = "ScalingDisabled";
            self.status.current_metrics = None;
            return decision;
        }
        if current != 0 && current > spec.max_replicas {
            self.status.current_metrics = None;
            return out_of_range(decision, spec.max_replicas, "Current number of replicas above Spec.MaxReplicas");
        }
        if current != 0 && current < spec.min_replicas {
            self.status.current_metrics = None;
            return out_of_range(decision, spec.min_replicas, "Current number of replicas below Spec.MinReplicas");
        }
        let tools = (settings.calculator(), settings.tolerances(spec));
        let proposal = propose(now.0 as i64, spec, namespace, scale, tools, world);
        let outcome = self.judge(now, spec, reference, settings, proposal, &mut decision);
        decision.desired = outcome.desired;
        decision.rescale = outcome.desired != current;
        decision.reason = outcome.reason;
        decision.error = outcome.error;
        decision
    }

    fn judge(
        &mut self,
        now: SimTime,
        spec: &AutoscalerSpec,
        reference: &str,
        settings: &AutoscalerSettings,
        proposal: Proposal,
        decision: &mut Decision,
    ) -> Outcome {
        let current = decision.current;
        decision.notes = proposal.notes;
        decision.metrics = proposal.metrics;
        let (active, why, message) = &proposal.active;
        self.set(now, "ScalingActive", *active, why, message);
        self.status.current_metrics = proposal.statuses;
        let Some(recommended) = proposal.replicas else {
            let error = proposal.error.unwrap_or_default();
            decision.limit = proposal.active.1;
            decision.notes.push(Note::warning("FailedComputeMetricsReplicas", error.clone()));
            let error = format!(
                "failed to compute desired number of replicas based on listed metrics for {reference}: {error}"
            );
            return Outcome { desired: current, reason: String::new(), error: Some(error) };
        };
        let recommended = recommended.max(0);
        decision.recommended = Some(recommended);
        let mut reason = String::new();
        if recommended > current {
            reason = format!("{} above target", if recommended > 0 { proposal.metric.as_str() } else { "" });
        }
        if recommended < current {
            "All metrics below target".clone_into(&mut reason);
        }
        let bounds = Bounds { current, desired: recommended, min: spec.min_replicas, max: spec.max_replicas };
        let (at, window) = (now.0 as i64, settings.downscale_stabilization.0 as i64);
        let normalized = match &spec.behavior {
            Some(behavior) => with_behavior(at, bounds, behavior, window, &mut self.memory),
            None => without_behavior(at, bounds, window, &mut self.memory),
        };
        self.set_why(now, "AbleToScale", normalized.able);
        self.set_why(now, "ScalingLimited", normalized.limited);
        decision.stabilized = Some(normalized.stabilized);
        decision.limit = match (normalized.limited, normalized.able) {
            ((true, limit, _), _) => limit,
            (_, (_, able, _)) if normalized.stabilized != recommended => able,
            _ => "",
        };
        let mut desired = normalized.desired;
        if current == 0 && desired < spec.min_replicas {
            desired = spec.min_replicas;
            if reason.is_empty() {
                "Current number of replicas below Spec.MinReplicas".clone_into(&mut reason);
            }
        }
        Outcome { desired, reason, error: proposal.error }
    }

    /// Upstream, v1.36: `shouldComputeMetricsForZeroReplicas`, `getScaledToZeroConditionStatus`.
    fn may_scale_from_zero(&self, spec: &AutoscalerSpec, settings: &AutoscalerSettings) -> bool {
        let scaled_to_zero = condition::find(&self.status.conditions, "ScaledToZero");
        settings.scale_to_zero
            && scaled_to_zero.is_some_and(|condition| condition.status.is_true())
            && (spec.min_replicas != 0 || spec.has_object_or_external_metrics())
    }

    /// The scale was written, or refused with these words, or did not have to be written. Returns the last Events.
    pub fn finish(
        &mut self,
        now: SimTime,
        spec: &AutoscalerSpec,
        settings: &AutoscalerSettings,
        decision: &mut Decision,
        refusal: Option<&str>,
    ) -> Vec<Note> {
        self.status.current_replicas = decision.current;
        if decision.error.as_ref().is_some_and(|_| decision.recommended.is_none()) {
            return Vec::new();
        }
        let (size, reason) = (decision.desired, &decision.reason);
        if !decision.rescale {
            self.status.desired_replicas = decision.desired;
            return Vec::new();
        }
        if let Some(refusal) = refusal {
            let message = format!("New size: {size}; reason: {reason}; error: {refusal}");
            self.set(
                now,
                "AbleToScale",
                false,
                "FailedUpdateScale",
                &format!("the HPA controller was unable to update the target scale: {refusal}"),
            );
            decision.limit = "FailedUpdateScale";
            return vec![Note::warning("FailedRescale", message)];
        }
        self.set(
            now,
            "AbleToScale",
            true,
            "SucceededRescale",
            &format!("the HPA controller was able to update the target scale to {size}"),
        );
        if settings.scale_to_zero {
            if size == 0 && decision.current > 0 && spec.min_replicas == 0 && spec.has_object_or_external_metrics() {
                self.set(now, "ScaledToZero", true, "ScaledToZero", "the HPA controller scaled the workload to zero");
            } else {
                self.set(
                    now,
                    "ScaledToZero",
                    false,
                    "NotScaledToZero",
                    "the HPA controller did not scale the workload to zero",
                );
            }
        }
        let by = size - decision.current;
        if let Some(behavior) = &spec.behavior {
            let (events, rules) =
                if by > 0 { (&mut self.memory.ups, &behavior.up) } else { (&mut self.memory.downs, &behavior.down) };
            let longest = rules.policies.iter().map(|policy| policy.period).max().unwrap_or(SimDuration::ZERO);
            events.record(now.0 as i64, by.abs(), longest);
        }
        self.status.desired_replicas = size;
        self.status.last_scale = Some(now);
        let message = format!("New size: {size}; reason: {reason}");
        vec![Note { kind: EventType::Normal, reason: "SuccessfulRescale", message }]
    }

    fn set_why(&mut self, now: SimTime, kind: &'static str, (status, reason, message): Why) {
        self.set(now, kind, status, reason, message);
    }

    /// Upstream: `setConditionInList`: the time moves with the status only.
    fn set(&mut self, now: SimTime, kind: &'static str, status: bool, reason: &str, message: &str) {
        let status = ConditionStatus::from(status);
        let conditions = &mut self.status.conditions;
        let known = conditions.iter_mut().find(|condition| condition.kind == kind);
        let Some(known) = known else {
            conditions.push(Condition {
                kind: Text::const_new(kind),
                status,
                reason: reason.into(),
                message: message.into(),
                last_transition: now,
                last_update: now,
            });
            return;
        };
        if known.status != status {
            known.last_transition = now;
        }
        known.status = status;
        if known.reason != reason {
            known.reason = reason.into();
        }
        if known.message != message {
            known.message = message.into();
        }
    }
}

fn out_of_range(mut decision: Decision, desired: i32, reason: &str) -> Decision {
    decision.desired = desired;
    decision.rescale = true;
    reason.clone_into(&mut decision.reason);
    decision
}
