//! Components of the control plane that are down for a while.
//!
//! A process that ends forgets everything: its pending timers go, and when it is back it begins anew with a list of all
//! objects (its informers' resync) and what is written from then on. Without the API server nobody reads or writes:
//! kubectl is refused, kubelets are cut off, and scheduler and controller manager end when they cannot renew their
//! leases, to be started again when the server is back.
//! Upstream: client-go leaderelection (RenewDeadline 10 s, `leaderelection lost` ends the process), reflector `ListAndWatch`.

use std::fmt;

use crate::cluster::{Change, Fields, Verb};
use crate::controllers::Controllers;
use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::scheduler::Scheduler;

use super::Simulation;
use super::event::{Event, Watcher};
use super::steps::Effect;

/// A component that can be down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Component {
    /// kube-scheduler.
    Scheduler,
    /// kube-controller-manager.
    ControllerManager,
    /// kube-apiserver.
    ApiServer,
    /// metrics-server.
    MetricsServer,
}

impl Component {
    const ALL: [Self; 4] = [Self::Scheduler, Self::ControllerManager, Self::ApiServer, Self::MetricsServer];

    /// As scenarios name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduler => "kube-scheduler",
            Self::ControllerManager => "kube-controller-manager",
            Self::ApiServer => "kube-apiserver",
            Self::MetricsServer => "metrics-server",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.name() == name)
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is down.
#[derive(Debug)]
pub(super) struct Outages {
    /// By component: when it is back; `NEVER` while that is not known, `None` while it is up.
    down: [Option<SimTime>; Component::ALL.len()],
    /// When the API server went.
    api_down_since: SimTime,
    /// What scheduler and controller manager waited for and could not do without the API server.
    held: Vec<Event>,
}

/// Time within which scheduler and controller manager must renew their leases.
/// Upstream: component-base config `RecommendedDefaultLeaderElectionConfiguration`, RenewDeadline.
const RENEW_DEADLINE: SimDuration = SimDuration::from_secs(10);

impl Outages {
    /// Everything is up.
    pub(super) fn none() -> Self {
        Self { down: [None; Component::ALL.len()], api_down_since: SimTime::NEVER, held: Vec::new() }
    }

    /// An event of a process that reaches no API server is due: it waits.
    pub(super) fn hold(&mut self, event: Event) {
        self.held.push(event);
    }

    /// Is a component down?
    #[inline]
    pub(super) fn is_down(&self, component: Component) -> bool {
        self.down[component as usize].is_some()
    }

    /// Can a watcher neither hear nor act?
    #[inline]
    pub(super) fn is_silent(&self, watcher: Watcher) -> bool {
        match watcher {
            Watcher::Scheduler => self.is_down(Component::Scheduler) || self.is_down(Component::ApiServer),
            Watcher::Controllers => self.is_down(Component::ControllerManager) || self.is_down(Component::ApiServer),
            // Each kubelet knows by itself whether it reaches the server.
            Watcher::Kubelets | Watcher::Proxies => false,
        }
    }
}

impl Simulation {
    /// A component stops, for a time or until it is healed.
    pub(super) fn stop_component(&mut self, component: Component, duration: Option<SimDuration>) -> Effect {
        let until = duration.map_or(SimTime::NEVER, |duration| self.now + duration);
        let text = match duration {
            Some(duration) => format!("fault: {component} is down for {duration}"),
            None => format!("fault: {component} is down"),
        };
        let was_down = self.outages.is_down(component);
        self.outages.down[component as usize] = Some(until);
        if until != SimTime::NEVER {
            self.queue.push(until, Event::Restore(component));
        }
        if was_down {
            return Effect::void(text, format!("{component} was down already; it is down until the later fault's end"));
        }
        match component {
            Component::Scheduler => self.queue.retain(|event| !matches!(event, Event::Scheduler(_))),
            Component::ControllerManager => self.queue.retain(|event| !matches!(event, Event::Controllers(_))),
            Component::ApiServer => self.cut_off_api_server(),
            Component::MetricsServer => self.cluster.metrics.set_up(false),
        }
        Effect::done(text)
    }

