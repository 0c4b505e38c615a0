//! `--fail-if`: an expression over the differences. Names are those of figures, each with `base`, `head`, `delta`, `low`,
//! `high` and `relative` behind it: `cost.delta > 10`, `traffic.shoppers.dropped.low > 0`, `pending_seconds.relative > 0.2`.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::figures::Figure;
use super::{CompareError, SIDES};
use crate::engine::nearest::nearest;
use crate::scenario::evaluation::{Call, Facts, NoAnswer, evaluate, explain};
use crate::scenario::expressions::Expression;
use crate::scenario::setting::Setting;
use crate::sweep::{Metric, names_of, path_of};

/// What can be asked of a figure.
const ASPECTS: [&str; 7] = [SIDES[0], SIDES[1], "delta", "low", "high", "relative", "pairs"];
/// Figures that are no number of a summary.
const DERIVED: [&str; 4] = ["disruptions", "pending_seconds", "unavailable_seconds", "latency_seconds"];

/// What an expression came to.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// As typed.
    pub expression: String,
    /// Is it true? Then the change fails.
    pub is_true: bool,
    /// The values that decided.
    pub found: String,
}

/// Does an expression ask for nothing but what figures have?
///
/// # Errors
/// What is unknown, with the nearest name.
pub fn check(expression: &Expression) -> Result<(), String> {
    for mut chain in names_of(expression) {
        let last = chain.pop().unwrap_or_default();
        let name = path_of(&chain);
        let is_step = chain.len() == 3 && chain[0] == "steps" && chain[2] == "seconds";
        if !is_step && !DERIVED.contains(&name.as_str()) {
            Metric::parse(&name).map_err(|error| {
                let whole = path_of(&[chain.clone(), vec![last.clone()]].concat());
                let is_whole = DERIVED.contains(&whole.as_str()) || Metric::parse(&whole).is_ok();
                let near = DERIVED.into_iter().find(|derived| nearest(&name, [*derived]).is_some());
                match near {
                    _ if is_whole => format!(
                        "`{whole}` is a figure: say which of its numbers is meant, such as `{whole}.delta` ({})",
                        ASPECTS.join(", ")
                    ),
                    Some(near) => format!("there is no figure `{name}`; did you mean `{near}`?"),
                    None => error.to_string(),
                }
            })?;
        }
        if !ASPECTS.contains(&last.as_str()) {
            let hint = nearest(&last, ASPECTS).map_or(ASPECTS.join(", "), |near| format!("did you mean `{near}`?"));
            return Err(format!("`{name}` has no `{last}` ({hint})"));
        }
    }
    Ok(())
}

/// Is an expression true of the figures?
///
/// # Errors
/// It asks for a figure that no run has.
pub(super) fn judge(expression: &Expression, figures: &[Figure]) -> Result<Verdict, CompareError> {
    let mut facts = Differences { tree: tree(figures) };
    match evaluate(expression, &mut facts).result {
        Ok(is_true) => {
            let found = values(expression, &facts.tree);
            let found = if found.is_empty() { explain(expression, &mut facts) } else { found };
            Ok(Verdict { expression: expression.text.clone(), is_true, found })
        }
        Err(error) => {
            let unknown = names_of(expression).into_iter().find_map(|chain| {
                let name = path_of(&chain[..chain.len().saturating_sub(1)]);
                let is_known = figures.iter().any(|figure| figure.name == name);
                let near = || nearest(&name, figures.iter().map(|figure| figure.name.as_str()));
                (!is_known).then(|| match near() {
                    Some(near) => format!("no run has the figure `{name}`; did you mean `{near}`?"),
                    None => format!("no run has the figure `{name}`"),
                })
            });
            let reason = unknown.unwrap_or(error.message);
            Err(CompareError::Gate { expression: expression.text.clone(), reason })
        }
    }
}

/// `cost.delta is 0.5, cost.low is 0.4`: what an expression looks at.
fn values(expression: &Expression, tree: &Map<String, Value>) -> String {
    let mut parts = Vec::new();
    for chain in names_of(expression) {
        let found = chain.iter().try_fold(None, |at: Option<&Value>, name| {
            Some(Some(at.map_or_else(|| tree.get(name), |value| value.get(name))?))
        });
        if let Some(Some(value)) = found {
            let is_boundless = value.as_f64().is_some_and(|number| number.abs() >= f64::MAX);
            let value = if is_boundless { "boundless (the base is 0)".to_owned() } else { value.to_string() };
            parts.push(format!("{} is {value}", path_of(&chain)));
        }
    }
    parts.dedup();
    parts.join(", ")
}

