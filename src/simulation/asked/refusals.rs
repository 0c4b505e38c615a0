//! Pods that the API server refuses to make: whose they are, why, and the quota that would let one more be made, tried on
//! a raised quota.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Asked, Change, Waiting};
use crate::api::DecodeCache;
use crate::cluster::DeleteOptions;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;
use crate::model::quantity::Quantity;

impl Asked<'_> {
    /// Workloads whose pods the API server refuses.
    pub(super) fn not_created(&mut self) -> Vec<Waiting> {
        let mut found = Vec::new();
        for kind in [Kind::REPLICA_SET, Kind::REPLICATION_CONTROLLER] {
            let sets: Vec<ObjectRef> = self.cluster.list(kind).collect();
            for set in sets {
                let Some((reason, change)) = self.refusal(set) else { continue };
                let (namespace, name) = self.cluster.identity(set);
                let namespace = self.cluster.namespace_name(namespace);
                let workload = format!("{namespace}/{}/{name}", kind.name().to_lowercase());
                found.push(Waiting { workload, pods: Vec::new(), reason, change, untried: "" });
            }
        }
        found
    }

    /// Why the API server refuses the pods of a ReplicaSet, with the quota that would let one more be placed.
    pub(super) fn refusal(&mut self, set: ObjectRef) -> Option<(String, Option<Change>)> {
        let columns = self.cluster.body(set).as_replica_set()?;
        let failure =
            columns.status.conditions.iter().find(|one| one.kind == "ReplicaFailure" && one.status.is_true())?;
        let message = failure.message.to_string();
        Some(self.with_quota(set, message))
    }

    /// A refusal of the pods of a workload; if a quota refuses them, with what came of one more pod under a higher one.
    pub(super) fn with_quota(&mut self, workload: ObjectRef, message: String) -> (String, Option<Change>) {
        let Some(raise) = Raise::of_message(&message) else { return (message, None) };
        let (namespace, _) = self.cluster.identity(workload);
        let Some(quota) = self.cluster.find(Kind::RESOURCE_QUOTA, namespace, &raise.quota) else {
            return (message, None);
        };
        let before = self.cluster.view(quota);
        let mut after = before.clone();
        for (key, limit, _) in &raise.limits {
            after["spec"]["hard"][key.as_str()] = limit.to_string().into();
            after["status"]["hard"][key.as_str()] = limit.to_string().into();
        }
        let tried = self.put(after).and_then(|()| self.one_more(workload));
        // It was there before, so that nothing can be wrong with it.
        let _ = self.put(before);
        match tried {
            Ok(node) => (message, Some(Change::new("quota", raise.words(), node))),
            Err(then) => (format!("{message}; with a higher quota: {then}"), None),
        }
    }

    /// Where one more pod of a workload would go.
    fn one_more(&mut self, workload: ObjectRef) -> Result<String, String> {
        let pod = self.add_pod(self.cluster.view(workload))?;
        let verdicts = self.scheduler.verdicts(self.cluster, pod);
        let node = self.attempt(pod).map(|node| self.cluster.node_name(node).to_owned());
        // It has just been made, so that nothing can be wrong with it.
        let _ = self.cluster.delete(self.now, ObjectRef::pod(pod), DeleteOptions::NOW);
        node.ok_or_else(|| verdicts.map_or_else(|message| message, |verdicts| verdicts.message))
    }

    fn put(&mut self, object: Value) -> Result<(), String> {
        let imported = self.cluster.import(self.now, object, &mut DecodeCache::default());
        imported.map(|_| ()).map_err(|error| error.to_string())
    }
}

/// By how much a quota's limits are too low for one more pod.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Raise {
    quota: String,
    /// What is limited, what it has to be, and what it is.
    limits: Vec<(String, Quantity, Quantity)>,
}

impl Raise {
    /// Of `… exceeded quota: q, requested: cpu=1, used: cpu=2, limited: cpu=2`.
    fn of_message(message: &str) -> Option<Self> {
        let rest = message.split_once("exceeded quota: ")?.1;
        let (quota, rest) = rest.split_once(", requested: ")?;
        let (requested, rest) = rest.split_once(", used: ")?;
        let (used, limited) = rest.split_once(", limited: ")?;
        let amounts = |text: &str| -> BTreeMap<String, Quantity> {
            let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
            pairs.filter_map(|(key, value)| Some((key.trim().to_owned(), Quantity::parse(value.trim())?))).collect()
        };
        let (requested, used, limited) = (amounts(requested), amounts(used), amounts(limited));
        let mut limits = Vec::new();
        for (key, amount) in &requested {
            let (Some(has), Some(limit)) = (used.get(key), limited.get(key)) else { continue };
            let sum = Quantity { nano: amount.nano + has.nano, format: limit.format };
            if sum.nano > limit.nano {
                limits.push((key.clone(), sum, *limit));
            }
        }
        (!limits.is_empty()).then(|| Self { quota: quota.to_owned(), limits })
    }

    fn words(&self) -> String {
        let wanted: Vec<String> =
            self.limits.iter().map(|(key, sum, limit)| format!("{key} from {limit} to {sum}")).collect();
        format!("raise the quota {}: {}, for each pod more", self.quota, wanted.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_raised_by_what_is_short() {
        let message = "pods \"web-x\" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=500m, used: pods=5,requests.cpu=1, limited: pods=5,requests.cpu=4";
        assert_eq!(
            Raise::of_message(message).unwrap().words(),
            "raise the quota q: pods from 5 to 6, for each pod more"
        );
        assert!(Raise::of_message("no quota at all").is_none());
    }
}
