//! A metric over two settings: the mean of each combination as a cell with its number. More settings than two share the
//! rows.

use super::super::axis::grouped;
use super::super::frame::{MARGIN, Plot, open};
use super::super::number_axis::short;
use super::super::palette::{GRID, INK, MUTED, ON_DARK, ON_LIGHT, SHADES, shade};
use super::super::scene::{Anchor, Scene, Text, WIDTH, fitted, text_width};
use super::Figure;

/// Most rows and columns that are drawn.
const ROWS: usize = 40;
const COLUMNS: usize = 60;
/// Width of the scale with its labels.
const SCALE: i32 = 130;

/// Draws the chart.
pub fn draw(figure: &Figure) -> Scene {
    let (across, down) = figure.axes.split_last().expect("a heat map has two axes");
    let columns = across.values.len();
    let rows = figure.points.len() / columns;
    let (shown_rows, shown_columns) = (rows.min(ROWS), columns.min(COLUMNS));
    let mut subtitle = format!("mean in each cell, ± half of its 95 % confidence interval; {}", figure.subtitle);
    if shown_rows < rows || shown_columns < columns {
        let (rows, columns) = (grouped(rows as u64), grouped(columns as u64));
        subtitle =
            format!("the first {shown_rows} of {rows} rows and {shown_columns} of {columns} columns; {subtitle}");
    }
    let (mut scene, area) = open(&figure.metric, &subtitle, &[]);
    let names: Vec<String> = (0..shown_rows).map(|row| row_name(figure, row * columns)).collect();
    let widest = names.iter().map(|name| text_width(name, 12, false)).max().unwrap_or(0).clamp(40, 330);
    let left = MARGIN + 24 + widest + 10;
    let cell_height = ((area.bottom - area.top - 20) / shown_rows.max(1) as i32).clamp(14, 90);
    let plot =
        Plot { left, right: WIDTH - MARGIN - SCALE, top: area.top, bottom: area.top + cell_height * shown_rows as i32 };
    let scale = Scale::of(figure);
    let x = |column: usize| plot.left + (plot.right - plot.left) * column as i32 / shown_columns as i32;
    for (row, name) in names.iter().enumerate() {
        let top = plot.top + row as i32 * cell_height;
        let middle = top + cell_height / 2;
        let label = fitted(name, widest, 12, false);
        scene.text(Text { color: INK, ..Text::label(label, (plot.left - 8, middle), Anchor::Right) });
        for column in 0..shown_columns {
            let (from, to) = (x(column), x(column + 1));
            let Some((mean, low, high)) = figure.points[row * columns + column].mean else {
                scene.rect(from, top, to - 2, top + cell_height - 2, GRID);
                continue;
            };
            let step = scale.step(mean);
            scene.rect(from, top, to - 2, top + cell_height - 2, shade(step));
            let color = if step > SHADES * 11 / 20 { ON_DARK } else { ON_LIGHT };
            let write = |scene: &mut Scene, text: String, y: i32, size: u32| {
                if text_width(&text, size, false) < to - from - 6 {
                    scene.text(Text { size, color, ..Text::label(text, (i32::midpoint(from, to), y), Anchor::Middle) });
                }
            };
            let half = (high - low) / 2.0;
            if cell_height >= 40 && half > 0.0 {
                write(&mut scene, short(mean), middle - 8, 14);
                write(&mut scene, format!("± {}", short(half)), middle + 11, 11);
            } else {
                write(&mut scene, short(mean), middle, 12);
            }
        }
    }
    draw_names(&mut scene, figure, &plot, shown_columns, &x);
    let down_name = down.iter().map(|axis| axis.label.as_str()).collect::<Vec<_>>().join(", ");
    let height = plot.bottom - plot.top;
    let side = Text {
        size: 13,
        color: INK,
        upwards: true,
        ..Text::label("", (16, i32::midpoint(plot.top, plot.bottom)), Anchor::Middle)
    };
    scene.text(Text { content: fitted(&down_name, height.max(120), 13, false), ..side });
    scale.draw(&mut scene, &plot);
    scene.height = (plot.bottom + 56).max(plot.top + 240);
    scene
}

/// The values of all axes but the last one, of the combination that starts a row.
fn row_name(figure: &Figure, combination: usize) -> String {
    let mut rest = combination / figure.axes[figure.axes.len() - 1].values.len();
    let mut parts: Vec<&str> = Vec::new();
    for axis in figure.axes[..figure.axes.len() - 1].iter().rev() {
        parts.push(&axis.values[rest % axis.values.len()]);
        rest /= axis.values.len();
    }
    parts.reverse();
    parts.join(", ")
}

fn draw_names(scene: &mut Scene, figure: &Figure, plot: &Plot, columns: usize, x: &dyn Fn(usize) -> i32) {
    let across = &figure.axes[figure.axes.len() - 1];
    let mut free = i32::MIN;
    for (column, value) in across.values.iter().take(columns).enumerate() {
        let (from, to) = (x(column), x(column + 1));
        let label = fitted(value, (to - from - 6).max(24), 12, false);
        let (middle, half) = (i32::midpoint(from, to), text_width(&label, 12, false) / 2 + 3);
        if middle - half >= free {
            scene.text(Text { color: INK, ..Text::label(label, (middle, plot.bottom + 14), Anchor::Middle) });
            free = middle + half;
        }
    }
    let name = fitted(&across.label, plot.right - plot.left, 13, false);
    let at = (i32::midpoint(plot.left, plot.right), plot.bottom + 38);
    scene.text(Text { size: 13, color: INK, ..Text::label(name, at, Anchor::Middle) });
}

/// Which colour is which number.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(figure: &Figure) -> Self {
        let means = || figure.points.iter().filter_map(|point| point.mean).map(|mean| mean.0);
        let (low, high) = (means().fold(f64::INFINITY, f64::min), means().fold(f64::NEG_INFINITY, f64::max));
        Self { low, high }
    }

    fn step(&self, number: f64) -> usize {
        if self.high <= self.low {
            return SHADES / 4;
        }
        ((number - self.low) / (self.high - self.low) * SHADES as f64).round() as usize
    }

    fn draw(&self, scene: &mut Scene, plot: &Plot) {
        // One number needs no scale.
        if self.high <= self.low || !self.low.is_finite() {
            return;
        }
        let (left, top) = (plot.right + 22, plot.top);
        let bottom = plot.bottom.clamp(top + 160, top + 360);
        let height = bottom - top;
        for step in 0..=SHADES as i32 {
            let steps = SHADES as i32 + 1;
            let (high, low) = (bottom - height * (step + 1) / steps, bottom - height * step / steps);
            scene.rect(left, high, left + 18, low, shade(step as usize));
        }
        for part in 0..=4 {
            let y = bottom - height * part / 4;
            scene.rect(left + 18, y, left + 23, y + 1, MUTED);
            let number = self.low + (self.high - self.low) * f64::from(part) / 4.0;
            scene.text(Text::label(short(number), (left + 28, y), Anchor::Left));
        }
    }
}
