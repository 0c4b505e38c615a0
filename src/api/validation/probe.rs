//! Probes and hooks. Upstream: pkg/apis/core/validation `validateProbe`, `validateHandler`, `validateLifecycle`.

use serde_json::Value;

use super::super::value::{int, is_nil, items, text};
use super::{Errors, names, none_negative};

const PROBE_NUMBERS: [&str; 5] =
    ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

/// All probes of a container, in upstream's order.
pub(super) fn probes(container: &Value, path: &str, grace: i64, errors: &mut Errors) {
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let probe = &container[name];
        if is_nil(probe) {
            continue;
        }
        let path = format!("{path}.{name}");
        handler(probe, &path, grace, errors);
        none_negative(probe, &PROBE_NUMBERS, &path, errors);
        if let Some(seconds) = probe["terminationGracePeriodSeconds"].as_i64() {
            if name == "readinessProbe" {
                let path = format!("{path}.terminationGracePeriodSeconds");
                errors.invalid(path, &Value::from(seconds), "must not be set for readinessProbes");
            } else if seconds <= 0 {
                let path = format!("{path}.terminationGracePeriodSeconds");
                errors.invalid(path, &Value::from(seconds), "must be greater than 0");
            }
        }
        if name != "readinessProbe" && int(&probe["successThreshold"]) != 1 {
            errors.invalid(format!("{path}.successThreshold"), &probe["successThreshold"], "must be 1");
        }
    }
}

pub(super) fn lifecycle(lifecycle: &Value, path: &str, grace: i64, errors: &mut Errors) {
    for name in ["postStart", "preStop"] {
        if !is_nil(&lifecycle[name]) {
            handler(&lifecycle[name], &format!("{path}.{name}"), grace, errors);
        }
    }
}

fn handler(handler: &Value, path: &str, grace: i64, errors: &mut Errors) {
    let mut count = 0;
    for kind in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
        let action = &handler[kind];
        if is_nil(action) {
            continue;
        }
        let path = format!("{path}.{kind}");
        if count > 0 {
            errors.forbidden(&path, "may not specify more than 1 handler type");
            continue;
        }
        count += 1;
        match kind {
            "exec" => {
                if items(&action["command"]).is_empty() {
                    errors.required(format!("{path}.command"), "");
                }
            }
            "httpGet" => http_get(action, &path, errors),
            "tcpSocket" | "grpc" => port(&action["port"], &format!("{path}.port"), errors),
            _ => {
                let seconds = int(&action["seconds"]);
                if seconds < 0 || seconds > grace {
                    let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
                    errors.invalid(&path, &Value::from(seconds), &detail);
                }
            }
        }
    }
    if count == 0 {
        errors.required(path, "must specify a handler type");
    }
}

fn http_get(action: &Value, path: &str, errors: &mut Errors) {
    if text(&action["path"]).is_empty() {
        errors.required(format!("{path}.path"), "");
    }
    port(&action["port"], &format!("{path}.port"), errors);
    errors.one_of(format!("{path}.scheme"), text(&action["scheme"]), &["HTTP", "HTTPS"]);
    for header in items(&action["httpHeaders"]) {
        let name = text(&header["name"]);
        let valid = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !valid {
            let detail = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
            errors.invalid_text(format!("{path}.httpHeaders"), name, detail);
        }
    }
}

/// Upstream: `ValidatePortNumOrName`.
pub(super) fn port(port: &Value, path: &str, errors: &mut Errors) {
    match port.as_str() {
        Some(name) => errors.invalid_texts(path, name, names::port_name(name)),
        None if (1..=65_535).contains(&int(port)) => {}
        None => errors.invalid(path, &Value::from(int(port)), names::PORT),
    }
}
