//! Defaults of containers, their ports, variables, probes and hooks.

use serde_json::{Value, json};

use super::super::value::{Object, default_nil, default_zero, find_mut, get, is_nil, items_mut, object_mut, text};

/// Upstream: pkg/apis/core/v1 `SetDefaults_Container` and the generated defaults around it.
pub(super) fn container(container: &mut Object) {
    if text(get(container, "imagePullPolicy")).is_empty() {
        let policy = if pulls_always(text(get(container, "image"))) { "Always" } else { "IfNotPresent" };
        container.insert("imagePullPolicy".to_owned(), Value::from(policy));
    }
    default_zero(container, "terminationMessagePath", "/dev/termination-log");
    default_zero(container, "terminationMessagePolicy", "File");
    object_mut(container, "resources");
    for port in items_mut(container.get_mut("ports")).filter_map(Value::as_object_mut) {
        default_zero(port, "protocol", "TCP");
    }
    for variable in items_mut(container.get_mut("env")).filter_map(Value::as_object_mut) {
        let Some(source) = find_mut(variable, "valueFrom") else { continue };
        field_reference(source);
        if let Some(file) = find_mut(source, "fileKeyRef") {
            default_nil(file, "optional", false);
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = find_mut(container, name) {
            self::probe(probe);
        }
    }
    if let Some(lifecycle) = find_mut(container, "lifecycle") {
        for name in ["postStart", "preStop"] {
            if let Some(get) = find_mut(lifecycle, name).and_then(|hook| find_mut(hook, "httpGet")) {
                http_get(get);
            }
        }
    }
}

/// Each limit without a request is the request too. Upstream: `SetDefaults_Pod`.
pub(super) fn requests_from_limits(container: &mut Object) {
    let Some(resources) = find_mut(container, "resources") else { return };
    let limits = get(resources, "limits").clone();
    let Some(limits) = limits.as_object() else { return };
    if limits.is_empty() {
        return;
    }
    let requests = object_mut(resources, "requests");
    for (name, limit) in limits {
        requests.entry(name).or_insert_with(|| limit.clone());
    }
}

/// `fieldRef` and `resourceFieldRef` of a variable or a downward API file.
pub(super) fn field_reference(source: &mut Object) {
    if let Some(field) = find_mut(source, "fieldRef") {
        default_zero(field, "apiVersion", "v1");
    }
    if let Some(resource) = find_mut(source, "resourceFieldRef")
        && is_nil(get(resource, "divisor"))
    {
        resource.insert("divisor".to_owned(), json!("0"));
    }
}

/// Upstream: `SetDefaults_Probe`.
fn probe(probe: &mut Object) {
    default_zero(probe, "timeoutSeconds", 1);
    default_zero(probe, "periodSeconds", 10);
    default_zero(probe, "successThreshold", 1);
    default_zero(probe, "failureThreshold", 3);
    if let Some(get) = find_mut(probe, "httpGet") {
        http_get(get);
    }
    if let Some(grpc) = find_mut(probe, "grpc") {
        default_nil(grpc, "service", "");
    }
}

/// Upstream: `SetDefaults_HTTPGetAction`.
fn http_get(get: &mut Object) {
    default_zero(get, "path", "/");
    default_zero(get, "scheme", "HTTP");
    default_nil(get, "port", 0);
}

/// Is the tag `latest`, written or implied? Upstream: util/parsers `ParseImageName`.
fn pulls_always(image: &str) -> bool {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let base = name.rsplit('/').next().unwrap_or_default();
    let tag = base.split_once(':').map(|(_, tag)| tag);
    let parses = !name.is_empty() && !name.chars().any(char::is_whitespace);
    parses && (tag == Some("latest") || tag.is_none() && digest.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_tag_is_pulled_always() {
        for (image, always) in [
            ("nginx", true),
            ("nginx:latest", true),
            ("nginx:1.25", false),
            ("host:5000/a/b", true),
            ("host:5000/a/b:v1", false),
            ("x@sha256:0123", false),
            ("x:latest@sha256:0123", true),
        ] {
            assert_eq!(pulls_always(image), always, "{image}");
        }
    }
}
