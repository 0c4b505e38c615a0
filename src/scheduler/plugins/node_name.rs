//! NodeName: a pod that names its node runs there only.

use crate::model::Text;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{NodeFilter, PluginName, PodShape, Verdict};

/// The plugin.
#[derive(Debug)]
pub struct NodeName;

impl NodeFilter for NodeName {
    fn applies(&self, pod: &PodShape) -> bool {
        !pod.node_name.is_empty()
    }

    fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict {
        if pod.node_name == node.facts.name { Verdict::PASS } else { Verdict::unresolvable(PluginName::NodeName, 1) }
    }

    fn reason(&self, _pod: &PodShape, _bit: u32) -> Text {
        Text::const_new("node(s) didn't match the requested node name")
    }
}
