//! `spec.steps`: what is done to the cluster, and when.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::amounts::RandomDuration;
use super::amounts_table::RANDOM_DURATION;
use super::leaves::{DURATION, Duration, EXPRESSION, PERCENTAGE, RATE, Rate};
use super::objects;
use super::shape::Type;

/// One command or several in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commands(pub Vec<String>);

/// How many of those that match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Count {
    /// This many.
    Number(u32),
    /// This share, 0 to 1.
    Share(f64),
}

const COMMANDS: Type = Type::Any(&[Type::Text, Type::List(&Type::Text)]);
const COUNT: Type = Type::Any(&[Type::Integer(0, 1_000_000), Type::Leaf(&PERCENTAGE)]);

/// What a fault can be.
pub const FAULT_KINDS: [&str; 11] = [
    "crash",
    "partition",
    "reboot",
    "kubelet",
    "disk",
    "memory-pressure",
    "disk-pressure",
    "pid-pressure",
    "down",
    "kill",
    "oom",
];

objects! {
    /// One action and its time. Steps of one instant run in the order of the file, before anything else of it.
    Step STEP ["kubectl", "legacyKubectl", "fault", "heal", "staticPod", "set"] {
        "name" name: Option<String> = Type::Text, "how reports call it";
        "at" at: Option<Duration> = Type::Leaf(&DURATION), "time since t=0; with `every`, its first time";
        "when" when: Option<String> = Type::Leaf(&EXPRESSION), "runs once, at the first instant at which this is true";
        "every" every: Option<RandomDuration> = RANDOM_DURATION, "runs again and again: period, or distribution of the time between";
        "times" times: Option<u32> = Type::Integer(1, 1_000_000_000), "with `every`: how often", default("until the end");
        "forEach" for_each: Option<ForEach> = Type::Object(&FOR_EACH), "runs for each of these; `{}` in a command is the name";
        "kubectl" kubectl: Option<Commands> = COMMANDS, "a kubectl command line without `kubectl`, or a list that runs in order";
        "legacyKubectl" legacy_kubectl: Option<Commands> = COMMANDS, "commands that today's kubectl no longer has";
        "fault" fault: Option<Fault> = Type::Object(&FAULT), "breaks something";
        "heal" heal: Option<Heal> = Type::Object(&HEAL), "ends a fault";
        "staticPod" static_pod: Option<StaticPod> = Type::Object(&STATIC_POD), "changes a kubelet's manifest folder";
        "set" set: Option<BTreeMap<String, Value>> = Type::Map(&Type::Free), "changes settings of the scenario, by path";
        "mayFail" may_fail: Option<bool> = Type::Boolean, "a command that exits non-zero does not fail the run", default("false");
    }

    /// What a step runs for.
    ForEach FOR_EACH ["nodes", "pods"] {
        "nodes" nodes: Option<String> = Type::Text, "label selector of nodes";
        "pods" pods: Option<String> = Type::Text, "label selector of pods";
        "parallel" parallel: Option<u32> = Type::Integer(1, 1_000_000), "how many at once", default("1");
    }

    /// Something breaks.
    Fault FAULT ["node", "nodes", "registry", "component", "pod"] {
        "node" node: Option<String> = Type::Text, "a node by name";
        "nodes" nodes: Option<String> = Type::Text, "nodes by label selector";
        "count" count: Option<Count> = COUNT, "with `nodes`: how many of them, or which share", default("100%");
        "registry" registry: Option<String> = Type::Text, "a registry by host name";
        "component" component: Option<String> = Type::Keyword(&COMPONENTS), "a component of the control plane";
        "pod" pod: Option<String> = Type::Text, "a pod by [namespace/]name";
        "container" container: Option<String> = Type::Text, "with `pod`: one of its containers", default("the first");
        "kind" kind: Option<String> = Type::Keyword(&FAULT_KINDS), "what happens to it";
        "slow" slow: Option<Rate> = Type::Leaf(&RATE), "with `registry`: bandwidth that is left";
        "for" duration: Option<RandomDuration> = RANDOM_DURATION, "how long; of a reboot: from power-off to the kubelet's start", default("until healed; a reboot takes 1m");
        "exit" exit: Option<u8> = Type::Integer(0, 255), "with `kind: kill`: exit code", default("137");
    }

    /// A fault ends.
    Heal HEAL ["node", "nodes", "registry", "component"] {
        "node" node: Option<String> = Type::Text, "a node by name";
        "nodes" nodes: Option<String> = Type::Text, "nodes by label selector";
        "registry" registry: Option<String> = Type::Text, "a registry by host name";
        "component" component: Option<String> = Type::Keyword(&COMPONENTS), "a component of the control plane";
        "kind" kind: Option<String> = Type::Keyword(&FAULT_KINDS), "only this fault", default("all");
    }

    /// A file in a kubelet's manifest folder comes or goes.
    StaticPod STATIC_POD ["add", "remove"] {
        "node" node: String = Type::Text, "the node", required();
        "add" add: Option<String> = Type::Text, "a manifest, relative to the scenario";
        "remove" remove: Option<String> = Type::Text, "the name of a file that was added";
    }
}

/// Components that can break.
pub const COMPONENTS: [&str; 4] = ["kube-scheduler", "kube-controller-manager", "kube-apiserver", "metrics-server"];

impl<'de> Deserialize<'de> for Commands {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Value::String(command) = value {
            return Ok(Self(vec![command]));
        }
        serde_json::from_value(value).map(Self).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let share = value.as_str().and_then(|text| text.strip_suffix('%')).and_then(|text| text.parse::<f64>().ok());
        if let Some(share) = share {
            return Ok(Self::Share(share / 100.0));
        }
        serde_json::from_value(value).map(Self::Number).map_err(serde::de::Error::custom)
    }
}
