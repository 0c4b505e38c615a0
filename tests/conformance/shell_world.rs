//! The surroundings of a command of the shell's recordings: files in memory, a clock, no network.

use std::net::{IpAddr, Ipv4Addr};

use kubelapse::engine::SimTime;
use kubelapse::workload::shell::{
    Delayed, Errno, FileSystem, HttpRequest, HttpResponse, Links, MemoryFs, Metadata, NetworkError, Signal, Stream,
    World, WriteAt,
};

/// A container without a network.
pub struct ShellWorld {
    pub files: MemoryFs,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    draws: u64,
}

impl ShellWorld {
    /// The files that the recorder's containers had.
    pub fn new(files: MemoryFs) -> Self {
        let mut world = Self { files, stdout: Vec::new(), stderr: Vec::new(), draws: 0 };
        for (path, text) in [
            ("/etc/hosts", "127.0.0.1\tlocalhost\n10.244.0.5\tweb-0\n"),
            ("/etc/hostname", "web-0\n"),
            ("/etc/resolv.conf", "nameserver 10.96.0.10\n"),
        ] {
            world.files.put_file(path, text.as_bytes(), 0o644, SimTime::ZERO);
        }
        world
    }
}

impl World for ShellWorld {
    fn output(&mut self, stream: Stream, bytes: &[u8], _: SimTime) {
        match stream {
            Stream::Stdout => self.stdout.extend(bytes),
            Stream::Stderr => self.stderr.extend(bytes),
        }
    }

    fn hostname(&self) -> String {
        "web-0".to_owned()
    }

    fn wall_clock(&self, at: SimTime) -> (i64, u32) {
        (1_767_225_600 + at.as_secs() as i64, (at.0 % 1_000_000_000) as u32)
    }

    fn random(&mut self) -> u64 {
        self.draws += 1;
        self.draws.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn user(&self) -> (u32, u32) {
        (0, 0)
    }

    fn resolve(&mut self, _: &str, _: SimTime) -> Delayed<Result<Vec<IpAddr>, NetworkError>> {
        Delayed::now(Err(NetworkError::NoNameServer))
    }

    fn connect(&mut self, _: &str, _: u16, _: SimTime) -> Delayed<Result<(), NetworkError>> {
        Delayed::now(Err(NetworkError::Unreachable))
    }

    fn http(&mut self, _: &HttpRequest, _: SimTime) -> Delayed<Result<HttpResponse, NetworkError>> {
        Delayed::now(Err(NetworkError::Unreachable))
    }

    fn name_server(&self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 96, 0, 10))
    }

    fn signal_main(&mut self, _: Signal, _: SimTime) {}
}

impl FileSystem for ShellWorld {
    fn stat(&self, path: &str, links: Links) -> Result<Metadata, Errno> {
        self.files.stat(path, links)
    }

    fn read(&self, path: &str, offset: u64, limit: usize) -> Result<Vec<u8>, Errno> {
        self.files.read(path, offset, limit)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, Errno> {
        self.files.list(path)
    }

    fn read_link(&self, path: &str) -> Result<String, Errno> {
        self.files.read_link(path)
    }

    fn create(&mut self, path: &str, mode: u32, at: SimTime) -> Result<(), Errno> {
        self.files.create(path, mode, at)
    }

    fn truncate(&mut self, path: &str, size: u64, at: SimTime) -> Result<(), Errno> {
        self.files.truncate(path, size, at)
    }

    fn write(&mut self, path: &str, place: WriteAt, bytes: &[u8], at: SimTime) -> Result<(), Errno> {
        self.files.write(path, place, bytes, at)
    }

    fn extend(&mut self, path: &str, length: u64, at: SimTime) -> Result<(), Errno> {
        self.files.extend(path, length, at)
    }

    fn make_directory(&mut self, path: &str, mode: u32, at: SimTime) -> Result<(), Errno> {
        self.files.make_directory(path, mode, at)
    }

    fn make_link(&mut self, path: &str, target: &str, at: SimTime) -> Result<(), Errno> {
        self.files.make_link(path, target, at)
    }

    fn remove(&mut self, path: &str, at: SimTime) -> Result<(), Errno> {
        self.files.remove(path, at)
    }

    fn rename(&mut self, from: &str, to: &str, at: SimTime) -> Result<(), Errno> {
        self.files.rename(from, to, at)
    }

    fn set_mode(&mut self, path: &str, mode: u32) -> Result<(), Errno> {
        self.files.set_mode(path, mode)
    }

    fn set_owner(&mut self, path: &str, owner: (u32, u32)) -> Result<(), Errno> {
        self.files.set_owner(path, owner)
    }

    fn set_modified(&mut self, path: &str, modified: SimTime) -> Result<(), Errno> {
        self.files.set_modified(path, modified)
    }

    fn space(&self, path: &str) -> (u64, u64) {
        self.files.space(path)
    }
}
