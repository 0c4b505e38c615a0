//! Which nodes a DaemonSet's pods run on, and to which node a pod belongs.
//! Upstream: daemon `NodeShouldRunDaemonPod`, `predicates`; daemon/util `GetTargetNodeName`.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::model::object::{NodeId, PodId};
use crate::model::pod_template::PodTemplate;
use crate::model::taint::{Taint, TaintEffect, Toleration};

/// Tolerations that every pod of a DaemonSet has, with operator Exists: key, effect, only with the host's network.
/// Upstream: daemon/util `AddOrUpdateDaemonPodTolerations`.
const TOLERATIONS: [(&str, &str, bool); 7] = [
    ("node.kubernetes.io/not-ready", "NoExecute", false),
    ("node.kubernetes.io/unreachable", "NoExecute", false),
    ("node.kubernetes.io/disk-pressure", "NoSchedule", false),
    ("node.kubernetes.io/memory-pressure", "NoSchedule", false),
    ("node.kubernetes.io/pid-pressure", "NoSchedule", false),
    ("node.kubernetes.io/unschedulable", "NoSchedule", false),
    ("node.kubernetes.io/network-unavailable", "NoSchedule", true),
];

/// What a DaemonSet wants of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// A pod should be made there.
    pub(super) run: bool,
    /// A pod that is there may stay.
    pub(super) stay: bool,
}

/// `template` has the DaemonSet's tolerations already, but no node of its own.
pub(super) fn wish(node: NodeId, template: &PodTemplate, cluster: &Cluster) -> Wish {
    const NONE: Wish = Wish { run: false, stay: false };
    let row = cluster.node(node);
    let spec = &template.spec;
    let (name, labels) = (&row.meta.name, &row.meta.labels);
    if !spec.node_name.is_empty() && spec.node_name != *name {
        return NONE;
    }
    let selected = spec.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value));
    let required = spec.affinity.as_ref().and_then(|affinity| affinity.node.as_ref()?.required.as_ref());
    if !selected || required.is_some_and(|terms| !terms.iter().any(|term| term.matches(name, labels))) {
        return NONE;
    }
    let taints: &[Taint] = row.body.as_node().map_or(&[], |body| &body.taints);
    by_taints(taints, &spec.tolerations)
}

/// NoSchedule keeps new pods away, NoExecute all.
fn by_taints(taints: &[Taint], tolerations: &[Toleration]) -> Wish {
    let untolerated = |effect: TaintEffect| {
        let mut of_effect = taints.iter().filter(|taint| taint.effect == effect);
        of_effect.any(|taint| !tolerations.iter().any(|toleration| toleration.tolerates(taint)))
    };
    let driven_out = untolerated(TaintEffect::NoExecute);
    Wish { run: !driven_out && !untolerated(TaintEffect::NoSchedule), stay: !driven_out }
}

/// The template with the DaemonSet's tolerations and the labels of its revision. `generation` is the number of its
/// template, or empty. Upstream: daemon/util `CreatePodTemplate`.
pub(super) fn daemon_template(template: &Value, hash: &str, generation: &str) -> Value {
    let mut raw = template.clone();
    if !raw["metadata"]["labels"].is_object() {
        raw["metadata"]["labels"] = json!({});
    }
    raw["metadata"]["labels"]["controller-revision-hash"] = json!(hash);
    if !generation.is_empty() {
        raw["metadata"]["labels"]["pod-template-generation"] = json!(generation);
    }
    let host_network = raw["spec"]["hostNetwork"] == true;
    let mut tolerations = raw["spec"]["tolerations"].as_array().cloned().unwrap_or_default();
    for (key, effect, host_only) in TOLERATIONS {
        let added = json!({"key": key, "operator": "Exists", "effect": effect});
        if (host_network || !host_only) && !tolerations.contains(&added) {
            tolerations.push(added);
        }
    }
    raw["spec"]["tolerations"] = Value::Array(tolerations);
    raw
}

/// The template for one node: its required node affinity names the node and nothing else.
/// Upstream: daemon/util `ReplaceDaemonSetPodNodeNameNodeAffinity`.
pub(super) fn node_template(template: &Value, node: &str) -> Value {
    let mut raw = template.clone();
    let term = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]});
    raw["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] =
        json!({"nodeSelectorTerms": [term]});
    raw
}

/// The node a pod is bound to, or made for. A name whose node is gone gives `NodeId::NONE`.
pub(super) fn target(pod: PodId, cluster: &Cluster) -> NodeId {
    let row = cluster.pod(pod);
    if row.node.is_some() {
        return row.node;
    }
    let affinity = cluster.template(row.template).spec.affinity.as_ref();
    let terms = affinity.and_then(|affinity| affinity.node.as_ref()?.required.as_ref());
    let fields = terms.into_iter().flatten().flat_map(|term| &term.fields);
    let mut names = fields.filter(|field| field.key == "metadata.name").flat_map(|field| &field.values);
    names.next().and_then(|name| cluster.node_by_name(name)).unwrap_or(NodeId::NONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Text;
    use crate::model::taint::TolerationOperator;

    #[test]
    fn no_schedule_keeps_new_pods_away_and_no_execute_all() {
        let taint = |effect| Taint { key: Text::const_new("k"), value: Text::default(), effect };
        let (schedule, execute) = (taint(TaintEffect::NoSchedule), taint(TaintEffect::NoExecute));
        let tolerates_execute = Toleration {
            key: Text::const_new("k"),
            operator: TolerationOperator::Exists,
            value: Text::default(),
            effect: Some(TaintEffect::NoExecute),
            seconds: None,
        };
        assert_eq!(by_taints(std::slice::from_ref(&schedule), &[]), Wish { run: false, stay: true });
        assert_eq!(by_taints(std::slice::from_ref(&execute), &[]), Wish { run: false, stay: false });
        assert_eq!(by_taints(&[execute, schedule], &[tolerates_execute]), Wish { run: false, stay: true });
        assert_eq!(by_taints(&[], &[]), Wish { run: true, stay: true });
    }

    #[test]
    fn a_daemons_template_is_tolerant_and_names_its_node() {
        let raw = daemon_template(&json!({"spec": {"hostNetwork": false}}), "x", "1");
        assert_eq!(raw["metadata"]["labels"]["pod-template-generation"], "1");
        assert_eq!(raw["spec"]["tolerations"].as_array().unwrap().len(), 6);
        let raw = node_template(&raw, "node-1");
        let path = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchFields/0/values/0";
        assert_eq!(raw.pointer(path), Some(&json!("node-1")));
    }
}
