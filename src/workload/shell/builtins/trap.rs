//! `trap`: what is run when a signal comes or the shell ends.

use super::super::code::Dialect;
use super::super::context::Context;
use super::super::shell::{Shell, TrapOn};
use super::super::signal::Signal;
use super::Outcome;

pub(super) fn trap(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let arguments = if words.get(1).is_some_and(|word| word == "--") { &words[2..] } else { &words[1..] };
    if arguments.is_empty() {
        let lines: String = shell
            .traps
            .iter()
            .map(|(on, action)| format!("trap -- '{action}' {}\n", trap_name(*on, shell.dialect)))
            .collect();
        let _ = context.write(1, lines.as_bytes());
        return Outcome::Status(0);
    }
    // `trap TERM` and `trap - TERM` both reset.
    let resets = arguments[0] == "-" || arguments.len() == 1;
    let names = if arguments.len() == 1 { arguments } else { &arguments[1..] };
    let mut status = 0;
    shell.version += 1;
    for name in names {
        let Some(on) = trap_on(name) else {
            let message = match shell.dialect {
                Dialect::Dash => format!("trap: {name}: bad trap"),
                _ => format!("{}{name}: invalid signal specification", shell.prefix_of("trap")),
            };
            context.complain(&message);
            status = 1;
            continue;
        };
        if let TrapOn::Signal(signal) = on {
            context.ignored.remove(&signal);
        }
        if resets {
            shell.traps.remove(&on);
            continue;
        }
        if let TrapOn::Signal(signal) = on
            && arguments[0].is_empty()
        {
            context.ignored.insert(signal);
        }
        shell.traps.insert(on, arguments[0].clone());
    }
    Outcome::Status(status)
}

fn trap_on(name: &str) -> Option<TrapOn> {
    match name {
        "EXIT" | "0" => Some(TrapOn::Exit),
        // Traps of bash that nothing here triggers.
        name => Signal::parse(name).map(TrapOn::Signal),
    }
}

fn trap_name(on: TrapOn, dialect: Dialect) -> String {
    match on {
        TrapOn::Exit => "EXIT".to_owned(),
        TrapOn::Signal(signal) if dialect == Dialect::Bash => format!("SIG{}", signal.name()),
        TrapOn::Signal(signal) => signal.name().to_owned(),
    }
}
