//! What containers use, from files beside the dump: the metrics API's PodMetricsList (`kubectl get --raw
//! /apis/metrics.k8s.io/v1beta1/pods`), or Prometheus' answer to a range query with labels namespace, pod and container.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::api::value::{items, text};
use crate::model::quantity::Quantity;

use super::facts::number;

/// Samples above it are bytes: nothing has a million cores.
const LEAST_BYTES: f64 = 1e6;

/// Namespace, pod and container.
pub(super) type Place = (String, String, String);

/// Samples: seconds since the first of all, and cores or bytes.
pub(super) type Samples = Vec<(f64, f64)>;

/// All samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Usage {
    pub cpu: BTreeMap<Place, Samples>,
    pub memory: BTreeMap<Place, Samples>,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

impl Usage {
    /// Takes in a file's text.
    ///
    /// # Errors
    /// It is neither of the two, or has no series of a pod's container.
    pub fn read(&mut self, text: &str) -> Result<(), String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("line {}: it is not JSON: {error}", error.line()))?;
        if value["items"].is_array() && value["kind"].as_str().is_none_or(|kind| kind.ends_with("List")) {
            return self.metrics_api(&value);
        }
        let data = if value["data"].is_object() { &value["data"] } else { &value };
        match data["resultType"].as_str() {
            Some("matrix") => self.prometheus(data),
            Some(other) => Err(format!("the result is a `{other}`: use a range query (/api/v1/query_range)")),
            None => Err("it is neither a PodMetricsList nor Prometheus' answer to a range query".to_owned()),
        }
    }

    fn metrics_api(&mut self, list: &Value) -> Result<(), String> {
        let before = self.cpu.len();
        for pod in items(&list["items"]) {
            let metadata = &pod["metadata"];
            for container in items(&pod["containers"]) {
                let place = (
                    text(&metadata["namespace"]).to_owned(),
                    text(&metadata["name"]).to_owned(),
                    text(&container["name"]).to_owned(),
                );
                let amount = |name: &str| Quantity::parse(text(&container["usage"][name])).map(number);
                if let Some(cores) = amount("cpu") {
                    self.cpu.entry(place.clone()).or_default().push((0.0, cores));
                }
                if let Some(bytes) = amount("memory") {
                    self.memory.entry(place).or_default().push((0.0, bytes));
                }
            }
        }
        if self.cpu.len() == before { Err("the list holds no container's usage".to_owned()) } else { Ok(()) }
    }

    fn prometheus(&mut self, data: &Value) -> Result<(), String> {
        let series: Vec<Series> = serde_json::from_value(data["result"].clone())
            .map_err(|error| format!("the series cannot be read: {error}"))?;
        let first = series.iter().filter_map(|one| one.values.first()).map(|(at, _)| *at).fold(f64::INFINITY, f64::min);
        let mut taken = 0;
        for one in series {
            let label = |name: &str| one.metric.get(name).cloned().unwrap_or_default();
            let place = (label("namespace"), label("pod"), label("container"));
            // Sums over a pod and the sandbox have no container's name.
            if place.1.is_empty() || place.2.is_empty() || place.2 == "POD" {
                continue;
            }
            let read = one.values.iter().filter_map(|(at, value)| Some((at - first, value.parse::<f64>().ok()?)));
            let samples: Samples = read.filter(|(_, value)| value.is_finite() && *value >= 0.0).collect();
            let name = label("__name__");
            let greatest = samples.iter().map(|(_, value)| *value).fold(0.0, f64::max);
            let is_memory = name.contains("memory") || !name.contains("cpu") && greatest >= LEAST_BYTES;
            let all = if is_memory { &mut self.memory } else { &mut self.cpu };
            taken += samples.len();
            all.entry(place).or_default().extend(samples);
        }
        if taken == 0 {
            return Err("no series has the labels pod and container: keep them in the query (sum by (namespace, pod, \
                        container) (…))"
                .to_owned());
        }
        Ok(())
    }
}

/// The mean of several containers' samples at the instants of the first: what one container of a workload uses.
pub(super) fn mean(series: &[&Samples]) -> Samples {
    let Some(longest) = series.iter().max_by_key(|samples| samples.len()) else { return Samples::new() };
    let at = |samples: &Samples, instant: f64| {
        let place = samples.partition_point(|(at, _)| *at <= instant);
        samples.get(place.saturating_sub(1)).map(|(_, value)| *value)
    };
    longest
        .iter()
        .map(|(instant, _)| {
            let values: Vec<f64> = series.iter().filter_map(|samples| at(samples, *instant)).collect();
            (*instant, values.iter().sum::<f64>() / values.len().max(1) as f64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metrics_api_tells_one_sample_a_container() {
        let mut usage = Usage::default();
        let text = r#"{"kind":"PodMetricsList","items":[{"metadata":{"name":"a","namespace":"n"},
            "containers":[{"name":"c","usage":{"cpu":"250m","memory":"64Mi"}}]}]}"#;
        usage.read(text).unwrap();
        let place = ("n".to_owned(), "a".to_owned(), "c".to_owned());
        assert_eq!(usage.cpu[&place], [(0.0, 0.25)]);
        assert_eq!(usage.memory[&place], [(0.0, 67_108_864.0)]);
    }

    #[test]
    fn prometheus_ranges_are_cores_or_bytes() {
        let series = |container: &str, value: &str| {
            format!(
                r#"{{"metric":{{"namespace":"n","pod":"a","container":"{container}"}},"values":[[100,"{value}"],[160,"{value}"]]}}"#
            )
        };
        let text = format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{},{}]}}}}"#,
            series("c", "0.5"),
            series("d", "5000000")
        );
        let mut usage = Usage::default();
        usage.read(&text).unwrap();
        assert_eq!(usage.cpu.len(), 1);
        assert_eq!(usage.memory.values().next().unwrap(), &[(0.0, 5e6), (60.0, 5e6)]);
    }

    #[test]
    fn other_files_say_what_they_are_not() {
        let refused = |text: &str| Usage::default().read(text).unwrap_err();
        assert!(refused("{").contains("not JSON"));
        assert!(refused("{}").contains("neither"));
        assert!(refused(r#"{"data":{"resultType":"vector","result":[]}}"#).contains("range query"));
        assert!(refused(r#"{"data":{"resultType":"matrix","result":[]}}"#).contains("labels"));
    }

    #[test]
    fn a_mean_is_taken_at_each_instant() {
        let (a, b) = (vec![(0.0, 1.0), (60.0, 3.0)], vec![(0.0, 3.0)]);
        assert_eq!(mean(&[&a, &b]), [(0.0, 2.0), (60.0, 3.0)]);
    }
}
