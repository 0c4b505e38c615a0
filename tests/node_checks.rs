//! What kubelets check before and while a pod lives: admission, volumes, users, pulls, probes, hooks, images.

mod whole_run;

use whole_run::{ONE_NODE, Run, pod};

/// Mounts the volume `v`.
const MOUNT: &str = ", volumeMounts: [ { name: v, mountPath: /v } ]";

const STATE: &str = ".status.containerStatuses[0].state";

#[test]
fn sysctls_and_another_operating_system_are_refused_on_the_node() {
    let sysctl = |name: &str| format!(", securityContext: {{ sysctls: [ {{ name: {name}, value: '1' }} ] }}");
    let mut run = Run::new(
        ONE_NODE,
        &(pod("safe", "", &sysctl("net.ipv4.tcp_syncookies"))
            + &pod("unsafe", "", &sysctl("kernel.msgmax"))
            + &pod("windows", "", ", os: { name: windows }")),
    );
    run.to(20);
    assert_eq!(run.field("safe", ".status.phase"), "Running");
    assert_eq!(run.field("unsafe", ".status.reason"), "SysctlForbidden");
    let message = "Pod was rejected: forbidden sysctl: \"kernel.msgmax\" not allowlisted";
    assert_eq!(run.field("unsafe", ".status.message"), message);
    assert_eq!(run.field("windows", ".status.reason"), "PodOSNotSupported");
}

#[test]
fn a_container_that_must_not_run_as_root_is_not_created_from_an_image_that_does() {
    let non_root = ", securityContext: { runAsNonRoot: true }";
    let as_root = ", securityContext: { runAsNonRoot: true, runAsUser: 0 }";
    let as_user = ", securityContext: { runAsUser: 1000 }";
    let mut run =
        Run::new(ONE_NODE, &(pod("image", "", non_root) + &pod("user", as_user, non_root) + &pod("root", as_root, "")));
    run.to(20);
    assert_eq!(run.field("image", &format!("{STATE}.waiting.reason")), "CreateContainerConfigError");
    let uid = run.field("image", ".metadata.uid");
    let message =
        format!("container has runAsNonRoot and image will run as root (pod: \"image_default({uid})\", container: c)");
    assert_eq!(run.field("image", &format!("{STATE}.waiting.message")), message);
    assert_eq!(run.field("user", ".status.phase"), "Running");
    let why = run.field("root", &format!("{STATE}.waiting.message"));
    assert!(why.starts_with("container's runAsUser breaks non-root policy (pod: \"root_default("), "{why}");
}

#[test]
fn host_paths_are_checked_and_made_on_their_node() {
    let volume =
        |path: &str, kind: &str| format!(", volumes: [ {{ name: v, hostPath: {{ path: {path}, type: {kind} }} }} ]");
    let mut run = Run::new(
        ONE_NODE,
        &(pod("logs", MOUNT, &volume("/var/log", "Directory"))
            + &pod("missing", MOUNT, &volume("/data", "Directory"))
            + &pod("unused", "", &volume("/data", "Directory"))
            + &pod("maker", MOUNT, &volume("/models", "DirectoryOrCreate"))
            + &pod("taker", MOUNT, &volume("/models", "Directory"))),
    );
    run.to(20);
    // What nobody mounts is not looked at.
    for name in ["logs", "unused", "maker", "taker"] {
        assert_eq!(run.field(name, ".status.phase"), "Running", "{name}");
    }
    assert_eq!(run.field("missing", &format!("{STATE}.waiting.reason")), "ContainerCreating");
    let events = run.kubectl("get events --field-selector involvedObject.name=missing");
    let message = "MountVolume.SetUp failed for volume \"v\" : hostPath type check failed: /data is not a directory";
    assert!(events.contains(message), "{events}");
}

