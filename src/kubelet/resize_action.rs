//! In-place resize, what a kubelet does: brings running containers to what is promised to them, with a restart where they
//! need one. Upstream: kuberuntime `computePodResizeAction`, `doPodResizeAction`, kubelet `SyncPod`.

use super::actions::{Actions, KillCause};
use super::resize::{Told, summary};
use super::view::seen_by;
use super::worker::Flags;
use super::{Hubs, Kubelets};
use crate::machines::RunState;
use crate::model::Text;
use crate::model::object::PodId;
use crate::model::pod::{PodStatus, Why};
use crate::model::pod_spec::{Container, PodSpec};
use crate::model::resize::gives_same;

/// Reason of a resize that failed. Upstream: core/v1 `PodReasonError`.
const ERROR: &str = "Error";

impl Kubelets {
    /// A sync begins: is a resize under way, or has it come to its end? Upstream: `IsPodResizeInProgress`.
    pub(super) fn note_resize(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let Some(worker) = self.workers.get(pod) else { return };
        let Some(resize) = worker.extra.as_ref().and_then(|extra| extra.resize.as_ref()) else { return };
        let (allocated, actual) = (resize.allocated, resize.actual.clone());
        let spec = &hubs.cluster.template(allocated).spec;
        let differs = |index: usize| !gives_same(spec, &hubs.cluster.template(actual[index]).spec, index);
        let differing: Vec<usize> = (0..actual.len()).filter(|index| differs(*index)).collect();
        let in_progress = differing.iter().any(|index| seen_by(hubs.machines, worker, *index).is_running());
        let runs = |index: usize| {
            let current = worker.slots[index].current;
            current.is_some() && hubs.machines.container(current).state == RunState::Running
        };
        // Those that do not run get it when they start.
        let idle: Vec<usize> = differing.iter().copied().filter(|index| !runs(*index)).collect();
        let generation = hubs.cluster.pod(pod).generation;
        let Some(resize) = &mut self.workers.row(pod).extra_mut().resize else { return };
        for index in idle {
            resize.actual[index] = allocated;
        }
        if in_progress {
            resize.progress.get_or_insert(Told { why: Why::NONE, since: hubs.now, generation });
        } else if let Some(told) = resize.progress.take() {
            let raw = &hubs.cluster.template(allocated).raw;
            let message = format!("Pod resize completed: {}", summary(raw, told.generation, ""));
            self.normal(hubs, pod, None, "ResizeCompleted", message);
            // What it gave back is there for others. Upstream: `HandlePodReconcile`.
            let node = self.workers.row(pod).node;
            self.retry_resizes(hubs, node);
        }
    }

    /// Puts what a pod has into its new status; forgets a resize of which nothing is left.
    pub(super) fn show_resize(&mut self, hubs: &mut Hubs<'_>, pod: PodId, status: &mut PodStatus, terminal: bool) {
        let Some(extra) = self.workers.row(pod).extra.as_mut() else { return };
        let Some(resize) = &mut extra.resize else { return };
        if terminal {
            (resize.pending, resize.progress) = (None, None);
        }
        let generation = resize.progress.as_ref().map_or(0, |told| told.generation);
        status.granted = hubs.cluster.granted(pod, resize.allocated, &resize.actual, generation);
        if status.granted.is_none() && resize.pending.is_none() && resize.progress.is_none() {
            extra.resize = None;
        }
    }

    /// Resizes what runs and can go on; what has to be restarted is added to what the sync does.
    pub(super) fn resize_running(&mut self, hubs: &mut Hubs<'_>, pod: PodId, todo: &mut Actions) {
        let Some(worker) = self.workers.get(pod) else { return };
        let Some(resize) = worker.extra.as_ref().and_then(|extra| extra.resize.as_ref()) else { return };
        if !worker.flags.contains(Flags::SANDBOX) || todo.kill_pod || todo.restart_all {
            return;
        }
        let allocated = hubs.cluster.shared_template(resize.allocated);
        let mut updates = Vec::new();
        for (index, container) in allocated.spec.containers[allocated.spec.own()].iter().enumerate() {
            let killed = todo.kill.iter().any(|(slot, _)| usize::from(*slot) == index);
            let has = &hubs.cluster.template(resize.actual[index]).spec;
            if killed || !seen_by(hubs.machines, worker, index).is_running() || gives_same(&allocated.spec, has, index)
            {
                continue;
            }
            if needs_restart(container, &has.containers[index]) {
                todo.kill.push((index as u8, KillCause::Resized));
                todo.start.push(index as u8);
                todo.start.sort_unstable();
            } else {
                updates.push(index);
            }
        }
        if updates.is_empty() {
            return;
        }
        let promised = resize.allocated;
        let before: Vec<_> = resize.actual.iter().map(|one| hubs.cluster.shared_template(*one)).collect();
        let specs: Vec<&PodSpec> = before.iter().map(|template| &template.spec).collect();
        if let Some(why) = self.memory_in_use(hubs, pod, &allocated.spec, &specs, &updates) {
            self.resize_failed(hubs, pod, &why);
            return;
        }
        let worker = self.workers.row(pod);
        worker.flags.insert(Flags::ACTED);
        let running: Vec<_> = updates.iter().map(|index| worker.slots[*index].current).collect();
        if let Some(resize) = &mut worker.extra_mut().resize {
            for index in &updates {
                resize.actual[*index] = promised;
            }
        }
        for container in running {
            hubs.machines.resize_container(container, promised);
        }
    }

