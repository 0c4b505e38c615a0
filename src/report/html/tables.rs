//! The tables of the page as compact JSON, which its script draws a part at a time: texts that repeat are
//! numbers of a list, rows are arrays.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use super::{history, waiting};
use crate::record::{AutoscalerMetric, AutoscalerRow, Moment, Number, Pod, Record, Summary, TextId, WorkloadIndex};

/// Most rows of a table; the CSV files have all.
pub(super) const MOST: usize = 20_000;

/// Texts that repeat, by number.
#[derive(Default)]
pub(super) struct Words {
    list: Vec<String>,
    places: FxHashMap<String, usize>,
}

impl Words {
    /// The number of `text`.
    pub(super) fn number(&mut self, text: &str) -> Value {
        if let Some(&place) = self.places.get(text) {
            return place.into();
        }
        self.places.insert(text.to_owned(), self.list.len());
        self.list.push(text.to_owned());
        (self.list.len() - 1).into()
    }
}

/// What a column holds: a text, a number of the list of words, a plain number, seconds.
pub(super) const TEXT: &str = "text";
pub(super) const WORD: &str = "word";
pub(super) const NUMBER: &str = "number";
pub(super) const SECONDS: &str = "seconds";

/// All tables as JSON.
pub fn data(record: &Record, summary: &Summary) -> String {
    let mut words = Words::default();
    let tables = [
        waiting::waiting(record, &mut words),
        pods(record, &mut words),
        workloads(record, summary, &mut words),
        nodes(record, &mut words),
        traffic(record, summary, &mut words),
        autoscalers(record, &mut words),
        events(record, &mut words),
    ];
    let tables: Vec<Value> = tables.into_iter().filter(|table| !table.is_null()).collect();
    let history = history::history(record, &mut words);
    json!({ "tables": tables, "history": history, "words": words.list }).to_string()
}

pub(super) fn table(title: &str, columns: &[(&str, &str)], all: usize, file: &str, rows: &[Value]) -> Value {
    let columns: Vec<Value> = columns.iter().map(|(name, kind)| json!([name, kind])).collect();
    json!({ "title": title, "columns": columns, "all": all, "file": file, "rows": rows })
}

/// A moment in seconds to the millisecond, or null.
pub(super) fn seconds(moment: Moment) -> Value {
    if moment.is_some() { rounded(moment.seconds()) } else { Value::Null }
}

pub(super) fn rounded(value: f64) -> Value {
    json!(Number((value * 1000.0).round() / 1000.0).rounded())
}

/// The decisions of autoscalers that differ from the one before.
fn autoscalers(record: &Record, words: &mut Words) -> Value {
    if record.autoscalers.is_empty() {
        return Value::Null;
    }
    let columns = [
        ("Time (s)", SECONDS),
        ("Autoscaler", WORD),
        ("Metrics", TEXT),
        ("Replicas", NUMBER),
        ("Recommended", NUMBER),
        ("Wanted", NUMBER),
        ("Limited by", WORD),
        ("Calculation", TEXT),
    ];
    let row = |row: &AutoscalerRow| {
        let autoscaler = &record.autoscalers[row.autoscaler.index()];
        let name = format!("{}/{}", record.text(autoscaler.namespace), record.text(autoscaler.name));
        let joined = |of: fn(&AutoscalerMetric) -> String| row.metrics.iter().map(of).collect::<Vec<_>>().join("; ");
        json!([
            seconds(row.time),
            words.number(&name),
            joined(|metric| format!("{} {}/{}", metric.name, metric.value, metric.target)),
            row.current,
            row.recommended,
            row.desired,
            words.number(record.text(row.limit)),
            joined(|metric| metric.formula.clone()),
        ])
    };
    let rows: Vec<Value> = record.autoscaler_rows.iter().take(MOST).map(row).collect();
    table("Autoscalers", &columns, record.autoscaler_rows.len(), "hpa.csv", &rows)
}

fn pods(record: &Record, words: &mut Words) -> Value {
    let columns = [
        ("Pod", WORD),
        ("Namespace", WORD),
        ("Workload", WORD),
        ("Node", WORD),
        ("Status", WORD),
        ("Ready", WORD),
        ("Restarts", NUMBER),
        ("Created (s)", SECONDS),
        ("Started after (s)", SECONDS),
        ("Ended (s)", SECONDS),
    ];
    let row = |pod: &Pod| {
        let workload = if pod.workload.is_some() {
            let workload = &record.workloads[pod.workload.index()];
            format!("{}/{}", record.text(workload.kind).to_ascii_lowercase(), record.text(workload.name))
        } else {
            String::new()
        };
        let started = pod.started();
        json!([
            words.number(record.text(pod.name)),
            words.number(record.text(pod.namespace)),
            words.number(&workload),
            words.number(record.node_name(pod.last.node)),
            words.number(record.text(pod.last.status)),
            words.number(&format!("{}/{}", pod.last.ready, pod.last.containers)),
            pod.last.restarts,
            seconds(pod.created),
            if started.is_some() { rounded(started.seconds_since(pod.created)) } else { Value::Null },
            seconds(pod.ended()),
        ])
    };
    let rows: Vec<Value> = record.pods.iter().take(MOST).map(row).collect();
    table("Pods", &columns, record.pods.len(), "timeline.csv", &rows)
}

