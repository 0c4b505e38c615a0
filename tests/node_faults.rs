//! Nodes, registries and containers break in whole runs: what users see of it through kubectl.

mod whole_run;

use kubelapse::model::kind::Kind;
use kubelapse::model::object::ObjectRef;
use whole_run::{ONE_NODE, Run, pod};

#[test]
fn a_machine_that_was_off_reports_its_containers_as_lost_and_starts_them_anew() {
    let spec = format!("{ONE_NODE}  steps: [ {{ at: 10s, fault: {{ node: n, kind: crash, for: 1m }} }} ]\n");
    let mut run = Run::new(&spec, &(pod("always", "", "") + &pod("never", "", ", restartPolicy: Never")));
    let before = run.to(9).field("always", ".status.podIP");
    run.to(120);
    assert_eq!(run.field("always", ".status.containerStatuses[0].restartCount"), "1");
    let last = ".status.containerStatuses[0].lastState.terminated";
    assert_eq!(run.field("always", &format!("{last}.exitCode")), "255");
    assert_eq!(run.field("always", &format!("{last}.reason")), "Unknown");
    assert_ne!(run.field("always", ".status.podIP"), before, "a new sandbox has a new address");
    assert_eq!(run.field("never", ".status.phase"), "Failed");
    let events = run.kubectl("get events --field-selector involvedObject.kind=Node");
    assert!(events.contains("has been rebooted, boot id:"), "{events}");
}

#[test]
fn what_happens_on_a_cut_off_node_shows_when_the_network_is_back() {
    let spec = format!(
        "{ONE_NODE}  behaviors: [ {{ run: {{ for: 30s, exit: 3 }} }} ]\n  steps: [ {{ at: 10s, fault: {{ node: n, kind: partition, for: 40s }} }} ]\n"
    );
    let mut run = Run::new(&spec, &pod("a", "", ", restartPolicy: Never"));
    assert_eq!(run.to(45).field("a", ".status.phase"), "Running", "nobody can know");
    assert_eq!(run.to(60).field("a", ".status.phase"), "Failed");
    assert_eq!(run.field("a", ".status.containerStatuses[0].state.terminated.exitCode"), "3");
}

#[test]
fn a_registry_that_is_down_fails_pulls_until_it_is_healed() {
    let spec = "  images: { redis: { size: 10MiB } }\n  steps:\n  - { at: 0s, fault: { registry: docker.io, kind: down } }\n  - { at: 60s, heal: { registry: docker.io } }\n";
    let mut run = Run::new(spec, &pod("a", "", "").replace("nginx", "redis"));
    let events = run.to(50).kubectl("get events --field-selector reason=Failed");
    assert!(events.contains("i/o timeout"), "{events}");
    assert_eq!(run.to(120).field("a", ".status.phase"), "Running");
}

#[test]
fn work_is_stretched_by_limits_and_by_those_who_share_the_node() {
    let behaviour = "  behaviors: [ { run: { cpuSeconds: 10, exit: 0 } } ]\n";
    let limited = ", resources: { limits: { cpu: 500m } }";
    let mut run = Run::new(&format!("{ONE_NODE}{behaviour}"), &pod("a", limited, ", restartPolicy: Never"));
    assert_eq!(run.to(19).field("a", ".status.phase"), "Running");
    assert_eq!(run.to(25).field("a", ".status.phase"), "Succeeded", "10 core-seconds at half a core");
    let two = pod("a", ", resources: { requests: { cpu: 300m } }", ", restartPolicy: Never")
        + &pod("b", ", resources: { requests: { cpu: 100m } }", ", restartPolicy: Never");
    let mut run = Run::new(&format!("{ONE_NODE}{behaviour}"), &two);
    run.to(12);
    assert_eq!(
        (run.field("a", ".status.phase"), run.field("b", ".status.phase")),
        ("Running".into(), "Running".into())
    );
    run.to(18);
    // Three quarters of the core for 13.3 s; the other one has all of it from then on, and ends after 20 s in all.
    assert_eq!(
        (run.field("a", ".status.phase"), run.field("b", ".status.phase")),
        ("Succeeded".into(), "Running".into())
    );
    assert_eq!(run.to(25).field("b", ".status.phase"), "Succeeded");
}

#[test]
fn a_container_without_what_it_needs_gives_up_and_serves_once_it_is_there() {
    let spec = format!(
        "{ONE_NODE}  behaviors: [ {{ match: {{ labels: {{ app: app }} }}, needs: {{ services: [ db ], else: {{ exit: 4, after: 5s }} }} }} ]\n"
    );
    let service = "apiVersion: v1\nkind: Service\nmetadata: { name: db }\nspec: { selector: { app: db }, ports: [ { port: 80 } ] }\n---\n";
    let mut run = Run::new(&spec, &(service.to_owned() + &pod("app", "", "")));
    assert_eq!(run.to(30).field("app", ".status.containerStatuses[0].lastState.terminated.exitCode"), "4");
    run.kubectl("run db --image=nginx --image-pull-policy=IfNotPresent --labels=app=db");
    let restarts = run.to(120).field("app", ".status.containerStatuses[0].restartCount");
    assert_eq!(run.field("app", ".status.phase"), "Running");
    assert_eq!(run.to(600).field("app", ".status.containerStatuses[0].restartCount"), restarts, "it stays up");
}

