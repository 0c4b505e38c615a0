//! Decisions are the same whether verdicts, scores and counts are kept between cycles or made anew in each, and the nodes
//! that the filters pass are those of a brute-force reading of the specification. Also that no node is overfilled.

use proptest::prelude::*;

use super::algorithm::Algorithm;
use super::cache::{Cache, NodeFacts};
use super::queue::Nominator;
use super::reference_tests::Reference;
use super::registry::default_profile;
use super::testing::{cluster, create_pod, decoded, pod_spec, requests};
use crate::cluster::{Cluster, DeleteOptions};
use crate::engine::SimTime;
use crate::model::affinity::{
    Affinity, NodeInclusionPolicy, PodAffinity, PodAffinityTerm, TopologySpreadConstraint, WhenUnsatisfiable,
};
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::node::Node;
use crate::model::object::{Body, NodeId, ObjectRef, PodId};
use crate::model::pod_spec::{ContainerPort, PodSpec, Protocol};
use crate::model::quantity::Quantity;
use crate::model::resources::Resources;
use crate::model::selector::LabelSelector;
use crate::model::service::{Service, ServiceType};
use crate::model::taint::{Taint, TaintEffect};

const ZONE: &str = "topology.kubernetes.io/zone";
const HOST: &str = "kubernetes.io/hostname";

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    Schedule { template: u8 },
    Delete { which: usize },
    Terminate { which: usize },
    AddNode { zone: u8 },
    RemoveNode { which: usize },
    Taint { which: usize, effect: u8 },
    Relabel { which: usize, zone: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0_u8..TEMPLATES).prop_map(|template| Step::Schedule { template }),
        2 => any::<usize>().prop_map(|which| Step::Delete { which }),
        1 => any::<usize>().prop_map(|which| Step::Terminate { which }),
        1 => (0_u8..4).prop_map(|zone| Step::AddNode { zone }),
        1 => any::<usize>().prop_map(|which| Step::RemoveNode { which }),
        1 => (any::<usize>(), 0_u8..3).prop_map(|(which, effect)| Step::Taint { which, effect }),
        1 => (any::<usize>(), 0_u8..4).prop_map(|(which, zone)| Step::Relabel { which, zone }),
    ]
}

fn node_labels(name: &str, zone: u8) -> Labels {
    let labels = Labels::from_pairs([(HOST, name)]);
    // The last zone stands for nodes without one.
    if zone < 3 { labels.with(ZONE, &format!("z{zone}")) } else { labels }
}

const TEMPLATES: u8 = 14;

/// Pods of fourteen kinds: what they are kept apart or drawn together by.
fn spec(template: u8) -> PodSpec {
    let mut spec = pod_spec(requests(if template.is_multiple_of(2) { "500m" } else { "0" }, "256Mi"));
    let selector = LabelSelector::from_map([("app", app(template))]);
    let term = |topology_key: &'static str, app: &str| PodAffinityTerm {
        selector: Some(LabelSelector::from_map([("app", app)])),
        namespaces: Vec::new(),
        namespace_selector: None,
        topology_key: topology_key.into(),
        match_label_keys: Vec::new(),
        mismatch_label_keys: Vec::new(),
    };
    let spread = |when_unsatisfiable, topology_key: &'static str| TopologySpreadConstraint {
        max_skew: 1,
        topology_key: topology_key.into(),
        when_unsatisfiable,
        selector: Some(selector.clone()),
        min_domains: (template == 12).then_some(4),
        node_affinity_policy: NodeInclusionPolicy::Honor,
        node_taints_policy: if template == 5 { NodeInclusionPolicy::Honor } else { NodeInclusionPolicy::Ignore },
        match_label_keys: Vec::new(),
    };
    let mut affinity = Affinity::default();
    let part = |required, preferred| PodAffinity { required, preferred };
    match template {
        2 => affinity.anti_pod = part(vec![term(HOST, "a")], Vec::new()),
        3 => affinity.pod = part(vec![term(ZONE, "b")], Vec::new()),
        4 => affinity.pod = part(Vec::new(), vec![(70, term(ZONE, "a")), (20, term(HOST, "b"))]),
        5 => spec.topology_spread.push(spread(WhenUnsatisfiable::DoNotSchedule, ZONE)),
        6 => spec.topology_spread.push(spread(WhenUnsatisfiable::ScheduleAnyway, ZONE)),
        7 => affinity.anti_pod = part(Vec::new(), vec![(100, term(ZONE, "b"))]),
        8 => {
            spec.containers[0].ports.push(ContainerPort {
                name: "".into(),
                container_port: 80,
                host_port: 8080,
                host_ip: "".into(),
                protocol: Protocol::Tcp,
            });
        }
        9 => spec.topology_spread.push(spread(WhenUnsatisfiable::DoNotSchedule, HOST)),
        10 => affinity.pod = part(vec![term(ZONE, app(template)), term(HOST, app(template))], Vec::new()),
        11 => affinity.anti_pod = part(vec![term(ZONE, "c")], Vec::new()),
        12 => {
            spec.topology_spread.push(spread(WhenUnsatisfiable::DoNotSchedule, ZONE));
            spec.topology_spread.push(spread(WhenUnsatisfiable::DoNotSchedule, HOST));
        }
        13 => affinity.anti_pod = part(vec![term(HOST, "a"), term(HOST, "b")], Vec::new()),
        _ => {}
    }
    if affinity != Affinity::default() {
        spec.affinity = Some(Box::new(affinity));
    }
    spec
}

