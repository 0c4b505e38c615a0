//! Axes: round ticks over time in the unit that a person would choose, and over counts.

use crate::record::Moment;

/// Time from left to right.
#[derive(Clone, Copy, Debug)]
pub struct TimeAxis {
    /// The first moment shown.
    pub begin: Moment,
    /// The last moment shown.
    pub end: Moment,
    /// Where the first moment is.
    pub left: i32,
    /// Where the last moment is.
    pub right: i32,
}

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Distances of ticks in nanoseconds: numbers of their unit that people count in.
const STEPS: [i64; 37] = [
    SECOND / 1000,
    SECOND / 500,
    SECOND / 200,
    SECOND / 100,
    SECOND / 50,
    SECOND / 20,
    SECOND / 10,
    SECOND / 5,
    SECOND / 2,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    5 * DAY,
    10 * DAY,
    20 * DAY,
    50 * DAY,
    100 * DAY,
    200 * DAY,
    500 * DAY,
    1000 * DAY,
    5000 * DAY,
];

impl TimeAxis {
    /// The pixel of a moment.
    pub fn at(&self, moment: Moment) -> i32 {
        let span = i128::from(self.end.0 - self.begin.0).max(1);
        let part = i128::from(moment.0.clamp(self.begin.0, self.end.0) - self.begin.0);
        self.left + (part * i128::from(self.right - self.left) / span) as i32
    }

    /// The unit of the ticks: its name and its nanoseconds.
    pub fn unit(&self) -> (&'static str, i64) {
        match self.end.0 - self.begin.0 {
            span if span <= 3 * MINUTE => ("s", SECOND),
            span if span <= 3 * HOUR => ("min", MINUTE),
            span if span <= 3 * DAY => ("h", HOUR),
            _ => ("days", DAY),
        }
    }

    /// Pixels and labels of ticks, at least `room` pixels apart.
    pub fn ticks(&self, room: i32) -> Vec<(i32, String)> {
        let span = (self.end.0 - self.begin.0).max(1);
        let most = i64::from(((self.right - self.left) / room).max(1));
        let step = STEPS.into_iter().find(|step| span / step <= most).unwrap_or(STEPS[STEPS.len() - 1]);
        let (_, unit) = self.unit();
        let first = self.begin.0.div_euclid(step) * step;
        let moments = (0..).map(|index| first + index * step).take_while(|moment| *moment <= self.end.0);
        moments
            .filter(|moment| *moment >= self.begin.0)
            .map(|moment| (self.at(Moment(moment)), format!("{}", moment as f64 / unit as f64)))
            .map(|(x, label)| (x, shortened(&label)))
            .collect()
    }
}

/// Cuts what division left behind the third decimal.
fn shortened(label: &str) -> String {
    match label.find('.') {
        Some(point) if label.len() > point + 4 => label[..point + 4].to_owned(),
        _ => label.to_owned(),
    }
}

/// Counts from 0 upwards.
#[derive(Clone, Copy, Debug)]
pub struct CountAxis {
    /// The count at the top.
    pub top_value: u64,
    /// Distance of ticks.
    pub step: u64,
    /// Where the top is.
    pub top: i32,
    /// Where 0 is.
    pub bottom: i32,
}

impl CountAxis {
    /// An axis that holds `peak`, with ticks at least `room` pixels apart.
    pub fn new(peak: u64, top: i32, bottom: i32, room: i32) -> Self {
        let peak = peak.max(1);
        let most = u64::from(((bottom - top) / room).max(1).unsigned_abs());
        let mut steps = (0..18).flat_map(|power| [1, 2, 5].map(|digit| digit * 10u64.pow(power)));
        let step = steps.find(|step| peak.div_ceil(*step) <= most).unwrap_or(peak);
        Self { top_value: peak.div_ceil(step) * step, step, top, bottom }
    }

    /// The pixel of a count.
    pub fn at(&self, count: u64) -> i32 {
        let height = i128::from(self.bottom - self.top);
        self.bottom - (i128::from(count.min(self.top_value)) * height / i128::from(self.top_value)) as i32
    }

    /// Pixels and labels of ticks.
    pub fn ticks(&self) -> Vec<(i32, String)> {
        (0..=self.top_value / self.step).map(|index| index * self.step).map(|n| (self.at(n), grouped(n))).collect()
    }
}

/// A number with its digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from_seconds: i64, to_seconds: i64) -> (String, &'static str) {
        let axis =
            TimeAxis { begin: Moment(from_seconds * SECOND), end: Moment(to_seconds * SECOND), left: 0, right: 1000 };
        let labels: Vec<String> = axis.ticks(90).into_iter().map(|(_, label)| label).collect();
        (labels.join(" "), axis.unit().0)
    }

    #[test]
    fn ticks_are_round_in_the_unit_of_the_axis() {
        assert_eq!(labels(0, 30), ("0 5 10 15 20 25 30".to_owned(), "s"));
        assert_eq!(labels(0, 900), ("0 2 4 6 8 10 12 14".to_owned(), "min"));
        assert_eq!(labels(-600, 1800), ("-10 -5 0 5 10 15 20 25 30".to_owned(), "min"));
        assert_eq!(labels(0, 86_400), ("0 3 6 9 12 15 18 21 24".to_owned(), "h"));
        assert_eq!(labels(0, 365 * 86_400), ("0 50 100 150 200 250 300 350".to_owned(), "days"));
    }

    #[test]
    fn counts_have_few_round_ticks() {
        let ticks = |peak| CountAxis::new(peak, 0, 500, 50).ticks().into_iter().map(|(_, label)| label);
        assert_eq!(ticks(3).collect::<Vec<_>>(), ["0", "1", "2", "3"]);
        assert_eq!(
            ticks(4_321).collect::<Vec<_>>(),
            ["0", "500", "1,000", "1,500", "2,000", "2,500", "3,000", "3,500", "4,000", "4,500"]
        );
        assert_eq!(ticks(0).collect::<Vec<_>>(), ["0", "1"]);
    }
}
