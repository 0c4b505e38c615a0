//! `trace.json`: the run in Chrome's trace format, for Perfetto (ui.perfetto.dev) and chrome://tracing. Nodes are
//! processes, pods threads: their phases are slices, what kubectl's STATUS adds is slices inside of them; each
//! container is a thread below its pod, with its runs and waits as slices. Kubernetes Events are instants, steps are
//! slices of the process `cluster`, what nodes hold is counters.
//! Written as it is computed: what is kept is a few numbers a row, never the text.

use std::io::{self, Write};

use rustc_hash::FxHashMap;

use super::grouped::Grouped;
use crate::record::{ContainerRow, ContainerStage, Moment, Number, PodRow, Record, Stage, Step, TextId};

/// The process of what belongs to no node: steps, Events about workloads.
const CLUSTER: usize = 1;
/// The process of pods that never had a node.
const NO_NODE: usize = 2;
/// The process of the first node.
const FIRST_NODE: usize = 3;

/// Writes the trace of `record`.
pub fn write(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    let mut trace = Trace::new(record, out);
    trace.head()?;
    trace.processes()?;
    trace.pods()?;
    trace.events()?;
    trace.steps()?;
    trace.counters()?;
    trace.out.write_all(b"\n]}\n")
}

struct Trace<'a> {
    record: &'a Record,
    out: &'a mut dyn Write,
    line: Vec<u8>,
    is_first: bool,
    /// By pod: its thread; those of its containers follow.
    threads: Vec<usize>,
    containers: Vec<Vec<TextId>>,
    next_thread: usize,
}

impl<'a> Trace<'a> {
    fn new(record: &'a Record, out: &'a mut dyn Write) -> Self {
        let mut containers: Vec<Vec<TextId>> = vec![Vec::new(); record.pods.len()];
        for row in &record.container_rows {
            let names = &mut containers[row.pod.index()];
            if !names.contains(&row.name) {
                names.push(row.name);
            }
        }
        // No thread has the number of a process: it would be its main one.
        let mut next_thread = FIRST_NODE + record.nodes.len();
        let mut number = |count: usize| {
            next_thread += count;
            next_thread - count
        };
        let threads = containers.iter().map(|names| number(1 + names.len())).collect();
        Self { record, out, line: Vec::with_capacity(512), is_first: true, threads, containers, next_thread }
    }

    fn head(&mut self) -> io::Result<()> {
        let run = &self.record.run;
        let about = serde_json::json!({
            "scenario": run.name,
            "seed": run.seed,
            "version": format!("kubelapse {}", run.version),
            "start": run.start,
            "zero_us": -self.record.begin().0 / 1000,
        });
        write!(self.out, "{{\"displayTimeUnit\":\"ms\",\"otherData\":{about},\"traceEvents\":[")
    }

    fn processes(&mut self) -> io::Result<()> {
        let record = self.record;
        self.name("process_name", CLUSTER, CLUSTER, "cluster")?;
        if record.pods.iter().any(|pod| pod.last.node.is_none()) {
            self.name("process_name", NO_NODE, NO_NODE, "pods without a node")?;
        }
        for (index, node) in record.nodes.iter().enumerate() {
            let process = FIRST_NODE + index;
            self.name("process_name", process, process, record.text(node.name))?;
            self.begin("process_sort_index", 'M', process, process);
            self.raw(",\"args\":{\"sort_index\":");
            self.integer(process);
            self.raw("}}");
            self.end()?;
        }
        Ok(())
    }

    fn pods(&mut self) -> io::Result<()> {
        let record = self.record;
        let rows = Grouped::new(record.pods.len(), record.timeline.iter().map(|row| row.pod.index()));
        let runs = Grouped::new(record.pods.len(), record.container_rows.iter().map(|row| row.pod.index()));
        let mut stretches: Vec<(&PodRow, Moment)> = Vec::new();
        for pod in 0..record.pods.len() {
            let (process, thread) = (self.process_of(pod), self.threads[pod]);
            self.name("thread_name", process, thread, record.text(record.pods[pod].name))?;
            stretches.clear();
            let all = rows.of(pod, &record.timeline);
            let ends = all.clone().skip(1).map(|row| row.time).chain([record.end]);
            stretches.extend(all.zip(ends).filter(|(row, _)| row.state.stage != Stage::Deleted));
            // A slice comes before those inside of it that begin with it.
            for stretch in stretches.chunk_by(|(one, _), (next, _)| one.state.phase == next.state.phase) {
                self.slice(
                    stretch[0].0.state.phase.name(),
                    "phase",
                    stretch[0].0.time,
                    stretch[stretch.len() - 1].1,
                    pod,
                )?;
                for (row, end) in stretch {
                    self.status(row, *end, pod)?;
                }
            }
            for place in 0..self.containers[pod].len() {
                let name = self.containers[pod][place];
                let of_container = runs.of(pod, &record.container_rows).filter(|row| row.name == name);
                self.container(pod, place, of_container)?;
            }
        }
        Ok(())
    }

