//! The program as its users call it: exit codes, what is written, what is printed where.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kubelapse-cli-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the temporary folder is writable");
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("the temporary folder is writable");
        path.display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn kubelapse(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubelapse"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the program was built")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [ { name: c, image: nginx } ] }\n";

#[test]
fn a_plain_manifest_runs_and_leaves_its_results() {
    let scratch = Scratch::new("plain");
    let pod = scratch.file("pod.yaml", POD);
    let output = kubelapse(&scratch.0, &["run", &pod]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for file in [
        "timeline.csv",
        "events.csv",
        "workloads.csv",
        "nodes.csv",
        "scheduling.csv",
        "transcript.txt",
        "summary.json",
        "report.html",
        "charts/pods_by_phase.svg",
        "charts/pods_by_phase.png",
    ] {
        assert!(scratch.0.join("results/pod").join(file).exists(), "{file} is missing");
    }
    let timeline = std::fs::read_to_string(scratch.0.join("results/pod/timeline.csv")).unwrap();
    assert!(timeline.lines().last().unwrap().contains(",Running,Running,1/1,0,"), "{timeline}");
}

#[test]
fn bad_input_is_one_error_with_its_place_and_nothing_is_written() {
    let scratch = Scratch::new("bad");
    let cases = [
        (
            "unknown-field.yaml",
            "apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  sead: 1\n",
            "unknown-field.yaml:4:3",
        ),
        (
            "bad-duration.yaml",
            "apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  until: soon\n",
            "bad-duration.yaml:4:10",
        ),
        (
            "refused.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { restartPolicy: Mybe, containers: [ { name: c, image: nginx } ] }\n",
            "Unsupported value: \"Mybe\"",
        ),
        (
            "unknown-kind.yaml",
            "apiVersion: v1\nkind: Pot\nmetadata: { name: a }\n",
            "no matches for kind \"Pot\" in version \"v1\"",
        ),
        ("broken.yaml", "a: [1,\n", "yaml"),
    ];
    for (name, text, expected) in cases {
        let file = scratch.file(name, text);
        let output = kubelapse(&scratch.0, &["run", &file]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{name}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
        assert!(!scratch.0.join("results").exists(), "{name} wrote results");
    }
    let output = kubelapse(&scratch.0, &["run", "missing.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("missing.yaml"), "{}", stderr(&output));
}

#[test]
fn an_unknown_field_gets_the_nearest_name() {
    let scratch = Scratch::new("nearest");
    let file = scratch.file("a.yaml", "apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  sead: 1\n");
    let output = kubelapse(&scratch.0, &["validate", &file]);
    assert!(stderr(&output).contains("seed"), "{}", stderr(&output));
}

#[test]
fn a_failing_command_fails_the_run_unless_it_may_fail() {
    let scratch = Scratch::new("failing");
    let text = |may_fail: bool| {
        format!(
            "apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  until: 10s\n  steps: [ {{ at: 1s, kubectl: get pod nowhere, mayFail: {may_fail} }} ]\n"
        )
    };
    let strict = scratch.file("strict.yaml", &text(false));
    let output = kubelapse(&scratch.0, &["run", &strict]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("pods \"nowhere\" not found"), "{}", stderr(&output));
    let lenient = scratch.file("lenient.yaml", &text(true));
    assert_eq!(kubelapse(&scratch.0, &["run", &lenient]).status.code(), Some(0));
}

#[test]
fn strict_makes_warnings_failures() {
    let scratch = Scratch::new("warnings");
    let text = "apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  until: 10s\n  steps: [ { at: 1s, fault: { node: node-1, kind: crash } } ]\n";
    let file = scratch.file("a.yaml", text);
    let lenient = kubelapse(&scratch.0, &["run", &file]);
    assert_eq!(lenient.status.code(), Some(0), "{}", stderr(&lenient));
    assert!(stderr(&lenient).contains("has no effect yet"), "{}", stderr(&lenient));
    assert_eq!(kubelapse(&scratch.0, &["run", &file, "--strict"]).status.code(), Some(1));
}

#[test]
fn kubectl_at_a_time_prints_what_kubectl_prints() {
    let scratch = Scratch::new("kubectl");
    let pod = scratch.file("pod.yaml", POD);
    let output = kubelapse(&scratch.0, &["kubectl", &pod, "--at", "35s", "--", "get", "pods", "-o", "wide"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = "NAME   READY   STATUS    RESTARTS   AGE   IP           NODE     NOMINATED NODE   READINESS GATES\n";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("a      1/1     Running   0          35s"), "{text}");
    assert!(!scratch.0.join("results").exists());
}

#[test]
fn quiet_runs_print_nothing_and_write_the_same_bytes() {
    let scratch = Scratch::new("quiet");
    let pod = scratch.file("pod.yaml", POD);
    let loud = kubelapse(&scratch.0, &["run", &pod, "--out", "loud"]);
    let quiet = kubelapse(&scratch.0, &["run", &pod, "--out", "quiet", "--quiet"]);
    assert!(!loud.stderr.is_empty());
    assert!(quiet.stderr.is_empty() && quiet.stdout.is_empty());
    for file in ["summary.json", "timeline.csv", "report.html", "charts/pod_gantt.png"] {
        let read = |out: &str| std::fs::read(scratch.0.join(out).join("pod").join(file)).unwrap();
        assert_eq!(read("loud"), read("quiet"), "{file}");
    }
}

#[test]
fn help_version_schema_and_completions_are_no_errors() {
    let scratch = Scratch::new("help");
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["run", "--help"],
        &["schema"],
        &["schema", "Sweep"],
        &["completions", "bash"],
    ] {
        let output = kubelapse(&scratch.0, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
    assert_eq!(kubelapse(&scratch.0, &["schema", "Scenari"]).status.code(), Some(2));
    assert_eq!(kubelapse(&scratch.0, &["frobnicate"]).status.code(), Some(2));
}
