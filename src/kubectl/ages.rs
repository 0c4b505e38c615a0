//! Ages and times as kubectl prints them.

use serde_json::Value;

use crate::api::Clock;
use crate::engine::SimTime;
use crate::model::pod_columns::human_duration;

/// The age of an instant, whole seconds cut.
pub(crate) fn age(now: SimTime, then: SimTime) -> String {
    let seconds = if then > now { -(then.since(now).as_secs() as i64) } else { now.since(then).as_secs() as i64 };
    human_duration(seconds)
}

/// The age of a timestamp of an object, `<unknown>` without one.
pub(crate) fn age_of(clock: &Clock, now: SimTime, timestamp: &Value) -> String {
    seconds_of(timestamp)
        .map_or_else(|| "<unknown>".to_owned(), |seconds| human_duration(clock.unix_seconds(now) - seconds))
}

/// Unix seconds of an RFC 3339 timestamp.
pub(crate) fn seconds_of(timestamp: &Value) -> Option<i64> {
    timestamp.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// RFC 1123 in UTC, as `describe` prints times: `Thu, 15 Jan 2026 10:57:55 +0000`.
pub(crate) fn rfc1123(timestamp: &Value) -> String {
    seconds_of(timestamp)
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(String::new, |instant| instant.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
}

/// A duration as Go prints it, whole seconds: `6s`, `1m30s`, `1h0m0s`.
pub(crate) fn go_duration(duration: crate::engine::SimDuration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}