fn app(template: u8) -> &'static str {
    ["a", "b", "c"][usize::from(template) % 3]
}

struct World {
    cluster: Cluster,
    cache: Cache,
    nodes: Vec<NodeId>,
    pods: Vec<PodId>,
    made: u32,
}

impl World {
    fn new() -> Self {
        let mut cluster = cluster();
        let service = Service {
            kind: ServiceType::ClusterIp,
            selector: Some(LabelSelector::from_map([("app", "a")])),
            ports: Vec::new(),
            cluster_ip: 0,
            headless: true,
            publish_not_ready: false,
            external_name: "".into(),
        };
        let service = decoded(Kind::SERVICE, "default", "a", Labels::default(), Body::Service(Box::new(service)));
        cluster.create(SimTime::ZERO, service).unwrap();
        let mut world = Self { cluster, cache: Cache::default(), nodes: Vec::new(), pods: Vec::new(), made: 0 };
        for zone in 0..4 {
            world.add_node(zone);
        }
        world
    }

    fn add_node(&mut self, zone: u8) {
        self.made += 1;
        let name = format!("n{}", self.made);
        let mut allocatable = requests("4", "8Gi");
        allocatable.set("pods", Quantity::from_whole(6));
        let allocatable_resources = Resources::from_list(&allocatable);
        let node = Node { allocatable, allocatable_resources, ..Node::default() };
        let node = decoded(Kind::NODE, "", &name, node_labels(&name, zone), Body::Node(Box::new(node)));
        let node = self.cluster.create(SimTime::ZERO, node).unwrap().as_node().unwrap();
        self.nodes.push(node);
        self.see(node);
    }