#[test]
fn a_pod_that_names_its_node_waits_there_for_its_claim_to_be_bound() {
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data }\nspec: { storageClassName: none, accessModes: [ ReadWriteOnce ], resources: { requests: { storage: 1Gi } } }\n---\n";
    let spec = ", nodeName: 'n', volumes: [ { name: v, persistentVolumeClaim: { claimName: data } } ]";
    let mut run = Run::new(ONE_NODE, &(claim.to_owned() + &pod("p", MOUNT, spec)));
    run.to(20);
    let events = run.kubectl("get events --field-selector involvedObject.name=p");
    assert!(events.contains("error processing PVC default/data: PVC is not bound"), "{events}");
}

#[test]
fn a_node_asks_registries_for_ten_pulls_at_once_and_five_a_second() {
    let images: String =
        (0..14).map(|one| pod(&format!("p{one}"), "", "").replace("nginx", &format!("own/app{one}"))).collect();
    let spec = "  cluster: { nodes: [ { name: n, capacity: { cpu: 4, memory: 8Gi } } ], components: { kubelet: { config: kubelet.yaml } } }\n";
    let mut run = Run::with_files(
        spec,
        &images,
        &[(
            "kubelet.yaml",
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nserializeImagePulls: false\n",
        )],
    );
    run.to(5);
    let events = run.kubectl("get events");
    let refused = events.matches("pull QPS exceeded").count();
    assert!((1..=4).contains(&refused), "{refused}: {events}");
    run.to(120);
    let phases = run.kubectl("get pods -o jsonpath='{.items[*].status.phase}'");
    assert_eq!(phases, vec!["Running"; 14].join(" "));
}

#[test]
fn a_stated_behaviour_needs_no_program_in_the_image() {
    let spec = format!("{ONE_NODE}  behaviors: [ {{ match: {{ pod: stated }}, run: {{ for: 5s, exit: 0 }} }} ]\n");
    let program =
        |name: &str| pod(name, ", command: [ my-service ]", ", restartPolicy: Never").replace("nginx", "busybox");
    let mut run = Run::new(&spec, &(program("stated") + &program("other")));
    run.to(30);
    assert_eq!(run.field("stated", ".status.phase"), "Succeeded");
    assert_eq!(run.field("other", &format!("{STATE}.terminated.reason")), "StartError");
}

#[test]
fn grpc_probes_say_what_the_health_service_says() {
    let probe = "readinessProbe: { grpc: { port: 80 }, periodSeconds: 1 }";
    let closed = "readinessProbe: { grpc: { port: 9000 }, periodSeconds: 1 }";
    let spec =
        format!("{ONE_NODE}  behaviors: [ {{ match: {{ pod: well }}, unready: [ {{ from: 20s, to: 40s }} ] }} ]\n");
    // A plain nginx speaks no gRPC.
    let well = pod("well", &format!(", {probe}"), "").replace("image: nginx", "image: 'own/grpc:1'");
    let mut run = Run::new(
        &spec,
        &(well
            + &pod("deaf", &format!(", {probe}"), "").replace("deaf", "web")
            + &pod("deaf", &format!(", {closed}"), "")),
    );
    let ready = ".status.containerStatuses[0].ready";
    run.to(15);
    assert_eq!((run.field("well", ready), run.field("deaf", ready)), ("true".to_owned(), "false".to_owned()));
    let address = run.field("deaf", ".status.podIP");
    let events = run.kubectl("get events");
    let text = format!(
        "Readiness probe failed: timeout: failed to connect service \"{address}:9000\" within 1s: context deadline exceeded"
    );
    assert!(events.contains(&text), "{events}");
    assert_eq!(run.field("web", ready), "false");
    assert_eq!(run.to(35).field("well", ready), "false");
    let events = run.kubectl("get events");
    assert!(events.contains("Readiness probe failed: service unhealthy (responded with \"NOT_SERVING\")"), "{events}");
    assert_eq!(run.to(60).field("well", ready), "true");
}

