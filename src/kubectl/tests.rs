//! Commands against a cluster without components.

use super::{FileError, Files, Kubectl, Output, Progress, Waiting};
use crate::api::Clock;
use crate::cluster::{Cluster, ClusterSettings, DeleteOptions};
use crate::engine::random::Streams;
use crate::engine::{SimDuration, SimTime};
use crate::machines::{Machines, Registry};
use crate::model::kind::Kind;

struct OneFile(&'static str);

impl Files for OneFile {
    fn read(&self, path: &str) -> Result<Vec<(String, String)>, FileError> {
        if path == "f.yaml" { Ok(vec![(path.to_owned(), self.0.to_owned())]) } else { Err(FileError::Missing) }
    }
}

/// A cluster, a kubectl, and a clock.
struct Bench {
    cluster: Cluster,
    machines: Machines,
    kubectl: Kubectl,
    now: SimTime,
}

impl Bench {
    fn new() -> Self {
        let clock = Clock { epoch_seconds: 1_767_225_600, warmup: SimDuration::ZERO };
        let streams = Streams::new(0);
        let settings =
            ClusterSettings { clock, streams, not_ready_toleration_seconds: 300, unreachable_toleration_seconds: 300 };
        Self {
            cluster: Cluster::new(settings),
            machines: Machines::new(Registry::default(), streams),
            kubectl: Kubectl::default(),
            now: SimTime::from_secs(10),
        }
    }

    fn start(&mut self, line: &str, file: &'static str) -> Progress {
        self.kubectl.start(self.now, line, &mut self.cluster, &self.machines, &OneFile(file))
    }

    fn output(&mut self, line: &str, file: &'static str) -> Output {
        match self.start(line, file) {
            Progress::Done(output) => output,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn out(&mut self, line: &str) -> String {
        let output = self.output(line, "");
        assert_eq!(output.stderr, "", "{line}");
        output.stdout
    }

    fn err(&mut self, line: &str) -> String {
        let output = self.output(line, "");
        assert_eq!(output.exit, 1, "{line}: {}", output.stdout);
        output.stderr
    }

    fn waits(&mut self, line: &str) -> Waiting {
        match self.start(line, "") {
            Progress::Waiting(waiting) => waiting,
            other => panic!("{line}: {other:?}"),
        }
    }
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: 'nginx:1.25'}]}
";

#[test]
fn a_created_deployment_is_listed() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.out("kubectl create deployment web --image=nginx:1.25 --replicas=3"),
        "deployment.apps/web created\n"
    );
    bench.now = SimTime::from_secs(70);
    assert_eq!(
        bench.out("kubectl get deploy"),
        "NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    0/3     0            0           60s\n"
    );
    assert_eq!(bench.out("get deploy -o name"), "deployment.apps/web\n");
    assert_eq!(bench.out("scale deploy/web --replicas=5"), "deployment.apps/web scaled\n");
    assert!(bench.out("get deploy web -o yaml").contains("  replicas: 5\n"));
}

#[test]
fn applying_twice_changes_nothing() {
    let mut bench = Bench::new();
    assert_eq!(bench.output("apply -f f.yaml", DEPLOYMENT).stdout, "deployment.apps/web created\n");
    assert_eq!(bench.output("apply -f f.yaml", DEPLOYMENT).stdout, "deployment.apps/web unchanged\n");
    bench.out("scale deploy web --replicas=4");
    let changed: &'static str = Box::leak(DEPLOYMENT.replace("1.25", "1.26").into_boxed_str());
    assert_eq!(bench.output("apply -f f.yaml", changed).stdout, "deployment.apps/web configured\n");
    let view = bench.out("get deploy web -o json");
    assert!(view.contains("nginx:1.26") && view.contains("\"replicas\": 4"), "{view}");
}

#[test]
fn the_same_name_twice_is_refused() {
    let mut bench = Bench::new();
    bench.out("run x --image=nginx");
    assert_eq!(bench.err("run x --image=nginx"), "Error from server (AlreadyExists): pods \"x\" already exists\n");
    assert_eq!(bench.err("get pod y"), "Error from server (NotFound): pods \"y\" not found\n");
    assert_eq!(bench.err("create -f missing.yaml"), "error: the path \"missing.yaml\" does not exist\n");
}

#[test]
fn nothing_found_is_no_failure() {
    let mut bench = Bench::new();
    let output = bench.output("get pods", "");
    assert_eq!((output.stderr.as_str(), output.exit), ("No resources found in default namespace.\n", 0));
}

