//! Commands that change the shell itself. Everything that only prints or touches files is in `programs`.

use std::collections::BTreeMap;

use super::code::Dialect;
use super::compile::compile;
use super::context::{Context, Input, absolute};
use super::kernel::{Body, Pid, Wait};
use super::launch::{Launched, launch};
use super::process::Signal;
use super::programs::{self, Program};
use super::shell::{CallKind, Frame, Shell, TrapOn};
use super::world::{FileKind, Links};
use crate::engine::{SimDuration, SimTime};

/// What a builtin leads to.
pub(super) enum Outcome {
    Status(i32),
    /// Run again after the wait.
    Block(Wait),
    /// Other code is run now and then the next command.
    Call,
    /// The place in the code has been set.
    Jumped,
    Exit(i32),
    Become(Box<Program>),
    Spawned(Pid),
}

pub(super) type Builtin = fn(&mut Shell, &mut Context<'_>, &[String]) -> Outcome;

/// The builtin of this name.
pub(super) fn find(name: &str) -> Option<Builtin> {
    Some(match name {
        ":" | "true" => |_, _, _| Outcome::Status(0),
        "false" => |_, _, _| Outcome::Status(1),
        "break" | "continue" => leave,
        "cd" | "chdir" => change_directory,
        "command" | "builtin" => command,
        "eval" => eval,
        "exec" => exec,
        "exit" => exit,
        "export" | "readonly" => export,
        "getopts" => getopts,
        "hash" | "alias" | "unalias" | "ulimit" | "shopt" | "history" | "bg" | "fg" | "disown" | "enable" => {
            |_, _, _| Outcome::Status(0)
        }
        "jobs" => jobs,
        "kill" => kill,
        "let" => arithmetic,
        "local" | "declare" | "typeset" => local,
        "pwd" => print_directory,
        "read" => read,
        "return" => return_,
        "set" => set,
        "shift" => shift,
        "source" | "." => source,
        "times" => |_, context, _| {
            context.observed();
            let _ = context.write(1, b"0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n");
            Outcome::Status(0)
        },
        "trap" => trap,
        "type" => type_,
        "umask" => umask,
        "unset" => unset,
        "wait" => wait,
        _ => return None,
    })
}

/// Is it a name a variable can have?
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn number(shell: &Shell, context: &mut Context<'_>, words: &[String], default: i32) -> Result<i32, i32> {
    let Some(word) = words.get(1) else { return Ok(default) };
    word.parse().map_err(|_| {
        let message = format!("{}{}: Illegal number: {word}", shell.prefix(), words[0]);
        context.complain(&message);
        2
    })
}

fn leave(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let count = match number(shell, context, words, 1) {
        Ok(count) if count > 0 => count as usize,
        _ => return Outcome::Exit(2),
    };
    shell.status = 0;
    if !shell.frames.iter().any(|frame| matches!(frame, Frame::Loop(_))) {
        return Outcome::Status(0);
    }
    shell.leave_loops(context, count, words[0] == "continue");
    Outcome::Jumped
}

fn exit(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let default = shell.exiting.unwrap_or(shell.status);
    Outcome::Exit(number(shell, context, words, default).unwrap_or_else(|status| status))
}

fn return_(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let default = shell.status;
    let status = number(shell, context, words, default).unwrap_or_else(|status| status);
    if shell.return_from(context, status & 0xff) { Outcome::Jumped } else { Outcome::Exit(status) }
}

fn change_directory(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
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

fn print_directory(shell: &mut Shell, context: &mut Context<'_>, _: &[String]) -> Outcome {
    Outcome::Status(i32::from(context.write(1, format!("{}\n", shell.cwd).as_bytes()).is_err()))
}

fn eval(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    run_text(shell, context, &words[1..].join(" "), CallKind::Eval, None)
}

fn run_text(
    shell: &mut Shell,
    context: &mut Context<'_>,
    text: &str,
    kind: CallKind,
    positional: Option<Vec<String>>,
) -> Outcome {
    match compile(text, shell.dialect) {
        Ok(code) => {
            shell.status = 0;
            shell.call(code, kind, positional);
            Outcome::Call
        }
        Err(error) => {
            let message = format!("{}{error}", shell.prefix());
            context.complain(&message);
            Outcome::Exit(2)
        }
    }
}

fn source(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let Some(name) = words.get(1) else { return Outcome::Status(2) };
    match context.read_file(&absolute(&shell.cwd, name)) {
        Ok(bytes) => {
            let positional = (words.len() > 2).then(|| words[2..].to_vec());
            run_text(shell, context, &String::from_utf8_lossy(&bytes), CallKind::Source, positional)
        }
        Err(error) => {
            let message = match shell.dialect {
                Dialect::Ash => format!("{}.: can't open '{name}': {error}", shell.prefix()),
                Dialect::Bash => format!("{}{name}: {error}", shell.prefix()),
            };
            context.complain(&message);
            if shell.dialect == Dialect::Bash { Outcome::Status(1) } else { Outcome::Exit(2) }
        }
    }
}

fn exec(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    if words.len() == 1 {
        return Outcome::Status(0);
    }
    match launch(context, words[1..].to_vec(), shell.environment(), &shell.cwd, shell.umask) {
        Launched::Body(Body::Program(program)) => Outcome::Become(program),
        Launched::Body(body) => {
            // The same as replacing the shell, but for the number of the process.
            let pid = shell.spawn(context, body, context.descriptors.clone());
            shell.traps.clear();
            shell.code = std::sync::Arc::default();
            shell.pc = 0;
            shell.frames.clear();
            Outcome::Spawned(pid)
        }
        Launched::Failed(message, status) => {
            let message = format!("{}exec: {message}", shell.prefix());
            context.complain(&message);
            Outcome::Exit(status)
        }
    }
}

fn command(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    match words.get(1).map(String::as_str) {
        None => Outcome::Status(0),
        Some("-v" | "-V") => {
            let mut status = 0;
            for name in &words[2..] {
                let found = if find(name).is_some() || shell.functions.contains_key(name) {
                    Some(name.clone())
                } else {
                    programs::is_known(name).then(|| format!("/bin/{name}"))
                };
                match found {
                    Some(path) => {
                        let _ = context.write(1, format!("{path}\n").as_bytes());
                    }
                    None => status = 127,
                }
            }
            Outcome::Status(status)
        }
        Some("-p") if words.len() > 2 => command(shell, context, &words[1..]),
        Some(name) => {
            if let Some(builtin) = find(name) {
                return builtin(shell, context, &words[1..]);
            }
            let environment = shell.environment();
            match shell.run_program(context, words[1..].to_vec(), environment) {
                Ok(pid) => Outcome::Spawned(pid),
                Err(status) => Outcome::Status(status),
            }
        }
    }
}

fn type_(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let mut status = 0;
    for name in &words[1..] {
        let text = if shell.functions.contains_key(name) {
            format!("{name} is a function")
        } else if find(name).is_some() {
            format!("{name} is a shell builtin")
        } else if programs::is_known(name) {
            format!("{name} is /bin/{name}")
        } else {
            status = 127;
            format!("{name}: not found")
        };
        let _ = context.write(1, format!("{text}\n").as_bytes());
    }
    Outcome::Status(status)
}

fn export(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let is_export = words[0] == "export";
    let mut status = 0;
    let arguments: Vec<&String> = words[1..].iter().filter(|word| !word.starts_with('-')).collect();
    if arguments.is_empty() {
        let shown = shell
            .variables
            .iter()
            .filter(|(_, variable)| if is_export { variable.is_exported } else { variable.is_read_only });
        let lines: String =
            shown.map(|(name, variable)| format!("{} {name}='{}'\n", words[0], variable.value)).collect();
        let _ = context.write(1, lines.as_bytes());
        return Outcome::Status(0);
    }
    for argument in arguments {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), None),
        };
        if !is_name(name) {
            let message = format!("{}{}: {name}: bad variable name", shell.prefix(), words[0]);
            context.complain(&message);
            return Outcome::Exit(2);
        }
        if let Some(value) = value
            && !shell.set(name, value.to_owned())
        {
            let message = format!("{}{}: {name}: is read only", shell.prefix(), words[0]);
            context.complain(&message);
            status = 1;
        }
        let has_value = shell.variables.contains_key(name);
        if has_value || !is_export {
            shell.mark(
                name,
                |variable| if is_export { variable.is_exported = true } else { variable.is_read_only = true },
            );
        }
    }
    Outcome::Status(status)
}

