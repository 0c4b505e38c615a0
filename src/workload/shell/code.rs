//! Instructions of the shell: what a script is compiled to, so that a running shell is only a place in a list of
//! instructions and a stack of frames, and can stop and go on at any command. No behaviour here.

use std::sync::Arc;

use brush_parser::word::{ParameterTestType, SubstringMatchKind};

use super::compile::SyntaxError;

/// Which shell's manners: busybox' ash, Debian's dash, or bash with its extensions and words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Ash,
    Dash,
    Bash,
}

/// A compiled list of commands. Function bodies, subshells, pipeline stages and substitutions have their own.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// Instructions; running past the last one ends the function, subshell or shell.
    pub ops: Vec<Op>,
}

/// One instruction. Jump targets are indexes into the same `Code`.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Simple(Arc<SimpleCommand>),
    /// Applies redirections until the matching `Restore`; jumps where one fails.
    Redirect {
        redirects: Arc<[Redirect]>,
        otherwise: usize,
    },
    Restore,
    Jump(usize),
    JumpIfFailure(usize),
    JumpIfSuccess(usize),
    Negate,
    SetStatus(i32),
    /// From here to the matching `ConditionLeave` a failure does not end a `set -e` shell.
    ConditionEnter,
    ConditionLeave,
    LoopEnter {
        continue_to: usize,
        end: usize,
    },
    ForEnter {
        words: Option<Arc<[Word]>>,
        continue_to: usize,
        end: usize,
    },
    ForNext {
        variable: String,
        exit: usize,
        /// As typed, for `set -x`: `for i in a b`.
        typed: Arc<str>,
    },
    /// End of a loop's body.
    LoopBack(usize),
    LoopLeave,
    CaseEnter {
        word: Arc<Word>,
        /// As typed, for `set -x`: `case $x in`.
        typed: Arc<str>,
    },
    CaseTest {
        patterns: Arc<[Word]>,
        otherwise: usize,
    },
    CaseLeave,
    Subshell(Arc<Code>),
    Pipeline(Arc<[Arc<Code>]>),
    Background(Arc<Code>),
    DefineFunction {
        name: String,
        body: Arc<Code>,
    },
    /// `(( … ))`
    Arithmetic(Arc<Word>),
    /// `[[ … ]]`
    Test(Arc<TestExpression>),
    /// What follows is no script.
    Refuse(Arc<SyntaxError>),
}

/// A command with its assignments and redirections.
#[derive(Debug, Default)]
pub(super) struct SimpleCommand {
    pub assignments: Vec<Assignment>,
    /// Arrays behind `declare` and its like, which are assigned once it has run.
    pub declared: Vec<Assignment>,
    pub words: Vec<Word>,
    pub redirects: Arc<[Redirect]>,
    /// Line in the script, for messages.
    pub line: usize,
}

/// `name=value` or `name+=value`.
#[derive(Debug)]
pub(super) struct Assignment {
    pub name: String,
    /// `name[index]=value`
    pub index: Option<Word>,
    pub value: AssignedValue,
    pub append: bool,
    /// As typed, for `set -x`.
    pub typed: String,
}

impl Assignment {
    /// All words in it.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        let (text, list) = match &self.value {
            AssignedValue::Text(word) => (Some(word), &[][..]),
            AssignedValue::List(elements) => (None, elements.as_slice()),
        };
        let elements = list.iter().flat_map(|(key, words)| key.iter().chain(words));
        self.index.iter().chain(text).chain(elements)
    }
}

/// What is assigned.
#[derive(Debug)]
pub(super) enum AssignedValue {
    Text(Word),
    /// `(a [2]=b)`: elements, with their keys where they are named.
    List(Vec<(Option<Word>, Vec<Word>)>),
}

/// A word before expansion.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub parts: Vec<Part>,
}

impl Word {
    /// The word itself where nothing in it is to be expanded.
    pub fn literal(&self) -> Option<String> {
        let text = |part: &Part| match part {
            Part::Text(text) | Part::Quoted(text) => Some(text.clone()),
            _ => None,
        };
        self.parts.iter().map(text).collect()
    }
}

/// A piece of a word.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Unquoted: may be a pattern, is never split.
    Text(String),
    Quoted(String),
    DoubleQuoted(Vec<Part>),
    /// `~` or `~user`.
    Tilde(Option<String>),
    Parameter(Arc<Expansion>),
    Command(Arc<Code>),
    Arithmetic(Arc<Word>),
    /// `${…}` with something in it that the shell does not know: an error once it is expanded.
    Bad,
}

/// `$name`, `${name…}`.
#[derive(Debug)]
pub(super) struct Expansion {
    pub parameter: Parameter,
    pub action: Action,
}

/// What a parameter expansion names.
#[derive(Clone, Debug)]
pub(super) enum Parameter {
    Named(String),
    Positional(usize),
    /// `$@`
    All,
    /// `$*`
    Joined,
    /// `$#`
    Count,
    /// `$?`
    Status,
    /// `$-`
    Options,
    /// `$$`
    ProcessId,
    /// `$!`
    Background,
    /// `$0`
    ShellName,
    /// `${!name}`
    Indirect(String),
    /// `${name[index]}`
    Element(String, Arc<Word>),
    /// `${name[@]}`, or `${name[*]}`
    Elements {
        name: String,
        joined: bool,
    },
    /// `${!name[@]}`, or `${!name[*]}`
    Keys {
        name: String,
        joined: bool,
    },
}

/// What is done with the value.
#[derive(Debug)]
pub(super) enum Action {
    Plain,
    Default(ParameterTestType, Word),
    Assign(ParameterTestType, Word),
    Error(ParameterTestType, Option<Word>),
    Alternative(ParameterTestType, Word),
    Length,
    RemoveSuffix {
        longest: bool,
        pattern: Word,
    },
    RemovePrefix {
        longest: bool,
        pattern: Word,
    },
    Substring {
        offset: Word,
        length: Option<Word>,
    },
    Replace {
        pattern: Word,
        replacement: Word,
        kind: SubstringMatchKind,
    },
    /// Upper or lower case, of the first character or all.
    Case {
        upper: bool,
        all: bool,
    },
}

/// A redirection.
#[derive(Clone, Debug)]
pub(super) struct Redirect {
    pub fd: i32,
    pub kind: RedirectKind,
}

/// What a file descriptor is redirected to.
#[derive(Clone, Debug)]
pub(super) enum RedirectKind {
    Read(Word),
    Write(Word),
    /// `>|`
    Clobber(Word),
    Append(Word),
    ReadWrite(Word),
    /// Standard output and error together.
    Both {
        target: Word,
        append: bool,
    },
    /// `>&n`, `<&n`, `>&-`
    Duplicate(Word),
    /// Here-documents and here-strings: the text that is read.
    Text(Word),
}

/// `[[ … ]]`
#[derive(Debug)]
pub(super) enum TestExpression {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    /// As `test -f word`.
    Unary(&'static str, Word),
    /// As `test a = b`.
    Binary(&'static str, Word, Word),
    /// `==` with a pattern on the right; negated for `!=`.
    Matches(Word, Word, bool),
    /// `=~`
    Regex(Word, Word),
}
