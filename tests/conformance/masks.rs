//! What cannot be equal between a recording and a run: random names, times, allocated numbers.

use serde_json::{Value, json};

/// Stands for what the recorder took out of a text.
const HOLES: [&str; 7] = ["<RAND>", "<UID>", "<TIME>", "<SUFFIX>", "<IP>", "<DATE>", "<LOG>"];
/// Where kubectl prints the whole object to help with a template: the server's bookkeeping is part of it.
const DEBUGGING: [&str; 2] = ["\traw data was:", "\tobject given to jsonpath engine was:"];

/// What of an output compares: nothing after an error's print of the object, no versions, and of a description's Events
/// no ages and no widths.
pub fn comparable(text: &str) -> String {
    let end = DEBUGGING.iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    let mut in_events = false;
    let mut lines = Vec::new();
    for line in text[..end].split('\n') {
        let mut line = line.to_owned();
        for label in ["resourceVersion: ", "Resource Version: "] {
            if let Some(at) = line.find(label) {
                line.truncate(at + label.len() - 1);
            }
        }
        if in_events && line.starts_with("  ") {
            let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
            let cells: Vec<String> = cells
                .iter()
                .enumerate()
                .map(|(place, cell)| {
                    let is_age = place == 2 && cell.starts_with(|c: char| c.is_ascii_digit());
                    if cell.chars().all(|c| c == '-') || is_age { "-".to_owned() } else { (*cell).to_owned() }
                })
                .collect();
            line = format!("  {}", cells.join("  "));
        }
        in_events = line.starts_with("Events:") || in_events && line.starts_with("  ");
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

/// Does the text equal the recorded one, whose holes stand for anything without blanks (`<DATE>` and `<LOG>` for what
/// they say)?
pub fn matches(found: &str, expected: &str) -> bool {
    let Some((place, hole)) = HOLES.iter().filter_map(|hole| expected.find(hole).map(|place| (place, *hole))).min()
    else {
        return found == expected;
    };
    let (before, after) = (&expected[..place], &expected[place + hole.len()..]);
    let Some(rest) = found.strip_prefix(before) else { return false };
    if hole == "<DATE>" {
        // Thu, 01 Jan 2026 00:00:04 +0000
        return rest.is_char_boundary(31) && rest[..31].ends_with("+0000") && matches(&rest[31..], after);
    }
    if hole == "<LOG>" {
        return rest.split_once(']').is_some_and(|(_, rest)| matches(rest, after));
    }
    let filled = rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
    (1..=filled).filter(|end| rest.is_char_boundary(*end)).any(|end| matches(&rest[end..], after))
}

/// A table without ages, addresses and node ports; other texts as they are. Widths follow from the cells.
pub fn table(text: &str) -> String {
    let is_table = text.lines().next().is_some_and(|line| line.starts_with("NAME") && line.contains("AGE"));
    if !is_table {
        return text.to_owned();
    }
    let lines = text.lines().map(|line| {
        let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
        cells.map(cell).collect::<Vec<_>>().join("   ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn cell(cell: &str) -> String {
    let is_age = cell.ends_with(['s', 'm', 'h', 'd'])
        && cell.starts_with(|c: char| c.is_ascii_digit())
        && cell.chars().all(|c| c.is_ascii_digit() || "smhd".contains(c));
    if is_age {
        return "AGE".to_owned();
    }
    if cell.starts_with("10.") && cell.split('.').count() == 4 {
        return "IP".to_owned();
    }
    match cell.split_once(':').and_then(|(port, rest)| Some((port, rest.split_once('/')?))) {
        Some((port, (_, protocol))) if port.parse::<u16>().is_ok() => format!("{port}:PORT/{protocol}"),
        _ => cell.to_owned(),
    }
}

/// An object as the recorder wrote it down: without status, identity, and what was allocated.
pub fn object(mut object: Value, with_replicas: bool) -> Value {
    let is_node = object["kind"] == "Node";
    if let Some(members) = object.as_object_mut() {
        members.remove("status");
    }
    let mut gone = vec!["uid", "resourceVersion", "creationTimestamp", "managedFields"];
    if is_node {
        // Its kubelet and cloud wrote these.
        gone.extend(["labels", "annotations"]);
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|key, _| !gone.contains(&key.as_str()));
    }
    let is_pod = object["kind"] == "Pod";
    if let Some(spec) = object["spec"].as_object_mut() {
        for key in ["clusterIP", "clusterIPs"] {
            if spec.get(key).is_some_and(|value| value != "None" && value[0] != "None") {
                spec.remove(key);
            }
        }
        for key in ["podCIDR", "podCIDRs"] {
            spec.remove(key);
        }
        if is_pod {
            spec.remove("nodeName");
        }
        if !with_replicas {
            spec.remove("replicas");
        }
        for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            if !port["nodePort"].is_null() {
                port["nodePort"] = json!("PORT");
            }
        }
    }
    let token = |item: &Value| item["name"].as_str().is_some_and(|name| name.starts_with("kube-api-access-"));
    drop_items(&mut object["spec"], "volumes", token);
    if let Some(containers) = object.pointer_mut("/spec/containers").and_then(Value::as_array_mut) {
        for container in containers {
            drop_items(container, "volumeMounts", token);
        }
    }
    texts(&mut object);
    without_nulls(&mut object);
    object
}

fn drop_items(object: &mut Value, key: &str, unwanted: impl Fn(&Value) -> bool) {
    let Some(members) = object.as_object_mut() else { return };
    if let Some(Value::Array(items)) = members.get_mut(key) {
        items.retain(|item| !unwanted(item));
        if items.is_empty() {
            members.remove(key);
        }
    }
}

fn texts(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(texts),
        Value::Array(items) => items.iter_mut().for_each(texts),
        Value::String(text) => {
            let is_uid = text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
            let is_time = text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T';
            if is_uid {
                "UID".clone_into(text);
            } else if is_time {
                "TIME".clone_into(text);
            }
        }
        _ => {}
    }
}

/// Indexing a missing member of a mutable value leaves a null.
fn without_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(without_nulls);
    }
}
