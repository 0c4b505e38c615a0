//! What keeps pods from a node, read from the scheduler's words: `0/6 nodes are available: 4 Insufficient cpu, 2 node(s)
//! had untolerated taint(s). preemption: …`. Reads text only.

use std::collections::BTreeMap;

/// The reasons of a message with how many nodes each of them keeps away.
pub fn of_message(message: &str) -> Vec<(u64, String)> {
    let Some((_, rest)) = message.split_once(" nodes are available: ") else { return Vec::new() };
    let words = rest.split(". ").next().unwrap_or(rest).trim_end_matches('.');
    let part = |part: &str| {
        let (count, reason) = part.trim().split_once(' ')?;
        Some((count.parse().ok()?, reason.to_owned()))
    };
    words.split(", ").filter_map(part).collect()
}

/// The first sentence of a message: without what preemption says.
pub fn short(message: &str) -> String {
    match message.split_once(" nodes are available: ") {
        Some((nodes, rest)) => {
            format!("{nodes} nodes are available: {}", rest.split(". ").next().unwrap_or(rest).trim_end_matches('.'))
        }
        None => message.to_owned(),
    }
}

/// The reason that keeps the most pods from the most nodes, over several messages.
pub fn foremost<'a>(messages: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for message in messages {
        for (count, reason) in of_message(message) {
            *counts.entry(reason).or_default() += count;
        }
    }
    // Nodes that are gone keep pods away as well; they are the loss, not what is short.
    let is_short = |reason: &str| reason.starts_with("Insufficient ") || reason.starts_with("Too many pods");
    let most = |wanted: bool| {
        let ranked = counts.iter().filter(|(reason, _)| is_short(reason) == wanted);
        ranked.max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0))).map(|(reason, _)| reason.clone())
    };
    most(true).or_else(|| most(false))
}

/// `Insufficient cpu` is cpu.
pub fn resource_of(reason: &str) -> &str {
    if reason.starts_with("Too many pods") { "pods" } else { reason.strip_prefix("Insufficient ").unwrap_or(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "0/6 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient memory, 3 \
                           Insufficient cpu. no new claims to deallocate, preemption: 0/6 nodes are available: 6 \
                           Preemption is not helpful for scheduling.";

    #[test]
    fn reasons_are_counted_by_nodes() {
        let reasons = of_message(MESSAGE);
        assert_eq!(reasons[2], (3, "Insufficient cpu".to_owned()));
        assert_eq!(reasons.len(), 3);
        assert_eq!(of_message("running Bind plugin failed"), []);
    }

    #[test]
    fn what_is_short_comes_before_what_is_forbidden() {
        assert_eq!(foremost([MESSAGE, MESSAGE]).unwrap(), "Insufficient cpu");
        let taints = "0/2 nodes are available: 2 node(s) had untolerated taint(s).";
        assert_eq!(foremost([taints]).unwrap(), "node(s) had untolerated taint(s)");
        assert_eq!(resource_of("Insufficient nvidia.com/gpu"), "nvidia.com/gpu");
        assert_eq!(foremost([]), None);
    }
}