#[test]
fn hooks_hold_up_the_start_and_the_end_of_a_container() {
    let post = ", lifecycle: { postStart: { exec: { command: [ sh, -c, 'sleep 8; echo hi > /tmp/started' ] } } }";
    let bad = ", lifecycle: { postStart: { exec: { command: [ sh, -c, 'exit 3' ] } } }";
    let pre = ", lifecycle: { preStop: { sleep: { seconds: 7 } } }";
    let spec = format!("{ONE_NODE}  steps: [ {{ at: 60s, kubectl: delete pod pre --wait=false }} ]\n");
    let mut run = Run::new(&spec, &(pod("post", post, "") + &pod("bad", bad, "") + &pod("pre", pre, "")));
    assert_eq!(run.to(6).field("post", &format!("{STATE}.waiting.reason")), "ContainerCreating");
    assert_eq!(run.to(20).field("post", ".status.containerStatuses[0].ready"), "true");
    assert_eq!(run.kubectl("exec post -- cat /tmp/started"), "hi\n");
    let events = run.kubectl("get events");
    assert!(events.contains("FailedPostStartHook"), "{events}");
    let why = run.field("bad", ".status.containerStatuses[0].state.waiting.message");
    assert!(why.contains("back-off") || why.contains("command 'sh -c exit 3' exited with 3"), "{why}");
    assert!(run.to(65).kubectl("get pods").contains("pre    1/1     Terminating"), "{}", run.kubectl("get pods"));
    assert!(!run.to(75).kubectl("get pods").contains("Terminating"));
}

#[test]
fn images_that_nobody_uses_go_when_the_disk_fills() {
    let spec = "  cluster: { nodes: [ { name: n, capacity: { cpu: 4, memory: 8Gi, ephemeral-storage: 20Gi } } ] }
  images: { 'big:1': { size: 2500MiB }, 'big:2': { size: 2500MiB }, 'big:3': { size: 1500MiB } }
  steps:
  - { at: 2m, kubectl: delete pod one }
  - { at: 150s, kubectl: run before --image=big:1 --image-pull-policy=Never }
  - { at: 160s, kubectl: delete pod before }
  - { at: 3m, kubectl: run three --image=big:3 }
  - { at: 14m, kubectl: run after --image=big:1 --image-pull-policy=Never }
";
    let big = |name: &str, image: &str| pod(name, "", "").replace("nginx", image);
    let mut run = Run::new(spec, &(big("one", "'big:1'") + &big("two", "'big:2'")));
    assert_eq!(run.to(158).field("before", ".status.phase"), "Running");
    assert_eq!(run.to(860).field("after", &format!("{STATE}.waiting.reason")), "ErrImageNeverPull");
    assert_eq!(run.field("two", ".status.phase") + &run.field("three", ".status.phase"), "RunningRunning");
}

#[test]
fn a_changed_image_restarts_a_sidecar_alone() {
    let spec = format!("{ONE_NODE}  steps: [ {{ at: 30s, kubectl: \"set image pod/p side=busybox:1.37\" }} ]\n");
    let side = ", initContainers: [ { name: side, image: busybox, imagePullPolicy: IfNotPresent, restartPolicy: Always, command: [ sh, -c, 'trap exit TERM; while true; do sleep 1; done' ] } ]";
    let mut run = Run::new(&spec, &pod("p", "", side));
    assert_eq!(run.to(25).field("p", ".status.initContainerStatuses[0].restartCount"), "0");
    run.to(90);
    assert_eq!(run.field("p", ".status.initContainerStatuses[0].restartCount"), "1");
    assert_eq!(run.field("p", ".status.containerStatuses[0].restartCount"), "0");
    let events = run.kubectl("get events");
    assert!(events.contains("Init container side definition changed"), "{events}");
}

