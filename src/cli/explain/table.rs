//! Explanations as tables for people.

use comfy_table::{CellAlignment, Table, presets};

use crate::scheduler::explain::{NamedExplanation, NamedNode};
use crate::simulation::asked::FitCount;

/// Equal rejections are shown once for all nodes beyond this many.
const MOST_ROWS: usize = 40;

/// One pod: where it goes, then the feasible nodes with their scores, then the others with what is missing.
pub(super) fn pod(explanation: &NamedExplanation) -> String {
    let mut text = format!("pod {}/{}: {}\n", explanation.namespace, explanation.pod, headline(explanation));
    if let Some(node) = &explanation.bound_to {
        text.push_str(&format!("it runs on {node}; this is where it would go if it had to be placed now\n"));
    }
    if explanation.winner.is_none() {
        text.push_str(&format!("{}\n", explanation.message));
    }
    if let Some(preemption) = &explanation.preemption {
        let violations = match preemption.budget_violations {
            0 => String::new(),
            count => format!(", {count} of them against a disruption budget"),
        };
        let victims = preemption.victims.join(", ");
        text.push_str(&format!(
            "preemption would make room on {} by evicting {victims}{violations}\n",
            preemption.node
        ));
    }
    let (feasible, rejected): (Vec<_>, Vec<_>) = explanation.nodes.iter().partition(|node| node.total.is_some());
    if !feasible.is_empty() {
        text.push_str(&format!("\n{}\n", scores(&feasible, explanation.winner.as_deref())));
    }
    if !rejected.is_empty() {
        text.push_str(&format!("\n{}\n", rejections(&rejected)));
    }
    if explanation.winner.is_none()
        && let Some(nearest) = nearest(&rejected)
    {
        text.push_str(&format!("\nnearest: {nearest}\n"));
    }
    text
}

fn headline(explanation: &NamedExplanation) -> String {
    let Some(winner) = &explanation.winner else {
        return match &explanation.rejected_by {
            Some(plugin) => format!("no node is looked at ({plugin})"),
            None => "no node is feasible".to_owned(),
        };
    };
    let others = explanation.ties.len().saturating_sub(1);
    let tie = if others == 0 {
        String::new()
    } else {
        let names: Vec<&str> =
            explanation.ties.iter().filter(|node| *node != winner).take(5).map(String::as_str).collect();
        let more = if others > names.len() { format!(" and {} more", others - names.len()) } else { String::new() };
        format!("; tied with {}{more}", names.join(", "))
    };
    format!(
        "goes to {winner} ({} evaluated, {} feasible{tie}; scheduler {})",
        explanation.evaluated, explanation.feasible, explanation.scheduler_name
    )
}

pub(super) fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table
}

/// The best first; a cell is `raw → normalized = weighted`, shorter where these are equal.
fn scores(nodes: &[&NamedNode], winner: Option<&str>) -> String {
    let plugins: Vec<&str> = nodes[0].scores.iter().map(|score| score.plugin.as_str()).collect();
    let mut table = plain_table();
    let mut header = vec!["NODE".to_owned(), "TOTAL".to_owned()];
    header.extend(plugins.iter().map(|plugin| (*plugin).to_owned()));
    table.set_header(header);
    let mut sorted = nodes.to_vec();
    sorted.sort_by_key(|node| (std::cmp::Reverse(node.total), winner != Some(node.node.as_str())));
    for node in sorted.iter().take(MOST_ROWS) {
        let mark = if winner == Some(node.node.as_str()) { " ←" } else { "" };
        let mut row = vec![format!("{}{mark}", node.node), node.total.unwrap_or(0).to_string()];
        row.extend(node.scores.iter().map(|score| {
            match (score.raw == score.normalized, score.normalized == score.weighted) {
                (true, true) => score.weighted.to_string(),
                (true, false) => format!("{} = {}", score.normalized, score.weighted),
                (false, _) => format!("{} → {} = {}", score.raw, score.normalized, score.weighted),
            }
        }));
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = trimmed(&table);
    if sorted.len() > MOST_ROWS {
        text.push_str(&format!("\n({} more; -o json shows all)", sorted.len() - MOST_ROWS));
    }
    text
}

fn rejections(nodes: &[&NamedNode]) -> String {
    let mut table = plain_table();
    table.set_header(["NODE", "REJECTED BY", "REASON", "MISSING", "PREEMPTION"]);
    for node in nodes.iter().take(MOST_ROWS) {
        let preemption = if node.preemption_may_help == Some(true) { "may help" } else { "cannot help" };
        table.add_row([
            node.node.as_str(),
            node.rejected_by.as_deref().unwrap_or_default(),
            &node.reasons.join(", "),
            &node.missing.join("; "),
            preemption,
        ]);
    }
    let mut text = trimmed(&table);
    if nodes.len() > MOST_ROWS {
        text.push_str(&format!("\n({} more; -o json shows all)", nodes.len() - MOST_ROWS));
    }
    text
}

pub(super) fn trimmed(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// The node that misses least, and what.
fn nearest(nodes: &[&NamedNode]) -> Option<String> {
    let known = nodes.iter().filter(|node| !node.missing.is_empty());
    let best = known.min_by_key(|node| (node.missing.len(), node.preemption_may_help != Some(true)))?;
    let like = nodes.iter().filter(|node| node.missing == best.missing).count();
    let others = if like > 1 { format!(" (and {} more)", like - 1) } else { String::new() };
    Some(format!("needs {} on {}{others}", best.missing.join(" and "), best.node))
}

/// How many more would fit.
pub(super) fn count(count: &FitCount) -> String {
    let mut text = format!("{} more would fit\n", count.fitted);
    if !count.by_node.is_empty() {
        let mut table = plain_table();
        table.set_header(["NODE", "PODS"]);
        for (node, pods) in &count.by_node {
            table.add_row([node.clone(), pods.to_string()]);
        }
        text.push_str(&format!("\n{}\n", trimmed(&table)));
    }
    if !count.message.is_empty() {
        text.push_str(&format!("\nthe next one: {}\n", count.message));
    }
    text
}
