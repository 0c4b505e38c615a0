//! Commands that change a part of an object.

use super::super::Progress;
use super::{Bench, DEPLOYMENT, WIDGETS};
use crate::engine::SimTime;

#[test]
fn set_image_changes_the_template_once() {
    let mut bench = Bench::new();
    bench.out("create deployment web --image=nginx:1.25");
    assert_eq!(bench.out("set image deploy/web nginx=nginx:1.26"), "deployment.apps/web image updated\n");
    assert_eq!(bench.out("set image deploy/web nginx=nginx:1.26"), "");
    assert_eq!(bench.err("set image deploy/web app=x"), "error: unable to find container named \"app\"\n");
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

/// Upstream: cmd/scale `ScaleOptions.RunScale`, kubectl pkg/scale `WaitForScaleHasDesiredReplicas`.
#[test]
fn scale_waits_if_it_is_told_for_how_long() {
    let mut bench = Bench::new();
    bench.out("create deployment web --image=nginx");
    let waiting = bench.waits("scale deploy web --replicas=2 --timeout=5s");
    assert_eq!(waiting.deadline(), SimTime::from_secs(15));
    bench.now = SimTime::from_secs(15);
    let Progress::Done(output) = bench.kubectl.poll(bench.now, waiting, &mut bench.cluster, &bench.machines) else {
        panic!("its time is up")
    };
    assert_eq!((output.stderr.as_str(), output.exit), ("error: timed out waiting for \"web\" to be synced\n", 1));
    let waiting = bench.waits("scale deploy web --replicas=3 --timeout=5s");
    bench.out("patch deploy web --subresource=status --type=merge -p '{\"status\":{\"replicas\":3}}'");
    let Progress::Done(output) = bench.kubectl.poll(bench.now, waiting, &mut bench.cluster, &bench.machines) else {
        panic!("there are three")
    };
    assert_eq!(output.stdout, "deployment.apps/web scaled\n");
    let waiting = bench.waits("scale deploy web --replicas=4 --timeout=5s");
    bench.out("delete deploy web --wait=false");
    let Progress::Done(output) = bench.kubectl.poll(bench.now, waiting, &mut bench.cluster, &bench.machines) else {
        panic!("it is gone")
    };
    assert_eq!(output.stderr, "Error from server (NotFound): deployments.apps \"web\" not found\n");
    bench.out("create deployment web --image=nginx");
    assert_eq!(
        bench.err("scale deploy web --replicas=1 --current-replicas=-2"),
        "error: The --current-replicas must specify an integer of -1 or greater\n"
    );
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

/// Upstream: cmd/set `SubjectOptions.Run`, `Validate`; cmd/create `createRoleBinding`.
#[test]
fn subjects_are_sorted_and_have_a_namespace() {
    let mut bench = Bench::new();
    bench.out("create rolebinding b --role=r --user=z");
    bench.out("set subject rolebinding b --user=y --user=x --user=x --serviceaccount=:sa");
    assert_eq!(bench.out("get rolebinding b -o jsonpath={.subjects[*].name}"), "z x y sa");
    assert_eq!(bench.out("get rolebinding b -o jsonpath={.subjects[3].namespace}"), "default");
    for wrong in [":sa", "ns:", "sa"] {
        let line = format!("create rolebinding c --role=r --serviceaccount={wrong}");
        assert_eq!(bench.err(&line), "error: serviceaccount must be <namespace>:<name>\n");
    }
}
