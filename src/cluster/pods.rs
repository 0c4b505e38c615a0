//! Rows and indexes of pods, which have a table of their own because there may be a million of them.

use hashbrown::HashTable;
use rustc_hash::FxHashMap;

use crate::engine::rows::Rows;
use crate::model::Text;
use crate::model::labels::Labels;
use crate::model::object::{NamespaceId, NodeId, ObjectRef, PodId, TemplateId};
use crate::model::pod::Pod;

use super::event_correlator::hash;
use super::pod_set::PodSet;

/// All pods.
#[derive(Debug, Default)]
pub(super) struct PodTable {
    rows: Rows<Pod>,
    by_name: HashTable<Named>,
    by_controller: FxHashMap<ObjectRef, PodSet>,
    by_node: Vec<PodSet>,
    by_template: FxHashMap<(NamespaceId, TemplateId), PodSet>,
    /// Templates ever used in a namespace, in order of their first pod.
    templates: FxHashMap<NamespaceId, Vec<TemplateId>>,
    /// The same by each of their labels.
    by_label: FxHashMap<(NamespaceId, Text, Text), Vec<TemplateId>>,
    live: usize,
    /// Did a pod come that is older than the one before it, as pods of another cluster may?
    is_unordered: bool,
}

/// A live pod by namespace and name, which are in its row.
#[derive(Clone, Copy, Debug)]
struct Named {
    /// A part of the hash of both: a row is looked at only where it is the same.
    hash: u32,
    pod: PodId,
}

impl Named {
    fn new(namespace: NamespaceId, name: &str, pod: PodId) -> Self {
        Self { hash: (hash(&(namespace, name)) >> 32) as u32, pod }
    }

    /// Where the table looks for it: it wants all bits of a word to differ.
    fn spread(self) -> u64 {
        u64::from(self.hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl PodTable {
    pub(super) fn row(&self, pod: PodId) -> &Pod {
        &self.rows[pod.index()]
    }

    pub(super) fn row_mut(&mut self, pod: PodId) -> &mut Pod {
        &mut self.rows[pod.index()]
    }

    pub(super) fn find(&self, namespace: NamespaceId, name: &str) -> Option<PodId> {
        let wanted = Named::new(namespace, name, PodId::NONE);
        let found = self.by_name.find(wanted.spread(), |named| {
            let row = &self.rows[named.pod.index()];
            named.hash == wanted.hash && row.namespace == namespace && row.name == name
        });
        found.map(|named| named.pod)
    }

    pub(super) fn live(&self) -> impl Iterator<Item = PodId> + '_ {
        (0..self.rows.len()).map(PodId::from_index).filter(|pod| !self.row(*pod).deleted)
    }

    /// Number of rows ever made.
    pub(super) fn len(&self) -> u32 {
        self.rows.len() as u32
    }

    pub(super) fn is_by_age(&self) -> bool {
        !self.is_unordered
    }

    pub(super) fn live_count(&self) -> usize {
        self.live
    }

    pub(super) fn by_controller(&self, owner: ObjectRef) -> impl Iterator<Item = PodId> + '_ {
        self.by_controller.get(&owner).into_iter().flat_map(PodSet::iter)
    }

    pub(super) fn by_node(&self, node: NodeId) -> impl Iterator<Item = PodId> + '_ {
        self.by_node.get(node.index()).into_iter().flat_map(PodSet::iter)
    }

