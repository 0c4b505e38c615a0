//! The constraints of a pod: its own, or the defaults over the selectors of its Services and its controller.

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::DefaultConstraints;
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::affinity::{NodeAffinity, NodeInclusionPolicy, TopologySpreadConstraint, WhenUnsatisfiable};
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{Body, NamespaceId, ObjectRef};
use crate::model::pod_spec::PodSpec;
use crate::model::selector::{LabelSelector, Operator, Requirement};
use crate::model::taint::Toleration;

/// One constraint, resolved.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Constraint {
    /// The node label.
    pub topology_key: Text,
    /// Greatest difference.
    pub max_skew: i32,
    /// Least number of domains.
    pub min_domains: i32,
    /// Which pods count; `None` counts none.
    pub selector: Option<LabelSelector>,
    /// Are nodes left out that the pod's node affinity does not match?
    pub honors_affinity: bool,
    /// Are nodes left out whose taints the pod does not tolerate?
    pub honors_taints: bool,
}

/// All that counting depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstraintSet {
    /// Namespace whose pods count.
    pub namespace: NamespaceId,
    /// `DoNotSchedule`.
    pub hard: Vec<Constraint>,
    /// `ScheduleAnyway`.
    pub soft: Vec<Constraint>,
    /// Do nodes that lack one of the soft keys not count at all?
    pub requires_all_keys: bool,
    /// The pod's node selector, read where affinity is honored.
    pub node_selector: Vec<(Text, Text)>,
    /// The pod's node affinity.
    pub node_affinity: Option<NodeAffinity>,
    /// The pod's tolerations, read where taints are honored.
    pub tolerations: Vec<Toleration>,
}

impl ConstraintSet {
    /// A pod's own constraints.
    pub fn own(namespace: NamespaceId, spec: &PodSpec, labels: &Labels) -> Self {
        Self::split(namespace, &spec.topology_spread, spec, true, |constraint| with_label_keys(constraint, labels))
    }

    /// The default constraints.
    pub fn defaults(
        namespace: NamespaceId,
        defaults: &DefaultConstraints,
        selector: &LabelSelector,
        spec: &PodSpec,
    ) -> Self {
        let system =
            [system_constraint("kubernetes.io/hostname", 3), system_constraint("topology.kubernetes.io/zone", 5)];
        let (list, requires_all_keys) = match defaults {
            DefaultConstraints::System => (&system[..], false),
            DefaultConstraints::List(list) => (list.as_slice(), true),
        };
        Self::split(namespace, list, spec, requires_all_keys, |_| Some(selector.clone()))
    }

    /// Equal for equal sets, and hardly ever for others.
    pub(super) fn fingerprint(&self) -> u64 {
        FxBuildHasher.hash_one((self.namespace, &self.hard, &self.soft))
    }

    /// The set but for what it selects and how far counts may differ: all that decides which nodes count.
    pub(super) fn shape(&self) -> Self {
        let bare = |list: &[Constraint]| {
            let bare = |one: &Constraint| Constraint { selector: None, max_skew: 0, min_domains: 0, ..one.clone() };
            list.iter().map(bare).collect()
        };
        Self { namespace: NamespaceId::NONE, hard: bare(&self.hard), soft: bare(&self.soft), ..self.clone() }
    }

    fn split(
        namespace: NamespaceId,
        list: &[TopologySpreadConstraint],
        spec: &PodSpec,
        requires_all_keys: bool,
        selector: impl Fn(&TopologySpreadConstraint) -> Option<LabelSelector>,
    ) -> Self {
        let resolved = |when| {
            let chosen = list.iter().filter(move |constraint| constraint.when_unsatisfiable == when);
            chosen.map(|constraint| resolve(constraint, selector(constraint))).collect::<Vec<_>>()
        };
        let hard = resolved(WhenUnsatisfiable::DoNotSchedule);
        let soft = resolved(WhenUnsatisfiable::ScheduleAnyway);
        let all = || hard.iter().chain(&soft);
        let (affinity, taints) = (all().any(|one| one.honors_affinity), all().any(|one| one.honors_taints));
        let node_affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node.clone());
        Self {
            namespace,
            requires_all_keys,
            node_selector: if affinity { spec.node_selector.clone() } else { Vec::new() },
            // Preferences do not leave nodes out.
            node_affinity: node_affinity
                .filter(|node| affinity && node.required.is_some())
                .map(|node| NodeAffinity { preferred: Vec::new(), ..node }),
            tolerations: if taints { spec.tolerations.clone() } else { Vec::new() },
            hard,
            soft,
        }
    }
}

