//! A small world for the controllers' tests: an API server, the controllers, and a stand-in for scheduler and kubelet.

use serde_json::{Value, json};

use crate::api::{Clock, DecodeCache, FieldValidation, decode};
use crate::cluster::{Cluster, ClusterSettings, Cursor, DeleteOptions, Verb};
use crate::engine::event_queue::EventQueue;
use crate::engine::random::{Stream, Streams};
use crate::engine::{Outbox, SimDuration, SimTime};
use crate::model::condition::ConditionStatus;
use crate::model::kind::Kind;
use crate::model::latency::{Latencies, Latency};
use crate::model::object::{NamespaceId, NodeId, ObjectRef, PodId};
use crate::model::pod::{PodCondition, PodConditionType, PodPhase, Why};

use super::{ControllerEvent, ControllerSettings, Controllers};

/// What happens in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    Controllers(ControllerEvent),
    /// Watchers drain what is due.
    Deliver,
    /// The stand-in kubelet makes a pod Running and Ready.
    Start(PodId),
    /// It ends a pod that is being deleted.
    Stop(PodId),
}

/// The world.
pub(super) struct World {
    pub(super) now: SimTime,
    pub(super) cluster: Cluster,
    pub(super) controllers: Controllers,
    queue: EventQueue<Happening>,
    cursor: Cursor,
    delivery: SimDuration,
    delays: Stream,
    /// Longest time from a pod's creation to Ready, in seconds.
    pub(super) slowest_start: f64,
    /// Do pods ever become Ready?
    pub(super) starts: bool,
    /// Looked at after each event.
    pub(super) checks: Vec<fn(&Cluster)>,
}

impl World {
    /// The recorded latencies, a client without limits.
    pub(super) fn new(seed: u64) -> Self {
        let streams = Streams::new(seed);
        let settings = ControllerSettings::new(Latencies::recorded(), streams).with_unlimited_clients();
        Self::with_settings(&settings)
    }

    pub(super) fn with_settings(settings: &ControllerSettings) -> Self {
        let streams = settings.streams;
        let cluster = Cluster::new(ClusterSettings {
            clock: Clock { epoch_seconds: 1_767_225_600, warmup: SimDuration::ZERO },
            streams,
            not_ready_toleration_seconds: 300,
            unreachable_toleration_seconds: 300,
        });
        let mut world = Self {
            now: SimTime::ZERO,
            cluster,
            controllers: Controllers::new(settings),
            queue: EventQueue::new(),
            cursor: Cursor::default(),
            delivery: settings.latencies.fixed(Latency::WatchDelivery),
            delays: streams.stream("test/kubelet", 0),
            slowest_start: 0.5,
            starts: true,
            checks: Vec::new(),
        };
        world.announce();
        world
    }

    /// Runs for `duration`.
    pub(super) fn run(&mut self, duration: SimDuration) {
        let end = self.now + duration;
        while self.queue.next_time().is_some_and(|next| next <= end) {
            let (at, happening) = self.queue.pop().expect("it has a next time");
            self.now = at;
            self.happen(happening);
            self.announce();
            for check in &self.checks {
                check(&self.cluster);
            }
        }
        self.now = end;
    }

    /// Does something as a user, now.
    pub(super) fn act<T>(&mut self, action: impl FnOnce(SimTime, &mut Cluster) -> T) -> T {
        let result = action(self.now, &mut self.cluster);
        self.announce();
        result
    }

    fn happen(&mut self, happening: Happening) {
        let mut outbox = Outbox::default();
        match happening {
            Happening::Controllers(event) => {
                self.controllers.handle(self.now, event, &mut self.cluster, &mut outbox);
            }
            Happening::Deliver => {
                let until = SimTime(self.now.0 - self.delivery.0);
                while let Some(change) = self.cluster.log.next(&mut self.cursor, until) {
                    self.controllers.observe(self.now, &change, &mut self.cluster, &mut outbox);
                    self.kubelet_hears(change.object, change.verb);
                }
            }
            Happening::Start(pod) => self.set_ready(pod, true),
            Happening::Stop(pod) => self.stop(pod),
        }
        for (at, event) in outbox.drain() {
            self.queue.push(at, Happening::Controllers(event));
        }
    }

