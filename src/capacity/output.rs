//! A plan as files and words: plan.json, plan.csv, the numbers of its charts and page, the table on the terminal.

use std::path::{Path, PathBuf};

use comfy_table::{CellAlignment, Table, presets};

use super::result::{FailureResult, GrowthResult, PlanResult, Row, Use};
use super::rows::{homeless, mebibytes};
use crate::engine::NonNegative;
use crate::record::Number;
use crate::report::capacity::{
    CostBar, CostGroup, Costs, PlanPage, PlanReport, PlanTable, ShareRow, Shares, grouped, write,
};
use crate::report::{ChartFormats, ReportError};

/// Columns of plan.csv.
const COLUMNS: [&str; 27] = [
    "growth",
    "candidate",
    "holds",
    "count",
    "nodes",
    "cost_per_hour",
    "cost_per_month",
    "cheapest",
    "lower_bound",
    "lower_bound_by",
    "lower_bound_surviving",
    "peak_s",
    "cpu_allocatable",
    "cpu_requested",
    "cpu_used",
    "cpu_stranded",
    "memory_allocatable",
    "memory_requested",
    "memory_used",
    "memory_stranded",
    "pods_allocatable",
    "pods_requested",
    "bottleneck",
    "load_multiplier",
    "breaks",
    "one_less_fails",
    "impossible",
];

/// Writes `dir/name`; it appears whole or not at all.
///
/// # Errors
/// When a file cannot be written.
pub fn write_folder(plan: &PlanResult, dir: &Path, formats: ChartFormats) -> Result<PathBuf, ReportError> {
    let report = PlanReport {
        files: vec![("plan.json", plan.json()), ("plan.csv", csv(plan))],
        costs: costs(plan),
        shares: shares(plan),
        page: page(plan),
    };
    write(&report, dir, &plan.name, formats)
}

fn csv(plan: &PlanResult) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).expect("a Vec takes everything");
    for growth in &plan.growth {
        for row in &growth.plans {
            writer.write_record(csv_row(growth, row)).expect("a Vec takes everything");
        }
    }
    String::from_utf8(writer.into_inner().expect("a Vec takes everything")).expect("fields are text")
}

fn csv_row(growth: &GrowthResult, row: &Row) -> Vec<String> {
    let shown = |number: Number| number.rounded().to_string();
    let if_holds = |number: Number| if row.holds { shown(number) } else { String::new() };
    let peak = |of: fn(&super::result::PeakResult) -> Number| {
        row.peak.as_ref().map_or_else(String::new, |peak| shown(of(peak)))
    };
    let optional = |of: fn(&super::result::PeakResult) -> Option<Number>| {
        row.peak.as_ref().and_then(of).map_or_else(String::new, shown)
    };
    let bound = row.lower_bound.as_ref();
    let load = row.headroom.as_ref().and_then(|headroom| headroom.load.as_ref());
    vec![
        growth.name.clone(),
        row.candidate.clone(),
        row.holds.to_string(),
        if row.holds { row.count.to_string() } else { String::new() },
        nodes_text(row),
        if_holds(row.cost_per_hour),
        if_holds(row.cost_per_month),
        (growth.cheapest.as_ref() == Some(&row.candidate)).to_string(),
        bound.map_or_else(String::new, |bound| bound.nodes.to_string()),
        bound.map_or_else(String::new, |bound| bound.by.clone()),
        bound.and_then(|bound| bound.surviving).map_or_else(String::new, |nodes| nodes.to_string()),
        peak(|peak| peak.at_seconds),
        peak(|peak| peak.cpu.allocatable),
        peak(|peak| peak.cpu.requested),
        optional(|peak| peak.cpu.used),
        peak(|peak| peak.cpu.stranded),
        peak(|peak| peak.memory.allocatable),
        peak(|peak| peak.memory.requested),
        optional(|peak| peak.memory.used),
        peak(|peak| peak.memory.stranded),
        peak(|peak| peak.pods.allocatable),
        peak(|peak| peak.pods.requested),
        row.bottleneck.as_ref().map_or_else(String::new, |bottleneck| bottleneck.resource.clone()),
        load.map_or_else(String::new, |load| shown(load.multiplier)),
        load.and_then(|load| load.breaks.as_ref()).map_or_else(String::new, words),
        row.one_less.as_ref().map_or_else(String::new, |less| words(&less.failure)),
        row.impossible.as_ref().map_or_else(String::new, |impossible| impossible.why.clone()),
    ]
}

