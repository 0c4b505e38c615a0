//! Why a container cannot be made from its definition: `CreateContainerConfigError`.
//! Upstream: kubelet_pods `makeEnvironmentVariables`, `makeMounts`; kuberuntime `verifyRunAsNonRoot`.

use std::collections::BTreeSet;

use super::volumes::missing_data;
use super::{Hubs, Kubelets};
use crate::model::expansion;
use crate::model::kind::Kind;
use crate::model::object::{Body, PodId};
use crate::model::pod_spec::{Container, EnvSource};

/// The first error that its environment, its mounts or its user cause.
pub(super) fn error(hubs: &Hubs<'_>, pod: PodId, container: &Container) -> Option<String> {
    missing_environment(hubs, pod, container)
        .or_else(|| unknown_in_sub_path(hubs, pod, container))
        .or_else(|| root_refused(hubs, pod, container))
}

/// Why a container that must not run as root may not start; an image of which no user is known is taken to have one.
/// Upstream: kuberuntime `verifyRunAsNonRoot`.
fn root_refused(hubs: &Hubs<'_>, pod: PodId, container: &Container) -> Option<String> {
    if !container.run_as.non_root {
        return None;
    }
    let why = match (container.run_as.user, hubs.machines.registry.user(&container.image)) {
        (Some(0), _) => "container's runAsUser breaks non-root policy".to_owned(),
        (None, Some("0")) => "container has runAsNonRoot and image will run as root".to_owned(),
        (None, Some(name)) if name.parse::<u32>().is_err() => {
            format!(
                "container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root"
            )
        }
        _ => return None,
    };
    Some(format!("{why} (pod: {:?}, container: {})", Kubelets::full_name(hubs, pod), container.name))
}

/// What the environment refers to that is not there. Upstream: kubelet_pods `makeEnvironmentVariables`.
fn missing_environment(hubs: &Hubs<'_>, pod: PodId, container: &Container) -> Option<String> {
    if container.env.is_empty() && container.env_from.is_empty() {
        return None;
    }
    let from_objects = container.env_from.iter().find_map(|from| {
        let kind = if from.secret { Kind::SECRET } else { Kind::CONFIG_MAP };
        missing_data(hubs, pod, kind, &from.name, &[], from.optional)
    });
    from_objects.or_else(|| {
        container.env.iter().find_map(|variable| match &variable.source {
            EnvSource::ConfigMapKey { name, key, optional } => {
                missing_key(hubs, pod, Kind::CONFIG_MAP, name, key, *optional)
            }
            EnvSource::SecretKey { name, key, optional } => missing_key(hubs, pod, Kind::SECRET, name, key, *optional),
            _ => None,
        })
    })
}

fn missing_key(hubs: &Hubs<'_>, pod: PodId, kind: Kind, name: &str, key: &str, optional: bool) -> Option<String> {
    if let Some(missing) = missing_data(hubs, pod, kind, name, &[], optional) {
        return Some(missing);
    }
    let namespace = hubs.cluster.pod(pod).namespace;
    let object = hubs.cluster.find(kind, namespace, name).filter(|_| !optional)?;
    let Body::Data(data) = hubs.cluster.body(object) else { return None };
    let absent = !data.iter().any(|(candidate, _)| candidate == key);
    absent.then(|| {
        format!("couldn't find key {key} in {} {}/{name}", kind.name(), hubs.cluster.namespace_name(namespace))
    })
}

/// The variables that a `subPathExpr` refers to and that are not there, or are empty.
/// Upstream: kubelet container `ExpandContainerVolumeMounts`.
fn unknown_in_sub_path(hubs: &Hubs<'_>, pod: PodId, container: &Container) -> Option<String> {
    let namespace = hubs.cluster.pod(pod).namespace;
    let is_from_object = |name: &str| {
        container.env_from.iter().any(|from| {
            let kind = if from.secret { Kind::SECRET } else { Kind::CONFIG_MAP };
            let found = hubs.cluster.find(kind, namespace, &from.name).map(|object| hubs.cluster.body(object));
            let Some(Body::Data(data)) = found else { return false };
            name.strip_prefix(from.prefix.as_str()).is_some_and(|key| data.iter().any(|(held, _)| held == key))
        })
    };
    let is_known = |name: &str| {
        let own = container.env.iter().rev().find(|variable| variable.name == name);
        match own.map(|variable| &variable.source) {
            Some(EnvSource::Value(text)) => !text.is_empty(),
            Some(EnvSource::Field(_)) => true,
            Some(EnvSource::ConfigMapKey { name, key, .. }) => {
                missing_key(hubs, pod, Kind::CONFIG_MAP, name, key, false).is_none()
            }
            Some(EnvSource::SecretKey { name, key, .. }) => {
                missing_key(hubs, pod, Kind::SECRET, name, key, false).is_none()
            }
            None => is_from_object(name),
        }
    };
    container.mounts.iter().find_map(|mount| {
        let unknown: Vec<String> =
            references(&mount.sub_path_expr).into_iter().filter(|name| !is_known(name)).collect();
        (!unknown.is_empty()).then(|| format!("missing value for {}", unknown.join(", ")))
    })
}

/// The names of the variables that a text refers to.
fn references(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    expansion::expand(text, |name| {
        names.insert(name.to_owned());
        None
    });
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_name_in_parentheses_behind_one_dollar_sign() {
        let found = |text: &str| references(text).into_iter().collect::<Vec<_>>();
        assert_eq!(found("$(A)-logs/$(B)"), ["A", "B"]);
        assert_eq!(found("$$(A)/$(B"), Vec::<String>::new());
        assert_eq!(found("plain"), Vec::<String>::new());
    }
}
