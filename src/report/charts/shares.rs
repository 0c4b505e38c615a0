//! Bars of one length, cut into shares: what becomes of a whole in each of many cases, for several wholes side by side.

use super::frame::{MARGIN, Swatch, open};
use super::palette::{Color, GREEN, INK, ORANGE, SHADE, SKY};
use super::scene::{Anchor, Scene, Text, WIDTH, fitted, text_width};

/// Height of a row.
const ROW: i32 = 26;

/// The parts of a bar, from left to right: name and colour.
pub const PARTS: [(&str, Color); 4] = [
    ("used", GREEN),
    ("requested, not used", SKY),
    ("free", SHADE),
    ("stranded: free, but another resource is used up", ORANGE),
];

/// What is drawn.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    /// The chart's title.
    pub title: String,
    /// What its numbers are.
    pub subtitle: String,
    /// Names of the wholes, from left to right.
    pub wholes: Vec<String>,
    /// Cases, from top to bottom.
    pub rows: Vec<ShareRow>,
}

/// A case.
#[derive(Clone, Debug, Default)]
pub struct ShareRow {
    /// A heading above it; empty for none.
    pub heading: String,
    /// Its name.
    pub name: String,
    /// For each whole the shares of [`PARTS`], which add up to 1.
    pub shares: Vec<[f64; PARTS.len()]>,
}

/// Draws the chart.
pub fn draw(shares: &Shares) -> Scene {
    let legend: Vec<(Swatch, &str)> = PARTS.iter().map(|(name, color)| (Swatch::Box(*color), *name)).collect();
    let (mut scene, area) = open(&shares.title, &shares.subtitle, &legend);
    let longest = shares.rows.iter().map(|row| text_width(&row.name, 12, false)).max().unwrap_or(0);
    let names = longest.clamp(60, 330);
    let count = shares.wholes.len().max(1) as i32;
    let left = MARGIN + names + 14;
    let width = (WIDTH - MARGIN - left) / count;
    let mut y = area.top + 6;
    for (place, whole) in shares.wholes.iter().enumerate() {
        let at = (left + place as i32 * width, y);
        scene.text(Text { size: 13, bold: true, color: INK, ..Text::label(whole, at, Anchor::Left) });
    }
    y += 18;
    for row in &shares.rows {
        if !row.heading.is_empty() {
            y += 8;
            let at = (MARGIN, y + 8);
            scene.text(Text { size: 13, bold: true, color: INK, ..Text::label(&row.heading, at, Anchor::Left) });
            y += ROW - 4;
        }
        let name = fitted(&row.name, names, 12, false);
        scene.text(Text { color: INK, ..Text::label(name, (left - 10, y + ROW / 2), Anchor::Right) });
        for (place, parts) in row.shares.iter().enumerate() {
            let from = left + place as i32 * width;
            let length = f64::from(width - 24);
            let mut sum = 0.0;
            for (share, (_, color)) in parts.iter().zip(PARTS) {
                let (begin, end) =
                    (from + (sum * length).round() as i32, from + ((sum + share) * length).round() as i32);
                scene.rect(begin, y + 4, end, y + ROW - 4, color);
                let label = format!("{:.0} %", share * 100.0);
                if text_width(&label, 11, false) + 8 <= end - begin {
                    let at = (i32::midpoint(begin, end), y + ROW / 2);
                    // Shade is darker on a dark page, the other colours are not.
                    let ink = if color == SHADE { INK } else { [0x12, 0x16, 0x1b] };
                    scene.text(Text { size: 11, color: ink, ..Text::label(label, at, Anchor::Middle) });
                }
                sum += share;
            }
        }
        y += ROW;
    }
    scene.height = y + 20;
    scene
}
