//! From trials to rows of the result: resources at the peak, bottlenecks, failures, and why nothing holds.

use std::collections::BTreeMap;

use crate::record::Number;
use crate::scenario::expressions::Expression;
use crate::scenario::inventory::Inventory;
use crate::scenario::plan::Node;

use super::bound::{self, Amount};
use super::demand::{NEVER_TRIED, Snapshot};
use super::fleet::{Candidate, Counts, Fleet, allocatable, amount_of};
use super::reasons;
use super::result::{
    Bottleneck, BoundResult, ExtendedUse, FailureResult, Impossible, PeakResult, Tried, Unplaced, Use,
};
use super::trial::{Failure, Trial, Trials};

/// Most pods without a node that are listed.
const PODS_SHOWN: usize = 20;

/// Numbers of nodes by the names of their candidates.
pub fn by_name(fleet: &Fleet, counts: &Counts) -> BTreeMap<String, u32> {
    counts.iter().map(|(place, count)| (fleet.candidates[*place].name.clone(), *count)).collect()
}

/// A failure as plan.json holds it.
pub fn failure_result(failure: &Failure) -> FailureResult {
    let unplaced = |(pod, reason): &(String, String)| Unplaced { pod: pod.clone(), reason: reasons::short(reason) };
    FailureResult {
        requirement: failure.requirement.clone(),
        found: failure.found.clone(),
        at_seconds: Number(failure.at.seconds()),
        lost: failure.lost.clone(),
        lost_at_seconds: failure.lost_at.map(|at| Number(at.as_secs_f64())),
        seed: failure.seed,
        reason: foremost(failure).unwrap_or_default(),
        unplaced: failure.unplaced.len(),
        pods: failure.unplaced.iter().take(PODS_SHOWN).map(unplaced).collect(),
        autoscalers_at_maximum: failure.limited.clone(),
    }
}

fn foremost(failure: &Failure) -> Option<String> {
    reasons::foremost(failure.unplaced.iter().map(|(_, words)| words.as_str()))
}

/// A row of what was tried.
pub fn tried(fleet: &Fleet, counts: &Counts, trial: &Trial) -> Tried {
    let failed = match &trial.failure {
        None => String::new(),
        Some(failure) if failure.lost.is_empty() => failure.requirement.clone(),
        Some(failure) => format!("{} ({} lost)", failure.requirement, failure.lost),
    };
    Tried { nodes: by_name(fleet, counts), holds: trial.failure.is_none(), failed }
}

/// The nodes at the peak.
pub fn peak(snapshot: &Snapshot, nodes: &[Node]) -> PeakResult {
    let (allocatable, requested, used) = snapshot.totals();
    let stranded = snapshot.stranded();
    let cores = |milli: u64| Number(milli as f64 / 1000.0);
    let whole = |number: u64| Number(number as f64);
    PeakResult {
        at_seconds: Number(snapshot.at.seconds()),
        cpu: Use {
            allocatable: cores(allocatable.cpu),
            requested: cores(requested.cpu),
            used: used.map(|used| cores(used.cpu)),
            stranded: cores(stranded.cpu),
        },
        memory: Use {
            allocatable: whole(allocatable.memory),
            requested: whole(requested.memory),
            used: used.map(|used| whole(used.memory)),
            stranded: whole(stranded.memory),
        },
        pods: Use {
            allocatable: whole(allocatable.pods),
            requested: whole(requested.pods),
            used: None,
            stranded: Number(0.0),
        },
        extended: snapshot
            .extended
            .iter()
            .map(|(resource, sizes)| {
                let allocatable = nodes.iter().map(|node| amount_of(node, resource)).sum();
                let requested = sizes.iter().sum();
                (resource.clone(), ExtendedUse { allocatable: whole(allocatable), requested: whole(requested) })
            })
            .collect(),
    }
}

