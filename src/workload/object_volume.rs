//! Volumes that show API objects (ConfigMaps, Secrets, fields of the pod): what they hold, and how it is laid out, so that
//! all of it changes at once: files lie in a directory named after the time, `..data` leads to it, and a link for each
//! name leads through that.
//! Upstream: volume configmap, secret and projected `MakePayload`, `collectData`; volume/util `AtomicWriter.Write`.

use std::collections::BTreeMap;

use super::environment;
use super::shell::{FileSystem, Links, MemoryFs};
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{Body, PodId};
use crate::model::volume::{DownwardFile, KeyToPath, ProjectedSource, VolumeSource};

/// Files by their path in the volume, with their modes.
pub(super) type Payload = BTreeMap<String, (Vec<u8>, u32)>;

/// What a volume of API objects is to show now; `None` of other volumes.
pub(super) fn payload(cluster: &Cluster, pod: PodId, source: &VolumeSource) -> Option<Payload> {
    let mut files = Payload::new();
    match source {
        VolumeSource::ConfigMap { name, items, default_mode, .. } => {
            put_data(&mut files, cluster, pod, (Kind::CONFIG_MAP, name), items, mode(*default_mode));
        }
        VolumeSource::Secret { name, items, default_mode, .. } => {
            put_data(&mut files, cluster, pod, (Kind::SECRET, name), items, mode(*default_mode));
        }
        VolumeSource::DownwardApi { items, default_mode } => {
            put_downward(&mut files, cluster, pod, items, mode(*default_mode));
        }
        VolumeSource::Projected { sources, default_mode } => {
            let default = mode(*default_mode);
            for source in sources {
                match source {
                    ProjectedSource::ConfigMap { name, items, .. } => {
                        put_data(&mut files, cluster, pod, (Kind::CONFIG_MAP, name), items, default);
                    }
                    ProjectedSource::Secret { name, items, .. } => {
                        put_data(&mut files, cluster, pod, (Kind::SECRET, name), items, default);
                    }
                    ProjectedSource::DownwardApi(items) => put_downward(&mut files, cluster, pod, items, default),
                    ProjectedSource::ServiceAccountToken(path) => {
                        files.insert(path.to_string(), (b"token".to_vec(), default));
                    }
                    ProjectedSource::Other => {}
                }
            }
        }
        _ => return None,
    }
    Some(files)
}

/// Is everything there that a volume has to show? What it shows stays if not.
pub(super) fn is_complete(cluster: &Cluster, pod: PodId, source: &VolumeSource) -> bool {
    let has = |kind: Kind, name: &str, items: &[KeyToPath], optional: bool| {
        cluster.missing_data(pod, (kind, name), items, optional).is_none()
    };
    match source {
        VolumeSource::ConfigMap { name, items, optional, .. } => has(Kind::CONFIG_MAP, name, items, *optional),
        VolumeSource::Secret { name, items, optional, .. } => has(Kind::SECRET, name, items, *optional),
        VolumeSource::Projected { sources, .. } => sources.iter().all(|source| match source {
            ProjectedSource::ConfigMap { name, items, optional } => has(Kind::CONFIG_MAP, name, items, *optional),
            ProjectedSource::Secret { name, items, optional } => has(Kind::SECRET, name, items, *optional),
            _ => true,
        }),
        _ => true,
    }
}

/// The low bits of a mode as manifests write it.
fn mode(written: i32) -> u32 {
    u32::try_from(written).unwrap_or(0o644) & 0o777
}

fn put_data(
    files: &mut Payload,
    cluster: &Cluster,
    pod: PodId,
    (kind, name): (Kind, &str),
    items: &[KeyToPath],
    default: u32,
) {
    let namespace = cluster.pod(pod).namespace;
    let Some(object) = cluster.find(kind, namespace, name) else { return };
    let Body::Data(data) = cluster.body(object) else { return };
    for (key, bytes) in data.iter() {
        if items.is_empty() {
            files.insert(key.to_string(), (bytes.to_vec(), default));
        }
        for item in items.iter().filter(|item| item.key == *key) {
            files.insert(item.path.to_string(), (bytes.to_vec(), item.mode.map_or(default, mode)));
        }
    }
}

