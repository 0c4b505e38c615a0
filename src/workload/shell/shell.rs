//! The state of a running shell: variables, options, traps, and where it is in its code. No behaviour beyond
//! reading and setting these; instructions are carried out in `interpreter`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::SimTime;

use super::array::{Array, Key};
use super::code::{Code, Dialect};
use super::compile::SyntaxError;
use super::kernel::{Handle, Pid};
use super::signal::Signal;

/// A shell variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Variable {
    pub value: String,
    /// It is an array: `value` means nothing then.
    pub array: Option<Arc<Array>>,
    pub is_exported: bool,
    pub is_read_only: bool,
}

/// `set -e` and the like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub errexit: bool,
    pub nounset: bool,
    pub xtrace: bool,
    pub noglob: bool,
    pub noclobber: bool,
    pub noexec: bool,
    pub pipefail: bool,
    pub allexport: bool,
}

/// What a trap waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TrapOn {
    Exit,
    Signal(Signal),
}

/// Something the shell returns from.
#[derive(Clone, Debug)]
pub(super) enum Frame {
    Call(Box<Call>),
    Loop(Box<Loop>),
    Case(String),
    /// Descriptors as they were before a redirection.
    Redirect(Vec<(i32, Option<Handle>)>),
    Condition,
}

/// Why other code is being run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallKind {
    Function,
    Eval,
    Source,
    /// A trap; `$?` is put back behind it.
    Trap(i32),
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub kind: CallKind,
    pub code: Arc<Code>,
    pub pc: usize,
    pub positional: Option<Arc<Vec<String>>>,
    /// Variables to put back: `local` ones and the assignments before the command.
    pub shadowed: Vec<(String, Option<Variable>)>,
    pub descriptors: Vec<(i32, Option<Handle>)>,
}

#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub continue_to: usize,
    pub end: usize,
    /// Words of a `for` that are still to come, last one first.
    pub items: Vec<String>,
    pub status: i32,
    /// What could be told apart at the end of the last turn.
    pub turn: Option<Turn>,
}

/// All a turn of a loop could depend on, besides files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub at: SimTime,
    pub impure: u64,
    pub version: u64,
    pub status: i32,
}

/// What the result of a wait is used for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum After {
    #[default]
    Nothing,
    /// Its status becomes `$?`.
    Child(Pid),
    /// The last one's status becomes `$?`.
    Stages(Vec<Pid>),
    /// Its output becomes text of the word being expanded.
    Capture(Pid, u32),
}

/// A shell.
#[derive(Clone, Debug)]
pub(super) struct Shell {
    pub dialect: Dialect,
    /// `$0`.
    pub name: String,
    /// The last part of what it was started as: `sh`.
    pub program: String,
    /// All of what it was started as: `/bin/sh`.
    pub started_as: String,
    /// The whole command line that it was started with.
    pub arguments: Arc<[String]>,
    /// The script file, for messages; none with `-c`.
    pub script: Option<String>,
    /// Does it read its commands from standard input?
    pub reads_stdin: bool,
    /// What it has read of them so far.
    pub stdin_text: Vec<u8>,
    /// A script file that is read at the first step.
    pub script_to_read: Option<String>,
    pub positional: Arc<Vec<String>>,
    pub variables: Arc<BTreeMap<String, Variable>>,
    pub functions: Arc<BTreeMap<String, Arc<Code>>>,
    pub options: Options,
    /// `$?`
    pub status: i32,
    /// Of each command of the pipeline that has just ended; none if it was no pipeline.
    pub pipe_status: Vec<i32>,
    /// Status of the last command substitution of the command at hand.
    pub capture_status: Option<i32>,
    /// `$$`
    pub process_id: Pid,
    /// `$!`
    pub last_background: Option<Pid>,
    pub jobs: Vec<Pid>,
    pub cwd: String,
    pub umask: u32,
    pub traps: BTreeMap<TrapOn, String>,
    pub code: Arc<Code>,
    pub pc: usize,
    pub frames: Vec<Frame>,
    /// Results of the command substitutions of the instruction at hand.
    pub captured: Vec<String>,
    pub after: After,
    /// What a `mapfile` has read that waits for more.
    pub read_so_far: String,
    /// End of a `read -t`.
    pub deadline: Option<SimTime>,
    pub is_subshell: bool,
    /// A part of a condition, where `set -e` does nothing.
    pub is_condition: bool,
    /// Set once the shell is ending; the EXIT trap may be running.
    pub exiting: Option<i32>,
    /// Goes up with each change that a later instruction could notice.
    pub version: u64,
    /// Line of the command at hand.
    pub line: usize,
    /// Command substitutions it is inside of, which bash shows in its trace.
    pub captures_deep: usize,
    /// Is the command at hand a `wait` that waits?
    pub in_wait: bool,
    /// What `alias` has defined.
    pub aliases: BTreeMap<String, String>,
    /// Place inside an argument, for `getopts`.
    pub getopts_offset: usize,
}

