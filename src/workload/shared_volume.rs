//! Volumes whose files outlive their pods and are seen by every pod that mounts them: directories of a node, and persistent
//! volumes. Upstream: volume hostpath, local, nfs and csi, as far as what they hold goes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::shell::MemoryFs;
use crate::cluster::Cluster;
use crate::machines::{Machines, PathKind};
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, NodeId, PodId};
use crate::model::volume::VolumeSource;

/// Where files are that several pods may see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Store {
    /// A node's disk.
    Node(NodeId),
    /// A storage of its own: a persistent volume by its name, or what a volume in a pod names.
    Named(String),
}

/// All of them, and which pods mount them.
#[derive(Debug, Default)]
pub(super) struct SharedVolumes {
    stores: BTreeMap<Store, MemoryFs>,
    pods: BTreeMap<Store, BTreeSet<PodId>>,
    mounted: BTreeMap<PodId, BTreeSet<Store>>,
}

/// The store of a volume of a pod, and the path in it that the volume shows; `None` of volumes of the pod's own.
pub(super) fn locate(cluster: &Cluster, pod: PodId, index: usize) -> Option<(Store, String)> {
    let row = cluster.pod(pod);
    let template = cluster.template_of(pod);
    let volume = template.spec.volumes.get(index)?;
    let on_node = |path: &str| (Store::Node(row.node), normal(path));
    let claimed = |claim: &str| {
        let claim = cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, row.namespace, claim)?;
        let name = cluster.persistent_volume_claim(claim).volume;
        let volume = cluster.find(Kind::PERSISTENT_VOLUME, NamespaceId::NONE, &name)?;
        let spec = &cluster.object(volume).raw["spec"];
        let local = ["hostPath", "local"].into_iter().find_map(|kind| spec[kind]["path"].as_str());
        Some(match local {
            Some(path) => on_node(path),
            None => remote(spec).unwrap_or_else(|| (Store::Named(format!("pv/{name}")), String::new())),
        })
    };
    match &volume.source {
        VolumeSource::HostPath { path, .. } => Some(on_node(path)),
        VolumeSource::Claim { claim, .. } => claimed(claim),
        VolumeSource::Ephemeral => claimed(&format!("{}-{}", row.name, volume.name)),
        VolumeSource::Other { kind, id, .. } if kind != "csi" => remote(&template.raw["spec"]["volumes"][index])
            .or_else(|| (!id.is_empty()).then(|| (Store::Named(format!("{kind}/{id}")), String::new()))),
        _ => None,
    }
}

/// A directory of an NFS server.
fn remote(source: &Value) -> Option<(Store, String)> {
    let (server, path) = (source["nfs"]["server"].as_str()?, source["nfs"]["path"].as_str()?);
    Some((Store::Named(format!("nfs/{server}")), normal(path)))
}

/// Empty, or with a slash in front and none behind.
fn normal(path: &str) -> String {
    let path = path.trim_matches('/');
    if path.is_empty() { String::new() } else { format!("/{path}") }
}

impl SharedVolumes {
    /// A pod mounts `path` of a store: it is there from now on, as the directory or file that it is on the node.
    pub fn mount(&mut self, machines: &Machines, pod: PodId, store: &Store, path: &str) {
        self.pods.entry(store.clone()).or_default().insert(pod);
        self.mounted.entry(pod).or_default().insert(store.clone());
        let is_file = match store {
            Store::Node(node) => {
                let kind = machines.has_machine(*node).then(|| machines.machine(*node).host_paths.kind(path)).flatten();
                kind.is_some_and(|kind| kind != PathKind::Directory)
            }
            Store::Named(_) => false,
        };
        let files = self.stores.entry(store.clone()).or_default();
        if !is_file {
            files.put_directory(if path.is_empty() { "/" } else { path });
        } else if !files.holds(path) {
            files.put_file(path, b"", 0o644, crate::engine::SimTime::ZERO);
        }
    }

    pub fn get(&self, store: &Store) -> Option<&MemoryFs> {
        self.stores.get(store)
    }

    pub fn files(&mut self, store: &Store) -> &mut MemoryFs {
        self.stores.entry(store.clone()).or_default()
    }

    /// The other pods that see some of what a pod sees.
    pub fn neighbours(&self, pod: PodId) -> BTreeSet<PodId> {
        let stores = self.mounted.get(&pod).into_iter().flatten();
        let pods = stores.filter_map(|store| self.pods.get(store)).flatten();
        pods.copied().filter(|other| *other != pod).collect()
    }

    /// A pod's volumes are gone; what they hold stays.
    pub fn forget(&mut self, pod: PodId) {
        for store in self.mounted.remove(&pod).into_iter().flatten() {
            if let Some(pods) = self.pods.get_mut(&store) {
                pods.remove(&pod);
            }
        }
    }

    /// A pod stands under another row.
    pub fn rename(&mut self, from: PodId, to: PodId) {
        let Some(stores) = self.mounted.remove(&from) else { return };
        for store in &stores {
            let pods = self.pods.entry(store.clone()).or_default();
            pods.remove(&from);
            pods.insert(to);
        }
        self.mounted.insert(to, stores);
    }
}
