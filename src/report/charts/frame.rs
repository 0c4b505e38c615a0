//! What all charts have in common: title, subtitle, legend, axes with units, grid.

use super::axis::{CountAxis, TimeAxis};
use super::palette::{Color, GRID, INK, MUTED};
use super::scene::{Anchor, HEIGHT, Panel, Scene, Text, WIDTH, text_width};
use crate::record::{Moment, Record};

/// Left edge of titles and legends, and the margin on the right.
pub const MARGIN: i32 = 24;
/// Room between ticks of time, in pixels.
const TICK_ROOM: i32 = 80;

/// The area that data are drawn in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plot {
    /// Left edge.
    pub left: i32,
    /// Upper edge.
    pub top: i32,
    /// Right edge.
    pub right: i32,
    /// Lower edge.
    pub bottom: i32,
}

/// How an entry of a legend looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swatch {
    /// A filled box.
    Box(Color),
    /// A line.
    Line(Color),
}

/// Starts a chart: title, subtitle and legend. What is left below is for plots: the area returned goes from
/// the margin on the left to the one on the right, with room for an axis of time below.
pub fn open(title: &str, subtitle: &str, legend: &[(Swatch, &str)]) -> (Scene, Plot) {
    let mut scene = Scene::new(HEIGHT);
    scene.text(Text::title(title, (MARGIN, 26)));
    scene.text(Text { size: 13, ..Text::label(subtitle, (MARGIN, 50), Anchor::Left) });
    let bottom = draw_legend(&mut scene, legend, 74);
    (scene, Plot { left: MARGIN, top: bottom, right: WIDTH - MARGIN, bottom: HEIGHT - 56 })
}

/// Draws entries from left to right, in as many lines as they need; returns where the next line would be.
fn draw_legend(scene: &mut Scene, legend: &[(Swatch, &str)], top: i32) -> i32 {
    let (mut x, mut y) = (MARGIN, top);
    for (swatch, label) in legend {
        let (Swatch::Box(color) | Swatch::Line(color)) = swatch;
        scene.meanings.push((*color, (*label).to_owned()));
        let width = 22 + text_width(label, 12, false) + 22;
        if x + width > WIDTH - MARGIN && x > MARGIN {
            (x, y) = (MARGIN, y + 20);
        }
        match swatch {
            Swatch::Box(color) => scene.rect(x, y - 7, x + 14, y + 7, *color),
            Swatch::Line(color) => scene.rect(x, y - 1, x + 16, y + 2, *color),
        }
        scene.text(Text { color: INK, ..Text::label(*label, (x + 22, y), Anchor::Left) });
        x += width;
    }
    if legend.is_empty() { top } else { y + 24 }
}

/// The axis of time of a whole record across a plot.
pub fn time_axis(record: &Record, plot: &Plot) -> TimeAxis {
    let begin = record.begin();
    // A record of no length is shown as one second.
    let end = if record.end > begin { record.end } else { Moment(begin.0 + 1_000_000_000) };
    TimeAxis { begin, end, left: plot.left, right: plot.right }
}

/// Draws ticks of time: grid lines over the plot, labels below it.
pub fn draw_time(scene: &mut Scene, plot: &Plot, axis: &TimeAxis, room: i32) {
    for (x, label) in axis.ticks(room.max(TICK_ROOM)) {
        scene.rect(x, plot.top, x + 1, plot.bottom, GRID);
        scene.rect(x, plot.bottom, x + 1, plot.bottom + 5, MUTED);
        scene.text(Text::label(label, (x, plot.bottom + 16), Anchor::Middle));
    }
}

/// Draws the name of the axis of time below `plot`, the lowest one, and ends the scene there.
pub fn draw_time_name(scene: &mut Scene, plot: &Plot, axis: &TimeAxis) {
    let name = format!("Time since t=0 ({})", axis.unit().0);
    let at = (i32::midpoint(plot.left, plot.right), plot.bottom + 40);
    scene.text(Text { size: 13, color: INK, ..Text::label(name, at, Anchor::Middle) });
    scene.height = plot.bottom + 56;
}

/// Draws ticks of a count: grid lines over the plot, labels left of it.
pub fn draw_counts(scene: &mut Scene, plot: &Plot, axis: &CountAxis) {
    // The plot's time follows when its edges are drawn.
    scene.panels.push(Panel { plot: *plot, seconds: (0.0, 0.0), top_value: Some(axis.top_value) });
    for (y, label) in axis.ticks() {
        scene.rect(plot.left, y, plot.right, y + 1, GRID);
        scene.text(Text::label(label, (plot.left - 8, y), Anchor::Right));
    }
}

/// Draws the name of an upright axis at the left edge, over the height of `plot`.
pub fn draw_side_name(scene: &mut Scene, plot: &Plot, name: &str) {
    let at = (14, i32::midpoint(plot.top, plot.bottom));
    scene.text(Text { size: 13, color: INK, upwards: true, ..Text::label(name, at, Anchor::Middle) });
}

/// Draws the lines of the axes over what was drawn inside, a line at t=0 after a warm-up and dashed ones where
/// steps began.
pub fn draw_edges(scene: &mut Scene, record: &Record, plot: &Plot, axis: &TimeAxis) {
    let seconds = (axis.begin.seconds(), axis.end.seconds());
    match scene.panels.last_mut().filter(|panel| panel.plot == *plot) {
        Some(panel) => panel.seconds = seconds,
        None => scene.panels.push(Panel { plot: *plot, seconds, top_value: None }),
    }
    draw_edge_lines(scene, plot);
    if axis.begin < Moment::ZERO {
        let x = axis.at(Moment::ZERO);
        scene.rect(x, plot.top, x + 1, plot.bottom, INK);
    }
    let mut last = plot.left;
    for x in record.steps.iter().map(|step| axis.at(step.start)) {
        // Steps of one instant are one line; one at the axis is none.
        if x < last + 3 {
            continue;
        }
        last = x;
        for y in (plot.top..plot.bottom).step_by(9) {
            scene.rect(x, y, x + 1, (y + 5).min(plot.bottom), INK);
        }
    }
}

/// Draws the lines of the axes.
pub fn draw_edge_lines(scene: &mut Scene, plot: &Plot) {
    scene.rect(plot.left, plot.bottom, plot.right + 1, plot.bottom + 1, MUTED);
    scene.rect(plot.left - 1, plot.top, plot.left, plot.bottom + 1, MUTED);
}

/// What a subtitle adds where `draw_edges` draws steps.
pub fn note_on_steps(record: &Record) -> &'static str {
    let begin = record.begin();
    if record.steps.iter().any(|step| step.start > begin) { "; dashed lines: steps" } else { "" }
}

/// Says in the middle of a plot why it is empty.
pub fn draw_empty(scene: &mut Scene, plot: &Plot, why: &str) {
    let at = (i32::midpoint(plot.left, plot.right), i32::midpoint(plot.top, plot.bottom));
    scene.text(Text { size: 15, ..Text::label(why, at, Anchor::Middle) });
}
