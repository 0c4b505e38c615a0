//! Carries out instructions: one shell, one step. A step runs until the shell must wait for something.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::builtins::{self, Outcome};
use super::code::{Code, Op, Redirect, RedirectKind, SimpleCommand, TestExpression, Word};
use super::compile::compile;
use super::context::{Context, Mode, absolute};
use super::expand::{Expanded, Expander, Stop};
use super::kernel::{Body, Descriptors, Handle, Pid, Run, Steady, Task, Wait};
use super::launch::{Launched, launch};
use super::pattern;
use super::programs;
use super::shell::{After, Call, CallKind, Frame, Loop, Shell, TrapOn, Turn, Variable};
use super::world::Errno;

/// Functions, `eval` and traps nest at most this deep.
const CALLS_MAX: usize = 1000;
/// Processes of one tree at a time, as a pid limit of the container would have it.
const TASKS_MAX: usize = 128;
/// Instructions a task runs before the others get their turn.
const TURN: u32 = 200;

/// A redirection whose target is known.
pub(super) type Target = (i32, RedirectKind, String);
/// Descriptors as they were.
pub(super) type Saved = Vec<(i32, Option<Handle>)>;

impl Shell {
    /// Runs until it must wait, has ended, or others should get their turn.
    pub fn run(&mut self, context: &mut Context<'_>) -> Run {
        if let Some(path) = self.script_to_read.take()
            && let Some(status) = self.read_script(context, &path)
        {
            return Run::Exit(status);
        }
        if let Some(run) = self.collect(context) {
            return run;
        }
        for _ in 0..TURN {
            if let Some(run) = self.take_signals(context) {
                return run;
            }
            context.kernel.spent += 1;
            let code = Arc::clone(&self.code);
            let result = match code.ops.get(self.pc) {
                Some(op) => self.step(context, op),
                None => self.end_of_code(context),
            };
            if let Some(run) = result {
                return run;
            }
        }
        Run::Yield
    }

    fn read_script(&mut self, context: &mut Context<'_>, path: &str) -> Option<i32> {
        let shown = self.script.clone().unwrap_or_else(|| path.to_owned());
        if let Ok(bytes) = context.read_file(path) {
            match compile(&String::from_utf8_lossy(&bytes), self.dialect) {
                Ok(code) => {
                    self.code = code;
                    None
                }
                Err(error) => {
                    context.complain(&format!("{shown}: {error}"));
                    Some(2)
                }
            }
        } else {
            context.complain(&format!("{}: can't open '{shown}': No such file or directory", self.name));
            Some(if self.dialect == super::code::Dialect::Bash { 127 } else { 2 })
        }
    }

    /// Uses what the shell has waited for.
    fn collect(&mut self, context: &mut Context<'_>) -> Option<Run> {
        match std::mem::take(&mut self.after) {
            After::Nothing => None,
            After::Child(pid) => {
                self.status = context.kernel.exited.remove(&pid).unwrap_or(0);
                self.check_failure(context)
            }
            After::Stages(pids) => {
                let statuses: Vec<i32> =
                    pids.iter().map(|pid| context.kernel.exited.remove(pid).unwrap_or(0)).collect();
                self.status = statuses.last().copied().unwrap_or(0);
                if self.options.pipefail {
                    self.status = statuses.iter().rev().copied().find(|status| *status != 0).unwrap_or(0);
                }
                self.check_failure(context)
            }
            After::Capture(pid, pipe) => {
                self.capture_status = context.kernel.exited.remove(&pid);
                let bytes = context.kernel.pipes.remove(&pipe).map(|pipe| pipe.buffer).unwrap_or_default();
                // Shells drop NUL bytes.
                let text = String::from_utf8_lossy(&bytes).replace('\0', "");
                self.captured.push(text.trim_end_matches('\n').to_owned());
                None
            }
        }
    }

