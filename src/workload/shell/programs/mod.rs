//! Programs of a small image, as busybox has them. One that is done at once is a function; one that takes time or
//! reads a pipe is a state that is stepped. CPU time of all is zero; `stress` and busy loops say what they use.

mod copy;
mod files;
mod find;
mod listing;
mod mode;
mod network;
mod owner;
mod print;
mod printf;
mod sequence;
mod signals;
mod system;
mod text;
mod timed;
mod usage;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::{SimDuration, SimTime};

use super::builtins::is_name;
use super::code::Dialect;
use super::context::{Context, absolute};
use super::kernel::{Run, Wait};
use super::launch::base_name;
use super::process::Usage;
use super::shell::Shell;
use super::userland::Userland;
use super::world::Errno;

pub(super) use signals::kill;
pub(super) use usage::unknown_option;

/// A program being called.
pub(super) struct Call<'a, 'b> {
    pub context: &'a mut Context<'b>,
    /// Its name and arguments.
    pub words: &'a [String],
    pub environment: &'a BTreeMap<String, String>,
    pub cwd: &'a str,
    pub umask: u32,
    /// The shell that it is a part of.
    pub inside: Option<&'a Shell>,
    /// The shell that calls it without a process of its own.
    pub caller: Option<&'a Shell>,
}

impl Call<'_, '_> {
    fn path(&self, text: &str) -> String {
        absolute(self.cwd, text)
    }

    /// Prints on standard output; false where that fails.
    fn print(&mut self, text: &str) -> bool {
        self.print_bytes(text.as_bytes())
    }

    fn print_bytes(&mut self, bytes: &[u8]) -> bool {
        match self.context.write(1, bytes) {
            Ok(()) | Err(Errno::BrokenPipe) => true,
            Err(error) => {
                self.fail(&format!("write error: {error}"));
                false
            }
        }
    }

    /// `name: message` on standard error; always status 1. busybox names the program that it was started as.
    pub fn fail(&mut self, message: &str) -> i32 {
        let name = base_name(&self.words[0]);
        let line = match self.inside {
            Some(shell) if shell.dialect == Dialect::Ash => format!("{}: {message}", shell.program),
            Some(shell) => format!("{}{message}", shell.prefix_of(name)),
            None => format!("{name}: {message}"),
        };
        self.context.complain(&line);
        1
    }

    /// GNU's programs?
    pub fn is_gnu(&self) -> bool {
        self.context.kernel.userland.is_gnu()
    }

    /// busybox' words or GNU's.
    fn fail_as(&mut self, busybox: &str, gnu: &str) -> i32 {
        let message = if self.is_gnu() { gnu } else { busybox };
        self.fail(message)
    }
}

/// Done at once: returns the status.
pub(super) type Instant = fn(&mut Call<'_, '_>) -> i32;
/// Takes its time: returns what it then is.
type Start = fn(&mut Call<'_, '_>) -> State;

enum Known {
    Instant(Instant),
    Start(Start),
}

/// What a running program is doing.
#[derive(Clone, Debug)]
enum State {
    New,
    Done(i32),
    Sleep(SimTime),
    /// An answer that comes later.
    Answer(Box<Answer>),
    Filter(Box<text::Filter>),
    Follow(Box<text::Follow>),
    Timeout(timed::Timeout),
    Arguments(Box<timed::Arguments>),
    Child(u32),
    /// As `Child`; its status is the program's.
    Whole(u32),
    Yes(Vec<u8>),
    Sequence(Box<sequence::Sequence>),
    Stress {
        until: SimTime,
        usage: Usage,
    },
    Serve(u16),
    Ping(Box<network::Ping>),
    Copy(Box<copy::Copy>),
}

/// Output and status that are there at `at`.
#[derive(Clone, Debug)]
struct Answer {
    at: SimTime,
    stdout: Vec<u8>,
    stderr: String,
    status: i32,
    /// The file that gets `stdout` in its place.
    file: Option<String>,
}

/// A running program.
#[derive(Clone, Debug)]
pub(super) struct Program {
    started: Started,
    state: State,
}

