//! Tables, descriptions and other output of recorded objects, imported as they were stored.
//!
//! One thing is compared as a set: the words that a JSONPath of recursive descent (`{..x}`) finds. kubectl walks the maps
//! below in Go's random order, so that a recording holds one of many orders.

use std::fs;
use std::path::Path;

use kubelapse::api::{Clock, DecodeCache};
use kubelapse::cluster::{Cluster, ClusterSettings, DeleteOptions};
use kubelapse::engine::random::Streams;
use kubelapse::engine::{SimDuration, SimTime};
use kubelapse::kubectl::{Kubectl, NoFiles, Output, Progress, Waiting};
use kubelapse::machines::{Machines, Registry};
use kubelapse::model::object::ObjectRef;
use serde_json::Value;

use super::suite::Outcome;

/// 2000-01-01: before anything that the recordings hold.
const EPOCH_SECONDS: i64 = 946_684_800;

struct World {
    cluster: Cluster,
    machines: Machines,
    kubectl: Kubectl,
    cache: DecodeCache,
    now: SimTime,
}

impl World {
    fn new(file: &Value) -> Self {
        let clock = Clock { epoch_seconds: EPOCH_SECONDS, warmup: SimDuration::ZERO };
        let streams = Streams::new(0);
        let settings =
            ClusterSettings { clock, streams, not_ready_toleration_seconds: 300, unreachable_toleration_seconds: 300 };
        let mut world = Self {
            cluster: Cluster::new(settings),
            machines: Machines::new(Registry::default(), streams),
            kubectl: Kubectl::default(),
            cache: DecodeCache::default(),
            now: clock.time_of(file["now"].as_str().unwrap_or_default()).expect("the time of the recording"),
        };
        let is_event = |object: &&Value| object["kind"] == "Event";
        let objects = file["objects"].as_array().expect("objects");
        for object in objects.iter().filter(|object| !is_event(object)).chain(objects.iter().filter(is_event)) {
            world.import(object);
        }
        world
    }

    fn import(&mut self, object: &Value) -> ObjectRef {
        self.cluster.import(self.now, object.clone(), &mut self.cache).expect("a stored object is valid")
    }

    fn run(&mut self, arguments: &[&str], steps: &Value) -> Output {
        let line = shlex::try_join(arguments.iter().copied()).expect("no NUL");
        let mut progress = self.kubectl.start(self.now, &line, &mut self.cluster, &self.machines, &NoFiles);
        for step in steps.as_array().into_iter().flatten() {
            let Progress::Waiting(waiting) = progress else { break };
            let object = &step["object"];
            if step["op"] == "delete" {
                let target = self.find(object);
                self.cluster.delete(self.now, target, DeleteOptions::NOW).expect("it is there");
            } else {
                self.update(object, step["op"] == "update");
            }
            progress = self.poll(waiting);
        }
        match progress {
            Progress::Done(output) => output,
            Progress::Waiting(waiting) => waiting.interrupt(),
            Progress::Exec(exec) => exec.before,
            Progress::Edit(_) => Output::default(),
        }
    }

    fn poll(&mut self, waiting: Waiting) -> Progress {
        self.kubectl.poll(self.now, waiting, &mut self.cluster, &self.machines)
    }

    fn find(&self, object: &Value) -> ObjectRef {
        let metadata = &object["metadata"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let namespace = self.cluster.namespace(&text(&metadata["namespace"])).expect("a namespace");
        let kind = kubelapse::model::kind::Kind::from_manifest("v1", &text(&object["kind"])).expect("a core kind");
        self.cluster.get(kind, namespace, &text(&metadata["name"])).expect("it is there")
    }

    /// The changed status of a pod: into the pod that is there.
    fn update(&mut self, object: &Value, known: bool) {
        if !known {
            self.import(object);
            return;
        }
        let pod = self.find(object).as_pod().expect("a pod");
        let clock = *self.cluster.clock();
        let spec = &self.cluster.template_of(pod).spec;
        let status = kubelapse::api::convert::pod_status(&object["status"], spec, clock);
        if object["metadata"]["deletionTimestamp"].is_string() {
            let grace = object["metadata"]["deletionGracePeriodSeconds"].as_i64();
            let options = DeleteOptions { grace_seconds: grace, ..DeleteOptions::default() };
            self.cluster.delete(self.now, ObjectRef::pod(pod), options).expect("it is there");
        }
        self.cluster.set_pod_status(self.now, pod, status);
    }
}

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let mut paths: Vec<_> =
        fs::read_dir(root.join("api/print")).ok()?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut outcomes = Vec::new();
    for path in paths {
        let file: Value = serde_json::from_slice(&fs::read(&path).expect("a listed file")).expect("JSON");
        let group = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut world = World::new(&file);
        for case in file["cases"].as_array().expect("cases") {
            let arguments: Vec<&str> =
                case["command"].as_array().expect("a command").iter().filter_map(Value::as_str).collect();
            let steps = if case["steps"].is_null() { &file["steps"] } else { &case["steps"] };
            let output = world.run(&arguments, steps);
            let is_set = arguments.iter().any(|argument| descends(argument));
            outcomes.push((format!("{group}: {}", arguments.join(" ")), compare(case, &output, is_set)));
        }
    }
    Some(outcomes)
}

/// What the recordings' own server added, and what is not comparable.
fn normal(text: &str) -> String {
    let masked = text.lines().filter(|line| !line.contains("openshift-service-ca.crt")).map(|line| {
        let start = line.trim_start();
        if start.starts_with("resourceVersion: \"") && start != "resourceVersion: \"\"" {
            return line.split("resourceVersion").next().unwrap_or_default().to_owned() + "resourceVersion: <RV>";
        }
        if start.starts_with("\"resourceVersion\": \"") && !start.starts_with("\"resourceVersion\": \"\"") {
            return line.split("\"resourceVersion").next().unwrap_or_default().to_owned() + "resourceVersion: <RV>";
        }
        line.to_owned()
    });
    masked.collect::<Vec<_>>().join("\n")
}

/// Is this an output format whose order is that of a Go map? Upstream: client-go util/jsonpath `evalRecursive`.
fn descends(argument: &str) -> bool {
    argument.strip_prefix("jsonpath=").is_some_and(|template| template.contains(".."))
}

fn sorted_words(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    words.sort_unstable();
    words.join(" ")
}

fn compare(case: &Value, output: &Output, is_set: bool) -> Result<(), String> {
    for (what, found) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let mut expected = normal(case[what].as_str().unwrap_or_default());
        let mut found = normal(found);
        if is_set && what == "stdout" {
            (found, expected) = (sorted_words(&found), sorted_words(&expected));
        }
        if found != expected {
            let different = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
            let (left, right) = different.unwrap_or_else(|| {
                let (left, right) = (found.lines().count(), expected.lines().count());
                let shared = left.min(right);
                (found.lines().nth(shared).unwrap_or("<end>"), expected.lines().nth(shared).unwrap_or("<end>"))
            });
            return Err(format!("{what} is\n    {left:?}, expected\n    {right:?}"));
        }
    }
    match case["exit"].as_i64() {
        Some(exit) if exit != i64::from(output.exit) => Err(format!("exit {} expected {exit}", output.exit)),
        _ => Ok(()),
    }
}
