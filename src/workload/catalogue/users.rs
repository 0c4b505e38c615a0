//! The users that well-known images run as, as their Dockerfiles' `USER` lines say.

/// Images that run as root, their own entry point's later change of user counted for nothing.
const ROOT: &[&str] = &[
    "nginx",
    "httpd",
    "caddy",
    "traefik",
    "redis",
    "valkey/valkey",
    "postgres",
    "mysql",
    "mariadb",
    "mongo",
    "cassandra",
    "rabbitmq",
    "nats",
    "wordpress",
    "tomcat",
    "registry",
    "busybox",
    "alpine",
    "ubuntu",
    "debian",
    "centos",
    "fedora",
    "python",
    "node",
    "golang",
    "openjdk",
    "eclipse-temurin",
    "ruby",
    "php",
    "perl",
    "bash",
    "kennethreitz/httpbin",
    "registry.k8s.io/hpa-example",
    "k8s.gcr.io/hpa-example",
    "registry.k8s.io/nginx-slim",
    "k8s.gcr.io/nginx-slim",
    "registry.k8s.io/echoserver",
];

/// Images with a user of their own.
const OTHERS: &[(&str, &str)] = &[
    ("nginxinc/nginx-unprivileged", "101"),
    ("grafana/grafana", "472"),
    ("memcached", "memcache"),
    ("haproxy", "haproxy"),
    ("jenkins/jenkins", "jenkins"),
    ("prom/prometheus", "nobody"),
    ("prom/node-exporter", "nobody"),
];

/// The users of the images of which they are known, by repository.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROOT.iter().map(|repository| (*repository, "0")).chain(OTHERS.iter().copied())
}
