//! What `kubectl logs` shows of a container's output, and how it follows one to its end.

use crate::cluster::{Change, Fields};
use crate::engine::SimTime;
use crate::machines::{ContainerId, RunState};
use crate::model::object::PodId;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::output::Printed;
use super::super::waiting::Pending;
use super::Outcome;
use super::logs::find_run;

/// Lines shown of each pod with `-l` unless told otherwise.
const TAIL_WITH_SELECTOR: i64 = 10;

/// What is shown of an output, and how.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    prefix: String,
    timestamps: bool,
    since: SimTime,
    /// The last lines only, as many as this.
    tail: Option<usize>,
    /// Bytes still to be shown: `--limit-bytes`.
    left: Option<usize>,
}

impl Shown {
    /// All there is, as it is.
    fn everything() -> Self {
        Self { prefix: String::new(), timestamps: false, since: SimTime::ZERO, tail: None, left: None }
    }

    /// As the flags say. Upstream: cmd/logs `LogsOptions.ToLogOptions`.
    pub(super) fn of(call: &Call<'_>, line: &CommandLine, (pod, container): Stream) -> Self {
        let is_on = |flag| line.flags.is_on(flag, false);
        let prefix = if is_on("prefix") || is_on("all-pods") {
            let name = &call.cluster.template_of(pod).spec.containers[container].name;
            format!("[pod/{}/{name}] ", call.cluster.pod(pod).name)
        } else {
            String::new()
        };
        let tail =
            line.flags.number("tail").unwrap_or(if line.flags.has("selector") { TAIL_WITH_SELECTOR } else { -1 });
        let since = match line.flags.duration("since") {
            Some(length) => SimTime(call.now.0.saturating_sub(length.0)),
            None => call.cluster.clock().time_of(line.flags.text("since-time")).unwrap_or(SimTime::ZERO),
        };
        Self {
            prefix,
            timestamps: is_on("timestamps"),
            since,
            tail: usize::try_from(tail).ok(),
            left: line.flags.number("limit-bytes").filter(|limit| *limit > 0).map(|limit| limit as usize),
        }
    }

    /// The first line that is shown of so many.
    pub(super) fn first(&self, lines: usize) -> usize {
        self.tail.map_or(0, |tail| lines.saturating_sub(tail))
    }

    pub(super) fn write(
        &mut self,
        call: &Call<'_>,
        (at, text): (SimTime, &str),
        is_whole: bool,
        printed: &mut Printed,
    ) {
        if at < self.since || self.left == Some(0) {
            return;
        }
        let mut line = String::new();
        if self.timestamps {
            line = call.cluster.clock().micro_timestamp(at) + " ";
        }
        line.push_str(text);
        if is_whole {
            line.push('\n');
        }
        if let Some(left) = &mut self.left {
            line.truncate(line.floor_char_boundary(*left));
            *left = left.saturating_sub(line.len().max(1));
        }
        printed.out.push_str(&self.prefix);
        printed.out.push_str(&line);
    }
}

/// A container of a pod.
pub(super) type Stream = (PodId, usize);

/// `logs -f`: a container whose output is followed to its end.
#[derive(Clone, Debug)]
pub(crate) struct Follow {
    pod: PodId,
    container: usize,
    run: Option<(ContainerId, u32)>,
    printed_lines: usize,
    shown: Shown,
}

impl Follow {
    /// Everything that the container's run prints.
    pub(super) fn whole(pod: PodId, container: usize) -> Self {
        Self { pod, container, run: None, printed_lines: 0, shown: Shown::everything() }
    }

    /// What the running container prints from now on.
    pub(super) fn from_now(call: &Call<'_>, pod: PodId, container: usize) -> Self {
        let run = call.machines.runs(pod, container as u8).next();
        let mut follow = Self::whole(pod, container);
        if let Some(run) = run {
            follow.begin(call, run);
            let log = call.machines.container(run).log();
            follow.printed_lines = log.map_or(0, |log| log.lines().len() - usize::from(log.is_open()));
        }
        follow
    }

    /// As the flags say, of the run that is there; `None` where there is none yet.
    pub(super) fn of(call: &Call<'_>, line: &CommandLine, stream: Stream) -> Result<Option<Self>, Failure> {
        let (pod, container) = stream;
        let run = find_run(call, line.flags.is_on("previous", false), pod, container)?;
        Ok(run.map(|run| {
            let mut follow = Self { shown: Shown::of(call, line, stream), ..Self::whole(pod, container) };
            follow.begin(call, run);
            follow
        }))
    }

    fn begin(&mut self, call: &Call<'_>, run: ContainerId) {
        let row = call.machines.container(run);
        self.run = Some((run, row.serial));
        self.printed_lines = row.log().map_or(0, |log| self.shown.first(log.lines().len()));
    }

    /// Might the change be the end of the run?
    fn touches(&self, change: &Change) -> bool {
        change.object.as_pod() == Some(self.pod) && change.fields.intersects(Fields::CONTAINERS | Fields::PHASE)
    }
}

/// Containers that are followed at once. Upstream: cmd/logs `LogsOptions.parallelConsumeRequest`.
#[derive(Clone, Debug)]
pub(crate) struct Follows(Vec<Follow>);

impl Follows {
    pub(super) fn of(follows: Vec<Follow>) -> Self {
        Self(follows)
    }

    /// Might the change be the end of a run?
    pub(crate) fn touches(&self, change: &Change) -> bool {
        self.0.iter().any(|follow| follow.touches(change))
    }
}

/// Prints what has been written since, and waits for the end of the runs.
pub(crate) fn go_on(
    call: &mut Call<'_>,
    deadline: SimTime,
    Follows(follows): Follows,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let mut left = Vec::new();
    for mut follow in follows {
        if !has_ended(call, &mut follow, printed)? {
            left.push(follow);
        }
    }
    if left.is_empty() || call.now >= deadline {
        return Ok(Outcome::Done);
    }
    Ok(Outcome::Wait { deadline, pending: Pending::Follow(Follows(left)) })
}

/// Prints what has been written since. Has the run ended?
pub(super) fn has_ended(call: &Call<'_>, follow: &mut Follow, printed: &mut Printed) -> Result<bool, Failure> {
    if follow.run.is_none() {
        let Some(run) = find_run(call, false, follow.pod, follow.container)? else { return Ok(true) };
        follow.begin(call, run);
    }
    let row = follow.run.and_then(|(run, serial)| call.machines.container_of_serial(run, serial));
    let Some(row) = row else { return Ok(true) };
    let ended = matches!(row.state, RunState::Exited { .. });
    if let Some(log) = row.log() {
        // A line without its end is printed when it has one, or when the run ends.
        let complete = log.lines().len() - usize::from(log.is_open() && !ended);
        for (place, entry) in log.lines().enumerate().take(complete).skip(follow.printed_lines) {
            let is_whole = place + 1 < complete || !log.is_open();
            follow.shown.write(call, (entry.at, &entry.text), is_whole, printed);
        }
        follow.printed_lines = follow.printed_lines.max(complete);
    }
    Ok(ended || follow.shown.left == Some(0))
}
