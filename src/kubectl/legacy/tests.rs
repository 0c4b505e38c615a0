//! Rolling updates of ReplicationControllers, with a stand-in for their controller.

use crate::api::Clock;
use crate::cluster::{Cluster, ClusterSettings, DeleteOptions, NewPod, PodName};
use crate::engine::random::Streams;
use crate::engine::{SimDuration, SimTime};
use crate::kubectl::{FileError, Files, Kubectl, Output, Progress, Waiting};
use crate::machines::{Machines, Registry};
use crate::model::Text;
use crate::model::condition::ConditionStatus;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;
use crate::model::pod::{PodCondition, PodConditionType, PodPhase, Why};

struct Given(String);

impl Files for Given {
    fn read(&self, path: &str) -> Result<Vec<(String, String)>, FileError> {
        Ok(vec![(path.to_owned(), self.0.clone())])
    }
}

fn manifest(name: &str, version: &str, replicas: u32) -> String {
    format!(
        "apiVersion: v1
kind: ReplicationController
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{app: nginx, deployment: {version}}}
  template:
    metadata: {{labels: {{app: nginx, deployment: {version}}}}}
    spec: {{containers: [{{name: nginx, image: 'nginx:1.7.9'}}]}}
"
    )
}

struct Bench {
    cluster: Cluster,
    machines: Machines,
    kubectl: Kubectl,
    now: SimTime,
}

impl Bench {
    fn new(replicas: u32) -> Self {
        let clock = Clock { epoch_seconds: 1_767_225_600, warmup: SimDuration::ZERO };
        let streams = Streams::new(0);
        let settings =
            ClusterSettings { clock, streams, not_ready_toleration_seconds: 300, unreachable_toleration_seconds: 300 };
        let mut bench = Self {
            cluster: Cluster::new(settings),
            machines: Machines::new(Registry::default(), streams),
            kubectl: Kubectl::default(),
            now: SimTime::from_secs(1),
        };
        let files = Given(manifest("my-nginx", "v1", replicas));
        let made = bench.kubectl.start(bench.now, "create -f f", &mut bench.cluster, &bench.machines, &files);
        assert!(matches!(made, Progress::Done(Output { exit: 0, .. })), "{made:?}");
        bench.reconcile();
        bench
    }

    /// As the controller would do in a while.
    fn reconcile(&mut self) {
        let now = self.now;
        let controllers: Vec<ObjectRef> = self.cluster.list(Kind::REPLICATION_CONTROLLER).collect();
        for key in controllers {
            let set = self.cluster.body(key).as_replica_set().unwrap().clone();
            if self.cluster.meta(key).deletion.is_some() {
                let pods: Vec<_> = self.cluster.pods_of(key).collect();
                for pod in pods {
                    self.cluster.set_pod_controller(now, pod, ObjectRef::NONE);
                }
                self.cluster.modify_meta(now, key, |meta| {
                    meta.finalizers.clear();
                    true
                });
                continue;
            }
            let orphans = self.cluster.pods_matching(self.cluster.meta(key).namespace, &set.selector);
            for pod in orphans {
                if !self.cluster.pod(pod).controller.is_some() {
                    self.cluster.set_pod_controller(now, pod, key);
                }
            }
            let pods: Vec<_> = self.cluster.pods_of(key).collect();
            for pod in pods.iter().skip(set.replicas as usize) {
                self.cluster.delete(now, ObjectRef::pod(*pod), DeleteOptions::NOW).unwrap();
            }
            for _ in pods.len()..set.replicas as usize {
                let pod = NewPod {
                    namespace: self.cluster.meta(key).namespace,
                    name: PodName::Generate(Text::const_new("p-")),
                    template: set.template,
                    controller: key,
                    finalizers: Vec::new(),
                    mirror: false,
                };
                let pod = self.cluster.create_pod(now, pod).unwrap();
                self.cluster.modify_pod_status(now, pod, |status| {
                    status.phase = PodPhase::Running;
                    status.set_condition(PodCondition::new(
                        PodConditionType::Ready,
                        ConditionStatus::True,
                        Why::NONE,
                        now,
                    ));
                });
            }
            let generation = self.cluster.meta(key).generation;
            self.cluster.modify_status(now, key, |body| {
                let status = &mut body.as_replica_set_mut().unwrap().status;
                (status.replicas, status.observed_generation) = (set.replicas, generation);
                true
            });
        }
    }

    fn start(&mut self, line: &str, file: &str) -> Progress {
        let files = Given(file.to_owned());
        self.kubectl.start_legacy(self.now, line, &mut self.cluster, &self.machines, &files)
    }

    fn poll(&mut self, waiting: Waiting) -> Progress {
        self.now = self.now.max(waiting.deadline());
        self.reconcile();
        self.kubectl.poll(self.now, waiting, &mut self.cluster, &self.machines)
    }

