//! `metrics.om`: the run as OpenMetrics with timestamps, under the names of kube-state-metrics (and of kubelet and
//! scheduler for what they expose), for `promtool tsdb create-blocks-from openmetrics`: dashboards and alerts of a real
//! cluster can be tried on a simulated one.
//!
//! A series has a sample where its value changes, in the second in which a scrape would see it, and is said again while
//! it stays, because Prometheus forgets what it has not heard of for five minutes. Counters have no TYPE line: this is
//! the one form that OpenMetrics' parsers and `promtool check metrics` (which knows the older format) both accept.

mod containers;
mod nodes;
mod pods;
mod traffic;
mod workloads;

use std::io::{self, Write};

use crate::record::{Moment, Record};

/// How often a value that stays is said again, in seconds, if that does not become too much.
const REFRESH_SECONDS: i64 = 240;
/// About so many samples at most say again what was said before.
const MOST_REFRESHES: i64 = 400_000;
/// Series of a pod, a node and a workload, about.
const SERIES: [i64; 3] = [11, 9, 6];

/// Writes the metrics of `record`.
pub fn write(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    let mut exposition = Exposition::new(record, out);
    exposition.about(record)?;
    nodes::write(record, &mut exposition)?;
    let labels = pods::PodLabels::of(record);
    pods::write(record, &labels, &mut exposition)?;
    containers::write(record, &labels, &mut exposition)?;
    workloads::write(record, &mut exposition)?;
    traffic::write(record, &mut exposition)?;
    exposition.out.write_all(b"# EOF\n")
}

/// The file in the making: families one after another, in each its series, in each its samples.
struct Exposition<'a> {
    out: &'a mut dyn Write,
    /// t=0 in nanoseconds of Unix time.
    epoch: i64,
    refresh: i64,
    name: &'static str,
    /// Name and labels of the series at hand.
    head: Vec<u8>,
    line: Vec<u8>,
    /// Seconds of Unix time and values.
    samples: Vec<(i64, f64)>,
}

impl<'a> Exposition<'a> {
    fn new(record: &Record, out: &'a mut dyn Write) -> Self {
        let start: jiff::Timestamp = record.run.start.parse().unwrap_or_default();
        let epoch = i64::try_from(start.as_nanosecond()).unwrap_or_default();
        let refresh = refresh_seconds(record);
        let (head, line) = (Vec::with_capacity(256), Vec::with_capacity(512));
        Self { out, epoch, refresh, name: "", head, line, samples: Vec::new() }
    }

    fn about(&mut self, record: &Record) -> io::Result<()> {
        self.gauge("kubelapse_info", "The run that these metrics are of.")?;
        self.series(&[("scenario", &record.run.name), ("version", &record.run.version)]);
        self.sample(record.begin(), 1.0);
        self.finish(record.end)?;
        self.gauge("kubelapse_refresh_seconds", "After how long a value that stays is said again.")?;
        self.series(&[("scenario", &record.run.name)]);
        self.sample(record.begin(), self.refresh as f64);
        self.finish(record.end)
    }

    /// Begins a family of gauges.
    fn gauge(&mut self, name: &'static str, help: &str) -> io::Result<()> {
        self.name = name;
        write!(self.out, "# HELP {name} {help}\n# TYPE {name} gauge\n")
    }

    /// Begins a family of counters.
    fn counter(&mut self, name: &'static str, help: &str) -> io::Result<()> {
        self.name = name;
        writeln!(self.out, "# HELP {name} {help}")
    }

    /// Begins a series of the family.
    fn series(&mut self, labels: &[(&str, &str)]) {
        self.series_below(b"", labels);
    }

    /// The same, with labels that are written out already before the others.
    fn series_below(&mut self, first: &[u8], further: &[(&str, &str)]) {
        self.head.clear();
        self.head.extend_from_slice(self.name.as_bytes());
        self.head.push(b'{');
        self.head.extend_from_slice(first);
        if !first.is_empty() && !further.is_empty() {
            self.head.push(b',');
        }
        push_labels(&mut self.head, further);
        self.head.extend_from_slice(b"} ");
    }

    /// From `moment` on the series has this value: as a scrape sees it that comes with the next full second.
    fn sample(&mut self, moment: Moment, value: f64) {
        let second = self.unix_seconds(moment);
        match self.samples.last_mut() {
            Some(last) if last.0 >= second => last.1 = value,
            Some(last) if last.1.to_bits() == value.to_bits() => {}
            _ => self.samples.push((second, value)),
        }
    }

    /// The series ends at `until`.
    fn finish(&mut self, until: Moment) -> io::Result<()> {
        let until = self.unix_seconds(until);
        for index in 0..self.samples.len() {
            let (from, value) = self.samples[index];
            let to = self.samples.get(index + 1).map_or(until + 1, |next| next.0);
            let mut second = from;
            loop {
                self.line.clear();
                self.line.extend_from_slice(&self.head);
                push_number(&mut self.line, value);
                self.line.push(b' ');
                self.line.extend_from_slice(itoa::Buffer::new().format(second).as_bytes());
                self.line.push(b'\n');
                self.out.write_all(&self.line)?;
                second += self.refresh;
                if second >= to {
                    break;
                }
            }
        }
        self.samples.clear();
        Ok(())
    }

    fn unix_seconds(&self, moment: Moment) -> i64 {
        let nanos = i128::from(self.epoch) + i128::from(moment.0);
        nanos.div_euclid(1_000_000_000) as i64 + i64::from(nanos.rem_euclid(1_000_000_000) != 0)
    }

    /// Unix time of a moment, as the value of a metric.
    fn unix_time(&self, moment: Moment) -> f64 {
        self.unix_seconds(moment) as f64
    }
}

/// `namespace="default",pod="web"`.
fn push_labels(text: &mut Vec<u8>, labels: &[(&str, &str)]) {
    for (index, (label, value)) in labels.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        text.extend_from_slice(label.as_bytes());
        text.extend_from_slice(b"=\"");
        for byte in value.bytes() {
            match byte {
                b'\\' => text.extend_from_slice(b"\\\\"),
                b'"' => text.extend_from_slice(b"\\\""),
                b'\n' => text.extend_from_slice(b"\\n"),
                other => text.push(other),
            }
        }
        text.push(b'"');
    }
}

fn push_number(line: &mut Vec<u8>, value: f64) {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        line.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
    } else {
        write!(line, "{value}").expect("writing into memory");
    }
}

/// A whole multiple of the shortest time, so long that a year of a large cluster still is a file.
fn refresh_seconds(record: &Record) -> i64 {
    let lived = |from: Moment, to: Moment| (to.min(record.end).0 - from.0).max(0) / 1_000_000_000;
    let pods: i64 = record.pods.iter().map(|pod| lived(pod.created, pod.deleted)).sum();
    let nodes: i64 = record.nodes.iter().map(|node| lived(node.created, node.deleted)).sum();
    let workloads: i64 = record.workloads.iter().map(|workload| lived(workload.created, workload.deleted)).sum();
    let all = [pods, nodes, workloads].iter().zip(SERIES).map(|(seconds, series)| seconds * series).sum::<i64>();
    let mut refresh = REFRESH_SECONDS;
    while all / refresh > MOST_REFRESHES {
        refresh *= 2;
    }
    refresh
}
