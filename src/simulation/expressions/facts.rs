//! What expressions can ask of a run: objects as `kubectl get -o json` shows them, lists by selector, Events, the summary
//! so far, the time.

use serde_json::{Value, json};

use crate::api::selector::ParsedSelector;
use crate::engine::SimDuration;
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, ObjectRef};
use crate::record::Summary;
use crate::scenario::evaluation::{Call, Facts, NoAnswer};

use super::super::Simulation;
use super::absent;

/// A run that answers.
pub(super) struct RunFacts<'a> {
    pub simulation: &'a Simulation,
}

impl Facts for RunFacts<'_> {
    fn answer(&mut self, call: &Call) -> Result<Value, NoAnswer> {
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        match (call.function.as_str(), arguments.as_slice()) {
            ("now", []) => Ok(json!(self.simulation.moment(self.simulation.now).seconds())),
            ("summary", []) => self.summary(),
            ("events", []) => Ok(self.events(None)),
            ("events", [reason]) => Ok(self.events(Some(reason))),
            ("traffic", [name]) => self.traffic(name, None),
            ("traffic.last", [name, window]) => {
                let window = SimDuration::parse(window).map_err(NoAnswer::Invalid)?;
                self.traffic(name, Some(window))
            }
            ("exists", [kind, name]) => Ok(json!(self.find(self.kind_of(kind)?, name).is_some())),
            ("object", [kind, name]) => self.object(self.kind_of(kind)?, name),
            ("objects", [kind, rest @ ..]) => self.list(self.kind_of(kind)?, rest),
            (function, arguments) => {
                let kind = self.simulation.cluster.custom.of_argument(function);
                let kind =
                    kind.ok_or_else(|| NoAnswer::Missing(format!("nothing is known of {function}({arguments:?})")))?;
                match arguments {
                    _ if kind.plural() == function => self.list(kind, arguments),
                    [name] => self.object(kind, name),
                    _ => Err(NoAnswer::Invalid(format!("{function} takes the object's name: {function}('web')"))),
                }
            }
        }
    }
}

impl RunFacts<'_> {
    fn kind_of(&self, text: &str) -> Result<Kind, NoAnswer> {
        let kind = self.simulation.cluster.custom.of_argument(text);
        kind.ok_or_else(|| NoAnswer::Invalid(format!("there is no kind `{text}`")))
    }

    fn summary(&self) -> Result<Value, NoAnswer> {
        let summary = Summary::of(self.simulation.recording.collector.record());
        serde_json::to_value(summary).map_err(|error| NoAnswer::Invalid(error.to_string()))
    }

    /// A load, up to now or within the last `window`.
    fn traffic(&self, name: &str, window: Option<SimDuration>) -> Result<Value, NoAnswer> {
        let view = self.simulation.traffic(name, window);
        let view = view.ok_or_else(|| NoAnswer::Invalid(format!("there is no traffic `{name}`")))?;
        let (counts, latency) = (&view.counts, &view.latency);
        Ok(json!({
            "name": name,
            "rps": view.rps,
            "queued": view.queued,
            "requests": counts.requests,
            "served": counts.served,
            "dropped": counts.dropped(),
            "served_ratio": counts.served_ratio(),
            "latency": {
                "count": latency.count,
                "mean": latency.mean,
                "p50": latency.p50,
                "p90": latency.p90,
                "p95": latency.p95,
                "p99": latency.p99,
                "max": latency.max,
            },
        }))
    }

    fn events(&self, reason: Option<&str>) -> Value {
        let cluster = &self.simulation.cluster;
        let rows = (0..).zip(cluster.events.rows());
        let wanted =
            rows.filter(|(_, event)| reason.is_none_or(|reason| cluster.events.sort_of(event).reason == reason));
        wanted.map(|(row, _)| cluster.event_view(row)).collect()
    }

    fn find(&self, kind: Kind, name: &str) -> Option<ObjectRef> {
        let cluster = &self.simulation.cluster;
        let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
        let namespace = if kind.is_namespaced() { cluster.namespace(namespace)? } else { NamespaceId::NONE };
        cluster.find(kind, namespace, name)
    }

    fn object(&self, kind: Kind, name: &str) -> Result<Value, NoAnswer> {
        let found = self.find(kind, name);
        let object = found.ok_or_else(|| NoAnswer::Missing(format!("{} `{name}` does not exist", kind.name())))?;
        Ok(self.view(object))
    }

    /// Objects by selector, in the namespace `default`, in the one that the second argument names, or in all (`*`).
    fn list(&self, kind: Kind, arguments: &[&str]) -> Result<Value, NoAnswer> {
        let cluster = &self.simulation.cluster;
        let (selector, namespace) = match arguments {
            [] => ("", "default"),
            [selector] => (*selector, "default"),
            [selector, namespace] => (*selector, *namespace),
            _ => return Err(NoAnswer::Invalid(format!("{} takes a selector and a namespace", kind.plural()))),
        };
        let selector = ParsedSelector::parse(selector).map_err(NoAnswer::Invalid)?.to_selector();
        let namespace =
            if kind.is_namespaced() && namespace != "*" { Some(cluster.namespace(namespace)) } else { None };
        let is_wanted = |object: &ObjectRef| {
            namespace.is_none_or(|namespace| Some(cluster.identity(*object).0) == namespace)
                && selector.matches(&cluster.labels(*object))
        };
        let mut objects: Vec<ObjectRef> = cluster.list(kind).filter(is_wanted).collect();
        objects.sort_by_key(|object| cluster.identity(*object));
        Ok(objects.into_iter().map(|object| self.view(object)).collect())
    }

    fn view(&self, object: ObjectRef) -> Value {
        let mut view = self.simulation.cluster.view(object);
        absent::fill(object.kind, &mut view);
        view
    }
}