impl Shell {
    /// A shell that will run `code`.
    pub fn new(dialect: Dialect, name: String, positional: Vec<String>, code: Arc<Code>, pid: Pid) -> Self {
        Self {
            dialect,
            program: name.rsplit('/').next().unwrap_or_default().to_owned(),
            started_as: name.clone(),
            arguments: Arc::new([]),
            name,
            script: None,
            reads_stdin: false,
            stdin_text: Vec::new(),
            script_to_read: None,
            positional: Arc::new(positional),
            variables: Arc::default(),
            functions: Arc::default(),
            options: Options::default(),
            status: 0,
            pipe_status: Vec::new(),
            capture_status: None,
            process_id: pid,
            last_background: None,
            jobs: Vec::new(),
            cwd: "/".to_owned(),
            umask: 0o022,
            traps: BTreeMap::new(),
            code,
            pc: 0,
            frames: Vec::new(),
            captured: Vec::new(),
            after: After::Nothing,
            read_so_far: String::new(),
            deadline: None,
            is_subshell: false,
            is_condition: false,
            exiting: None,
            version: 0,
            line: 1,
            captures_deep: 0,
            in_wait: false,
            aliases: BTreeMap::new(),
            getopts_offset: 0,
        }
    }

    /// Takes over the environment it was started with; what is no name of a variable is lost, as in ash and dash.
    pub fn import(&mut self, environment: &BTreeMap<String, String>) {
        let variables = Arc::make_mut(&mut self.variables);
        for (name, value) in environment.iter().filter(|(name, _)| super::builtins::is_name(name)) {
            let variable = Variable { value: value.clone(), is_exported: true, ..Variable::default() };
            variables.insert(name.clone(), variable);
        }
        let level = self.variables.get("SHLVL").and_then(|level| level.value.parse::<i64>().ok()).unwrap_or(0) + 1;
        let level = level.to_string();
        let mut own = vec![("IFS", " \t\n", false), ("PS4", "+ ", false), ("OPTIND", "1", false)];
        if self.dialect != Dialect::Dash {
            own.push(("SHLVL", &level, true));
        }
        let variables = Arc::make_mut(&mut self.variables);
        for (name, value, is_exported) in own {
            let variable = Variable { value: value.to_owned(), is_exported, ..Variable::default() };
            variables.insert(name.to_owned(), variable);
        }
    }

    /// A copy that runs `code` as a subshell.
    pub fn fork(&self, code: &Arc<Code>) -> Self {
        let is_condition = self.in_condition();
        let mut child = self.clone();
        child.code = Arc::clone(code);
        (child.pc, child.is_subshell, child.is_condition) = (0, true, is_condition);
        child.frames = Vec::new();
        child.captured = Vec::new();
        child.jobs = Vec::new();
        (child.after, child.deadline, child.capture_status) = (After::Nothing, None, None);
        child.exiting = None;
        // Caught signals are reset, ignored ones stay ignored.
        child.traps.retain(|on, action| matches!(on, TrapOn::Signal(_)) && action.is_empty());
        child
    }

    /// Does a failure mean nothing here?
    pub fn in_condition(&self) -> bool {
        self.is_condition || self.frames.iter().any(|frame| matches!(frame, Frame::Condition))
    }

