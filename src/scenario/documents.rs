//! Splits a file into its YAML documents and tells ours from Kubernetes manifests, without parsing them:
//! manifests are read by `api` (as kubectl reads YAML), ours by `tree`.

use std::sync::Arc;

use super::source::SourceFile;

/// The group of our kinds, before the version.
pub const GROUP: &str = "kubelapse/";

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file's name as given.
    pub file: Arc<str>,
    /// Its number among the file's documents that are not empty, from 0.
    pub index: usize,
    /// The line of the file on which `text` begins, from 1.
    pub line: usize,
    /// Its text, as written.
    pub text: Arc<str>,
}

impl Document {
    /// Is it one of our kinds (whatever the version)? A look at the top level only, so that a ConfigMap that
    /// holds a scenario stays a manifest.
    pub fn is_ours(&self) -> bool {
        if !self.text.contains(GROUP) {
            return false;
        }
        if let Some(value) = self.text.lines().find_map(top_level_api_version) {
            return value.trim_matches(['"', '\'']).starts_with(GROUP);
        }
        // Flow style, JSON or an indented top level: parsing it is the only way to tell.
        let parsed = serde_yaml::from_str::<serde_yaml::Value>(&self.text).ok();
        parsed.and_then(|value| Some(value.get("apiVersion")?.as_str()?.starts_with(GROUP))).unwrap_or(false)
    }
}

/// The value of `apiVersion:` if the line is that key at the left margin.
fn top_level_api_version(line: &str) -> Option<&str> {
    let rest = ["apiVersion", "\"apiVersion\"", "'apiVersion'"].iter().find_map(|key| line.strip_prefix(key))?;
    Some(rest.trim_start().strip_prefix(':')?.trim())
}

/// The documents of a file, without those that hold nothing but comments and blank lines. Markers are `---` and
/// `...` at the left margin, followed by white space (YAML 1.2, 9.1.2): inside scalars they are indented.
pub fn split(file: &SourceFile) -> Vec<Document> {
    let name: Arc<str> = file.name.as_str().into();
    if !file.text.lines().any(|line| marker(line).is_some()) {
        // A file of one document, a dump of hundreds of megabytes perhaps: its text is shared.
        let document = Document { file: name, index: 0, line: 1, text: file.text.clone() };
        return if file.text.lines().any(says_something) { vec![document] } else { Vec::new() };
    }
    let mut splitter = Splitter { name, documents: Vec::new(), index: 0, text: String::new(), line: 1 };
    for (number, line) in file.text.split_inclusive('\n').enumerate() {
        match marker(line) {
            Some(rest) => {
                splitter.finish();
                splitter.line = number + 1;
                // What follows the marker on its line belongs to the document, at its column.
                splitter.text.push_str("   ");
                splitter.text.push_str(rest);
            }
            None => splitter.text.push_str(line),
        }
    }
    splitter.finish();
    splitter.documents
}

/// What follows a document marker at the start of the line.
fn marker(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("---").or_else(|| line.strip_prefix("..."))?;
    rest.chars().next().is_none_or(char::is_whitespace).then_some(rest)
}

struct Splitter {
    name: Arc<str>,
    documents: Vec<Document>,
    index: usize,
    text: String,
    line: usize,
}

impl Splitter {
    fn finish(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.lines().any(says_something) {
            let document = Document { file: self.name.clone(), index: self.index, line: self.line, text: text.into() };
            self.documents.push(document);
            self.index += 1;
        }
    }
}

/// Neither blank, nor a comment, nor a directive (`%YAML 1.2`).
fn says_something(line: &str) -> bool {
    let trimmed = line.trim();
    !trimmed.is_empty() && !trimmed.starts_with('#') && !line.starts_with('%')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn documents(text: &str) -> Vec<(usize, usize, String)> {
        let file = SourceFile::from_bytes("f.yaml".into(), text.as_bytes(), PathBuf::new()).unwrap();
        split(&file).into_iter().map(|d| (d.index, d.line, d.text.trim().to_owned())).collect()
    }

    #[test]
    fn documents_are_split_at_markers_with_their_lines() {
        assert_eq!(
            documents("a: 1\n--- # second\nb: 2\n...\n---\n\n# nothing\n---\nc: 3"),
            [(0, 1, "a: 1".into()), (1, 2, "# second\nb: 2".into()), (2, 8, "c: 3".into())]
        );
    }

    #[test]
    fn content_on_the_marker_line_keeps_its_column() {
        let file = SourceFile::from_bytes("f".into(), b"--- {a: 1}\n", PathBuf::new()).unwrap();
        assert_eq!(&*split(&file)[0].text, "    {a: 1}\n");
    }

    #[test]
    fn dashes_inside_a_block_scalar_do_not_split() {
        let text = "data:\n  x: |\n    a\n    ---\n    b\n  ---y: 1\n";
        assert_eq!(documents(text).len(), 1);
        assert_eq!(documents("---a: 1\n").len(), 1, "a key that begins with dashes");
    }

    #[test]
    fn windows_line_ends_and_directives_are_read() {
        assert_eq!(documents("%YAML 1.2\r\n---\r\na: 1\r\n---\r\nb: 2\r\n").len(), 2);
    }

    #[test]
    fn only_the_top_level_decides_whose_document_it_is() {
        let ours = |text: &str| {
            let file = SourceFile::from_bytes("f".into(), text.as_bytes(), PathBuf::new()).unwrap();
            split(&file)[0].is_ours()
        };
        assert!(ours("apiVersion: kubelapse/v1\nkind: Scenario\n"));
        assert!(ours("kind: Scenario\n\"apiVersion\": \"kubelapse/v2\"\n"));
        assert!(ours("{\"apiVersion\": \"kubelapse/v1\"}"));
        assert!(ours("  apiVersion: kubelapse/v1\n  kind: Sweep\n"));
        assert!(!ours("apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    apiVersion: kubelapse/v1\n"));
        assert!(!ours("{\"apiVersion\": \"v1\", \"data\": {\"x\": \"kubelapse/v1\"}}"));
    }
}
