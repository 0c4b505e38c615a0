//! Sweeps as their users call them: results that depend on nothing but the input, interruption, shards, bad input.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kubelapse-sweeps-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary folder is writable");
        let scratch = Self(path);
        scratch.file("web.yaml", SCENARIO);
        scratch.file("app.yaml", MANIFEST);
        scratch
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("the temporary folder is writable");
    }

    fn sweep(&self, spec: &str) {
        let head = "apiVersion: kubelapse/v1\nkind: Sweep\nmetadata: { name: s }\nspec:\n  scenario: web.yaml\n";
        self.file("s.yaml", &format!("{head}{spec}"));
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.0.join(folder)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubelapse"));
    command.current_dir(folder).args(arguments);
    for name in ["JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID", "CI_NODE_INDEX", "CI_NODE_TOTAL"] {
        command.env_remove(name);
    }
    command
}

fn kubelapse(scratch: &Scratch, arguments: &[&str]) -> Output {
    command(&scratch.0, arguments).output().expect("the program was built")
}

/// Runs it and wants this exit code; returns what was said.
fn exits(scratch: &Scratch, code: i32, arguments: &[&str]) -> String {
    let output = kubelapse(scratch, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

/// Every file of a folder with its bytes.
fn bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it was found there").to_path_buf();
                found.push((name, fs::read(&path).expect("a readable file")));
            }
        }
    }
    found.sort();
    found
}

fn assert_same(scratch: &Scratch, one: &str, other: &str) {
    let (one, other) = (bytes(&scratch.0.join(one)), bytes(&scratch.0.join(other)));
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|file| file.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    for (a, b) in one.iter().zip(&other) {
        assert!(a.1 == b.1, "{} differs", a.0.display());
    }
}

const SCENARIO: &str = "apiVersion: kubelapse/v1
kind: Scenario
metadata: { name: web }
spec:
  until: 2m
  cluster: { nodes: [ { name: 'worker-{}', count: 2, capacity: { cpu: 2, memory: 4Gi }, price: 0.1 } ] }
  behaviors: [ { name: web, match: { image: 'web:*' }, startup: { lognormal: { median: 5s, p99: 20s } } } ]
  manifests: [ app.yaml ]
";

const MANIFEST: &str = "apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: web:1
          ports: [ { containerPort: 80 } ]
          readinessProbe: { httpGet: { path: /, port: 80 }, periodSeconds: 1 }
          resources: { requests: { cpu: 500m, memory: 64Mi } }
";

