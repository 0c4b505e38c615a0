//! Dumps of clusters, read object by object: the initial state of a scenario, or what a command looks at.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::api::dump::{Dump, Gathered, read};
use crate::scenario::source::{SourceFile, plain};

use super::files;

/// Reads dumps of one cluster; of objects that stand in several the last counts.
///
/// # Errors
/// The first file that cannot be read, in words that name it and the line.
pub fn read_dumps(paths: &[PathBuf]) -> Result<Dump, String> {
    let mut gathered = Gathered::default();
    for path in paths {
        read_objects(path, &mut |object| gathered.add(object))?;
    }
    Ok(gathered.finish())
}

/// Hands every object of a file to `each`; `-` is standard input, gzip is read as what it holds.
///
/// # Errors
/// A file that cannot be read, or holds something else.
pub fn read_objects(path: &Path, each: &mut dyn FnMut(serde_json::Value)) -> Result<(), String> {
    let name = path.display();
    let reader = SourceFile::open(path).map_err(|error| format!("cannot read `{name}`: {}", plain(&error)))?;
    let mut count = 0_usize;
    read(reader, &mut |object| {
        count += 1;
        each(object);
    })
    .map_err(|failure| format!("{name}:{}: {failure}", failure.line))?;
    if count == 0 {
        return Err(format!("`{name}` holds no object: `kubectl get nodes,pods,… -A -o json` makes a dump"));
    }
    Ok(())
}

/// The dumps that a scenario names, read when they are first asked for: many runs share them.
#[derive(Debug, Default)]
pub struct Dumps(OnceLock<(Vec<String>, Arc<Dump>)>);

impl Dumps {
    /// The dump of these files.
    ///
    /// # Errors
    /// The place in the list, and what is wrong with it.
    pub(super) fn named(&self, directory: &Path, names: &[String]) -> Result<Arc<Dump>, (usize, String)> {
        if let Some((known, dump)) = self.0.get()
            && known == names
        {
            return Ok(Arc::clone(dump));
        }
        let dump = Arc::new(read_named(directory, names)?);
        let (known, kept) = self.0.get_or_init(|| (names.to_vec(), Arc::clone(&dump)));
        Ok(if known == names { Arc::clone(kept) } else { dump })
    }
}

fn read_named(directory: &Path, names: &[String]) -> Result<Dump, (usize, String)> {
    let mut paths = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let found = files::matching(directory, name).map_err(|message| (place, message))?;
        paths.extend(found.iter().map(|found| (place, files::resolve(directory, found))));
    }
    let mut gathered = Gathered::default();
    for (place, path) in paths {
        read_objects(&path, &mut |object| gathered.add(object)).map_err(|message| (place, message))?;
    }
    Ok(gathered.finish())
}
