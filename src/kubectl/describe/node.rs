//! Nodes. Upstream: kubectl describe `NodeDescriber`.

use serde_json::Value;

use super::super::ages::{age, rfc1123};
use super::super::printers::{field, or, plain, text};
use super::Related;
use super::text::Page;
use crate::model::kind::Kind;
use crate::model::object::{NodeId, PodId};
use crate::model::pod_spec::PodSpec;
use crate::model::pod_template::pod_requests;
use crate::model::quantity::Quantity;
use crate::model::resources::ResourceList;

pub(super) fn describe(page: &mut Page, view: &Value, related: &Related<'_>) {
    let name = text(view, "metadata.name");
    page.field(0, "Name", &name);
    page.field(0, "Roles", roles(view));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    page.field(0, "CreationTimestamp", rfc1123(field(view, "metadata.creationTimestamp")));
    // Upstream: describe `printTaintsMultilineWithIndent`.
    let mut taints: Vec<&Value> = field(view, "spec.taints").as_array().into_iter().flatten().collect();
    taints.sort_by_key(|taint| (text(taint, "effect"), text(taint, "key")));
    let taints: Vec<String> = taints
        .into_iter()
        .map(|taint| {
            let value = text(taint, "value");
            let head = if value.is_empty() { text(taint, "key") } else { format!("{}={value}", text(taint, "key")) };
            format!("{head}:{}", text(taint, "effect"))
        })
        .collect();
    page.list("", "Taints", &taints);
    page.field(0, "Unschedulable", or(text(view, "spec.unschedulable"), "false"));
    lease(page, &name, related);
    conditions(page, view);
    page.line(0, "Addresses:");
    for address in field(view, "status.addresses").as_array().into_iter().flatten() {
        page.field(1, &text(address, "type"), text(address, "address"));
    }
    for (label, path) in [("Capacity", "status.capacity"), ("Allocatable", "status.allocatable")] {
        if let Some(list) = field(view, path).as_object().filter(|list| !list.is_empty()) {
            page.line(0, format!("{label}:"));
            for (resource, amount) in list {
                page.field(1, resource, plain(amount));
            }
        }
    }
    system_info(page, field(view, "status.nodeInfo"));
    page.field_if(0, "PodCIDR", text(view, "spec.podCIDR"));
    let ranges: Vec<String> = field(view, "spec.podCIDRs").as_array().into_iter().flatten().map(plain).collect();
    page.field_if(0, "PodCIDRs", ranges.join(","));
    page.field_if(0, "ProviderID", text(view, "spec.providerID"));
    pods(page, related);
    related.events(page);
}

fn roles(view: &Value) -> String {
    let roles: Vec<&str> = field(view, "metadata.labels")
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/").filter(|role| !role.is_empty()))
        .collect();
    or(roles.join(","), "<none>")
}

fn lease(page: &mut Page, name: &str, related: &Related<'_>) {
    let found = related
        .cluster
        .namespace("kube-node-lease")
        .and_then(|namespace| related.cluster.find(Kind::LEASE, namespace, name));
    let Some(lease) = found else {
        let text = format!("Failed to get lease: leases.coordination.k8s.io \"{name}\" not found");
        page.field(0, "Lease", text);
        return;
    };
    let view = related.cluster.view(lease);
    page.line(0, "Lease:");
    page.field(1, "HolderIdentity", or(text(&view, "spec.holderIdentity"), "<unset>"));
    page.field(1, "AcquireTime", or(rfc1123(field(&view, "spec.acquireTime")), "<unset>"));
    page.field(1, "RenewTime", or(rfc1123(field(&view, "spec.renewTime")), "<unset>"));
}

