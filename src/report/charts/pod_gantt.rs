//! The life of pods as bars: phases as colours, restarts marked. Few pods have a named row each; many are
//! grouped by workload; more than there are rows are thinned out evenly, and the chart says so.

use super::axis::TimeAxis;
use super::frame::{
    MARGIN, Plot, Swatch, draw_edges, draw_empty, draw_time, draw_time_name, note_on_steps, open, time_axis,
};
use super::palette::{INK, MUTED, POD_CLASSES, class_of};
use super::scene::{Anchor, Mark, Scene, Text, fitted};
use super::{counted, grouped};
use crate::record::{PodIndex, Record, TextId};

/// Up to this many pods have a row with their name.
const NAMED: usize = 36;
/// Least height of a row.
const THIN: i32 = 2;
/// Width of the labels on the left.
const LABELS: i32 = 250;
/// Height of a line of labels.
const LINE: i32 = 15;

/// Draws the chart.
pub fn draw(record: &Record) -> Scene {
    let order = order(record);
    let (_, probe) = open("", "", &[(Swatch::Box(INK), "")]);
    // Two lines of legend at most.
    let most_rows = ((probe.bottom - probe.top - 24) / THIN) as usize;
    let shown = thinned(&order, most_rows);
    let seen: Vec<usize> = classes(record, &shown);
    let mut legend: Vec<(Swatch, &str)> =
        seen.iter().map(|&class| (Swatch::Box(POD_CLASSES[class].1), POD_CLASSES[class].0)).collect();
    if shown.iter().any(|pod| record.pods[pod.index()].last.restarts > 0) {
        legend.push((Swatch::Box(INK), "Restart"));
    }
    let (mut scene, area) =
        open("Pod lifecycles", &(subtitle(order.len(), shown.len()) + note_on_steps(record)), &legend);
    let area = Plot { left: MARGIN + LABELS, ..area };
    let axis = time_axis(record, &area);
    let height = ((area.bottom - area.top) / (shown.len().max(1) as i32)).min(34);
    let area = Plot { bottom: area.top + (height * shown.len() as i32).max(60), ..area };
    draw_time(&mut scene, &area, &axis, 0);
    draw_bars(&mut scene, record, &shown, &area, &axis, height);
    if shown.len() <= NAMED {
        draw_names(&mut scene, record, &shown, &area, height);
    } else {
        draw_groups(&mut scene, record, &shown, &area, height);
    }
    if shown.is_empty() {
        draw_empty(&mut scene, &area, "no pods");
    }
    draw_edges(&mut scene, record, &area, &axis);
    draw_time_name(&mut scene, &area, &axis);
    scene
}

/// Pods by workload in order of creation (those of none last, by namespace), within one by creation.
fn order(record: &Record) -> Vec<PodIndex> {
    let mut order: Vec<PodIndex> = (0..record.pods.len()).map(PodIndex::from_index).collect();
    if order.len() > NAMED {
        order.sort_by_key(|pod| {
            let row = &record.pods[pod.index()];
            // The ids of texts and workloads follow first appearance, and `NONE` is the greatest.
            (row.workload, if row.workload.is_some() { TextId::NONE } else { row.namespace }, *pod)
        });
    }
    order
}

/// At most `most` of `pods`, evenly.
fn thinned(pods: &[PodIndex], most: usize) -> Vec<PodIndex> {
    if pods.len() <= most {
        return pods.to_vec();
    }
    (0..most).map(|row| pods[row * pods.len() / most]).collect()
}

fn subtitle(all: usize, shown: usize) -> String {
    let pods = counted(all, "pod");
    if shown < all {
        format!("{pods}, showing {} of them, evenly chosen; by workload and creation", grouped(shown as u64))
    } else if all > NAMED {
        format!("{pods}, by workload and creation")
    } else {
        format!("{pods}, in order of creation")
    }
}

/// The classes in which a pod shown was ever seen, in the order of the palette.
fn classes(record: &Record, shown: &[PodIndex]) -> Vec<usize> {
    let rows = rows_of(record, shown);
    let mut seen = [false; POD_CLASSES.len()];
    for row in &record.timeline {
        if let (true, Some(class)) = (rows[row.pod.index()].is_some(), class_of(row.state.stage)) {
            seen[class] = true;
        }
    }
    (0..seen.len()).filter(|&class| seen[class]).collect()
}

