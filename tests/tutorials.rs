//! The Pod tutorials as scenarios, run as a user runs them: their expectations hold, and what every command prints is
//! what it printed when somebody last read it. `UPDATE_GOLDEN=1 cargo test --test tutorials` writes the transcripts
//! anew; read the difference before you commit it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a tutorial and compares its transcript with the one under `tests/tutorials/`.
fn check(name: &str) {
    let out = std::env::temp_dir().join(format!("kubelapse-tutorial-{name}-{}", std::process::id()));
    let scenario = root().join("scenarios/tutorials").join(format!("{name}.yaml"));
    let output = Command::new(env!("CARGO_BIN_EXE_kubelapse"))
        .args(["run", "--strict", "--quiet", "--out"])
        .arg(&out)
        .arg(&scenario)
        .output()
        .expect("the program was built");
    let transcript = read_transcript(&out);
    let _ = fs::remove_dir_all(&out);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let golden = root().join("tests/tutorials").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(golden.parent().expect("it is in a folder")).expect("the folder can be made");
        fs::write(&golden, &transcript).expect("the transcript can be written");
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    if let Some((line, (found, wanted))) = first_difference(&transcript, &expected) {
        panic!(
            "{name}: line {line} of its transcript\n  is       {found}\n  and was  {wanted}\n(UPDATE_GOLDEN=1 accepts it)"
        );
    }
}

fn read_transcript(out: &Path) -> String {
    let folder: Option<PathBuf> = fs::read_dir(out).ok().and_then(|mut entries| Some(entries.next()?.ok()?.path()));
    folder.and_then(|folder| fs::read_to_string(folder.join("transcript.txt")).ok()).unwrap_or_default()
}

fn first_difference(found: &str, expected: &str) -> Option<(usize, (String, String))> {
    if found == expected {
        return None;
    }
    let (mut left, mut right) = (found.lines(), expected.lines());
    (1..).find_map(|line| match (left.next(), right.next()) {
        (left, right) if left == right && left.is_some() => None,
        (left, right) => {
            let shown = |side: Option<&str>| side.unwrap_or("(the end)").to_owned();
            Some((line, (shown(left), shown(right))))
        }
    })
}

#[test]
fn first_pods() {
    check("000-first-pods");
}

#[test]
fn deployments_and_services() {
    check("001-deployments-and-services");
}

#[test]
fn creation_and_termination() {
    check("002-creation-and-termination");
}

#[test]
fn pods_in_depth() {
    check("003-pods-in-depth");
}

#[test]
fn init_containers_and_projected_volumes() {
    check("004-init-containers-and-projected-volumes");
}
