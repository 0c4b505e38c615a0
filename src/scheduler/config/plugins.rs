//! Which plugins of a profile run where: the defaults with the file's changes, spread over the extension points.
//! Upstream: apis/config/v1 `getDefaultPlugins`, `mergePlugins`; framework/runtime `NewFramework`.

use std::collections::BTreeMap;

use super::args::PluginArgs;
use super::types::{KubeSchedulerProfile, PluginSet};
use crate::scheduler::framework::{ExtensionPoint, PluginName, Profile};
use crate::scheduler::registry::{Instances, Registry, build};

/// The default plugins with their weights, 0 where they have none. Upstream: `getDefaultPlugins` with the gates of
/// v1.36.
const DEFAULTS: [(PluginName, i32); 20] = [
    (PluginName::SchedulingGates, 0),
    (PluginName::PrioritySort, 0),
    (PluginName::NodeUnschedulable, 0),
    (PluginName::NodeName, 0),
    (PluginName::TaintToleration, 3),
    (PluginName::NodeAffinity, 2),
    (PluginName::NodePorts, 0),
    (PluginName::NodeResourcesFit, 1),
    (PluginName::VolumeRestrictions, 0),
    (PluginName::NodeVolumeLimits, 0),
    (PluginName::VolumeBinding, 0),
    (PluginName::VolumeZone, 0),
    (PluginName::PodTopologySpread, 2),
    (PluginName::InterPodAffinity, 2),
    (PluginName::DynamicResources, 2),
    (PluginName::DefaultPreemption, 0),
    (PluginName::NodeResourcesBalancedAllocation, 1),
    (PluginName::ImageLocality, 1),
    (PluginName::DefaultBinder, 0),
    (PluginName::NodeDeclaredFeatures, 0),
];

/// One plugin of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    weight: i32,
}

/// Enabled and disabled plugins of a point.
#[derive(Clone, Debug, Default)]
struct Set {
    enabled: Vec<Entry>,
    disabled: Vec<String>,
}

impl Set {
    fn of(typed: &PluginSet) -> Self {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let enabled = typed.enabled.iter().flatten();
        Self {
            enabled: enabled
                .map(|plugin| Entry { name: name(&plugin.name), weight: plugin.weight.unwrap_or(0) })
                .collect(),
            disabled: typed.disabled.iter().flatten().map(|plugin| name(&plugin.name)).collect(),
        }
    }

    fn is_disabled(&self, name: &str) -> bool {
        self.disabled.iter().any(|disabled| disabled == name)
    }

    /// Upstream: `mergePluginSet`.
    fn over(self, defaults: Vec<Entry>) -> Self {
        let mut enabled = Vec::new();
        let mut replaced = Vec::new();
        if !self.is_disabled("*") {
            for default in defaults {
                if self.is_disabled(&default.name) {
                    continue;
                }
                // The last of equal names counts.
                let own = self.enabled.iter().rposition(|entry| entry.name == default.name);
                replaced.extend(own);
                enabled.push(own.map_or(default, |place| self.enabled[place].clone()));
            }
        }
        let others = self.enabled.iter().enumerate().filter(|(place, _)| !replaced.contains(place));
        enabled.extend(others.map(|(_, entry)| entry.clone()));
        Self { enabled, disabled: self.disabled }
    }
}

/// The plugins of each extension point in order, and the weights of those that score.
#[derive(Clone, Debug, Default)]
pub struct EnabledPlugins {
    points: BTreeMap<ExtensionPoint, Vec<PluginName>>,
    weights: BTreeMap<PluginName, i64>,
}

impl EnabledPlugins {
    /// The plugins at a point, in order.
    pub fn at(&self, point: ExtensionPoint) -> &[PluginName] {
        self.points.get(&point).map_or(&[], Vec::as_slice)
    }

    /// The weight of a plugin that scores.
    pub fn weight(&self, plugin: PluginName) -> i64 {
        self.weights.get(&plugin).copied().unwrap_or(1)
    }
}

/// Spreads plugins over the extension points.
#[derive(Debug)]
pub struct Expansion<'a> {
    /// Who implements what.
    pub instances: &'a Instances,
    multi_point: Set,
    points: BTreeMap<ExtensionPoint, Set>,
}