/// What a program was started with.
#[derive(Clone, Debug)]
struct Started {
    words: Arc<[String]>,
    environment: BTreeMap<String, String>,
    cwd: String,
    umask: u32,
}

impl Started {
    fn call<'a, 'b>(&'a self, context: &'a mut Context<'b>) -> Call<'a, 'b> {
        let Self { words, environment, cwd, umask } = self;
        Call { context, words, environment, cwd, umask: *umask, inside: None, caller: None }
    }
}

fn find(name: &str) -> Option<Known> {
    use Known::{Instant, Start};
    Some(match base_name(name) {
        "echo" => Instant(print::echo),
        "printf" => Instant(printf::printf),
        "seq" => Start(sequence::start),
        "expr" => Instant(print::expr),
        "basename" => Instant(print::basename),
        "dirname" => Instant(print::dirname),
        "chown" | "chgrp" => Instant(owner::change),
        "true" | "sync" | "clear" | "modprobe" | "sysctl" | "reset" | "stty" | "renice" | "mknod" => Instant(|_| 0),
        "false" => Instant(|_| 1),
        "test" | "[" | "[[" => Instant(super::test_command::run),
        "touch" => Instant(files::touch),
        "rm" | "unlink" => Instant(files::remove),
        "mkdir" => Instant(files::make_directory),
        "rmdir" => Instant(files::remove_directory),
        "cp" | "install" => Instant(files::copy),
        "mv" => Instant(files::rename),
        "ln" => Instant(files::link),
        "chmod" => Instant(mode::change),
        "truncate" | "fallocate" => Instant(files::truncate),
        "dd" => Start(copy::start),
        "mktemp" => Instant(files::mktemp),
        "readlink" | "realpath" => Instant(files::readlink),
        "ls" => Instant(listing::list),
        "stat" => Instant(listing::stat),
        "find" => Start(find::start),
        "du" => Instant(listing::du),
        "df" => Instant(listing::df),
        "env" | "printenv" => Instant(system::environment),
        "date" => Instant(system::date),
        "hostname" => Instant(system::hostname),
        "whoami" => Instant(system::whoami),
        "id" => Instant(system::id),
        "uname" => Instant(system::uname),
        "arch" => Instant(|call| i32::from(!call.print("x86_64\n"))),
        "nproc" => Instant(|call| i32::from(!call.print("4\n"))),
        "tty" => Instant(|call| {
            call.print("not a tty\n");
            1
        }),
        "uptime" => Instant(system::uptime),
        "free" => Instant(system::free),
        "ps" | "pgrep" | "pidof" => Instant(signals::list),
        "kill" => Instant(kill),
        "killall" | "pkill" => Instant(signals::kill_by_name),
        "which" => Instant(system::which),
        "sleep" => Start(timed::sleep),
        "usleep" => Start(timed::usleep),
        "pause" => Start(|_| State::Sleep(SimTime::NEVER)),
        "yes" => Start(timed::yes),
        "timeout" => Start(timed::timeout),
        "xargs" => Start(timed::xargs),
        "stress" | "stress-ng" => Start(timed::stress),
        "cat" | "head" | "tail" | "tailf" | "wc" | "uniq" | "tr" | "cut" | "tee" | "rev" | "tac" | "nl" | "base64"
        | "more" | "less" | "paste" | "fold" | "md5sum" | "sha1sum" | "sha256sum" | "sha512sum" | "od" | "hexdump"
        | "xxd" | "shuf" | "cksum" | "expand" | "strings" | "comm" | "cmp" | "diff" | "gzip" | "gunzip" | "zcat" => {
            Start(text::start)
        }
        "awk" | "gawk" | "mawk" | "nawk" => Start(text::awk::start),
        "grep" | "egrep" | "fgrep" => Start(text::grep::start),
        "sort" => Start(text::sort::start),
        "sed" => Start(text::sed::start),
        "wget" => Start(network::wget),
        "curl" => Start(network::curl),
        "nc" | "ncat" | "netcat" | "telnet" => Start(network::netcat),
        "nslookup" | "host" | "dig" | "getent" => Start(network::lookup),
        "ping" | "ping6" => Start(network::ping),
        _ => return None,
    })
}

