//! `kubelapse import` and `kubelapse explain` as users type them: what is written, what is redacted, what bad input says.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kubelapse-import-command-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the temporary folder is writable");
        Self(path)
    }

    fn file(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("the temporary folder is writable");
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubelapse"));
        command.current_dir(&self.0).args(arguments).output().expect("the program was built")
    }

    /// What a command that succeeds prints.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn node(name: &str, cpu: &str) -> Value {
    let amounts = json!({"cpu": cpu, "memory": "16Gi", "pods": "110"});
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "uid": name, "creationTimestamp": "2026-05-01T00:00:00Z",
            "labels": {"kubernetes.io/hostname": name, "node.kubernetes.io/instance-type": "m5.xlarge"}},
        "status": {"capacity": amounts, "allocatable": amounts,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "",
                "lastHeartbeatTime": "2026-05-01T11:59:00Z"}],
            "images": [{"names": ["docker.io/library/nginx:1.27"], "sizeBytes": 73_400_320}]}})
}

fn template() -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27",
        "env": [{"name": "PASSWORD", "value": "hunter2"}],
        "resources": {"requests": {"cpu": "500m", "memory": "100Mi"}},
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 2}}]}})
}

/// A Deployment with a ReplicaSet and two pods, one of them with an injected container.
fn dump() -> Value {
    let meta = |name: &str| {
        json!({"name": name, "namespace": "shop", "uid": format!("uid-{name}"), "generation": 1,
            "creationTimestamp": "2026-05-01T10:00:00Z",
            "annotations": {"deployment.kubernetes.io/revision": "1", "owner": "team-secret"}})
    };
    let owned = |kind: &str, name: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": format!("uid-{name}"), "controller": true}]);
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("web"),
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template()},
        "status": {"observedGeneration": 1, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2, "availableReplicas": 2}});
    let mut set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta("web-1a"),
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web", "pod-template-hash": "1a"}}, "template": template()},
        "status": {"observedGeneration": 1, "replicas": 2, "readyReplicas": 2, "availableReplicas": 2, "fullyLabeledReplicas": 2}});
    set["metadata"]["ownerReferences"] = owned("Deployment", "web");
    set["metadata"]["labels"] = json!({"app": "web", "pod-template-hash": "1a"});
    set["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] = "1a".into();
    let pod = |name: &str, sidecar: bool| {
        let mut spec = template()["spec"].clone();
        spec["nodeName"] = "n1".into();
        let status = |name: &str| {
            json!({"name": name, "ready": true, "started": true, "restartCount": 3, "image": "nginx:1.27", "imageID": "",
                "state": {"running": {"startedAt": "2026-05-01T10:00:05Z"}}})
        };
        let mut statuses = vec![status("c")];
        if sidecar {
            spec["containers"]
                .as_array_mut()
                .expect("a list")
                .push(json!({"name": "proxy", "image": "envoy:1", "resources": {"requests": {"cpu": "500m"}}}));
            statuses.push(status("proxy"));
        }
        let mut metadata = meta(name);
        metadata["labels"] = json!({"app": "web", "pod-template-hash": "1a"});
        metadata["ownerReferences"] = owned("ReplicaSet", "web-1a");
        let condition =
            |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": "2026-05-01T10:00:09Z"});
        let conditions: Vec<Value> =
            ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
                .map(condition)
                .into();
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec,
            "status": {"phase": "Running", "podIP": "10.9.8.7", "startTime": "2026-05-01T10:00:01Z",
                "conditions": conditions, "containerStatuses": statuses}})
    };
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"},
        "data": {"token": "aHVudGVyMg=="}});
    json!({"apiVersion": "v1", "kind": "List",
        "items": [pod("web-1a-x", false), pod("web-1a-y", true), node("n1", "4"), deployment, set, secret]})
}

