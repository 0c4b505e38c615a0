//! Tables of `kubectl get`: which columns a kind has and what stands in them. Upstream: pkg/printers/internalversion.
//!
//! Kinds that the model acts on are read from its columns, so that long tables cost no JSON; all others from the
//! object as it was stored.

mod autoscaling;
mod certificates;
mod cluster_kinds;
mod config;
pub(crate) mod custom;
mod events;
mod jobs;
mod network;
mod nodes;
mod pods;
mod policy;
mod storage;
pub(crate) mod table;
mod workloads;

pub(crate) use certificates::status as certificate_status;
pub(crate) use events::event_cells;

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef, TemplateId};
use crate::model::selector::{LabelSelector, Operator};

use super::ages;

/// How a kind is printed.
pub(crate) struct Printer {
    /// Columns that always stand.
    pub(crate) columns: &'static [&'static str],
    /// Columns of `-o wide` after them.
    pub(crate) wide: &'static [&'static str],
    /// The cells of an object; those of the wide columns only if asked for.
    pub(crate) row: fn(&Context<'_>, ObjectRef) -> Vec<String>,
}

impl Printer {
    /// All columns of `-o wide`. A wide column that stands among the others too has moved.
    pub(crate) fn wide_columns(&self) -> Vec<&'static str> {
        let kept = self.columns.iter().copied().filter(|column| !self.wide.contains(column));
        kept.chain(self.wide.iter().copied()).collect()
    }
}

/// What printers look at.
pub(crate) struct Context<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) now: SimTime,
    pub(crate) wide: bool,
}

/// What a client prints of an object that it does not know.
pub(crate) fn name_and_age() -> &'static Printer {
    &config::NAME_AND_AGE
}

/// The printer of a kind.
pub(crate) fn printer(kind: Kind) -> &'static Printer {
    match kind {
        Kind::POD => &pods::POD,
        Kind::NODE => &nodes::NODE,
        Kind::NAMESPACE => &config::NAMESPACE,
        Kind::CONFIG_MAP => &config::CONFIG_MAP,
        Kind::SECRET => &config::SECRET,
        Kind::DEPLOYMENT => &workloads::DEPLOYMENT,
        Kind::REPLICA_SET | Kind::REPLICATION_CONTROLLER => &workloads::REPLICA_SET,
        Kind::STATEFUL_SET => &workloads::STATEFUL_SET,
        Kind::DAEMON_SET => &workloads::DAEMON_SET,
        Kind::CONTROLLER_REVISION => &workloads::CONTROLLER_REVISION,
        Kind::JOB => &jobs::JOB,
        Kind::CRON_JOB => &jobs::CRON_JOB,
        Kind::HORIZONTAL_POD_AUTOSCALER => &autoscaling::HORIZONTAL_POD_AUTOSCALER,
        Kind::SERVICE => &network::SERVICE,
        Kind::ENDPOINTS => &network::ENDPOINTS,
        Kind::ENDPOINT_SLICE => &network::ENDPOINT_SLICE,
        Kind::INGRESS => &network::INGRESS,
        Kind::NETWORK_POLICY => &network::NETWORK_POLICY,
        Kind::POD_DISRUPTION_BUDGET => &policy::POD_DISRUPTION_BUDGET,
        Kind::PRIORITY_CLASS => &policy::PRIORITY_CLASS,
        Kind::RESOURCE_QUOTA => &policy::RESOURCE_QUOTA,
        Kind::LIMIT_RANGE => &policy::CREATED_AT,
        Kind::ROLE | Kind::CLUSTER_ROLE | Kind::CUSTOM_RESOURCE_DEFINITION => &policy::CREATED_AT,
        Kind::ROLE_BINDING | Kind::CLUSTER_ROLE_BINDING => &cluster_kinds::BINDING,
        Kind::INGRESS_CLASS => &cluster_kinds::INGRESS_CLASS,
        Kind::POD_TEMPLATE => &cluster_kinds::POD_TEMPLATE,
        Kind::RUNTIME_CLASS => &cluster_kinds::RUNTIME_CLASS,
        Kind::CSI_DRIVER => &cluster_kinds::CSI_DRIVER,
        Kind::CSI_NODE => &cluster_kinds::CSI_NODE,
        Kind::CSI_STORAGE_CAPACITY => &cluster_kinds::CSI_STORAGE_CAPACITY,
        Kind::VOLUME_ATTACHMENT => &cluster_kinds::VOLUME_ATTACHMENT,
        Kind::VOLUME_ATTRIBUTES_CLASS => &cluster_kinds::VOLUME_ATTRIBUTES_CLASS,
        Kind::PERSISTENT_VOLUME => &storage::PERSISTENT_VOLUME,
        Kind::PERSISTENT_VOLUME_CLAIM => &storage::PERSISTENT_VOLUME_CLAIM,
        Kind::STORAGE_CLASS => &storage::STORAGE_CLASS,
        Kind::LEASE => &config::LEASE,
        Kind::CERTIFICATE_SIGNING_REQUEST => &certificates::CERTIFICATE_SIGNING_REQUEST,
        Kind::EVENT => &events::EVENT,
        _ => &config::NAME_AND_AGE,
    }
}

