//! The correlation of Events compared with client-go's rules written down plainly, on random Events.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::events::{EventDraft, EventStore, EventType};
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::object::{NodeId, ObjectRef, PodId};

/// What a test Event is made of: about which pod, of which container, from where, of which type, reason and message.
#[derive(Clone, Copy, Debug)]
struct Sent {
    /// Seconds since the one before it.
    after: u64,
    pod: u32,
    container: Option<u8>,
    component: &'static str,
    is_warning: bool,
    reason: &'static str,
    message: u32,
    may_create: bool,
}

#[derive(Default)]
struct Similar {
    last: u64,
    /// Message, row, and whether it counts for the interval.
    seen: Vec<(u32, Option<usize>, bool)>,
    combined: Option<usize>,
}

type Sort = (Option<u8>, bool, &'static str);

/// A recorder with an aggregator and a spam filter, as upstream has them, for each source and object.
#[derive(Default)]
struct Reference {
    similars: BTreeMap<(u32, &'static str, Sort), Similar>,
    /// Since when each bucket is empty.
    buckets: BTreeMap<(u32, &'static str, bool), i64>,
    /// Counts.
    rows: Vec<u32>,
}

impl Reference {
    fn send(&mut self, now: u64, sent: &Sent) {
        let sort = (sent.container, sent.is_warning, sent.reason);
        let legacy = sent.component != "default-scheduler";
        let similar = self.similars.entry((sent.pod, sent.component, sort)).or_default();
        let combined = legacy && similar.is_one_of_many(now, sent.message);
        // A bucket is there from the source's first Event on, of whatever type.
        for is_warning in [false, true] {
            self.buckets.entry((sent.pod, sent.component, is_warning)).or_insert(now as i64 - 25 * 300);
        }
        let bucket = self.buckets.get_mut(&(sent.pod, sent.component, sent.is_warning)).unwrap();
        let after = (*bucket).max(now as i64 - 25 * 300) + 300;
        if legacy && after > now as i64 {
            return;
        }
        if legacy {
            *bucket = after;
        }
        let own = similar.seen.iter().find(|seen| seen.0 == sent.message).and_then(|seen| seen.1);
        match if combined { similar.combined } else { own } {
            Some(row) => self.rows[row] += 1,
            None if !sent.may_create => {}
            None => {
                let row = Some(self.rows.len());
                self.rows.push(1);
                if combined {
                    similar.combined = row;
                } else if let Some(seen) = similar.seen.iter_mut().find(|seen| seen.0 == sent.message) {
                    seen.1 = row;
                } else {
                    similar.seen.push((sent.message, row, false));
                }
            }
        }
    }
}

impl Similar {
    fn is_one_of_many(&mut self, now: u64, message: u32) -> bool {
        if now - std::mem::replace(&mut self.last, now) > 600 {
            self.seen.iter_mut().for_each(|seen| seen.2 = false);
        }
        match self.seen.iter().position(|seen| seen.0 == message) {
            Some(place) if self.seen[place].2 => {}
            Some(place) => {
                let (_, row, _) = self.seen.remove(place);
                self.seen.push((message, row, true));
            }
            None => self.seen.push((message, None, true)),
        }
        if self.seen.iter().filter(|seen| seen.2).count() < 10 {
            return false;
        }
        let oldest = self.seen.iter_mut().find(|seen| seen.2).expect("ten of them are");
        oldest.2 = false;
        true
    }
}

fn events() -> impl Strategy<Value = Vec<Sent>> {
    let after = prop_oneof![6 => Just(0), 4 => 0..20u64, 1 => 0..1500u64];
    let message = prop_oneof![3 => 0..3u32, 1 => 0..40u32];
    let sort = (prop_oneof![Just(None), Just(Some(0)), Just(Some(1))], any::<bool>(), 0..3usize);
    let sent = (after, 0..2u32, sort, 0..3usize, message, prop::bool::weighted(0.9));
    let sent = sent.prop_map(|(after, pod, (container, is_warning, reason), component, message, may_create)| Sent {
        after,
        pod,
        container,
        component: ["kubelet", "default-scheduler", "job-controller"][component],
        is_warning,
        reason: ["BackOff", "Killing", "Pulled"][reason],
        message,
        may_create,
    });
    prop::collection::vec(sent, 0..400)
}

proptest! {
    #[test]
    fn rows_and_counts_are_those_of_the_plain_rules(events in events(), few_sorts in any::<bool>()) {
        let (mut store, mut reference, mut now) = (EventStore::default(), Reference::default(), 0);
        for mut sent in events {
            if few_sorts {
                (sent.pod, sent.container, sent.reason) = (0, None, "BackOff");
            }
            now += sent.after;
            reference.send(now, &sent);
            let draft = EventDraft {
                object: ObjectRef::pod(PodId(sent.pod)),
                container: sent.container,
                kind: if sent.is_warning { EventType::Warning } else { EventType::Normal },
                reason: Text::const_new(sent.reason),
                message: format!("message {}", sent.message).into(),
                component: sent.component,
                host: NodeId(0),
            };
            store.record(SimTime::from_secs(now), draft, sent.may_create);
            let counts: Vec<u32> = store.rows().iter().map(|row| store.count_of(row)).collect();
            prop_assert_eq!(&counts, &reference.rows, "after {:?} at {}", sent, now);
        }
    }
}
