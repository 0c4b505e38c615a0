//! Programs that read lines from files or a pipe and write lines: cat, head, tail, wc, uniq, tr, cut, tee and the
//! frame of grep, sed and sort. A filter takes what is there and waits for more.

pub(super) mod awk;
mod base64;
mod cat;
mod compare;
mod cut;
mod digest;
mod dump;
mod engine;
mod expand;
mod follow;
pub(super) mod grep;
mod gzip;
pub(super) mod sed;
mod sed_script;
pub(super) mod sort;
mod start;
mod strings;
mod translate;

use crate::engine::SimTime;

use super::super::context::Input;
use super::super::kernel::{ALL_MEMORY, Handle, Run, TEXT_MAX, Wait};
use super::super::process::Usage;
use super::super::world::{Errno, Links};
use super::{Call, State};
use engine::Engine;
use start::file_arguments;

pub(super) use follow::Follow;
pub(super) use start::start;

/// A filter with its input.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    engine: Engine,
    /// Files still to read, last one first; `-` is standard input.
    sources: Vec<String>,
    current: Option<(String, Handle)>,
    partial: Vec<u8>,
    status: i32,
    has_many: bool,
}

/// What a step of a filter leads to.
pub(super) enum Progress {
    Run(Run),
    Follow(Follow),
    /// It reads on and on and never gets to the end; what that takes.
    Endless(Usage),
}

impl Filter {
    /// A filter over files; over standard input when none is named.
    fn over(engine: Engine, sources: Vec<String>) -> State {
        let mut sources = sources;
        if sources.is_empty() {
            sources.push("-".to_owned());
        }
        let has_many = sources.len() > 1;
        sources.reverse();
        State::Filter(Box::new(Self { engine, sources, current: None, partial: Vec::new(), status: 0, has_many }))
    }

    /// Reads what is there.
    pub fn step(&mut self, call: &mut Call<'_, '_>) -> Progress {
        let mut out = Vec::new();
        loop {
            call.context.kernel.spent += 1;
            let Some((name, handle)) = self.current.clone() else {
                match self.sources.pop() {
                    Some(source) => self.open(call, &source, &mut out),
                    None => return self.finish(call, out),
                }
                continue;
            };
            if let Some(usage) = self.endless(call, &handle) {
                return Progress::Endless(usage);
            }
            // The file is read through a descriptor of its own.
            call.context.descriptors.insert(FILTER_FD, handle);
            match call.context.read(FILTER_FD, 1 << 16) {
                Ok(Input::Bytes(bytes)) => {
                    if self.feed(call, &bytes, &name, &mut out) {
                        return self.finish(call, out);
                    }
                    if !out.is_empty()
                        && let Some(run) = flush(call, &mut out)
                    {
                        return Progress::Run(run);
                    }
                    if matches!(call.context.descriptors.get(&1), Some(Handle::PipeWrite(_))) {
                        return Progress::Run(Run::Yield);
                    }
                    if call.context.kernel.spent > 1_000_000 {
                        return Progress::Run(Run::Yield);
                    }
                }
                Ok(Input::Wait) => {
                    if let Some(run) = flush(call, &mut out) {
                        return Progress::Run(run);
                    }
                    return Progress::Run(Run::Block(Wait::Input(FILTER_FD, SimTime::NEVER)));
                }
                Ok(Input::End) => {
                    call.context.descriptors.remove(&FILTER_FD);
                    self.current = None;
                    if !self.partial.is_empty() {
                        let line = std::mem::take(&mut self.partial);
                        self.engine.line(call, &line, false, &name, &mut out);
                    }
                    self.engine.end_of_file(call, &name, &mut out);
                }
                Err(error) => {
                    self.complain(call, &name, error);
                    self.current = None;
                }
            }
        }
    }

    /// Zeros have no end and no line ends: who gathers lines of them takes more and more memory (`tail /dev/zero`).
    fn endless(&self, call: &Call<'_, '_>, from: &Handle) -> Option<Usage> {
        let is_piped = matches!(call.context.descriptors.get(&1), Some(Handle::PipeWrite(_)));
        let memory_bytes = match &self.engine {
            _ if self.partial.len() > TEXT_MAX => ALL_MEMORY,
            _ if *from != Handle::Zero => return None,
            Engine::Head { lines: None, .. } => return None,
            Engine::Dump(dump) if dump.is_bounded() => return None,
            Engine::Cat(how) if is_piped && how.is_plain() => return None,
            Engine::Cat(how) if how.is_plain() => 0,
            Engine::Count(_) => 0,
            _ => ALL_MEMORY,
        };
        Some(Usage { cpu_milli: 1000, memory_bytes })
    }

