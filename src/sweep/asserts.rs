//! `assert`: what must be true of every combination, over the statistics of its metrics: `pod_start_seconds.p99.mean <
//! 30`. Every number of a summary may stand there; it becomes a metric of the sweep.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::aggregate::Combination;
use super::metric::Metric;
use super::names::{names_of, path_of};
use super::outline::Outline;
use super::statistics::Statistics;
use crate::record::Number;
use crate::scenario::evaluation::{Call, Facts, NoAnswer, evaluate, explain};
use crate::scenario::expressions::Expression;

/// What an assert can ask beside metrics.
const OTHERS: [&str; 3] = ["settings", "runs", "failed"];

/// An assert that does not hold, or says nothing, for a combination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The combination.
    pub combination: usize,
    /// What was true instead.
    pub found: String,
}

/// The metrics that an assert looks at, each named with a statistic behind it.
///
/// # Errors
/// A name without a statistic, or one that no summary has; in words.
pub(super) fn metrics(expression: &Expression) -> Result<Vec<Metric>, String> {
    let mut metrics: Vec<Metric> = Vec::new();
    for mut chain in names_of(expression) {
        if chain.first().is_none_or(|name| OTHERS.contains(&name.as_str())) {
            continue;
        }
        let last = chain.pop().unwrap_or_default();
        let name = path_of(&chain);
        let known = Statistics::NAMES.join(", ");
        let metric = Metric::parse(&name).map_err(|error| {
            match Metric::parse(&path_of(&[chain, vec![last.clone()]].concat())) {
                Ok(whole) => format!(
                    "`{0}` is a metric: say which of its statistics is meant, such as `{0}.mean` ({known})",
                    whole.name
                ),
                Err(_) => error.to_string(),
            }
        })?;
        if !Statistics::NAMES.contains(&last.as_str()) {
            let hint = crate::engine::nearest::nearest(&last, Statistics::NAMES);
            let hint = hint.map_or(known, |near| format!("did you mean `{near}`?"));
            return Err(format!("`{}` has no statistic `{last}`; {hint}", metric.name));
        }
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    Ok(metrics)
}

/// Where an assert is not true, with what was true instead.
pub(super) fn broken(expression: &Expression, outline: &Outline, combinations: &[Combination]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (index, combination) in combinations.iter().enumerate() {
        let mut facts = Statistical { tree: tree(outline, index, combination) };
        let found = match evaluate(expression, &mut facts).result {
            Ok(true) => continue,
            Ok(false) => explain(expression, &mut facts),
            Err(error) => error.message,
        };
        broken.push(Broken { combination: index, found });
    }
    broken
}

/// Metrics of a combination, nested as in a summary, with their statistics where it has numbers.
fn tree(outline: &Outline, index: usize, combination: &Combination) -> Map<String, Value> {
    let mut root = Map::new();
    for (name, statistics) in outline.metrics.iter().zip(&combination.statistics) {
        let Ok(metric) = Metric::parse(name) else { continue };
        let leaf = statistics.map_or_else(
            || json!({ "count": 0 }),
            |found| {
                let values = Statistics::NAMES.into_iter().zip(found.values());
                values.map(|(name, value)| (name.to_owned(), json!(Number(value).rounded()))).collect()
            },
        );
        insert(&mut root, &metric.names().collect::<Vec<_>>(), leaf);
    }
    let settings: BTreeMap<&str, Value> = outline
        .columns()
        .map(|column| column.name.as_str())
        .zip(outline.cells(index).into_iter().map(number_or_text))
        .collect();
    root.insert("settings".to_owned(), json!(settings));
    root.insert("runs".to_owned(), json!(outline.seeds));
    root.insert("failed".to_owned(), json!(combination.failed));
    root
}

fn number_or_text(text: &str) -> Value {
    serde_json::from_str(text).ok().filter(Value::is_number).unwrap_or_else(|| json!(text))
}

fn insert(place: &mut Map<String, Value>, names: &[&str], leaf: Value) {
    let Some((first, rest)) = names.split_first() else { return };
    if rest.is_empty() {
        place.insert((*first).to_owned(), leaf);
        return;
    }
    let inner = place.entry(*first).or_insert_with(|| json!({}));
    if let Value::Object(inner) = inner {
        insert(inner, rest, leaf);
    }
}

struct Statistical {
    tree: Map<String, Value>,
}

impl Facts for Statistical {
    fn answer(&mut self, call: &Call) -> Result<Value, NoAnswer> {
        match (call.function.as_str(), call.arguments.first()) {
            ("summary", _) => Ok(Value::Object(self.tree.clone())),
            ("variable", Some(name)) => {
                self.tree.get(name).cloned().ok_or_else(|| NoAnswer::Missing(format!("there is no metric `{name}`")))
            }
            (function, _) => Err(NoAnswer::Invalid(format!(
                "`{function}` looks at a cluster; an assert of a sweep sees the statistics of metrics"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::aggregate::combinations;
    use super::super::outline::tests::outline;
    use super::super::row::{Row, Status};
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, String> {
        Ok(metrics(&Expression::compile(text).unwrap())?.into_iter().map(|metric| metric.name).collect())
    }

    #[test]
    fn the_metrics_of_an_assert_are_found_in_every_form() {
        for (text, expected) in [
            ("pod_start_seconds.p99.mean < 30", vec!["pod_start_seconds.p99"]),
            ("summary.cost.max <= 3.5 && cost.mean > 0", vec!["cost"]),
            ("workloads['default/deployment/web'].ready.min >= 2", vec!["workloads['default/deployment/web'].ready"]),
            ("settings['nodes'] > 3 || failed == 0 && runs > 1", vec![]),
            ("[cost.mean, nodes.hours.max].all(x, x > 0)", vec!["cost", "nodes.hours"]),
        ] {
            assert_eq!(names(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_statistic_of_a_metric_is_told() {
        for (text, part) in [
            (
                "pod_start_seconds.p99 < 30",
                "say which of its statistics is meant, such as `pod_start_seconds.p99.mean`",
            ),
            ("pod_start_seconds.p99.meen < 30", "did you mean `mean`?"),
            ("pod_start_second.p99.mean < 30", "did you mean `pod_start_seconds`?"),
        ] {
            let words = names(text).unwrap_err();
            assert!(words.contains(part), "{text}: {words}");
        }
    }

    #[test]
    fn a_broken_assert_says_where_and_what_was_true_instead() {
        let outline = outline();
        let row = |run: usize| Row {
            run,
            status: if run == 0 { Status::Error } else { Status::Ok },
            values: vec![(run > 0).then_some(run as f64), Some(1.0)],
            digest: String::new(),
            message: String::new(),
            warnings: Vec::new(),
        };
        let rows: Vec<Row> = (0..outline.runs()).map(row).collect();
        let all = combinations(&outline, &rows);
        let check = |text: &str| broken(&Expression::compile(text).unwrap(), &outline, &all);
        assert_eq!(check("pod_start_seconds.p99.max < 20 && cost.deviation == 0.0").len(), 1);
        let found = check("pod_start_seconds.p99.mean < 20 || settings['target'] < 90");
        assert_eq!(
            found,
            [Broken {
                combination: 5,
                found: "pod_start_seconds.p99.mean is 21.5, settings['target'] is 90".to_owned()
            }]
        );
        assert_eq!(check("failed == 0").len(), 1);
        assert!(check("pod('a').status.phase == 'x'")[0].found.contains("looks at a cluster"));
    }
}
