//! `kind: Scenario`: one run.

use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::amounts::RandomDuration;
use super::behaviors::{BEHAVIOR, Behavior};
use super::cluster::{CLUSTER, Cluster};
use super::leaves::{DURATION, Duration, EXPRESSION, RATE, Rate, SIZE, Size, TIMESTAMP, Timestamp};
use super::objects;
use super::shape::{Shape, Type, field};
use super::steps::{STEP, Step};
use super::traffic::{METRIC, Metric, TRAFFIC, Traffic};

/// When a run ends, or how long the cluster lives before t=0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleOr {
    /// As soon as nothing observable can change any more.
    Idle,
    /// After this time.
    After(Duration),
}

/// The instant at which an expectation is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// When the run ends.
    End,
    /// At this time.
    At(Duration),
}

const IDLE_OR_DURATION: Type = Type::Any(&[Type::Keyword(&["idle"]), Type::Leaf(&DURATION)]);
const END_OR_DURATION: Type = Type::Any(&[Type::Keyword(&["end"]), Type::Leaf(&DURATION)]);

objects! {
    /// One run: a cluster, what is applied to it, what happens, what is expected.
    Scenario SCENARIO {
        "apiVersion" api_version: String = Type::Keyword(&["kubelapse/v1"]), "the version of the format", required();
        "kind" kind: String = Type::Keyword(&["Scenario"]), "the kind of the document", required();
        "metadata" metadata: Option<Metadata> = Type::Object(&METADATA), "name and description";
        #[serde(default)]
        "spec" spec: ScenarioSpec = Type::Object(&SCENARIO_SPEC), "everything else";
    }

    /// Who the document is.
    Metadata METADATA {
        "name" name: Option<String> = Type::Text, "name of the results folder: lower case letters, digits, `-` and `.`", default("the name of the file");
        "description" description: Option<String> = Type::Text, "one line for the report";
    }

    /// What a run consists of.
    ScenarioSpec SCENARIO_SPEC {
        "seed" seed: Option<u64> = Type::Integer(0, i64::MAX), "seed of all randomness: the same seed gives the same run", default("0");
        "start" start: Option<Timestamp> = Type::Leaf(&TIMESTAMP), "instant of t=0", default("2026-01-01T00:00:00Z");
        "until" until: Option<IdleOr> = IDLE_OR_DURATION, "when the run ends: a duration, or `idle` (nothing can change any more)", default("idle");
        "maxTime" max_time: Option<Duration> = Type::Leaf(&DURATION), "latest end of a run until `idle`", default("10m");
        "warmup" warmup: Option<IdleOr> = IDLE_OR_DURATION, "life of the cluster before t=0, left out of summary, cost and expectations";
        "cluster" cluster: Option<Cluster> = Type::Object(&CLUSTER), "nodes and components", default("3 nodes `node-1` to `node-3` with 4 CPU, 16Gi and 110 pods");
        "images" images: Option<Images> = Type::Object(&IMAGES), "sizes of images and the registry they come from";
        #[serde(default)]
        "behaviors" behaviors: Vec<Behavior> = Type::List(&Type::Object(&BEHAVIOR)), "what containers do; fields merge over all matching entries, the first one that sets a field wins";
        #[serde(default)]
        "traffic" traffic: Vec<Traffic> = Type::List(&Type::Object(&TRAFFIC)), "requests to Services, and messages for consumers";
        #[serde(default)]
        "metrics" metrics: Vec<Metric> = Type::List(&Type::Object(&METRIC)), "custom, object and external metrics for HorizontalPodAutoscalers";
        #[serde(default)]
        "manifests" manifests: Vec<String> = Type::List(&Type::Text), "files with Kubernetes manifests, applied at t=0 in this order; `*` and `?` match names";
        #[serde(default)]
        "steps" steps: Vec<Step> = Type::List(&Type::Object(&STEP)), "what is done to the cluster, and when";
        #[serde(default)]
        "expect" expect: Vec<Expectation> = Type::List(&Type::Object(&EXPECTATION)), "what must be true: a run with a false one exits 1";
        "output" output: Option<Output> = Type::Object(&OUTPUT), "what is written into the results folder";
    }

    /// One image.
    Image IMAGE {
        "size" size: Option<Size> = Type::Leaf(&SIZE), "compressed size, pulled at the registry's bandwidth", default("as the catalogue knows it, else 100MiB");
        "pull" pull: Option<RandomDuration> = super::amounts_table::RANDOM_DURATION, "time of a pull, whatever the size";
        "missing" missing: Option<bool> = Type::Boolean, "the registry does not have it (`ImagePullBackOff`)", default("false");
    }

    /// Where images come from.
    Registry REGISTRY {
        "bandwidth" bandwidth: Option<Rate> = Type::Leaf(&RATE), "of one pull", default("100MiB/s");
        "latency" latency: Option<Duration> = Type::Leaf(&DURATION), "before the first byte of a pull", default("300ms");
        "private" private: Option<Vec<String>> = Type::List(&Type::Text), "registries by host name that give images only to pods with a pull secret for them";
    }

    /// Something that must be true.
    Expectation EXPECTATION ["by", "during", "at"] {
        "name" name: Option<String> = Type::Text, "how reports call it";
        "by" by: Option<Duration> = Type::Leaf(&DURATION), "it must be true at some instant up to this one";
        "during" during: Option<(Duration, Duration)> = Type::Tuple(&[Type::Leaf(&DURATION), Type::Leaf(&DURATION)]), "it must be true at every instant of this window";
        "at" at: Option<When> = END_OR_DURATION, "it must be true at this instant; `end` is the end of the run";
        "that" that: String = Type::Leaf(&EXPRESSION), "the expression that must be true", required();
    }

    /// What is written.
    Output OUTPUT {
        "sample" sample: Option<Duration> = Type::Leaf(&DURATION), "time between samples of values that change all the time", default("15s");
        "charts" charts: Option<Vec<ChartFormat>> = Type::List(&Type::Keyword(&["svg", "png"])), "formats of the charts; an empty list draws none", default("[svg, png]");
        "timeline" timeline: Option<bool> = Type::Boolean, "write timeline.csv", default("true");
        "events" events: Option<bool> = Type::Boolean, "write events.csv", default("true");
        "workloads" workloads: Option<bool> = Type::Boolean, "write workloads.csv", default("true");
        "nodes" nodes: Option<bool> = Type::Boolean, "write nodes.csv", default("true");
        "scheduling" scheduling: Option<bool> = Type::Boolean, "write scheduling.csv", default("true");
        "usage" usage: Option<bool> = Type::Boolean, "write usage.csv", default("true");
        "trace" trace: Option<bool> = Type::Boolean, "write trace.json", default("true up to 100,000 pods");
        "metrics" metrics: Option<bool> = Type::Boolean, "write metrics.om", default("true up to 100,000 pods");
        "record" record: Option<bool> = Type::Boolean, "write record.bin, from which `kubelapse report` draws again", default("true");
        "report" report: Option<bool> = Type::Boolean, "write report.html", default("true");
    }
}

