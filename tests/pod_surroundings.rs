//! What containers find around them: images as volumes, variables, files of ConfigMaps, and who may use an image.

mod whole_run;

use whole_run::{ONE_NODE, Run, pod};

const STATE: &str = ".status.containerStatuses[0].state";

fn messages(run: &mut Run, pod: &str) -> String {
    let template = "{range .items[*]}{.type} {.reason} {.count} {.involvedObject.fieldPath}: {.message}{\"\\n\"}{end}";
    run.kubectl(&format!("get events --field-selector involvedObject.name={pod} -o jsonpath='{template}'"))
}

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: conf }\ndata: { a: one, b: two }\n---\n";

#[test]
fn images_of_volumes_are_pulled_before_containers_and_keep_only_those_from_starting_that_mount_them() {
    let volume = |reference: &str, policy: &str| {
        format!(", volumes: [ {{ name: art, image: {{ reference: '{reference}', pullPolicy: {policy} }} }} ]")
    };
    let mount = ", command: [ sleep, infinity ], volumeMounts: [ { name: art, mountPath: /art } ]";
    let mut run = Run::new(
        &format!("{ONE_NODE}  images: {{ 'quay.io/no/art:v1': {{ missing: true }} }}\n"),
        &(pod("good", mount, &volume("quay.io/an/art:v1", "IfNotPresent"))
            + &pod("bad", mount, &volume("quay.io/no/art:v1", "IfNotPresent"))
            + &pod("never", mount, &volume("quay.io/other/art:v1", "Never"))
            + &pod("free", "", &volume("quay.io/no/art:v1", "IfNotPresent"))),
    );
    run.to(8);
    assert_eq!(run.field("good", ".status.phase"), "Running");
    let good = messages(&mut run, "good");
    assert!(good.contains("Normal Pulling 1 : Pulling image \"quay.io/an/art:v1\"\n"), "{good}");
    assert!(good.contains("Normal Pulled 1 : Successfully pulled image \"quay.io/an/art:v1\" in "), "{good}");
    assert_eq!(run.field("bad", &format!("{STATE}.waiting.reason")), "ErrImagePull");
    let bad = messages(&mut run, "bad");
    assert!(bad.contains("Warning Failed 1 : Failed to pull image \"quay.io/no/art:v1\": rpc error"), "{bad}");
    assert!(bad.contains("Warning Failed 1 spec.containers{c}: Error: ErrImagePull"), "{bad}");
    assert_eq!(run.field("never", &format!("{STATE}.waiting.reason")), "ErrImageNeverPull");
    assert_eq!(run.field("free", ".status.phase"), "Running", "it does not mount the volume");
    let refused = run.0.kubectl("exec good -- touch /art/x", &mut kubelapse::simulation::Unobserved);
    assert!(refused.stdout.contains("Read-only file system"), "{}", refused.stdout);
}

/// A pod with a secret for ghcr.io, if one is named.
fn puller(name: &str, policy: &str, secret: &str) -> String {
    let secrets =
        if secret.is_empty() { String::new() } else { format!(", imagePullSecrets: [ {{ name: {secret} }} ]") };
    let container = format!("{{ name: c, image: 'ghcr.io/own/app:1', imagePullPolicy: {policy} }}");
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name} }}\nspec: {{ containers: [ {container} ]{secrets} }}\n---\n"
    )
}

fn secret(name: &str, auth: &str) -> String {
    let data = format!("{{\"auths\":{{\"ghcr.io\":{{\"auth\":\"{auth}\"}}}}}}");
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{ name: {name} }}\ntype: kubernetes.io/dockerconfigjson\nstringData: {{ .dockerconfigjson: '{data}' }}\n---\n"
    )
}

#[test]
fn an_image_that_was_pulled_with_a_secret_is_not_for_pods_without_it() {
    let spec = "  images: { registry: { private: [ ghcr.io ] } }
  steps:
    - { at: 20s, kubectl: apply -f later.yaml }
";
    let later = puller("same", "IfNotPresent", "own")
        + &puller("copy", "IfNotPresent", "copy")
        + &puller("other", "IfNotPresent", "other")
        + &puller("none", "IfNotPresent", "")
        + &puller("never", "Never", "");
    let manifests =
        secret("own", "eDp4") + &secret("copy", "eDp4") + &secret("other", "eTp5") + &puller("first", "Always", "own");
    let mut run = Run::with_files(&format!("{ONE_NODE}{spec}"), &manifests, &[("later.yaml", &later)]);
    run.to(30);
    assert_eq!(run.field("first", ".status.phase"), "Running");
    let present = "Container image \"ghcr.io/own/app:1\" already present on machine and can be accessed by the pod";
    for name in ["same", "copy"] {
        assert!(messages(&mut run, name).contains(present), "{name}");
    }
    let other = messages(&mut run, "other");
    assert!(other.contains("Successfully pulled image") && !other.contains(present), "it asks with its own: {other}");
    let none = run.field("none", &format!("{STATE}.waiting.message"));
    assert!(none.contains("pull access denied"), "{none}");
    let never = run.field("never", &format!("{STATE}.waiting.message"));
    assert_eq!(never, "Container image \"ghcr.io/own/app:1\" is not present with pull policy of Never");
}

