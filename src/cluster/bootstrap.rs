//! What a cluster holds before anybody does anything: namespaces, priority classes, the `kubernetes` Service.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::engine::SimTime;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{Body, NamespaceId, Object, ObjectMeta};
use crate::model::pod_spec::Protocol;
use crate::model::probe::PortRef;
use crate::model::service::{Service, ServicePort, ServiceType};

use super::Cluster;

const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// Upstream: apis/scheduling `SystemPriorityClasses`.
const PRIORITY_CLASSES: [(&str, i32); 2] =
    [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

impl Cluster {
    pub(super) fn bootstrap(&mut self) {
        for name in NAMESPACES {
            let labels = Labels::from_pairs([("kubernetes.io/metadata.name", name)]);
            let raw = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}, "spec": {"finalizers": ["kubernetes"]}});
            self.bootstrap_object(
                Kind::NAMESPACE,
                NamespaceId::NONE,
                name,
                labels,
                raw,
                Body::Namespace { terminating: false, conditions: Vec::new() },
            );
        }
        for (name, value) in PRIORITY_CLASSES {
            let raw = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value, "preemptionPolicy": "PreemptLowerPriority"});
            let body = Body::PriorityClass { value, global_default: false, preempts: true };
            self.bootstrap_object(Kind::PRIORITY_CLASS, NamespaceId::NONE, name, Labels::default(), raw, body);
        }
        let default = self.namespace("default").expect("made above");
        self.bootstrap_kubernetes_service(default);
    }

    fn bootstrap_kubernetes_service(&mut self, namespace: NamespaceId) {
        let labels = [("component", "apiserver"), ("provider", "kubernetes")];
        let raw = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"component": "apiserver", "provider": "kubernetes"}},
            "spec": {
                "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack", "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
                "sessionAffinity": "None", "type": "ClusterIP",
            },
        });
        let port = ServicePort {
            name: Text::const_new("https"),
            protocol: Protocol::Tcp,
            app_protocol: Text::default(),
            port: 443,
            target: PortRef::Number(6443),
            node_port: 0,
        };
        let mut service = Service {
            kind: ServiceType::ClusterIp,
            selector: None,
            ports: vec![port],
            cluster_ip: u32::from_be_bytes([10, 96, 0, 1]),
            headless: false,
            publish_not_ready: false,
            external_name: Text::default(),
        };
        self.allocate_addresses(&mut service).expect("the first Service of a new cluster");
        let body = Body::Service(Box::new(service));
        self.bootstrap_object(Kind::SERVICE, namespace, "kubernetes", Labels::from_pairs(labels), raw, body);
    }

    fn bootstrap_object(
        &mut self,
        kind: Kind,
        namespace: NamespaceId,
        name: &str,
        labels: Labels,
        raw: Value,
        body: Body,
    ) {
        let meta = ObjectMeta { namespace, name: name.into(), labels: Arc::new(labels), ..ObjectMeta::default() };
        self.insert_object(SimTime::ZERO, kind, Object { meta, raw: Arc::new(raw), body, deleted: None });
    }
}
