//! How many pods are in which phase, as stacked areas over time.

use super::axis::CountAxis;
use super::columns::Columns;
use super::counted;
use super::frame::{
    Plot, Swatch, draw_counts, draw_edges, draw_empty, draw_side_name, draw_time, draw_time_name, note_on_steps, open,
    time_axis,
};
use super::palette::{POD_CLASSES, class_of};
use super::scene::Scene;
use crate::record::{Record, Stage};

type Counts = [u32; POD_CLASSES.len()];

/// Draws the chart.
pub fn draw(record: &Record) -> Scene {
    let plot = |plot: Plot| Plot { left: 84, ..plot };
    // The legend's height is the same whatever is in it: what a column is does not depend on it.
    let (_, probe) = open("", "", &[]);
    let axis = time_axis(record, &plot(probe));
    let columns = counts(record, |moment| axis.at(moment), axis.left, axis.right);
    let seen = |class: usize| columns.last.iter().any(|counts| counts[class] > 0);
    let classes: Vec<usize> = (0..POD_CLASSES.len()).filter(|&class| seen(class)).collect();
    let legend: Vec<(Swatch, &str)> =
        classes.iter().map(|&class| (Swatch::Box(POD_CLASSES[class].1), POD_CLASSES[class].0)).collect();

    let subtitle = format!("{} in all{}", counted(record.pods.len(), "pod"), note_on_steps(record));
    let (mut scene, area) = open("Pods by phase", &subtitle, &legend);
    let area = plot(area);
    let peak = columns.last.iter().map(|counts| counts.iter().map(|&n| u64::from(n)).sum()).max().unwrap_or(0);
    let counts_axis = CountAxis::new(peak, area.top, area.bottom, 50);
    draw_counts(&mut scene, &area, &counts_axis);
    draw_time(&mut scene, &area, &axis, 0);
    let runs = columns.runs();
    for &class in &classes {
        let level =
            |counts: &Counts, upto: usize| counts_axis.at(counts[..upto].iter().map(|&count| u64::from(count)).sum());
        let steps = runs.iter().map(|(range, counts)| (range.start, level(counts, class + 1), level(counts, class)));
        scene.area(steps.collect(), area.right, POD_CLASSES[class].1);
    }
    if classes.is_empty() {
        draw_empty(&mut scene, &area, "no pods");
    }
    draw_edges(&mut scene, record, &area, &axis);
    draw_side_name(&mut scene, &area, "Pods");
    draw_time_name(&mut scene, &area, &axis);
    scene
}

/// Pods of each class in each column.
fn counts(record: &Record, at: impl Fn(crate::record::Moment) -> i32, left: i32, right: i32) -> Columns<Counts> {
    let mut columns = Columns::new(left, right, Counts::default());
    let mut stages = vec![Stage::Deleted; record.pods.len()];
    for row in &record.timeline {
        let before = std::mem::replace(&mut stages[row.pod.index()], row.state.stage);
        let (from, to) = (class_of(before), class_of(row.state.stage));
        if from != to {
            columns.change(at(row.time), |counts| {
                from.inspect(|&class| counts[class] -= 1);
                to.inspect(|&class| counts[class] += 1);
            });
        }
    }
    columns.finish(right)
}