#[test]
fn only_the_kubelets_variables_are_filled_in_and_probes_know_fixed_ones_only() {
    let container = ", image: busybox, env: [ { name: A, value: 'a $(HOSTNAME) $(B)' }, { name: B, value: b }, { name: MY, valueFrom: { fieldRef: { fieldPath: metadata.name } } } ], command: [ sh, -c, 'echo \"$A $(B) $(HOSTNAMES)\" $HOSTNAME; sleep 900' ]";
    let container = container.replace("$(HOSTNAMES)", "$$(HOSTNAME)");
    let probe = ", readinessProbe: { exec: { command: [ sh, -c, 'echo [$(B)] [$(MY)] [$(X)]; exit 1' ] } }";
    let text = pod("p", &format!("{container}{probe}"), "").replace("image: nginx, ", "");
    let mut run = Run::new(ONE_NODE, &text);
    run.to(15);
    assert!(run.kubectl("logs p").starts_with("sh: HOSTNAME: not found"), "the shell runs what it is left");
    assert!(run.kubectl("logs p").ends_with("a $(HOSTNAME) $(B) b  p\n"), "{}", run.kubectl("logs p"));
    let events = messages(&mut run, "p");
    assert!(events.contains("Readiness probe failed: sh: X: not found\n[b] [] []\n"), "{events}");
}

#[test]
fn resources_of_containers_are_shown_with_the_nodes_and_the_pods_as_limits() {
    let variable = |name: &str, container: &str, resource: &str, divisor: &str| {
        format!(
            "{{ name: {name}, valueFrom: {{ resourceFieldRef: {{ {container}resource: {resource}, divisor: '{divisor}' }} }} }}"
        )
    };
    let env = [
        variable("CPU", "", "limits.cpu", "1m"),
        variable("MEMORY", "", "limits.memory", "1Mi"),
        variable("REQUEST", "", "requests.cpu", "1"),
        variable("INIT", "containerName: i, ", "limits.cpu", "1"),
        variable("STORAGE", "", "limits.ephemeral-storage", "1Gi"),
    ];
    let container = format!(", command: [ sh, -c, 'env | sort; sleep 900' ], env: [ {} ]", env.join(", "));
    let unknown = format!(", env: [ {} ]", variable("X", "containerName: nobody, ", "limits.cpu", "1"));
    let spec = ", resources: { limits: { memory: 100Mi }, requests: { memory: 100Mi } }, initContainers: [ { name: i, image: busybox, command: [ 'true' ] } ]";
    let mut run = Run::new(
        ONE_NODE,
        &(pod("p", &container, spec) + &pod("unknown", &unknown, "")).replace("image: nginx", "image: busybox"),
    );
    run.to(20);
    let log = run.kubectl("logs p");
    for line in ["CPU=1000", "MEMORY=100", "REQUEST=0", "INIT=0"] {
        assert!(log.lines().any(|found| found == line), "{line}\n{log}");
    }
    assert_eq!(run.field("unknown", &format!("{STATE}.waiting.message")), "container nobody not found");
}