    fn run(&mut self, line: &str, file: &str) -> Output {
        let mut progress = self.start(line, file);
        loop {
            progress = match progress {
                Progress::Done(output) => return output,
                Progress::Waiting(waiting) => self.poll(waiting),
                Progress::Exec(_) | Progress::Edit(_) => panic!("nothing is run or edited"),
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let all = self.cluster.list(Kind::REPLICATION_CONTROLLER);
        all.map(|key| self.cluster.meta(key).name.to_string()).collect()
    }
}

#[test]
fn with_a_file_one_pod_after_another_moves_to_the_new_controller() {
    let mut bench = Bench::new(4);
    let output = bench.run("rolling-update my-nginx -f v4.yaml", &manifest("my-nginx-v4", "v4", 5));
    let expected = "Created my-nginx-v4
Scaling up my-nginx-v4 from 0 to 5, scaling down my-nginx from 4 to 0 (keep 5 pods available, don't exceed 6 pods)
Scaling my-nginx-v4 up to 2
Scaling my-nginx down to 3
Scaling my-nginx-v4 up to 3
Scaling my-nginx down to 2
Scaling my-nginx-v4 up to 4
Scaling my-nginx down to 1
Scaling my-nginx-v4 up to 5
Scaling my-nginx down to 0
Update succeeded. Deleting my-nginx
replicationcontroller/my-nginx-v4 rolling updated
";
    assert_eq!((output.stdout.as_str(), output.exit), (expected, 0));
    bench.reconcile();
    assert_eq!(bench.names(), ["my-nginx-v4"]);
    assert_eq!(output.stderr, "Command \"rolling-update\" is deprecated, use \"rollout\" instead\n");
    assert!(bench.now >= SimTime::from_secs(4 * 60), "a minute passes between two steps");
}

#[test]
fn with_an_image_the_controller_keeps_its_name_and_its_pods() {
    let mut bench = Bench::new(3);
    let output = bench.run("rolling-update my-nginx --image=nginx:1.9.1 --update-period=10s", "");
    let masked: Vec<String> = output.stdout.lines().map(mask).collect();
    let expected = [
        "Created my-nginx-#",
        "Scaling up my-nginx-# from 0 to 3, scaling down my-nginx from 3 to 0 (keep 3 pods available, don't exceed 4 pods)",
        "Scaling my-nginx-# up to 1",
        "Scaling my-nginx down to 2",
        "Scaling my-nginx-# up to 2",
        "Scaling my-nginx down to 1",
        "Scaling my-nginx-# up to 3",
        "Scaling my-nginx down to 0",
        "Update succeeded. Deleting old controller: my-nginx",
        "Renaming my-nginx-# to my-nginx",
        "replicationcontroller/my-nginx rolling updated",
    ];
    assert_eq!(masked, expected);
    bench.reconcile();
    assert_eq!((bench.names(), bench.cluster.count(Kind::POD)), (vec!["my-nginx".to_owned()], 3));
    let pod = bench.cluster.list(Kind::POD).next().unwrap();
    assert_eq!(bench.cluster.view(pod)["spec"]["containers"][0]["image"], "nginx:1.9.1");
}

#[test]
fn a_rollback_brings_the_old_pods_back_and_ends_the_update_that_runs() {
    let mut bench = Bench::new(3);
    let Progress::Waiting(mut running) = bench.start("rolling-update my-nginx --image=nginx:bad", "") else {
        panic!("it takes its time")
    };
    for _ in 0..5 {
        let Progress::Waiting(next) = bench.poll(running) else { panic!("it is not over") };
        running = next;
    }
    let output = bench.run("rolling-update my-nginx --rollback --update-period=1s", "");
    let masked: Vec<String> = output.stdout.lines().map(mask).collect();
    assert_eq!(
        masked[..2],
        ["Setting \"my-nginx\" replicas to 3", "Continuing update with existing controller my-nginx."]
    );
    assert_eq!(masked[masked.len() - 2], "Update succeeded. Deleting my-nginx-#");
    bench.reconcile();
    assert_eq!((output.exit, bench.names()), (0, vec!["my-nginx".to_owned()]));
    let Progress::Done(interrupted) = bench.poll(running) else { panic!("it was interrupted") };
    assert_ne!(interrupted.exit, 0);
}

#[test]
fn wrong_arguments_are_refused_in_its_words() {
    let mut bench = Bench::new(1);
    for (line, error) in [
        ("rolling-update my-nginx", "Must specify --filename or --image for new controller"),
        ("rolling-update --image=x", "Must specify the controller to update"),
        ("rolling-update my-nginx -f f --image=x", "--filename and --image can not both be specified"),
        ("rolling-update my-nginx -f f", "cannot have the same name as the existing ReplicationController my-nginx"),
        ("rolling-update nobody --image=x", "replicationcontrollers \"nobody\" not found"),
        ("rolling-update my-nginx --rollback", "Could not find"),
        ("run x", "unknown command \"run\""),
    ] {
        let output = bench.run(line, &manifest("my-nginx", "v2", 1));
        assert!(output.exit != 0 && output.stderr.contains(error), "{line}: {}", output.stderr);
    }
    let today =
        bench.kubectl.start(bench.now, "rolling-update x", &mut bench.cluster, &bench.machines, &Given(String::new()));
    let Progress::Done(output) = today else { panic!("it is unknown") };
    assert!(output.stderr.contains("unknown command \"rolling-update\""), "{}", output.stderr);
}

/// The hash in a controller's name.
fn mask(line: &str) -> String {
    let is_hash =
        |word: &&str| word.len() >= 32 && word[word.len() - 32..].bytes().all(|byte| byte.is_ascii_hexdigit());
    line.split(' ')
        .map(|word| match Some(word).filter(is_hash) {
            Some(word) => format!("{}#", &word[..word.len() - 32]),
            None => word.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(" ")
}
