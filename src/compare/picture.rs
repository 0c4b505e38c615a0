//! The picture of a comparison: one run of each side over time, and how far each figure moved.

use super::text::seeds;
use super::{Comparison, Course, Headline, Tone, Trend};
use crate::record::{Moment, Record, Stage};
use crate::report::ReportError;
use crate::report::comparison_chart::{self, Panel, Picture, Row};
use crate::report::figures::number;

/// As SVG.
///
/// # Errors
/// When it cannot be drawn.
pub fn svg(comparison: &Comparison) -> Result<String, ReportError> {
    comparison_chart::svg(&picture(comparison))
}

/// As PNG.
///
/// # Errors
/// When it cannot be drawn.
pub fn png(comparison: &Comparison) -> Result<Vec<u8>, ReportError> {
    comparison_chart::png(&picture(comparison))
}

fn picture(comparison: &Comparison) -> Picture {
    let Comparison { course, paths, .. } = comparison;
    let sides = |of: fn(&Course) -> &Vec<(Moment, f64)>| course.each_ref().map(|side| of(side).clone());
    let mut panels = vec![Panel { name: "Pods ready".to_owned(), sides: sides(|side| &side.ready) }];
    let is_some = |side: &Vec<(Moment, f64)>| side.iter().any(|(_, value)| *value > 0.0);
    for (name, of) in [
        ("Requests dropped a second", (|side| &side.dropped) as fn(&Course) -> &Vec<(Moment, f64)>),
        ("Latency of requests, 99th percentile (ms)", |side| &side.latency),
        ("Pods in Pending", |side| &side.pending),
    ] {
        if panels.len() < 3 && course.iter().any(|side| is_some(of(side))) {
            panels.push(Panel { name: name.to_owned(), sides: sides(of) });
        }
    }
    let row = |headline: &Headline| {
        let figure = &headline.figure;
        let percent = |value: f64| value / figure.base.abs() * 100.0;
        Row {
            title: headline.title.clone(),
            values: format!("{} → {}", number(figure.base), number(figure.head)),
            percent: (figure.base != 0.0 || figure.trend() == Trend::Same).then(|| {
                [figure.low, figure.delta, figure.high].map(|value| if value == 0.0 { 0.0 } else { percent(value) })
            }),
            is_better: match headline.tone() {
                Tone::Better => Some(true),
                Tone::Worse => Some(false),
                Tone::Neutral => None,
            },
        }
    };
    Picture {
        title: format!("{}: {} against {}", comparison.name, paths[1], paths[0]),
        subtitle: format!(
            "left: the run of seed {}; right: change of each figure with its 95% interval, {}",
            comparison.seed,
            seeds(comparison.runs, comparison.seed)
        ),
        panels,
        end: course.iter().map(|side| side.end).max().unwrap_or_default().max(Moment::from_millis(1000)),
        steps: course[1].steps.clone(),
        rows: comparison.headlines.iter().map(row).collect(),
    }
}

/// What the picture shows of a run.
pub(super) fn course(record: &Record) -> Course {
    let (mut ready, mut pending) = (Vec::new(), Vec::new());
    let mut stages = vec![Stage::Deleted; record.pods.len()];
    let mut counts = [0i64; 2];
    for row in &record.timeline {
        let was = std::mem::replace(&mut stages[row.pod.index()], row.state.stage);
        let of = |stage: Stage| {
            let waits = matches!(stage, Stage::Unscheduled | Stage::Unschedulable | Stage::Starting);
            [i64::from(stage == Stage::Ready), i64::from(waits)]
        };
        for (place, list) in [&mut ready, &mut pending].into_iter().enumerate() {
            let delta = of(row.state.stage)[place] - of(was)[place];
            if delta != 0 {
                counts[place] += delta;
                list.push((row.time, counts[place] as f64));
            }
        }
    }
    let mut rates = vec![[0.0, 0.0]; record.traffic.len()];
    let (mut dropped, mut latency) = (Vec::new(), Vec::new());
    for row in &record.traffic_rows {
        rates[row.load as usize] = [row.dropped_rps, row.latency.p99];
        dropped.push((row.time, rates.iter().map(|rate| rate[0]).sum()));
        latency.push((row.time, rates.iter().map(|rate| rate[1] * 1000.0).fold(0.0, f64::max)));
    }
    let steps = record.steps.iter().map(|step| step.start).collect();
    Course { end: record.end, steps, ready, pending, dropped, latency }
}
