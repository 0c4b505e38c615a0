//! The plugins that there are, and how a profile is put together from them. A new in-tree plugin is one file in
//! `plugins/`, its row in `framework::ExtensionPoint`, and one line here; a user's own is added to a [`Registry`].

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::config::{EnabledPlugins, PluginArgs, SchedulerConfiguration};
use super::framework::{
    ClusterPlugin, EnabledFilter, ExtensionPoint, FilterKind, NORMALIZED, NodeFilter, NodeScore, Normalization,
    PluginName, PluginSet, Profile, WeightedScore,
};
use super::plugins::dynamic_resources::DynamicResources;
use super::plugins::image_locality::ImageLocality;
use super::plugins::node_affinity::NodeAffinity;
use super::plugins::node_declared_features::NodeDeclaredFeatures;
use super::plugins::node_name::NodeName;
use super::plugins::node_ports::NodePorts;
use super::plugins::node_unschedulable::NodeUnschedulable;
use super::plugins::taint_toleration::TaintToleration;
use super::plugins::volume_restrictions::VolumeRestrictions;
use crate::model::Text;

/// The default profile. Upstream: apis/config/v1 `getDefaultPlugins`.
pub fn default_profile() -> Profile {
    SchedulerConfiguration::default().profiles.remove(0)
}

/// A started plugin of a user's own: what it does at the two extension points that are open to it.
#[derive(Debug, Default)]
pub struct OutOfTreePlugin {
    /// Rejects nodes.
    pub filter: Option<Box<dyn NodeFilter>>,
    /// Prefers nodes.
    pub score: Option<Box<dyn NodeScore>>,
}

/// Starts a plugin with its `pluginConfig` arguments (null if there are none), or says what is wrong with them.
pub type Factory = Arc<dyn Fn(&Value) -> Result<OutOfTreePlugin, String>>;

/// Plugins of a user's own, by name. Upstream: cmd/kube-scheduler/app `WithPlugin`.
#[derive(Clone, Default)]
pub struct Registry {
    plugins: Vec<(Text, Factory)>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.plugins.iter().map(|(name, _)| name)).finish()
    }
}

impl Registry {
    /// Adds a plugin, which then can be enabled by its name in a KubeSchedulerConfiguration.
    ///
    /// # Errors
    /// The name is taken, or there are too many.
    pub fn add(
        &mut self,
        name: &str,
        factory: impl Fn(&Value) -> Result<OutOfTreePlugin, String> + 'static,
    ) -> Result<(), String> {
        if PluginName::from_name(name).is_some() || self.plugins.iter().any(|(known, _)| known == name) {
            return Err(format!("a plugin named {name} already exists"));
        }
        if self.plugins.len() == PluginName::MOST_OUT_OF_TREE {
            return Err(format!("there can be {} out-of-tree plugins", PluginName::MOST_OUT_OF_TREE));
        }
        self.plugins.push((name.into(), Arc::new(factory)));
        Ok(())
    }

    /// Starts those of the out-of-tree plugins that are needed.
    pub(super) fn start(&self, needed: &[&str], args: &PluginArgs) -> Result<Instances, String> {
        let names = self.plugins.iter().map(|(name, _)| name.clone()).collect();
        let mut instances = Instances { names, plugins: Vec::new() };
        for (name, factory) in &self.plugins {
            let started = needed.contains(&name.as_str()).then(|| factory(args.of_out_of_tree(name))).transpose();
            let started = started.map_err(|why| format!("initializing plugin {:?}: {why}", name.as_str()))?;
            instances.plugins.push(started);
        }
        Ok(instances)
    }
}

/// The out-of-tree plugins that a profile has started, by their place in the registry.
#[derive(Debug)]
pub struct Instances {
    names: Vec<Text>,
    plugins: Vec<Option<OutOfTreePlugin>>,
}

impl Instances {
    /// The plugin of this name.
    pub fn find(&self, name: &str) -> Option<PluginName> {
        let out_of_tree = || {
            let slot = self.names.iter().position(|known| known == name)?;
            Some(PluginName::OutOfTree(slot as u8))
        };
        PluginName::from_name(name).or_else(out_of_tree)
    }

    /// Does a plugin take part at an extension point?
    pub fn implements(&self, plugin: PluginName, point: ExtensionPoint) -> bool {
        let PluginName::OutOfTree(slot) = plugin else { return point.is_implemented_by(plugin) };
        let Some(started) = &self.plugins[usize::from(slot)] else { return false };
        match point {
            ExtensionPoint::Filter => started.filter.is_some(),
            ExtensionPoint::Score => started.score.is_some(),
            _ => false,
        }
    }

    fn take_filter(&mut self, slot: u8) -> Option<Box<dyn NodeFilter>> {
        self.plugins.get_mut(usize::from(slot))?.as_mut()?.filter.take()
    }

    fn take_score(&mut self, slot: u8) -> Option<Box<dyn NodeScore>> {
        self.plugins.get_mut(usize::from(slot))?.as_mut()?.score.take()
    }
}