/// Figures nested as in a summary.
fn tree(figures: &[Figure]) -> Map<String, Value> {
    let mut root = Map::new();
    for figure in figures {
        let Ok(path) = Setting::parse(&figure.name) else { continue };
        let leaf = json!({
            "base": figure.base,
            "head": figure.head,
            "delta": figure.delta,
            "low": figure.low,
            "high": figure.high,
            "relative": figure.relative().unwrap_or_else(|| from_nothing(figure.delta)),
            "pairs": figure.pairs,
        });
        insert(&mut root, &path.names().collect::<Vec<_>>(), leaf);
    }
    root
}

/// What came out of nothing grew without bounds, as far as a number can say it.
fn from_nothing(delta: f64) -> f64 {
    if delta == 0.0 { 0.0 } else { f64::MAX.copysign(delta) }
}

/// Puts a figure where its names lead; it may have others below it.
fn insert(place: &mut Map<String, Value>, names: &[&str], leaf: Value) {
    let Some((first, rest)) = names.split_first() else { return };
    let Value::Object(inner) = place.entry(*first).or_insert_with(|| json!({})) else { return };
    match leaf {
        Value::Object(own) if rest.is_empty() => inner.extend(own),
        leaf => insert(inner, rest, leaf),
    }
}

struct Differences {
    tree: Map<String, Value>,
}

impl Facts for Differences {
    fn answer(&mut self, call: &Call) -> Result<Value, NoAnswer> {
        match (call.function.as_str(), call.arguments.first()) {
            ("variable", Some(name)) => {
                self.tree.get(name).cloned().ok_or_else(|| NoAnswer::Missing(format!("there is no figure `{name}`")))
            }
            ("summary", _) => Ok(Value::Object(self.tree.clone())),
            (function, _) => Err(NoAnswer::Invalid(format!(
                "`{function}` looks at a cluster; --fail-if sees the figures of two sides"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Vec<Figure> {
        let figure = |name: &str, base: f64, delta: f64| Figure {
            name: name.to_owned(),
            base,
            head: base + delta,
            delta,
            low: delta - 0.5,
            high: delta + 0.5,
            pairs: 10,
        };
        vec![
            figure("cost", 10.0, 1.0),
            figure("disruptions", 0.0, 0.0),
            figure("pods.evicted", 0.0, 2.0),
            figure("workloads['default/deployment/web'].ready", 3.0, -1.0),
        ]
    }

    fn judged(text: &str) -> Result<Verdict, String> {
        judge(&Expression::compile(text).unwrap(), &figures()).map_err(|error| error.to_string())
    }

    #[test]
    fn figures_can_be_asked_for_by_their_names() {
        for (text, expected) in [
            ("cost.delta > 0.5 && cost.low > 0", true),
            ("cost.relative > 0.2", false),
            ("disruptions.head > disruptions.base", false),
            ("workloads['default/deployment/web'].ready.delta < 0", true),
            ("summary.cost.head == 11", true),
        ] {
            assert_eq!(judged(text).unwrap().is_true, expected, "{text}");
        }
        assert_eq!(judged("cost.delta > 0.5").unwrap().found, "cost.delta is 1.0");
        let grown = judged("pods.evicted.relative > 0.2").unwrap();
        assert_eq!((grown.is_true, &*grown.found), (true, "pods.evicted.relative is boundless (the base is 0)"));
        assert!(!judged("disruptions.relative > 0.2").unwrap().is_true);
    }

    #[test]
    fn what_is_not_there_names_the_nearest_that_is() {
        let check = |text: &str| check(&Expression::compile(text).unwrap());
        for (text, part) in [
            ("cost.dleta > 0", "did you mean `delta`?"),
            ("cost > 0", "such as `cost.delta`"),
            ("costt.delta > 0", "did you mean `cost`?"),
            ("disruption.delta > 0", "did you mean `disruptions`?"),
        ] {
            let words = check(text).unwrap_err();
            assert!(words.contains(part), "{text}: {words}");
        }
        assert!(check("pod_start_seconds.p99.delta > 1 || latency_seconds.high > 2").is_ok());
        let words = judged("workloads['default/deployment/wob'].ready.delta < 0").unwrap_err();
        assert!(words.contains("did you mean `workloads['default/deployment/web'].ready`?"), "{words}");
    }
}
