//! Starting containers one after the other inside a sync: back-off, image, configuration, create, start, postStart.
//! Upstream: kuberuntime `startContainer`, `doBackOff`.

use super::container_config;
use super::hooks;
use super::image_pull::image_volumes;
use super::restart_backoff::Backoff;
use super::view::seen_by;
use super::worker::{Flags, Slot, Stage};
use super::{Hubs, Kubelets};
use crate::engine::SimDuration;
use crate::machines::{ContainerId, ExecId, ExecOutcome, ExecPurpose, Placement, RunState};
use crate::model::Text;
use crate::model::container_matcher::ContainerFacts;
use crate::model::latency::Latency;
use crate::model::object::PodId;
use crate::model::pod_spec::Container;
use crate::model::probe::Handler;

impl Kubelets {
    /// Takes the next container of this sync, or ends the sync.
    pub(super) fn start_next(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let worker = self.workers.row(pod);
        if !worker.flags.contains(Flags::VOLUME_IMAGES) {
            worker.flags.insert(Flags::VOLUME_IMAGES);
            let volumes = image_volumes(&template.spec);
            if !volumes.is_empty() {
                let slow = worker.extra_mut().volumes_mut();
                slow.images = volumes;
                slow.image_errors.clear();
            }
        }
        if self.ensure_image_volumes(hubs, pod) {
            return;
        }
        loop {
            let worker = self.workers.row(pod);
            let Some(slot) = worker.to_start.last().copied() else {
                self.finish_sync(hubs, pod);
                return;
            };
            if self.waits_for_backoff(hubs, pod, slot) {
                self.workers.row(pod).to_start.pop();
                continue;
            }
            if self.lacks_image_volume(hubs, pod, slot) {
                continue;
            }
            let container = &template.spec.containers[usize::from(slot)];
            if self.ensure_image(hubs, pod, slot) {
                return;
            }
            // The image is there, or cannot be had in this sync.
            let worker = self.workers.row(pod);
            if worker.to_start.last() != Some(&slot) {
                continue;
            }
            if self.create(hubs, pod, slot, container) {
                return;
            }
        }
    }

    /// Upstream: `doBackOff`, which counts from the end of the last run that was seen.
    fn waits_for_backoff(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8) -> bool {
        let now = hubs.now;
        let max = self.settings.configuration.max_container_restart_period;
        let worker = self.workers.row(pod);
        let made_from = worker.slots[usize::from(slot)].image;
        let image = &hubs.cluster.template_of(pod).spec.containers[usize::from(slot)].image;
        if made_from.is_some() && hubs.machines.registry.find(image) != Some(made_from) {
            // The back-off's key holds the image.
            worker.forget_restart_backoff(slot);
        }
        let seen = seen_by(hubs.machines, worker, usize::from(slot));
        let exited = if seen.exit().is_some() { seen.newest } else { seen.before };
        let Some(finished) = exited.map(|row| row.finished) else { return false };
        let entry = worker.restart_backoff(slot);
        let Some(until) = Backoff::restart_waits_until(entry, finished, now) else {
            worker.set_restart_backoff(slot, Backoff::after_restart(entry, finished, now, max));
            return false;
        };
        let delay = entry.map_or(SimDuration::ZERO, |entry| entry.delay);
        let extra = worker.extra_mut();
        extra.backoff_until = extra.backoff_until.min(until);
        worker.flags.insert(Flags::BACKING_OFF);
        let name = &hubs.cluster.template_of(pod).spec.containers[usize::from(slot)].name.clone();
        let full_name = Self::full_name(hubs, pod);
        let reason = Text::const_new("CrashLoopBackOff");
        let message = format!("back-off {delay} restarting failed container={name} pod={full_name}");
        self.workers.row(pod).set_start_error(slot, reason, message.into());
        let message = format!("Back-off restarting failed container {name} in pod {full_name}");
        self.warning(hubs, pod, Some(slot), "BackOff", message);
        true
    }

    /// A start that fails: remembered for the next sync, which shows it.
    pub(super) fn start_failed(
        &mut self,
        hubs: &mut Hubs<'_>,
        pod: PodId,
        slot: u8,
        reason: &'static str,
        message: String,
    ) {
        let worker = self.workers.row(pod);
        worker.set_start_error(slot, Text::const_new(reason), message.into());
        worker.flags.insert(Flags::FAILED);
        worker.to_start.pop();
        let spec = &hubs.cluster.template_of(pod).spec;
        let is_init = spec.container_kind(usize::from(slot)) == crate::model::pod_spec::ContainerKind::Init;
        if is_init {
            // Upstream: a failed start of an init container that must finish ends the sync.
            self.workers.row(pod).to_start.clear();
        }
    }

