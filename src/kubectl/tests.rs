//! Commands against a cluster without components.

mod changes;

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
pub(super) struct Bench {
    pub(super) cluster: Cluster,
    machines: Machines,
    kubectl: Kubectl,
    pub(super) now: SimTime,
}

impl Bench {
    pub(super) fn new() -> Self {
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

    pub(super) fn start(&mut self, line: &str, file: &'static str) -> Progress {
        self.kubectl.start(self.now, line, &mut self.cluster, &self.machines, &OneFile(file))
    }

    pub(super) fn output(&mut self, line: &str, file: &'static str) -> Output {
        match self.start(line, file) {
            Progress::Done(output) => output,
            other => panic!("{line}: {other:?}"),
        }
    }

    pub(super) fn out(&mut self, line: &str) -> String {
        let output = self.output(line, "");
        assert_eq!(output.stderr, "", "{line}");
        output.stdout
    }

    pub(super) fn err(&mut self, line: &str) -> String {
        let output = self.output(line, "");
        assert_eq!(output.exit, 1, "{line}: {}", output.stdout);
        output.stderr
    }

    pub(super) fn waits(&mut self, line: &str) -> Waiting {
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
fn a_diff_shows_what_the_server_would_store() {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let mut bench = Bench::new();
    bench.output("apply -f f.yaml", DEPLOYMENT);
    let second = "{name: log, image: 'busybox:1', resources: {requests: {cpu: 1000m}}}";
    let more = leak(DEPLOYMENT.replace("}]}", &format!("}}, {second}]}}")));
    let diff = bench.output("diff -f f.yaml", more).stdout;
    for line in
        ["\n+        imagePullPolicy: IfNotPresent\n", "\n+            cpu: \"1\"\n", "\n+      - image: busybox:1\n"]
    {
        assert!(diff.contains(line), "{line} {diff}");
    }
    let secret = |b: &str| {
        leak(format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{a: one, b: {b}}}\n"))
    };
    bench.output("apply -f f.yaml", secret("two"));
    assert_eq!(bench.output("diff -f f.yaml", secret("two")), Output::default());
    let diff = bench.output("diff -f f.yaml", secret("three")).stdout;
    assert!(diff.contains("\n-  b: '*** (before)'\n+  b: '*** (after)'\n") && !diff.contains("stringData"), "{diff}");
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

/// Upstream: cmd/delete `DeleteOptions.RunDelete`, `DeleteResult`.
#[test]
fn delete_asks_and_warns_and_does_not_wait_after_a_failure() {
    let mut bench = Bench::new();
    bench.out("create configmap a");
    let asked = "You are about to delete the following 1 resource(s):\nconfigmap/a\nDo you want to continue? (y/n): ";
    assert_eq!(bench.out("delete cm a -i"), format!("{asked}deletion is cancelled\n"));
    bench.out("create ns n");
    let warned = bench.output("delete ns n -n n --dry-run=server", "");
    assert_eq!(warned.stderr, "Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n");
    bench.output(
        "create -f f.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [a.example/b]}\n",
    );
    assert_eq!(bench.err("delete cm held nope"), "Error from server (NotFound): configmaps \"nope\" not found\n");
}

#[test]
fn what_is_not_simulated_says_so() {
    let mut bench = Bench::new();
    let refused = "error: kubectl get --warnings-as-errors is not supported by kubelapse yet\n";
    assert_eq!(bench.err("get pods --warnings-as-errors"), refused);
    assert_eq!(bench.err("get pods --context=other"), "error: context \"other\" does not exist\n");
    assert_eq!(bench.output("get pods --context=kubelapse --as-group=x", "").exit, 0);
    assert!(bench.err("create -f f.yaml --edit").contains("--edit is not supported"));
    assert_eq!(bench.err("proxy"), "error: kubectl proxy is not supported by kubelapse yet\n");
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

/// Upstream: apiextensions-apiserver tableconvertor `cellForJSONValue`, `ConvertToTable`.
#[test]
fn columns_of_custom_kinds_show_values_of_their_type() {
    let mut bench = Bench::new();
    let columns = "    additionalPrinterColumns:
    - {name: First, type: string, jsonPath: '.spec.tags[*]'}
    - {name: All, type: string, jsonPath: .spec.tags}
    - {name: Whole, type: integer, jsonPath: .spec.share}
    - {name: Share, type: number, jsonPath: .spec.share}
    - {name: Wrong, type: boolean, jsonPath: .spec.share}
    - {name: Since, type: date, jsonPath: .spec.since}
";
    let definition = WIDGETS.replace("{size: {type: integer}}", "{}, x-kubernetes-preserve-unknown-fields: true");
    let definition = definition.replace("    selectableFields: [{jsonPath: .spec.size}]\n", columns);
    let definition: &'static str = Box::leak(definition.into_boxed_str());
    let created = bench.output("create -f f.yaml", definition);
    assert_eq!(created.exit, 0, "{}", created.stderr);
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {tags: [x, z], share: 1.5, since: never}\n";
    assert_eq!(bench.output("create -f f.yaml", widget).exit, 0);
    let table = bench.out("get widgets --no-headers");
    let cells: Vec<&str> = table.split_whitespace().collect();
    assert_eq!(cells, ["a", "x", "[\"x\",\"z\"]", "1", "1.5", "<invalid>"]);
}

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

/// Upstream: cmd/describe `DescribeOptions.Run`, `DescribeMatchingResources`.
#[test]
fn the_beginning_of_names_describes_them_all() {
    let mut bench = Bench::new();
    bench.out("create configmap web-1");
    bench.out("create configmap web-2");
    let both = bench.out("describe cm web");
    assert_eq!(both.matches("Name:         web-").count(), 2);
    assert!(both.ends_with("Events:  <none>\n\n") && both.contains("Events:  <none>\n\nName:"), "{both}");
    assert_eq!(bench.err("describe cm/web"), "Error from server (NotFound): configmaps \"web\" not found\n");
    assert_eq!(bench.err("describe cm x"), "Error from server (NotFound): configmaps \"x\" not found\n");
    assert_eq!(bench.err("describe cm x -l a=b"), "error: name cannot be provided when a selector is specified\n");
    let nothing = bench.output("describe sc", "");
    assert_eq!((nothing.stderr.as_str(), nothing.exit), ("No resources found in default namespace.\n", 0));
}

/// Upstream: cli-runtime genericclioptions `NoCompatiblePrinterError`.
#[test]
fn columns_are_for_get_alone() {
    let mut bench = Bench::new();
    bench.out("run x --image=nginx");
    let rest = "allowed formats are: go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,yaml\n";
    for form in ["wide", "custom-columns=A:.a"] {
        let refused = bench.err(&format!("annotate pod x a=b -o {form} --overwrite"));
        let first = format!("error: unable to match a printer suitable for the output format \"{form}\", ");
        assert_eq!(refused, format!("{first}{rest}"));
    }
}

/// Upstream: describe `describePod`, `describeVolumes`, `describeContainerVolumes`, `describeContainerEnvVars`.
#[test]
fn a_described_pod_shows_its_rarer_fields() {
    let mut bench = Bench::new();
    let pod = "apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  securityContext: {seccompProfile: {type: RuntimeDefault}}
  resources: {limits: {cpu: 1}}
  topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {a: b}}}]
  containers:
  - name: c
    image: i
    env:
    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: 1Mi}}}
    resources: {requests: {memory: 64Mi}}
    volumeDevices: [{name: block, devicePath: /dev/x}]
  volumes:
  - {name: block, persistentVolumeClaim: {claimName: raw}}
  - {name: share, nfs: {server: s, path: /p}}
  - {name: scratch, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}}}}
  - {name: inline, csi: {driver: d, volumeAttributes: {k: v}}}
  - {name: info, downwardAPI: {items: [{path: mem, resourceFieldRef: {containerName: c, resource: limits.memory}}]}}
