//! What became of each autoscaler: how often it changed its mind, and by how much too far.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{AutoscalerRow, Moment, Record};
use super::Number;
use crate::engine::NonNegative;

/// Changes of the scale that lie this far apart belong to different reactions: the default stabilisation window.
const QUIET_SECONDS: f64 = 300.0;

/// An entry of `summary.hpa`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct AutoscalerSummary {
    /// How often it scaled up.
    pub scale_ups: u64,
    /// How often it scaled down.
    pub scale_downs: u64,
    /// How often a change went the other way than the one before.
    pub reversals: u64,
    /// The most replicas by which a run of scale-ups ended above what the load ever asked for until the next
    /// scale-down.
    pub overshoot: u64,
    /// The longest reaction: from the first to the last of changes that follow one another within five minutes.
    pub settle_seconds: Number,
    /// The most replicas it wanted.
    pub max_replicas: u64,
}

pub(super) fn autoscalers(record: &Record) -> BTreeMap<String, AutoscalerSummary> {
    let mut rows: Vec<Vec<&AutoscalerRow>> = vec![Vec::new(); record.autoscalers.len()];
    for row in record.autoscaler_rows.iter().filter(|row| row.time >= Moment::ZERO) {
        rows[row.autoscaler.index()].push(row);
    }
    let named = record.autoscalers.iter().zip(&rows);
    // A later autoscaler of the same name takes the place of a deleted one.
    named
        .map(|(autoscaler, rows)| {
            let key = format!("{}/{}", record.text(autoscaler.namespace), record.text(autoscaler.name));
            (key, summary(rows))
        })
        .collect()
}

fn summary(rows: &[&AutoscalerRow]) -> AutoscalerSummary {
    let mut summary = AutoscalerSummary::default();
    let mut up_before: Option<bool> = None;
    // The first and the last change of the reaction under way.
    let mut reaction: Option<(Moment, Moment)> = None;
    // The replicas and the greatest load since the first scale-up of a run.
    let mut swing: Option<(u32, f64)> = None;
    for row in rows {
        summary.max_replicas = summary.max_replicas.max(u64::from(row.desired));
        let load = row.deciding().and_then(|metric| metric.load).filter(|load| load.is_finite()).unwrap_or(0.0);
        let is_up = row.desired > row.current;
        if row.rescaled {
            if is_up {
                summary.scale_ups += 1;
                swing = Some((row.desired, swing.map_or(load, |(_, most)| most.max(load))));
            } else {
                summary.scale_downs += 1;
                summary.overshoot = summary.overshoot.max(surplus(swing.take()));
            }
            summary.reversals += u64::from(up_before.is_some_and(|before| before != is_up));
            up_before = Some(is_up);
            let start = match reaction {
                Some((start, last)) if row.time.seconds_since(last) <= QUIET_SECONDS => start,
                _ => row.time,
            };
            reaction = Some((start, row.time));
            let length = row.time.seconds_since(start);
            summary.settle_seconds = Number(summary.settle_seconds.0.max(length));
        } else if let Some((_, most)) = &mut swing {
            *most = most.max(load);
        }
    }
    summary.overshoot = summary.overshoot.max(surplus(swing));
    summary
}

fn surplus(swing: Option<(u32, f64)>) -> u64 {
    let Some((replicas, load)) = swing else { return 0 };
    u64::from(replicas).saturating_sub(libm::ceil(load.non_negative()) as u64)
}

#[cfg(test)]
mod tests {
    use super::super::super::{AutoscalerIndex, AutoscalerMetric, TextId};
    use super::*;

    fn row(seconds: i64, current: u32, desired: u32, load: f64) -> AutoscalerRow {
        let metric = AutoscalerMetric { load: Some(load), replicas: Some(desired), ..AutoscalerMetric::default() };
        AutoscalerRow {
            time: Moment::from_millis(seconds * 1000),
            autoscaler: AutoscalerIndex(0),
            current,
            recommended: Some(desired),
            stabilized: Some(desired),
            desired,
            rescaled: current != desired,
            limit: TextId::default(),
            reason: TextId::default(),
            metrics: Box::new([metric]),
        }
    }

    #[test]
    fn an_autoscaler_that_went_too_far_and_back_is_seen() {
        let rows =
            [row(15, 1, 4, 6.2), row(30, 4, 8, 5.5), row(45, 8, 8, 4.0), row(400, 8, 4, 4.0), row(900, 4, 5, 4.4)];
        let found = summary(&rows.iter().collect::<Vec<_>>());
        let expected = AutoscalerSummary {
            scale_ups: 3,
            scale_downs: 1,
            reversals: 2,
            overshoot: 1,
            settle_seconds: Number(15.0),
            max_replicas: 8,
        };
        assert_eq!(found, expected);
    }
}
