//! What a kubelet keeps of a pod: where its worker stands, its container runs, back-offs, probes and kills.
//! Plain data; the rules are in the files named after their step.

use std::collections::BTreeMap;

use smallvec::SmallVec;
use thin_vec::ThinVec;

use super::kill::Kill;
use super::probe_worker::ProbeWorker;
use super::resize::Resize;
use super::restart_all::Removed;
use super::restart_backoff::Backoff;
use crate::engine::SimTime;
use crate::engine::rows::Rows;
use crate::machines::{ContainerId, ExecId, ImageId};
use crate::model::Text;
use crate::model::object::{NodeId, PodId};
use crate::model::pod::PodStatus;

/// Where a pod's worker stands. Upstream: `pod_workers` (syncing, terminating, terminated) and the blocking calls
/// inside one `SyncPod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Between two steps.
    Idle,
    /// In a sync: waits for volumes and then for the sandbox.
    Volumes,
    /// In a sync: the sandbox is being made.
    Sandbox,
    /// In a sync: waits for an image.
    Pulling,
    /// In a sync: a container is being created and started.
    Creating,
    /// In a sync: waits for a postStart hook.
    PostStart,
    /// In a sync: containers that failed a probe (or their hook) are being stopped.
    Killing,
    /// In a sync: nothing is left that the pod exists for, and its sandbox is being stopped.
    KillingSandbox,
    /// Terminating: containers are being stopped.
    Terminating,
    /// Terminating: the sandbox is being stopped.
    StoppingSandbox,
    /// Terminated: volumes are being unmounted.
    Unmounting,
    /// Over; nothing of the pod is left but its dead containers.
    Finished,
}

bitflags::bitflags! {
    /// Facts about a pod.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(super) struct Flags: u32 {
        /// Its sandbox exists.
        const SANDBOX = 1;
        /// It has had a sandbox before.
        const HAD_SANDBOX = 1 << 1;
        /// It is to be ended.
        const TERMINATING = 1 << 2;
        /// The API server wants it gone.
        const DELETED = 1 << 3;
        /// Its object has vanished.
        const REMOVED = 1 << 4;
        /// Another sync was asked for during this one.
        const AGAIN = 1 << 5;
        /// This sync changed something.
        const ACTED = 1 << 6;
        /// This sync met an error.
        const FAILED = 1 << 7;
        /// All init containers are done, for ever.
        const INITIALIZED = 1 << 8;
        /// Its volumes are mounted.
        const MOUNTED = 1 << 9;
        /// Its file says so, not the API server.
        const STATIC = 1 << 10;
        /// Its resources are counted on its node.
        const ADMITTED = 1 << 11;
        /// Some start of this sync waits for a crash back-off.
        const BACKING_OFF = 1 << 12;
        /// The next look finds something that the sync it is made for does not wait for: one more sync follows.
        const PENDING = 1 << 13;
        /// This sync stops what is left of the pod.
        const KILL_POD = 1 << 14;
        /// A ConfigMap or Secret of its volumes has changed, or what its downward API volumes show.
        const STALE_VOLUMES = 1 << 15;
        /// This sync stops all containers to start them anew.
        const RESTART_ALL = 1 << 16;
        /// Init containers run again, although they were all done once.
        const RERUN_INITS = 1 << 17;
        /// It was refused when its kubelet started anew: its status is that of the refusal, whatever becomes of its containers.
        const REJECTED = 1 << 18;
        /// This sync has seen to the images of the pod's volumes.
        const VOLUME_IMAGES = 1 << 19;
    }
}

/// A container's runs: the newest, and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub current: ContainerId,
    pub previous: ContainerId,
    /// The image of the newest run: another one in the spec is a new definition.
    pub image: ImageId,
}

impl Slot {
    pub const EMPTY: Self = Self { current: ContainerId::NONE, previous: ContainerId::NONE, image: ImageId::NONE };
}

/// Why a container does not start: what the next sync will show. Upstream: `ReasonCache`.
#[derive(Clone, Debug)]
pub(super) struct StartError {
    pub slot: u8,
    pub reason: Text,
    pub message: Text,
}