/// The bound of bin packing for what a snapshot asks of a candidate.
pub fn lower_bound(fleet: &Fleet, place: usize, snapshot: &Snapshot, lost: Option<(u32, u32)>) -> Option<BoundResult> {
    let candidate = &fleet.candidates[place];
    let gives = candidate.node_amount().minus(snapshot.per_node);
    let bound = bound::nodes(&snapshot.items, gives, fleet.kept_amount())?;
    let (mut needed, mut by) = (bound.nodes, bound.by);
    for (resource, sizes) in &snapshot.extended {
        let spare = fleet.kept.iter().map(|node| amount_of(node, resource)).sum();
        let least = bound::of_one(sizes.clone(), candidate.node_extended(resource), spare)?;
        if least > needed {
            (needed, by) = (least, resource);
        }
    }
    let surviving = lost.and_then(|(zones, nodes)| {
        // Nodes that stay may be those that are lost.
        let nodes = if fleet.kept.is_empty() { nodes } else { 0 };
        bound::surviving(needed, candidate.zones(), zones, nodes)
    });
    Some(BoundResult { nodes: needed, by: by.to_owned(), surviving })
}

/// What keeps the cluster from being smaller: what its smaller neighbour runs short of, or else the fullest resource.
pub fn bottleneck(smaller: Option<&Failure>, snapshot: &Snapshot) -> Bottleneck {
    if let Some(failure) = smaller {
        let with = if failure.lost.is_empty() { String::new() } else { format!(" with {} lost", failure.lost) };
        if let Some(reason) = foremost(failure) {
            let words = format!("{} with one node less{with}: {reason}", homeless(failure.unplaced.len()));
            return Bottleneck { resource: reasons::resource_of(&reason).to_owned(), words };
        }
        let words = format!("with one node less{with}, {} at {:.0} s", failure.found, failure.at.seconds());
        return Bottleneck { resource: "requirement".to_owned(), words };
    }
    let (allocatable, requested, _) = snapshot.totals();
    let shares = requested.all().into_iter().zip(allocatable.all()).zip(bound::RESOURCES);
    let shares = shares.map(|((part, whole), name)| (part as f64 / whole.max(1) as f64, name));
    let (share, name) = shares.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, "cpu"));
    let words = format!("{:.0} % of {name} is requested at the peak, more than of anything else", share * 100.0);
    Bottleneck { resource: name.to_owned(), words }
}

/// Why nothing holds, from what was tried: the trial that came nearest, and what more nodes do not change.
pub fn impossible(all: &Trials<'_>, place: usize, asked: &Snapshot, trials: &BTreeMap<u32, Trial>) -> Impossible {
    let candidate = &all.fleet.candidates[place];
    let unfit = unfit(all.fleet, candidate, asked);
    nearest_miss(unfit, |pod| wishes(&all.case.inventory, pod), trials)
}

/// A pod that is larger than every node, in words.
fn unfit(fleet: &Fleet, candidate: &Candidate, asked: &Snapshot) -> Option<String> {
    let name = &candidate.name;
    let gives = candidate.node_amount().minus(asked.per_node);
    let kept = fleet.kept.iter().map(allocatable);
    let largest = kept.clone().chain([gives]);
    let fits = |item: &Amount| largest.clone().any(|node| node.holds(*item));
    if let Some(item) = asked.items.iter().find(|item| !fits(item)) {
        return Some(format!(
            "a pod asks for {} cpu and {}, but a node of {name} gives {} cpu and {}",
            cores(item.cpu),
            mebibytes(item.memory),
            cores(gives.cpu),
            mebibytes(gives.memory)
        ));
    }
    asked.extended.iter().find_map(|(resource, sizes)| {
        let own = candidate.node_extended(resource);
        let most = fleet.kept.iter().map(|node| amount_of(node, resource)).max().unwrap_or(0).max(own);
        let size = sizes.iter().find(|size| **size > most)?;
        Some(format!("a pod asks for {size} {resource}, but a node of {name} gives {own}"))
    })
}

/// What a pod wants of a node's labels, in words.
fn wishes(inventory: &Inventory, pod: &str) -> Option<String> {
    let wanted = inventory.node_wishes(pod)?;
    Some(format!("{pod} wants nodes with {wanted}: a label of candidates, or of nodes to `keep`"))
}

