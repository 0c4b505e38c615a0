//! System calls: what a running task may do. Every look and every change goes through here, so that the process
//! knows whether a loop's turns differ.

use std::collections::BTreeSet;

use crate::engine::SimTime;

use super::kernel::{Descriptors, Handle, Kernel, Pid};
use super::parsed::Programs;
use super::signal::Signal;
use super::world::{Errno, FileKind, Links, Metadata, Stream, World, WriteAt};

/// Bytes that a command substitution may hold: a shell that keeps more of a text would run out of memory.
const CAPTURE_MAX: usize = 64 << 20;
/// Size of a program of the image, about.
const PROGRAM_BYTES: u64 = 1 << 20;
/// Bytes one read of a file returns at most.
const READ_BYTES: usize = 1 << 20;

/// A running task with its kernel and the world outside.
pub(super) struct Context<'a> {
    pub kernel: &'a mut Kernel,
    pub world: &'a mut dyn World,
    pub programs: &'a mut Programs,
    pub now: SimTime,
    pub pid: Pid,
    pub descriptors: Descriptors,
    pub signals: Vec<Signal>,
    pub ignored: BTreeSet<Signal>,
}

/// What a read gives.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    Bytes(Vec<u8>),
    End,
    /// Nothing yet.
    Wait,
}

/// How to open a file for writing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Truncate,
    Append,
    Keep,
}

/// `path` seen from `cwd`, without `.` and `..`.
pub(super) fn absolute(cwd: &str, path: &str) -> String {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{cwd}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Where the links lead that container runtimes make in `/dev`.
fn link_of_system(path: &str) -> Option<&'static str> {
    Some(match path {
        "/dev/stdin" => "/proc/self/fd/0",
        "/dev/stdout" => "/proc/self/fd/1",
        "/dev/stderr" => "/proc/self/fd/2",
        "/dev/fd" => "/proc/self/fd",
        _ => return None,
    })
}

/// What is at a path that nobody wrote: the system's own, or the image's.
fn of_system(kind: FileKind, size: u64, mode: u32) -> Metadata {
    Metadata { kind, size, mode, modified: SimTime::ZERO, owner: (0, 0) }
}

