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

const WIDGETS: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {plural: widgets, singular: widget, kind: Widget, categories: [all, things]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    selectableFields: [{jsonPath: .spec.size}]
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
";

#[test]
fn a_custom_kind_has_categories_and_fields_to_select_by() {
    let mut bench = Bench::new();
    bench.output("create -f f.yaml", WIDGETS);
    let widgets = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {size: 1}\n---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: b}\nspec: {size: 2}\n";
    assert_eq!(bench.output("create -f f.yaml", widgets).exit, 0);
    let both = "widget.example.com/a\nwidget.example.com/b\n";
    assert_eq!(bench.out("get things -o name"), both);
    assert!(bench.out("get all -o name").ends_with(both));
    assert_eq!(bench.out("get widgets --field-selector spec.size=2 -o name"), "widget.example.com/b\n");
    assert!(bench.err("get widgets --field-selector spec.color=2").contains("field label not supported: spec.color"));
}

/// Upstream: apiextensions-apiserver `crdHandler.ServeHTTP`.
#[test]
fn a_custom_object_takes_no_strategic_patch() {
    let mut bench = Bench::new();
    bench.output("create -f f.yaml", WIDGETS);
    bench.output("create -f f.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\n");
    assert!(bench.err("patch widget a -p '{}'").starts_with(
        "error: application/strategic-merge-patch+json is not supported by example.com/v1, Kind=Widget: the body of"
    ));
    let line = "patch widget a --type=MERGE -p '{\"spec\":{\"size\":5}}'";
    assert_eq!(bench.out(line), "widget.example.com/a patched\n");
    assert_eq!(bench.out(line), "widget.example.com/a patched (no change)\n");
}

/// Upstream: cmd/patch, the branch `o.Local`.
#[test]
fn a_local_patch_changes_what_is_printed_only() {
    let mut bench = Bench::new();
    bench.output("create -f f.yaml", DEPLOYMENT);
    let line = "patch -f f.yaml --local -p '{\"spec\":{\"replicas\":7}}' -o jsonpath={.spec.replicas}";
    assert_eq!(bench.output(line, DEPLOYMENT).stdout, "7");
    assert_eq!(bench.out("get deploy web -o jsonpath={.spec.replicas}"), "1");
}

/// Upstream: cmd/set `EnvOptions.RunEnv`, `updateEnv`.
#[test]
fn variables_are_set_in_all_containers_in_the_order_of_the_flags() {
    let mut bench = Bench::new();
    let pods = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {initContainers: [{name: i, image: busybox}], containers: [{name: c, image: nginx, env: [{name: A, value: '1'}]}]}\n";
    assert_eq!(bench.output("create -f f.yaml", pods).exit, 0);
    let listed = bench.out("set env deploy/web B=2 --list");
    assert_eq!(listed, "# Deployment web, container c\nA=1\nB=2\n# Deployment web, container i\nB=2\n");
    assert_eq!(bench.out("set env deploy/web C=3 -e B=2 --prefix=P_"), "deployment.apps/web env updated\n");
    let names = "get deploy web -o jsonpath={.spec.template.spec.initContainers[*].env[*].name}";
    assert_eq!(bench.out(names), "P_B P_C");
    assert_eq!(
        bench.err("set env deploy/web A=9 P_B=8 --overwrite=false"),
        "error: deployments/web 'A' already has a value (1), and --overwrite is false\n"
    );
    assert_eq!(
        bench.err("set env A=1 deploy/web"),
        "error: all resources must be specified before environment changes: A=1 deploy/web\n"
    );
    assert!(bench.err("set env deploy/web --from=deploy/web").contains("unsupported resource specified in --from"));
    assert!(bench.err("set env deploy/web A=1 --limits=cpu=1").contains("unknown flag: --limits"));
}

/// Upstream: cmd/set `SetImageOptions.Validate`, cmd/util `ParsePairs`.
#[test]
fn a_star_stands_for_all_containers_and_for_nothing_else() {
    let mut bench = Bench::new();
    bench.out("create deployment web --image=nginx");
    assert_eq!(
        bench.err("set image deploy/web *=a nginx=b"),
        "error: all containers are already specified by *, but saw more than one container_name=container_image pairs\n"
    );
    assert_eq!(bench.err("set image deploy/web nginx-"), "error: invalid image format: nginx-\n");
    assert!(bench.err("set image -f f.yaml nginx=b --local").contains("--local is not supported"));
}

