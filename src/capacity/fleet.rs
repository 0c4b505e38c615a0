//! Which machines a plan tries: candidates and counts to nodes of a scenario, with their price.

use std::collections::BTreeSet;

use super::bound::Amount;
use crate::scenario::CapacityCase;
use crate::scenario::plan::nodes::{self, HOSTNAME_LABEL, ZONE_LABEL};
use crate::scenario::plan::{Node, Plan};
use crate::scenario::schema::capacity::Candidate as Typed;
use crate::scenario::schema::cluster::NodeGroup;

/// Hours of a month, as clouds count them: 365 × 24 / 12.
pub const HOURS_OF_A_MONTH: f64 = 730.0;

/// A type of node, or a mix in fixed proportions.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// What it is made of.
    pub parts: Parts,
}

/// What a candidate is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Parts {
    /// Equal nodes.
    Equal(Box<NodeGroup>),
    /// The scenario's own nodes without those that are kept: groups, or nodes one by one, with how many there are.
    Current(Vec<(Part, u32)>),
}

/// A part of the scenario's own mix.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A group.
    Group(Box<NodeGroup>),
    /// Nodes that came as manifests or by import and are alike.
    Alike(Vec<Node>),
}

/// Candidates and the nodes that stay whatever is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Fleet {
    /// In the order of the file.
    pub candidates: Vec<Candidate>,
    /// What stays.
    pub kept: Vec<Node>,
}

/// How many of which candidate: places and counts.
pub type Counts = Vec<(usize, u32)>;

impl Fleet {
    /// Of a plan.
    pub fn of(case: &CapacityCase) -> Self {
        let inventory = &case.inventory;
        let kept: BTreeSet<usize> = case
            .spec
            .keep
            .as_ref()
            .and_then(|keep| inventory.selected_nodes(keep).ok())
            .unwrap_or_default()
            .into_iter()
            .collect();
        let candidate = |typed: &Typed| match typed {
            Typed::Node(group) => {
                Candidate { name: nodes::group_name(group), parts: Parts::Equal(Box::new(counted(group))) }
            }
            Typed::Current => Candidate {
                name: "current".to_owned(),
                parts: Parts::Current(current(&case.plans[0], &inventory.nodes, &kept)),
            },
        };
        Self {
            candidates: case.spec.candidates.iter().map(candidate).collect(),
            kept: kept.iter().map(|place| inventory.nodes[*place].clone()).collect(),
        }
    }

    /// The machines: those that are kept, then those of each candidate.
    pub fn nodes(&self, counts: &Counts) -> Vec<Node> {
        let mut all = self.kept.clone();
        for (place, count) in counts {
            all.extend(self.candidates[*place].nodes(*count));
        }
        let mut names = BTreeSet::new();
        for node in &mut all {
            while !names.insert(node.name.clone()) {
                rename(node, format!("{}-new", node.name));
            }
        }
        all
    }

    /// Price per hour of these machines, those that are kept included.
    pub fn price(&self, counts: &Counts) -> f64 {
        self.nodes(counts).iter().map(|node| node.price.unwrap_or_default()).sum()
    }

    /// Has each of these machines a price?
    pub fn is_priced(&self, counts: &Counts) -> bool {
        self.nodes(counts)
            .iter()
            .all(|node| node.price.is_some() || self.kept.iter().any(|kept| kept.name == node.name))
    }

    /// Groups of the candidates, for what a group has beyond its machines (static pods).
    pub fn groups(&self) -> impl Iterator<Item = &NodeGroup> {
        self.candidates.iter().filter_map(|candidate| match &candidate.parts {
            Parts::Equal(group) => Some(group.as_ref()),
            Parts::Current(_) => None,
        })
    }

    /// What is kept gives together.
    pub fn kept_amount(&self) -> Amount {
        self.kept.iter().fold(Amount::default(), |sum, node| sum.plus(allocatable(node)))
    }
}

impl Candidate {
    /// How many nodes it has today, for the scenario's own mix.
    pub fn today(&self) -> Option<u32> {
        match &self.parts {
            Parts::Equal(_) => None,
            Parts::Current(parts) => Some(parts.iter().map(|(_, count)| count).sum()),
        }
    }

    /// `count` of it.
    pub fn nodes(&self, count: u32) -> Vec<Node> {
        match &self.parts {
            Parts::Equal(group) => nodes::expand(&[NodeGroup { count: Some(count), ..group.as_ref().clone() }]),
            Parts::Current(parts) => {
                let weights: Vec<u32> = parts.iter().map(|(_, count)| *count).collect();
                let shares = apportion(&weights, count);
                parts.iter().zip(shares).flat_map(|((part, _), share)| part.nodes(share)).collect()
            }
        }
    }

