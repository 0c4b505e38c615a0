//! Gives every namespace its ServiceAccount `default` and the ConfigMap of the cluster's certificate authority.
//! Upstream: serviceaccount `ServiceAccountsController`, certificates/rootcacertpublisher.

use serde_json::{Value, json};

use crate::api::{DecodeCache, FieldValidation, decode};
use crate::cluster::{Change, Cluster, Verb};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, ObjectRef};

use super::plan::{Call, Outcome, Plan};
use super::runner::Controller;
use super::work_queue::WorkQueue;

const ACCOUNT: &str = "default";
const ROOT_CA: &str = "kube-root-ca.crt";

/// The controller.
#[derive(Debug, Default)]
pub(super) struct ServiceAccountController;

impl Controller for ServiceAccountController {
    type Draft = ();

    const COMPONENT: &'static str = "service-account-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        match (change.object.kind, change.verb) {
            (Kind::NAMESPACE, Verb::Added) => queue.add(change.object),
            (Kind::SERVICE_ACCOUNT | Kind::CONFIG_MAP, Verb::Deleted) => {
                let meta = cluster.meta(change.object);
                if meta.name == ACCOUNT || meta.name == ROOT_CA {
                    queue.add(ObjectRef::new(Kind::NAMESPACE, meta.namespace.0));
                }
            }
            _ => {}
        }
    }

    fn sync(&mut self, _now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        if !cluster.is_live(key) || cluster.meta(key).deletion.is_some() {
            return Plan::done();
        }
        let namespace = NamespaceId(key.id);
        let mut plan = Plan::done();
        if cluster.find(Kind::SERVICE_ACCOUNT, namespace, ACCOUNT).is_none() {
            plan.push(create(
                json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}),
                key,
                cluster,
            ));
        }
        if cluster.find(Kind::CONFIG_MAP, namespace, ROOT_CA).is_none() {
            plan.push(create(root_ca(), key, cluster));
        }
        // A namespace that began to terminate meanwhile refuses both, and nobody minds.
        plan.resume_with(())
    }

    fn resume(
        &mut self,
        _now: SimTime,
        key: ObjectRef,
        _draft: (),
        outcome: &Outcome,
        cluster: &mut Cluster,
    ) -> Plan<()> {
        let ignored = outcome.is_namespace_terminating() || !cluster.is_live(key);
        if outcome.refusal.is_some() && !ignored { Plan::done().fail() } else { Plan::done() }
    }
}

fn create(manifest: Value, namespace: ObjectRef, cluster: &Cluster) -> Call {
    let namespace = &cluster.meta(namespace).name;
    let decoded = decode(manifest, namespace, FieldValidation::Strict, &mut DecodeCache::default());
    Call::Create(Box::new(decoded.expect("a manifest of the controller's own is valid")))
}

fn root_ca() -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": ROOT_CA,
            "annotations": {
                "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
            },
        },
        "data": {"ca.crt": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"},
    })
}
