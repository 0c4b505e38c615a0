//! kube-controller-manager: the controllers, and what runs them.
//!
//! A controller decides purely (`sync` reads the cluster and returns a plan of API calls); `runner` carries plans out
//! through a rate-limited client, as many keys at a time as upstream's flags say. `Controllers` knows who is
//! interested in which kind and nothing else. No controller's cost of a change grows with unrelated objects.

mod calls;
mod cron_job;
mod daemon_set;
mod deployment;
mod disruption;
mod endpoint_slice;
mod endpoint_slice_mirroring;
mod endpoints;
mod ephemeral_volume;
mod garbage_collector;
mod history;
pub mod horizontal_pod_autoscaler;
mod job;
mod namespace;
mod node_lifecycle;
mod persistent_volume;
mod plan;
mod pod_census;
mod pod_claims;
mod pod_gc;
mod replica_set;
mod resource_quota;
mod runner;
#[cfg(test)]
mod scale_tests;
mod selector_index;
mod service_account;
mod settings;
mod slow_start;
mod stateful_set;
#[cfg(test)]
mod storm_tests;
mod taint_eviction;
#[cfg(test)]
mod testing;
mod ttl_after_finished;
mod volume_protection;
mod volume_provisioner;
mod work_queue;

pub use horizontal_pod_autoscaler::AutoscalerSettings;
pub use settings::ControllerSettings;

use crate::cluster::{Change, Cluster};
use crate::engine::{Outbox, Significance, SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::object::{NodeId, PodId};

use cron_job::CronJobController;
use daemon_set::DaemonSetController;
use deployment::DeploymentController;
use disruption::DisruptionController;
use endpoint_slice::EndpointSliceController;
use endpoint_slice_mirroring::EndpointSliceMirroringController;
use endpoints::EndpointsController;
use ephemeral_volume::EphemeralVolumeController;
use garbage_collector::GarbageCollector;
use horizontal_pod_autoscaler::{HorizontalPodAutoscalerController, RecordedDecision};
use job::JobController;
use namespace::NamespaceController;
use node_lifecycle::NodeLifecycleController;
use persistent_volume::PersistentVolumeController;
use pod_gc::PodGarbageCollector;
use replica_set::{ReplicaSets, ReplicationControllers};
use resource_quota::ResourceQuotaController;
use runner::{News, Profile, Runner};
use service_account::ServiceAccountController;
use stateful_set::StatefulSetController;
use taint_eviction::TaintEvictionController;
use ttl_after_finished::TtlAfterFinishedController;
use volume_protection::{ClaimProtectionController, VolumeProtectionController};
use volume_provisioner::VolumeProvisioner;
use work_queue::RateLimiter;

/// What the controllers wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerEvent {
    /// The first waiting key of a controller's queue is due.
    Due {
        /// Whose queue.
        controller: ControllerId,
        /// Passes when an earlier key comes to wait.
        generation: u32,
    },
    /// A worker begins a sync, or goes on with its calls.
    Work {
        /// Whose worker.
        controller: ControllerId,
        /// Which one.
        worker: u16,
    },
}

