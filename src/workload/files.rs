//! What a container sees as its files: its own root, and the pod's volumes where they are mounted.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::environment::{self, Environment};
use super::object_volume;
use super::shared_volume::{self, SharedVolumes, Store};
use super::shell::{Errno, FileSystem, Links, MemoryFs, Metadata, WriteAt};
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::machines::{Machines, VolumeUse};
use crate::model::object::PodId;
use crate::model::pod_spec::Container;
use crate::model::volume::VolumeSource;

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
    /// The volume as it was at the container's start, where a path inside one that shows objects is mounted: an update of
    /// the volume writes new files, and the mount goes on showing the old ones.
    frozen: Option<Box<MemoryFs>>,
    /// Where the volume's files are if they are not the pod's own.
    store: Option<Store>,
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
        let mut root = MemoryFs::container_root(super::catalogue::userland(&container.image));
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
                let read_only = mount.read_only || is_read_only(&volumes[volume].source);
                let (store, base) = shared_volume::locate(cluster, pod, volume).unzip();
                let sub_path = format!("{}{sub_path}", base.unwrap_or_default());
                Some(Mount { path, volume, sub_path, read_only, frozen: None, store })
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
    pub fn make_sub_paths(&mut self, cluster: &Cluster, machines: &Machines, pod: PodId, volumes: &mut Volumes<'_>) {
        let sources = &cluster.template_of(pod).spec.volumes;
        for mount in self.mounts.iter_mut().filter(|mount| mount.frozen.is_none()) {
            if let Some(store) = &mount.store {
                volumes.shared.mount(machines, pod, store, &mount.sub_path);
                continue;
            }
            if mount.sub_path.is_empty() {
                continue;
            }
            let volume = volumes.own.volume(mount.volume);
            volume.put_directory(&mount.sub_path);
            if sources.get(mount.volume).is_some_and(|volume| shows_objects(&volume.source)) {
                mount.frozen = Some(Box::new(volume.clone()));
            }
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
            let known = self.volumes.get(&index);
            if known.is_some() && !(refresh && shows_objects(&volume.source)) {
                continue;
            }
            if known.is_some() && !object_volume::is_complete(cluster, pod, &volume.source) {
                continue;
            }
            let files = match object_volume::payload(cluster, pod, &volume.source) {
                Some(payload) if known.is_some_and(|volume| object_volume::shows(volume, &payload)) => continue,
                Some(payload) => object_volume::written(&payload, now, cluster.clock().unix_seconds(now)),
                None => content(&volume.source),
            };
            changed |= known.is_some();
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

    /// The text of a file of a volume, if it is there.
    pub fn text(&self, index: usize, path: &str) -> Option<String> {
        let volume = self.volumes.get(&index)?;
        let path = format!("/{}", path.trim_start_matches('/'));
        let size = volume.stat(&path, Links::Follow).ok()?.size;
        let bytes = volume.read(&path, 0, usize::try_from(size).ok()?).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn volume(&mut self, index: usize) -> &mut MemoryFs {
        self.volumes.entry(index).or_default()
    }
}

/// Volumes that no container can write to. Upstream: the plugins' `GetAttributes`.
fn is_read_only(source: &VolumeSource) -> bool {
    shows_objects(source) || matches!(source, VolumeSource::Image { .. } | VolumeSource::Claim { read_only: true, .. })
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

/// What a volume that shows no objects holds when it is mounted.
fn content(source: &VolumeSource) -> MemoryFs {
    let mut files = MemoryFs::default();
    // A memory file system ends at its limit; of one on disk the kubelet evicts the pod.
    if let VolumeSource::EmptyDir { size_limit: Some(limit), medium } = source
        && medium == "Memory"
    {
        files.capacity_bytes = u64::try_from(*limit).unwrap_or(0).max(1);
    }
    files
}

/// A pod's own volumes, and those that others see too.
#[derive(Debug)]
pub(super) struct Volumes<'a> {
    pub own: &'a mut PodVolumes,
    pub shared: &'a mut SharedVolumes,
}

/// A container's files together with its pod's volumes, for as long as a process runs a step.
pub(super) struct View<'a> {
    pub own: &'a mut ContainerFiles,
    pub volumes: Volumes<'a>,
    /// Has anything been written?
    pub changed: bool,
}

impl View<'_> {
    /// The file system that holds a path, for reading.
    fn reader(&self, path: &str) -> (&MemoryFs, String) {
        match self.own.find(path) {
            Some((mount, inner)) => match self.volume_of(mount) {
                Some(volume) => (volume, inner),
                None => (&self.own.root, path.to_owned()),
            },
            None => (&self.own.root, path.to_owned()),
        }
    }

    fn volume_of<'b>(&'b self, mount: &'b Mount) -> Option<&'b MemoryFs> {
        match (&mount.frozen, &mount.store) {
            (Some(frozen), _) => Some(frozen),
            (None, Some(store)) => self.volumes.shared.get(store),
            (None, None) => self.volumes.own.volumes.get(&mount.volume),
        }
    }

    fn writer<R>(
        &mut self,
        path: &str,
        write: impl FnOnce(&mut MemoryFs, &str) -> Result<R, Errno>,
    ) -> Result<R, Errno> {
        let found =
            self.own.find(path).map(|(mount, inner)| (mount.volume, mount.store.clone(), mount.read_only, inner));
        let result = match found {
            Some((_, _, true, _)) => Err(Errno::ReadOnly),
            Some((_, Some(store), false, inner)) => write(self.volumes.shared.files(&store), &inner),
            Some((volume, None, false, inner)) => write(self.volumes.own.volume(volume), &inner),
            None if !self.own.is_writable(path) => Err(Errno::ReadOnly),
            None => write(&mut self.own.root, path),
        };
        self.changed |= result.is_ok();
        result
    }
}

impl FileSystem for View<'_> {
    fn stat(&self, path: &str, links: Links) -> Result<Metadata, Errno> {
        // What is mounted is what a link in the volume leads to.
        let is_mount = self.own.mounts.iter().any(|mount| mount.path == path);
        let links = if is_mount { Links::Follow } else { links };
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

    fn set_owner(&mut self, path: &str, owner: (u32, u32)) -> Result<(), Errno> {
        self.writer(path, |files, path| files.set_owner(path, owner))
    }

    fn set_modified(&mut self, path: &str, modified: SimTime) -> Result<(), Errno> {
        self.writer(path, |files, path| files.set_modified(path, modified))
    }

    fn space(&self, path: &str) -> (u64, u64) {
        let (files, path) = self.reader(path);
        files.space(&path)
    }
}
