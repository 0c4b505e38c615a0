//! The tree of an awk program, and what can be wrong with one. No behaviour.

use regex::Regex;

/// Why a program cannot be run, or was ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AwkError {
    #[error("cmd. line:1: syntax error at or near {0}")]
    Unexpected(String),
    #[error("cmd. line:1: unexpected end of program")]
    Unfinished,
    #[error("cmd. line:1: nested too deeply or too long")]
    TooLong,
    #[error("bad regex '{0}'")]
    Regex(String),
    #[error("{0} is not supported by the built-in awk")]
    Unsupported(String),
    #[error("cmd. line:1: division by zero")]
    DivisionByZero,
    #[error("cmd. line:1: a loop without end")]
    Endless,
    #[error("cmd. line:1: invalid format")]
    Format,
}

pub(super) type Result<T> = std::result::Result<T, AwkError>;

/// A program: what is done before, with each line, and after.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub begin: Vec<Statement>,
    pub rules: Vec<Rule>,
    pub end: Vec<Statement>,
    pub has_end: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub pattern: Pattern,
    pub body: Vec<Statement>,
}

#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Always,
    When(Expression),
    /// From a line to a line; true inside.
    Range(Expression, Expression, bool),
}

#[derive(Clone, Debug)]
pub(super) enum Statement {
    Expression(Expression),
    Print(Vec<Expression>),
    Printf(Vec<Expression>),
    If(Expression, Box<Self>, Option<Box<Self>>),
    /// Condition, step, body; a `do` loop runs its body before the first look at the condition.
    Loop {
        condition: Option<Expression>,
        step: Option<Box<Self>>,
        body: Box<Self>,
        runs_first: bool,
    },
    ForIn(String, String, Box<Self>),
    Block(Vec<Self>),
    Delete(String, Vec<Expression>),
    Next,
    Exit(Option<Expression>),
    Break,
    Continue,
}

#[derive(Clone, Debug)]
pub(super) enum Expression {
    Number(f64),
    Text(String),
    Regex(Regex),
    Variable(String),
    Element(String, Vec<Self>),
    Field(Box<Self>),
    Assign(Box<Self>, Option<Operator>, Box<Self>),
    /// By how much, and is the old value the result?
    Increment(Box<Self>, f64, bool),
    Not(Box<Self>),
    Sign(f64, Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    Concatenate(Box<Self>, Box<Self>),
    Compare(&'static str, Box<Self>, Box<Self>),
    Match(Box<Self>, Box<Self>, bool),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Conditional(Box<Self>, Box<Self>, Box<Self>),
    In(Vec<Self>, String),
    Call(Function, Vec<Self>),
}

/// Arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

/// Built-in functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Length,
    Substr,
    Index,
    Split,
    Sub,
    Gsub,
    Match,
    Sprintf,
    ToLower,
    ToUpper,
    Int,
    Sqrt,
    Exp,
    Log,
    Sin,
    Cos,
    Atan2,
}

impl Function {
    /// The function of this name with its smallest and largest number of arguments.
    pub fn find(name: &str) -> Option<(Self, usize, usize)> {
        Some(match name {
            "length" => (Self::Length, 0, 1),
            "substr" => (Self::Substr, 2, 3),
            "index" => (Self::Index, 2, 2),
            "split" => (Self::Split, 2, 3),
            "sub" => (Self::Sub, 2, 3),
            "gsub" => (Self::Gsub, 2, 3),
            "match" => (Self::Match, 2, 2),
            "sprintf" => (Self::Sprintf, 1, usize::MAX),
            "tolower" => (Self::ToLower, 1, 1),
            "toupper" => (Self::ToUpper, 1, 1),
            "int" => (Self::Int, 1, 1),
            "sqrt" => (Self::Sqrt, 1, 1),
            "exp" => (Self::Exp, 1, 1),
            "log" => (Self::Log, 1, 1),
            "sin" => (Self::Sin, 1, 1),
            "cos" => (Self::Cos, 1, 1),
            "atan2" => (Self::Atan2, 2, 2),
            _ => return None,
        })
    }
}
