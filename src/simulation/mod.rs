//! Puts the parts together: one loop, one match over all events, and who hears of what.
//! The only place that knows every component; holds no rule of Kubernetes.

pub mod arrivals;
pub mod asked;
mod behaviors;
mod command;
mod components;
mod delivery;
mod dispatch;
pub mod dump;
mod event;
mod expectations;
mod explain;
mod expressions;
mod faults;
mod files;
mod finish;
mod imports;
mod manifests;
mod metrics;
mod nodes;
pub mod observer;
mod outages;
mod recording;
mod settings;
mod setup;
mod steps;
mod stop;
mod system_pods;
mod traffic;
#[cfg(test)]
mod volume_tests;
mod warm_up;

pub use observer::{Observer, Unobserved};
pub use setup::SetupError;
pub use stop::Ending;

use crate::cluster::Cluster;
use crate::controllers::{ControllerEvent, Controllers};
use crate::engine::event_queue::EventQueue;
use crate::engine::random::Streams;
use crate::engine::{Outbox, SimDuration, SimTime};
use crate::faults::{FaultEvent, Faults};
use crate::kubectl::Kubectl;
use crate::kubelet::{KubeletEvent, Kubelets};
use crate::machines::Machines;
use crate::scenario::plan::{self, Plan};
use crate::scheduler::registry::Registry;
use crate::scheduler::{Scheduler, SchedulerEvent};
use crate::workload::{Workload, WorkloadEvent};
use arrivals::Arrivals;
use delivery::Delivery;
use event::Event;
use expectations::Expectations;
use expressions::Touched;
use files::PlanFiles;
use outages::Outages;
use recording::Recording;
use settings::Settings;
use steps::StepRunner;
use stop::{IdleCheck, Until};

/// A run: the cluster, its components, and the loop that drives them.
pub struct Simulation {
    /// The API server.
    pub cluster: Cluster,
    /// The nodes.
    pub machines: Machines,
    scheduler: Scheduler,
    controllers: Controllers,
    kubelets: Kubelets,
    workload: Workload,
    faults: Faults,
    streams: Streams,
    kubectl: Kubectl,
    steps: StepRunner,
    arrivals: Arrivals,
    outages: Outages,
    expectations: Expectations,
    /// What happened since expressions were last looked at.
    touched: Touched,
    settings: Settings,
    files: PlanFiles,
    queue: EventQueue<Event>,
    outboxes: Outboxes,
    delivery: Delivery,
    recording: Recording,
    now: SimTime,
    /// The scenario's t=0.
    origin: SimTime,
    /// When the plan says that it ends, and what that means from `origin` on.
    ends: plan::Until,
    until: Until,
    sample: SimDuration,
    idle: IdleCheck,
    events_handled: u64,
    /// Does an autoscaler ask for the rates of Services?
    serves_rates: bool,
}

/// One outbox a component, kept so that their memory is used again.
#[derive(Default)]
struct Outboxes {
    scheduler: Outbox<SchedulerEvent>,
    controllers: Outbox<ControllerEvent>,
    kubelets: Outbox<KubeletEvent>,
    workload: Outbox<WorkloadEvent>,
    faults: Outbox<FaultEvent>,
}

impl Simulation {
    /// The run of a plan, ready at its first instant.
    ///
    /// # Errors
    /// A manifest that the API server refuses, or a configuration that the scheduler refuses.
    pub fn new(plan: &Plan) -> Result<Self, SetupError> {
        Self::with_plugins(plan, &Registry::default())
    }

    /// The same with scheduler plugins of the caller's own, which the plan's KubeSchedulerConfiguration may enable.
    ///
    /// # Errors
    /// As for `new`.
    pub fn with_plugins(plan: &Plan, plugins: &Registry) -> Result<Self, SetupError> {
        setup::build(plan, plugins)
    }

    /// Containers that will run on assumed behaviour although they name a command, in words.
    pub fn assumptions(&self) -> Vec<String> {
        self.workload.assumptions(&self.cluster)
    }

    /// Virtual time.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Events handled so far.
    pub fn events_handled(&self) -> u64 {
        self.events_handled
    }
}
