//! Builtins that change variables, positional parameters and options: `export`, `local`, `unset`, `shift`, `set`, `let`.

use std::sync::Arc;

use super::super::array::{Array, Key, quoted};
use super::super::code::Dialect;
use super::super::context::Context;
use super::super::expand::Expander;
use super::super::shell::{CallKind, Frame, Shell, Variable};
use super::{Outcome, is_name, number};

pub(super) fn export(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let is_export = words[0] == "export";
    let mut status = 0;
    let arguments: Vec<&String> = words[1..].iter().filter(|word| !word.starts_with('-')).collect();
    if arguments.is_empty() {
        let shown = shell
            .variables
            .iter()
            .filter(|(_, variable)| if is_export { variable.is_exported } else { variable.is_read_only });
        let letter = if is_export { "x" } else { "r" };
        let lines: String = shown
            .map(|(name, variable)| match shell.dialect {
                Dialect::Bash => declaration(name, variable, letter),
                _ => format!("{} {name}='{}'\n", words[0], variable.value),
            })
            .collect();
        let _ = context.write(1, lines.as_bytes());
        return Outcome::Status(0);
    }
    for argument in arguments {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), None),
        };
        if !is_name(name) {
            let message = match shell.dialect {
                Dialect::Bash => format!("{}`{argument}': not a valid identifier", shell.prefix_of(&words[0])),
                _ => format!("{}{name}: bad variable name", shell.prefix_of(&words[0])),
            };
            context.complain(&message);
            return Outcome::Exit(2);
        }
        if let Some(value) = value
            && !shell.set(name, value.to_owned())
        {
            let message = shell.read_only(Some(&words[0]), name);
            context.complain(&message);
            if shell.dialect != Dialect::Bash {
                return Outcome::Exit(2);
            }
            status = 1;
        }
        let has_value = shell.variables.contains_key(name);
        if has_value || !is_export {
            shell.mark(
                name,
                |variable| if is_export { variable.is_exported = true } else { variable.is_read_only = true },
            );
        }
    }
    Outcome::Status(status)
}

pub(super) fn local(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let is_in_function =
        shell.frames.iter().any(|frame| matches!(frame, Frame::Call(call) if call.kind == CallKind::Function));
    if words[0] == "local" && !is_in_function {
        let is_bash = shell.dialect == Dialect::Bash;
        let what = if is_bash { "can only be used in a function" } else { "not in a function" };
        let message = format!("{}{what}", shell.prefix_of("local"));
        context.complain(&message);
        return if is_bash { Outcome::Status(1) } else { Outcome::Exit(2) };
    }
    let flags: String = words[1..].iter().filter_map(|word| word.strip_prefix('-')).collect();
    let flags = if shell.dialect == Dialect::Bash { flags.as_str() } else { "" };
    if flags.contains('p') && words[0] != "local" {
        return show(shell, context, words);
    }
    for argument in words[1..].iter().filter(|word| !word.starts_with('-')) {
        let (name, value) =
            argument.split_once('=').map_or((argument.as_str(), None), |(name, value)| (name, Some(value)));
        if !is_name(name) {
            return Outcome::Status(2);
        }
        let before = shell.variables.get(name).cloned();
        let function = shell.frames.iter_mut().rev().find_map(|frame| match frame {
            Frame::Call(call) if call.kind == CallKind::Function => Some(call),
            _ => None,
        });
        if let Some(call) = function
            && !call.shadowed.iter().any(|(shadowed, _)| shadowed == name)
        {
            call.shadowed.push((name.to_owned(), before));
        }
        if let Some(value) = value {
            shell.set(name, value.to_owned());
        } else if shell.dialect == Dialect::Bash && words[0] == "local" {
            shell.put_back(name, None);
        }
        let is_named = flags.contains('A');
        if is_named || flags.contains('a') {
            let known = shell.variables.get(name).and_then(|variable| variable.array.as_ref());
            if known.is_none() {
                let elements = if is_named { Array::default() } else { Arc::unwrap_or_clone(shell.array(name)) };
                shell.set_array(name, Array { is_named, ..elements });
            }
        }
        if flags.contains(['x', 'r']) && shell.variables.contains_key(name) {
            shell.mark(name, |variable| {
                variable.is_exported |= flags.contains('x');
                variable.is_read_only |= flags.contains('r');
            });
        }
    }
    Outcome::Status(0)
}