";
    let created = bench.output("create -f f.yaml", pod);
    assert_eq!(created.exit, 0, "{}", created.stderr);
    // Blanks follow from the widths of whole blocks.
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
    let described: String = bench.out("describe pod p").lines().map(words).collect();
    for lines in [
        "SeccompProfile: RuntimeDefault\n",
        "Resources:\nLimits:\ncpu: 1\n",
        "CPU: node allocatable (limits.cpu)\n",
        "MEMORY: 64 (requests.memory)\n",
        "Devices:\n/dev/x from block\n",
        "Type: NFS (an NFS mount that lasts the lifetime of a pod)\nServer: s\nPath: /p\nReadOnly: false\n",
        "StorageClass: fast\nVolume:\nLabels: <none>\n",
        "Driver: d\nFSType:\nReadOnly: false\nVolumeAttributes: k=v\n",
        "limits.memory -> mem\n",
        "Topology Spread Constraints: zone:DoNotSchedule when max skew 1 is exceeded for selector a=b\n",
    ] {
        assert!(described.contains(lines), "{lines:?} is not in\n{described}");
    }
    for claim in ["raw", "p-scratch", "other"] {
        let manifest = format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {claim}}}\nspec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}\n"
        );
        bench.output("create -f f.yaml", Box::leak(manifest.into_boxed_str()));
        let user = if claim == "other" { "<none>" } else { "p" };
        let described: String = bench.out(&format!("describe pvc {claim}")).lines().map(words).collect();
        assert!(described.contains(&format!("Used By: {user}\n")), "{described}");
    }
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
