//! The texts that all Events of a sort share: looked up once, not for each of a million pods' Events.

use std::sync::Arc;

use super::super::{TextId, Texts};
use crate::cluster::events::EventSort;
use crate::model::kind::Kind;

/// Places: a power of two.
const PLACES: usize = 64;

/// Texts of the sorts that came lately, by where these lie in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct EventSorts {
    places: Vec<Option<(Arc<EventSort>, Kind, SortTexts)>>,
}

/// What Events of one sort about objects of one kind have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct SortTexts {
    pub(super) reason: TextId,
    pub(super) source: TextId,
    /// Of what they are about.
    pub(super) kind: TextId,
    /// Do they tell of a pull?
    pub(super) is_pulled: bool,
}

impl EventSorts {
    pub(super) fn texts(&mut self, sort: &Arc<EventSort>, kind: Kind, texts: &mut Texts) -> SortTexts {
        self.places.resize(PLACES, None);
        let address = Arc::as_ptr(sort).addr();
        let place = &mut self.places[(address >> 4).wrapping_mul(0x9E37_79B9) >> 7 & (PLACES - 1)];
        match place {
            Some((known, of, found)) if Arc::ptr_eq(known, sort) && *of == kind => *found,
            _ => {
                let found = SortTexts {
                    reason: texts.intern(&sort.reason),
                    kind: texts.intern(kind.name()),
                    source: texts.intern(&sort.component),
                    is_pulled: sort.reason == "Pulled",
                };
                *place = Some((Arc::clone(sort), kind, found));
                found
            }
        }
    }
}
