//! Bars in groups: what each alternative costs in each case, with the number that no alternative of its kind can go below.

use super::axis::{CountAxis, grouped};
use super::frame::{MARGIN, Plot, Swatch, draw_counts, draw_edge_lines, draw_empty, draw_side_name, open};
use super::palette::{BLUE, Color, GREEN, GREY, INK, MUTED, ORANGE, PURPLE, SKY, VERMILLION, YELLOW};
use super::scene::{Anchor, Scene, Text, fitted, text_width};

/// Colours of alternatives, in their order; beyond them they come again.
const COLORS: [Color; 8] = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, GREY];

/// What is drawn.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    /// The chart's title.
    pub title: String,
    /// What its numbers are.
    pub subtitle: String,
    /// Name of the upright axis.
    pub unit: String,
    /// Alternatives, in the order of their colours.
    pub alternatives: Vec<String>,
    /// Cases, from left to right.
    pub groups: Vec<CostGroup>,
}

/// A case.
#[derive(Clone, Debug, Default)]
pub struct CostGroup {
    /// Its name.
    pub name: String,
    /// A bar for each alternative that it has.
    pub bars: Vec<CostBar>,
}

/// What an alternative costs.
#[derive(Clone, Debug, Default)]
pub struct CostBar {
    /// Which alternative.
    pub alternative: usize,
    /// The cost; none where the alternative does not do.
    pub cost: Option<f64>,
    /// What it cannot go below.
    pub bound: Option<f64>,
    /// A word above it: how many it is of.
    pub note: String,
    /// Is it the best of its case?
    pub is_best: bool,
}

/// Draws the chart.
pub fn draw(costs: &Costs) -> Scene {
    let mut legend: Vec<(Swatch, &str)> = costs
        .alternatives
        .iter()
        .enumerate()
        .map(|(place, name)| (Swatch::Box(COLORS[place % COLORS.len()]), name.as_str()))
        .collect();
    let bars = || costs.groups.iter().flat_map(|group| &group.bars);
    if bars().any(|bar| bar.bound.is_some()) {
        legend.push((Swatch::Line(INK), "lower bound of bin packing"));
    }
    let (mut scene, area) = open(&costs.title, &costs.subtitle, &legend);
    let plot = Plot { left: MARGIN + 76, top: area.top + 26, right: area.right, bottom: area.bottom - 4 };
    let most = bars().filter_map(|bar| bar.cost).fold(0.0, f64::max);
    if costs.groups.is_empty() || most <= 0.0 {
        let plot = Plot { bottom: plot.top + 60, ..plot };
        let holds = bars().any(|bar| bar.cost.is_some());
        draw_empty(
            &mut scene,
            &plot,
            if holds { "no node has a price" } else { "nothing holds: there is no cost to show" },
        );
        scene.height = plot.bottom + MARGIN;
        return scene;
    }
    let axis = CountAxis::new(most.ceil() as u64, plot.top, plot.bottom, 50);
    draw_counts(&mut scene, &plot, &axis);
    draw_side_name(&mut scene, &plot, &costs.unit);
    let at =
        |cost: f64| plot.bottom - (f64::from(plot.bottom - plot.top) * cost / axis.top_value as f64).round() as i32;
    let width = (plot.right - plot.left) / costs.groups.len() as i32;
    for (place, group) in costs.groups.iter().enumerate() {
        let left = plot.left + place as i32 * width;
        let slots = group.bars.len().max(1) as i32;
        let slot = ((width - width / 6) / slots).clamp(3, 96);
        let mut x = left + (width - slot * slots) / 2;
        for bar in &group.bars {
            let (from, to) = (x + slot / 10, x + slot - slot / 10);
            let middle = i32::midpoint(from, to);
            let room = slot - 2;
            if let Some(cost) = bar.cost {
                let top = at(cost);
                scene.rect(from, top, to, plot.bottom, COLORS[bar.alternative % COLORS.len()]);
                let amount = grouped(cost.round() as u64);
                if text_width(&amount, 12, bar.is_best) <= room {
                    let bold = bar.is_best;
                    scene.text(Text { bold, color: INK, ..Text::label(amount, (middle, top - 9), Anchor::Middle) });
                }
                if text_width(&bar.note, 11, false) <= room && plot.bottom - top > 18 {
                    let at = (middle, top - 23);
                    scene.text(Text { size: 11, ..Text::label(&bar.note, at, Anchor::Middle) });
                }
                if let Some(bound) = bar.bound {
                    let y = at(bound.min(cost));
                    scene.rect(from - 2, y - 1, to + 2, y + 1, INK);
                }
            } else {
                let at = (middle, plot.bottom - 40);
                scene.text(Text { upwards: true, color: MUTED, ..Text::label("does not hold", at, Anchor::Middle) });
            }
            x += slot;
        }
        let name = fitted(&group.name, width - 8, 13, false);
        let at = (left + width / 2, plot.bottom + 18);
        scene.text(Text { size: 13, color: INK, ..Text::label(name, at, Anchor::Middle) });
    }
    draw_edge_lines(&mut scene, &plot);
    scene
}