fn workloads(record: &Record, summary: &Summary, words: &mut Words) -> Value {
    let columns = [
        ("Workload", WORD),
        ("Kind", WORD),
        ("Namespace", WORD),
        ("Desired", NUMBER),
        ("Ready", NUMBER),
        ("Updated", NUMBER),
        ("Succeeded", NUMBER),
        ("Failed", NUMBER),
        ("Unavailable (s)", SECONDS),
        ("Median start (s)", SECONDS),
        ("p99 start (s)", SECONDS),
    ];
    let mut rows = Vec::new();
    // A ReplicaSet's numbers are part of its Deployment's.
    let shown: Vec<_> = record.workloads.iter().enumerate().filter(|(_, workload)| workload.owner.is_none()).collect();
    for &(index, workload) in shown.iter().take(MOST) {
        let key = record.workload_key(WorkloadIndex::from_index(index));
        let starts = summary.pod_start_seconds.by_workload.get(&key);
        let last = &workload.last;
        rows.push(json!([
            words.number(record.text(workload.name)),
            words.number(record.text(workload.kind)),
            words.number(record.text(workload.namespace)),
            last.desired,
            last.ready,
            last.updated,
            last.succeeded,
            last.failed,
            rounded(workload.short.integral_seconds(record.end)),
            starts.map(|starts| rounded(starts.p50.rounded())),
            starts.map(|starts| rounded(starts.p99.rounded())),
        ]));
    }
    table("Workloads", &columns, shown.len(), "workloads.csv", &rows)
}

fn nodes(record: &Record, words: &mut Words) -> Value {
    let columns = [
        ("Node", WORD),
        ("Group", WORD),
        ("Zone", WORD),
        ("Status", WORD),
        ("Pods", NUMBER),
        ("CPU requested", NUMBER),
        ("CPU allocatable", NUMBER),
        ("Memory requested (GiB)", NUMBER),
        ("Memory allocatable (GiB)", NUMBER),
        ("Not ready (s)", SECONDS),
    ];
    let gib = |bytes: u64| rounded(bytes as f64 / f64::from(1 << 30));
    let cores = |milli: u64| rounded(milli as f64 / 1000.0);
    let mut rows = Vec::new();
    for node in record.nodes.iter().take(MOST) {
        let away = |(from, to): &(Moment, Moment)| (*to).min(node.deleted).min(record.end).seconds_since(*from);
        rows.push(json!([
            words.number(record.text(node.name)),
            words.number(record.text(node.group)),
            words.number(record.text(node.zone)),
            words.number(record.text(node.last.status)),
            node.last.pods,
            cores(node.last.requested.cpu_milli),
            cores(node.allocatable.cpu_milli),
            gib(node.last.requested.memory_bytes),
            gib(node.allocatable.memory_bytes),
            rounded(node.outages.iter().map(away).sum()),
        ]));
    }
    table("Nodes", &columns, record.nodes.len(), "nodes.csv", &rows)
}

/// Events of one type, reason, kind and source.
struct Group {
    count: u64,
    objects: BTreeSet<(TextId, TextId)>,
    first: Moment,
    last: Moment,
    message: TextId,
}

/// Loads and what came of their requests; nothing where there are none.
fn traffic(record: &Record, summary: &Summary, words: &mut Words) -> Value {
    if record.traffic.is_empty() {
        return Value::Null;
    }
    let columns = [
        ("Traffic", TEXT),
        ("Target", WORD),
        ("Requests", NUMBER),
        ("Served", NUMBER),
        ("Served %", NUMBER),
        ("Dropped", NUMBER),
        ("Why dropped", WORD),
        ("Waiting at the end", NUMBER),
        ("Retries", NUMBER),
        ("Latency p50", SECONDS),
        ("Latency p99", SECONDS),
    ];
    let rows: Vec<Value> = record
        .traffic
        .iter()
        .map(|load| {
            let name = record.text(load.name);
            let of = &summary.traffic[name];
            let why: Vec<String> =
                of.dropped_by.iter().map(|(reason, count)| format!("{reason} {}", count.0.round())).collect();
            json!([
                name,
                words.number(record.text(load.target)),
                of.requests.0.round(),
                of.served.0.round(),
                rounded(of.served_ratio.0 * 100.0),
                of.dropped.0.round(),
                words.number(&why.join(", ")),
                of.queued.0.round(),
                of.retries.0.round(),
                rounded(of.latency_seconds.p50.0),
                rounded(of.latency_seconds.p99.0),
            ])
        })
        .collect();
    table("Traffic", &columns, rows.len(), "traffic.csv", &rows)
}

fn events(record: &Record, words: &mut Words) -> Value {
    let columns = [
        ("Reason", TEXT),
        ("Type", WORD),
        ("Kind", WORD),
        ("Source", WORD),
        ("Count", NUMBER),
        ("Objects", NUMBER),
        ("First (s)", SECONDS),
        ("Last (s)", SECONDS),
        ("Last message", TEXT),
    ];
    let mut groups = BTreeMap::<_, Group>::new();
    for row in &record.events {
        let group = groups.entry((row.reason, row.is_warning, row.kind, row.source)).or_insert_with(|| Group {
            count: 0,
            objects: BTreeSet::new(),
            first: row.time,
            last: row.time,
            message: row.message,
        });
        group.count += u64::from(row.raised);
        group.objects.insert((row.namespace, row.name));
        (group.last, group.message) = (row.time, row.message);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(key, group)| (std::cmp::Reverse(group.count), *key));
    let all = groups.len();
    let row = |((reason, is_warning, kind, source), group): (_, Group)| {
        json!([
            record.text(reason),
            words.number(if is_warning { "Warning" } else { "Normal" }),
            words.number(record.text(kind)),
            words.number(record.text(source)),
            group.count,
            group.objects.len(),
            seconds(group.first),
            seconds(group.last),
            record.text(group.message),
        ])
    };
    let rows: Vec<Value> = groups.into_iter().take(MOST).map(row).collect();
    table("Events", &columns, all, "events.csv", &rows)
}
