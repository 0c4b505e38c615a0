//! CPU requested on each node over time, in % of allocatable, as a heat map. Computed from the pods' lives, so
//! that it is exact whatever the sampling. Many nodes share rows, whose cells are means.

use super::axis::TimeAxis;
use super::frame::{MARGIN, Plot, draw_edges, draw_empty, draw_time, draw_time_name, note_on_steps, open, time_axis};
use super::palette::{INK, MUTED, SHADES, VERMILLION, shade};
use super::scene::{Anchor, HEIGHT, Scene, Text, WIDTH, fitted};
use super::{counted, grouped};
use crate::engine::NonNegative;
use crate::record::{Moment, Node, NodeIndex, Record};

/// Up to this many nodes have a row with their name.
const NAMED: usize = 36;
/// Most rows of cells.
const ROWS: usize = 100;
/// Width of a cell in pixels.
const CELL: i32 = 4;
/// Width of the labels on the left.
const LABELS: i32 = 190;
/// Height of a line of labels.
const LINE: i32 = 15;

/// Draws the chart.
pub fn draw(record: &Record) -> Scene {
    let order = order(record);
    let rows = order.len().min(ROWS);
    let subtitle = if rows < order.len() {
        let each = order.len().div_ceil(rows);
        format!("{}, a row shows the mean of about {each}, by group", counted(order.len(), "node"))
    } else {
        counted(order.len(), "node")
    };
    let (mut scene, area) = open("CPU requested on nodes (% of allocatable)", &(subtitle + note_on_steps(record)), &[]);
    let area = Plot { left: MARGIN + LABELS, right: WIDTH - 120, ..area };
    let height = ((area.bottom - area.top) / rows.max(1) as i32).min(40);
    let area = Plot { bottom: area.top + (height * rows as i32).max(150), ..area };
    let axis = time_axis(record, &area);
    draw_time(&mut scene, &area, &axis, 0);
    let cells = ((area.right - area.left) / CELL) as usize;
    let grid = Grid::of(record, &order, rows, cells, &axis);
    let has_outage = grid.draw(&mut scene, &area, height);
    name_rows(&mut scene, record, &order, rows, &area, height);
    draw_labels(&mut scene, record, &order, rows, &area, height);
    if order.is_empty() {
        draw_empty(&mut scene, &area, "no nodes");
    }
    draw_edges(&mut scene, record, &area, &axis);
    draw_time_name(&mut scene, &area, &axis);
    draw_scale(&mut scene, &area, has_outage);
    scene
}

/// Nodes by group, in order of creation.
fn order(record: &Record) -> Vec<NodeIndex> {
    let mut order: Vec<NodeIndex> = (0..record.nodes.len()).map(NodeIndex::from_index).collect();
    order.sort_by_key(|node| (record.nodes[node.index()].group, *node));
    order
}

/// Sums over the nodes of a row in a span of time. Amounts are millicores × nanoseconds.
#[derive(Clone, Copy, Default)]
struct Cell {
    requested: f64,
    allocatable: f64,
    not_ready: f64,
}

struct Grid {
    cells: Vec<Cell>,
    across: usize,
}

impl Grid {
    fn of(record: &Record, order: &[NodeIndex], rows: usize, across: usize, axis: &TimeAxis) -> Self {
        let mut grid = Self { cells: vec![Cell::default(); rows * across], across };
        let mut row_of = vec![0; record.nodes.len()];
        for (place, node) in order.iter().enumerate() {
            row_of[node.index()] = place * rows / order.len();
        }
        for (index, node) in record.nodes.iter().enumerate() {
            let cpu = node.allocatable.cpu_milli as f64;
            grid.spread(row_of[index], axis, node.created, node.deleted, |cell, nanos| cell.allocatable += cpu * nanos);
            for (from, to) in &node.outages {
                let to = (*to).min(node.deleted);
                grid.spread(row_of[index], axis, *from, to, |cell, nanos| cell.not_ready += cpu * nanos);
            }
        }
        for pod in record.pods.iter().filter(|pod| pod.last.node.is_some() && pod.cpu_milli > 0) {
            let row = row_of[pod.last.node.index()];
            let cpu = pod.cpu_milli as f64;
            grid.spread(row, axis, pod.bound, pod.ended(), |cell, nanos| cell.requested += cpu * nanos);
        }
        grid
    }

    /// Adds something to the cells between two moments, with the nanoseconds that fall into each.
    fn spread(&mut self, row: usize, axis: &TimeAxis, from: Moment, to: Moment, add: impl Fn(&mut Cell, f64)) {
        let (from, to) = (from.max(axis.begin).0 - axis.begin.0, to.min(axis.end).0 - axis.begin.0);
        if to <= from {
            return;
        }
        let width = ((axis.end.0 - axis.begin.0) as f64 / self.across as f64).max(1.0);
        let first = ((from as f64 / width) as usize).min(self.across - 1);
        let last = ((to as f64 / width) as usize).min(self.across - 1);
        for column in first..=last {
            let start = (column as f64 * width).max(from as f64);
            let end = ((column + 1) as f64 * width).min(to as f64);
            add(&mut self.cells[row * self.across + column], (end - start).non_negative());
        }
    }

