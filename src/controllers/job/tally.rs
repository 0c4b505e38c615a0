//! A Job's pods in classes: active, terminating, ended and not yet counted.
//! Upstream: job `getNewFinishedPods`, `isPodFailed`, `getFinishedTime`.

use std::rc::Rc;

use crate::cluster::{Cluster, Fields, PodSet};
use crate::engine::rows::Rows;
use crate::engine::{SimDuration, SimTime};
use crate::model::job::Job;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::{COMPLETION_INDEX, ContainerState, Pod, PodConditionType, PodPhase};
use crate::model::pod_spec::{ContainerKind, RestartPolicy};

use super::policy::{Action, FailurePolicy};

pub(super) const FINALIZER: &str = "batch.kubernetes.io/job-tracking";
/// Ended pods counted in one sync. Upstream: job `MaxUncountedPods`.
const UNCOUNTED_MAX: usize = 500;

/// Parts of a pod on which its class depends.
pub(super) const CLASSIFYING: Fields =
    Fields::PHASE.union(Fields::READY).union(Fields::DELETION).union(Fields::OWNERSHIP);

/// Where a Job files a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// Perhaps somewhere.
    #[default]
    Unknown,
    /// Nowhere: it does not matter any more.
    Gone,
    /// Among those that are active, with the finalizer on.
    Quiet,
    /// There, and among those that are ready.
    Ready,
    /// Among all others.
    Other,
}

impl Place {
    /// Of a pod as it is now, of which these parts have changed since it was here.
    fn after(self, fields: Fields, row: &Pod) -> Self {
        let stays_quiet = self.is_quiet() && !fields.intersects(CLASSIFYING.difference(Fields::READY));
        if stays_quiet { Self::quiet(row) } else { Self::of(row) }
    }

    /// Of a pod that is active, with the finalizer on.
    fn quiet(row: &Pod) -> Self {
        if row.is_ready() { Self::Ready } else { Self::Quiet }
    }

    /// Of a pod as it is now.
    fn of(row: &Pod) -> Self {
        if row.deleted {
            return Self::Gone;
        }
        match (is_tracked(row), row.status.phase.is_terminal()) {
            (false, true) => Self::Gone,
            (true, false) if row.deletion.is_none() => Self::quiet(row),
            _ => Self::Other,
        }
    }

    fn is_quiet(self) -> bool {
        matches!(self, Self::Quiet | Self::Ready)
    }
}

/// Where each pod was filed last, and by which Job: most changes leave it there, and the rest know where to look.
#[derive(Debug, Default)]
pub(super) struct Filed {
    places: Rows<(u32, Place)>,
}

impl Filed {
    /// Files a pod of a Job as it is now; these parts have changed since it was filed last.
    pub(super) fn note(&mut self, pod: PodId, row: &Pod, fields: Fields, pods: &mut JobPods) {
        self.places.fill_up(pod.index() + 1, (0, Place::Unknown));
        let known = &mut self.places[pod.index()];
        let before = if known.0 == row.controller.id { known.1 } else { Place::Unknown };
        let place = before.after(fields, row);
        *known = (row.controller.id, place);
        if place != before {
            pods.file(pod, before, place);
        }
    }

    /// A Job does not know the pod any more.
    pub(super) fn forget(&mut self, pod: PodId, job: ObjectRef) {
        if let Some(known) = self.places.get_mut(pod.index()).filter(|known| known.0 == job.id) {
            known.1 = Place::Unknown;
        }
    }
}

/// The pods of a Job that matter to it, kept as their changes arrive: of those that just run nothing else is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct JobPods {
    /// Active, and with the finalizer on.
    quiet: Rc<PodSet>,
    /// Those of them that are ready.
    ready: PodSet,
    /// All others that are not ended, or ended and not counted.
    others: PodSet,
}

impl JobPods {
    /// Files a pod that was at one place at another.
    pub(super) fn file(&mut self, pod: PodId, before: Place, place: Place) {
        if before == Place::Unknown {
            self.forget(pod);
        }
        if before.is_quiet() != place.is_quiet() {
            put(Rc::make_mut(&mut self.quiet), pod, place.is_quiet());
        }
        if (before == Place::Ready) != (place == Place::Ready) {
            put(&mut self.ready, pod, place == Place::Ready);
        }
        if (before == Place::Other) != (place == Place::Other) {
            put(&mut self.others, pod, place == Place::Other);
        }
    }

    /// It does not belong to the Job any more.
    pub(super) fn forget(&mut self, pod: PodId) {
        self.remove_quiet(pod);
        self.others.remove(pod);
    }

    /// All of them, by id.
    pub(super) fn all(&self) -> Vec<PodId> {
        merged(&self.quiet, self.others.iter())
    }

    fn remove_quiet(&mut self, pod: PodId) {
        if Rc::make_mut(&mut self.quiet).remove(pod) {
            self.ready.remove(pod);
        }
    }
}

fn put(pods: &mut PodSet, pod: PodId, comes: bool) {
    if comes {
        pods.insert(pod);
    } else {
        pods.remove(pod);
    }
}