/// Puts a profile together.
///
/// # Errors
/// Arguments that a plugin refuses, or more normalized scores than there is room for.
pub(super) fn build(enabled: &EnabledPlugins, args: &PluginArgs, mut instances: Instances) -> Result<Profile, String> {
    // Upstream starts every enabled plugin, so its arguments are refused wherever it is enabled.
    let is_enabled = |plugin: PluginName| ExtensionPoint::ALL.iter().any(|point| enabled.at(*point).contains(&plugin));
    if is_enabled(PluginName::NodeResourcesFit) {
        args.fit().map_err(|why| format!("initializing plugin \"NodeResourcesFit\": {why}"))?;
    }
    let set = |point| -> PluginSet { enabled.at(point).iter().copied().collect() };
    let filters = set(ExtensionPoint::Filter);
    let scores = set(ExtensionPoint::Score);
    let weight = |plugin| scores.contains(plugin).then(|| enabled.weight(plugin));
    let mut profile = Profile {
        score_order: enabled.at(ExtensionPoint::Score).to_vec(),
        pre_enqueue: set(ExtensionPoint::PreEnqueue),
        pre_filter: set(ExtensionPoint::PreFilter),
        post_filter: enabled.at(ExtensionPoint::PostFilter).to_vec(),
        binds_volumes: set(ExtensionPoint::Reserve).contains(PluginName::VolumeBinding)
            && set(ExtensionPoint::PreBind).contains(PluginName::VolumeBinding),
        volume_bind_timeout: args.volume_bind_timeout(),
        preemption: args.preemption(),
        added_affinity: args.added_affinity().filter(|_| is_enabled(PluginName::NodeAffinity)),
        out_of_tree: instances.names.clone(),
        spread: is_enabled(PluginName::PodTopologySpread).then(|| ClusterPlugin {
            args: args.spread(),
            filters: filters.contains(PluginName::PodTopologySpread),
            weight: weight(PluginName::PodTopologySpread),
        }),
        affinity: is_enabled(PluginName::InterPodAffinity).then(|| ClusterPlugin {
            args: args.affinity(),
            filters: filters.contains(PluginName::InterPodAffinity),
            weight: weight(PluginName::InterPodAffinity),
        }),
        ..Profile::default()
    };
    for plugin in enabled.at(ExtensionPoint::Filter) {
        add_filter(&mut profile, *plugin, args, &mut instances)?;
    }
    for plugin in enabled.at(ExtensionPoint::Score) {
        if let Some(score) = score(*plugin, args, &mut instances)? {
            profile.node_scores.push(WeightedScore { name: *plugin, plugin: score, weight: enabled.weight(*plugin) });
        }
    }
    let is_normalized = |score: &&WeightedScore| score.plugin.normalization() != Normalization::None;
    if profile.node_scores.iter().filter(is_normalized).count() > NORMALIZED {
        return Err(format!("a profile can have {NORMALIZED} scores of single nodes that are normalized"));
    }
    Ok(profile)
}

fn add_filter(
    profile: &mut Profile,
    name: PluginName,
    args: &PluginArgs,
    instances: &mut Instances,
) -> Result<(), String> {
    let node: Option<Box<dyn NodeFilter>> = match name {
        PluginName::NodeUnschedulable => Some(Box::new(NodeUnschedulable)),
        PluginName::NodeName => Some(Box::new(NodeName)),
        PluginName::TaintToleration => Some(Box::new(TaintToleration)),
        PluginName::NodeAffinity => Some(Box::new(NodeAffinity { added: args.added_affinity() })),
        PluginName::NodePorts => Some(Box::new(NodePorts)),
        PluginName::NodeResourcesFit => Some(Box::new(args.fit()?)),
        PluginName::VolumeRestrictions => Some(Box::new(VolumeRestrictions)),
        PluginName::DynamicResources => Some(Box::new(DynamicResources)),
        PluginName::NodeDeclaredFeatures => Some(Box::new(NodeDeclaredFeatures)),
        PluginName::OutOfTree(slot) => instances.take_filter(slot),
        _ => None,
    };
    let looks_wider = |enabled: &EnabledFilter| matches!(enabled.kind, FilterKind::Wide);
    if let Some(filter) = node {
        if profile.filters.iter().any(looks_wider) {
            profile.late_filters = profile.late_filters.with(name);
        }
        profile.filters.push(EnabledFilter { name, kind: FilterKind::Node(filter) });
    }
    let is_wide = matches!(
        name,
        PluginName::VolumeRestrictions
            | PluginName::NodeVolumeLimits
            | PluginName::VolumeBinding
            | PluginName::VolumeZone
            | PluginName::PodTopologySpread
            | PluginName::InterPodAffinity
    );
    if is_wide {
        profile.filters.push(EnabledFilter { name, kind: FilterKind::Wide });
    }
    Ok(())
}

/// The score of a plugin that judges a node by itself.
fn score(name: PluginName, args: &PluginArgs, instances: &mut Instances) -> Result<Option<Box<dyn NodeScore>>, String> {
    Ok(match name {
        PluginName::TaintToleration => Some(Box::new(TaintToleration)),
        PluginName::NodeAffinity => Some(Box::new(NodeAffinity { added: args.added_affinity() })),
        PluginName::NodeResourcesFit => Some(Box::new(args.fit()?)),
        PluginName::NodeResourcesBalancedAllocation => Some(Box::new(args.balanced())),
        PluginName::ImageLocality => Some(Box::new(ImageLocality)),
        PluginName::OutOfTree(slot) => instances.take_score(slot),
        // VolumeBinding scores only with StorageCapacityScoring, DynamicResources only what it can allocate.
        _ => None,
    })
}
