//! Whether some nodes do: the scenario is run on them as it is, then with each loss that it has to survive, for each seed.
//! The first run that fails a requirement decides; no further one is made.

use std::collections::BTreeMap;

use crate::engine::SimDuration;
use crate::engine::distribution::Distribution;
use crate::record::{Moment, Record};
use crate::scenario::CapacityCase;
use crate::scenario::expressions::Expression;
use crate::scenario::plan::faults::{Fault, Kind, Target};
use crate::scenario::plan::{Action, Expectation, ExpectationTime, Node, Output, Plan, Step, Trigger, Until};
use crate::scenario::schema::capacity::Loss as LossTime;
use crate::scenario::schema::leaves::Duration;
use crate::scenario::setting::{Setting, Target as SettingTarget};
use crate::sweep::{RunError, simulate, simulate_until_failure};

use super::bound::Amount;
use super::demand::{Snapshot, extended, peak, snapshot, unplaced};
use super::fleet::{Counts, Fleet, allocatable, zone};

/// Most sets of zones whose loss is tried, those that take the most first.
const LOSSES_MAX: usize = 12;

/// A requirement that a run did not keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// The requirement.
    pub requirement: String,
    /// What was true instead.
    pub found: String,
    /// When this was seen.
    pub at: Moment,
    /// What the run lost; empty for nothing.
    pub lost: String,
    /// When it lost it.
    pub lost_at: Option<SimDuration>,
    /// The run's seed.
    pub seed: u64,
    /// Pods without a node, with the scheduler's words.
    pub unplaced: Vec<(String, String)>,
    /// Autoscalers that would have scaled further.
    pub limited: Vec<String>,
}

/// What came of some nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// What failed first; nothing if all runs kept all requirements.
    pub failure: Option<Failure>,
    /// The cluster when the most was asked for, with nothing lost and the first seed; none where that was not run.
    pub peak: Option<Snapshot>,
    /// Seeds that were looked at, and those of them that kept everything.
    pub seeds: (u32, u32),
    /// Events that its runs have handled; runs that were known before cost none.
    pub events: u64,
}

/// How closely some nodes are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// With the first seed and the worst loss; where the instant of the loss is known already, without the run that
    /// loses nothing. What fails this fails.
    Quick(Option<SimDuration>),
    /// With every seed, nothing lost and every loss, up to the first failure.
    Thorough,
    /// The same, and a seed that fails does not keep others from being looked at.
    EverySeed,
}

/// Everything that trials have in common.
pub struct Trials<'a> {
    /// The plan.
    pub case: &'a CapacityCase,
    /// Its machines.
    pub fleet: &'a Fleet,
    /// Called after each run.
    pub after_run: &'a (dyn Fn() + Sync),
}

/// A loss that nodes have to survive.
#[derive(Clone, Debug, PartialEq)]
struct Loss {
    /// In words.
    name: String,
    at: SimDuration,
    nodes: Vec<String>,
}

/// What runs of the plans of one growth came to: with nothing lost by seed and counts, with a loss by its name too.
#[derive(Debug, Default)]
pub struct Memo {
    base: BTreeMap<(usize, Counts), Base>,
    lost: BTreeMap<(usize, Counts, SimDuration, String), Option<Failure>>,
    events: u64,
}

/// A run that lost nothing.
#[derive(Clone, Debug)]
struct Base {
    failure: Option<Failure>,
    at_peak: Snapshot,
    loses_at: SimDuration,
    at_loss: Snapshot,
}

/// Runs of one plan on some nodes.
struct Runs<'a> {
    trials: &'a Trials<'a>,
    plan: Plan,
    seed: usize,
    counts: &'a Counts,
    memo: &'a mut Memo,
}

