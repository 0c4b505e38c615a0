//! KubeletConfiguration: upstream's file, read strictly, its defaults, its validation.
//! Upstream: k8s.io/kubelet/config/v1beta1, kubelet apis/config/v1beta1 `SetDefaults_KubeletConfiguration`,
//! apis/config/validation `ValidateKubeletConfiguration`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::thresholds::{self, Threshold};
use crate::api::yaml;
use crate::engine::SimDuration;
use crate::model::Text;
use crate::model::quantity::Quantity;
use crate::model::resources::ResourceList;

/// The fields on which the model acts, with upstream's defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct KubeletConfiguration {
    /// `maxPods`, if the file states it.
    pub max_pods: Option<u32>,
    /// `podsPerCore`, 0 for no such bound.
    pub pods_per_core: u32,
    /// `syncFrequency`.
    pub sync_frequency: SimDuration,
    /// `crashLoopBackOff.maxContainerRestartPeriod`.
    pub max_container_restart_period: SimDuration,
    /// `serializeImagePulls`.
    pub serialize_image_pulls: bool,
    /// `maxParallelImagePulls`.
    pub max_parallel_image_pulls: Option<u32>,
    /// `evictionHard` and `evictionSoft` with their grace periods, and `evictionMinimumReclaim`.
    pub thresholds: Vec<Threshold>,
    /// `evictionPressureTransitionPeriod`.
    pub pressure_transition: SimDuration,
    /// `evictionMaxPodGracePeriod` in seconds.
    pub max_pod_grace: u32,
    /// `imageGCHighThresholdPercent` and `imageGCLowThresholdPercent`.
    pub image_gc: (u8, u8),
    /// `imageMinimumGCAge`.
    pub image_minimum_age: SimDuration,
    /// `imageMaximumGCAge`, if it is not 0.
    pub image_maximum_age: Option<SimDuration>,
    /// Priorities from which on, and how long, pods may take to end when the node shuts down; in ascending order.
    pub shutdown: Vec<(i32, SimDuration)>,
    /// `registryPullQPS`, 0 for no limit, and `registryBurst`.
    pub registry_pulls: (f64, u32),
    /// `allowedUnsafeSysctls`.
    pub allowed_unsafe_sysctls: Vec<Text>,
    /// `kubeReserved` and `systemReserved` together, if the file states any.
    pub reserved: Option<ResourceList>,
    /// Fields of the file that the model does not act on.
    pub without_effect: Vec<String>,
}

impl Default for KubeletConfiguration {
    fn default() -> Self {
        Self {
            max_pods: None,
            pods_per_core: 0,
            sync_frequency: SimDuration::from_secs(60),
            max_container_restart_period: SimDuration::from_secs(300),
            serialize_image_pulls: true,
            max_parallel_image_pulls: None,
            thresholds: thresholds::defaults(),
            pressure_transition: SimDuration::from_secs(300),
            max_pod_grace: 0,
            image_gc: (85, 80),
            image_minimum_age: SimDuration::from_secs(120),
            image_maximum_age: None,
            shutdown: Vec::new(),
            registry_pulls: (5.0, 10),
            allowed_unsafe_sysctls: Vec::new(),
            reserved: None,
            without_effect: Vec::new(),
        }
    }
}

/// Upstream: scheduling `SystemCriticalPriority`.
pub(super) const SYSTEM_CRITICAL: i32 = 2_000_000_000;

