//! Wall-clock times of objects: the scenario's start plus virtual time, cut to seconds as the API does.

use crate::engine::{SimDuration, SimTime};

/// Turns virtual time into the timestamps that objects show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The wall-clock instant of `SimTime::ZERO` (the scenario's start minus its warm-up), Unix seconds.
    pub epoch_seconds: i64,
    /// How far the scenario's t=0 lies behind `SimTime::ZERO`.
    pub warmup: SimDuration,
}

impl Clock {
    /// The wall-clock instant in Unix seconds, cut.
    pub fn unix_seconds(&self, time: SimTime) -> i64 {
        self.epoch_seconds + time.as_secs() as i64
    }

    /// RFC 3339 with seconds: `2026-01-01T00:00:00Z`.
    pub fn timestamp(&self, time: SimTime) -> String {
        jiff::Timestamp::from_second(self.unix_seconds(time))
            .map_or_else(|_| String::new(), |instant| instant.to_string())
    }

    /// The virtual time of an RFC 3339 timestamp; what lies before `SimTime::ZERO` becomes it. `None` for no timestamp.
    pub fn time_of(&self, timestamp: &str) -> Option<SimTime> {
        let nanos = timestamp.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
        let since = nanos - i128::from(self.epoch_seconds) * 1_000_000_000;
        Some(SimTime(u64::try_from(since.max(0)).unwrap_or(u64::MAX)))
    }

    /// RFC 3339 with microseconds, as `metav1.MicroTime` prints.
    pub fn micro_timestamp(&self, time: SimTime) -> String {
        let nanos = i128::from(self.epoch_seconds) * 1_000_000_000 + i128::from(time.0);
        jiff::Timestamp::from_nanosecond(nanos).map_or_else(|_| String::new(), |instant| format!("{instant:.6}"))
    }
}
