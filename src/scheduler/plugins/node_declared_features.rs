//! NodeDeclaredFeatures: a pod that needs features of the kubelet runs on nodes that declare them.
//! Upstream: plugins/nodedeclaredfeatures, component-helpers/nodedeclaredfeatures.

use crate::model::Text;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{NodeFilter, PluginName, PodShape, Verdict};

/// The plugin.
#[derive(Debug)]
pub struct NodeDeclaredFeatures;

impl NodeFilter for NodeDeclaredFeatures {
    fn applies(&self, pod: &PodShape) -> bool {
        !pod.features.is_empty()
    }

    fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict {
        if pod.features.iter().all(|feature| node.facts.features.contains(feature)) {
            Verdict::PASS
        } else {
            Verdict::unresolvable(PluginName::NodeDeclaredFeatures, 1)
        }
    }

    fn reason(&self, _pod: &PodShape, _bit: u32) -> Text {
        Text::const_new("node(s) didn't match Pod's required features")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::resources::ResourceList;
    use crate::scheduler::cache::NodeFacts;
    use crate::scheduler::testing::pod_shape;

    #[test]
    fn a_pod_runs_where_all_its_features_are_declared() {
        let mut pod = pod_shape(ResourceList::default());
        let node = |features: &[&str]| {
            let features = features.iter().map(|feature| Text::from(*feature)).collect();
            let facts = NodeFacts { features, ..NodeFacts::default() };
            NodeInfo { facts: facts.into(), ..NodeInfo::default() }
        };
        assert!(!NodeDeclaredFeatures.applies(&pod));
        pod.features = vec!["A".into(), "B".into()];
        assert!(NodeDeclaredFeatures.applies(&pod));
        assert!(NodeDeclaredFeatures.filter(&pod, &node(&["B", "C", "A"])).is_pass());
        assert!(NodeDeclaredFeatures.filter(&pod, &node(&["A"])).is_unresolvable());
    }
}