    /// A component is started again by the scenario.
    pub(super) fn heal_component(&mut self, component: Component) -> Effect {
        let text = format!("heal: {component} is up");
        if !self.outages.is_down(component) {
            return Effect::void(text, format!("{component} was not down"));
        }
        self.start_component(component);
        Effect::done(text)
    }

    /// The time of an outage is up, unless a later fault or a healing came in between.
    pub(super) fn restore_component(&mut self, component: Component) {
        if self.outages.down[component as usize].is_some_and(|until| until <= self.now) {
            self.start_component(component);
        }
    }

    fn start_component(&mut self, component: Component) {
        self.outages.down[component as usize] = None;
        match component {
            Component::Scheduler => self.start_watcher(Watcher::Scheduler),
            Component::ControllerManager => self.start_watcher(Watcher::Controllers),
            Component::ApiServer => self.restore_api_server(),
            Component::MetricsServer => self.cluster.metrics.set_up(true),
        }
    }

    fn cut_off_api_server(&mut self) {
        self.outages.api_down_since = self.now;
        self.machines.set_server(self.now, false);
    }

    fn restore_api_server(&mut self) {
        self.machines.set_server(self.now, true);
        // Until they miss their leases' renewal, the processes live on with what they know.
        let lost_leases = self.now.since(self.outages.api_down_since) >= RENEW_DEADLINE;
        for watcher in [Watcher::Scheduler, Watcher::Controllers] {
            if self.outages.is_silent(watcher) {
                continue;
            }
            if lost_leases {
                let is_of_old_process = |event: Event| match watcher {
                    Watcher::Scheduler => matches!(event, Event::Scheduler(_)),
                    _ => matches!(event, Event::Controllers(_)),
                };
                self.queue.retain(|event| !is_of_old_process(event));
                self.outages.held.retain(|event| !is_of_old_process(*event));
                self.start_watcher(watcher);
            }
        }
        for event in std::mem::take(&mut self.outages.held) {
            self.queue.push(self.now, event);
        }
    }

    /// A new process: it knows nothing, lists everything and watches from there.
    fn start_watcher(&mut self, watcher: Watcher) {
        if self.outages.is_silent(watcher) {
            return;
        }
        match watcher {
            Watcher::Scheduler => {
                let settings = self.settings.scheduler.settings().expect("the same settings were right at the start");
                self.scheduler = Scheduler::new(settings);
            }
            Watcher::Controllers => self.controllers = Controllers::new(&self.settings.controllers),
            Watcher::Kubelets | Watcher::Proxies => return,
        }
        self.delivery.skip_to_end(watcher, &self.cluster.log);
        for change in self.list_everything() {
            self.tell(watcher, &change);
        }
        if watcher == Watcher::Controllers {
            // A manager that starts counts the silence of nodes from its own start.
            // Upstream: controller/nodelifecycle `tryUpdateNodeHealth`, a node without a saved condition.
            for node in self.cluster.nodes().collect::<Vec<_>>() {
                if self.machines.has_machine(node) && !self.machines.machine(node).is_reachable() {
                    self.controllers.hear_of_node(self.now, node, Some(self.now), &mut self.outboxes.controllers);
                }
            }
        }
    }

    /// All live objects as an informer's first list gives them: nodes first, so that pods find theirs.
    fn list_everything(&self) -> Vec<Change> {
        let kinds = std::iter::once(Kind::NODE).chain(self.cluster.kinds().filter(|kind| *kind != Kind::NODE));
        let objects = kinds.flat_map(|kind| self.cluster.list(kind));
        objects.map(|object| Change { at: self.now, object, verb: Verb::Added, fields: Fields::all() }).collect()
    }
}
