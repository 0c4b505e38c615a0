//! What a request with `dryRun=All` answers: the object as it would be stored.

use std::sync::Arc;

use serde_json::Value;

use super::super::Cluster;
use super::super::view::token_suffix;
use super::set_template;
use crate::api::decoded::{Decoded, DecodedBody};
use crate::api::view::{self, ObjectContext, OwnerView, PodContext};
use crate::api::{convert, defaults};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{Body, Object, ObjectMeta};
use crate::model::pod::Pod;
use crate::model::pod_template::PodTemplate;

impl Cluster {
    /// The object that `create` would store, as the server returns it: everything but a `resourceVersion`. Ask
    /// `check_create` before.
    pub fn dry_view(&mut self, now: SimTime, decoded: Decoded) -> Value {
        let kind = decoded.kind;
        if let DecodedBody::Pod(template) = &decoded.body {
            let template = Arc::clone(template);
            return self.dry_pod(now, &decoded, template);
        }
        let uid = self.next_uid(kind);
        let name = decoded.name.clone();
        let owners: Vec<OwnerView> =
            self.resolve_owners(&decoded.owners).iter().map(|owner| self.owner_view(owner)).collect();
        let mut raw = decoded.raw;
        let DecodedBody::Other { mut body, mut template } = decoded.body else { return Value::Null };
        if kind == Kind::JOB {
            let object = Arc::make_mut(&mut raw).as_object_mut().expect("a decoded object is one");
            defaults::job_identity(object, &name, &uid);
            body = convert::body(kind, &raw);
            template = Some(Arc::new(convert::pod_template(&raw["spec"]["template"])));
        }
        if let Some(template) = &template {
            let id = self.intern_template(Arc::clone(template));
            set_template(&mut body, id);
        }
        if let Body::Service(service) = &mut body
            && self.allocate_addresses(service).is_ok()
        {
            self.release(service);
        }
        let meta = ObjectMeta {
            name,
            labels: decoded.labels,
            annotations: decoded.annotations,
            finalizers: decoded.finalizers,
            created: now,
            ..ObjectMeta::default()
        };
        let context = ObjectContext {
            clock: *self.clock(),
            namespace: &decoded.namespace,
            uid: &uid,
            owners: &owners,
            template: template.as_deref(),
            endpoints: &[],
            uncounted: &view::UncountedView::default(),
        };
        view::object(&Object { meta, raw, body, deleted: None }, kind, &context)
    }

    fn dry_pod(&mut self, now: SimTime, decoded: &Decoded, template: Arc<PodTemplate>) -> Value {
        let uid = self.next_uid(Kind::POD);
        let namespace = self.namespace(&decoded.namespace).unwrap_or_default();
        let id = self.intern_template(template);
        let id = self.admit_pod(namespace, id, &decoded.name).unwrap_or(id);
        let owners: Vec<OwnerView> =
            self.resolve_owners(&decoded.owners).iter().map(|owner| self.owner_view(owner)).collect();
        let row = Pod::new(decoded.name.clone(), namespace, id, now);
        let context = PodContext {
            granted: None,
            clock: *self.clock(),
            namespace: &decoded.namespace,
            uid: &uid,
            owners: &owners,
            node_name: &self.template(id).spec.node_name,
            host_ip: "",
            nominated_node_name: "",
            token_suffix: &token_suffix(&uid),
            labels: &decoded.labels,
            annotations: &decoded.annotations,
            hostname: "",
        };
        view::pod(&row, self.template(id), &context)
    }
}
