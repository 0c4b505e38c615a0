//! Two sides of a comparison: one run of each over time, and how far each figure of all runs moved, with its interval.

use super::super::ReportError;
use super::axis::{CountAxis, TimeAxis};
use super::columns::Columns;
use super::frame::{Plot, Swatch, draw_counts, draw_time, draw_time_name, open};
use super::palette::{BLUE, Color, GREEN, GREY, GRID, INK, MUTED, ORANGE, VERMILLION};
use super::scene::{Anchor, Scene, Text, fitted, text_width};
use crate::record::Moment;

/// The colours of base and head.
const SIDES: [Color; 2] = [GREY, BLUE];
/// Where the intervals begin.
const MIDDLE: i32 = 640;
/// Height of a row of intervals.
const ROW: i32 = 44;

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The title.
    pub title: String,
    /// What stands below it.
    pub subtitle: String,
    /// Values over time, of base and head.
    pub panels: Vec<Panel>,
    /// The last moment shown.
    pub end: Moment,
    /// When steps began.
    pub steps: Vec<Moment>,
    /// Figures and how they moved.
    pub rows: Vec<Row>,
}

/// A value over time on both sides, in steps.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it is, with its unit.
    pub name: String,
    /// Base and head.
    pub sides: [Vec<(Moment, f64)>; 2],
}

/// How a figure moved.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is.
    pub title: String,
    /// Both values in words.
    pub values: String,
    /// The change in percent of the base: lower end, mean, upper end; none where the base is 0.
    pub percent: Option<[f64; 3]>,
    /// Better (true), worse (false), or neither.
    pub is_better: Option<bool>,
}

/// The picture as SVG.
pub fn svg(picture: &Picture) -> Result<String, ReportError> {
    super::svg("the comparison", &draw(picture))
}

/// The picture as PNG.
pub fn png(picture: &Picture) -> Result<Vec<u8>, ReportError> {
    super::png("the comparison", &draw(picture))
}

fn draw(picture: &Picture) -> Scene {
    let legend = [
        (Swatch::Line(SIDES[0]), "Base"),
        (Swatch::Line(SIDES[1]), "Head"),
        (Swatch::Box(GREEN), "Better"),
        (Swatch::Box(VERMILLION), "Worse"),
        (Swatch::Box(ORANGE), "No clear change"),
    ];
    let (mut scene, area) = open(&picture.title, &picture.subtitle, &legend);
    let rows = picture.rows.len().max(1) as i32;
    let bottom = (area.top + 40 + rows * ROW).max(area.top + 420);
    let left = Plot { left: area.left + 56, right: MIDDLE - 50, bottom, ..area };
    let count = picture.panels.len().max(1) as i32;
    let height = (bottom - area.top) / count;
    let mut lowest = left;
    for (index, panel) in picture.panels.iter().enumerate() {
        let top = area.top + index as i32 * height + 22;
        lowest = Plot { top, bottom: top + height - 50, ..left };
        draw_panel(&mut scene, &lowest, picture, panel);
    }
    let axis = TimeAxis { begin: Moment::ZERO, end: picture.end, left: left.left, right: left.right };
    draw_intervals(&mut scene, &Plot { left: MIDDLE, right: area.right, top: area.top, bottom }, &picture.rows);
    draw_time_name(&mut scene, &lowest, &axis);
    scene.height = scene.height.max(bottom + 40);
    scene
}