#[test]
fn an_import_is_redacted_and_says_what_it_knows_and_what_not() {
    let scratch = Scratch::new("redacted");
    scratch.file("dump.json", &dump().to_string());
    let metrics = json!({"kind": "PodMetricsList", "items": [{"metadata": {"name": "web-1a-x", "namespace": "shop"},
        "containers": [{"name": "c", "usage": {"cpu": "130m", "memory": "70Mi"}}]}]});
    scratch.file("usage.json", &metrics.to_string());
    let output = scratch.run(&["import", "dump.json", "--usage", "usage.json", "-o", "shop"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("container `proxy` that its template does not have"), "{}", stderr(&output));
    let (objects, scenario) = (scratch.text("shop/dump.json"), scratch.text("shop/scenario.yaml"));
    for secret in ["hunter2", "aHVudGVyMg==", "team-secret"] {
        assert!(!objects.contains(secret), "{secret}");
    }
    for part in [
        "\"nginx:1.27\": { size: 71680KiB }",
        "\"cpu\":\"130m\"",
        "\"memory\":\"70Mi\"",
        "\"startup\":\"3s\"",
        "m5.xlarge",
    ] {
        assert!(scenario.contains(part), "{part} is missing in\n{scenario}");
    }
    let notes: Value = serde_json::from_str(&scratch.text("shop/import.json")).unwrap();
    let assumed = notes["assumed"].to_string();
    assert!(assumed.contains("cpu of 1 container (shop/deployment/web:proxy)"), "{assumed}");
    // What runs goes on where it is, and nothing is made anew, although the values are other ones now.
    let pods = scratch.ok(&["kubectl", "shop/scenario.yaml", "--at", "20m", "--", "get", "pods", "-n", "shop"]);
    let rows: Vec<&str> = pods.lines().skip(1).collect();
    assert_eq!(rows.len(), 2, "{pods}");
    assert!(rows[0].starts_with("web-1a-x   1/1     Running   3"), "{pods}");
    assert!(rows[1].starts_with("web-1a-y   2/2     Running   6"), "{pods}");
    scratch.ok(&["import", "dump.json", "-o", "kept", "--keep", "secrets,env,annotations"]);
    let kept = scratch.text("kept/dump.json");
    assert!(["hunter2", "aHVudGVyMg==", "team-secret"].iter().all(|text| kept.contains(text)));
}

#[test]
fn traces_of_openb_come_at_their_times() {
    let scratch = Scratch::new("openb");
    std::fs::create_dir(scratch.0.join("trace")).unwrap();
    scratch.file("trace/nodes.csv", "sn,cpu_milli,memory_mib,gpu,model\nn0,4000,8192,0,\nn1,8000,8192,2,P100\n");
    let header =
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time";
    scratch.file(
        "trace/pods.csv",
        &format!("{header}\na,1000,1024,1,500,P100,LS,Running,10,100,10\nb,64000,1024,0,0,,BE,Pending,20,30,\n"),
    );
    scratch.ok(&["import", "trace", "--format", "alibaba-openb", "-o", "out"]);
    let output = scratch.run(&["run", "out/scenario.yaml", "--until", "5m"]);
    assert!(stderr(&output).contains("only 1 of 2 pods got a node"), "{}", stderr(&output));
    let timeline = scratch.text("results/out/timeline.csv");
    let find = |words: &[&str]| timeline.lines().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(find(&["10.0", "openb,a", "Pending"]) && find(&["openb,a", "n1", "Completed"]), "{timeline}");
    scratch.file("trace/pods.csv", &format!("{header}\na,many,1,0,0,,LS,Running,1,2,1\n"));
    let output = scratch.run(&["import", "trace", "--format", "alibaba-openb", "-o", "bad"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("pods.csv:2:"), "{}", stderr(&output));
    assert!(!scratch.0.join("bad").exists());
}

#[test]
fn bad_input_is_one_clear_error_and_nothing_is_written() {
    let scratch = Scratch::new("bad");
    scratch.file("cut.json", "{\"items\": [\n{\"kind\": \"Pod\"");
    scratch.file("other.yaml", "hello: world\n");
    scratch.file("dump.json", &dump().to_string());
    scratch.file("usage.json", "{\"data\": {\"resultType\": \"vector\"}}");
    std::fs::create_dir(scratch.0.join("full")).unwrap();
    scratch.file("full/precious.txt", "x");
    for (arguments, says) in [
        (vec!["import", "nothing.json", "-o", "out"], "cannot read `nothing.json`: no such file"),
        (vec!["import", "cut.json", "-o", "out"], "cut.json:2: EOF"),
        (vec!["import", "other.yaml", "-o", "out"], "holds no object of Kubernetes"),
        (vec!["import", "dump.json", "-o", "full"], "holds no import: name another folder"),
        (vec!["import", "dump.json", "--usage", "usage.json", "-o", "out"], "usage.json: the result is a `vector`"),
        (vec!["import", "dump.json", "--format", "alibaba-openb", "-o", "out"], "dump.json"),
        (vec!["import", "dump.json", "--backtest", "--format", "alibaba-openb", "-o", "out"], "--backtest belongs"),
    ] {
        let output = scratch.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
        assert!(!scratch.0.join("out").exists(), "{arguments:?}");
    }
    scratch.file("s.yaml", "apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  start: 2026-01-01T00:00:00Z\n  cluster: {import: [dump.json]}\n");
    let output = scratch.run(&["validate", "s.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("the run would begin before the dump was taken"), "{}", stderr(&output));
}

/// n1 is full but for 3 cores; n2 has a taint; n3 is cordoned.
fn pending() -> Value {
    let mut tainted = node("n2", "64");
    tainted["spec"] = json!({"taints": [{"key": "dedicated", "value": "ml", "effect": "NoSchedule"}]});
    let waiting = |name: &str, cpu: &str, extra: Value| {
        let mut spec = json!({"containers": [{"name": "c", "image": "x", "resources": {"requests": {"cpu": cpu}}}]});
        for (key, value) in extra.as_object().expect("fields") {
            spec[key] = value.clone();
        }
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default", "uid": name},
            "spec": spec, "status": {"phase": "Pending"}})
    };
    json!({"apiVersion": "v1", "kind": "List", "items": [
        node("n1", "4"), tainted,
        waiting("slightly", "4200m", json!({})),
        waiting("selective", "1", json!({"nodeSelector": {"disk": "ssd"}})),
        waiting("large", "8", json!({})),
        waiting("gated", "1", json!({"schedulingGates": [{"name": "wait"}]})),
        waiting("hopeless", "200", json!({"nodeSelector": {"disk": "ssd"}})),
    ]})
}

#[test]
fn pending_pods_are_grouped_with_the_smallest_change_that_helps() {
    let scratch = Scratch::new("pending");
    scratch.file("dump.json", &pending().to_string());
    let text = scratch.ok(&["explain", "--cluster", "dump.json", "--pending", "-o", "json"]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["pods"], 5);
    let changes: Vec<(String, Value)> = answer["groups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["waiting"].as_array().unwrap())
        .map(|one| (one["pods"][0].as_str().unwrap().to_owned(), one["change"].clone()))
        .collect();
    let change = |name: &str| changes.iter().find(|(pod, _)| pod == name).unwrap().1.clone();
    assert_eq!(
        change("slightly"),
        json!({"kind": "request", "change": "lower the cpu request by 200m to 4", "node": "n1"})
    );
    assert_eq!(change("selective"), json!({"kind": "label", "change": "label n1 with disk=ssd", "node": "n1"}));
    assert_eq!(
        change("large"),
        json!({"kind": "toleration", "change": "tolerate dedicated=ml:NoSchedule", "node": "n2"})
    );
    assert_eq!(change("gated")["kind"], "gate");
    assert_eq!(change("hopeless"), Value::Null);
    let table = scratch.ok(&["explain", "--cluster", "dump.json", "--pending"]);
    for part in ["5 pods wait for a node", "scheduling is gated", "no single change helps", "label n1 with disk=ssd"] {
        assert!(table.contains(part), "{part} is missing in\n{table}");
    }
}

#[test]
fn a_workload_says_what_is_in_its_way() {
    let scratch = Scratch::new("workload");
    scratch.file(
        "app.yaml",
        "apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  images: {\"gone:1\": {missing: true}}\n  behaviors: [{match: {container: mute}, unready: [{from: 0s}]}]\n---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: 4}}\n",
    );
    let deployment = |name: &str, image: &str, container: &str, replicas: u32| {
        let container =
            json!({"name": container, "image": image, "readinessProbe": {"httpGet": {"path": "/", "port": 80}}});
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}}})
        .to_string()
    };
    scratch.file("a.yaml", &deployment("lost", "gone:1", "c", 1));
    scratch.file("b.yaml", &deployment("mute", "nginx", "mute", 1));
    scratch.file("c.yaml", &deployment("many", "nginx", "c", 5));
    let files = ["-f", "a.yaml", "-f", "b.yaml", "-f", "c.yaml"];
    let causes = |name: &str| {
        let target = format!("deployment/{name}");
        let mut arguments = vec!["explain", "app.yaml", "--at", "2m", &target, "-o", "json"];
        arguments.extend(files);
        let answer: Value = serde_json::from_str(&scratch.ok(&arguments)).unwrap();
        answer["causes"].clone()
    };
    assert_eq!((&causes("lost")[0]["kind"], causes("lost").as_array().unwrap().len()), (&json!("image"), 1));
    let mute = causes("mute");
    assert_eq!(mute[0]["kind"], "probe");
    assert!(mute[0]["why"].as_str().unwrap().contains("Readiness probe failed"), "{mute}");
    let many = causes("many");
    assert_eq!(many[0]["kind"], "quota");
    assert_eq!(many[0]["change"]["change"], "raise the quota q: pods from 4 to 5, for each pod more");
    assert!(many[0]["change"]["node"].is_string(), "one more pod was tried under the higher quota: {many}");
}

