//! What an autoscaler remembers of its own decisions: recommendations for stabilisation, changes for policies. Lives in
//! the controller's memory only.

use crate::engine::SimDuration;

/// The longest window that a specification may ask for. Upstream: apis/autoscaling/validation
/// `MaxStabilizationWindowSeconds`.
const LONGEST: SimDuration = SimDuration::from_secs(3600);

/// Recommendations in order of time. Equal ones after another are one entry with the time of the last: what windows ask
/// for (is there one of this value that is young enough?) needs no more, and a steady autoscaler keeps a single entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recommendations {
    entries: Vec<(i32, i64)>,
}

impl Recommendations {
    /// Nothing recommended yet?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Notes a recommendation.
    pub fn record(&mut self, now: i64, replicas: i32) {
        match self.entries.last_mut() {
            Some((value, at)) if *value == replicas => *at = now,
            _ => {
                self.entries.retain(|(_, at)| *at >= now - LONGEST.0 as i64);
                self.entries.push((replicas, now));
            }
        }
    }

    /// The last recommendation was repeated until then, by syncs that were not worth an event.
    pub fn repeat_until(&mut self, at: i64) {
        if let Some((_, last)) = self.entries.last_mut() {
            *last = at.max(*last);
        }
    }

    /// Values younger than `cutoff`, those of that very instant included.
    pub fn since(&self, cutoff: i64) -> impl Iterator<Item = i32> + '_ {
        self.entries.iter().filter(move |(_, at)| *at >= cutoff).map(|(value, _)| *value)
    }

    /// Values younger than `cutoff`, those of that very instant not included.
    pub fn after(&self, cutoff: i64) -> impl Iterator<Item = i32> + '_ {
        self.entries.iter().filter(move |(_, at)| *at > cutoff).map(|(value, _)| *value)
    }

    /// The last instants of entries other than the newest: when they leave a window, its greatest and least value may
    /// change.
    pub fn endings(&self) -> impl Iterator<Item = i64> + '_ {
        let old = self.entries.len().saturating_sub(1);
        self.entries[..old].iter().map(|(_, at)| *at)
    }
}

/// Changes of the replicas in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScaleEvents {
    entries: Vec<ScaleEvent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ScaleEvent {
    at: i64,
    by: i32,
    /// The next one may take its place; until then it counts.
    outdated: bool,
}

impl ScaleEvents {
    /// Notes a change of `by` replicas. It takes the place of the last that is older than the `longest` period of the
    /// policies of its own direction, although a policy of the other direction may look back further.
    /// Upstream: `storeScaleEvent`, `markScaleEventsOutdated`.
    pub fn record(&mut self, now: i64, by: i32, longest: SimDuration) {
        let cutoff = now - longest.0 as i64;
        for event in &mut self.entries {
            event.outdated |= event.at < cutoff;
        }
        let event = ScaleEvent { at: now, by, outdated: false };
        match self.entries.iter_mut().rev().find(|event| event.outdated) {
            Some(outdated) => *outdated = event,
            None => self.entries.push(event),
        }
    }

    /// Upstream: `getReplicasChangePerPeriod`: those exactly as old as the period no longer count.
    pub fn within(&self, now: i64, period: SimDuration) -> i32 {
        let cutoff = now - period.0 as i64;
        self.entries.iter().filter(|event| event.at > cutoff).map(|event| event.by).sum()
    }

    /// When changes were made.
    pub fn times(&self) -> impl Iterator<Item = i64> + '_ {
        self.entries.iter().map(|event| event.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_takes_the_place_of_one_older_than_its_own_directions_policies() {
        let second = |at: i64| at * 1_000_000_000;
        let longest = SimDuration::from_secs(15);
        let mut events = ScaleEvents::default();
        events.record(second(0), 1, longest);
        events.record(second(15), 2, longest);
        // Both still count for a policy of the other direction that looks back five minutes.
        assert_eq!(events.within(second(15), SimDuration::from_secs(300)), 3);
        events.record(second(40), 4, longest);
        // Both are outdated now, and the last of them made room.
        assert_eq!(events.within(second(40), SimDuration::from_secs(300)), 5);
        assert_eq!(events.within(second(40), SimDuration::from_secs(40)), 4);
    }
}
