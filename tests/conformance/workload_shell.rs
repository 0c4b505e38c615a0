//! Commands of containers: what the real programs print, how they end and how long they take. Recorded with busybox
//! 1.36.1 and with Debian's dash, bash, GNU programs and mawk; see `workload/README.md`.

use std::path::Path;

use kubelapse::engine::SimTime;
use kubelapse::workload::shell::{MemoryFs, Options, Process, Signal, Step, Userland};
use serde_json::Value;

use super::shell_world::ShellWorld;
use super::suite::{Outcome, json_lines};

/// More waits than any case has.
const STEPS_MAX: u32 = 100_000;
/// How far times may be apart: those of real programs are of a loaded machine.
const SLACK_SECONDS: f64 = 0.25;

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "workload", "shell")?;
    Some(cases.iter().map(|case| (case["name"].as_str().unwrap_or_default().to_owned(), one(case))).collect())
}

struct Ran {
    stdout: String,
    stderr: String,
    status: Option<i32>,
    seconds: f64,
}

fn one(case: &Value) -> Result<(), String> {
    let ran = run(case);
    let texts = [("stdout", &ran.stdout), ("stderr", &ran.stderr)];
    for (name, found) in texts {
        if case[name] != **found {
            return Err(format!("{name}: found {found:?} expected {}", case[name]));
        }
    }
    if ran.status.map(i64::from) != case["exit"].as_i64() {
        return Err(format!("exit: found {:?} expected {}", ran.status, case["exit"]));
    }
    let took = case["took"].as_f64().unwrap_or(ran.seconds);
    if (ran.seconds - took).abs() > SLACK_SECONDS {
        return Err(format!("took {} s, expected {took} s", ran.seconds));
    }
    Ok(())
}

fn run(case: &Value) -> Ran {
    let words = case["argv"].as_array().into_iter().flatten();
    let argv = words.map(|word| word.as_str().unwrap_or_default().to_owned()).collect();
    let userland = if case["image"] == "debian" { Userland::Debian } else { Userland::Busybox };
    let mut options = Options { userland, ..Options::default() };
    options.environment.insert("HOSTNAME".to_owned(), "web-0".to_owned());
    options.stdin = case["stdin"].as_str().unwrap_or_default().as_bytes().to_vec();
    let mut world = ShellWorld::new(MemoryFs::container_root(userland));
    let mut process = Process::start(argv, options);
    let mut signals: Vec<(SimTime, Signal)> = Vec::new();
    let mut after = SimTime::ZERO;
    for pair in case["signals"].as_array().into_iter().flatten() {
        after = SimTime((pair[0].as_f64().unwrap_or(0.0) * 1e9) as u64 + after.0);
        signals.extend(pair[1].as_str().and_then(Signal::parse).map(|signal| (after, signal)));
    }
    signals.reverse();
    let mut now = SimTime::ZERO;
    let mut status = None;
    for _ in 0..STEPS_MAX {
        let until = match process.resume(now, &mut world) {
            Step::Exit(code) => {
                status = Some(code);
                break;
            }
            Step::Sleep(until) => until,
            Step::Wait(wait) | Step::Busy(wait) => wait.until,
        };
        match signals.last() {
            Some((at, signal)) if *at <= until => {
                now = *at;
                if *signal == Signal::Kill {
                    status = Some(137);
                    break;
                }
                process.signal(*signal);
                signals.pop();
            }
            _ if until == SimTime::NEVER => break,
            _ => now = until,
        }
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { stdout: text(&world.stdout), stderr: text(&world.stderr), status, seconds: now.as_secs_f64() }
}
