//! Attempts on a cluster that differs in one thing from the one at hand.

use std::sync::Arc;

use serde_json::Value;

use super::Asked;
use crate::api::DecodeCache;
use crate::api::convert;
use crate::cluster::Verb;
use crate::model::kind::Kind;
use crate::model::object::{NodeId, ObjectRef, PodId};

impl Asked<'_> {
    /// A pod like this one but for what `change` does to its template (`{metadata, spec}`).
    pub(super) fn altered(&mut self, pod: PodId, change: impl FnOnce(&mut Value)) -> PodId {
        let mut raw = (*self.cluster.template_of(pod).raw).clone();
        change(&mut raw);
        let template = self.cluster.intern_template(Arc::new(convert::pod_template(&raw)));
        self.cluster.hypothetical_pod(pod, template)
    }

    /// Where it would go now.
    pub(super) fn attempt(&mut self, pod: PodId) -> Option<NodeId> {
        self.scheduler.attempt(self.cluster, pod).ok().flatten()
    }

    /// Where a pod would go if its template were another one.
    pub(super) fn attempt_altered(&mut self, pod: PodId, change: impl FnOnce(&mut Value)) -> Option<String> {
        let altered = self.altered(pod, change);
        self.attempt(altered).map(|node| self.cluster.node_name(node).to_owned())
    }

    /// Where a pod would go if a node were another one; the node is as before afterwards.
    pub(super) fn attempt_on_altered(
        &mut self,
        pod: PodId,
        node: NodeId,
        change: impl FnOnce(&mut Value),
    ) -> Option<NodeId> {
        let before = self.cluster.view(ObjectRef::node(node));
        let mut after = before.clone();
        change(&mut after);
        self.put_node(after)?;
        self.scheduler.hear_of_node(self.now, node, Verb::Modified, self.cluster);
        let found = self.attempt(pod);
        self.put_node(before)?;
        self.scheduler.hear_of_node(self.now, node, Verb::Modified, self.cluster);
        found
    }

    /// Asks something while there is one more node like this one, with nothing on it but what its DaemonSets put there.
    pub(super) fn with_another_node<T>(&mut self, like: NodeId, ask: impl FnOnce(&mut Self, NodeId) -> T) -> Option<T> {
        let mut node = self.cluster.view(ObjectRef::node(like));
        let name = format!("{}-another", self.cluster.node_name(like));
        let metadata = node["metadata"].as_object_mut()?;
        for own in ["uid", "resourceVersion", "creationTimestamp", "ownerReferences"] {
            metadata.remove(own);
        }
        metadata.insert("name".to_owned(), name.as_str().into());
        if node["metadata"]["labels"]["kubernetes.io/hostname"].is_string() {
            node["metadata"]["labels"]["kubernetes.io/hostname"] = name.into();
        }
        let made = self.put_node(node)?;
        self.scheduler.hear_of_node(self.now, made, Verb::Added, self.cluster);
        let is_daemon = |pod: &PodId| {
            let row = self.cluster.pod(*pod);
            row.controller.kind == Kind::DAEMON_SET && row.is_active()
        };
        let daemons: Vec<PodId> = self.cluster.pods_on(like).filter(is_daemon).collect();
        let copies: Vec<PodId> = daemons
            .into_iter()
            .map(|pod| {
                let template = self.cluster.pod(pod).template;
                self.cluster.hypothetical_pod(pod, template)
            })
            .collect();
        for copy in &copies {
            self.scheduler.occupy(self.cluster, *copy, made);
        }
        let answer = ask(self, made);
        for copy in &copies {
            self.scheduler.vacate(self.cluster, *copy);
        }
        self.scheduler.hear_of_node(self.now, made, Verb::Deleted, self.cluster);
        // It has just been made, so that nothing can be wrong with it.
        let _ = self.cluster.delete(self.now, ObjectRef::node(made), crate::cluster::DeleteOptions::NOW);
        Some(answer)
    }

    fn put_node(&mut self, node: Value) -> Option<NodeId> {
        self.cluster.import(self.now, node, &mut DecodeCache::default()).ok()?.as_node()
    }
}
