//! The program as its users call it: exit codes, what is written, what is printed where.

#[path = "cli/compare.rs"]
mod compare;
#[path = "cli/results.rs"]
mod results;

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
    let text = "apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  until: 10s\n  cluster: { nodes: [ { name: n, autoscale: { min: 1, max: 3 } } ] }\n";
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

const TWO_NODES: &str = "apiVersion: v1\nkind: List\nitems:\n\
    - { apiVersion: v1, kind: Node, metadata: { name: n1, labels: { disktype: ssd } }, status: { allocatable: { cpu: '2', memory: 4Gi, pods: '110' } } }\n\
    - { apiVersion: v1, kind: Node, metadata: { name: n2 }, status: { allocatable: { cpu: '4', memory: 8Gi, pods: '110' } } }\n\
    - { apiVersion: v1, kind: Pod, metadata: { name: old, namespace: shop, uid: u1 }, spec: { nodeName: n2, containers: [ { name: c, image: x, resources: { requests: { cpu: '3' } } } ] }, status: { phase: Running } }\n";

#[test]
fn explain_says_what_a_pod_misses_in_a_dumped_cluster() {
    let scratch = Scratch::new("explain-dump");
    let dump = scratch.file("dump.yaml", TWO_NODES);
    let pod = scratch.file(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: { name: big }\nspec:\n  nodeSelector: { disktype: ssd }\n  containers: [ { name: c, image: x, resources: { requests: { cpu: 2500m } } } ]\n",
    );
    let output = kubelapse(&scratch.0, &["explain", "--cluster", &dump, "--pod", &pod]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for part in [
        "pod default/big: no node is feasible",
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector.",
        "500m more cpu (2500m requested, 2 of 2 free; no node of this size can hold it)",
        "label disktype=ssd",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    let json = kubelapse(&scratch.0, &["explain", "--cluster", &dump, "--pod", &pod, "-o", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(value["nodes"][0]["rejectedBy"], "NodeResourcesFit");
    assert_eq!(value["nodes"][1]["missing"][0], "label disktype=ssd");
    let small = scratch.file("small.yaml", POD);
    let output = kubelapse(&scratch.0, &["explain", "--cluster", &dump, "--pod", &small, "-o", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["winner"], "n1", "n2 is fuller");
    let total: i64 =
        value["nodes"][0]["scores"].as_array().unwrap().iter().map(|s| s["weighted"].as_i64().unwrap()).sum();
    assert_eq!(value["nodes"][0]["total"], total);
    let count = scratch.file(
        "one.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: { name: one }\nspec: { containers: [ { name: c, image: x, resources: { requests: { cpu: '1' } } } ] }\n",
    );
    let output = kubelapse(&scratch.0, &["explain", "--cluster", &dump, "--pod", &count, "--count", "-o", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&value["fits"], &value["byNode"]["n1"]), (&3.into(), &2.into()));
}

#[test]
fn explain_looks_at_a_scenario_at_a_time() {
    let scratch = Scratch::new("explain-scenario");
    let file = scratch.file(
        "web.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [ { name: c, image: nginx } ] }\n---\napiVersion: v1\nkind: Pod\nmetadata: { name: huge }\nspec: { containers: [ { name: c, image: nginx, resources: { requests: { cpu: '100' } } } ] }\n",
    );
    let output = kubelapse(&scratch.0, &["explain", &file, "--at", "5s", "pod/a"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("pod default/a: goes to node-"), "{text}");
    assert!(text.contains("it runs on node-"), "{text}");
    let web = scratch.file(
        "deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  replicas: 2\n  selector: { matchLabels: { app: web } }\n  template: { metadata: { labels: { app: web } }, spec: { containers: [ { name: c, image: nginx, resources: { requests: { cpu: '100' } } } ] } }\n",
    );
    let output = kubelapse(&scratch.0, &["explain", &web, "--at", "5s", "deployment/web", "-o", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["pods"].as_array().unwrap().len(), 2, "both wait");
    assert_eq!((&value["desired"], &value["ready"]), (&2.into(), &0.into()));
    let cause = &value["causes"][0];
    assert_eq!((&cause["kind"], cause["pods"].as_array().unwrap().len()), (&"scheduling".into(), 2));
    let output = kubelapse(&scratch.0, &["explain", &file, "--at", "5s", "--pending", "-o", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&value["pods"], &value["groups"][0]["waiting"][0]["pods"][0]), (&1.into(), &"huge".into()));
    let change = &value["groups"][0]["waiting"][0]["change"];
    assert_eq!(change["change"], "lower the cpu request by 96 to 4", "{value:#}");
    for (arguments, says) in [
        (vec!["explain", &file, "--at", "5s", "pod/nobody"], "pods \"nobody\" not found"),
        (vec!["explain", &file, "pod/a"], "--at is missing"),
        (
            vec!["explain", &file, "--at", "5s", "service/a"],
            "explain knows pod/NAME, a workload's KIND/NAME, hpa/NAME and --pending",
        ),
    ] {
        let output = kubelapse(&scratch.0, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
}

#[test]
fn a_scheduler_configuration_is_refused_with_its_line_and_nothing_is_written() {
    let scratch = Scratch::new("scheduler-config");
    scratch.file(
        "scheduler.yaml",
        "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\npercentageOfNodesToScore: 101\nprofiles:\n- pluginConfig:\n  - name: InterPodAffinity\n    args: { hardPodAffinityWeight: -1 }\n",
    );
    let file = scratch.file(
        "s.yaml",
        "apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  cluster: { components: { kube-scheduler: { config: scheduler.yaml } } }\n",
    );
    let output = kubelapse(&scratch.0, &["run", &file]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    for part in [
        "scheduler.yaml:7: profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: -1: not in valid range [0, 100]",
        "scheduler.yaml:3: percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    assert!(!scratch.0.join("results").exists());
}
