//! What the queue has to know of a profile.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::affinity::NodeAffinity;
use crate::model::object::PodId;
use crate::scheduler::framework::{PluginName, PluginSet, Profile};

/// A profile as the queue sees it.
#[derive(Clone, Debug)]
pub struct QueueProfile {
    /// `schedulerName`.
    pub scheduler_name: Text,
    /// Who may hold pods back.
    pub pre_enqueue: PluginSet,
    /// `addedAffinity` of NodeAffinity: a node that does not match it helps nobody.
    pub added_affinity: Option<Arc<NodeAffinity>>,
}

impl QueueProfile {
    /// Of a profile.
    pub fn of(profile: &Profile) -> Self {
        Self {
            scheduler_name: profile.scheduler_name.clone(),
            pre_enqueue: profile.pre_enqueue,
            added_affinity: profile.added_affinity.clone(),
        }
    }
}

/// As in the default profile.
static DEFAULT: std::sync::LazyLock<QueueProfile> = std::sync::LazyLock::new(|| QueueProfile {
    scheduler_name: Text::const_new("default-scheduler"),
    pre_enqueue: PluginSet::of(PluginName::SchedulingGates)
        .with(PluginName::DynamicResources)
        .with(PluginName::DefaultPreemption),
    added_affinity: None,
});

/// The profile of a pod.
pub(super) fn of<'a>(profiles: &'a [QueueProfile], cluster: &Cluster, pod: PodId) -> &'a QueueProfile {
    let name = &cluster.template_of(pod).spec.scheduler_name;
    profiles.iter().find(|profile| profile.scheduler_name == *name).unwrap_or(&DEFAULT)
}
