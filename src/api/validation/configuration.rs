//! ConfigMaps and Secrets. Upstream: pkg/apis/core/validation `ValidateConfigMap`, `ValidateSecret`.

use serde_json::Value;

use super::super::convert::base64_decode;
use super::super::value::{members, text};
use super::{Errors, names};

const LARGEST: usize = 1024 * 1024;

pub(super) fn config_map(object: &Value, errors: &mut Errors) {
    let (data, binary) = (&object["data"], &object["binaryData"]);
    let mut total = 0;
    for (key, value) in members(data) {
        errors.invalid_texts(format!("data[{key}]"), key, names::config_key(key));
        if !binary[key].is_null() {
            errors.invalid_text(format!("data[{key}]"), key, "duplicate of key present in binaryData");
        }
        total += text(value).len();
    }
    for (key, value) in members(binary) {
        errors.invalid_texts(format!("binaryData[{key}]"), key, names::config_key(key));
        total += text(value).len() / 4 * 3;
    }
    if total > LARGEST {
        errors.too_long("", LARGEST);
    }
}

pub(super) fn secret(object: &Value, errors: &mut Errors) {
    let data = &object["data"];
    let mut total = 0;
    for (key, value) in members(data) {
        errors.invalid_texts(format!("data[{key}]"), key, names::config_key(key));
        total += text(value).len() / 4 * 3;
    }
    if total > LARGEST {
        errors.too_long("data", LARGEST);
    }
    let mut require = |key: &str| {
        if data[key].is_null() {
            errors.required(format!("data[{key}]"), "");
        }
    };
    match text(&object["type"]) {
        "kubernetes.io/tls" => {
            require("tls.crt");
            require("tls.key");
        }
        "kubernetes.io/dockerconfigjson" => {
            require(".dockerconfigjson");
            json_content(data, ".dockerconfigjson", errors);
        }
        "kubernetes.io/dockercfg" => {
            require(".dockercfg");
            json_content(data, ".dockercfg", errors);
        }
        "kubernetes.io/basic-auth" if data["username"].is_null() && data["password"].is_null() => {
            errors.required("data[username]", "");
            errors.required("data[password]", "");
        }
        "kubernetes.io/ssh-auth" if text(&data["ssh-privatekey"]).is_empty() => {
            errors.required("data[ssh-privatekey]", "");
        }
        "kubernetes.io/service-account-token"
            if text(&object["metadata"]["annotations"]["kubernetes.io/service-account.name"]).is_empty() =>
        {
            errors.required("metadata.annotations[kubernetes.io/service-account.name]", "");
        }
        _ => {}
    }
}

fn json_content(data: &Value, key: &str, errors: &mut Errors) {
    if data[key].is_null() {
        return;
    }
    let content = base64_decode(text(&data[key]));
    if serde_json::from_slice::<Value>(&content).is_err() {
        let content = String::from_utf8_lossy(&content);
        let detail = match content.trim_start().chars().next() {
            Some(first) if !"{[\"-0123456789tfn".contains(first) => {
                format!("invalid character '{first}' looking for beginning of value")
            }
            _ => "unexpected end of JSON input".to_owned(),
        };
        errors.invalid_text(format!("data[{key}]"), "<secret contents redacted>", &detail);
    }
}
