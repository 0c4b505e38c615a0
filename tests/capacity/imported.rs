//! Plans about a cluster that was dumped: its workload is placed afresh, on the candidates' nodes or on more or fewer of
//! its own.

use serde_json::{Value, json};

use super::{Scratch, text};

const CLUSTER: &str = "apiVersion: kubelapse/v1
kind: Scenario
spec:
  cluster:
    systemPods: kubeadm
    nodes:
      - { name: cp, labels: { node-role.kubernetes.io/control-plane: '' }, taints: [ 'node-role.kubernetes.io/control-plane:NoSchedule' ] }
      - { name: 'w-{}', count: 4, zones: [ a, b ], labels: { node.kubernetes.io/instance-type: m5.xlarge } }
---
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  replicas: 6
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [ { name: c, image: nginx, resources: { requests: { cpu: 900m } } } ] } }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web, namespace: shop }
spec: { scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }, minReplicas: 6, maxReplicas: 8, metrics: [ { type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } } } ] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [ { port: 80 } ] }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web, namespace: shop }
spec: { minAvailable: 2, selector: { matchLabels: { app: web } } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: shop }
spec:
  serviceName: db
  replicas: 2
  selector: { matchLabels: { app: db } }
  template: { metadata: { labels: { app: db } }, spec: { priorityClassName: high, containers: [ { name: c, image: postgres, resources: { requests: { cpu: 400m } } } ] } }
  volumeClaimTemplates: [ { metadata: { name: data }, spec: { accessModes: [ ReadWriteOnce ], storageClassName: local, resources: { requests: { storage: 1Gi } } } } ]
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: { name: high }
value: 1000
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: local }
provisioner: example.com/disk
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: Pod
metadata: { name: alone, namespace: shop }
spec: { containers: [ { name: c, image: nginx, resources: { requests: { cpu: 100m } } } ] }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: report, namespace: shop }
spec:
  schedule: '*/1 * * * *'
  jobTemplate: { spec: { template: { spec: { restartPolicy: Never, containers: [ { name: c, image: busybox, command: [ sleep, '3600' ], resources: { requests: { cpu: 50m } } } ] } } } }
";

const KINDS: &str = "namespaces,nodes,pods,deployments,replicasets,statefulsets,daemonsets,controllerrevisions,jobs,cronjobs,hpa,\
                     services,endpoints,endpointslices,pdb,priorityclasses,serviceaccounts,configmaps,pv,pvc,storageclasses,events";

const SCENARIO: &str = "apiVersion: kubelapse/v1
kind: Scenario
spec:
  until: 30s
  cluster:
    import: [ dump.json ]
    prices: [ { match: { node.kubernetes.io/instance-type: m5.xlarge }, price: 0.2 } ]
";

/// A folder with the cluster's dump after two minutes, and the scenario that goes on from it as `web.yaml`.
fn dumped(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    std::fs::write(scratch.0.join("cluster.yaml"), CLUSTER).expect("the scratch folder can be written");
    let output =
        scratch.kubelapse(&["kubectl", "cluster.yaml", "--at", "150s", "--", "get", KINDS, "-A", "-o", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    std::fs::write(scratch.0.join("dump.json"), &output.stdout).expect("the scratch folder can be written");
    std::fs::write(scratch.0.join("web.yaml"), SCENARIO).expect("the scratch folder can be written");
    scratch
}

fn plan_of(scratch: &Scratch, spec: &str) -> (Value, String) {
    let output = scratch.capacity(spec);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stderr), text(&output.stdout));
    let json = std::fs::read_to_string(scratch.results().join("web-plan/plan.json")).expect("there is a plan");
    (serde_json::from_str(&json).expect("it is JSON"), text(&output.stderr))
}

#[test]
fn the_workload_of_a_dump_is_placed_afresh_on_the_candidates() {
    let scratch = dumped("imported");
    let spec = "  keep: node-role.kubernetes.io/control-plane
  candidates:
    - current
    - { name: small, capacity: { cpu: 2, memory: 8Gi }, price: 0.08, zones: [ a, b ] }
    - { name: large, capacity: { cpu: 8, memory: 16Gi }, price: 0.37, zones: [ a, b ] }
  growth: [ 1, 1.5 ]
";
    let (plan, warnings) = plan_of(&scratch, spec);
    assert_eq!(plan["kept"]["nodes"], json!(["cp"]));
    let rows = plan["growth"][0]["plans"].as_array().unwrap();
    // 6 × 900m, 2 × 400m, 100m, CoreDNS' 2 × 100m, and what the CronJob began: more than three of four cores hold.
    let count = |row: &Value| row["count"].as_u64().unwrap();
    assert_eq!(rows[0]["today"], json!({"nodes": 4, "holds": true}));
    assert_eq!((count(&rows[0]), count(&rows[1]), count(&rows[2])), (2, 4, 1), "{rows:#?}");
    assert_eq!(plan["growth"][0]["cheapest"], "small");
    assert_eq!(rows[1]["one_less"]["failure"]["reason"], "Insufficient cpu");
    // No traffic reaches the autoscaled Deployment: its replicas grow, as far as the autoscaler lets them.
    let pods = |growth: usize| plan["growth"][growth]["demand"]["pods"].as_u64().unwrap();
    assert!(pods(1) >= pods(0) + 3, "{} and {} pods", pods(0), pods(1));
    for words in [
        "growth 1.5: shop/deployment/web would have 9 replicas, but its autoscaler allows 8",
        "1 Pod without a controller of a known kind",
        "1 node of the scenario has no price",
    ] {
        assert!(warnings.contains(words), "{words} is missing in\n{warnings}");
    }
    assert!(!warnings.contains("cannot be created") && !warnings.contains("ReplicaSet"), "{warnings}");
    // The same dump, the same plan.
    let again = scratch.kubelapse(&["capacity", "plan.yaml", "--out", "again", "--jobs", "1"]);
    assert_eq!(again.status.code(), Some(0));
    let read = |folder: &str| std::fs::read_to_string(scratch.0.join(folder).join("web-plan/plan.json")).unwrap();
    assert!(read("again") == read("results"), "the bytes differ");
}

#[test]
fn what_cannot_begin_anew_is_one_error() {
    let scratch = dumped("imported-bad");
    let candidates = "  candidates: [ { name: m, capacity: { cpu: 2, memory: 8Gi }, price: 1 } ]\n";
    let node =
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"capacity": {"cpu": "4"}}});
    let broken = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "c"}},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]}}}});
    for (objects, words) in [
        (json!([node]), "holds no workload that could be placed on other nodes"),
        (json!([node, broken]), "Deployment shop/web cannot be created anew"),
    ] {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        std::fs::write(scratch.0.join("dump.json"), list.to_string()).unwrap();
        let output = scratch.capacity(candidates);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && said.contains("plan.yaml:5:13"), "{said}");
        assert!(!scratch.results().exists());
    }
}