    pub(super) fn by_template(&self, namespace: NamespaceId, template: TemplateId) -> impl Iterator<Item = PodId> + '_ {
        self.by_template.get(&(namespace, template)).into_iter().flat_map(PodSet::iter)
    }

    pub(super) fn templates_in(&self, namespace: NamespaceId) -> &[TemplateId] {
        self.templates.get(&namespace).map_or(&[], Vec::as_slice)
    }

    /// Templates of a namespace that have this label.
    pub(super) fn templates_with(&self, namespace: NamespaceId, key: &Text, value: &Text) -> &[TemplateId] {
        self.by_label.get(&(namespace, key.clone(), value.clone())).map_or(&[], Vec::as_slice)
    }

    /// Was the template ever used in the namespace?
    pub(super) fn knows_template(&self, namespace: NamespaceId, template: TemplateId) -> bool {
        self.by_template.contains_key(&(namespace, template))
    }

    /// The first pod of a template comes to a namespace.
    pub(super) fn learn_template(&mut self, namespace: NamespaceId, template: TemplateId, labels: &Labels) {
        self.by_template.entry((namespace, template)).or_default();
        self.templates.entry(namespace).or_default().push(template);
        for (key, value) in labels.iter() {
            self.by_label.entry((namespace, Text::from(key), Text::from(value))).or_default().push(template);
        }
    }

    pub(super) fn insert(&mut self, pod: Pod) -> PodId {
        let id = PodId::from_index(self.rows.len());
        let named = Named::new(pod.namespace, &pod.name, id);
        self.by_name.insert_unique(named.spread(), named, |other| other.spread());
        if pod.controller.is_some() {
            self.by_controller.entry(pod.controller).or_default().insert(id);
        }
        self.index_template(id, pod.namespace, pod.template);
        self.is_unordered |= self.rows.last().is_some_and(|last| last.created > pod.created);
        let node = pod.node;
        self.rows.push(pod);
        self.live += 1;
        self.index_node(id, node);
        id
    }

    pub(super) fn bind(&mut self, pod: PodId, node: NodeId) {
        self.row_mut(pod).node = node;
        self.index_node(pod, node);
    }

    pub(super) fn set_controller(&mut self, pod: PodId, controller: ObjectRef) {
        let old = std::mem::replace(&mut self.row_mut(pod).controller, controller);
        if let Some(children) = self.by_controller.get_mut(&old) {
            children.remove(pod);
        }
        if controller.is_some() {
            self.by_controller.entry(controller).or_default().insert(pod);
        }
    }

    pub(super) fn set_template(&mut self, pod: PodId, template: TemplateId) {
        let namespace = self.row(pod).namespace;
        let old = std::mem::replace(&mut self.row_mut(pod).template, template);
        if let Some(siblings) = self.by_template.get_mut(&(namespace, old)) {
            siblings.remove(pod);
        }
        self.index_template(pod, namespace, template);
    }

    /// Takes a pod out of every index; its row stays as it was last.
    pub(super) fn remove(&mut self, pod: PodId) {
        let row = &mut self.rows[pod.index()];
        row.deleted = true;
        let (namespace, controller, node, template) = (row.namespace, row.controller, row.node, row.template);
        self.live -= 1;
        let named = Named::new(namespace, &row.name, pod);
        if let Ok(entry) = self.by_name.find_entry(named.spread(), |other| other.pod == pod) {
            entry.remove();
        }
        if let Some(children) = self.by_controller.get_mut(&controller) {
            children.remove(pod);
        }
        if let Some(siblings) = self.by_template.get_mut(&(namespace, template)) {
            siblings.remove(pod);
        }
        if let Some(pods) = self.by_node.get_mut(node.index()) {
            pods.remove(pod);
        }
    }

    /// Frees what a row that is gone holds of its status beside phase and reason, and finalizers and owners that are no more.
    pub(super) fn strip(&mut self, pod: PodId) {
        let row = self.row_mut(pod);
        row.status.conditions = Vec::new();
        row.status.containers = Box::default();
        if row.extra.as_ref().is_some_and(|extra| !extra.mirror && extra.completion.is_none()) {
            row.extra = None;
        }
    }

    fn index_node(&mut self, pod: PodId, node: NodeId) {
        if node.is_none() {
            return;
        }
        if self.by_node.len() <= node.index() {
            self.by_node.resize_with(node.index() + 1, PodSet::default);
        }
        self.by_node[node.index()].insert(pod);
    }

    fn index_template(&mut self, pod: PodId, namespace: NamespaceId, template: TemplateId) {
        self.by_template.entry((namespace, template)).or_default().insert(pod);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimTime;

    #[test]
    fn an_older_pod_that_comes_later_is_noticed() {
        let mut table = PodTable::default();
        let new =
            |name, second| Pod::new(Text::const_new(name), NamespaceId(0), TemplateId(0), SimTime::from_secs(second));
        table.insert(new("first", 5));
        table.insert(new("second", 5));
        assert!(table.is_by_age());
        table.insert(new("of-another-cluster", 4));
        assert!(!table.is_by_age());
    }
}
