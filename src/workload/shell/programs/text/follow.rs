//! `tail -f`: waits for files to grow.

use super::super::super::context::Context;
use super::super::super::kernel::{Run, Wait};
use super::super::super::world::Links;

/// `tail -f`: waits for its files to grow.
#[derive(Clone, Debug)]
pub(in super::super) struct Follow {
    pub(super) files: Vec<(String, u64)>,
}

impl Follow {
    pub fn step(&mut self, context: &mut Context<'_>) -> Run {
        for (path, seen) in &mut self.files {
            let Ok(data) = context.stat(path, Links::Follow) else { continue };
            if data.size < *seen {
                *seen = 0;
            }
            while *seen < data.size {
                let Ok(bytes) = context.world.read(path, *seen, 1 << 16) else { break };
                if bytes.is_empty() {
                    break;
                }
                *seen += bytes.len() as u64;
                if context.write(1, &bytes).is_err() {
                    return Run::Exit(128 + 13);
                }
            }
        }
        let paths: Vec<String> =
            self.files.iter().map(|(path, _)| path.clone()).filter(|path| !path.starts_with("/dev/")).collect();
        if paths.is_empty() {
            Run::Block(Wait::Forever)
        } else {
            Run::Block(Wait::Files { paths, changes: context.kernel.changes })
        }
    }
}
