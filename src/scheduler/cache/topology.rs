//! Node labels as topology: for each key in use, the domain (value) of each node as a small number.

use rustc_hash::FxHashMap;

use crate::model::Text;
use crate::model::labels::Labels;
use crate::model::object::NodeId;

/// A topology key's place in `Topology`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// A node without the key is in this domain.
pub const NO_DOMAIN: u32 = u32::MAX;

/// The domains of all nodes under all keys in use.
#[derive(Debug, Default)]
pub struct Topology {
    keys: Vec<Key>,
    by_name: FxHashMap<Text, KeyId>,
}

#[derive(Debug)]
struct Key {
    name: Text,
    by_value: FxHashMap<Text, u32>,
    /// By node.
    domains: Vec<u32>,
}

impl Topology {
    /// The key of this name; `nodes` are all nodes with their labels, read if the key is new.
    pub fn key<'a>(&mut self, name: &Text, nodes: impl Iterator<Item = (NodeId, &'a Labels)>) -> KeyId {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let id = KeyId(self.keys.len() as u32);
        self.by_name.insert(name.clone(), id);
        let mut key = Key { name: name.clone(), by_value: FxHashMap::default(), domains: Vec::new() };
        for (node, labels) in nodes {
            key.set(node, labels);
        }
        self.keys.push(key);
        id
    }

    /// The domain of a node, `NO_DOMAIN` without the label.
    #[inline]
    pub fn domain(&self, key: KeyId, node: NodeId) -> u32 {
        self.keys[key.0 as usize].domains.get(node.index()).copied().unwrap_or(NO_DOMAIN)
    }

    /// The domains of all nodes, by node id.
    pub fn domains(&self, key: KeyId) -> &[u32] {
        &self.keys[key.0 as usize].domains
    }

    /// How many domains there are or were.
    pub fn count(&self, key: KeyId) -> usize {
        self.keys[key.0 as usize].by_value.len()
    }

    /// A node's labels are new or have changed.
    pub(super) fn set_node(&mut self, node: NodeId, labels: &Labels) {
        for key in &mut self.keys {
            key.set(node, labels);
        }
    }
}

impl Key {
    fn set(&mut self, node: NodeId, labels: &Labels) {
        if self.domains.len() <= node.index() {
            self.domains.resize(node.index() + 1, NO_DOMAIN);
        }
        self.domains[node.index()] = match labels.get(&self.name) {
            None => NO_DOMAIN,
            Some(value) => {
                let next = self.by_value.len() as u32;
                *self.by_value.entry(value.into()).or_insert(next)
            }
        };
    }
}
