//! Arguments of the in-tree plugins: decoded strictly, defaulted and validated.
//! Upstream: apis/config/v1 `SetDefaults_…Args`, apis/config/validation `Validate…Args`.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1 as core;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::types::{self, PluginConfig, ResourceSpec, UtilizationShapePoint};
use super::validation::FieldErrors;
use super::{ConfigError, decode as decode_strictly};
use crate::api::convert;
use crate::api::validation::names;
use crate::engine::SimDuration;
use crate::model::Text;
use crate::model::affinity::NodeAffinity;
use crate::scheduler::framework::PluginName;
use crate::scheduler::plugins::inter_pod_affinity::InterPodAffinityArgs;
use crate::scheduler::plugins::node_resources_balanced_allocation::NodeResourcesBalancedAllocation;
use crate::scheduler::plugins::node_resources_fit::{NodeResourcesFit, ScoringStrategy};
use crate::scheduler::plugins::pod_topology_spread::DefaultConstraints;
use crate::scheduler::preemption::DefaultPreemptionArgs;

/// The arguments of a profile's plugins, as typed.
#[derive(Clone, Debug, Default)]
pub struct PluginArgs {
    preemption: types::DefaultPreemptionArgs,
    affinity: types::InterPodAffinityArgs,
    node_affinity: types::NodeAffinityArgs,
    balanced: types::NodeResourcesBalancedAllocationArgs,
    fit: types::NodeResourcesFitArgs,
    spread: types::PodTopologySpreadArgs,
    volume_binding: types::VolumeBindingArgs,
    dynamic_resources: types::DynamicResourcesArgs,
    /// Of plugins that are not in-tree, by name.
    others: BTreeMap<String, Value>,
}

/// Decodes the arguments of a profile.
pub(super) fn decode(configs: &[PluginConfig], profile: usize) -> Result<PluginArgs, Vec<ConfigError>> {
    let mut args = PluginArgs::default();
    let mut errors = Vec::new();
    for (index, config) in configs.iter().enumerate() {
        let name = config.name.as_deref().unwrap_or_default();
        let value = config.args.clone().unwrap_or_else(|| json!({}));
        let path = format!("profiles[{profile}].pluginConfig[{index}]");
        if let Err(found) = args.take(name, &value, &path) {
            errors.extend(found.into_iter().map(|error| {
                let message = format!("decoding .{path}: decoding args for plugin {name}: {}", error.message);
                ConfigError::new(error.path, message)
            }));
        }
    }
    if errors.is_empty() { Ok(args) } else { Err(errors) }
}

/// One plugin's arguments.
fn typed<T: DeserializeOwned>(name: &str, value: &Value, path: &str) -> Result<T, Vec<ConfigError>> {
    let kind = value["kind"].as_str().unwrap_or_default();
    if !kind.is_empty() && kind != format!("{name}Args") {
        let group = "kubescheduler.config.k8s.io";
        let message = format!("args for plugin {name} were not of type {name}Args.{group}, got {kind}.{group}");
        return Err(vec![ConfigError::new(format!("{path}.args.kind"), message)]);
    }
    decode_strictly(value, &format!("{path}.args"))
}

impl PluginArgs {
    fn take(&mut self, name: &str, value: &Value, path: &str) -> Result<(), Vec<ConfigError>> {
        match PluginName::from_name(name) {
            Some(PluginName::DefaultPreemption) => self.preemption = typed(name, value, path)?,
            Some(PluginName::InterPodAffinity) => self.affinity = typed(name, value, path)?,
            Some(PluginName::NodeAffinity) => self.node_affinity = typed(name, value, path)?,
            Some(PluginName::NodeResourcesBalancedAllocation) => self.balanced = typed(name, value, path)?,
            Some(PluginName::NodeResourcesFit) => self.fit = typed(name, value, path)?,
            Some(PluginName::PodTopologySpread) => self.spread = typed(name, value, path)?,
            Some(PluginName::VolumeBinding) => self.volume_binding = typed(name, value, path)?,
            Some(PluginName::DynamicResources) => self.dynamic_resources = typed(name, value, path)?,
            // Other in-tree plugins take none, and upstream reads none of theirs.
            Some(_) => {}
            None => {
                self.others.insert(name.to_owned(), value.clone());
            }
        }
        Ok(())
    }