    /// Runs the traps of signals that have come.
    fn take_signals(&mut self, context: &mut Context<'_>) -> Option<Run> {
        if context.signals.is_empty() {
            return None;
        }
        for signal in std::mem::take(&mut context.signals).into_iter().rev() {
            let action = self.traps.get(&TrapOn::Signal(signal)).cloned().unwrap_or_default();
            if action.is_empty() {
                continue;
            }
            match compile(&action, self.dialect) {
                Ok(code) => self.call(code, CallKind::Trap(self.status), None),
                Err(error) => context.complain(&format!("{}{error}", self.prefix())),
            }
        }
        None
    }

    /// Goes into other code; what `code` sees of arguments is `positional`, if any.
    pub fn call(&mut self, code: Arc<Code>, kind: CallKind, positional: Option<Vec<String>>) {
        let positional = positional.map(|new| std::mem::replace(&mut self.positional, Arc::new(new)));
        let before = std::mem::replace(&mut self.code, code);
        let call = Call { kind, code: before, pc: self.pc, positional, shadowed: Vec::new(), descriptors: Vec::new() };
        self.frames.push(Frame::Call(Box::new(call)));
        self.pc = 0;
    }

    /// Leaves the innermost frame.
    fn pop_frame(&mut self, context: &mut Context<'_>) -> Option<Frame> {
        let frame = self.frames.pop()?;
        match &frame {
            Frame::Redirect(saved) => restore(context, saved.clone()),
            Frame::Call(call) => {
                self.code = Arc::clone(&call.code);
                self.pc = call.pc;
                if let Some(positional) = &call.positional {
                    self.positional = Arc::clone(positional);
                }
                for (name, before) in call.shadowed.iter().rev() {
                    self.put_back(name, before.clone());
                }
                restore(context, call.descriptors.clone());
                if let CallKind::Trap(status) = call.kind {
                    self.status = status;
                }
            }
            _ => {}
        }
        Some(frame)
    }

    /// `return`: leaves the innermost function or sourced file; false where there is none.
    pub fn return_from(&mut self, context: &mut Context<'_>, status: i32) -> bool {
        let returns = |frame: &Frame| matches!(frame, Frame::Call(call) if matches!(call.kind, CallKind::Function | CallKind::Source | CallKind::Trap(_)));
        if !self.frames.iter().any(returns) {
            return false;
        }
        while let Some(frame) = self.pop_frame(context) {
            if returns(&frame) {
                break;
            }
        }
        self.status = status;
        true
    }

    /// `break` and `continue`: out of `count` loops, or to the next turn of the last of them.
    pub fn leave_loops(&mut self, context: &mut Context<'_>, count: usize, goes_on: bool) {
        let boundary = |frame: &Frame| matches!(frame, Frame::Call(call) if call.kind == CallKind::Function);
        let depth = self.frames.iter().rev().take_while(|frame| !boundary(frame));
        let count = count.min(depth.filter(|frame| matches!(frame, Frame::Loop(_))).count());
        let mut left = 0;
        while left < count {
            if left + 1 == count
                && goes_on
                && let Some(Frame::Loop(innermost)) = self.frames.last()
            {
                self.pc = innermost.continue_to;
                return;
            }
            if let Some(Frame::Loop(ended)) = self.pop_frame(context) {
                self.pc = ended.end;
                left += 1;
            }
        }
    }

    fn end_of_code(&mut self, context: &mut Context<'_>) -> Option<Run> {
        if !self.frames.iter().any(|frame| matches!(frame, Frame::Call(_))) {
            let status = self.exiting.unwrap_or(self.status);
            return self.exit(context, status);
        }
        while let Some(frame) = self.pop_frame(context) {
            if matches!(frame, Frame::Call(_)) {
                break;
            }
        }
        None
    }

    /// Ends the shell, after its EXIT trap.
    pub fn exit(&mut self, context: &mut Context<'_>, status: i32) -> Option<Run> {
        let Some(action) = self.traps.remove(&TrapOn::Exit).filter(|action| !action.is_empty()) else {
            return Some(Run::Exit(status & 0xff));
        };
        while self.pop_frame(context).is_some() {}
        (self.exiting, self.status, self.pc) = (Some(status), status, 0);
        self.captured.clear();
        match compile(&action, self.dialect) {
            Ok(code) => {
                self.code = code;
                None
            }
            Err(_) => Some(Run::Exit(status & 0xff)),
        }
    }