/// Is there a program of this name in such an image?
pub(super) fn is_known(name: &str, userland: Userland) -> bool {
    let only_busybox = matches!(name, "[[" | "usleep");
    !(only_busybox && userland.is_gnu()) && find(name).is_some()
}

/// The program of a command line if it is done at once.
pub(super) fn find_instant(words: &[String], userland: Userland) -> Option<Instant> {
    if words.len() > 1 && base_name(&words[0]) == "env" && wrapped(words, &mut BTreeMap::new()).is_some() {
        return None;
    }
    match find(&words[0]).filter(|_| is_known(base_name(&words[0]), userland))? {
        Known::Instant(instant) => Some(instant),
        Known::Start(_) => None,
    }
}

/// The command line behind one that only changes its surroundings: `env A=1 cmd`, `nohup cmd`, `tini -- cmd`.
pub(super) fn wrapped(words: &[String], environment: &mut BTreeMap<String, String>) -> Option<Vec<String>> {
    let mut rest = &words[1..];
    match base_name(&words[0]) {
        "nohup" | "setsid" | "busybox" | "sudo" | "time" | "unbuffer" => {}
        "tini" | "dumb-init" | "catatonit" | "su-exec" | "gosu" | "nice" | "ionice" | "stdbuf" | "chroot" | "exec" => {
            let takes_user = matches!(base_name(&words[0]), "su-exec" | "gosu" | "chroot");
            rest = rest.get(usize::from(takes_user)..)?;
            while let Some(word) = rest.first().filter(|word| word.starts_with('-')) {
                let has_operand = matches!(word.as_str(), "-n" | "-c" | "-p");
                rest = rest.get(1 + usize::from(has_operand)..)?;
            }
        }
        "env" => {
            let mut changed = environment.clone();
            while let Some(word) = rest.first() {
                match (word.as_str(), word.split_once('=')) {
                    (option, _) if option.starts_with('-') && !matches!(option, "-" | "-i" | "-u" | "--") => {
                        return None;
                    }
                    ("--", _) => {
                        rest = &rest[1..];
                        break;
                    }
                    ("-i" | "-", _) => changed.clear(),
                    ("-u", _) => {
                        changed.remove(rest.get(1)?);
                        rest = &rest[1..];
                    }
                    (_, Some((name, value))) if is_name(name) => {
                        changed.insert(name.to_owned(), value.to_owned());
                    }
                    _ => break,
                }
                rest = &rest[1..];
            }
            if !rest.is_empty() {
                *environment = changed;
            }
        }
        _ => return None,
    }
    (!rest.is_empty()).then(|| rest.to_vec())
}

/// Bytes that a listing, a copy or a search may go through before it is cut off.
const TREE_MAX: usize = 100_000;

impl Program {
    pub fn new(words: Vec<String>, environment: BTreeMap<String, String>, cwd: &str, umask: u32) -> Self {
        let started = Started { words: words.into(), environment, cwd: cwd.to_owned(), umask };
        Self { started, state: State::New }
    }