/// A variable as bash declares it.
fn declaration(name: &str, variable: &Variable, flags: &str) -> String {
    let (kind, value) = match &variable.array {
        Some(array) => (if array.is_named { "A" } else { "a" }, array.shown()),
        None => ("", quoted(&variable.value)),
    };
    let flags = if kind.is_empty() && flags.is_empty() { "-" } else { flags };
    format!("declare -{kind}{flags} {name}={value}\n")
}

/// `declare -p NAMES`
fn show(shell: &Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let mut status = 0;
    for name in words[1..].iter().filter(|word| !word.starts_with('-')) {
        let Some(variable) = shell.variables.get(name) else {
            context.complain(&format!("{}{name}: not found", shell.prefix_of(&words[0])));
            status = 1;
            continue;
        };
        let read_only = if variable.is_read_only { "r" } else { "" };
        let exported = if variable.is_exported { "x" } else { "" };
        let _ = context.write(1, declaration(name, variable, &format!("{read_only}{exported}")).as_bytes());
    }
    Outcome::Status(status)
}

pub(super) fn unset(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let is_function = words.get(1).is_some_and(|word| word == "-f");
    for name in words[1..].iter().filter(|word| !word.starts_with('-')) {
        if is_function {
            Arc::make_mut(&mut shell.functions).remove(name);
            shell.version += 1;
        } else if shell.variables.get(name).is_some_and(|variable| variable.is_read_only) {
            let message = if shell.dialect == Dialect::Bash {
                format!("{}{name}: cannot unset: readonly variable", shell.prefix_of("unset"))
            } else {
                shell.read_only(Some("unset"), name)
            };
            context.complain(&message);
            return if shell.dialect == Dialect::Bash { Outcome::Status(1) } else { Outcome::Exit(2) };
        } else if let Some((array, index)) = name.strip_suffix(']').and_then(|name| name.split_once('['))
            && shell.dialect == Dialect::Bash
        {
            let Ok(key) = Expander::new(shell, context).key_to_read(array, index) else {
                return Outcome::Status(1);
            };
            if !shell.is_array(array) && shell.get(array).is_some() {
                if key == Some(Key::Index(0)) {
                    shell.put_back(array, None);
                    continue;
                }
                let message = format!("{}{array}: not an array variable", shell.prefix_of("unset"));
                context.complain(&message);
                return Outcome::Status(1);
            }
            let mut elements = Arc::unwrap_or_clone(shell.array(array));
            if key.is_some_and(|key| elements.elements.remove(&key).is_some()) {
                shell.set_array(array, elements);
            }
        } else {
            shell.put_back(name, None);
        }
    }
    Outcome::Status(0)
}

pub(super) fn shift(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let count = match number(shell, context, words, 1) {
        Ok(count) if count >= 0 => count as usize,
        _ => return Outcome::Exit(2),
    };
    if count > shell.positional.len() {
        if shell.dialect == Dialect::Dash {
            let message = format!("{}can't shift that many", shell.prefix_of("shift"));
            context.complain(&message);
            return Outcome::Exit(2);
        }
        return Outcome::Status(1);
    }
    shell.version += 1;
    Arc::make_mut(&mut shell.positional).drain(..count);
    Outcome::Status(0)
}

