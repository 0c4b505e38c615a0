//! Kubernetes Events: recorded, correlated and counted as client-go's recorder does.
//!
//! Equal Events raise a count; more than ten that differ only in their message within ten minutes are combined; a
//! source may send 25 Events of one type about one object and then one every five minutes.
//! Upstream: client-go tools/record `EventCorrelator`, `EventAggregator`, `EventSourceObjectSpamFilter`.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;

use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::object::{NodeId, ObjectRef};

/// `type` of an Event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    /// `Normal`.
    Normal,
    /// `Warning`.
    Warning,
}

impl EventType {
    /// `Normal` or `Warning`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// An Event that a component sends.
#[derive(Clone, Debug)]
pub struct EventDraft {
    /// What it is about.
    pub object: ObjectRef,
    /// The container it is about: an index into the template's containers.
    pub container: Option<u8>,
    /// Type.
    pub kind: EventType,
    /// Reason.
    pub reason: Text,
    /// Message.
    pub message: String,
    /// Component (`kubelet`, `default-scheduler`).
    pub component: &'static str,
    /// The node of the component, or `NodeId::NONE`.
    pub host: NodeId,
}

/// A stored Event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// What it is about.
    pub object: ObjectRef,
    /// The container it is about.
    pub container: Option<u8>,
    /// Type.
    pub kind: EventType,
    /// Reason.
    pub reason: Text,
    /// Message.
    pub message: Box<str>,
    /// Component.
    pub component: Text,
    /// The node of the component.
    pub host: NodeId,
    /// When it was first seen.
    pub first: SimTime,
    /// When it was last seen.
    pub last: SimTime,
    /// How often.
    pub count: u32,
}

/// One sighting: which row was made or counted, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When.
    pub at: SimTime,
    /// The row.
    pub row: u32,
    /// Its count then.
    pub count: u32,
}

/// Distinct messages within the interval from which on Events are combined.
const AGGREGATE_FROM: usize = 10;
const AGGREGATE_WITHIN: SimDuration = SimDuration::from_secs(600);
/// Events of one source about one object that may come at once.
const SPAM_BURST: u64 = 25;
/// After that, one in this time.
const SPAM_REFILL: SimDuration = SimDuration::from_secs(300);

/// Events that differ in their message only.
#[derive(Debug, Default)]
struct Similar {
    last: SimTime,
    messages: SmallVec<[u64; 2]>,
}

/// A token bucket in units of one Event's refill time.
#[derive(Debug)]
struct Bucket {
    /// Nanoseconds' worth of tokens.
    level: u64,
    at: SimTime,
}

/// All Events.
#[derive(Debug, Default)]
pub struct EventStore {
    rows: Vec<EventRow>,
    sightings: Vec<Sighting>,
    by_content: FxHashMap<u64, u32>,
    similar: FxHashMap<u64, Similar>,
    buckets: FxHashMap<u64, Bucket>,
}

impl EventStore {
    /// Records an Event. It may be dropped as spam, and where the server takes no new objects (`may_create`) only an Event
    /// that is there already is counted.
    pub(super) fn record(&mut self, now: SimTime, draft: EventDraft, may_create: bool) {
        let source = hash(&(draft.component, draft.host, draft.object));
        // The scheduler uses the newer events API, whose recorder neither combines nor drops.
        let legacy = draft.component != "default-scheduler";
        let mut message = draft.message;
        let similar_key = hash(&(source, draft.container, draft.kind == EventType::Normal, &draft.reason));
        if legacy && self.is_one_of_many(now, similar_key, &message) {
            message = format!("(combined from similar events): {message}");
        }
        let combined = message.starts_with("(combined from similar events)");
        let content = if combined { hash(&(similar_key, "combined")) } else { hash(&(similar_key, &message)) };
        if legacy && !self.has_token(now, hash(&(source, draft.kind == EventType::Normal))) {
            return;
        }
        let row = if let Some(row) = self.by_content.get(&content) {
            let known = &mut self.rows[*row as usize];
            known.count += 1;
            known.last = now;
            if combined {
                known.message = message.into();
            }
            *row
        } else if !may_create {
            return;
        } else {
            let row = self.rows.len() as u32;
            self.by_content.insert(content, row);
            self.rows.push(EventRow {
                object: draft.object,
                container: draft.container,
                kind: draft.kind,
                reason: draft.reason,
                message: message.into(),
                component: Text::const_new(draft.component),
                host: draft.host,
                first: now,
                last: now,
                count: 1,
            });
            row
        };
        self.sightings.push(Sighting { at: now, row, count: self.rows[row as usize].count });
    }

