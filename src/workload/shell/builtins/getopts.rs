//! `getopts`: the next option letter of the positional parameters.

use super::super::code::Dialect;
use super::super::context::Context;
use super::super::shell::Shell;
use super::Outcome;

pub(super) fn getopts(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let [_, letters, name, ..] = words else { return Outcome::Status(2) };
    let arguments = if words.len() > 3 { words[3..].to_vec() } else { shell.positional.to_vec() };
    let index: usize = shell.get("OPTIND").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
    let offset = shell.getopts_offset.max(1);
    let Some(argument) =
        arguments.get(index - 1).filter(|text| text.starts_with('-') && text.len() > 1 && *text != "--")
    else {
        shell.set(name, "?".to_owned());
        return Outcome::Status(1);
    };
    let Some(letter) = argument.chars().nth(offset) else { return Outcome::Status(1) };
    let place = letters.find(letter).filter(|_| letter != ':');
    let takes_value = place.is_some_and(|at| letters[at + 1..].starts_with(':'));
    let rest: String = argument.chars().skip(offset + 1).collect();
    let (mut next_index, mut next_offset) = if rest.is_empty() { (index + 1, 1) } else { (index, offset + 1) };
    let mut result = letter.to_string();
    if !takes_value {
        shell.put_back("OPTARG", None);
    }
    if place.is_none() {
        "?".clone_into(&mut result);
        if !letters.starts_with(':') {
            let message = match shell.dialect {
                Dialect::Bash => format!("{}: illegal option -- {letter}", shell.name),
                _ => format!("Illegal option -{letter}"),
            };
            context.complain(&message);
        }
    } else if takes_value {
        next_offset = 1;
        let value = if rest.is_empty() { arguments.get(index).cloned() } else { Some(rest.clone()) };
        next_index = if rest.is_empty() { index + 2 } else { index + 1 };
        if let Some(value) = value {
            shell.set("OPTARG", value);
        } else {
            let mark = if letters.starts_with(':') { ":" } else { "?" };
            mark.clone_into(&mut result);
            let message = match shell.dialect {
                Dialect::Bash => format!("{}: option requires an argument -- {letter}", shell.name),
                _ => format!("No arg for -{letter} option"),
            };
            context.complain(&message);
        }
    }
    shell.set("OPTIND", next_index.to_string());
    shell.getopts_offset = next_offset;
    shell.set(name, result);
    Outcome::Status(0)
}
