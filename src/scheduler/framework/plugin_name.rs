//! The in-tree plugins by name, in upstream's default order, and small sets of them.

use std::fmt;

macro_rules! plugins {
    ($($(#[$doc:meta])* $variant:ident),* $(,)?) => {
        /// An in-tree plugin. The order is that of upstream's default MultiPoint list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum PluginName {
            $($(#[$doc])* $variant),*
        }

        impl PluginName {
            /// All of them in default order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in configurations, messages and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
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
    /// The plugin of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|plugin| plugin.as_str() == name)
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
        Self(1 << plugin as u8)
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, plugin: PluginName) -> Self {
        Self(self.0 | 1 << plugin as u8)
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Is it in?
    pub const fn contains(self, plugin: PluginName) -> bool {
        self.0 & 1 << plugin as u8 != 0
    }

    /// Is nothing in?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members in default order.
    pub fn iter(self) -> impl Iterator<Item = PluginName> {
        PluginName::ALL.iter().copied().filter(move |plugin| self.contains(*plugin))
    }
}