/// `7 × m5.large, 1 × m5.2xlarge`; empty if nothing holds.
fn nodes_text(row: &Row) -> String {
    row.nodes.iter().map(|(name, count)| format!("{count} × {name}")).collect::<Vec<_>>().join(", ")
}

/// What broke, in a sentence: `zone a lost at 840 s: 3 pods find no node: Insufficient cpu`.
fn words(failure: &FailureResult) -> String {
    let with = match failure.lost_at_seconds {
        Some(at) if !failure.lost.is_empty() => format!("{} lost at {:.0} s: ", failure.lost, at.rounded()),
        _ => String::new(),
    };
    let what = if failure.unplaced > 0 && !failure.reason.is_empty() {
        format!("{}: {}", homeless(failure.unplaced), failure.reason)
    } else if failure.autoscalers_at_maximum.is_empty() {
        failure.found.clone()
    } else {
        format!("{}; {}", failure.found, failure.autoscalers_at_maximum.join(", "))
    };
    format!("{with}{what}")
}

/// The price of a month, as far as it is known.
fn month(row: &Row) -> String {
    match (row.priced, row.cost_per_month.rounded() > 0.0) {
        (true, _) => money(row.cost_per_month),
        (false, true) => format!("{} + ?", money(row.cost_per_month)),
        (false, false) => "?".to_owned(),
    }
}

fn money(cost: Number) -> String {
    let cost = cost.rounded();
    if cost >= 100.0 { grouped(cost.round() as u64) } else { format!("{cost:.2}") }
}

fn costs(plan: &PlanResult) -> Costs {
    let mut alternatives: Vec<String> = Vec::new();
    for row in plan.growth.iter().flat_map(|growth| &growth.plans) {
        let name = kind_of(row);
        if !alternatives.iter().any(|known| known == name) {
            alternatives.push(name.to_owned());
        }
    }
    let bar = |growth: &GrowthResult, row: &Row| CostBar {
        alternative: alternatives.iter().position(|name| name == kind_of(row)).unwrap_or(0),
        cost: row.holds.then(|| row.cost_per_month.rounded()),
        bound: bound_cost(row),
        note: format!("{} node{}", row.count, if row.count == 1 { "" } else { "s" }),
        is_best: growth.cheapest.as_ref() == Some(&row.candidate),
    };
    Costs {
        title: format!("{}: cost of the least nodes that hold", plan.name),
        subtitle: "price of a month (730 hours), nodes that stay included; the cheapest of each growth in bold"
            .to_owned(),
        unit: "cost per month".to_owned(),
        groups: plan
            .growth
            .iter()
            .map(|growth| CostGroup {
                name: format!("growth {}", growth.name),
                bars: growth.plans.iter().map(|row| bar(growth, row)).collect(),
            })
            .collect(),
        alternatives: alternatives.clone(),
    }
}

/// All mixes have one colour.
fn kind_of(row: &Row) -> &str {
    if row.nodes.len() > 1 { "mix of two" } else { &row.candidate }
}

/// What the bound of a candidate alone would cost in a month.
fn bound_cost(row: &Row) -> Option<f64> {
    let bound = row.lower_bound.as_ref().filter(|_| row.holds && row.count > 0)?;
    let nodes = bound.surviving.unwrap_or(bound.nodes);
    Some(row.cost_per_month.rounded() * f64::from(nodes.min(row.count)) / f64::from(row.count))
}

