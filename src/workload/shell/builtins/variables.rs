//! Builtins that change variables, positional parameters and options: `export`, `local`, `unset`, `shift`, `set`, `let`.

use std::sync::Arc;

use super::super::code::Dialect;
use super::super::context::Context;
use super::super::expand::Expander;
use super::super::shell::{CallKind, Frame, Shell};
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
        let lines: String =
            shown.map(|(name, variable)| format!("{} {name}='{}'\n", words[0], variable.value)).collect();
        let _ = context.write(1, lines.as_bytes());
        return Outcome::Status(0);
    }
    for argument in arguments {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), None),
        };
        if !is_name(name) {
            let message = format!("{}{}: {name}: bad variable name", shell.prefix(), words[0]);
            context.complain(&message);
            return Outcome::Exit(2);
        }
        if let Some(value) = value
            && !shell.set(name, value.to_owned())
        {
            let message = format!("{}{}: {name}: is read only", shell.prefix(), words[0]);
            context.complain(&message);
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

pub(super) fn local(shell: &mut Shell, _: &mut Context<'_>, words: &[String]) -> Outcome {
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
    }
    Outcome::Status(0)
}

pub(super) fn unset(shell: &mut Shell, _: &mut Context<'_>, words: &[String]) -> Outcome {
    let is_function = words.get(1).is_some_and(|word| word == "-f");
    for name in words[1..].iter().filter(|word| !word.starts_with('-')) {
        if is_function {
            Arc::make_mut(&mut shell.functions).remove(name);
            shell.version += 1;
        } else if shell.variables.get(name).is_some_and(|variable| variable.is_read_only) {
            return Outcome::Status(1);
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
        return Outcome::Status(1);
    }
    shell.version += 1;
    Arc::make_mut(&mut shell.positional).drain(..count);
    Outcome::Status(0)
}

pub(super) fn set(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    if words.len() == 1 {
        let lines: String =
            shell.variables.iter().map(|(name, variable)| format!("{name}='{}'\n", variable.value)).collect();
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
            set_option(shell, letter, name, is_on);
        }
    }
    Outcome::Status(0)
}

/// Sets an option by its letter, or by name with `o`.
pub(in super::super) fn set_option(shell: &mut Shell, letter: char, name: &str, is_on: bool) {
    let options = &mut shell.options;
    match (letter, name) {
        ('e', _) | ('o', "errexit") => options.errexit = is_on,
        ('u', _) | ('o', "nounset") => options.nounset = is_on,
        ('x', _) | ('o', "xtrace") => options.xtrace = is_on,
        ('f', _) | ('o', "noglob") => options.noglob = is_on,
        ('C', _) | ('o', "noclobber") => options.noclobber = is_on,
        ('n', _) | ('o', "noexec") => options.noexec = is_on,
        ('a', _) | ('o', "allexport") => options.allexport = is_on,
        ('o', "pipefail") => options.pipefail = is_on,
        _ => {}
    }
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
