//! Files that a scenario names: found relative to it, read once, before the run. A run itself reads nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::scenario::checks;
use crate::scenario::diagnostics::Diagnostic;
use crate::scenario::source::SourceFile;

/// What a step's command names: a file, or a folder with its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepFile {
    /// Its bytes.
    File(Arc<[u8]>),
    /// Its files by name (no sub-folders), in the order of their names.
    Folder(BTreeMap<String, Arc<[u8]>>),
}

/// Largest file that a step may name.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// The path `named` in a scenario of `directory`, as `open` takes it.
pub fn resolve(directory: &Path, named: &str) -> PathBuf {
    directory.join(named)
}

/// Reads a text file of a scenario. `-` is not standard input here.
///
/// # Errors
/// As for [`SourceFile::read`], in words that name the file as typed.
pub fn read_text(directory: &Path, named: &str) -> Result<SourceFile, String> {
    let path = resolve(directory, named);
    if path == Path::new("-") {
        return Err("standard input cannot be named inside a scenario".to_owned());
    }
    SourceFile::read(&path).map_err(|diagnostic| diagnostic.message)
}

/// The files that `pattern` names, in the order of their names; a pattern without `*`, `?` or `[` is a path.
///
/// # Errors
/// A pattern that is none, matches nothing, or a folder that cannot be read.
pub fn matching(directory: &Path, pattern: &str) -> Result<Vec<String>, String> {
    if !pattern.contains(['*', '?', '[']) {
        let path = resolve(directory, pattern);
        return if path.exists() { Ok(vec![pattern.to_owned()]) } else { Err(missing(&path)) };
    }
    let full = Path::new(&glob::Pattern::escape(&directory.display().to_string())).join(pattern);
    let found = glob::glob(&full.display().to_string()).map_err(|error| format!("`{pattern}`: {}", error.msg))?;
    let mut names = Vec::new();
    for entry in found {
        let path = entry.map_err(|error| format!("cannot read `{}`", error.path().display()))?;
        if path.is_file() {
            let inside = path.strip_prefix(directory).unwrap_or(&path);
            names.push(inside.display().to_string());
        }
    }
    // By name, whatever the file system's order is.
    names.sort();
    if names.is_empty() { Err(format!("no file matches `{pattern}`")) } else { Ok(names) }
}

/// Reads what a command names.
///
/// # Errors
/// A missing or unreadable file.
pub fn read_step_file(directory: &Path, named: &str) -> Result<StepFile, String> {
    let path = resolve(directory, named);
    if !path.is_dir() {
        return read_bytes(&path).map(StepFile::File);
    }
    let mut files = BTreeMap::new();
    let entries = std::fs::read_dir(&path).map_err(|_| format!("cannot read `{}`", path.display()))?;
    for entry in entries {
        let entry = entry.map_err(|_| format!("cannot read `{}`", path.display()))?;
        if entry.path().is_file() {
            files.insert(entry.file_name().to_string_lossy().into_owned(), read_bytes(&entry.path())?);
        }
    }
    Ok(StepFile::Folder(files))
}

fn read_bytes(path: &Path) -> Result<Arc<[u8]>, String> {
    let metadata = std::fs::metadata(path).map_err(|_| missing(path))?;
    if metadata.len() > FILE_BYTES_MAX {
        return Err(format!("`{}` is too large", path.display()));
    }
    std::fs::read(path).map(Arc::from).map_err(|_| format!("cannot read `{}`", path.display()))
}

fn missing(path: &Path) -> String {
    format!("there is no file `{}`", path.display())
}

/// Options of kubectl whose value is a file or folder; `--from-file` may carry `key=` before it.
const FILE_OPTIONS: [&str; 7] =
    ["-f", "--filename", "--from-file", "--from-env-file", "-k", "--kustomize", "--patch-file"];

