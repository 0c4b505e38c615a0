//! What a process sees of its surroundings: files, clock, names and the network. The shell is handed a `World`
//! at each step and never keeps it. Nothing here knows how containers, volumes or Services are modelled.

use std::net::IpAddr;

use crate::engine::{SimDuration, SimTime};

use super::signal::Signal;

/// Why an operation on a file failed; the words are libc's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Errno {
    /// ENOENT.
    #[error("No such file or directory")]
    NotFound,
    /// EEXIST.
    #[error("File exists")]
    Exists,
    /// ENOTDIR.
    #[error("Not a directory")]
    NotADirectory,
    /// EISDIR.
    #[error("Is a directory")]
    IsADirectory,
    /// ENOTEMPTY.
    #[error("Directory not empty")]
    NotEmpty,
    /// EROFS.
    #[error("Read-only file system")]
    ReadOnly,
    /// EACCES.
    #[error("Permission denied")]
    PermissionDenied,
    /// ENOSPC.
    #[error("No space left on device")]
    NoSpace,
    /// ELOOP.
    #[error("Too many levels of symbolic links")]
    Loop,
    /// EINVAL.
    #[error("Invalid argument")]
    Invalid,
    /// EBADF.
    #[error("Bad file descriptor")]
    BadDescriptor,
    /// EPIPE.
    #[error("Broken pipe")]
    BrokenPipe,
    /// EBUSY: a mount point.
    #[error("Resource busy")]
    Busy,
    /// EXDEV: rename across mounts.
    #[error("Cross-device link")]
    CrossDevice,
    /// ENOMEM.
    #[error("Cannot allocate memory")]
    OutOfMemory,
}

impl Errno {
    /// Its words, with the shell's own for a file that is missing.
    pub(super) fn reason(self, missing: &str) -> String {
        if self == Self::NotFound { missing.to_owned() } else { self.to_string() }
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link (seen only when links are not followed).
    Symlink,
    /// A character device such as `/dev/null`.
    Device,
}

/// What `stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: FileKind,
    /// Bytes; of a symbolic link the length of its target.
    pub size: u64,
    /// Permission bits, such as `0o644`.
    pub mode: u32,
    /// When the contents last changed.
    pub modified: SimTime,
    /// Its user and group, by number.
    pub owner: (u32, u32),
}

/// Where a write goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteAt {
    /// At this byte; a gap is filled with zeros.
    Offset(u64),
    /// Behind the last byte.
    End,
}

/// Should a symbolic link at the end of a path be followed?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// As `stat` does.
    Follow,
    /// As `lstat` does.
    Keep,
}

/// Files. All paths are absolute and without `.` and `..`; `at` is the virtual time of a change.
pub trait FileSystem {
    /// What is at `path`?
    fn stat(&self, path: &str, links: Links) -> Result<Metadata, Errno>;
    /// Up to `limit` bytes from `offset` on; none at the end of the file.
    fn read(&self, path: &str, offset: u64, limit: usize) -> Result<Vec<u8>, Errno>;
    /// The names in a directory, sorted by byte, without `.` and `..`.
    fn list(&self, path: &str) -> Result<Vec<String>, Errno>;
    /// Target of the symbolic link at `path`.
    fn read_link(&self, path: &str) -> Result<String, Errno>;
    /// Makes an empty file where there is none; an existing file stays as it is (its time is not changed).
    fn create(&mut self, path: &str, mode: u32, at: SimTime) -> Result<(), Errno>;
    /// Cuts or extends (with zeros) a file to `size` bytes.
    fn truncate(&mut self, path: &str, size: u64, at: SimTime) -> Result<(), Errno>;
    /// Writes into an existing file.
    fn write(&mut self, path: &str, place: WriteAt, bytes: &[u8], at: SimTime) -> Result<(), Errno>;
    /// Writes `length` zeros behind the last byte without holding them in memory (`dd`, `fallocate`).
    fn extend(&mut self, path: &str, length: u64, at: SimTime) -> Result<(), Errno>;
    /// Makes a directory.
    fn make_directory(&mut self, path: &str, mode: u32, at: SimTime) -> Result<(), Errno>;
    /// Makes a symbolic link at `path`.
    fn make_link(&mut self, path: &str, target: &str, at: SimTime) -> Result<(), Errno>;
    /// Removes a file, a link or an empty directory.
    fn remove(&mut self, path: &str, at: SimTime) -> Result<(), Errno>;
    /// Moves a file or directory; a file at the new place is replaced.
    fn rename(&mut self, from: &str, to: &str, at: SimTime) -> Result<(), Errno>;
    /// Sets permission bits.
    fn set_mode(&mut self, path: &str, mode: u32) -> Result<(), Errno>;
    /// Sets user and group.
    fn set_owner(&mut self, path: &str, owner: (u32, u32)) -> Result<(), Errno>;
    /// Sets the time of the last change.
    fn set_modified(&mut self, path: &str, modified: SimTime) -> Result<(), Errno>;
    /// Bytes (total, used) of the file system that holds `path`, for `df`.
    fn space(&self, path: &str) -> (u64, u64);
}

