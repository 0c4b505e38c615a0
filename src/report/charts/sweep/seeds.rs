//! A metric's values of all seeds, a row for each combination: a dot for each run, the mean and its interval.

use super::super::axis::grouped;
use super::super::frame::{MARGIN, Plot, Swatch, draw_empty, open};
use super::super::number_axis::NumberAxis;
use super::super::palette::{BLUE, GRID, INK, MUTED, ORANGE, SKY};
use super::super::scene::{Anchor, Scene, Text, WIDTH, fitted, text_width};
use super::{Figure, Point};

/// Most rows that are drawn.
const ROWS: usize = 36;
/// Dots of equal values are put over one another, up to this many.
const PILE: i32 = 4;

/// Draws the chart.
pub fn draw(figure: &Figure) -> Scene {
    let shown: Vec<&Point> = figure.points.iter().take(ROWS).collect();
    let mut subtitle = format!("each run; {}", figure.subtitle);
    if shown.len() < figure.points.len() {
        subtitle =
            format!("the first {} of {} combinations; {subtitle}", shown.len(), grouped(figure.points.len() as u64));
    }
    let legend = [
        (Swatch::Box(SKY), "a run"),
        (Swatch::Line(BLUE), "95 % confidence interval of the mean"),
        (Swatch::Box(ORANGE), "mean"),
    ];
    let (mut scene, area) = open(&figure.metric, &subtitle, &legend);
    let names = shown.iter().map(|point| text_width(&point.label, 12, false));
    let widest = names.max().unwrap_or(0).clamp(60, 420);
    let height = ((area.bottom - area.top) / shown.len().max(1) as i32).clamp(15, 60);
    let plot = Plot {
        left: MARGIN + widest + 10,
        right: WIDTH - MARGIN - 30,
        top: area.top,
        bottom: area.top + height * shown.len() as i32,
    };
    let ends = shown.iter().flat_map(|point| {
        let ends = point.mean.map(|(_, low, high)| [low, high]);
        point.values.iter().copied().chain(ends.into_iter().flatten())
    });
    let axis = NumberAxis::new(ends, plot.left + 10, plot.right - 10, 90);
    for (x, label) in axis.ticks() {
        scene.rect(x, plot.top, x + 1, plot.bottom, GRID);
        scene.text(Text::label(label, (x, plot.bottom + 16), Anchor::Middle));
    }
    for (row, point) in shown.iter().enumerate() {
        let middle = plot.top + row as i32 * height + height / 2;
        if row > 0 {
            scene.rect(plot.left, middle - height / 2, plot.right, middle - height / 2 + 1, GRID);
        }
        let label = fitted(&point.label, widest, 12, false);
        scene.text(Text { color: INK, ..Text::label(label, (plot.left - 8, middle), Anchor::Right) });
        draw_row(&mut scene, point, &axis, middle, height);
    }
    if shown.iter().all(|point| point.values.is_empty()) {
        draw_empty(&mut scene, &plot, "no run has a value");
    }
    scene.rect(plot.left, plot.bottom, plot.right + 1, plot.bottom + 1, MUTED);
    scene.rect(plot.left - 1, plot.top, plot.left, plot.bottom + 1, MUTED);
    let name = fitted(&figure.metric, plot.right - plot.left, 13, false);
    let at = (i32::midpoint(plot.left, plot.right), plot.bottom + 40);
    scene.text(Text { size: 13, color: INK, ..Text::label(name, at, Anchor::Middle) });
    scene.height = plot.bottom + 56;
    scene
}

fn draw_row(scene: &mut Scene, point: &Point, axis: &NumberAxis, middle: i32, height: i32) {
    let radius = (height / 8).clamp(2, 4);
    let mut places: Vec<i32> = point.values.iter().map(|value| axis.at(*value)).collect();
    places.sort_unstable();
    for pile in places.chunk_by(|a, b| b - a < radius) {
        for (index, x) in pile.iter().take(PILE as usize).enumerate() {
            // Around the middle: 0, 1 above, 1 below, …
            let step = (index as i32 + 1) / 2 * if index % 2 == 1 { -1 } else { 1 };
            let apart = (height / 2 - radius - 1).max(0) / (PILE / 2);
            scene.dot((*x, middle + step * apart.min(radius * 2)), radius, SKY);
        }
    }
    let Some((mean, low, high)) = point.mean else { return };
    let (from, to) = (axis.at(low), axis.at(high));
    scene.rect(from, middle - 1, to + 1, middle + 1, BLUE);
    let tall = (height / 4).clamp(3, 9);
    let x = axis.at(mean);
    scene.rect(x - 2, middle - tall, x + 2, middle + tall, ORANGE);
}
