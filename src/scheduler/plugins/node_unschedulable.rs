//! NodeUnschedulable: cordoned nodes take only pods that tolerate it.

use crate::model::Text;
use crate::model::taint::{Taint, TaintEffect, Toleration};
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{NodeFilter, PluginName, PodShape, Verdict};

/// The plugin.
#[derive(Debug)]
pub struct NodeUnschedulable;

const TAINT: Taint = Taint {
    key: Text::const_new("node.kubernetes.io/unschedulable"),
    value: Text::const_new(""),
    effect: TaintEffect::NoSchedule,
};

/// Does one of the tolerations cover a cordoned node?
pub fn tolerates_cordon(tolerations: &[Toleration]) -> bool {
    tolerations.iter().any(|toleration| toleration.tolerates(&TAINT))
}

impl NodeFilter for NodeUnschedulable {
    fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict {
        if !node.facts.unschedulable || tolerates_cordon(&pod.tolerations) {
            Verdict::PASS
        } else {
            Verdict::unresolvable(PluginName::NodeUnschedulable, 1)
        }
    }

    fn reason(&self, _pod: &PodShape, _bit: u32) -> Text {
        Text::const_new("node(s) were unschedulable")
    }
}