const MATRIX: &str = "  matrix:
    - { name: nodes, set: 'cluster.nodes[worker].count', values: [ 1, 2, 3 ] }
    - { set: 'Deployment/web:spec.replicas', values: [ 2, 6 ] }
  seeds: 4
  metrics: [ pod_start_seconds.p99, cost, 'workloads[\"default/deployment/web\"].ready', pods.unschedulable ]
  assert: [ \"settings['nodes'] < 2 || pods.unschedulable.max == 0\" ]
";

#[test]
fn results_are_the_same_bytes_for_any_number_of_jobs_and_shards() {
    let scratch = Scratch::new("jobs");
    scratch.sweep(MATRIX);
    let said = exits(&scratch, 0, &["sweep", "s.yaml", "--jobs", "1", "--out", "one", "--junit", "one.xml"]);
    assert!(said.contains("s: 6 combinations × 4 seeds = 24 runs"), "{said}");
    assert!(said.contains("all 24 runs went well; 1 of 1 asserts hold"), "{said}");
    exits(&scratch, 0, &["sweep", "s.yaml", "--jobs", "5", "--out", "five"]);
    assert_same(&scratch, "one/s", "five/s");
    assert_eq!(scratch.names("one"), ["s"], "the partial folder is gone");
    let files = scratch.names("one/s");
    assert_eq!(files, ["aggregate.csv", "charts", "report.html", "runs.csv", "summary.json", "sweep.json"]);
    let runs = scratch.text("one/s/runs.csv");
    let mut lines = runs.lines();
    assert_eq!(
        lines.next().unwrap(),
        "run,combination,nodes,Deployment/web:spec.replicas,seed,status,pod_start_seconds.p99,cost,\
         \"workloads[\"\"default/deployment/web\"\"].ready\",pods.unschedulable,digest,message,warnings"
    );
    assert!(lines.next().unwrap().starts_with("0,0,1,2,0,ok,"), "{runs}");
    assert_eq!(lines.count(), 23);
    for shard in ["1/3", "2/3", "3/3"] {
        exits(&scratch, 0, &["sweep", "s.yaml", "--shard", shard, "--out", "parts", "--quiet"]);
    }
    let parts = ["parts/s.shard-2-of-3", "parts/s.shard-3-of-3", "parts/s.shard-1-of-3"];
    let merged = [&["merge"], &parts[..], &["--out", "merged", "--junit", "merged.xml"]].concat();
    exits(&scratch, 0, &merged);
    assert_same(&scratch, "one/s", "merged/s");
    assert_eq!(scratch.text("one.xml"), scratch.text("merged.xml"));
    fs::remove_file(scratch.0.join("merged/s/report.html")).unwrap();
    exits(&scratch, 0, &["report", "merged/s"]);
    assert_same(&scratch, "one/s", "merged/s");
    // A run of the sweep is the run of the scenario with the same settings.
    let settings = ["--set", "cluster.nodes[worker].count=1", "--set", "Deployment/web:spec.replicas=6", "--seed", "3"];
    exits(&scratch, 0, &[&["run", "web.yaml", "--quiet"], &settings[..]].concat());
    let summary: serde_json::Value = serde_json::from_str(&scratch.text("results/web/summary.json")).unwrap();
    let row = runs.lines().find(|line| line.starts_with("7,1,1,6,3,")).unwrap();
    assert!(row.contains(summary["digest"].as_str().unwrap()), "{row}");
}

#[test]
fn a_killed_sweep_goes_on_where_it_stopped() {
    let scratch = Scratch::new("killed");
    scratch.sweep(
        "  matrix: [ { name: nodes, set: 'cluster.nodes[worker].count', values: [ 1, 2, 3, 4 ] } ]\n  seeds: 30\n",
    );
    exits(&scratch, 0, &["sweep", "s.yaml", "--out", "whole", "--quiet"]);
    let mut child = command(&scratch.0, &["sweep", "s.yaml", "--jobs", "2", "--quiet"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let partial = loop {
        let partial = scratch.names("results").into_iter().find(|name| name.starts_with("s.partial-"));
        if let Some(name) = partial
            && fs::read_to_string(scratch.0.join("results").join(&name).join("runs.csv"))
                .is_ok_and(|text| text.lines().count() > 20)
        {
            break name;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        std::thread::sleep(std::time::Duration::from_millis(1));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(scratch.names("results"), std::slice::from_ref(&partial), "half a result is no result");
    let before = scratch.text(&format!("results/{partial}/runs.csv")).lines().count() - 1;
    let refused = exits(&scratch, 2, &["merge", &format!("results/{partial}")]);
    assert!(refused.contains("half-written"), "{refused}");
    let said = exits(&scratch, 0, &["sweep", "s.yaml", "--resume"]);
    let taken: usize =
        said.lines().find_map(|line| line.strip_suffix(" runs are taken over")).unwrap().parse().unwrap();
    assert!(taken == before || taken + 1 == before, "{taken} of {before}");
    assert_same(&scratch, "whole/s", "results/s");
    assert_eq!(scratch.names("results"), ["s"]);
}

#[test]
fn runs_of_other_inputs_are_not_taken_over() {
    let scratch = Scratch::new("changed");
    scratch.sweep("  seeds: 3\n");
    exits(&scratch, 0, &["sweep", "s.yaml", "--quiet"]);
    let inputs = |scratch: &Scratch| {
        let summary: serde_json::Value = serde_json::from_str(&scratch.text("results/s/summary.json")).unwrap();
        summary["inputs"].as_str().unwrap().to_owned()
    };
    let first = inputs(&scratch);
    let folder = scratch.0.join(format!("results/s.partial-{}", &first[..12]));
    fs::create_dir_all(&folder).unwrap();
    fs::copy(scratch.0.join("results/s/runs.csv"), folder.join("runs.csv")).unwrap();
    scratch.file("app.yaml", &MANIFEST.replace("replicas: 4", "replicas: 3"));
    let said = exits(&scratch, 0, &["sweep", "s.yaml", "--resume"]);
    assert!(said.contains("was run with other inputs"), "{said}");
    assert_ne!(inputs(&scratch), first);
    scratch.file("app.yaml", MANIFEST);
    let said = exits(&scratch, 0, &["sweep", "s.yaml"]);
    assert!(said.contains("an interrupted call ran 3 runs of this sweep"), "{said}");
    assert_eq!(inputs(&scratch), first);
}

#[test]
fn a_run_that_fails_does_not_lose_the_others() {
    let scratch = Scratch::new("failing");
    scratch.file(
        "web.yaml",
        &format!("{SCENARIO}  expect: [ {{ name: fits, at: end, that: \"summary.pods.pending == 0\" }} ]\n"),
    );
    scratch.sweep(
        "  variants:\n    - { name: small, set: { 'cluster.nodes[worker].count': 1, 'Deployment/web:spec.replicas': 9 } }\n    - { name: large, set: { 'cluster.nodes[worker].count': 4 } }\n  seeds: 2\n  assert: [ 'failed == 0' ]\n",
    );
    let said = exits(&scratch, 1, &["sweep", "s.yaml", "--junit", "j.xml"]);
    for part in [
        "run 0 (small), seed 0: fits (at end): summary.pods.pending is 5",
        "assert `failed == 0` is not true of small: failed is 2",
        "2 of 4 runs failed; 1 of 1 asserts broken",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let runs = scratch.text("results/s/runs.csv");
    assert_eq!(runs.lines().filter(|line| line.contains(",failed,")).count(), 2, "{runs}");
    assert_eq!(runs.lines().filter(|line| line.contains(",ok,")).count(), 2, "{runs}");
    let junit = scratch.text("j.xml");
    assert!(
        junit.contains("<testsuite name=\"s: small\" tests=\"2\" failures=\"2\"") && junit.contains("s: large"),
        "{junit}"
    );
}

#[test]
fn strict_makes_warnings_of_runs_failures() {
    let scratch = Scratch::new("strict");
    scratch.sweep("  metrics: [ \"workloads['default/deployment/wbe'].ready\" ]\n");
    let said = exits(&scratch, 0, &["sweep", "s.yaml"]);
    assert!(said.contains("did you mean `default/deployment/web`?"), "{said}");
    exits(&scratch, 1, &["sweep", "s.yaml", "--strict"]);
}

#[test]
fn bad_input_is_told_with_its_line_before_anything_is_run() {
    let scratch = Scratch::new("bad");
    let cases = [
        (
            "  matrix: [ { set: 'cluster.nodes[workr].count', values: [ 1 ] } ]\n",
            vec!["s.yaml:6", "did you mean `worker`?"],
        ),
        ("  matrix: [ { set: 'clster.x', values: [ 1 ] } ]\n", vec!["s.yaml:6", "did you mean `cluster`?"]),
        (
            "  matrix: [ { set: 'Deployment/wbe:spec.replicas', values: [ 1 ] } ]\n",
            vec!["did you mean `Deployment/web`?"],
        ),
        (
            "  matrix:\n    - set: Deployment/web:spec.replicas\n      values: [ 1, -1 ]\n",
            vec!["s.yaml:8:20", "must be greater than or equal to 0"],
        ),
        ("  metrics: [ pod_start_second.p99 ]\n", vec!["s.yaml:6:14", "did you mean `pod_start_seconds`?"]),
        ("  assert: [ \"cost < 3\" ]\n", vec!["s.yaml:6:13", "such as `cost.mean`"]),
        ("  matrix: [ { set: seed, values: [ 1 ] } ]\n", vec!["s.yaml:6", "`seeds` says"]),
        ("  matrix: [ { set: until, values: [ 1m ] }, { set: spec.until, values: [ 2m ] } ]\n", vec!["varies already"]),
        (
            "  seeds: 1000000\n",
            vec!["1 combinations × 1000000 seeds are 1000000 runs; at most 100000 are run", "--max-runs"],
        ),
        ("  seedz: 1\n", vec!["s.yaml:6:3", "did you mean `seeds`?"]),
    ];
    for (spec, parts) in cases {
        scratch.sweep(spec);
        let said = exits(&scratch, 2, &["sweep", "s.yaml"]);
        for part in parts {
            assert!(said.contains(part), "{spec}: {part}: {said}");
        }
        assert!(!scratch.0.join("results").exists(), "{spec} wrote results");
        exits(&scratch, 2, &["validate", "s.yaml"]);
    }
    scratch.sweep("  seeds: 2\n");
    let said = exits(&scratch, 2, &["run", "s.yaml"]);
    assert!(said.contains("run `kubelapse sweep s.yaml`"), "{said}");
    let said = exits(&scratch, 2, &["sweep", "web.yaml"]);
    assert!(said.contains("run `kubelapse run web.yaml`"), "{said}");
    exits(&scratch, 2, &["sweep", "s.yaml", "--shard", "3/2"]);
    exits(&scratch, 2, &["sweep", "s.yaml", "--max-runs", "1"]);
    let output = kubelapse(&scratch, &["validate", "s.yaml"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "s (1 combinations, 2 runs): valid\n");
}

#[test]
fn folders_that_are_broken_or_do_not_belong_together_are_refused_with_the_reason() {
    let scratch = Scratch::new("broken");
    scratch.sweep("  seeds: 4\n");
    for shard in ["1/2", "2/2"] {
        exits(&scratch, 0, &["sweep", "s.yaml", "--shard", shard, "--quiet"]);
    }
    let (a, b) = ("results/s.shard-1-of-2", "results/s.shard-2-of-2");
    let refused = |arguments: &[&str], part: &str| {
        let said = exits(&scratch, 2, &[&["merge"], arguments, &["--out", "merged"]].concat());
        assert!(said.contains(part), "{part}: {said}");
        assert!(!scratch.0.join("merged").exists());
    };
    refused(&[a], "2 of 4 runs are in none of the folders (runs 1, 3)");
    refused(&[a, "nowhere"], "there is no such folder");
    exits(&scratch, 0, &["run", "web.yaml", "--quiet"]);
    refused(&[a, "results/web"], "it is the result of a run");
    let runs = scratch.text(&format!("{b}/runs.csv"));
    scratch.file(&format!("{b}/runs.csv"), &runs[..runs.len() - 40]);
    refused(&[a, b], "it was changed or cut");
    scratch.file(&format!("{b}/runs.csv"), &runs);
    let summary = scratch.text(&format!("{b}/summary.json"));
    scratch.file(&format!("{b}/summary.json"), &summary[..30]);
    refused(&[a, b], "summary.json is broken");
    fs::remove_file(scratch.0.join(b).join("summary.json")).unwrap();
    refused(&[a, b], "half-written");
    scratch.file("app.yaml", &MANIFEST.replace("replicas: 4", "replicas: 3"));
    exits(&scratch, 0, &["sweep", "s.yaml", "--shard", "2/2", "--quiet"]);
    refused(&[a, b], "was changed between them");
}

#[test]
fn the_environment_of_parallel_jobs_says_which_shard_this_is() {
    let scratch = Scratch::new("environment");
    scratch.sweep("  seeds: 2\n");
    let with = |variables: &[(&str, &str)], arguments: &[&str]| {
        let arguments = [&["sweep", "s.yaml"], arguments].concat();
        let output = command(&scratch.0, &arguments).envs(variables.iter().copied()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = with(&[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "2")], &[]);
    assert!(code == Some(0) && said.contains("part 2 of 2 (from CI_NODE_INDEX)"), "{said}");
    let (code, said) = with(&[("JOB_COMPLETION_INDEX", "0")], &["--shard", "2"]);
    assert!(code == Some(0) && said.contains("part 1 of 2 (from JOB_COMPLETION_INDEX)"), "{said}");
    assert_eq!(scratch.names("results"), ["s.shard-1-of-2", "s.shard-2-of-2"]);
    let (code, said) = with(&[("JOB_COMPLETION_INDEX", "0")], &[]);
    assert!(code == Some(2) && said.contains("give `--shard N`"), "{said}");
}
