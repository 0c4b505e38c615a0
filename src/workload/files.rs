//! What a container sees as its files: its own root, and the pod's volumes where they are mounted.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::environment::{self, Environment};
use super::shell::{Errno, FileSystem, Links, MemoryFs, Metadata, WriteAt};
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::machines::VolumeUse;
use crate::model::kind::Kind;
use crate::model::object::{Body, PodId};
use crate::model::pod_spec::Container;
use crate::model::volume::{DownwardFile, KeyToPath, ProjectedSource, VolumeSource};

/// A volume in a container.
#[derive(Clone, Debug)]
struct Mount {
    /// Absolute, without a slash at its end.
    path: String,
    /// Index into the pod's volumes.
    volume: usize,
    /// Path inside the volume, empty or beginning with a slash.
    sub_path: String,
    read_only: bool,
}

/// A container's own files.
#[derive(Clone, Debug)]
pub(super) struct ContainerFiles {
    root: MemoryFs,
    /// Bytes that the image brought.
    from_image: u64,
    /// Files and directories that were there from the start.
    count_of_image: u32,
    /// Longest paths first, so that the first match is the innermost mount.
    mounts: Vec<Mount>,
    /// Can nothing be written beside mounts?
    read_only: bool,
    /// The termination message's file, which is a mount too.
    message_path: String,
}

/// The volumes of a pod, by their index.
#[derive(Clone, Debug, Default)]
pub(super) struct PodVolumes {
    volumes: BTreeMap<usize, MemoryFs>,
    /// Bytes in those of them that live in memory, when that was looked at last.
    in_memory: u64,
}

impl ContainerFiles {
    /// A fresh root with the container's mounts in it; `address` is the pod's, 0 for none, and `variables` are what paths
    /// inside volumes may refer to. Upstream: kubelet_pods `makeMounts`.
    pub fn new(cluster: &Cluster, pod: PodId, address: u32, container: &Container, variables: &Environment) -> Self {
        let mut root = MemoryFs::container_root();
        super::network_files::put(&mut root, cluster, pod, address);
        let volumes = &cluster.template_of(pod).spec.volumes;
        let mut mounts: Vec<Mount> = container
            .mounts
            .iter()
            .filter_map(|mount| {
                let volume = volumes.iter().position(|volume| volume.name == mount.name)?;
                let written = if mount.sub_path_expr.is_empty() {
                    mount.sub_path.to_string()
                } else {
                    environment::expand(&mount.sub_path_expr, variables)
                };
                let sub_path = written.trim_matches('/');
                let sub_path = if sub_path.is_empty() { String::new() } else { format!("/{sub_path}") };
                let path = mount.mount_path.trim_end_matches('/').to_owned();
                Some(Mount { path, volume, sub_path, read_only: mount.read_only })
            })
            .collect();
        for mount in &mounts {
            root.put_directory(&mount.path);
        }
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.path.len()));
        let (from_image, count_of_image) = (root.used_bytes(), root.count());
        let message_path = container.termination_message_path.to_string();
        Self { root, from_image, count_of_image, mounts, read_only: container.run_as.read_only_root, message_path }
    }

    /// What is mounted of a volume is made there if it is missing. Upstream: kubelet_pods `makeMounts` (`SafeMakeDir`).
    pub fn make_sub_paths(&self, volumes: &mut PodVolumes) {
        for mount in self.mounts.iter().filter(|mount| !mount.sub_path.is_empty()) {
            volumes.volume(mount.volume).put_directory(&mount.sub_path);
        }
    }

    /// Bytes written beside volumes.
    pub fn written(&self) -> u64 {
        self.root.used_bytes().saturating_sub(self.from_image)
    }

    /// Files and directories made beside volumes.
    pub fn count(&self) -> u32 {
        self.root.count().saturating_sub(self.count_of_image)
    }

    /// Can a path beside the volumes be written? The kubelet's and the runtime's own mounts can in any case.
    fn is_writable(&self, path: &str) -> bool {
        !self.read_only || path.starts_with("/dev/") || path == "/etc/hosts" || path == self.message_path
    }

    /// The mount that holds a path, and the path inside its volume.
    fn find(&self, path: &str) -> Option<(&Mount, String)> {
        self.mounts.iter().find_map(|mount| {
            let rest = path.strip_prefix(&mount.path)?;
            if !rest.is_empty() && !rest.starts_with('/') {
                return None;
            }
            let inner = format!("{}{rest}", mount.sub_path);
            Some((mount, if inner.is_empty() { "/".to_owned() } else { inner }))
        })
    }
}