    /// Limits that would be below what is in use are not set. Upstream: `validateMemoryResizeAction`, which names the use of
    /// the whole pod for a container too.
    fn memory_in_use(
        &self,
        hubs: &Hubs<'_>,
        pod: PodId,
        new: &PodSpec,
        old: &[&PodSpec],
        updates: &[usize],
    ) -> Option<String> {
        let worker = self.workers.get(pod)?;
        let used = |index: usize| {
            let current = worker.slots[index].current;
            let runs = current.is_some() && hubs.machines.container(current).state == RunState::Running;
            if runs { hubs.machines.container(current).usage.memory } else { 0 }
        };
        let limit = |container: &Container| container.limits.get("memory").map_or(0, |memory| memory.value());
        let of_pod: u64 = (0..new.containers.len()).map(used).sum();
        let mut errors = Vec::new();
        let (before, after) = (memory_limit(old.first()?, Some(old)), memory_limit(new, None));
        if let Some(after) = after
            && before.is_none_or(|before| after < before)
            && of_pod >= after.max(0) as u64
        {
            errors.push(format!("attempting to set pod memory limit ({after}) below current usage ({of_pod})"));
        }
        for index in updates {
            let (before, after) = (limit(&old[*index].containers[*index]), limit(&new.containers[*index]));
            if after != 0 && (before == 0 || after < before) && used(*index) >= after.max(0) as u64 {
                let name = &new.containers[*index].name;
                errors.push(format!(
                    "attempting to set container \"{name}\" memory limit ({after}) below current usage ({of_pod})"
                ));
            }
        }
        let told = match errors.as_slice() {
            [] => return None,
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        Some(format!("cannot decrease memory limits: {told}"))
    }

    /// Upstream: status `SetPodResizeInProgressCondition`.
    fn resize_failed(&mut self, hubs: &mut Hubs<'_>, pod: PodId, why: &str) {
        let current = hubs.cluster.pod(pod).generation;
        let worker = self.workers.row(pod);
        worker.flags.insert(Flags::FAILED);
        let Some(resize) = &mut worker.extra_mut().resize else { return };
        let (since, generation) = match &resize.progress {
            Some(told) if told.why.reason() == ERROR => (told.since, told.generation),
            Some(told) => (hubs.now, told.generation),
            None => (hubs.now, current),
        };
        let told = Told { why: Why::new(Text::const_new(ERROR), why), since, generation };
        let is_news = resize.progress.as_ref() != Some(&told);
        let allocated = resize.allocated;
        resize.progress = Some(told);
        if is_news {
            let summary = summary(&hubs.cluster.template(allocated).raw, generation, why);
            self.warning(hubs, pod, None, "ResizeError", format!("Pod resize error: {summary}"));
        }
    }
}

/// A pod's memory limit, which it has if all of its containers have one. `had`: what each of them really has.
/// Upstream: kubelet cm `ResourceConfigForPod`.
fn memory_limit(spec: &PodSpec, had: Option<&[&PodSpec]>) -> Option<i64> {
    if let Some(limit) = spec.pod_limits.get("memory") {
        return Some(limit.value());
    }
    let container = |index: usize| had.map_or(&spec.containers[index], |had| &had[index].containers[index]);
    let mains = spec.mains().map(|index| container(index).limits.get("memory"));
    mains.map(|limit| limit.map(|limit| limit.value())).sum()
}

/// Does the container's policy ask for a restart to get from one to the other?
fn needs_restart(new: &Container, old: &Container) -> bool {
    let differs =
        |name: &str| new.requests.get(name) != old.requests.get(name) || new.limits.get(name) != old.limits.get(name);
    new.restarts_for.cpu && differs("cpu") || new.restarts_for.memory && differs("memory")
}