    /// What kubectl's STATUS says beyond the phase.
    fn status(&mut self, row: &PodRow, end: Moment, pod: usize) -> io::Result<()> {
        let state = &row.state;
        let status = self.record.text(state.status);
        let name = if state.stage == Stage::Ready { "Ready" } else { status };
        if name == state.phase.name() && state.reason.is_none() || end == row.time {
            return Ok(());
        }
        self.begin_slice(name, "status", row.time, end, self.process_of(pod), self.threads[pod]);
        self.raw(",\"args\":{\"ready\":\"");
        self.integer(state.ready);
        self.raw("/");
        self.integer(state.containers);
        self.raw("\",\"restarts\":");
        self.integer(state.restarts);
        if state.reason.is_some() {
            self.raw(",\"reason\":");
            self.json(self.record.text(state.reason));
        }
        self.raw("}}");
        self.end()
    }

    /// Runs and waits of one container.
    fn container<'r>(
        &mut self,
        pod: usize,
        place: usize,
        rows: impl Iterator<Item = &'r ContainerRow>,
    ) -> io::Result<()> {
        let record = self.record;
        let (process, thread) = (self.process_of(pod), self.threads[pod] + 1 + place);
        let name = record.text(self.containers[pod][place]);
        self.name("thread_name", process, thread, &format!("{}: {name}", record.text(record.pods[pod].name)))?;
        let gone = record.pods[pod].deleted.min(record.end);
        let mut rows = rows.peekable();
        let mut run = 0;
        while let Some(row) = rows.next() {
            let end = rows.peek().map_or(gone, |next| next.since).max(row.since);
            match row.stage {
                ContainerStage::Running => {
                    run += 1;
                    self.begin_slice(name, "container", row.since, end, process, thread);
                    self.raw(",\"args\":{\"run\":");
                    self.integer(run);
                    if let Some(ended) = rows.peek().filter(|next| next.stage == ContainerStage::Terminated) {
                        self.raw(",\"exit\":");
                        self.integer(ended.exit);
                        self.raw(",\"reason\":");
                        self.json(record.text(ended.reason));
                    }
                    self.raw("}}");
                    self.end()?;
                }
                ContainerStage::Waiting if row.reason.is_some() && end > row.since => {
                    self.begin_slice(record.text(row.reason), "container", row.since, end, process, thread);
                    self.raw("}");
                    self.end()?;
                }
                ContainerStage::Waiting | ContainerStage::Terminated => {}
            }
        }
        Ok(())
    }

    fn events(&mut self) -> io::Result<()> {
        let record = self.record;
        // A pod's name is a text of its own: it tells which of the pods of that name is meant.
        let mut pods = vec![usize::MAX; record.texts.len()];
        for (index, pod) in record.pods.iter().enumerate() {
            pods[pod.name.index()] = index;
        }
        let mut nodes = vec![usize::MAX; record.texts.len()];
        for (index, node) in record.nodes.iter().enumerate() {
            nodes[node.name.index()] = index;
        }
        let mut objects: FxHashMap<(TextId, TextId, TextId), usize> = FxHashMap::default();
        for row in &record.events {
            let kind = record.text(row.kind);
            let of = |places: &[usize]| if row.name.is_some() { places[row.name.index()] } else { usize::MAX };
            let (process, thread, scope) = match (kind, of(&pods), of(&nodes)) {
                ("Pod", pod, _) if pod != usize::MAX => (self.process_of(pod), self.threads[pod], 't'),
                ("Node", _, node) if node != usize::MAX => (FIRST_NODE + node, FIRST_NODE + node, 'p'),
                _ => {
                    let key = (row.kind, row.namespace, row.name);
                    let thread = if let Some(thread) = objects.get(&key) {
                        *thread
                    } else {
                        let thread = self.new_thread();
                        objects.insert(key, thread);
                        let name = format!("{} {}/{}", kind, record.text(row.namespace), record.text(row.name));
                        self.name("thread_name", CLUSTER, thread, &name)?;
                        thread
                    };
                    (CLUSTER, thread, 't')
                }
            };
            self.begin(record.text(row.reason), 'i', process, thread);
            self.raw(",\"cat\":\"event\",\"s\":\"");
            self.line.push(scope as u8);
            self.raw("\",\"ts\":");
            self.micros(row.time);
            self.raw(",\"args\":{\"type\":");
            self.json(if row.is_warning { "Warning" } else { "Normal" });
            self.raw(",\"source\":");
            self.json(record.text(row.source));
            self.raw(",\"count\":");
            self.integer(row.count);
            self.raw(",\"message\":");
            self.json(record.text(row.message));
            self.raw("}}");
            self.end()?;
        }
        Ok(())
    }

    /// Steps that overlap are on threads of their own.
    fn steps(&mut self) -> io::Result<()> {
        let record = self.record;
        let mut lanes: Vec<(usize, Moment)> = Vec::new();
        for step in &record.steps {
            let Step { command, start, end, exit, .. } = step;
            let end = (*end).min(record.end).max(*start);
            let free = lanes.iter().position(|(_, until)| until <= start);
            let lane = if let Some(lane) = free {
                lane
            } else {
                lanes.push((self.new_thread(), end));
                self.name("thread_name", CLUSTER, lanes[lanes.len() - 1].0, "steps")?;
                lanes.len() - 1
            };
            lanes[lane].1 = end;
            self.begin_slice(command, "step", *start, end, CLUSTER, lanes[lane].0);
            self.raw(",\"args\":{\"output\":");
            self.json(&step.output);
            if let Some(exit) = exit {
                self.raw(",\"exit\":");
                self.integer(*exit);
            }
            self.raw("}}");
            self.end()?;
        }
        Ok(())
    }

    fn counters(&mut self) -> io::Result<()> {
        let record = self.record;
        for row in &record.node_rows {
            let process = FIRST_NODE + row.node.index();
            let state = &row.state;
            let cores = |milli: u64| Number(milli as f64 / 1000.0).rounded();
            let cpu = (cores(state.requested.cpu_milli), state.used.map(|used| cores(used.cpu_milli)));
            let memory = (state.requested.memory_bytes as f64, state.used.map(|used| used.memory_bytes as f64));
            for (name, requested, used) in [("cpu (cores)", cpu.0, cpu.1), ("memory (bytes)", memory.0, memory.1)] {
                self.begin(name, 'C', process, process);
                self.raw(",\"ts\":");
                self.micros(row.time);
                write!(self.line, ",\"args\":{{\"requested\":{requested}")?;
                if let Some(used) = used {
                    write!(self.line, ",\"used\":{used}")?;
                }
                self.raw("}}");
                self.end()?;
            }
            self.begin("pods", 'C', process, process);
            self.raw(",\"ts\":");
            self.micros(row.time);
            self.raw(",\"args\":{\"pods\":");
            self.integer(state.pods);
            self.raw("}}");
            self.end()?;
        }
        Ok(())
    }

    fn process_of(&self, pod: usize) -> usize {
        let node = self.record.pods[pod].last.node;
        if node.is_some() { FIRST_NODE + node.index() } else { NO_NODE }
    }

    fn new_thread(&mut self) -> usize {
        self.next_thread += 1;
        self.next_thread - 1
    }

    fn slice(&mut self, name: &str, category: &str, from: Moment, to: Moment, pod: usize) -> io::Result<()> {
        self.begin_slice(name, category, from, to, self.process_of(pod), self.threads[pod]);
        self.raw("}");
        self.end()
    }

    fn begin_slice(&mut self, name: &str, category: &str, from: Moment, to: Moment, process: usize, thread: usize) {
        self.begin(name, 'X', process, thread);
        self.raw(",\"cat\":\"");
        self.raw(category);
        self.raw("\",\"ts\":");
        self.micros(from);
        self.raw(",\"dur\":");
        self.nanos_as_micros((to.0 - from.0).max(0) as u64);
    }

    /// A name of a process or thread.
    fn name(&mut self, what: &str, process: usize, thread: usize, name: &str) -> io::Result<()> {
        self.begin(what, 'M', process, thread);
        self.raw(",\"args\":{\"name\":");
        self.json(name);
        self.raw("}}");
        self.end()
    }

    fn begin(&mut self, name: &str, phase: char, process: usize, thread: usize) {
        self.raw(if self.is_first { "\n{\"name\":" } else { ",\n{\"name\":" });
        self.is_first = false;
        self.json(name);
        self.raw(",\"ph\":\"");
        self.line.push(phase as u8);
        self.raw("\",\"pid\":");
        self.integer(process);
        self.raw(",\"tid\":");
        self.integer(thread);
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }

    fn raw(&mut self, text: &str) {
        self.line.extend_from_slice(text.as_bytes());
    }

    fn integer(&mut self, number: impl itoa::Integer) {
        self.line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn json(&mut self, text: &str) {
        serde_json::to_writer(&mut self.line, text).expect("a text into memory");
    }

    /// A moment since the beginning of the record: viewers know no negative times.
    fn micros(&mut self, moment: Moment) {
        self.nanos_as_micros((moment.0 - self.record.begin().0).max(0) as u64);
    }

    fn nanos_as_micros(&mut self, nanos: u64) {
        self.integer(nanos / 1000);
        if !nanos.is_multiple_of(1000) {
            write!(self.line, ".{:03}", nanos % 1000).expect("writing into memory");
        }
    }
}
