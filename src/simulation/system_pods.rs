//! `systemPods: kubeadm`: what `kubeadm init` leaves in kube-system: CoreDNS and kube-proxy as objects of the API, the
//! control plane as static pods of its nodes.
//! Upstream: kubeadm phases/addons, phases/controlplane `GetStaticPodSpecs`, phases/etcd `GetEtcdPodSpec`.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::api::yaml;
use crate::cluster::Cluster;
use crate::machines::Machines;
use crate::model::object::NodeId;
use crate::scenario::checks::flags::service_range;
use crate::scenario::plan::Plan;
use crate::scenario::schema::cluster::SystemPods;

use super::components::Settings;

const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";
/// kubeadm's service subnet.
const SERVICE_SUBNET: u32 = 0x0a60_0000;
/// CoreDNS has the tenth address of the service subnet. Upstream: kubeadm constants `GetDNSIP`.
const DNS_HOST: u32 = 10;

/// The control plane's components: name, image, CPU and memory that it requests, the port of its probes.
const COMPONENTS: [(&str, &str, &str, &str, u16); 4] = [
    ("etcd", "registry.k8s.io/etcd:3.6.6-0", "100m", "100Mi", 2381),
    ("kube-apiserver", "registry.k8s.io/kube-apiserver:v1.36.2", "250m", "", 6443),
    ("kube-controller-manager", "registry.k8s.io/kube-controller-manager:v1.36.2", "200m", "", 10257),
    ("kube-scheduler", "registry.k8s.io/kube-scheduler:v1.36.2", "100m", "", 10259),
];

/// The objects, in the order in which kubeadm makes them.
pub(super) fn objects(plan: &Plan) -> Vec<Value> {
    if plan.cluster.system_pods != SystemPods::Kubeadm {
        return Vec::new();
    }
    let range = Settings::api_server(plan).text("service-cluster-ip-range").and_then(|text| service_range(&text));
    let address = Ipv4Addr::from_bits(range.map_or(SERVICE_SUBNET, |(first, _)| first) + DNS_HOST);
    let text = include_str!("kubeadm.yaml").replace("DNS_IP", &address.to_string());
    yaml::read(&text).manifests.into_iter().map(|manifest| manifest.value).collect()
}

/// Puts the control plane into the manifest folders of its nodes: those with its label, or the first node.
pub(super) fn write_manifests(plan: &Plan, cluster: &Cluster, machines: &mut Machines) {
    if plan.cluster.system_pods != SystemPods::Kubeadm {
        return;
    }
    let mut nodes: Vec<NodeId> =
        cluster.nodes().filter(|node| cluster.node(*node).meta.labels.contains_key(CONTROL_PLANE)).collect();
    if nodes.is_empty() {
        nodes.extend(cluster.nodes().next());
    }
    for node in nodes {
        for component in COMPONENTS {
            let text = static_pod(component).to_string();
            machines.write_manifest(node, &format!("{}.yaml", component.0), text.as_str().into());
        }
    }
}

fn static_pod((name, image, cpu, memory, port): (&str, &str, &str, &str, u16)) -> Value {
    let probe = |path: &str, failures: u32, period: u32| {
        json!({
            "httpGet": {"path": path, "port": "probe-port", "scheme": "HTTP"},
            "failureThreshold": failures, "initialDelaySeconds": 10, "periodSeconds": period, "timeoutSeconds": 15,
        })
    };
    let mut requests = json!({"cpu": cpu});
    if !memory.is_empty() {
        requests["memory"] = json!(memory);
    }
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "kube-system", "labels": {"component": name, "tier": "control-plane"},
        },
        "spec": {
            "containers": [{
                "name": name, "image": image, "imagePullPolicy": "IfNotPresent", "command": [name],
                "resources": {"requests": requests},
                "ports": [{"name": "probe-port", "containerPort": port, "protocol": "TCP"}],
                "livenessProbe": probe("/livez", 8, 10),
                "startupProbe": probe("/livez", 24, 10),
            }],
            "hostNetwork": true, "priorityClassName": "system-node-critical",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        },
    })
}
