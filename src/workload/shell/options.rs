//! `$-` and `set -o`: the options of the shells, in the order in which they show them.

use super::code::Dialect;
use super::shell::Shell;

/// Letter (a blank where there is none) and name, as busybox ash and dash keep them.
const ASH: [(char, &str); 15] = [
    ('e', "errexit"),
    ('f', "noglob"),
    ('I', "ignoreeof"),
    ('i', "interactive"),
    ('m', "monitor"),
    ('n', "noexec"),
    ('s', "stdin"),
    ('x', "xtrace"),
    ('v', "verbose"),
    ('C', "noclobber"),
    ('a', "allexport"),
    ('b', "notify"),
    ('u', "nounset"),
    (' ', "vi"),
    (' ', "pipefail"),
];

const BASH: [(char, &str); 8] = [
    ('a', "allexport"),
    ('C', "noclobber"),
    ('e', "errexit"),
    ('f', "noglob"),
    ('n', "noexec"),
    ('u', "nounset"),
    (' ', "pipefail"),
    ('x', "xtrace"),
];

fn is_on(shell: &Shell, name: &str) -> bool {
    let options = &shell.options;
    match name {
        "errexit" => options.errexit,
        "noglob" => options.noglob,
        "noexec" => options.noexec,
        "xtrace" => options.xtrace,
        "noclobber" => options.noclobber,
        "allexport" => options.allexport,
        "nounset" => options.nounset,
        "pipefail" => options.pipefail,
        "stdin" => shell.reads_stdin,
        _ => false,
    }
}

/// `$-`. ash and dash go through their options from the last to the first; ash tells `-c` too.
pub(super) fn letters(shell: &Shell) -> String {
    let has_text = shell.script.is_none() && !shell.reads_stdin;
    if shell.dialect == Dialect::Bash {
        let letters = ["aefhnuxBC", if has_text { "c" } else { "" }, if shell.reads_stdin { "s" } else { "" }].concat();
        let is_set = |letter: &char| {
            matches!(letter, 'h' | 'B' | 'c' | 's')
                || BASH.iter().any(|(known, name)| known == letter && is_on(shell, name))
        };
        return letters.chars().filter(is_set).collect();
    }
    let mut letters = String::new();
    for (letter, name) in ASH.iter().rev() {
        if *letter == 's' && has_text && shell.dialect == Dialect::Ash {
            letters.push('c');
        }
        if *letter != ' ' && is_on(shell, name) {
            letters.push(*letter);
        }
    }
    letters
}

/// What `set -o` (or `set +o`, as commands) prints.
pub(super) fn listing(shell: &Shell, is_table: bool) -> String {
    let names: Vec<&str> = if shell.dialect == Dialect::Bash {
        BASH.iter().map(|(_, name)| *name).collect()
    } else {
        let has_pipefail = shell.dialect == Dialect::Ash;
        ASH.iter().map(|(_, name)| *name).filter(|name| has_pipefail || *name != "pipefail").collect()
    };
    let mut text =
        if is_table && shell.dialect != Dialect::Bash { "Current option settings\n".to_owned() } else { String::new() };
    for name in names {
        let is_set = is_on(shell, name);
        text += &match (is_table, shell.dialect) {
            (true, Dialect::Bash) => format!("{name:<15}\t{}\n", if is_set { "on" } else { "off" }),
            (true, _) => format!("{name:<16}{}\n", if is_set { "on" } else { "off" }),
            (false, _) => format!("set {}o {name}\n", if is_set { '-' } else { '+' }),
        };
    }
    text
}