#[test]
fn a_higher_quota_is_no_help_where_no_node_has_room() {
    let scratch = Scratch::new("quota");
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: 2}}\n";
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
        "spec": {"replicas": 3, "serviceName": "db", "podManagementPolicy": "Parallel", "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [
                {"name": "c", "image": "postgres", "resources": {"requests": {"cpu": "3"}}}]}}}});
    for (nodes, node) in [(2, None), (3, Some("n-3"))] {
        let cluster = format!(
            "apiVersion: kubelapse/v1\nkind: Scenario\nspec: {{cluster: {{nodes: [{{name: 'n-{{}}', count: {nodes}}}]}}}}\n---\n{quota}---\n{set}\n"
        );
        scratch.file("app.yaml", &cluster);
        let text = scratch.ok(&["explain", "app.yaml", "--at", "1m", "statefulset/db", "-o", "json"]);
        let answer: Value = serde_json::from_str(&text).unwrap();
        let cause = &answer["causes"][0];
        assert_eq!(cause["kind"], "quota", "{answer}");
        assert_eq!(cause["change"]["node"].as_str(), node, "{cause}");
        let says_more =
            cause["why"].as_str().unwrap().contains("with a higher quota: 0/2 nodes are available: 2 Insufficient cpu");
        assert_eq!(says_more, node.is_none(), "{cause}");
    }
}

