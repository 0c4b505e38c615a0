//! Pods that wait for a node over time, and those of them that fit nowhere. Keeps every spike.

use super::axis::CountAxis;
use super::columns::Peaks;
use super::frame::{
    Plot, Swatch, draw_counts, draw_edges, draw_empty, draw_side_name, draw_time, draw_time_name, note_on_steps, open,
    time_axis,
};
use super::palette::{ORANGE, VERMILLION};
use super::scene::Scene;
use super::{counted, grouped};
use crate::record::{Record, Stage};

/// Draws the chart.
pub fn draw(record: &Record) -> Scene {
    let legend = [(Swatch::Box(ORANGE), "Waiting for a node"), (Swatch::Box(VERMILLION), "of these: fits nowhere")];
    let attempts = counted(record.attempts.len(), "attempt");
    let peaks = [record.totals.unscheduled, record.totals.unschedulable].map(|gauge| grouped(gauge.peak(record.end)));
    let [waiting, stuck] = peaks;
    let note = note_on_steps(record);
    let subtitle = format!("At most {waiting} at once, at most {stuck} that fit nowhere; {attempts} to schedule{note}");
    let (mut scene, area) = open("Pending queue", &subtitle, &legend);
    let area = Plot { left: 84, ..area };
    let axis = time_axis(record, &area);

    let mut waiting = [0u64; 2];
    let mut peaks = [Peaks::new(axis.left), Peaks::new(axis.left)];
    let mut stages = vec![Stage::Deleted; record.pods.len()];
    for row in &record.timeline {
        let before = std::mem::replace(&mut stages[row.pod.index()], row.state.stage);
        for (index, peaks) in peaks.iter_mut().enumerate() {
            let counts = |stage: Stage| stage == Stage::Unschedulable || index == 0 && stage == Stage::Unscheduled;
            if counts(before) != counts(row.state.stage) {
                waiting[index] = if counts(before) { waiting[index] - 1 } else { waiting[index] + 1 };
                peaks.set(axis.at(row.time), waiting[index]);
            }
        }
    }
    let [all, stuck] = peaks.map(|peaks| peaks.finish(axis.right));
    let peak = all.last.iter().copied().max().unwrap_or(0);
    let counts = CountAxis::new(peak, area.top, area.bottom, 50);
    draw_counts(&mut scene, &area, &counts);
    draw_time(&mut scene, &area, &axis, 0);
    for (columns, color) in [(&all, ORANGE), (&stuck, VERMILLION)] {
        let steps = columns.runs().into_iter().map(|(range, count)| (range.start, counts.at(count), area.bottom));
        scene.area(steps.collect(), area.right, color);
    }
    if peak == 0 {
        draw_empty(&mut scene, &area, "no pod ever waited");
    }
    draw_edges(&mut scene, record, &area, &axis);
    draw_side_name(&mut scene, &area, "Pods waiting");
    draw_time_name(&mut scene, &area, &axis);
    scene
}
