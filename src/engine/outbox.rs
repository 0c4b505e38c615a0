//! What a component wants to happen later: it fills an outbox, and only the simulation's loop, which
//! knows the sum of all event types, moves it into the queue.

use super::time::SimTime;

/// Events of one component with their times, in the order in which they were sent.
#[derive(Clone, Debug)]
pub struct Outbox<E> {
    items: Vec<(SimTime, E)>,
}

impl<E> Default for Outbox<E> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl<E> Outbox<E> {
    /// Sends `event` to its component at `at` (not earlier than now; `SimTime::NEVER` sends nothing).
    pub fn send(&mut self, at: SimTime, event: E) {
        if at != SimTime::NEVER {
            self.items.push((at, event));
        }
    }

    /// Nothing to move?
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes everything out, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = (SimTime, E)> + '_ {
        self.items.drain(..)
    }
}
