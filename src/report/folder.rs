//! A results folder appears whole or not at all: files are written into a folder beside it, which takes its
//! place at the end. Whatever goes wrong before leaves the old results as they were.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::ReportError;

/// A folder in the making.
pub struct Folder {
    target: PathBuf,
    partial: PathBuf,
    is_done: bool,
}

impl Folder {
    /// Makes the folder that will become `dir/name`.
    pub fn create(dir: &Path, name: &str) -> Result<Self, ReportError> {
        let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        if !is_plain {
            return Err(ReportError::Name { name: name.to_owned() });
        }
        let partial = dir.join(format!(".{name}.partial-{}", std::process::id()));
        let folder = Self { target: dir.join(name), partial, is_done: false };
        // What a killed process of the same id left behind.
        folder.within(remove(&folder.partial))?;
        folder.within(fs::create_dir_all(&folder.partial))?;
        Ok(folder)
    }

    /// Makes a folder that will take the place of `target`, with all of its files, some of which are then written anew.
    pub fn replace(target: &Path) -> Result<Self, ReportError> {
        let failed = |source| ReportError::Write { path: target.to_owned(), source };
        let whole = target.canonicalize().map_err(failed)?;
        let name = whole.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let folder = Self::create(whole.parent().unwrap_or(Path::new("/")), name)?;
        folder.within(copy(&whole, &folder.partial))?;
        Ok(folder)
    }

    /// Writes one file, through a buffer.
    pub fn write(&self, file: &str, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), ReportError> {
        let path = self.partial.join(file);
        let written = (|| {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            // A link to an older file stays with that one.
            remove(&path)?;
            let mut out = BufWriter::with_capacity(1 << 18, File::create(&path)?);
            fill(&mut out)?;
            out.flush()
        })();
        written.map_err(|source| ReportError::Write { path: self.target.join(file), source })
    }

    /// Puts the folder in its place; the old one, if any, is gone then.
    pub fn finish(mut self) -> Result<PathBuf, ReportError> {
        let old = self.partial.with_extension(format!("old-{}", std::process::id()));
        self.within(remove(&old))?;
        let had_old = fs::symlink_metadata(&self.target).is_ok();
        if had_old {
            self.within(fs::rename(&self.target, &old))?;
        }
        if let Err(source) = fs::rename(&self.partial, &self.target) {
            if had_old {
                self.within(fs::rename(&old, &self.target))?;
            }
            return Err(ReportError::Write { path: self.target.clone(), source });
        }
        self.is_done = true;
        self.within(remove(&old))?;
        Ok(self.target.clone())
    }

    fn within<T>(&self, result: io::Result<T>) -> Result<T, ReportError> {
        result.map_err(|source| ReportError::Write { path: self.target.clone(), source })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_done {
            // The error that led here is the one to tell.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// Copies files and folders, as links where the file system has them.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else if fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("kubelapse-folder-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_failure_leaves_the_old_results() {
        let dir = scratch("failure");
        fs::create_dir(dir.join("web")).unwrap();
        fs::write(dir.join("web/old"), "old").unwrap();
        let folder = Folder::create(&dir, "web").unwrap();
        folder.write("new", |out| out.write_all(b"new")).unwrap();
        let failed = folder.write("bad", |_| Err(io::Error::other("disk full")));
        assert!(failed.unwrap_err().to_string().contains("bad"));
        drop(folder);
        assert_eq!(names(&dir), ["web"]);
        assert_eq!(names(&dir.join("web")), ["old"]);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn new_results_take_the_place_of_old_ones() {
        let dir = scratch("replace");
        fs::create_dir(dir.join("web")).unwrap();
        fs::write(dir.join("web/old"), "old").unwrap();
        let folder = Folder::create(&dir, "web").unwrap();
        folder.write("charts/new", |out| out.write_all(b"new")).unwrap();
        folder.finish().unwrap();
        assert_eq!(names(&dir), ["web"]);
        assert_eq!(names(&dir.join("web")), ["charts"]);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_name_may_not_lead_elsewhere() {
        for name in ["", "..", "a/b", ".hidden"] {
            assert!(matches!(Folder::create(Path::new("/nonexistent"), name), Err(ReportError::Name { .. })), "{name}");
        }
    }
}
