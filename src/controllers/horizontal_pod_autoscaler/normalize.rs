//! From what the metrics ask for to what is done: stabilisation, limits, scaling policies.
//! Upstream: podautoscaler/horizontal.go `normalizeDesiredReplicas`, `normalizeDesiredReplicasWithBehaviors` and what
//! they call.

use crate::model::autoscaling::{Behavior, ScalingRules, SelectPolicy};

use super::recommendations::{Recommendations, ScaleEvents};

/// A condition's status, reason and message, without its type.
pub(super) type Why = (bool, &'static str, &'static str);

/// What came out, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Normalized {
    /// After stabilisation.
    pub stabilized: i32,
    /// After limits and policies.
    pub desired: i32,
    /// AbleToScale.
    pub able: Why,
    /// ScalingLimited.
    pub limited: Why,
}

/// What the rules look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Replicas now.
    pub current: i32,
    /// What the metrics ask for.
    pub desired: i32,
    /// `minReplicas`.
    pub min: i32,
    /// `maxReplicas`.
    pub max: i32,
}

/// An autoscaler's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    pub recommendations: Recommendations,
    pub ups: ScaleEvents,
    pub downs: ScaleEvents,
}

const READY: Why = (true, "ReadyForNewScale", "recommended size matches current size");
const DOWN_STABILIZED: Why = (
    true,
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
);
const UP_STABILIZED: Why = (
    true,
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
);
const WITHIN: (&str, &str) = ("DesiredWithinRange", "the desired count is within the acceptable range");
const TOO_FEW: (&str, &str) = ("TooFewReplicas", "the desired replica count is less than the minimum replica count");
const TOO_MANY: (&str, &str) = ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
const UP_LIMIT: (&str, &str) =
    ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
const DOWN_LIMIT: (&str, &str) =
    ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");

/// Without `behavior`.
pub(super) fn without_behavior(now: i64, bounds: Bounds, window: i64, memory: &mut Memory) -> Normalized {
    let recent = memory.recommendations.since(now - window);
    let stabilized = recent.fold(bounds.desired, i32::max);
    memory.recommendations.record(now, bounds.desired);
    let able = if stabilized == bounds.desired { READY } else { DOWN_STABILIZED };
    let (desired, limit) = limited_by_range(stabilized, bounds);
    Normalized { stabilized, desired, able, limited: (desired != stabilized, limit.0, limit.1) }
}

/// Upstream: `convertDesiredReplicasWithRules`.
fn limited_by_range(desired: i32, bounds: Bounds) -> (i32, (&'static str, &'static str)) {
    if desired < bounds.min {
        return (bounds.min, TOO_FEW);
    }
    // Upstream: `calculateScaleUpLimit`.
    let rate = (i64::from(bounds.current) * 2).max(4);
    let (most, limit) = if i64::from(bounds.max) > rate { (rate as i32, UP_LIMIT) } else { (bounds.max, TOO_MANY) };
    if desired > most { (most, limit) } else { (desired, WITHIN) }
}

/// With `behavior`; windows that it leaves open are `down_window`.
pub(super) fn with_behavior(
    now: i64,
    bounds: Bounds,
    behavior: &Behavior,
    down_window: i64,
    memory: &mut Memory,
) -> Normalized {
    let window = |rules: &ScalingRules, open: i64| rules.stabilization_window.map_or(open, |window| window.0 as i64);
    let (up_window, down_window) = (window(&behavior.up, 0), window(&behavior.down, down_window));
    let up = memory.recommendations.after(now - up_window).fold(bounds.desired, i32::min);
    let down = memory.recommendations.after(now - down_window).fold(bounds.desired, i32::max);
    let mut stabilized = bounds.current;
    if stabilized < up {
        stabilized = up;
    }
    if stabilized > down {
        stabilized = down;
    }
    memory.recommendations.record(now, bounds.desired);
    let able = if stabilized == bounds.desired {
        READY
    } else if bounds.desired >= bounds.current {
        UP_STABILIZED
    } else {
        DOWN_STABILIZED
    };
    let (desired, limit) = limited_by_rate(now, stabilized, bounds, behavior, memory);
    Normalized { stabilized, desired, able, limited: (desired != stabilized, limit.0, limit.1) }
}

/// Upstream: `convertDesiredReplicasWithBehaviorRate`.
fn limited_by_rate(
    now: i64,
    desired: i32,
    bounds: Bounds,
    behavior: &Behavior,
    memory: &Memory,
) -> (i32, (&'static str, &'static str)) {
    let current = bounds.current;
    if desired > current {
        let rate = up_limit(now, current, &behavior.up, memory).max(current);
        let (most, limit) = if bounds.max > rate { (rate, UP_LIMIT) } else { (bounds.max, TOO_MANY) };
        if desired > most {
            return (most, limit);
        }
    } else if desired < current {
        let rate = down_limit(now, current, &behavior.down, memory).min(current);
        let (least, limit) = if bounds.min < rate { (rate, DOWN_LIMIT) } else { (bounds.min, TOO_FEW) };
        if desired < least {
            return (least, limit);
        }
    }
    (desired, WITHIN)
}

/// Replicas at the begin of each policy's period, with the policy's value.
fn starts<'a>(
    now: i64,
    current: i32,
    rules: &'a ScalingRules,
    memory: &'a Memory,
) -> impl Iterator<Item = (i32, bool, i32)> + 'a {
    rules.policies.iter().map(move |policy| {
        let (added, removed) = (memory.ups.within(now, policy.period), memory.downs.within(now, policy.period));
        (current - added + removed, policy.percent, policy.value)
    })
}

/// Upstream: `calculateScaleUpLimitWithScalingRules`.
fn up_limit(now: i64, current: i32, rules: &ScalingRules, memory: &Memory) -> i32 {
    let limits = starts(now, current, rules, memory).map(|(start, percent, value)| {
        if percent {
            libm::ceil(f64::from(start) * (1.0 + f64::from(value) / 100.0)) as i32
        } else {
            start.saturating_add(value)
        }
    });
    match rules.select {
        SelectPolicy::Disabled => current,
        SelectPolicy::Min => limits.min().unwrap_or(i32::MAX),
        SelectPolicy::Max => limits.max().unwrap_or(i32::MIN),
    }
}

/// Upstream: `calculateScaleDownLimitWithBehaviors`.
fn down_limit(now: i64, current: i32, rules: &ScalingRules, memory: &Memory) -> i32 {
    let limits = starts(now, current, rules, memory).map(|(start, percent, value)| {
        if percent { (f64::from(start) * (1.0 - f64::from(value) / 100.0)) as i32 } else { start.saturating_sub(value) }
    });
    match rules.select {
        SelectPolicy::Disabled => current,
        SelectPolicy::Min => limits.max().unwrap_or(i32::MIN),
        SelectPolicy::Max => limits.min().unwrap_or(i32::MAX),
    }
}
