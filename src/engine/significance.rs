//! What a pending event means for idleness: a run `until: idle` ends when no live event is left.

/// What a pending event would still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Significance {
    /// Nothing: its generation has passed.
    Stale,
    /// Something that nobody would call a change (a retry that only repeats an Event, a heartbeat).
    Background,
    /// It may change what can be observed.
    Live,
}
