//! What containers use, counted with their workload.

use super::super::{Amounts, PodIndex, UsageIndex};
use super::Collector;
use crate::engine::SimTime;
use crate::model::object::PodId;

/// What a container row's use was when it was last told of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Use {
    group: UsageIndex,
    used: Amounts,
    throttled_milli: u64,
}

impl Collector {
    /// A container (`row` of the machines' table) of a pod uses this from now on, and its limit keeps so many millicores
    /// from it. A row is used again only after it was told to use nothing.
    pub fn container_uses(&mut self, now: SimTime, row: usize, pod: PodId, used: Amounts, throttled_milli: u64) {
        let now = self.moment(now);
        self.uses.fill_up(row + 1, Use::default());
        let known = &mut self.uses[row];
        if (known.used, known.throttled_milli) == (used, throttled_milli) {
            return;
        }
        let was_idle = (known.used, known.throttled_milli) == (Amounts::default(), 0);
        if was_idle {
            known.group = self.record.usage_group(PodIndex(pod.0));
        }
        let before = (known.used, known.throttled_milli);
        (known.used, known.throttled_milli) = (used, throttled_milli);
        let group = known.group;
        self.record.usage_changed(now, group, before, (used, throttled_milli));
    }
}
