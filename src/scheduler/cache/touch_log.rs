//! Which nodes changed lately, for those who keep something of each node.

use std::collections::VecDeque;

use crate::model::object::NodeId;

/// How many touches are kept; who is farther behind asks for every node anew.
const KEPT: usize = 1 << 12;

/// The log.
#[derive(Debug, Default)]
pub(super) struct TouchLog {
    touches: VecDeque<NodeId>,
    first: u64,
}

impl TouchLog {
    pub(super) fn push(&mut self, node: NodeId) {
        if self.touches.len() == KEPT {
            self.touches.pop_front();
            self.first += 1;
        }
        self.touches.push_back(node);
    }

    /// The place after the last touch.
    pub(super) fn end(&self) -> u64 {
        self.first + self.touches.len() as u64
    }

    /// The touches since `place`, oldest first; `None` if that is too long ago.
    pub(super) fn since(&self, place: u64) -> Option<impl Iterator<Item = NodeId>> {
        let skipped = place.checked_sub(self.first)?;
        Some(self.touches.range(skipped as usize..).copied())
    }
}