impl Runs<'_> {
    /// Nothing is lost.
    fn base(&mut self) -> Result<Base, RunError> {
        let key = (self.seed, self.counts.clone());
        if let Some(known) = self.memo.base.get(&key) {
            return Ok(known.clone());
        }
        let (failure, record) = self.trials.run_one(&self.plan, None)?;
        self.memo.events += record.run.engine_events;
        let peak = peak(&record);
        let loses_at = self.trials.loss_time(peak);
        let at_loss = snapshot(&record, Moment(loses_at.0 as i64));
        let at_peak = self.trials.snapshot(&record, peak);
        let base = Base { failure, at_peak, loses_at, at_loss };
        self.memo.base.insert(key, base.clone());
        Ok(base)
    }

    /// What the first loss does that is not survived.
    fn first_failure(&mut self, losses: impl Iterator<Item = Loss>) -> Result<Option<Failure>, RunError> {
        for loss in losses {
            let key = (self.seed, self.counts.clone(), loss.at, loss.name.clone());
            let failure = if let Some(known) = self.memo.lost.get(&key) {
                known.clone()
            } else {
                let (failure, record) = self.trials.run_one(&self.trials.with_loss(&self.plan, &loss), Some(&loss))?;
                self.memo.events += record.run.engine_events;
                failure
            };
            self.memo.lost.insert(key, failure.clone());
            if failure.is_some() {
                return Ok(failure);
            }
        }
        Ok(None)
    }
}

/// Of a run's record, what its pods waited for is read beside the summary.
fn read_of(plan: &Plan) -> Output {
    Output { scheduling: true, ..plan.output.summary_only() }
}