#[test]
fn one_more_node_comes_with_its_daemons_and_a_priority_evicts_others() {
    let scratch = Scratch::new("daemons");
    let pod = |name: &str, node: Option<&str>, cpu: &str, priority: i32| {
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default", "uid": name},
            "spec": {"priority": priority, "containers": [{"name": "c", "image": "x", "resources": {"requests": {"cpu": cpu}}}]},
            "status": {"phase": if node.is_some() { "Running" } else { "Pending" }, "startTime": "2026-05-01T10:00:00Z"}});
        if let Some(node) = node {
            pod["spec"]["nodeName"] = node.into();
        }
        pod
    };
    let mut agent = pod("agent-1", Some("n1"), "1", 0);
    agent["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "ds", "controller": true}]);
    agent["metadata"]["labels"] = json!({"app": "agent"});
    let daemons = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent", "namespace": "default", "uid": "ds"},
        "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": {"metadata": {"labels": {"app": "agent"}},
            "spec": agent["spec"].clone()}}});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [node("n1", "4"), daemons, agent,
        pod("runs", Some("n1"), "2900m", 10), pod("fits", None, "3", 10), pod("large", None, "3500m", 10)]});
    scratch.file("dump.json", &list.to_string());
    let text = scratch.ok(&["explain", "--cluster", "dump.json", "--pending", "-o", "json"]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    let change = |name: &str| {
        let waiting =
            answer["groups"].as_array().unwrap().iter().flat_map(|group| group["waiting"].as_array().unwrap());
        waiting.clone().find(|one| one["pods"][0] == name).unwrap()["change"].clone()
    };
    assert_eq!(change("fits")["change"], "one more node of type m5.xlarge");
    assert_eq!(change("large")["kind"], "priority", "beside the daemon's core even an empty node has too little");
}