#[test]
fn delete_waits_until_the_pod_is_gone() {
    let mut bench = Bench::new();
    bench.out("run x --image=nginx");
    let pod = bench.cluster.list(Kind::POD).next().unwrap().as_pod().unwrap();
    let node = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n";
    bench.output("create -f f.yaml", node);
    let node = bench.cluster.node_by_name("n1").unwrap();
    bench.cluster.bind(bench.now, pod, node).unwrap();
    let waiting = bench.waits("delete pod x");
    assert_eq!(waiting.deadline(), SimTime::NEVER);
    let object = crate::model::object::ObjectRef::pod(pod);
    bench.cluster.delete(bench.now, object, DeleteOptions::NOW).unwrap();
    let change = bench.cluster.log.at(crate::cluster::Cursor(bench.cluster.log.end().0 - 1)).unwrap();
    assert!(waiting.touches(&change));
    let Progress::Done(output) = bench.kubectl.poll(bench.now, waiting, &mut bench.cluster, &bench.machines) else {
        panic!("it is gone")
    };
    assert_eq!(output.stdout, "pod \"x\" deleted\n");
}

#[test]
fn set_image_changes_the_template_once() {
    let mut bench = Bench::new();
    bench.out("create deployment web --image=nginx:1.25");
    assert_eq!(bench.out("set image deploy/web nginx=nginx:1.26"), "deployment.apps/web image updated\n");
    assert_eq!(bench.out("set image deploy/web nginx=nginx:1.26"), "");
    assert_eq!(bench.err("set image deploy/web app=x"), "error: unable to find container named \"app\"\n");
}

#[test]
fn what_is_not_simulated_says_so() {
    let mut bench = Bench::new();
    assert_eq!(bench.err("proxy"), "error: kubectl proxy is not supported by kubelapse yet\n");
}

/// Upstream: cmd/label `LabelOptions.RunLabel`, `updateDataChangeMsg`.
#[test]
fn label_says_what_became_of_the_labels() {
    let mut bench = Bench::new();
    bench.out("run x --image=nginx");
    assert_eq!(bench.out("label pod x a=b"), "pod/x labeled\n");
    assert_eq!(bench.out("label pod x a=b"), "pod/x not labeled\n");
    assert_eq!(bench.out("label pod x a-"), "pod/x unlabeled\n");
    assert_eq!(bench.out("label pod x a-"), "label \"a\" not found.\npod/x not labeled\n");
    assert_eq!(bench.out("label pod x run- --overwrite"), "pod/x labeled\n");
    assert_eq!(bench.err("label pod a=b x"), "error: all resources must be specified before label changes: x\n");
    assert_eq!(bench.out("label pod x a=1 b=2"), "pod/x labeled\n");
    assert_eq!(
        bench.err("label pod x a=2 b=3"),
        "'a' already has a value (1), and --overwrite is false\n'b' already has a value (2), and --overwrite is false\n"
    );
    assert_eq!(bench.out("label pods --all --list"), "Listing labels for Pod./x:\n a=1\n b=2\n");
    assert_eq!(bench.out("label pod x --list c=3"), "a=1\nb=2\nc=3\n");
    assert_eq!(
        bench.err("label pods --all c=3 --resource-version=1"),
        "error: --resource-version may only be used with a single resource\n"
    );
}

/// Upstream: cmd/annotate `validateNoAnnotationOverwrites`.
#[test]
fn the_cause_of_a_change_is_overwritten_without_asking() {
    let mut bench = Bench::new();
    bench.out("create deployment web --image=nginx");
    for cause in ["one", "two"] {
        let line = format!("annotate deploy web kubernetes.io/change-cause={cause}");
        assert_eq!(bench.out(&line), "deployment.apps/web annotated\n");
    }
    bench.out("annotate deploy web a=1");
    assert_eq!(
        bench.err("annotate deploy web a=2"),
        "error: --overwrite is false but found the following declared annotation(s): 'a' already has a value (1)\n"
    );
}

/// Upstream: the branch `o.local` of cmd/label `RunLabel`.
#[test]
fn local_changes_reach_no_server() {
    let mut bench = Bench::new();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, image: i}]}\n";
    bench.output("create -f f.yaml", pod);
    let output = bench.output("label -f f.yaml a=b --local -o jsonpath={.metadata.labels}", pod);
    assert_eq!((output.stdout.as_str(), output.exit), ("{\"a\":\"b\"}", 0));
    assert_eq!(bench.out("get pod x -o jsonpath={.metadata.labels}"), "");
    assert_eq!(
        bench.err("label pod x a=b --local"),
        "error: can only use local files by -f pod.yaml or --filename=pod.json when --local=true is set\n"
    );
}

/// Upstream: cli-runtime resource `Builder.visitByName`.
#[test]
fn an_object_without_namespace_is_found_in_all_of_them() {
    let mut bench = Bench::new();
    bench.output("create -f f.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n");
    assert_eq!(bench.out("get node n1 -A -o name"), "node/n1\n");
    assert_eq!(bench.err("get pod x -A"), "error: a resource cannot be retrieved by name across all namespaces\n");
}
