//! `podFailurePolicy` and `successPolicy`: which failures end a Job or do not count, and which successes are enough.
//! Upstream: job/pod_failure_policy `matchPodFailurePolicy`, job/success_policy `matchSuccessPolicy`.

use serde_json::Value;

use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::PodId;
use crate::model::pod::ContainerState;

use super::indexes::IndexSet;

/// What a rule does with a failed pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    FailJob,
    FailIndex,
    Ignore,
    Count,
}

impl Action {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "FailJob" => Self::FailJob,
            "FailIndex" => Self::FailIndex,
            "Ignore" => Self::Ignore,
            "Count" => Self::Count,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug)]
enum Test {
    ExitCodes { container: Option<Text>, listed: bool, values: Vec<i32> },
    Conditions(Vec<(Text, Text)>),
}

/// `spec.podFailurePolicy`.
#[derive(Clone, Debug)]
pub(super) struct FailurePolicy {
    rules: Vec<(Action, Test)>,
}

/// The rule that a pod matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Matched {
    pub(super) action: Action,
    /// What the condition says if the action is FailJob.
    pub(super) message: String,
}

impl FailurePolicy {
    /// Reads it from a Job's manifest.
    pub(super) fn read(spec: &Value) -> Option<Self> {
        let rules = spec.get("podFailurePolicy")?.get("rules")?.as_array()?;
        Some(Self { rules: rules.iter().filter_map(rule).collect() })
    }

    /// The first rule that a failed pod matches.
    pub(super) fn first_match(&self, pod: PodId, cluster: &Cluster) -> Option<Matched> {
        let row = cluster.pod(pod);
        let identity = format!("{}/{}", cluster.namespace_name(row.namespace), row.name);
        self.rules.iter().enumerate().find_map(|(index, (action, test))| {
            let message = match test {
                Test::ExitCodes { container, listed, values } => {
                    let (name, code) = matching_exit(pod, container.as_ref(), *listed, values, cluster)?;
                    format!(
                        "Container {name} for pod {identity} failed with exit code {code} matching FailJob rule at index {index}"
                    )
                }
                Test::Conditions(patterns) => {
                    let condition = row.status.conditions.iter().find(|condition| {
                        patterns
                            .iter()
                            .any(|(kind, status)| condition.kind().name() == kind && condition.status.name() == status)
                    })?;
                    format!("Pod {identity} has condition {} matching FailJob rule at index {index}", condition.kind().name())
                }
            };
            Some(Matched { action: *action, message })
        })
    }
}

/// Main containers first, then init containers.
fn matching_exit(
    pod: PodId,
    container: Option<&Text>,
    listed: bool,
    values: &[i32],
    cluster: &Cluster,
) -> Option<(Text, i32)> {
    let row = cluster.pod(pod);
    let spec = &cluster.template(row.template).spec;
    let order = spec.mains().chain(0..spec.init_count);
    order.filter_map(|index| Some((&spec.containers[index].name, row.status.containers.get(index)?))).find_map(
        |(name, status)| {
            let ContainerState::Terminated(end) = &status.state else { return None };
            let named = container.is_none_or(|wanted| wanted == name);
            (named && end.exit_code != 0 && values.contains(&end.exit_code) == listed)
                .then(|| (name.clone(), end.exit_code))
        },
    )
}

fn rule(value: &Value) -> Option<(Action, Test)> {
    let action = Action::from_name(value.get("action")?.as_str()?)?;
    if let Some(codes) = value.get("onExitCodes").filter(|codes| codes.is_object()) {
        let values =
            codes.get("values")?.as_array()?.iter().filter_map(Value::as_i64).map(|code| code as i32).collect();
        let container = codes.get("containerName").and_then(Value::as_str).map(Text::from);
        return Some((action, Test::ExitCodes { container, listed: codes.get("operator")? == "In", values }));
    }
    let patterns = value.get("onPodConditions")?.as_array()?.iter().filter_map(|pattern| {
        let status = pattern.get("status").and_then(Value::as_str).unwrap_or("True");
        Some((Text::from(pattern.get("type")?.as_str()?), Text::from(status)))
    });
    Some((action, Test::Conditions(patterns.collect())))
}

/// The first rule of `spec.successPolicy` that the completed indexes meet: its place.
pub(super) fn met_success_rule(spec: &Value, completed: &IndexSet, completions: u32) -> Option<usize> {
    let rules = spec.get("successPolicy")?.get("rules")?.as_array()?;
    rules.iter().position(|rule| {
        let count = rule.get("succeededCount").and_then(Value::as_u64).map(|count| count as u32);
        match rule.get("succeededIndexes").and_then(Value::as_str) {
            Some(indexes) => {
                let wanted = IndexSet::parse(indexes, completions);
                wanted.common(completed) >= count.unwrap_or(wanted.len())
            }
            None => count.is_some_and(|count| completed.len() >= count),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_success_policy_counts_its_own_indexes() {
        let spec = json!({"successPolicy": {"rules": [
            {"succeededIndexes": "0,2-3"}, {"succeededIndexes": "0-4", "succeededCount": 2}, {"succeededCount": 4},
        ]}});
        let met = |text: &str| met_success_rule(&spec, &IndexSet::parse(text, 9), 9);
        assert_eq!(met("0,2-3"), Some(0));
        assert_eq!(met("1,4"), Some(1));
        assert_eq!(met("5-8"), Some(2));
        assert_eq!(met("4-6"), None);
    }
}