/// The fields above as the file writes them; the rest is looked up in `OTHERS`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Typed {
    max_pods: Option<i64>,
    pods_per_core: Option<i64>,
    sync_frequency: Option<String>,
    crash_loop_back_off: BTreeMap<String, String>,
    serialize_image_pulls: Option<bool>,
    max_parallel_image_pulls: Option<i64>,
    eviction_hard: Option<BTreeMap<String, String>>,
    eviction_soft: BTreeMap<String, String>,
    eviction_soft_grace_period: BTreeMap<String, String>,
    eviction_minimum_reclaim: BTreeMap<String, String>,
    eviction_pressure_transition_period: Option<String>,
    eviction_max_pod_grace_period: Option<i64>,
    merge_default_eviction_settings: Option<bool>,
    #[serde(rename = "imageGCHighThresholdPercent")]
    image_gc_high: Option<i64>,
    #[serde(rename = "imageGCLowThresholdPercent")]
    image_gc_low: Option<i64>,
    #[serde(rename = "imageMinimumGCAge")]
    image_minimum_age: Option<String>,
    #[serde(rename = "imageMaximumGCAge")]
    image_maximum_age: Option<String>,
    shutdown_grace_period: Option<String>,
    shutdown_grace_period_critical_pods: Option<String>,
    shutdown_grace_period_by_pod_priority: Option<Vec<ByPriority>>,
    #[serde(rename = "registryPullQPS")]
    registry_pull_qps: Option<i64>,
    registry_burst: Option<i64>,
    allowed_unsafe_sysctls: Vec<String>,
    kube_reserved: Option<BTreeMap<String, Value>>,
    system_reserved: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ByPriority {
    priority: i32,
    shutdown_grace_period_seconds: i64,
}

/// Fields that the model acts on.
const KNOWN: [&str; 25] = [
    "maxPods",
    "podsPerCore",
    "syncFrequency",
    "crashLoopBackOff",
    "serializeImagePulls",
    "maxParallelImagePulls",
    "evictionHard",
    "evictionSoft",
    "evictionSoftGracePeriod",
    "evictionMinimumReclaim",
    "evictionPressureTransitionPeriod",
    "evictionMaxPodGracePeriod",
    "mergeDefaultEvictionSettings",
    "imageGCHighThresholdPercent",
    "imageGCLowThresholdPercent",
    "imageMinimumGCAge",
    "imageMaximumGCAge",
    "shutdownGracePeriod",
    "shutdownGracePeriodCriticalPods",
    "shutdownGracePeriodByPodPriority",
    "registryPullQPS",
    "registryBurst",
    "allowedUnsafeSysctls",
    "kubeReserved",
    "systemReserved",
];

/// Fields that a kubelet takes and the model has no use for.
const OTHERS: &[&str] = &[
    "address",
    "authentication",
    "authorization",
    "cgroupDriver",
    "cgroupRoot",
    "cgroupsPerQOS",
    "clusterDNS",
    "clusterDomain",
    "configMapAndSecretChangeDetectionStrategy",
    "containerLogMaxFiles",
    "containerLogMaxSize",
    "containerLogMaxWorkers",
    "containerLogMonitorInterval",
    "containerRuntimeEndpoint",
    "contentType",
    "cpuCFSQuota",
    "cpuCFSQuotaPeriod",
    "cpuManagerPolicy",
    "cpuManagerPolicyOptions",
    "cpuManagerReconcilePeriod",
    "enableContentionProfiling",
    "enableControllerAttachDetach",
    "enableDebugFlagsHandler",
    "enableDebuggingHandlers",
    "enableProfilingHandler",
    "enableServer",
    "enableSystemLogHandler",
    "enableSystemLogQuery",
    "enforceNodeAllocatable",
    "eventBurst",
    "eventRecordQPS",
    "failCgroupV1",
    "failSwapOn",
    "featureGates",
    "fileCheckFrequency",
    "hairpinMode",
    "healthzBindAddress",
    "healthzPort",
    "httpCheckFrequency",
    "imagePullCredentialsVerificationPolicy",
    "imageServiceEndpoint",
    "iptablesDropBit",
    "iptablesMasqueradeBit",
    "kernelMemcgNotification",
    "kubeAPIBurst",
    "kubeAPIQPS",
    "kubeReservedCgroup",
    "kubeletCgroups",
    "localStorageCapacityIsolation",
    "logging",
    "makeIPTablesUtilChains",
    "maxOpenFiles",
    "memoryManagerPolicy",
    "memorySwap",
    "memoryThrottlingFactor",
    "nodeLeaseDurationSeconds",
    "nodeStatusMaxImages",
    "nodeStatusReportFrequency",
    "nodeStatusUpdateFrequency",
    "oomScoreAdj",
    "podCIDR",
    "podLogsDir",
    "podPidsLimit",
    "port",
    "preloadedImagesVerificationAllowlist",
    "protectKernelDefaults",
    "providerID",
    "qosReserved",
    "readOnlyPort",
    "registerNode",
    "registerWithTaints",
    "reservedMemory",
    "reservedSystemCPUs",
    "resolvConf",
    "rotateCertificates",
    "runOnce",
    "runtimeRequestTimeout",
    "seccompDefault",
    "serverTLSBootstrap",
    "showHiddenMetricsForVersion",
    "singleProcessOOMKill",
    "staticPodPath",
    "staticPodURL",
    "staticPodURLHeader",
    "streamingConnectionIdleTimeout",
    "systemCgroups",
    "systemReservedCgroup",
    "tlsCertFile",
    "tlsCipherSuites",
    "tlsCurvePreferences",
    "tlsMinVersion",
    "tlsPrivateKeyFile",
    "topologyManagerPolicy",
    "topologyManagerPolicyOptions",
    "topologyManagerScope",
    "tracing",
    "userNamespaces",
    "volumePluginDir",
    "volumeStatsAggPeriod",
];

