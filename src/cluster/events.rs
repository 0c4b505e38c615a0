//! Kubernetes Events: recorded, correlated and counted as client-go's recorder does.
//!
//! Equal Events raise a count; more than ten that differ only in their message within ten minutes are combined; a
//! source may send 25 Events of one type about one object and then one every five minutes.
//! Upstream: client-go tools/record `EventCorrelator`, `EventAggregator`, `EventSourceObjectSpamFilter`.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::event_correlator::{Correlated, EventCorrelator, Stored, hash};
use super::event_row::{EventRow, EventSort, EventSortId, EventText, Repeats, StoredSaid};
use super::sightings::{Sighting, Sightings};
use crate::engine::SimTime;
use crate::engine::rows::Rows;
use crate::model::Text;
use crate::model::object::{NodeId, ObjectRef, PodId};

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

/// What an Event says. Texts that tell nothing but names are made of them when somebody reads them: a million pods have such
/// Events, and most are never read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    /// This text.
    Text(Cow<'static, str>),
    /// `Successfully assigned NAMESPACE/POD to NODE`, of the pod that the Event is about.
    Assigned(NodeId),
    /// `Created pod: POD`.
    CreatedPod(PodId),
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&'static str> for Said {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Cow<'static, str>> for Said {
    fn from(text: Cow<'static, str>) -> Self {
        Self::Text(text)
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
    pub message: Said,
    /// Component (`kubelet`, `default-scheduler`).
    pub component: &'static str,
    /// The node of the component, or `NodeId::NONE`.
    pub host: NodeId,
}

/// Places for texts that came lately: most pods' Events say the same.
const TEXTS_KEPT: usize = 256;
/// Places for sorts that came lately.
const SORTS_KEPT: usize = 64;

/// All Events.
#[derive(Debug, Default)]
pub struct EventStore {
    rows: Rows<EventRow>,
    repeats: Repeats,
    sightings: Sightings,
    correlator: EventCorrelator,
    texts: Rows<Box<str>>,
    /// Texts that came lately, by hash.
    recent_texts: Vec<EventText>,
    sorts: Vec<EventSort>,
    sort_numbers: FxHashMap<EventSort, EventSortId>,
    /// Those that came lately, by hash.
    recent_sorts: Vec<EventSortId>,
}

impl EventStore {
    /// Records an Event. It may be dropped as spam, and where the server takes no new objects (`may_create`) only an Event
    /// that is there already is counted.
    pub(super) fn record(&mut self, now: SimTime, draft: EventDraft, may_create: bool) {
        let sort = self.recent_sort(&draft);
        let stored = Stored { rows: &mut self.rows, texts: &self.texts };
        let mut count = 1;
        let row = match self.correlator.correlate(now, (&draft, sort), stored, may_create) {
            Correlated::Spam => return,
            Correlated::Known { row, combined } => {
                let known = &mut self.rows[row as usize];
                count = self.repeats.see_again(known, now);
                if combined {
                    let said = store_again(&mut self.texts, known.said(), draft.message);
                    known.set_said(said);
                }
                row
            }
            Correlated::New(_) if !may_create => return,
            Correlated::New(slot) => {
                let is_combined = slot.is_combined();
                let said = self.store(&draft.message, is_combined);
                let about = (draft.object, draft.container, draft.host);
                let mut new = EventRow::new(now, about, sort, said);
                new.is_combined = is_combined;
                self.rows.push(new);
                self.correlator.remember(slot, &draft, &mut self.rows);
                self.rows.len() as u32 - 1
            }
        };
        self.sightings.push(Sighting { at: now, row, count });
    }

    /// When an Event was first seen.
    pub fn first_of(&self, row: &EventRow) -> SimTime {
        self.repeats.first_of(row)
    }

    /// How often an Event was seen.
    pub fn count_of(&self, row: &EventRow) -> u32 {
        self.repeats.count_of(row)
    }

    /// What an Event has in common with others of its sort.
    pub fn sort_of(&self, row: &EventRow) -> &EventSort {
        &self.sorts[row.sort.index()]
    }

    /// The sort of Events of this type, reason and component.
    pub(super) fn intern_sort(&mut self, kind: EventType, reason: Text, component: Text) -> EventSortId {
        let wanted = EventSort { kind, reason, component };
        if let Some(sort) = self.sort_numbers.get(&wanted) {
            return *sort;
        }
        let sort = EventSortId::from_index(self.sorts.len());
        self.sorts.push(wanted.clone());
        self.sort_numbers.insert(wanted, sort);
        sort
    }

    /// That of an Event, looked for first where the last one with this hash is.
    fn recent_sort(&mut self, draft: &EventDraft) -> EventSortId {
        let hash = hash(&(&draft.reason, draft.component.len(), draft.kind));
        if self.recent_sorts.is_empty() {
            self.recent_sorts.resize(SORTS_KEPT, EventSortId::NONE);
        }
        let place = (hash >> 56) as usize % SORTS_KEPT;
        let recent = self.recent_sorts[place];
        let is_it = self.sorts.get(recent.index()).is_some_and(|sort| {
            sort.kind == draft.kind && sort.reason == draft.reason && sort.component == draft.component
        });
        if is_it {
            return recent;
        }
        let sort = self.intern_sort(draft.kind, draft.reason.clone(), Text::const_new(draft.component));
        self.recent_sorts[place] = sort;
        sort
    }

    /// A message as a row keeps it: a text is shared with an equal one that came lately. Those of combined Events change, and
    /// are the row's own.
    fn store(&mut self, message: &Said, is_combined: bool) -> StoredSaid {
        let text = match message {
            Said::Text(text) => &**text,
            Said::Assigned(node) => return StoredSaid::Assigned(*node),
            Said::CreatedPod(pod) => return StoredSaid::CreatedPod(*pod),
        };
        if is_combined {
            return StoredSaid::Text(push(&mut self.texts, text.into()));
        }
        if self.recent_texts.is_empty() {
            self.recent_texts.resize(TEXTS_KEPT, EventText::NONE);
        }
        let place = &mut self.recent_texts[(hash(&text) >> 56) as usize % TEXTS_KEPT];
        if self.texts.get(place.index()).is_none_or(|known| **known != *text) {
            *place = push(&mut self.texts, text.into());
        }
        StoredSaid::Text(*place)
    }

    /// An object is gone, and all who would send Events about it know.
    pub(super) fn forget(&mut self, object: ObjectRef) {
        self.correlator.forget(object);
    }

    /// Forgets the sightings before the last call of this: whoever looks at them has looked since.
    pub(super) fn forget_old_sightings(&mut self) {
        self.sightings.forget_old();
    }

    /// A text that Events say.
    pub(super) fn text(&self, text: EventText) -> &str {
        &self.texts[text.index()]
    }

    /// What an Event of another cluster says.
    pub(super) fn import_message(&mut self, text: &str) -> StoredSaid {
        StoredSaid::Text(push(&mut self.texts, text.into()))
    }

    /// Takes over an Event of another cluster, which was seen `count` times until `last`: it is not correlated and was not
    /// sighted here.
    pub(super) fn import(&mut self, mut row: EventRow, last: SimTime, count: u32) -> u32 {
        if (last, count) != (row.last, 1) {
            self.repeats.note(&mut row, count);
            row.last = last;
        }
        self.rows.push(row);
        self.rows.len() as u32 - 1
    }

    /// All Events in order of their first sighting.
    pub fn rows(&self) -> &Rows<EventRow> {
        &self.rows
    }

    /// An Event.
    pub fn row(&self, row: u32) -> &EventRow {
        &self.rows[row as usize]
    }

    /// Sightings in order.
    pub fn sightings(&self) -> &Sightings {
        &self.sightings
    }
}

fn push(texts: &mut Rows<Box<str>>, text: Box<str>) -> EventText {
    texts.push(text);
    EventText::from_index(texts.len() - 1)
}

/// The message of a combined Event changes: its old text, if it had one, is needed no more.
fn store_again(texts: &mut Rows<Box<str>>, before: StoredSaid, message: Said) -> StoredSaid {
    match (message, before) {
        (Said::Text(text), StoredSaid::Text(place)) => {
            texts[place.index()] = text.into();
            before
        }
        (Said::Text(text), _) => StoredSaid::Text(push(texts, text.into())),
        (Said::Assigned(node), _) => StoredSaid::Assigned(node),
        (Said::CreatedPod(pod), _) => StoredSaid::CreatedPod(pod),
    }
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
            message: message.to_owned().into(),
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
        let row = store.row(0);
        assert_eq!(store.count_of(row), 2);
        assert_eq!((store.first_of(row), row.last), (SimTime::from_secs(1), SimTime::from_secs(2)));
        assert_eq!(store.sightings().end(), 2);
    }

    #[test]
    fn an_event_of_another_cluster_keeps_its_times_and_its_count() {
        let mut store = EventStore::default();
        let sort = store.intern_sort(EventType::Normal, "Pulled".into(), "kubelet".into());
        let about = (ObjectRef::pod(PodId(0)), None, NodeId(0));
        let seconds = SimTime::from_secs;
        for (first, last, count) in [(1, 1, 1), (1, 5, 1), (2, 2, 3), (1, 9, 4)] {
            let said = store.import_message("a");
            let row = store.import(EventRow::new(seconds(first), about, sort, said), seconds(last), count);
            let row = store.row(row);
            let kept = (store.first_of(row), row.last, store.count_of(row));
            assert_eq!(kept, (seconds(first), seconds(last), count));
        }
    }

    #[test]
    fn where_nothing_new_may_be_made_old_events_are_counted() {
        let mut store = EventStore::default();
        store.record(SimTime::from_secs(1), draft("a"), true);
        store.record(SimTime::from_secs(2), draft("a"), false);
        store.record(SimTime::from_secs(2), draft("b"), false);
        assert_eq!((store.rows().len(), store.count_of(store.row(0))), (1, 2));
    }

    #[test]
    fn of_an_object_that_is_gone_nothing_is_remembered_and_its_place_is_used_again() {
        let mut store = EventStore::default();
        let other = EventDraft { object: ObjectRef::pod(PodId(1)), ..draft("a") };
        store.record(SimTime::from_secs(1), draft("a"), true);
        store.record(SimTime::from_secs(1), other.clone(), true);
        store.forget(ObjectRef::pod(PodId(0)));
        store.record(SimTime::from_secs(2), other, true);
        store.record(SimTime::from_secs(2), draft("a"), true);
        let counts: Vec<u32> = store.rows().iter().map(|row| store.count_of(row)).collect();
        assert_eq!(counts, [1, 2, 1]);
        assert_eq!(store.correlator.places(), 2);
    }

    #[test]
    fn the_tenth_similar_event_is_combined() {
        let mut store = EventStore::default();
        for number in 0..12 {
            store.record(SimTime::from_secs(number), draft(&format!("message {number}")), true);
        }
        assert_eq!(store.rows().len(), 10);
        let StoredSaid::Text(text) = store.row(9).said() else { panic!("a text") };
        assert_eq!((store.row(9).is_combined, store.text(text)), (true, "message 11"));
        assert_eq!(store.count_of(store.row(9)), 3);
    }

    #[test]
    fn the_26th_event_about_an_object_is_dropped_for_five_minutes() {
        let mut store = EventStore::default();
        // Other types count on their own.
        store.record(SimTime::ZERO, EventDraft { kind: EventType::Normal, ..draft("a") }, true);
        for _ in 0..30 {
            store.record(SimTime::ZERO, draft("a"), true);
        }
        assert_eq!(store.count_of(store.row(1)), 25);
        store.record(SimTime::from_secs(300), draft("a"), true);
        assert_eq!(store.count_of(store.row(1)), 26);
    }

    #[test]
    fn a_message_of_long_ago_is_known_however_many_came_since() {
        let mut store = EventStore::default();
        // Hours apart: none is one of many.
        let at = |number: u64| SimTime::from_secs(number * 3600);
        for number in 0..40 {
            store.record(at(number), draft(&format!("message {number}")), true);
        }
        store.record(at(40), draft("message 0"), true);
        store.record(at(41), draft("message 39"), true);
        assert_eq!(store.rows().len(), 40);
        assert_eq!((store.count_of(store.row(0)), store.count_of(store.row(39))), (2, 2));
    }
}
