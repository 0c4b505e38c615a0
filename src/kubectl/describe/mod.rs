//! `kubectl describe`: one layout a kind, aligned at the end. Upstream: kubectl pkg/describe.

mod access;
mod certificates;
mod config;
mod generic;
mod jobs;
mod network;
mod node;
mod pod;
mod policy;
mod service;
mod storage;
mod tabwriter;
mod template;
mod text;
mod workloads;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::Clock;
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::PodPhase;

use super::printers::event_cells;
use text::Page;

/// What a description looks up beside its object.
pub(super) struct Related<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) now: SimTime,
    pub(super) object: ObjectRef,
    /// The Events of each object; `None` if they are not to be shown.
    pub(super) events: Option<&'a EventsByObject>,
}

/// Rows of Events, in their order, by the object that they are about: read once, however many objects are described.
pub(super) type EventsByObject = BTreeMap<ObjectRef, Vec<u32>>;

/// All Events of a cluster.
pub(super) fn events_by_object(cluster: &Cluster) -> EventsByObject {
    let mut events = EventsByObject::new();
    for (row, event) in (0..).zip(cluster.events.rows()) {
        events.entry(event.object).or_default().push(row);
    }
    events
}

impl Related<'_> {
    fn clock(&self) -> &Clock {
        self.cluster.clock()
    }

    /// The block of Events, last in every description. Upstream: describe `DescribeEvents`.
    fn events(&self, page: &mut Page) {
        let Some(events) = self.events else { return };
        let own = events.get(&self.object).into_iter().flatten().copied();
        let mut rows: Vec<u32> = own
            .filter(|row| self.now < self.cluster.event_expiry(*row) && self.cluster.event_names_its_place(*row))
            .collect();
        if rows.is_empty() {
            page.field(0, "Events", "<none>");
            return;
        }
        rows.sort_by_key(|row| self.cluster.events.row(*row).last);
        page.line(0, "Events:");
        let table: Vec<Vec<String>> = rows
            .into_iter()
            .map(|row| {
                let event = self.cluster.events.row(row);
                let sort = self.cluster.events.sort_of(event);
                vec![
                    sort.kind.name().to_owned(),
                    sort.reason.to_string(),
                    event_cells(self.cluster, self.now, row).last_seen_counted,
                    sort.component.to_string(),
                    self.cluster.event_message(event).trim().to_owned(),
                ]
            })
            .collect();
        page.line(1, "Type\tReason\tAge\tFrom\tMessage");
        page.line(1, "----\t------\t----\t----\t-------");
        for row in table {
            page.line(1, row.join("\t"));
        }
    }

    /// `1 Running / 1 Waiting / 0 Succeeded / 0 Failed` of the pods of the object.
    fn pods_status(&self) -> String {
        let (mut running, mut waiting, mut succeeded, mut failed) = (0, 0, 0, 0);
        for pod in self.cluster.pods_of(self.object) {
            match self.cluster.pod(pod).status.phase {
                PodPhase::Running => running += 1,
                PodPhase::Pending => waiting += 1,
                PodPhase::Succeeded => succeeded += 1,
                PodPhase::Failed => failed += 1,
                PodPhase::Unknown => {}
            }
        }
        format!("{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed")
    }

    /// Pods on the object's node that have not ended, by namespace and name.
    fn active_pods(&self, node: crate::model::object::NodeId) -> Vec<PodId> {
        let mut pods: Vec<PodId> =
            self.cluster.pods_on(node).filter(|pod| !self.cluster.pod(*pod).status.phase.is_terminal()).collect();
        pods.sort_by_key(|pod| {
            let row = self.cluster.pod(*pod);
            (self.cluster.namespace_name(row.namespace).to_owned(), row.name.clone())
        });
        pods
    }
}

/// The description of an object.
pub(super) fn describe(related: &Related<'_>) -> String {
    let is_event = related.object.kind == Kind::EVENT;
    let cluster = related.cluster;
    let view = if is_event { cluster.event_view(related.object.id) } else { cluster.view(related.object) };
    let mut page = Page::default();
    let layout = match related.object.kind {
        Kind::POD => pod::describe,
        Kind::NODE => node::describe,
        Kind::DEPLOYMENT => workloads::deployment,
        Kind::REPLICA_SET | Kind::REPLICATION_CONTROLLER => workloads::replica_set,
        Kind::STATEFUL_SET => workloads::stateful_set,
        Kind::DAEMON_SET => workloads::daemon_set,
        Kind::JOB => jobs::job,
        Kind::CRON_JOB => jobs::cron_job,
        Kind::SERVICE => service::service,
        Kind::HORIZONTAL_POD_AUTOSCALER => service::autoscaler,
        Kind::NAMESPACE => config::namespace,
        Kind::CONFIG_MAP => config::config_map,
        Kind::SECRET => config::secret,
        Kind::POD_DISRUPTION_BUDGET => config::disruption_budget,
        Kind::PRIORITY_CLASS => config::priority_class,
        Kind::SERVICE_ACCOUNT => config::service_account,
        Kind::RESOURCE_QUOTA => policy::resource_quota,
        Kind::LIMIT_RANGE => policy::limit_range,
        Kind::PERSISTENT_VOLUME_CLAIM => storage::claim,
        Kind::PERSISTENT_VOLUME => storage::volume,
        Kind::STORAGE_CLASS => storage::storage_class,
        Kind::INGRESS => network::ingress,
        Kind::NETWORK_POLICY => network::network_policy,
        Kind::ENDPOINTS => network::endpoints,
        Kind::ENDPOINT_SLICE => network::endpoint_slice,
        Kind::INGRESS_CLASS => network::ingress_class,
        Kind::CSI_NODE => storage::csi_node,
        Kind::CERTIFICATE_SIGNING_REQUEST => certificates::request,
        Kind::ROLE | Kind::CLUSTER_ROLE => access::role,
        Kind::ROLE_BINDING | Kind::CLUSTER_ROLE_BINDING => access::binding,
        _ => generic::describe,
    };
    layout(&mut page, &view, related);
    tabwriter::align(&page.text)
}

/// A pod template with its tabs left in, as `rollout history --revision` and `undo --dry-run` print it.
pub(super) fn template_with_tabs(template: &Value) -> String {
    let mut page = Page::default();
    template::pod_template(&mut page, template);
    page.text
}