/// Reads a file.
///
/// # Errors
/// It is no KubeletConfiguration, has fields that there are not, or values that a kubelet refuses; in upstream's words
/// where it has any.
pub fn parse(text: &str) -> Result<KubeletConfiguration, String> {
    let documents = yaml::read(text);
    if let Some(error) = documents.error {
        return Err(error.to_string());
    }
    let Ok([manifest]) = <[_; 1]>::try_from(documents.manifests) else {
        return Err("the file holds one KubeletConfiguration".to_owned());
    };
    let Value::Object(mut fields) = manifest.value else {
        return Err("the file holds one KubeletConfiguration".to_owned());
    };
    let (version, kind) = (fields.remove("apiVersion"), fields.remove("kind"));
    if version != Some("kubelet.config.k8s.io/v1beta1".into()) || kind != Some("KubeletConfiguration".into()) {
        return Err("the file must be a KubeletConfiguration of kubelet.config.k8s.io/v1beta1".to_owned());
    }
    from_fields(fields)
}

fn from_fields(fields: Map<String, Value>) -> Result<KubeletConfiguration, String> {
    let known = |name: &String| KNOWN.contains(&name.as_str());
    let unknown: Vec<&String> = fields.keys().filter(|name| !known(name) && !OTHERS.contains(&name.as_str())).collect();
    if let Some(name) = unknown.first() {
        return Err(format!("strict decoding error: unknown field \"{name}\""));
    }
    let without_effect: Vec<String> = fields.keys().filter(|name| !known(name)).cloned().collect();
    let typed: Typed = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
    let defaults = KubeletConfiguration::default();
    let duration = |value: &Option<String>, name: &str, default: SimDuration| match value {
        None => Ok(default),
        Some(text) => SimDuration::parse(text).map_err(|error| format!("{name}: {error}")),
    };
    let configuration = KubeletConfiguration {
        max_pods: within(typed.max_pods, "maxPods", 0, i64::from(i32::MAX))?.map(|number| number as u32),
        pods_per_core: within(typed.pods_per_core, "podsPerCore", 0, i64::from(i32::MAX))?.unwrap_or(0) as u32,
        sync_frequency: duration(&typed.sync_frequency, "syncFrequency", defaults.sync_frequency)?,
        max_container_restart_period: restart_period(&typed)?,
        serialize_image_pulls: typed.serialize_image_pulls.unwrap_or(true),
        max_parallel_image_pulls: within(typed.max_parallel_image_pulls, "maxParallelImagePulls", 1, 1_000_000)?
            .map(|number| number as u32),
        thresholds: thresholds::from_settings(&thresholds::Settings {
            hard: typed.eviction_hard.as_ref(),
            soft: &typed.eviction_soft,
            grace: &typed.eviction_soft_grace_period,
            reclaim: &typed.eviction_minimum_reclaim,
            merge: typed.merge_default_eviction_settings.unwrap_or(false),
        })?,
        pressure_transition: duration(
            &typed.eviction_pressure_transition_period,
            "evictionPressureTransitionPeriod",
            defaults.pressure_transition,
        )?,
        max_pod_grace: within(typed.eviction_max_pod_grace_period, "evictionMaxPodGracePeriod", 0, 1 << 31)?
            .unwrap_or(0) as u32,
        image_gc: image_gc(&typed)?,
        image_minimum_age: duration(&typed.image_minimum_age, "imageMinimumGCAge", defaults.image_minimum_age)?,
        image_maximum_age: Some(duration(&typed.image_maximum_age, "imageMaximumGCAge", SimDuration::ZERO)?)
            .filter(|age| *age > SimDuration::ZERO),
        shutdown: shutdown(&typed)?,
        registry_pulls: (
            not_negative(typed.registry_pull_qps, "registryPullQPS (--registry-qps)")?.unwrap_or(5) as f64,
            not_negative(typed.registry_burst, "registryBurst (--registry-burst)")?.unwrap_or(10) as u32,
        ),
        allowed_unsafe_sysctls: typed.allowed_unsafe_sysctls.iter().map(Text::from).collect(),
        reserved: reserved(&typed)?,
        without_effect,
    };
    if typed.max_parallel_image_pulls.is_some_and(|number| number > 1) && configuration.serialize_image_pulls {
        let message = "invalid configuration: maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) set to false";
        return Err(message.to_owned());
    }
    Ok(configuration)
}

