//! Which change may help a pod that required terms kept out. Upstream: interpodaffinity
//! `isSchedulableAfterPodChange`, `isSchedulableAfterNodeChange`. Namespace labels are not looked at here.

use super::terms::{Target, Term, Terms};
use crate::cluster::Cluster;
use crate::model::labels::Labels;
use crate::model::object::{NamespaceId, PodId, TemplateId};
use crate::scheduler::framework::{ClusterEvent, NodeUpdate, PodUpdate};

/// May the event help the pod?
pub fn hint(event: &ClusterEvent, pod: PodId, cluster: &Cluster) -> bool {
    let row = cluster.pod(pod);
    let template = cluster.template(row.template);
    let own = || Terms::of(cluster, row.namespace, template, |term, name| Term::of_incoming(cluster, term, name));
    match event {
        ClusterEvent::PodUpdated { pod: changed, update: PodUpdate::Label, .. } if *changed == pod => true,
        ClusterEvent::PodUpdated { pod: other, update: PodUpdate::Label, before } => {
            let own = own();
            let namespace = cluster.pod(*other).namespace;
            let (old, new) = (&cluster.template(*before).labels, &cluster.template_of(*other).labels);
            let matches = |terms: &[Term], labels| matches_all(terms, cluster, namespace, labels);
            !matches(&own.affinity, old) && matches(&own.affinity, new)
                || matches(&own.anti_affinity, old) && !matches(&own.anti_affinity, new)
        }
        ClusterEvent::PodAdded { pod: other } => {
            let (namespace, labels) = (cluster.pod(*other).namespace, &cluster.template_of(*other).labels);
            matches_all(&own().affinity, cluster, namespace, labels)
        }
        ClusterEvent::PodDeleted { pod: other } => {
            let namespace = cluster.pod(*other).namespace;
            matches_all(&own().anti_affinity, cluster, namespace, &cluster.template_of(*other).labels)
                || keeps_out(cluster, namespace, cluster.pod(*other).template, row.namespace, &template.labels)
        }
        ClusterEvent::NodeAdded { after } => {
            let own = own();
            let has = |term: &Term| after.labels.contains_key(&term.topology_key);
            own.affinity.iter().any(has) || !own.anti_affinity.is_empty()
        }
        ClusterEvent::NodeUpdated { update: NodeUpdate::Label, before, after } => {
            let own = own();
            let value = |labels: &Labels, term: &Term| labels.get(&term.topology_key).map(str::to_owned);
            let differs = |term: &Term| value(&before.labels, term) != value(&after.labels, term);
            own.affinity.iter().any(|term| after.labels.contains_key(&term.topology_key) && differs(term))
                || own.anti_affinity.iter().any(|term| before.labels.contains_key(&term.topology_key) && differs(term))
        }
        ClusterEvent::NodeUpdated { update: NodeUpdate::Taint, .. } => true,
        _ => false,
    }
}

/// No terms match nothing.
fn matches_all(terms: &[Term], cluster: &Cluster, namespace: NamespaceId, labels: &Labels) -> bool {
    !terms.is_empty() && terms.iter().all(|term| term.matches(Target::bare(cluster, namespace, labels)))
}

/// Do all anti-affinity terms of a pod that went select the waiting one?
fn keeps_out(
    cluster: &Cluster,
    namespace: NamespaceId,
    template: TemplateId,
    waiting: NamespaceId,
    labels: &Labels,
) -> bool {
    let terms = Terms::of(cluster, namespace, cluster.template(template), Term::new);
    matches_all(&terms.anti_affinity, cluster, waiting, labels)
}
