//! A command with its words: expansion, assignments, and then a function, a builtin or a program.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::builtins::{self, Outcome};
use super::super::code::{Code, Dialect, SimpleCommand};
use super::super::context::Context;
use super::super::expand::{Expanded, Expander};
use super::super::kernel::{Pid, Run, Wait};
use super::super::launch::{Launched, launch};
use super::super::programs;
use super::super::shell::{After, CallKind, Frame, Shell, Variable};
use super::assignment::{Assigned, Content};
use super::redirection::{Saved, Target, restore, targets};

/// Functions, `eval` and traps nest at most this deep.
const CALLS_MAX: usize = 1000;

impl Shell {
    pub(super) fn simple(&mut self, context: &mut Context<'_>, command: &SimpleCommand) -> Option<Run> {
        if command.line > 0 {
            self.line = command.line;
        }
        let expanded = expand_command(&mut Expander::new(self, context), command);
        let captured = self.captured.clone();
        let ExpandedCommand { words, values, declared, targets } = match self.settle(context, expanded) {
            Ok(expanded) => expanded,
            Err(run) => return run,
        };
        if self.options.xtrace {
            self.trace(context, &words, &values);
        }
        let saved = match self.apply(context, &targets) {
            Ok(saved) => saved,
            Err(message) => {
                context.complain(&message);
                self.status = if self.dialect == Dialect::Dash { 2 } else { 1 };
                self.pc += 1;
                return self.check_failure(context);
            }
        };
        if words.is_empty() {
            restore(context, saved);
            return self.assign_all(context, values);
        }
        let mut shadowed = Vec::new();
        for value in values {
            let name = value.name.clone();
            shadowed.push((name.clone(), self.variables.get(&name).cloned()));
            self.assign(value);
            self.mark(&name, |variable| variable.is_exported = true);
        }
        self.capture_status = None;
        let run = self.execute(context, words, shadowed, saved);
        // bash assigns them also where the command itself fails, as `local` does outside of a function.
        for value in declared {
            self.declare(value);
        }
        if matches!(run, Some(Run::Block(Wait::Input(..) | Wait::Jobs(_)))) {
            // The command is run again once the wait is over, with the same words.
            self.captured = captured;
        }
        run
    }

    /// What a line of `set -x` begins with.
    pub(super) fn trace_mark(&self) -> String {
        let mark = self.get("PS4").unwrap_or("+ ");
        let first: String = mark.chars().take(1).collect();
        format!("{}{mark}", first.repeat(self.captures_deep))
    }

    /// The head of a compound command, which bash shows.
    pub(super) fn trace_head(&self, context: &mut Context<'_>, head: &str) {
        if self.options.xtrace && self.dialect == Dialect::Bash {
            context.complain(&format!("{}{head}", self.trace_mark()));
        }
    }

    fn trace(&self, context: &mut Context<'_>, words: &[String], values: &[Assigned]) {
        let shown = |assigned: &Assigned| match &assigned.content {
            Content::Text(value) => format!("{}={}", assigned.name, self.traced(value)),
            Content::Element(..) | Content::List { .. } => assigned.typed.clone(),
        };
        let mut assignments: Vec<String> = values.iter().map(shown).collect();
        let mark = self.trace_mark();
        if self.dialect == Dialect::Bash {
            for assignment in assignments.drain(..) {
                context.complain(&format!("{mark}{assignment}"));
            }
        }
        let all: Vec<String> = assignments.into_iter().chain(words.iter().map(|word| self.traced(word))).collect();
        if !all.is_empty() {
            context.complain(&format!("{mark}{}", all.join(" ")));
        }
    }

