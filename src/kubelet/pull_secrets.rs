//! Registries that ask for credentials: which pull secrets a pod has for them.
//! Upstream: kubelet kuberuntime `PullImage`, credentialprovider `BasicDockerKeyring.Lookup`.

use serde_json::Value;

use super::Hubs;
use crate::machines::ImageId;
use crate::model::image_name;
use crate::model::kind::Kind;
use crate::model::object::{Body, PodId};

/// What a secret says of a registry: which secret it is, and what it would send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credential {
    /// The secret's UID, which stands for its coordinates.
    uid: String,
    /// The entry of its configuration, in place of the hash of what is sent.
    entry: Value,
}

/// Is an image refused because the pod has no secret for its registry? Secrets are taken to be right.
pub(super) fn is_denied(hubs: &Hubs<'_>, pod: PodId, image: ImageId) -> bool {
    hubs.machines.registry.is_private(image) && credentials(hubs, pod, image).is_empty()
}

/// The credentials that a pod's secrets hold for an image's registry, the one that is tried first in front.
pub(super) fn credentials(hubs: &Hubs<'_>, pod: PodId, image: ImageId) -> Vec<Credential> {
    let secrets = &hubs.cluster.template_of(pod).spec.image_pull_secrets;
    if secrets.is_empty() {
        return Vec::new();
    }
    let host = image_name::host(hubs.machines.registry.name(image));
    let namespace = hubs.cluster.pod(pod).namespace;
    let mut found = Vec::new();
    for secret in secrets.iter().filter_map(|name| hubs.cluster.find(Kind::SECRET, namespace, name)) {
        let Body::Data(data) = hubs.cluster.body(secret) else { continue };
        for (key, value) in data.iter() {
            let config: Value = serde_json::from_slice(value).unwrap_or_default();
            let hosts = match key.as_str() {
                ".dockerconfigjson" => &config["auths"],
                ".dockercfg" => &config,
                _ => continue,
            };
            let entries = hosts.as_object().into_iter().flatten().filter(|(written, _)| is_of(written, host));
            found.extend(entries.map(|(_, entry)| Credential { uid: hubs.cluster.uid(secret), entry: entry.clone() }));
        }
    }
    found
}

/// Who may use an image that the kubelet has pulled. Upstream: kubelet images/pullmanager `ImagePulledRecord`.
#[derive(Clone, Debug)]
pub(super) enum PulledRecord {
    /// It was pulled without a secret: every pod of the node.
    AllPods,
    /// Pods with one of the secrets that it was pulled with.
    Secrets(Vec<Credential>),
}

impl PulledRecord {
    /// Records what the image was pulled with this time (nothing: no secret).
    /// Upstream: `pulledRecordMergeNewCreds`.
    pub fn merge(record: Option<Self>, used: Option<Credential>) -> Self {
        match (record, used) {
            (Some(Self::AllPods), _) | (_, None) => Self::AllPods,
            (None, Some(used)) => Self::Secrets(vec![used]),
            (Some(Self::Secrets(mut known)), Some(used)) => {
                if !known.contains(&used) {
                    known.push(used);
                }
                Self::Secrets(known)
            }
        }
    }

    /// May a pod with these credentials use the image? The same secret counts, and so does another one that says the same.
    /// Upstream: `MustAttemptImagePull`.
    pub fn allows(&self, own: &[Credential]) -> bool {
        match self {
            Self::AllPods => true,
            Self::Secrets(known) => {
                own.iter().any(|own| known.iter().any(|known| known.uid == own.uid || known.entry == own.entry))
            }
        }
    }
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
    fn an_image_is_for_those_whose_secret_it_was_pulled_with() {
        let credential =
            |uid: &str, password: &str| Credential { uid: uid.to_owned(), entry: Value::String(password.to_owned()) };
        let record = PulledRecord::merge(None, Some(credential("a", "x")));
        assert!(record.allows(&[credential("a", "changed")]) && record.allows(&[credential("b", "x")]));
        assert!(!record.allows(&[credential("b", "y")]) && !record.allows(&[]));
        let record = PulledRecord::merge(Some(record), Some(credential("b", "y")));
        assert!(record.allows(&[credential("b", "z")]) && !record.allows(&[]));
        assert!(PulledRecord::merge(Some(record), None).allows(&[]));
    }

    #[test]
    fn keys_of_configurations_name_registries() {
        assert!(is_of("https://index.docker.io/v1/", "docker.io"));
        assert!(is_of("ghcr.io", "ghcr.io") && is_of("https://ghcr.io/team", "ghcr.io"));
        assert!(is_of("*.example.com", "eu.example.com") && !is_of("*.example.com", "example.com"));
        assert!(!is_of("quay.io", "ghcr.io"));
    }
}
