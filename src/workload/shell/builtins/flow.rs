//! Builtins that decide what runs next: `break`, `exit`, `return`, `eval`, `.`, `exec`, `command`, `type`.

use super::super::code::Dialect;
use super::super::context::{Context, absolute};
use super::super::kernel::Body;
use super::super::launch::{Launched, launch, place};
use super::super::shell::{CallKind, Frame, Shell};
use super::super::world::Links;
use super::{Outcome, find, is_keyword, is_special, number};

pub(super) fn leave(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let count = match number(shell, context, words, 1) {
        Ok(count) if count > 0 => count as usize,
        _ => return Outcome::Exit(2),
    };
    shell.status = 0;
    if !shell.frames.iter().any(|frame| matches!(frame, Frame::Loop(_))) {
        if shell.dialect == Dialect::Bash {
            let prefix = shell.prefix_of(&words[0]);
            context.complain(&format!("{prefix}only meaningful in a `for', `while', or `until' loop"));
        }
        return Outcome::Status(0);
    }
    shell.leave_loops(context, count, words[0] == "continue");
    Outcome::Jumped
}

pub(super) fn exit(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let default = shell.exiting.unwrap_or(shell.status);
    if words.len() > 2 && shell.dialect == Dialect::Bash && words[1].parse::<i32>().is_ok() {
        let message = format!("{}too many arguments", shell.prefix_of("exit"));
        context.complain(&message);
        return Outcome::Status(1);
    }
    Outcome::Exit(number(shell, context, words, default).unwrap_or_else(|status| status))
}

pub(super) fn return_from(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let default = shell.status;
    let status = number(shell, context, words, default).unwrap_or_else(|status| status);
    if shell.return_from(context, status & 0xff) {
        return Outcome::Jumped;
    }
    if shell.dialect == Dialect::Bash {
        let message = format!("{}can only `return' from a function or sourced script", shell.prefix_of("return"));
        context.complain(&message);
        return Outcome::Status(2);
    }
    Outcome::Exit(status)
}

pub(super) fn eval(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    run_text(shell, context, &words[1..].join(" "), CallKind::Eval, None)
}

fn run_text(
    shell: &mut Shell,
    context: &mut Context<'_>,
    text: &str,
    kind: CallKind,
    positional: Option<Vec<String>>,
) -> Outcome {
    match context.programs.get(text, shell.dialect) {
        Ok(code) => {
            shell.status = 0;
            shell.call(code, kind, positional);
            Outcome::Call
        }
        Err(error) => {
            let by = match (kind, shell.dialect) {
                (CallKind::Eval, Dialect::Ash) => format!("eval: line {}: ", shell.line_number()),
                (CallKind::Eval, _) => "eval: ".to_owned(),
                _ => String::new(),
            };
            let message = shell.refusal(&error, &by);
            context.complain(&message);
            if shell.dialect == Dialect::Bash { Outcome::Status(2) } else { Outcome::Exit(2) }
        }
    }
}

pub(super) fn source(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let Some(name) = words.get(1) else { return Outcome::Status(2) };
    match context.read_file(&absolute(&shell.cwd, name)) {
        Ok(bytes) => {
            let positional = (words.len() > 2).then(|| words[2..].to_vec());
            run_text(shell, context, &String::from_utf8_lossy(&bytes), CallKind::Source, positional)
        }
        Err(error) => {
            let message = match shell.dialect {
                Dialect::Ash => format!("{}can't open '{name}': {error}", shell.prefix_of(".")),
                Dialect::Dash => {
                    format!("{}cannot open {name}: {}", shell.prefix_of("."), error.reason("No such file"))
                }
                Dialect::Bash => format!("{}{name}: {error}", shell.prefix()),
            };
            context.complain(&message);
            if shell.dialect == Dialect::Bash { Outcome::Status(1) } else { Outcome::Exit(2) }
        }
    }
}

pub(super) fn exec(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    if words.len() == 1 {
        return Outcome::Status(0);
    }
    match launch(context, words[1..].to_vec(), shell.environment(), &shell.cwd, shell.umask) {
        Launched::Body(mut body) => {
            if let Body::Shell(next) = &mut body {
                next.process_id = context.pid;
            }
            Outcome::Become(Box::new(body))
        }
        Launched::Refused(message, status) => {
            context.complain(&message);
            Outcome::Exit(status)
        }
        Launched::Failed(message, status) => {
            let message = format!("{}{message}", shell.prefix_of("exec"));
            context.complain(&message);
            Outcome::Exit(status)
        }
    }
}

pub(super) fn command(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    match words.get(1).map(String::as_str) {
        None => Outcome::Status(0),
        Some("-v" | "-V") => {
            let mut status = 0;
            for name in &words[2..] {
                let found = if shell.is_own(name) || is_keyword(name) || shell.functions.contains_key(name) {
                    Some(name.clone())
                } else if name.contains('/') {
                    context.stat(&absolute(&shell.cwd, name), Links::Follow).ok().map(|_| name.clone())
                } else {
                    place(context, shell.get("PATH"), name)
                };
                match found {
                    Some(path) => {
                        let _ = context.write(1, format!("{path}\n").as_bytes());
                    }
                    None => status = if shell.dialect == Dialect::Bash { 1 } else { 127 },
                }
            }
            Outcome::Status(status)
        }
        Some("-p") if words.len() > 2 => command(shell, context, &words[1..]),
        Some(name) => {
            if let Some(builtin) = find(name, shell.dialect) {
                return builtin(shell, context, &words[1..]);
            }
            let environment = shell.environment();
            match shell.run_program(context, words[1..].to_vec(), environment) {
                Ok(pid) => Outcome::Spawned(pid),
                Err(status) => Outcome::Status(status),
            }
        }
    }
}

pub(super) fn describe(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let mut status = 0;
    for name in &words[1..] {
        let text = if shell.functions.contains_key(name) {
            format!("{name} is a function")
        } else if is_keyword(name) {
            format!("{name} is a shell keyword")
        } else if is_special(name) && shell.dialect != Dialect::Bash {
            format!("{name} is a special shell builtin")
        } else if shell.is_own(name) {
            format!("{name} is a shell builtin")
        } else if let Some(path) = place(context, shell.get("PATH"), name) {
            format!("{name} is {path}")
        } else {
            status = if shell.dialect == Dialect::Bash { 1 } else { 127 };
            if shell.dialect == Dialect::Bash {
                let message = format!("{}{name}: not found", shell.prefix_of("type"));
                context.complain(&message);
                continue;
            }
            format!("{name}: not found")
        };
        let _ = context.write(1, format!("{text}\n").as_bytes());
    }
    Outcome::Status(status)
}
