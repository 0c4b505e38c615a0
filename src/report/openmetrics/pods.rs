//! Pods as kube-state-metrics names them, and the scheduler's own metrics. Of series that tell states apart (phases,
//! conditions, reasons) only those that a pod was ever in are written; when a pod is gone, they say 0.

use std::io;

use super::super::grouped::Grouped;
use super::{Exposition, push_labels};
use crate::record::{AttemptResult, Moment, Phase, PodRow, Record, Stage, WorkloadIndex};

/// `status.reason` of pods that kube-state-metrics tells apart.
const REASONS: [&str; 5] = ["Evicted", "NodeAffinity", "NodeLost", "Shutdown", "UnexpectedAdmissionError"];

pub(super) fn write(record: &Record, labels: &PodLabels, out: &mut Exposition<'_>) -> io::Result<()> {
    facts(record, labels, out)?;
    let rows = Grouped::new(record.pods.len(), record.timeline.iter().map(|row| row.pod.index()));
    let each = |of: &mut dyn FnMut(&Names<'_>, &mut dyn Iterator<Item = &PodRow>) -> io::Result<()>| {
        for pod in 0..record.pods.len() {
            of(&labels.names(record, pod), &mut rows.of(pod, &record.timeline))?;
        }
        Ok::<(), io::Error>(())
    };
    let is = |row: &PodRow, what: fn(&PodRow) -> bool| f64::from(row.state.stage != Stage::Deleted && what(row));
    out.gauge("kube_pod_status_phase", "The pods current phase.")?;
    let mut phases: Vec<(Moment, Option<Phase>)> = Vec::new();
    each(&mut |names, rows| {
        phases.clear();
        phases.extend(rows.map(|row| (row.time, (row.state.stage != Stage::Deleted).then_some(row.state.phase))));
        for phase in [Phase::Pending, Phase::Running, Phase::Succeeded, Phase::Failed] {
            // What it has not been yet is said from the first time on that it is.
            let from = phases.iter().position(|(_, seen)| *seen == Some(phase));
            let Some(from) = from else { continue };
            names.series(out, &[("phase", phase.name())]);
            for (time, seen) in &phases[from..] {
                out.sample(*time, f64::from(*seen == Some(phase)));
            }
            out.finish(names.until)?;
        }
        Ok(())
    })?;
    out.gauge("kube_pod_status_ready", "Describes whether the pod is ready to serve requests.")?;
    each(&mut |names, rows| {
        names.series(out, &[("condition", "true")]);
        rows.for_each(|row| out.sample(row.time, is(row, is_ready)));
        out.finish(names.until)
    })?;
    out.gauge("kube_pod_status_scheduled", "Describes the status of the scheduling process for the pod.")?;
    each(&mut |names, rows| {
        names.series(out, &[("condition", "true")]);
        rows.for_each(|row| out.sample(row.time, is(row, |row| row.state.node.is_some())));
        out.finish(names.until)
    })?;
    out.gauge("kube_pod_status_unschedulable", "Describes the unschedulable status for the pod.")?;
    each(&mut |names, rows| {
        let mut rows = rows.skip_while(|row| row.state.stage != Stage::Unschedulable).peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        names.series(out, &[]);
        rows.for_each(|row| out.sample(row.time, is(row, |row| row.state.stage == Stage::Unschedulable)));
        out.finish(names.until)
    })?;
    out.gauge("kube_pod_status_reason", "The pod status reasons")?;
    each(&mut |names, rows| {
        let mut rows = rows.skip_while(|row| !REASONS.contains(&record.text(row.state.reason))).peekable();
        let Some(first) = rows.peek() else { return Ok(()) };
        let reason = first.state.reason;
        names.series(out, &[("reason", record.text(reason))]);
        rows.for_each(|row| out.sample(row.time, f64::from(row.state.reason == reason)));
        out.finish(names.until)
    })?;
    scheduling(record, out)
}

/// A pod that is told to go is ready until its containers are not.
fn is_ready(row: &PodRow) -> bool {
    let state = &row.state;
    let all = state.containers > 0 && state.ready == state.containers;
    state.stage == Stage::Ready || state.stage == Stage::Terminating && all
}

