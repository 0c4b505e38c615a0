//! What a filter says of a node, packed into one word: thousands of them are kept for each kind of pod.

use std::fmt;

use super::plugin_name::PluginName;

/// Passed, or the plugin that rejected with its reasons as bits. What a bit means is the plugin's own matter
/// (`Plugin::reason`).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verdict(u32);

const PLUGIN_BITS: u32 = 5;
const UNRESOLVABLE: u32 = 1 << PLUGIN_BITS;
const REASON_SHIFT: u32 = PLUGIN_BITS + 1;

/// How many different reasons one plugin can give.
pub const MOST_REASONS: u32 = 32 - REASON_SHIFT;

impl Verdict {
    /// The node passed.
    pub const PASS: Self = Self(0);

    /// Rejected; removing pods from the node may help. Upstream: code `Unschedulable`.
    pub const fn unschedulable(plugin: PluginName, reasons: u32) -> Self {
        Self((plugin.number() as u32 + 1) | (reasons << REASON_SHIFT))
    }

    /// Rejected, whatever pods leave. Upstream: code `UnschedulableAndUnresolvable`.
    pub const fn unresolvable(plugin: PluginName, reasons: u32) -> Self {
        Self(Self::unschedulable(plugin, reasons).0 | UNRESOLVABLE)
    }

    /// Rejected by an out-of-tree plugin, whose name the profile adds; removing pods from the node may help. `reasons` are
    /// bits, at least one.
    pub const fn rejected(reasons: u32) -> Self {
        Self(reasons << REASON_SHIFT)
    }

    /// The same where no leaving pod helps.
    pub const fn rejected_for_good(reasons: u32) -> Self {
        Self(Self::rejected(reasons).0 | UNRESOLVABLE)
    }

    /// A rejection that says no plugin, as one of this plugin.
    #[must_use]
    pub(super) fn by(self, plugin: PluginName) -> Self {
        if self.is_pass() || self.0 & (UNRESOLVABLE - 1) != 0 {
            return self;
        }
        Self(self.0 | (u32::from(plugin.number()) + 1))
    }

    /// Did it pass?
    pub const fn is_pass(self) -> bool {
        self.0 == 0
    }

    /// Can preemption not help?
    pub const fn is_unresolvable(self) -> bool {
        self.0 & UNRESOLVABLE != 0
    }

    /// Who rejected.
    pub fn plugin(self) -> Option<PluginName> {
        let code = self.0 & (UNRESOLVABLE - 1);
        (code > 0).then(|| PluginName::from_number(code as u8 - 1))
    }

    /// The reasons, lowest bit first.
    pub fn reasons(self) -> impl Iterator<Item = u32> {
        let bits = self.0 >> REASON_SHIFT;
        (0..MOST_REASONS).filter(move |bit| bits & 1 << bit != 0)
    }
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.plugin() {
            None => f.write_str("pass"),
            Some(plugin) => {
                write!(f, "{plugin}({:#b}, unresolvable {})", self.0 >> REASON_SHIFT, self.is_unresolvable())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_keeps_plugin_code_and_reasons() {
        let verdict = Verdict::unresolvable(PluginName::NodeDeclaredFeatures, 0b101);
        assert_eq!(verdict.plugin(), Some(PluginName::NodeDeclaredFeatures));
        assert!(verdict.is_unresolvable() && !verdict.is_pass());
        assert_eq!(verdict.reasons().collect::<Vec<_>>(), [0, 2]);
        assert_eq!(Verdict::PASS.plugin(), None);
        assert_eq!(Verdict::unschedulable(PluginName::SchedulingGates, 1).plugin(), Some(PluginName::SchedulingGates));
        let last = PluginName::OutOfTree(PluginName::MOST_OUT_OF_TREE as u8 - 1);
        let own = Verdict::rejected_for_good(0b10).by(last);
        assert_eq!((own.plugin(), own.is_unresolvable()), (Some(last), true));
        assert_eq!(own.by(PluginName::NodePorts), own, "who rejected is said once");
        assert_eq!(Verdict::PASS.by(last), Verdict::PASS);
    }
}
