//! The in-tree plugins by name, in upstream's default order, and small sets of them.

use std::fmt;

macro_rules! plugins {
    ($($(#[$doc:meta])* $variant:ident),* $(,)?) => {
        /// A plugin. The order is that of upstream's default MultiPoint list, out-of-tree ones come last.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum PluginName {
            $($(#[$doc])* $variant,)*
            /// One of a user's own: its place in the [`Registry`](crate::scheduler::registry::Registry).
            OutOfTree(u8),
        }

        impl PluginName {
            /// The in-tree ones in default order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in configurations, messages and metrics. What an out-of-tree plugin is called the profile knows
            /// (`Profile::name_of`).
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)*
                    Self::OutOfTree(_) => "OutOfTree",
                }
            }

            /// Its place among all plugins.
            pub(super) const fn number(self) -> u8 {
                enum Number { $($variant),* }
                match self {
                    $(Self::$variant => Number::$variant as u8,)*
                    Self::OutOfTree(slot) => Self::ALL.len() as u8 + slot,
                }
            }
        }
    };
}

plugins! {
    /// Holds pods with scheduling gates back.
    SchedulingGates,
    /// Orders the active queue.
    PrioritySort,
    /// Cordoned nodes.
    NodeUnschedulable,
    /// `spec.nodeName`.
    NodeName,
    /// Taints.
    TaintToleration,
    /// Node selectors and node affinity.
    NodeAffinity,
    /// Host ports.
    NodePorts,
    /// Requests against allocatable.
    NodeResourcesFit,
    /// Disks and claims that exclude one another.
    VolumeRestrictions,
    /// Volumes a CSI driver can attach.
    NodeVolumeLimits,
    /// Claims and the nodes their volumes can be used on.
    VolumeBinding,
    /// Zones of volumes.
    VolumeZone,
    /// Topology spread constraints.
    PodTopologySpread,
    /// Affinity and anti-affinity between pods.
    InterPodAffinity,
    /// Resource claims.
    DynamicResources,
    /// Preemption after a failed search.
    DefaultPreemption,
    /// Evenness of a node's use.
    NodeResourcesBalancedAllocation,
    /// Images already on the node.
    ImageLocality,
    /// Binds.
    DefaultBinder,
    /// Features a node declares.
    NodeDeclaredFeatures,
}

impl PluginName {
    /// How many out-of-tree plugins there can be: sets of plugins are words of 32 bits, of which one code means none.
    pub const MOST_OUT_OF_TREE: usize = 31 - Self::ALL.len();

    /// The plugin at a place.
    pub(super) fn from_number(number: u8) -> Self {
        let out_of_tree = || Self::OutOfTree(number - Self::ALL.len() as u8);
        Self::ALL.get(usize::from(number)).copied().unwrap_or_else(out_of_tree)
    }

    /// The in-tree plugin of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|plugin| plugin.as_str() == name)
    }
}

impl FromIterator<PluginName> for PluginSet {
    fn from_iter<I: IntoIterator<Item = PluginName>>(plugins: I) -> Self {
        plugins.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of plugins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginSet(u32);

impl PluginSet {
    /// None.
    pub const EMPTY: Self = Self(0);

    /// Only this one.
    pub const fn of(plugin: PluginName) -> Self {
        Self(1 << plugin.number())
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, plugin: PluginName) -> Self {
        Self(self.0 | 1 << plugin.number())
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Is it in?
    pub const fn contains(self, plugin: PluginName) -> bool {
        self.0 & 1 << plugin.number() != 0
    }

    /// Is nothing in?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members in default order.
    pub fn iter(self) -> impl Iterator<Item = PluginName> {
        (0..31).filter(move |number| self.0 & 1 << number != 0).map(PluginName::from_number)
    }
}
