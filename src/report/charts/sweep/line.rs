//! A metric over one setting: means as dots and a line, their 95 % confidence intervals as a band. Values that are no
//! numbers stand side by side, with intervals as bars.

use super::super::frame::{MARGIN, Plot, Swatch, draw_empty, draw_side_name, open};
use super::super::number_axis::NumberAxis;
use super::super::palette::{BAND, BLUE, GRID, INK, MUTED};
use super::super::scene::{Anchor, Scene, Text, WIDTH, fitted};
use super::Figure;

/// Room between ticks, in pixels.
const ROOM: i32 = 60;

/// Draws the chart.
pub fn draw(figure: &Figure) -> Scene {
    let axis = &figure.axes[0];
    let legend =
        [(Swatch::Line(BLUE), "mean of the runs"), (Swatch::Box(BAND), "95 % confidence interval of the mean")];
    let (mut scene, area) = open(&figure.metric, &figure.subtitle, &legend);
    let plot = Plot { left: MARGIN + 90, right: WIDTH - MARGIN - 30, ..area };
    let ends = figure.points.iter().filter_map(|point| point.mean).flat_map(|(mean, low, high)| [mean, low, high]);
    let upright = NumberAxis::new(ends, plot.bottom, plot.top, ROOM);
    for (y, label) in upright.ticks() {
        scene.rect(plot.left, y, plot.right, y + 1, GRID);
        scene.text(Text::label(label, (plot.left - 8, y), Anchor::Right));
    }
    let numbers = axis.numbers().filter(|numbers| numbers.len() > 1);
    let places = match &numbers {
        Some(numbers) => numeric(&mut scene, &plot, numbers, &axis.values),
        None => side_by_side(&mut scene, &plot, &axis.values),
    };
    let mut points: Vec<(i32, (i32, i32, i32))> = places
        .into_iter()
        .zip(&figure.points)
        .filter_map(|(x, point)| {
            point.mean.map(|(mean, low, high)| (x, (upright.at(mean), upright.at(low), upright.at(high))))
        })
        .collect();
    points.sort_by_key(|point| point.0);
    if numbers.is_some() {
        let highs = points.iter().map(|(x, (_, _, high))| (*x, *high));
        let lows = points.iter().rev().map(|(x, (_, low, _))| (*x, *low));
        scene.polygon(highs.chain(lows).collect(), BAND);
        scene.line(points.iter().map(|(x, (mean, ..))| (*x, *mean)).collect(), 3, BLUE);
    }
    for (x, (mean, low, high)) in &points {
        if numbers.is_none() {
            scene.rect(x - 5, *high, x + 5, *low, BAND);
        }
        scene.dot((*x, *mean), 5, BLUE);
    }
    if points.is_empty() {
        draw_empty(&mut scene, &plot, "no run has a value");
    }
    scene.rect(plot.left, plot.bottom, plot.right + 1, plot.bottom + 1, MUTED);
    scene.rect(plot.left - 1, plot.top, plot.left, plot.bottom + 1, MUTED);
    let name = fitted(&axis.label, plot.right - plot.left, 13, false);
    let at = (i32::midpoint(plot.left, plot.right), plot.bottom + 40);
    scene.text(Text { size: 13, color: INK, ..Text::label(name, at, Anchor::Middle) });
    draw_side_name(&mut scene, &plot, &fitted(&figure.metric, plot.bottom - plot.top, 13, false));
    scene.height = plot.bottom + 56;
    scene
}

/// Marks each value at its place on a scale; returns the places.
fn numeric(scene: &mut Scene, plot: &Plot, numbers: &[f64], texts: &[String]) -> Vec<i32> {
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (from, to) = (plot.left + 40, plot.right - 40);
    let axis = NumberAxis::exact(low, if high > low { high } else { low + 1.0 }, from, to, ROOM);
    let mut ticks: Vec<(i32, &str)> =
        numbers.iter().zip(texts).map(|(number, text)| (axis.at(*number), text.as_str())).collect();
    let places = ticks.iter().map(|tick| tick.0).collect();
    ticks.sort_unstable();
    let mut free = i32::MIN;
    for (x, text) in ticks {
        scene.rect(x, plot.top, x + 1, plot.bottom, GRID);
        scene.rect(x, plot.bottom, x + 1, plot.bottom + 5, MUTED);
        let half = super::super::scene::text_width(text, 12, false) / 2 + 4;
        if x - half >= free {
            scene.text(Text::label(text, (x, plot.bottom + 16), Anchor::Middle));
            free = x + half;
        }
    }
    places
}

/// Gives each value a column of its own; returns their middles.
fn side_by_side(scene: &mut Scene, plot: &Plot, texts: &[String]) -> Vec<i32> {
    let count = texts.len().max(1) as i32;
    let width = plot.right - plot.left;
    let middle = |index: usize| plot.left + width * (2 * index as i32 + 1) / (2 * count);
    let room = width / count - 8;
    for (index, text) in texts.iter().enumerate() {
        let label = fitted(text, room, 12, false);
        scene.text(Text { color: INK, ..Text::label(label, (middle(index), plot.bottom + 16), Anchor::Middle) });
    }
    (0..texts.len()).map(middle).collect()
}
