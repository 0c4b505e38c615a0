//! Configurations as people write them, and what is said of wrong ones.

use serde_json::{Value, json};

use super::{ConfigError, SchedulerConfiguration, read};
use crate::engine::SimDuration;
use crate::model::Text;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{NodeFilter, NodeScore, PluginName, PodShape, Profile, ScoreContext, Verdict};
use crate::scheduler::registry::{OutOfTreePlugin, Registry};

#[expect(clippy::needless_pass_by_value, reason = "cases are written in place")]
fn file(rest: Value) -> Value {
    let mut file = json!({ "apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration" });
    file.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    file
}

fn configuration(rest: Value) -> SchedulerConfiguration {
    read(&file(rest), &Registry::default()).unwrap()
}

fn errors(rest: Value) -> Vec<String> {
    let found: Vec<ConfigError> = read(&file(rest), &Registry::default()).unwrap_err();
    found.into_iter().map(|error| error.message).collect()
}

/// A file of one profile with these plugins.
#[expect(clippy::needless_pass_by_value, reason = "cases are written in place")]
fn plugins(plugins: Value) -> Value {
    json!({ "profiles": [{ "plugins": plugins }] })
}

/// A file of one profile with these arguments of a plugin.
#[expect(clippy::needless_pass_by_value, reason = "cases are written in place")]
fn args(name: &str, args: Value) -> Value {
    json!({ "profiles": [{ "pluginConfig": [{ "name": name, "args": args }] }] })
}

fn filters(profile: &Profile) -> Vec<&str> {
    let mut names: Vec<&str> = profile.filters.iter().map(|filter| profile.name_of(filter.name)).collect();
    names.dedup();
    names
}

fn scores(profile: &Profile) -> Vec<(&str, i64)> {
    let own = profile.node_scores.iter().map(|score| (score.name, score.weight));
    let spread = profile.spread.iter().filter_map(|plugin| Some((PluginName::PodTopologySpread, plugin.weight?)));
    let affinity = profile.affinity.iter().filter_map(|plugin| Some((PluginName::InterPodAffinity, plugin.weight?)));
    let mut all: Vec<(PluginName, i64)> = own.chain(spread).chain(affinity).collect();
    all.sort_by_key(|(name, _)| profile.score_order.iter().position(|ordered| ordered == name));
    all.into_iter().map(|(name, weight)| (profile.name_of(name), weight)).collect()
}

#[test]
fn the_defaults_are_those_of_upstream() {
    let configuration = configuration(json!({}));
    assert_eq!((configuration.client_qps, configuration.client_burst), (50.0, 100));
    assert_eq!(configuration.backoff.initial, SimDuration::from_secs(1));
    assert_eq!(configuration.backoff.max, SimDuration::from_secs(10));
    let [profile] = &configuration.profiles[..] else { panic!("one profile") };
    assert_eq!(profile.scheduler_name, "default-scheduler");
    let expected = "NodeUnschedulable NodeName TaintToleration NodeAffinity NodePorts NodeResourcesFit VolumeRestrictions \
                    NodeVolumeLimits VolumeBinding VolumeZone PodTopologySpread InterPodAffinity DynamicResources \
                    NodeDeclaredFeatures";
    assert_eq!(filters(profile).join(" "), expected);
    let expected = [
        ("TaintToleration", 3),
        ("NodeAffinity", 2),
        ("NodeResourcesFit", 1),
        ("PodTopologySpread", 2),
        ("InterPodAffinity", 2),
        ("NodeResourcesBalancedAllocation", 1),
        ("ImageLocality", 1),
    ];
    assert_eq!(scores(profile), expected);
    assert_eq!(profile.post_filter, [PluginName::DynamicResources, PluginName::DefaultPreemption]);
    assert_eq!(profile.volume_bind_timeout, SimDuration::from_secs(600));
}

#[test]
fn plugins_are_disabled_enabled_and_weighted_at_single_points_and_at_all() {
    let configuration = configuration(plugins(json!({
        "multiPoint": { "enabled": [{ "name": "ImageLocality", "weight": 7 }], "disabled": [{ "name": "NodePorts" }] },
        "score": {
            "enabled": [{ "name": "NodeResourcesFit", "weight": 5 }],
            "disabled": [{ "name": "TaintToleration" }],
        },
        "filter": { "enabled": [{ "name": "InterPodAffinity" }] },
        "postFilter": { "disabled": [{ "name": "*" }] },
    })));
    let profile = &configuration.profiles[0];
    // What is named at the point comes first.
    assert_eq!(filters(profile)[..2], ["InterPodAffinity", "NodeUnschedulable"]);
    assert!(!filters(profile).contains(&"NodePorts"));
    assert!(filters(profile).contains(&"TaintToleration"));
    let expected = [
        ("NodeResourcesFit", 5),
        ("NodeAffinity", 2),
        ("PodTopologySpread", 2),
        ("InterPodAffinity", 2),
        ("NodeResourcesBalancedAllocation", 1),
        ("ImageLocality", 7),
    ];
    assert_eq!(scores(profile), expected);
    assert!(profile.post_filter.is_empty());
    assert!(profile.late_filters.contains(PluginName::TaintToleration), "it comes after InterPodAffinity now");
}

