//! What is done with results: exports for other programs, `report`, `diff`.

use std::path::Path;
use std::process::Command;

use super::{Scratch, kubelapse, stderr};

const APP: &str = "\
apiVersion: kubelapse/v1
kind: Scenario
metadata: { name: app }
spec:
  until: 12m
  cluster: { nodes: [ { name: 'n-{}', count: 2, zones: [a, b], capacity: { cpu: 2, memory: 4Gi } } ] }
  steps: [ { at: 2m, kubectl: set image deployment/web web=nginx:1.28 } ]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [ { name: web, image: nginx:1.27, resources: { requests: { cpu: 100m } } } ] }
---
apiVersion: v1
kind: Pod
metadata: { name: loops }
spec: { containers: [ { name: c, image: busybox, command: [ sh, -c, 'sleep 5; exit 3' ] } ] }
";

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn run(folder: &Path, arguments: &[&str]) {
    let output = kubelapse(folder, &[&["run", "--quiet"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn promtool_takes_the_metrics_of_a_run() {
    let scratch = Scratch::new("promtool");
    let app = scratch.file("app.yaml", APP);
    run(&scratch.0, &[&app]);
    let metrics = scratch.0.join("results/app/metrics.om");
    let text = std::fs::read_to_string(&metrics).expect("the run wrote it");
    for series in [
        "kube_pod_container_status_restarts_total{namespace=\"default\",pod=\"loops\"",
        "kube_pod_container_status_waiting_reason{namespace=\"default\",pod=\"loops\"",
        "kube_deployment_status_replicas_available{namespace=\"default\",deployment=\"web\"} 3",
        "kube_node_labels{node=\"n-1\",label_topology_kubernetes_io_zone=\"a\"} 1",
        "created_by_kind=\"ReplicaSet\",created_by_name=\"web-",
    ] {
        assert!(text.contains(series), "{series}");
    }
    // Where Prometheus is installed, it has the last word.
    let file = std::fs::File::open(&metrics).expect("the run wrote it");
    let Ok(lint) = Command::new("promtool").args(["check", "metrics"]).stdin(file).output() else { return };
    assert!(lint.status.success() && lint.stderr.is_empty(), "{}", stderr(&lint));
    let mut blocks = Command::new("promtool");
    blocks.args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&metrics).arg(scratch.0.join("data"));
    let blocks = blocks.output().expect("promtool is there");
    assert!(blocks.status.success(), "{}", stderr(&blocks));
    // Prometheus itself makes this folder when it starts.
    std::fs::create_dir_all(scratch.0.join("data/wal")).expect("the temporary folder is writable");
    let dump = Command::new("promtool").args(["tsdb", "dump"]).arg(scratch.0.join("data")).output();
    let dump = stdout(&dump.expect("promtool is there"));
    let samples = text.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(dump.lines().count(), samples, "every sample is in the blocks");
}

#[test]
fn a_folder_is_drawn_again_with_the_same_bytes_or_refused() {
    let scratch = Scratch::new("redraw");
    let app = scratch.file("app.yaml", APP);
    run(&scratch.0, &[&app]);
    let page = scratch.0.join("results/app/report.html");
    let before = std::fs::read(&page).expect("the run wrote it");
    std::fs::write(&page, "").expect("it is ours");
    let output = kubelapse(&scratch.0, &["report", "results/app"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(std::fs::read(&page).expect("it was drawn") == before, "the page differs");
    let output = kubelapse(&scratch.0, &["report", "results"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("it holds results folders; name one of them"), "{}", stderr(&output));
    std::fs::write(scratch.0.join("results/app/timeline.csv"), "time_s,names").expect("it is ours");
    let output = kubelapse(&scratch.0, &["report", "results/app"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("timeline.csv is broken: it ends in the middle of a row"), "{}", stderr(&output));
    assert!(std::fs::read(&page).expect("it is still there") == before, "the page was touched");
}

#[test]
fn diff_tells_what_changed_from_the_first_diverging_row_on() {
    let scratch = Scratch::new("diff");
    let app = scratch.file("app.yaml", APP);
    run(&scratch.0, &[&app, "--out", "a"]);
    run(&scratch.0, &[&app, "--out", "b", "--set", "Deployment/web:spec.replicas=4"]);
    let equal = kubelapse(&scratch.0, &["diff", "a/app", "a/app"]);
    assert_eq!(equal.status.code(), Some(0), "{}", stdout(&equal));
    assert!(stdout(&equal).contains("No difference in"), "{}", stdout(&equal));
    let output = kubelapse(&scratch.0, &["diff", "a/app", "b/app"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    for part in ["pods.created", "The runs part at t=0.0", "workloads.csv: ", "  - ", "  + "] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Summaries alone suffice for the figures.
    let bare = kubelapse(&scratch.0, &["diff", "a/app/summary.json", "b/app/summary.json", "-o", "json"]);
    assert_eq!(bare.status.code(), Some(1));
    let text = stdout(&bare);
    assert!(text.contains("\"name\": \"pods.created\"") && text.contains("\"tables\": []"), "{text}");
}

#[test]
fn results_that_are_none_are_refused_with_the_reason() {
    let scratch = Scratch::new("none");
    scratch.file("pod.json", "{\"kind\": \"Pod\"}");
    std::fs::create_dir(scratch.0.join("empty")).expect("the temporary folder is writable");
    for (path, reason) in [
        ("nothing", "cannot read nothing"),
        ("pod.json", "is no summary of a run: it has no `pods`"),
        ("empty", "is no results folder of a run: it has no summary.json"),
    ] {
        for arguments in [&["diff", path, path][..], &["report", path]] {
            let output = kubelapse(&scratch.0, arguments);
            assert_eq!(output.status.code(), Some(2), "{path}");
            assert!(stderr(&output).contains(reason), "{path}: {}", stderr(&output));
        }
    }
}
