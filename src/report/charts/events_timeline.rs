//! Kubernetes Events by reason over time: a row of bars each, the most frequent first. Warnings have a
//! colour of their own. Each row has its own scale, printed with it.

use std::collections::BTreeMap;

use super::frame::{
    MARGIN, Plot, Swatch, draw_edges, draw_empty, draw_time, draw_time_name, note_on_steps, open, time_axis,
};
use super::palette::{BLUE, GRID, INK, VERMILLION};
use super::scene::{Anchor, Scene, Text, WIDTH, fitted};
use super::{counted, grouped};
use crate::record::{Record, TextId};

/// Most rows.
const ROWS: usize = 14;
/// Bars in a row.
const BARS: usize = 120;
/// Width of the labels on the left.
const LABELS: i32 = 190;
/// Width of the numbers on the right.
const NUMBERS: i32 = 150;

/// Events of one reason and type.
struct Reason {
    name: String,
    is_warning: bool,
    total: u64,
    bars: Vec<u64>,
}

/// Draws the chart.
pub fn draw(record: &Record) -> Scene {
    let legend = [(Swatch::Box(BLUE), "Normal"), (Swatch::Box(VERMILLION), "Warning")];
    let (_, probe) = open("", "", &legend);
    let probe = Plot { left: MARGIN + LABELS, right: WIDTH - NUMBERS, ..probe };
    let axis = time_axis(record, &probe);
    let span = i128::from(axis.end.0 - axis.begin.0) + 1;
    let (reasons, all) = reasons(record, |time: crate::record::Moment| {
        (i128::from(time.0 - axis.begin.0) * BARS as i128 / span).clamp(0, BARS as i128 - 1) as usize
    });
    let total = reasons.iter().map(|reason| reason.total).sum::<u64>() as usize;
    let subtitle = if all > reasons.len() {
        format!("{} in all; of {all} reasons the rarer ones share the last row", counted(total, "Event"))
    } else {
        format!("{} in all", counted(total, "Event"))
    };
    let (mut scene, area) = open("Kubernetes Events by reason", &(subtitle + note_on_steps(record)), &legend);
    let area = Plot { left: MARGIN + LABELS, right: WIDTH - NUMBERS, ..area };
    let height = ((area.bottom - area.top) / (reasons.len().max(1) as i32)).min(90);
    let area = Plot { bottom: area.top + (height * reasons.len() as i32).max(150), ..area };
    draw_time(&mut scene, &area, &axis, 0);
    for (row, reason) in reasons.iter().enumerate() {
        draw_row(&mut scene, &area, reason, area.top + row as i32 * height, height);
    }
    if reasons.is_empty() {
        draw_empty(&mut scene, &area, "no Events");
    }
    draw_edges(&mut scene, record, &area, &axis);
    draw_time_name(&mut scene, &area, &axis);
    scene
}

/// The reasons shown, most frequent first, and how many there are.
fn reasons(record: &Record, bar: impl Fn(crate::record::Moment) -> usize) -> (Vec<Reason>, usize) {
    let mut found = BTreeMap::<(TextId, bool), Reason>::new();
    for row in &record.events {
        let reason = found.entry((row.reason, row.is_warning)).or_insert_with(|| Reason {
            name: record.text(row.reason).to_owned(),
            is_warning: row.is_warning,
            total: 0,
            bars: vec![0; BARS],
        });
        reason.total += u64::from(row.raised);
        reason.bars[bar(row.time)] += u64::from(row.raised);
    }
    let mut reasons: Vec<Reason> = found.into_values().collect();
    let all = reasons.len();
    reasons.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
    if all > ROWS {
        let rare = reasons.split_off(ROWS - 1);
        let name = format!("{} other reasons", rare.len());
        let is_warning = rare.iter().any(|reason| reason.is_warning);
        let mut bars = vec![0; BARS];
        for reason in &rare {
            bars.iter_mut().zip(&reason.bars).for_each(|(sum, count)| *sum += count);
        }
        reasons.push(Reason { name, is_warning, total: bars.iter().sum(), bars });
    }
    (reasons, all)
}

fn draw_row(scene: &mut Scene, area: &Plot, reason: &Reason, top: i32, height: i32) {
    let color = if reason.is_warning { VERMILLION } else { BLUE };
    let bottom = top + height - 4;
    let peak = reason.bars.iter().copied().max().unwrap_or(0).max(1);
    scene.rect(area.left, bottom, area.right, bottom + 1, GRID);
    for (bar, &count) in reason.bars.iter().enumerate().filter(|(_, count)| **count > 0) {
        let x = |bar: usize| area.left + (area.right - area.left) * bar as i32 / BARS as i32;
        let tall = i64::from(bottom - top - 4) * count as i64 / peak as i64;
        scene.rect(x(bar), bottom - (tall as i32).max(2), x(bar + 1) - 1, bottom, color);
    }
    let middle = i32::midpoint(top, bottom);
    scene.rows.push((top, top + height, format!("{}, bar ≤ {}", reason.name, grouped(peak))));
    let name = fitted(&reason.name, LABELS - 12, 12, false);
    scene.text(Text { color: INK, ..Text::label(name, (area.left - 8, middle), Anchor::Right) });
    let numbers = format!("{}  (bar ≤ {})", grouped(reason.total), grouped(peak));
    scene.text(Text::label(fitted(&numbers, NUMBERS - 16, 12, false), (area.right + 8, middle), Anchor::Left));
}