impl PodVolumes {
    /// Fills volumes that are not there yet; those that show API objects show them as they are now if `refresh`.
    pub fn fill(&mut self, cluster: &Cluster, pod: PodId, now: SimTime, refresh: bool) -> bool {
        let mut changed = false;
        let volumes = &cluster.template_of(pod).spec.volumes;
        for (index, volume) in volumes.iter().enumerate() {
            let known = self.volumes.contains_key(&index);
            if known && !(refresh && shows_objects(&volume.source)) {
                continue;
            }
            let files = content(cluster, pod, &volume.source, now);
            changed |= known && self.volumes.get(&index) != Some(&files);
            self.volumes.insert(index, files);
        }
        changed
    }

    /// Bytes of each volume that lives on the node's disk, by the volume's index.
    pub fn on_disk(&self, cluster: &Cluster, pod: PodId) -> SmallVec<[VolumeUse; 1]> {
        let volumes = &cluster.template_of(pod).spec.volumes;
        let lives_on_disk = |index: &usize| matches!(&volumes[*index].source, VolumeSource::EmptyDir { medium, .. } if medium != "Memory");
        let known = self.volumes.iter().filter(|(index, files)| lives_on_disk(index) && files.count() > 0);
        let held = |(index, files): (&usize, &MemoryFs)| VolumeUse {
            volume: *index as u8,
            bytes: files.used_bytes(),
            files: files.count(),
        };
        known.map(held).collect()
    }

    /// Bytes more in volumes that live in memory than when this was asked last; negative where files went.
    pub fn growth_in_memory(&mut self, cluster: &Cluster, pod: PodId) -> i64 {
        let volumes = &cluster.template_of(pod).spec.volumes;
        let lives_in_memory = |index: &usize| matches!(&volumes[*index].source, VolumeSource::EmptyDir { medium, .. } if medium == "Memory");
        let known = self.volumes.iter().filter(|(index, _)| lives_in_memory(index));
        let held = known.map(|(_, files)| files.used_bytes()).sum();
        let before = std::mem::replace(&mut self.in_memory, held);
        held as i64 - before as i64
    }

    fn volume(&mut self, index: usize) -> &mut MemoryFs {
        self.volumes.entry(index).or_default()
    }
}

fn shows_objects(source: &VolumeSource) -> bool {
    matches!(
        source,
        VolumeSource::ConfigMap { .. }
            | VolumeSource::Secret { .. }
            | VolumeSource::DownwardApi { .. }
            | VolumeSource::Projected { .. }
    )
}

/// What a volume holds when it is mounted.
fn content(cluster: &Cluster, pod: PodId, source: &VolumeSource, now: SimTime) -> MemoryFs {
    let mut files = MemoryFs::default();
    match source {
        // A memory file system ends at its limit; of one on disk the kubelet evicts the pod.
        VolumeSource::EmptyDir { size_limit: Some(limit), medium } if medium == "Memory" => {
            files.capacity_bytes = u64::try_from(*limit).unwrap_or(0).max(1);
        }
        VolumeSource::ConfigMap { name, items, .. } => {
            put_data(&mut files, cluster, pod, Kind::CONFIG_MAP, name, items, now);
        }
        VolumeSource::Secret { name, items, .. } => put_data(&mut files, cluster, pod, Kind::SECRET, name, items, now),
        VolumeSource::DownwardApi { items, .. } => put_downward(&mut files, cluster, pod, items, now),
        VolumeSource::Projected { sources, .. } => {
            for source in sources {
                match source {
                    ProjectedSource::ConfigMap { name, items, .. } => {
                        put_data(&mut files, cluster, pod, Kind::CONFIG_MAP, name, items, now);
                    }
                    ProjectedSource::Secret { name, items, .. } => {
                        put_data(&mut files, cluster, pod, Kind::SECRET, name, items, now);
                    }
                    ProjectedSource::DownwardApi(items) => put_downward(&mut files, cluster, pod, items, now),
                    ProjectedSource::ServiceAccountToken(path) => {
                        files.put_file(&format!("/{path}"), b"token", 0o644, now);
                    }
                    ProjectedSource::Other => {}
                }
            }
        }
        _ => {}
    }
    files
}

fn put_data(
    files: &mut MemoryFs,
    cluster: &Cluster,
    pod: PodId,
    kind: Kind,
    name: &str,
    items: &[KeyToPath],
    now: SimTime,
) {
    let namespace = cluster.pod(pod).namespace;
    let Some(object) = cluster.find(kind, namespace, name) else { return };
    let Body::Data(data) = cluster.body(object) else { return };
    for (key, bytes) in data.iter() {
        if items.is_empty() {
            files.put_file(&format!("/{key}"), bytes, 0o644, now);
        }
        for item in items.iter().filter(|item| item.key == *key) {
            let mode = item.mode.and_then(|mode| u32::try_from(mode).ok()).unwrap_or(0o644);
            files.put_file(&format!("/{}", item.path), bytes, mode, now);
        }
    }
}

