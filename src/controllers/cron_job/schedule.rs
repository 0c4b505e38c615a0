//! Cron expressions, and the instants they name in a time zone.
//! Upstream: robfig/cron v3 `ParseStandard`, `SpecSchedule.Next`.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A set of values up to 63 as bits; `STAR` marks one that was written as `*`.
type Bits = u64;
const STAR: Bits = 1 << 63;
/// How far ahead an activation is searched.
const YEARS_AHEAD: i16 = 5;
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A parsed schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schedule {
    /// Minutes, hours, days of the month, months, days of the week.
    Fields { minute: Bits, hour: Bits, day: Bits, month: Bits, weekday: Bits },
    /// Every so many seconds.
    Every(i64),
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let expanded = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            _ => text,
        };
        if let Some(duration) = expanded.strip_prefix("@every ") {
            let duration = crate::engine::SimDuration::parse(duration)
                .map_err(|error| format!("failed to parse duration {text}: {error}"))?;
            return Ok(Self::Every((duration.as_secs() as i64).max(1)));
        }
        if expanded.starts_with('@') {
            return Err(format!("unrecognized descriptor: {text}"));
        }
        let fields: Vec<&str> = expanded.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
        };
        Ok(Self::Fields {
            minute: field(minute, 0, 59, &[])?,
            hour: field(hour, 0, 23, &[])?,
            day: field(day, 1, 31, &[])?,
            month: field(month, 1, 12, &MONTHS)?,
            weekday: field(weekday, 0, 6, &DAYS)?,
        })
    }

    /// The first activation after an instant, in Unix seconds; `None` within the next years.
    pub(super) fn next(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        let Self::Fields { minute, hour, day, month, weekday } = *self else {
            let Self::Every(seconds) = self else { return None };
            return Some(after + seconds);
        };
        let start = Timestamp::from_second(after).ok()?.to_zoned(zone.clone()).datetime();
        let last_year = start.year() + YEARS_AHEAD;
        let mut date = start.date();
        // The wall clock's first minute that may match: the one after the current.
        let mut from = start.time();
        while date.year() <= last_year {
            if has(month, date.month()) && day_matches(day, weekday, date) {
                if let Some(found) = first_of_day(date, from, after, (minute, hour), zone) {
                    return Some(found);
                }
            }
            date = date.checked_add(Span::new().days(1)).ok()?;
            from = Time::midnight();
        }
        None
    }
}

/// The first activation of a day at or after a time of its wall clock and strictly after an instant.
fn first_of_day(date: Date, from: Time, after: i64, (minute, hour): (Bits, Bits), zone: &TimeZone) -> Option<i64> {
    (from.hour()..24).filter(|candidate| has(hour, *candidate)).find_map(|this_hour| {
        (0..60).filter(|candidate| has(minute, *candidate)).find_map(|this_minute| {
            let wall = DateTime::from_parts(date, Time::new(this_hour, this_minute, 0, 0).ok()?);
            let instant = zone.to_ambiguous_timestamp(wall);
            // A time that the zone leaps over does not exist.
            let instant = instant.compatible().ok()?;
            let exists = instant.to_zoned(zone.clone()).datetime() == wall;
            (exists && instant.as_second() > after).then_some(instant.as_second())
        })
    })
}

fn has(bits: Bits, value: i8) -> bool {
    bits & (1 << value) != 0
}

/// With a star in one of the two, both must match; else one is enough.
fn day_matches(day: Bits, weekday: Bits, date: Date) -> bool {
    let of_month = has(day, date.day());
    let of_week = has(weekday, date.weekday().to_sunday_zero_offset());
    if (day | weekday) & STAR != 0 { of_month && of_week } else { of_month || of_week }
}

/// A comma list of `*`, `a`, `a-b`, each with `/step`.
fn field(text: &str, low: u32, high: u32, names: &[&str]) -> Result<Bits, String> {
    text.split(',').filter(|part| !part.is_empty()).try_fold(0, |bits, part| Ok(bits | range(part, low, high, names)?))
}

fn range(text: &str, low: u32, high: u32, names: &[&str]) -> Result<Bits, String> {
    let (span, step) = match text.split_once('/') {
        Some((_, step)) if step.contains('/') => return Err(format!("too many slashes: {text}")),
        Some((span, step)) => (span, Some(step)),
        None => (text, None),
    };
    let value = |text: &str| -> Result<u32, String> {
        let lower = text.to_ascii_lowercase();
        if let Some(index) = names.iter().position(|name| *name == lower) {
            return Ok(index as u32 + low);
        }
        text.parse()
            .map_err(|_| format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax"))
    };
    let is_star = span == "*" || span == "?";
    let (first, mut last) = match span.split_once('-') {
        _ if is_star => (low, high),
        Some((_, last)) if last.contains('-') => return Err(format!("too many hyphens: {text}")),
        Some((first, last)) => (value(first)?, value(last)?),
        None => (value(span)?, value(span)?),
    };
    let step = match step {
        None => 1,
        Some(step) => {
            if !is_star && !span.contains('-') {
                last = high;
            }
            value(step)?
        }
    };
    if first < low {
        return Err(format!("beginning of range ({first}) below minimum ({low}): {text}"));
    }
    if last > high {
        return Err(format!("end of range ({last}) above maximum ({high}): {text}"));
    }
    if first > last {
        return Err(format!("beginning of range ({first}) beyond end of range ({last}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    let star = if is_star && step == 1 { STAR } else { 0 };
    Ok((first..=last).step_by(step as usize).fold(star, |bits, value| bits | 1 << value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, after: &str, zone: &str) -> String {
        let after: Timestamp = after.parse().unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let found = Schedule::parse(schedule).unwrap().next(after.as_second(), &zone);
        found.map_or("never".to_owned(), |second| Timestamp::from_second(second).unwrap().to_string())
    }

    #[test]
    fn activations_follow_the_fields() {
        for (schedule, after, expected) in [
            ("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
            ("*/15 * * * *", "2026-01-01T00:14:59Z", "2026-01-01T00:15:00Z"),
            ("*/15 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"),
            ("30 2 * * mon-fri", "2026-01-02T02:30:00Z", "2026-01-05T02:30:00Z"),
            ("0 0 13 * fri", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("@hourly", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"),
            ("@every 90s", "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"),
            ("0 0 31 2 *", "2026-01-01T00:00:00Z", "never"),
        ] {
            assert_eq!(next(schedule, after, "UTC"), expected, "{schedule}");
        }
    }

    #[test]
    fn a_time_that_the_zone_leaps_over_is_left_out() {
        assert_eq!(next("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin"), "2026-03-30T00:30:00Z");
    }

    #[test]
    fn what_cron_does_not_know_is_refused() {
        for schedule in ["", "* * * *", "60 * * * *", "* * * * 7", "*/0 * * * *", "a * * * *", "5-1 * * * *", "@x"] {
            assert!(Schedule::parse(schedule).is_err(), "{schedule}");
        }
    }
}
