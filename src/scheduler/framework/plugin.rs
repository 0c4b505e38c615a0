//! The extension points of plugins that judge a node by itself: what such a plugin says of a node depends on the pod's
//! shape, the node and the pods on it, so it is kept until the node changes.

use std::fmt;

use super::shape::PodShape;
use super::verdict::Verdict;
use crate::model::Text;
use crate::scheduler::cache::{Images, NodeInfo};

/// Greatest score of a plugin after normalization. Upstream: framework.MaxNodeScore.
pub const MAX_NODE_SCORE: i64 = 100;

/// Rejects nodes. Upstream: framework.PreFilterPlugin and framework.FilterPlugin.
pub trait NodeFilter: fmt::Debug {
    /// False if it would pass every node for this pod (PreFilter returned Skip).
    fn applies(&self, _pod: &PodShape) -> bool {
        true
    }

    /// May the pod run there? An out-of-tree plugin answers `Verdict::PASS` or `Verdict::rejected(bits)`.
    fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict;

    /// The text of a reason bit of its verdicts.
    fn reason(&self, pod: &PodShape, bit: u32) -> Text;
}

/// How raw scores become 0..=100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalization {
    /// They are already.
    None,
    /// 100 for the greatest. Upstream: helper.DefaultNormalizeScore.
    Max,
    /// 100 for zero, 0 for the greatest.
    ReverseMax,
}

impl Normalization {
    /// A raw score as one of 0..=100, given the greatest raw score (not less than 0) of the list.
    pub fn apply(self, score: i64, greatest: i64) -> i64 {
        match self {
            Self::None => score,
            Self::Max if greatest == 0 => score,
            Self::Max => MAX_NODE_SCORE * score / greatest,
            Self::ReverseMax if greatest == 0 => MAX_NODE_SCORE,
            Self::ReverseMax => MAX_NODE_SCORE - MAX_NODE_SCORE * score / greatest,
        }
    }
}

/// What a score plugin sees of the cluster beyond the node.
#[derive(Clone, Copy, Debug)]
pub struct ScoreContext<'a> {
    /// Number of nodes in the snapshot.
    pub nodes: usize,
    /// Known images.
    pub images: &'a Images,
}

/// Prefers nodes. Upstream: framework.PreScorePlugin and framework.ScorePlugin.
pub trait NodeScore: fmt::Debug {
    /// False if it has no preference for this pod (PreScore returned Skip).
    fn applies(&self, _pod: &PodShape) -> bool {
        true
    }

    /// How its raw scores become 0..=100.
    fn normalization(&self) -> Normalization {
        Normalization::None
    }

    /// The raw score, in the range of `i32`; 0..=100 if nothing normalizes it.
    fn score(&self, pod: &PodShape, node: &NodeInfo, context: ScoreContext<'_>) -> i64;
}
