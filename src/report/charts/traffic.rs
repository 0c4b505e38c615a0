//! Traffic of loads over time, a column of panels each: requests a second (served and dropped, against what came),
//! requests that wait, and latency. Of many loads those with the most requests are shown.

use super::axis::{CountAxis, TimeAxis};
use super::columns::Columns;
use super::counted;
use super::frame::{
    Plot, Swatch, draw_counts, draw_edges, draw_empty, draw_time, draw_time_name, note_on_steps, open, time_axis,
};
use super::palette::{BLUE, Color, GREEN, INK, ORANGE, PURPLE, VERMILLION};
use super::scene::{Anchor, Scene, Text, fitted};
use crate::record::{Record, TrafficRow};

/// Most loads shown.
const COLUMNS: usize = 3;
/// Room left of a panel for its numbers, and between the panels of a column.
const LEFT: i32 = 62;
const GAP: i32 = 44;

/// Draws one panel from the rows of its load.
type Panel = fn(&mut Scene, &Record, &Plot, &[TrafficRow]);

/// Is there any traffic?
pub fn is_drawn(record: &Record) -> bool {
    !record.traffic.is_empty()
}

/// Draws the chart.
pub fn draw(record: &Record) -> Scene {
    let legend = [
        (Swatch::Line(INK), "Requests"),
        (Swatch::Box(GREEN), "Served"),
        (Swatch::Box(VERMILLION), "Dropped"),
        (Swatch::Box(ORANGE), "Waiting"),
        (Swatch::Line(BLUE), "Latency: median"),
        (Swatch::Line(PURPLE), "Latency: 99th percentile"),
    ];
    let shown = chosen(record);
    let all = record.traffic.len();
    let most =
        if shown.len() < all { format!(", showing the {} with the most requests", shown.len()) } else { String::new() };
    let subtitle = format!("{}{most}{}", counted(all, "load"), note_on_steps(record));
    let (mut scene, area) = open("Traffic", &subtitle, &legend);
    let whole = Plot { left: area.left + 10, ..area };
    if shown.is_empty() {
        draw_empty(&mut scene, &whole, "no traffic");
    }
    let width = (whole.right - whole.left) / shown.len().max(1) as i32;
    let height = (whole.bottom - whole.top - 10) / 3;
    for (column, load) in shown.iter().enumerate() {
        let rows: Vec<TrafficRow> =
            record.traffic_rows.iter().filter(|row| row.load as usize == *load).copied().collect();
        let left = whole.left + column as i32 * width + LEFT;
        let plot = |row: i32| Plot {
            left,
            right: whole.left + (column as i32 + 1) * width - 8,
            top: whole.top + row * height + 24,
            bottom: whole.top + (row + 1) * height - GAP + 24,
        };
        let name = fitted(record.text(record.traffic[*load].name), width - LEFT - 130, 12, true);
        let panels: [(&str, Panel); 3] =
            [("requests a second", draw_rates), ("waiting", draw_queue), ("latency, ms", draw_latency)];
        for (row, (what, draw_panel)) in panels.into_iter().enumerate() {
            let plot = plot(row as i32);
            let label = Text::label(format!("{name}: {what}"), (plot.left, plot.top - 12), Anchor::Left);
            scene.text(Text { bold: true, color: INK, ..label });
            draw_panel(&mut scene, record, &plot, &rows);
        }
    }
    let last = Plot { bottom: whole.top + 3 * height - GAP + 24, ..whole };
    draw_time_name(&mut scene, &last, &time_axis(record, &whole));
    scene
}

/// Indexes of the loads shown.
fn chosen(record: &Record) -> Vec<usize> {
    let mut loads: Vec<usize> = (0..record.traffic.len()).collect();
    loads.sort_by(|a, b| {
        record.traffic[*b].counts.requests.total_cmp(&record.traffic[*a].counts.requests).then(a.cmp(b))
    });
    loads.truncate(COLUMNS);
    loads.sort_unstable();
    loads
}

