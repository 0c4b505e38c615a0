//! DefaultPreemption: where a pod that fits nowhere would fit if less important pods left, and which of them.
//! Decides only; `executor` deletes the victims. Upstream: framework/preemption, plugins/defaultpreemption.

mod candidates;
mod disruption_budgets;
pub(super) mod executor;
mod pick;

pub use candidates::Candidate;

use super::algorithm::{Algorithm, Inputs};
use super::fit_error::{Diagnosis, count_reasons, histogram_text};
use super::framework::{PluginName, Verdict};
use crate::engine::SimTime;
use crate::engine::random::Stream;
use crate::model::Text;
use crate::model::object::{NodeId, PodId};
use crate::model::pod::PodConditionType;
use crate::model::pod_spec::PreemptionPolicy;
use candidates::DryRun;
use disruption_budgets::DisruptionBudgets;

/// The plugin's arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultPreemptionArgs {
    /// `minCandidateNodesPercentage`.
    pub min_candidate_nodes_percentage: usize,
    /// `minCandidateNodesAbsolute`.
    pub min_candidate_nodes_absolute: usize,
}

impl Default for DefaultPreemptionArgs {
    fn default() -> Self {
        Self { min_candidate_nodes_percentage: 10, min_candidate_nodes_absolute: 100 }
    }
}

/// What PostFilter comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum PostFilter {
    /// The pod is nominated to a node, from which pods have to go.
    Nominated(Candidate),
    /// Nothing helps: the text behind that of the FitError, and whether an old nomination is cleared.
    Rejected {
        /// As in the Event.
        message: String,
        /// Does the pod lose its nomination?
        clears_nomination: bool,
    },
}

/// What DynamicResources says of a pod whose claims hold nothing that could be given back.
const STILL_NOT: &str = "still not schedulable";
/// What DynamicResources says of a pod without claims.
const NO_CLAIMS: &str = "no new claims to deallocate";
const NOT_HELPFUL: Text = Text::const_new("Preemption is not helpful for scheduling");
const NO_VICTIMS: Text = Text::const_new("No preemption victims found for incoming pod");

/// Condition reason of a pod that preemption deletes. Upstream: core/v1 `PodReasonPreemptionByScheduler`.
pub(super) const PREEMPTION_BY_SCHEDULER: &str = "PreemptionByScheduler";

impl Algorithm {
    /// Asks the PostFilter plugins after a failed search; `None` if there are none. Upstream: runtime
    /// `RunPostFilterPlugins`.
    pub fn post_filter(
        &mut self,
        now: SimTime,
        inputs: Inputs<'_>,
        diagnosis: &Diagnosis,
        stream: &mut Stream,
    ) -> Option<PostFilter> {
        let mut reasons = Vec::new();
        let mut clears = None;
        for plugin in self.profile.post_filter.clone() {
            if plugin == PluginName::DynamicResources {
                let has_state = self.profile.pre_filter.contains(PluginName::DynamicResources);
                if diagnosis.pre_filter.is_some() || !has_state {
                    // It misses the state that its own PreFilter would have written, and ends with an error.
                    return Some(PostFilter::Rejected { message: "not found".to_owned(), clears_nomination: false });
                }
                let has_claims = inputs.cluster.template_of(inputs.pod).has_resource_claims;
                reasons.push(if has_claims { STILL_NOT.to_owned() } else { NO_CLAIMS.to_owned() });
                continue;
            }
            match self.preempt(now, inputs, diagnosis, stream) {
                PostFilter::Rejected { message, clears_nomination } => {
                    reasons.push(format!("preemption: {message}"));
                    clears = Some(clears_nomination);
                }
                nominated @ PostFilter::Nominated(_) => return Some(nominated),
            }
        }
        if reasons.is_empty() {
            return None;
        }
        Some(PostFilter::Rejected { message: reasons.join(", "), clears_nomination: clears.unwrap_or(false) })
    }