fn local(shell: &mut Shell, _: &mut Context<'_>, words: &[String]) -> Outcome {
    for argument in words[1..].iter().filter(|word| !word.starts_with('-')) {
        let (name, value) =
            argument.split_once('=').map_or((argument.as_str(), None), |(name, value)| (name, Some(value)));
        if !is_name(name) {
            return Outcome::Status(2);
        }
        let before = shell.variables.get(name).cloned();
        let function = shell.frames.iter_mut().rev().find_map(|frame| match frame {
            Frame::Call(call) if call.kind == CallKind::Function => Some(call),
            _ => None,
        });
        if let Some(call) = function
            && !call.shadowed.iter().any(|(shadowed, _)| shadowed == name)
        {
            call.shadowed.push((name.to_owned(), before));
        }
        if let Some(value) = value {
            shell.set(name, value.to_owned());
        } else if shell.dialect == Dialect::Bash && words[0] == "local" {
            shell.put_back(name, None);
        }
    }
    Outcome::Status(0)
}

fn unset(shell: &mut Shell, _: &mut Context<'_>, words: &[String]) -> Outcome {
    let is_function = words.get(1).is_some_and(|word| word == "-f");
    for name in words[1..].iter().filter(|word| !word.starts_with('-')) {
        if is_function {
            std::sync::Arc::make_mut(&mut shell.functions).remove(name);
            shell.version += 1;
        } else if shell.variables.get(name).is_some_and(|variable| variable.is_read_only) {
            return Outcome::Status(1);
        } else {
            shell.put_back(name, None);
        }
    }
    Outcome::Status(0)
}

