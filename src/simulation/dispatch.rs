//! The loop: the next event, the one match over all events, and what follows from it within the instant.

use crate::cluster::Change;
use crate::engine::event_queue::EventQueue;
use crate::engine::{Outbox, Significance, SimDuration, SimTime};
use crate::machines::MachineChange;
use crate::model::object::{NodeId, PodId};

use super::event::{Event, Watcher};
use super::outages::Component;
use super::stop::{Ending, Until};
use super::{Observer, Simulation};

/// How many events pass between two calls of `Observer::progress`.
const PROGRESS_EVERY: u64 = 1 << 13;

impl Simulation {
    /// Runs to the plan's end.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Ending {
        self.warm_up(observer);
        let end = match self.until {
            Until::Time(end) | Until::Idle { max: end } => end,
        };
        let ending = self.run_until(end, observer);
        match (ending, self.until) {
            (Ending::Time, Until::Idle { .. }) => Ending::Cut,
            (ending, _) => ending,
        }
    }

    /// Runs to an instant, that instant included, or to idleness if the plan ends with it.
    pub fn run_until(&mut self, end: SimTime, observer: &mut dyn Observer) -> Ending {
        let may_idle = matches!(self.until, Until::Idle { .. });
        let ending = self.go_on_until(end, may_idle, observer);
        if ending == Ending::Idle {
            self.now = self.recording.last_change.max(self.origin);
        } else {
            self.now = end;
            self.look_until(SimTime(end.0.saturating_add(1)));
        }
        ending
    }

    /// Handles what is due up to an instant, that instant included, or until nothing observable can change if the run
    /// `may_idle`. The clock stays at the last thing that was handled.
    pub(super) fn go_on_until(&mut self, end: SimTime, may_idle: bool, observer: &mut dyn Observer) -> Ending {
        while let Some(next) = self.next_time().filter(|next| *next <= end) {
            if may_idle && self.idle.is_due(self.now, next, self.queue.len()) && self.is_idle() {
                // Steps that come to nothing may be all that is left of a row.
                self.record_changes();
                return Ending::Idle;
            }
            if next != self.now {
                self.look_until(next);
            }
            if self.expectations.ends_now {
                return Ending::Time;
            }
            self.handle_next(next, observer);
            self.idle.handled();
            if self.events_handled.is_multiple_of(PROGRESS_EVERY) {
                observer.progress(self.now, self.events_handled);
            }
        }
        if may_idle && self.is_idle() { Ending::Idle } else { Ending::Time }
    }

    /// Runs to an instant after t=0, that instant included, however idle the cluster is.
    pub fn run_to(&mut self, at: SimDuration, observer: &mut dyn Observer) {
        self.warm_up(observer);
        let end = self.origin + at;
        self.until = Until::Time(end);
        self.run_until(end, observer);
    }

    /// When something is due next: a step or an event.
    #[inline]
    pub(super) fn next_time(&self) -> Option<SimTime> {
        match (self.queue.next_time(), self.steps.next_time()) {
            (Some(event), Some(step)) => Some(event.min(step)),
            (event, step) => event.or(step),
        }
    }

    /// Handles what is due at `next`: the steps of that instant, or its first event.
    pub(super) fn handle_next(&mut self, next: SimTime, observer: &mut dyn Observer) {
        self.now = next;
        let mut step = None;
        if self.steps.is_due(next) {
            self.run_due_steps(observer);
        } else if let Some((_, event)) = self.queue.pop() {
            step = event.stepping();
            self.dispatch(event, observer);
        }
        self.settle_after(step, observer);
        observer.event(self.now, &self.cluster);
        self.events_handled += 1;
    }

    /// Handles what is due next, or moves the clock to `deadline` if that is earlier. False if there is neither.
    pub(super) fn advance(&mut self, deadline: SimTime, observer: &mut dyn Observer) -> bool {
        match self.next_time() {
            Some(next) if next <= deadline => {
                self.handle_next(next, observer);
                self.record_changes();
            }
            _ if deadline == SimTime::NEVER => return false,
            _ => self.now = deadline,
        }
        true
    }

    fn dispatch(&mut self, event: Event, observer: &mut dyn Observer) {
        let now = self.now;
        match event {
            Event::Command(lane) => self.command_due(lane, observer),
            Event::Restore(component) => self.restore_component(component),
            Event::Arrival => self.arrive(),
            Event::Wake(watcher) => self.wake(watcher),
            Event::Scheduler(_) | Event::Controllers(_) if self.outages.is_down(Component::ApiServer) => {
                self.outages.hold(event);
            }
            Event::Scheduler(event) => {
                self.scheduler.handle(now, event, &mut self.cluster, &mut self.outboxes.scheduler);
            }
            Event::Controllers(event) => {
                self.controllers.handle(now, event, &mut self.cluster, &mut self.outboxes.controllers);
            }
            Event::Kubelet(event) => {
                self.kubelets.handle(now, event, &mut self.cluster, &mut self.machines, &mut self.outboxes.kubelets);
            }
            Event::Workload(event) => {
                self.workload.handle(now, event, &self.cluster, &mut self.machines, &mut self.outboxes.workload);
            }
            Event::Fault(event) => self.faults.handle(now, event, &mut self.machines),
            Event::Sample => self.take_sample(),
        }
    }

    /// A watcher reads every change that has reached it.
    fn wake(&mut self, watcher: Watcher) {
        self.delivery.begin(watcher);
        if self.outages.is_silent(watcher) {
            return;
        }
        while let Some(change) = self.delivery.next(watcher, &self.cluster.log, self.now) {
            self.tell(watcher, &change);
        }
    }

    /// A watcher hears of a change.
    pub(super) fn tell(&mut self, watcher: Watcher, change: &Change) {
        let (now, cluster) = (self.now, &mut self.cluster);
        match watcher {
            Watcher::Scheduler => self.scheduler.observe(now, change, cluster, &mut self.outboxes.scheduler),
            Watcher::Controllers => self.controllers.observe(now, change, cluster, &mut self.outboxes.controllers),
            Watcher::Kubelets => {
                self.kubelets.observe(now, change, cluster, &mut self.machines, &mut self.outboxes.kubelets);
            }
            Watcher::Proxies => {
                self.workload.traffic_mut().hear(now, change, cluster, &mut self.outboxes.workload);
            }
        }
    }

    /// After each event: what machines did reaches kubelets and workload, sent events enter the queue, changes are
    /// written down and delivered, waiting commands look again.
    pub(super) fn settle(&mut self, observer: &mut dyn Observer) {
        self.settle_after(None, observer);
    }

    /// `settle`, if the event was the step of a pod's worker.
    fn settle_after(&mut self, step: Option<PodId>, observer: &mut dyn Observer) {
        loop {
            self.settle_machines();
            self.tell_of_metrics();
            self.drain_outboxes();
            if step.is_some_and(|pod| self.record_later(pod)) {
                break;
            }
            self.record_changes();
            if self.steps.is_waiting() {
                self.poll_steps(observer);
                self.record_changes();
            }
            // What containers make of the changes is part of the instant, and a command that ended may have let the next
            // one of its list into a container.
            if self.machines.log.is_empty() && self.outboxes.workload.is_empty() {
                break;
            }
        }
        if !self.touched.is_empty() {
            self.look_at_touched();
        }
        self.delivery.schedule(self.now, &self.cluster.log, &self.outages, &mut self.queue);
        self.delivery.trim(&mut self.cluster, self.recording.cursor);
    }

    /// What happened on machines reaches workload and kubelets at once, and what they do about it, until it is quiet.
    fn settle_machines(&mut self) {
        let now = self.now;
        while let Some(change) = self.machines.log.pop() {
            if let MachineChange::UsageChanged { container }
            | MachineChange::ThrottlingChanged { container }
            | MachineChange::ContainerExited { container } = change
            {
                super::metrics::record_use(now, container, &self.machines, &mut self.recording.collector);
            }
            match change {
                MachineChange::ExecDone { .. } => self.steps.look_again(),
                MachineChange::MachineChanged { node } => self.tell_of_heartbeats(node),
                _ => {}
            }
            self.faults.observe_machine(now, change, &self.machines, &mut self.outboxes.faults);
            self.workload.observe_machine(now, change, &self.cluster, &mut self.machines, &mut self.outboxes.workload);
            super::metrics::note(now, change, &self.machines, &mut self.cluster);
            self.kubelets.observe_machine(
                now,
                change,
                &mut self.cluster,
                &mut self.machines,
                &mut self.outboxes.kubelets,
            );
        }
    }

    /// Heartbeats cost no events: the node lifecycle controller hears when they end and when they come again.
    fn tell_of_heartbeats(&mut self, node: NodeId) {
        if self.outages.is_silent(Watcher::Controllers) {
            return;
        }
        let machine = self.machines.machine(node);
        let last = (!machine.is_reachable()).then(|| machine.last_heartbeat(self.now));
        self.controllers.hear_of_node(self.now, node, last, &mut self.outboxes.controllers);
    }

    fn drain_outboxes(&mut self) {
        let queue = &mut self.queue;
        post(&mut self.outboxes.scheduler, queue, Event::Scheduler);
        post(&mut self.outboxes.controllers, queue, Event::Controllers);
        post(&mut self.outboxes.kubelets, queue, Event::Kubelet);
        post(&mut self.outboxes.workload, queue, Event::Workload);
        post(&mut self.outboxes.faults, queue, Event::Fault);
    }

    /// Nothing observable can change any more.
    fn is_idle(&self) -> bool {
        let steps_are_due = self.steps.holds_up() || self.steps.next_time().is_some();
        if steps_are_due || self.delivery.is_behind(&self.cluster.log, &self.outages) {
            return false;
        }
        !self.queue.iter().any(|(_, event)| self.significance(event) == Significance::Live)
    }

    fn significance(&self, event: Event) -> Significance {
        match event {
            Event::Command(_) | Event::Restore(_) | Event::Arrival | Event::Wake(_) => Significance::Live,
            Event::Scheduler(event) => self.scheduler.significance(event, &self.cluster),
            Event::Controllers(event) => self.controllers.significance(event, &self.cluster),
            Event::Kubelet(event) => self.kubelets.significance(event, &self.cluster),
            Event::Workload(event) => self.workload.significance(event, &self.machines),
            Event::Fault(event) => self.faults.significance(event),
            Event::Sample => Significance::Background,
        }
    }
}

/// Puts a component's events into the queue. Most events send to one component or two.
#[inline]
fn post<E>(outbox: &mut Outbox<E>, queue: &mut EventQueue<Event>, wrap: impl Fn(E) -> Event) {
    if !outbox.is_empty() {
        outbox.drain().for_each(|(at, event)| queue.push(at, wrap(event)));
    }
}
