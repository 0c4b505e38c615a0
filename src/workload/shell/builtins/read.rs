//! `read`: one line of standard input into variables.

use super::super::array::Array;
use super::super::code::Dialect;
use super::super::context::{Context, Input};
use super::super::kernel::Wait;
use super::super::shell::Shell;
use super::Outcome;
use crate::engine::{SimDuration, SimTime};

pub(super) fn read(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let (mut is_raw, mut timeout, mut names) = (false, None, Vec::new());
    let mut array = None;
    let mut arguments = words[1..].iter();
    while let Some(word) = arguments.next() {
        match word.strip_prefix('-') {
            Some(letters) if !letters.is_empty() && names.is_empty() => {
                is_raw |= letters.contains('r');
                if letters.ends_with(['t', 'p', 'n', 'd', 'u', 'a', 'N']) {
                    let operand = arguments.next();
                    if letters.ends_with('t') {
                        timeout = operand.and_then(|text| text.parse::<f64>().ok());
                    } else if letters.ends_with('a') {
                        array = operand.filter(|_| shell.dialect == Dialect::Bash);
                    }
                }
            }
            _ => names.push(word.clone()),
        }
    }
    let deadline = match (shell.deadline, timeout) {
        (Some(deadline), _) => deadline,
        (None, Some(seconds)) => context.now + SimDuration::from_secs_f64(seconds),
        (None, None) => SimTime::NEVER,
    };
    let Ok((input, is_complete)) = context.read_line(0) else { return Outcome::Status(1) };
    let line = match input {
        Input::Wait if context.now >= deadline => {
            shell.deadline = None;
            return Outcome::Status(128 + 14);
        }
        Input::Wait => {
            shell.deadline = Some(deadline);
            return Outcome::Block(Wait::Input(0, deadline));
        }
        Input::End => String::new(),
        Input::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
    };
    shell.deadline = None;
    // The next turn of a loop reads another line, even if it looks the same.
    shell.version += 1;
    let line = if is_raw { line } else { line.replace("\\\\", "\u{0}").replace('\\', "").replace('\u{0}', "\\") };
    let separators = shell.get("IFS").unwrap_or(" \t\n").to_owned();
    if let Some(array) = array {
        let mut fields = split_line(&line, &separators, usize::MAX);
        fields.pop_if(|last| last.is_empty());
        shell.set_array(array, Array::of(fields));
        return Outcome::Status(i32::from(!is_complete));
    }
    if names.is_empty() && shell.dialect == Dialect::Dash {
        let message = format!("{}arg count", shell.prefix_of("read"));
        context.complain(&message);
        return Outcome::Status(2);
    }
    if names.is_empty() {
        names.push("REPLY".to_owned());
    }
    let is_only_reply = names[0] == "REPLY" && words.len() <= 2;
    let values = if is_only_reply { vec![line] } else { split_line(&line, &separators, names.len()) };
    let values = values.into_iter().chain(std::iter::repeat_with(String::new));
    for (name, value) in names.iter().zip(values) {
        shell.set(name, value);
    }
    Outcome::Status(i32::from(!is_complete))
}

/// A line as at most `count` values; the last takes what is left.
fn split_line(line: &str, separators: &str, count: usize) -> Vec<String> {
    let is_white = |c: char| c.is_ascii_whitespace() && separators.contains(c);
    let mut rest = line.trim_matches(is_white);
    let mut values = Vec::new();
    while values.len() + 1 < count {
        let Some(end) = rest.find(|c| separators.contains(c)) else { break };
        values.push(rest[..end].to_owned());
        rest = rest[end..].trim_start_matches(is_white);
        if let Some(next) = rest.chars().next().filter(|c| separators.contains(*c)) {
            rest = rest[next.len_utf8()..].trim_start_matches(is_white);
        }
    }
    values.push(rest.to_owned());
    values
}