#[test]
fn an_autoscaler_shows_its_formula_in_a_dump_and_in_a_run() {
    let scratch = Scratch::new("autoscaler");
    let mut list = dump();
    let metric = json!({"type": "Resource", "resource": {"name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 50}}});
    let measured = json!({"type": "Resource", "resource": {"name": "cpu",
        "current": {"averageUtilization": 100, "averageValue": "500m"}}});
    list["items"].as_array_mut().unwrap().push(
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop", "uid": "hpa"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 1,
            "maxReplicas": 9, "metrics": [metric]},
        "status": {"currentReplicas": 2, "desiredReplicas": 4, "currentMetrics": [measured]}}),
    );
    scratch.file("dump.json", &list.to_string());
    let text = scratch.ok(&["explain", "--cluster", "dump.json", "-n", "shop", "hpa/web"]);
    assert!(text.contains("2 → 4 replicas (from 1 to 9)") && text.contains("ceil(2 × 100% / 50%)"), "{text}");
    scratch.ok(&["import", "dump.json", "-o", "shop"]);
    let text = scratch.ok(&["explain", "shop/scenario.yaml", "--at", "2m", "-n", "shop", "hpa/web"]);
    assert!(text.contains("cpu resource utilization"), "{text}");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x, resources: {requests: {cpu: '1'}}}]}\n";
    scratch.file("pod.yaml", pod);
    let text = scratch.ok(&["explain", "shop/scenario.yaml", "--at", "1s", "--pod", "pod.yaml", "--count"]);
    assert!(text.starts_with("2 more would fit"), "{text}");
    for (arguments, words) in [
        (["hpa/nobody", "-n", "shop"], "\"nobody\" not found"),
        (["deployment/wbe", "-n", "shop"], "did you mean `web`?"),
        (["deployment/web", "-n", "default"], "there is one in namespace shop (-n)"),
        (["pod/web-1a-y", "-n", "shpo"], "did you mean `shop`?"),
    ] {
        let output = scratch.run(&[&["explain", "--cluster", "dump.json"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn a_backtest_compares_the_last_hour_with_itself() {
    let scratch = Scratch::new("backtest");
    scratch.file(
        "app.yaml",
        "apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  images: {registry: {bandwidth: 20MiB/s, latency: 200ms}, \"app:1\": {size: 60MiB}, \"app:2\": {size: 20MiB}}\n  behaviors: [{match: {image: \"app:*\"}, startup: 4s}]\n---\n",
    );
    let deployment = |name: &str, image: &str| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": image,
                    "ports": [{"containerPort": 80}],
                    "readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 1}}]}}}})
        .to_string()
    };
    scratch.file("a.yaml", &deployment("one", "app:1"));
    scratch.file("b.yaml", &deployment("two", "app:2"));
    let kinds = "get nodes,pods,deployments,replicasets -A -o json";
    let mut dump = vec!["kubectl", "app.yaml", "-f", "a.yaml", "-f", "b.yaml", "--at", "1m", "--"];
    dump.extend(kinds.split(' '));
    scratch.file("dump.json", &scratch.ok(&dump));
    let mut events = dump[..9].to_vec();
    events.extend("get events -A -o json".split(' '));
    scratch.file("events.json", &scratch.ok(&events));
    let text = scratch.ok(&["import", "dump.json", "--events", "events.json", "--backtest", "-o", "again"]);
    let found: Vec<Vec<&str>> = text
        .lines()
        .skip_while(|line| !line.starts_with("delay"))
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| ["scheduling", "pull", "start", "ready"].contains(&words[0]))
        .collect();
    assert_eq!(found.len(), 4, "{text}");
    for words in found {
        // delay, pods, recorded s, simulated s, bias s, error s.
        let error: f64 = words[8].parse().unwrap_or_else(|_| panic!("{words:?}"));
        assert!(error <= 1.5, "{text}");
        assert_eq!(words[1], "6", "{text}");
    }
    let scenario = scratch.text("again/scenario.yaml");
    assert!(scenario.contains("\"app:1\": { size: 61440KiB }"), "{scenario}");
}
