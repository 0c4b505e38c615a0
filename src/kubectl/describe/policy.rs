//! Quotas and limit ranges. Upstream: describe `describeQuota`, `describeLimitRangeSpec`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::printers::{field, or, plain, text};
use super::Related;
use super::text::{Page, items};
use crate::model::kind::Kind;

const LIMIT_HEADERS: &str = "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio";
const LIMIT_DASHES: &str = "----\t--------\t---\t---\t---------------\t-------------\t-----------------------";

pub(super) fn resource_quota(page: &mut Page, view: &Value, _: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    quota_scopes(page, view, (0, " * "));
    quota_table(page, view, (0, "----"));
}

fn quota_scopes(page: &mut Page, quota: &Value, (level, bullet): (usize, &str)) {
    let mut scopes: Vec<String> = items(field(quota, "spec.scopes")).iter().map(plain).collect();
    if scopes.is_empty() {
        return;
    }
    scopes.sort();
    page.field(level, "Scopes", scopes.join(", "));
    for scope in scopes {
        let help = match scope.as_str() {
            "Terminating" => {
                "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system."
            }
            "NotTerminating" => {
                "Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate."
            }
            "BestEffort" => {
                "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service."
            }
            "NotBestEffort" => {
                "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service."
            }
            _ => continue,
        };
        page.line(level, format!("{bullet}{help}"));
    }
}

fn quota_table(page: &mut Page, quota: &Value, (level, dashes): (usize, &str)) {
    page.line(level, "Resource\tUsed\tHard");
    page.line(level, format!("--------\t{dashes}\t{dashes}"));
    let used = field(quota, "status.used");
    for (resource, hard) in field(quota, "status.hard").as_object().into_iter().flatten() {
        page.line(level, format!("{resource}\t{}\t{}", or(plain(&used[resource]), "0"), plain(hard)));
    }
}

pub(super) fn limit_range(page: &mut Page, view: &Value, _: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    page.line(0, LIMIT_HEADERS);
    page.line(0, LIMIT_DASHES);
    limits(page, view, "");
}

fn limits(page: &mut Page, range: &Value, prefix: &str) {
    const LISTS: [&str; 5] = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];
    for item in items(field(range, "spec.limits")) {
        let named = LISTS.iter().filter_map(|list| item[*list].as_object()).flat_map(|list| list.keys());
        let resources: BTreeSet<&String> = named.collect();
        for resource in resources {
            let cells = LISTS.map(|list| or(plain(&item[list][resource]), "-"));
            page.line(0, format!("{prefix}{}\t{resource}\t{}", text(item, "type"), cells.join("\t")));
        }
    }
}

/// The parts of a namespace's description. Upstream: `DescribeResourceQuotas`, `DescribeLimitRanges`.
pub(super) fn of_namespace(page: &mut Page, related: &Related<'_>) {
    let of = |kind: Kind| {
        let mut found: Vec<Value> = related
            .cluster
            .list(kind)
            .filter(|object| related.cluster.identity(*object).0.0 == related.object.id)
            .map(|object| related.cluster.view(object))
            .collect();
        found.sort_by_key(|view| text(view, "metadata.name"));
        found
    };
    page.line(0, "");
    let quotas = of(Kind::RESOURCE_QUOTA);
    page.line(0, if quotas.is_empty() { "No resource quota." } else { "Resource Quotas" });
    for quota in &quotas {
        page.field(1, "Name", text(quota, "metadata.name"));
        quota_scopes(page, quota, (1, "* "));
        quota_table(page, quota, (1, "---"));
    }
    page.line(0, "");
    let ranges = of(Kind::LIMIT_RANGE);
    if ranges.is_empty() {
        page.line(0, "No LimitRange resource.");
        return;
    }
    page.line(0, "Resource Limits");
    page.line(0, format!(" {LIMIT_HEADERS}"));
    page.line(0, format!(" {LIMIT_DASHES}"));
    for range in &ranges {
        limits(page, range, " ");
    }
}
