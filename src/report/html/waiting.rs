//! Why pods waited: what kept them from a node or from starting, the longest wait first.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::tables::{MOST, NUMBER, SECONDS, TEXT, WORD, Words, rounded, table};
use crate::engine::NonNegative;
use crate::record::{AttemptResult, Phase, PodIndex, Record, Stage};

/// Pods that waited for one cause.
#[derive(Default)]
struct Cause {
    pods: u64,
    waiting: u64,
    total_seconds: f64,
    longest_seconds: f64,
    example: Option<PodIndex>,
}

/// The table; nothing where no pod ever waited for more than the next attempt.
pub fn waiting(record: &Record, words: &mut Words) -> Value {
    let mut causes = BTreeMap::<(&str, String), Cause>::new();
    let mut add = |what, cause: String, pod: PodIndex, seconds: f64, is_waiting: bool| {
        let entry = causes.entry((what, cause)).or_default();
        entry.pods += 1;
        entry.waiting += u64::from(is_waiting);
        entry.total_seconds += seconds;
        if entry.example.is_none() || seconds > entry.longest_seconds {
            (entry.longest_seconds, entry.example) = (seconds, Some(pod));
        }
    };
    let mut refused = vec![None; record.pods.len()];
    for row in record.attempts.iter().filter(|row| row.result != AttemptResult::Scheduled) {
        refused[row.pod.index()] = Some(row.reason);
    }
    for (index, pod) in record.pods.iter().enumerate() {
        let id = PodIndex::from_index(index);
        let exists = pod.exists() && pod.last.stage != Stage::Terminating;
        let end = pod.bound.min(pod.deleted).min(record.end);
        if let Some(reason) = refused[index] {
            let is_waiting = exists && !pod.bound.is_some() && !pod.last.phase.is_terminal();
            let waited = end.seconds_since(pod.created).non_negative();
            add("for a node", constraints(record.text(reason)), id, waited, is_waiting);
        } else if exists && !pod.bound.is_some() && pod.last.phase == Phase::Pending {
            let waited = record.end.seconds_since(pod.created).non_negative();
            add("for a node", record.text(pod.last.reason).to_owned(), id, waited, true);
        }
        let is_stuck = exists && pod.bound.is_some() && pod.last.phase == Phase::Pending;
        if is_stuck {
            let waited = record.end.seconds_since(pod.bound).non_negative();
            add("to start", record.text(pod.last.status).to_owned(), id, waited, true);
        }
    }
    if causes.is_empty() {
        return Value::Null;
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by(|(_, a), (_, b)| b.waiting.cmp(&a.waiting).then(b.total_seconds.total_cmp(&a.total_seconds)));
    let columns = [
        ("Waits", WORD),
        ("Because", TEXT),
        ("Pods at the end", NUMBER),
        ("Pods ever", NUMBER),
        ("Pod-seconds", SECONDS),
        ("Longest (s)", SECONDS),
        ("For example", WORD),
    ];
    let row = |((what, because), cause): &((&str, String), Cause)| {
        let example = cause.example.map_or("", |pod| record.pod_name(pod));
        json!([
            words.number(what),
            because,
            cause.waiting,
            cause.pods,
            rounded(cause.total_seconds),
            rounded(cause.longest_seconds),
            words.number(example),
        ])
    };
    let rows: Vec<Value> = causes.iter().take(MOST).map(row).collect();
    table("Why pods waited", &columns, causes.len(), "scheduling.csv", &rows)
}

/// The constraints that a `FitError` names, without how many nodes each rejects: `0/3 nodes are available: 1
/// Insufficient cpu, 2 node(s) had untolerated taint(s). preemption: …` is one cause with others of the same kinds.
fn constraints(message: &str) -> String {
    let Some((_, rest)) = message.split_once("nodes are available: ") else { return message.to_owned() };
    let rest = rest.split(". ").next().unwrap_or(rest).trim_end_matches('.');
    let bare = |part: &str| part.trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start().to_owned();
    let mut parts: Vec<String> = rest.split(", ").map(bare).collect();
    parts.sort_unstable();
    parts.dedup();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::constraints;

    #[test]
    fn the_same_constraints_on_other_numbers_of_nodes_are_one_cause() {
        let one = constraints(
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). preemption: 0/3 nodes \
             are available: 3 Preemption is not helpful for scheduling.",
        );
        assert_eq!(one, "Insufficient cpu; node(s) had untolerated taint(s)");
        assert_eq!(
            one,
            constraints("0/9 nodes are available: 7 node(s) had untolerated taint(s), 2 Insufficient cpu.")
        );
        assert_eq!(constraints("SchedulingGated"), "SchedulingGated");
    }
}