fn resolve(constraint: &TopologySpreadConstraint, selector: Option<LabelSelector>) -> Constraint {
    Constraint {
        topology_key: constraint.topology_key.clone(),
        max_skew: constraint.max_skew,
        min_domains: constraint.min_domains.unwrap_or(1),
        selector,
        honors_affinity: constraint.node_affinity_policy == NodeInclusionPolicy::Honor,
        honors_taints: constraint.node_taints_policy == NodeInclusionPolicy::Honor,
    }
}

/// `matchLabelKeys` ask for the pod's own values.
pub(super) fn with_label_keys(constraint: &TopologySpreadConstraint, labels: &Labels) -> Option<LabelSelector> {
    let mut selector = constraint.selector.clone()?;
    for key in &constraint.match_label_keys {
        if let Some(value) = labels.get(key) {
            let values = [Text::from(value)].into();
            selector.requirements.push(Requirement { key: key.clone(), operator: Operator::In, values });
        }
    }
    Some(selector)
}

fn system_constraint(topology_key: &'static str, max_skew: i32) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew,
        topology_key: Text::const_new(topology_key),
        when_unsatisfiable: WhenUnsatisfiable::ScheduleAnyway,
        selector: None,
        min_domains: None,
        node_affinity_policy: NodeInclusionPolicy::Honor,
        node_taints_policy: NodeInclusionPolicy::Ignore,
        match_label_keys: Vec::new(),
    }
}

/// Where a Service's selector is filed: under one label that it requires, or among those that require none.
type Place = (NamespaceId, Text, Text);

/// Selectors of Services, with their places among all Services.
#[derive(Debug, Default)]
pub struct Selectors {
    services: FxHashMap<Place, Vec<(usize, LabelSelector)>>,
    is_known: bool,
}

impl Selectors {
    /// Services changed.
    pub fn forget(&mut self) {
        self.is_known = false;
    }

    /// What selects a pod's siblings: its Services and its controller together; `None` if nothing does.
    /// Upstream: helper.DefaultSelector.
    pub fn default_selector(
        &mut self,
        cluster: &Cluster,
        namespace: NamespaceId,
        labels: &Labels,
        controller: ObjectRef,
    ) -> Option<LabelSelector> {
        self.read(cluster);
        let pairs = labels.iter().map(|(key, value)| (namespace, Text::from(key), Text::from(value)));
        let places = pairs.chain([(namespace, Text::default(), Text::default())]);
        let mut services: Vec<&(usize, LabelSelector)> = places
            .filter_map(|place| self.services.get(&place))
            .flatten()
            .filter(|(_, selector)| selector.matches(labels))
            .collect();
        services.sort_unstable_by_key(|(index, _)| *index);
        let mut requirements: Vec<Requirement> =
            services.into_iter().flat_map(|(_, selector)| selector.requirements.iter().cloned()).collect();
        if controller.is_some() && controller.kind != Kind::POD {
            let selector = match cluster.body(controller) {
                Body::ReplicaSet(replica_set) => Some(&replica_set.selector),
                Body::StatefulSet(stateful_set) => Some(&stateful_set.selector),
                _ => None,
            };
            requirements.extend(selector.into_iter().flat_map(|selector| selector.requirements.iter().cloned()));
        }
        (!requirements.is_empty()).then_some(LabelSelector { requirements })
    }

    fn read(&mut self, cluster: &Cluster) {
        if self.is_known {
            return;
        }
        self.services.clear();
        for (index, service) in cluster.list(Kind::SERVICE).enumerate() {
            let selector = cluster.body(service).as_service().and_then(|service| service.selector.clone());
            if let Some(selector) = selector {
                let (key, value) = selector.required_pair().unwrap_or_default();
                let place = (cluster.meta(service).namespace, key, value);
                self.services.entry(place).or_default().push((index, selector));
            }
        }
        self.is_known = true;
    }
}
