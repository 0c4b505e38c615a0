//! What client-go's recorder remembers of the Events that a source has sent about an object: which are equal, which are
//! one of many, and whether the source may go on. One look-up per Event, because a million pods have five each.
//! Upstream: client-go tools/record `EventCorrelator`, `EventAggregator`, `EventSourceObjectSpamFilter`.

use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;

use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;

use super::events::{EventDraft, EventType};
use crate::engine::rows::Rows;
use crate::engine::{SimDuration, SimTime};
use crate::model::object::ObjectRef;

/// Distinct messages within the interval from which on Events are combined.
const AGGREGATE_FROM: usize = 10;
const AGGREGATE_WITHIN: SimDuration = SimDuration::from_secs(600);
/// Events of one source about one object that may come at once.
const SPAM_BURST: u64 = 25;
/// After that, one in this time.
const SPAM_REFILL: SimDuration = SimDuration::from_secs(300);
/// Rows of similar Events that are kept beside them; more go to a table of their own.
const ROWS_BESIDE: usize = 16;

/// A row of a table, kept as one more than its number: none at all takes no room of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(NonZeroU32);

impl Place {
    fn of(row: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(row))
    }

    fn row(self) -> u32 {
        self.0.get() - 1
    }

    fn index(self) -> usize {
        self.row() as usize
    }
}

/// What an Event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Correlated {
    /// The source has sent too many: it is dropped.
    Spam,
    /// Equal to that of a row.
    Known { row: u32, combined: bool },
    /// Unlike all before. The caller says which row it becomes with `remember`.
    New(Slot),
}

/// Where a new row is to be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    similar: Place,
    /// Hash of container, type and reason.
    pub(super) key: u64,
    /// Hash of the message.
    pub(super) message: u64,
    pub(super) combined: bool,
}

/// All sources.
#[derive(Debug, Default)]
pub(super) struct EventCorrelator {
    /// The source that last began to send about a pod, by pod.
    of_pods: Vec<Option<Place>>,
    /// The same of other objects.
    of_others: FxHashMap<ObjectRef, Place>,
    sources: Rows<Source>,
    /// What the sources have sent, in chains.
    similars: Rows<Similar>,
    /// Places of sources whose object is gone, and of what they had sent.
    free: Vec<Place>,
    free_similars: Vec<Place>,
    /// By source, kind of Event and message: rows that have no place beside their siblings.
    overflow: FxHashMap<u64, Place>,
}

/// One component on one host, about one object.
#[derive(Debug)]
struct Source {
    /// Of the component and its host.
    key: u64,
    /// The one that began before it to send about the same object.
    before: Option<Place>,
    /// Of Normal and of Warning Events.
    buckets: [Bucket; 2],
    /// The sort of Events that it began last to send.
    newest: Option<Place>,
}

/// A token bucket, of which one number tells all: the instant at which it was empty, or would have been with what came in
/// since, in nanoseconds and perhaps before the run's first.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    empty_at: i64,
}

/// Events that differ in their message only.
#[derive(Debug)]
struct Similar {
    key: u64,
    /// The one that the source began before it to send.
    before: Option<Place>,
    last: SimTime,
    /// Messages of the interval, and rows, the latest message last.
    seen: SmallVec<[Seen; 1]>,
    combined: Option<Place>,
    overflows: bool,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    message: u64,
    row: Option<Place>,
    /// Does it count for the interval?
    recent: bool,
}

impl Bucket {
    fn full(now: SimTime) -> Self {
        Self { empty_at: now.0 as i64 - (SPAM_BURST * SPAM_REFILL.0) as i64 }
    }

    fn take(&mut self, now: SimTime) -> bool {
        let empty_at = self.empty_at.max(Self::full(now).empty_at);
        let after = empty_at + SPAM_REFILL.0 as i64;
        let granted = after <= now.0 as i64;
        if granted {
            self.empty_at = after;
        }
        granted
    }
}

impl EventCorrelator {
    /// Correlates an Event with those before it.
    pub(super) fn correlate(&mut self, now: SimTime, draft: &EventDraft) -> Correlated {
        // The scheduler uses the newer events API, whose recorder neither combines nor drops.
        let legacy = draft.component != "default-scheduler";
        let source_key = hash(&(draft.component, draft.host));
        let source = self.source(now, draft.object, source_key);
        let is_normal = draft.kind == EventType::Normal;
        let key = hash(&(draft.container, is_normal, &draft.reason));
        let place = self.similar(now, source, key);
        let similar = &mut self.similars[place.index()];
        let message = hash(&draft.message);
        let combined = legacy && similar.is_one_of_many(now, message);
        if legacy && !self.sources[source.index()].buckets[usize::from(is_normal)].take(now) {
            return Correlated::Spam;
        }
        let overflow = || self.overflow.get(&hash(&(draft.object, source_key, key, message))).copied();
        let row = if combined {
            similar.combined
        } else {
            let beside = similar.seen.iter().find(|seen| seen.message == message).and_then(|seen| seen.row);
            beside.or_else(|| similar.overflows.then(overflow).flatten())
        };
        match row {
            Some(row) => Correlated::Known { row: row.row(), combined },
            None => Correlated::New(Slot { similar: place, key, message, combined }),
        }
    }

