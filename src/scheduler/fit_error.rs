//! Why no node is feasible, and upstream's words for it. Upstream: framework `FitError`, `Diagnosis`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::framework::{PluginName, PluginSet, PodShape, Profile, Verdict};
use crate::model::Text;
use crate::model::object::NodeId;

/// What a failed search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// Nodes in the snapshot.
    pub nodes: usize,
    /// The nodes looked at, each with its rejection.
    pub verdicts: Vec<(NodeId, Verdict)>,
    /// The rejection of the pod before any node was looked at.
    pub pre_filter: Option<(PluginName, Text)>,
    /// Why the nodes that were not looked at are out, where that has a reason.
    pub absent: Option<(PluginSet, Text)>,
}

impl Diagnosis {
    /// The plugins that rejected.
    pub fn rejectors(&self) -> PluginSet {
        if let Some((plugin, _)) = &self.pre_filter {
            return PluginSet::of(*plugin);
        }
        let mut rejectors = self.absent.as_ref().map_or(PluginSet::EMPTY, |(plugins, _)| *plugins);
        for (_, verdict) in &self.verdicts {
            if let Some(plugin) = verdict.plugin() {
                rejectors = rejectors.with(plugin);
            }
        }
        rejectors
    }

    /// `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.`, PostFilter's message behind it.
    pub fn message(&self, profile: &Profile, pod: &PodShape, post_filter: &str) -> String {
        let mut text = format!("0/{} nodes are available:", self.nodes);
        if let Some((_, reason)) = &self.pre_filter {
            write!(text, " {reason}.").expect("a String takes everything");
        } else {
            let reasons = self.histogram(profile, pod);
            if !reasons.is_empty() {
                write!(text, " {reasons}.").expect("a String takes everything");
            }
        }
        if !post_filter.is_empty() {
            write!(text, " {post_filter}").expect("a String takes everything");
        }
        text
    }

    fn histogram(&self, profile: &Profile, pod: &PodShape) -> String {
        let mut reasons = count_reasons(profile, pod, self.verdicts.iter().map(|(_, verdict)| *verdict));
        if let Some((_, reason)) = self.absent.as_ref().filter(|_| self.verdicts.len() < self.nodes) {
            *reasons.entry(reason.clone()).or_default() += self.nodes - self.verdicts.len();
        }
        histogram_text(reasons)
    }
}

/// How often each reason is given: once for each node that gives it.
pub fn count_reasons(
    profile: &Profile,
    pod: &PodShape,
    verdicts: impl Iterator<Item = Verdict>,
) -> BTreeMap<Text, usize> {
    // Nodes of one verdict are counted before anything is worded: there may be thousands.
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    verdicts.for_each(|verdict| *counts.entry(verdict).or_default() += 1);
    let mut reasons = BTreeMap::new();
    for (verdict, count) in counts {
        let Some(plugin) = verdict.plugin() else { continue };
        for bit in verdict.reasons() {
            *reasons.entry(profile.reason(pod, plugin, bit)).or_default() += count;
        }
    }
    reasons
}

/// `12 a, 3 b`: sorted as texts, counts first, as upstream does.
pub fn histogram_text(reasons: impl IntoIterator<Item = (Text, usize)>) -> String {
    let mut entries: Vec<String> = reasons.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    entries.sort();
    entries.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::resources::ResourceList;
    use crate::scheduler::registry::default_profile;
    use crate::scheduler::testing::pod_shape;

    #[test]
    fn reasons_are_counted_and_sorted_as_texts() {
        let reject = Verdict::unschedulable(PluginName::NodePorts, 1);
        let cordoned = Verdict::unresolvable(PluginName::NodeUnschedulable, 1);
        let mut verdicts: Vec<(NodeId, Verdict)> = (0..12).map(|node| (NodeId(node), reject)).collect();
        verdicts.extend((12..15).map(|node| (NodeId(node), cordoned)));
        let diagnosis = Diagnosis { nodes: 15, verdicts, ..Diagnosis::default() };
        let message = diagnosis.message(&default_profile(), &pod_shape(ResourceList::default()), "");
        let expected = "0/15 nodes are available: 12 node(s) didn't have free ports for the requested pod ports, \
                        3 node(s) were unschedulable.";
        assert_eq!(message, expected);
        let both = PluginSet::of(PluginName::NodePorts).with(PluginName::NodeUnschedulable);
        assert_eq!(diagnosis.rejectors(), both);
    }
}