/// A volume whose image cannot be had in this sync.
#[derive(Clone, Debug)]
pub(super) struct ImageVolumeError {
    /// Its index in the pod.
    pub volume: u8,
    pub reason: &'static str,
    pub message: Text,
}

/// Volumes that are not there at once: some wait to be mounted, others show images.
#[derive(Debug, Default)]
pub(super) struct SlowVolumes {
    /// Failed mounts so far, for their growing delays.
    pub failures: u32,
    /// When volumes that could not be mounted are tried again.
    pub next: SimTime,
    /// When the sync began to wait for them.
    pub since: SimTime,
    /// Volumes whose images this sync still has to see to, the next one last.
    pub images: SmallVec<[u8; 1]>,
    pub image_errors: Vec<ImageVolumeError>,
}

/// The reason the kubelet ends a pod for (deadline, eviction): `status.reason` and `status.message`.
#[derive(Clone, Debug)]
pub(super) struct EndReason {
    pub reason: Text,
    pub message: Text,
    pub disruption: bool,
}

/// What only some pods have, or many for a short time: those that pull an image. Other lists than theirs have no room of
/// their own here.
#[derive(Debug, Default)]
pub(super) struct Extra {
    pub reasons: SmallVec<[StartError; 1]>,
    pub restarts: ThinVec<(u8, Backoff)>,
    pub pulls: SmallVec<[(ImageId, Backoff, Text); 1]>,
    pub kills: ThinVec<Kill>,
    pub probes: ThinVec<ProbeWorker>,
    /// The postStart hook that the sync waits for.
    pub hook: ExecId,
    pub end: Option<Box<EndReason>>,
    /// The tick at which the deadline is looked at.
    pub deadline: SimTime,
    /// The status of a static pod whose mirror is new and has none yet.
    pub mirrored: Option<Box<PodStatus>>,
    /// A resize that is not done.
    pub resize: Option<Box<Resize>>,
    /// Runs that were removed for a restart of all containers.
    pub removed: ThinVec<Removed>,
    /// Earliest end of a crash back-off met in this sync.
    pub backoff_until: SimTime,
    pub volumes: Option<Box<SlowVolumes>>,
    /// When the pull that the sync waits for was asked for.
    pub pull_requested: SimTime,
    /// When its turn came.
    pub pull_began: SimTime,
    /// Was the pull under way refused for the kubelet's own limit?
    pub pull_refused: bool,
}

// There may be a million of them at once, and the allocator's next size is an eighth greater.
const _: () = assert!(size_of::<Extra>() <= 224);

/// A pod's worker.
#[derive(Debug)]
pub(super) struct Worker {
    pub pod: PodId,
    pub node: NodeId,
    /// Of the pending step; older ones are stale.
    pub generation: u32,
    pub stage: Stage,
    pub flags: Flags,
    /// Effective grace period in seconds, once terminating.
    pub grace: u32,
    /// Sandbox address as an IPv4 number, 0 for none.
    pub address: u32,
    /// When the pending step is due, `NEVER` for none.
    pub due: SimTime,
    /// Earliest next step: the worker waits for a look at the runtime that is newer than its last step.
    pub ready_at: SimTime,
    /// The last look at this pod alone, after a sync that changed something.
    pub relisted: SimTime,
    /// The end of the last sync, from which the next one of a quiet pod counts.
    pub synced: SimTime,
    /// The look at the runtime on which the step under way rests.
    pub snapshot: SimTime,
    pub slots: SmallVec<[Slot; 1]>,
    /// Containers that this sync still has to start, the next one last.
    pub to_start: SmallVec<[u8; 8]>,
    pub extra: Option<Box<Extra>>,
}

impl SlowVolumes {
    fn is_idle(&self) -> bool {
        self.failures == 0 && self.images.is_empty() && self.image_errors.is_empty()
    }
}

impl Extra {
    /// The kubelet ends the pod, and this is why.
    pub fn set_end(&mut self, reason: &'static str, message: impl Into<Text>, disruption: bool) {
        let reason = Text::const_new(reason);
        self.end = Some(Box::new(EndReason { reason, message: message.into(), disruption }));
    }

