//! Commands that change the shell itself, by name. What only prints or touches files is in `programs`.

mod directory;
mod flow;
mod getopts;
mod jobs;
mod read;
mod trap;
mod variables;

use super::context::Context;
use super::kernel::{Body, Pid, Wait};
use super::shell::Shell;

pub(super) use variables::set_option;

/// What a builtin leads to.
pub(super) enum Outcome {
    Status(i32),
    /// Run again after the wait.
    Block(Wait),
    /// Other code is run now and then the next command.
    Call,
    /// The place in the code has been set.
    Jumped,
    Exit(i32),
    /// `exec`: the shell becomes this.
    Become(Box<Body>),
    Spawned(Pid),
}

pub(super) type Builtin = fn(&mut Shell, &mut Context<'_>, &[String]) -> Outcome;

/// The builtin of this name.
pub(super) fn find(name: &str) -> Option<Builtin> {
    Some(match name {
        ":" | "true" => |_, _, _| Outcome::Status(0),
        "false" => |_, _, _| Outcome::Status(1),
        "break" | "continue" => flow::leave,
        "cd" | "chdir" => directory::change_directory,
        "command" | "builtin" => flow::command,
        "eval" => flow::eval,
        "exec" => flow::exec,
        "exit" => flow::exit,
        "export" | "readonly" => variables::export,
        "getopts" => getopts::getopts,
        "hash" | "alias" | "unalias" | "ulimit" | "shopt" | "history" | "bg" | "fg" | "disown" | "enable" => {
            |_, _, _| Outcome::Status(0)
        }
        "jobs" => jobs::jobs,
        "kill" => jobs::kill,
        "let" => variables::arithmetic,
        "local" | "declare" | "typeset" => variables::local,
        "pwd" => directory::print_directory,
        "read" => read::read,
        "return" => flow::return_from,
        "set" => variables::set,
        "shift" => variables::shift,
        "source" | "." => flow::source,
        "times" => |_, context, _| {
            context.observed();
            let _ = context.write(1, b"0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n");
            Outcome::Status(0)
        },
        "trap" => trap::trap,
        "type" => flow::describe,
        "umask" => directory::umask,
        "unset" => variables::unset,
        "wait" => jobs::wait,
        _ => return None,
    })
}

/// Is it a name a variable can have?
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn number(shell: &Shell, context: &mut Context<'_>, words: &[String], default: i32) -> Result<i32, i32> {
    let Some(word) = words.get(1) else { return Ok(default) };
    word.parse().map_err(|_| {
        let message = format!("{}{}: Illegal number: {word}", shell.prefix(), words[0]);
        context.complain(&message);
        2
    })
}
