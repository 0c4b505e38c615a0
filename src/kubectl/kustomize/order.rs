//! The order of the result. Upstream: kustomize api/internal/builtins `SortOrderTransformer.go`.

use super::kustomization::{LegacySortOptions, SortOptions};
use super::resource::{Id, Resource};

const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts as the kustomization says, else by kind.
pub(super) fn sort(resources: &mut [Resource], options: Option<&SortOptions>) -> Result<(), String> {
    let owned = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let usual = || LegacySortOptions { order_first: owned(&FIRST), order_last: owned(&LAST) };
    let kinds = match options {
        None => usual(),
        Some(options) => match options.order.as_str() {
            "fifo" => return Ok(()),
            "legacy" => options.legacy_sort_options.clone().unwrap_or_else(usual),
            other => return Err(format!("the field 'sortOptions.order' must be one of [fifo, legacy], not {other:?}")),
        },
    };
    let first = i32::try_from(kinds.order_first.len()).unwrap_or(i32::MAX);
    let place = |list: &[String], kind: &str| {
        list.iter().position(|known| known == kind).and_then(|place| i32::try_from(place).ok())
    };
    let rank = |kind: &str| {
        let early = place(&kinds.order_first, kind).map(|place| place - first);
        place(&kinds.order_last, kind).map(|place| place + 1).or(early).unwrap_or(0)
    };
    resources.sort_by_cached_key(|resource| {
        let id = resource.id();
        (rank(&id.gvk.kind), kind_key(&id), name_key(&id))
    });
    Ok(())
}

/// Upstream: `legacyGVKSortString`.
fn kind_key(id: &Id) -> String {
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    format!("{}_{}_{}", or(&id.gvk.group, "~G"), or(&id.gvk.version, "~V"), or(&id.gvk.kind, "~K"))
}

/// Upstream: `legacyResIDSortString`.
fn name_key(id: &Id) -> String {
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    format!("{}|{}", or(&id.namespace, "~X"), or(&id.name, "~N"))
}
