//! Volumes of a pod: plain data.

use super::Text;
use super::pod_spec::PullPolicy;

/// One `spec.volumes[]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Name, referred to by mounts.
    pub name: Text,
    /// Where its content comes from.
    pub source: VolumeSource,
    /// Does any container mount it? One that nobody mounts does not concern the kubelet.
    pub is_used: bool,
}

/// `items[]` of a ConfigMap or Secret volume: key, path in the volume, mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyToPath {
    /// Key in the object.
    pub key: Text,
    /// File in the volume.
    pub path: Text,
    /// File mode, `None` for the volume's default.
    pub mode: Option<i32>,
}

/// A downward API file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownwardFile {
    /// File in the volume.
    pub path: Text,
    /// What it shows.
    pub source: FieldSource,
    /// File mode.
    pub mode: Option<i32>,
}

/// A field of the pod or a resource of a container, as env vars and downward files show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldSource {
    /// `fieldRef.fieldPath`.
    Field(Text),
    /// `resourceFieldRef`.
    Resource {
        /// Container; empty is the one that has the variable.
        container: Text,
        /// `limits.cpu` and the like.
        resource: Text,
        /// Divisor as written; empty is 1.
        divisor: Text,
    },
}

/// One source of a projected volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectedSource {
    /// Keys of a ConfigMap.
    ConfigMap {
        /// Its name.
        name: Text,
        /// Which keys; empty is all.
        items: Vec<KeyToPath>,
        /// May it be missing?
        optional: bool,
    },
    /// Keys of a Secret.
    Secret {
        /// Its name.
        name: Text,
        /// Which keys; empty is all.
        items: Vec<KeyToPath>,
        /// May it be missing?
        optional: bool,
    },
    /// Downward API files.
    DownwardApi(Vec<DownwardFile>),
    /// A service account token at this path.
    ServiceAccountToken(Text),
    /// Anything else, without effect.
    Other,
}

/// Where a volume's content comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeSource {
    /// A directory that lives as long as the pod.
    EmptyDir {
        /// `Memory` or empty.
        medium: Text,
        /// Bytes, `None` without limit.
        size_limit: Option<i64>,
    },
    /// A path on the node.
    HostPath {
        /// The path.
        path: Text,
        /// `DirectoryOrCreate` and the like; empty checks nothing.
        kind: Text,
    },
    /// Keys of a ConfigMap as files.
    ConfigMap {
        /// Its name.
        name: Text,
        /// Which keys; empty is all.
        items: Vec<KeyToPath>,
        /// May it be missing?
        optional: bool,
        /// Mode of the files.
        default_mode: i32,
    },
    /// Keys of a Secret as files.
    Secret {
        /// Its name.
        name: Text,
        /// Which keys; empty is all.
        items: Vec<KeyToPath>,
        /// May it be missing?
        optional: bool,
        /// Mode of the files.
        default_mode: i32,
    },
    /// Downward API files.
    DownwardApi {
        /// The files.
        items: Vec<DownwardFile>,
        /// Mode of the files.
        default_mode: i32,
    },
    /// Several sources in one directory.
    Projected {
        /// The sources.
        sources: Vec<ProjectedSource>,
        /// Mode of the files.
        default_mode: i32,
    },
    /// A PersistentVolumeClaim.
    Claim {
        /// Its name.
        claim: Text,
        /// Mounted read-only?
        read_only: bool,
    },
    /// A claim made for the pod.
    Ephemeral,
    /// The files of an OCI image or artifact, read-only.
    Image {
        /// Reference as written.
        reference: Text,
        /// Pull policy after defaulting.
        pull_policy: PullPolicy,
    },
    /// An in-tree or CSI volume named in the pod: kind as in the manifest (`nfs`, `csi`, `awsElasticBlockStore`), and its identity.
    Other {
        /// The manifest's key.
        kind: Text,
        /// Disk, image or volume id, where conflicts depend on it.
        id: Text,
        /// Mounted read-only?
        read_only: bool,
    },
}

/// One `volumeMounts[]` of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeMount {
    /// The volume's name.
    pub name: Text,
    /// Where it is mounted.
    pub mount_path: Text,
    /// A path inside the volume; empty is its root.
    pub sub_path: Text,
    /// `subPathExpr`, empty without.
    pub sub_path_expr: Text,
    /// Read-only?
    pub read_only: bool,
}