    /// A word as `set -x` shows it. busybox ash: `maybe_single_quote`; dash shows it as it is.
    fn traced(&self, word: &str) -> String {
        match self.dialect {
            Dialect::Dash => word.to_owned(),
            Dialect::Bash => quote_for_trace(word),
            Dialect::Ash => {
                let needs = |c: char| c < '+' || (';'..='?').contains(&c) || matches!(c, '`' | '[' | '\\') || c > 'z';
                if word.contains(needs) || builtins::is_keyword(word) {
                    format!("'{}'", word.replace('\'', "'\"'\"'"))
                } else {
                    word.to_owned()
                }
            }
        }
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
            return self.call_function(context, body, &words, shadowed, saved);
        }
        if let Some(builtin) = builtins::find(&name, self.dialect) {
            let depth = self.frames.len();
            let outcome = builtin(self, context, &words);
            if matches!(outcome, Outcome::Call) && self.frames.len() > depth {
                if let Some(Frame::Call(call)) = self.frames.last_mut() {
                    (call.shadowed, call.descriptors) = (shadowed, saved);
                    call.pc += 1;
                }
                return None;
            }
            // What `exec` redirects stays so, with and without a program.
            let keeps = name == "exec" && !matches!(outcome, Outcome::Exit(_));
            return self.after_builtin(context, outcome, shadowed, if keeps { Vec::new() } else { saved });
        }
        if self.dialect != Dialect::Bash
            && let Some(aliased) = self.aliases.get(&name).cloned()
        {
            let first = aliased.split_whitespace().map(str::to_owned);
            let words: Vec<String> = first.chain(words[1..].iter().cloned()).collect();
            self.aliases.remove(&name);
            let run = self.execute(context, words, shadowed, saved);
            self.aliases.insert(name, aliased);
            return run;
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
        words: &[String],
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
        if words[0].is_empty() && self.dialect != Dialect::Bash {
            context.complain(&format!("{}: Permission denied", self.prefix()));
            return Err(127);
        }
        if let Some(instant) = programs::find_instant(&words, context.kernel.userland) {
            let inside = self.has_program_inside(&words[0]).then_some(&*self);
            let (cwd, umask) = (self.cwd.as_str(), self.umask);
            let caller = Some(&*self);
            let (words, environment) = (words.as_slice(), &environment);
            let mut call = programs::Call { context, words, environment, cwd, umask, inside, caller };
            if let Some(status) = programs::unknown_option(&mut call) {
                return Err(status);
            }
            return Err(instant(&mut call));
        }
        match launch(context, words, environment, &self.cwd, self.umask) {
            Launched::Body(body) => Ok(self.spawn(context, body, context.descriptors.clone())),
            Launched::Refused(message, status) => {
                context.complain(&message);
                Err(status)
            }
            Launched::Failed(message, status) => {
                let message = match message.strip_suffix(": not found") {
                    Some(name) if self.dialect == Dialect::Bash => {
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

/// A command whose words are known.
struct ExpandedCommand {
    words: Vec<String>,
    values: Vec<Assigned>,
    declared: Vec<Assigned>,
    targets: Vec<Target>,
}

fn expand_command(expander: &mut Expander<'_, '_>, command: &SimpleCommand) -> Expanded<ExpandedCommand> {
    let words = expander.fields(&command.words)?;
    let mut values = Vec::new();
    for (place, assignment) in command.assignments.iter().enumerate() {
        let assigned = expander.assigned(assignment, false)?;
        // Later assignments and redirections of the same command see earlier ones.
        let is_seen = place + 1 < command.assignments.len() || !command.redirects.is_empty();
        if words.is_empty() && is_seen {
            expander.change(&assigned.name, |shell| shell.assign(assigned.clone()))?;
        }
        values.push(assigned);
    }
    let is_named = words.iter().skip(1).any(|word| word.starts_with('-') && word.contains('A'));
    let declared = command.declared.iter().map(|assignment| expander.assigned(assignment, is_named));
    let declared = declared.collect::<Expanded<_>>()?;
    let targets = targets(expander, &command.redirects)?;
    Ok(ExpandedCommand { words, values, declared, targets })
}

fn quote_for_trace(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:,@%=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