/// A format of charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChartFormat {
    /// Vector graphics.
    Svg,
    /// Bitmap.
    Png,
}

/// Images by reference, and the registry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Images {
    /// Where they come from.
    pub registry: Option<Registry>,
    /// By reference, sorted.
    pub entries: Vec<(String, Image)>,
}

/// The table of [`Images`].
pub static IMAGES: Shape = Shape {
    name: "Images",
    summary: "The registry, and images by their reference as manifests name them (`nginx:1.27`).",
    fields: &[field("registry", Type::Object(&REGISTRY), "where images come from")],
    one_of: &[],
    others: Some(&Type::Object(&IMAGE)),
};

impl Default for ScenarioSpec {
    fn default() -> Self {
        serde_json::from_value(Value::Object(serde_json::Map::new())).expect("no field of a spec is required")
    }
}

impl<'de> Deserialize<'de> for Images {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Images;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of images")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Images, A::Error> {
                let mut images = Images::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "registry" {
                        images.registry = Some(map.next_value()?);
                    } else {
                        images.entries.push((key, map.next_value()?));
                    }
                }
                images.entries.sort_by(|(left, _), (right, _)| left.cmp(right));
                Ok(images)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

impl<'de> Deserialize<'de> for IdleOr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value == "idle" { Ok(Self::Idle) } else { duration(value).map(Self::After) }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value == "end" { Ok(Self::End) } else { duration(value).map(Self::At) }
    }
}

fn duration<E: serde::de::Error>(value: Value) -> Result<Duration, E> {
    serde_json::from_value(value).map_err(E::custom)
}
