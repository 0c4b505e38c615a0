//! Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets.

use serde_json::Value;

use super::super::ages::rfc1123;
use super::super::printers::{field, or, text};
use super::text::{Page, selector};
use super::{Related, template};
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

fn head(page: &mut Page, view: &Value) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
}

fn number(view: &Value, path: &str) -> String {
    or(text(view, path), "0")
}

pub(super) fn deployment(page: &mut Page, view: &Value, related: &Related<'_>) {
    head(page, view);
    page.field(0, "CreationTimestamp", rfc1123(field(view, "metadata.creationTimestamp")));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    page.field(0, "Selector", selector(field(view, "spec.selector")));
    page.field(
        0,
        "Replicas",
        format!(
            "{} desired | {} updated | {} total | {} available | {} unavailable",
            number(view, "spec.replicas"),
            number(view, "status.updatedReplicas"),
            number(view, "status.replicas"),
            number(view, "status.availableReplicas"),
            number(view, "status.unavailableReplicas")
        ),
    );
    page.field(0, "StrategyType", text(view, "spec.strategy.type"));
    page.field(0, "MinReadySeconds", number(view, "spec.minReadySeconds"));
    let rolling = field(view, "spec.strategy.rollingUpdate");
    if rolling.is_object() {
        let (unavailable, surge) = (text(rolling, "maxUnavailable"), text(rolling, "maxSurge"));
        page.field(0, "RollingUpdateStrategy", format!("{unavailable} max unavailable, {surge} max surge"));
    }
    template::pod_template(page, field(view, "spec.template"));
    conditions(page, view);
    let (old, new) = replica_sets(view, related);
    if let Some((old, new)) = old.zip(new) {
        page.field(0, "OldReplicaSets", old);
        page.field(0, "NewReplicaSet", new);
    }
    related.events(page);
}

fn conditions(page: &mut Page, view: &Value) {
    let rows: Vec<Vec<String>> = field(view, "status.conditions")
        .as_array()
        .into_iter()
        .flatten()
        .map(|condition| vec![text(condition, "type"), text(condition, "status"), text(condition, "reason")])
        .collect();
    if rows.is_empty() {
        return;
    }
    page.line(0, "Conditions:");
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|mut row| {
            row[0].push(' ');
            row
        })
        .collect();
    page.line(1, "Type\tStatus\tReason");
    page.line(1, "----\t------\t------");
    for row in rows {
        page.line(1, row.join("\t"));
    }
}

/// `web-5d9c (0/0 replicas created)`: all old ones, and the one whose template is the Deployment's.
fn replica_sets(view: &Value, related: &Related<'_>) -> (Option<String>, Option<String>) {
    let mut owned: Vec<ObjectRef> = related.cluster.owned(related.object, Kind::REPLICA_SET).collect();
    if owned.is_empty() {
        return (None, None);
    }
    owned.sort_by_key(|object| related.cluster.meta(*object).created);
    let views: Vec<Value> = owned.iter().map(|object| related.cluster.view(*object)).collect();
    let wanted = field(view, "spec.template");
    let is_new = |candidate: &&Value| {
        let mut labels = field(candidate, "spec.template.metadata.labels").clone();
        if let Some(labels) = labels.as_object_mut() {
            labels.remove("pod-template-hash");
        }
        field(candidate, "spec.template.spec") == &wanted["spec"] && labels == wanted["metadata"]["labels"]
    };
    let shown = |view: &Value| {
        format!(
            "{} ({}/{} replicas created)",
            text(view, "metadata.name"),
            number(view, "status.replicas"),
            number(view, "spec.replicas")
        )
    };
    let new = views.iter().find(is_new);
    let old: Vec<String> = views
        .iter()
        .filter(|view| new.is_none_or(|new| new["metadata"]["name"] != view["metadata"]["name"]))
        .map(shown)
        .collect();
    (Some(or(old.join(", "), "<none>")), Some(new.map_or_else(|| "<none>".to_owned(), shown)))
}

pub(super) fn replica_set(page: &mut Page, view: &Value, related: &Related<'_>) {
    head(page, view);
    let own = field(view, "spec.selector");
    let shown = if related.object.kind == Kind::REPLICATION_CONTROLLER {
        super::super::printers::pairs(own)
    } else {
        selector(own)
    };
    page.field(0, "Selector", shown);
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    controlled_by(page, view);
    page.field(
        0,
        "Replicas",
        format!("{} current / {} desired", number(view, "status.replicas"), number(view, "spec.replicas")),
    );
    page.field(0, "Pods Status", related.pods_status());
    template::pod_template(page, field(view, "spec.template"));
    conditions(page, view);
    related.events(page);
}

/// The managing controller.
pub(super) fn controlled_by(page: &mut Page, view: &Value) {
    let owners = field(view, "metadata.ownerReferences").as_array().into_iter().flatten();
    for owner in owners.filter(|owner| owner["controller"].as_bool() == Some(true)) {
        page.field(0, "Controlled By", format!("{}/{}", text(owner, "kind"), text(owner, "name")));
    }
}

pub(super) fn stateful_set(page: &mut Page, view: &Value, related: &Related<'_>) {
    head(page, view);
    page.field(0, "CreationTimestamp", rfc1123(field(view, "metadata.creationTimestamp")));
    page.field(0, "Selector", selector(field(view, "spec.selector")));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    page.field(
        0,
        "Replicas",
        format!("{} desired | {} total", number(view, "spec.replicas"), number(view, "status.replicas")),
    );
    page.field(0, "Update Strategy", text(view, "spec.updateStrategy.type"));
    if field(view, "spec.updateStrategy.rollingUpdate").is_object() {
        page.field(1, "Partition", number(view, "spec.updateStrategy.rollingUpdate.partition"));
    }
    page.field(0, "Pods Status", related.pods_status());
    template::pod_template(page, field(view, "spec.template"));
    let claims: Vec<&Value> = field(view, "spec.volumeClaimTemplates").as_array().into_iter().flatten().collect();
    if claims.is_empty() {
        page.field(0, "Volume Claims", "<none>");
    } else {
        page.line(0, "Volume Claims:");
    }
    for claim in claims {
        page.field(1, "Name", text(claim, "metadata.name"));
        page.field(1, "StorageClass", text(claim, "spec.storageClassName"));
        page.labels("  ", "Labels", field(claim, "metadata.labels"));
        page.labels("  ", "Annotations", field(claim, "metadata.annotations"));
        page.field(1, "Capacity", or(text(claim, "spec.resources.requests.storage"), "<default>"));
        let modes: Vec<String> = field(claim, "spec.accessModes")
            .as_array()
            .into_iter()
            .flatten()
            .map(super::super::printers::plain)
            .collect();
        page.field(1, "Access Modes", format!("[{}]", modes.join(" ")));
    }
    related.events(page);
}

pub(super) fn daemon_set(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Selector", selector(field(view, "spec.selector")));
    let node_selector = field(view, "spec.template.spec.nodeSelector");
    page.field(0, "Node-Selector", super::super::printers::pairs(node_selector));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    for (label, path) in [
        ("Desired Number of Nodes Scheduled", "status.desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "status.currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "status.updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "status.numberAvailable"),
        ("Number of Nodes Misscheduled", "status.numberMisscheduled"),
    ] {
        page.line(0, format!("{label}: {}", number(view, path)));
    }
    page.field(0, "Pods Status", related.pods_status());
    template::pod_template(page, field(view, "spec.template"));
    related.events(page);
}
