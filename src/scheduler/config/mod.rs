//! The scheduler's configuration file: read strictly, defaulted and validated as kube-scheduler does at its start, and
//! made the profiles that schedule. Upstream: cmd/kube-scheduler/app/options `loadConfig`, pkg/scheduler/apis/config.

mod args;
mod plugins;
#[cfg(test)]
mod tests;
mod types;
mod validation;

use std::fmt;

use serde_json::Value;

pub use args::PluginArgs;
pub use plugins::{EnabledPlugins, Expansion};

use super::framework::Profile;
use super::queue::BackoffSettings;
use super::registry::Registry;
use crate::api::strict;
use crate::engine::SimDuration;
use types::KubeSchedulerConfiguration;

/// What a configuration file says.
#[derive(Debug)]
pub struct SchedulerConfiguration {
    /// Its profiles; at least one.
    pub profiles: Vec<Profile>,
    /// `percentageOfNodesToScore`; 0 adapts it to the number of nodes.
    pub percentage_of_nodes_to_score: usize,
    /// `podInitialBackoffSeconds` and `podMaxBackoffSeconds`.
    pub backoff: BackoffSettings,
    /// `clientConnection.qps`, calls a second.
    pub client_qps: f64,
    /// `clientConnection.burst`.
    pub client_burst: u32,
}

impl Default for SchedulerConfiguration {
    fn default() -> Self {
        let file = serde_json::json!({ "apiVersion": API_VERSION, "kind": KIND });
        read(&file, &Registry::default()).expect("the defaults are valid")
    }
}

/// Something wrong in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The field it is about, as in `profiles[0].pluginConfig[1]`; empty for the whole file.
    pub path: String,
    /// Upstream's words.
    pub message: String,
}

impl ConfigError {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

const API_VERSION: &str = "kubescheduler.config.k8s.io/v1";
const KIND: &str = "KubeSchedulerConfiguration";
const SCHEME: &str = "pkg/scheduler/apis/config/scheme/scheme.go:30";

/// Reads a configuration, with the out-of-tree plugins that it may name.
///
/// # Errors
/// Everything that is wrong: first what is no such file, then what upstream's validation says, then what keeps plugins
/// from being started.
pub fn read(file: &Value, registry: &Registry) -> Result<SchedulerConfiguration, Vec<ConfigError>> {
    identify(file).map_err(|error| vec![error])?;
    let typed: KubeSchedulerConfiguration = decode(file, "")?;
    if typed.extenders.as_ref().is_some_and(|extenders| !extenders.is_empty()) {
        let message =
            "extenders: Forbidden: a run reads and calls nothing outside of it, so extenders are not supported";
        return Err(vec![ConfigError::new("extenders", message)]);
    }
    let profiles = with_defaults(&typed);
    let mut errors = Vec::new();
    let mut read_args = Vec::new();
    for (index, profile) in profiles.iter().enumerate() {
        let configs = profile.plugin_config.as_deref().unwrap_or_default();
        match args::decode(configs, index) {
            Ok(args) => read_args.push(args),
            Err(found) => errors.extend(found),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    validation::validate(&typed, &profiles, &read_args, &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut built = Vec::new();
    for (index, (profile, args)) in profiles.iter().zip(&read_args).enumerate() {
        match plugins::profile(profile, args, registry) {
            Ok(profile) => built.push(profile),
            Err(why) => {
                let name = profile.scheduler_name.as_deref().unwrap_or_default();
                let message = format!("initializing profiles: creating profile for scheduler name {name}: {why}");
                errors.push(ConfigError::new(format!("profiles[{index}]"), message));
            }
        }
    }
    if errors.is_empty() { Ok(settings(&typed, built)) } else { Err(errors) }
}

/// Upstream: apis/config/v1 `SetDefaults_KubeSchedulerConfiguration`.
fn with_defaults(typed: &KubeSchedulerConfiguration) -> Vec<types::KubeSchedulerProfile> {
    let mut profiles = typed.profiles.clone().unwrap_or_default();
    if profiles.is_empty() {
        profiles.push(types::KubeSchedulerProfile::default());
    }
    if let [only] = profiles.as_mut_slice() {
        only.scheduler_name.get_or_insert_with(|| "default-scheduler".to_owned());
    }
    profiles
}

fn settings(typed: &KubeSchedulerConfiguration, profiles: Vec<Profile>) -> SchedulerConfiguration {
    let (initial, max) = backoff_seconds(typed);
    let client = typed.client_connection.clone().unwrap_or_default();
    SchedulerConfiguration {
        profiles,
        percentage_of_nodes_to_score: typed.percentage_of_nodes_to_score.unwrap_or(0) as usize,
        backoff: BackoffSettings {
            initial: SimDuration::from_secs(initial.unsigned_abs()),
            max: SimDuration::from_secs(max.unsigned_abs()),
        },
        client_qps: client.qps.filter(|qps| *qps != 0.0).unwrap_or(50.0),
        client_burst: client.burst.filter(|burst| *burst != 0).map_or(100, i32::unsigned_abs),
    }
}

fn backoff_seconds(typed: &KubeSchedulerConfiguration) -> (i64, i64) {
    (typed.pod_initial_backoff_seconds.unwrap_or(1), typed.pod_max_backoff_seconds.unwrap_or(10))
}

/// Kind and version have to be right before anything else is looked at.
fn identify(file: &Value) -> Result<(), ConfigError> {
    let text = |key: &str| file[key].as_str().unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    if kind.is_empty() {
        return Err(ConfigError::new("", "Object 'Kind' is missing in the file"));
    }
    if version.is_empty() {
        return Err(ConfigError::new("", "Object 'apiVersion' is missing in the file"));
    }
    match (version == API_VERSION, kind == KIND) {
        (true, true) => Ok(()),
        (true, false) => {
            let message = format!("no kind \"{kind}\" is registered for version \"{version}\" in scheme \"{SCHEME}\"");
            Err(ConfigError::new("kind", message))
        }
        (false, _) => {
            let message = format!(
                "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"{SCHEME}\" (this is {API_VERSION})"
            );
            Err(ConfigError::new("apiVersion", message))
        }
    }
}

/// Decodes strictly. `root` stands before the paths of fields.
fn decode<T: for<'de> serde::Deserialize<'de>>(value: &Value, root: &str) -> Result<T, Vec<ConfigError>> {
    let wrong = |message: String| vec![ConfigError::new(root, message)];
    let unknown = strict::check::<T>(value).map_err(|error| wrong(error.to_string()))?;
    if !unknown.is_empty() {
        let place = |path: &String| if root.is_empty() { path.clone() } else { format!("{root}.{path}") };
        let error =
            |path: &String| ConfigError::new(place(path), format!("strict decoding error: unknown field \"{path}\""));
        return Err(unknown.iter().map(error).collect());
    }
    T::deserialize(value).map_err(|error| wrong(error.to_string()))
}