#[test]
fn a_starved_container_answers_its_probes_too_late() {
    let spec = format!(
        "{ONE_NODE}  behaviors: [ {{ cpu: {{ since: container, steps: [ [ 0s, 0.1 ], [ 30s, 2 ] ] }}, probes: {{ answer: 300ms, underLoad: true }} }} ]\n"
    );
    let container =
        ", resources: { limits: { cpu: 500m } }, readinessProbe: { httpGet: { port: 80 }, periodSeconds: 5 }";
    let mut run = Run::new(&spec, &pod("a", container, ""));
    assert_eq!(run.to(20).field("a", ".status.containerStatuses[0].ready"), "true");
    assert_eq!(run.to(60).field("a", ".status.containerStatuses[0].ready"), "false", "300 ms four times over");
    assert!(run.kubectl("get events").contains("context deadline exceeded"));
}

#[test]
fn pressure_evicts_by_excess_taints_the_node_and_lasts_five_minutes_longer() {
    let spec = format!(
        "{ONE_NODE}  behaviors:\n  - {{ match: {{ labels: {{ app: greedy }} }}, memory: 300Mi, onTerm: ignore }}\n  - {{ match: {{ labels: {{ app: modest }} }}, memory: 300Mi }}\n  steps: [ {{ at: 1m, fault: {{ node: n, kind: memory-pressure, for: 25s }} }} ]\n"
    );
    let manifests = pod("greedy", ", resources: { requests: { memory: 100Mi } }", "")
        + &pod("modest", ", resources: { requests: { memory: 400Mi } }", "");
    let mut run = Run::new(&spec, &manifests);
    run.to(95);
    assert_eq!(run.condition("MemoryPressure"), "True");
    assert_eq!(run.field("greedy", ".status.reason"), "Evicted");
    let message = run.field("greedy", ".status.message");
    let start = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c was using 300Mi, request is 100Mi";
    assert!(message.starts_with(start), "{message}");
    let ended = ".status.containerStatuses[0].state.terminated.finishedAt";
    assert!(run.field("greedy", ended) <= run.field("modest", ended), "who is within its request goes last");
    // One that ends well when it is told to has succeeded, although it was evicted.
    assert_eq!(run.field("modest", ".status.phase") + &run.field("modest", ".status.reason"), "Succeeded");
    let target = ".status.conditions[?(@.type==\"DisruptionTarget\")].reason";
    assert_eq!(run.kubectl(&format!("get pod modest -o jsonpath='{{{target}}}'")), "TerminationByKubelet");
    let taints = "get node n -o jsonpath={.spec.taints[*].key}";
    assert!(run.kubectl(taints).contains("memory-pressure"));
    assert_eq!(run.to(300).condition("MemoryPressure"), "True");
    assert_eq!(run.to(420).condition("MemoryPressure"), "False");
    assert!(!run.kubectl(taints).contains("memory-pressure"));
}

#[test]
fn an_empty_dir_over_its_limit_costs_the_pod() {
    let container = ", command: [ sh, -c, \"dd if=/dev/zero of=/data/x bs=1M count=20; sleep 600\" ], volumeMounts: [ { name: v, mountPath: /data } ]";
    let volumes = ", volumes: [ { name: v, emptyDir: { sizeLimit: 10Mi } } ]";
    let mut run = Run::new(ONE_NODE, &pod("a", container, volumes).replace("nginx", "busybox"));
    assert_eq!(run.to(30).field("a", ".status.reason"), "Evicted");
    assert_eq!(run.field("a", ".status.message"), "Usage of EmptyDir volume \"v\" exceeds the limit \"10Mi\". ");
    let id = run.field("a", ".status.containerStatuses[0].containerID");
    let logs = run.0.kubectl("logs a", &mut kubelapse::simulation::Unobserved);
    assert_eq!(logs.stderr, format!("Error from server (BadRequest): unable to retrieve container logs for {id}\n"));
}

#[test]
fn a_dead_disk_makes_the_node_not_ready_and_leaves_its_containers_alone() {
    let spec = format!("{ONE_NODE}  steps: [ {{ at: 10s, fault: {{ node: n, kind: disk, for: 2m }} }} ]\n");
    let mut run = Run::new(&spec, &pod("a", "", ""));
    assert_eq!(run.to(30).condition("Ready"), "True");
    assert_eq!(run.to(60).condition("Ready"), "False");
    assert!(run.kubectl("describe node n").contains("container runtime is down"));
    assert_eq!(run.to(200).condition("Ready"), "True");
    assert_eq!(run.field("a", ".status.containerStatuses[0].restartCount"), "0");
}