/// Upstream: cmd/taint `TaintOptions`, `reorganizeTaints`.
#[test]
fn taint_says_what_became_of_the_taints() {
    let mut bench = Bench::new();
    bench.output("create -f f.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n");
    assert_eq!(bench.out("taint node n1 a=1:NoSchedule"), "node/n1 tainted\n");
    assert_eq!(bench.out("taint node n1 b=1:NoSchedule --overwrite"), "node/n1 modified\n");
    assert_eq!(bench.out("taint node n1 c=1:NoExecute b-"), "node/n1 modified\n");
    assert_eq!(
        bench.err("taint node n1 a=2:NoSchedule c=2:NoExecute"),
        "error: node n1 already has a,c taint(s) with same effect(s) and --overwrite is false\n"
    );
    assert_eq!(bench.err("taint node n1 x- y:NoExecute-"), "taint \"x\" not found\ntaint \"y:NoExecute\" not found\n");
    assert_eq!(bench.out("taint node n1 a-"), "node/n1 untainted\n");
    assert_eq!(
        bench.err("taint node a=1:NoSchedule n1"),
        "error: all resources must be specified before taint changes: n1\n"
    );
    assert_eq!(
        bench.err("taint node a=1:NoSchedule"),
        "error: at least one resource name must be specified since 'all' parameter is not set\n"
    );
    assert!(bench.err("taint node n1 --list").contains("unknown flag: --list"));
}

/// Upstream: cmd/rollout `RestartOptions.RunRestart`; polymorphichelpers `StatusViewerFor`.
#[test]
fn a_rollout_restarts_once_a_second() {
    let mut bench = Bench::new();
    bench.out("create deployment web --image=nginx");
    assert_eq!(bench.out("rollout restart deploy web"), "deployment.apps/web restarted\n");
    assert_eq!(
        bench.err("rollout restart deploy web"),
        "error: failed to create patch for web: if restart has already been triggered within the past second, please wait before attempting to trigger another\n"
    );
    bench.output("create -f f.yaml", "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: r}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}\n");
    assert_eq!(bench.err("rollout status rs r"), "error: no status viewer has been implemented for ReplicaSet.apps\n");
}

/// Upstream: cmd/create `createDeployment`, `createPodDisruptionBudgets`.
#[test]
fn generators_build_what_kubectl_builds() {
    let mut bench = Bench::new();
    let ports = "create deployment web --image=nginx --image=redis --port=80 --dry-run=client -o jsonpath={.spec.template.spec.containers[*].ports[*].containerPort}";
    assert_eq!(bench.out(ports), "80");
    let selector = |of: &str| {
        format!("create pdb p --min-available=1 --dry-run=client -o jsonpath={{.spec.selector}} --selector='{of}'")
    };
    assert_eq!(
        bench.out(&selector("app in (b,a),x,y=1")),
        "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"a\",\"b\"]},{\"key\":\"x\",\"operator\":\"Exists\"}],\"matchLabels\":{\"y\":\"1\"}}"
    );
    assert_eq!(bench.err(&selector("app!=x")), "error: \"!=\" is not a valid label selector operator\n");
    assert!(bench.err("create quota q --hard=pods=1,").contains("Invalid argument syntax , expected"));
    assert!(bench.err("create service clusterip s --tcp=80 --node-port=1").contains("unknown flag: --node-port"));
}

/// Upstream: cmd/expose `ExposeServiceOptions`, polymorphichelpers `multiProtocolsForObject`.
#[test]
fn an_exposed_port_keeps_its_protocols() {
    let mut bench = Bench::new();
    let dns = "apiVersion: v1\nkind: Pod\nmetadata: {name: dns, labels: {a: b}}\nspec: {containers: [{name: c, image: i, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]}]}\n";
    bench.output("create -f f.yaml", dns);
    let ports = "expose pod dns --dry-run=client -o jsonpath='{range .spec.ports[*]}{.name} {.port}/{.protocol},{end}'";
    assert_eq!(bench.out(ports), "port-1-udp 53/UDP,port-1-tcp 53/TCP,");
    bench.output("create -f f.yaml", "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}\n");
    assert_eq!(bench.err("expose ds d --selector=a=b --port=1"), "error: cannot expose a DaemonSet.apps\n");
    assert_eq!(bench.err("expose pod dns --labels=a=b=c"), "error: unexpected label spec: a=b=c\n");
}

/// Upstream: cmd/wait `getObjAndCheckCondition`: what is watched is a name.
#[test]
fn wait_goes_on_with_the_object_that_takes_the_name() {
    let mut bench = Bench::new();
    bench.out("run x --image=nginx");
    let waiting = bench.waits("wait pod/x --for=jsonpath={.metadata.labels.run}=' y '");
    bench.output("delete pod x --force", "");
    bench.out("run x --image=nginx -l run=y");
    let change = bench.cluster.log.at(crate::cluster::Cursor(bench.cluster.log.end().0 - 1)).unwrap();
    assert!(waiting.touches(&change));
    let Progress::Done(output) = bench.kubectl.poll(bench.now, waiting, &mut bench.cluster, &bench.machines) else {
        panic!("the new pod has the label")
    };
    assert_eq!(output.stdout, "pod/x condition met\n");
}
