//! The rules a scenario must keep, each with a stable code: what reading finds (files, syntax, fields) and what
//! the rules of this folder find, one file a rule. docs/scenarios.md holds [`table`], and a test compares them.

pub mod actions;
pub mod behaviors;
pub mod capacity;
pub mod flags;
pub mod limits;
pub mod names;
pub mod references;
pub mod set_steps;
pub mod sweep;
pub mod taints;
pub mod times;
pub mod traffic;

use super::diagnostics::Severity;
use super::schema::check::Finding;
use super::schema::scenario::Scenario;

/// A stable code of what can be wrong.
#[derive(Debug)]
pub struct Code {
    /// `E0001` or `W0001`; never given to another rule.
    pub id: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What it says, for the table.
    pub summary: &'static str,
}

impl Code {
    /// Is it a warning?
    pub fn is_warning(&self) -> bool {
        self.severity == Severity::Warning
    }
}

const fn error(id: &'static str, summary: &'static str) -> Code {
    Code { id, severity: Severity::Error, summary }
}

const fn warning(id: &'static str, summary: &'static str) -> Code {
    Code { id, severity: Severity::Warning, summary }
}

/// A file that is named does not exist.
pub static MISSING_FILE: Code = error("E0001", "a file that is named does not exist, or a pattern matches none");
/// A file cannot be read as text.
pub static UNREADABLE_FILE: Code = error("E0002", "a file cannot be read, is too large or is not UTF-8 text");
/// A document is no YAML.
pub static SYNTAX: Code = error("E0003", "a document is not YAML or JSON, or is nested too deeply");
/// A key occurs twice.
pub static DUPLICATE_KEY: Code = error("E0004", "a field is given twice");
/// No such field.
pub static UNKNOWN_FIELD: Code = error("E0005", "there is no field of this name");
/// Not the type that is expected.
pub static WRONG_TYPE: Code = error("E0006", "a field holds something of another type");
/// A required field is absent.
pub static MISSING_FIELD: Code = error("E0007", "a field that is required is missing");
/// A value that is not known.
pub static BAD_VALUE: Code = error("E0008", "a field holds a word or text that is not known there");
/// A number out of its range.
pub static OUT_OF_RANGE: Code = error("E0009", "a number is out of its range");
/// Not a duration.
pub static BAD_DURATION: Code = error("E0010", "a duration is not readable");
/// Not a quantity.
pub static BAD_QUANTITY: Code = error("E0011", "a quantity, size or rate is not readable");
/// Not an expression.
pub static BAD_EXPRESSION: Code = error("E0012", "an expression does not compile");
/// Not a taint.
pub static BAD_TAINT: Code = error("E0013", "a taint is not key=value:Effect");
/// Fields that exclude one another.
pub static CONTRADICTION: Code = error("E0014", "two fields exclude one another, or a value contradicts another");
/// A document of ours, but of no known kind or version.
pub static UNKNOWN_KIND: Code = error("E0015", "a document of kubelapse has an unknown kind or version");
/// A kind that another subcommand takes.
pub static OTHER_COMMAND: Code = error("E0016", "a document is for another subcommand");
/// More than one scenario where there can be one.
pub static TWO_SCENARIOS: Code = error("E0017", "a file holds two scenarios, or two scenarios have one name");
/// A name that cannot be a folder's.
pub static BAD_NAME: Code = error("E0018", "a name is not made of lower case letters, digits, `-` and `.`");
/// A path of `--set` or of a sweep.
pub static BAD_SETTING: Code =
    error("E0019", "a path or value of `--set`, of a `set` step or of a sweep does not work");
/// Names that must differ.
pub static DUPLICATE_NAME: Code = error("E0020", "two entries have one name");
/// A step names a node that does not exist.
pub static UNKNOWN_NODE: Code = error("E0021", "a step names a node that the cluster does not have");
/// A step without time, or a command that cannot be read.
pub static BAD_STEP: Code = error("E0022", "a step has no time, or a command that is not readable");
/// A distribution or curve that makes no sense.
pub static BAD_AMOUNT: Code = error("E0023", "a distribution or curve has parameters that make none");
/// Nothing to run.
pub static NOTHING_TO_RUN: Code = error("E0024", "a file holds no document");
/// A node cannot be as it is described.
pub static BAD_NODE: Code = error("E0025", "a node reserves more than it has, or has no room for pods");
/// Requests that cause themselves.
pub static CALL_CYCLE: Code = error("E0026", "the calls of `traffic` lead back to where they come from");
/// A setting that this version ignores.
pub static NO_EFFECT: Code = warning("W0001", "a field is understood, but has no effect yet");
/// A time after the end.
pub static TOO_LATE: Code = warning("W0002", "a time lies after the end of the run");
/// A setting that another one makes void.
pub static VOID: Code = warning("W0003", "a setting has no effect because of another one");
/// Calls to a Service of which nothing is said.
pub static FREE_CALL: Code = warning("W0004", "nothing says what the requests to a Service that is called cost there");

/// All codes, in their order.
pub static CODES: [&Code; 30] = [
    &MISSING_FILE,
    &UNREADABLE_FILE,
    &SYNTAX,
    &DUPLICATE_KEY,
    &UNKNOWN_FIELD,
    &WRONG_TYPE,
    &MISSING_FIELD,
    &BAD_VALUE,
    &OUT_OF_RANGE,
    &BAD_DURATION,
    &BAD_QUANTITY,
    &BAD_EXPRESSION,
    &BAD_TAINT,
    &CONTRADICTION,
    &UNKNOWN_KIND,
    &OTHER_COMMAND,
    &TWO_SCENARIOS,
    &BAD_NAME,
    &BAD_SETTING,
    &DUPLICATE_NAME,
    &UNKNOWN_NODE,
    &BAD_STEP,
    &BAD_AMOUNT,
    &NOTHING_TO_RUN,
    &BAD_NODE,
    &CALL_CYCLE,
    &NO_EFFECT,
    &TOO_LATE,
    &VOID,
    &FREE_CALL,
];

/// A rule over a whole scenario; it sees the document as typed, after its fields have been found right.
pub type Rule = fn(&Scenario, &mut Vec<Finding>);

/// The rules, in the order in which they are looked at.
pub const RULES: [Rule; 9] = [
    flags::check,
    names::check,
    limits::check,
    times::check,
    actions::check,
    references::check,
    set_steps::check,
    behaviors::check,
    traffic::check,
];

/// All findings of all rules.
pub fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        rule(scenario, &mut findings);
    }
    findings
}

/// The table of codes as docs/scenarios.md holds it.
pub fn table() -> String {
    let mut table = String::from("| code | means |\n|---|---|\n");
    for code in CODES {
        table.push_str("| `");
        table.push_str(code.id);
        table.push_str("` | ");
        table.push_str(code.summary);
        table.push_str(" |\n");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        let ids: Vec<&str> = CODES.iter().map(|code| code.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    }

    #[test]
    fn a_code_starts_with_the_letter_of_its_severity() {
        for code in CODES {
            assert_eq!(code.id.starts_with('W'), code.is_warning(), "{}", code.id);
        }
    }
}