#[test]
fn a_program_that_the_image_lacks_cannot_be_started_and_a_shell_says_127() {
    let direct = pod("direct", ", command: [ bash, -c, ls ]", "").replace("nginx", "busybox");
    let shell = pod("shell", ", command: [ sh, -c, frobnicate ]", ", restartPolicy: Never").replace("nginx", "busybox");
    let mut run = Run::new(ONE_NODE, &(direct + &shell));
    run.to(30);
    let state = ".status.containerStatuses[0]";
    let last = run.field("direct", &format!("{state}.lastState.terminated.reason"))
        + &run.field("direct", &format!("{state}.state.terminated.reason"));
    assert!(last.contains("StartError"), "{last}");
    let events = run.kubectl("get events");
    assert!(events.contains("exec: \"bash\": executable file not found in $PATH"), "{events}");
    assert_eq!(run.field("shell", &format!("{state}.state.terminated.exitCode")), "127");
}

#[test]
fn the_tutorials_liveness_example_restarts_its_container() {
    let probe = ", args: [ /bin/sh, -c, \"touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600\" ], livenessProbe: { exec: { command: [ cat, /tmp/healthy ] }, initialDelaySeconds: 5, periodSeconds: 5 }";
    let mut run = Run::new(ONE_NODE, &pod("liveness-exec", probe, "").replace("nginx", "busybox"));
    assert_eq!(run.to(29).field("liveness-exec", ".status.containerStatuses[0].restartCount"), "0");
    let events = run.to(60).kubectl("get events");
    assert!(
        events.contains("Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory"),
        "{events}"
    );
    assert_eq!(run.to(100).field("liveness-exec", ".status.containerStatuses[0].restartCount"), "1");
}

#[test]
fn nothing_ticks_on_a_node_that_is_steadily_short_of_something() {
    let spec = format!(
        "{ONE_NODE}  output: {{ sample: 0s }}\n  steps: [ {{ at: 10s, fault: {{ node: n, kind: disk-pressure }} }} ]\n"
    );
    let mut run = Run::new(&spec, &pod("a", "", ""));
    run.to(3600);
    let after_an_hour = run.0.events_handled();
    run.to(20 * 3600);
    assert_eq!(run.0.events_handled(), after_an_hour);
    assert_eq!(run.condition("DiskPressure"), "True");
}

#[test]
fn a_storm_of_faults_breaks_no_promise() {
    let kinds = ["crash", "partition", "reboot", "kubelet", "disk", "memory-pressure", "disk-pressure", "pid-pressure"];
    for seed in 0..4_u64 {
        let mut steps = String::from("  steps:\n");
        for at in 0..24_u64 {
            let mixed = (at + 1) * 7919 * (seed + 3);
            let kind = kinds[(mixed % kinds.len() as u64) as usize];
            let node = mixed / 8 % 3 + 1;
            steps += &format!(
                "  - {{ at: {}s, fault: {{ node: n-{node}, kind: {kind}, for: {}s }} }}\n",
                30 + at * 25,
                5 + mixed % 120
            );
        }
        let spec = format!(
            "  seed: {seed}\n  cluster: {{ nodes: [ {{ name: \"n-{{}}\", count: 3, images: [ nginx ] }} ] }}\n{steps}"
        );
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { replicas: 6, selector: { matchLabels: { app: web } }, template: { metadata: { labels: { app: web } }, spec: { containers: [ { name: c, image: nginx, imagePullPolicy: IfNotPresent, readinessProbe: { httpGet: { port: 80 } } } ] } } }\n";
        let mut run = Run::new(&spec, deployment);
        let mut restarts = std::collections::BTreeMap::new();
        for at in (10..1200).step_by(10) {
            run.to(at);
            let cluster = &run.0.cluster;
            for pod in cluster.list(Kind::POD).filter_map(ObjectRef::as_pod) {
                let count: u32 =
                    cluster.pod(pod).status.containers.iter().map(|container| container.restart_count).sum();
                let before = restarts.insert(pod, count).unwrap_or(0);
                assert!(count >= before, "restart counts never fall: seed {seed}, {at}s");
            }
        }
        run.to(3600);
        let ready = run.kubectl("get deployment web -o jsonpath={.status.readyReplicas}");
        assert_eq!(ready, "6", "seed {seed}: the cluster settles");
        let running: usize = run.0.cluster.nodes().map(|node| run.0.machines.machine(node).running().len()).sum();
        assert_eq!(running, 6, "seed {seed}: no container runs on after its pod is gone");
    }
}