fn merged(quiet: &PodSet, others: impl Iterator<Item = PodId>) -> Vec<PodId> {
    let mut pods: Vec<PodId> = quiet.iter().chain(others).collect();
    pods.sort_unstable();
    pods
}

/// The classes.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Active, and with the finalizer on.
    quiet: Rc<PodSet>,
    /// Active without the finalizer.
    untracked: Vec<PodId>,
    pub(super) ready: i32,
    pub(super) terminating: i32,
    /// Succeeded, and not counted yet.
    pub(super) succeeded: Vec<PodId>,
    /// Failed, and not counted yet; those that a policy ignores too.
    pub(super) failed: Vec<PodId>,
    /// Those of `failed` that count.
    pub(super) counted_failed: Vec<PodId>,
    /// Not active, with the finalizer still on.
    pub(super) held: Vec<PodId>,
    /// Restarts of containers in pods that run or wait (restart policy OnFailure).
    pub(super) restarts: i32,
}

impl Tally {
    /// How many pods are active.
    pub(super) fn active_count(&self) -> usize {
        self.quiet.len() + self.untracked.len()
    }

    /// Active pods, by id.
    pub(super) fn active(&self) -> Vec<PodId> {
        merged(&self.quiet, self.untracked.iter().copied())
    }

    /// How many pods have the finalizer on.
    pub(super) fn tracked_count(&self) -> usize {
        self.quiet.len() + self.held.len()
    }

    /// Pods with the finalizer on, by id.
    pub(super) fn tracked(&self) -> Vec<PodId> {
        merged(&self.quiet, self.held.iter().copied())
    }
}

/// Looks at the pods of a Job that still matter to it.
pub(super) fn tally(pods: &JobPods, job: &Job, policy: Option<&FailurePolicy>, cluster: &Cluster) -> Tally {
    let mut tally = Tally { quiet: Rc::clone(&pods.quiet), ready: pods.ready.len() as i32, ..Tally::default() };
    if cluster.template(job.template).spec.restart_policy == RestartPolicy::OnFailure {
        let waiting = pods.quiet.iter().chain(pods.others.iter()).map(|pod| cluster.pod(pod));
        tally.restarts = waiting.filter(|row| !row.status.phase.is_terminal()).map(restarts).sum();
    }
    for pod in pods.others.iter() {
        let row = cluster.pod(pod);
        if row.is_active() {
            tally.untracked.push(pod);
            tally.ready += i32::from(row.is_ready());
        } else if !row.status.phase.is_terminal() {
            tally.terminating += 1;
        }
        if !is_tracked(row) {
            continue;
        }
        tally.held.push(pod);
        if tally.succeeded.len() + tally.failed.len() >= UNCOUNTED_MAX || !has_valid_index(pod, job, cluster) {
            continue;
        }
        if row.status.phase == PodPhase::Succeeded {
            tally.succeeded.push(pod);
        } else if is_failed(row, job) {
            tally.failed.push(pod);
            let ignored = policy.is_some_and(|policy| {
                policy.first_match(pod, cluster).is_some_and(|matched| matched.action == Action::Ignore)
            });
            if !ignored {
                tally.counted_failed.push(pod);
            }
        }
    }
    tally
}

fn restarts(row: &Pod) -> i32 {
    row.status.containers.iter().map(|container| container.restart_count as i32).sum()
}

