//! The table of contents of a run: everything that can be due.

use crate::controllers::ControllerEvent;
use crate::faults::FaultEvent;
use crate::kubelet::KubeletEvent;
use crate::model::object::PodId;
use crate::scheduler::SchedulerEvent;
use crate::workload::WorkloadEvent;

use super::outages::Component;

/// A component that reads the change log after its watch latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Watcher {
    /// kube-scheduler.
    Scheduler,
    /// kube-controller-manager.
    Controllers,
    /// The kubelets.
    Kubelets,
    /// kube-proxy, where there is traffic.
    Proxies,
}

/// Something that is due. Small, because a million of them may be pending.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// A command of a step gives up waiting: the lane in which it runs.
    Command(u32),
    /// A component that was down is back.
    Restore(Component),
    /// Manifests that come later are due.
    Arrival,
    /// Changes reach a watcher.
    Wake(Watcher),
    /// The scheduler's own.
    Scheduler(SchedulerEvent),
    /// The controllers' own.
    Controllers(ControllerEvent),
    /// The kubelets' own.
    Kubelet(KubeletEvent),
    /// What breaks, and when it works again.
    Fault(FaultEvent),
    /// What containers do.
    Workload(WorkloadEvent),
    /// Node usage is sampled, after everything else of its instant.
    Sample,
}

impl Event {
    /// The pod, if it is the step of a pod's worker.
    pub fn stepping(&self) -> Option<PodId> {
        match self {
            Self::Kubelet(KubeletEvent::Step { pod, .. }) => Some(*pod),
            _ => None,
        }
    }
}

const _: () = assert!(size_of::<Event>() <= 16, "an event must stay small");