fn nearest_miss(
    unfit: Option<String>,
    wishes: impl Fn(&str) -> Option<String>,
    trials: &BTreeMap<u32, Trial>,
) -> Impossible {
    let failed: Vec<(u32, &Failure)> =
        trials.iter().filter_map(|(count, trial)| Some((*count, trial.failure.as_ref()?))).collect();
    // What still fails with the most nodes is what cannot be met.
    let Some((most, last)) = failed.last().copied() else { return Impossible::default() };
    let of_last = failed.iter().filter(|(_, failure)| failure.requirement == last.requirement);
    let rank = |(count, failure): &&(u32, &Failure)| {
        let distance = distance(&failure.requirement, &failure.found).unwrap_or(failure.unplaced.len() as f64);
        (distance, *count)
    };
    let nearest = of_last.min_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
    });
    let (nearest, failure) = nearest.copied().unwrap_or((most, last));
    let why = if let Some(unfit) = unfit {
        unfit
    } else if let Some(reason) = foremost(last) {
        let is_choosy = |(_, words): &&(String, String)| words.contains("affinity/selector");
        let mut choosy = last.unplaced.iter().filter(|pod| reason.contains("affinity/selector") && is_choosy(pod));
        let wish = choosy.find_map(|(pod, _)| wishes(pod));
        let wish = wish.map_or_else(String::new, |wish| format!(" ({wish})"));
        format!("{} however many nodes there are (up to {most}): {reason}{wish}", homeless(last.unplaced.len()))
    } else if let Some((pod, words)) = last.unplaced.first().filter(|(_, words)| words == NEVER_TRIED) {
        format!("{}: {pod}: {words}", homeless(last.unplaced.len()))
    } else if !last.limited.is_empty() {
        format!("more nodes do not help (up to {most}): HorizontalPodAutoscaler {}", last.limited.join(", "))
    } else {
        format!("more nodes do not change it: {} even with {most}", last.found)
    };
    Impossible { why, nearest, failure: failure_result(failure) }
}

/// How far a comparison with a number is from being true, where that can be said.
fn distance(requirement: &str, found: &str) -> Option<f64> {
    use cel::common::ast::{Expr, LiteralValue};
    let expression = Expression::compile(requirement).ok()?;
    let Expr::Call(call) = &expression.program.expression().expr else { return None };
    let bound = call.args.iter().find_map(|argument| match &argument.expr {
        Expr::Literal(LiteralValue::Int(number)) => Some(*number.inner() as f64),
        Expr::Literal(LiteralValue::Double(number)) => Some(*number.inner()),
        _ => None,
    })?;
    let value: f64 = found.rsplit_once(" is ")?.1.parse().ok()?;
    Some((value - bound).abs())
}

/// `1 pod finds no node`.
pub fn homeless(pods: usize) -> String {
    if pods == 1 { "1 pod finds no node".to_owned() } else { format!("{pods} pods find no node") }
}

/// `1.93`, without zeros at its end.
pub fn cores(milli: u64) -> String {
    (milli as f64 / 1000.0).to_string()
}

