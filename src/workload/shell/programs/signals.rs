//! Programs about processes: kill, killall, ps, pgrep.

use super::super::code::Dialect;
use super::super::kernel::{Body, Task};
use super::super::signal::Signal;
use super::Call;

/// `kill [-SIGNAL | -s SIGNAL | -l [SIGNALS]] PIDS`
pub(in super::super) fn kill(call: &mut Call<'_, '_>) -> i32 {
    let dialect = call.inside.map(|shell| shell.dialect);
    let (mut signal, mut pids) = (Signal::Term, Vec::new());
    let mut is_question = false;
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some("l") => {
                let names: Vec<String> = words.cloned().collect();
                return signal_names(call, &names);
            }
            Some("s" | "n") => match words.next().and_then(|text| Signal::parse(text)) {
                Some(named) => signal = named,
                None => return wrong_signal(call, dialect, word),
            },
            Some("0") => is_question = true,
            Some("-") => {}
            Some(name) if pids.is_empty() => match Signal::parse(name) {
                Some(named) => signal = named,
                None => return wrong_signal(call, dialect, name),
            },
            _ => pids.push(word.clone()),
        }
    }
    if pids.is_empty() {
        return match dialect {
            Some(Dialect::Dash) => {
                call.fail("Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]");
                2
            }
            Some(Dialect::Bash) => {
                call.context.complain(
                    "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]",
                );
                2
            }
            _ => call.fail("you need to specify whom to kill"),
        };
    }
    let mut status = 0;
    for text in pids {
        let Ok(pid) = text.trim_start_matches('-').parse::<u32>() else {
            status = match dialect {
                Some(Dialect::Dash) => {
                    call.fail(&format!("Illegal number: {text}"));
                    2
                }
                Some(Dialect::Bash) => call.fail(&format!("{text}: arguments must be process or job IDs")),
                _ => call.fail(&format!("invalid number '{text}'")),
            };
            continue;
        };
        if !send(call, pid, signal, is_question) {
            status = match dialect {
                Some(Dialect::Dash) => call.fail("No such process\n"),
                Some(Dialect::Bash) => call.fail(&format!("({pid}) - No such process")),
                None if call.is_gnu() => call.fail(&format!("({pid}): No such process")),
                _ => call.fail(&format!("can't kill pid {pid}: No such process")),
            };
        }
    }
    status
}

fn wrong_signal(call: &mut Call<'_, '_>, dialect: Option<Dialect>, name: &str) -> i32 {
    match dialect {
        Some(Dialect::Dash) => {
            let letter: String = name.chars().take(1).collect();
            call.fail(&format!("Illegal option -{letter}"));
            2
        }
        Some(Dialect::Bash) => call.fail(&format!("{name}: invalid signal specification")),
        _ => call.fail(&format!("bad signal name '{name}'")),
    }
}

/// `kill -l`: a name for each number, and the other way round.
fn signal_names(call: &mut Call<'_, '_>, names: &[String]) -> i32 {
    let dialect = call.inside.map(|shell| shell.dialect);
    if names.is_empty() {
        let all: String = Signal::all().map(|signal| format!("{:>2}) {}\n", signal.number(), signal.name())).collect();
        return i32::from(!call.print(&all));
    }
    let mut status = 0;
    for name in names {
        let number = name.parse::<i32>().ok();
        // Above 128 it is the status of what a signal has ended.
        let wanted = number.map_or_else(|| name.clone(), |number| (number & 127).to_string());
        match (Signal::parse(&wanted), number) {
            (Some(signal), Some(_)) => {
                call.print(&format!("{}\n", signal.name()));
            }
            (Some(signal), None) if dialect != Some(Dialect::Dash) => {
                call.print(&format!("{}\n", signal.number()));
            }
            _ if dialect == Some(Dialect::Dash) => {
                call.fail(&format!("Illegal number: {name}"));
                status = 2;
            }
            _ => status = wrong_signal(call, dialect, name),
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
        Body::Shell(shell) => shell.command_line(),
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
            status = 1;
            // pkill says nothing.
            if super::base_name(&call.words[0]) == "killall" {
                call.fail_as(&format!("{word}: no process killed"), &format!("{word}: no process found"));
            }
        }
        for pid in pids {
            send(call, pid, signal, false);
        }
    }
    status
}

/// All processes, also the one that runs now, by number.
fn processes(call: &Call<'_, '_>) -> Vec<(u32, String)> {
    let mut all: Vec<(u32, String)> = call.context.kernel.tasks.iter().map(|task| (task.pid, command(task))).collect();
    if let Some(shell) = call.caller {
        all.push((call.context.pid, shell.command_line()));
    }
    all.sort();
    all
}

/// `ps`, `pgrep NAME`, `pidof NAME`
pub(super) fn list(call: &mut Call<'_, '_>) -> i32 {
    call.context.observed();
    let mut tasks = processes(call);
    let base = super::base_name(&call.words[0]).to_owned();
    if base == "ps" {
        let own = if call.caller.is_some() { call.context.kernel.next_pid } else { call.context.pid };
        tasks.push((own, call.words.join(" ")));
        let out = table(call, &tasks);
        return i32::from(!call.print(&out));
    }
    let letters: String = call.words[1..].iter().filter_map(|word| word.strip_prefix('-')).collect();
    let Some(name) = call.words.iter().skip(1).rfind(|word| !word.starts_with('-')).cloned() else { return 1 };
    let is_wanted = |command: &str| {
        let program = super::base_name(command.split(' ').next().unwrap_or_default());
        match base.as_str() {
            "pidof" => program == name,
            _ if letters.contains('f') => command.contains(&name),
            _ => program.contains(&name),
        }
    };
    let found: Vec<String> =
        tasks.into_iter().filter(|(_, command)| is_wanted(command)).map(|(pid, _)| pid.to_string()).collect();
    if found.is_empty() {
        return 1;
    }
    let text = if base == "pidof" { found.into_iter().rev().collect::<Vec<_>>().join(" ") } else { found.join("\n") };
    i32::from(!call.print(&format!("{text}\n")))
}

/// What ps prints.
fn table(call: &mut Call<'_, '_>, tasks: &[(u32, String)]) -> String {
    let (user, _) = call.context.world.user();
    let name = super::system::user_name(call, user).unwrap_or_else(|| user.to_string());
    let letters: String = call.words[1..].iter().map(String::as_str).collect();
    let mut out = String::new();
    if !call.is_gnu() {
        out += "PID   USER     TIME  COMMAND\n";
        for (pid, command) in tasks {
            out += &format!("{pid:>5} {name:<8}  0:00 {command}\n");
        }
        return out;
    }
    let now = call.context.now;
    let started = super::system::date_text(call, now, "%H:%M");
    if letters.contains('u') {
        out += "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n";
        for (pid, command) in tasks {
            out += &format!("{name:<8} {pid:>7}  0.0  0.0   2584   900 ?        S    {started}   0:00 {command}\n");
        }
    } else if letters.contains('f') {
        out += "UID          PID    PPID  C STIME TTY          TIME CMD\n";
        for (pid, command) in tasks {
            let parent = u32::from(*pid != 1);
            out += &format!("{name:<8} {pid:>7} {parent:>7}  0 {started} ?        00:00:00 {command}\n");
        }
    } else {
        out += "    PID TTY          TIME CMD\n";
        for (pid, command) in tasks {
            let program = super::base_name(command.split(' ').next().unwrap_or_default());
            out += &format!("{pid:>7} ?        00:00:00 {program}\n");
        }
    }
    out
}
