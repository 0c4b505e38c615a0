//! How many pods a Job should have now, which go, and what new ones look like.
//! Upstream: job `manageJob`, `activePodsForRemoval`, `firstPendingIndexes`.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::convert::pod_template;
use crate::cluster::{Cluster, NewPod, PodName};
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::job::Job;
use crate::model::object::{ObjectRef, PodId, TemplateId};
use crate::model::pod::{COMPLETION_INDEX, PodConditionType, PodPhase};

use super::indexes::IndexSet;
use super::tally::{FINALIZER, index_of};

/// Longest prefix of generated names. Upstream: apiserver storage/names `MaxGeneratedNameLength`.
const PREFIX_LENGTH_MAX: usize = 58;

/// The number of active pods that a Job wants.
pub(super) fn wanted_active(job: &Job, active: i32, succeeded: i32) -> i32 {
    match job.completions {
        // A work queue: after the first success nobody is added.
        None if succeeded > 0 => active,
        None => job.parallelism,
        Some(completions) => (completions - succeeded).clamp(0, job.parallelism.max(0)),
    }
}

/// The pods that go when there are too many: those with no use of their own first, then the least far ones.
pub(super) fn victims(active: Vec<PodId>, excess: usize, job: &Job, cluster: &Cluster) -> Vec<PodId> {
    let mut ranked = active;
    ranked.sort_by(|left, right| compare(*left, *right, cluster));
    if !job.indexed {
        ranked.truncate(excess);
        return ranked;
    }
    // Within an index the pod that ranks last stays.
    let mut seen = BTreeSet::new();
    let mut useless = Vec::new();
    let mut useful = Vec::new();
    for pod in ranked.into_iter().rev() {
        match index_of(pod, cluster) {
            Some(index) if (index as i32) < job.completions.unwrap_or(0) && seen.insert(index) => useful.push(pod),
            _ => useless.push(pod),
        }
    }
    useful.reverse();
    let more = excess.saturating_sub(useless.len());
    useless.extend(useful.into_iter().take(more));
    useless
}

/// `Less` goes first. Upstream: controller `ActivePods.Less`.
fn compare(left: PodId, right: PodId, cluster: &Cluster) -> Ordering {
    let key = |pod: PodId| {
        let row = cluster.pod(pod);
        let phase = match row.status.phase {
            PodPhase::Pending => 0,
            PodPhase::Unknown => 1,
            _ => 2,
        };
        let ready = row.status.condition(PodConditionType::Ready).filter(|ready| ready.status.is_true());
        let restarts = row.status.containers.iter().map(|container| container.restart_count).max().unwrap_or(0);
        (row.node.is_some(), phase, ready.map(|ready| ready.last_transition), restarts, row.created)
    };
    let (left_key, right_key) = (key(left), key(right));
    let younger = |one: SimTime, other: SimTime| other.cmp(&one);
    (left_key.0, left_key.1, left_key.2.is_some())
        .cmp(&(right_key.0, right_key.1, right_key.2.is_some()))
        .then_with(|| match (left_key.2, right_key.2) {
            (Some(one), Some(other)) => younger(one, other),
            _ => Ordering::Equal,
        })
        .then_with(|| right_key.3.cmp(&left_key.3))
        .then_with(|| younger(left_key.4, right_key.4))
        .then_with(|| left.cmp(&right))
}

/// The lowest indexes that nobody has done, is at or has given up.
pub(super) fn pending_indexes<'a>(
    completions: u32,
    done: &'a IndexSet,
    failed: &'a IndexSet,
    busy: &'a BTreeSet<u32>,
) -> impl Iterator<Item = u32> + 'a {
    let mut next = 0;
    std::iter::from_fn(move || {
        loop {
            let index = failed.next_outside(done.next_outside(next));
            next = index.saturating_add(1);
            if index >= completions {
                return None;
            }
            if !done.contains(index) && !busy.contains(&index) {
                return Some(index);
            }
        }
    })
}

/// A pod of a Job without indexes.
pub(super) fn new_pod(key: ObjectRef, job: &Job, cluster: &Cluster) -> NewPod {
    let meta = cluster.meta(key);
    NewPod {
        namespace: meta.namespace,
        name: PodName::Generate(Text::from(format!("{}-", meta.name))),
        template: job.template,
        controller: key,
        finalizers: vec![Text::const_new(FINALIZER)],
        mirror: false,
    }
}

/// Pods of one template for all indexes: `template` is what `index_template` gave.
pub(super) fn new_indexed_pod(
    key: ObjectRef,
    job: &Job,
    index: u32,
    template: TemplateId,
    cluster: &Cluster,
) -> NewPod {
    let name = &cluster.meta(key).name;
    let suffix = format!("-{index}-");
    let room = PREFIX_LENGTH_MAX - suffix.len();
    NewPod {
        name: PodName::Generate(Text::from(format!("{}{suffix}", &name[..name.len().min(room)]))),
        template,
        ..new_pod(key, job, cluster)
    }
}

/// The Job's template, whose containers read their index from their pod's label.
/// Upstream: job `addCompletionIndexEnvVariables`.
pub(super) fn index_template(job: &Job, cluster: &mut Cluster) -> TemplateId {
    let raw = with_index_variable(&cluster.template(job.template).raw);
    cluster.intern_template(Arc::new(pod_template(&raw)))
}

fn with_index_variable(template: &Value) -> Value {
    let mut raw = template.clone();
    let path = format!("metadata.labels['{COMPLETION_INDEX}']");
    let variable =
        json!({"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}});
    for list in ["initContainers", "containers"] {
        for container in raw["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if !container["env"].is_array() {
                container["env"] = json!([]);
            }
            let variables = container["env"].as_array_mut().expect("made one above");
            if !variables.iter().any(|known| known["name"] == variable["name"]) {
                variables.push(variable.clone());
            }
        }
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_indexes_are_the_lowest_free_ones() {
        let found: Vec<u32> =
            pending_indexes(8, &IndexSet::parse("0-2", 8), &IndexSet::parse("4", 8), &BTreeSet::from([5])).collect();
        assert_eq!(found, [3, 6, 7]);
    }

    #[test]
    fn an_indexed_template_tells_its_containers_their_index() {
        let raw = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "x"}]}});
        let made = with_index_variable(&raw);
        assert_eq!(made["spec"]["containers"][0]["env"][0]["name"], "JOB_COMPLETION_INDEX");
        assert_eq!(made["metadata"], raw["metadata"]);
    }
}