fn shift(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let count = match number(shell, context, words, 1) {
        Ok(count) if count >= 0 => count as usize,
        _ => return Outcome::Exit(2),
    };
    if count > shell.positional.len() {
        return Outcome::Status(1);
    }
    shell.version += 1;
    std::sync::Arc::make_mut(&mut shell.positional).drain(..count);
    Outcome::Status(0)
}

fn set(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    if words.len() == 1 {
        let lines: String =
            shell.variables.iter().map(|(name, variable)| format!("{name}='{}'\n", variable.value)).collect();
        let _ = context.write(1, lines.as_bytes());
        return Outcome::Status(0);
    }
    shell.version += 1;
    let mut arguments = words[1..].iter();
    while let Some(word) = arguments.next() {
        let is_on = word.starts_with('-');
        if word == "--" || !(is_on || word.starts_with('+')) || word.len() == 1 {
            let mut positional: Vec<String> = arguments.cloned().collect();
            if word != "--" {
                positional.insert(0, word.clone());
            }
            shell.positional = std::sync::Arc::new(positional);
            break;
        }
        for letter in word[1..].chars() {
            let name = if letter == 'o' { arguments.next().map_or("", String::as_str) } else { "" };
            set_option(shell, letter, name, is_on);
        }
    }
    Outcome::Status(0)
}

/// Sets an option by its letter, or by name with `o`.
pub(super) fn set_option(shell: &mut Shell, letter: char, name: &str, is_on: bool) {
    let options = &mut shell.options;
    match (letter, name) {
        ('e', _) | ('o', "errexit") => options.errexit = is_on,
        ('u', _) | ('o', "nounset") => options.nounset = is_on,
        ('x', _) | ('o', "xtrace") => options.xtrace = is_on,
        ('f', _) | ('o', "noglob") => options.noglob = is_on,
        ('C', _) | ('o', "noclobber") => options.noclobber = is_on,
        ('n', _) | ('o', "noexec") => options.noexec = is_on,
        ('a', _) | ('o', "allexport") => options.allexport = is_on,
        ('o', "pipefail") => options.pipefail = is_on,
        _ => {}
    }
}