    fn kubelet_hears(&mut self, object: ObjectRef, verb: Verb) {
        let Some(pod) = object.as_pod().filter(|_| self.starts) else { return };
        let row = self.cluster.pod(pod);
        let delay = SimDuration::from_secs_f64(self.delays.unit() * self.slowest_start);
        if verb == Verb::Added && !row.deleted {
            self.queue.push(self.now + delay, Happening::Start(pod));
        } else if row.deletion.is_some() && !row.deleted && verb == Verb::Modified {
            self.queue.push(self.now + delay, Happening::Stop(pod));
        }
    }

    fn stop(&mut self, pod: PodId) {
        if !self.cluster.pod(pod).deleted {
            self.cluster.delete(self.now, ObjectRef::pod(pod), DeleteOptions::NOW).expect("it is live");
        }
    }

    /// Makes a pod Running and Ready, or unready.
    pub(super) fn set_ready(&mut self, pod: PodId, ready: bool) {
        let now = self.now;
        if self.cluster.pod(pod).deleted || self.cluster.pod(pod).status.phase.is_terminal() {
            return;
        }
        self.cluster.modify_pod_status(now, pod, |status| {
            status.phase = PodPhase::Running;
            status.pod_ip = 0x0a00_0000 + pod.0;
            status.set_condition(PodCondition::new(
                PodConditionType::Ready,
                ConditionStatus::from(ready),
                Why::NONE,
                now,
            ));
        });
        self.announce();
    }

    /// A node's last heartbeat, or (with `None`) that it is heard again.
    pub(super) fn fall_silent(&mut self, node: NodeId, last_heartbeat: Option<SimTime>) {
        let mut outbox = Outbox::default();
        self.controllers.hear_of_node(self.now, node, last_heartbeat, &mut outbox);
        for (at, event) in outbox.drain() {
            self.queue.push(at, Happening::Controllers(event));
        }
    }

    /// Ends a pod.
    pub(super) fn end(&mut self, pod: PodId, phase: PodPhase) {
        let now = self.now;
        self.cluster.modify_pod_status(now, pod, |status| {
            status.phase = phase;
            status.set_condition(PodCondition::new(PodConditionType::Ready, ConditionStatus::False, Why::NONE, now));
        });
        self.announce();
    }

    /// Wakes the watchers for what was written now.
    fn announce(&mut self) {
        if self.cluster.log.at(self.cursor).is_some() {
            self.queue.push(self.now + self.delivery, Happening::Deliver);
        }
    }

    /// Applies a manifest, in the default namespace unless it names another.
    pub(super) fn apply(&mut self, manifest: Value) -> ObjectRef {
        let mut cache = DecodeCache::default();
        let decoded = decode(manifest, "default", FieldValidation::Strict, &mut cache).expect("a valid manifest");
        let namespace = self.cluster.namespace(&decoded.namespace).unwrap_or(NamespaceId::NONE);
        match self.cluster.find(decoded.kind, namespace, &decoded.name) {
            Some(object) => {
                self.act(|now, cluster| cluster.update(now, object, decoded)).expect("no conflict");
                object
            }
            None => self.act(|now, cluster| cluster.create(now, decoded)).expect("it may be created"),
        }
    }

    /// The default namespace.
    pub(super) fn default_namespace(&self) -> NamespaceId {
        self.cluster.namespace("default").expect("every cluster has it")
    }

    /// An object of the default namespace.
    pub(super) fn find(&self, kind: Kind, name: &str) -> ObjectRef {
        self.cluster.find(kind, self.default_namespace(), name).unwrap_or_else(|| panic!("no {kind:?} {name}"))
    }

    /// Messages of all Events with this reason, each with its count.
    pub(super) fn messages(&self, reason: &str) -> Vec<String> {
        self.cluster
            .events
            .rows()
            .iter()
            .filter(|row| self.cluster.events.sort_of(row).reason == reason)
            .map(|row| self.cluster.event_message(row).into_owned())
            .collect()
    }

    /// Pods of an owner.
    pub(super) fn pods_of(&self, owner: ObjectRef) -> Vec<PodId> {
        self.cluster.pods_of(owner).collect()
    }
}

/// A Deployment of one container, labelled `app: <name>`.
pub(super) fn deployment(name: &str, replicas: i32, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template(name, image)},
    })
}

/// A template of one container, labelled `app: <name>`.
pub(super) fn template(name: &str, image: &str) -> Value {
    json!({"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": image}]}})
}