    /// What one node gives: for a mix the most that any of its parts gives.
    pub fn node_amount(&self) -> Amount {
        self.specimens().iter().map(allocatable).fold(Amount::default(), |a, b| Amount {
            cpu: a.cpu.max(b.cpu),
            memory: a.memory.max(b.memory),
            pods: a.pods.max(b.pods),
        })
    }

    /// What one node gives of a resource beyond CPU and memory; for a mix the most that any of its parts gives.
    pub fn node_extended(&self, resource: &str) -> u64 {
        self.specimens().iter().map(|node| amount_of(node, resource)).max().unwrap_or(0)
    }

    /// A node of each of its parts.
    fn specimens(&self) -> Vec<Node> {
        match &self.parts {
            Parts::Equal(_) => self.nodes(1),
            Parts::Current(parts) => parts.iter().flat_map(|(part, _)| part.nodes(1)).collect(),
        }
    }

    /// Price per hour of a node; for a mix the mean.
    pub fn node_price(&self) -> f64 {
        let sample = self.nodes(self.today().unwrap_or(1).max(1));
        sample.iter().map(|node| node.price.unwrap_or_default()).sum::<f64>() / sample.len().max(1) as f64
    }

    /// Over how many zones its nodes are spread; at least one.
    pub fn zones(&self) -> u32 {
        let all: BTreeSet<String> = self
            .nodes(self.today().unwrap_or(64).max(1))
            .iter()
            .filter_map(|node| zone(node).map(str::to_owned))
            .collect();
        (all.len() as u32).max(1)
    }
}

impl Part {
    fn nodes(&self, count: u32) -> Vec<Node> {
        match self {
            Self::Group(group) => nodes::expand(&[NodeGroup { count: Some(count), ..group.as_ref().clone() }]),
            Self::Alike(nodes) => (0..count as usize)
                .map(|place| {
                    let mut node = nodes[place % nodes.len()].clone();
                    let copy = place / nodes.len();
                    if copy > 0 {
                        let name = format!("{}-{}", node.name, copy + 1);
                        rename(&mut node, name);
                    }
                    node
                })
                .collect(),
        }
    }
}

/// What pods can have of a machine.
pub fn allocatable(node: &Node) -> Amount {
    let of = |name: &str| node.allocatable.get(name);
    Amount {
        cpu: of("cpu").map_or(0, |cpu| cpu.milli().max(0) as u64),
        memory: of("memory").map_or(0, |memory| memory.value().max(0) as u64),
        pods: of("pods").map_or(0, |pods| pods.value().max(0) as u64),
    }
}

/// What pods can have of a machine of some resource.
pub fn amount_of(node: &Node, resource: &str) -> u64 {
    node.allocatable.get(resource).map_or(0, |amount| amount.value().max(0) as u64)
}

/// The zone of a machine.
pub fn zone(node: &Node) -> Option<&str> {
    node.labels.get(ZONE_LABEL).map(String::as_str)
}

fn rename(node: &mut Node, name: String) {
    node.labels.insert(HOSTNAME_LABEL.to_owned(), name.clone());
    node.name = name;
}

/// Its nodes are counted from 1 whatever their number, so that the first ones are the same in every cluster.
fn counted(group: &NodeGroup) -> NodeGroup {
    let mut group = group.clone();
    if !group.name.contains("{}") {
        group.group.get_or_insert_with(|| group.name.clone());
        group.name.push_str("-{}");
    }
    group
}

/// The scenario's own nodes without those that are kept.
fn current(plan: &Plan, all: &[Node], kept: &BTreeSet<usize>) -> Vec<(Part, u32)> {
    let free: Vec<&Node> =
        all.iter().enumerate().filter(|(place, _)| !kept.contains(place)).map(|(_, node)| node).collect();
    let mut parts = Vec::new();
    for group in &plan.cluster.groups {
        let name = nodes::group_name(group);
        let count = free.iter().filter(|node| *node.group == *name).count() as u32;
        if count > 0 {
            parts.push((Part::Group(Box::new(group.clone())), count));
        }
    }
    let grouped: BTreeSet<String> = plan.cluster.groups.iter().map(nodes::group_name).collect();
    let mut alike: Vec<(String, Vec<Node>)> = Vec::new();
    for node in free.into_iter().filter(|node| !grouped.contains(&*node.group)) {
        let kind = kind_of(node);
        match alike.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, nodes)) => nodes.push(node.clone()),
            None => alike.push((kind, vec![node.clone()])),
        }
    }
    parts.extend(alike.into_iter().map(|(_, nodes)| {
        let count = nodes.len() as u32;
        (Part::Alike(nodes), count)
    }));
    parts
}