impl Trials<'_> {
    /// The run of `plan` on the scenario's own nodes: what is asked for, before anything is known of the candidates.
    ///
    /// # Errors
    /// A manifest that is refused.
    pub fn demand(&self, plan: &Plan) -> Result<Snapshot, RunError> {
        let plan = Plan { expectations: Vec::new(), output: read_of(plan), ..plan.clone() };
        let record = simulate(&plan)?.record;
        (self.after_run)();
        Ok(self.snapshot(&record, peak(&record)))
    }

    /// The cluster at `at`, with what its pods ask for beyond CPU and memory.
    fn snapshot(&self, record: &Record, at: Moment) -> Snapshot {
        Snapshot { extended: extended(record, at, &self.case.inventory.extended), ..snapshot(record, at) }
    }

    /// Tries `counts` of the candidates with the scenario in `plans`, one a seed. `memo` holds what runs of the same plans
    /// came to before.
    ///
    /// # Errors
    /// A manifest that is refused.
    pub fn run(&self, memo: &mut Memo, plans: &[Plan], counts: &Counts, depth: Depth) -> Result<Trial, RunError> {
        let nodes = self.fleet.nodes(counts);
        let mut trial = Trial::default();
        let before = memo.events;
        let seeds = if matches!(depth, Depth::Quick(_)) { 1 } else { plans.len() };
        for (place, plan) in plans.iter().take(seeds).enumerate() {
            let mut runs =
                Runs { trials: self, plan: self.on_nodes(plan, &nodes), seed: place, counts, memo: &mut *memo };
            let failure = match depth {
                Depth::Quick(Some(at)) if self.loses_zones_only() => {
                    let losses = self.losses(&nodes, at, None);
                    runs.first_failure(losses.into_iter().take(1))?
                }
                _ => {
                    let base = runs.base()?;
                    let losses = self.losses(&nodes, base.loses_at, Some(&base.at_loss));
                    let most = if matches!(depth, Depth::Quick(_)) { 1 } else { losses.len() };
                    let failure = match base.failure {
                        Some(failure) => Some(failure),
                        None => runs.first_failure(losses.into_iter().take(most))?,
                    };
                    if place == 0 {
                        trial.peak = Some(base.at_peak);
                    }
                    failure
                }
            };
            trial.seeds.0 += 1;
            trial.seeds.1 += u32::from(failure.is_none());
            if trial.failure.is_none() {
                trial.failure = failure;
            }
            if trial.failure.is_some() && depth != Depth::EverySeed {
                break;
            }
        }
        trial.events = memo.events - before;
        Ok(trial)
    }

    /// Is what is lost known before the run?
    fn loses_zones_only(&self) -> bool {
        self.case.spec.survive.as_ref().is_some_and(|survive| survive.nodes.unwrap_or(0) == 0)
    }

    /// When something is lost in a run with this peak.
    pub fn loss_time(&self, peak: Moment) -> SimDuration {
        match self.case.spec.survive.as_ref().and_then(|survive| survive.at) {
            Some(LossTime::At(Duration(at))) => at,
            _ => SimDuration(peak.0.max(0) as u64),
        }
    }

    fn run_one(&self, plan: &Plan, loss: Option<&Loss>) -> Result<(Option<Failure>, Record), RunError> {
        let record = simulate_until_failure(plan)?.record;
        (self.after_run)();
        // A run that one of them ended early has looked at the others at that instant too; they are not what ended it.
        let failed = record.expectations.iter().filter(|expectation| !expectation.held);
        let failed = failed.min_by_key(|expectation| (expectation.time, expectation.when == "at end"));
        let failure = failed.map(|failed| Failure {
            requirement: failed.that.clone(),
            found: failed.found.clone(),
            at: failed.time,
            lost: loss.map_or_else(String::new, |loss| loss.name.clone()),
            lost_at: loss.map(|loss| loss.at),
            seed: plan.seed,
            unplaced: unplaced(&record),
            limited: limited(&record),
        });
        Ok((failure, record))
    }

    /// The scenario on these nodes, with what is required in place of what it expects itself.
    pub fn on_nodes(&self, plan: &Plan, nodes: &[Node]) -> Plan {
        let mut plan = plan.clone();
        plan.cluster.nodes = nodes.to_vec();
        (plan.cluster.nodes_are_default, plan.cluster.nodes_are_all) = (false, true);
        plan.cluster.groups.extend(self.fleet.groups().cloned());
        // Steps that set the number of nodes speak of nodes that are not there.
        for step in &mut plan.steps {
            if let Action::Set(settings) = &mut step.action {
                settings.retain(|(setting, _)| !is_of_nodes(setting));
            }
        }
        let end = |that: &Expression| expectation(that, ExpectationTime::End);
        plan.expectations = self.case.require.iter().map(end).collect();
        plan.output = read_of(&plan);
        plan
    }

    fn with_loss(&self, plan: &Plan, loss: &Loss) -> Plan {
        let lasts = self.case.spec.survive.as_ref().and_then(|survive| survive.duration).map(|Duration(lasts)| lasts);
        let mut plan = plan.clone();
        for node in &loss.nodes {
            let fault = Fault {
                target: Target::Node(node.clone()),
                kind: Kind::Crash,
                lasts: lasts.map(|lasts| Distribution::Constant(lasts.as_secs_f64())),
            };
            plan.steps.push(Step {
                index: plan.steps.len(),
                name: String::new(),
                trigger: Trigger::At(loss.at),
                action: Action::Fault(fault),
                may_fail: false,
                for_each: None,
                line: 0,
            });
        }
        let over = lasts.map(|lasts| SimDuration(loss.at.0.saturating_add(lasts.0)));
        // A run that would end before the loss is over goes on until then.
        if let (Until::At(end), Some(over)) = (plan.until, over)
            && end < over
        {
            plan.until = Until::At(over);
        }
        let end = match plan.until {
            Until::At(end) | Until::Idle { max_time: end } => end,
        };
        let window = ExpectationTime::During(loss.at, over.unwrap_or(end).max(loss.at));
        plan.expectations.extend(self.case.hold.iter().map(|that| expectation(that, window)));
        if let (true, Some(over)) = (self.case.hold.is_empty(), over) {
            // What comes back by itself would make any cluster hold: what is left must do at the last instant without it.
            let last = ExpectationTime::At(SimDuration(over.0.saturating_sub(1)));
            plan.expectations.extend(self.case.require.iter().map(|that| expectation(that, last)));
        }
        plan
    }

    /// What has to be survived, worst first: each set of zones that may be lost, and with it the nodes outside of them
    /// with the most requested at that instant.
    fn losses(&self, nodes: &[Node], at: SimDuration, snapshot: Option<&Snapshot>) -> Vec<Loss> {
        let Some(survive) = &self.case.spec.survive else { return Vec::new() };
        let more = survive.nodes.unwrap_or(0) as usize;
        let loss = |zones: &[&str]| {
            let in_zones = |node: &&Node| zone(node).is_some_and(|zone| zones.contains(&zone));
            let mut lost: Vec<String> = nodes.iter().filter(in_zones).map(|node| node.name.clone()).collect();
            let single = snapshot.map_or_else(Vec::new, |snapshot| fullest(snapshot, &lost, more));
            let mut words: Vec<String> = zones.iter().map(|zone| format!("zone {zone}")).collect();
            words.extend(single.iter().map(|node| format!("node {node}")));
            lost.extend(single);
            Loss { name: words.join(", "), at, nodes: lost }
        };
        let count = survive.zones.unwrap_or(0) as usize;
        let mut sizes: BTreeMap<&str, Amount> = BTreeMap::new();
        for node in nodes {
            if let Some(zone) = zone(node) {
                let size = sizes.entry(zone).or_default();
                *size = size.plus(allocatable(node));
            }
        }
        if count == 0 {
            return vec![loss(&[])];
        }
        let total = sizes.values().fold(Amount::default(), |sum, size| sum.plus(*size));
        let names: Vec<&str> = sizes.keys().copied().collect();
        let mut sets = subsets(&names, count.min(names.len()));
        let share = |set: &Vec<&str>| set.iter().map(|zone| share(sizes[zone], total)).sum::<f64>();
        sets.sort_by(|a, b| share(b).total_cmp(&share(a)).then_with(|| a.cmp(b)));
        sets.truncate(LOSSES_MAX);
        sets.iter().map(|set| loss(set)).collect()
    }
}