    fn complain(&mut self, call: &mut Call<'_, '_>, name: &str, error: Errno) {
        if let Engine::Compare(compare) = &mut self.engine
            && error == Errno::NotFound
            && compare.take_absent(name)
        {
            return;
        }
        self.status = match &self.engine {
            // busybox reads nothing of a directory, and says nothing.
            Engine::Grep(_) if error == Errno::IsADirectory && !call.is_gnu() => self.status,
            Engine::Grep(grep) if grep.is_quiet_about_files() => 2,
            Engine::Grep(_) => {
                call.fail(&format!("{name}: {error}"));
                2
            }
            Engine::Compare(compare) => {
                let busybox = compare.unreadable(name, error);
                call.fail_as(&busybox, &format!("{name}: {error}"));
                compare.trouble()
            }
            Engine::Cat(_) if call.is_gnu() => call.fail(&format!("{name}: {error}")),
            Engine::Head { .. } | Engine::Tail { .. } if call.is_gnu() => {
                call.fail(&format!("cannot open '{name}' for reading: {error}"))
            }
            Engine::Sed(_) if call.is_gnu() => {
                call.fail(&format!("can't read {name}: {error}"));
                2
            }
            Engine::Awk(_) if call.is_gnu() => {
                call.fail(&format!("cannot open {name} ({error})"));
                2
            }
            Engine::Sort(_) if call.is_gnu() => {
                call.fail(&format!("cannot read: {name}: {error}"));
                2
            }
            Engine::Cat(_) | Engine::Tail { .. } | Engine::Digest(_) | Engine::Base64 { .. } | Engine::Dump(_)
                if error != Errno::IsADirectory && !call.is_gnu() =>
            {
                call.fail(&format!("can't open '{name}': {error}"))
            }
            Engine::Cat(_) => call.fail(&format!("read error: {error}")),
            _ => call.fail(&format!("{name}: {error}")),
        };
    }

    fn open(&mut self, call: &mut Call<'_, '_>, source: &str, out: &mut Vec<u8>) {
        let handle = if source == "-" {
            call.context.descriptors.get(&0).cloned().ok_or(Errno::BadDescriptor)
        } else {
            let path = call.path(source);
            call.context.open_read(&path)
        };
        match handle {
            Ok(handle) => {
                if let Engine::Head { titles, .. } | Engine::Tail { titles, .. } = &mut self.engine
                    && (titles.always || self.has_many && !titles.never)
                {
                    let blank = if std::mem::replace(&mut titles.is_begun, true) { "\n" } else { "" };
                    let shown = if source == "-" { "standard input" } else { source };
                    out.extend(format!("{blank}==> {shown} <==\n").bytes());
                }
                self.engine.begin_file(source);
                self.current = Some((source.to_owned(), handle));
            }
            Err(error) => {
                self.complain(call, source, error);
                if matches!(self.engine, Engine::Tail { .. }) && !self.has_many && !call.is_gnu() {
                    call.fail("no files");
                }
            }
        }
    }

    /// Gives complete lines to the engine; true where it wants no more at all.
    fn feed(&mut self, call: &mut Call<'_, '_>, bytes: &[u8], name: &str, out: &mut Vec<u8>) -> bool {
        match &mut self.engine {
            Engine::Cat(how) if how.is_plain() => {
                out.extend(bytes);
                return false;
            }
            Engine::Head { lines: None, bytes: wanted, .. } => {
                let count = bytes.len().min(usize::try_from(*wanted).unwrap_or(usize::MAX));
                out.extend(&bytes[..count]);
                *wanted -= count as u64;
                return *wanted == 0 && (!self.has_many || self.sources.is_empty());
            }
            Engine::Dump(dump) => return dump.bytes(bytes),
            _ => {}
        }
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = if self.partial.is_empty() {
                rest[..end].to_vec()
            } else {
                let mut line = std::mem::take(&mut self.partial);
                line.extend(&rest[..end]);
                line
            };
            rest = &rest[end + 1..];
            if self.engine.line(call, &line, true, name, out) {
                return !self.has_many || self.sources.is_empty();
            }
        }
        self.partial.extend(rest);
        false
    }

    fn finish(&mut self, call: &mut Call<'_, '_>, mut out: Vec<u8>) -> Progress {
        call.context.descriptors.remove(&FILTER_FD);
        let status = self.engine.end(call, self.has_many, &mut out).max(self.status);
        if let Some(run) = flush(call, &mut out) {
            return Progress::Run(run);
        }
        if let Engine::Tail { follows: true, .. } = &self.engine {
            let words: Vec<String> = file_arguments(call.words).into_iter().map(|file| call.path(&file)).collect();
            let files = words.into_iter().map(|path| {
                let size = call.context.stat(&path, Links::Follow).map_or(0, |data| data.size);
                (path, size)
            });
            return Progress::Follow(Follow { files: files.collect() });
        }
        if let Engine::Awk(awk) = &mut self.engine
            && let Some(status) = awk.told(call)
        {
            return Progress::Run(Run::Exit(status));
        }
        Progress::Run(Run::Exit(if matches!(self.engine, Engine::Grep(_)) && self.status == 2 { 2 } else { status }))
    }
}

/// Descriptor a filter reads its file through.
const FILTER_FD: i32 = 1000;

/// Writes what has been gathered; what to do where that fails.
fn flush(call: &mut Call<'_, '_>, out: &mut Vec<u8>) -> Option<Run> {
    match call.context.write(1, &std::mem::take(out)) {
        Ok(()) => None,
        Err(Errno::BrokenPipe) => Some(Run::Exit(128 + 13)),
        Err(error) => {
            call.fail(&format!("write error: {error}"));
            Some(Run::Exit(1))
        }
    }
}
