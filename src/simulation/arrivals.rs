//! Manifests that come later than t=0: those with an annotation that says when. Traces of real clusters are made of them.

use std::collections::VecDeque;

use serde_json::Value;

use crate::engine::{SimDuration, SimTime};

use super::Simulation;
use super::event::Event;

/// The annotation, whose value is a duration from t=0. The object does not have it.
pub const AT: &str = "kubelapse.io/at";

/// An object with its file.
pub(super) struct Arrival {
    at: SimDuration,
    file: String,
    value: Value,
}

/// What is still to come, in order.
#[derive(Default)]
pub(super) struct Arrivals {
    coming: VecDeque<Arrival>,
    /// When the next is booked.
    booked: Option<SimTime>,
}

/// Has an object an annotation that says when it comes?
pub(super) fn comes_later(value: &Value) -> bool {
    value["metadata"]["annotations"].get(AT).is_some()
}

/// The time that an object's annotation states; the annotation is taken out.
///
/// # Errors
/// It is no duration.
pub(super) fn stated(value: &mut Value) -> Result<Option<SimDuration>, String> {
    let Some(metadata) = value["metadata"].as_object_mut() else { return Ok(None) };
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else { return Ok(None) };
    let Some(stated) = annotations.remove(AT) else { return Ok(None) };
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
    let text = stated.as_str().unwrap_or_default();
    let parsed = SimDuration::parse(text);
    parsed.map(Some).map_err(|reason| format!("metadata.annotations[{AT}]: {text:?}: {reason}"))
}

impl Arrivals {
    /// An object comes at `at`; equal instants keep their order.
    pub(super) fn add(&mut self, at: SimDuration, file: String, value: Value) {
        self.coming.push_back(Arrival { at, file, value });
    }

    /// All are there.
    pub(super) fn sort(&mut self) {
        self.coming.make_contiguous().sort_by_key(|arrival| arrival.at);
    }
}

impl Simulation {
    /// Books the next arrival.
    pub(super) fn book_arrival(&mut self) {
        let next = self.arrivals.coming.front().map(|arrival| self.origin + arrival.at);
        if next != self.arrivals.booked {
            self.arrivals.booked = next;
            if let Some(next) = next {
                self.queue.push(next, Event::Arrival);
            }
        }
    }

    /// What is due is applied as a manifest of t=0 is.
    pub(super) fn arrive(&mut self) {
        while let Some(arrival) = self.arrivals.coming.pop_front_if(|arrival| self.origin + arrival.at <= self.now) {
            let Arrival { file, value, .. } = arrival;
            let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let applied = self.kubectl.apply_manifest(self.now, value, &file, &mut self.cluster, &self.machines);
            if let Err(message) = applied {
                self.steps.failures.push(format!("{file}: {name}: {}", message.trim_end()));
            }
        }
        self.arrivals.booked = None;
        self.book_arrival();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_annotation_is_taken_out() {
        let mut value = json!({"metadata": {"name": "a", "annotations": {AT: "90s"}}});
        assert!(comes_later(&value));
        assert_eq!(stated(&mut value), Ok(Some(SimDuration::from_secs(90))));
        assert_eq!(value, json!({"metadata": {"name": "a"}}));
        assert_eq!(stated(&mut value), Ok(None));
        assert!(!comes_later(&value));
        assert!(stated(&mut json!({"metadata": {"annotations": {AT: "soon"}}})).is_err());
    }
}
