//! Pods. Upstream: `printPod`.

use crate::model::object::ObjectRef;
use crate::model::pod::PodConditionType;
use crate::model::pod_columns::columns;

use super::super::ages;
use super::{Context, Printer, address, or};

pub(super) static POD: Printer = Printer {
    columns: &["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
    wide: &["IP", "NODE", "NOMINATED NODE", "READINESS GATES"],
    row,
};

fn row(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let pod = context.cluster.pod(object.as_pod().expect("a pod's printer"));
    let template = context.cluster.template(pod.template);
    let columns = columns(pod, template);
    let restarts = match columns.last_restart.filter(|_| columns.restarts > 0) {
        Some(last) => format!("{} ({} ago)", columns.restarts, ages::age(context.now, last)),
        None => columns.restarts.to_string(),
    };
    let mut cells = vec![
        pod.name.to_string(),
        format!("{}/{}", columns.ready, columns.total),
        columns.status.to_string(),
        restarts,
        ages::age(context.now, pod.created),
    ];
    if context.wide {
        let gates = &template.spec.readiness_gates;
        let met = gates.iter().filter(|gate| pod.status.is_condition_true(PodConditionType::from_name(gate))).count();
        cells.extend([
            or(address(pod.status.pod_ip), "<none>"),
            or(context.cluster.node_name(pod.node).to_owned(), "<none>"),
            or(context.cluster.node_name(pod.nominated).to_owned(), "<none>"),
            if gates.is_empty() { "<none>".to_owned() } else { format!("{met}/{}", gates.len()) },
        ]);
    }
    cells
}
