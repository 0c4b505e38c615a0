//! What autoscalers did over time: above, the load (in replicas that would be at target under it), the replicas wanted
//! and those ready; below, use against its target. Of many autoscalers those are shown that scaled most.

use super::axis::{CountAxis, TimeAxis};
use super::columns::Columns;
use super::counted;
use super::frame::{
    Plot, Swatch, draw_counts, draw_edges, draw_empty, draw_side_name, draw_time, draw_time_name, note_on_steps, open,
    time_axis,
};
use super::palette::{BLUE, GREEN, INK, ORANGE};
use super::scene::{Anchor, Scene, Text, fitted};
use crate::record::{AutoscalerIndex, Moment, Record};

/// Most autoscalers.
const PANELS: usize = 3;
/// Use beyond this percentage of the target is cut.
const MOST_PERCENT: f64 = 400.0;

/// Draws the chart.
pub fn draw(record: &Record) -> Scene {
    let shown = chosen(record);
    let all = record.autoscalers.len();
    let legend = [
        (Swatch::Line(ORANGE), "Load, in replicas at target"),
        (Swatch::Line(INK), "Wanted"),
        (Swatch::Box(GREEN), "Ready"),
        (Swatch::Line(BLUE), "Use, in percent of its target (line at 100: the target)"),
    ];
    let subtitle = if shown.len() < all {
        format!("{}, showing the {} that scaled most", counted(all, "autoscaler"), shown.len())
    } else {
        counted(all, "autoscaler")
    };
    let (mut scene, area) = open("Autoscaling", &(subtitle + note_on_steps(record)), &legend);
    let whole = Plot { left: 70, ..area };
    if shown.is_empty() {
        draw_empty(&mut scene, &whole, "no autoscaler decided anything");
        draw_time_name(&mut scene, &whole, &time_axis(record, &whole));
        return scene;
    }
    let width = (whole.right - whole.left + 56) / shown.len() as i32;
    let middle = whole.top + (whole.bottom - whole.top) * 3 / 5;
    for (column, autoscaler) in shown.iter().enumerate() {
        let left = whole.left + column as i32 * width;
        let right = left + width - 56;
        let upper = Plot { left, right, top: whole.top + 22, bottom: middle - 24 };
        let lower = Plot { left, right, top: middle + 24, bottom: whole.bottom };
        let known = &record.autoscalers[autoscaler.index()];
        let name = format!("{}/{}", record.text(known.namespace), record.text(known.name));
        let name = fitted(&name, right - left, 12, true);
        let label = Text::label(name, (left, upper.top - 12), Anchor::Left);
        scene.text(Text { bold: true, color: INK, ..label });
        draw_replicas(&mut scene, record, &upper, *autoscaler);
        draw_use(&mut scene, record, &lower, *autoscaler);
    }
    draw_side_name(&mut scene, &Plot { bottom: middle - 24, ..whole }, "Replicas");
    draw_side_name(&mut scene, &Plot { top: middle + 24, ..whole }, "% of target");
    draw_time_name(&mut scene, &whole, &time_axis(record, &whole));
    scene
}

/// The autoscalers shown, in order.
fn chosen(record: &Record) -> Vec<AutoscalerIndex> {
    let mut changes = vec![0usize; record.autoscalers.len()];
    for row in record.autoscaler_rows.iter().filter(|row| row.rescaled) {
        changes[row.autoscaler.index()] += 1;
    }
    let mut shown: Vec<AutoscalerIndex> = (0..record.autoscalers.len()).map(AutoscalerIndex::from_index).collect();
    shown.sort_by_key(|autoscaler| (std::cmp::Reverse(changes[autoscaler.index()]), *autoscaler));
    shown.truncate(PANELS);
    shown.sort_unstable();
    shown
}

/// A number over time, from each instant on.
type Series = Vec<(Moment, f64)>;

