//! Faults as a plan holds them: who is struck, by what, for how long.

use crate::engine::distribution::Distribution;
use crate::scenario::schema::steps as typed;

pub use crate::scenario::schema::steps::Count;

/// Something breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Who is struck.
    pub target: Target,
    /// By what.
    pub kind: Kind,
    /// Seconds until it ends; until healed if absent.
    pub lasts: Option<Distribution>,
}

/// A fault ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Heal {
    /// Of whom.
    pub target: Target,
    /// Only this fault; all if absent.
    pub only: Option<Kind>,
}

/// Who is struck.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A node by name.
    Node(String),
    /// Some of the nodes that a label selector selects.
    Nodes {
        /// The selector.
        selector: String,
        /// How many of them.
        count: Count,
    },
    /// A registry by host name.
    Registry(String),
    /// A component of the control plane.
    Component(String),
    /// A container of a pod.
    Pod {
        /// `[namespace/]name`.
        pod: String,
        /// Its name; the first if absent.
        container: Option<String>,
    },
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Power fails.
    Crash,
    /// The network fails.
    Partition,
    /// Shut down in order, and on again.
    Reboot,
    /// The kubelet's process is gone.
    Kubelet,
    /// The disk does not answer.
    Disk,
    /// Memory is eaten.
    MemoryPressure,
    /// The disk is filled.
    DiskPressure,
    /// Process ids are used up.
    PidPressure,
    /// It does not answer.
    Down,
    /// Bytes per second that are left.
    Slow(f64),
    /// The process dies with this exit code.
    Kill(u8),
    /// It is killed for its memory.
    Oom,
}

impl Fault {
    /// From what was typed and has passed the checks; `lasts` is its `for`.
    pub fn new(typed: &typed::Fault, lasts: Option<Distribution>) -> Option<Self> {
        let kind = match (&typed.slow, typed.kind.as_deref()) {
            (Some(rate), None) => Kind::Slow(rate.0),
            (_, kind) => kind_of(kind?, typed.exit)?,
        };
        let target = if let Some(node) = &typed.node {
            Target::Node(node.clone())
        } else if let Some(selector) = &typed.nodes {
            Target::Nodes { selector: selector.clone(), count: typed.count.unwrap_or(Count::Share(1.0)) }
        } else if let Some(host) = &typed.registry {
            Target::Registry(host.clone())
        } else if let Some(component) = &typed.component {
            Target::Component(component.clone())
        } else {
            Target::Pod { pod: typed.pod.clone()?, container: typed.container.clone() }
        };
        Some(Self { target, kind, lasts })
    }
}

impl Heal {
    /// From what was typed and has passed the checks.
    pub fn new(typed: &typed::Heal) -> Option<Self> {
        let target = if let Some(node) = &typed.node {
            Target::Node(node.clone())
        } else if let Some(selector) = &typed.nodes {
            Target::Nodes { selector: selector.clone(), count: Count::Share(1.0) }
        } else if let Some(host) = &typed.registry {
            Target::Registry(host.clone())
        } else {
            Target::Component(typed.component.clone()?)
        };
        Some(Self { target, only: typed.kind.as_deref().and_then(|kind| kind_of(kind, None)) })
    }
}

fn kind_of(kind: &str, exit: Option<u8>) -> Option<Kind> {
    Some(match kind {
        "crash" => Kind::Crash,
        "partition" => Kind::Partition,
        "reboot" => Kind::Reboot,
        "kubelet" => Kind::Kubelet,
        "disk" => Kind::Disk,
        "memory-pressure" => Kind::MemoryPressure,
        "disk-pressure" => Kind::DiskPressure,
        "pid-pressure" => Kind::PidPressure,
        "down" => Kind::Down,
        "kill" => Kind::Kill(exit.unwrap_or(137)),
        "oom" => Kind::Oom,
        _ => return None,
    })
}
