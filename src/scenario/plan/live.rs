//! Settings that change during a run: the scenario's document is kept, a `set` step puts a value into it, and the part
//! that the value belongs to is made anew, exactly as it would have been made at the start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::behaviors::Behavior;
use super::build::Builder;
use super::metrics::Metric;
use super::{Images, Node, nodes, traffic};
use crate::scenario::field_path::{FieldPath, Segment};
use crate::scenario::plan::amounts::Context;
use crate::scenario::schema::Kind;
use crate::scenario::schema::check::{Finding, check};
use crate::scenario::schema::scenario::Scenario;
use crate::scenario::schema::shape::Type;
use crate::scenario::setting::Setting;
use crate::scenario::typed::read_typed;

/// What a `set` step can change, for messages.
const CHANGEABLE: &str =
    "during a run these can change: cluster.nodes[…].count, behaviors, images, traffic, metrics, and fields of objects";

/// The scenario's document as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    tree: Arc<Value>,
    directory: PathBuf,
    seed: u64,
}

/// A part of the scenario that changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The machines of a group from now on.
    Nodes {
        /// Its name.
        group: Arc<str>,
        /// All of its machines.
        nodes: Vec<Node>,
    },
    /// An entry of `behaviors`.
    Behavior {
        /// Its place.
        index: usize,
        /// What it says now.
        behavior: Box<Behavior>,
    },
    /// Images and the registry.
    Images(Box<Images>),
    /// An entry of `traffic`.
    Traffic {
        /// Its place.
        index: usize,
        /// What it says now.
        load: Box<traffic::Load>,
    },
    /// An entry of `metrics`.
    Metric {
        /// Its place.
        index: usize,
        /// What it says now.
        metric: Box<Metric>,
    },
}

impl Live {
    /// Forgets where the scenario lies, for comparisons.
    pub(super) fn forget_place(&mut self) {
        self.directory = PathBuf::new();
    }

    /// Of a document that has been checked.
    pub fn new(tree: Value, directory: &Path) -> Self {
        let seed = tree.pointer("/spec/seed").and_then(Value::as_u64).unwrap_or(0);
        Self { tree: Arc::new(tree), directory: directory.to_path_buf(), seed }
    }

    /// The scenario's own document as YAML, with what `--set` and `set` steps made of it so far.
    pub fn text(&self) -> String {
        serde_yaml::to_string(&*self.tree).unwrap_or_default()
    }

    /// Puts a value into the document and returns the part that it changes.
    ///
    /// # Errors
    /// A path that leads nowhere or to something that stays as it is during a run; a value that does not fit.
    pub fn apply(&mut self, setting: &Setting, value: Value) -> Result<Change, String> {
        let mut tree = Value::clone(&self.tree);
        let path = setting.apply(&mut tree, value)?;
        let change = self.change(&tree, &path)?;
        self.tree = Arc::new(tree);
        Ok(change)
    }

    fn change(&self, tree: &Value, path: &FieldPath) -> Result<Change, String> {
        let findings = check(tree, &Type::Object(Kind::Scenario.shape()), &FieldPath::default());
        first_error(&findings)?;
        let scenario = read_typed::<Scenario>(tree.clone()).map_err(|finding| finding.message)?;
        let mut builder = Builder {
            amounts: Context { directory: &self.directory, seed: self.seed, is_rate: false },
            findings: Vec::new(),
            line_of: &|_| 0,
        };
        let change = match place(path).as_slice() {
            [Place::Key("cluster"), Place::Key("nodes"), Place::Index(index), Place::Key("count")] => {
                let group = &scenario.spec.cluster.as_ref().ok_or(CHANGEABLE)?.nodes[*index];
                Change::Nodes {
                    group: nodes::group_name(group).into(),
                    nodes: nodes::expand(std::slice::from_ref(group)),
                }
            }
            [Place::Key("behaviors"), Place::Index(index), Place::Key(field), ..] => {
                if matches!(*field, "name" | "match") {
                    return Err(format!("`{field}` of a behaviour stays as it is; {CHANGEABLE}"));
                }
                let behavior = builder.behaviors(&scenario, path).swap_remove(*index);
                Change::Behavior { index: *index, behavior: Box::new(behavior) }
            }
            [Place::Key("images"), _, ..] => Change::Images(Box::new(builder.images(&scenario, path))),
            [Place::Key("traffic"), Place::Index(index), Place::Key(_), ..] => {
                let amounts = Context { is_rate: true, ..builder.amounts };
                let mut loads = traffic::build(&scenario.spec.traffic, &amounts, &|_| 0, &mut builder.findings);
                first_error(&builder.findings)?;
                Change::Traffic { index: *index, load: Box::new(loads.swap_remove(*index)) }
            }
            [Place::Key("metrics"), Place::Index(index), Place::Key(_), ..] => {
                let mut metrics = builder.metrics(&scenario, path);
                first_error(&builder.findings)?;
                Change::Metric { index: *index, metric: Box::new(metrics.swap_remove(*index)) }
            }
            _ => return Err(format!("`{path}` cannot change during a run; {CHANGEABLE}")),
        };
        first_error(&builder.findings)?;
        Ok(change)
    }
}