fn trap(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let arguments = if words.get(1).is_some_and(|word| word == "--") { &words[2..] } else { &words[1..] };
    if arguments.is_empty() {
        let lines: String =
            shell.traps.iter().map(|(on, action)| format!("trap -- '{action}' {}\n", trap_name(*on))).collect();
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
            let message = format!("{}trap: {name}: invalid signal specification", shell.prefix());
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

fn trap_name(on: TrapOn) -> &'static str {
    match on {
        TrapOn::Exit => "EXIT",
        TrapOn::Signal(signal) => signal.name(),
    }
}

fn umask(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
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

fn arithmetic(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let mut value = 0;
    for word in &words[1..] {
        match super::expand::Expander::new(shell, context).arithmetic(word) {
            Ok(result) => value = result,
            Err(_) => return Outcome::Status(2),
        }
    }
    Outcome::Status(i32::from(value == 0))
}

fn jobs(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
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

fn kill(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let mut words: Vec<String> = words.to_vec();
    for word in words.iter_mut().skip(1).filter(|word| word.starts_with('%')) {
        if let Some(pid) = job(shell, word) {
            *word = pid.to_string()
        } else {
            let message = format!("{}kill: {word}: no such job", shell.prefix());
            context.complain(&message);
            return Outcome::Status(1);
        }
    }
    let environment = BTreeMap::new();
    let mut call =
        programs::Call { context, words: &words, environment: &environment, cwd: &shell.cwd, umask: shell.umask };
    Outcome::Status(programs::kill(&mut call))
}

fn wait(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    if let Some(signal) = context.signals.iter().find(|signal| shell.has_trap(**signal)) {
        return Outcome::Status(128 + signal.number());
    }
    let wanted: Vec<&String> = words[1..].iter().filter(|word| !word.starts_with('-')).collect();
    let is_any = words.iter().any(|word| word == "-n");
    let pids: Vec<Pid> = if wanted.is_empty() {
        shell.jobs.clone()
    } else {
        wanted.iter().filter_map(|word| job(shell, word).and_then(|pid| Pid::try_from(pid).ok())).collect()
    };
    let is_running = |pid: &Pid| context.kernel.position(*pid).is_some();
    if is_any && let Some(done) = pids.iter().find(|pid| !is_running(pid)) {
        let status = context.kernel.exited.remove(done).unwrap_or(127);
        shell.jobs.retain(|pid| pid != done);
        return Outcome::Status(status);
    }
    if pids.iter().any(is_running) {
        return Outcome::Block(Wait::Jobs(pids));
    }
    let mut status = 0;
    for pid in &pids {
        let found = context.kernel.exited.get(pid).copied();
        if !wanted.is_empty() {
            status = found.unwrap_or(127);
        }
        context.kernel.exited.remove(pid);
    }
    shell.jobs.retain(|pid| !pids.contains(pid));
    Outcome::Status(status)
}

fn read(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let (mut is_raw, mut timeout, mut names) = (false, None, Vec::new());
    let mut arguments = words[1..].iter();
    while let Some(word) = arguments.next() {
        match word.strip_prefix('-') {
            Some(letters) if !letters.is_empty() && names.is_empty() => {
                is_raw |= letters.contains('r');
                if letters.ends_with(['t', 'p', 'n', 'd', 'u', 'a', 'N']) {
                    let operand = arguments.next();
                    if letters.ends_with('t') {
                        timeout = operand.and_then(|text| text.parse::<f64>().ok());
                    }
                }
            }
            _ => names.push(word.clone()),
        }
    }
    let deadline = match (shell.deadline, timeout) {
        (Some(deadline), _) => deadline,
        (None, Some(seconds)) => context.now + SimDuration::from_secs_f64(seconds),
        (None, None) => SimTime::NEVER,
    };
    let (input, is_complete) = match context.read_line(0) {
        Ok(read) => read,
        Err(_) => return Outcome::Status(1),
    };
    let line = match input {
        Input::Wait if context.now >= deadline => {
            shell.deadline = None;
            return Outcome::Status(128 + 14);
        }
        Input::Wait => {
            shell.deadline = Some(deadline);
            return Outcome::Block(Wait::Input(0, deadline));
        }
        Input::End => String::new(),
        Input::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
    };
    shell.deadline = None;
    let line = if is_raw { line } else { line.replace("\\\\", "\u{0}").replace('\\', "").replace('\u{0}', "\\") };
    if names.is_empty() {
        names.push("REPLY".to_owned());
    }
    let separators = shell.get("IFS").unwrap_or(" \t\n").to_owned();
    let is_only_reply = names[0] == "REPLY" && words.len() <= 2;
    let values = if is_only_reply { vec![line] } else { split_line(&line, &separators, names.len()) };
    for (name, value) in names.iter().zip(values) {
        shell.set(name, value);
    }
    Outcome::Status(i32::from(!is_complete))
}

/// A line as `count` values; the last takes what is left.
fn split_line(line: &str, separators: &str, count: usize) -> Vec<String> {
    let is_white = |c: char| c.is_ascii_whitespace() && separators.contains(c);
    let mut rest = line.trim_matches(is_white);
    let mut values = Vec::new();
    while values.len() + 1 < count {
        let Some(end) = rest.find(|c| separators.contains(c)) else { break };
        values.push(rest[..end].to_owned());
        rest = rest[end..].trim_start_matches(is_white);
        if let Some(next) = rest.chars().next().filter(|c| separators.contains(*c)) {
            rest = rest[next.len_utf8()..].trim_start_matches(is_white);
        }
    }
    values.push(rest.to_owned());
    values.resize(count, String::new());
    values
}

fn getopts(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
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
    if place.is_none() {
        result = "?".to_owned();
        if !letters.starts_with(':') {
            let message = format!("{}Illegal option -{letter}", shell.prefix());
            context.complain(&message);
        }
    } else if takes_value {
        next_offset = 1;
        let value = if rest.is_empty() { arguments.get(index).cloned() } else { Some(rest.clone()) };
        next_index = if rest.is_empty() { index + 2 } else { index + 1 };
        if let Some(value) = value {
            shell.set("OPTARG", value);
        } else {
            result = if letters.starts_with(':') { ":" } else { "?" }.to_owned();
            let message = format!("{}No arg for -{letter} option", shell.prefix());
            context.complain(&message);
        }
    }
    shell.set("OPTIND", next_index.to_string());
    shell.getopts_offset = next_offset;
    shell.set(name, result);
    Outcome::Status(0)
}