    /// Is there a trap with commands for this signal?
    pub fn has_trap(&self, signal: Signal) -> bool {
        self.traps.get(&TrapOn::Signal(signal)).is_some_and(|action| !action.is_empty())
    }

    /// Does it run its EXIT trap before a signal without a trap ends it? bash does.
    pub fn ends_by_exit_trap(&self) -> bool {
        self.dialect == Dialect::Bash && self.traps.get(&TrapOn::Exit).is_some_and(|action| !action.is_empty())
    }

    /// Descriptors that redirections have put aside.
    pub fn handles_aside(&self) -> impl Iterator<Item = &Handle> {
        let aside = self.frames.iter().map(|frame| match frame {
            Frame::Redirect(saved) => saved.as_slice(),
            Frame::Call(call) => call.descriptors.as_slice(),
            _ => &[],
        });
        aside.flatten().filter_map(|(_, handle)| handle.as_ref())
    }

    /// Value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        let variable = self.variables.get(name)?;
        match &variable.array {
            None => Some(&variable.value),
            Some(array) => array.elements.get(&array.first()).map(String::as_str),
        }
    }

    /// Is it an array?
    pub fn is_array(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|variable| variable.array.is_some())
    }

    /// How many elements an array has; 0 of what is none.
    pub fn array_length(&self, name: &str) -> usize {
        let array = self.variables.get(name).and_then(|variable| variable.array.as_ref());
        array.map_or(0, |array| array.elements.len())
    }

    /// The elements of a variable; of one that is no array, its value alone.
    pub fn array(&self, name: &str) -> Arc<Array> {
        match self.variables.get(name) {
            Some(Variable { array: Some(array), .. }) => Arc::clone(array),
            Some(variable) => Arc::new(Array::of([variable.value.clone()])),
            None if name == "PIPESTATUS" && self.dialect == Dialect::Bash => {
                let single = std::slice::from_ref(&self.status);
                let statuses = if self.pipe_status.is_empty() { single } else { &self.pipe_status };
                Arc::new(Array::of(statuses.iter().map(i32::to_string)))
            }
            None => Arc::default(),
        }
    }

    /// Makes a variable this array; false where it is read-only.
    pub fn set_array(&mut self, name: &str, array: Array) -> bool {
        let before = self.variables.get(name);
        if before.is_some_and(|variable| variable.is_read_only) {
            return false;
        }
        let array = Some(Arc::new(array));
        self.put_back(name, Some(Variable { array, ..before.cloned().unwrap_or_default() }));
        true
    }

    /// Sets an element of a variable, which becomes an array; false where it is read-only.
    pub fn set_element(&mut self, name: &str, key: Key, value: String) -> bool {
        match self.variables.get(name) {
            Some(variable) if variable.is_read_only => return false,
            Some(Variable { array: Some(array), .. }) if array.elements.get(&key) == Some(&value) => return true,
            _ => {}
        }
        if !self.is_array(name) {
            let only = Array::clone(&self.array(name));
            self.set_array(name, only);
        }
        self.version += 1;
        let variable = Arc::make_mut(&mut self.variables).entry(name.to_owned()).or_default();
        // In its place: a loop may fill an array element by element.
        Arc::make_mut(variable.array.get_or_insert_default()).elements.insert(key, value);
        true
    }

    /// Sets a variable; false where it is read-only.
    pub fn set(&mut self, name: &str, value: String) -> bool {
        match self.variables.get(name) {
            Some(variable) if variable.is_read_only => return false,
            Some(Variable { array: Some(array), .. }) => {
                let first = array.first();
                return self.set_element(name, first, value);
            }
            Some(variable) if variable.value == value && !self.options.allexport => return true,
            _ => {}
        }
        self.version += 1;
        if name == "OPTIND" {
            self.getopts_offset = 0;
        }
        let is_exported = self.options.allexport;
        let variables = Arc::make_mut(&mut self.variables);
        let variable = variables.entry(name.to_owned()).or_default();
        variable.value = value;
        variable.is_exported |= is_exported;
        true
    }

    /// Changes the marks of a variable, making it (empty) where there is none.
    pub fn mark(&mut self, name: &str, change: impl FnOnce(&mut Variable)) {
        self.version += 1;
        let variables = Arc::make_mut(&mut self.variables);
        change(variables.entry(name.to_owned()).or_default());
    }

    /// Puts a variable back as it was.
    pub fn put_back(&mut self, name: &str, before: Option<Variable>) {
        if self.variables.get(name) == before.as_ref() {
            return;
        }
        self.version += 1;
        let variables = Arc::make_mut(&mut self.variables);
        match before {
            Some(variable) => {
                variables.insert(name.to_owned(), variable);
            }
            None => {
                variables.remove(name);
            }
        }
    }

    /// What programs are started with: arrays stay in the shell.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let is_given = |variable: &Variable| variable.is_exported && variable.array.is_none();
        let exported = self.variables.iter().filter(|(_, variable)| is_given(variable));
        exported.map(|(name, variable)| (name.clone(), variable.value.clone())).collect()
    }

    /// What it says of a text that is no script; `by` is the builtin that was to run it, with `: `.
    pub fn refusal(&mut self, error: &SyntaxError, by: &str) -> String {
        if let SyntaxError::Grammar { line, .. } = error {
            self.line = *line;
        }
        let (source, name) = match error {
            SyntaxError::Grammar { shown: Some(source), .. } => (Some(source), &self.name),
            _ => (None, &self.name),
        };
        match (self.dialect, &self.script) {
            (Dialect::Bash, None) if by.is_empty() => {
                let start = format!("{name}: -c: line {}: ", self.line);
                let shown = source.map(|source| format!("\n{start}`{source}'")).unwrap_or_default();
                format!("{start}{error}{shown}")
            }
            (Dialect::Bash, None) => format!("{name}: {by}line {}: {error}", self.line),
            _ => format!("{}{by}{error}", self.prefix()),
        }
    }

    /// Its command line, for `ps`.
    pub fn command_line(&self) -> String {
        self.arguments.join(" ")
    }

    /// Line of the command at hand as the shell counts: ash begins a text of `-c` with 0.
    pub fn line_number(&self) -> usize {
        if self.dialect == Dialect::Ash && self.script.is_none() { self.line.saturating_sub(1) } else { self.line }
    }

    /// Has it a builtin of this name, also one that is a program elsewhere?
    pub fn is_own(&self, name: &str) -> bool {
        super::builtins::find(name, self.dialect).is_some() || self.has_program_inside(name)
    }

    /// Programs that the shell has inside.
    pub fn has_program_inside(&self, name: &str) -> bool {
        match name {
            "echo" | "printf" | "test" | "[" | "kill" | "true" | "false" => true,
            "[[" => self.dialect == Dialect::Ash,
            _ => false,
        }
    }

    /// What it says of a variable that is never to change.
    pub fn read_only(&self, builtin: Option<&str>, name: &str) -> String {
        match (self.dialect, builtin) {
            (Dialect::Bash, _) => format!("{}{name}: readonly variable", self.prefix()),
            (_, Some(builtin)) => format!("{}{name}: is read only", self.prefix_of(builtin)),
            (_, None) => format!("{}{name}: is read only", self.prefix()),
        }
    }

    /// Beginning of a message of one of its builtins.
    pub fn prefix_of(&self, builtin: &str) -> String {
        match self.dialect {
            Dialect::Ash => {
                let shown = self.script.as_ref().unwrap_or(&self.name);
                format!("{shown}: {builtin}: line {}: ", self.line_number())
            }
            Dialect::Dash | Dialect::Bash => format!("{}{builtin}: ", self.prefix()),
        }
    }

    /// Beginning of a message of this shell: `sh: `, or with the line where bash and scripts give it.
    pub fn prefix(&self) -> String {
        match (&self.script, self.dialect) {
            (Some(script), Dialect::Dash) => format!("{script}: {}: ", self.line),
            (Some(script), _) => format!("{script}: line {}: ", self.line),
            (None, Dialect::Bash) => format!("{}: line {}: ", self.name, self.line),
            (None, Dialect::Dash) => format!("{}: {}: ", self.name, self.line),
            (None, Dialect::Ash) => format!("{}: ", self.name),
        }
    }
}
