//! What client-go's recorder remembers of the Events that a source has sent about an object: which are equal, which are
//! one of many, and whether the source may go on. One look-up per Event, because a million pods have five each.
//! Upstream: client-go tools/record `EventCorrelator`, `EventAggregator`, `EventSourceObjectSpamFilter`.

use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;

use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;

use super::event_row::{EventRow, EventSortId, StoredSaid};
use super::events::{EventDraft, EventType, Said};
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
    pub(super) fn of(row: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(row))
    }

    fn row(self) -> u32 {
        self.0.get() - 1
    }

    pub(super) fn index(self) -> usize {
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
pub(super) enum Slot {
    /// The first of its sort that this source has sent.
    First { source: Place },
    /// One of several that differ in their message only, which is told here by its hash.
    Among { similar: Place, message: u64, combined: bool },
}

impl Slot {
    /// Does the new row stand for several?
    pub(super) fn is_combined(self) -> bool {
        matches!(self, Self::Among { combined: true, .. })
    }
}

/// What is stored already.
pub(super) struct Stored<'a> {
    pub rows: &'a mut Rows<EventRow>,
    pub texts: &'a Rows<Box<str>>,
}

impl Stored<'_> {
    /// Does an Event say the same as a row that stands for itself alone?
    fn says(&self, row: Place, message: &Said) -> bool {
        match (self.rows[row.index()].said(), message) {
            (StoredSaid::Text(text), Said::Text(other)) => *self.texts[text.index()] == **other,
            (StoredSaid::Assigned(node), Said::Assigned(other)) => node == *other,
            (StoredSaid::CreatedPod(pod), Said::CreatedPod(other)) => pod == *other,
            _ => false,
        }
    }

    /// Hash of what such a row says: that of the Event that it was made for.
    fn message_hash(&self, row: Place) -> u64 {
        hash(&match self.rows[row.index()].said() {
            StoredSaid::Text(text) => Said::from(self.texts[text.index()].to_string()),
            StoredSaid::Assigned(node) => Said::Assigned(node),
            StoredSaid::CreatedPod(pod) => Said::CreatedPod(pod),
        })
    }
}

/// All sources.
#[derive(Debug, Default)]
pub(super) struct EventCorrelator {
    /// The source that last began to send about a pod, by pod.
    of_pods: Rows<Option<Place>>,
    /// The same of other objects.
    of_others: FxHashMap<ObjectRef, Place>,
    sources: Rows<Source>,
    /// What the sources have sent of sorts of which there was more than one message, in chains.
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
    /// The row of the sort that it began last to send, of those sorts of which there is one message only: such rows are a
    /// chain, and nothing else has to be remembered of nearly all Events.
    alone: Option<Place>,
    /// The sort that it sent last a second message of.
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
    seen: SmallVec<[Seen; 2]>,
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
    /// Correlates an Event of a sort with those before it. `may_create`: would a new one be stored?
    pub(super) fn correlate(
        &mut self,
        now: SimTime,
        (draft, sort): (&EventDraft, EventSortId),
        mut stored: Stored<'_>,
        may_create: bool,
    ) -> Correlated {
        // The scheduler uses the newer events API, whose recorder neither combines nor drops.
        let legacy = draft.component != "default-scheduler";
        let source_key = hash(&(draft.component, draft.host));
        let source = self.source(now, draft.object, source_key);
        let bucket = usize::from(draft.kind == EventType::Normal);
        let key = hash(&(draft.container, sort));
        let similar = self.known_similar(source, key);
        let sender = &mut self.sources[source.index()];
        let alone = sender.row_alone(draft.container, sort, stored.rows);
        let is_simple = match alone {
            Some(row) => stored.says(row, &draft.message),
            None => may_create && similar.is_none(),
        };
        if is_simple && (!legacy || sender.buckets[bucket].take(now)) {
            return match alone {
                Some(row) => Correlated::Known { row: row.row(), combined: false },
                None => Correlated::New(Slot::First { source }),
            };
        }
        let place = match (alone, similar) {
            (Some(row), _) => self.no_more_alone(source, row, key, legacy, &mut stored),
            (None, Some(place)) => place,
            (None, None) => self.new_similar(now, source, key),
        };
        let similar = &mut self.similars[place.index()];
        let message = hash(&draft.message);
        let combined = legacy && similar.is_one_of_many(now, message);
        if legacy && !self.sources[source.index()].buckets[bucket].take(now) {
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
            None => Correlated::New(Slot::Among { similar: place, message, combined }),
        }
    }

    /// A source sends a second message of a sort, or too many Events: what it has sent of the sort is remembered by itself.
    fn no_more_alone(&mut self, source: Place, row: Place, key: u64, legacy: bool, stored: &mut Stored<'_>) -> Place {
        let last = stored.rows[row.index()].last;
        let seen = Seen { message: stored.message_hash(row), row: Some(row), recent: legacy };
        self.sources[source.index()].unlink(row, stored.rows);
        let place = self.new_similar(last, source, key);
        self.similars[place.index()].seen.push(seen);
        place
    }

    /// The Events with this key of a source, if it has sent several messages of them.
    fn known_similar(&self, source: Place, key: u64) -> Option<Place> {
        let mut known = self.sources[source.index()].newest;
        while let Some(place) = known {
            let similar = &self.similars[place.index()];
            if similar.key == key {
                return known;
            }
            known = similar.before;
        }
        None
    }

    /// A source begins to send several messages of the Events with this key.
    fn new_similar(&mut self, last: SimTime, source: Place, key: u64) -> Place {
        let source = &mut self.sources[source.index()];
        let before = source.newest;
        let new = Similar { key, before, last, seen: SmallVec::new(), combined: None, overflows: false };
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
        let new = Source { key, before: newest, buckets: [Bucket::full(now); 2], alone: None, newest: None };
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
        self.of_pods.fill_up(pod.index() + 1, None);
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
            source.alone = None;
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

    /// A new Event became this row, the last one.
    pub(super) fn remember(&mut self, slot: Slot, draft: &EventDraft, rows: &mut Rows<EventRow>) {
        let place = rows.len() - 1;
        let row = Place::of(place as u32);
        let (similar, message) = match slot {
            Slot::First { source } => {
                rows[place].before = self.sources[source.index()].alone.replace(row);
                return;
            }
            Slot::Among { similar, combined: true, .. } => {
                self.similars[similar.index()].combined = Some(row);
                return;
            }
            Slot::Among { similar, message, .. } => (&mut self.similars[similar.index()], message),
        };
        if let Some(seen) = similar.seen.iter_mut().find(|seen| seen.message == message) {
            seen.row = Some(row);
        } else {
            similar.seen.push(Seen { message, row: Some(row), recent: false });
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

impl Source {
    /// The row of a sort of which it has sent one message only.
    fn row_alone(&self, container: Option<u8>, sort: EventSortId, rows: &Rows<EventRow>) -> Option<Place> {
        let mut next = self.alone;
        while let Some(place) = next {
            let row = &rows[place.index()];
            if (row.sort, row.container) == (sort, container) {
                return next;
            }
            next = row.before;
        }
        None
    }

    /// Takes a row out of those that are alone.
    fn unlink(&mut self, row: Place, rows: &mut Rows<EventRow>) {
        let before = rows[row.index()].before.take();
        let mut next = self.alone;
        if next == Some(row) {
            self.alone = before;
            return;
        }
        while let Some(place) = next {
            next = rows[place.index()].before;
            if next == Some(row) {
                rows[place.index()].before = before;
                return;
            }
        }
    }
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
