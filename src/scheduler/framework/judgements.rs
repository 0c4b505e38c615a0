//! Verdicts and raw scores of nodes for each shape of pod, kept until the node changes.

use super::plugin::ScoreContext;
use super::profile::{Applicable, Profile};
use super::ranking::{Found, Ranking};
use super::shape::{PodShape, ShapeId};
use super::verdict::Verdict;
use crate::model::object::NodeId;
use crate::scheduler::cache::Cache;

/// How many scores that judge a node by itself and need normalization a profile may have: TaintToleration, NodeAffinity
/// and two out-of-tree ones.
pub const NORMALIZED: usize = 4;

/// What the node-local plugins say of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Of the filters.
    pub verdict: Verdict,
    /// Weighted sum of the scores that are 0..=100 already; 0 where the verdict is a rejection.
    pub fixed: i64,
    /// Raw scores that need normalization, in the profile's order.
    pub raw: [i32; NORMALIZED],
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    /// State of the node it was made for; 0 for none.
    generation: u32,
    judgement: Judgement,
}

/// The judgements for pods of one shape.
#[derive(Debug, Default)]
struct Column {
    rows: Vec<Row>,
    ranking: Ranking,
    /// Which plugins judge.
    applicable: Applicable,
    /// ImageLocality's scores depend on the number of nodes.
    nodes: usize,
    last_use: u64,
}

/// The judgements of the shapes used most recently.
#[derive(Debug, Default)]
pub struct Judgements {
    columns: Vec<Option<Box<Column>>>,
    kept: usize,
    uses: u64,
}

/// Shapes whose judgements are kept: 32 bytes a node each.
const SHAPES_KEPT: usize = 256;

impl Judgements {
    /// The judgements for a shape in this cycle.
    pub fn of<'a>(&'a mut self, profile: &'a Profile, id: ShapeId, shape: &'a PodShape, cache: &'a Cache) -> View<'a> {
        self.uses += 1;
        let place = id.0 as usize;
        if self.columns.len() <= place {
            self.columns.resize_with(place + 1, || None);
        }
        if self.columns[place].is_none() {
            if self.kept == SHAPES_KEPT {
                self.drop_oldest();
            }
            self.kept += 1;
        }
        let new = || Box::new(Column { applicable: profile.applicable_to(shape), ..Column::default() });
        let column = self.columns[place].get_or_insert_with(new);
        column.last_use = self.uses;
        let nodes = cache.order().len();
        if column.nodes != nodes {
            column.nodes = nodes;
            column.rows.clear();
            column.ranking.clear();
        }
        column.rows.resize(cache.generations().len(), Row::default());
        View { column, profile, shape, cache, context: ScoreContext { nodes, images: cache.images() } }
    }

    fn drop_oldest(&mut self) {
        let used =
            self.columns.iter().enumerate().filter_map(|(place, column)| Some((column.as_ref()?.last_use, place)));
        if let Some((_, oldest)) = used.min() {
            self.columns[oldest] = None;
            self.kept -= 1;
        }
    }
}

/// The judgements for one shape, made where they are missing.
#[derive(Debug)]
pub struct View<'a> {
    column: &'a mut Column,
    profile: &'a Profile,
    shape: &'a PodShape,
    cache: &'a Cache,
    context: ScoreContext<'a>,
}

impl View<'_> {
    /// The judgement of a node as it is now.
    #[inline]
    pub fn get(&mut self, node: NodeId) -> Judgement {
        let row = &self.column.rows[node.index()];
        if row.generation == self.cache.generations()[node.index()] { row.judgement } else { self.judge(node) }
    }

    /// The judgement of a node that was asked for in this cycle already.
    #[inline]
    pub fn known(&self, node: NodeId) -> Judgement {
        self.column.rows[node.index()].judgement
    }

    /// The best of the first `want` feasible nodes from `start` on in the list of nodes, where nothing but the nodes
    /// themselves decides; `None` where none is feasible or more decides.
    pub fn search(&mut self, start: usize, want: usize) -> Option<Found> {
        let mut ranking = std::mem::take(&mut self.column.ranking);
        let cache = self.cache;
        let found = ranking.search(cache, start, want, |place| self.get(cache.order()[place]));
        self.column.ranking = ranking;
        found
    }

    #[cold]
    fn judge(&mut self, node: NodeId) -> Judgement {
        let info = self.cache.node(node);
        let (profile, applicable, shape) = (self.profile, &self.column.applicable, self.shape);
        let verdict = profile.filter_applicable(applicable, shape, info);
        let mut judgement = Judgement { verdict, ..Judgement::default() };
        if judgement.verdict.is_pass() {
            judgement.fixed = profile.fixed_score(applicable, shape, info, self.context);
            let scores = profile.raw_scores(applicable, shape, info, self.context);
            for (raw, score) in judgement.raw.iter_mut().zip(scores) {
                *raw = score as i32;
            }
        }
        let generation = self.cache.generations()[node.index()];
        self.column.rows[node.index()] = Row { generation, judgement };
        judgement
    }
}
