//! The files that a kustomization names, and those that they name: read before the run like all others.
//! What they mean is kubectl's affair; what is not there is told when the step asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_yaml::Value;

use super::StepFile;
use super::files::{read_step_file, resolve};
use crate::api::kustomization_path::{FILE_NAMES, joined};

/// More directories than anybody has, and an end for those that name one another.
const DIRECTORIES_MAX: usize = 1_000;

/// Reads what a command that builds a directory needs.
pub fn read(directory: &Path, command: &str, into: &mut BTreeMap<String, StepFile>) {
    let named = directory_of(command).map(|named| files(directory, &named)).unwrap_or_default();
    for file in named {
        if let Ok(read) = read_step_file(directory, &file) {
            into.insert(file, read);
        }
    }
}

/// Does a command build a directory? Its name.
fn directory_of(command: &str) -> Option<String> {
    let words = shlex::split(command).unwrap_or_default();
    let mut rest = words.iter().map(String::as_str).filter(|word| *word != "kubectl").peekable();
    if rest.next_if_eq(&"kustomize").is_some() {
        return Some(rest.find(|word| !word.starts_with('-')).unwrap_or(".").to_owned());
    }
    while let Some(word) = rest.next() {
        match word {
            "--" => return None,
            "-k" | "--kustomize" => return rest.next().map(str::to_owned),
            _ => {}
        }
        let given =
            word.strip_prefix("--kustomize=").or_else(|| word.strip_prefix("-k").filter(|rest| !rest.is_empty()));
        if let Some(given) = given {
            return Some(given.trim_start_matches('=').to_owned());
        }
    }
    None
}

/// Paths of all files that the directory needs, as kubectl asks for them: without `.`, and as few `..` as can be.
fn files(directory: &Path, named: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![joined("", named)];
    let mut seen = BTreeSet::new();
    while let Some(folder) = open.pop() {
        if seen.len() >= DIRECTORIES_MAX || !seen.insert(folder.clone()) {
            continue;
        }
        for name in FILE_NAMES {
            let path = joined(&folder, name);
            let Ok(text) = std::fs::read_to_string(resolve(directory, &path)) else { continue };
            found.insert(path);
            let Ok(value) = serde_yaml::from_str::<Value>(&text) else { continue };
            for named in strings(&value) {
                let path = joined(&folder, named);
                let on_disk = resolve(directory, &path);
                if on_disk.is_dir() {
                    open.push(path);
                } else if on_disk.is_file() {
                    found.insert(path);
                }
            }
        }
    }
    found
}

/// All texts of a document, and what stands behind `key=`: whether they are paths, the disk tells.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) if text.contains('\n') => Vec::new(),
        Value::String(text) => {
            std::iter::once(text.as_str()).chain(text.split_once('=').map(|(_, path)| path)).collect()
        }
        Value::Sequence(items) => items.iter().flat_map(strings).collect(),
        Value::Mapping(members) => members.iter().flat_map(|(_, member)| strings(member)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_found_in_every_form() {
        for (command, directory) in [
            ("apply -k overlays/dev", Some("overlays/dev")),
            ("kubectl delete --kustomize=x --wait=false", Some("x")),
            ("apply -kx", Some("x")),
            ("kustomize", Some(".")),
            ("kubectl kustomize base", Some("base")),
            ("exec web -- sort -k 2", None),
            ("apply -f kustomize.yaml", None),
        ] {
            assert_eq!(directory_of(command).as_deref(), directory, "{command}");
        }
    }
}