/// `7.6Gi`, `512Mi`.
pub fn mebibytes(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    if mebibytes >= 1024.0 { format!("{:.1}Gi", mebibytes / 1024.0) } else { format!("{mebibytes:.0}Mi") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::fleet::Parts;

    fn failing(requirement: &str, found: &str, unplaced: usize) -> Trial {
        let unplaced =
            vec![("default/a".to_owned(), "0/2 nodes are available: 2 Insufficient cpu.".to_owned()); unplaced];
        let failure =
            Failure { requirement: requirement.to_owned(), found: found.to_owned(), unplaced, ..Failure::default() };
        Trial { failure: Some(failure), ..Trial::default() }
    }

    #[test]
    fn distances_are_read_from_what_was_found() {
        assert_eq!(distance("summary.p99 < 2", "summary.p99 is 3.5"), Some(1.5));
        assert_eq!(distance("summary.p99 < 2.0", "summary.p99 is 3"), Some(1.0));
        assert_eq!(distance("pods('').all(p, true)", "the rule is false"), None);
    }

    #[test]
    fn the_nearest_miss_is_named_with_the_reason() {
        let trials = BTreeMap::from([
            (1, failing("summary.pods.unschedulable == 0", "summary.pods.unschedulable is 9", 9)),
            (5, failing("summary.p99 < 2", "summary.p99 is 3.5", 0)),
            (50, failing("summary.p99 < 2", "summary.p99 is 3.1", 0)),
            (100, failing("summary.p99 < 2", "summary.p99 is 3.1", 0)),
        ]);
        let found = nearest_miss(None, |_| None, &trials);
        assert_eq!((found.nearest, found.failure.requirement.as_str()), (50, "summary.p99 < 2"));
        assert_eq!(found.why, "more nodes do not change it: summary.p99 is 3.1 even with 100");
    }

    #[test]
    fn a_pod_that_is_larger_than_a_node_is_the_reason() {
        let trials =
            BTreeMap::from([(9, failing("summary.pods.unschedulable == 0", "summary.pods.unschedulable is 1", 1))]);
        let group =
            serde_json::json!({"name": "m5.large", "capacity": {"cpu": "1930m", "memory": "7268Mi", "gpu.com/a": 1}});
        let group = serde_json::from_value(group).unwrap();
        let candidate = Candidate { name: "m5.large".into(), parts: Parts::Equal(Box::new(group)) };
        let fleet = Fleet { candidates: vec![candidate], kept: Vec::new() };
        let why = |items: Vec<Amount>, gpus: Vec<u64>| {
            let extended = BTreeMap::from([("gpu.com/a".to_owned(), gpus)]);
            let asked = Snapshot { items, extended, ..Snapshot::default() };
            nearest_miss(unfit(&fleet, &fleet.candidates[0], &asked), |_| None, &trials).why
        };
        let large = Amount { cpu: 4000, memory: 1 << 29, pods: 1 };
        assert_eq!(
            why(vec![large], vec![]),
            "a pod asks for 4 cpu and 512Mi, but a node of m5.large gives 1.93 cpu and 7.0Gi"
        );
        assert_eq!(why(vec![], vec![1, 2]), "a pod asks for 2 gpu.com/a, but a node of m5.large gives 1");
        assert!(why(vec![], vec![1]).ends_with("(up to 9): Insufficient cpu"));
        let bound = |gpus: Vec<u64>| {
            let asked = Snapshot { extended: BTreeMap::from([("gpu.com/a".to_owned(), gpus)]), ..Snapshot::default() };
            lower_bound(&fleet, 0, &asked, None).map(|bound| (bound.nodes, bound.by))
        };
        assert_eq!((bound(vec![1; 3]), bound(vec![2])), (Some((3, "gpu.com/a".to_owned())), None));
    }

    #[test]
    fn what_a_pod_wants_of_nodes_is_told_and_pods_that_nobody_tries_are_named() {
        let mut trial = failing("summary.pods.unschedulable == 0", "summary.pods.unschedulable is 1", 1);
        let failure = trial.failure.as_mut().unwrap();
        failure.unplaced[0].1 = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.".into();
        let why =
            |trial: Trial| nearest_miss(None, |pod| Some(format!("{pod} wants x")), &BTreeMap::from([(9, trial)])).why;
        assert!(why(trial.clone()).ends_with("affinity/selector (default/a wants x)"), "{}", why(trial.clone()));
        trial.failure.as_mut().unwrap().unplaced[0].1 = NEVER_TRIED.to_owned();
        assert!(why(trial.clone()).starts_with("1 pod finds no node: default/a: the scheduler never tried it"));
    }

    #[test]
    fn the_bottleneck_is_what_one_node_less_runs_short_of() {
        let trial = failing("summary.pods.unschedulable == 0", "summary.pods.unschedulable is 2", 2);
        let found = bottleneck(trial.failure.as_ref(), &Snapshot::default());
        assert_eq!(
            (found.resource.as_str(), found.words.as_str()),
            ("cpu", "2 pods find no node with one node less: Insufficient cpu")
        );
        assert_eq!(bottleneck(None, &Snapshot::default()).words.find('%'), Some(2));
    }
}
