//! Builtins about where files are made: `cd`, `pwd`, `umask`.

use super::super::code::Dialect;
use super::super::context::{Context, absolute};
use super::super::shell::Shell;
use super::super::world::{FileKind, Links};
use super::Outcome;

pub(super) fn change_directory(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let target = match words.get(1).map(String::as_str) {
        None => shell.get("HOME").unwrap_or("/").to_owned(),
        Some("-") => shell.get("OLDPWD").unwrap_or("/").to_owned(),
        Some(path) => path.to_owned(),
    };
    let path = absolute(&shell.cwd, &target);
    let is_directory = context.stat(&path, Links::Follow).is_ok_and(|data| data.kind == FileKind::Directory);
    if !is_directory {
        let message = match shell.dialect {
            Dialect::Ash => format!("{}cd: can't cd to {target}: No such file or directory", shell.prefix()),
            Dialect::Bash => format!("{}cd: {target}: No such file or directory", shell.prefix()),
        };
        context.complain(&message);
        return Outcome::Status(1);
    }
    let before = std::mem::replace(&mut shell.cwd, path.clone());
    shell.set("OLDPWD", before);
    shell.set("PWD", path.clone());
    shell.version += 1;
    if words.get(1).is_some_and(|word| word == "-") {
        let _ = context.write(1, format!("{path}\n").as_bytes());
    }
    Outcome::Status(0)
}

pub(super) fn print_directory(shell: &mut Shell, context: &mut Context<'_>, _: &[String]) -> Outcome {
    Outcome::Status(i32::from(context.write(1, format!("{}\n", shell.cwd).as_bytes()).is_err()))
}

pub(super) fn umask(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    match words.get(1) {
        None => {
            let _ = context.write(1, format!("{:04o}\n", shell.umask).as_bytes());
        }
        Some(text) => match u32::from_str_radix(text, 8) {
            Ok(mask) => shell.umask = mask & 0o777,
            Err(_) => return Outcome::Status(2),
        },
    }
    Outcome::Status(0)
}
