//! Commands that change the shell itself, by name. What only prints or touches files is in `programs`.

mod alias;
mod directory;
mod flow;
mod getopts;
mod jobs;
mod limits;
mod mapfile;
mod read;
mod trap;
mod variables;

use super::code::Dialect;
use super::context::Context;
use super::kernel::{Body, Pid, Wait};
use super::shell::Shell;

pub(super) use directory::physical;
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

/// Is it a word of the shell's grammar?
pub(super) fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "!" | "{"
            | "}"
            | "case"
            | "do"
            | "done"
            | "elif"
            | "else"
            | "esac"
            | "fi"
            | "for"
            | "if"
            | "in"
            | "then"
            | "until"
            | "while"
    )
}

/// Is it one of the builtins that POSIX calls special?
fn is_special(name: &str) -> bool {
    matches!(
        name,
        "." | ":"
            | "break"
            | "continue"
            | "eval"
            | "exec"
            | "exit"
            | "export"
            | "readonly"
            | "return"
            | "set"
            | "shift"
            | "times"
            | "trap"
            | "unset"
    )
}

/// The builtin of this name.
pub(super) fn find(name: &str, dialect: Dialect) -> Option<Builtin> {
    let is_of = match name {
        "source" | "let" | "history" => dialect != Dialect::Dash,
        "builtin" | "declare" | "typeset" | "mapfile" | "readarray" | "shopt" | "disown" | "enable" => {
            dialect == Dialect::Bash
        }
        "chdir" => dialect != Dialect::Bash,
        _ => true,
    };
    if !is_of {
        return None;
    }
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
        "alias" => alias::alias,
        "unalias" => alias::unalias,
        "ulimit" => limits::ulimit,
        "hash" | "shopt" | "history" | "bg" | "fg" | "disown" | "enable" => |_, _, _| Outcome::Status(0),
        "jobs" => jobs::jobs,
        "kill" => jobs::kill,
        "let" => variables::arithmetic,
        "local" | "declare" | "typeset" => variables::local,
        "pwd" => directory::print_directory,
        "read" => read::read,
        "mapfile" | "readarray" => mapfile::mapfile,
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
    let is_bash = shell.dialect == Dialect::Bash;
    word.parse().ok().filter(|number| is_bash || *number >= 0).ok_or_else(|| {
        let prefix = shell.prefix_of(&words[0]);
        let message = if is_bash {
            format!("{prefix}{word}: numeric argument required")
        } else {
            format!("{prefix}Illegal number: {word}")
        };
        context.complain(&message);
        2
    })
}
