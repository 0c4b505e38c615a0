//! Names of images as a container runtime completes them.

/// The whole reference: Docker Hub where no registry is named, its folder of official images, `latest` without tag.
/// Upstream: distribution/reference `ParseDockerRef`, which containerd uses.
pub fn complete(name: &str) -> String {
    let first = name.split('/').next().unwrap_or_default();
    let has_registry = name.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    let path = if has_registry {
        name.to_owned()
    } else if name.contains('/') {
        format!("docker.io/{name}")
    } else {
        format!("docker.io/library/{name}")
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) { path } else { format!("{path}:latest") }
}

/// The completed reference without tag and digest.
pub fn repository(name: &str) -> String {
    let mut whole = complete(name.split('@').next().unwrap_or(name));
    let slash = whole.rfind('/').map_or(0, |place| place + 1);
    if let Some(colon) = whole[slash..].find(':') {
        whole.truncate(slash + colon);
    }
    whole
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
        ] {
            assert_eq!((complete(name).as_str(), repository(name).as_str()), (whole, without_tag));
        }
    }
}
