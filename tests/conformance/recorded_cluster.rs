//! A recorded cluster as the scheduler sees it: nodes, bound pods and Services from v1 objects, without admission (the
//! recordings were made without).

use std::sync::Arc;

use kubelapse::api::{Clock, Decoded, DecodedBody, convert};
use kubelapse::cluster::{Cluster, ClusterSettings, DeleteOptions, NewPod, PodName};
use kubelapse::engine::random::Streams;
use kubelapse::engine::{SimDuration, SimTime};
use kubelapse::model::kind::Kind;
use kubelapse::model::object::{NodeId, ObjectRef, PodId};
use kubelapse::scheduler::cache::{Cache, NodeFacts};
use serde_json::Value;

/// An API server and the scheduler's view of it.
pub struct RecordedCluster {
    pub cluster: Cluster,
    pub cache: Cache,
}

impl RecordedCluster {
    /// With the nodes, pods and Services of a case.
    pub fn new(case: &Value) -> Self {
        let settings = ClusterSettings {
            clock: Clock { epoch_seconds: 0, warmup: SimDuration::ZERO },
            streams: Streams::new(0),
            not_ready_toleration_seconds: 300,
            unreachable_toleration_seconds: 300,
        };
        let mut recorded = Self { cluster: Cluster::new(settings), cache: Cache::default() };
        let other = serde_json::json!({"metadata": {"name": "other", "labels": {"kubernetes.io/metadata.name": "other", "team": "x"}}});
        recorded.object(Kind::NAMESPACE, &other);
        for service in list(&case["services"]) {
            recorded.object(Kind::SERVICE, service);
        }
        for node in list(&case["nodes"]) {
            recorded.node(node);
        }
        recorded
    }

    /// Creates an object other than a pod.
    pub fn object(&mut self, kind: Kind, value: &Value) -> ObjectRef {
        let metadata = &value["metadata"];
        let decoded = Decoded {
            kind,
            namespace: text(&metadata["namespace"]).into(),
            name: text(&metadata["name"]).into(),
            generate_name: "".into(),
            labels: Arc::new(convert::labels(&metadata["labels"])),
            annotations: Arc::new(convert::labels(&metadata["annotations"])),
            finalizers: Vec::new(),
            owners: Vec::new(),
            resource_version: "".into(),
            raw: Arc::new(value.clone()),
            body: DecodedBody::Other { body: convert::body(kind, value), template: None },
        };
        self.cluster.create(SimTime::ZERO, decoded).expect("a recorded object is valid")
    }

    fn node(&mut self, value: &Value) {
        let node = self.object(Kind::NODE, value).as_node().expect("it is a node");
        let object = self.cluster.node(node);
        let images = object.body.as_node().map(|node| node.images.clone()).unwrap_or_default();
        self.cache.set_node(node, NodeFacts::of(object), &images);
    }

    /// Creates a pod; a bound one counts on its node.
    pub fn pod(&mut self, value: &Value) -> PodId {
        let template = self.cluster.intern_template(Arc::new(convert::pod_template(value)));
        let namespace = self.cluster.namespace(text(&value["metadata"]["namespace"])).expect("a recorded namespace");
        let new = NewPod {
            namespace,
            name: PodName::Exact(text(&value["metadata"]["name"]).into()),
            template,
            controller: ObjectRef::NONE,
            finalizers: Vec::new(),
            mirror: true,
        };
        let pod = self.cluster.create_pod(SimTime::ZERO, new).expect("a recorded pod is valid");
        let node = self.cluster.pod(pod).node;
        if node != NodeId::NONE {
            self.cache.add_pod(&self.cluster, pod, node);
            if !value["metadata"]["deletionTimestamp"].is_null() {
                let object = ObjectRef::pod(pod);
                self.cluster.delete(SimTime::ZERO, object, DeleteOptions::default()).expect("it is there");
                self.cache.refresh_pod(&self.cluster, pod);
            }
        }
        pod
    }
}

/// The items of a list that may be null.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text that may be absent.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
