//! When a dump was taken: the last instant that any of its objects names.

use serde_json::Value;

/// Members that hold instants of the past. Deletions, expiries and schedules may lie ahead.
const PAST: [&str; 14] = [
    "creationTimestamp",
    "lastHeartbeatTime",
    "lastTransitionTime",
    "lastUpdateTime",
    "lastProbeTime",
    "lastTimestamp",
    "firstTimestamp",
    "eventTime",
    "startedAt",
    "finishedAt",
    "startTime",
    "completionTime",
    "lastScheduleTime",
    "lastScaleTime",
];

/// From the first to the last instant of a dump. RFC 3339 in UTC compares as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    first: String,
    last: String,
}

impl Span {
    /// The first instant in Unix seconds, cut; none if no object names one.
    pub fn first(&self) -> Option<i64> {
        seconds(&self.first)
    }

    /// The first whole Unix second at or after the last instant.
    pub fn last(&self) -> Option<i64> {
        let instant = self.last.parse::<jiff::Timestamp>().ok()?;
        Some(instant.as_second() + i64::from(instant.subsec_nanosecond() > 0))
    }

    /// Takes in what an object names.
    pub(super) fn take(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    match member {
                        Value::String(text) if PAST.contains(&key.as_str()) => self.instant(text),
                        Value::Object(_) | Value::Array(_) => self.take(member),
                        _ => {}
                    }
                }
            }
            Value::Array(members) => members.iter().for_each(|member| self.take(member)),
            _ => {}
        }
    }

    fn instant(&mut self, text: &str) {
        // What is older than Kubernetes is Go's zero time, or no time.
        if !text.ends_with('Z') || text < "2014" || text.len() < 20 {
            return;
        }
        if self.first.is_empty() || text < self.first.as_str() {
            text.clone_into(&mut self.first);
        }
        if text > self.last.as_str() {
            text.clone_into(&mut self.last);
        }
    }
}

fn seconds(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}
