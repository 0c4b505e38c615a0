//! What plugins and the scheduler agree on: extension points, verdicts, pod shapes, the set of plugins of a profile.
//! Knows neither the queue nor the cluster's tables.

mod cluster_event;
mod extension_point;
mod judgements;
mod plugin;
mod plugin_name;
mod profile;
mod ranking;
mod shape;
mod verdict;

pub use cluster_event::{ClusterEvent, NodeUpdate, PodUpdate};
pub use extension_point::ExtensionPoint;
pub use judgements::{Judgement, Judgements, NORMALIZED};
pub use plugin::{MAX_NODE_SCORE, NodeFilter, NodeScore, Normalization, ScoreContext};
pub use plugin_name::{PluginName, PluginSet};
pub use profile::{ClusterPlugin, EnabledFilter, FilterKind, Profile, WeightedScore};
pub use ranking::Found;
pub use shape::{PodShape, ShapeId, Shapes};
pub use verdict::{MOST_REASONS, Verdict};
