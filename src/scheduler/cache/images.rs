//! Which images are on how many nodes. Upstream: backend/cache `addNodeImageStates`.

use rustc_hash::FxHashMap;

use crate::model::Text;
use crate::model::node::NodeImage;

/// An image name's place in `Images`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId(pub u32);

/// All image names on nodes.
#[derive(Debug, Default)]
pub struct Images {
    by_name: FxHashMap<Text, ImageId>,
    rows: Vec<Row>,
}

#[derive(Debug, Default)]
struct Row {
    /// As the first node that had it said; forgotten with the last node.
    size: i64,
    nodes: u32,
}

impl Images {
    /// The image of this name (with its tag), if a node ever had it.
    pub fn find(&self, name: &str) -> Option<ImageId> {
        self.by_name.get(name).copied()
    }

    /// Bytes.
    pub fn size(&self, image: ImageId) -> i64 {
        self.rows[image.0 as usize].size
    }

    /// How many nodes have it.
    pub fn nodes(&self, image: ImageId) -> u32 {
        self.rows[image.0 as usize].nodes
    }

    /// Adds a node's images; returns them sorted, each once.
    pub(super) fn add(&mut self, images: &[NodeImage]) -> Vec<ImageId> {
        let mut ids = Vec::new();
        for image in images {
            for name in &image.names {
                let id = *self.by_name.entry(name.clone()).or_insert_with(|| {
                    self.rows.push(Row::default());
                    ImageId(self.rows.len() as u32 - 1)
                });
                if ids.contains(&id) {
                    continue;
                }
                let row = &mut self.rows[id.0 as usize];
                if row.nodes == 0 {
                    row.size = image.size;
                }
                row.nodes += 1;
                ids.push(id);
            }
        }
        ids.sort_unstable();
        ids
    }

    /// Takes a node's images away.
    pub(super) fn remove(&mut self, images: impl IntoIterator<Item = ImageId>) {
        for image in images {
            self.rows[image.0 as usize].nodes -= 1;
        }
    }
}