fn conditions(page: &mut Page, view: &Value) {
    let Some(list) = field(view, "status.conditions").as_array().filter(|list| !list.is_empty()) else { return };
    page.line(0, "Conditions:");
    page.line(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    page.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for condition in list {
        page.line(
            1,
            format!(
                "{} \t{} \t{} \t{} \t{} \t{} ",
                text(condition, "type"),
                text(condition, "status"),
                rfc1123(&condition["lastHeartbeatTime"]),
                rfc1123(&condition["lastTransitionTime"]),
                text(condition, "reason"),
                text(condition, "message")
            )
            .trim_end(),
        );
    }
}

fn system_info(page: &mut Page, info: &Value) {
    page.line(0, "System Info:");
    for (label, key) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
        ("Kube-Proxy Version", "kubeProxyVersion"),
    ] {
        page.field(1, label, text(info, key));
    }
}

/// Upstream: describe `describeNodeResource`.
fn pods(page: &mut Page, related: &Related<'_>) {
    let node = NodeId(related.object.id);
    let Some(allocatable) = related.cluster.node(node).body.as_node().map(|node| &node.allocatable) else { return };
    let pods = related.active_pods(node);
    page.field(0, "Non-terminated Pods", format!("({} in total)", pods.len()));
    page.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    page.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let (mut requests, mut limits) = (ResourceList::default(), ResourceList::default());
    for pod in pods {
        let spec = &related.cluster.template_of(pod).spec;
        let (own_requests, own_limits) = (pod_requests(spec), pod_limits(spec));
        pod_line(page, related, pod, &own_requests, &own_limits, allocatable);
        requests.add(&own_requests);
        limits.add(&own_limits);
    }
    page.line(0, "Allocated resources:");
    page.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
    page.line(1, "Resource\tRequests\tLimits");
    page.line(1, "--------\t--------\t------");
    let mut names = vec!["cpu", "memory", "ephemeral-storage"];
    let extended = |name: &&str| !names.contains(name) && *name != "pods";
    let more: Vec<&str> = allocatable.entries.iter().map(|(name, _)| name.as_str()).filter(extended).collect();
    names.extend(more);
    for name in names {
        let (request, limit) = (amount(&requests, name), amount(&limits, name));
        if name.contains('/') {
            page.line(1, format!("{name}\t{request}\t{limit}"));
        } else {
            let percent = |part: &Quantity| percent(part, allocatable, name);
            page.line(1, format!("{name}\t{request} ({})\t{limit} ({})", percent(&request), percent(&limit)));
        }
    }
}

fn pod_line(
    page: &mut Page,
    related: &Related<'_>,
    pod: PodId,
    requests: &ResourceList,
    limits: &ResourceList,
    allocatable: &ResourceList,
) {
    let row = related.cluster.pod(pod);
    let cell = |list: &ResourceList, name: &str| {
        let amount = amount(list, name);
        format!("{amount} ({})", percent(&amount, allocatable, name))
    };
    page.line(
        1,
        format!(
            "{}\t{}\t\t{}\t{}\t{}\t{}\t{}",
            related.cluster.namespace_name(row.namespace),
            row.name,
            cell(requests, "cpu"),
            cell(limits, "cpu"),
            cell(requests, "memory"),
            cell(limits, "memory"),
            age(related.now, row.created)
        ),
    );
}

fn amount(list: &ResourceList, name: &str) -> Quantity {
    list.get(name).unwrap_or(Quantity::ZERO)
}

/// Cut, of allocatable.
fn percent(part: &Quantity, allocatable: &ResourceList, name: &str) -> String {
    let whole = amount(allocatable, name).nano;
    let percent = if whole == 0 { 0 } else { part.nano * 100 / whole };
    format!("{percent}%")
}

/// Limits of a pod: the sum of its containers, or the peak of the init phase. Upstream: resource helpers `PodLimits`.
fn pod_limits(spec: &PodSpec) -> ResourceList {
    let mut total = ResourceList::default();
    for container in spec.main_containers() {
        total.add(&container.limits);
    }
    for container in spec.init_containers() {
        total.max(&container.limits);
    }
    for (name, quantity) in &spec.pod_limits.entries {
        total.set(name, *quantity);
    }
    total
}
