//! `ulimit`: the limits that container runtimes give, which a script may lower and nothing here enforces.

use super::super::context::Context;
use super::super::shell::Shell;
use super::Outcome;

/// Letter and limit, as containerd's defaults are.
const LIMITS: [(char, &str); 10] = [
    ('f', "unlimited"),
    ('c', "0"),
    ('d', "unlimited"),
    ('l', "64"),
    ('m', "unlimited"),
    ('n', "1048576"),
    ('s', "8192"),
    ('t', "unlimited"),
    ('u', "unlimited"),
    ('v', "unlimited"),
];

pub(super) fn ulimit(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let letters: String = words[1..].iter().filter_map(|word| word.strip_prefix('-')).collect();
    let letter = letters.chars().find(|letter| !matches!(letter, 'H' | 'S')).unwrap_or('f');
    if words[1..].iter().any(|word| !word.starts_with('-')) {
        return Outcome::Status(0);
    }
    let Some((_, limit)) = LIMITS.iter().find(|(known, _)| *known == letter) else {
        let message = format!("{}Illegal option -{letter}", shell.prefix_of("ulimit"));
        context.complain(&message);
        return Outcome::Status(2);
    };
    let _ = context.write(1, format!("{limit}\n").as_bytes());
    Outcome::Status(0)
}
