//! CertificateSigningRequests. Upstream: kubectl describe `describeCertificateSigningRequest`.

use serde_json::Value;

use super::super::ages::rfc1123;
use super::super::printers::{certificate_status, field, text};
use super::Related;
use super::text::Page;
use crate::api::certificate_request;

pub(super) fn request(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    page.field(0, "CreationTimestamp", rfc1123(field(view, "metadata.creationTimestamp")));
    page.field(0, "Requesting User", text(view, "spec.username"));
    page.field_if(0, "Signer", text(view, "spec.signerName"));
    page.field(0, "Status", certificate_status(view));
    page.line(0, "Subject:");
    let subject = certificate_request::subject(&text(view, "spec.request")).unwrap_or_default();
    for (place, (name, values)) in subject.iter().enumerate() {
        // The first two stand there whether they are given or not.
        if place < 2 || !values.is_empty() {
            page.line(0, format!("\t{name}:\t{}", values.join("\n\t\t")));
        }
    }
    related.events(page);
}
