//! Numbers that change over virtual time: load, CPU use, external metrics.

/// A function of time in seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    /// Always this.
    Constant(f64),
}
