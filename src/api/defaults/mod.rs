//! Defaults of the API server, one file a group of kinds, on JSON values of checked types.
//! Only what the server's defaulting does: admission is in `admission`, allocation of addresses and ports in `cluster`.

mod autoscaling;
mod cluster_kinds;
mod container;
mod pod;
mod service;
mod volume;
mod workload;

use super::value::{Object, find_mut, object_mut};
use crate::model::kind::Kind;

pub use pod::{pod, pod_template};
pub use workload::{has_manual_selector, job_identity, job_labels};

/// Sets the defaults of an object.
pub fn apply(kind: Kind, object: &mut Object) {
    match kind {
        Kind::POD => pod(object_mut(object, "spec")),
        Kind::POD_TEMPLATE => {
            if let Some(template) = find_mut(object, "template") {
                pod_template(template);
            }
        }
        Kind::DEPLOYMENT => workload::deployment(object),
        Kind::REPLICA_SET => workload::replica_set(object),
        Kind::REPLICATION_CONTROLLER => workload::replication_controller(object),
        Kind::STATEFUL_SET => workload::stateful_set(object),
        Kind::DAEMON_SET => workload::daemon_set(object),
        Kind::JOB => workload::job(object),
        Kind::CRON_JOB => workload::cron_job(object),
        Kind::HORIZONTAL_POD_AUTOSCALER => autoscaling::horizontal_pod_autoscaler(object),
        Kind::SERVICE => service::service(object),
        Kind::ENDPOINTS => service::endpoints(object),
        Kind::ENDPOINT_SLICE => service::endpoint_slice(object),
        _ => cluster_kinds::apply(kind, object),
    }
}