/// Is it a setting of `cluster.nodes`?
fn is_of_nodes(setting: &Setting) -> bool {
    setting.target == SettingTarget::Scenario && setting.first_field() == Some("cluster")
}

fn expectation(that: &Expression, time: ExpectationTime) -> Expectation {
    Expectation { name: that.text.clone(), time, that: that.clone(), line: 0 }
}

/// CPU and memory of `part` as shares of `whole`, added.
fn share(part: Amount, whole: Amount) -> f64 {
    part.cpu as f64 / whole.cpu.max(1) as f64 + part.memory as f64 / whole.memory.max(1) as f64
}

/// The `count` nodes with the most requested, as shares of what they give, that are not `lost`.
fn fullest(snapshot: &Snapshot, lost: &[String], count: usize) -> Vec<String> {
    let mut left: Vec<_> = snapshot.nodes.iter().filter(|node| !lost.contains(&node.name)).collect();
    left.sort_by(|a, b| share(b.requested, b.allocatable).total_cmp(&share(a.requested, a.allocatable)));
    left.into_iter().take(count).map(|node| node.name.clone()).collect()
}

/// All subsets of `count` names, in order.
fn subsets<'a>(names: &[&'a str], count: usize) -> Vec<Vec<&'a str>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut sets = Vec::new();
    for (place, name) in names.iter().enumerate() {
        for mut rest in subsets(&names[place + 1..], count - 1) {
            rest.insert(0, name);
            sets.push(rest);
        }
    }
    sets
}

/// Autoscalers whose last decision was held back by their maximum.
fn limited(record: &Record) -> Vec<String> {
    let mut last = BTreeMap::new();
    for row in &record.autoscaler_rows {
        if record.text(row.limit) == "TooManyReplicas" {
            last.insert(row.autoscaler, row.desired);
        }
    }
    let words = |(autoscaler, most): (crate::record::AutoscalerIndex, u32)| {
        let autoscaler = &record.autoscalers[autoscaler.index()];
        format!("{}/{} at its maxReplicas of {most}", record.text(autoscaler.namespace), record.text(autoscaler.name))
    };
    last.into_iter().map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::demand::NodeLoad;

    #[test]
    fn every_set_of_zones_is_lost_once() {
        assert_eq!(subsets(&["a", "b", "c"], 2), [["a", "b"], ["a", "c"], ["b", "c"]]);
        assert_eq!(subsets(&["a", "b"], 1), [["a"], ["b"]]);
        assert_eq!(subsets(&["a"], 2), Vec::<Vec<&str>>::new());
    }

    #[test]
    fn the_fullest_nodes_are_lost_first() {
        let node = |name: &str, cpu| NodeLoad {
            name: name.to_owned(),
            allocatable: Amount { cpu: 1000, memory: 1000, pods: 10 },
            requested: Amount { cpu, memory: 0, pods: 1 },
            ..NodeLoad::default()
        };
        let snapshot = Snapshot { nodes: vec![node("a", 100), node("b", 900), node("c", 500)], ..Snapshot::default() };
        assert_eq!(fullest(&snapshot, &["b".to_owned()], 1), ["c"]);
        assert_eq!(fullest(&snapshot, &[], 2), ["b", "c"]);
    }
}
