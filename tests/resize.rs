//! In-place resize of pods, from the request to the container: allocation, restart, refusal, what others see of it.

mod whole_run;

use kubelapse::simulation::Unobserved;
use whole_run::{Run, pod};

const CONTAINER: &str = ".status.containerStatuses[0]";
const ONE_NODE: &str = "  cluster: { nodes: [ { name: n, capacity: { cpu: 4, memory: 8Gi }, images: [ nginx ] } ] }\n";

fn asks(requests: &str, more: &str) -> String {
    format!(", resources: {{ requests: {requests} }}{more}")
}

/// Resizes a pod's only container; returns what kubectl says.
fn resize(run: &mut Run, name: &str, resources: &str) -> String {
    patch(run, &format!("{name} --subresource resize"), resources)
}

fn patch(run: &mut Run, what: &str, resources: &str) -> String {
    let patch = format!(r#"{{"spec":{{"containers":[{{"name":"c","resources":{resources}}}]}}}}"#);
    let output = run.0.kubectl(&format!("patch pod {what} -p '{patch}'"), &mut Unobserved);
    output.stdout + &output.stderr
}

fn condition(run: &mut Run, name: &str, kind: &str, member: &str) -> String {
    run.kubectl(&format!("get pod {name} -o jsonpath='{{.status.conditions[?(@.type==\"{kind}\")].{member}}}'"))
}

fn reasons(run: &mut Run, name: &str) -> String {
    let events =
        run.kubectl(&format!("get events --field-selector involvedObject.name={name} -o jsonpath={{..reason}}"));
    events
        .split_whitespace()
        .filter(|reason| reason.starts_with("Resize") || *reason == "Killing")
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn what_is_there_is_given_without_a_restart() {
    let mut run = Run::new(ONE_NODE, &pod("p", &asks("{ cpu: 100m }", ""), ""));
    run.to(20);
    assert!(resize(&mut run, "p", r#"{"requests":{"cpu":"500m"}}"#).contains("patched"));
    run.to(25);
    assert_eq!(run.field("p", &format!("{CONTAINER}.resources.requests.cpu")), "500m");
    assert_eq!(run.field("p", &format!("{CONTAINER}.allocatedResources.cpu")), "500m");
    assert_eq!(run.field("p", &format!("{CONTAINER}.restartCount")), "0");
    assert_eq!(reasons(&mut run, "p"), "ResizeStarted ResizeCompleted");
}

#[test]
fn a_policy_may_ask_for_a_restart() {
    let policy = ", resizePolicy: [ { resourceName: cpu, restartPolicy: RestartContainer } ]";
    let mut run = Run::new(ONE_NODE, &pod("p", &asks("{ cpu: 100m, memory: 1Mi }", policy), ""));
    run.to(20);
    resize(&mut run, "p", r#"{"requests":{"memory":"2Mi"}}"#);
    run.to(25);
    assert_eq!(run.field("p", &format!("{CONTAINER}.restartCount")), "0", "memory is not CPU");
    resize(&mut run, "p", r#"{"requests":{"cpu":"200m"}}"#);
    run.to(40);
    assert_eq!(run.field("p", &format!("{CONTAINER}.restartCount")), "1");
    assert_eq!(run.field("p", &format!("{CONTAINER}.resources.requests.cpu")), "200m");
    let expected = "ResizeStarted ResizeCompleted ResizeStarted Killing ResizeCompleted";
    assert_eq!(reasons(&mut run, "p"), expected);
}

#[test]
fn what_others_have_is_waited_for() {
    let mut run =
        Run::new(ONE_NODE, &(pod("p", &asks("{ cpu: 1 }", ""), "") + &pod("other", &asks("{ cpu: 2 }", ""), "")));
    run.to(20);
    resize(&mut run, "p", r#"{"requests":{"cpu":"3"}}"#);
    run.to(25);
    assert_eq!(condition(&mut run, "p", "PodResizePending", "reason"), "Deferred");
    let why = "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000";
    assert_eq!(condition(&mut run, "p", "PodResizePending", "message"), why);
    assert_eq!(run.field("p", &format!("{CONTAINER}.allocatedResources.cpu")), "1");
    // The scheduler counts what is asked for already.
    let third = r#"{"spec":{"containers":[{"name":"third","image":"nginx","resources":{"requests":{"cpu":"500m"}}}]}}"#;
    run.kubectl(&format!("run third --image=nginx --overrides='{third}'"));
    run.to(30);
    assert_eq!(run.field("third", ".status.phase"), "Pending");
    run.kubectl("delete pod other --wait=false");
    run.to(70);
    assert_eq!(condition(&mut run, "p", "PodResizePending", "reason"), "");
    assert_eq!(run.field("p", &format!("{CONTAINER}.resources.requests.cpu")), "3");
    assert_eq!(run.field("third", ".status.phase"), "Running");
    assert_eq!(reasons(&mut run, "p"), "ResizeDeferred ResizeStarted ResizeCompleted");
}

#[test]
fn what_cannot_be_is_refused() {
    let mut run = Run::new(ONE_NODE, &pod("p", &asks("{ cpu: 100m }", ""), ""));
    run.to(20);
    let too_much = "pods \"p\" is forbidden: node didn't have enough allocatable resources: cpu, requested: 5000, allocatable: 4000";
    assert!(resize(&mut run, "p", r#"{"requests":{"cpu":"5"}}"#).contains(too_much));
    let class = "spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing";
    let same = r#"{"requests":{"cpu":"1","memory":"1Gi"},"limits":{"cpu":"1","memory":"1Gi"}}"#;
    assert!(resize(&mut run, "p", same).contains(class));
    let plain = patch(&mut run, "p", r#"{"requests":{"cpu":"200m"}}"#);
    assert!(plain.contains("pod updates may not change fields other than"), "{plain}");
}

#[test]
fn a_memory_limit_below_what_is_used_is_not_set() {
    let limited = ", resources: { requests: { memory: 32Mi }, limits: { memory: 256Mi } }";
    let spec = format!("{ONE_NODE}  behaviors: [ {{ match: {{ pod: p }}, memory: 100Mi }} ]\n");
    let mut run = Run::new(&spec, &pod("p", limited, ""));
    run.to(20);
    resize(&mut run, "p", r#"{"limits":{"memory":"64Mi"}}"#);
    run.to(60);
    assert_eq!(condition(&mut run, "p", "PodResizeInProgress", "reason"), "Error");
    assert_eq!(run.field("p", &format!("{CONTAINER}.resources.limits.memory")), "256Mi");
    assert_eq!(run.field("p", &format!("{CONTAINER}.restartCount")), "0");
    resize(&mut run, "p", r#"{"limits":{"memory":"128Mi"}}"#);
    run.to(80);
    assert_eq!(run.field("p", &format!("{CONTAINER}.resources.limits.memory")), "128Mi");
    assert_eq!(reasons(&mut run, "p"), "ResizeStarted ResizeError ResizeStarted ResizeCompleted");
}
