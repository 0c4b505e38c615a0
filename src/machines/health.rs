//! What is wrong with a machine that still runs: a dead disk, something outside pods that eats a resource, a shutdown
//! under way.

bitflags::bitflags! {
    /// Resources of which something outside pods takes all that becomes free.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Pressure: u8 {
        /// Memory.
        const MEMORY = 1;
        /// Space on the file systems of pods and images.
        const DISK = 1 << 1;
        /// Process ids.
        const PIDS = 1 << 2;
    }
}

/// The state of a machine's parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The disk does not answer: the container runtime hangs, what runs goes on running.
    pub disk_dead: bool,
    /// What is eaten.
    pub pressure: Pressure,
    /// The operating system wants to shut down and waits for the kubelet to let go of it.
    pub shutting_down: bool,
}