    /// Draws the cells; says whether any node was not ready.
    fn draw(&self, scene: &mut Scene, area: &Plot, height: i32) -> bool {
        let gap = i32::from(height >= 6);
        let mut has_outage = false;
        for (row, cells) in self.cells.chunks_exact(self.across).enumerate() {
            let top = area.top + row as i32 * height;
            let mut start = 0;
            for run in cells.chunk_by(|a, b| a.color() == b.color()) {
                let x = |column: usize| area.left + (area.right - area.left) * column as i32 / self.across as i32;
                if let Some(color) = run[0].color() {
                    has_outage |= color == VERMILLION;
                    scene.rect(x(start), top, x(start + run.len()), top + height - gap, color);
                }
                start += run.len();
            }
        }
        has_outage
    }
}

impl Cell {
    /// None where no node exists; the colour of failure where they were not ready for most of the time.
    fn color(&self) -> Option<[u8; 3]> {
        if self.allocatable <= 0.0 {
            return None;
        }
        if self.not_ready * 2.0 > self.allocatable {
            return Some(VERMILLION);
        }
        Some(shade((self.requested / self.allocatable * SHADES as f64).round() as usize))
    }
}

/// What rows show, for readers who point at them: a node, or how many from which one on.
fn name_rows(scene: &mut Scene, record: &Record, order: &[NodeIndex], rows: usize, area: &Plot, height: i32) {
    let mut start = 0;
    for row in 0..rows {
        // The nodes of a row as `Grid::of` deals them out.
        let end = ((row + 1) * order.len()).div_ceil(rows);
        let first = record.node_name(order[start]);
        let name = if end - start > 1 { format!("{first} and {} more", end - start - 1) } else { first.to_owned() };
        let top = area.top + row as i32 * height;
        scene.rows.push((top, top + height, name));
        start = end;
    }
}

fn draw_labels(scene: &mut Scene, record: &Record, order: &[NodeIndex], rows: usize, area: &Plot, height: i32) {
    let node = |index: &NodeIndex| -> &Node { &record.nodes[index.index()] };
    if order.len() <= NAMED {
        for (row, index) in order.iter().enumerate() {
            let name = fitted(record.text(node(index).name), LABELS - 12, 12, false);
            let y = area.top + row as i32 * height + height / 2;
            scene.text(Text { color: INK, ..Text::label(name, (area.left - 8, y), Anchor::Right) });
        }
        return;
    }
    let mut start = 0;
    let mut last_label = i32::MIN / 2;
    for group in order.chunk_by(|a, b| node(a).group == node(b).group) {
        let line = |place: usize| area.top + (place * rows / order.len()) as i32 * height;
        let (top, bottom) = (line(start), line(start + group.len()));
        start += group.len();
        scene.rect(area.left - 6, top + 1, area.left - 4, bottom - 1, MUTED);
        let middle = i32::midpoint(top, bottom);
        if middle - last_label < LINE {
            continue;
        }
        last_label = middle;
        let name = record.text(node(&group[0]).group);
        let label = format!("{name} ({})", grouped(group.len() as u64));
        let at = (area.left - 12, middle);
        scene.text(Text { color: INK, ..Text::label(fitted(&label, LABELS - 18, 12, false), at, Anchor::Right) });
    }
}

/// The bar that tells which colour is which share.
fn draw_scale(scene: &mut Scene, area: &Plot, has_outage: bool) {
    let (left, top, bottom) = (WIDTH - 96, area.top + 6, area.bottom.clamp(area.top + 160, HEIGHT - 110) - 6);
    let height = bottom - top;
    for step in 0..=SHADES as i32 {
        let steps = SHADES as i32 + 1;
        let (high, low) = (bottom - height * (step + 1) / steps, bottom - height * step / steps);
        scene.rect(left, high, left + 18, low, shade(step as usize));
        scene.meanings.push((shade(step as usize), format!("about {} %", step * 100 / SHADES as i32)));
    }
    for percent in [0, 25, 50, 75, 100] {
        let y = bottom - height * percent / 100;
        scene.rect(left + 18, y, left + 23, y + 1, MUTED);
        scene.text(Text::label(format!("{percent} %"), (left + 28, y), Anchor::Left));
    }
    if has_outage {
        let y = bottom + 30;
        scene.rect(left, y - 7, left + 14, y + 7, VERMILLION);
        scene.meanings.push((VERMILLION, "not ready".to_owned()));
        scene.text(Text::label("not ready", (left + 20, y), Anchor::Left));
        scene.height = scene.height.max(y + 20);
    }
}
