//! Programs about processes: kill, killall, ps, pgrep.

use super::super::kernel::{Body, Task};
use super::super::process::Signal;
use super::Call;

/// `kill [-SIGNAL | -s SIGNAL | -l] PIDS`
pub(in super::super) fn kill(call: &mut Call<'_, '_>) -> i32 {
    let (mut signal, mut pids) = (Signal::Term, Vec::new());
    let mut is_question = false;
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some("l") => return i32::from(!call.print("HUP INT QUIT KILL USR1 PIPE ALRM TERM CHLD CONT STOP\n")),
            Some("s" | "n") => match words.next().and_then(|text| Signal::parse(text)) {
                Some(named) => signal = named,
                None => return call.fail("bad signal name"),
            },
            Some("0") => is_question = true,
            Some("-") => {}
            Some(name) if pids.is_empty() => match Signal::parse(name) {
                Some(named) => signal = named,
                None => return call.fail(&format!("bad signal name '{name}'")),
            },
            _ => pids.push(word.clone()),
        }
    }
    let mut status = 0;
    for text in pids {
        let Ok(pid) = text.trim_start_matches('-').parse::<u32>() else {
            status = call.fail(&format!("invalid number '{text}'"));
            continue;
        };
        if !send(call, pid, signal, is_question) {
            call.context.complain(&format!("sh: can't kill pid {pid}: No such process"));
            status = 1;
        }
    }
    status
}

fn send(call: &mut Call<'_, '_>, pid: u32, signal: Signal, is_question: bool) -> bool {
    call.context.observed();
    if pid == call.context.pid {
        if !is_question {
            call.context.signals.push(signal);
        }
        return true;
    }
    if is_question {
        return pid == 1 || call.context.kernel.position(pid).is_some();
    }
    if call.context.kernel.signal(pid, signal) {
        return true;
    }
    if pid == 1 {
        // Seen from an exec session, 1 is the container's main process.
        let now = call.context.now;
        call.context.world.signal_main(signal, now);
        return true;
    }
    false
}

fn command(task: &Task) -> String {
    match &task.body {
        Body::Program(program) => program.command(),
        Body::Shell(shell) => shell.name.clone(),
    }
}

/// `killall NAMES`, `pkill NAME`
pub(super) fn kill_by_name(call: &mut Call<'_, '_>) -> i32 {
    let mut signal = Signal::Term;
    let mut status = 0;
    for word in &call.words[1..] {
        if let Some(name) = word.strip_prefix('-') {
            signal = Signal::parse(name).unwrap_or(signal);
            continue;
        }
        let is_called =
            |task: &&Task| super::base_name(command(task).split(' ').next().unwrap_or_default()) == word.as_str();
        let pids: Vec<u32> = call.context.kernel.tasks.iter().filter(is_called).map(|task| task.pid).collect();
        if pids.is_empty() {
            status = call.fail(&format!("{word}: no process killed"));
        }
        for pid in pids {
            send(call, pid, signal, false);
        }
    }
    status
}

/// `ps`, `pgrep NAME`, `pidof NAME`
pub(super) fn list(call: &mut Call<'_, '_>) -> i32 {
    call.context.observed();
    let tasks: Vec<(u32, String)> = call.context.kernel.tasks.iter().map(|task| (task.pid, command(task))).collect();
    if call.words[0].ends_with("ps") {
        let mut out = "PID   USER     TIME  COMMAND\n".to_owned();
        for (pid, command) in tasks {
            out += &format!("{pid:>5} root      0:00 {command}\n");
        }
        out += &format!("{:>5} root      0:00 {}\n", call.context.pid, call.words.join(" "));
        return i32::from(!call.print(&out));
    }
    let Some(name) = call.words.iter().skip(1).rfind(|word| !word.starts_with('-')).cloned() else { return 1 };
    let found: Vec<String> =
        tasks.into_iter().filter(|(_, command)| command.contains(&name)).map(|(pid, _)| pid.to_string()).collect();
    if found.is_empty() {
        return 1;
    }
    i32::from(!call.print(&format!("{}\n", found.join("\n"))))
}