fn put_downward(files: &mut MemoryFs, cluster: &Cluster, pod: PodId, items: &[DownwardFile], now: SimTime) {
    for item in items {
        let text = environment::field_value(cluster, pod, 0, 0, &item.source);
        files.put_file(&format!("/{}", item.path), text.as_bytes(), 0o644, now);
    }
}

/// A container's files together with its pod's volumes, for as long as a process runs a step.
pub(super) struct View<'a> {
    pub own: &'a mut ContainerFiles,
    pub volumes: &'a mut PodVolumes,
    /// Has anything been written?
    pub changed: bool,
}

impl View<'_> {
    /// The file system that holds a path, for reading.
    fn reader(&self, path: &str) -> (&MemoryFs, String) {
        match self.own.find(path) {
            Some((mount, inner)) => match self.volumes.volumes.get(&mount.volume) {
                Some(volume) => (volume, inner),
                None => (&self.own.root, path.to_owned()),
            },
            None => (&self.own.root, path.to_owned()),
        }
    }

    fn writer<R>(
        &mut self,
        path: &str,
        write: impl FnOnce(&mut MemoryFs, &str) -> Result<R, Errno>,
    ) -> Result<R, Errno> {
        let found = self.own.find(path).map(|(mount, inner)| (mount.volume, mount.read_only, inner));
        let result = match found {
            Some((_, true, _)) => Err(Errno::ReadOnly),
            Some((volume, false, inner)) => write(self.volumes.volume(volume), &inner),
            None if !self.own.is_writable(path) => Err(Errno::ReadOnly),
            None => write(&mut self.own.root, path),
        };
        self.changed |= result.is_ok();
        result
    }
}

impl FileSystem for View<'_> {
    fn stat(&self, path: &str, links: Links) -> Result<Metadata, Errno> {
        let (files, path) = self.reader(path);
        files.stat(&path, links)
    }

    fn read(&self, path: &str, offset: u64, limit: usize) -> Result<Vec<u8>, Errno> {
        let (files, path) = self.reader(path);
        files.read(&path, offset, limit)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, Errno> {
        let (files, path) = self.reader(path);
        files.list(&path)
    }

    fn read_link(&self, path: &str) -> Result<String, Errno> {
        let (files, path) = self.reader(path);
        files.read_link(&path)
    }

    fn create(&mut self, path: &str, mode: u32, at: SimTime) -> Result<(), Errno> {
        self.writer(path, |files, path| files.create(path, mode, at))
    }

    fn truncate(&mut self, path: &str, size: u64, at: SimTime) -> Result<(), Errno> {
        self.writer(path, |files, path| files.truncate(path, size, at))
    }

    fn write(&mut self, path: &str, place: WriteAt, bytes: &[u8], at: SimTime) -> Result<(), Errno> {
        self.writer(path, |files, path| files.write(path, place, bytes, at))
    }

    fn extend(&mut self, path: &str, length: u64, at: SimTime) -> Result<(), Errno> {
        self.writer(path, |files, path| files.extend(path, length, at))
    }

    fn make_directory(&mut self, path: &str, mode: u32, at: SimTime) -> Result<(), Errno> {
        self.writer(path, |files, path| files.make_directory(path, mode, at))
    }

    fn make_link(&mut self, path: &str, target: &str, at: SimTime) -> Result<(), Errno> {
        self.writer(path, |files, path| files.make_link(path, target, at))
    }

    fn remove(&mut self, path: &str, at: SimTime) -> Result<(), Errno> {
        self.writer(path, |files, path| files.remove(path, at))
    }

    fn rename(&mut self, from: &str, to: &str, at: SimTime) -> Result<(), Errno> {
        let place = |path: &str| self.own.find(path).map(|(mount, inner)| (mount.volume, inner));
        match (place(from), place(to)) {
            (None, None) => self.writer(from, |files, from| files.rename(from, to, at)),
            (Some((one, _)), Some((other, inner))) if one == other => {
                self.writer(from, |files, from| files.rename(from, &inner, at))
            }
            _ => Err(Errno::CrossDevice),
        }
    }

    fn set_mode(&mut self, path: &str, mode: u32) -> Result<(), Errno> {
        self.writer(path, |files, path| files.set_mode(path, mode))
    }

    fn set_modified(&mut self, path: &str, modified: SimTime) -> Result<(), Errno> {
        self.writer(path, |files, path| files.set_modified(path, modified))
    }

    fn space(&self, path: &str) -> (u64, u64) {
        let (files, path) = self.reader(path);
        files.space(&path)
    }
}
