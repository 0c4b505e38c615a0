//! CertificateSigningRequests. Upstream: pkg/apis/certificates/validation `validateCertificateSigningRequest`.

use serde_json::Value;

use super::super::certificate_request;
use super::super::value::{items, text};
use super::{Errors, names};

const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

pub(super) fn request(spec: &Value, errors: &mut Errors) {
    let given = text(&spec["request"]);
    if let Err(why) = certificate_request::subject(given) {
        errors.invalid_text("spec.request", given, &why);
    }
    let usages = items(&spec["usages"]);
    if usages.is_empty() {
        errors.required("spec.usages", "");
    }
    for (index, usage) in usages.iter().map(text).enumerate() {
        if !USAGES.contains(&usage) {
            errors.unsupported(format!("spec.usages[{index}]"), usage, &USAGES);
        }
    }
    for (index, usage) in usages.iter().enumerate() {
        if usages[..index].contains(usage) {
            errors.duplicate(format!("spec.usages[{index}]"), text(usage));
        }
    }
    signer(text(&spec["signerName"]), errors);
    if let Some(seconds) = spec["expirationSeconds"].as_i64().filter(|seconds| *seconds < 600) {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.invalid("spec.expirationSeconds", &Value::from(seconds), detail);
    }
}

/// Upstream: pkg/apis/core/validation `ValidateSignerName`.
fn signer(name: &str, errors: &mut Errors) {
    const PATH: &str = "spec.signerName";
    if name == "kubernetes.io/legacy-unknown" {
        errors.invalid_text(PATH, name, "the legacy signerName is not allowed via this API version");
        return;
    }
    if name.is_empty() {
        errors.required(PATH, "");
        return;
    }
    let (Some((domain, path)), false) = (name.split_once('/'), name.matches('/').count() > 1) else {
        let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        errors.invalid_text(PATH, name, detail);
        return;
    };
    if let Some(wrong) = names::subdomain(domain).first() {
        errors.invalid_text(PATH, domain, &format!("validating label {domain:?}: {wrong}"));
    }
    if !domain.contains('.') {
        errors.invalid_text(PATH, domain, "should be a domain with at least two segments separated by dots");
    }
    for part in path.split('.').filter(|part| !names::subdomain(part).is_empty()) {
        errors.invalid_text(PATH, part, &format!("validating label {part:?}: {}", names::subdomain(part).join("; ")));
    }
}
