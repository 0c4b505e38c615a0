//! Names of kustomization files and the paths that they give: kubectl builds what the scenario's reader has read before.
//! Upstream: kustomize api/konfig `RecognizedKustomizationFileNames`.

/// Names that a kustomization file may have.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A path seen from a directory, without `.` and as few `..` as can be.
pub fn joined(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { directory.split('/').collect() };
    parts.retain(|part| !part.is_empty());
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    let root = if path.starts_with('/') || directory.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_are_made_short() {
        assert_eq!(joined("a/b", "../c/./d.yaml"), "a/c/d.yaml");
        assert_eq!(joined("", "../x"), "../x");
        assert_eq!(joined("../x", "../y"), "../y");
        assert_eq!(joined("a", "."), "a");
    }
}