    /// The container whose processes an ephemeral one wants to see, if that has never run.
    /// Upstream: kuberuntime `startSpec.getTargetID`.
    fn missing_target(&self, hubs: &Hubs<'_>, pod: PodId, slot: u8) -> Option<String> {
        let template = hubs.cluster.template_of(pod);
        let spec = &template.spec;
        let at = usize::from(slot).checked_sub(spec.own().end)?;
        let target = template.raw["spec"]["ephemeralContainers"][at]["targetContainerName"].as_str()?;
        let worker = self.workers.get(pod)?;
        let index = spec.own().find(|index| spec.containers[*index].name == target);
        let has_run = index.is_some_and(|index| !seen_by(hubs.machines, worker, index).is_missing());
        (!has_run && !target.is_empty()).then(|| format!("unable to find target container {target}"))
    }

    /// Checks the configuration and begins to create the container. Returns whether the sync now waits.
    fn create(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8, container: &Container) -> bool {
        let error = self.missing_target(hubs, pod, slot).or_else(|| container_config::error(hubs, pod, container));
        if let Some(why) = error {
            self.warning(hubs, pod, Some(slot), "Failed", format!("Error: {why}"));
            self.start_failed(hubs, pod, slot, "CreateContainerConfigError", why);
            return false;
        }
        let latencies = &self.settings.latencies;
        let create = latencies.sample(Latency::ContainerCreate, &mut self.runtime);
        let start = latencies.sample(Latency::ContainerStart, &mut self.runtime);
        self.workers.row(pod).stage = Stage::Creating;
        let at = hubs.now + create + start;
        self.schedule(hubs, pod, at);
        true
    }

    /// The image of the next container has been pulled: it goes on. Returns whether the sync now waits.
    pub(super) fn create_pulled(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8) -> bool {
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        self.create(hubs, pod, slot, &template.spec.containers[usize::from(slot)])
    }

    /// The container is created and started.
    pub(super) fn container_created(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let worker = self.workers.row(pod);
        let Some(slot) = worker.to_start.pop() else {
            self.finish_sync(hubs, pod);
            return;
        };
        let node = worker.node;
        let old = worker.slots[usize::from(slot)];
        let attempt = if old.current.is_some() {
            hubs.machines.container(old.current).attempt + 1
        } else {
            worker.removed(usize::from(slot)).map_or(0, |removed| removed.attempt + 1)
        };
        if old.previous.is_some() {
            // One dead run of a container is kept, for its logs.
            hubs.machines.remove_container(old.previous);
        }
        let address = self.workers.row(pod).address;
        let address = if address == 0 { hubs.machines.machine(node).internal_ip() } else { address };
        let place = Placement { node, pod, address };
        let container = hubs.machines.create_container(hubs.now, place, slot, attempt);
        let template = hubs.cluster.template_of(pod);
        let image = hubs.machines.registry.id(&template.spec.containers[usize::from(slot)].image);
        let worker = self.workers.row(pod);
        worker.slots[usize::from(slot)] = Slot { current: container, previous: old.current, image };
        worker.flags.insert(Flags::ACTED);
        if template.spec.mains().contains(&usize::from(slot)) {
            worker.flags.remove(Flags::RERUN_INITS);
        }
        worker.clear_start_error(slot);
        if let Some(resize) = worker.extra.as_mut().and_then(|extra| extra.resize.as_mut())
            && let Some(actual) = resize.actual.get_mut(usize::from(slot))
        {
            *actual = hubs.cluster.pod(pod).allocated();
        }
        self.normal(hubs, pod, Some(slot), "Created", "Container created");
        if self.start_error(hubs, pod, slot, container) {
            self.start_next(hubs, pod);
            return;
        }
        hubs.machines.start_container(hubs.now, container);
        self.normal(hubs, pod, Some(slot), "Started", "Container started");
        if self.post_start(hubs, pod, slot, container) {
            return;
        }
        self.start_next(hubs, pod);
    }

