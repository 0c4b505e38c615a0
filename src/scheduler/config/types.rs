//! A `KubeSchedulerConfiguration` of `kubescheduler.config.k8s.io/v1` as typed. Upstream: kube-scheduler/config/v1.

use k8s_openapi::api::core::v1 as core;
use serde::Deserialize;
use serde_json::Value;

macro_rules! go_objects {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Default, Deserialize)]
            #[serde(rename_all = "camelCase", default)]
            pub(super) struct $name {
                $(pub(super) $field: Option<$type>),*
            }
        )*
    };
}

go_objects! {
    /// The file.
    KubeSchedulerConfiguration {
        api_version: String,
        kind: String,
        parallelism: i32,
        leader_election: Value,
        client_connection: ClientConnectionConfiguration,
        enable_profiling: bool,
        enable_contention_profiling: bool,
        percentage_of_nodes_to_score: i32,
        pod_initial_backoff_seconds: i64,
        pod_max_backoff_seconds: i64,
        profiles: Vec<KubeSchedulerProfile>,
        extenders: Vec<Value>,
        delay_cache_until_active: bool,
    }

    /// The scheduler's client of the API server.
    ClientConnectionConfiguration {
        kubeconfig: String,
        accept_content_types: String,
        content_type: String,
        qps: f64,
        burst: i32,
    }

    /// One profile.
    KubeSchedulerProfile {
        scheduler_name: String,
        percentage_of_nodes_to_score: i32,
        plugins: Plugins,
        plugin_config: Vec<PluginConfig>,
    }

    /// What is changed of the default plugins.
    Plugins {
        pre_enqueue: PluginSet,
        queue_sort: PluginSet,
        pre_filter: PluginSet,
        filter: PluginSet,
        post_filter: PluginSet,
        pre_score: PluginSet,
        score: PluginSet,
        reserve: PluginSet,
        permit: PluginSet,
        pre_bind: PluginSet,
        bind: PluginSet,
        post_bind: PluginSet,
        multi_point: PluginSet,
    }

    /// At one point.
    PluginSet {
        enabled: Vec<Plugin>,
        disabled: Vec<Plugin>,
    }

    /// One plugin.
    Plugin {
        name: String,
        weight: i32,
    }

    /// Arguments of one plugin.
    PluginConfig {
        name: String,
        args: Value,
    }

    /// Of DefaultPreemption.
    DefaultPreemptionArgs {
        api_version: String,
        kind: String,
        min_candidate_nodes_percentage: i32,
        min_candidate_nodes_absolute: i32,
    }

    /// Of InterPodAffinity.
    InterPodAffinityArgs {
        api_version: String,
        kind: String,
        hard_pod_affinity_weight: i32,
        ignore_preferred_terms_of_existing_pods: bool,
    }

    /// Of NodeAffinity.
    NodeAffinityArgs {
        api_version: String,
        kind: String,
        added_affinity: core::NodeAffinity,
    }

    /// Of NodeResourcesBalancedAllocation.
    NodeResourcesBalancedAllocationArgs {
        api_version: String,
        kind: String,
        resources: Vec<ResourceSpec>,
    }

    /// Of NodeResourcesFit.
    NodeResourcesFitArgs {
        api_version: String,
        kind: String,
        ignored_resources: Vec<String>,
        ignored_resource_groups: Vec<String>,
        scoring_strategy: ScoringStrategy,
    }

    /// How NodeResourcesFit scores.
    ScoringStrategy {
        r#type: String,
        resources: Vec<ResourceSpec>,
        requested_to_capacity_ratio: RequestedToCapacityRatioParam,
    }

    /// A resource with its weight.
    ResourceSpec {
        name: String,
        weight: i64,
    }

    /// The curve of RequestedToCapacityRatio.
    RequestedToCapacityRatioParam {
        shape: Vec<UtilizationShapePoint>,
    }

    /// A point of it.
    UtilizationShapePoint {
        utilization: i32,
        score: i32,
    }

    /// Of PodTopologySpread.
    PodTopologySpreadArgs {
        api_version: String,
        kind: String,
        default_constraints: Vec<core::TopologySpreadConstraint>,
        defaulting_type: String,
    }

    /// Of VolumeBinding.
    VolumeBindingArgs {
        api_version: String,
        kind: String,
        bind_timeout_seconds: i64,
        shape: Vec<UtilizationShapePoint>,
    }

    /// Of DynamicResources.
    DynamicResourcesArgs {
        api_version: String,
        kind: String,
        filter_timeout: String,
        binding_timeout: String,
    }
}