#[test]
fn an_update_does_not_wait_for_the_retry_of_a_sync_that_failed() {
    let spec = format!(
        "{ONE_NODE}  images: {{ 'typo:1': {{ missing: true }} }}
  steps:
  - {{ at: 60s, kubectl: set image pod/typo c=nginx }}
  - {{ at: 60s, kubectl: \"patch pod late -p '{{\\\"spec\\\":{{\\\"activeDeadlineSeconds\\\":90}}}}'\" }}
"
    );
    let mut run = Run::new(&spec, &(pod("typo", "", "").replace("nginx", "'typo:1'") + &pod("late", "", "")));
    assert_eq!(run.to(59).field("typo", ".status.phase"), "Pending");
    assert_eq!(run.to(62).field("typo", ".status.phase"), "Running");
    assert_eq!(run.to(88).field("late", ".status.phase"), "Running");
    run.to(95);
    assert_eq!(run.field("late", ".status.phase") + &run.field("late", ".status.reason"), "FailedDeadlineExceeded");
}

#[test]
fn each_volume_that_cannot_be_mounted_says_so_on_a_schedule_of_its_own() {
    let volumes = ", volumes: [ { name: a, configMap: { name: x } }, { name: b, projected: { sources: [ { configMap: { name: x } }, { secret: { name: z } } ] } } ]";
    let mounts = ", volumeMounts: [ { name: a, mountPath: /a }, { name: b, mountPath: /b } ]";
    let mut run = Run::new(ONE_NODE, &pod("p", mounts, volumes));
    run.to(300);
    let events = run.kubectl("get events -o jsonpath='{range .items[*]}{.message} x{.count}{\"\\n\"}{end}'");
    // At 0.3, 0.8, 1.8, … 63.8 s, then every two minutes, whatever the syncs do.
    for text in [
        "MountVolume.SetUp failed for volume \"a\" : configmap \"x\" not found x10",
        "MountVolume.SetUp failed for volume \"b\" : [configmap \"x\" not found, secret \"z\" not found] x10",
    ] {
        assert!(events.contains(text), "{text}: {events}");
    }
}

#[test]
fn after_a_reboot_init_containers_run_again_one_after_the_other() {
    let inits = ", initContainers: [ { name: a, image: busybox, command: [ sleep, '2' ] }, { name: side, restartPolicy: Always, image: busybox, command: [ sleep, '3600' ] } ]";
    let spec = format!("{ONE_NODE}  steps: [ {{ at: 60s, fault: {{ node: n, kind: crash, for: 20s }} }} ]\n");
    let mut run = Run::new(&spec, &pod("p", "", inits));
    run.to(82);
    let phase = run.field("p", ".status.phase");
    let side = run.field("p", ".status.initContainerStatuses[1].state.terminated.reason");
    assert_eq!((phase.as_str(), side.as_str()), ("Pending", "Unknown"));
    run.to(100);
    let restarts = "{.status.initContainerStatuses[*].restartCount} {.status.containerStatuses[0].restartCount}";
    assert_eq!(run.kubectl(&format!("get pod p -o jsonpath='{restarts}'")), "1 1 1");
    let ended = run.field("p", ".status.initContainerStatuses[0].state.terminated.finishedAt");
    let lost = run.field("p", ".status.initContainerStatuses[1].lastState.terminated.exitCode");
    assert!(run.field("p", &format!("{STATE}.running.startedAt")) >= ended && lost == "255", "{ended} {lost}");
}

#[test]
fn a_probe_that_cannot_be_run_counts_for_nothing() {
    let exec = |command: &str| format!(", readinessProbe: {{ exec: {{ command: {command} }}, periodSeconds: 2 }}");
    let named = ", livenessProbe: { httpGet: { port: web, path: x }, periodSeconds: 2 }";
    let busybox = |name: &str, command: &str| {
        pod(name, &format!(", command: [ sleep, '3600' ]{}", exec(command)), "").replace("nginx", "busybox")
    };
    let manifests = busybox("lacks", "[ curl, localhost ]")
        + &busybox("script", "[ sh, -c, 'nosuch' ]")
        + &pod("own", &exec("[ /app/check ]"), "").replace("nginx", "own/app")
        + &pod("named", named, "");
    let mut run = Run::new(ONE_NODE, &manifests);
    run.to(40);
    let ready = ["lacks", "script", "own", "named"].map(|name| run.field(name, ".status.containerStatuses[0].ready"));
    assert_eq!(ready, ["false", "false", "true", "true"]);
    assert_eq!(run.field("named", ".status.containerStatuses[0].restartCount"), "0");
    let events = run.kubectl("get events");
    for text in [
        "Readiness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in container",
        "exec: \"curl\": executable file not found in $PATH",
        "Readiness probe failed: sh: nosuch: not found",
        "Liveness probe errored and resulted in unknown state: strconv.Atoi: parsing \"web\": invalid syntax",
    ] {
        assert!(events.contains(text), "{text}: {events}");
    }
}

fn pressure(run: &mut Run, of: &str) -> String {
    run.kubectl(&format!("get node n -o jsonpath='{{.status.conditions[?(@.type==\"{of}Pressure\")].status}}'"))
}

#[test]
fn a_node_runs_short_of_inodes_and_of_processes() {
    let config = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nevictionHard: { nodefs.inodesFree: '5%', pid.available: '1k' }\n";
    let spec = "  cluster: { nodes: [ { name: n, capacity: { cpu: 4, memory: 1Gi, ephemeral-storage: 1Gi }, images: [ nginx ] } ], components: { kubelet: { config: short.yaml } } }
  behaviors:
  - { match: { pod: files }, files: { steps: [ [ 0s, 10 ], [ 30s, 64000 ] ] }, onTerm: ignore }
  - { match: { pod: forks }, processes: { steps: [ [ 0s, 1 ], [ 10m, 7500 ] ] }, onTerm: ignore }
";
    let pods = pod("files", "", "") + &pod("forks", "", "") + &pod("calm", "", "");
    let mut run = Run::with_files(spec, &pods, &[("short.yaml", config)]);
    run.to(50);
    // 1Gi has 65536 inodes and 1Gi of memory 8192 processes, of which each pod's sandbox takes one.
    assert_eq!(pressure(&mut run, "Disk"), "True");
    let message = run.field("files", ".status.message");
    assert_eq!(message, "The node was low on resource: inodes. Threshold quantity: 3276, available: 1536. ");
    run.to(640);
    assert_eq!(pressure(&mut run, "PID"), "True");
    let message = run.field("forks", ".status.message");
    assert_eq!(message, "The node was low on resource: pids. Threshold quantity: 1k, available: 689. ");
    assert_eq!(run.field("calm", ".status.phase"), "Running");
}

#[test]
fn pods_together_may_not_use_what_is_reserved() {
    let spec = "  cluster: { nodes: [ { name: n, capacity: { cpu: 4, memory: 4Gi }, reserved: { memory: 1Gi }, images: [ nginx ] } ] }
  behaviors: [ { match: { pod: grows }, memory: { steps: [ [ 0s, 64Mi ], [ 30s, 2950Mi ] ] }, onTerm: ignore }, { memory: 64Mi } ]
";
    let mut run = Run::new(spec, &(pod("grows", "", "") + &pod("calm", "", "")));
    run.to(50);
    let message = run.field("grows", ".status.message");
    let text = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 58Mi. Container c was using 2950Mi, request is 0, has larger consumption of memory. ";
    assert_eq!(message, text);
    assert_eq!(pressure(&mut run, "Memory"), "True");
}

#[test]
fn files_in_memory_and_the_limit_of_a_whole_pod_count_for_the_out_of_memory_kill() {
    let write = ", command: [ sh, -c, 'dd if=/dev/zero of=/m/x bs=1M count=100; sleep 100' ], volumeMounts: [ { name: m, mountPath: /m } ], resources: { limits: { memory: 64Mi } }";
    let volume = ", restartPolicy: Never, volumes: [ { name: m, emptyDir: { medium: Memory } } ]";
    let bomb = ", command: [ sh, -c, 'tail /dev/zero' ], resources: { limits: { memory: 64Mi } }";
    let whole = ", restartPolicy: Never, resources: { limits: { cpu: 1, memory: 100Mi } }";
    let shell = |name: &str, container: &str, spec: &str| pod(name, container, spec).replace("nginx", "busybox");
    let manifests = shell("tmpfs", write, volume)
        + &shell("bomb", bomb, ", restartPolicy: Never")
        + &pod("whole", "", whole).replace("} ]", "}, { name: d, image: nginx } ]");
    let spec = format!("{ONE_NODE}  behaviors: [ {{ match: {{ pod: whole, container: c }}, memory: 80Mi }} ]\n");
    let mut run = Run::new(&spec, &manifests);
    run.to(20);
    for name in ["tmpfs", "bomb"] {
        let ended = format!("{STATE}.terminated");
        let shown = run.field(name, &format!("{ended}.reason")) + &run.field(name, &format!("{ended}.exitCode"));
        assert_eq!(shown, "OOMKilled137", "{name}");
    }
    assert_eq!(run.field("whole", ".status.phase"), "Running");
    let mut run = Run::new(&spec.replace("memory: 80Mi", "memory: 120Mi"), &manifests);
    run.to(20);
    let reasons = run.field("whole", ".status.containerStatuses[*].state.terminated.reason");
    assert_eq!(reasons, "OOMKilled");
}

#[test]
fn a_full_disk_without_unused_images_is_reported_at_every_collection() {
    let spec = "  cluster: { nodes: [ { name: n, capacity: { cpu: 4, memory: 8Gi, ephemeral-storage: 20Gi }, images: [ nginx ] } ], components: { kubelet: { config: nothing.yaml } } }
  images: { 'big:1': { size: 6300MiB } }
";
    let config = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nevictionHard: { memory.available: 100Mi }\n";
    let mut run = Run::with_files(spec, &pod("big", "", "").replace("nginx", "'big:1'"), &[("nothing.yaml", config)]);
    run.to(1800);
    let events = run.kubectl("get events");
    assert!(
        events.contains("(88% of 20.0 GiB used). Failed to free sufficient space by deleting unused images"),
        "{events}"
    );
    assert!(events.contains("ImageGCFailed"), "{events}");
}

#[test]
fn a_static_pod_runs_again_after_an_orderly_reboot() {
    let config = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nshutdownGracePeriod: 10s\n";
    let spec = "  cluster: { nodes: [ { name: n, capacity: { cpu: 4, memory: 8Gi }, images: [ nginx ], staticPods: [ web.yaml ] } ], components: { kubelet: { config: orderly.yaml } } }
  steps: [ { at: 60s, fault: { node: n, kind: reboot, for: 30s } } ]
";
    let files = [("orderly.yaml", config), ("web.yaml", &pod("web", "", "").replace("---\n", ""))];
    let mut run = Run::with_files(spec, &pod("other", "", ""), &files);
    assert_eq!(run.to(75).field("web-n", ".status.reason"), "Terminated");
    run.to(120);
    assert_eq!(run.field("web-n", ".status.phase") + &run.field("other", ".status.phase"), "RunningSucceeded");
}

#[test]
fn a_kubelet_that_starts_anew_admits_its_pods_anew() {
    let spec = "  cluster: { nodes: [ { name: n, capacity: { cpu: 4, memory: 8Gi }, labels: { disk: ssd }, images: [ nginx ] } ] }
  steps:
  - { at: 30s, kubectl: label node n disk- }
  - { at: 60s, fault: { node: n, kind: kubelet, for: 10s } }
";
    let mut run = Run::new(spec, &(pod("picky", "", ", nodeSelector: { disk: ssd }") + &pod("plain", "", "")));
    assert_eq!(run.to(55).field("picky", ".status.phase"), "Running");
    run.to(90);
    assert_eq!(run.field("picky", ".status.phase") + &run.field("picky", ".status.reason"), "FailedNodeAffinity");
    assert_eq!(run.field("picky", ".status.containerStatuses"), "");
    assert_eq!(run.field("plain", ".status.phase}{.status.containerStatuses[0].restartCount"), "Running0");
    let events = run.kubectl("get events --field-selector involvedObject.name=picky");
    assert!(events.contains("Predicate NodeAffinity failed") && events.contains("Stopping container c"), "{events}");
}

#[test]
fn a_probe_may_ask_a_port_that_another_container_of_the_pod_serves() {
    let asking = ", command: [ sh, -c, 'sleep 3600' ], readinessProbe: { httpGet: { port: 80 }, periodSeconds: 2 }";
    let both = pod("p", asking, "")
        .replace("image: nginx", "image: busybox")
        .replace("} ]", "}, { name: web, image: nginx } ]");
    let alone = pod("alone", asking, "").replace("image: nginx", "image: busybox");
    let spec = format!(
        "{ONE_NODE}  steps: [ {{ at: 30s, fault: {{ pod: p, container: web, kind: kill }} }}, {{ at: 32s, fault: {{ pod: p, container: web, kind: kill }} }} ]\n"
    );
    let mut run = Run::new(&spec, &(both + &alone));
    let ready = "{.status.containerStatuses[?(@.name==\"c\")].ready}";
    let ready = |run: &mut Run, name: &str| run.kubectl(&format!("get pod {name} -o jsonpath='{ready}'"));
    run.to(20);
    assert_eq!(ready(&mut run, "p") + &ready(&mut run, "alone"), "truefalse");
    // Its server waits for its second restart, and the probe fails three times.
    run.to(41);
    assert_eq!(ready(&mut run, "p"), "false");
    run.to(70);
    assert_eq!(ready(&mut run, "p"), "true");
}

#[test]
fn a_run_that_replaces_a_started_one_in_one_sync_counts_as_started_until_its_startup_probe_looks() {
    let probes = ", command: [ sh, -c, 'trap exit TERM; touch /tmp/up; sleep 3600 & wait' ], startupProbe: { exec: { command: [ cat, /tmp/up ] }, periodSeconds: 5 }, livenessProbe: { exec: { command: [ sh, -c, 'test ! -e /data/bad' ] }, periodSeconds: 1, failureThreshold: 1 }, volumeMounts: [ { name: d, mountPath: /data } ]";
    let spec = format!(
        "{ONE_NODE}  steps:
  - {{ at: 30s, kubectl: exec p -- touch /data/bad }}
  - {{ at: 32s, kubectl: exec p -- rm -f /data/bad }}
"
    );
    let manifest =
        pod("p", probes, ", volumes: [ { name: d, emptyDir: {} } ]").replace("image: nginx", "image: busybox");
    let mut run = Run::new(&spec, &manifest);
    let mut seen = Vec::new();
    for tenth in 250..450 {
        run.0.run_to(kubelapse::engine::SimDuration::from_millis(tenth * 100), &mut kubelapse::simulation::Unobserved);
        let fields = "{.restartCount} {.started} {.ready}";
        let now =
            run.kubectl(&format!("get pod p -o jsonpath='{{range .status.containerStatuses[0]}}{fields}{{end}}'"));
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    // The liveness probe goes on meanwhile, so that the first of them may be killed too.
    let shown: Vec<&str> = seen.iter().rev().take(3).rev().map(|shown| &shown[2..]).collect();
    assert_eq!(shown, ["true true", "false false", "true true"], "{seen:?}");
}

#[test]
fn a_debugging_container_runs_once_beside_the_pods_own() {
    let mut run = Run::new(ONE_NODE, &pod("p", ", resources: { requests: { cpu: 100m }, limits: { cpu: 100m } }", ""));
    run.to(20);
    run.kubectl("debug p -q --image=busybox --image-pull-policy=IfNotPresent -c look -- sh -c 'sleep 5; exit 3'");
    run.to(22);
    let state = ".status.ephemeralContainerStatuses[0].state";
    assert!(!run.field("p", &format!("{state}.running.startedAt")).is_empty());
    run.to(200);
    assert_eq!(run.field("p", &format!("{state}.terminated.exitCode")), "3");
    assert_eq!(run.field("p", ".status.ephemeralContainerStatuses[0].restartCount"), "0");
    assert_eq!(run.field("p", ".status.phase"), "Running");
    assert_eq!(run.kubectl("get pod p --no-headers").split_whitespace().nth(1), Some("1/1"));
    let removed = "patch pod p --type=merge -p '{\"spec\":{\"ephemeralContainers\":[]}}'";
    let refused = run.0.kubectl(removed, &mut kubelapse::simulation::Unobserved);
    assert!(refused.stderr.contains("pod updates may not change fields other than"), "{}", refused.stderr);
    run.kubectl("delete pod p --wait=false");
    run.to(210);
    assert_eq!(run.kubectl("get pods"), "");
}

#[test]
fn a_private_registry_gives_images_to_pods_with_its_secret_only() {
    let spec = "  cluster: { nodes: [ { name: n, capacity: { cpu: 1, memory: 2Gi } } ] }\n  images: { registry: { private: [ ghcr.io ] } }\n";
    let secret = |name: &str, host: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{ name: {name} }}\ntype: kubernetes.io/dockerconfigjson\nstringData: {{ .dockerconfigjson: '{{\"auths\":{{\"{host}\":{{\"auth\":\"eDp5\"}}}}}}' }}\n---\n"
        )
    };
    let of = |name: &str, secret: &str| {
        let image = format!("ghcr.io/team/{name}:1");
        pod(name, "", &format!(", imagePullSecrets: [ {{ name: {secret} }} ]"))
            .replace("image: nginx", &format!("image: {image}"))
    };
    let manifests = secret("good", "ghcr.io") + &secret("other", "quay.io") + &of("a", "good") + &of("b", "other");
    let mut run = Run::new(spec, &manifests);
    run.to(30);
    assert_eq!(run.field("a", ".status.phase"), "Running");
    assert_eq!(run.field("b", ".status.phase"), "Pending");
    let events = run.kubectl("get events --field-selector involvedObject.name=b");
    let why = "failed to resolve reference \"ghcr.io/team/b:1\": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials";
    assert!(events.contains(why), "{events}");
}

