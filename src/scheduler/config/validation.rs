//! What kube-scheduler refuses of a configuration. Upstream: apis/config/validation `ValidateKubeSchedulerConfiguration`.

use serde_json::{Value, json};

use super::args::PluginArgs;
use super::types::{KubeSchedulerConfiguration, KubeSchedulerProfile, PluginSet};
use super::{API_VERSION, ConfigError, backoff_seconds};

/// Errors of fields, each with its place.
pub(super) struct FieldErrors<'a>(pub(super) &'a mut Vec<ConfigError>);

impl FieldErrors<'_> {
    pub(super) fn add(&mut self, path: &str, what: &str) {
        self.0.push(ConfigError::new(path, format!("{path}: {what}")));
    }

    pub(super) fn invalid(&mut self, path: &str, value: impl Into<Value>, detail: &str) {
        self.add(path, &format!("Invalid value: {}: {detail}", value.into()));
    }

    pub(super) fn required(&mut self, path: &str, detail: &str) {
        let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        self.add(path, &format!("Required value{detail}"));
    }

    pub(super) fn unsupported(&mut self, path: &str, value: &str, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|name| format!("{name:?}")).collect();
        self.add(path, &format!("Unsupported value: {value:?}: supported values: {}", supported.join(", ")));
    }
}

/// Plugins that are no more. Upstream: `invalidPluginsByVersion`.
const GONE: [&str; 4] = ["AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits"];

/// Adds everything that is wrong.
pub(super) fn validate(
    typed: &KubeSchedulerConfiguration,
    profiles: &[KubeSchedulerProfile],
    args: &[PluginArgs],
    found: &mut Vec<ConfigError>,
) {
    let mut errors = FieldErrors(found);
    let client = typed.client_connection.clone().unwrap_or_default();
    if let Some(burst) = client.burst.filter(|burst| *burst < 0) {
        errors.invalid("clientConnection.burst", burst, "must be non-negative");
    }
    if let Some(parallelism) = typed.parallelism.filter(|parallelism| *parallelism <= 0) {
        errors.invalid("parallelism", parallelism, "should be an integer value greater than zero");
    }
    for (index, (profile, args)) in profiles.iter().zip(args).enumerate() {
        let path = format!("profiles[{index}]");
        validate_profile(&path, profile, &mut errors);
        for (place, config) in profile.plugin_config.iter().flatten().enumerate() {
            let path = format!("{path}.pluginConfig[{place}]");
            let name = config.name.as_deref().unwrap_or_default();
            let before = profile.plugin_config.iter().flatten().take(place);
            if before.filter_map(|config| config.name.as_deref()).any(|other| other == name) {
                errors.add(&path, &format!("Duplicate value: {name:?}"));
            }
            if GONE.contains(&name) {
                errors.invalid(&path, name, &gone());
            } else {
                args.validate(name, &format!("{path}.args"), &mut errors);
            }
        }
        let name = profile.scheduler_name.as_deref().unwrap_or_default();
        let earlier = profiles.iter().take(index).rposition(|other| other.scheduler_name.as_deref() == Some(name));
        if let Some(earlier) = earlier {
            let other = format!("profiles[{earlier}].schedulerName");
            errors.add(&format!("{path}.schedulerName"), &format!("Duplicate value: {other:?}"));
        }
    }
    validate_queue_sort(profiles, &mut errors);
    validate_percentage("percentageOfNodesToScore", typed.percentage_of_nodes_to_score, &mut errors);
    let (initial, max) = backoff_seconds(typed);
    if initial <= 0 {
        errors.invalid("podInitialBackoffSeconds", initial, "must be greater than 0");
    }
    if max < initial {
        let detail = "must be greater than or equal to PodInitialBackoffSeconds";
        errors.invalid("podMaxBackoffSeconds", max, detail);
    }
}

fn gone() -> String {
    format!("was invalid in version {API_VERSION:?} (KubeSchedulerConfiguration is version {API_VERSION:?})")
}

fn validate_percentage(path: &str, percentage: Option<i32>, errors: &mut FieldErrors<'_>) {
    if let Some(percentage) = percentage.filter(|percentage| !(0..=100).contains(percentage)) {
        errors.invalid(path, percentage, "not in valid range [0-100]");
    }
}

fn validate_profile(path: &str, profile: &KubeSchedulerProfile, errors: &mut FieldErrors<'_>) {
    if profile.scheduler_name.as_deref().unwrap_or_default().is_empty() {
        errors.required(&format!("{path}.schedulerName"), "");
    }
    validate_percentage(&format!("{path}.percentageOfNodesToScore"), profile.percentage_of_nodes_to_score, errors);
    let Some(plugins) = &profile.plugins else { return };
    for (field, set) in plugins.points() {
        for (index, plugin) in set.enabled.iter().flatten().enumerate() {
            let path = format!("{path}.plugins.{field}.enabled[{index}]");
            let name = plugin.name.as_deref().unwrap_or_default();
            if GONE.contains(&name) && field != "multiPoint" {
                errors.invalid(&path, name, &gone());
            }
            // Upstream does not look at weights before the framework multiplies them; a negative one turns an order
            // round and ends every cycle with an error, so it is refused here.
            if let Some(weight) = plugin.weight.filter(|weight| *weight < 0) {
                errors.invalid(&format!("{path}.weight"), weight, "must be greater than or equal to 0");
            }
        }
    }
}

/// Upstream: `validateCommonQueueSort`.
fn validate_queue_sort(profiles: &[KubeSchedulerProfile], errors: &mut FieldErrors<'_>) {
    let queue_sort = |profile: &KubeSchedulerProfile| {
        let set = profile.plugins.clone().and_then(|plugins| plugins.queue_sort).unwrap_or_default();
        let names = |plugins: &Option<Vec<super::types::Plugin>>| -> Vec<String> {
            plugins.iter().flatten().map(|plugin| plugin.name.clone().unwrap_or_default()).collect()
        };
        (names(&set.enabled), names(&set.disabled))
    };
    let Some(first) = profiles.first().map(queue_sort) else { return };
    if first.0.len() > 1 {
        let path = "profiles[0].plugins.queueSort.Enabled";
        errors.invalid(path, first.0.len() as u64, "only one queue sort plugin can be enabled");
    }
    for (index, profile) in profiles.iter().enumerate().skip(1) {
        let own = queue_sort(profile);
        if own != first {
            let value = json!({ "Enabled": own.0, "Disabled": own.1 });
            errors.invalid(&format!("profiles[{index}].plugins.queueSort"), value, "must be the same for all profiles");
        }
    }
}

impl super::types::Plugins {
    /// Its sets by field name.
    pub(super) fn points(&self) -> Vec<(&'static str, PluginSet)> {
        let sets = [
            ("preEnqueue", &self.pre_enqueue),
            ("queueSort", &self.queue_sort),
            ("preFilter", &self.pre_filter),
            ("filter", &self.filter),
            ("postFilter", &self.post_filter),
            ("preScore", &self.pre_score),
            ("score", &self.score),
            ("reserve", &self.reserve),
            ("permit", &self.permit),
            ("preBind", &self.pre_bind),
            ("bind", &self.bind),
            ("postBind", &self.post_bind),
            ("multiPoint", &self.multi_point),
        ];
        sets.into_iter().map(|(field, set)| (field, set.clone().unwrap_or_default())).collect()
    }
}