    /// The Events with this key of a source, a new row if it has sent none yet.
    fn similar(&mut self, now: SimTime, source: Place, key: u64) -> Place {
        let source = &mut self.sources[source.index()];
        let mut known = source.newest;
        while let Some(place) = known {
            let similar = &self.similars[place.index()];
            if similar.key == key {
                return place;
            }
            known = similar.before;
        }
        let before = source.newest;
        let new = Similar { key, before, last: now, seen: SmallVec::new(), combined: None, overflows: false };
        let place = put(&mut self.similars, &mut self.free_similars, new);
        source.newest = Some(place);
        place
    }

    /// The source with this key about an object, a new one if there is none yet.
    fn source(&mut self, now: SimTime, object: ObjectRef, key: u64) -> Place {
        let newest = self.newest(object);
        let mut known = newest;
        while let Some(place) = known {
            let source = &self.sources[place.index()];
            if source.key == key {
                return place;
            }
            known = source.before;
        }
        let new = Source { key, before: newest, buckets: [Bucket::full(now); 2], newest: None };
        let place = put(&mut self.sources, &mut self.free, new);
        self.set_newest(object, place);
        place
    }

    fn newest(&self, object: ObjectRef) -> Option<Place> {
        match object.as_pod() {
            Some(pod) => self.of_pods.get(pod.index()).copied().flatten(),
            None => self.of_others.get(&object).copied(),
        }
    }

    fn set_newest(&mut self, object: ObjectRef, place: Place) {
        let Some(pod) = object.as_pod() else {
            self.of_others.insert(object, place);
            return;
        };
        if self.of_pods.len() <= pod.index() {
            self.of_pods.resize(pod.index() + 1, None);
        }
        self.of_pods[pod.index()] = Some(place);
    }

    /// Nothing more is to be expected about an object that is gone: upstream's recorders forget it, too, as the least
    /// recently used of 4096. Upstream: client-go tools/record `maxLruCacheEntries`.
    pub(super) fn forget(&mut self, object: ObjectRef) {
        let mut newest = match object.as_pod() {
            Some(pod) => self.of_pods.get_mut(pod.index()).and_then(Option::take),
            None => self.of_others.remove(&object),
        };
        while let Some(place) = newest {
            let source = &mut self.sources[place.index()];
            let mut sent = source.newest.take();
            newest = source.before;
            self.free.push(place);
            while let Some(place) = sent {
                let similar = &mut self.similars[place.index()];
                similar.seen = SmallVec::new();
                sent = similar.before;
                self.free_similars.push(place);
            }
        }
    }

    /// Sources that there is room for.
    #[cfg(test)]
    pub(super) fn places(&self) -> usize {
        self.sources.len()
    }

    /// A new Event became this row.
    pub(super) fn remember(&mut self, slot: Slot, draft: &EventDraft, row: u32) {
        let row = Place::of(row);
        let similar = &mut self.similars[slot.similar.index()];
        if slot.combined {
            similar.combined = Some(row);
            return;
        }
        if let Some(seen) = similar.seen.iter_mut().find(|seen| seen.message == slot.message) {
            seen.row = Some(row);
        } else {
            similar.seen.push(Seen { message: slot.message, row: Some(row), recent: false });
        }
        if similar.seen.len() > ROWS_BESIDE
            && let Some(place) = similar.seen.iter().position(|seen| !seen.recent)
        {
            let old = similar.seen.remove(place);
            similar.overflows = true;
            let source_key = hash(&(draft.component, draft.host));
            if let Some(row) = old.row {
                self.overflow.insert(hash(&(draft.object, source_key, similar.key, old.message)), row);
            }
        }
    }
}

/// Puts a row where one is free, or behind all others.
fn put<T>(rows: &mut Rows<T>, free: &mut Vec<Place>, row: T) -> Place {
    if let Some(place) = free.pop() {
        rows[place.index()] = row;
        return place;
    }
    rows.push(row);
    Place::of(rows.len() as u32 - 1)
}

impl Similar {
    /// Notes a message. Is it the tenth or a later one within the interval?
    fn is_one_of_many(&mut self, now: SimTime, message: u64) -> bool {
        if now.since(self.last) > AGGREGATE_WITHIN {
            self.seen.iter_mut().for_each(|seen| seen.recent = false);
            self.seen.retain(|seen| seen.row.is_some());
        }
        self.last = now;
        match self.seen.iter().position(|seen| seen.message == message) {
            Some(place) if self.seen[place].recent => {}
            Some(place) => {
                let seen = self.seen.remove(place);
                self.seen.push(Seen { recent: true, ..seen });
            }
            None => self.seen.push(Seen { message, row: None, recent: true }),
        }
        if self.seen.iter().filter(|seen| seen.recent).count() < AGGREGATE_FROM {
            return false;
        }
        // Upstream forgets one so that the set does not grow.
        if let Some(oldest) = self.seen.iter().position(|seen| seen.recent) {
            if self.seen[oldest].row.is_some() {
                self.seen[oldest].recent = false;
            } else {
                self.seen.remove(oldest);
            }
        }
        true
    }
}

/// A hash that is the same in every run.
#[inline]
pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}