/// Does the pod wait to be counted?
pub(super) fn is_tracked(row: &Pod) -> bool {
    row.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

/// Upstream: job `isPodFailed`.
pub(super) fn is_failed(row: &Pod, job: &Job) -> bool {
    row.status.phase == PodPhase::Failed
        || !job.replace_only_failed && row.deletion.is_some() && row.status.phase != PodPhase::Succeeded
}

/// A pod's completion index. Upstream: job `getCompletionIndex`.
pub(super) fn index_of(pod: PodId, cluster: &Cluster) -> Option<u32> {
    let own = cluster.pod(pod).completion().map(|completion| completion.index);
    own.or_else(|| cluster.template_of(pod).annotations.get(COMPLETION_INDEX)?.parse().ok())
}

fn has_valid_index(pod: PodId, job: &Job, cluster: &Cluster) -> bool {
    !job.indexed || index_of(pod, cluster).is_some_and(|index| (index as i32) < job.completions.unwrap_or(0))
}

/// When a pod ended, in whole seconds as the API keeps it. Upstream: job/backoff_utils `getFinishedTime`.
pub(super) fn finish_time(pod: PodId, cluster: &Cluster) -> SimTime {
    let row = cluster.pod(pod);
    let spec = &cluster.template(row.template).spec;
    let counted = row.status.containers.iter().enumerate();
    let counted = counted.filter(|(index, _)| spec.container_kind(*index) != ContainerKind::Init);
    // The last end, if all of them have ended.
    let latest = counted
        .map(|(_, container)| match &container.state {
            ContainerState::Terminated(termination) => Some(termination.finished_at),
            _ => None,
        })
        .try_fold(None, |latest, end| end.map(|end| latest.max(Some(end))));
    let not_ready = || {
        let ready = row.status.condition(PodConditionType::Ready).filter(|ready| !ready.status.is_true());
        ready.map(|ready| ready.last_transition)
    };
    let deletion = || {
        row.deletion.map(|deletion| {
            let grace = SimDuration::from_secs(u64::from(deletion.grace_seconds));
            SimTime(deletion.timestamp.0.saturating_sub(grace.0))
        })
    };
    let time = latest.flatten().or_else(not_ready).or_else(deletion).unwrap_or(row.created);
    SimTime::from_secs(time.as_secs())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::model::Text;
    use crate::model::condition::ConditionStatus;
    use crate::model::kind::Kind;
    use crate::model::object::{Deletion, NamespaceId, TemplateId};
    use crate::model::pod::{PodCondition, PodExtra, Why};

    /// What a Job knows of its pods when each is filed anew with each change.
    #[derive(Default)]
    struct Model {
        quiet: BTreeSet<PodId>,
        ready: BTreeSet<PodId>,
        others: BTreeSet<PodId>,
    }

    impl Model {
        fn forget(&mut self, pod: PodId) {
            for set in [&mut self.quiet, &mut self.ready, &mut self.others] {
                set.remove(&pod);
            }
        }

        fn note(&mut self, pod: PodId, row: &Pod) {
            self.forget(pod);
            if row.deleted || !is_tracked(row) && row.status.phase.is_terminal() {
                return;
            }
            if row.is_active() && is_tracked(row) {
                self.quiet.insert(pod);
                if row.is_ready() {
                    self.ready.insert(pod);
                }
            } else {
                self.others.insert(pod);
            }
        }
    }

    /// A pod of a Job; each bit of `state` says one thing of it.
    fn row(job: u32, state: u32) -> Pod {
        let is = |bit: u32| state >> bit & 1 != 0;
        let mut row = Pod::new(Text::const_new("x"), NamespaceId(0), TemplateId(0), SimTime::ZERO);
        row.controller = ObjectRef::new(Kind::JOB, job);
        row.status.phase = if is(0) { PodPhase::Succeeded } else { PodPhase::Running };
        let finalizers = if is(1) { vec![Text::const_new(FINALIZER)] } else { Vec::new() };
        row.extra = Some(Box::new(PodExtra { finalizers, ..PodExtra::default() }));
        if is(2) {
            row.status.set_condition(PodCondition::new(
                PodConditionType::Ready,
                ConditionStatus::True,
                Why::NONE,
                SimTime::ZERO,
            ));
        }
        let (requested, timestamp) = (SimTime::ZERO, SimTime::ZERO);
        row.deletion = is(3).then_some(Deletion { requested, timestamp, grace_seconds: 0 });
        row.deleted = is(4) && is(5);
        row
    }

    /// What a change of these bits of a pod's state is told as.
    fn fields_of(bits: u32) -> Fields {
        let parts = [Fields::PHASE, Fields::OWNERSHIP, Fields::READY, Fields::DELETION, Fields::all(), Fields::all()];
        let changed = parts.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 != 0);
        changed.map(|(_, part)| part).collect()
    }

    proptest::proptest! {
        #[test]
        fn where_a_pod_was_filed_finds_what_a_look_everywhere_finds(
            steps in proptest::collection::vec((0_u32..4, 0_u32..2, 0_u32..80), 0..80),
        ) {
            let mut filed = Filed::default();
            let mut jobs: [(JobPods, Model); 2] = Default::default();
            let mut last: BTreeMap<PodId, (u32, u32)> = BTreeMap::new();
            for (pod, job, state) in steps {
                let (pod, (pods, model)) = (PodId(pod), &mut jobs[job as usize]);
                match state {
                    // Released.
                    64..72 => {
                        last.remove(&pod);
                        pods.forget(pod);
                        filed.forget(pod, ObjectRef::new(Kind::JOB, job));
                        model.forget(pod);
                    }
                    // The Job is gone.
                    72.. => {
                        last.retain(|_, (owner, _)| *owner != job);
                        pods.all().into_iter().for_each(|pod| filed.forget(pod, ObjectRef::new(Kind::JOB, job)));
                        (*pods, *model) = (JobPods::default(), Model::default());
                    }
                    _ => {
                        // Of a pod that this Job has filed only what has changed is told.
                        let before = last.insert(pod, (job, state)).filter(|(owner, _)| *owner == job);
                        let fields = before.map_or(Fields::all(), |(_, before)| fields_of(before ^ state));
                        filed.note(pod, &row(job, state), fields, pods);
                        model.note(pod, &row(job, state));
                    }
                }
                for (pods, model) in &jobs {
                    proptest::prop_assert!(pods.quiet.iter().eq(model.quiet.iter().copied()));
                    proptest::prop_assert!(pods.ready.iter().eq(model.ready.iter().copied()));
                    proptest::prop_assert!(pods.others.iter().eq(model.others.iter().copied()));
                }
            }
        }
    }
}
