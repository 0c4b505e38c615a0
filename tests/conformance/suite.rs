//! Running suites over golden folders and printing one line each.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;

/// One case's verdict: its name, and the first difference if it fails.
pub type Outcome = (String, Result<(), String>);

/// A suite.
pub struct Suite {
    /// As printed.
    pub name: &'static str,
    /// Runs all cases under a root folder; `None` where the root has no such files.
    pub check: fn(&Path) -> Option<Vec<Outcome>>,
    /// How many cases of the repository's own recordings must pass; `usize::MAX` is all.
    pub floor: usize,
}

/// Runs the suites whose name contains one of the arguments (all without any).
pub fn run(suites: &[Suite]) -> ExitCode {
    let filters: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut failed = false;
    for suite in suites {
        if !filters.is_empty() && !filters.iter().any(|filter| suite.name.contains(filter.as_str())) {
            continue;
        }
        if let Some(outcomes) = (suite.check)(&own) {
            let passed = report(suite.name, &outcomes);
            failed |= passed < suite.floor.min(outcomes.len());
        }
        for root in extra_roots() {
            if let Some(outcomes) = (suite.check)(&root) {
                let folder = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                report(&format!("{} [{folder}]", suite.name), &outcomes);
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

#[expect(clippy::disallowed_methods, reason = "the test's own interface")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn extra_roots() -> Vec<PathBuf> {
    variable("KUBELAPSE_GOLDEN")
        .map(|roots| roots.split(':').filter(|root| !root.is_empty()).map(PathBuf::from).collect())
        .unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "the report is the output of this test")]
fn report(name: &str, outcomes: &[Outcome]) -> usize {
    let passed = outcomes.iter().filter(|(_, result)| result.is_ok()).count();
    println!("{name}: {passed}/{}", outcomes.len());
    if variable("KUBELAPSE_VERBOSE").is_some() {
        for (case, result) in outcomes {
            if let Err(difference) = result {
                println!("  {case}: {difference}");
            }
        }
    }
    passed
}

/// The lines of `folder/name.jsonl`, `name*.jsonl` and `name*.jsonl.gz` under a root, in name order.
pub fn json_lines(root: &Path, folder: &str, name: &str) -> Option<Vec<Value>> {
    let entries = fs::read_dir(root.join(folder)).ok()?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let unpacked = Path::new(file.strip_suffix(".gz").unwrap_or(&file));
            file.starts_with(name) && unpacked.extension().is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    paths.sort();
    let mut lines = Vec::new();
    for path in &paths {
        let bytes = fs::read(path).expect("a listed file can be read");
        let mut text = String::new();
        if path.extension().is_some_and(|extension| extension == "gz") {
            flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip");
        } else {
            text = String::from_utf8(bytes).expect("UTF-8");
        }
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            lines.push(serde_json::from_str(line).expect("a JSON line"));
        }
    }
    (!paths.is_empty()).then_some(lines)
}

/// The first place at which two values differ, as `path: found … expected …`.
pub fn first_difference(found: &Value, expected: &Value, path: &str) -> Option<String> {
    match (found, expected) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
            keys.sort();
            keys.dedup();
            keys.into_iter().find_map(|key| {
                let (left, right) = (left.get(key), right.get(key));
                match (left, right) {
                    (Some(left), Some(right)) => first_difference(left, right, &format!("{path}.{key}")),
                    (Some(left), None) => Some(format!("{path}.{key}: unexpected {left}")),
                    (None, Some(right)) => Some(format!("{path}.{key}: missing {right}")),
                    (None, None) => None,
                }
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .find_map(|(index, (left, right))| first_difference(left, right, &format!("{path}[{index}]"))),
        _ if found == expected => None,
        _ => Some(format!("{path}: found {found} expected {expected}")),
    }
}