    /// `set -e`.
    fn check_failure(&mut self, context: &mut Context<'_>) -> Option<Run> {
        if self.status != 0 && self.options.errexit && !self.in_condition() {
            self.exit(context, self.status)
        } else {
            None
        }
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
            Op::ForNext { variable, exit } => {
                let Some(Frame::Loop(innermost)) = self.frames.last_mut() else {
                    unreachable!("a `for` has its frame")
                };
                if let Some(item) = innermost.items.pop() {
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
            Op::CaseEnter(word) => {
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
                match self.settle(context, value) {
                    Ok(value) => self.status = i32::from(value == 0),
                    Err(run) => return run,
                }
                self.pc += 1;
                return self.check_failure(context);
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

    fn enter_loop(&mut self, continue_to: usize, end: usize, items: Vec<String>) {
        self.frames.push(Frame::Loop(Box::new(Loop { continue_to, end, items, status: 0, turn: None })));
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

    /// Notices loops whose turns are all alike.
    fn end_of_turn(&mut self, context: &mut Context<'_>) {
        let (status, version) = (self.status, self.version);
        let Some(Frame::Loop(innermost)) = self.frames.last_mut() else { return };
        innermost.status = status;
        let turn = Turn { at: context.now, impure: context.kernel.impure, version, status };
        let looked_at = std::mem::take(&mut context.kernel.looked_at);
        let wakes = std::mem::take(&mut context.kernel.wakes);
        let is_alone = context.kernel.tasks.is_empty() && context.kernel.exited.is_empty();
        context.kernel.steady = match innermost.turn {
            Some(last)
                if is_alone && wakes == 1 && innermost.items.is_empty() && Turn { at: turn.at, ..last } == turn =>
            {
                Some(Steady { period: turn.at - last.at, impure: turn.impure, looked_at })
            }
            _ => None,
        };
        innermost.turn = Some(turn);
    }

    /// What an expansion gave; or what the shell does instead.
    fn settle<T>(&mut self, context: &mut Context<'_>, result: Expanded<T>) -> Result<T, Option<Run>> {
        match result {
            Ok(value) => {
                self.captured.clear();
                Ok(value)
            }
            Err(Stop::Capture(code, undo)) => {
                let child = self.fork(&code);
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
        if context.kernel.tasks.len() >= TASKS_MAX {
            context.complain(&format!("{}can't fork: Resource temporarily unavailable", self.prefix()));
            context.kernel.exited.insert(pid, 2);
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

    fn targets(&mut self, context: &mut Context<'_>, redirects: &[Redirect]) -> Expanded<Vec<Target>> {
        let mut expander = Expander::new(self, context);
        targets(&mut expander, redirects)
    }

    fn redirect_block(&mut self, context: &mut Context<'_>, redirects: &[Redirect], otherwise: usize) -> Option<Run> {
        let targets = self.targets(context, redirects);
        let targets = match self.settle(context, targets) {
            Ok(targets) => targets,
            Err(run) => return run,
        };
        match self.apply(context, &targets) {
            Ok(saved) => {
                self.frames.push(Frame::Redirect(saved));
                self.pc += 1;
                None
            }
            Err(message) => {
                context.complain(&message);
                self.status = 1;
                self.pc = otherwise;
                self.check_failure(context)
            }
        }
    }

    /// Redirects descriptors; returns what they were, or the message why not.
    fn apply(&mut self, context: &mut Context<'_>, targets: &[Target]) -> Result<Saved, String> {
        let mut saved = Saved::new();
        for (fd, kind, text) in targets {
            saved.push((*fd, context.descriptors.get(fd).cloned()));
            if let RedirectKind::Both { .. } = kind {
                saved.push((2, context.descriptors.get(&2).cloned()));
            }
            if let Err(reason) = self.redirect(context, *fd, kind, text) {
                restore(context, saved);
                return Err(format!("{}{reason}", self.prefix()));
            }
        }
        Ok(saved)
    }

    fn redirect(&self, context: &mut Context<'_>, fd: i32, kind: &RedirectKind, text: &str) -> Result<(), String> {
        let path = absolute(&self.cwd, text);
        let permissions = 0o666 & !self.umask;
        let cannot = |verb: &str, error: Errno| {
            let reason = if error == Errno::NotFound && verb == "create" {
                "nonexistent directory".to_owned()
            } else if error == Errno::NotFound {
                "no such file".to_owned()
            } else {
                error.to_string()
            };
            match self.dialect {
                super::code::Dialect::Ash => format!("can't {verb} {text}: {reason}"),
                super::code::Dialect::Bash => format!("{text}: {error}"),
            }
        };
        let handle = match kind {
            RedirectKind::Read(_) => context.open_read(&path).map_err(|error| cannot("open", error))?,
            RedirectKind::Write(_) => {
                context.open_write(&path, Mode::Truncate, permissions).map_err(|error| cannot("create", error))?
            }
            RedirectKind::Append(_) => {
                context.open_write(&path, Mode::Append, permissions).map_err(|error| cannot("create", error))?
            }
            RedirectKind::ReadWrite(_) => {
                context.open_write(&path, Mode::Keep, permissions).map_err(|error| cannot("create", error))?
            }
            RedirectKind::Both { append, .. } => {
                let mode = if *append { Mode::Append } else { Mode::Truncate };
                let handle = context.open_write(&path, mode, permissions).map_err(|error| cannot("create", error))?;
                context.descriptors.insert(2, handle.clone());
                handle
            }
            RedirectKind::Duplicate(_) if text == "-" => {
                context.descriptors.remove(&fd);
                return Ok(());
            }
            RedirectKind::Duplicate(_) => {
                let source = text.parse::<i32>().ok();
                let handle = source.and_then(|source| context.descriptors.get(&source).cloned());
                handle.ok_or_else(|| format!("{text}: bad file descriptor"))?
            }
            RedirectKind::Text(_) => {
                let pipe = context.kernel.new_pipe(false);
                if let Some(pipe) = context.kernel.pipes.get_mut(&pipe) {
                    pipe.buffer = text.as_bytes().to_vec();
                }
                Handle::PipeRead(pipe)
            }
        };
        context.descriptors.insert(fd, handle);
        Ok(())
    }

    fn simple(&mut self, context: &mut Context<'_>, command: &SimpleCommand) -> Option<Run> {
        if command.line > 0 {
            self.line = command.line;
        }
        let expanded = expand_command(&mut Expander::new(self, context), command);
        let captured = self.captured.clone();
        let (words, values, targets) = match self.settle(context, expanded) {
            Ok(expanded) => expanded,
            Err(run) => return run,
        };
        if self.options.xtrace {
            self.trace(context, command, &words, &values);
        }
        let saved = match self.apply(context, &targets) {
            Ok(saved) => saved,
            Err(message) => {
                context.complain(&message);
                self.status = 1;
                self.pc += 1;
                return self.check_failure(context);
            }
        };
        if words.is_empty() {
            restore(context, saved);
            return self.assign_all(context, values);
        }
        let mut shadowed = Vec::new();
        for (name, value) in values {
            shadowed.push((name.clone(), self.variables.get(&name).cloned()));
            self.set(&name, value);
            self.mark(&name, |variable| variable.is_exported = true);
        }
        self.capture_status = None;
        let run = self.execute(context, words, shadowed, saved);
        if matches!(run, Some(Run::Block(Wait::Input(..) | Wait::Jobs(_)))) {
            // The command is run again once the wait is over, with the same words.
            self.captured = captured;
        }
        run
    }

    fn assign_all(&mut self, context: &mut Context<'_>, values: Vec<(String, String)>) -> Option<Run> {
        for (name, value) in values {
            if !self.set(&name, value) {
                context.complain(&format!("{}{name}: is read only", self.prefix()));
                return self.exit(context, 2);
            }
        }
        self.status = self.capture_status.take().unwrap_or(0);
        self.pc += 1;
        self.check_failure(context)
    }

    fn trace(&self, context: &mut Context<'_>, command: &SimpleCommand, words: &[String], values: &[(String, String)]) {
        let _ = command;
        let assignments = values.iter().map(|(name, value)| format!("{name}={}", quote_for_trace(value)));
        let all: Vec<String> = assignments.chain(words.iter().map(|word| quote_for_trace(word))).collect();
        context.complain(&format!("{}{}", self.get("PS4").unwrap_or("+ "), all.join(" ")));
    }

    /// Runs a function, a builtin or a program.
    fn execute(
        &mut self,
        context: &mut Context<'_>,
        words: Vec<String>,
        shadowed: Vec<(String, Option<Variable>)>,
        saved: Saved,
    ) -> Option<Run> {
        let name = words[0].clone();
        if let Some(body) = self.functions.get(&name).cloned() {
            return self.call_function(context, body, words, shadowed, saved);
        }
        if let Some(builtin) = builtins::find(&name) {
            let depth = self.frames.len();
            let outcome = builtin(self, context, &words);
            if matches!(outcome, Outcome::Call) && self.frames.len() > depth {
                if let Some(Frame::Call(call)) = self.frames.last_mut() {
                    (call.shadowed, call.descriptors) = (shadowed, saved);
                    call.pc += 1;
                }
                return None;
            }
            let keeps = name == "exec" && words.len() == 1;
            return self.after_builtin(context, outcome, shadowed, if keeps { Vec::new() } else { saved });
        }
        let environment = self.environment();
        let result = self.run_program(context, words, environment);
        restore(context, saved);
        for (name, before) in shadowed.into_iter().rev() {
            self.put_back(&name, before);
        }
        self.pc += 1;
        match result {
            Ok(pid) => {
                self.after = After::Child(pid);
                Some(Run::Block(Wait::Child(pid)))
            }
            Err(status) => {
                self.status = status;
                self.check_failure(context)
            }
        }
    }

    fn call_function(
        &mut self,
        context: &mut Context<'_>,
        body: Arc<Code>,
        words: Vec<String>,
        shadowed: Vec<(String, Option<Variable>)>,
        saved: Saved,
    ) -> Option<Run> {
        if self.frames.iter().filter(|frame| matches!(frame, Frame::Call(_))).count() > CALLS_MAX {
            context.complain(&format!("{}maximum function recursion depth exceeded", self.prefix()));
            return self.exit(context, 2);
        }
        self.pc += 1;
        self.call(body, CallKind::Function, Some(words[1..].to_vec()));
        if let Some(Frame::Call(call)) = self.frames.last_mut() {
            (call.shadowed, call.descriptors) = (shadowed, saved);
        }
        None
    }

    fn after_builtin(
        &mut self,
        context: &mut Context<'_>,
        outcome: Outcome,
        shadowed: Vec<(String, Option<Variable>)>,
        saved: Saved,
    ) -> Option<Run> {
        restore(context, saved);
        if !matches!(outcome, Outcome::Become(_)) {
            for (name, before) in shadowed.into_iter().rev() {
                self.put_back(&name, before);
            }
        }
        match outcome {
            Outcome::Status(status) => {
                self.status = status;
                self.pc += 1;
                self.check_failure(context)
            }
            // The flow of control has been set already.
            Outcome::Call | Outcome::Jumped => None,
            Outcome::Block(wait) => Some(Run::Block(wait)),
            Outcome::Exit(status) => self.exit(context, status),
            Outcome::Become(body) => Some(Run::Become(body)),
            Outcome::Spawned(pid) => {
                self.pc += 1;
                self.after = After::Child(pid);
                Some(Run::Block(Wait::Child(pid)))
            }
        }
    }

    /// Starts a program as a child; or does it at once and gives its status.
    pub fn run_program(
        &mut self,
        context: &mut Context<'_>,
        words: Vec<String>,
        environment: BTreeMap<String, String>,
    ) -> Result<Pid, i32> {
        if let Some(instant) = programs::find_instant(&words[0]) {
            let mut call =
                programs::Call { context, words: &words, environment: &environment, cwd: &self.cwd, umask: self.umask };
            return Err(instant(&mut call));
        }
        match launch(context, words, environment, &self.cwd, self.umask) {
            Launched::Body(body) => Ok(self.spawn(context, body, context.descriptors.clone())),
            Launched::Failed(message, status) => {
                let message = match message.strip_suffix(": not found") {
                    Some(name) if self.dialect == super::code::Dialect::Bash => {
                        let words = if name.contains('/') { "No such file or directory" } else { "command not found" };
                        format!("{name}: {words}")
                    }
                    _ => message,
                };
                context.complain(&format!("{}{message}", self.prefix()));
                Err(status)
            }
        }
    }
}

impl Expander<'_, '_> {
    /// `[[ … ]]`
    fn test(&mut self, expression: &TestExpression) -> Expanded<bool> {
        Ok(match expression {
            TestExpression::And(left, right) => self.test(left)? && self.test(right)?,
            TestExpression::Or(left, right) => self.test(left)? || self.test(right)?,
            TestExpression::Not(inner) => !self.test(inner)?,
            TestExpression::Unary("-v", word) => {
                let name = self.single(word)?;
                self.named(&name).is_some()
            }
            TestExpression::Unary(operator, word) => {
                let operand = self.single(word)?;
                super::test_command::unary(self.context, &self.shell.cwd, operator, &operand)
            }
            TestExpression::Matches(word, pattern, is_negated) => {
                let (text, pattern) = (self.single(word)?, self.pattern(pattern)?);
                pattern::matches(&pattern, &text) != *is_negated
            }
            TestExpression::Regex(word, pattern) => {
                let (text, pattern) = (self.single(word)?, self.single(pattern)?);
                regex::Regex::new(&pattern).is_ok_and(|regex| regex.is_match(&text))
            }
            TestExpression::Binary(operator, left, right) => {
                let (left, right) = (self.single(left)?, self.single(right)?);
                if operator.starts_with('-') && !matches!(*operator, "-nt" | "-ot") {
                    let (left, right) = (self.arithmetic(&left)?, self.arithmetic(&right)?);
                    return Ok(super::test_command::compare(operator, left, right));
                }
                super::test_command::binary(self.context, &self.shell.cwd, operator, &left, &right).unwrap_or(false)
            }
        })
    }
}

type ExpandedCommand = (Vec<String>, Vec<(String, String)>, Vec<Target>);

fn expand_command(expander: &mut Expander<'_, '_>, command: &SimpleCommand) -> Expanded<ExpandedCommand> {
    let words = expander.fields(&command.words)?;
    let mut values: Vec<(String, String)> = Vec::new();
    for assignment in &command.assignments {
        let mut value = expander.single(&assignment.value)?;
        if assignment.append {
            let before = expander.shell.get(&assignment.name).unwrap_or_default();
            value.insert_str(0, before);
        }
        if words.is_empty() {
            // Later assignments of the same command see earlier ones.
            expander.assign(&assignment.name, value.clone())?;
        }
        values.push((assignment.name.clone(), value));
    }
    let targets = targets(expander, &command.redirects)?;
    Ok((words, values, targets))
}

fn targets(expander: &mut Expander<'_, '_>, redirects: &[Redirect]) -> Expanded<Vec<Target>> {
    let mut targets = Vec::new();
    for redirect in redirects {
        let word = match &redirect.kind {
            RedirectKind::Read(word)
            | RedirectKind::Write(word)
            | RedirectKind::Append(word)
            | RedirectKind::ReadWrite(word)
            | RedirectKind::Duplicate(word)
            | RedirectKind::Text(word)
            | RedirectKind::Both { target: word, .. } => word,
        };
        targets.push((redirect.fd, redirect.kind.clone(), expander.single(word)?));
    }
    Ok(targets)
}

/// Puts descriptors back, the last change first.
fn restore(context: &mut Context<'_>, saved: Saved) {
    for (fd, handle) in saved.into_iter().rev() {
        match handle {
            Some(handle) => context.descriptors.insert(fd, handle),
            None => context.descriptors.remove(&fd),
        };
    }
}

fn quote_for_trace(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:,@%=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
