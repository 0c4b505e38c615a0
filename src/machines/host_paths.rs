//! What a node's file system holds, as far as hostPath volumes ask: what every Linux node has, and what volumes made.

use std::collections::BTreeMap;

use crate::model::Text;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A directory.
    Directory,
    /// A plain file.
    File,
    /// A socket.
    Socket,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
}

/// Directories of every node; those above them are there too.
const DIRECTORIES: &[&str] = &[
    "/bin",
    "/boot",
    "/dev/pts",
    "/dev/shm",
    "/dev/net",
    "/etc/cni/net.d",
    "/etc/kubernetes/manifests",
    "/etc/kubernetes/pki",
    "/etc/ssl/certs",
    "/etc/systemd",
    "/home",
    "/lib/modules",
    "/media",
    "/mnt",
    "/opt/cni/bin",
    "/proc/sys",
    "/root",
    "/run/containerd",
    "/run/lock",
    "/run/systemd",
    "/run/udev",
    "/sbin",
    "/srv",
    "/sys/fs/cgroup",
    "/sys/fs/bpf",
    "/sys/kernel/debug",
    "/tmp",
    "/usr/bin",
    "/usr/lib",
    "/usr/local/bin",
    "/usr/share/ca-certificates",
    "/usr/src",
    "/var/cache",
    "/var/lib/containerd",
    "/var/lib/kubelet/device-plugins",
    "/var/lib/kubelet/pods",
    "/var/lib/kubelet/plugins",
    "/var/lib/kubelet/plugins_registry",
    "/var/lib/kubelet/pod-resources",
    "/var/log/containers",
    "/var/log/journal",
    "/var/log/pods",
    "/var/run/containerd",
    "/var/tmp",
];

/// Other things that every node has.
const OTHERS: &[(&str, PathKind)] = &[
    ("/etc/group", PathKind::File),
    ("/etc/hostname", PathKind::File),
    ("/etc/hosts", PathKind::File),
    ("/etc/localtime", PathKind::File),
    ("/etc/machine-id", PathKind::File),
    ("/etc/nsswitch.conf", PathKind::File),
    ("/etc/os-release", PathKind::File),
    ("/etc/passwd", PathKind::File),
    ("/etc/resolv.conf", PathKind::File),
    ("/etc/kubernetes/kubelet.conf", PathKind::File),
    ("/run/xtables.lock", PathKind::File),
    ("/run/containerd/containerd.sock", PathKind::Socket),
    ("/var/run/containerd/containerd.sock", PathKind::Socket),
    ("/var/lib/kubelet/device-plugins/kubelet.sock", PathKind::Socket),
    ("/var/lib/kubelet/pod-resources/kubelet.sock", PathKind::Socket),
    ("/dev/fuse", PathKind::CharacterDevice),
    ("/dev/kmsg", PathKind::CharacterDevice),
    ("/dev/kvm", PathKind::CharacterDevice),
    ("/dev/null", PathKind::CharacterDevice),
    ("/dev/random", PathKind::CharacterDevice),
    ("/dev/tty", PathKind::CharacterDevice),
    ("/dev/urandom", PathKind::CharacterDevice),
    ("/dev/zero", PathKind::CharacterDevice),
    ("/dev/net/tun", PathKind::CharacterDevice),
    ("/dev/sda", PathKind::BlockDevice),
    ("/dev/sda1", PathKind::BlockDevice),
];

/// Paths of one node beside those that every node has.
#[derive(Clone, Debug, Default)]
pub struct HostPaths {
    made: BTreeMap<Text, PathKind>,
}

impl HostPaths {
    /// What a path leads to; `None` where nothing is.
    pub fn kind(&self, path: &str) -> Option<PathKind> {
        let path = normal(path);
        let is_above =
            |below: &str| below.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if path.is_empty() || DIRECTORIES.iter().any(|known| is_above(known)) {
            return Some(PathKind::Directory);
        }
        if let Some((_, kind)) = OTHERS.iter().find(|(known, _)| *known == path) {
            return Some(*kind);
        }
        if let Some(kind) = self.made.get(path) {
            return Some(*kind);
        }
        self.made.keys().any(|made| is_above(made)).then_some(PathKind::Directory)
    }

    /// Makes a directory with those above it, unless something is there.
    pub fn make_directory(&mut self, path: &str) {
        if self.kind(path).is_none() {
            self.made.insert(normal(path).into(), PathKind::Directory);
        }
    }

    /// Makes an empty file. Returns whether it could be: its directory must be there.
    pub fn make_file(&mut self, path: &str) -> bool {
        let path = normal(path);
        let above = path.rfind('/').map_or("", |slash| &path[..slash]);
        let can = self.kind(above) == Some(PathKind::Directory);
        if can {
            self.made.insert(path.into(), PathKind::File);
        }
        can
    }
}

/// Without slashes at its end; the root is empty.
fn normal(path: &str) -> &str {
    path.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_what_linux_has_and_what_was_made() {
        let mut paths = HostPaths::default();
        assert_eq!(paths.kind("/"), Some(PathKind::Directory));
        assert_eq!(paths.kind("/var/log/"), Some(PathKind::Directory));
        assert_eq!(paths.kind("/var/logs"), None);
        assert_eq!(paths.kind("/run/containerd/containerd.sock"), Some(PathKind::Socket));
        assert!(!paths.make_file("/data/a/file"));
        paths.make_directory("/data/a");
        assert_eq!((paths.kind("/data"), paths.kind("/data/b")), (Some(PathKind::Directory), None));
        assert!(paths.make_file("/data/a/file"));
        assert_eq!(paths.kind("/data/a/file"), Some(PathKind::File));
    }
}