fn within(value: Option<i64>, name: &str, least: i64, most: i64) -> Result<Option<i64>, String> {
    match value {
        Some(number) if number < least || number > most => {
            Err(format!("invalid configuration: {name} {number} must be between {least} and {most}"))
        }
        other => Ok(other),
    }
}

fn not_negative(value: Option<i64>, name: &str) -> Result<Option<i64>, String> {
    match value {
        Some(number) if number < 0 => {
            Err(format!("invalid configuration: {name} {number} must not be a negative number"))
        }
        other => Ok(other),
    }
}

/// Upstream: validation of `crashLoopBackOff`: 1 s to 300 s.
fn restart_period(typed: &Typed) -> Result<SimDuration, String> {
    if let Some(name) = typed.crash_loop_back_off.keys().find(|name| *name != "maxContainerRestartPeriod") {
        return Err(format!("strict decoding error: unknown field \"crashLoopBackOff.{name}\""));
    }
    let Some(text) = typed.crash_loop_back_off.get("maxContainerRestartPeriod") else {
        return Ok(SimDuration::from_secs(300));
    };
    let period =
        SimDuration::parse(text).map_err(|error| format!("crashLoopBackOff.maxContainerRestartPeriod: {error}"))?;
    if period < SimDuration::from_secs(1) || period > SimDuration::from_secs(300) {
        let message = "invalid configuration: CrashLoopBackOff.MaxContainerRestartPeriod (--maxContainerRestartPeriod) must be between 1s and 300s";
        return Err(message.to_owned());
    }
    Ok(period)
}

fn image_gc(typed: &Typed) -> Result<(u8, u8), String> {
    let percent = |value: Option<i64>, name: &str, default: u8| {
        within(value, name, 0, 100).map(|value| value.map_or(default, |value| value as u8))
    };
    let high = percent(typed.image_gc_high, "imageGCHighThresholdPercent (--image-gc-high-threshold)", 85)?;
    let low = percent(typed.image_gc_low, "imageGCLowThresholdPercent (--image-gc-low-threshold)", 80)?;
    if low >= high {
        return Err(format!(
            "invalid configuration: imageGCLowThresholdPercent (--image-gc-low-threshold) {low} must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) {high}"
        ));
    }
    Ok((high, low))
}

