//! `spec.cluster`: nodes and components.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::amounts::RandomDuration;
use super::amounts_table::RANDOM_DURATION;
use super::leaves::{Amount, DURATION, Duration, QUANTITY};
use super::objects;
use super::shape::{Field, Shape, Type, field};

/// Resources by name.
pub type Resources = BTreeMap<String, Amount>;

const RESOURCES: Type = Type::Map(&Type::Leaf(&QUANTITY));
const FLAGS: Type = Type::Map(&Type::Any(&[Type::Text, Type::Number(f64::NEG_INFINITY), Type::Boolean]));

/// What a node keeps for itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Reserved {
    /// As a managed service reserves it.
    Preset(Preset),
    /// These amounts.
    Amounts(Resources),
}

/// Managed services whose nodes are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Amazon EKS.
    Eks,
    /// Google GKE.
    Gke,
    /// Azure AKS.
    Aks,
}

/// A flag's value as it stands in YAML.
pub type Flags = BTreeMap<String, Value>;

objects! {
    /// Nodes and components.
    Cluster CLUSTER {
        #[serde(default)]
        "nodes" nodes: Vec<NodeGroup> = Type::List(&Type::Object(&NODE_GROUP)), "groups of equal nodes";
        #[serde(default)]
        "prices" prices: Vec<Price> = Type::List(&Type::Object(&PRICE)), "prices of Nodes that come as manifests or by import: the first match counts";
        #[serde(default)]
        "import" import: Vec<String> = Type::List(&Type::Text), "output of `kubectl get nodes,pods,… -A -o yaml` (or json, .gz): the initial state";
        "components" components: Option<Components> = Type::Object(&COMPONENTS), "settings of the control plane and the kubelet, by upstream's names";
        "latency" latency: Option<Latency> = Type::Any(&[Type::Keyword(&LATENCY_PRESETS), Type::Object(&LATENCY)]), "how long the parts of the cluster take", default("realistic");
        "unknownKinds" unknown_kinds: Option<UnknownKinds> = Type::Keyword(&["refuse", "store"]), "what to do with manifests of unknown kinds; kinds of CustomResourceDefinitions are known once these are applied", default("refuse");
        "systemPods" system_pods: Option<SystemPods> = Type::Keyword(&["none", "kubeadm"]), "pods in kube-system from the start", default("none");
    }

    /// A group of equal nodes.
    NodeGroup NODE_GROUP {
        "name" name: String = Type::Text, "name; `{}` counts 1, 2, … (without it and with a count above 1, `-1`, `-2`, … are appended)", required();
        "group" group: Option<String> = Type::Text, "name of the group, which reports, steps and paths use", default("the name without `-{}`");
        "count" count: Option<u32> = Type::Integer(0, 1_000_000), "how many", default("1");
        #[serde(default)]
        "zones" zones: Vec<String> = Type::List(&Type::Text), "label `topology.kubernetes.io/zone`, given in turn";
        #[serde(default)]
        "capacity" capacity: Resources = RESOURCES, "what the machine has", default("cpu: 4, memory: 16Gi, pods: 110, ephemeral-storage: 100Gi");
        "reserved" reserved: Option<Reserved> = Type::Any(&[Type::Keyword(&["eks", "gke", "aks"]), RESOURCES]), "what the kubelet keeps from pods: amounts, or as a managed service does it; allocatable = capacity − reserved − eviction threshold";
        #[serde(default)]
        "labels" labels: BTreeMap<String, String> = Type::Map(&Type::Text), "labels";
        #[serde(default)]
        "annotations" annotations: BTreeMap<String, String> = Type::Map(&Type::Text), "annotations";
        #[serde(default)]
        "taints" taints: Vec<String> = Type::List(&Type::Leaf(&TAINT)), "taints: `key=value:Effect` or `key:Effect`";
        #[serde(default)]
        "images" images: Vec<String> = Type::List(&Type::Text), "images that are on the node already";
        #[serde(default)]
        "staticPods" static_pods: Vec<String> = Type::List(&Type::Text), "files in the kubelet's manifest folder";
        "price" price: Option<f64> = Type::Number(0.0), "per hour and node, in any currency";
        "autoscale" autoscale: Option<Autoscale> = Type::Object(&AUTOSCALE), "limits for the cluster autoscaler", no_effect_yet();
        "spot" spot: Option<Spot> = Type::Object(&SPOT), "the provider takes these nodes back", no_effect_yet();
    }

    /// Limits of the cluster autoscaler.
    Autoscale AUTOSCALE {
        "min" min: u32 = Type::Integer(0, 1_000_000), "fewest nodes", required();
        "max" max: u32 = Type::Integer(0, 1_000_000), "most nodes", required();
        "boot" boot: Option<RandomDuration> = RANDOM_DURATION, "from the decision to a Ready node";
    }

    /// Nodes that the provider takes back.
    Spot SPOT {
        "interrupt" interrupt: RandomDuration = RANDOM_DURATION, "life of a node", required();
        "notice" notice: Option<Duration> = Type::Leaf(&DURATION), "warning before the end", default("2m");
        "replace" replace: Option<RandomDuration> = RANDOM_DURATION, "time until another one is there; absent: never";
    }

    /// A price by labels.
    Price PRICE {
        "match" labels: BTreeMap<String, String> = Type::Map(&Type::Text), "labels that the Node must have", required();
        "price" price: f64 = Type::Number(0.0), "per hour", required();
    }

    /// Settings by upstream's names.
    Components COMPONENTS {
        "kube-scheduler" scheduler: Option<ConfigFile> = Type::Object(&CONFIG_FILE), "the scheduler";
        "kube-controller-manager" controller_manager: Option<Flags> = FLAGS, "flags of the controller manager, without `--`";
        "kube-apiserver" apiserver: Option<Flags> = FLAGS, "flags of the API server, without `--`";
        "metrics-server" metrics_server: Option<Flags> = FLAGS, "flags of metrics-server, without `--`: metric-resolution";
        "kubelet" kubelet: Option<ConfigFile> = Type::Object(&CONFIG_FILE), "the kubelet of every node";
        "featureGates" feature_gates: Option<BTreeMap<String, bool>> = Type::Map(&Type::Boolean), "feature gates, for all components";
    }

    /// A component's configuration file.
    ConfigFile CONFIG_FILE {
        "config" config: String = Type::Text, "its file, relative to the scenario (KubeSchedulerConfiguration, KubeletConfiguration)", required();
    }
}

