//! Claims, volumes and storage classes. Upstream: describe `describePVC`, `describePV`, `describeStorageClass`.

use serde_json::Value;

use super::super::ages::{age_of, rfc1123};
use super::super::printers::{field, or, pairs, plain, text};
use super::text::{Page, items};
use super::{Related, template};
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::volume::VolumeSource;

pub(super) fn claim(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    page.field(0, "StorageClass", class(view));
    status(page, view, related);
    page.field(0, "Volume", text(view, "spec.volumeName"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    finalizers(page, view);
    let bound = !text(view, "spec.volumeName").is_empty();
    let of_volume = |shown: String| if bound { shown } else { String::new() };
    page.field(0, "Capacity", of_volume(or(text(view, "status.capacity.storage"), "0")));
    page.field(0, "Access Modes", of_volume(access_modes(field(view, "status.accessModes"))));
    page.field_if(0, "VolumeMode", text(view, "spec.volumeMode"));
    data_source(page, 0, view);
    page.list("", "Used By", &users(view, related));
    let conditions = items(field(view, "status.conditions"));
    if !conditions.is_empty() {
        page.line(0, "Conditions:");
        page.line(1, "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage");
        page.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
        for condition in conditions {
            let time = |key: &str| rfc1123(&condition[key]);
            let [kind, status, reason, message] =
                ["type", "status", "reason", "message"].map(|key| text(condition, key));
            let (probed, moved) = (time("lastProbeTime"), time("lastTransitionTime"));
            page.line(1, format!("{kind} \t{status} \t{probed} \t{moved} \t{reason} \t{message}"));
        }
    }
    related.events(page);
}

fn data_source(page: &mut Page, level: usize, claim: &Value) {
    let source = field(claim, "spec.dataSource");
    if source.is_object() {
        page.line(level, "DataSource:");
        page.field_if(level + 1, "APIGroup", text(source, "apiGroup"));
        page.field(level + 1, "Kind", text(source, "kind"));
        page.field(level + 1, "Name", text(source, "name"));
    }
}

/// The claim that a pod's volume makes. Upstream: describe `printPersistentVolumeClaim` of one that is not full.
pub(super) fn claim_template(page: &mut Page, claim: &Value) {
    page.field(2, "StorageClass", class(claim));
    page.field(2, "Volume", text(claim, "spec.volumeName"));
    page.labels("    ", "Labels", field(claim, "metadata.labels"));
    page.annotations("    ", "Annotations", field(claim, "metadata.annotations"));
    page.field(2, "Capacity", "");
    page.field(2, "Access Modes", "");
    page.field_if(2, "VolumeMode", text(claim, "spec.volumeMode"));
    data_source(page, 2, claim);
}

/// What a CSI driver is told. Upstream: describe `printCSIPersistentVolumeAttributesMultiline`.
pub(super) fn attributes(page: &mut Page, attributes: &Value) {
    page.labels("    ", "VolumeAttributes", attributes);
}

/// Pods that mount the claim, by name. Asked of the templates: a cluster has many pods, and their JSON is long.
/// Upstream: describe `getPodsForPVC`.
fn users(view: &Value, related: &Related<'_>) -> Vec<String> {
    let (namespace, claim) = (text(view, "metadata.namespace"), text(view, "metadata.name"));
    let cluster = related.cluster;
    let Some(namespace) = cluster.namespace(&namespace) else { return Vec::new() };
    let mounts = |pod: &PodId| {
        let row = cluster.pod(*pod);
        row.namespace == namespace
            && cluster.template_of(*pod).spec.volumes.iter().any(|volume| match &volume.source {
                VolumeSource::Claim { claim: mounted, .. } => *mounted == claim,
                VolumeSource::Ephemeral => claim == format!("{}-{}", row.name, volume.name),
                _ => false,
            })
    };
    let pods = cluster.list(Kind::POD).filter_map(ObjectRef::as_pod).filter(mounts);
    let mut names: Vec<String> = pods.map(|pod| cluster.pod(pod).name.to_string()).collect();
    names.sort();
    names
}

fn class(view: &Value) -> String {
    let beta = &view["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"];
    or(plain(beta), &text(view, "spec.storageClassName"))
}

fn status(page: &mut Page, view: &Value, related: &Related<'_>) {
    let deleted = field(view, "metadata.deletionTimestamp");
    if deleted.is_null() {
        page.field(0, "Status", text(view, "status.phase"));
    } else {
        let since = age_of(related.clock(), related.now, deleted);
        page.field(0, "Status", format!("Terminating (lasts {since})"));
    }
}

fn finalizers(page: &mut Page, view: &Value) {
    let names: Vec<String> = items(field(view, "metadata.finalizers")).iter().map(plain).collect();
    page.field(0, "Finalizers", format!("[{}]", names.join(" ")));
}

/// `RWO,ROX`. Upstream: storage/util `GetAccessModesAsString`.
fn access_modes(modes: &Value) -> String {
    let known =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let short = known.iter().filter(|(mode, _)| items(modes).iter().any(|given| given == mode));
    short.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

pub(super) fn volume(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    finalizers(page, view);
    page.field(0, "StorageClass", class(view));
    status(page, view, related);
    let claim = field(view, "spec.claimRef");
    let owner =
        if claim.is_object() { format!("{}/{}", text(claim, "namespace"), text(claim, "name")) } else { String::new() };
    page.field(0, "Claim", owner);
    page.field(0, "Reclaim Policy", text(view, "spec.persistentVolumeReclaimPolicy"));
    page.field(0, "Access Modes", access_modes(field(view, "spec.accessModes")));
    page.field_if(0, "VolumeMode", text(view, "spec.volumeMode"));
    page.field(0, "Capacity", or(text(view, "spec.capacity.storage"), "0"));
    node_affinity(page, field(view, "spec.nodeAffinity.required"));
    page.field(0, "Message", text(view, "status.message"));
    page.line(0, "Source:");
    source(page, &view["spec"]);
    related.events(page);
}

/// Upstream: describe `printVolumeNodeAffinity`.
fn node_affinity(page: &mut Page, required: &Value) {
    if !required.is_object() {
        page.field(0, "Node Affinity", "<none>");
        return;
    }
    page.field(0, "Node Affinity", "");
    let terms = items(&required["nodeSelectorTerms"]);
    page.field(1, "Required Terms", if terms.is_empty() { "<none>" } else { "" });
    for (place, term) in terms.iter().enumerate() {
        let words: Vec<String> = items(&term["matchExpressions"])
            .iter()
            .map(|requirement| {
                let values: Vec<String> = items(&requirement["values"]).iter().map(plain).collect();
                let shown = if values.is_empty() { String::new() } else { format!(" [{}]", values.join(", ")) };
                format!("{} {}{shown}", text(requirement, "key"), text(requirement, "operator").to_lowercase())
            })
            .collect();
        page.list("    ", &format!("Term {place}"), &words);
    }
}

fn source(page: &mut Page, spec: &Value) {
    let with = |page: &mut Page, kind: &str, fields: &[(&str, String)]| {
        page.field(2, "Type", kind);
        for (label, value) in fields {
            page.field(2, label, value);
        }
    };
    let value = |path: &str| text(spec, path);
    let flag = |path: &str| or(text(spec, path), "false");
    if spec["local"].is_object() {
        let kind = "LocalVolume (a persistent volume backed by local storage on a node)";
        with(page, kind, &[("Path", value("local.path"))]);
    } else if spec["csi"].is_object() {
        let kind = "CSI (a Container Storage Interface (CSI) volume source)";
        with(
            page,
            kind,
            &[
                ("Driver", value("csi.driver")),
                ("FSType", value("csi.fsType")),
                ("VolumeHandle", value("csi.volumeHandle")),
                ("ReadOnly", flag("csi.readOnly")),
            ],
        );
        attributes(page, field(spec, "csi.volumeAttributes"));
    } else {
        template::one_volume(page, spec);
    }
}

/// Upstream: describe `describeCSINode`.
pub(super) fn csi_node(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.head(view);
    page.field(0, "CreationTimestamp", rfc1123(field(view, "metadata.creationTimestamp")));
    page.line(0, "Spec:");
    let drivers = items(field(view, "spec.drivers"));
    if !drivers.is_empty() {
        page.line(1, "Drivers:");
    }
    for driver in drivers {
        page.line(2, format!("{}:", text(driver, "name")));
        page.field(3, "Node ID", text(driver, "nodeID"));
        let count = text(driver, "allocatable.count");
        if !count.is_empty() {
            page.line(3, "Allocatables:");
            page.field(4, "Count", count);
        }
        let keys: Vec<String> = items(&driver["topologyKeys"]).iter().map(plain).collect();
        if !keys.is_empty() {
            page.field(3, "Topology Keys", format!("[{}]", keys.join(" ")));
        }
    }
    related.events(page);
}

pub(super) fn storage_class(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    let annotations = field(view, "metadata.annotations");
    let is_default =
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
            .iter()
            .any(|key| annotations[*key] == "true");
    page.field(0, "IsDefaultClass", if is_default { "Yes" } else { "No" });
    page.field(0, "Annotations", pairs(annotations));
    page.field(0, "Provisioner", text(view, "provisioner"));
    page.field(0, "Parameters", pairs(&view["parameters"]));
    let expansion = match view["allowVolumeExpansion"].as_bool() {
        None => "<unset>",
        Some(true) => "True",
        Some(false) => "False",
    };
    page.field(0, "AllowVolumeExpansion", expansion);
    let options = items(&view["mountOptions"]);
    if options.is_empty() {
        page.field(0, "MountOptions", "<none>");
    } else {
        page.line(0, "MountOptions:");
        for option in options {
            page.line(1, plain(option));
        }
    }
    page.field_if(0, "ReclaimPolicy", text(view, "reclaimPolicy"));
    page.field_if(0, "VolumeBindingMode", text(view, "volumeBindingMode"));
    let topologies = items(&view["allowedTopologies"]);
    if !topologies.is_empty() {
        page.line(0, "AllowedTopologies:\t");
    }
    for (place, term) in topologies.iter().enumerate() {
        let words: Vec<String> = items(&term["matchLabelExpressions"])
            .iter()
            .map(|requirement| {
                let values: Vec<String> = items(&requirement["values"]).iter().map(plain).collect();
                format!("{} in [{}]", text(requirement, "key"), values.join(", "))
            })
            .collect();
        page.list("  ", &format!("Term {place}"), &words);
    }
    related.events(page);
}