    /// A command that the image does not hold: the runtime cannot start it. Returns whether that is so.
    /// Upstream: kuberuntime `startContainer` (RunContainerError); runc `finalizeNamespace`, exec `LookPath`.
    fn start_error(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8, container: ContainerId) -> bool {
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let definition = &template.spec.containers[usize::from(slot)];
        let Some(program) = definition.command.first().or(definition.args.first()) else { return false };
        let is_mounted = definition.mounts.iter().any(|mount| is_below(program, &mount.mount_path));
        if is_mounted || !hubs.machines.registry.lacks_program(&definition.image, program) {
            return false;
        }
        let row = hubs.cluster.pod(pod);
        let facts = ContainerFacts {
            image: &definition.image,
            container: &definition.name,
            pod: &row.name,
            namespace: hubs.cluster.namespace_name(row.namespace),
            labels: &template.labels,
        };
        if hubs.machines.described.iter().any(|matcher| matcher.matches(&facts)) {
            return false;
        }
        let why = if program.contains('/') {
            format!("exec: \"{program}\": stat {program}: no such file or directory")
        } else {
            format!("exec: \"{program}\": executable file not found in $PATH")
        };
        let message = format!(
            "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: {why}"
        );
        hubs.machines.fail_start(hubs.now, container, &message);
        self.warning(hubs, pod, Some(slot), "Failed", format!("Error: {message}"));
        self.workers.row(pod).to_start.push(slot);
        self.start_failed(hubs, pod, slot, "RunContainerError", message);
        true
    }

    /// Runs the postStart hook. Returns whether the sync waits for it.
    fn post_start(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8, container: ContainerId) -> bool {
        let spec = &hubs.cluster.template_of(pod).spec;
        let Some(hook) = &spec.containers[usize::from(slot)].lifecycle.post_start else { return false };
        let waits = match hook {
            Handler::Sleep { seconds } => Some(SimDuration::from_secs((*seconds).max(0) as u64)),
            Handler::Exec { .. } => None,
            _ => Some(self.settings.latencies.fixed(Latency::ProbeAnswer)),
        };
        let worker = self.workers.row(pod);
        worker.stage = Stage::PostStart;
        worker.to_start.push(slot);
        if let Some(waits) = waits {
            worker.extra_mut().hook = ExecId::NONE;
            let at = hubs.now + waits;
            self.schedule(hubs, pod, at);
        } else {
            worker.extra_mut().hook = hubs.machines.request_exec(hubs.now, container, ExecPurpose::PostStart);
        }
        true
    }

    /// A postStart sleep is over, or a port has answered.
    pub(super) fn post_start_over(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let worker = self.workers.row(pod);
        let Some(slot) = worker.to_start.last().copied() else { return };
        let run = worker.slots[usize::from(slot)].current;
        let container = &template.spec.containers[usize::from(slot)];
        let hook = container.lifecycle.post_start.as_ref();
        if let Some(error) = hook.and_then(|hook| self.hook_error(hubs, pod, run, container, hook)) {
            self.post_start_failed(hubs, pod, slot, &error, "");
            return;
        }
        self.workers.row(pod).to_start.pop();
        self.start_next(hubs, pod);
    }

    /// A postStart command is over.
    pub(super) fn post_start_done(&mut self, hubs: &mut Hubs<'_>, pod: PodId, outcome: &ExecOutcome) {
        let worker = self.workers.row(pod);
        worker.extra_mut().hook = ExecId::NONE;
        let Some(slot) = worker.to_start.last().copied() else { return };
        if outcome.code == 0 {
            worker.to_start.pop();
            self.start_next(hubs, pod);
            return;
        }
        let hook = &hubs.cluster.template_of(pod).spec.containers[usize::from(slot)].lifecycle.post_start;
        let command = match hook {
            Some(Handler::Exec { command }) => command.join(" "),
            _ => String::new(),
        };
        let ExecOutcome { code, output, errors, refused, .. } = outcome;
        let error = refused.clone().unwrap_or_else(|| format!("command '{command}' exited with {code}: {errors}"));
        self.post_start_failed(hubs, pod, slot, &error, output);
    }

    fn post_start_failed(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8, error: &str, output: &str) {
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let container = &template.spec.containers[usize::from(slot)];
        let current = self.workers.row(pod).slots[usize::from(slot)].current;
        let full_name = Self::full_name(hubs, pod);
        let hook = container.lifecycle.post_start.as_ref();
        let message =
            hook.map_or_else(String::new, |hook| hooks::failure(hook, &container.name, &full_name, error, output));
        self.warning(hubs, pod, Some(slot), "FailedPostStartHook", "PostStartHook failed");
        self.start_failed(hubs, pod, slot, "PostStartHookError", message);
        if hubs.machines.container(current).state == RunState::Running {
            self.workers.row(pod).stage = Stage::Killing;
            let grace = u32::try_from(template.spec.termination_grace_period_seconds.max(0)).unwrap_or(u32::MAX);
            self.start_kill(hubs, pod, slot, grace, "FailedPostStartHook".to_owned());
        } else {
            self.start_next(hubs, pod);
        }
    }
}

/// Does a path lie in a folder, or is it that very path?
fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