/// What nodes of one kind have in common: instance type and zone, or else all labels but the name's; taints, price and
/// static pods.
fn kind_of(node: &Node) -> String {
    const TYPES: [&str; 2] = ["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"];
    let static_pods: Vec<&str> =
        node.static_pods.iter().map(|path| path.rsplit('/').next().unwrap_or(path.as_str())).collect();
    let common = format!("{:?} {:?} {static_pods:?}", node.taints, node.price);
    if let Some(machine) = TYPES.iter().find_map(|label| node.labels.get(*label)) {
        return format!("{machine} {:?} {common}", zone(node));
    }
    let labels: Vec<_> = node.labels.iter().filter(|(key, _)| *key != HOSTNAME_LABEL).collect();
    format!("{labels:?} {:?} {common}", node.capacity)
}

/// `total` in the proportions of `weights`: whole parts, then the largest remainders, the first of equal ones.
fn apportion(weights: &[u32], total: u32) -> Vec<u32> {
    let all: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    if all == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: u32| u64::from(weight) * u64::from(total);
    let mut shares: Vec<u32> = weights.iter().map(|weight| (exact(*weight) / all) as u32).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(exact(weights[*place]) % all));
    let missing = total - shares.iter().sum::<u32>();
    for place in order.into_iter().take(missing as usize) {
        shares[place] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(value: serde_json::Value) -> NodeGroup {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn shares_keep_the_proportions() {
        assert_eq!(apportion(&[3, 1], 4), [3, 1]);
        assert_eq!(apportion(&[3, 1], 8), [6, 2]);
        assert_eq!(apportion(&[3, 1], 5), [4, 1]);
        assert_eq!(apportion(&[1, 1, 1], 2), [1, 1, 0]);
        assert_eq!(apportion(&[], 2), [] as [u32; 0]);
        assert_eq!(apportion(&[2, 2], 0), [0, 0]);
    }

    #[test]
    fn nodes_are_counted_over_zones_and_priced() {
        let typed = group(serde_json::json!({
            "name": "m5.large", "capacity": {"cpu": 2, "memory": "8Gi"}, "price": 0.096, "zones": ["a", "b", "c"]
        }));
        let candidate = Candidate { name: "m5.large".into(), parts: Parts::Equal(Box::new(counted(&typed))) };
        let fleet = Fleet { candidates: vec![candidate], kept: Vec::new() };
        let nodes = fleet.nodes(&vec![(0, 4)]);
        let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["m5.large-1", "m5.large-2", "m5.large-3", "m5.large-4"]);
        assert_eq!((zone(&nodes[3]), &*nodes[3].group), (Some("a"), "m5.large"));
        assert!((fleet.price(&vec![(0, 4)]) - 0.384).abs() < 1e-12);
        assert_eq!((fleet.candidates[0].zones(), fleet.candidates[0].node_amount().cpu), (3, 2000));
    }

    #[test]
    fn imported_nodes_of_one_kind_are_scaled_together() {
        let node = |name: &str, kind: &str| {
            let labels = serde_json::json!({"node.kubernetes.io/instance-type": kind, "id": name});
            nodes::of_object(&serde_json::json!({"metadata": {"name": name, "labels": labels}}), &[])
        };
        let all: Vec<Node> =
            ["a", "b", "c", "d"].map(|name| node(name, if name == "d" { "big" } else { "small" })).into();
        let plan = crate::scenario::load_source(
            &crate::scenario::source_of_text(
                "x.yaml",
                "kind: Scenario\napiVersion: kubelapse/v1\n",
                std::path::Path::new("."),
            ),
            &crate::scenario::LoadOptions::default(),
        );
        let mut plan = plan.unwrap();
        plan.cluster.groups.clear();
        let parts = current(&plan, &all, &BTreeSet::new());
        let counts: Vec<u32> = parts.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [3, 1]);
        let names = |count: u32| parts[0].0.nodes(count).into_iter().map(|node| node.name).collect::<Vec<_>>();
        assert_eq!(
            (names(2), names(5)),
            (vec!["a".into(), "b".into()], ["a", "b", "c", "a-2", "b-2"].map(str::to_owned).into())
        );
    }

    #[test]
    fn what_is_kept_stays_and_names_do_not_collide() {
        let kept = nodes::expand(&[group(serde_json::json!({"name": "gpu-{}", "count": 1}))]);
        let typed = group(serde_json::json!({"name": "gpu", "price": 1}));
        let candidate = Candidate { name: "gpu".into(), parts: Parts::Equal(Box::new(counted(&typed))) };
        let fleet = Fleet { candidates: vec![candidate], kept };
        let nodes = fleet.nodes(&vec![(0, 2)]);
        let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["gpu-1", "gpu-1-new", "gpu-2"]);
        assert_eq!(nodes[1].labels[HOSTNAME_LABEL], "gpu-1-new");
    }
}
