//! CertificateSigningRequests. Upstream: pkg/printers/internalversion `printCertificateSigningRequest`.

use serde_json::Value;

use crate::model::object::ObjectRef;

use super::{Context, Printer, field, or, text};
use crate::model::pod_columns::human_duration;

pub(super) static CERTIFICATE_SIGNING_REQUEST: Printer =
    Printer { columns: &["NAME", "AGE", "SIGNERNAME", "REQUESTOR", "REQUESTEDDURATION", "CONDITION"], wide: &[], row };

fn row(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let view = context.cluster.view(object);
    let wanted = field(&view, "spec.expirationSeconds").as_i64();
    let wanted = wanted.map(human_duration);
    vec![
        context.name(object),
        context.age(object),
        or(text(&view, "spec.signerName"), "<none>"),
        text(&view, "spec.username"),
        wanted.unwrap_or_else(|| "<none>".to_owned()),
        status(&view),
    ]
}

/// What was decided about a request. Upstream: `extractCSRStatus`.
pub(crate) fn status(view: &Value) -> String {
    let conditions = field(view, "status.conditions").as_array().into_iter().flatten();
    let kinds: Vec<String> = conditions.map(|condition| text(condition, "type")).collect();
    let has = |kind: &str| kinds.iter().any(|known| known == kind);
    let mut shown = if has("Approved") {
        "Approved"
    } else if has("Denied") {
        "Denied"
    } else {
        "Pending"
    }
    .to_owned();
    if has("Failed") {
        shown.push_str(",Failed");
    }
    if !text(view, "status.certificate").is_empty() {
        shown.push_str(",Issued");
    }
    shown
}
