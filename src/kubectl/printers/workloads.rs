//! Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets.
//! Upstream: `printDeployment`, `printReplicaSet`, `printStatefulSet`, `printDaemonSet`.

use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::{Context, Printer, or, selector, text};

const CONTAINER_COLUMNS: &[&str] = &["CONTAINERS", "IMAGES", "SELECTOR"];

pub(super) static DEPLOYMENT: Printer =
    Printer { columns: &["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"], wide: CONTAINER_COLUMNS, row: deployment };

pub(super) static REPLICA_SET: Printer =
    Printer { columns: &["NAME", "DESIRED", "CURRENT", "READY", "AGE"], wide: CONTAINER_COLUMNS, row: replica_set };

pub(super) static STATEFUL_SET: Printer =
    Printer { columns: &["NAME", "READY", "AGE"], wide: &["CONTAINERS", "IMAGES"], row: stateful_set };

pub(super) static DAEMON_SET: Printer = Printer {
    columns: &["NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR", "AGE"],
    wide: CONTAINER_COLUMNS,
    row: daemon_set,
};

pub(super) static CONTROLLER_REVISION: Printer =
    Printer { columns: &["NAME", "CONTROLLER", "REVISION", "AGE"], wide: &[], row: controller_revision };

fn deployment(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let deployment = context.cluster.body(object).as_deployment().expect("a Deployment's printer");
    let status = &deployment.status;
    let mut cells = vec![
        context.name(object),
        format!("{}/{}", status.ready, deployment.replicas),
        status.updated.to_string(),
        status.available.to_string(),
        context.age(object),
    ];
    if context.wide {
        cells.extend(context.containers_and_images(deployment.template));
        cells.push(selector(&deployment.selector));
    }
    cells
}

fn replica_set(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let replica_set = context.cluster.body(object).as_replica_set().expect("a ReplicaSet's printer");
    let mut cells = vec![
        context.name(object),
        replica_set.replicas.to_string(),
        replica_set.status.replicas.to_string(),
        replica_set.status.ready.to_string(),
        context.age(object),
    ];
    if context.wide {
        cells.extend(context.containers_and_images(replica_set.template));
        cells.push(selector(&replica_set.selector));
    }
    cells
}

fn stateful_set(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let stateful_set = context.cluster.body(object).as_stateful_set().expect("a StatefulSet's printer");
    let mut cells = vec![
        context.name(object),
        format!("{}/{}", stateful_set.status.ready, stateful_set.replicas),
        context.age(object),
    ];
    if context.wide {
        cells.extend(context.containers_and_images(stateful_set.template));
    }
    cells
}

fn daemon_set(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let daemon_set = context.cluster.body(object).as_daemon_set().expect("a DaemonSet's printer");
    let status = &daemon_set.status;
    let node_selector: Vec<String> = context
        .cluster
        .template(daemon_set.template)
        .spec
        .node_selector
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let mut cells = vec![
        context.name(object),
        status.desired.to_string(),
        status.current.to_string(),
        status.ready.to_string(),
        status.updated.to_string(),
        status.available.to_string(),
        or(node_selector.join(","), "<none>"),
        context.age(object),
    ];
    if context.wide {
        cells.extend(context.containers_and_images(daemon_set.template));
        cells.push(selector(&daemon_set.selector));
    }
    cells
}

fn controller_revision(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let owner = context.cluster.meta(object).controller();
    let controller = if owner.is_some() && owner.kind != Kind::POD {
        format!("{}/{}", owner.kind.printed(), context.cluster.identity(owner).1)
    } else {
        "<none>".to_owned()
    };
    vec![context.name(object), controller, text(context.raw(object), "revision"), context.age(object)]
}
