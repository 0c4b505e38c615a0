//! TaintToleration: refuses nodes with untolerated taints, avoids those with untolerated PreferNoSchedule taints.

use crate::model::Text;
use crate::model::taint::{Taint, TaintEffect, Toleration, TolerationOperator};
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{NodeFilter, NodeScore, Normalization, PluginName, PodShape, ScoreContext, Verdict};

/// The plugin.
#[derive(Debug)]
pub struct TaintToleration;

/// Does one of the tolerations cover the taint? `Lt` and `Gt` never do: their gate is off.
fn is_tolerated(tolerations: &[Toleration], taint: &Taint) -> bool {
    let compares =
        |toleration: &Toleration| matches!(toleration.operator, TolerationOperator::Equal | TolerationOperator::Exists);
    tolerations.iter().any(|toleration| compares(toleration) && toleration.tolerates(taint))
}

/// Does a pod with these tolerations fit the taints? Upstream: `FindMatchingUntoleratedTaint` of NoSchedule, NoExecute.
pub fn tolerates_all(tolerations: &[Toleration], taints: &[Taint]) -> bool {
    taints
        .iter()
        .filter(|taint| taint.effect != TaintEffect::PreferNoSchedule)
        .all(|taint| is_tolerated(tolerations, taint))
}

impl NodeFilter for TaintToleration {
    fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict {
        if tolerates_all(&pod.tolerations, &node.facts.taints) {
            Verdict::PASS
        } else {
            Verdict::unresolvable(PluginName::TaintToleration, 1)
        }
    }

    fn reason(&self, _pod: &PodShape, _bit: u32) -> Text {
        Text::const_new("node(s) had untolerated taint(s)")
    }
}

impl NodeScore for TaintToleration {
    fn normalization(&self) -> Normalization {
        Normalization::ReverseMax
    }

    fn score(&self, pod: &PodShape, node: &NodeInfo, _context: ScoreContext<'_>) -> i64 {
        let avoided = node.facts.taints.iter().filter(|taint| taint.effect == TaintEffect::PreferNoSchedule);
        avoided.filter(|taint| !is_tolerated(&pod.tolerations, taint)).count() as i64
    }
}