    /// Goes on until it must wait or has ended.
    pub fn run(&mut self, context: &mut Context<'_>) -> Run {
        context.kernel.spent += 1;
        if let State::New = self.state {
            let Some(known) = find(&self.started.words[0]) else { return Run::Exit(127) };
            let mut call = self.started.call(context);
            self.state = match (known, unknown_option(&mut call)) {
                (_, Some(status)) => State::Done(status),
                (Known::Instant(instant), None) => State::Done(instant(&mut call)),
                (Known::Start(start), None) => start(&mut call),
            };
        }
        match &mut self.state {
            State::New => Run::Yield,
            State::Done(status) => Run::Exit(*status),
            State::Sleep(until) | State::Stress { until, .. } => {
                if *until <= context.now {
                    Run::Exit(0)
                } else {
                    Run::Block(until_or_never(*until))
                }
            }
            State::Answer(answer) => answer.step(context),
            State::Filter(filter) => match filter.step(&mut self.started.call(context)) {
                text::Progress::Run(run) => run,
                text::Progress::Endless(usage) => {
                    self.state = State::Stress { until: SimTime::NEVER, usage };
                    Run::Yield
                }
                text::Progress::Follow(follow) => {
                    self.state = State::Follow(Box::new(follow));
                    Run::Yield
                }
            },
            State::Follow(follow) => follow.step(context),
            State::Timeout(timeout) => timeout.step(context),
            State::Arguments(arguments) => {
                let Started { environment, cwd, umask, .. } = &self.started;
                match arguments.step(context, environment, cwd, *umask) {
                    Ok(pid) => {
                        self.state = State::Child(pid);
                        Run::Block(Wait::Child(pid))
                    }
                    Err(run) => run,
                }
            }
            State::Child(pid) => match context.kernel.exited.remove(pid).map(|exit| exit.status) {
                Some(0) => Run::Exit(0),
                Some(127) => Run::Exit(127),
                Some(_) => Run::Exit(123),
                None => Run::Block(Wait::Child(*pid)),
            },
            State::Whole(pid) => match context.kernel.exited.remove(pid) {
                Some(exit) => Run::Exit(exit.status),
                None => Run::Block(Wait::Child(*pid)),
            },
            State::Yes(line) => match context.write(1, line) {
                Ok(()) => Run::Yield,
                Err(Errno::BrokenPipe) => Run::Exit(128 + 13),
                Err(_) => Run::Exit(1),
            },
            State::Sequence(sequence) => sequence.step(context),
            State::Serve(_) => Run::Block(Wait::Forever),
            State::Ping(ping) => ping.step(context),
            State::Copy(copy) => copy.step(&mut self.started.call(context)),
        }
    }

    /// The port it listens on.
    pub fn port(&self) -> Option<u16> {
        match self.state {
            State::Serve(port) => Some(port),
            _ => None,
        }
    }

    /// What it uses now.
    pub fn usage(&self) -> Usage {
        match self.state {
            State::Stress { usage, .. } => usage,
            _ => Usage::default(),
        }
    }

    /// Its command line.
    pub fn words(&self) -> &[String] {
        &self.started.words
    }

    /// Its command line, to keep.
    pub fn shared_words(&self) -> Arc<[String]> {
        Arc::clone(&self.started.words)
    }

    /// Its command line, for `ps`.
    pub fn command(&self) -> String {
        self.started.words.join(" ")
    }
}

fn until_or_never(until: SimTime) -> Wait {
    if until == SimTime::NEVER { Wait::Forever } else { Wait::Until(until) }
}

impl Answer {
    fn step(&mut self, context: &mut Context<'_>) -> Run {
        if self.at > context.now {
            return Run::Block(until_or_never(self.at));
        }
        if !self.stderr.is_empty() {
            let text = std::mem::take(&mut self.stderr);
            let _ = context.write(2, text.as_bytes());
        }
        let stdout = std::mem::take(&mut self.stdout);
        if let Some(path) = self.file.take() {
            if context.write_file(&path, &stdout).is_err() {
                return Run::Exit(1);
            }
        } else if context.write(1, &stdout).is_err() {
            return Run::Exit(1);
        }
        Run::Exit(self.status)
    }
}

/// `10`, `0.5`, `2m`, `1h`, `infinity` as `sleep` and `timeout` read them.
fn duration(text: &str) -> Option<SimDuration> {
    if matches!(text, "infinity" | "inf") {
        return Some(SimDuration::MAX);
    }
    let (number, unit) = match text.char_indices().last()? {
        (at, 's') => (&text[..at], 1.0),
        (at, 'm') => (&text[..at], 60.0),
        (at, 'h') => (&text[..at], 3600.0),
        (at, 'd') => (&text[..at], 86_400.0),
        _ => (text, 1.0),
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    Some(SimDuration::from_secs_f64(number.parse::<f64>().ok()? * unit))
}