    /// Adds what is wrong with the arguments of a plugin. NodeResourcesFit checks its own when it is started.
    pub(super) fn validate(&self, name: &str, path: &str, errors: &mut FieldErrors<'_>) {
        match PluginName::from_name(name) {
            Some(PluginName::DefaultPreemption) => self.validate_preemption(path, errors),
            Some(PluginName::InterPodAffinity) => {
                let weight = self.affinity.hard_pod_affinity_weight.unwrap_or(1);
                if !(0..=100).contains(&weight) {
                    errors.invalid(&format!("{path}.hardPodAffinityWeight"), weight, "not in valid range [0, 100]");
                }
            }
            Some(PluginName::NodeAffinity) => self.validate_node_affinity(path, errors),
            Some(PluginName::NodeResourcesBalancedAllocation) => self.validate_balanced(path, errors),
            Some(PluginName::PodTopologySpread) => self.validate_spread(path, errors),
            Some(PluginName::VolumeBinding) => {
                if let Some(seconds) = self.volume_binding.bind_timeout_seconds.filter(|seconds| *seconds < 0) {
                    let detail = "invalid BindTimeoutSeconds, should not be a negative value";
                    errors.invalid(&format!("{path}.bindTimeoutSeconds"), seconds, detail);
                }
                if let Some(shape) = &self.volume_binding.shape {
                    let detail =
                        "unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring";
                    errors.invalid(&format!("{path}.shape"), shape_value(shape), detail);
                }
            }
            _ => {}
        }
    }

    fn validate_preemption(&self, path: &str, errors: &mut FieldErrors<'_>) {
        let (percentage, absolute) = self.preemption_numbers();
        let (percentage_path, absolute_path) =
            (format!("{path}.minCandidateNodesPercentage"), format!("{path}.minCandidateNodesAbsolute"));
        if !(0..=100).contains(&percentage) {
            errors.invalid(&percentage_path, percentage, "not in valid range [0, 100]");
        }
        if absolute < 0 {
            errors.invalid(&absolute_path, absolute, "not in valid range [0, inf)");
        }
        if (percentage, absolute) == (0, 0) {
            let detail = |other: &str| format!("cannot be zero at the same time as {other}");
            errors.invalid(&percentage_path, percentage, &detail("minCandidateNodesAbsolute"));
            errors.invalid(&absolute_path, absolute, &detail("minCandidateNodesPercentage"));
        }
    }

    fn validate_balanced(&self, path: &str, errors: &mut FieldErrors<'_>) {
        let mut seen: Vec<&str> = Vec::new();
        for (index, resource) in self.balanced.resources.iter().flatten().enumerate() {
            let name = resource.name.as_deref().unwrap_or_default();
            if seen.contains(&name) {
                errors.add(&format!("{path}.resources[{index}].name"), &format!("Duplicate value: {name:?}"));
            }
            seen.push(name);
            let weight = weight_of(resource);
            if weight != 1 {
                errors.invalid(&format!("{path}.resources[{index}].weight"), weight, "must be 1");
            }
        }
    }

    fn validate_node_affinity(&self, path: &str, errors: &mut FieldErrors<'_>) {
        let Some(affinity) = &self.node_affinity.added_affinity else { return };
        let path = format!("{path}.addedAffinity");
        let required = affinity.required_during_scheduling_ignored_during_execution.iter();
        for (index, term) in required.flat_map(|required| &required.node_selector_terms).enumerate() {
            let place = format!("{path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[{index}]");
            validate_term(term, &place, errors);
        }
        let preferred = affinity.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        for (index, term) in preferred.enumerate() {
            let place = format!("{path}.preferredDuringSchedulingIgnoredDuringExecution[{index}]");
            validate_term(&term.preference, &place, errors);
        }
    }