fn shares(plan: &PlanResult) -> Shares {
    let mut rows = Vec::new();
    for growth in &plan.growth {
        for (place, row) in growth.plans.iter().filter(|row| row.holds).enumerate() {
            let Some(peak) = &row.peak else { continue };
            rows.push(ShareRow {
                heading: if place == 0 { format!("growth {}", growth.name) } else { String::new() },
                name: nodes_text(row),
                shares: vec![parts(&peak.cpu), parts(&peak.memory)],
            });
        }
    }
    Shares {
        title: format!("{}: what the nodes are for at the peak", plan.name),
        subtitle: "shares of what pods can have on all nodes together, nothing lost".to_owned(),
        wholes: vec!["CPU".to_owned(), "Memory".to_owned()],
        rows,
    }
}

/// Used, requested beyond that, free, stranded, as shares of what is allocatable.
fn parts(of: &Use) -> [f64; 4] {
    let whole = of.allocatable.rounded().max(f64::MIN_POSITIVE);
    let used = of.used.map_or(0.0, Number::rounded) / whole;
    let requested = of.requested.rounded() / whole;
    let stranded = of.stranded.rounded() / whole;
    let used = used.min(1.0);
    let idle = (requested - used).non_negative();
    let stranded = stranded.min(1.0 - used - idle).non_negative();
    [used, idle, (1.0 - used - idle - stranded).non_negative(), stranded]
}

