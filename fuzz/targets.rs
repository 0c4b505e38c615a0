//! What is fuzzed: every reader of text that a user or another program writes. Each must end soon with a value or an
//! error, never with a panic. Shared by the cargo-fuzz targets and by `tests/fuzz.rs`, which CI runs.

use std::path::Path;

use kubelapse::api::selector::ParsedSelector;
use kubelapse::api::{Clock, DecodeCache, FieldValidation, decode, yaml};
use kubelapse::cluster::{Cluster, ClusterSettings};
use kubelapse::engine::random::Streams;
use kubelapse::engine::{SimDuration, SimTime};
use kubelapse::kubectl::{Kubectl, NoFiles};
use kubelapse::machines::{Machines, Registry};
use kubelapse::model::quantity::Quantity;
use kubelapse::scenario::{LoadOptions, load_source, source_of_text};
use kubelapse::workload::terminal;
use serde_json::json;

/// A target: its name, and what it does with a text.
pub type Target = (&'static str, fn(&str));

/// All of them; each has a file in `fuzz_targets` and a folder in `corpus`.
pub const TARGETS: [Target; 8] = [
    ("yaml", yaml_documents),
    ("command_line", command_line),
    ("selector", selector),
    ("quantity", quantity),
    ("jsonpath", jsonpath),
    ("go_template", go_template),
    ("shell", shell),
    ("expression", expression),
];

/// The reader of manifests, which finds the same when it holds one object at a time, and the decoder behind it.
pub fn yaml_documents(text: &str) {
    let mut cache = DecodeCache::default();
    let whole = yaml::read(text);
    let mut visited = Vec::new();
    let stopped = yaml::visit(text, &mut |manifest| visited.push(manifest));
    assert_eq!(stopped.is_some(), whole.error.is_some(), "{stopped:?} is not {:?}", whole.error);
    assert!(stopped.is_some() || visited == whole.manifests, "{visited:?} is not {:?}", whole.manifests);
    for manifest in whole.manifests {
        let _ = decode(manifest.value, "default", FieldValidation::Warn, &mut cache);
    }
}

/// kubectl with a cluster that holds a pod and a Service.
fn kubectl(line: &str) {
    let streams = Streams::new(0);
    let clock = Clock { epoch_seconds: 1_767_225_600, warmup: SimDuration::ZERO };
    let settings =
        ClusterSettings { clock, streams, not_ready_toleration_seconds: 300, unreachable_toleration_seconds: 300 };
    let mut cluster = Cluster::new(settings);
    let machines = Machines::new(Registry::default(), streams);
    let mut kubectl = Kubectl::default();
    let container = json!({"name": "app", "image": "nginx:1.25", "ports": [{"containerPort": 80}]});
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"containers": [container]},
    });
    let _ = kubectl.apply_manifest(SimTime::ZERO, pod, "pod.yaml", &mut cluster, &machines);
    let _ = kubectl.start(SimTime::from_secs(1), line, &mut cluster, &machines, &NoFiles);
}

/// A whole command line.
pub fn command_line(text: &str) {
    kubectl(text);
}

/// `-l`, `--field-selector`.
pub fn selector(text: &str) {
    let _ = ParsedSelector::parse(text);
    option("get pods -l ", text);
    option("get pods --field-selector ", text);
}

/// An amount.
pub fn quantity(text: &str) {
    let _ = Quantity::parse_checked(text);
    let _ = Quantity::canonical(text);
}

/// `-o jsonpath=`, `--sort-by`, custom columns.
pub fn jsonpath(text: &str) {
    option("get pods -o ", &format!("jsonpath={text}"));
    option("get pods --sort-by ", text);
    option("get pods -o ", &format!("custom-columns=A:{text}"));
}

/// `-o go-template=`.
pub fn go_template(text: &str) {
    option("get pods -o ", &format!("go-template={text}"));
}

fn option(command: &str, value: &str) {
    if let Ok(value) = shlex::try_quote(value) {
        kubectl(&format!("{command}{value}"));
    }
}

/// A script of the built-in shell.
pub fn shell(text: &str) {
    let _ = terminal::pipe(text, "a 1\nb 2\n", SimTime::ZERO);
}

/// An expression of `when`, in a scenario.
pub fn expression(text: &str) {
    let step = json!({"when": text, "kubectl": "get pods"});
    let scenario = json!({
        "apiVersion": "kubelapse/v1", "kind": "Scenario", "metadata": {"name": "fuzz"},
        "spec": {"until": "1s", "steps": [step]},
    });
    let source = source_of_text("fuzz.yaml", &scenario.to_string(), Path::new("."));
    let _ = load_source(&source, &LoadOptions::default());
}
