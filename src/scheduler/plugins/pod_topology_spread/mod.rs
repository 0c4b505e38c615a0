//! PodTopologySpread: keeps the pods that a selector selects evenly spread over the domains of a topology key.
//!
//! Upstream counts all pods anew in each cycle. Here counts are kept for each kind of constraint set (`Spread`) and
//! brought up to date by what came and went since; the decisions are the same.

mod constraints;
mod counts;
mod filtering;
pub mod hints;
mod scoring;
mod shared;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use constraints::{ConstraintSet, Selectors};
pub use counts::Spread;
pub use filtering::{MISSING_LABEL, SKEW, SpreadFilter};
pub use scoring::SpreadScores;
use shared::Shared;

use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::{NamespaceId, ObjectRef, PodId, TemplateId};
use crate::scheduler::cache::Cache;

/// `defaultingType` and `defaultConstraints` of the plugin's arguments.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum DefaultConstraints {
    /// Upstream's own: hosts with skew 3 and zones with skew 5, both ScheduleAnyway.
    #[default]
    System,
    /// These, for pods that have none; may be empty.
    List(Vec<crate::model::affinity::TopologySpreadConstraint>),
}

/// The text of a reason bit.
pub fn reason(bit: u32) -> Text {
    Text::const_new(match bit {
        MISSING_LABEL => "node(s) didn't match pod topology spread constraints (missing required label)",
        _ => "node(s) didn't match pod topology spread constraints",
    })
}

/// A constraint set's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpreadId(u32);

/// The counts of all constraint sets in use.
#[derive(Debug, Default)]
pub struct Spreads {
    defaults: DefaultConstraints,
    rows: Vec<Spread>,
    /// Rows by the fingerprint of their set.
    by_fingerprint: FxHashMap<u64, SmallVec<[u32; 1]>>,
    by_pod: FxHashMap<(NamespaceId, TemplateId, ObjectRef), Option<SpreadId>>,
    selectors: Selectors,
    shared: Shared,
}

/// What a pod's constraints depend on; its controller only if it has none of its own.
fn key(cluster: &Cluster, pod: PodId) -> (NamespaceId, TemplateId, ObjectRef) {
    let row = cluster.pod(pod);
    let has_own = !cluster.template(row.template).spec.topology_spread.is_empty();
    let controller = if has_own || !cluster.is_live(row.controller) { ObjectRef::NONE } else { row.controller };
    (row.namespace, row.template, controller)
}

/// Constraint sets kept; beyond that all are forgotten and counted anew.
const MOST_SETS: usize = 512;

impl Spreads {
    /// With these constraints for pods that have none.
    pub fn new(defaults: DefaultConstraints) -> Self {
        Self { defaults, ..Self::default() }
    }

    /// A Service changed: pods may have other default selectors.
    pub fn forget_selectors(&mut self) {
        self.selectors.forget();
        self.by_pod.clear();
    }

    /// Counts everything anew from now on.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.by_fingerprint.clear();
        self.by_pod.clear();
    }

    /// The counts for a pod's constraints; `None` if it has none. They are out of date until `update`.
    pub fn of(&mut self, cluster: &Cluster, cache: &mut Cache, pod: PodId) -> Option<SpreadId> {
        let key @ (namespace, template, controller) = key(cluster, pod);
        if let Some(known) = self.by_pod.get(&key) {
            *known
        } else {
            let found = self.find(cluster, cache, namespace, template, controller);
            self.by_pod.insert(key, found);
            found
        }
    }

    /// Brings counts up to date.
    pub fn update(&mut self, cluster: &Cluster, cache: &Cache, id: SpreadId) {
        self.rows[id.0 as usize].update(cluster, cache, &mut self.shared);
    }

    /// The place of a pod's counts, if it has constraints and was seen before.
    pub fn known(&self, cluster: &Cluster, pod: PodId) -> Option<SpreadId> {
        self.by_pod.get(&key(cluster, pod)).copied().flatten()
    }

    /// Counts by place.
    pub fn get(&self, id: SpreadId) -> &Spread {
        &self.rows[id.0 as usize]
    }

    fn find(
        &mut self,
        cluster: &Cluster,
        cache: &mut Cache,
        namespace: NamespaceId,
        template: TemplateId,
        controller: ObjectRef,
    ) -> Option<SpreadId> {
        let content = cluster.template(template);
        let set = if content.spec.topology_spread.is_empty() {
            let selector = self.selectors.default_selector(cluster, namespace, &content.labels, controller)?;
            ConstraintSet::defaults(namespace, &self.defaults, &selector, &content.spec)
        } else {
            ConstraintSet::own(namespace, &content.spec, &content.labels)
        };
        if set.hard.is_empty() && set.soft.is_empty() {
            return None;
        }
        let fingerprint = set.fingerprint();
        let mut alike = self.by_fingerprint.get(&fingerprint).into_iter().flatten();
        if let Some(place) = alike.find(|place| self.rows[**place as usize].set == set) {
            return Some(SpreadId(*place));
        }
        if self.rows.len() == MOST_SETS {
            self.clear();
        }
        let place = self.rows.len() as u32;
        self.rows.push(Spread::new(set, cache));
        self.by_fingerprint.entry(fingerprint).or_default().push(place);
        Some(SpreadId(place))
    }
}