/// The profile that a file describes.
///
/// # Errors
/// What keeps upstream's framework from being started.
pub(super) fn profile(typed: &KubeSchedulerProfile, args: &PluginArgs, registry: &Registry) -> Result<Profile, String> {
    let plugins = typed.plugins.clone().unwrap_or_default();
    let defaults = DEFAULTS.iter().map(|(name, weight)| Entry { name: name.as_str().to_owned(), weight: *weight });
    let multi_point = Set::of(&plugins.multi_point.clone().unwrap_or_default()).over(defaults.collect());
    let typed_points: BTreeMap<&str, PluginSet> = plugins.points().into_iter().collect();
    let points: BTreeMap<ExtensionPoint, Set> = ExtensionPoint::ALL
        .iter()
        .map(|point| (*point, Set::of(&typed_points[point.field()]).over(Vec::new())))
        .collect();
    let all = points.values().chain([&multi_point]).flat_map(|set| &set.enabled);
    let names: Vec<&str> = all.map(|entry| entry.name.as_str()).collect();
    let instances = registry.start(&names, args)?;
    let expansion = Expansion { instances: &instances, multi_point, points };
    let name = typed.scheduler_name.as_deref().unwrap_or_default();
    let enabled = expansion.expand(name)?;
    let mut profile = build(&enabled, args, instances)?;
    profile.scheduler_name = name.into();
    profile.percentage_of_nodes_to_score = typed.percentage_of_nodes_to_score.map(|share| share as usize);
    Ok(profile)
}

impl Expansion<'_> {
    /// Upstream: runtime `updatePluginList`, `expandMultiPointPlugins`, `getScoreWeights`.
    fn expand(&self, scheduler_name: &str) -> Result<EnabledPlugins, String> {
        let mut enabled = EnabledPlugins::default();
        for (point, set) in &self.points {
            let mut list: Vec<PluginName> = Vec::new();
            for entry in &set.enabled {
                let plugin = self.find(&entry.name, *point)?;
                if !self.instances.implements(plugin, *point) {
                    return Err(format!("plugin {:?} does not extend {} plugin", entry.name, point.interface()));
                }
                if list.contains(&plugin) {
                    return Err(format!("plugin {:?} already registered as {:?}", entry.name, point.interface()));
                }
                list.push(plugin);
            }
            enabled.points.insert(*point, list);
        }
        for (point, set) in &self.points {
            if set.is_disabled("*") {
                continue;
            }
            let named = enabled.at(*point).to_vec();
            let (mut overridden, mut spread) = (Vec::new(), Vec::new());
            for entry in &self.multi_point.enabled {
                let plugin = self.find(&entry.name, *point)?;
                if !self.instances.implements(plugin, *point) || set.is_disabled(&entry.name) {
                    continue;
                }
                if named.contains(&plugin) {
                    overridden.push(plugin);
                } else if spread.contains(&plugin) {
                    return Err(format!("plugin {:?} already registered as {:?}", entry.name, point.interface()));
                } else {
                    spread.push(plugin);
                }
            }
            let (mut list, rest): (Vec<_>, Vec<_>) = named.into_iter().partition(|plugin| overridden.contains(plugin));
            list.extend(spread);
            list.extend(rest);
            enabled.points.insert(*point, list);
        }
        let sorts = enabled.at(ExtensionPoint::QueueSort).len();
        if sorts != 1 {
            return Err(format!(
                "only one queue sort plugin required for profile with scheduler name {scheduler_name:?}, but got {sorts}"
            ));
        }
        if enabled.at(ExtensionPoint::Bind).is_empty() {
            let message =
                format!("at least one bind plugin is needed for profile with scheduler name {scheduler_name:?}");
            return Err(message);
        }
        self.weigh(&mut enabled)?;
        Ok(enabled)
    }

    /// A weight at the score point goes before that of multiPoint; none is 1.
    fn weigh(&self, enabled: &mut EnabledPlugins) -> Result<(), String> {
        let mut total = 0_i64;
        let at_score = self.points.get(&ExtensionPoint::Score).into_iter().flat_map(|set| &set.enabled);
        for entry in at_score.chain(&self.multi_point.enabled) {
            let plugin = self.find(&entry.name, ExtensionPoint::Score)?;
            if !self.instances.implements(plugin, ExtensionPoint::Score) || enabled.weights.contains_key(&plugin) {
                continue;
            }
            let weight = if entry.weight == 0 { 1 } else { i64::from(entry.weight) };
            let most = weight.checked_mul(100).and_then(|most| total.checked_add(most));
            total = most.ok_or("total score of Score plugins could overflow")?;
            enabled.weights.insert(plugin, weight);
        }
        Ok(())
    }

    fn find(&self, name: &str, point: ExtensionPoint) -> Result<PluginName, String> {
        self.instances.find(name).ok_or_else(|| format!("{} {name:?} does not exist", point.interface()))
    }
}