#[derive(Clone, Copy, Debug)]
enum Place<'a> {
    Key(&'a str),
    Index(usize),
}

/// The path without `spec`.
fn place(path: &FieldPath) -> Vec<Place<'_>> {
    let places = path.0.iter().map(|segment| match segment {
        Segment::Key(key) => Place::Key(key),
        Segment::Index(index) => Place::Index(*index),
    });
    places.skip_while(|place| matches!(place, Place::Key("spec"))).collect()
}

fn first_error(findings: &[Finding]) -> Result<(), String> {
    match findings.iter().find(|finding| !finding.code.is_warning()) {
        Some(finding) if finding.hint.is_empty() => Err(finding.message.clone()),
        Some(finding) => Err(format!("{}; {}", finding.message, finding.hint)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live() -> Live {
        let tree = json!({"apiVersion": "kubelapse/v1", "kind": "Scenario", "spec": {
            "cluster": {"nodes": [{"name": "worker-{}", "count": 3}]},
            "behaviors": [{"name": "web", "cpu": "100m"}],
            "traffic": [{"name": "shoppers", "service": "web", "rps": 5}],
            "images": {"nginx:1.27": {"size": "72MiB"}},
        }});
        Live::new(tree, Path::new("."))
    }

    fn set(live: &mut Live, path: &str, value: Value) -> Result<Change, String> {
        live.apply(&Setting::parse(path).unwrap(), value)
    }

    #[test]
    fn a_group_grows_to_its_new_number() {
        let Ok(Change::Nodes { group, nodes }) = set(&mut live(), "cluster.nodes[worker].count", json!(5)) else {
            panic!("it is about nodes")
        };
        assert_eq!((&*group, nodes.len(), nodes[4].name.as_str()), ("worker", 5, "worker-5"));
    }

    #[test]
    fn later_settings_keep_what_earlier_ones_changed() {
        let mut live = live();
        set(&mut live, "behaviors[web].cpu", json!("300m")).unwrap();
        let Ok(Change::Behavior { behavior, .. }) = set(&mut live, "behaviors[web].memory", json!("1Gi")) else {
            panic!("it is about a behaviour")
        };
        assert_eq!(
            behavior.cpu,
            Some(super::super::Usage::Drawn(crate::engine::distribution::Distribution::Constant(0.3)))
        );
        assert!(behavior.memory.is_some());
    }

    #[test]
    fn what_cannot_change_and_what_does_not_fit_is_refused() {
        for (path, value, words) in [
            ("seed", json!(1), "cannot change during a run"),
            ("cluster.nodes[worker].capacity", json!({}), "cannot change during a run"),
            ("cluster.nodes[wroker].count", json!(1), "did you mean `worker`?"),
            ("cluster.nodes[worker].count", json!("many"), "expected a whole number"),
            ("behaviors[web].match", json!({}), "stays as it is"),
            ("traffic[shoppers].rsp", json!(1), "did you mean `rps`?"),
        ] {
            let error = set(&mut live(), path, value).unwrap_err();
            assert!(error.contains(words), "{path}: {error}");
        }
    }
}