    /// Its volumes that are not there at once, also the first of them.
    pub fn volumes_mut(&mut self) -> &mut SlowVolumes {
        self.volumes.get_or_insert_default()
    }

    /// Does it hold nothing that a pod without it would not do as well?
    fn is_idle(&self) -> bool {
        // All are named, so that a new one is not forgotten here. The ignored ones mean something only while a sync waits for
        // what they tell of.
        let Self {
            reasons,
            restarts,
            pulls,
            kills,
            probes,
            hook,
            end,
            deadline,
            mirrored,
            resize,
            removed,
            volumes,
            backoff_until: _,
            pull_requested: _,
            pull_began: _,
            pull_refused: _,
        } = self;
        let has_errors = !(reasons.is_empty() && pulls.is_empty() && restarts.is_empty());
        let has_runs = !(kills.is_empty() && probes.is_empty() && removed.is_empty());
        let has_volumes = volumes.as_ref().is_some_and(|volumes| !volumes.is_idle());
        let has_plans = hook.is_some() || end.is_some() || *deadline != SimTime::ZERO;
        !(has_errors || has_runs || has_volumes || has_plans || mirrored.is_some() || resize.is_some())
    }
}

impl Worker {
    /// Frees what only some pods have, if it is needed no more: half a kilobyte of each pod that has pulled an image.
    pub fn drop_idle_extra(&mut self) {
        if self.extra.as_ref().is_some_and(|extra| extra.is_idle()) {
            self.extra = None;
        }
    }

    pub fn new(pod: PodId, node: NodeId, containers: usize) -> Self {
        Self {
            pod,
            node,
            generation: 0,
            stage: Stage::Idle,
            flags: Flags::empty(),
            grace: 0,
            address: 0,
            due: SimTime::NEVER,
            ready_at: SimTime::ZERO,
            relisted: SimTime::ZERO,
            synced: SimTime::ZERO,
            snapshot: SimTime::ZERO,
            slots: SmallVec::from_elem(Slot::EMPTY, containers),
            to_start: SmallVec::new(),
            extra: None,
        }
    }

    pub fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_with(|| {
            Box::new(Extra { hook: ExecId::NONE, backoff_until: SimTime::NEVER, ..Extra::default() })
        })
    }

    /// Is the worker inside a sync?
    pub fn is_syncing(&self) -> bool {
        !matches!(
            self.stage,
            Stage::Idle | Stage::Terminating | Stage::StoppingSandbox | Stage::Unmounting | Stage::Finished
        )
    }

    /// The volume whose image this sync sees to now.
    pub fn next_image_volume(&self) -> Option<u8> {
        self.extra.as_ref()?.volumes.as_ref()?.images.last().copied()
    }

    /// This sync has seen to a volume's image.
    pub fn image_volume_done(&mut self) {
        if let Some(volumes) = self.extra.as_mut().and_then(|extra| extra.volumes.as_mut()) {
            volumes.images.pop();
        }
    }

    pub fn start_error(&self, slot: usize) -> Option<&StartError> {
        self.extra.as_ref()?.reasons.iter().find(|error| usize::from(error.slot) == slot)
    }

    pub fn set_start_error(&mut self, slot: u8, reason: Text, message: Text) {
        let reasons = &mut self.extra_mut().reasons;
        reasons.retain(|error| error.slot != slot);
        reasons.push(StartError { slot, reason, message });
    }

    pub fn clear_start_error(&mut self, slot: u8) {
        if let Some(extra) = &mut self.extra {
            extra.reasons.retain(|error| error.slot != slot);
        }
    }

    pub fn restart_backoff(&self, slot: u8) -> Option<Backoff> {
        self.extra.as_ref()?.restarts.iter().find(|(candidate, _)| *candidate == slot).map(|(_, entry)| *entry)
    }

    /// What was removed of a container for a restart of all.
    pub fn removed(&self, slot: usize) -> Option<&Removed> {
        self.extra.as_ref()?.removed.iter().find(|removed| usize::from(removed.slot) == slot)
    }

    pub fn forget_restart_backoff(&mut self, slot: u8) {
        if let Some(extra) = &mut self.extra {
            extra.restarts.retain(|(candidate, _)| *candidate != slot);
        }
    }

    pub fn set_restart_backoff(&mut self, slot: u8, entry: Backoff) {
        let restarts = &mut self.extra_mut().restarts;
        match restarts.iter_mut().find(|(candidate, _)| *candidate == slot) {
            Some(known) => known.1 = entry,
            None => restarts.push((slot, entry)),
        }
    }
}

