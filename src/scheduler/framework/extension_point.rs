//! The points of a scheduling cycle at which plugins take part, and which in-tree plugin takes part where.

use super::plugin_name::PluginName;
use PluginName::{
    DefaultBinder, DefaultPreemption, DynamicResources, ImageLocality, InterPodAffinity, NodeAffinity,
    NodeDeclaredFeatures, NodeName, NodePorts, NodeResourcesBalancedAllocation, NodeResourcesFit, NodeUnschedulable,
    NodeVolumeLimits, PodTopologySpread, PrioritySort, SchedulingGates, TaintToleration, VolumeBinding,
    VolumeRestrictions, VolumeZone,
};

macro_rules! points {
    ($($(#[$doc:meta])* $variant:ident $field:literal $interface:literal [$($plugin:ident),*];)*) => {
        /// An extension point.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ExtensionPoint {
            $($(#[$doc])* $variant),*
        }

        impl ExtensionPoint {
            /// All of them, in the order in which upstream fills them (runtime `getExtensionPoints`).
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its field of `plugins` in a configuration.
            pub fn field(self) -> &'static str {
                match self { $(Self::$variant => $field),* }
            }

            /// The interface that a plugin has to implement.
            pub fn interface(self) -> &'static str {
                match self { $(Self::$variant => $interface),* }
            }

            /// Does the in-tree plugin take part?
            pub fn is_implemented_by(self, plugin: PluginName) -> bool {
                match self { $(Self::$variant => [$($plugin),*].contains(&plugin)),* }
            }
        }
    };
}

points! {
    /// Before the filters, once a cycle.
    PreFilter "preFilter" "PreFilterPlugin" [
        NodeAffinity, NodePorts, NodeResourcesFit, VolumeRestrictions, NodeVolumeLimits, VolumeBinding, VolumeZone,
        PodTopologySpread, InterPodAffinity, DynamicResources, NodeDeclaredFeatures
    ];
    /// May the pod run on a node?
    Filter "filter" "FilterPlugin" [
        NodeUnschedulable, NodeName, TaintToleration, NodeAffinity, NodePorts, NodeResourcesFit, VolumeRestrictions,
        NodeVolumeLimits, VolumeBinding, VolumeZone, PodTopologySpread, InterPodAffinity, DynamicResources,
        NodeDeclaredFeatures
    ];
    /// After a search without a result.
    PostFilter "postFilter" "PostFilterPlugin" [DynamicResources, DefaultPreemption];
    /// When a node was chosen.
    Reserve "reserve" "ReservePlugin" [VolumeBinding, DynamicResources];
    /// Before the scores, once a cycle.
    PreScore "preScore" "PreScorePlugin" [
        TaintToleration, NodeAffinity, NodeResourcesFit, VolumeBinding, PodTopologySpread, InterPodAffinity,
        NodeResourcesBalancedAllocation
    ];
    /// How good is a node?
    Score "score" "ScorePlugin" [
        TaintToleration, NodeAffinity, NodeResourcesFit, VolumeBinding, PodTopologySpread, InterPodAffinity,
        DynamicResources, NodeResourcesBalancedAllocation, ImageLocality
    ];
    /// Before the binding.
    PreBind "preBind" "PreBindPlugin" [VolumeBinding, DynamicResources];
    /// The binding.
    Bind "bind" "BindPlugin" [DefaultBinder];
    /// After the binding.
    PostBind "postBind" "PostBindPlugin" [];
    /// May the binding begin?
    Permit "permit" "PermitPlugin" [];
    /// May the pod enter the active queue?
    PreEnqueue "preEnqueue" "PreEnqueuePlugin" [SchedulingGates, DynamicResources, DefaultPreemption];
    /// The order of the active queue.
    QueueSort "queueSort" "QueueSortPlugin" [PrioritySort];
}
