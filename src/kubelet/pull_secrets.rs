//! Registries that ask for credentials: which pull secrets a pod has for them.
//! Upstream: kubelet kuberuntime `PullImage`, credentialprovider `BasicDockerKeyring.Lookup`.

use serde_json::Value;

use super::Hubs;
use crate::machines::{ImageId, host_of};
use crate::model::kind::Kind;
use crate::model::object::{Body, PodId};

/// Is an image refused because the pod has no secret for its registry? Secrets are taken to be right.
pub(super) fn is_denied(hubs: &Hubs<'_>, pod: PodId, image: ImageId) -> bool {
    let registry = &hubs.machines.registry;
    if !registry.is_private(image) {
        return false;
    }
    let host = host_of(registry.name(image));
    let namespace = hubs.cluster.pod(pod).namespace;
    let secrets = &hubs.cluster.template_of(pod).spec.image_pull_secrets;
    !secrets.iter().any(|name| {
        let secret = hubs.cluster.find(Kind::SECRET, namespace, name);
        let Some(Body::Data(data)) = secret.map(|secret| hubs.cluster.body(secret)) else { return false };
        data.iter().any(|(key, value)| {
            let config: Value = serde_json::from_slice(value).unwrap_or_default();
            let hosts = match key.as_str() {
                ".dockerconfigjson" => &config["auths"],
                ".dockercfg" => &config,
                _ => return false,
            };
            hosts.as_object().is_some_and(|hosts| hosts.keys().any(|written| is_of(written, host)))
        })
    })
}

/// Does a key of a configuration (`https://index.docker.io/v1/`, `ghcr.io`, `*.example.com`) mean this registry?
/// Upstream: credentialprovider `URLsMatchStr`, `isDefaultRegistryMatch`.
fn is_of(written: &str, host: &str) -> bool {
    let rest = written.strip_prefix("https://").or_else(|| written.strip_prefix("http://")).unwrap_or(written);
    let key = rest.split('/').next().unwrap_or_default();
    if host == "docker.io" {
        return matches!(key, "index.docker.io" | "docker.io" | "registry-1.docker.io");
    }
    let (own, wanted): (Vec<&str>, Vec<&str>) = (key.split('.').collect(), host.split('.').collect());
    own.len() == wanted.len() && own.iter().zip(&wanted).all(|(own, wanted)| own == wanted || *own == "*")
}

/// What containerd says of a registry that wants credentials: Docker Hub gives a token that allows nothing, others give
/// none. containerd: remotes/docker `ErrInvalidAuthorization`.
pub(super) fn denial(reference: &str) -> String {
    let why = if reference.starts_with("docker.io/") {
        "server message: insufficient_scope: authorization failed"
    } else {
        "authorization failed: no basic auth credentials"
    };
    format!("pull access denied, repository does not exist or may require authorization: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_configurations_name_registries() {
        assert!(is_of("https://index.docker.io/v1/", "docker.io"));
        assert!(is_of("ghcr.io", "ghcr.io") && is_of("https://ghcr.io/team", "ghcr.io"));
        assert!(is_of("*.example.com", "eu.example.com") && !is_of("*.example.com", "example.com"));
        assert!(!is_of("quay.io", "ghcr.io"));
    }
}
