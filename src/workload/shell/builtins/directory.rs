//! Builtins about where files are made: `cd`, `pwd`, `umask`.

use super::super::code::Dialect;
use super::super::context::{Context, absolute};
use super::super::shell::Shell;
use super::super::world::{Errno, FileKind, Links};
use super::Outcome;

pub(super) fn change_directory(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let target = match words.get(1).map(String::as_str) {
        None => shell.get("HOME").unwrap_or("/").to_owned(),
        Some("-") => shell.get("OLDPWD").unwrap_or("/").to_owned(),
        Some(path) => path.to_owned(),
    };
    let path = absolute(&shell.cwd, &target);
    let refused = match context.stat(&path, Links::Follow) {
        Ok(data) if data.kind == FileKind::Directory => None,
        Ok(_) => Some(Errno::NotADirectory),
        Err(error) => Some(error),
    };
    if let Some(error) = refused {
        let prefix = shell.prefix_of("cd");
        let (message, status) = match shell.dialect {
            Dialect::Ash => (format!("{prefix}can't cd to {target}: {error}"), 2),
            Dialect::Dash => (format!("{prefix}can't cd to {target}"), 2),
            Dialect::Bash => (format!("{prefix}{target}: {error}"), 1),
        };
        context.complain(&message);
        return Outcome::Status(status);
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

pub(super) fn print_directory(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let is_physical = words.get(1).is_some_and(|word| word == "-P");
    let shown = if is_physical { physical(context, &shell.cwd) } else { shell.cwd.clone() };
    Outcome::Status(i32::from(context.write(1, format!("{shown}\n").as_bytes()).is_err()))
}

/// A path without links in it.
pub(in super::super) fn physical(context: &mut Context<'_>, path: &str) -> String {
    const LINKS_MAX: u32 = 40;
    let mut left = LINKS_MAX;
    let mut done = String::new();
    let mut rest: Vec<String> = path.split('/').rev().filter(|part| !part.is_empty()).map(str::to_owned).collect();
    while let Some(part) = rest.pop() {
        let next = format!("{done}/{part}");
        match context.world.read_link(&next) {
            Ok(target) if left > 0 => {
                left -= 1;
                let base = if done.is_empty() { "/" } else { &done };
                let target = absolute(base, &target);
                rest.extend(target.split('/').rev().filter(|part| !part.is_empty()).map(str::to_owned));
                done.clear();
            }
            _ => done = next,
        }
    }
    if done.is_empty() { "/".to_owned() } else { done }
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