impl Context<'_> {
    /// Writes to a descriptor. Output to a pipe whose readers are gone is `BrokenPipe`.
    pub fn write(&mut self, fd: i32, bytes: &[u8]) -> Result<(), Errno> {
        if bytes.is_empty() {
            return Ok(());
        }
        match self.descriptors.get(&fd).cloned().ok_or(Errno::BadDescriptor)? {
            Handle::Null => {}
            Handle::Zero | Handle::Random => {}
            Handle::Stdout => self.emit(Stream::Stdout, bytes),
            Handle::Stderr => self.emit(Stream::Stderr, bytes),
            Handle::PipeRead(_) => return Err(Errno::BadDescriptor),
            Handle::PipeWrite(id) => {
                let is_read = self.kernel.is_held(&Handle::PipeRead(id));
                let pipe = self.kernel.pipes.get_mut(&id).filter(|pipe| pipe.is_capture || is_read);
                let pipe = pipe.ok_or(Errno::BrokenPipe)?;
                if pipe.is_capture && pipe.buffer.len() + bytes.len() > CAPTURE_MAX {
                    return Err(Errno::OutOfMemory);
                }
                pipe.buffer.extend(bytes);
            }
            Handle::File(id) => {
                let file = self.kernel.files.get_mut(&id).ok_or(Errno::BadDescriptor)?;
                let place = if file.append { WriteAt::End } else { WriteAt::Offset(file.offset) };
                self.world.write(&file.path, place, bytes, self.now)?;
                file.offset += bytes.len() as u64;
                self.changed();
            }
        }
        Ok(())
    }

    fn emit(&mut self, stream: Stream, bytes: &[u8]) {
        self.kernel.impure += 1;
        self.world.output(stream, bytes, self.now);
    }

    /// A message on standard error.
    pub fn complain(&mut self, message: &str) {
        // Where standard error is closed there is nobody to tell.
        let _ = self.write(2, format!("{message}\n").as_bytes());
    }

    /// Marks a change of files.
    pub fn changed(&mut self) {
        self.kernel.impure += 1;
        self.kernel.changes += 1;
    }

    /// Marks a look at something that is not a file: clock, network, chance.
    pub fn observed(&mut self) {
        self.kernel.impure += 1;
    }

    fn looked(&mut self, path: &str) {
        if !self.kernel.looked_at.contains(path) {
            self.kernel.looked_at.insert(path.to_owned());
        }
    }

    /// Reads up to `limit` bytes from a descriptor.
    pub fn read(&mut self, fd: i32, limit: usize) -> Result<Input, Errno> {
        match self.descriptors.get(&fd).cloned().ok_or(Errno::BadDescriptor)? {
            Handle::Null | Handle::Stdout | Handle::Stderr => Ok(Input::End),
            Handle::Zero => Ok(Input::Bytes(vec![0; limit.min(READ_BYTES)])),
            Handle::Random => {
                self.observed();
                let mut bytes = Vec::new();
                while bytes.len() < limit.min(READ_BYTES) {
                    bytes.extend(self.world.random().to_le_bytes());
                }
                bytes.truncate(limit);
                Ok(Input::Bytes(bytes))
            }
            Handle::PipeWrite(_) => Err(Errno::BadDescriptor),
            Handle::PipeRead(id) => {
                let has_writer = self.kernel.is_held(&Handle::PipeWrite(id));
                let Some(pipe) = self.kernel.pipes.get_mut(&id) else { return Ok(Input::End) };
                if pipe.buffer.is_empty() {
                    return Ok(if has_writer { Input::Wait } else { Input::End });
                }
                let count = pipe.buffer.len().min(limit);
                Ok(Input::Bytes(pipe.buffer.drain(..count).collect()))
            }
            Handle::File(id) => {
                let file = self.kernel.files.get_mut(&id).ok_or(Errno::BadDescriptor)?;
                let bytes = self.world.read(&file.path, file.offset, limit.min(READ_BYTES))?;
                file.offset += bytes.len() as u64;
                let path = file.path.clone();
                self.looked(&path);
                Ok(if bytes.is_empty() { Input::End } else { Input::Bytes(bytes) })
            }
        }
    }

    /// Takes one line (without its newline) from a descriptor, leaving the rest to the next reader.
    pub fn read_line(&mut self, fd: i32) -> Result<(Input, bool), Errno> {
        match self.descriptors.get(&fd).cloned().ok_or(Errno::BadDescriptor)? {
            Handle::PipeRead(id) => {
                let has_writer = self.kernel.is_held(&Handle::PipeWrite(id));
                let Some(pipe) = self.kernel.pipes.get_mut(&id) else { return Ok((Input::End, false)) };
                if let Some(end) = pipe.buffer.iter().position(|byte| *byte == b'\n') {
                    let mut line: Vec<u8> = pipe.buffer.drain(..=end).collect();
                    line.pop();
                    return Ok((Input::Bytes(line), true));
                }
                if has_writer {
                    return Ok((Input::Wait, false));
                }
                let rest = std::mem::take(&mut pipe.buffer);
                Ok((if rest.is_empty() { Input::End } else { Input::Bytes(rest) }, false))
            }
            Handle::File(id) => {
                let Input::Bytes(mut bytes) = self.read(fd, READ_BYTES)? else { return Ok((Input::End, false)) };
                let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
                    return Ok((Input::Bytes(bytes), false));
                };
                if let Some(file) = self.kernel.files.get_mut(&id) {
                    file.offset -= (bytes.len() - end - 1) as u64;
                }
                bytes.truncate(end);
                Ok((Input::Bytes(bytes), true))
            }
            _ => Ok((Input::End, false)),
        }
    }

    /// A device or descriptor behind a path such as `/dev/null` or `/proc/1/fd/1`.
    fn device(&self, path: &str) -> Option<Result<Handle, Errno>> {
        let number = path.strip_prefix("/dev/fd/").or_else(|| path.strip_prefix("/proc/self/fd/"));
        if let Some(fd) = number.and_then(|digits| digits.parse::<i32>().ok()) {
            return Some(self.descriptors.get(&fd).cloned().ok_or(Errno::NotFound));
        }
        Some(Ok(match path {
            "/dev/null" | "/dev/tty" => Handle::Null,
            "/dev/zero" | "/dev/full" => Handle::Zero,
            "/dev/random" | "/dev/urandom" => Handle::Random,
            "/dev/stdin" => return Some(self.descriptors.get(&0).cloned().ok_or(Errno::NotFound)),
            "/dev/stdout" => return Some(self.descriptors.get(&1).cloned().ok_or(Errno::NotFound)),
            "/dev/stderr" => return Some(self.descriptors.get(&2).cloned().ok_or(Errno::NotFound)),
            "/proc/1/fd/1" | "/dev/console" => Handle::Stdout,
            "/proc/1/fd/2" | "/dev/termination-stderr" => Handle::Stderr,
            _ => return None,
        }))
    }

    /// What a file of `/proc` holds, of those that scripts look at.
    fn proc_file(&mut self, path: &str) -> Option<Vec<u8>> {
        let rest = path.strip_prefix("/proc/")?;
        let text = match rest {
            "uptime" => format!("{}.00 0.00\n", self.now.as_secs()),
            "loadavg" => format!("0.00 0.00 0.00 1/1 {}\n", self.kernel.next_pid),
            "sys/kernel/hostname" => format!("{}\n", self.world.hostname()),
            "sys/kernel/ostype" => "Linux\n".to_owned(),
            "sys/kernel/random/uuid" => {
                let (high, low) = (self.world.random(), self.world.random());
                let (high, low) = (high & !0xf000 | 0x4000, low >> 2 | 1 << 63);
                let hex = format!("{high:016x}{low:016x}");
                format!("{}-{}-{}-{}-{}\n", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
            }
            _ => return self.proc_of_task(rest),
        };
        self.observed();
        Some(text.into_bytes())
    }

    fn proc_of_task(&self, rest: &str) -> Option<Vec<u8>> {
        let (pid, file) = rest.split_once('/')?;
        let pid = if pid == "self" { self.pid } else { pid.parse().ok()? };
        let is_known = pid == self.pid || self.kernel.position(pid).is_some();
        let words = self.kernel.command_of(pid).filter(|_| is_known)?;
        match file {
            "cmdline" => Some(words.iter().flat_map(|word| word.bytes().chain([0])).collect()),
            "comm" => {
                let name = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or_default());
                Some(format!("{name:.15}\n").into_bytes())
            }
            _ => None,
        }
    }

    /// Opens a file for reading.
    pub fn open_read(&mut self, path: &str) -> Result<Handle, Errno> {
        if let Some(bytes) = self.proc_file(path) {
            let pipe = self.kernel.new_pipe(false);
            if let Some(pipe) = self.kernel.pipes.get_mut(&pipe) {
                pipe.buffer = bytes;
            }
            return Ok(Handle::PipeRead(pipe));
        }
        if let Some(device) = self.device(path) {
            return device;
        }
        self.looked(path);
        let kind = self.world.stat(path, Links::Follow)?.kind;
        if kind == FileKind::Directory {
            // Opening works; reading it fails. The shell and all programs say so at once.
            return Err(Errno::IsADirectory);
        }
        Ok(self.kernel.open_file(path.to_owned(), false))
    }

    /// Opens a file for writing, making it where there is none.
    pub fn open_write(&mut self, path: &str, mode: Mode, permissions: u32) -> Result<Handle, Errno> {
        if let Some(device) = self.device(path) {
            return device;
        }
        self.world.create(path, permissions, self.now)?;
        if mode == Mode::Truncate {
            self.world.truncate(path, 0, self.now)?;
        }
        self.changed();
        Ok(self.kernel.open_file(path.to_owned(), mode == Mode::Append))
    }

    /// Makes a file of these bytes.
    pub fn write_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), Errno> {
        let handle = self.open_write(path, Mode::Truncate, 0o644)?;
        let before = self.descriptors.insert(1, handle);
        let written = self.write(1, bytes);
        match before {
            Some(before) => self.descriptors.insert(1, before),
            None => self.descriptors.remove(&1),
        };
        written
    }

    /// What is at `path`?
    pub fn stat(&mut self, path: &str, links: Links) -> Result<Metadata, Errno> {
        if links == Links::Keep && link_of_system(path).is_some() {
            return Ok(of_system(FileKind::Symlink, 0, 0o777));
        }
        if let Some(device) = self.device(path) {
            return device.map(|_| of_system(FileKind::Device, 0, 0o666));
        }
        if let Some(below) = path.strip_prefix("/proc/") {
            if self.proc_file(path).is_some() {
                return Ok(of_system(FileKind::File, 0, 0o444));
            }
            let task = below.parse().ok().filter(|pid| *pid == self.pid || self.kernel.position(*pid).is_some());
            if task.is_some() || path == "/proc/self" {
                return Ok(of_system(FileKind::Directory, 0, 0o555));
            }
        }
        self.looked(path);
        let found = self.world.stat(path, links);
        if found == Err(Errno::NotFound) && super::launch::own_program(path, self.kernel.userland) {
            return Ok(of_system(FileKind::File, PROGRAM_BYTES, 0o755));
        }
        found
    }

    /// Where a symbolic link leads.
    pub fn read_link(&self, path: &str) -> Result<String, Errno> {
        link_of_system(path).map_or_else(|| self.world.read_link(path), |target| Ok(target.to_owned()))
    }

    /// Names in a directory.
    pub fn list(&mut self, path: &str) -> Result<Vec<String>, Errno> {
        self.looked(path);
        self.world.list(path)
    }

    /// All of a file.
    pub fn read_file(&mut self, path: &str) -> Result<Vec<u8>, Errno> {
        if let Some(bytes) = self.proc_file(path) {
            return Ok(bytes);
        }
        match self.device(path) {
            Some(Ok(Handle::File(_) | Handle::PipeRead(_))) | None => {}
            Some(device) => return device.map(|_| Vec::new()),
        }
        self.looked(path);
        let mut all = Vec::new();
        loop {
            let bytes = self.world.read(path, all.len() as u64, READ_BYTES)?;
            if bytes.is_empty() {
                return Ok(all);
            }
            all.extend(bytes);
        }
    }
}
