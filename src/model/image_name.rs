//! Names of images as a container runtime completes them.

use std::borrow::Cow;

/// Docker Hub, where images lie of which no registry is named.
const DOCKER_HUB: &str = "docker.io";

/// The registry of a reference, and what stands behind it as written.
/// Upstream: distribution/reference `splitDockerDomain`.
fn split(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some(("index.docker.io", rest)) => (DOCKER_HUB, rest),
        Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) || first.to_lowercase() != first => {
            (first, rest)
        }
        _ => (DOCKER_HUB, name),
    }
}

/// The registry of a reference: `docker.io` where none is named.
pub fn host(name: &str) -> &str {
    split(name).0
}

/// The registry and the rest, to which an official image's folder on Docker Hub is added.
/// Upstream: distribution/reference `splitDockerDomain`.
pub fn split_domain(name: &str) -> (&str, Cow<'_, str>) {
    let (domain, rest) = split(name);
    let is_official = domain == DOCKER_HUB && !rest.contains('/');
    (domain, if is_official { Cow::Owned(format!("library/{rest}")) } else { Cow::Borrowed(rest) })
}

/// A reference without tag and digest.
pub fn without_tag(name: &str) -> &str {
    let name = name.split('@').next().unwrap_or(name);
    match name.rfind(':') {
        Some(at) if !name[at..].contains('/') => &name[..at],
        _ => name,
    }
}

/// The whole reference: Docker Hub where no registry is named, its folder of official images, `latest` without tag.
/// Upstream: distribution/reference `ParseDockerRef`, which containerd uses.
pub fn complete(name: &str) -> String {
    let (domain, path) = split_domain(name);
    let tag = if without_tag(name) == name { ":latest" } else { "" };
    format!("{domain}/{path}{tag}")
}

/// The completed reference without tag and digest.
pub fn repository(name: &str) -> String {
    let (domain, path) = split_domain(without_tag(name));
    format!("{domain}/{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_as_container_runtimes_do() {
        for (name, whole, without_tag) in [
            ("nginx", "docker.io/library/nginx:latest", "docker.io/library/nginx"),
            ("nginx:1.27", "docker.io/library/nginx:1.27", "docker.io/library/nginx"),
            ("own/app", "docker.io/own/app:latest", "docker.io/own/app"),
            ("localhost:5000/app:2", "localhost:5000/app:2", "localhost:5000/app"),
            ("ghcr.io/a/b@sha256:00", "ghcr.io/a/b@sha256:00", "ghcr.io/a/b"),
            ("index.docker.io/own/app:2", "docker.io/own/app:2", "docker.io/own/app"),
            ("MyRegistry/app", "MyRegistry/app:latest", "MyRegistry/app"),
        ] {
            assert_eq!((complete(name).as_str(), repository(name).as_str()), (whole, without_tag));
            assert_eq!(without_tag.split_once('/').map(|(host, _)| host), Some(host(name)));
        }
    }
}