    fn validate_spread(&self, path: &str, errors: &mut FieldErrors<'_>) {
        let constraints = self.spread.default_constraints.as_deref().unwrap_or_default();
        let defaulting = self.spread.defaulting_type.as_deref().filter(|text| !text.is_empty()).unwrap_or("System");
        let type_path = format!("{path}.defaultingType");
        if !["System", "List"].contains(&defaulting) {
            errors.unsupported(&type_path, defaulting, &["System", "List"]);
        } else if defaulting == "System" && !constraints.is_empty() {
            errors.invalid(&type_path, defaulting, "when .defaultConstraints are not empty");
        }
        for (index, constraint) in constraints.iter().enumerate() {
            let place = format!("{path}.defaultConstraints[{index}]");
            if constraint.max_skew <= 0 {
                errors.invalid(&format!("{place}.maxSkew"), constraint.max_skew, "not in valid range (0, inf)");
            }
            let key_path = format!("{place}.topologyKey");
            if constraint.topology_key.is_empty() {
                errors.required(&key_path, "can not be empty");
            }
            label_name(&constraint.topology_key, &key_path, errors);
            let when = constraint.when_unsatisfiable.as_str();
            if when.is_empty() {
                errors.required(&format!("{place}.whenUnsatisfiable"), "can not be empty");
            } else if !["DoNotSchedule", "ScheduleAnyway"].contains(&when) {
                let supported = ["DoNotSchedule", "ScheduleAnyway"];
                errors.unsupported(&format!("{place}.whenUnsatisfiable"), when, &supported);
            }
            if constraint.label_selector.is_some() {
                let detail = "Forbidden: constraint must not define a selector, as they deduced for each pod";
                errors.add(&format!("{place}.labelSelector"), detail);
            }
            let same = |other: &core::TopologySpreadConstraint| {
                (&other.topology_key, &other.when_unsatisfiable)
                    == (&constraint.topology_key, &constraint.when_unsatisfiable)
            };
            if constraints[..index].iter().any(same) {
                let value = format!("{{{}, {when}}}", constraint.topology_key);
                errors.add(&place, &format!("Duplicate value: {value:?}"));
            }
        }
    }

    fn preemption_numbers(&self) -> (i32, i32) {
        let args = &self.preemption;
        (args.min_candidate_nodes_percentage.unwrap_or(10), args.min_candidate_nodes_absolute.unwrap_or(100))
    }

    /// Of DefaultPreemption.
    pub fn preemption(&self) -> DefaultPreemptionArgs {
        let (percentage, absolute) = self.preemption_numbers();
        DefaultPreemptionArgs {
            min_candidate_nodes_percentage: percentage.unsigned_abs() as usize,
            min_candidate_nodes_absolute: absolute.unsigned_abs() as usize,
        }
    }

    /// Of InterPodAffinity.
    pub fn affinity(&self) -> InterPodAffinityArgs {
        InterPodAffinityArgs {
            hard_pod_affinity_weight: self.affinity.hard_pod_affinity_weight.unwrap_or(1),
            ignore_preferred_terms_of_existing_pods: self
                .affinity
                .ignore_preferred_terms_of_existing_pods
                .unwrap_or(false),
        }
    }

    /// `addedAffinity` of NodeAffinity.
    pub fn added_affinity(&self) -> Option<Arc<NodeAffinity>> {
        let value = serde_json::to_value(self.node_affinity.added_affinity.as_ref()?).ok()?;
        convert::node_affinity(&value).map(Arc::new)
    }

    /// Of NodeResourcesBalancedAllocation.
    pub fn balanced(&self) -> NodeResourcesBalancedAllocation {
        let resources = resources_or_default(self.balanced.resources.as_deref());
        NodeResourcesBalancedAllocation { resources: resources.into_iter().map(|(name, _)| name.into()).collect() }
    }

    /// Of PodTopologySpread.
    pub fn spread(&self) -> DefaultConstraints {
        if self.spread.defaulting_type.as_deref() != Some("List") {
            return DefaultConstraints::System;
        }
        let constraints = self.spread.default_constraints.iter().flatten();
        let values = constraints.filter_map(|constraint| serde_json::to_value(constraint).ok());
        DefaultConstraints::List(values.map(|value| convert::spread_constraint(&value)).collect())
    }