#[test]
fn volumes_of_objects_are_read_only_have_modes_and_lead_through_links() {
    let mounts = ", command: [ sleep, '9000' ], volumeMounts: [ { name: v, mountPath: /etc/conf }, { name: v, mountPath: /etc/one, subPath: a } ]";
    let volume = ", volumes: [ { name: v, configMap: { name: conf, defaultMode: 0400 } } ]";
    let text = pod("p", mounts, volume).replace("image: nginx", "image: busybox");
    let change = "  steps:\n    - { at: 30s, kubectl: 'patch configmap conf -p ''{\"data\":{\"a\":\"changed\"}}''' }\n";
    let mut run = Run::new(&format!("{ONE_NODE}{change}"), &format!("{CONFIG}{text}"));
    run.to(20);
    let listing = run.kubectl("exec p -- ls -l /etc/conf/..data/ /etc/conf/a");
    assert!(listing.contains("-r--------    1 root     root             3 "), "{listing}");
    assert!(listing.contains("/etc/conf/a -> ..data/a"), "{listing}");
    let refused = run.0.kubectl("exec p -- sh -c 'echo x > /etc/conf/a'", &mut kubelapse::simulation::Unobserved);
    assert!(refused.stdout.contains("Read-only file system"), "{}", refused.stdout);
    assert_eq!(run.kubectl("exec p -- cat /etc/one"), "one");
    run.to(200);
    assert_eq!(run.kubectl("exec p -- cat /etc/conf/a"), "changed");
    assert_eq!(run.kubectl("exec p -- cat /etc/one"), "one", "a mounted path inside a volume does not follow");
}