pub(super) fn set(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    if words.len() == 1 {
        let lines: String = shell
            .variables
            .iter()
            .map(|(name, variable)| {
                if let Some(array) = &variable.array {
                    return format!("{name}={}\n", array.shown());
                }
                let value = &variable.value;
                let is_plain = value.chars().all(|c| c.is_alphanumeric() || "/._-+:,@%=".contains(c));
                if shell.dialect == Dialect::Bash && is_plain {
                    format!("{name}={value}\n")
                } else {
                    format!("{name}='{value}'\n")
                }
            })
            .collect();
        let _ = context.write(1, lines.as_bytes());
        return Outcome::Status(0);
    }
    shell.version += 1;
    let mut arguments = words[1..].iter();
    while let Some(word) = arguments.next() {
        let is_on = word.starts_with('-');
        if word == "--" || !(is_on || word.starts_with('+')) || word.len() == 1 {
            let mut positional: Vec<String> = arguments.cloned().collect();
            if word != "--" {
                positional.insert(0, word.clone());
            }
            shell.positional = Arc::new(positional);
            break;
        }
        for letter in word[1..].chars() {
            let name = if letter == 'o' { arguments.next().map_or("", String::as_str) } else { "" };
            if letter == 'o' && name.is_empty() {
                let listing = super::super::options::listing(shell, is_on);
                let _ = context.write(1, listing.as_bytes());
            } else if !set_option(shell, letter, name, is_on) {
                return refuse_option(shell, context, letter, name, is_on);
            }
        }
    }
    Outcome::Status(0)
}

fn refuse_option(shell: &Shell, context: &mut Context<'_>, letter: char, name: &str, is_on: bool) -> Outcome {
    let sign = if is_on { '-' } else { '+' };
    let option = if letter == 'o' { format!("{sign}o {name}") } else { format!("{sign}{letter}") };
    let prefix = shell.prefix_of("set");
    let (message, outcome) = match shell.dialect {
        Dialect::Ash if letter == 'o' => (format!("{prefix}illegal option {option}"), Outcome::Status(1)),
        Dialect::Ash => (format!("{prefix}illegal option {option}"), Outcome::Exit(2)),
        Dialect::Dash => (format!("{prefix}Illegal option {option}"), Outcome::Exit(2)),
        Dialect::Bash if letter == 'o' => (format!("{prefix}{name}: invalid option name"), Outcome::Status(2)),
        Dialect::Bash => (
            format!(
                "{prefix}{option}: invalid option\nset: usage: set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]"
            ),
            Outcome::Status(2),
        ),
    };
    context.complain(&message);
    outcome
}

/// Sets an option by its letter, or by name with `o`; false where the shell has none of that name.
pub(in super::super) fn set_option(shell: &mut Shell, letter: char, name: &str, is_on: bool) -> bool {
    let dialect = shell.dialect;
    let options = &mut shell.options;
    match (letter, name) {
        ('e', _) | ('o', "errexit") => options.errexit = is_on,
        ('u', _) | ('o', "nounset") => options.nounset = is_on,
        ('x', _) | ('o', "xtrace") => options.xtrace = is_on,
        ('f', _) | ('o', "noglob") => options.noglob = is_on,
        ('C', _) | ('o', "noclobber") => options.noclobber = is_on,
        ('n', _) | ('o', "noexec") => options.noexec = is_on,
        ('a', _) | ('o', "allexport") => options.allexport = is_on,
        ('o', "pipefail") if dialect != Dialect::Dash => options.pipefail = is_on,
        // Of no use without a terminal.
        ('b' | 'i' | 'I' | 'm' | 'v' | 's' | 'l', _) => {}
        ('o', "notify" | "ignoreeof" | "interactive" | "monitor" | "verbose" | "vi" | "stdin") => {}
        ('h' | 'k' | 'p' | 't' | 'B' | 'E' | 'H' | 'P' | 'T', _) if dialect == Dialect::Bash => {}
        (
            'o',
            "posix" | "errtrace" | "functrace" | "braceexpand" | "hashall" | "histexpand" | "history" | "physical"
            | "privileged" | "emacs" | "nolog" | "onecmd" | "keyword",
        ) if dialect == Dialect::Bash => {}
        ('o', "nolog" | "debug" | "emacs") if dialect == Dialect::Dash => {}
        _ => return false,
    }
    true
}

pub(super) fn arithmetic(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let mut value = 0;
    for word in &words[1..] {
        match Expander::new(shell, context).arithmetic(word) {
            Ok(result) => value = result,
            Err(_) => return Outcome::Status(2),
        }
    }
    Outcome::Status(i32::from(value == 0))
}
