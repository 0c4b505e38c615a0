//! `kind: CapacityPlan`: a search for the nodes that a scenario needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::cluster::{NODE_GROUP, NodeGroup};
use super::leaves::{DURATION, Duration, EXPRESSION};
use super::objects;
use super::scenario::{METADATA, Metadata};
use super::shape::Type;

/// A type of node that may be bought.
#[derive(Clone, Debug, PartialEq)]
pub enum Candidate {
    /// The scenario's own mix.
    Current,
    /// This one.
    Node(Box<NodeGroup>),
}

/// When zones or nodes are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// When the most is requested and, of such instants, when the load is highest.
    Peak,
    /// At this time.
    At(Duration),
}

/// How much more there is to run.
#[derive(Clone, Debug, PartialEq)]
pub enum Growth {
    /// Everything times this.
    All(f64),
    /// By workload; `*` is the rest.
    By(BTreeMap<String, f64>),
}

const FACTOR: Type = Type::Number(0.0);

objects! {
    /// A search for the cheapest nodes on which a scenario keeps its requirements.
    CapacityPlan CAPACITY_PLAN {
        "apiVersion" api_version: String = Type::Keyword(&["kubelapse/v1"]), "the version of the format", required();
        "kind" kind: String = Type::Keyword(&["CapacityPlan"]), "the kind of the document", required();
        "metadata" metadata: Option<Metadata> = Type::Object(&METADATA), "name and description";
        "spec" spec: CapacitySpec = Type::Object(&CAPACITY_SPEC), "everything else", required();
    }

    /// What is searched.
    CapacitySpec CAPACITY_SPEC {
        "scenario" scenario: String = Type::Text, "the scenario's file, relative to this one; its nodes are replaced", required();
        "keep" keep: Option<String> = Type::Text, "label selector of the scenario's nodes that stay";
        "candidates" candidates: Vec<Candidate> = Type::List(&CANDIDATE), "types of nodes: entries as under `cluster.nodes`, or `current`", required();
        "mixed" mixed: Option<bool> = Type::Boolean, "also search mixes of candidates", default("false");
        #[serde(default)]
        "require" require: Vec<String> = Type::List(&Type::Leaf(&EXPRESSION)), "what must be true at the end of every run", default("summary.pods.unschedulable == 0; with `survive` also summary.pods.unready == 0");
        "survive" survive: Option<Survive> = Type::Object(&SURVIVE), "what may be lost";
        "maxNodes" max_nodes: Option<u32> = Type::Integer(1, 1_000_000), "most nodes that are tried", default("1000");
        #[serde(default)]
        "growth" growth: Vec<Growth> = Type::List(&Type::Any(&[FACTOR, Type::Map(&FACTOR)])), "factors on replicas and traffic, each planned for: a number, or numbers by `[namespace/]kind/name`, `traffic/name` and `*` (the rest)", default("1");
        "seeds" seeds: Option<u32> = Type::Integer(1, 1000), "runs of each cluster, with the scenario's seed, the next one, …: all of them must keep the requirements", default("1");
    }

    /// What may be lost while requirements hold.
    Survive SURVIVE {
        "zones" zones: Option<u32> = Type::Integer(0, 1000), "this many zones, whichever they are";
        "nodes" nodes: Option<u32> = Type::Integer(0, 1_000_000), "this many nodes beside them, those with the most requested";
        "at" at: Option<Loss> = Type::Any(&[Type::Keyword(&["peak"]), Type::Leaf(&DURATION)]), "when", default("peak");
        "for" duration: Option<Duration> = Type::Leaf(&DURATION), "how long", default("to the end");
        #[serde(default)]
        "hold" hold: Vec<String> = Type::List(&Type::Leaf(&EXPRESSION)), "what must be true at every instant meanwhile; without it every `require`, at the last instant before they come back";
    }
}

const CANDIDATE: Type = Type::Any(&[Type::Keyword(&["current"]), Type::Object(&NODE_GROUP)]);

impl<'de> Deserialize<'de> for Candidate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value == "current" {
            return Ok(Self::Current);
        }
        serde_json::from_value(value).map(Self::Node).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Loss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value == "peak" {
            return Ok(Self::Peak);
        }
        serde_json::from_value(value).map(Self::At).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Growth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Some(factor) = value.as_f64() {
            return Ok(Self::All(factor));
        }
        serde_json::from_value(value).map(Self::By).map_err(serde::de::Error::custom)
    }
}