fn put_downward(files: &mut Payload, cluster: &Cluster, pod: PodId, items: &[DownwardFile], default: u32) {
    for item in items {
        let text = environment::file_value(cluster, pod, &item.source);
        files.insert(item.path.to_string(), (text.into_bytes(), item.mode.map_or(default, mode)));
    }
}

/// The volume that shows these files, written at `now`, which the clock calls `unix_seconds`.
pub(super) fn written(payload: &Payload, now: SimTime, unix_seconds: i64) -> MemoryFs {
    let mut volume = MemoryFs::default();
    let written = jiff::Timestamp::from_second(unix_seconds).map(|at| at.strftime("%Y_%m_%d_%H_%M_%S").to_string());
    // The digits at the end are random upstream.
    let digits = now.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let folder = format!("..{}.{digits}", written.unwrap_or_default());
    volume.put_directory(&format!("/{folder}"));
    for (path, (bytes, mode)) in payload {
        volume.put_file(&format!("/{folder}/{path}"), bytes, *mode, now);
    }
    let mut link = |name: &str, target: &str| {
        // Two files of one folder share its link: that it is there already is no error.
        let _ = volume.make_link(&format!("/{name}"), target, now);
    };
    link("..data", &folder);
    for path in payload.keys() {
        let name = path.split('/').next().unwrap_or(path);
        link(name, &format!("..data/{name}"));
    }
    volume
}

/// Does a volume show exactly these files? Then nothing is written. Upstream: `shouldWritePayload`, `pathsToRemove`.
pub(super) fn shows(volume: &MemoryFs, payload: &Payload) -> bool {
    let is_same = |(path, (bytes, mode)): (&String, &(Vec<u8>, u32))| {
        let path = format!("/..data/{path}");
        volume.stat(&path, Links::Follow).is_ok_and(|file| file.mode == *mode && file.size == bytes.len() as u64)
            && volume.read(&path, 0, bytes.len()).is_ok_and(|held| held == *bytes)
    };
    files_below(volume, "/..data") == payload.len() && payload.iter().all(is_same)
}

fn files_below(volume: &MemoryFs, folder: &str) -> usize {
    let names = volume.list(folder).unwrap_or_default();
    let counts = names.iter().map(|name| {
        let path = format!("{folder}/{name}");
        if volume.list(&path).is_ok() { files_below(volume, &path) } else { 1 }
    });
    counts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> Payload {
        entries.iter().map(|(path, text)| ((*path).to_owned(), (text.as_bytes().to_vec(), 0o400))).collect()
    }

    #[test]
    fn names_lead_through_data_to_a_directory_named_after_the_time() {
        let shown = files(&[("a", "1"), ("folder/b", "2")]);
        let volume = written(&shown, SimTime::from_secs(5), 1_767_225_605);
        assert_eq!(volume.read_link("/a").unwrap(), "..data/a");
        assert_eq!(volume.read_link("/folder").unwrap(), "..data/folder");
        assert!(volume.read_link("/..data").unwrap().starts_with("..2026_01_01_00_00_05."));
        assert_eq!(volume.read("/folder/b", 0, 9).unwrap(), b"2");
        assert_eq!(volume.stat("/a", Links::Follow).unwrap().mode, 0o400);
    }

    #[test]
    fn what_is_shown_already_is_not_written_again() {
        let volume = written(&files(&[("a", "1"), ("folder/b", "2")]), SimTime::ZERO, 0);
        assert!(shows(&volume, &files(&[("a", "1"), ("folder/b", "2")])));
        assert!(!shows(&volume, &files(&[("a", "1")])));
        assert!(!shows(&volume, &files(&[("a", "1"), ("folder/b", "3")])));
        assert!(!shows(&volume, &files(&[("a", "1"), ("folder/b", "2"), ("c", "")])));
    }
}
