//! Selectors, affinity, tolerations and spread constraints.

use serde_json::Value;

use super::super::value::{int, int32, is_nil, items, members, short, text, texts};
use crate::model::Text;
use crate::model::affinity::{
    Affinity, NodeAffinity, NodeInclusionPolicy, NodeSelectorTerm, PodAffinity, PodAffinityTerm,
    TopologySpreadConstraint, WhenUnsatisfiable,
};
use crate::model::selector::{LabelSelector, Operator, Requirement};
use crate::model::taint::{TaintEffect, Toleration, TolerationOperator};

/// A `metav1.LabelSelector`; `None` for nil.
pub fn label_selector(value: &Value) -> Option<LabelSelector> {
    if is_nil(value) {
        return None;
    }
    let labels = members(&value["matchLabels"]).map(|(key, value)| Requirement {
        key: key.into(),
        operator: Operator::In,
        values: [short(value)].into(),
    });
    let expressions = items(&value["matchExpressions"]).iter().map(requirement);
    Some(LabelSelector { requirements: labels.chain(expressions).collect() })
}

/// One entry of `matchExpressions` or `matchFields`.
pub(super) fn requirement(value: &Value) -> Requirement {
    let operator = match text(&value["operator"]) {
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        "Gt" => Operator::Gt,
        "Lt" => Operator::Lt,
        _ => Operator::In,
    };
    let mut values = texts(&value["values"]);
    values.sort();
    Requirement { key: short(&value["key"]), operator, values: values.into() }
}

fn node_term(value: &Value) -> NodeSelectorTerm {
    NodeSelectorTerm {
        expressions: items(&value["matchExpressions"]).iter().map(requirement).collect(),
        fields: items(&value["matchFields"]).iter().map(requirement).collect(),
    }
}

pub(super) fn affinity(value: &Value) -> Option<Box<Affinity>> {
    if is_nil(value) {
        return None;
    }
    let node = &value["nodeAffinity"];
    let required = &node["requiredDuringSchedulingIgnoredDuringExecution"];
    let preferred = items(&node["preferredDuringSchedulingIgnoredDuringExecution"]);
    let node = (!is_nil(node)).then(|| NodeAffinity {
        required: (!is_nil(required)).then(|| items(&required["nodeSelectorTerms"]).iter().map(node_term).collect()),
        preferred: preferred.iter().map(|term| (int32(&term["weight"]), node_term(&term["preference"]))).collect(),
    });
    let (pod, anti_pod) = (pod_affinity(&value["podAffinity"]), pod_affinity(&value["podAntiAffinity"]));
    Some(Box::new(Affinity { node, pod, anti_pod }))
}

/// A `v1.NodeAffinity`; `None` for nil.
pub fn node_affinity(value: &Value) -> Option<NodeAffinity> {
    affinity(&serde_json::json!({ "nodeAffinity": value }))?.node
}

fn pod_affinity(value: &Value) -> PodAffinity {
    PodAffinity {
        required: items(&value["requiredDuringSchedulingIgnoredDuringExecution"]).iter().map(pod_term).collect(),
        preferred: items(&value["preferredDuringSchedulingIgnoredDuringExecution"])
            .iter()
            .map(|term| (int32(&term["weight"]), pod_term(&term["podAffinityTerm"])))
            .collect(),
    }
}

fn pod_term(value: &Value) -> PodAffinityTerm {
    PodAffinityTerm {
        selector: label_selector(&value["labelSelector"]),
        namespaces: texts(&value["namespaces"]),
        namespace_selector: label_selector(&value["namespaceSelector"]),
        topology_key: short(&value["topologyKey"]),
        match_label_keys: texts(&value["matchLabelKeys"]),
        mismatch_label_keys: texts(&value["mismatchLabelKeys"]),
    }
}

pub(super) fn toleration(value: &Value) -> Toleration {
    let operator = match text(&value["operator"]) {
        "Exists" => TolerationOperator::Exists,
        "Lt" => TolerationOperator::Lt,
        "Gt" => TolerationOperator::Gt,
        _ => TolerationOperator::Equal,
    };
    Toleration {
        key: short(&value["key"]),
        operator,
        value: short(&value["value"]),
        effect: TaintEffect::from_name(text(&value["effect"])),
        seconds: value["tolerationSeconds"].as_i64(),
    }
}

/// A `v1.TopologySpreadConstraint`.
pub fn spread_constraint(value: &Value) -> TopologySpreadConstraint {
    let policy = |name: &str, default| match text(&value[name]) {
        "Honor" => NodeInclusionPolicy::Honor,
        "Ignore" => NodeInclusionPolicy::Ignore,
        _ => default,
    };
    TopologySpreadConstraint {
        max_skew: int32(&value["maxSkew"]),
        topology_key: short(&value["topologyKey"]),
        when_unsatisfiable: match text(&value["whenUnsatisfiable"]) {
            "ScheduleAnyway" => WhenUnsatisfiable::ScheduleAnyway,
            _ => WhenUnsatisfiable::DoNotSchedule,
        },
        selector: label_selector(&value["labelSelector"]),
        min_domains: (!is_nil(&value["minDomains"])).then(|| int(&value["minDomains"]) as i32),
        node_affinity_policy: policy("nodeAffinityPolicy", NodeInclusionPolicy::Honor),
        node_taints_policy: policy("nodeTaintsPolicy", NodeInclusionPolicy::Ignore),
        match_label_keys: texts(&value["matchLabelKeys"]),
    }
}

/// `nodeSelector` by key.
pub(super) fn pairs(value: &Value) -> Vec<(Text, Text)> {
    members(value).map(|(key, value)| (Text::from(key), short(value))).collect()
}

/// The terms of a `v1.NodeSelector`.
pub fn node_selector_terms(value: &Value) -> Vec<NodeSelectorTerm> {
    items(&value["nodeSelectorTerms"]).iter().map(node_term).collect()
}