/// All workers, found by pod.
#[derive(Debug, Default)]
pub(super) struct Workers {
    rows: Rows<Worker>,
    free: Vec<u32>,
    by_pod: Rows<u32>,
    /// Rows of mirrors that were made anew, and the ones that took their place.
    aliases: BTreeMap<PodId, PodId>,
}

impl Workers {
    const NONE: u32 = u32::MAX;

    pub fn get(&self, pod: PodId) -> Option<&Worker> {
        let row = *self.by_pod.get(pod.index())?;
        self.rows.get(row as usize)
    }

    pub fn get_mut(&mut self, pod: PodId) -> Option<&mut Worker> {
        let row = *self.by_pod.get(pod.index())?;
        self.rows.get_mut(row as usize)
    }

    /// The worker of a pod that has one.
    pub fn row(&mut self, pod: PodId) -> &mut Worker {
        let row = self.by_pod[pod.index()] as usize;
        &mut self.rows[row]
    }

    pub fn insert(&mut self, worker: Worker) {
        let pod = worker.pod;
        self.by_pod.fill_up(pod.index() + 1, Self::NONE);
        let row = if let Some(row) = self.free.pop() {
            self.rows[row as usize] = worker;
            row
        } else {
            self.rows.push(worker);
            self.rows.len() as u32 - 1
        };
        self.by_pod[pod.index()] = row;
    }

    /// The pods of a node, in the order of their rows.
    pub fn on_node(&self, node: NodeId) -> impl Iterator<Item = PodId> + '_ {
        let mut pods: Vec<PodId> =
            self.rows.iter().filter(|worker| worker.node == node).map(|worker| worker.pod).collect();
        pods.sort_unstable();
        pods.into_iter()
    }

    /// The worker of `from` is the one of `to` from now on, and still hears what was booked for `from`.
    pub fn rename(&mut self, from: PodId, to: PodId) {
        let row = self.by_pod[from.index()];
        self.by_pod.fill_up(to.index() + 1, Self::NONE);
        self.by_pod[to.index()] = row;
        self.rows[row as usize].pod = to;
        self.by_pod[from.index()] = Self::NONE;
        self.aliases.values_mut().filter(|alias| **alias == from).for_each(|alias| *alias = to);
        self.aliases.insert(from, to);
    }

    /// The pod under whose row a worker stands now.
    pub fn current(&self, pod: PodId) -> PodId {
        if self.aliases.is_empty() { pod } else { self.aliases.get(&pod).copied().unwrap_or(pod) }
    }

    pub fn remove(&mut self, pod: PodId) {
        let Some(row) = self.by_pod.get_mut(pod.index()) else { return };
        let row = std::mem::replace(row, Self::NONE);
        if row != Self::NONE {
            self.rows[row as usize] = Worker::new(PodId::NONE, NodeId::NONE, 0);
            self.free.push(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_wait_needed_is_freed_and_what_lasts_is_kept() {
        let mut worker = Worker::new(PodId(0), NodeId(0), 1);
        worker.extra_mut().pull_began = SimTime::from_secs(1);
        worker.drop_idle_extra();
        assert!(worker.extra.is_none());
        worker.set_start_error(0, Text::const_new("ErrImagePull"), Text::default());
        worker.drop_idle_extra();
        assert!(worker.start_error(0).is_some());
        worker.clear_start_error(0);
        worker.extra_mut().deadline = SimTime::from_secs(9);
        worker.drop_idle_extra();
        assert!(worker.extra.is_some());
    }
}
