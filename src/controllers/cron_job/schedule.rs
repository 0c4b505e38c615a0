//! Cron expressions, and the instants they name in a time zone.
//! Upstream: robfig/cron v3 `ParseStandard`, `SpecSchedule.Next`.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, Zoned};

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

    /// The first activation after an instant, in Unix seconds; `None` within the next years. The wall clock is walked
    /// as upstream does: hours and minutes in real time, so that an hour that comes twice when clocks go back has its
    /// activations twice, and one that clocks leap over has none.
    pub(super) fn next(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        let Self::Fields { minute, hour, day, month, weekday } = *self else {
            let Self::Every(seconds) = self else { return None };
            return Some(after + seconds);
        };
        let mut at = Timestamp::from_second(after.checked_add(1)?).ok()?.to_zoned(zone.clone());
        let last_year = at.year() + YEARS_AHEAD;
        // Has a larger unit been advanced, and all smaller ones set back to their first value?
        let mut is_first = false;
        while at.year() <= last_year {
            if !has(month, at.month()) {
                let first = at.date().first_of_month();
                is_first = true;
                at = wall(first.checked_add(Span::new().months(1)).ok()?.to_datetime(Time::midnight()), zone)?;
            } else if !day_matches(day, weekday, at.date()) {
                let from = if is_first { at.datetime() } else { at.date().to_datetime(Time::midnight()) };
                is_first = true;
                at = near_midnight(wall(from.checked_add(Span::new().days(1)).ok()?, zone)?)?;
            } else if !has(hour, at.hour()) {
                let from = if is_first { at } else { wall(at.date().at(at.hour(), 0, 0, 0), zone)? };
                is_first = true;
                at = from.checked_add(SignedDuration::from_hours(1)).ok()?;
            } else if at.second() != 0 {
                is_first = true;
                at = at.checked_add(SignedDuration::from_secs(i64::from(60 - at.second()))).ok()?;
            } else if !has(minute, at.minute()) {
                is_first = true;
                at = at.checked_add(SignedDuration::from_mins(1)).ok()?;
            } else {
                return Some(at.timestamp().as_second());
            }
        }
        None
    }
}

/// The instant at which a zone's clocks show a time; the one after the gap if they never do.
fn wall(time: DateTime, zone: &TimeZone) -> Option<Zoned> {
    zone.to_ambiguous_zoned(time).compatible().ok()
}

/// A day may begin an hour late or early where clocks change at midnight.
fn near_midnight(at: Zoned) -> Option<Zoned> {
    match i64::from(at.hour()) {
        0 => Some(at),
        hour if hour > 12 => at.checked_add(SignedDuration::from_hours(24 - hour)).ok(),
        hour => at.checked_sub(SignedDuration::from_hours(hour)).ok(),
    }
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
    fn an_hour_that_comes_twice_has_its_activations_twice() {
        for (schedule, after, expected) in [
            ("30 * * * *", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"),
            ("30 * * * *", "2026-11-01T06:30:00Z", "2026-11-01T07:30:00Z"),
            ("30 1 * * *", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"),
            ("*/15 * * * *", "2026-11-01T05:45:00Z", "2026-11-01T06:00:00Z"),
            ("0 2 * * *", "2026-11-01T05:45:00Z", "2026-11-01T07:00:00Z"),
        ] {
            assert_eq!(next(schedule, after, "America/New_York"), expected, "{schedule} after {after}");
        }
    }

    #[test]
    fn what_cron_does_not_know_is_refused() {
        for schedule in ["", "* * * *", "60 * * * *", "* * * * 7", "*/0 * * * *", "a * * * *", "5-1 * * * *", "@x"] {
            assert!(Schedule::parse(schedule).is_err(), "{schedule}");
        }
    }
}
