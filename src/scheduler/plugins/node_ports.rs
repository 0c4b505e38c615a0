//! NodePorts: a host port is used once on a node.

use crate::model::Text;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{NodeFilter, PluginName, PodShape, Verdict};

/// The plugin.
#[derive(Debug)]
pub struct NodePorts;

impl NodeFilter for NodePorts {
    fn applies(&self, pod: &PodShape) -> bool {
        !pod.host_ports.is_empty()
    }

    fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict {
        let taken = pod.host_ports.iter().any(|wanted| node.used_ports.iter().any(|used| wanted.conflicts(used)));
        if taken { Verdict::unschedulable(PluginName::NodePorts, 1) } else { Verdict::PASS }
    }

    fn reason(&self, _pod: &PodShape, _bit: u32) -> Text {
        Text::const_new("node(s) didn't have free ports for the requested pod ports")
    }
}