#[test]
fn a_server_of_plain_http_does_not_answer_https() {
    let probe =
        |scheme: &str| format!(", readinessProbe: {{ httpGet: {{ port: 80, scheme: {scheme} }}, periodSeconds: 1 }}");
    let mut run = Run::new(ONE_NODE, &(pod("plain", &probe("HTTP"), "") + &pod("tls", &probe("HTTPS"), "")));
    run.to(20);
    let ready = ".status.containerStatuses[0].ready";
    assert_eq!((run.field("plain", ready).as_str(), run.field("tls", ready).as_str()), ("true", "false"));
    let events = run.kubectl("get events --field-selector involvedObject.name=tls");
    assert!(events.contains(":80/\": http: server gave HTTP response to HTTPS client"), "{events}");
}

#[test]
fn a_path_inside_a_volume_is_made_when_it_is_mounted() {
    let script = |text: &str| format!(", command: [ sh, -c, '{text}' ]");
    let init = "initContainers: [ { name: i, image: busybox, command: [ sh, -c, 'echo deep > /x/f' ], volumeMounts: [ { name: v, mountPath: /x, subPath: one/two } ] } ]";
    let mounts = ", env: [ { name: Q, value: two } ], volumeMounts: [ { name: v, mountPath: /v }, { name: v, mountPath: /w, subPathExpr: one/$(Q) } ]";
    let spec = format!(", restartPolicy: Never, volumes: [ {{ name: v, emptyDir: {{}} }} ], {init}");
    let manifest = pod("p", &(script("cat /v/one/two/f; cat /w/f") + mounts), &spec);
    let mut run = Run::new(ONE_NODE, &manifest.replace("image: nginx", "image: busybox"));
    run.to(20);
    assert_eq!(run.kubectl("logs p -c c"), "deep\ndeep\n");
}
