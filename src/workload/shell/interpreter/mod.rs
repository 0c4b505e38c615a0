//! Carries out instructions: one shell, one step. A step runs until the shell must wait for something.

mod assignment;
mod frames;
mod redirection;
mod simple_command;
mod test_expression;

use std::sync::Arc;

use crate::engine::SimTime;

use super::code::{Code, Dialect, Op, Word};
use super::context::{Context, Input};
use super::expand::{Expanded, Expander, Stop};
use super::kernel::{Body, Descriptors, Exit, Handle, Pid, Run, Task, Wait};
use super::pattern;
use super::shell::{After, CallKind, Frame, Shell, TrapOn};
use super::signal::Signal;

/// Processes of one tree at a time, as a pid limit of the container would have it.
const TASKS_MAX: usize = 128;
/// What a fork costs of the commands of an instant once a tree has `CROWD` tasks: fork bombs must not cost real time.
const FORK_COST: u32 = 100;
/// Tasks that no ordinary script has at a time.
const CROWD: usize = 32;
/// Instructions a task runs before the others get their turn.
const TURN: u32 = 200;

impl Shell {
    /// Runs until it must wait, has ended, or others should get their turn.
    pub fn run(&mut self, context: &mut Context<'_>) -> Run {
        if let Some(path) = self.script_to_read.take()
            && let Some(status) = self.read_script(context, &path)
        {
            return Run::Exit(status);
        }
        if self.reads_stdin
            && self.code.ops.is_empty()
            && let Some(run) = self.read_stdin(context)
        {
            return run;
        }
        if let Some(run) = self.collect(context) {
            return run;
        }
        for _ in 0..TURN {
            if let Some(run) = self.take_signals(context) {
                return run;
            }
            context.kernel.spent += 1;
            if self.options.noexec && !self.code.ops.is_empty() {
                let status = self.status;
                return self.exit(context, status).unwrap_or(Run::Yield);
            }
            let code = Arc::clone(&self.code);
            let result = match code.ops.get(self.pc) {
                Some(op) => self.step(context, op),
                None => self.end_of_code(context),
            };
            if let Some(run) = result {
                return run;
            }
            if context.kernel.endless.is_some() {
                return Run::Yield;
            }
        }
        Run::Yield
    }

    /// Reads commands from standard input until its end. A shell would run each line as it comes.
    fn read_stdin(&mut self, context: &mut Context<'_>) -> Option<Run> {
        loop {
            match context.read(0, 1 << 16) {
                Ok(Input::Bytes(bytes)) => self.stdin_text.extend(bytes),
                Ok(Input::Wait) => return Some(Run::Block(Wait::Input(0, SimTime::NEVER))),
                Ok(Input::End) | Err(_) => break,
            }
        }
        let bytes = std::mem::take(&mut self.stdin_text);
        self.take_script(context, &bytes).map(Run::Exit)
    }