    /// `bindTimeoutSeconds` of VolumeBinding.
    pub fn volume_bind_timeout(&self) -> SimDuration {
        SimDuration::from_secs(self.volume_binding.bind_timeout_seconds.unwrap_or(600).unsigned_abs())
    }

    /// Arguments of an out-of-tree plugin.
    pub fn of_out_of_tree(&self, name: &str) -> &Value {
        self.others.get(name).unwrap_or(&Value::Null)
    }

    /// Of NodeResourcesFit.
    ///
    /// # Errors
    /// What the plugin refuses when it is started. Upstream: noderesources `NewFit`.
    pub fn fit(&self) -> Result<NodeResourcesFit, String> {
        let mut found = Vec::new();
        let mut errors = FieldErrors(&mut found);
        let args = &self.fit;
        for (index, name) in args.ignored_resources.iter().flatten().enumerate() {
            label_name(name, &format!("ignoredResources[{index}]"), &mut errors);
        }
        for (index, group) in args.ignored_resource_groups.iter().flatten().enumerate() {
            let path = format!("ignoredResourceGroups[{index}]");
            if group.contains('/') {
                errors.invalid(&path, group.as_str(), "resource group name can't contain '/'");
            }
            label_name(group, &path, &mut errors);
        }
        let strategy = args.scoring_strategy.clone().unwrap_or_else(|| types::ScoringStrategy {
            r#type: Some("LeastAllocated".to_owned()),
            ..types::ScoringStrategy::default()
        });
        let resources = resources_or_default(strategy.resources.as_deref());
        let scoring = scoring_strategy(&strategy, &resources, &mut errors);
        if !found.is_empty() {
            let messages: Vec<String> = found.into_iter().map(|error| error.message).collect();
            let text =
                if let [only] = messages.as_slice() { only.clone() } else { format!("[{}]", messages.join(", ")) };
            return Err(text);
        }
        let texts = |list: &Option<Vec<String>>| list.iter().flatten().map(Text::from).collect();
        Ok(NodeResourcesFit {
            strategy: scoring,
            resources: resources.into_iter().map(|(name, weight)| (name.into(), weight)).collect(),
            ignored_resources: texts(&args.ignored_resources),
            ignored_resource_groups: texts(&args.ignored_resource_groups),
        })
    }
}

fn scoring_strategy(
    strategy: &types::ScoringStrategy,
    resources: &[(Text, i64)],
    errors: &mut FieldErrors<'_>,
) -> ScoringStrategy {
    const TYPES: [&str; 3] = ["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"];
    let kind = strategy.r#type.as_deref().unwrap_or_default();
    if !TYPES.contains(&kind) {
        errors.unsupported("scoringStrategy.type", kind, &TYPES);
    }
    for (index, (name, weight)) in resources.iter().enumerate() {
        if *weight <= 0 || *weight > 100 {
            let detail = format!("resource weight of {name} not in valid range (0, 100]");
            errors.invalid(&format!("scoringStrategy.resources[{index}].weight"), *weight, &detail);
        }
    }
    let path = "scoringStrategy.requestedToCapacityRatio";
    match (kind, &strategy.requested_to_capacity_ratio) {
        ("RequestedToCapacityRatio", None) => {
            errors.required(path, "must be specified when type is RequestedToCapacityRatio");
            ScoringStrategy::LeastAllocated
        }
        ("RequestedToCapacityRatio", Some(param)) => {
            let shape = param.shape.as_deref().unwrap_or_default();
            validate_shape(shape, &format!("{path}.shape"), errors);
            ScoringStrategy::RequestedToCapacityRatio(shape.iter().map(point).collect())
        }
        (_, Some(_)) => {
            errors.add(path, "Forbidden: must be nil when type is not RequestedToCapacityRatio");
            ScoringStrategy::LeastAllocated
        }
        ("MostAllocated", None) => ScoringStrategy::MostAllocated,
        (_, None) => ScoringStrategy::LeastAllocated,
    }
}

fn point(point: &UtilizationShapePoint) -> (i64, i64) {
    (i64::from(point.utilization.unwrap_or(0)), i64::from(point.score.unwrap_or(0)))
}