/// The files and folders that a kubectl command line names. URLs and standard input are none.
pub fn named_by(command: &str) -> Vec<String> {
    let words = shlex::split(command).unwrap_or_default();
    let mut named: Vec<String> = words.iter().filter_map(|word| beside_options(word)).map(str::to_owned).collect();
    named.extend(copied(&words));
    let mut words = words.iter().map(String::as_str).take_while(|word| *word != "--");
    let is_logs = command.split_whitespace().any(|word| word == "logs");
    while let Some(word) = words.next() {
        let option = FILE_OPTIONS.iter().find(|option| word == **option || word.starts_with(&format!("{option}=")));
        let (option, value) = match option {
            // `kubectl logs -f` follows.
            Some(&"-f") if is_logs => continue,
            Some(option) => match word.split_once('=') {
                Some((_, value)) => (*option, Some(value)),
                None => (*option, words.next()),
            },
            None if word.starts_with("-f") && !is_logs => ("-f", Some(&word[2..])),
            None => continue,
        };
        let Some(mut value) = value else { continue };
        if option == "--from-file"
            && let Some((_, file)) = value.split_once('=')
        {
            value = file;
        }
        for file in value.split(',') {
            let is_url = file.starts_with("http://") || file.starts_with("https://");
            if !is_url && file != "-" && !file.is_empty() {
                named.push(file.to_owned());
            }
        }
    }
    named
}

/// A file that a word names without an option of its own: `KUBE_EDITOR='cp new.yaml'`, `jsonpath-file=F`.
fn beside_options(word: &str) -> Option<&str> {
    if let Some(editor) = word.strip_prefix("KUBE_EDITOR=").or_else(|| word.strip_prefix("EDITOR=")) {
        return editor.strip_prefix("cp ").map(str::trim);
    }
    let forms = ["jsonpath-file=", "go-template-file=", "templatefile=", "custom-columns-file="];
    let file = forms.iter().find_map(|form| word.split_once(form).map(|(_, file)| file));
    file.filter(|file| !file.is_empty())
}

/// What `kubectl cp FILE POD:PATH` reads.
fn copied(words: &[String]) -> Option<String> {
    let mut plain = words.iter().filter(|word| *word != "kubectl" && !word.starts_with('-'));
    if plain.next()? != "cp" {
        return None;
    }
    let (from, to) = (plain.next()?, plain.next()?);
    (!from.contains(':') && to.contains(':')).then(|| from.clone())
}

/// A file diagnostic without a place.
pub fn diagnostic(message: String) -> Diagnostic {
    Diagnostic::new(&checks::MISSING_FILE, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_commands_are_found_in_every_form() {
        for (command, files) in [
            ("apply -f web.yaml", vec!["web.yaml"]),
            ("apply -fweb.yaml -f=b.yaml --filename c.yaml,d.yaml", vec!["web.yaml", "b.yaml", "c.yaml", "d.yaml"]),
            ("create configmap x --from-file=key=a.conf --from-env-file=b.env", vec!["a.conf", "b.env"]),
            ("logs -f web", vec![]),
            ("apply -f https://x/y.yaml -f -", vec![]),
            ("exec web -- tail -f log", vec![]),
            ("KUBE_EDITOR='cp new.yaml' kubectl edit svc web", vec!["new.yaml"]),
            ("get pods -o jsonpath-file=names.txt", vec!["names.txt"]),
            ("cp a.txt web:/tmp/a.txt", vec!["a.txt"]),
            ("cp web:/tmp/a.txt a.txt", vec![]),
        ] {
            assert_eq!(named_by(command), files, "{command}");
        }
    }

    #[test]
    fn patterns_match_in_the_order_of_names_and_must_match_something() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scenario");
        let found = matching(&root, "checks/t*.rs").unwrap();
        assert_eq!(found, ["checks/taints.rs", "checks/times.rs", "checks/traffic.rs"]);
        assert!(matching(&root, "*.nothing").is_err());
        assert!(matching(&root, "nothing.yaml").unwrap_err().contains("there is no file"));
    }
}
