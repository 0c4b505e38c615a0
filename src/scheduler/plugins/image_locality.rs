//! ImageLocality: prefers nodes that have the pod's images, less so for images that are nearly everywhere or nowhere.

use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{MAX_NODE_SCORE, NodeScore, PodShape, ScoreContext};

/// The plugin.
#[derive(Debug)]
pub struct ImageLocality;

const MEBIBYTE: i64 = 1024 * 1024;
const MIN_THRESHOLD: i64 = 23 * MEBIBYTE;
const MAX_CONTAINER_THRESHOLD: i64 = 1000 * MEBIBYTE;

impl NodeScore for ImageLocality {
    fn score(&self, pod: &PodShape, node: &NodeInfo, context: ScoreContext<'_>) -> i64 {
        if node.images.is_empty() {
            return 0;
        }
        let mut sum = 0;
        for name in pod.images.iter().chain(&pod.image_volumes) {
            let Some(image) = context.images.find(name) else { continue };
            let Ok(place) = node.images.binary_search_by_key(&image, |(id, _)| *id) else { continue };
            let spread = f64::from(node.images[place].1) / context.nodes as f64;
            sum += (context.images.size(image) as f64 * spread) as i64;
        }
        let max_threshold = MAX_CONTAINER_THRESHOLD * pod.images.len() as i64;
        let clamped = sum.min(max_threshold).max(MIN_THRESHOLD);
        MAX_NODE_SCORE * (clamped - MIN_THRESHOLD) / (max_threshold - MIN_THRESHOLD)
    }
}
