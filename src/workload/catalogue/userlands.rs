//! Which programs the shells of well-known images have, as their Dockerfiles' `FROM` lines say.

use crate::workload::shell::Userland;

/// Images built on Debian or Ubuntu.
const DEBIAN: &[&str] = &[
    "debian",
    "ubuntu",
    "nginx",
    "nginxinc/nginx-unprivileged",
    "httpd",
    "redis",
    "valkey/valkey",
    "memcached",
    "postgres",
    "mariadb",
    "mongo",
    "cassandra",
    "elasticsearch",
    "rabbitmq",
    "zookeeper",
    "haproxy",
    "wordpress",
    "tomcat",
    "jenkins/jenkins",
    "python",
    "node",
    "golang",
    "ruby",
    "php",
    "perl",
    "openjdk",
    "eclipse-temurin",
    "kennethreitz/httpbin",
    "registry.k8s.io/hpa-example",
    "k8s.gcr.io/hpa-example",
    "registry.k8s.io/nginx-slim",
    "k8s.gcr.io/nginx-slim",
    "registry.k8s.io/e2e-test-images/jessie-dnsutils",
    "gcr.io/google-samples/kubernetes-bootcamp",
    "gcr.io/google_samples/k8szk",
    "us-docker.pkg.dev/google-samples/containers/gke/gb-frontend",
    "gcr.io/google_samples/gb-frontend",
    "fluentd",
    "quay.io/fluentd_elasticsearch/fluentd",
];

/// Images built on Red Hat's, Oracle's or Amazon's Linux.
const RED_HAT: &[&str] = &[
    "centos",
    "fedora",
    "amazonlinux",
    "rockylinux",
    "almalinux",
    "oraclelinux",
    "mysql",
    "redhat/ubi8",
    "redhat/ubi9",
];

/// The programs of an image; of one that nobody knows, busybox'. A tag with `alpine` says it all.
pub fn userland(reference: &str) -> Userland {
    let tag = reference.rsplit('/').next().and_then(|name| name.split_once(':')).map_or("", |(_, tag)| tag);
    let repository = crate::machines::repository_of(reference);
    let short = repository.rsplit('/').next().unwrap_or(repository);
    let is_in = |list: &[&str]| list.contains(&repository) || list.contains(&short);
    if tag.contains("alpine") {
        Userland::Busybox
    } else if is_in(DEBIAN) {
        Userland::Debian
    } else if is_in(RED_HAT) {
        Userland::RedHat
    } else {
        Userland::Busybox
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_with_alpine_means_busybox() {
        for (image, expected) in [
            ("nginx", Userland::Debian),
            ("nginx:1.27-alpine", Userland::Busybox),
            ("docker.io/library/ubuntu:22.04", Userland::Debian),
            ("busybox:1.36", Userland::Busybox),
            ("quay.io/centos/centos:stream9", Userland::RedHat),
            ("example.com:5000/mine", Userland::Busybox),
        ] {
            assert_eq!(userland(image), expected, "{image}");
        }
    }
}