/// What holds for a pod's whole life.
fn facts(record: &Record, labels: &PodLabels, out: &mut Exposition<'_>) -> io::Result<()> {
    out.gauge("kube_pod_info", "Information about pod.")?;
    for (index, pod) in record.pods.iter().enumerate() {
        let (kind, name) = owner(record, pod.owner);
        let node = record.node_name(pod.last.node);
        let further = [("node", node), ("created_by_kind", kind), ("created_by_name", name)];
        labels.names(record, index).constant(out, &further, pod.created, 1.0)?;
    }
    out.gauge("kube_pod_owner", "Information about the Pod's owner.")?;
    for (index, pod) in record.pods.iter().enumerate() {
        let (kind, name) = owner(record, pod.owner);
        let controls = if pod.owner.is_some() { "true" } else { "" };
        let further = [("owner_kind", kind), ("owner_name", name), ("owner_is_controller", controls)];
        labels.names(record, index).constant(out, &further, pod.created, 1.0)?;
    }
    out.gauge("kube_pod_created", "Unix creation timestamp")?;
    for (index, pod) in record.pods.iter().enumerate() {
        labels.names(record, index).constant(out, &[], pod.created, out.unix_time(pod.created))?;
    }
    out.gauge("kube_pod_completion_time", "Completion time in unix timestamp for a pod.")?;
    for (index, pod) in record.pods.iter().enumerate().filter(|(_, pod)| pod.finished.is_some()) {
        labels.names(record, index).constant(out, &[], pod.finished, out.unix_time(pod.finished))?;
    }
    // The scheduler's /metrics/resources.
    let help = "Resources requested by workloads on the cluster, broken down by pod. This shows the resource usage the \
                scheduler and kubelet expect per pod for resources along with the unit for the resource if any.";
    out.gauge("kube_pod_resource_request", help)?;
    for pod in &record.pods {
        let from = if pod.bound.is_some() { pod.bound } else { pod.created };
        let priority = pod.priority.to_string();
        for (resource, unit, amount) in
            [("cpu", "cores", pod.cpu_milli as f64 / 1000.0), ("memory", "bytes", pod.memory_bytes as f64)]
        {
            if amount == 0.0 {
                continue;
            }
            out.series(&[
                ("namespace", record.text(pod.namespace)),
                ("pod", record.text(pod.name)),
                ("node", record.node_name(pod.last.node)),
                ("scheduler", "default-scheduler"),
                ("priority", &priority),
                ("resource", resource),
                ("unit", unit),
            ]);
            out.sample(from, amount);
            let ended = pod.ended();
            if ended.is_some() {
                out.sample(ended, 0.0);
            }
            out.finish(ended.min(record.end))?;
        }
    }
    Ok(())
}

/// Attempts by their result.
fn scheduling(record: &Record, out: &mut Exposition<'_>) -> io::Result<()> {
    let help = "Number of attempts to schedule pods, by the result.";
    out.counter("scheduler_schedule_attempts_total", help)?;
    for result in [AttemptResult::Scheduled, AttemptResult::Unschedulable, AttemptResult::Error] {
        out.series(&[("result", result.name()), ("profile", "default-scheduler")]);
        out.sample(record.begin(), 0.0);
        for (count, attempt) in (1u32..).zip(record.attempts.iter().filter(|attempt| attempt.result == result)) {
            out.sample(attempt.time, f64::from(count));
        }
        out.finish(record.end)?;
    }
    Ok(())
}

fn owner(record: &Record, owner: WorkloadIndex) -> (&str, &str) {
    if owner.is_none() {
        return ("", "");
    }
    let owner = &record.workloads[owner.index()];
    (record.text(owner.kind), record.text(owner.name))
}

/// The labels that every series of a pod has, of all pods.
pub(super) struct PodLabels {
    text: Vec<u8>,
    ends: Vec<u32>,
}

impl PodLabels {
    pub(super) fn of(record: &Record) -> Self {
        let mut labels = Self { text: Vec::new(), ends: Vec::with_capacity(record.pods.len()) };
        for pod in &record.pods {
            let uid = pod.uid.to_string();
            let (namespace, name) = (record.text(pod.namespace), record.text(pod.name));
            push_labels(&mut labels.text, &[("namespace", namespace), ("pod", name), ("uid", &uid)]);
            labels.ends.push(labels.text.len() as u32);
        }
        labels
    }

    /// Those of one pod, and when its series end.
    pub(super) fn names(&self, record: &Record, pod: usize) -> Names<'_> {
        let begin = pod.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        let until = record.pods[pod].deleted.min(record.end);
        Names { labels: &self.text[begin..self.ends[pod] as usize], until }
    }
}

/// The labels that every series of a pod has.
pub(super) struct Names<'a> {
    labels: &'a [u8],
    /// When its series end.
    pub(super) until: Moment,
}

impl Names<'_> {
    /// Begins a series of the pod with further labels.
    pub(super) fn series(&self, out: &mut Exposition<'_>, further: &[(&str, &str)]) {
        out.series_below(self.labels, further);
    }

    fn constant(&self, out: &mut Exposition<'_>, further: &[(&str, &str)], from: Moment, value: f64) -> io::Result<()> {
        self.series(out, further);
        out.sample(from, value);
        out.finish(self.until)
    }
}