/// Implements [`FileSystem`] for a type by handing every call to one of its fields: most worlds hold a `MemoryFs`.
#[macro_export]
macro_rules! file_system_of_field {
    ($type:ty, $field:ident) => {
        const _: () = {
            use $crate::engine::SimTime;
            use $crate::workload::shell::{Errno, FileSystem, Links, Metadata, WriteAt};

            impl FileSystem for $type {
                fn stat(&self, path: &str, links: Links) -> Result<Metadata, Errno> {
                    self.$field.stat(path, links)
                }

                fn read(&self, path: &str, offset: u64, limit: usize) -> Result<Vec<u8>, Errno> {
                    self.$field.read(path, offset, limit)
                }

                fn list(&self, path: &str) -> Result<Vec<String>, Errno> {
                    self.$field.list(path)
                }

                fn read_link(&self, path: &str) -> Result<String, Errno> {
                    self.$field.read_link(path)
                }

                fn space(&self, path: &str) -> (u64, u64) {
                    self.$field.space(path)
                }

                fn create(&mut self, path: &str, mode: u32, at: SimTime) -> Result<(), Errno> {
                    self.$field.create(path, mode, at)
                }

                fn truncate(&mut self, path: &str, size: u64, at: SimTime) -> Result<(), Errno> {
                    self.$field.truncate(path, size, at)
                }

                fn write(&mut self, path: &str, place: WriteAt, bytes: &[u8], at: SimTime) -> Result<(), Errno> {
                    self.$field.write(path, place, bytes, at)
                }

                fn extend(&mut self, path: &str, length: u64, at: SimTime) -> Result<(), Errno> {
                    self.$field.extend(path, length, at)
                }

                fn make_directory(&mut self, path: &str, mode: u32, at: SimTime) -> Result<(), Errno> {
                    self.$field.make_directory(path, mode, at)
                }

                fn make_link(&mut self, path: &str, target: &str, at: SimTime) -> Result<(), Errno> {
                    self.$field.make_link(path, target, at)
                }

                fn remove(&mut self, path: &str, at: SimTime) -> Result<(), Errno> {
                    self.$field.remove(path, at)
                }

                fn rename(&mut self, from: &str, to: &str, at: SimTime) -> Result<(), Errno> {
                    self.$field.rename(from, to, at)
                }

                fn set_mode(&mut self, path: &str, mode: u32) -> Result<(), Errno> {
                    self.$field.set_mode(path, mode)
                }

                fn set_owner(&mut self, path: &str, owner: (u32, u32)) -> Result<(), Errno> {
                    self.$field.set_owner(path, owner)
                }

                fn set_modified(&mut self, path: &str, modified: SimTime) -> Result<(), Errno> {
                    self.$field.set_modified(path, modified)
                }
            }
        };
    };
}
pub use file_system_of_field;

/// The two output streams of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// File descriptor 1.
    Stdout,
    /// File descriptor 2.
    Stderr,
}

/// A result that takes virtual time to arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delayed<T> {
    /// How long it takes.
    pub after: SimDuration,
    /// What is known then.
    pub result: T,
}

impl<T> Delayed<T> {
    /// A result that is there at once.
    pub const fn now(result: T) -> Self {
        Self { after: SimDuration::ZERO, result }
    }
}

/// Why a connection or a look-up failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkError {
    /// The name does not exist (NXDOMAIN).
    UnknownName,
    /// The name server did not answer.
    NoNameServer,
    /// Nobody listens on the port, or a Service has no endpoint (the packet is rejected).
    Refused,
    /// Nothing comes back. The caller waits its own timeout, or the kernel's (127 s), whichever is shorter.
    TimedOut,
    /// No route: an address outside the cluster.
    Unreachable,
}

/// An HTTP request as `wget` and `curl` send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST`, `HEAD`, …
    pub method: String,
    /// Name or address, as typed.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TLS?
    pub https: bool,
    /// Path with query, beginning with `/`.
    pub path: String,
    /// Body, if any.
    pub body: Vec<u8>,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Value of the Server header, if any.
    pub server: String,
    /// Body.
    pub body: Vec<u8>,
}

/// Surroundings of a process.
pub trait World: FileSystem {
    /// Bytes written to an output stream of the container (or of the exec session) at `at`.
    fn output(&mut self, stream: Stream, bytes: &[u8], at: SimTime);
    /// Host name (the pod's).
    fn hostname(&self) -> String;
    /// Seconds since 1970 and nanoseconds at the virtual instant `at`.
    fn wall_clock(&self, at: SimTime) -> (i64, u32);
    /// 64 random bits from the container's own named stream.
    fn random(&mut self) -> u64;
    /// Numeric user and group of the container.
    fn user(&self) -> (u32, u32);
    /// Addresses of a name.
    fn resolve(&mut self, name: &str, at: SimTime) -> Delayed<Result<Vec<IpAddr>, NetworkError>>;
    /// Opens a TCP connection and closes it again.
    fn connect(&mut self, host: &str, port: u16, at: SimTime) -> Delayed<Result<(), NetworkError>>;
    /// Sends a request and reads the answer.
    fn http(&mut self, request: &HttpRequest, at: SimTime) -> Delayed<Result<HttpResponse, NetworkError>>;
    /// Address of the name server and its name, as `nslookup` prints it first.
    fn name_server(&self) -> IpAddr;
    /// A process that is not the container's main one sends a signal to it (`kill 1` in an exec session).
    fn signal_main(&mut self, signal: Signal, at: SimTime);
}