    fn see(&mut self, node: NodeId) {
        self.cache.set_node(node, NodeFacts::of(self.cluster.node(node)), &[]);
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::AddNode { zone } => self.add_node(zone),
            Step::Delete { which } if !self.pods.is_empty() => {
                let pod = self.pods.swap_remove(which % self.pods.len());
                self.cache.remove_pod(&self.cluster, pod);
            }
            Step::Terminate { which } if !self.pods.is_empty() => {
                let pod = self.pods[which % self.pods.len()];
                let node = self.cache.node_of(pod);
                if self.cluster.pod(pod).node.is_none() {
                    self.cluster.bind(SimTime::ZERO, pod, node).unwrap();
                }
                let _ = self.cluster.delete(SimTime::ZERO, ObjectRef::pod(pod), DeleteOptions::default());
                self.cache.add_pod(&self.cluster, pod, node);
            }
            Step::RemoveNode { which } if self.nodes.len() > 2 => {
                let node = self.nodes.swap_remove(which % self.nodes.len());
                self.cache.remove_node(node);
            }
            Step::Taint { which, effect } => {
                let node = self.nodes[which % self.nodes.len()];
                let effects = [None, Some(TaintEffect::NoSchedule), Some(TaintEffect::PreferNoSchedule)];
                let taint = |effect| Taint { key: "k".into(), value: "".into(), effect };
                self.cluster.modify_spec(SimTime::ZERO, ObjectRef::node(node), |body| {
                    let node = body.as_node_mut().unwrap();
                    node.taints = effects[usize::from(effect)].map(taint).into_iter().collect();
                    true
                });
                self.see(node);
            }
            Step::Relabel { which, zone } => {
                let node = self.nodes[which % self.nodes.len()];
                self.cluster.modify_meta(SimTime::ZERO, ObjectRef::node(node), |meta| {
                    meta.labels = node_labels(&meta.name, zone).into();
                    true
                });
                self.see(node);
            }
            Step::Schedule { .. } | Step::Delete { .. } | Step::Terminate { .. } | Step::RemoveNode { .. } => {}
        }
    }

    fn create_pod(&mut self, template: u8) -> PodId {
        self.made += 1;
        let labels = Labels::from_pairs([("app", app(template))]);
        create_pod(&mut self.cluster, &format!("p{}", self.made), labels, spec(template))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn keeping_judgements_changes_no_decision(steps in proptest::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        let mut keeping = Algorithm::new(default_profile(), 0);
        let mut forgetful = Algorithm::forgetful(default_profile(), 0);
        let nominator = Nominator::default();
        for step in &steps {
            let Step::Schedule { template } = *step else {
                world.apply(step);
                continue;
            };
            let pod = world.create_pod(template);
            let kept = keeping.schedule(&world.cluster, &mut world.cache, &nominator, pod);
            let anew = forgetful.schedule(&world.cluster, &mut world.cache, &nominator, pod);
            prop_assert_eq!(&kept, &anew, "{:?}", step);
            let explanation = keeping.explain(&world.cluster, &mut world.cache, &nominator, pod);
            let reference = Reference { cluster: &world.cluster, cache: &world.cache, pod };
            for node in &explanation.nodes {
                prop_assert_eq!(
                    node.rejection.is_none(),
                    reference.is_feasible(node.node),
                    "{:?} on {}: {:?}", step, world.cluster.node_name(node.node), node.rejection
                );
            }
            if let super::algorithm::Outcome::Fits(decision) = kept {
                world.cache.assume(&world.cluster, pod, decision.node);
                world.pods.push(pod);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// More than a hundred nodes: the search looks at a part of them, and begins where the last one ended.
    #[test]
    fn sampled_searches_decide_the_same_and_fill_no_node_beyond_what_it_has(
        templates in proptest::collection::vec(0_u8..TEMPLATES, 1..60),
        nodes in 100_usize..260,
    ) {
        let mut world = World::new();
        (4..nodes).for_each(|index| world.add_node((index % 4) as u8));
        let mut keeping = Algorithm::new(default_profile(), 0);
        let mut forgetful = Algorithm::forgetful(default_profile(), 0);
        let nominator = Nominator::default();
        for template in templates {
            let pod = world.create_pod(template);
            let kept = keeping.schedule(&world.cluster, &mut world.cache, &nominator, pod);
            let anew = forgetful.schedule(&world.cluster, &mut world.cache, &nominator, pod);
            prop_assert_eq!(&kept, &anew);
            let super::algorithm::Outcome::Fits(decision) = kept else { continue };
            let reference = Reference { cluster: &world.cluster, cache: &world.cache, pod };
            prop_assert!(reference.is_feasible(decision.node), "template {template}");
            world.cache.assume(&world.cluster, pod, decision.node);
        }
        for node in world.cache.order() {
            let info = world.cache.node(*node);
            let requested: Vec<i64> = ["cpu", "memory"]
                .into_iter()
                .map(|name| {
                    let pods = info.pods.iter().map(|entry| world.cluster.template(entry.template).requests.get(name));
                    pods.sum()
                })
                .collect();
            prop_assert!(requested[0] <= info.facts.allocatable.cpu_milli && requested[1] <= info.facts.allocatable.memory);
            let ports: Vec<_> = info
                .pods
                .iter()
                .flat_map(|entry| world.cluster.template(entry.template).host_ports.clone())
                .collect();
            prop_assert!(ports.len() <= 1, "{ports:?}");
        }
    }
}