    /// Looks for pods to preempt. Upstream: `DefaultPreemption.PostFilter`.
    fn preempt(&mut self, now: SimTime, inputs: Inputs<'_>, diagnosis: &Diagnosis, stream: &mut Stream) -> PostFilter {
        if let Some(why) = ineligible(inputs, diagnosis) {
            return PostFilter::Rejected { message: why.to_owned(), clears_nomination: false };
        }
        let potential = potential_nodes(inputs, diagnosis);
        let mut verdicts = vec![None; potential.len()];
        let mut candidates = Vec::new();
        if inputs.cache.has_priority_below(inputs.cluster.template_of(inputs.pod).spec.priority) {
            let budgets = DisruptionBudgets::of(inputs.cluster);
            let prepared = self.prepared(inputs);
            let cycle = self.cycle(inputs, prepared, true);
            let offset = stream.below(potential.len() as u64) as usize;
            let wanted = wanted_candidates(potential.len(), self.profile.preemption);
            candidates =
                DryRun { now, cycle: &cycle, budgets: &budgets }.run(&potential, offset, wanted, &mut verdicts);
        }
        if let Some(candidate) = pick::pick_one(candidates, inputs.cluster, now) {
            PostFilter::Nominated(candidate)
        } else {
            let text = self.no_candidates(inputs, &verdicts);
            PostFilter::Rejected { message: text, clears_nomination: true }
        }
    }

    /// `0/5 nodes are available: 2 Insufficient cpu, 3 Preemption is not helpful for scheduling.`; a node without a
    /// verdict has no victims.
    fn no_candidates(&self, inputs: Inputs<'_>, verdicts: &[Option<Verdict>]) -> String {
        let nodes = inputs.cache.order().len();
        let tried = verdicts.iter().flatten().copied();
        let mut reasons = count_reasons(&self.profile, self.shape_content_of(inputs), tried);
        let without_victims = verdicts.iter().filter(|verdict| verdict.is_none()).count();
        for (reason, count) in [(NO_VICTIMS, without_victims), (NOT_HELPFUL, nodes - verdicts.len())] {
            if count > 0 {
                *reasons.entry(reason).or_default() += count;
            }
        }
        format!("0/{nodes} nodes are available: {}.", histogram_text(reasons))
    }
}

/// Why a pod may not preempt now. Upstream: `PodEligibleToPreemptOthers`.
fn ineligible(inputs: Inputs<'_>, diagnosis: &Diagnosis) -> Option<&'static str> {
    let Inputs { cluster, cache, pod, .. } = inputs;
    let spec = &cluster.template_of(pod).spec;
    if spec.preemption_policy == PreemptionPolicy::Never {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    let nominated = cluster.pod(pod).nominated;
    if !cache.is_known(nominated) {
        return None;
    }
    let verdict = diagnosis.verdicts.iter().find(|(node, _)| *node == nominated);
    if verdict.is_some_and(|(_, verdict)| verdict.is_unresolvable()) {
        return None;
    }
    let is_leaving = |pod: PodId| {
        let row = cluster.pod(pod);
        row.deletion.is_some()
            && row
                .status
                .condition(PodConditionType::DisruptionTarget)
                .is_some_and(|condition| condition.status.is_true() && condition.reason() == PREEMPTION_BY_SCHEDULER)
    };
    let mut lower = cache.node(nominated).pods.iter().filter(|entry| entry.priority < spec.priority);
    lower.any(|entry| is_leaving(entry.pod)).then_some("not eligible due to a terminating pod on the nominated node.")
}

/// The nodes from which pods could go, in the order of the list. Upstream: `nodesWherePreemptionMightHelp`.
fn potential_nodes(inputs: Inputs<'_>, diagnosis: &Diagnosis) -> Vec<NodeId> {
    let mut helps = vec![false; inputs.cache.generations().len()];
    for (node, verdict) in &diagnosis.verdicts {
        helps[node.index()] = !verdict.is_unresolvable();
    }
    inputs.cache.order().iter().copied().filter(|node| helps[node.index()]).collect()
}

/// Upstream: `DefaultPreemption.calculateNumCandidates`.
fn wanted_candidates(potential: usize, args: DefaultPreemptionArgs) -> usize {
    let share = potential * args.min_candidate_nodes_percentage / 100;
    share.max(args.min_candidate_nodes_absolute).min(potential)
}