#[test]
fn profiles_and_numbers_are_read() {
    let configuration = configuration(json!({
        "percentageOfNodesToScore": 40, "podInitialBackoffSeconds": 2, "podMaxBackoffSeconds": 20, "parallelism": 1,
        "clientConnection": { "qps": 200, "burst": 400 },
        "profiles": [{ "schedulerName": "a" }, { "schedulerName": "b", "percentageOfNodesToScore": 100 }],
    }));
    assert_eq!(configuration.percentage_of_nodes_to_score, 40);
    assert_eq!(configuration.backoff.initial, SimDuration::from_secs(2));
    assert_eq!((configuration.client_qps, configuration.client_burst), (200.0, 400));
    let profiles: Vec<_> = configuration
        .profiles
        .iter()
        .map(|profile| (profile.scheduler_name.as_str(), profile.percentage_of_nodes_to_score))
        .collect();
    assert_eq!(profiles, [("a", None), ("b", Some(100))]);
}

#[test]
fn numbers_out_of_range_are_refused_in_upstreams_words() {
    for (rest, expected) in [
        (
            json!({ "percentageOfNodesToScore": 101 }),
            "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]",
        ),
        (
            json!({ "podInitialBackoffSeconds": 0 }),
            "podInitialBackoffSeconds: Invalid value: 0: must be greater than 0",
        ),
        (
            json!({ "podInitialBackoffSeconds": 5, "podMaxBackoffSeconds": 4 }),
            "podMaxBackoffSeconds: Invalid value: 4: must be greater than or equal to PodInitialBackoffSeconds",
        ),
        (json!({ "parallelism": 0 }), "parallelism: Invalid value: 0: should be an integer value greater than zero"),
        (
            json!({ "profiles": [{ "schedulerName": "a" }, { "schedulerName": "a" }] }),
            "profiles[1].schedulerName: Duplicate value: \"profiles[0].schedulerName\"",
        ),
        (json!({ "profiles": [{ "schedulerName": "a" }, {}] }), "profiles[1].schedulerName: Required value"),
        (
            args("InterPodAffinity", json!({ "hardPodAffinityWeight": 101 })),
            "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]",
        ),
        (
            args("NodeResourcesBalancedAllocation", json!({ "resources": [{ "name": "cpu", "weight": 2 }] })),
            "profiles[0].pluginConfig[0].args.resources[0].weight: Invalid value: 2: must be 1",
        ),
        (
            args("PodTopologySpread", json!({ "defaultingType": "Some" })),
            "profiles[0].pluginConfig[0].args.defaultingType: Unsupported value: \"Some\": supported values: \"System\", \"List\"",
        ),
        (
            args("DefaultPreemption", json!({ "minCandidateNodesPercentage": 200 })),
            "profiles[0].pluginConfig[0].args.minCandidateNodesPercentage: Invalid value: 200: not in valid range [0, 100]",
        ),
        (
            args("NodeResourcesFit", json!({ "scoringStrategy": { "type": "Most" } })),
            "initializing profiles: creating profile for scheduler name default-scheduler: initializing plugin \"NodeResourcesFit\": scoringStrategy.type: Unsupported value: \"Most\": supported values: \"LeastAllocated\", \"MostAllocated\", \"RequestedToCapacityRatio\"",
        ),
        (
            args("NodeResourcesFit", json!({ "scoringStrategy": { "type": "RequestedToCapacityRatio" } })),
            "initializing profiles: creating profile for scheduler name default-scheduler: initializing plugin \"NodeResourcesFit\": scoringStrategy.requestedToCapacityRatio: Required value: must be specified when type is RequestedToCapacityRatio",
        ),
        (
            args(
                "NodeAffinity",
                json!({ "addedAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [
                    { "matchExpressions": [{ "key": "a", "operator": "Is", "values": ["b"] }] },
                ] } } }),
            ),
            "profiles[0].pluginConfig[0].args.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator: Unsupported value: \"Is\": supported values: \"In\", \"NotIn\", \"Exists\", \"DoesNotExist\", \"Gt\", \"Lt\"",
        ),
    ] {
        assert_eq!(errors(rest), [expected]);
    }
}