#[test]
fn statuses_name_images_as_the_runtime_does_and_tell_of_mounts() {
    let digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let other = pod("digest", "", "").replace("image: nginx", &format!("image: 'ghcr.io/a/b@sha256:{digest}'"));
    let mut run = Run::new(
        ONE_NODE,
        &(pod("plain", ", volumeMounts: [ { name: v, mountPath: /v } ]", ", volumes: [ { name: v, emptyDir: {} } ]")
            + &other),
    );
    run.to(20);
    let status = ".status.containerStatuses[0]";
    assert_eq!(run.field("plain", &format!("{status}.image")), "docker.io/library/nginx:latest");
    assert!(run.field("plain", &format!("{status}.imageID")).starts_with("docker.io/library/nginx@sha256:"));
    assert_eq!(run.field("digest", &format!("{status}.imageID")), format!("ghcr.io/a/b@sha256:{digest}"));
    let mounts = run.field("plain", &format!("{status}.volumeMounts"));
    assert!(mounts.starts_with(r#"[{"mountPath":"/v","name":"v"},"#), "{mounts}");
    let token = r#""mountPath":"/var/run/secrets/kubernetes.io/serviceaccount","name":"kube-api-access-"#;
    assert!(mounts.contains(token) && mounts.contains(r#""readOnly":true,"recursiveReadOnly":"Disabled""#), "{mounts}");
}

#[test]
fn probes_and_hooks_go_where_their_host_says_and_fall_back_to_http() {
    let probe = |host: &str| format!(", readinessProbe: {{ httpGet: {{ port: 80, host: {host} }} }}");
    let hook = |handler: &str| format!(", lifecycle: {{ postStart: {{ {handler} }} }}");
    let mut run = Run::new(
        ONE_NODE,
        &(pod("loopback", &probe("127.0.0.1"), "")
            + &pod("shared", &probe("127.0.0.1"), ", hostNetwork: true")
            + &pod("tcp", &hook("tcpSocket: { port: 80 }"), "")
            + &pod("tls", ", lifecycle: { preStop: { httpGet: { port: 80, scheme: HTTPS } } }", "")),
    );
    run.to(2);
    assert_eq!(run.field("shared", ".status.containerStatuses[0].ready"), "true");
    // The pod that shares the node's network answers at the node's loopback address.
    run.to(15);
    assert_eq!(run.field("loopback", ".status.containerStatuses[0].ready"), "true");
    run.kubectl("delete pod shared --wait=false");
    run.to(60);
    assert_eq!(run.field("loopback", ".status.containerStatuses[0].ready"), "false");
    let events = messages(&mut run, "loopback");
    let refused =
        "Readiness probe failed: Get \"http://127.0.0.1:80/\": dial tcp 127.0.0.1:80: connect: connection refused";
    assert!(events.contains(refused), "{events}");
    let message = run.field("tcp", &format!("{STATE}.waiting.message"));
    assert!(message.starts_with("Cannot run handler: invalid handler: &LifecycleHandler{Exec:nil,"), "{message}");
    run.kubectl("delete pod tls --wait=false");
    run.to(62);
    let events = messages(&mut run, "tls");
    let ip = "10.244.0.";
    assert!(
        events.contains(&format!("Warning LifecycleHTTPFallback 1 : request to HTTPS lifecycle hook {ip}")),
        "{events}"
    );
}

#[test]
fn critical_pods_without_room_and_labels_of_other_systems_are_refused_in_upstreams_words() {
    let large = ", resources: { requests: { cpu: '9' } }";
    let mut run = Run::new(
        ONE_NODE,
        &(pod("critical", large, ", nodeName: 'n', priorityClassName: system-node-critical")
            + &pod("plain", large, ", nodeName: 'n'")
            + &pod("label", "", ", nodeName: 'n'").replace("app: label", "kubernetes.io/os: windows")
            + &pod("selector", "", ", nodeName: 'n', nodeSelector: { kubernetes.io/os: windows }")),
    );
    run.to(20);
    assert_eq!(run.field("critical", ".status.reason"), "UnexpectedAdmissionError");
    let message = run.field("critical", ".status.message");
    assert!(
        message.ends_with("no set of running pods found to reclaim resources: [(res: cpu, q: 8000), ]"),
        "{message}"
    );
    assert_eq!(run.field("plain", ".status.reason"), "OutOfcpu");
    assert_eq!(run.field("label", ".status.reason"), "PodOSSelectorNodeLabelDoesNotMatch");
    assert_eq!(run.field("selector", ".status.reason"), "NodeAffinity");
}

#[test]
fn host_names_are_those_of_the_spec_and_too_long_ones_make_no_sandbox() {
    let says = ", command: [ sh, -c, 'hostname; sleep 9000' ]";
    let long = "a".repeat(50);
    let text = pod("full", says, ", hostname: host, subdomain: sub, setHostnameAsFQDN: true")
        + &pod("other", says, ", hostnameOverride: my.own.name")
        + &pod("shared", says, ", hostNetwork: true")
        + &pod("long", says, &format!(", hostname: {long}, subdomain: sub, setHostnameAsFQDN: true"));
    let mut run = Run::new(ONE_NODE, &text.replace("image: nginx", "image: busybox"));
    run.to(20);
    assert_eq!(run.kubectl("logs full"), "host.sub.default.svc.cluster.local\n");
    assert_eq!(run.kubectl("logs other"), "my.own.name\n");
    assert!(run.kubectl("exec other -- cat /etc/hosts").ends_with("\tmy.own.name\n"));
    assert_eq!(run.kubectl("logs shared"), "n\n");
    let events = messages(&mut run, "long");
    let why = "is too long (64 characters is the max, 80 characters requested)";
    assert!(events.contains("Warning FailedCreatePodSandBox") && events.contains(why), "{events}");
    assert_eq!(run.field("long", &format!("{STATE}.waiting.reason")), "ContainerCreating");
}

#[test]
fn a_file_that_shows_a_container_the_pod_does_not_have_is_not_mounted() {
    let item = "{ path: cpu, resourceFieldRef: { containerName: nobody, resource: limits.cpu } }";
    let volume = format!(", volumes: [ {{ name: v, downwardAPI: {{ items: [ {item} ] }} }} ]");
    let mount = ", volumeMounts: [ { name: v, mountPath: /v } ]";
    let mut run = Run::new(ONE_NODE, &pod("p", mount, &volume));
    run.to(5);
    let events = messages(&mut run, "p");
    let message = "MountVolume.SetUp failed for volume \"v\" : container nobody not found";
    assert!(events.contains(message), "{events}");
}

/// A pod whose init container writes a file into a volume, from which a variable of the main container comes.
fn with_file(name: &str, text: &str, source: &str) -> String {
    let mount = "volumeMounts: [ { name: v, mountPath: /v } ]";
    let init = format!(
        "initContainers: [ {{ name: i, image: busybox, command: [ sh, -c, \"printf \\\"{text}\\\" > /v/env\" ], {mount} }} ]"
    );
    let env = format!("env: [ {{ name: MY, valueFrom: {{ fileKeyRef: {{ volumeName: v, {source} }} }} }} ]");
    pod(
        name,
        &format!(", command: [ sh, -c, 'echo [$MY]; sleep 9000' ], {env}, {mount}"),
        &format!(", {init}, volumes: [ {{ name: v, emptyDir: {{}} }} ]"),
    )
}

#[test]
fn variables_come_from_files_that_init_containers_have_written() {
    let text = with_file("good", "A='1'", "path: env, key: A")
        + &with_file("lacks", "A='1'", "path: env, key: B")
        + &with_file("may", "A='1'", "path: env, key: B, optional: true")
        + &with_file("plain", "A=1", "path: env, key: A")
        + &with_file("nowhere", "A='1'", "path: other, key: A");
    let mut run = Run::new(ONE_NODE, &text.replace("image: nginx", "image: busybox"));
    run.to(20);
    assert_eq!(run.kubectl("logs good"), "[1]\n");
    assert_eq!(run.kubectl("logs may"), "[]\n");
    let message = format!("{STATE}.waiting.message");
    for name in ["plain", "nowhere"] {
        assert_eq!(run.field(name, &message), "couldn't parse env file", "{name}");
    }
    let uid = run.field("lacks", ".metadata.uid");
    let file = format!("/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~empty-dir/v/env");
    let why = format!("environment variable key \"B\" not found in file \"{file}\"");
    assert_eq!(run.field("lacks", &message), why);
}

#[test]
fn files_of_nodes_and_claims_outlive_their_pods_and_are_seen_by_others() {
    let storage = "apiVersion: v1
kind: PersistentVolume
metadata: { name: pv }
spec: { capacity: { storage: 1Gi }, accessModes: [ ReadWriteOnce ], hostPath: { path: /mnt/data }, storageClassName: manual }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { storageClassName: manual, accessModes: [ ReadWriteOnce ], resources: { requests: { storage: 1Gi } } }
---
";
    let mounts = "volumeMounts: [ { name: h, mountPath: /h }, { name: p, mountPath: /p, subPath: own } ]";
    let volumes = ", volumes: [ { name: h, hostPath: { path: /data } }, { name: p, persistentVolumeClaim: { claimName: data } } ]";
    let busy = |name: &str, script: &str| {
        pod(name, &format!(", command: [ sh, -c, '{script}' ], {mounts}"), volumes)
            .replace("image: nginx", "image: busybox")
    };
    let later = busy("late", "cat /h/x /p/y; tail -f /h/x");
    let spec = format!(
        "{ONE_NODE}  steps: [ {{ at: 20s, kubectl: delete pod first --now }}, {{ at: 40s, kubectl: apply -f later.yaml }}, {{ at: 60s, kubectl: apply -f writer.yaml }} ]\n"
    );
    let writer = busy("writer", "echo again >> /h/x; ls /h /p; sleep 9000");
    let first = busy("first", "echo one > /h/x; echo two > /p/y; sleep 9000");
    let files = [("later.yaml", later.as_str()), ("writer.yaml", writer.as_str())];
    let mut run = Run::with_files(&spec, &(storage.to_owned() + &first), &files);
    run.to(50);
    assert_eq!(run.kubectl("logs late"), "one\ntwo\none\n");
    run.to(80);
    assert_eq!(run.kubectl("logs writer"), "/h:\nx\n\n/p:\ny\n");
    assert_eq!(run.kubectl("logs late"), "one\ntwo\none\nagain\n", "it hears of what another pod writes");
}

#[test]
fn what_has_gone_goes_on_being_shown_and_is_told() {
    let container = ", command: [ sleep, '9000' ], volumeMounts: [ { name: v, mountPath: /v } ]";
    let volume = ", volumes: [ { name: v, configMap: { name: conf } } ]";
    let spec = format!(
        "{ONE_NODE}  steps: [ {{ at: 20s, kubectl: exec p -- cat /v/a }}, {{ at: 30s, kubectl: delete configmap conf }} ]\n"
    );
    let text = pod("p", container, volume).replace("image: nginx", "image: busybox");
    let mut run = Run::new(&spec, &format!("{CONFIG}{text}"));
    run.to(200);
    assert_eq!(run.kubectl("exec p -- cat /v/a"), "one");
    let events = messages(&mut run, "p");
    assert!(events.contains("MountVolume.SetUp failed for volume \"v\" : configmap \"conf\" not found"), "{events}");
    assert_eq!(run.field("p", ".status.phase"), "Running");
}

#[test]
fn a_static_pod_that_its_node_refuses_has_no_mirror() {
    let large = ", resources: { requests: { cpu: '9' } }";
    let spec = "  cluster: { nodes: [ { name: n, capacity: { cpu: 1, memory: 2Gi }, images: [ nginx ], staticPods: [ large.yaml, small.yaml ] } ] }\n";
    let (large, small) = (pod("large", large, "").replace("---\n", ""), pod("small", "", "").replace("---\n", ""));
    let files = [("large.yaml", large.as_str()), ("small.yaml", small.as_str())];
    let mut run = Run::with_files(spec, &pod("other", "", ""), &files);
    run.to(20);
    run.kubectl("delete pod small-n --now");
    run.to(40);
    assert_eq!(run.kubectl("get pods -o name"), "pod/other\npod/small-n\n");
    let events = messages(&mut run, "large-n");
    assert!(events.starts_with("Warning UnexpectedAdmissionError 1 "), "it is asked once: {events}");
}
