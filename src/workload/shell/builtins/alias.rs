//! `alias` and `unalias`: a name that stands for a command with its first words.

use super::super::code::Dialect;
use super::super::context::Context;
use super::super::shell::Shell;
use super::Outcome;

pub(super) fn alias(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let mark = if shell.dialect == Dialect::Bash { "alias " } else { "" };
    let shown = |name: &str, value: &str| format!("{mark}{name}='{value}'\n");
    if words.len() == 1 {
        let lines: String = shell.aliases.iter().map(|(name, value)| shown(name, value)).collect();
        let _ = context.write(1, lines.as_bytes());
        return Outcome::Status(0);
    }
    let mut status = 0;
    for word in &words[1..] {
        if let Some((name, value)) = word.split_once('=') {
            shell.version += 1;
            shell.aliases.insert(name.to_owned(), value.to_owned());
        } else if let Some(value) = shell.aliases.get(word) {
            let line = shown(word, value);
            let _ = context.write(1, line.as_bytes());
        } else {
            context.complain(&match shell.dialect {
                Dialect::Bash => format!("{}{word}: not found", shell.prefix_of("alias")),
                _ => format!("alias: {word} not found"),
            });
            status = 1;
        }
    }
    Outcome::Status(status)
}

pub(super) fn unalias(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    shell.version += 1;
    let mut status = 0;
    for word in &words[1..] {
        if word == "-a" {
            shell.aliases.clear();
        } else if shell.aliases.remove(word).is_none() {
            context.complain(&format!("unalias: {word} not found"));
            status = 1;
        }
    }
    Outcome::Status(status)
}
