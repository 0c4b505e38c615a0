//! What kubectl prints when the API server accepts or refuses a manifest: create, apply and replace in a cluster
//! without nodes, through kubectl and the API server of the model.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::command_world::World;
use super::masks;
use super::suite::{Outcome, json_lines, variable};

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "api", "validation")?;
    Some(cases.iter().map(|case| (text(case, "name").to_owned(), one(case))).collect())
}

/// Runs the manifests of the corpus with `kubectl apply --dry-run=server`, as `expected-apply.jsonl` recorded it. The
/// corpus is no part of the repository: it lies in `KUBELAPSE_CORPUS`, or in `shared/corpus` beside a checkout.
pub fn check_corpus(root: &Path) -> Option<Vec<Outcome>> {
    if root != Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance") {
        return corpus_at(root);
    }
    let named = variable("KUBELAPSE_CORPUS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(1).map(|above| above.join("shared/corpus"));
    named.into_iter().chain(beside).find_map(|folder| corpus_at(&folder))
}

fn corpus_at(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "", "expected-apply")?;
    Some(cases.iter().map(|case| (text(case, "file").to_owned(), file(root, case))).collect())
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

fn file(root: &Path, case: &Value) -> Result<(), String> {
    let name = text(case, "file");
    let manifest = std::fs::read_to_string(root.join(name)).map_err(|error| error.to_string())?;
    let mut world = World::new(&[]);
    world.files.files.insert(name.to_owned(), manifest);
    run(&mut world, &format!("apply --dry-run=server -f {name}"), case)
}

fn one(case: &Value) -> Result<(), String> {
    let mut world = World::new(&[]);
    let file = text(case, "file");
    if let Some(setup) = case["setup"].as_str() {
        world.files.files.insert(file.to_owned(), setup.to_owned());
        let output = world.run(&format!("{} -f {file}", text(case, "setup_command")));
        if output.exit != 0 {
            return Err(format!("setup failed: {}", output.stderr));
        }
    }
    world.files.files.insert(file.to_owned(), text(case, "manifest").to_owned());
    let arguments = case["args"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let words = [text(case, "command"), "-f", file].into_iter().chain(arguments);
    let line = shlex::try_join(words).map_err(|error| error.to_string())?;
    run(&mut world, &line, case)
}

fn run(world: &mut World, line: &str, case: &Value) -> Result<(), String> {
    let output = world.run(line);
    for (what, found) in [("stderr", &output.stderr), ("stdout", &output.stdout)] {
        // Diffs of internal structures are compared up to their first hunk.
        let comparable = |text: &str| text.split("\n@@").next().unwrap_or_default().trim_end().to_owned();
        let (found, expected) = (comparable(found), comparable(text(case, what)));
        if !masks::matches(&found, &expected) {
            return Err(format!("{what} {found:?} expected {expected:?}"));
        }
    }
    match case["exit"].as_i64() {
        Some(exit) if exit != i64::from(output.exit) => Err(format!("exit {} expected {exit}", output.exit)),
        _ => Ok(()),
    }
}
