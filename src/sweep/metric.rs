//! A number of a summary by its path: `pod_start_seconds.p99`, `workloads['default/deployment/web'].ready`. What cannot
//! be found names the nearest that can.

use serde_json::{Value, json};
use thiserror::Error;

use crate::record::{AutoscalerSummary, LatencyNumbers, NodeGroupSummary, Summary, TrafficSummary, WorkloadSummary};
use crate::scenario::setting::Setting;

/// A path into a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// As typed, without `summary.` before it.
    pub name: String,
    path: Setting,
}

/// Why a path leads to no number; in words, with the nearest name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MetricError {
    /// No summary has such a number.
    #[error("{0}")]
    Unknown(String),
    /// This one does not have it: nothing of that name was there.
    #[error("{0}")]
    Absent(String),
    /// It is there, and says nothing in this run: an autoscaler that never scaled has no time to settle.
    #[error("it is undefined here")]
    Undefined,
}

/// Longest list of steps or expectations that a path is checked against.
const LIST_MAX: usize = 10_000;

impl Metric {
    /// Reads a path.
    ///
    /// # Errors
    /// A path that cannot be read, or one that no summary has. Names of workloads, loads, groups and the like are not
    /// looked at: they are known when a run has them.
    pub fn parse(text: &str) -> Result<Self, MetricError> {
        let name = text.trim();
        let name = name.strip_prefix("summary.").unwrap_or(name);
        let path = Setting::parse(name).map_err(MetricError::Unknown)?;
        let metric = Self { name: name.to_owned(), path };
        let names: Vec<&str> = metric.path.names().collect();
        let shape = shape(&names);
        match metric.path.find(&shape) {
            Err(words) => Err(MetricError::Unknown(words)),
            Ok(Value::Null | Value::Number(_) | Value::Bool(_)) => Ok(metric),
            Ok(Value::Object(fields)) => {
                let numbers = fields.iter().filter(|(_, value)| !value.is_object() && !value.is_string());
                let names: Vec<&str> = numbers.map(|(name, _)| name.as_str()).collect();
                let hint = if names.is_empty() { "an entry in brackets".to_owned() } else { names.join(", ") };
                Err(MetricError::Unknown(format!("`{}` holds several numbers: name one of them ({hint})", metric.name)))
            }
            Ok(_) => Err(MetricError::Unknown(format!("`{}` is no number", metric.name))),
        }
    }

    /// The number in a summary (as JSON); truth is 1 or 0.
    ///
    /// # Errors
    /// `Absent` where this run has nothing of the name, with the nearest that it has.
    pub fn find(&self, summary: &Value) -> Result<f64, MetricError> {
        match self.path.find(summary) {
            Ok(Value::Number(number)) => Ok(number.as_f64().unwrap_or(f64::NAN)),
            Ok(Value::Bool(truth)) => Ok(f64::from(u8::from(*truth))),
            Ok(_) => Err(MetricError::Undefined),
            Err(words) => Err(MetricError::Absent(words)),
        }
    }

    /// The names on the way: `pod_start_seconds`, `p99`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.path.names()
    }
}

/// An empty summary in which everything of a free name on the way of `names` is there.
fn shape(names: &[&str]) -> Value {
    let plain = |value: Result<Value, serde_json::Error>| value.expect("a summary holds strings, numbers and maps");
    let mut root = plain(serde_json::to_value(Summary::default()));
    match names {
        ["workloads", key, ..] => {
            root["workloads"][*key] = plain(serde_json::to_value(WorkloadSummary::default()));
        }
        ["hpa", key, ..] => root["hpa"][*key] = plain(serde_json::to_value(AutoscalerSummary::default())),
        ["node_groups", key, ..] => {
            root["node_groups"][*key] = plain(serde_json::to_value(NodeGroupSummary::default()));
        }
        ["traffic", key, ..] => root["traffic"][*key] = plain(serde_json::to_value(TrafficSummary::default())),
        [resource @ ("cpu" | "memory"), ..] => {
            // Left out where use is not modelled.
            for name in ["used", "used_peak", "utilisation"] {
                root[*resource][name] = Value::Null;
            }
        }
        [latency, split, key, ..] if root[*latency][*split].is_object() => {
            root[*latency][*split][*key] = plain(serde_json::to_value(LatencyNumbers::default()));
        }
        [list @ ("steps" | "expectations"), key, ..] => {
            let index = key.parse::<usize>().unwrap_or(0).min(LIST_MAX);
            let entry = match *list {
                "steps" => json!({"name": key, "command": "", "start": 0.0, "end": 0.0, "exit": 0}),
                _ => json!({"name": key, "when": "", "that": "", "held": true, "found": "", "time": 0.0}),
            };
            root[*list] = Value::Array(vec![entry; index + 1]);
        }
        _ => {}
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_part_of_a_summary_are_found() {
        let summary = json!({
            "pods": {"pending": 3}, "cost": 1.5,
            "workloads": {"default/deployment/web": {"ready": 2}},
            "traffic": {"shoppers": {"latency_seconds": {"p99": 0.25}}},
            "steps": [{"command": "", "end": 30.0}], "expectations": [{"name": "done", "held": true}],
            "hpa": {"default/web": {"settle_seconds": null}},
        });
        for (path, expected) in [
            ("pods.pending", 3.0),
            ("summary.cost", 1.5),
            ("workloads['default/deployment/web'].ready", 2.0),
            ("traffic.shoppers.latency_seconds.p99", 0.25),
            ("steps[0].end", 30.0),
            ("expectations[done].held", 1.0),
        ] {
            assert_eq!(Metric::parse(path).unwrap().find(&summary), Ok(expected), "{path}");
        }
        let undefined = Metric::parse("hpa['default/web'].settle_seconds").unwrap().find(&summary);
        assert_eq!(undefined, Err(MetricError::Undefined));
        for path in ["workloads['default/deployment/wob'].ready", "steps[3].end"] {
            let found = Metric::parse(path).unwrap().find(&summary);
            assert!(matches!(found, Err(MetricError::Absent(_))), "{path}: {found:?}");
        }
    }

    #[test]
    fn what_no_summary_has_names_the_nearest_that_it_has() {
        for (path, part) in [
            ("pod_start_second.p99", "did you mean `pod_start_seconds`?"),
            ("pod_start_seconds.maxx", "did you mean `max`?"),
            ("pod_start_seconds", "name one of them (censored, count, max, mean, p50"),
            ("workloads[a].redy", "did you mean `ready`?"),
            ("pod_start_seconds.by_namespace[a].maxx", "did you mean `max`?"),
            ("version", "is no number"),
            ("traffic[a]", "holds several numbers"),
            ("cpu.utilization", "did you mean `utilisation`?"),
            ("a..b", "a name of `a..b` is empty"),
        ] {
            let words = Metric::parse(path).unwrap_err().to_string();
            assert!(words.contains(part), "{path}: {words}");
        }
    }
}