macro_rules! controllers {
    ($($(#[$doc:meta])* $kinds:pat => $id:ident $field:ident: $type:ty = $profile:expr;)*) => {
        /// A controller of the manager.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum ControllerId {
            $($(#[$doc])* $id),*
        }

        /// All controllers of kube-controller-manager.
        #[derive(Debug)]
        pub struct Controllers {
            $($field: Runner<$type>),*
        }

        impl Controllers {
            /// Controllers that have seen nothing yet; the simulation tells them of all that exists as Added.
            pub fn new(settings: &ControllerSettings) -> Self {
                Self {
                    $($field: Runner::new(ControllerId::$id, <$type>::create(settings), $profile, settings)),*
                }
            }

            /// A change reached the manager's informers.
            pub fn observe(
                &mut self,
                now: SimTime,
                change: &Change,
                cluster: &mut Cluster,
                outbox: &mut Outbox<ControllerEvent>,
            ) {
                // Nearly all changes are of pods: which controllers these are for is known when this is compiled.
                if change.object.kind == Kind::POD {
                    let news = News::of_pod(change, cluster);
                    $(
                        if matches!(Kind::POD, $kinds) {
                            self.$field.observe(now, news, cluster, outbox);
                        }
                    )*
                    return;
                }
                let news = News::of_object(change);
                $(
                    if matches!(change.object.kind, $kinds) {
                        self.$field.observe(now, news, cluster, outbox);
                    }
                )*
            }

            /// One of their events is due.
            pub fn handle(
                &mut self,
                now: SimTime,
                event: ControllerEvent,
                cluster: &mut Cluster,
                outbox: &mut Outbox<ControllerEvent>,
            ) {
                match event {
                    $(
                        ControllerEvent::Due { controller: ControllerId::$id, generation } => {
                            self.$field.due(now, generation, outbox);
                        }
                        ControllerEvent::Work { controller: ControllerId::$id, worker } => {
                            self.$field.work(now, worker, cluster, outbox);
                        }
                    )*
                }
            }

            /// What a pending event would still do.
            pub fn significance(&self, event: ControllerEvent, cluster: &Cluster) -> Significance {
                match event {
                    ControllerEvent::Work { .. } => Significance::Live,
                    $(
                        ControllerEvent::Due { controller: ControllerId::$id, generation } => {
                            self.$field.timer_significance(generation, cluster)
                        }
                    )*
                }
            }
        }
    };
}

/// Makes a controller that has seen nothing yet.
trait Create {
    fn create(settings: &ControllerSettings) -> Self;
}

impl<C: Default> Create for C {
    fn create(_settings: &ControllerSettings) -> Self {
        Self::default()
    }
}

impl Controllers {
    /// A node's heartbeats ended with the one at `last_heartbeat`, or (with `None`) come again. Between the two,
    /// heartbeats cost no event.
    pub fn hear_of_node(
        &mut self,
        now: SimTime,
        node: NodeId,
        last_heartbeat: Option<SimTime>,
        outbox: &mut Outbox<ControllerEvent>,
    ) {
        self.node_lifecycle.tell(now, outbox, |controller, queue| controller.heard(now, node, last_heartbeat, queue));
    }
}

impl Controllers {
    /// What containers of these pods use has changed, or numbers that adapters serve. Between two changes, syncs of
    /// autoscalers cost no event.
    pub fn hear_of_metrics(
        &mut self,
        now: SimTime,
        (pods, names): (&[PodId], &[String]),
        cluster: &Cluster,
        outbox: &mut Outbox<ControllerEvent>,
    ) {
        self.horizontal_pod_autoscaler.tell(now, outbox, |controller, queue| {
            controller.usage_changed(now, pods, cluster, queue);
            controller.metrics_changed(now, names, queue);
        });
    }

    /// Are there decisions of autoscalers that nobody has taken?
    #[inline]
    pub fn has_autoscaler_decisions(&self) -> bool {
        self.horizontal_pod_autoscaler.controller().has_decisions()
    }

    /// What autoscalers have decided since the last call.
    pub fn take_autoscaler_decisions(&mut self) -> Vec<RecordedDecision> {
        self.horizontal_pod_autoscaler.controller_mut().take_decisions()
    }
}

/// Upstream: deployment `maxRetries`, endpointslice `maxRetries`.
const FEW_RETRIES: u32 = 15;

/// Upstream: namespace `nsControllerRateLimiter`.
fn namespace_limiter() -> RateLimiter {
    RateLimiter::exponential(SimDuration::from_millis(5), SimDuration::from_secs(60)).with_overall()
}

controllers! {
    /// `replicaset-controller`. It comes before those that write ReplicaSets: of one that was scaled by hand it has seen
    /// the number, and acted on it, before the answer to a Deployment's own write is there.
    Kind::REPLICA_SET | Kind::POD => ReplicaSet replica_set: ReplicaSets = Profile::with_workers(5);
    /// `deployment-controller`.
    Kind::DEPLOYMENT | Kind::REPLICA_SET | Kind::POD => Deployment deployment: DeploymentController =
        Profile { retries: Some(FEW_RETRIES), ..Profile::with_workers(5) };
    /// `replicationcontroller-controller`.
    Kind::REPLICATION_CONTROLLER | Kind::POD => ReplicationController replication_controller: ReplicationControllers = Profile::with_workers(5);
    /// `statefulset-controller`.
    Kind::STATEFUL_SET | Kind::POD => StatefulSet stateful_set: StatefulSetController = Profile::with_workers(5);
    /// `daemonset-controller`.
    Kind::DAEMON_SET | Kind::NODE | Kind::POD => DaemonSet daemon_set: DaemonSetController = Profile::with_workers(2);
    /// `job-controller`.
    Kind::JOB | Kind::POD => Job job: JobController = job::profile();
    /// `cronjob-controller`.
    Kind::CRON_JOB | Kind::JOB => CronJob cron_job: CronJobController = Profile::with_workers(5);
    /// `pod-garbage-collector-controller`.
    Kind::NODE | Kind::POD => PodGarbageCollector pod_gc: PodGarbageCollector = Profile::with_workers(1);
    /// `disruption-controller`.
    Kind::POD_DISRUPTION_BUDGET | Kind::POD => Disruption disruption: DisruptionController = Profile::with_workers(1);
    /// `horizontal-pod-autoscaler-controller`.
    _ => HorizontalPodAutoscaler horizontal_pod_autoscaler: HorizontalPodAutoscalerController =
        horizontal_pod_autoscaler::profile();
    /// `ttl-after-finished-controller`.
    Kind::JOB => TtlAfterFinished ttl_after_finished: TtlAfterFinishedController = Profile::with_workers(5);
    /// `node-lifecycle-controller`.
    Kind::NODE | Kind::POD => NodeLifecycle node_lifecycle: NodeLifecycleController = Profile::with_workers(8);
    /// `taint-eviction-controller`.
    Kind::NODE | Kind::POD => TaintEviction taint_eviction: TaintEvictionController = Profile::with_workers(8);
    /// `endpointslice-controller`.
    Kind::SERVICE | Kind::ENDPOINT_SLICE | Kind::POD => EndpointSlice endpoint_slice: EndpointSliceController = endpoint_slice::profile();
    /// `endpointslice-mirroring-controller`.
    Kind::SERVICE | Kind::ENDPOINTS | Kind::ENDPOINT_SLICE => EndpointSliceMirroring endpoint_slice_mirroring: EndpointSliceMirroringController =
        endpoint_slice::profile();
    /// `endpoint-controller`.
    Kind::SERVICE | Kind::ENDPOINTS | Kind::POD => Endpoints endpoints: EndpointsController =
        Profile { retries: Some(FEW_RETRIES), ..Profile::with_workers(5) };
    /// `resourcequota-controller`.
    _ => ResourceQuota resource_quota: ResourceQuotaController = Profile::with_workers(5);
    /// `garbage-collector-controller`; its client may send twice as often.
    _ => GarbageCollector garbage_collector: GarbageCollector =
        Profile { qps_factor: 2.0, ..Profile::with_workers(20) };
    /// `namespace-controller`, whose client is hardly limited.
    Kind::NAMESPACE => Namespace namespace: NamespaceController =
        Profile { limiter: namespace_limiter(), qps_factor: 20.0, burst_factor: 100, ..Profile::with_workers(10) };
    /// `persistentvolume-binder-controller`.
    Kind::PERSISTENT_VOLUME | Kind::PERSISTENT_VOLUME_CLAIM | Kind::STORAGE_CLASS => PersistentVolume persistent_volume: PersistentVolumeController = Profile::with_workers(2);
    /// `persistentvolumeclaim-protection-controller`.
    Kind::PERSISTENT_VOLUME_CLAIM | Kind::POD => ClaimProtection claim_protection: ClaimProtectionController = Profile::with_workers(1);
    /// `persistentvolume-protection-controller`.
    Kind::PERSISTENT_VOLUME => VolumeProtection volume_protection: VolumeProtectionController = Profile::with_workers(1);
    /// `ephemeral-volume-controller`.
    Kind::POD => EphemeralVolume ephemeral_volume: EphemeralVolumeController = Profile::with_workers(5);
    /// The drivers' own, outside of the manager.
    Kind::PERSISTENT_VOLUME | Kind::PERSISTENT_VOLUME_CLAIM => VolumeProvisioner volume_provisioner: VolumeProvisioner = Profile::with_workers(10);
    /// `serviceaccount-controller` and `root-ca-certificate-publisher-controller`.
    Kind::NAMESPACE | Kind::SERVICE_ACCOUNT | Kind::CONFIG_MAP => ServiceAccount service_account: ServiceAccountController = Profile::with_workers(1);
}