fn draw_rates(scene: &mut Scene, record: &Record, plot: &Plot, rows: &[TrafficRow]) {
    let axis = time_axis(record, plot);
    let peak = rows.iter().map(|row| row.rps.max(row.served_rps + row.dropped_rps)).fold(0.0, f64::max);
    let counts = CountAxis::new(peak.ceil() as u64, plot.top, plot.bottom, 28);
    frame(scene, plot, &counts, &axis);
    let level = |value: f64| at(&counts, value);
    let stack = |of: fn(&TrafficRow) -> (f64, f64)| {
        let points = steps(&axis, rows, of);
        points.into_iter().map(|(x, (low, high))| (x, level(high), level(low))).collect::<Vec<_>>()
    };
    scene.area(stack(|row| (0.0, row.served_rps)), plot.right, GREEN);
    scene.area(stack(|row| (row.served_rps, row.served_rps + row.dropped_rps)), plot.right, VERMILLION);
    let line = steps(&axis, rows, |row| (row.rps, 0.0));
    draw_line(scene, plot, line.into_iter().map(|(x, (rps, _))| (x, level(rps))).collect(), INK);
    draw_edges(scene, record, plot, &axis);
}

fn draw_queue(scene: &mut Scene, record: &Record, plot: &Plot, rows: &[TrafficRow]) {
    let axis = time_axis(record, plot);
    let values = slopes(&axis, rows, |row| row.counts.queued);
    let peak = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let counts = CountAxis::new(peak.ceil() as u64, plot.top, plot.bottom, 28);
    frame(scene, plot, &counts, &axis);
    let area = values.into_iter().map(|(x, value)| (x, at(&counts, value), plot.bottom));
    scene.area(area.collect(), plot.right, ORANGE);
    draw_edges(scene, record, plot, &axis);
}

fn draw_latency(scene: &mut Scene, record: &Record, plot: &Plot, rows: &[TrafficRow]) {
    let axis = time_axis(record, plot);
    let of: [fn(&TrafficRow) -> f64; 2] = [|row| row.latency.p50 * 1000.0, |row| row.latency.p99 * 1000.0];
    let lines = of.map(|of| slopes(&axis, rows, of));
    let peak = lines.iter().flatten().map(|(_, value)| *value).fold(0.0, f64::max);
    let counts = CountAxis::new(peak.ceil() as u64, plot.top, plot.bottom, 28);
    frame(scene, plot, &counts, &axis);
    for (line, color) in lines.into_iter().zip([BLUE, PURPLE]) {
        let points = line.into_iter().map(|(x, value)| (x, at(&counts, value))).collect();
        draw_line(scene, plot, points, color);
    }
    draw_edges(scene, record, plot, &axis);
}

fn frame(scene: &mut Scene, plot: &Plot, counts: &CountAxis, axis: &TimeAxis) {
    draw_counts(scene, plot, counts);
    draw_time(scene, plot, axis, 60);
}

fn draw_line(scene: &mut Scene, plot: &Plot, mut points: Vec<(i32, i32)>, color: Color) {
    if let Some(&(_, y)) = points.last() {
        points.push((plot.right, y));
    }
    scene.steps(points, 2, color);
}

/// The pixel of a value that need not be whole.
fn at(axis: &CountAxis, value: f64) -> i32 {
    let share = (value / axis.top_value as f64).clamp(0.0, 1.0);
    axis.bottom - (share * f64::from(axis.bottom - axis.top)).round() as i32
}

/// Values that hold from row to row, one a column of pixels.
fn steps(axis: &TimeAxis, rows: &[TrafficRow], of: fn(&TrafficRow) -> (f64, f64)) -> Vec<(i32, (f64, f64))> {
    let mut columns = Columns::new(axis.left, axis.right, (0.0, 0.0));
    for row in rows {
        columns.change(axis.at(row.time), |value| *value = of(row));
    }
    columns.finish(axis.right).runs().into_iter().map(|(range, value)| (range.start, value)).collect()
}

/// Values that go straight from row to row where the queue does, one a column of pixels.
fn slopes(axis: &TimeAxis, rows: &[TrafficRow], of: fn(&TrafficRow) -> f64) -> Vec<(i32, f64)> {
    let mut columns = Columns::new(axis.left, axis.right, 0.0);
    for (index, row) in rows.iter().enumerate() {
        let from = axis.at(row.time);
        columns.change(from, |value| *value = of(row));
        let Some(next) = rows.get(index + 1) else { continue };
        let is_level = (row.counts.queued - next.counts.queued).abs() < 1e-9;
        let to = axis.at(next.time);
        for x in (from + 1..to).filter(|_| !is_level) {
            let part = f64::from(x - from) / f64::from(to - from);
            columns.change(x, |value| *value = of(row) + (of(next) - of(row)) * part);
        }
    }
    columns.finish(axis.right).runs().into_iter().map(|(range, value)| (range.start, value)).collect()
}
