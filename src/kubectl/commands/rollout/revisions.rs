//! The revisions of a workload: ReplicaSets of a Deployment, ControllerRevisions of the others.

use serde_json::Value;

use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::super::Call;

/// Where a ReplicaSet keeps its revision.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// Where a revision keeps its cause.
const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// A revision.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    pub(super) number: i64,
    pub(super) object: ObjectRef,
    pub(super) change_cause: String,
}

/// All revisions of a workload in ascending order; `None` for kinds without.
pub(super) fn revisions(call: &Call<'_>, object: ObjectRef) -> Option<Vec<Revision>> {
    let kind = match object.kind {
        Kind::DEPLOYMENT => Kind::REPLICA_SET,
        Kind::DAEMON_SET | Kind::STATEFUL_SET => Kind::CONTROLLER_REVISION,
        _ => return None,
    };
    let mut found: Vec<Revision> = call
        .cluster
        .owned(object, kind)
        .filter_map(|revision| {
            let meta = call.cluster.meta(revision);
            let number = if kind == Kind::REPLICA_SET {
                meta.annotations.get(REVISION)?.parse().ok()?
            } else {
                call.cluster.object(revision).raw["revision"].as_i64()?
            };
            let change_cause = meta.annotations.get(CHANGE_CAUSE).unwrap_or_default().to_owned();
            Some(Revision { number, object: revision, change_cause })
        })
        .collect();
    found.sort_by_key(|revision| revision.number);
    Some(found)
}

/// The pod template of a revision, without the label that tells ReplicaSets apart.
pub(super) fn template(call: &Call<'_>, revision: &Revision) -> Value {
    let view = call.cluster.view(revision.object);
    if revision.object.kind == Kind::CONTROLLER_REVISION {
        let mut template = view["data"]["spec"]["template"].clone();
        if let Some(template) = template.as_object_mut() {
            template.remove("$patch");
        }
        return template;
    }
    let mut template = view["spec"]["template"].clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove("pod-template-hash");
    }
    template
}
