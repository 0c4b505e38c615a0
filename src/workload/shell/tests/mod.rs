//! Tests of the shell through its public seam: a script, what it prints, how it ends, how long it took.

mod scripts;
mod time;

use std::net::{IpAddr, Ipv4Addr};

use crate::engine::{SimDuration, SimTime};

use super::*;

/// A world with files, one server `web` and nothing else.
#[derive(Clone, Debug, Default)]
pub(super) struct TestWorld {
    pub files: MemoryFs,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub signals: Vec<Signal>,
    draws: u64,
}

impl TestWorld {
    pub fn new() -> Self {
        Self { files: MemoryFs::container_root(Userland::Busybox), ..Self::default() }
    }

    pub fn text(&self) -> (String, String) {
        (String::from_utf8_lossy(&self.stdout).into_owned(), String::from_utf8_lossy(&self.stderr).into_owned())
    }
}

file_system_of_field!(TestWorld, files);

impl World for TestWorld {
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

    fn resolve(&mut self, name: &str, _: SimTime) -> Delayed<Result<Vec<IpAddr>, NetworkError>> {
        Delayed::now(match name {
            "web" => Ok(vec![IpAddr::V4(Ipv4Addr::new(10, 96, 0, 10))]),
            "silent" => Err(NetworkError::TimedOut),
            _ => Err(NetworkError::UnknownName),
        })
    }

    fn connect(&mut self, host: &str, port: u16, _: SimTime) -> Delayed<Result<(), NetworkError>> {
        Delayed::now(match (host, port) {
            ("web", 80) => Ok(()),
            ("web", _) => Err(NetworkError::Refused),
            ("silent", _) => Err(NetworkError::TimedOut),
            _ => Err(NetworkError::UnknownName),
        })
    }

    fn http(&mut self, request: &HttpRequest, at: SimTime) -> Delayed<Result<HttpResponse, NetworkError>> {
        let Delayed { result, .. } = self.connect(&request.host.clone(), request.port, at);
        let status = if request.path == "/" { 200 } else { 404 };
        let response = |()| HttpResponse { status, server: "nginx".to_owned(), body: b"<h1>hello</h1>\n".to_vec() };
        Delayed { after: SimDuration::from_millis(20), result: result.map(response) }
    }

    fn name_server(&self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 96, 0, 53))
    }

    fn signal_main(&mut self, signal: Signal, _: SimTime) {
        self.signals.push(signal);
    }
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    Exit(i32),
    Busy,
    Waits,
}

/// Runs to the end, or to a wait without time: (end, instant).
pub(super) fn finish(process: &mut Process, world: &mut TestWorld, from: SimTime) -> (End, SimTime) {
    let mut now = from;
    for _ in 0..100_000 {
        match process.resume(now, world) {
            Step::Exit(status) => return (End::Exit(status), now),
            Step::Sleep(until) => {
                assert!(until > now, "a sleep must end later");
                now = until;
            }
            Step::Wait(wait) if wait.until == SimTime::NEVER => return (End::Waits, now),
            Step::Wait(wait) => now = wait.until,
            Step::Busy(wait) if wait.until == SimTime::NEVER => return (End::Busy, now),
            Step::Busy(wait) => now = wait.until,
        }
    }
    panic!("no end");
}

pub(super) fn argv(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(super) fn sh(script: &str) -> Process {
    Process::start(argv(&["/bin/sh", "-c", script]), Options::default())
}

/// Runs a script from 0: stdout, stderr, status, milliseconds.
pub(super) fn run(script: &str) -> (String, String, i32, u64) {
    let mut world = TestWorld::new();
    let (end, at) = finish(&mut sh(script), &mut world, SimTime::ZERO);
    let End::Exit(status) = end else { panic!("{script}: {end:?} at {at} {:?}", world.text()) };
    let (stdout, stderr) = world.text();
    (stdout, stderr, status, at.0 / 1_000_000)
}
