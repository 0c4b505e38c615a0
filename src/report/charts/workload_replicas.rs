//! Replicas of workloads over time, a small panel each: what is ready as an area, what is wanted and what is of
//! the newest revision as lines. Of many workloads those are shown that changed most.

use super::axis::{CountAxis, TimeAxis};
use super::columns::Columns;
use super::counted;
use super::frame::{
    Plot, Swatch, draw_counts, draw_edges, draw_empty, draw_side_name, draw_time, draw_time_name, note_on_steps, open,
    time_axis,
};
use super::palette::{BLUE, GREEN, INK, SHADE};
use super::scene::{Anchor, Scene, Text, fitted};
use crate::record::{Record, Replicas, WorkloadIndex};

/// Most panels.
const PANELS: usize = 9;

/// Draws the chart.
pub fn draw(record: &Record) -> Scene {
    let (shown, all) = chosen(record);
    let legend = [
        (Swatch::Line(INK), "Wanted"),
        (Swatch::Box(GREEN), "Ready"),
        (Swatch::Box(SHADE), "Existing, not ready"),
        (Swatch::Line(BLUE), "Of the newest revision"),
    ];
    let subtitle = if shown.len() < all {
        format!("{}, showing the {} that changed most", counted(all, "workload"), shown.len())
    } else {
        counted(all, "workload")
    };
    let (mut scene, area) = open("Replicas of workloads", &(subtitle + note_on_steps(record)), &legend);
    let whole = Plot { left: 70, ..area };
    if shown.is_empty() {
        draw_empty(&mut scene, &whole, "no workloads");
    }
    let rows = rows_of(record, &shown);
    let (across, down) = match shown.len() {
        0..=1 => (1, 1),
        2 => (1, 2),
        3..=4 => (2, 2),
        5..=6 => (3, 2),
        _ => (3, 3),
    };
    for (panel, (workload, rows)) in shown.iter().zip(&rows).enumerate() {
        let plot = cell(&whole, (panel as i32 % across, panel as i32 / across), (across, down));
        let name = if shown.len() == 1 && all == 1 {
            record.workload_key(*workload)
        } else {
            fitted(&record.workload_key(*workload), plot.right - plot.left, 12, true)
        };
        let label = Text::label(name, (plot.left, plot.top - 12), Anchor::Left);
        scene.text(Text { bold: true, color: INK, ..label });
        draw_panel(&mut scene, record, &plot, rows);
    }
    draw_side_name(&mut scene, &whole, "Replicas");
    draw_time_name(&mut scene, &whole, &time_axis(record, &whole));
    scene
}

/// The workloads shown, in order of creation, and how many there are. A ReplicaSet is part of its Deployment.
fn chosen(record: &Record) -> (Vec<WorkloadIndex>, usize) {
    let mut changes = vec![0usize; record.workloads.len()];
    for row in &record.workload_rows {
        changes[row.workload.index()] += 1;
    }
    let mut workloads: Vec<WorkloadIndex> = (0..record.workloads.len())
        .map(WorkloadIndex::from_index)
        .filter(|workload| record.workloads[workload.index()].owner.is_none() && changes[workload.index()] > 0)
        .collect();
    let all = workloads.len();
    workloads.sort_by_key(|workload| (std::cmp::Reverse(changes[workload.index()]), *workload));
    workloads.truncate(PANELS);
    workloads.sort_unstable();
    (workloads, all)
}

type Row = (crate::record::Moment, Replicas);

/// The changes of each workload shown.
fn rows_of(record: &Record, shown: &[WorkloadIndex]) -> Vec<Vec<Row>> {
    let mut rows = vec![Vec::new(); shown.len()];
    let mut places = vec![None; record.workloads.len()];
    for (place, workload) in shown.iter().enumerate() {
        places[workload.index()] = Some(place);
    }
    for row in &record.workload_rows {
        if let Some(place) = places[row.workload.index()] {
            rows[place].push((row.time, row.replicas));
        }
    }
    rows
}

/// The plot of a panel in a grid of panels.
fn cell(whole: &Plot, (column, row): (i32, i32), (across, down): (i32, i32)) -> Plot {
    let width = (whole.right - whole.left + 56) / across;
    let height = (whole.bottom - whole.top + 34) / down;
    let (left, top) = (whole.left + column * width, whole.top + row * height);
    Plot { left, top: top + 22, right: left + width - 56, bottom: top + height - 34 }
}

fn draw_panel(scene: &mut Scene, record: &Record, plot: &Plot, rows: &[Row]) {
    let axis = time_axis(record, plot);
    let peak = rows.iter().map(|(_, row)| row.desired.max(row.current).max(row.ready)).max().unwrap_or(0);
    let counts = CountAxis::new(u64::from(peak), plot.top, plot.bottom, 32);
    draw_counts(scene, plot, &counts);
    draw_time(scene, plot, &axis, 60);
    let level = |value: u32| counts.at(u64::from(value));
    let series = |of: fn(&Replicas) -> u32| reduced(&axis, rows, of);
    for (of, color) in [((|row| row.current) as fn(&Replicas) -> u32, SHADE), (|row| row.ready, GREEN)] {
        let steps = series(of).into_iter().map(|(x, value)| (x, level(value), plot.bottom));
        scene.area(steps.collect(), plot.right, color);
    }
    for (of, color, lift) in [((|row| row.updated) as fn(&Replicas) -> u32, BLUE, 0), (|row| row.desired, INK, 0)] {
        let mut points: Vec<(i32, i32)> = series(of).into_iter().map(|(x, value)| (x, level(value) - lift)).collect();
        if let Some(&(_, y)) = points.last() {
            points.push((plot.right, y));
        }
        scene.steps(points, 2, color);
    }
    draw_edges(scene, record, plot, &axis);
}

/// A number of the replicas over time, one value a column of pixels.
fn reduced(axis: &TimeAxis, rows: &[Row], of: fn(&Replicas) -> u32) -> Vec<(i32, u32)> {
    let mut columns = Columns::new(axis.left, axis.right, 0);
    for (time, replicas) in rows {
        columns.change(axis.at(*time), |value| *value = of(replicas));
    }
    columns.finish(axis.right).runs().into_iter().map(|(range, value)| (range.start, value)).collect()
}
