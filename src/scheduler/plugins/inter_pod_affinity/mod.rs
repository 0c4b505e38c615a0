//! InterPodAffinity: keeps pods together with, or apart from, pods that a term selects, within a topology domain.
//!
//! Upstream walks all pods of all nodes in each cycle. Here counts are kept for each template that is being scheduled
//! and brought up to date by what came and went since; the decisions are the same.

mod counts;
mod filtering;
pub mod hints;
mod scoring;
pub mod terms;

use rustc_hash::FxHashMap;

pub use counts::PodAffinities;
pub use filtering::{AFFINITY, ANTI_AFFINITY, AffinityFilter, EXISTING_ANTI_AFFINITY};
pub use scoring::AffinityScores;

use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::{NamespaceId, PodId, TemplateId};
use crate::model::pod_template::PodTemplate;
use crate::scheduler::cache::Cache;

/// The plugin's arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterPodAffinityArgs {
    /// `hardPodAffinityWeight`: preference for nodes near pods that require this one.
    pub hard_pod_affinity_weight: i32,
    /// `ignorePreferredTermsOfExistingPods`.
    pub ignore_preferred_terms_of_existing_pods: bool,
}

impl Default for InterPodAffinityArgs {
    fn default() -> Self {
        Self { hard_pod_affinity_weight: 1, ignore_preferred_terms_of_existing_pods: false }
    }
}

/// The text of a reason bit.
pub fn reason(bit: u32) -> Text {
    Text::const_new(match bit {
        AFFINITY => "node(s) didn't match pod affinity rules",
        ANTI_AFFINITY => "node(s) didn't match pod anti-affinity rules",
        _ => "node(s) didn't satisfy existing pods anti-affinity rules",
    })
}

/// Has a pod any term about other pods?
pub fn has_terms(template: &PodTemplate) -> bool {
    template.spec.affinity.as_ref().is_some_and(|affinity| {
        let parts = [&affinity.pod, &affinity.anti_pod];
        parts.iter().any(|part| !part.required.is_empty() || !part.preferred.is_empty())
    })
}

/// The counts for pods scheduled recently: pods of equal labels and equal terms share them.
#[derive(Debug, Default)]
pub struct Affinities {
    args: InterPodAffinityArgs,
    rows: Vec<PodAffinities>,
    by_template: FxHashMap<(NamespaceId, TemplateId), usize>,
}

/// Counts kept; beyond that all are forgotten and counted anew.
const MOST_COUNTS: usize = 512;

impl Affinities {
    /// With these arguments.
    pub fn new(args: InterPodAffinityArgs) -> Self {
        Self { args, ..Self::default() }
    }

    /// A namespace changed: terms may select other namespaces.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.by_template.clear();
    }

    /// Brings the counts for a pod up to date. Returns whether there is anything to count: pods with terms, or terms of
    /// its own. `hypothetical`: pods that are not on nodes yet count too, so there may be.
    pub fn update(&mut self, cluster: &Cluster, cache: &mut Cache, pod: PodId, hypothetical: bool) -> bool {
        let row = cluster.pod(pod);
        let key = (row.namespace, row.template);
        if !hypothetical && !cache.has_pods_with_affinity() && !has_terms(cluster.template(row.template)) {
            // Counts of before would be out of date.
            if !self.by_template.is_empty() {
                self.by_template.remove(&key);
            }
            return false;
        }
        let place = if let Some(known) = self.by_template.get(&key) {
            *known
        } else {
            let place = self.place_of(cluster, row.namespace, row.template);
            self.by_template.insert(key, place);
            place
        };
        self.rows[place].update(cluster, cache);
        true
    }

    /// The counts for a pod, if `update` found any.
    pub fn get(&self, cluster: &Cluster, pod: PodId) -> Option<&PodAffinities> {
        let row = cluster.pod(pod);
        self.by_template.get(&(row.namespace, row.template)).map(|place| &self.rows[*place])
    }

    fn place_of(&mut self, cluster: &Cluster, namespace: NamespaceId, template: TemplateId) -> usize {
        let known = self.rows.iter().position(|counts| counts.serves(cluster, namespace, template));
        known.unwrap_or_else(|| {
            if self.rows.len() == MOST_COUNTS {
                self.clear();
            }
            self.rows.push(PodAffinities::new(cluster, namespace, template, self.args));
            self.rows.len() - 1
        })
    }
}