/// The table of the terminal.
pub fn table(plan: &PlanResult) -> String {
    let mut text = String::new();
    for growth in &plan.growth {
        let demand = &growth.demand;
        text += &format!(
            "growth {}: {} pods ask for {} cpu and {} at the peak ({:.0} s)\n",
            growth.name,
            demand.pods,
            demand.cpu.rounded(),
            mebibytes(demand.memory.rounded() as u64),
            demand.at_seconds.rounded()
        );
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(["", "NODES", "PER HOUR", "PER MONTH", "BOUND", "CPU", "MEMORY", "BOTTLENECK", "LOAD"]);
        for row in &growth.plans {
            let mark = if growth.cheapest.as_ref() == Some(&row.candidate) { "*" } else { "" };
            if !row.holds {
                table.add_row([mark, &format!("none of {}", row.candidate)]);
                continue;
            }
            table.add_row(table_row(mark, row));
        }
        for place in [2, 3, 4, 5, 6, 8] {
            if let Some(column) = table.column_mut(place) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        text += &(table.trim_fmt() + "\n");
        for (row, today) in growth.plans.iter().filter_map(|row| Some((row, row.today?))) {
            let holds = if today.holds { "hold" } else { "do not hold" };
            text += &format!("  {}: today's {} nodes {holds}\n", row.candidate, today.nodes);
        }
        for row in &growth.plans {
            if let Some(impossible) = &row.impossible {
                text += &format!(
                    "{}: `{}` cannot be met: {}\n  nearest with {}: {}\n",
                    row.candidate,
                    impossible.failure.requirement,
                    impossible.why,
                    impossible.nearest,
                    words(&impossible.failure)
                );
            }
        }
        if let Some(row) = growth.cheapest_row() {
            text += &cheapest_words(row);
        }
        text.push('\n');
    }
    text
}

fn table_row(mark: &str, row: &Row) -> [String; 9] {
    let percent = |of: fn(&super::result::PeakResult) -> &Use| {
        row.peak.as_ref().map_or_else(String::new, |peak| {
            let of = of(peak);
            format!("{:.0}%", of.requested.rounded() / of.allocatable.rounded().max(f64::MIN_POSITIVE) * 100.0)
        })
    };
    [
        mark.to_owned(),
        nodes_text(row),
        if row.priced { format!("{:.3}", row.cost_per_hour.rounded()) } else { "?".to_owned() },
        month(row),
        row.lower_bound.as_ref().map_or_else(String::new, |bound| bound.surviving.unwrap_or(bound.nodes).to_string()),
        percent(|peak| &peak.cpu),
        percent(|peak| &peak.memory),
        row.bottleneck.as_ref().map_or_else(String::new, |bottleneck| bottleneck.resource.clone()),
        load_text(row),
    ]
}

/// `×1.35`.
fn load_text(row: &Row) -> String {
    let load = row.headroom.as_ref().and_then(|headroom| headroom.load.as_ref());
    load.map_or_else(String::new, |load| {
        format!("×{}{}", load.multiplier.rounded(), if load.or_more { " or more" } else { "" })
    })
}

fn cheapest_words(row: &Row) -> String {
    let mut text = format!("  * {}", nodes_text(row));
    if let Some(less) = &row.one_less {
        text += &format!("; with one less {}", words(&less.failure));
    }
    if let Some(load) = row.headroom.as_ref().and_then(|headroom| headroom.load.as_ref()) {
        text += &format!("\n    holds {} of the {}", load_text(row), load.of);
        if let Some(breaks) = &load.breaks {
            text += &format!("; beyond it {}", words(breaks));
        }
    }
    text.push('\n');
    text
}

/// What a plan came to, in one sentence.
pub fn headline(plan: &PlanResult) -> String {
    let mut parts = Vec::new();
    for growth in &plan.growth {
        parts.push(match growth.cheapest_row() {
            Some(row) => {
                format!("growth {}: {} for {} a month", growth.name, nodes_text(row), month(row))
            }
            None => format!("growth {}: no candidate holds", growth.name),
        });
    }
    parts.join("; ")
}

fn page(plan: &PlanResult) -> PlanPage {
    let mut page = PlanPage {
        name: plan.name.clone(),
        description: plan.description.clone(),
        headline: headline(plan),
        warnings: plan.warnings.clone(),
        ..PlanPage::default()
    };
    for growth in &plan.growth {
        page.tiles.push(match growth.cheapest_row() {
            Some(row) => {
                (format!("{} a month", month(row)), format!("growth {}: {}", growth.name, nodes_text(row)), false)
            }
            None => ("none".to_owned(), format!("growth {}: no candidate holds", growth.name), true),
        });
    }
    page.tables = vec![plans_table(plan), limits_table(plan), replicas_table(plan), waiting_table(plan)];
    page.tables.retain(|table| !table.rows.is_empty());
    let survive = plan.survive.as_ref().map_or_else(
        || "nothing is lost".to_owned(),
        |survive| {
            let hold = if survive.hold.is_empty() { String::new() } else { format!("; {}", survive.hold.join(", ")) };
            format!("{} zones and {} nodes lost at {}{hold}", survive.zones, survive.nodes, survive.at)
        },
    );
    page.facts = vec![
        ("Scenario", plan.scenario.clone()),
        ("Required", plan.require.join(", ")),
        ("Survived", survive),
        ("Nodes that stay", if plan.kept.nodes.is_empty() { "none".to_owned() } else { plan.kept.nodes.join(", ") }),
        ("Most nodes tried", grouped(u64::from(plan.max_nodes))),
        ("Seeds", format!("{} from {}", plan.seeds, plan.seed)),
        ("Runs made", grouped(plan.runs)),
        ("Mixes tried", mixes_words(plan)),
        ("Version", format!("kubelapse {}", plan.version)),
    ];
    page
}

fn mixes_words(plan: &PlanResult) -> String {
    let words = |growth: &GrowthResult| {
        let mixes = growth.mixes?;
        let left = mixes
            .next_cost_per_hour
            .map_or_else(String::new, |cost| format!(", none from {} an hour on", cost.rounded()));
        Some(format!("growth {}: {}{left}", growth.name, mixes.tried))
    };
    let words: Vec<String> = plan.growth.iter().filter_map(words).collect();
    if words.is_empty() { "none: `mixed` is off".to_owned() } else { words.join("; ") }
}

fn rows_of(plan: &PlanResult) -> impl Iterator<Item = (&GrowthResult, &Row)> {
    plan.growth.iter().flat_map(|growth| growth.plans.iter().map(move |row| (growth, row)))
}

fn plans_table(plan: &PlanResult) -> PlanTable {
    let row = |(growth, row): (&GrowthResult, &Row)| {
        if let Some(impossible) = &row.impossible {
            let mut cells = vec![growth.name.clone(), row.candidate.clone(), "none".to_owned()];
            cells.extend(vec![String::new(); 6]);
            cells.push(impossible.why.clone());
            return cells;
        }
        let [_, nodes, hour, month, bound, cpu, memory, _, load] = table_row("", row);
        let words = row.bottleneck.as_ref().map_or_else(String::new, |bottleneck| bottleneck.words.clone());
        vec![growth.name.clone(), row.candidate.clone(), nodes, hour, month, bound, cpu, memory, load, words]
    };
    PlanTable {
        title: "Plans".to_owned(),
        note: "Bound: nodes that no schedule gets by without, after the loss. CPU and memory: requested at the peak. Load: \
               the highest multiplier that still holds."
            .to_owned(),
        header: vec![
            "growth", "candidate", "nodes", "per hour#", "per month#", "bound#", "cpu#", "memory#", "load#", "bottleneck",
        ],
        rows: rows_of(plan).map(row).collect(),
    }
}

fn limits_table(plan: &PlanResult) -> PlanTable {
    let row = |(growth, row): (&GrowthResult, &Row)| {
        let less = row.one_less.as_ref().map_or_else(String::new, |less| words(&less.failure));
        let load = row.headroom.as_ref().and_then(|headroom| headroom.load.as_ref());
        let breaks = load.and_then(|load| load.breaks.as_ref()).map_or_else(String::new, words);
        row.holds.then(|| vec![growth.name.clone(), nodes_text(row), less, load_text(row), breaks])
    };
    PlanTable {
        title: "What breaks first".to_owned(),
        note: String::new(),
        header: vec!["growth", "nodes", "with one node less", "load#", "beyond that load"],
        rows: rows_of(plan).filter_map(row).collect(),
    }
}

fn replicas_table(plan: &PlanResult) -> PlanTable {
    let mut rows = Vec::new();
    for growth in &plan.growth {
        let Some(row) = growth.cheapest_row() else { continue };
        for (workload, fit) in row.headroom.iter().flat_map(|headroom| &headroom.replicas) {
            rows.push(vec![growth.name.clone(), workload.clone(), fit.fit.to_string(), fit.then.clone()]);
        }
    }
    PlanTable {
        title: "Replicas that still fit on the cheapest nodes".to_owned(),
        note: "One workload at a time, placed by the scheduler beside everything that runs at the peak.".to_owned(),
        header: vec!["growth", "workload", "more replicas#", "then"],
        rows,
    }
}

fn waiting_table(plan: &PlanResult) -> PlanTable {
    let mut rows = Vec::new();
    for (growth, row) in rows_of(plan) {
        let less = row.one_less.as_ref().map(|less| &less.failure);
        let failure = less.or_else(|| row.impossible.as_ref().map(|impossible| &impossible.failure));
        for pod in failure.iter().flat_map(|failure| &failure.pods) {
            let nodes = if row.holds { nodes_text(row) } else { row.candidate.clone() };
            rows.push(vec![growth.name.clone(), nodes, pod.pod.clone(), pod.reason.clone()]);
        }
    }
    PlanTable {
        title: "Pods without a node when there is one node less".to_owned(),
        note: "The first twenty of each; for a candidate that never holds, those of its nearest miss.".to_owned(),
        header: vec!["growth", "of", "pod", "why"],
        rows,
    }
}
