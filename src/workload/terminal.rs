//! The terminal at which a scenario's commands are typed: `kubectl … | grep … | head -1`. What kubectl prints goes
//! through the rest of the pipeline in the built-in shell, on a file system of its own that nothing else sees.

use std::net::{IpAddr, Ipv4Addr};

use crate::engine::SimTime;

use super::shell::{
    Delayed, HttpRequest, HttpResponse, MemoryFs, NetworkError, Options, Process, Signal, Step, Stream, Userland,
    World, file_system_of_field,
};

/// What is kept of the output of one command that is typed.
pub(super) const OUTPUT_BYTES_MAX: usize = 16 << 20;
/// Says that output was left out.
pub(super) const CUT: &str = "\nkubelapse: more than 16 MiB of output; the rest is left out\n";

/// A command line cut at its first `|` outside quotes: kubectl's part and the rest of the pipeline.
pub fn split_pipeline(line: &str) -> (&str, Option<&str>) {
    let mut quote = None;
    let mut escaped = false;
    for (at, character) in line.char_indices() {
        match (quote, character) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, '|') => return (line[..at].trim_end(), Some(line[at + 1..].trim_start())),
            _ => {}
        }
    }
    (line, None)
}

/// What a pipeline made of its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piped {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Status of the pipeline's last command; 124 if it waits for ever.
    pub status: i32,
}

/// What an editor that asks nobody makes of a file: `sed -i …`, `true`. `None` if there is no such editor.
pub fn edit(editor: &str, file: &str, now: SimTime) -> Option<String> {
    let (program, arguments) = editor.trim().split_once(' ').unwrap_or((editor.trim(), ""));
    match program {
        "true" | ":" => Some(file.to_owned()),
        "sed" => {
            let words = shlex::split(arguments)?;
            let script: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "-i").collect();
            let piped = pipe(&format!("sed {}", shlex::try_join(script).ok()?), file, now);
            (piped.status == 0).then_some(piped.stdout)
        }
        _ => None,
    }
}

/// Runs `script` with `input` on its standard input, in no time: a filter that sleeps is taken as one that does not.
pub fn pipe(script: &str, input: &str, now: SimTime) -> Piped {
    /// More waits than any filter has.
    const WAITS_MAX: usize = 10_000;
    /// More slices of computing than any filter takes: it is in a loop without an end.
    const BUSY_MAX: usize = 500;
    let mut world = Terminal {
        files: MemoryFs::container_root(Userland::Debian),
        stdout: Vec::new(),
        stderr: Vec::new(),
        is_cut: false,
    };
    let argv = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    let options =
        Options { is_init: false, userland: Userland::Debian, stdin: input.as_bytes().to_vec(), ..Options::default() };
    let mut process = Process::start(argv, options);
    let mut at = now;
    let mut status = 124;
    let mut busy = 0;
    for _ in 0..WAITS_MAX {
        match process.resume(at, &mut world) {
            Step::Exit(code) => {
                status = code;
                break;
            }
            Step::Sleep(until) => at = until,
            // What prints more than is kept ends as at an interrupt.
            Step::Busy(_) if busy == BUSY_MAX || world.is_cut => break,
            Step::Busy(wait) if wait.until != SimTime::NEVER => {
                at = wait.until;
                busy += 1;
            }
            Step::Wait(wait) if wait.until != SimTime::NEVER => at = wait.until,
            Step::Wait(_) | Step::Busy(_) => break,
        }
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Piped { stdout: text(world.stdout), stderr: text(world.stderr), status }
}

/// The user's own machine: files, and no network into the cluster.
struct Terminal {
    files: MemoryFs,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Has more been printed than is kept?
    is_cut: bool,
}

file_system_of_field!(Terminal, files);

impl World for Terminal {
    fn output(&mut self, stream: Stream, bytes: &[u8], _: SimTime) {
        if self.is_cut {
            return;
        }
        if self.stdout.len() + self.stderr.len() > OUTPUT_BYTES_MAX {
            self.is_cut = true;
            self.stderr.extend(CUT.as_bytes());
            return;
        }
        match stream {
            Stream::Stdout => self.stdout.extend(bytes),
            Stream::Stderr => self.stderr.extend(bytes),
        }
    }

    fn hostname(&self) -> String {
        "terminal".to_owned()
    }

    fn wall_clock(&self, at: SimTime) -> (i64, u32) {
        (at.as_secs() as i64, 0)
    }

    fn random(&mut self) -> u64 {
        0
    }

    fn user(&self) -> (u32, u32) {
        (0, 0)
    }

    fn resolve(&mut self, _: &str, _: SimTime) -> Delayed<Result<Vec<IpAddr>, NetworkError>> {
        Delayed::now(Err(NetworkError::UnknownName))
    }

    fn connect(&mut self, _: &str, _: u16, _: SimTime) -> Delayed<Result<(), NetworkError>> {
        Delayed::now(Err(NetworkError::Unreachable))
    }

    fn http(&mut self, _: &HttpRequest, _: SimTime) -> Delayed<Result<HttpResponse, NetworkError>> {
        Delayed::now(Err(NetworkError::Unreachable))
    }

    fn name_server(&self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    }

    fn signal_main(&mut self, _: Signal, _: SimTime) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_its_first_pipe_outside_quotes() {
        for (line, expected) in [
            ("get pods", ("get pods", None)),
            ("exec a -- env|grep MY_POD", ("exec a -- env", Some("grep MY_POD"))),
            ("get pods | grep a | head -1", ("get pods", Some("grep a | head -1"))),
            ("exec a -- sh -c 'env | sort'", ("exec a -- sh -c 'env | sort'", None)),
            ("get -o jsonpath=\"{a|\\\"}\" | wc", ("get -o jsonpath=\"{a|\\\"}\"", Some("wc"))),
            (r"get a\|b", (r"get a\|b", None)),
        ] {
            assert_eq!(split_pipeline(line), expected, "{line}");
        }
    }

    #[test]
    fn the_rest_of_a_pipeline_reads_what_was_printed() {
        let input = "NAME READY\na 1/1\nb 0/1\n";
        let piped = |script| pipe(script, input, SimTime::ZERO);
        assert_eq!(piped("grep 0/1 | cut -d' ' -f1").stdout, "b\n");
        assert_eq!(piped("wc -l").stdout, "3\n");
        assert_eq!((piped("grep c").status, piped("grep a").status), (1, 0));
        assert!(piped("grepp c").stderr.contains("not found"));
        assert_eq!(piped("tail -f /etc/hosts").status, 124);
    }
}
