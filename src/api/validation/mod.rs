//! Validation in upstream's words and order, on defaulted JSON. One file a group of rules; each function names the
//! upstream function whose rules it has. What depends on other objects (allocation, quotas) is the cluster's.

mod affinity;
mod autoscaling;
mod batch;
mod certificates;
mod cluster_kinds;
mod configuration;
mod container;
mod container_fields;
mod cron_schedule;
mod definition;
mod definition_open_api;
mod definition_schema;
mod diff;
mod endpoints;
mod ephemeral;
mod errors;
mod job_policies;
mod limits;
mod meta;
mod mounts;
pub mod names;
mod network;
mod pod;
mod probe;
mod rbac;
mod resize;
mod resources;
mod scheduling;
mod security;
mod selector;
mod service;
mod storage;
mod update;
mod volume;
mod volume_sources;
mod warnings;
mod workload;

use serde_json::Value;

pub use ephemeral::{drop_all_but_ephemeral, validate_ephemeral};
pub use errors::Errors;
pub use meta::metadata;
pub use resize::{drop_other_changes, validate_resize};
pub use update::validate_update;
pub use warnings::warnings;

use super::value::is_nil;
use crate::model::kind::Kind;

/// All errors of an object, as `path: Type: value: detail`.
pub fn validate(kind: Kind, object: &Value) -> Vec<String> {
    validate_with_gates(kind, object, false)
}

/// As `validate`, perhaps with the feature gate `HPAScaleToZero`.
pub fn validate_with_gates(kind: Kind, object: &Value, scale_to_zero: bool) -> Vec<String> {
    let mut errors = Errors::default();
    errors.extend(metadata(kind, &object["metadata"]));
    let spec = &object["spec"];
    match kind {
        Kind::POD => pod::pod(object, &mut errors),
        Kind::POD_TEMPLATE => pod::template(&object["template"], "template", &mut errors),
        Kind::DEPLOYMENT => workload::deployment(spec, &mut errors),
        Kind::REPLICA_SET => workload::replica_set(spec, &mut errors),
        Kind::REPLICATION_CONTROLLER => workload::replication_controller(spec, &mut errors),
        Kind::STATEFUL_SET => workload::stateful_set(spec, &mut errors),
        Kind::DAEMON_SET => workload::daemon_set(spec, &mut errors),
        Kind::JOB => batch::job(object, &mut errors),
        Kind::CRON_JOB => batch::cron_job(spec, &mut errors),
        Kind::SERVICE => service::service(spec, &mut errors),
        Kind::HORIZONTAL_POD_AUTOSCALER => autoscaling::horizontal_pod_autoscaler(spec, scale_to_zero, &mut errors),
        Kind::CONFIG_MAP => configuration::config_map(object, &mut errors),
        Kind::SECRET => configuration::secret(object, &mut errors),
        _ => cluster_kinds::validate(kind, object, &mut errors),
    }
    errors.into_list()
}

/// As `validate_with_gates`, for an object that is new.
pub fn validate_new(kind: Kind, object: &Value, scale_to_zero: bool) -> Vec<String> {
    let mut errors = Errors::default();
    errors.extend(validate_with_gates(kind, object, scale_to_zero));
    if kind == Kind::POD {
        pod::new_pod(object, &mut errors);
    }
    errors.into_list()
}

/// All errors of an object that replaces `old`, both defaulted and admitted, in upstream's order.
pub fn validate_changed(kind: Kind, old: &Value, new: &Value, scale_to_zero: bool) -> Vec<String> {
    let own = validate_with_gates(kind, new, scale_to_zero);
    let changes = validate_update(kind, old, new);
    // Upstream: `ValidateServiceUpdate`, `ValidateConfigMapUpdate` and `ValidateSecretUpdate` validate the object last.
    let last = matches!(kind, Kind::SERVICE | Kind::CONFIG_MAP | Kind::SECRET);
    if last { [changes, own].concat() } else { [own, changes].concat() }
}

/// Adds an error for a number below zero. Upstream: apimachinery `ValidateNonnegativeField`.
fn not_negative(value: &Value, path: &str, errors: &mut Errors) {
    if value.as_i64().is_some_and(|number| number < 0) {
        errors.invalid(path, value, "must be greater than or equal to 0");
    }
}

/// Adds errors for each number of a structure that is below zero, in this order.
fn none_negative(object: &Value, fields: &[&str], path: &str, errors: &mut Errors) {
    for field in fields.iter().filter(|field| !is_nil(&object[**field])) {
        not_negative(&object[*field], &format!("{path}.{field}"), errors);
    }
}

#[cfg(test)]
mod tests;
