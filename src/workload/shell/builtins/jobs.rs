//! Builtins about the processes the shell has started: `jobs`, `kill`, `wait`.

use std::collections::BTreeMap;

use super::super::code::Dialect;
use super::super::context::Context;
use super::super::kernel::{Pid, Wait};
use super::super::programs;
use super::super::shell::Shell;
use super::Outcome;

pub(super) fn jobs(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let only_pids = words.get(1).is_some_and(|word| word == "-p");
    let mut lines = String::new();
    for (index, pid) in shell.jobs.iter().enumerate() {
        if context.kernel.position(*pid).is_some() {
            lines += &if only_pids { format!("{pid}\n") } else { format!("[{}] + Running\n", index + 1) };
        }
    }
    let _ = context.write(1, lines.as_bytes());
    Outcome::Status(0)
}

/// Number of the job or process `text` means.
fn job(shell: &Shell, text: &str) -> Option<i64> {
    match text.strip_prefix('%') {
        Some("" | "%" | "+") => shell.jobs.last().map(|pid| i64::from(*pid)),
        Some(digits) => digits
            .parse::<usize>()
            .ok()
            .and_then(|index| shell.jobs.get(index.checked_sub(1)?))
            .map(|pid| i64::from(*pid)),
        None => text.parse().ok(),
    }
}

pub(super) fn kill(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let mut words: Vec<String> = words.to_vec();
    for word in words.iter_mut().skip(1).filter(|word| word.starts_with('%')) {
        if let Some(pid) = job(shell, word) {
            *word = pid.to_string();
        } else {
            let message = match shell.dialect {
                Dialect::Dash => format!("{}No such job: {word}", shell.prefix_of("kill")),
                _ => format!("{}{word}: no such job", shell.prefix_of("kill")),
            };
            context.complain(&message);
            return Outcome::Status(1);
        }
    }
    let environment = BTreeMap::new();
    let mut call = programs::Call {
        context,
        words: &words,
        environment: &environment,
        cwd: &shell.cwd,
        umask: shell.umask,
        inside: Some(shell),
        caller: Some(shell),
    };
    Outcome::Status(programs::kill(&mut call))
}

pub(super) fn wait(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    shell.in_wait = false;
    let wanted: Vec<&String> = words[1..].iter().filter(|word| !word.starts_with('-')).collect();
    let is_any = words.iter().any(|word| word == "-n");
    let pids: Vec<Pid> = if wanted.is_empty() {
        shell.jobs.clone()
    } else {
        wanted.iter().filter_map(|word| job(shell, word).and_then(|pid| Pid::try_from(pid).ok())).collect()
    };
    let is_running = |pid: &Pid| context.kernel.position(*pid).is_some();
    if is_any && let Some(done) = pids.iter().find(|pid| !is_running(pid)) {
        let status = context.kernel.exited.remove(done).map_or(127, |exit| exit.status);
        shell.jobs.retain(|pid| pid != done);
        return Outcome::Status(status);
    }
    if pids.iter().any(is_running) {
        shell.in_wait = true;
        return Outcome::Block(Wait::Jobs(pids));
    }
    if shell.dialect == Dialect::Bash {
        for pid in &pids {
            if shell.jobs.contains(pid) || context.kernel.exited.contains_key(pid) {
                continue;
            }
            let message = format!("{}pid {pid} is not a child of this shell", shell.prefix_of("wait"));
            context.complain(&message);
        }
    }
    let mut status = 0;
    for pid in &pids {
        let found = context.kernel.exited.get(pid).copied();
        if !wanted.is_empty() {
            status = found.map_or(127, |exit| exit.status);
            if let Some(exit) = found {
                shell.report(context, exit);
            }
        }
        context.kernel.exited.remove(pid);
    }
    shell.jobs.retain(|pid| !pids.contains(pid));
    Outcome::Status(status)
}
