//! Image references as the kubelet reads them, before it asks the container runtime for anything.
//! Upstream: pkg/util/parsers `ParseImageName`, distribution/reference `ParseNormalizedNamed`.

use crate::model::image_name::split_domain;

/// Upstream: distribution/reference `RepositoryNameTotalLengthMax`.
const LONGEST_NAME: usize = 255;

/// Why a reference cannot be read, as `Failed to apply default image tag …` ends.
pub(super) fn error(image: &str) -> Option<String> {
    let why = problem(image)?;
    Some(format!("couldn't parse image name {image:?}: {why}"))
}

fn problem(image: &str) -> Option<String> {
    if image.len() == 64 && image.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Some(format!("invalid repository name ({image}), cannot specify 64-byte hexadecimal strings"));
    }
    let (domain, remainder) = split_domain(image);
    let remote = remainder.split(':').next().unwrap_or(&remainder);
    if remote != remote.to_lowercase() {
        return Some(format!("invalid reference format: repository name ({remote}) must be lowercase"));
    }
    let (rest, digest) = remainder.split_once('@').map_or((&*remainder, None), |(rest, digest)| (rest, Some(digest)));
    let (path, tag) = match rest.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (rest, None),
    };
    let is_read = domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
        && path.split('/').all(is_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    if !is_read {
        return Some("invalid reference format".to_owned());
    }
    if path.len() > LONGEST_NAME {
        return Some(format!("repository name must not be more than {LONGEST_NAME} characters"));
    }
    digest.and_then(digest_problem).map(str::to_owned)
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

/// What is wrong with a digest that has the form of one. Upstream: opencontainers/go-digest `Digest.Validate`.
fn digest_problem(digest: &str) -> Option<&'static str> {
    let (algorithm, hex) = digest.split_once(':')?;
    let digits = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return Some("unsupported digest algorithm"),
    };
    if hex.len() != digits {
        Some("invalid checksum digest length")
    } else if hex.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Some("invalid checksum digest format")
    } else {
        None
    }
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
            "MyRegistry/app",
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
        let digits = "0123456789abcdef0123456789abcdef";
        let ends = |image: String, why: &str| assert!(error(&image).unwrap().ends_with(why), "{image}");
        ends(format!("nginx@sha256:{digits}"), ": invalid checksum digest length");
        ends(format!("nginx@md5:{digits}"), ": unsupported digest algorithm");
        ends(format!("{digits}{digits}"), "), cannot specify 64-byte hexadecimal strings");
        ends(format!("ghcr.io/{}", "a".repeat(256)), ": repository name must not be more than 255 characters");
        for image in ["nginx:", "-x", "a..b", "nginx:1 27", "nginx@sha256:12"] {
            assert!(error(image).unwrap().ends_with(": invalid reference format"), "{image}");
        }
    }
}