/// What to do with manifests of unknown kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownKinds {
    /// As the API server does.
    #[default]
    Refuse,
    /// Keep them as they are.
    Store,
}

/// Which pods are in kube-system from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SystemPods {
    /// None.
    #[default]
    None,
    /// As kubeadm installs them.
    Kubeadm,
}

/// How long the parts of the cluster take: a preset, and single latencies that differ from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// Its name.
    pub preset: String,
    /// By name.
    pub overrides: BTreeMap<String, RandomDuration>,
}

/// The presets.
pub const LATENCY_PRESETS: [&str; 3] = ["realistic", "recorded", "instant"];

/// Latencies that can be set one by one: the names of `model::latency`, which a test compares.
pub const LATENCY_NAMES: [&str; 23] = [
    "apiWrite",
    "watchDelivery",
    "controllerSync",
    "autoscalerSync",
    "metricsPhase",
    "metricsAge",
    "scheduling",
    "binding",
    "podSync",
    "statusUpdate",
    "podRelist",
    "volumePoll",
    "sandbox",
    "sandboxStop",
    "containerCreate",
    "containerStart",
    "pullFixed",
    "pullFailure",
    "pullCheck",
    "termExit",
    "unmount",
    "volumeProvision",
    "probeAnswer",
];

/// The table of [`Latency`].
pub static LATENCY: Shape = Shape {
    name: "Latency",
    summary: "A preset, and single latencies that differ from it.",
    fields: &LATENCY_FIELDS,
    one_of: &[],
    others: None,
};

static LATENCY_FIELDS: [Field; LATENCY_NAMES.len() + 1] = {
    let preset = field("preset", Type::Keyword(&LATENCY_PRESETS), "where the other latencies come from");
    let mut fields = [preset.default("realistic"); LATENCY_NAMES.len() + 1];
    let mut index = 0;
    while index < LATENCY_NAMES.len() {
        fields[index + 1] = field(LATENCY_NAMES[index], RANDOM_DURATION, "this latency").default("of the preset");
        index += 1;
    }
    fields
};

/// The form of a taint.
pub static TAINT: super::shape::Leaf = super::shape::Leaf {
    name: "Taint",
    expected: "a taint such as dedicated=ml:NoSchedule",
    takes_numbers: false,
    pattern: "^[^=:]+(=[^:]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$",
    code: &crate::scenario::checks::BAD_TAINT,
    check: |text| crate::scenario::checks::taints::parse(text).map(drop),
};

impl<'de> Deserialize<'de> for Reserved {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let read = if value.is_string() {
            serde_json::from_value(value).map(Self::Preset)
        } else {
            serde_json::from_value(value).map(Self::Amounts)
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Value::String(preset) = value {
            return Ok(Self { preset, overrides: BTreeMap::new() });
        }
        let mut entries: BTreeMap<String, Value> = serde_json::from_value(value).map_err(serde::de::Error::custom)?;
        let preset = entries.remove("preset").and_then(|value| value.as_str().map(str::to_owned));
        let mut overrides = BTreeMap::new();
        for (name, value) in entries {
            if !LATENCY_NAMES.contains(&name.as_str()) {
                return Err(serde::de::Error::custom(format!("unknown field `{name}`")));
            }
            overrides.insert(name, serde_json::from_value(value).map_err(serde::de::Error::custom)?);
        }
        Ok(Self { preset: preset.unwrap_or_else(|| "realistic".to_owned()), overrides })
    }
}
