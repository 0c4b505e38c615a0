//! The checks of hostPath volumes that state a type. Upstream: volume hostpath `checkTypeInternal`.

use crate::machines::{HostPaths, PathKind};

/// Looks whether `path` is of a kind, makes what may be made, and says what is wrong. Without a kind nothing is checked;
/// what is missing becomes a directory, as the container runtime makes it for a mount.
pub(super) fn check(paths: &mut HostPaths, path: &str, kind: &str) -> Option<String> {
    let (wanted, noun) = match kind {
        "" => {
            paths.make_directory(path);
            return None;
        }
        "DirectoryOrCreate" => {
            paths.make_directory(path);
            (PathKind::Directory, "a directory")
        }
        "FileOrCreate" => {
            if paths.kind(path).is_none() && !paths.make_file(path) {
                return Some(format!("open {path}: no such file or directory"));
            }
            (PathKind::File, "a file")
        }
        "Directory" => (PathKind::Directory, "a directory"),
        "File" => (PathKind::File, "a file"),
        "Socket" => (PathKind::Socket, "a socket file"),
        "CharDevice" => (PathKind::CharacterDevice, "a character device"),
        "BlockDevice" => (PathKind::BlockDevice, "a block device"),
        _ => return Some(format!("{kind} is an invalid volume type")),
    };
    (paths.kind(path) != Some(wanted)).then(|| format!("hostPath type check failed: {path} is not {noun}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_checked_and_made_as_upstream_does() {
        let mut paths = HostPaths::default();
        let failed = |noun: &str| Some(format!("hostPath type check failed: /data is not {noun}"));
        assert_eq!(check(&mut paths, "/data", "Directory"), failed("a directory"));
        assert_eq!(check(&mut paths, "/data", "BlockDevice"), failed("a block device"));
        assert_eq!(check(&mut paths, "/data", "DirectoryOrCreate"), None);
        assert_eq!(check(&mut paths, "/data", "Directory"), None);
        assert_eq!(check(&mut paths, "/data", "FileOrCreate"), failed("a file"));
        assert_eq!(check(&mut paths, "/data/file", "FileOrCreate"), None);
        let missing = Some("open /none/file: no such file or directory".to_owned());
        assert_eq!(check(&mut paths, "/none/file", "FileOrCreate"), missing);
        assert_eq!(check(&mut paths, "/models", ""), None);
        assert_eq!(check(&mut paths, "/models", "Directory"), None);
        assert_eq!(check(&mut paths, "/run/containerd/containerd.sock", "Socket"), None);
    }
}
