//! What nodes physically are and hold.

/// Placeholder until the kubelet's part is merged.
#[derive(Clone, Debug, Default)]
pub struct Machines;