fn draw_panel(scene: &mut Scene, plot: &Plot, picture: &Picture, panel: &Panel) {
    let label = Text::label(&panel.name, (plot.left, plot.top - 12), Anchor::Left);
    scene.text(Text { bold: true, color: INK, ..label });
    let axis = TimeAxis { begin: Moment::ZERO, end: picture.end, left: plot.left, right: plot.right };
    let peak = panel.sides.iter().flatten().map(|(_, value)| *value).fold(0.0, f64::max);
    let counts = CountAxis::new(peak.ceil() as u64, plot.top, plot.bottom, 30);
    draw_counts(scene, plot, &counts);
    draw_time(scene, plot, &axis, 60);
    for step in &picture.steps {
        let x = axis.at(*step);
        for y in (plot.top..plot.bottom).step_by(9) {
            scene.rect(x, y, x + 1, (y + 5).min(plot.bottom), MUTED);
        }
    }
    for (side, color) in panel.sides.iter().zip(SIDES) {
        let mut columns = Columns::new(axis.left, axis.right, 0.0);
        for (time, value) in side {
            columns.change(axis.at(*time), |shown| *shown = *value);
        }
        let level = |value: f64| {
            let share = (value / counts.top_value as f64).clamp(0.0, 1.0);
            plot.bottom - (share * f64::from(plot.bottom - plot.top)).round() as i32
        };
        let runs = columns.finish(axis.right).runs();
        let mut points: Vec<(i32, i32)> = runs.iter().map(|(range, value)| (range.start, level(*value))).collect();
        if let Some(&(_, y)) = points.last() {
            points.push((plot.right, y));
        }
        scene.steps(points, 2, color);
    }
    scene.rect(plot.left, plot.bottom, plot.right + 1, plot.bottom + 1, MUTED);
    scene.rect(plot.left - 1, plot.top, plot.left, plot.bottom + 1, MUTED);
}

/// A row for each figure: its values, and the interval of its change around a line at 0 %.
fn draw_intervals(scene: &mut Scene, plot: &Plot, rows: &[Row]) {
    let ends = rows.iter().filter_map(|row| row.percent).flatten();
    // One figure that grew out of all proportion does not flatten the others.
    let most = ends.map(f64::abs).fold(0.0, f64::max).clamp(1.0, 200.0);
    let half = (plot.right - plot.left) / 2 - 10;
    let middle = i32::midpoint(plot.left, plot.right);
    let scale = CountAxis::new(most.ceil() as u64, 0, half, 70);
    let x = |percent: f64| {
        let share = (percent / scale.top_value as f64).clamp(-1.0, 1.0);
        middle + (share * f64::from(half)).round() as i32
    };
    let bottom = plot.top + 18 + rows.len() as i32 * ROW;
    for tick in (0..=scale.top_value / scale.step).map(|index| (index * scale.step) as f64) {
        for percent in if tick > 0.0 { vec![-tick, tick] } else { vec![0.0] } {
            // Lines stand where intervals do, not behind titles.
            for y in (plot.top + 18..bottom).step_by(ROW as usize) {
                let color = if tick > 0.0 { GRID } else { INK };
                scene.rect(x(percent), y + 20, x(percent) + 1, y + ROW - 1, color);
            }
            let sign = if percent > 0.0 { "+" } else { "" };
            let label = format!("{sign}{percent}%").replace('-', "−");
            scene.text(Text::label(label, (x(percent), plot.top + 8), Anchor::Middle));
        }
    }
    for (index, row) in rows.iter().enumerate() {
        let y = plot.top + 24 + index as i32 * ROW;
        let room = plot.right - plot.left - text_width(&row.values, 12, false) - 16;
        let title = fitted(&row.title, room, 12, true);
        scene.text(Text { bold: true, color: INK, ..Text::label(title, (plot.left, y + 9), Anchor::Left) });
        scene.text(Text::label(fitted(&row.values, 190, 12, false), (plot.right, y + 9), Anchor::Right));
        let color = match row.is_better {
            Some(true) => GREEN,
            Some(false) => VERMILLION,
            None if row.percent == Some([0.0; 3]) => GREY,
            None => ORANGE,
        };
        let line = y + 27;
        if let Some([low, mean, high]) = row.percent {
            scene.rect(x(low) - 1, line - 1, x(high) + 2, line + 2, color);
            for end in [low, high] {
                scene.rect(x(end) - 1, line - 6, x(end) + 1, line + 7, color);
            }
            scene.rect(x(mean) - 4, line - 4, x(mean) + 5, line + 5, color);
        } else {
            scene.text(Text::label("the base is 0", (middle + 6, line), Anchor::Left));
        }
    }
}
