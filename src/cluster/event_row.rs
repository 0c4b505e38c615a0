//! A stored Event: what it is about, what it says and when it was seen, in forty bytes.

use super::event_correlator::Place;
use super::events::EventType;
use crate::engine::rows::Rows;
use crate::engine::{SimTime, typed_id};
use crate::model::Text;
use crate::model::object::{NodeId, ObjectRef, PodId};

typed_id!(
    /// A text of the Events' own.
    EventText
);

/// `Said`, as a row keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoredSaid {
    /// Shared with other rows, unless it is combined.
    Text(EventText),
    Assigned(NodeId),
    CreatedPod(PodId),
}

/// Which of them, where its number stands apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SaidKind {
    Text,
    Assigned,
    CreatedPod,
}

typed_id!(
    /// What Events of one sort have in common, by number: `EventStore::sort_of` reads it.
    EventSortId
);

/// What the Events of one sort have in common: there are dozens of sorts, and five Events of each pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventSort {
    /// Type.
    pub kind: EventType,
    /// Reason.
    pub reason: Text,
    /// Component.
    pub component: Text,
}

/// A stored Event. Small on purpose: a million pods have several million. `Cluster::event_message` tells what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// What it is about.
    pub object: ObjectRef,
    /// The container it is about.
    pub container: Option<u8>,
    /// Does it stand for several similar ones, of which it says the last?
    pub is_combined: bool,
    said: SaidKind,
    said_number: u32,
    /// Type, reason and component.
    pub sort: EventSortId,
    /// The node of the component.
    pub host: NodeId,
    /// When it was last seen.
    pub last: SimTime,
    /// What is to be told of one that was not seen just once: most were.
    repeats: Option<Place>,
    /// For the correlator: the row before it in its chain.
    pub(super) before: Option<Place>,
}

const _: () = assert!(size_of::<EventRow>() <= 40);

impl EventRow {
    /// An Event that was seen once: of an object, perhaps of one of its containers, from a node.
    pub(super) fn new(
        now: SimTime,
        (object, container, host): (ObjectRef, Option<u8>, NodeId),
        sort: EventSortId,
        said: StoredSaid,
    ) -> Self {
        let mut row = Self {
            object,
            container,
            is_combined: false,
            said: SaidKind::Text,
            said_number: 0,
            sort,
            host,
            last: now,
            repeats: None,
            before: None,
        };
        row.set_said(said);
        row
    }

    /// What it says.
    pub(super) fn said(&self) -> StoredSaid {
        match self.said {
            SaidKind::Text => StoredSaid::Text(EventText(self.said_number)),
            SaidKind::Assigned => StoredSaid::Assigned(NodeId(self.said_number)),
            SaidKind::CreatedPod => StoredSaid::CreatedPod(PodId(self.said_number)),
        }
    }

    pub(super) fn set_said(&mut self, said: StoredSaid) {
        (self.said, self.said_number) = match said {
            StoredSaid::Text(text) => (SaidKind::Text, text.0),
            StoredSaid::Assigned(node) => (SaidKind::Assigned, node.0),
            StoredSaid::CreatedPod(pod) => (SaidKind::CreatedPod, pod.0),
        };
    }

    /// The text that other Events say too, if it says one.
    pub fn shared_text(&self) -> Option<EventText> {
        match self.said() {
            StoredSaid::Text(text) if !self.is_combined => Some(text),
            _ => None,
        }
    }
}

/// How Events were seen that were not seen just once.
#[derive(Debug, Default)]
pub(super) struct Repeats(Rows<Repeat>);

/// How an Event was seen again.
#[derive(Clone, Copy, Debug)]
struct Repeat {
    /// When it was first seen.
    first: SimTime,
    /// How often it was seen in all.
    count: u32,
}

impl Repeats {
    /// When an Event was first seen.
    pub(super) fn first_of(&self, row: &EventRow) -> SimTime {
        row.repeats.map_or(row.last, |place| self.0[place.index()].first)
    }

    /// How often an Event was seen.
    pub(super) fn count_of(&self, row: &EventRow) -> u32 {
        row.repeats.map_or(1, |place| self.0[place.index()].count)
    }

    /// An Event is seen once more. Returns how often it was seen by now.
    pub(super) fn see_again(&mut self, row: &mut EventRow, now: SimTime) -> u32 {
        let place = row.repeats.unwrap_or_else(|| self.note(row, 1));
        row.last = now;
        let known = &mut self.0[place.index()];
        known.count += 1;
        known.count
    }

    /// From here on it is told of an Event by itself how often it was seen, and when first: the time that it has so far.
    pub(super) fn note(&mut self, row: &mut EventRow, count: u32) -> Place {
        let place = Place::of(self.0.len() as u32);
        self.0.push(Repeat { first: row.last, count });
        row.repeats = Some(place);
        place
    }
}
