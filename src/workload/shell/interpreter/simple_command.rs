//! A command with its words: expansion, assignments, and then a function, a builtin or a program.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::array::{Array, Key};
use super::super::builtins::{self, Outcome};
use super::super::code::{AssignedValue, Assignment, Code, Dialect, SimpleCommand, Word};
use super::super::context::Context;
use super::super::expand::{Expanded, Expander, Stop};
use super::super::kernel::{Pid, Run, TEXT_MAX, Wait};
use super::super::launch::{Launched, launch};
use super::super::programs;
use super::super::shell::{After, CallKind, Frame, Shell, Variable};
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
        for value in declared {
            self.declare(value);
        }
        if matches!(run, Some(Run::Block(Wait::Input(..) | Wait::Jobs(_)))) {
            // The command is run again once the wait is over, with the same words.
            self.captured = captured;
        }
        run
    }

    fn assign_all(&mut self, context: &mut Context<'_>, values: Vec<Assigned>) -> Option<Run> {
        for value in values {
            if value.length() > TEXT_MAX {
                context.kernel.is_out_of_bounds = true;
                return Some(Run::Block(Wait::Forever));
            }
            let name = value.name.clone();
            if !self.assign(value) {
                context.complain(&self.read_only(None, &name));
                let status = if self.dialect == Dialect::Bash { 1 } else { 2 };
                return self.exit(context, status);
            }
        }
        self.status = self.capture_status.take().unwrap_or(0);
        self.pc += 1;
        self.check_failure(context)
    }

    /// Carries out an assignment; false where the variable is read-only.
    fn assign(&mut self, assigned: Assigned) -> bool {
        let name = &assigned.name;
        match assigned.content {
            Content::Text(value) => self.set(name, value),
            Content::Element(key, value) => self.set_element(name, key, value),
            Content::Array(array) => self.set_array(name, array),
        }
    }

    /// Gives an array that was declared its elements, also where it is never to change from then on.
    fn declare(&mut self, assigned: Assigned) {
        let name = assigned.name.clone();
        let is_read_only = self.variables.get(&name).is_some_and(|variable| variable.is_read_only);
        if is_read_only {
            self.mark(&name, |variable| variable.is_read_only = false);
        }
        self.assign(assigned);
        if is_read_only {
            self.mark(&name, |variable| variable.is_read_only = true);
        }
    }

    /// What a line of `set -x` begins with.
    pub(super) fn trace_mark(&self) -> String {
        let mark = self.get("PS4").unwrap_or("+ ");
        let first: String = mark.chars().take(1).collect();
        format!("{}{mark}", first.repeat(self.captures_deep))
    }

    fn trace(&self, context: &mut Context<'_>, words: &[String], values: &[Assigned]) {
        let shown = |assigned: &Assigned| match &assigned.content {
            Content::Text(value) => format!("{}={}", assigned.name, self.traced(value)),
            Content::Element(..) | Content::Array(_) => assigned.typed.clone(),
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

/// An assignment whose value is known.
struct Assigned {
    name: String,
    content: Content,
    /// As it was typed, for `set -x`.
    typed: String,
}

enum Content {
    Text(String),
    Element(Key, String),
    Array(Array),
}

impl Assigned {
    /// Bytes of its texts.
    fn length(&self) -> usize {
        match &self.content {
            Content::Text(value) | Content::Element(_, value) => value.len(),
            Content::Array(array) => array.elements.values().map(String::len).sum(),
        }
    }
}

fn expand_command(expander: &mut Expander<'_, '_>, command: &SimpleCommand) -> Expanded<ExpandedCommand> {
    let words = expander.fields(&command.words)?;
    let mut values = Vec::new();
    for assignment in &command.assignments {
        let assigned = expander.assigned(assignment, false)?;
        if words.is_empty() {
            // Later assignments of the same command see earlier ones.
            match &assigned.content {
                Content::Text(value) => expander.assign(&assigned.name, value.clone())?,
                Content::Element(key, value) => {
                    expander.assign_element(&assigned.name, key.clone(), value.clone())?;
                }
                Content::Array(array) => expander.assign_array(&assigned.name, array.clone())?,
            }
        }
        values.push(assigned);
    }
    let is_named = words.iter().skip(1).any(|word| word.starts_with('-') && word.contains('A'));
    let declared = command.declared.iter().map(|assignment| expander.assigned(assignment, is_named));
    let declared = declared.collect::<Expanded<_>>()?;
    let targets = targets(expander, &command.redirects)?;
    Ok(ExpandedCommand { words, values, declared, targets })
}

impl Expander<'_, '_> {
    /// The value of an assignment; `is_named`: to an array that is about to be declared with names.
    fn assigned(&mut self, assignment: &Assignment, is_named: bool) -> Expanded<Assigned> {
        let name = &assignment.name;
        let content = match (&assignment.value, &assignment.index) {
            (AssignedValue::Text(word), None) => {
                let mut value = self.single(word)?;
                if assignment.append {
                    value.insert_str(0, self.shell.get(name).unwrap_or_default());
                }
                Content::Text(value)
            }
            (AssignedValue::Text(word), Some(index)) => {
                let Some(key) = self.key(name, is_named, index)? else {
                    let message = format!("{name}[{}]: bad array subscript", self.single(index)?);
                    return Err(Stop::Fail(message, 1));
                };
                let mut value = self.single(word)?;
                if assignment.append {
                    let before = self.shell.array(name);
                    value.insert_str(0, before.elements.get(&key).map_or("", String::as_str));
                }
                Content::Element(key, value)
            }
            (AssignedValue::List(elements), _) => {
                let before = self.shell.array(name);
                let mut array = Array { is_named: is_named || before.is_named, ..Array::default() };
                if assignment.append {
                    array.elements.clone_from(&before.elements);
                }
                let mut next = array.end();
                for (key, words) in elements {
                    next = self.add_elements(name, &mut array, key.as_ref(), words, next)?;
                }
                Content::Array(array)
            }
        };
        Ok(Assigned { name: name.clone(), content, typed: assignment.typed.clone() })
    }

    /// Elements of a list: one with its key, or the fields of words from `next` on. Returns where the next one goes.
    fn add_elements(
        &mut self,
        name: &str,
        array: &mut Array,
        key: Option<&Word>,
        words: &[Word],
        next: u64,
    ) -> Expanded<u64> {
        let Some(key) = key else {
            let fields = self.fields(words)?;
            let end = next + fields.len() as u64;
            array.elements.extend((next..).map(Key::Index).zip(fields));
            return Ok(end);
        };
        let Some(key) = self.key(name, array.is_named, key)? else { return Ok(next) };
        let mut value = String::new();
        for word in words {
            value.push_str(&self.single(word)?);
        }
        let next = if let Key::Index(index) = &key { index.saturating_add(1) } else { next };
        array.elements.insert(key, value);
        Ok(next)
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
