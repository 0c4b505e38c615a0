//! Which lists merge, and by which key: the `patchStrategy` and `patchMergeKey` tags of k8s.io/api.

use super::Place;
use crate::model::kind::Kind;

/// How a list is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListStrategy {
    /// Items are objects identified by this field.
    ByKey(&'static str),
    /// Items are scalars; both sides are united.
    Set,
    /// The new list takes the old one's place.
    Atomic,
}

/// The strategy of the list `field` at a place.
pub(super) fn of_list(place: Place<'_>, field: &str) -> ListStrategy {
    if place.kind.is_none() {
        return ListStrategy::Atomic;
    }
    let in_container = matches!(place.parent, "containers" | "initContainers" | "ephemeralContainers");
    match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "imagePullSecrets"
        | "resourceClaims"
        | "schedulingGates"
            if place.parent == "spec" =>
        {
            ListStrategy::ByKey("name")
        }
        "env" if in_container => ListStrategy::ByKey("name"),
        "ports" if in_container => ListStrategy::ByKey("containerPort"),
        "ports" if place.parent == "spec" && place.kind == Some(Kind::SERVICE) => ListStrategy::ByKey("port"),
        "volumeMounts" if in_container => ListStrategy::ByKey("mountPath"),
        "volumeDevices" if in_container => ListStrategy::ByKey("devicePath"),
        "hostAliases" => ListStrategy::ByKey("ip"),
        "topologySpreadConstraints" => ListStrategy::ByKey("topologyKey"),
        "ownerReferences" => ListStrategy::ByKey("uid"),
        "conditions" | "addresses" if place.parent == "status" => ListStrategy::ByKey("type"),
        "podIPs" | "hostIPs" => ListStrategy::ByKey("ip"),
        "secrets" | "imagePullSecrets" if place.kind == Some(Kind::SERVICE_ACCOUNT) => ListStrategy::ByKey("name"),
        "finalizers" if place.parent == "metadata" => ListStrategy::Set,
        "sources" if place.parent == "projected" => ListStrategy::Atomic,
        "podCIDRs" => ListStrategy::Set,
        _ => ListStrategy::Atomic,
    }
}

/// Does a change of the structure drop what the new one does not name (`retainKeys`)?
pub(super) fn retains_keys(place: Place<'_>, field: &str) -> bool {
    field == "strategy" && place.parent == "spec" && place.kind == Some(Kind::DEPLOYMENT)
}

/// As `retains_keys`, for the items of a list.
pub(super) fn items_retain_keys(place: Place<'_>, field: &str) -> bool {
    place.kind.is_some() && field == "volumes" && place.parent == "spec"
}
