//! Image references as the kubelet reads them, before it asks the container runtime for anything.
//! Upstream: pkg/util/parsers `ParseImageName`, distribution/reference `ParseNormalizedNamed`.

/// Why a reference cannot be read, as `Failed to apply default image tag …` ends.
pub(super) fn error(image: &str) -> Option<String> {
    let remote = remote_name(image);
    let why = if remote != remote.to_lowercase() {
        format!("invalid reference format: repository name ({remote}) must be lowercase")
    } else if is_valid(image) {
        return None;
    } else {
        "invalid reference format".to_owned()
    };
    Some(format!("couldn't parse image name {image:?}: {why}"))
}

/// The name without registry and tag, an official image's with its folder on Docker Hub.
/// Upstream: distribution/reference `splitDockerDomain`.
fn remote_name(image: &str) -> String {
    let (domain, rest) = match image.split_once('/') {
        Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) || first.to_lowercase() != first => {
            (first, rest)
        }
        _ => ("docker.io", image),
    };
    let folder = if matches!(domain, "docker.io" | "index.docker.io") && !rest.contains('/') { "library/" } else { "" };
    format!("{folder}{}", rest.split(':').next().unwrap_or(rest))
}

fn is_valid(image: &str) -> bool {
    let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest)));
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    let mut parts: Vec<&str> = name.split('/').collect();
    let is_domain = |part: &str| part.contains(['.', ':']) || part == "localhost";
    if parts.len() > 1 && is_domain(parts[0]) {
        let domain = parts.remove(0);
        if !domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)) {
            return false;
        }
    }
    parts.iter().all(|part| is_component(part)) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest)
}

/// Lower-case letters and digits in groups, between them one dot, one or two underscores, or dashes.
fn is_component(part: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().zip(bytes.last()).is_some_and(|(first, last)| alphanumeric(*first) && alphanumeric(*last));
    let separators = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).filter(|gap| !gap.is_empty());
    ends && separators.into_iter().all(|gap| matches!(gap, "." | "_" | "__") || gap.bytes().all(|byte| byte == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && hex.len() >= 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_all_forms_are_read() {
        for image in [
            "nginx",
            "nginx:1.27",
            "library/nginx",
            "registry.k8s.io/e2e-test-images/agnhost:2.40",
            "localhost:5000/a_b/c--d:latest",
            "nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(error(image), None, "{image}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_reference_is_said_in_upstreams_words() {
        let message = error("Nginx:1.27").unwrap();
        assert_eq!(
            message,
            "couldn't parse image name \"Nginx:1.27\": invalid reference format: repository name (library/Nginx) must be lowercase"
        );
        assert!(error("Busy_Box::bad").unwrap().ends_with("repository name (library/Busy_Box) must be lowercase"));
        assert!(error("ghcr.io/Me/app:1").unwrap().ends_with("repository name (Me/app) must be lowercase"));
        for image in ["nginx:", "-x", "a..b", "nginx:1 27", "nginx@sha256:12"] {
            assert!(error(image).unwrap().ends_with(": invalid reference format"), "{image}");
        }
    }
}
