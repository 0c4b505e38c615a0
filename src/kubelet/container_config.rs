//! Why a container cannot be made from its definition: `CreateContainerConfigError`.
//! Upstream: kubelet_pods `makeEnvironmentVariables`, `makeMounts`; kuberuntime `verifyRunAsNonRoot`.

use std::collections::{BTreeMap, BTreeSet};

use super::volumes::{missing_data, used};
use super::{Hubs, Kubelets};
use crate::model::Text;
use crate::model::env_file;
use crate::model::expansion;
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef, PodId};
use crate::model::pod_spec::{Container, EnvSource};
use crate::model::volume::FieldSource;

/// The first error that its environment, its mounts or its user cause.
pub(super) fn error(hubs: &Hubs<'_>, pod: PodId, container: &Container) -> Option<String> {
    missing_environment(hubs, pod, container)
        .or_else(|| unknown_in_sub_path(hubs, pod, container))
        .or_else(|| container.mounts.iter().find_map(|mount| bad_sub_path(container, &mount.sub_path_expr)))
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
            EnvSource::FileKey { volume, path, key, optional } => {
                missing_in_file(hubs, pod, (volume, path), key, *optional)
            }
            // Upstream: pkg/api/v1/resource `findContainerInPod`.
            EnvSource::Field(FieldSource::Resource { container, .. }) if !container.is_empty() => {
                let spec = &hubs.cluster.template_of(pod).spec;
                let is_known = spec.containers[spec.own()].iter().any(|known| known.name == *container);
                (!is_known).then(|| format!("container {container} not found"))
            }
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

/// Why a variable cannot be had from a file in a volume. Of a file that nobody whose work is known could have written the
/// kubelet finds nothing wrong.
fn missing_in_file(
    hubs: &Hubs<'_>,
    pod: PodId,
    (volume, path): (&Text, &Text),
    key: &str,
    optional: bool,
) -> Option<String> {
    let spec = &hubs.cluster.template_of(pod).spec;
    if !used(spec).any(|candidate| candidate.name == *volume) {
        return Some(format!("cannot find the volume {:?} referenced by FileKeyRef", volume.as_str()));
    }
    let text = hubs.machines.env_file(pod, volume, path)?;
    let Some(value) = text.and_then(|text| env_file::value(text, key)) else {
        return Some("couldn't parse env file".to_owned());
    };
    if !value.is_empty() || optional {
        return None;
    }
    let uid = hubs.cluster.uid(ObjectRef::pod(pod));
    let file = format!("/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~empty-dir/{volume}/{path}");
    Some(format!("environment variable key {key:?} not found in file {file:?}"))
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
            Some(EnvSource::Field(_) | EnvSource::FileKey { .. }) => true,
            Some(EnvSource::ConfigMapKey { name, key, .. }) => {
                missing_key(hubs, pod, Kind::CONFIG_MAP, name, key, false).is_none()
            }
            Some(EnvSource::SecretKey { name, key, .. }) => {
                missing_key(hubs, pod, Kind::SECRET, name, key, false).is_none()
            }
            None => is_from_object(name),
        }
    };
    let mut expressions = container.mounts.iter().map(|mount| &mount.sub_path_expr).filter(|text| !text.is_empty());
    expressions.find_map(|expression| {
        let unknown: Vec<String> = references(expression).into_iter().filter(|name| !is_known(name)).collect();
        (!unknown.is_empty()).then(|| format!("missing value for {}", unknown.join(", ")))
    })
}

/// What is wrong with a path in a volume once its variables are filled in; a plain one was looked at by the API server. What
/// comes from elsewhere than the manifest is taken for a name. Upstream: kubelet_pods `makeMounts`.
fn bad_sub_path(container: &Container, expression: &str) -> Option<String> {
    if expression.is_empty() {
        return None;
    }
    let mut known: BTreeMap<&str, String> = BTreeMap::new();
    for variable in &container.env {
        let value = match &variable.source {
            EnvSource::Value(text) => expansion::expand(text, |name| known.get(name).map(String::as_str)),
            _ => "name".to_owned(),
        };
        known.insert(&variable.name, value);
    }
    let path = expansion::expand(expression, |name| known.get(name).map(String::as_str));
    if path.starts_with('/') {
        Some(format!("error SubPath `{path}` must not be an absolute path"))
    } else if path.split('/').any(|part| part == "..") {
        Some(format!("unable to provision SubPath `{path}`: must not contain '..'"))
    } else {
        None
    }
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
    fn variables_must_not_lead_out_of_the_volume() {
        let spec = crate::api::convert::pod_spec(&serde_json::json!({"containers": [{"name": "c", "env": [
            {"name": "ROOT", "value": "/var/log"},
            {"name": "UP", "value": "a/../$(ROOT)"},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ]}]}));
        let found = |expression: &str| bad_sub_path(&spec.containers[0], expression);
        assert_eq!(found("$(ROOT)").as_deref(), Some("error SubPath `/var/log` must not be an absolute path"));
        let why = "unable to provision SubPath `a/..//var/log`: must not contain '..'";
        assert_eq!(found("$(UP)").as_deref(), Some(why));
        assert_eq!(found("logs/$(NAME)"), None);
    }

    #[test]
    fn a_reference_is_a_name_in_parentheses_behind_one_dollar_sign() {
        let found = |text: &str| references(text).into_iter().collect::<Vec<_>>();
        assert_eq!(found("$(A)-logs/$(B)"), ["A", "B"]);
        assert_eq!(found("$$(A)/$(B"), Vec::<String>::new());
        assert_eq!(found("plain"), Vec::<String>::new());
    }
}