impl Context<'_> {
    /// Name of an object.
    pub(crate) fn name(&self, object: ObjectRef) -> String {
        self.cluster.identity(object).1.to_owned()
    }

    /// AGE of an object.
    pub(crate) fn age(&self, object: ObjectRef) -> String {
        let created = match object.as_pod() {
            Some(pod) => self.cluster.pod(pod).created,
            None if object.kind == Kind::EVENT => self.cluster.events.row(object.id).last,
            None => self.cluster.meta(object).created,
        };
        ages::age(self.now, created)
    }

    /// The object as it was stored, without status.
    pub(crate) fn raw(&self, object: ObjectRef) -> &Value {
        &self.cluster.object(object).raw
    }

    /// `status` of a kind that is only stored.
    pub(crate) fn status(&self, object: ObjectRef) -> &Value {
        match self.cluster.body(object) {
            Body::Plain { status } => status,
            _ => &Value::Null,
        }
    }

    /// Names and images of a template's containers, joined by commas.
    pub(crate) fn containers_and_images(&self, template: TemplateId) -> [String; 2] {
        let containers = self.cluster.template(template).spec.main_containers();
        let names: Vec<&str> = containers.iter().map(|container| container.name.as_str()).collect();
        let images: Vec<&str> = containers.iter().map(|container| container.image.as_str()).collect();
        [names.join(","), images.join(",")]
    }
}

/// A field of a JSON value by its dotted path, `Null` if there is none.
pub(crate) fn field<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, key| value.get(key).unwrap_or(&Value::Null))
}

/// A field as text: strings bare, numbers and booleans as they print, nothing for `Null`.
pub(crate) fn text(value: &Value, path: &str) -> String {
    plain(field(value, path))
}

/// A scalar as text.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The text, or a stand-in if it is empty.
pub(crate) fn or(text: String, stand_in: &str) -> String {
    if text.is_empty() { stand_in.to_owned() } else { text }
}

/// An IPv4 number as text, empty for 0.
pub(crate) fn address(number: u32) -> String {
    if number == 0 { String::new() } else { Ipv4Addr::from_bits(number).to_string() }
}

/// A selector as kubectl prints it. Upstream: apimachinery `metav1.FormatLabelSelector`.
pub(crate) fn selector(selector: &LabelSelector) -> String {
    if selector.is_empty() {
        return "<none>".to_owned();
    }
    let mut requirements: Vec<_> = selector.requirements.iter().collect();
    requirements.sort_by(|left, right| left.key.cmp(&right.key));
    let words: Vec<String> = requirements
        .iter()
        .map(|requirement| {
            let values = requirement.values.join(",");
            let key = &requirement.key;
            match requirement.operator {
                Operator::In if requirement.values.len() == 1 => format!("{key}={values}"),
                Operator::In => format!("{key} in ({values})"),
                Operator::NotIn => format!("{key} notin ({values})"),
                Operator::Exists => key.to_string(),
                Operator::DoesNotExist => format!("!{key}"),
                Operator::Gt => format!("{key}>{values}"),
                Operator::Lt => format!("{key}<{values}"),
            }
        })
        .collect();
    words.join(",")
}

/// `k=v,k=v` of a JSON map, `<none>` if it is empty.
pub(crate) fn pairs(map: &Value) -> String {
    let words: Vec<String> =
        map.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={}", plain(value))).collect();
    or(words.join(","), "<none>")
}

/// The first three and how many more there are.
pub(crate) fn first_three(items: &[String]) -> String {
    if items.len() > 3 { format!("{} + {} more...", items[..3].join(","), items.len() - 3) } else { items.join(",") }
}