    /// Goes on with the script in these bytes; the status to end with where they hold none.
    fn take_script(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Option<i32> {
        match context.programs.get(&String::from_utf8_lossy(bytes), self.dialect) {
            Ok(code) => {
                self.code = code;
                None
            }
            Err(error) => {
                let message = self.refusal(&error, "");
                context.complain(&message);
                Some(2)
            }
        }
    }

    fn read_script(&mut self, context: &mut Context<'_>, path: &str) -> Option<i32> {
        let shown = self.script.clone().unwrap_or_else(|| path.to_owned());
        if let Ok(bytes) = context.read_file(path) {
            self.take_script(context, &bytes)
        } else {
            let program = &self.started_as;
            context.complain(&match self.dialect {
                Dialect::Ash => format!("{program}: can't open '{shown}': No such file or directory"),
                Dialect::Dash => format!("{program}: 0: cannot open {shown}: No such file"),
                Dialect::Bash => format!("{program}: {shown}: No such file or directory"),
            });
            Some(if self.dialect == Dialect::Bash { 127 } else { 2 })
        }
    }

    /// Uses what the shell has waited for.
    fn collect(&mut self, context: &mut Context<'_>) -> Option<Run> {
        match std::mem::take(&mut self.after) {
            After::Nothing => None,
            After::Child(pid) => {
                let exit = context.kernel.exited.remove(&pid).unwrap_or(Exit::with(0));
                self.report(context, exit);
                self.status = exit.status;
                self.check_failure(context)
            }
            After::Stages(pids) => {
                let exits: Vec<Exit> =
                    pids.iter().map(|pid| context.kernel.exited.remove(pid).unwrap_or(Exit::with(0))).collect();
                for exit in &exits {
                    self.report(context, *exit);
                }
                let statuses: Vec<i32> = exits.iter().map(|exit| exit.status).collect();
                self.status = statuses.last().copied().unwrap_or(0);
                if self.options.pipefail {
                    self.status = statuses.iter().rev().copied().find(|status| *status != 0).unwrap_or(0);
                }
                let run = self.check_failure(context);
                self.pipe_status = statuses;
                run
            }
            After::Capture(pid, pipe) => {
                self.capture_status = context.kernel.exited.remove(&pid).map(|exit| exit.status);
                let bytes = context.kernel.pipes.remove(&pipe).map(|pipe| pipe.buffer).unwrap_or_default();
                // Shells drop NUL bytes.
                let text = String::from_utf8_lossy(&bytes).replace('\0', "");
                self.captured.push(text.trim_end_matches('\n').to_owned());
                None
            }
        }
    }

    /// Says that a signal has ended a child it has waited for. busybox ash: `dowait`; bash names the process too, which
    /// is left out.
    pub fn report(&self, context: &mut Context<'_>, exit: Exit) {
        let Some(signal) = exit.killed_by.filter(|signal| !matches!(signal, Signal::Int | Signal::Pipe)) else {
            return;
        };
        if self.dialect != Dialect::Bash {
            context.complain(signal.description());
        }
    }

    /// Runs the traps of signals that have come.
    fn take_signals(&mut self, context: &mut Context<'_>) -> Option<Run> {
        if context.signals.is_empty() {
            return None;
        }
        for signal in std::mem::take(&mut context.signals).into_iter().rev() {
            let Some(action) = self.traps.get(&TrapOn::Signal(signal)).cloned() else {
                if self.ends_by_exit_trap() {
                    return self.exit(context, 128 + signal.number());
                }
                if context.kernel.init != context.pid && !context.ignored.contains(&signal) && signal.ends() {
                    return Some(Run::Killed(signal));
                }
                continue;
            };
            if action.is_empty() {
                continue;
            }
            if std::mem::take(&mut self.in_wait) {
                self.status = 128 + signal.number();
                self.pc += 1;
            }
            match context.programs.get(&action, self.dialect) {
                Ok(code) => self.call(code, CallKind::Trap(self.status), None),
                Err(error) => context.complain(&format!("{}{error}", self.prefix())),
            }
        }
        None
    }

    fn step(&mut self, context: &mut Context<'_>, op: &Op) -> Option<Run> {
        match op {
            Op::Simple(command) => return self.simple(context, command),
            Op::Redirect { redirects, otherwise } => return self.redirect_block(context, redirects, *otherwise),
            Op::Restore | Op::ConditionLeave | Op::CaseLeave => {
                self.pop_frame(context);
                if matches!(op, Op::CaseLeave) {
                    self.status = 0;
                }
            }
            Op::Jump(target) => {
                self.pc = *target;
                return None;
            }
            Op::JumpIfFailure(target) | Op::JumpIfSuccess(target) => {
                if (self.status == 0) == matches!(op, Op::JumpIfSuccess(_)) {
                    self.pc = *target;
                    return None;
                }
            }
            Op::Negate => self.status = i32::from(self.status == 0),
            Op::SetStatus(status) => self.status = *status,
            Op::ConditionEnter => self.frames.push(Frame::Condition),
            Op::LoopEnter { continue_to, end } => self.enter_loop(*continue_to, *end, Vec::new()),
            Op::ForEnter { words, continue_to, end } => {
                let items = match words {
                    None => Ok(self.positional.to_vec()),
                    Some(words) => Expander::new(self, context).fields(words),
                };
                match self.settle(context, items) {
                    Ok(mut items) => {
                        items.reverse();
                        self.enter_loop(*continue_to, *end, items);
                    }
                    Err(run) => return run,
                }
            }
            Op::ForNext { variable, exit, typed } => {
                let Some(Frame::Loop(innermost)) = self.frames.last_mut() else {
                    unreachable!("a `for` has its frame")
                };
                if let Some(item) = innermost.items.pop() {
                    self.trace_head(context, typed);
                    self.set(variable, item);
                } else {
                    self.pc = *exit;
                    return None;
                }
            }
            Op::LoopBack(top) => {
                self.end_of_turn(context);
                self.pc = *top;
                return None;
            }
            Op::LoopLeave => {
                if let Some(Frame::Loop(ended)) = self.pop_frame(context) {
                    self.status = ended.status;
                }
            }
            Op::CaseEnter { word, typed } => {
                // The word is looked at again once its commands have run.
                if self.captured.is_empty() {
                    self.trace_head(context, typed);
                }
                let value = Expander::new(self, context).single(word);
                match self.settle(context, value) {
                    Ok(value) => self.frames.push(Frame::Case(value)),
                    Err(run) => return run,
                }
            }
            Op::CaseTest { patterns, otherwise } => return self.case_test(context, patterns, *otherwise),
            Op::Subshell(body) => {
                let child = self.fork(body);
                let pid = self.spawn(context, Body::Shell(Box::new(child)), context.descriptors.clone());
                self.pc += 1;
                self.after = After::Child(pid);
                return Some(Run::Block(Wait::Child(pid)));
            }
            Op::Pipeline(stages) => return Some(self.pipeline(context, stages)),
            Op::Background(body) => self.background(context, body),
            Op::DefineFunction { name, body } => {
                self.version += 1;
                Arc::make_mut(&mut self.functions).insert(name.clone(), Arc::clone(body));
                self.status = 0;
            }
            Op::Arithmetic(word) => {
                let mut expander = Expander::new(self, context);
                let value = expander.single(word).and_then(|text| expander.arithmetic(&text));
                match value {
                    // It is a command that fails.
                    Err(Stop::Fail(message, _)) if self.dialect == Dialect::Bash => {
                        self.captured.clear();
                        context.complain(&format!("{}((: {message}", self.prefix()));
                        self.status = 1;
                    }
                    value => match self.settle(context, value) {
                        Ok(value) => self.status = i32::from(value == 0),
                        Err(run) => return run,
                    },
                }
                self.pc += 1;
                return self.check_failure(context);
            }
            Op::Refuse(error) => {
                let message = self.refusal(error, "");
                context.complain(&message);
                return self.exit(context, 2);
            }
            Op::Test(expression) => {
                let value = Expander::new(self, context).test(expression);
                match self.settle(context, value) {
                    Ok(value) => self.status = i32::from(!value),
                    Err(run) => return run,
                }
                self.pc += 1;
                return self.check_failure(context);
            }
        }
        self.pc += 1;
        None
    }

    fn case_test(&mut self, context: &mut Context<'_>, patterns: &[Word], otherwise: usize) -> Option<Run> {
        let mut expander = Expander::new(self, context);
        let texts: Expanded<Vec<String>> = patterns.iter().map(|pattern| expander.pattern(pattern)).collect();
        let texts = match self.settle(context, texts) {
            Ok(texts) => texts,
            Err(run) => return run,
        };
        let Some(Frame::Case(value)) = self.frames.last() else { unreachable!("a `case` has its frame") };
        if texts.iter().any(|text| pattern::matches(text, value)) {
            self.pop_frame(context);
            self.pc += 1;
        } else {
            self.pc = otherwise;
        }
        None
    }

    /// What an expansion gave; or what the shell does instead.
    fn settle<T>(&mut self, context: &mut Context<'_>, result: Expanded<T>) -> Result<T, Option<Run>> {
        match result {
            Ok(value) => {
                self.captured.clear();
                Ok(value)
            }
            Err(Stop::Capture(code, undo)) => {
                let mut child = self.fork(&code);
                child.captures_deep += usize::from(self.dialect == Dialect::Bash);
                for (name, before) in undo.into_iter().rev() {
                    self.put_back(&name, before);
                }
                let pipe = context.kernel.new_pipe(true);
                let mut descriptors = context.descriptors.clone();
                descriptors.insert(1, Handle::PipeWrite(pipe));
                let pid = self.spawn(context, Body::Shell(Box::new(child)), descriptors);
                self.after = After::Capture(pid, pipe);
                Err(Some(Run::Block(Wait::Capture(pid, pipe))))
            }
            Err(Stop::Fail(message, status)) => {
                self.captured.clear();
                context.complain(&format!("{}{message}", self.prefix()));
                Err(self.exit(context, status))
            }
        }
    }

    pub fn spawn(&mut self, context: &mut Context<'_>, body: Body, descriptors: Descriptors) -> Pid {
        let pid = context.kernel.new_pid();
        if context.kernel.tasks.len() >= CROWD {
            context.kernel.spent += FORK_COST;
        }
        if context.kernel.tasks.len() >= TASKS_MAX {
            context.complain(&format!("{}can't fork: Resource temporarily unavailable", self.prefix()));
            context.kernel.exited.insert(pid, Exit::with(2));
            return pid;
        }
        let ignored = context.ignored.clone();
        let task =
            Task { pid, parent: context.pid, body, descriptors, wait: Wait::Ready, signals: Vec::new(), ignored };
        context.kernel.tasks.push(task);
        pid
    }

    fn pipeline(&mut self, context: &mut Context<'_>, stages: &[Arc<Code>]) -> Run {
        let mut pids = Vec::new();
        let mut input = None;
        for (index, stage) in stages.iter().enumerate() {
            let mut descriptors = context.descriptors.clone();
            if let Some(pipe) = input.take() {
                descriptors.insert(0, Handle::PipeRead(pipe));
            }
            if index + 1 < stages.len() {
                let pipe = context.kernel.new_pipe(false);
                descriptors.insert(1, Handle::PipeWrite(pipe));
                input = Some(pipe);
            }
            let child = self.fork(stage);
            pids.push(self.spawn(context, Body::Shell(Box::new(child)), descriptors));
        }
        self.pc += 1;
        self.after = After::Stages(pids.clone());
        Run::Block(Wait::Stages(pids))
    }

    fn background(&mut self, context: &mut Context<'_>, body: &Arc<Code>) {
        let child = self.fork(body);
        let mut descriptors = context.descriptors.clone();
        descriptors.insert(0, Handle::Null);
        let pid = self.spawn(context, Body::Shell(Box::new(child)), descriptors);
        self.last_background = Some(pid);
        self.jobs.push(pid);
        self.version += 1;
        self.status = 0;
    }
}
