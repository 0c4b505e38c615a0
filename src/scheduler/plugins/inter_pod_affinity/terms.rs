//! Affinity terms and what they match. Upstream: framework.AffinityTerm.

use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::affinity::PodAffinityTerm;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{NamespaceId, ObjectRef};
use crate::model::selector::LabelSelector;

/// A pod that a term is held against.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its namespace's name.
    pub namespace: &'a str,
    /// Its labels.
    pub labels: &'a Labels,
    /// The labels of its namespace, `None` where upstream looks without them.
    pub namespace_labels: Option<&'a Labels>,
}

impl<'a> Target<'a> {
    /// A pod with the labels of its namespace.
    pub fn with_namespace(cluster: &'a Cluster, namespace: NamespaceId, labels: &'a Labels) -> Self {
        let namespace_labels = &cluster.meta(ObjectRef::new(Kind::NAMESPACE, namespace.0)).labels;
        let namespace_labels = Some(&**namespace_labels);
        Self { namespace: cluster.namespace_name(namespace), labels, namespace_labels }
    }

    /// A pod without them.
    pub fn bare(cluster: &'a Cluster, namespace: NamespaceId, labels: &'a Labels) -> Self {
        Self { namespace: cluster.namespace_name(namespace), labels, namespace_labels: None }
    }
}

/// A term of a pod.
#[derive(Clone, Debug)]
pub struct Term {
    /// The node label that makes a domain.
    pub topology_key: Text,
    selector: Option<LabelSelector>,
    namespaces: Vec<Text>,
    namespace_selector: Option<LabelSelector>,
}

impl Term {
    /// A term of a pod in `namespace`. Upstream: kube-scheduler/framework `newAffinityTerm`.
    pub fn new(term: &PodAffinityTerm, namespace: &str) -> Self {
        let is_own = term.namespaces.is_empty() && term.namespace_selector.is_none();
        let namespaces = if is_own { vec![namespace.into()] } else { term.namespaces.clone() };
        Self {
            topology_key: term.topology_key.clone(),
            selector: term.selector.clone(),
            namespaces,
            namespace_selector: term.namespace_selector.clone(),
        }
    }

    /// A term of the pod to be scheduled: the namespaces that its selector selects now are listed by name.
    /// Upstream: interpodaffinity `mergeAffinityTermNamespacesIfNotEmpty`.
    pub fn of_incoming(cluster: &Cluster, term: &PodAffinityTerm, namespace: &str) -> Self {
        let mut resolved = Self::new(term, namespace);
        if let Some(selector) = resolved.namespace_selector.as_ref().filter(|selector| !selector.is_empty()) {
            let selected = cluster.list(Kind::NAMESPACE).map(|object| cluster.meta(object));
            let names = selected.filter(|meta| selector.matches(&meta.labels)).map(|meta| meta.name.clone());
            resolved.namespaces.extend(names.collect::<Vec<_>>());
        }
        resolved
    }

    /// Does it select the pod? Without namespace labels a selector is held against none, so one that only excludes
    /// selects every namespace, as upstream does.
    pub fn matches(&self, target: Target<'_>) -> bool {
        let in_namespace = self.namespaces.iter().any(|name| name == target.namespace)
            || self.namespace_selector.as_ref().is_some_and(|selector| match target.namespace_labels {
                Some(labels) => selector.matches(labels),
                None => selector.matches(&Labels::default()),
            });
        in_namespace && self.selector.as_ref().is_some_and(|selector| selector.matches(target.labels))
    }
}

/// The terms of a pod.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Required affinity.
    pub affinity: Vec<Term>,
    /// Required anti-affinity.
    pub anti_affinity: Vec<Term>,
    /// Preferred terms; the weights of anti-affinity are negative.
    pub preferred: Vec<(i32, Term)>,
}

impl Terms {
    /// Those of a template in a namespace, each made by `make`.
    pub fn of(
        cluster: &Cluster,
        namespace: NamespaceId,
        template: &crate::model::pod_template::PodTemplate,
        make: impl Fn(&PodAffinityTerm, &str) -> Term,
    ) -> Self {
        let Some(affinity) = &template.spec.affinity else { return Self::default() };
        let name = cluster.namespace_name(namespace);
        let all = |terms: &[PodAffinityTerm]| terms.iter().map(|term| make(term, name)).collect();
        let towards = affinity.pod.preferred.iter().map(|(weight, term)| (*weight, make(term, name)));
        let away = affinity.anti_pod.preferred.iter().map(|(weight, term)| (-*weight, make(term, name)));
        Self {
            affinity: all(&affinity.pod.required),
            anti_affinity: all(&affinity.anti_pod.required),
            preferred: towards.chain(away).collect(),
        }
    }
}
