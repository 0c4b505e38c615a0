//! Commands against a cluster whose pods run at once: what kubectl prints, and the object it leaves.
//!
//! There are no controllers here, so steps that look at what these do (rollouts, ReplicaSets) cannot pass.

use std::collections::BTreeMap;
use std::path::Path;

use kubelapse::api::Clock;
use kubelapse::cluster::{Cluster, ClusterSettings, DeleteOptions};
use kubelapse::engine::random::Streams;
use kubelapse::engine::{SimDuration, SimTime};
use kubelapse::kubectl::{FileError, Files, Kubectl, Output, Progress};
use kubelapse::machines::{Machines, Registry};
use kubelapse::model::condition::ConditionStatus;
use kubelapse::model::kind::Kind;
use kubelapse::model::object::{ObjectRef, PodId};
use kubelapse::model::pod::{PodCondition, PodConditionType, PodPhase};
use serde_json::{Value, json};

use super::suite::{Outcome, json_lines};

/// Files that the steps so far have written.
#[derive(Default)]
struct StepFiles {
    files: BTreeMap<String, String>,
}

impl Files for StepFiles {
    fn read(&self, path: &str) -> Result<Vec<(String, String)>, FileError> {
        if let Some(text) = self.files.get(path) {
            return Ok(vec![(path.to_owned(), text.clone())]);
        }
        let folder = format!("{}/", path.trim_end_matches('/'));
        let found: Vec<(String, String)> = self
            .files
            .iter()
            .filter(|(name, _)| name.strip_prefix(&folder).is_some_and(|rest| !rest.contains('/')))
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect();
        if found.is_empty() { Err(FileError::Missing) } else { Ok(found) }
    }
}

struct World {
    cluster: Cluster,
    machines: Machines,
    kubectl: Kubectl,
    files: StepFiles,
    now: SimTime,
}

impl World {
    fn new() -> Self {
        let streams = Streams::new(0);
        let mut world = Self {
            cluster: Cluster::new(ClusterSettings {
                clock: Clock { epoch_seconds: 1_767_225_600, warmup: SimDuration::ZERO },
                streams,
                not_ready_toleration_seconds: 300,
                unreachable_toleration_seconds: 300,
            }),
            machines: Machines::new(Registry::default(), streams),
            kubectl: Kubectl::default(),
            files: StepFiles::default(),
            now: SimTime::from_secs(1),
        };
        for name in ["n1", "n2"] {
            let node = json!({
                "apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
                "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
            });
            world
                .kubectl
                .apply_manifest(world.now, node, "nodes.yaml", &mut world.cluster, &world.machines)
                .expect("a node");
            let node = world.cluster.node_by_name(name).expect("it was just made");
            world.cluster.modify_spec(world.now, ObjectRef::node(node), |body| {
                body.as_node_mut().is_some_and(|node| {
                    node.taints.clear();
                    true
                })
            });
        }
        world
    }

    /// The stand-in kubelet of the recordings.
    fn settle(&mut self) {
        let pods: Vec<PodId> = self.cluster.list(Kind::POD).filter_map(ObjectRef::as_pod).collect();
        for pod in pods {
            let template = self.cluster.template_of(pod);
            let image = template.spec.main_containers().first().map_or(String::new(), |first| first.image.to_string());
            let selective = !template.spec.node_selector.is_empty();
            let row = self.cluster.pod(pod);
            if row.deletion.is_some() {
                let _ = self.cluster.delete(self.now, ObjectRef::pod(pod), DeleteOptions::NOW);
                continue;
            }
            if row.node.is_none() && !selective && !image.contains("hold") {
                let node = self.cluster.node_by_name("n2").expect("it is there");
                let _ = self.cluster.bind(self.now, pod, node);
                let ended = image.contains("oneshot");
                let bad = image.contains("bad");
                let now = self.now;
                self.cluster.modify_pod_status(now, pod, |status| {
                    status.phase = match (ended, bad) {
                        (true, _) => PodPhase::Succeeded,
                        (_, true) => PodPhase::Pending,
                        _ => PodPhase::Running,
                    };
                    status.set_condition(PodCondition {
                        kind: PodConditionType::Ready,
                        status: ConditionStatus::from(!ended && !bad),
                        reason: "".into(),
                        message: "".into(),
                        last_transition: now,
                    });
                });
            }
        }
    }

    fn run(&mut self, line: &str) -> Output {
        self.now += SimDuration::from_secs(1);
        let mut progress = self.kubectl.start(self.now, line, &mut self.cluster, &self.machines, &self.files);
        for _ in 0..50 {
            match progress {
                Progress::Done(output) => {
                    self.settle();
                    return output;
                }
                Progress::Waiting(waiting) => {
                    self.settle();
                    self.now += SimDuration::from_secs(1);
                    progress = self.kubectl.poll(self.now, waiting, &mut self.cluster, &self.machines);
                }
                Progress::Exec(exec) => return exec.before,
            }
        }
        Output { stderr: "still waiting".to_owned(), exit: -1, ..Output::default() }
    }
}

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let steps = json_lines(root, "api", "commands")?;
    let mut outcomes = Vec::new();
    let mut world = World::new();
    let mut scenario = String::new();
    for step in steps {
        let text = |key: &str| step[key].as_str().unwrap_or_default().to_owned();
        if text("scenario") != scenario {
            scenario = text("scenario");
            world = World::new();
        }
        for (name, content) in step["files"].as_object().into_iter().flatten() {
            world.files.files.insert(name.clone(), content.as_str().unwrap_or_default().to_owned());
        }
        if let Some(stdin) = step["stdin"].as_str() {
            world.files.files.insert("-".to_owned(), stdin.to_owned());
        }
        let command = text("command");
        if command.contains("explain") || command.ends_with(" -h") {
            continue;
        }
        let output = world.run(&command);
        let name = format!("{scenario}/{} {command}", step["step"]);
        outcomes.push((name, compare(&step, &output)));
    }
    Some(outcomes)
}

fn compare(step: &Value, output: &Output) -> Result<(), String> {
    let expected_exit = step["exit"].as_i64().unwrap_or(0);
    for (what, found) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let expected = step[what].as_str().unwrap_or_default();
        let expected = expected.split("\n@@").next().unwrap_or_default().trim_end();
        let found = found.split("\n@@").next().unwrap_or_default().trim_end();
        if found != expected {
            return Err(format!("{what} is {found:?}, expected {expected:?}"));
        }
    }
    if i64::from(output.exit) != expected_exit {
        return Err(format!("exit {} expected {expected_exit}", output.exit));
    }
    Ok(())
}
