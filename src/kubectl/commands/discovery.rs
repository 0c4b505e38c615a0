//! `kubectl api-resources`, `api-versions` and `cluster-info`: what the server says of itself.
//! Upstream: kubectl cmd/apiresources, cmd/clusterinfo.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats;
use super::super::listing::{self, Filter};
use super::super::output::Printed;
use super::super::printers::table::Table;
use super::Outcome;
use super::information::words;
use crate::model::kind::Kind;

/// What the server says of a resource.
#[derive(Clone, Debug)]
struct Resource {
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    short: String,
    namespaced: bool,
    kind: &'static str,
    verbs: &'static str,
}

const ALL_VERBS: &str = "create,delete,deletecollection,get,list,patch,update,watch";

/// Resources that no objects are stored of, or that stand for others: group, version, plural, short name, namespaced,
/// kind, verbs.
type Extra = (&'static str, &'static str, &'static str, &'static str, bool, &'static str, &'static str);

const EXTRA: [Extra; 11] = [
    ("", "v1", "bindings", "", true, "Binding", "create"),
    ("", "v1", "componentstatuses", "cs", false, "ComponentStatus", "get,list"),
    (
        "admissionregistration.k8s.io",
        "v1",
        "mutatingadmissionpolicies",
        "",
        false,
        "MutatingAdmissionPolicy",
        ALL_VERBS,
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "mutatingadmissionpolicybindings",
        "",
        false,
        "MutatingAdmissionPolicyBinding",
        ALL_VERBS,
    ),
    ("authentication.k8s.io", "v1", "selfsubjectreviews", "", false, "SelfSubjectReview", "create"),
    ("authentication.k8s.io", "v1", "tokenreviews", "", false, "TokenReview", "create"),
    ("authorization.k8s.io", "v1", "localsubjectaccessreviews", "", true, "LocalSubjectAccessReview", "create"),
    ("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "", false, "SelfSubjectAccessReview", "create"),
    ("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "", false, "SelfSubjectRulesReview", "create"),
    ("authorization.k8s.io", "v1", "subjectaccessreviews", "", false, "SubjectAccessReview", "create"),
    ("events.k8s.io", "v1", "events", "ev", true, "Event", ALL_VERBS),
];

/// Categories of a kind. Upstream: the `Categories` of pkg/registry.
fn categories(resource: &Resource) -> &'static str {
    match resource.plural {
        "pods"
        | "replicationcontrollers"
        | "services"
        | "daemonsets"
        | "deployments"
        | "replicasets"
        | "statefulsets"
        | "horizontalpodautoscalers"
        | "cronjobs"
        | "jobs" => "all",
        "mutatingwebhookconfigurations"
        | "validatingwebhookconfigurations"
        | "customresourcedefinitions"
        | "apiservices"
        | "validatingadmissionpolicies"
        | "mutatingadmissionpolicies" => "api-extensions",
        _ => "",
    }
}

/// All resources by group and name.
fn resources() -> Vec<Resource> {
    let stored = Kind::all().map(|kind| {
        let info = kind.info();
        Resource {
            group: info.group,
            version: info.versions[0],
            plural: info.plural,
            short: info.short.join(","),
            namespaced: info.namespaced,
            kind: info.name,
            // Namespaces go one by one.
            verbs: if kind == Kind::NAMESPACE { "create,delete,get,list,patch,update,watch" } else { ALL_VERBS },
        }
    });
    let extra = EXTRA.iter().map(|&(group, version, plural, short, namespaced, kind, verbs)| Resource {
        group,
        version,
        plural,
        short: short.to_owned(),
        namespaced,
        kind,
        verbs,
    });
    let mut all: Vec<Resource> = stored.chain(extra).collect();
    all.sort_by_key(|resource| (resource.group, resource.plural));
    all
}

pub(super) fn api_resources(_: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    if !line.arguments.is_empty() {
        let words = line.arguments.join(" ");
        return Err(Failure::usage("api-resources", format!("unexpected arguments: [{words}]")));
    }
    let output = line.flags.text("output");
    if !["", "wide", "name"].contains(&output) {
        return Err(Failure::error(format!("--output {output} is not available")));
    }
    let mut found = resources();
    if line.flags.has("api-group") {
        found.retain(|resource| resource.group == line.flags.text("api-group"));
    }
    if line.flags.has("namespaced") {
        found.retain(|resource| resource.namespaced == line.flags.is_on("namespaced", true));
    }
    let verbs: Vec<&str> = line.flags.all("verbs").collect();
    found.retain(|resource| verbs.iter().all(|verb| resource.verbs.split(',').any(|own| own == *verb)));
    let wanted: Vec<&str> = line.flags.all("categories").collect();
    found.retain(|resource| wanted.iter().all(|category| categories(resource) == *category));
    match line.flags.text("sort-by") {
        "" => {}
        "name" => found.sort_by_key(|resource| resource.plural),
        "kind" => found.sort_by_key(|resource| resource.kind),
        _ => return Err(Failure::error("--sort-by accepts only name or kind")),
    }
    if output == "name" {
        for resource in &found {
            let dot = if resource.group.is_empty() { "" } else { "." };
            printed.line(format!("{}{dot}{}", resource.plural, resource.group));
        }
        return Ok(Outcome::Done);
    }
    let mut table = Table {
        headers: words(&["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]),
        rows: found.iter().map(row).collect(),
    };
    if output == "wide" {
        table.headers.extend(words(&["VERBS", "CATEGORIES"]));
        for (row, resource) in table.rows.iter_mut().zip(&found) {
            row.extend([resource.verbs.to_owned(), categories(resource).to_owned()]);
        }
    }
    table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
    Ok(Outcome::Done)
}

fn row(resource: &Resource) -> Vec<String> {
    vec![
        resource.plural.to_owned(),
        resource.short.clone(),
        group_version(resource.group, resource.version),
        resource.namespaced.to_string(),
        resource.kind.to_owned(),
    ]
}

fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

pub(super) fn api_versions(_: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    if !line.arguments.is_empty() {
        let words = line.arguments.join(" ");
        return Err(Failure::usage("api-versions", format!("unexpected arguments: [{words}]")));
    }
    let stored = Kind::all().flat_map(|kind| {
        let info = kind.info();
        info.versions.iter().map(|version| group_version(info.group, version))
    });
    let extra = EXTRA.iter().map(|extra| group_version(extra.0, extra.1));
    for version in stored.chain(extra).collect::<BTreeSet<String>>() {
        printed.line(version);
    }
    Ok(Outcome::Done)
}

/// Where kubectl of a kubeadm cluster finds the API server.
const SERVER: &str = "https://10.0.0.1:6443";

#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(super) fn cluster_info(call: &mut Call<'_>, _: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    printed.line(format!("Kubernetes control plane is running at {SERVER}"));
    let system = call.cluster.namespace("kube-system");
    let mut services: Vec<_> = call
        .cluster
        .list(Kind::SERVICE)
        .filter(|object| Some(call.cluster.meta(*object).namespace) == system)
        .filter(|object| call.cluster.meta(*object).labels.get("kubernetes.io/cluster-service") == Some("true"))
        .collect();
    services.sort_by(|left, right| call.cluster.meta(*left).name.cmp(&call.cluster.meta(*right).name));
    for service in services {
        let meta = call.cluster.meta(service);
        let name = meta.labels.get("kubernetes.io/name").unwrap_or(&meta.name);
        let ports = call.cluster.body(service).as_service().map_or(&[][..], |service| &service.ports);
        let port = ports.first().filter(|port| !port.name.is_empty()).map_or_else(String::new, |port| {
            // Upstream names the first port of a Service that has one.
            format!(":{}", port.name)
        });
        let proxy = format!("{SERVER}/api/v1/namespaces/kube-system/services/{}{port}/proxy", meta.name);
        printed.line(format!("{name} is running at {proxy}"));
    }
    printed.line("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.");
    Ok(Outcome::Done)
}

/// Lists of the objects of kube-system and the current namespace. Upstream: cmd/clusterinfo `ClusterInfoDumpOptions.Run`.
pub(super) fn cluster_info_dump(
    call: &mut Call<'_>,
    line: &CommandLine,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    line.refuse(&["output-directory"])?;
    let mut namespaces: Vec<String> = line.flags.all("namespaces").map(str::to_owned).collect();
    if line.flags.is_on("all-namespaces", false) {
        namespaces =
            call.cluster.list(Kind::NAMESPACE).map(|object| call.cluster.meta(object).name.to_string()).collect();
        namespaces.sort();
    } else if namespaces.is_empty() {
        namespaces = vec!["kube-system".to_owned(), line.namespace(call.context_namespace).to_owned()];
    }
    let of = |kind: Kind, namespace: Option<&str>| {
        let objects = listing::list(call.cluster, kind, namespace, &Filter::default());
        let items: Vec<Value> = objects.into_iter().map(|object| call.cluster.view(object)).collect();
        let (api_version, list) = (kind.api_version(), format!("{}List", kind.name()));
        json!({"apiVersion": api_version, "kind": list, "metadata": {"resourceVersion": ""}, "items": items})
    };
    printed.line(formats::indented(&of(Kind::NODE, None)));
    let kinds =
        [Kind::REPLICATION_CONTROLLER, Kind::SERVICE, Kind::DAEMON_SET, Kind::DEPLOYMENT, Kind::REPLICA_SET, Kind::POD];
    for namespace in &namespaces {
        for kind in kinds {
            printed.line(formats::indented(&of(kind, Some(namespace))));
        }
    }
    Ok(Outcome::Done)
}