#[test]
fn unknown_plugins_and_fields_are_refused_in_upstreams_words() {
    let prefix = "initializing profiles: creating profile for scheduler name default-scheduler: ";
    for (rest, expected) in [
        (
            plugins(json!({ "score": { "enabled": [{ "name": "Nice" }] } })),
            format!("{prefix}ScorePlugin \"Nice\" does not exist"),
        ),
        (
            plugins(json!({ "multiPoint": { "enabled": [{ "name": "Nice" }] } })),
            format!("{prefix}PreFilterPlugin \"Nice\" does not exist"),
        ),
        (
            plugins(json!({ "filter": { "enabled": [{ "name": "ImageLocality" }] } })),
            format!("{prefix}plugin \"ImageLocality\" does not extend FilterPlugin plugin"),
        ),
        (
            plugins(json!({ "bind": { "disabled": [{ "name": "DefaultBinder" }] } })),
            format!("{prefix}at least one bind plugin is needed for profile with scheduler name \"default-scheduler\""),
        ),
        (
            plugins(json!({ "queueSort": { "disabled": [{ "name": "*" }] } })),
            format!(
                "{prefix}only one queue sort plugin required for profile with scheduler name \"default-scheduler\", but got 0"
            ),
        ),
        (json!({ "profile": [] }), "strict decoding error: unknown field \"profile\"".to_owned()),
        (
            args("InterPodAffinity", json!({ "hardPodAffinity": 1 })),
            "decoding .profiles[0].pluginConfig[0]: decoding args for plugin InterPodAffinity: strict decoding error: unknown field \"hardPodAffinity\"".to_owned(),
        ),
        (
            json!({ "podMaxBackoffSeconds": "10" }),
            "json: cannot unmarshal string into Go struct field KubeSchedulerConfiguration.podMaxBackoffSeconds of type int64".to_owned(),
        ),
    ] {
        assert_eq!(errors(rest), [expected]);
    }
    let wrong = json!({ "apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "Pod" });
    let found = read(&wrong, &Registry::default()).unwrap_err();
    assert!(found[0].message.starts_with("no kind \"Pod\" is registered for version"), "{}", found[0].message);
}

#[test]
fn every_error_says_its_field() {
    let rest = json!({ "profiles": [{ "pluginConfig": [
        { "name": "DefaultPreemption", "args": { "minCandidateNodesPercentage": -1, "minCandidateNodesAbsolute": -1 } },
    ] }] });
    let found = read(&file(rest), &Registry::default()).unwrap_err();
    let paths: Vec<&str> = found.iter().map(|error| error.path.as_str()).collect();
    let args = "profiles[0].pluginConfig[0].args";
    assert_eq!(paths, [format!("{args}.minCandidateNodesPercentage"), format!("{args}.minCandidateNodesAbsolute")]);
}

#[derive(Debug)]
struct Odd;

impl NodeFilter for Odd {
    fn filter(&self, _pod: &PodShape, node: &NodeInfo) -> Verdict {
        if node.pods.len().is_multiple_of(2) { Verdict::PASS } else { Verdict::rejected(1) }
    }

    fn reason(&self, _pod: &PodShape, _bit: u32) -> Text {
        "node(s) held an odd number of pods".into()
    }
}

impl NodeScore for Odd {
    fn score(&self, _pod: &PodShape, node: &NodeInfo, _context: ScoreContext<'_>) -> i64 {
        node.pods.len() as i64
    }
}

#[test]
fn a_plugin_of_ones_own_is_started_with_its_arguments_where_it_is_enabled() {
    let mut registry = Registry::default();
    registry
        .add("Odd", |args| match args["strict"].as_bool() {
            Some(true) => Ok(OutOfTreePlugin { filter: Some(Box::new(Odd)), score: Some(Box::new(Odd)) }),
            Some(false) => Ok(OutOfTreePlugin { filter: None, score: Some(Box::new(Odd)) }),
            None => Err("strict is required".to_owned()),
        })
        .unwrap();
    assert!(registry.add("Odd", |_| Err(String::new())).is_err(), "its name is taken");
    assert!(registry.add("NodePorts", |_| Err(String::new())).is_err(), "so is an in-tree one's");
    let enabled = |args: Value| {
        file(json!({ "profiles": [{
            "plugins": { "multiPoint": { "enabled": [{ "name": "Odd", "weight": 4 }] } },
            "pluginConfig": [{ "name": "Odd", "args": args }],
        }] }))
    };
    let strict = read(&enabled(json!({ "strict": true })), &registry).unwrap();
    assert_eq!(filters(&strict.profiles[0]).last(), Some(&"Odd"));
    assert_eq!(scores(&strict.profiles[0]).last(), Some(&("Odd", 4)));
    let mild = read(&enabled(json!({ "strict": false })), &registry).unwrap();
    assert!(!filters(&mild.profiles[0]).contains(&"Odd"));
    let refused = read(&enabled(json!({})), &registry).unwrap_err();
    assert!(refused[0].message.ends_with("initializing plugin \"Odd\": strict is required"), "{refused:?}");
    assert!(read(&file(json!({})), &registry).is_ok(), "what is not enabled is not started");
}
