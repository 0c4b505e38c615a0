//! Programs that are there to take time or to start another: sleep, timeout, xargs, yes, stress.

use std::collections::BTreeMap;

use crate::engine::{SimDuration, SimTime};

use super::super::context::{Context, Input};
use super::super::kernel::{Pid, Run, Task, Wait};
use super::super::launch::{Launched, launch};
use super::super::process::Usage;
use super::super::signal::Signal;
use super::{Call, State, duration, usage};

/// `sleep NUMBER[smhd]…`: the sum of its arguments.
pub(super) fn sleep(call: &mut Call<'_, '_>) -> State {
    if call.words.len() < 2 {
        return State::Done(usage::wrong(call));
    }
    let mut total = SimDuration::ZERO;
    for word in &call.words[1..] {
        match duration(word) {
            Some(length) => total += length,
            None if call.is_gnu() => {
                return State::Done(usage::refuse(call, &format!("invalid time interval '{word}'")));
            }
            None => return State::Done(call.fail(&format!("invalid number '{word}'"))),
        }
    }
    State::Sleep(call.context.now + total)
}

/// `usleep MICROSECONDS`
pub(super) fn usleep(call: &mut Call<'_, '_>) -> State {
    let micros = call.words.get(1).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    State::Sleep(call.context.now + SimDuration(micros.saturating_mul(1000)))
}

/// `yes [WORDS]`, in blocks of 4 KiB.
pub(super) fn yes(call: &mut Call<'_, '_>) -> State {
    let line = if call.words.len() > 1 { call.words[1..].join(" ") } else { "y".to_owned() } + "\n";
    State::Yes(line.as_bytes().repeat((4096 / line.len()).max(1)))
}

/// `timeout [-k T] [-s SIGNAL] T COMMAND`
#[derive(Clone, Debug)]
pub(super) struct Timeout {
    child: Pid,
    until: SimTime,
    signal: Signal,
    kill_after: Option<SimDuration>,
    has_fired: bool,
}

pub(super) fn timeout(call: &mut Call<'_, '_>) -> State {
    let (mut signal, mut kill_after, mut at) = (Signal::Term, None, 1);
    let mut length = None;
    while let Some(word) = call.words.get(at) {
        let operand = call.words.get(at + 1);
        match word.as_str() {
            "-s" | "-k" | "-t" => {
                match word.as_str() {
                    "-s" => signal = operand.and_then(|text| Signal::parse(text)).unwrap_or(signal),
                    "-k" => kill_after = operand.and_then(|text| duration(text)),
                    _ => length = operand.and_then(|text| duration(text)),
                }
                at += 2;
            }
            word if word.starts_with('-') => at += 1,
            _ => break,
        }
    }
    if length.is_none() {
        length = call.words.get(at).and_then(|text| duration(text));
        at += 1;
    }
    let (Some(length), Some(_)) = (length, call.words.get(at)) else {
        return State::Done(usage::wrong(call));
    };
    match spawn(call.context, "timeout", call.words[at..].to_vec(), call.environment, call.cwd, call.umask) {
        Ok(child) => {
            State::Timeout(Timeout { child, until: call.context.now + length, signal, kill_after, has_fired: false })
        }
        Err(status) => State::Done(status),
    }
}

impl Timeout {
    pub fn step(&mut self, context: &mut Context<'_>) -> Run {
        if let Some(exit) = context.kernel.exited.remove(&self.child) {
            return match exit.killed_by {
                _ if self.has_fired && context.kernel.userland.is_gnu() && self.signal != Signal::Kill => {
                    Run::Exit(124)
                }
                // busybox' timeout is the child of its program: what kills that one kills what was started.
                Some(signal) => Run::Killed(signal),
                None => Run::Exit(exit.status),
            };
        }
        if self.until > context.now {
            return Run::Block(Wait::ChildUntil(self.child, self.until));
        }
        let signal = if self.has_fired { Signal::Kill } else { self.signal };
        // As a container's first process busybox' program has no need to heed it.
        if context.kernel.init != context.pid || context.kernel.userland.is_gnu() {
            if context.kernel.userland.is_gnu() {
                // GNU's signals all that its program has started, too.
                context.kernel.signal_family(self.child, signal);
            } else {
                context.kernel.signal(self.child, signal);
            }
        }
        self.until = match self.kill_after {
            Some(length) if !self.has_fired => context.now + length,
            _ => SimTime::NEVER,
        };
        self.has_fired = true;
        Run::Block(Wait::ChildUntil(self.child, self.until))
    }
}

/// Starts a child that shares all descriptors.
pub(super) fn spawn(
    context: &mut Context<'_>,
    by: &str,
    words: Vec<String>,
    environment: &BTreeMap<String, String>,
    cwd: &str,
    umask: u32,
) -> Result<Pid, i32> {
    let name = words[0].clone();
    match launch(context, words, environment.clone(), cwd, umask) {
        Launched::Body(body) => {
            let pid = context.kernel.new_pid();
            let descriptors = context.descriptors.clone();
            let ignored = context.ignored.clone();
            let parent = context.pid;
            context.kernel.tasks.push(Task {
                pid,
                parent,
                body,
                descriptors,
                wait: Wait::Ready,
                signals: Vec::new(),
                ignored,
            });
            Ok(pid)
        }
        Launched::Refused(message, status) => {
            context.complain(&message);
            Err(status)
        }
        Launched::Failed(_, status) => {
            let missing = "No such file or directory";
            context.complain(&match (by, context.kernel.userland.is_gnu()) {
                ("xargs", _) => format!("xargs: {name}: {missing}"),
                (_, true) => format!("{by}: failed to run command '{name}': {missing}"),
                (_, false) => format!("{by}: can't execute '{name}': {missing}"),
            });
            Err(status)
        }
    }
}

