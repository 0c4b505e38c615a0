//! E0008, E0014, E0026 and W0004: names in `traffic` can be such, consumers and Services are not mixed up, calls end
//! somewhere, and somebody says what they cost.

use std::collections::BTreeMap;

use super::{BAD_VALUE, CALL_CYCLE, CONTRADICTION, FREE_CALL};
use crate::scenario::field_path::FieldPath;
use crate::scenario::plan::traffic::{service_name, target_name};
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::scenario::Scenario;
use crate::scenario::schema::traffic::Traffic;

type Place<'a> = (&'a str, &'a str);

/// Looks at every entry and its calls.
pub fn check(scenario: &Scenario, findings: &mut Vec<Finding>) {
    let traffic = &scenario.spec.traffic;
    let path = FieldPath::of(&["spec", "traffic"]);
    for (index, entry) in traffic.iter().enumerate() {
        check_entry(entry, &path.index(index), findings);
    }
    // The entry that stands for each Service: the first one.
    let mut places: BTreeMap<Place<'_>, usize> = BTreeMap::new();
    for (index, entry) in traffic.iter().enumerate() {
        if let Some(service) = &entry.service {
            places.entry(service_name(service, "default")).or_insert(index);
        }
    }
    for (index, entry) in traffic.iter().enumerate() {
        for (number, call) in entry.calls.iter().enumerate() {
            let own = path.index(index).key("calls").index(number).key("service");
            let place = service_name(&call.service, namespace_of(entry));
            let Some(called) = places.get(&place) else {
                let message =
                    format!("no entry of `traffic` is about `{}`: its requests cost nothing there", call.service);
                let hint = "add an entry with this `service`, `rps: 0`, and its `cost` and `latency`";
                findings.push(Finding::value(&FREE_CALL, own, message).hint(hint));
                continue;
            };
            let mut trail = vec![index];
            // A cycle is told once, at its first entry.
            if leads_back(*called, index, traffic, &places, &mut trail) && trail.iter().min() == Some(&index) {
                let names: Vec<&str> =
                    trail.iter().chain([&index]).map(|entry| traffic[*entry].name.as_str()).collect();
                let message = format!("requests go round in a circle: {}", names.join(" → "));
                findings.push(Finding::value(&CALL_CYCLE, own, message).hint("a request cannot cause itself"));
            }
        }
    }
}

fn namespace_of(entry: &Traffic) -> &str {
    match (&entry.service, &entry.target) {
        (Some(service), _) => service_name(service, "default").0,
        (None, Some(target)) => target_name(target).map_or("default", |(namespace, ..)| namespace),
        (None, None) => "default",
    }
}

fn check_entry(entry: &Traffic, own: &FieldPath, findings: &mut Vec<Finding>) {
    if let Some(service) = &entry.service {
        let (namespace, name) = service_name(service, "default");
        if namespace.is_empty() || name.is_empty() || name.contains('/') {
            let message = format!("`{service}` is not [namespace/]name of a Service");
            findings.push(Finding::value(&BAD_VALUE, own.key("service"), message));
        }
        if entry.backlog.is_some() {
            let message = "requests to a Service wait at its pods, not in a backlog";
            findings.push(Finding::key(&CONTRADICTION, own.key("backlog"), message).hint("use `target` for consumers"));
        }
    }
    if let Some(Err(reason)) = entry.target.as_deref().map(target_name) {
        findings.push(Finding::value(&BAD_VALUE, own.key("target"), reason));
    }
    if entry.target.is_some() && entry.retries.is_some_and(|retries| retries > 0) {
        let message = "messages wait in the backlog until they are taken: nobody sends them again";
        findings.push(Finding::key(&CONTRADICTION, own.key("retries"), message));
    }
}

/// Do calls from entry `from` lead to `home`? Then `trail` holds the way.
fn leads_back(
    from: usize,
    home: usize,
    traffic: &[Traffic],
    places: &BTreeMap<Place<'_>, usize>,
    trail: &mut Vec<usize>,
) -> bool {
    if from == home {
        return true;
    }
    if trail.contains(&from) {
        return false;
    }
    trail.push(from);
    for call in &traffic[from].calls {
        let place = service_name(&call.service, namespace_of(&traffic[from]));
        if places.get(&place).is_some_and(|next| leads_back(*next, home, traffic, places, trail)) {
            return true;
        }
    }
    trail.pop();
    false
}
