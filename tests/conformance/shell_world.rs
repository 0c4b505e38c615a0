//! The surroundings of a command of the shell's recordings: files in memory, a clock, no network.

use std::net::{IpAddr, Ipv4Addr};

use kubelapse::engine::SimTime;
use kubelapse::workload::shell::{
    Delayed, HttpRequest, HttpResponse, MemoryFs, NetworkError, Signal, Stream, World, file_system_of_field,
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

file_system_of_field!(ShellWorld, files);
