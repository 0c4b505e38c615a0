//! Numbers and results in plain words, for the page and the terminal.

use super::charts::grouped;
use crate::record::{Record, Summary};

/// Seconds in the unit that a person would choose: `350 ms`, `2.1 s`, `3 min 5 s`, `1 h 20 min`, `2 d 3 h`.
pub fn seconds(seconds: f64) -> String {
    if seconds < 0.0 {
        return format!("−{}", self::seconds(-seconds));
    }
    if seconds < 1.0 {
        return format!("{} ms", (seconds * 1000.0).round());
    }
    if seconds < 60.0 {
        return format!("{} s", (seconds * 10.0).round() / 10.0);
    }
    let whole = seconds.round() as u64;
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{} {large_unit}", grouped(large)),
        small => format!("{} {large_unit} {small} {small_unit}", grouped(large)),
    };
    match whole {
        0..3600 => two(whole / 60, "min", whole % 60, "s"),
        3600..172_800 => two(whole / 3600, "h", whole % 3600 / 60, "min"),
        _ => two(whole / 86_400, "d", whole % 86_400 / 3600, "h"),
    }
}

/// `1 restart`, `3 restarts`.
pub fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Pods created since t=0 that ran, and how many were created.
pub fn ran_of_created(record: &Record) -> (u64, u64) {
    let counted = record.pods.iter().filter(|pod| !pod.marks.contains(crate::record::PodMarks::WARM_UP));
    let ran = counted.filter(|pod| pod.ran.is_some() || pod.finished.is_some()).count() as u64;
    (ran, record.totals.pods_created)
}

/// Below this share of the pods that were asked for, a cluster did not do what it was for.
const MUCH_LESS: f64 = 0.9;

/// Pods that got a node, and how many were asked for: those that were made, and replicas that never were.
pub fn placed_of_asked(record: &Record, summary: &Summary) -> (u64, u64) {
    let placed = record.pods.iter().filter(|pod| pod.bound.is_some()).count() as u64;
    (placed, record.pods.len() as u64 + summary.pods.missing)
}

/// What has to be said before anything else: that nothing was scheduled, or much less than asked. Empty if all is well.
pub fn shortfall(record: &Record, summary: &Summary) -> String {
    let (placed, asked) = placed_of_asked(record, summary);
    if asked > 0 && placed == 0 {
        return format!("nothing was scheduled: none of {} got a node", count(asked, "pod"));
    }
    if (placed as f64) < asked as f64 * MUCH_LESS {
        let made = asked - summary.pods.missing;
        if placed as f64 >= made as f64 * MUCH_LESS {
            // It is not for want of nodes: a quota, a controller's rate or an update under way holds them back.
            return format!("{} missing at the end: their pods were not made", count(summary.pods.missing, "replica"));
        }
        return format!("only {} of {} got a node", grouped(placed), count(asked, "pod"));
    }
    String::new()
}

/// What happened, in one sentence.
pub fn headline(record: &Record, summary: &Summary) -> String {
    let (ran, created) = ran_of_created(record);
    let mut parts = vec![shortfall(record, summary)];
    parts.retain(|part| !part.is_empty());
    parts.push(format!("{} of {} ran", grouped(ran), count(created, "pod")));
    let start = &summary.pod_start_seconds;
    if start.count > start.censored {
        parts.push(format!("median start {}", seconds(start.p50.rounded())));
    }
    for (number, noun) in [(summary.pods.restarts, "restart"), (summary.warnings.len() as u64, "warning")] {
        if number > 0 {
            parts.push(count(number, noun));
        }
    }
    if summary.pods.unschedulable > 0 {
        parts.push(format!("{} without a node that fits", count(summary.pods.unschedulable, "pod")));
    }
    let failed = summary.expectations.iter().filter(|expectation| !expectation.held).count();
    if failed > 0 {
        parts.push(format!("{} not met", count(failed as u64, "expectation")));
    }
    parts.join("; ")
}

/// A text from the outside as a terminal may show it: control characters do nothing.
pub fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Amounts, Moment, WorkloadIndex};

    #[test]
    fn what_is_missing_is_told_from_what_finds_no_node() {
        let mut record = Record::default();
        for number in 0_u8..10 {
            let facts = crate::record::PodFacts {
                name: &format!("web-{number}"),
                namespace: "default",
                uid: number.into(),
                owner: WorkloadIndex::NONE,
                workload: WorkloadIndex::NONE,
                priority: 0,
                requests: Amounts::default(),
                was_placed: false,
            };
            let pod = record.pod_created(Moment::ZERO, facts);
            record.pods[pod.index()].bound = Moment::ZERO;
        }
        let mut summary = Summary::of(&record);
        assert_eq!(shortfall(&record, &summary), "");
        summary.pods.missing = 5;
        assert_eq!(shortfall(&record, &summary), "5 replicas missing at the end: their pods were not made");
        for pod in &mut record.pods[2..] {
            pod.bound = Moment::NEVER;
        }
        assert_eq!(shortfall(&record, &summary), "only 2 of 15 pods got a node");
        for pod in &mut record.pods {
            pod.bound = Moment::NEVER;
        }
        assert_eq!(shortfall(&record, &summary), "nothing was scheduled: none of 15 pods got a node");
    }

    #[test]
    fn seconds_read_as_people_say_them() {
        for (value, text) in [
            (0.0, "0 ms"),
            (0.35, "350 ms"),
            (2.14, "2.1 s"),
            (60.0, "1 min"),
            (185.0, "3 min 5 s"),
            (4800.0, "1 h 20 min"),
            (183_600.0, "2 d 3 h"),
            (-2.0, "−2 s"),
        ] {
            assert_eq!(seconds(value), text);
        }
    }

    #[test]
    fn escape_sequences_of_objects_do_not_reach_the_terminal() {
        assert_eq!(one_line("a\u{1b}[31mb\nc"), "a [31mb c");
    }
}