/// The row of each pod of the record, for those shown.
fn rows_of(record: &Record, shown: &[PodIndex]) -> Vec<Option<u32>> {
    let mut rows = vec![None; record.pods.len()];
    for (row, pod) in shown.iter().enumerate() {
        rows[pod.index()] = Some(row as u32);
    }
    rows
}

/// What a row is drawing: since which pixel, in which class, after how many restarts.
#[derive(Clone, Copy, Default)]
struct Pen {
    since: i32,
    class: Option<usize>,
    restarts: u32,
    last_mark: i32,
}

fn draw_bars(scene: &mut Scene, record: &Record, shown: &[PodIndex], area: &Plot, axis: &TimeAxis, height: i32) {
    let rows = rows_of(record, shown);
    let mut pens = vec![Pen { last_mark: i32::MIN, ..Pen::default() }; shown.len()];
    let gap = if height >= 8 { 2 } else { i32::from(height > 3) };
    let band =
        |row: usize| (area.top + row as i32 * height + gap / 2, area.top + (row as i32 + 1) * height - (gap + 1) / 2);
    let mut restarts = Vec::new();
    for change in &record.timeline {
        let Some(row) = rows[change.pod.index()].map(|row| row as usize) else { continue };
        let pen = &mut pens[row];
        let (x, class) = (axis.at(change.time), class_of(change.state.stage));
        let (top, bottom) = band(row);
        if change.state.restarts > pen.restarts {
            // Restarts closer than a mark is wide are one mark.
            if x > pen.last_mark + 2 {
                restarts.push(Mark::Rect(x, top - gap / 2, x + 2, bottom + gap / 2, INK));
                pen.last_mark = x;
            }
            pen.restarts = change.state.restarts;
        }
        if class == pen.class {
            continue;
        }
        if let Some(before) = pen.class {
            // A phase that is over within one pixel is still drawn, unless a later one needs the pixel.
            scene.rect(pen.since, top, x, bottom, POD_CLASSES[before].1);
        }
        (pen.since, pen.class) = (x, class);
    }
    for (row, (pen, pod)) in pens.iter().zip(shown).enumerate() {
        let (top, bottom) = band(row);
        scene.rows.push((
            area.top + row as i32 * height,
            area.top + (row as i32 + 1) * height,
            record.pod_name(*pod).to_owned(),
        ));
        if let Some(class) = pen.class {
            scene.rect(pen.since, top, area.right.max(pen.since + 1), bottom, POD_CLASSES[class].1);
        }
    }
    scene.marks.append(&mut restarts);
}

fn draw_names(scene: &mut Scene, record: &Record, shown: &[PodIndex], area: &Plot, height: i32) {
    let size = if height >= 16 { 12 } else { 11 };
    for (row, pod) in shown.iter().enumerate() {
        let y = area.top + row as i32 * height + height / 2;
        let name = fitted(record.pod_name(*pod), LABELS - 12, size, false);
        scene.text(Text { size, color: INK, ..Text::label(name, (area.left - 8, y), Anchor::Right) });
    }
}

/// Names workloads at the left of their rows where there is room, and draws a line between two of them.
fn draw_groups(scene: &mut Scene, record: &Record, shown: &[PodIndex], area: &Plot, height: i32) {
    let group = |pod: &PodIndex| {
        let row = &record.pods[pod.index()];
        (row.workload, if row.workload.is_some() { TextId::NONE } else { row.namespace })
    };
    let mut start = 0;
    let mut last_label = i32::MIN / 2;
    for pods in shown.chunk_by(|a, b| group(a) == group(b)) {
        let (top, bottom) = (area.top + start * height, area.top + (start + pods.len() as i32) * height);
        start += pods.len() as i32;
        scene.rect(area.left - 6, top + 1, area.left - 4, bottom - 1, MUTED);
        let middle = i32::midpoint(top, bottom);
        // Of workloads with few rows those have a name that have room for it.
        if middle - last_label < LINE {
            continue;
        }
        last_label = middle;
        let first = &record.pods[pods[0].index()];
        let label = if first.workload.is_some() {
            record.workload_key(first.workload)
        } else {
            format!("{}: pods of no workload", record.text(first.namespace))
        };
        let label = fitted(&label, LABELS - 18, 12, false);
        let at = (area.left - 12, middle);
        scene.text(Text { color: INK, ..Text::label(label, at, Anchor::Right) });
    }
}