/// `xargs [-n N] [-I {}] COMMAND`: reads all words, then runs the command (once; with `-n` and `-I` as a script).
#[derive(Clone, Debug)]
pub(super) struct Arguments {
    command: Vec<String>,
    per_call: Option<usize>,
    placeholder: Option<String>,
    input: Vec<u8>,
    runs_when_empty: bool,
    /// Are words told apart by NUL bytes alone?
    ends_with_nul: bool,
}

pub(super) fn xargs(call: &mut Call<'_, '_>) -> State {
    let mut arguments = Arguments {
        command: Vec::new(),
        per_call: None,
        placeholder: None,
        input: Vec::new(),
        runs_when_empty: true,
        ends_with_nul: false,
    };
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-r" | "--no-run-if-empty" => arguments.runs_when_empty = false,
            "-0" | "--null" => arguments.ends_with_nul = true,
            word if word.len() > 2 && word.starts_with("-n") => {
                arguments.per_call = word[2..].parse().ok();
            }
            word if word.len() > 2 && word.starts_with("-I") => arguments.placeholder = Some(word[2..].to_owned()),
            "-n" | "-L" => arguments.per_call = words.next().and_then(|text| text.parse().ok()),
            "-I" => arguments.placeholder = words.next().cloned(),
            "-P" | "-s" => {
                words.next();
            }
            word if word.starts_with('-') => {}
            _ => {
                arguments.command = std::iter::once(word).chain(words).cloned().collect();
                break;
            }
        }
    }
    if arguments.command.is_empty() {
        arguments.command.push("echo".to_owned());
    }
    State::Arguments(Box::new(arguments))
}

impl Arguments {
    /// The child that does the work, or what to do instead.
    pub fn step(
        &mut self,
        context: &mut Context<'_>,
        environment: &BTreeMap<String, String>,
        cwd: &str,
        umask: u32,
    ) -> Result<Pid, Run> {
        loop {
            match context.read(0, 1 << 16) {
                Ok(Input::Bytes(bytes)) => self.input.extend(bytes),
                Ok(Input::Wait) => return Err(Run::Block(Wait::Input(0, SimTime::NEVER))),
                Ok(Input::End) => break,
                Err(_) => return Err(Run::Exit(1)),
            }
        }
        let text = String::from_utf8_lossy(&self.input).into_owned();
        let words: Vec<String> = match self.placeholder {
            _ if self.ends_with_nul => text.split('\0').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
            Some(_) => text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect(),
            None => shlex::split(&text).unwrap_or_else(|| text.split_whitespace().map(str::to_owned).collect()),
        };
        if words.is_empty() && (!self.runs_when_empty || self.placeholder.is_some()) {
            return Err(Run::Exit(0));
        }
        let calls: Vec<Vec<String>> = match (&self.placeholder, self.per_call) {
            (Some(placeholder), _) => {
                let one = |item: &String| self.command.iter().map(|word| word.replace(placeholder, item)).collect();
                words.iter().map(one).collect()
            }
            (None, Some(count)) if !words.is_empty() => {
                words.chunks(count.max(1)).map(|chunk| [self.command.as_slice(), chunk].concat()).collect()
            }
            _ => vec![[self.command.as_slice(), &words].concat()],
        };
        let command = if let [only] = calls.as_slice() {
            only.clone()
        } else {
            // Several calls are a script that goes on after failures and remembers them.
            let quoted = calls.iter().filter_map(|call| shlex::try_join(call.iter().map(String::as_str)).ok());
            let lines: String = quoted.map(|line| format!("{line} || s=$?\n")).collect();
            vec!["sh".to_owned(), "-c".to_owned(), format!("{lines}exit ${{s:-0}}")]
        };
        spawn(context, "xargs", command, environment, cwd, umask).map_err(Run::Exit)
    }
}

/// `stress --cpu N --vm N --vm-bytes B --timeout T`: what it uses is asked for by `Process::usage`.
pub(super) fn stress(call: &mut Call<'_, '_>) -> State {
    let mut cpu = 0;
    let (mut memory_workers, mut memory_bytes) = (0, 256 << 20);
    let mut until = SimTime::NEVER;
    let mut arguments = call.words[1..].iter().flat_map(|word| word.splitn(2, '='));
    while let Some(word) = arguments.next() {
        match word {
            "-c" | "--cpu" => cpu = arguments.next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0),
            "-m" | "--vm" => memory_workers = arguments.next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0),
            "--vm-bytes" => memory_bytes = arguments.next().and_then(bytes).unwrap_or(memory_bytes),
            "-t" | "--timeout" => {
                let length = arguments.next().and_then(duration);
                until = length.map_or(until, |length| call.context.now + length);
            }
            _ => {}
        }
    }
    let usage = Usage {
        cpu_milli: (cpu + memory_workers).saturating_mul(1000),
        memory_bytes: memory_workers.saturating_mul(memory_bytes),
    };
    let line =
        format!("stress: info: [{}] dispatching hogs: {cpu} cpu, 0 io, {memory_workers} vm, 0 hdd\n", call.context.pid);
    call.print(&line);
    State::Stress { until, usage }
}

/// `250M`, `1g`, `4096`.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim_end_matches(['i', 'B']).trim_end_matches('i');
    let (number, factor) = match text.chars().last()?.to_ascii_lowercase() {
        'b' => (&text[..text.len() - 1], 512),
        'k' => (&text[..text.len() - 1], 1 << 10),
        'm' => (&text[..text.len() - 1], 1 << 20),
        'g' => (&text[..text.len() - 1], 1 << 30),
        't' => (&text[..text.len() - 1], 1 << 40),
        _ => (text, 1u64),
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}
