//! Answers about many pods, workloads and autoscalers as text for people.

use std::fmt::Write as _;

use super::table::{plain_table, trimmed};
use crate::simulation::asked::{AutoscalerAnswer, Change, Pending, Waiting, WorkloadAnswer};

/// Names that are shown of many.
const MOST_NAMES: usize = 3;
/// Templates that are shown of one reason.
const MOST_ROWS: usize = 40;

/// All pods that wait, by reason.
pub(super) fn pending(pending: &Pending) -> String {
    let mut text = match pending.pods {
        0 => "no pod waits for a node\n".to_owned(),
        pods => format!(
            "{} for a node, for {}\n",
            plural(pods, "pod waits", "pods wait"),
            plural(pending.groups.len(), "reason", "reasons")
        ),
    };
    for group in &pending.groups {
        let _ = writeln!(text, "\n{}: {}", plural(group.pods, "pod", "pods"), group.reason);
        text.push_str(&rows(&group.waiting));
        text.push('\n');
    }
    for one in &pending.not_created {
        let _ = writeln!(text, "\n{} has pods that were never made: {}", one.workload, one.reason);
        if let Some(change) = &one.change {
            let _ = writeln!(text, " → {}", change.change);
        }
    }
    text
}

fn rows(waiting: &[Waiting]) -> String {
    let mut table = plain_table();
    table.set_header(["WORKLOAD", "PODS", "SMALLEST CHANGE THAT WAS TRIED AND HELPS", "NODE"]);
    for one in waiting.iter().take(MOST_ROWS) {
        let pods = format!("{} ({})", one.pods.len(), names(&one.pods));
        table.add_row([one.workload.as_str(), &pods, &words(one), node(one.change.as_ref())]);
    }
    let mut text = trimmed(&table);
    if waiting.len() > MOST_ROWS {
        let _ = write!(text, "\n({} more; -o json shows all)", waiting.len() - MOST_ROWS);
    }
    text
}

fn words(waiting: &Waiting) -> String {
    match (&waiting.change, waiting.untried) {
        (Some(change), _) => change.change.clone(),
        (None, "") => "no single change helps".to_owned(),
        (None, untried) => format!("none was found; {untried} was not tried: too many pods wait"),
    }
}

fn node(change: Option<&Change>) -> &str {
    change.map_or("", |change| &change.node)
}

fn names(names: &[String]) -> String {
    let mut text = names[..names.len().min(MOST_NAMES)].join(", ");
    if names.len() > MOST_NAMES {
        text.push_str(", …");
    }
    text
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A workload and what is in its way.
pub(super) fn workload(answer: &WorkloadAnswer) -> String {
    let WorkloadAnswer { workload, namespace, desired, existing, ready, .. } = answer;
    let mut text = format!("{namespace}/{workload}: {ready} of {desired} ready, {existing} pods\n");
    if answer.causes.is_empty() {
        text.push_str("nothing is in its way\n");
        return text;
    }
    let mut table = plain_table();
    table.set_header(["CAUSE", "PODS", "WHY", "WHAT WOULD HELP"]);
    for cause in &answer.causes {
        let pods = match cause.pods.len() {
            0 => String::new(),
            count => format!("{count} ({})", names(&cause.pods)),
        };
        let help = cause.change.as_ref().map_or(String::new(), |change| match change.node.as_str() {
            "" => change.change.clone(),
            node => format!("{} → {node}", change.change),
        });
        table.add_row([cause.kind, &pods, &cause.why, &help]);
    }
    let _ = writeln!(text, "\n{}", trimmed(&table));
    text
}

/// An autoscaler's number and the formula.
pub(super) fn autoscaler(answer: &AutoscalerAnswer) -> String {
    let AutoscalerAnswer { autoscaler, namespace, target, min, max, current, desired, .. } = answer;
    let mut text =
        format!("{namespace}/{autoscaler} of {target}: {current} → {desired} replicas (from {min} to {max})\n");
    for metric in &answer.metrics {
        let _ = write!(text, "\n{}: ", metric.name);
        if metric.current.is_empty() {
            let _ = writeln!(text, "no value, target {}", metric.target);
        } else {
            let _ = writeln!(text, "{} of {}", metric.current, metric.target);
        }
        let _ = writeln!(text, "  {}", metric.formula);
    }
    if answer.metrics.len() > 1 {
        text.push_str("\nthe metric that asks for the most replicas counts\n");
    }
    if !answer.limits.is_empty() {
        let _ = writeln!(text, "\n{}", answer.limits.join("\n"));
    }
    if !answer.conditions.is_empty() {
        text.push('\n');
        for condition in &answer.conditions {
            let _ = writeln!(text, "{condition}");
        }
    }
    text
}
