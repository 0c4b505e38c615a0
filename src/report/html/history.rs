//! What the page's slider and its pages of single objects draw from: every change of pods and nodes and the
//! Kubernetes Events, as columns of small numbers. Times are milliseconds since the row before, pods the
//! difference to it; what pods look like are numbers of a list.

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use super::super::charts::{POD_CLASSES, class_of};
use super::tables::{MOST, Words, seconds};
use crate::record::{Moment, NodeRow, PodRow, PodState, Record};

/// Most rows of each kind: a page of megabytes does not open. The page says until when it knows.
const MOST_POD_ROWS: usize = 160_000;
const MOST_NODE_ROWS: usize = 60_000;
const MOST_EVENTS: usize = 20_000;

/// All of it as JSON.
pub fn history(record: &Record, words: &mut Words) -> Value {
    let classes: Vec<Value> =
        POD_CLASSES.iter().map(|(name, [r, g, b], _)| json!([name, format!("#{r:02X}{g:02X}{b:02X}")])).collect();
    json!({
        "start": record.run.start,
        "begin": seconds(record.begin()),
        "end": seconds(record.end),
        "classes": classes,
        "pods": pods(record, words),
        "nodes": nodes(record, words),
        "events": events(record, words),
    })
}

/// Times as milliseconds since the one before.
#[derive(Default)]
struct Steps(i64);

impl Steps {
    fn next(&mut self, time: Moment) -> i64 {
        let millis = time.0.div_euclid(1_000_000);
        millis - std::mem::replace(&mut self.0, millis)
    }
}

/// The moment of the first row that was left out.
fn until(rest: Option<Moment>) -> Value {
    rest.map_or(Value::Null, seconds)
}

fn pods(record: &Record, words: &mut Words) -> Value {
    let mut states: Vec<Value> = Vec::new();
    let mut known = FxHashMap::<PodState, usize>::default();
    let (mut clock, mut last) = (Steps::default(), 0_i64);
    let (mut times, mut pods, mut looks) = (Vec::new(), Vec::new(), Vec::new());
    // The pods' table has no more of them.
    let shown = |row: &&PodRow| row.pod.index() < MOST;
    for row in record.timeline.iter().filter(shown).take(MOST_POD_ROWS) {
        // The node is the same from its binding on.
        let mut state = row.state;
        state.node = crate::record::NodeIndex::NONE;
        let look = *known.entry(state).or_insert_with(|| {
            let class = class_of(state.stage).map_or(-1, |class| class as i64);
            let (status, reason) = (words.number(record.text(state.status)), words.number(record.text(state.reason)));
            states.push(json!([status, reason, state.ready, state.containers, state.restarts, class]));
            states.len() - 1
        });
        let pod = row.pod.index() as i64;
        times.push(clock.next(row.time));
        pods.push(pod - std::mem::replace(&mut last, pod));
        looks.push(look);
    }
    let rest = record.timeline.iter().filter(shown).nth(MOST_POD_ROWS).map(|row| row.time);
    let bound: Vec<Value> = record.pods.iter().take(MOST).map(|pod| seconds(pod.bound)).collect();
    json!({ "states": states, "time": times, "pod": pods, "state": looks, "bound": bound, "until": until(rest) })
}

fn nodes(record: &Record, words: &mut Words) -> Value {
    let mut clock = Steps::default();
    let mut row = |row: &NodeRow| {
        let state = &row.state;
        let used = state.used.unwrap_or_default();
        json!([
            clock.next(row.time),
            row.node.index(),
            words.number(record.text(state.status)),
            state.pods,
            state.requested.cpu_milli,
            state.requested.memory_bytes >> 20,
            used.cpu_milli,
            used.memory_bytes >> 20,
        ])
    };
    let rows: Vec<Value> = record.node_rows.iter().take(MOST_NODE_ROWS).map(&mut row).collect();
    let life: Vec<Value> =
        record.nodes.iter().take(MOST).map(|node| json!([seconds(node.created), seconds(node.deleted)])).collect();
    let rest = record.node_rows.get(MOST_NODE_ROWS).map(|row| row.time);
    json!({ "rows": rows, "life": life, "until": until(rest) })
}

fn events(record: &Record, words: &mut Words) -> Value {
    let mut clock = Steps::default();
    let rows: Vec<Value> = record
        .events
        .iter()
        .take(MOST_EVENTS)
        .map(|row| {
            json!([
                clock.next(row.time),
                u8::from(row.is_warning),
                words.number(record.text(row.reason)),
                words.number(record.text(row.kind)),
                words.number(record.text(row.namespace)),
                words.number(record.text(row.name)),
                row.count,
                words.number(record.text(row.message)),
            ])
        })
        .collect();
    json!({ "rows": rows, "until": until(record.events.get(MOST_EVENTS).map(|row| row.time)) })
}