/// Upstream: nodeshutdown `migrateConfig`.
fn shutdown(typed: &Typed) -> Result<Vec<(i32, SimDuration)>, String> {
    let duration = |value: &Option<String>, name: &str| match value {
        None => Ok(SimDuration::ZERO),
        Some(text) => SimDuration::parse(text).map_err(|error| format!("{name}: {error}")),
    };
    let all = duration(&typed.shutdown_grace_period, "shutdownGracePeriod")?;
    let critical = duration(&typed.shutdown_grace_period_critical_pods, "shutdownGracePeriodCriticalPods")?;
    if critical > all {
        return Err(format!(
            "invalid configuration: shutdownGracePeriodCriticalPods {critical} must be <= shutdownGracePeriod {all}"
        ));
    }
    if let Some(groups) = &typed.shutdown_grace_period_by_pod_priority {
        if all > SimDuration::ZERO {
            let message = "invalid configuration: Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time";
            return Err(message.to_owned());
        }
        let mut list: Vec<(i32, SimDuration)> = groups
            .iter()
            .map(|group| (group.priority, SimDuration::from_secs(group.shutdown_grace_period_seconds.max(0) as u64)))
            .collect();
        list.sort_by_key(|(priority, _)| *priority);
        return Ok(list);
    }
    if all == SimDuration::ZERO {
        return Ok(Vec::new());
    }
    Ok(vec![(0, all.saturating_sub(critical)), (SYSTEM_CRITICAL, critical)])
}

fn reserved(typed: &Typed) -> Result<Option<ResourceList>, String> {
    if typed.kube_reserved.is_none() && typed.system_reserved.is_none() {
        return Ok(None);
    }
    let mut total = ResourceList::default();
    for (name, value) in typed.kube_reserved.iter().chain(&typed.system_reserved).flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let amount = Quantity::parse_checked(&text).map_err(|error| format!("reserved {name}: {error}"))?;
        let mut one = ResourceList::default();
        one.set(name, amount);
        total.add(&one);
    }
    Ok(Some(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(fields: &str) -> Result<KubeletConfiguration, String> {
        parse(&format!("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n{fields}"))
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(file("").unwrap(), KubeletConfiguration::default());
    }

    #[test]
    fn unknown_fields_are_refused_and_unused_ones_listed() {
        assert_eq!(file("maxPodz: 3\n").unwrap_err(), "strict decoding error: unknown field \"maxPodz\"");
        assert_eq!(file("cgroupDriver: systemd\nmaxPods: 30\n").unwrap().without_effect, ["cgroupDriver"]);
        assert!(parse("kind: KubeletConfiguration\n").is_err());
    }

    #[test]
    fn shutdown_has_two_groups_or_those_by_priority() {
        let seconds = SimDuration::from_secs;
        let two = file("shutdownGracePeriod: 30s\nshutdownGracePeriodCriticalPods: 10s\n").unwrap();
        assert_eq!(two.shutdown, [(0, seconds(20)), (SYSTEM_CRITICAL, seconds(10))]);
        let own = "shutdownGracePeriodByPodPriority: [{priority: 100, shutdownGracePeriodSeconds: 60}, {priority: 0, shutdownGracePeriodSeconds: 5}]\n";
        assert_eq!(file(own).unwrap().shutdown, [(0, seconds(5)), (100, seconds(60))]);
        assert!(file(&format!("shutdownGracePeriod: 1s\n{own}")).unwrap_err().contains("Cannot specify both"));
        assert!(file("shutdownGracePeriod: 1s\nshutdownGracePeriodCriticalPods: 2s\n").is_err());
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for wrong in [
            "maxPods: -1\n",
            "imageGCHighThresholdPercent: 101\n",
            "imageGCHighThresholdPercent: 70\n",
            "crashLoopBackOff: {maxContainerRestartPeriod: 10m}\n",
            "crashLoopBackOff: {other: 1s}\n",
            "maxParallelImagePulls: 4\n",
            "evictionHard: {memory.availabel: 1Gi}\n",
            "syncFrequency: soon\n",
        ] {
            assert!(file(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            file("maxParallelImagePulls: 4\nserializeImagePulls: false\n").unwrap().max_parallel_image_pulls,
            Some(4)
        );
    }

    #[test]
    fn reserves_add_up() {
        let of =
            file("kubeReserved: {cpu: 100m}\nsystemReserved: {cpu: 50m, memory: 1Gi}\n").unwrap().reserved.unwrap();
        assert_eq!((of.get("cpu").unwrap().milli(), of.get("memory").unwrap().value()), (150, 1 << 30));
    }
}