fn shape_value(shape: &[UtilizationShapePoint]) -> Value {
    let points =
        shape.iter().map(point).map(|(utilization, score)| json!({ "utilization": utilization, "score": score }));
    Value::Array(points.collect())
}

/// Upstream: `validateFunctionShape`.
fn validate_shape(shape: &[UtilizationShapePoint], path: &str, errors: &mut FieldErrors<'_>) {
    if shape.is_empty() {
        errors.required(path, "at least one point must be specified");
        return;
    }
    let points: Vec<(i64, i64)> = shape.iter().map(point).collect();
    if let Some(before) = points.windows(2).position(|pair| pair[0].0 >= pair[1].0) {
        let path = format!("{path}[{}].utilization", before + 1);
        errors.invalid(&path, points[before + 1].0, "values must be sorted in increasing order");
    }
    for (index, (utilization, score)) in points.into_iter().enumerate() {
        if !(0..=100).contains(&utilization) {
            errors.invalid(&format!("{path}[{index}].utilization"), utilization, "not in valid range [0, 100]");
        }
        if !(0..=10).contains(&score) {
            errors.invalid(&format!("{path}[{index}].score"), score, "not in valid range [0, 10]");
        }
    }
}

/// A weight of 0 becomes 1.
fn weight_of(resource: &ResourceSpec) -> i64 {
    resource.weight.filter(|weight| *weight != 0).unwrap_or(1)
}

fn resources_or_default(resources: Option<&[ResourceSpec]>) -> Vec<(Text, i64)> {
    match resources {
        None | Some([]) => vec![(Text::const_new("cpu"), 1), (Text::const_new("memory"), 1)],
        Some(list) => list.iter().map(|one| (one.name.as_deref().unwrap_or_default().into(), weight_of(one))).collect(),
    }
}

/// Upstream: metav1/validation `ValidateLabelName`.
fn label_name(name: &str, path: &str, errors: &mut FieldErrors<'_>) {
    for detail in names::qualified(name) {
        errors.invalid(path, name, &detail);
    }
}

/// Upstream: component-helpers nodeaffinity `newNodeSelectorTerm`, apimachinery labels `NewRequirement`.
fn validate_term(term: &core::NodeSelectorTerm, path: &str, errors: &mut FieldErrors<'_>) {
    const OPERATORS: [&str; 6] = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];
    for (index, expression) in term.match_expressions.iter().flatten().enumerate() {
        let place = format!("{path}.matchExpressions[{index}]");
        let (operator, values) = (expression.operator.as_str(), expression.values.as_deref().unwrap_or_default());
        if !OPERATORS.contains(&operator) {
            errors.unsupported(&format!("{place}.operator"), operator, &OPERATORS);
            continue;
        }
        label_name(&expression.key, &format!("{place}.key"), errors);
        let values_path = format!("{place}.values");
        let mut refuse = |detail: &str| errors.invalid(&values_path, json!(values), detail);
        match operator {
            "In" | "NotIn" if values.is_empty() => refuse("for 'in', 'notin' operators, values set can't be empty"),
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                refuse("values set must be empty for exists and does not exist");
            }
            "Gt" | "Lt" if values.len() != 1 => refuse("for 'Gt', 'Lt' operators, exactly one value is required"),
            "Gt" | "Lt" if values[0].parse::<i64>().is_err() => {
                let detail = "for 'Gt', 'Lt' operators, the value must be an integer";
                errors.invalid(&format!("{values_path}[0]"), values[0].as_str(), detail);
            }
            _ => {}
        }
    }
    for (index, field) in term.match_fields.iter().flatten().enumerate() {
        let place = format!("{path}.matchFields[{index}]");
        let values = field.values.as_deref().unwrap_or_default();
        if field.key != "metadata.name" {
            errors.unsupported(&format!("{place}.key"), &field.key, &["metadata.name"]);
        } else if !["In", "NotIn"].contains(&field.operator.as_str()) {
            errors.unsupported(&format!("{place}.operator"), &field.operator, &["In", "NotIn"]);
        } else if values.len() != 1 {
            errors.required(&format!("{place}.values"), "must have one element");
        }
    }
}