fn draw_replicas(scene: &mut Scene, record: &Record, plot: &Plot, autoscaler: AutoscalerIndex) {
    let (mut wanted, mut load): (Series, Series) = (Vec::new(), Vec::new());
    for row in record.autoscaler_rows.iter().filter(|row| row.autoscaler == autoscaler) {
        if wanted.is_empty() {
            wanted.push((record.begin(), f64::from(row.current)));
        }
        wanted.push((row.time, f64::from(row.desired)));
        let now = row.deciding().and_then(|metric| metric.load).filter(|load| load.is_finite());
        load.push((row.time, now.unwrap_or(0.0)));
    }
    let target = record.autoscalers[autoscaler.index()].target;
    let rows = record.workload_rows.iter().filter(|row| row.workload == target);
    let ready: Series = rows.map(|row| (row.time, f64::from(row.replicas.ready))).collect();
    let axis = time_axis(record, plot);
    let peak = wanted.iter().chain(&load).chain(&ready).fold(0.0_f64, |peak, (_, value)| peak.max(*value));
    let counts = CountAxis::new(libm::ceil(peak) as u64, plot.top, plot.bottom, 32);
    draw_counts(scene, plot, &counts);
    draw_time(scene, plot, &axis, 60);
    let columns = reduced(&axis, &ready).into_iter().map(|(x, value)| (x, level(&counts, value), plot.bottom));
    scene.area(columns.collect(), plot.right, GREEN);
    line(scene, plot, &axis, &counts, &load, ORANGE);
    line(scene, plot, &axis, &counts, &wanted, INK);
    draw_edges(scene, record, plot, &axis);
}

fn draw_use(scene: &mut Scene, record: &Record, plot: &Plot, autoscaler: AutoscalerIndex) {
    let rows = record.autoscaler_rows.iter().filter(|row| row.autoscaler == autoscaler);
    let percent = |ratio: f64| (ratio * 100.0).min(MOST_PERCENT);
    let series: Series = rows
        .map(|row| (row.time, row.deciding().and_then(|metric| metric.ratio).filter(|ratio| ratio.is_finite())))
        .map(|(time, ratio)| (time, percent(ratio.unwrap_or(0.0))))
        .collect();
    let axis = time_axis(record, plot);
    let peak = series.iter().fold(120.0_f64, |peak, (_, value)| peak.max(*value));
    let counts = CountAxis::new(libm::ceil(peak) as u64, plot.top, plot.bottom, 32);
    draw_counts(scene, plot, &counts);
    draw_time(scene, plot, &axis, 60);
    let target = counts.at(100);
    scene.rect(plot.left, target, plot.right, target + 2, INK);
    line(scene, plot, &axis, &counts, &series, BLUE);
    draw_edges(scene, record, plot, &axis);
}

fn line(
    scene: &mut Scene,
    plot: &Plot,
    axis: &TimeAxis,
    counts: &CountAxis,
    series: &[(Moment, f64)],
    color: super::palette::Color,
) {
    let mut points: Vec<(i32, i32)> =
        reduced(axis, series).into_iter().map(|(x, value)| (x, level(counts, value))).collect();
    if let Some(&(_, y)) = points.last() {
        points.push((plot.right, y));
    }
    scene.steps(points, 2, color);
}

fn level(counts: &CountAxis, value: f64) -> i32 {
    let height = f64::from(counts.bottom - counts.top);
    counts.bottom - (height * value / counts.top_value.max(1) as f64) as i32
}

/// A number over time, one value a column of pixels, from the first on.
fn reduced(axis: &TimeAxis, series: &[(Moment, f64)]) -> Vec<(i32, f64)> {
    let Some((first, _)) = series.first() else { return Vec::new() };
    let begin = axis.at(*first);
    let mut columns = Columns::new(begin, axis.right, 0_u64);
    for (time, value) in series {
        columns.change(axis.at(*time), |known| *known = (value * 1000.0) as u64);
    }
    let runs = columns.finish(axis.right).runs();
    runs.into_iter().map(|(range, value)| (range.start, value as f64 / 1000.0)).collect()
}