    /// Takes over an Event of another cluster: it is not correlated and was not sighted here.
    pub(super) fn import(&mut self, row: EventRow) -> u32 {
        self.rows.push(row);
        self.rows.len() as u32 - 1
    }

    /// All Events in order of their first sighting.
    pub fn rows(&self) -> &[EventRow] {
        &self.rows
    }

    /// An Event.
    pub fn row(&self, row: u32) -> &EventRow {
        &self.rows[row as usize]
    }

    /// All sightings in order.
    pub fn sightings(&self) -> &[Sighting] {
        &self.sightings
    }

    fn is_one_of_many(&mut self, now: SimTime, key: u64, message: &str) -> bool {
        let similar = self.similar.entry(key).or_default();
        if now.since(similar.last) > AGGREGATE_WITHIN {
            similar.messages.clear();
        }
        similar.last = now;
        let message = hash(&message);
        if !similar.messages.contains(&message) {
            similar.messages.push(message);
        }
        if similar.messages.len() < AGGREGATE_FROM {
            return false;
        }
        // Upstream forgets the oldest so that the set does not grow.
        similar.messages.remove(0);
        true
    }

    fn has_token(&mut self, now: SimTime, source: u64) -> bool {
        let full = SPAM_BURST * SPAM_REFILL.0;
        let bucket = self.buckets.entry(source).or_insert(Bucket { level: full, at: now });
        bucket.level = bucket.level.saturating_add(now.since(bucket.at).0).min(full);
        bucket.at = now;
        let granted = bucket.level >= SPAM_REFILL.0;
        if granted {
            bucket.level -= SPAM_REFILL.0;
        }
        granted
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::object::PodId;

    fn draft(message: &str) -> EventDraft {
        EventDraft {
            object: ObjectRef::pod(PodId(0)),
            container: None,
            kind: EventType::Warning,
            reason: Text::const_new("BackOff"),
            message: message.to_owned(),
            component: "kubelet",
            host: NodeId(0),
        }
    }

    #[test]
    fn equal_events_are_counted() {
        let mut store = EventStore::default();
        store.record(SimTime::from_secs(1), draft("a"), true);
        store.record(SimTime::from_secs(2), draft("a"), true);
        assert_eq!(store.rows().len(), 1);
        assert_eq!(store.row(0).count, 2);
        assert_eq!(store.sightings().len(), 2);
    }

    #[test]
    fn where_nothing_new_may_be_made_old_events_are_counted() {
        let mut store = EventStore::default();
        store.record(SimTime::from_secs(1), draft("a"), true);
        store.record(SimTime::from_secs(2), draft("a"), false);
        store.record(SimTime::from_secs(2), draft("b"), false);
        assert_eq!((store.rows().len(), store.row(0).count), (1, 2));
    }

    #[test]
    fn the_tenth_similar_event_is_combined() {
        let mut store = EventStore::default();
        for number in 0..12 {
            store.record(SimTime::from_secs(number), draft(&format!("message {number}")), true);
        }
        assert_eq!(store.rows().len(), 10);
        assert_eq!(&*store.row(9).message, "(combined from similar events): message 11");
        assert_eq!(store.row(9).count, 3);
    }

    #[test]
    fn the_26th_event_about_an_object_is_dropped_for_five_minutes() {
        let mut store = EventStore::default();
        // Other types count on their own.
        store.record(SimTime::ZERO, EventDraft { kind: EventType::Normal, ..draft("a") }, true);
        for _ in 0..30 {
            store.record(SimTime::ZERO, draft("a"), true);
        }
        assert_eq!(store.row(1).count, 25);
        store.record(SimTime::from_secs(300), draft("a"), true);
        assert_eq!(store.row(1).count, 26);
    }
}
