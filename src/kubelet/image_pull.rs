//! Images of starting containers and of volumes: pull policy, the node's queue of pulls, back-off of failed ones.
//! Upstream: kubelet images `EnsureImageExists`, `pullImage`, puller.

use super::image_reference;
use super::pull_secrets::{self, PulledRecord};
use super::restart_backoff::Backoff;
use super::worker::{ImageVolumeError, Stage};
use super::{Hubs, Kubelets};
use crate::engine::SimDuration;
use crate::machines::ImageId;
use crate::model::Text;
use crate::model::image_name;
use crate::model::latency::Latency;
use crate::model::object::{NodeId, PodId};
use crate::model::pod_spec::{PodSpec, PullPolicy};
use crate::model::volume::VolumeSource;
use smallvec::SmallVec;

/// What an image is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// A container.
    Container(u8),
    /// A volume that shows it, by its index in the pod.
    Volume(u8),
}

impl Need {
    /// The container that Events are about; those of a volume's image are about the pod.
    fn slot(self) -> Option<u8> {
        match self {
            Self::Container(slot) => Some(slot),
            Self::Volume(_) => None,
        }
    }

    /// Reference and pull policy.
    fn image(self, spec: &PodSpec) -> Option<(&Text, PullPolicy)> {
        match self {
            Self::Container(slot) => {
                let container = spec.containers.get(usize::from(slot))?;
                Some((&container.image, container.pull_policy))
            }
            Self::Volume(index) => match &spec.volumes.get(usize::from(index))?.source {
                VolumeSource::Image { reference, pull_policy } => Some((reference, *pull_policy)),
                _ => None,
            },
        }
    }
}

/// The volumes that show images, the first one last.
pub(super) fn image_volumes(spec: &PodSpec) -> SmallVec<[u8; 1]> {
    if spec.volumes.is_empty() {
        return SmallVec::new();
    }
    let indices = 0..spec.volumes.len().min(usize::from(u8::MAX));
    let shows_image = |index: &usize| matches!(spec.volumes[*index].source, VolumeSource::Image { .. });
    indices.rev().filter(shows_image).map(|index| index as u8).collect()
}

impl Kubelets {
    /// Sees to the image of the container that is next. Returns whether the sync waits for a pull; if not, the
    /// container is still next (the image is there) or was given up for this sync.
    pub(super) fn ensure_image(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8) -> bool {
        self.ensure(hubs, pod, Need::Container(slot))
    }

    /// Sees to the images of the pod's volumes. Returns whether the sync waits for a pull. What cannot be had keeps the
    /// containers that mount it from starting. Upstream: kuberuntime `getImageVolumes`.
    pub(super) fn ensure_image_volumes(&mut self, hubs: &mut Hubs<'_>, pod: PodId) -> bool {
        while let Some(index) = self.workers.row(pod).next_image_volume() {
            if self.ensure(hubs, pod, Need::Volume(index)) {
                return true;
            }
            self.workers.row(pod).image_volume_done();
        }
        false
    }

    /// A container whose volumes' images cannot be had. Returns whether that is so.
    /// Upstream: kuberuntime `toKubeContainerImageVolumes`.
    pub(super) fn lacks_image_volume(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8) -> bool {
        let extra = self.workers.row(pod).extra.as_ref();
        let errors = match extra.and_then(|extra| extra.volumes.as_ref()) {
            Some(volumes) if !volumes.image_errors.is_empty() => volumes.image_errors.clone(),
            _ => return false,
        };
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let spec = &template.spec;
        let mut last = None;
        for mount in &spec.containers[usize::from(slot)].mounts {
            let found = errors.iter().find(|error| spec.volumes[usize::from(error.volume)].name == mount.name);
            let Some(error) = found else { continue };
            self.warning(hubs, pod, Some(slot), "Failed", format!("Error: {}", error.reason));
            last = Some(error);
        }
        let Some(error) = last else { return false };
        self.start_failed(hubs, pod, slot, error.reason, error.message.to_string());
        true
    }

    /// Upstream: kubelet images `EnsureImageExists`.
    fn ensure(&mut self, hubs: &mut Hubs<'_>, pod: PodId, need: Need) -> bool {
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let Some((name, policy)) = need.image(&template.spec) else { return false };
        let (node, slot) = (self.workers.row(pod).node, need.slot());
        let known = hubs.machines.registry.find(name);
        // What is on the machine under this reference was read once.
        let present = known.is_some_and(|image| hubs.machines.machine(node).has_image(image));
        if !present && let Some(error) = image_reference::error(name) {
            let message = format!("Failed to apply default image tag {:?}: {error}", name.as_str());
            self.warning(hubs, pod, slot, "InspectFailed", message.clone());
            self.image_failed(hubs, pod, need, "InvalidImageName", message);
            return false;
        }
        let image = known.unwrap_or_else(|| hubs.machines.registry.id(name));
        let is_allowed = || {
            let record = self.nodes.get(node.index()).and_then(|state| state.pulled.get(&image));
            record.is_none_or(|record| record.allows(&pull_secrets::credentials(hubs, pod, image)))
        };
        match policy {
            PullPolicy::IfNotPresent | PullPolicy::Never if present && is_allowed() => {
                hubs.machines.machine_mut(node).image_used(hubs.now, image);
                let message =
                    format!("Container image \"{name}\" already present on machine and can be accessed by the pod");
                self.normal(hubs, pod, slot, "Pulled", message);
                return false;
            }
            PullPolicy::Never => {
                let message = format!("Container image \"{name}\" is not present with pull policy of Never");
                self.warning(hubs, pod, slot, "ErrImageNeverPull", message.clone());
                self.image_failed(hubs, pod, need, "ErrImageNeverPull", message);
                return false;
            }
            _ => {}
        }
        if let Some(error) = self.pull_backoff(hubs, pod, image) {
            self.normal(hubs, pod, slot, "BackOff", format!("Back-off pulling image \"{name}\""));
            let message = format!("Back-off pulling image \"{name}\": ErrImagePull: {error}");
            self.image_failed(hubs, pod, need, "ImagePullBackOff", message);
            return false;
        }
        self.normal(hubs, pod, slot, "Pulling", format!("Pulling image \"{name}\""));
        let now = hubs.now;
        let worker = self.workers.row(pod);
        worker.stage = Stage::Pulling;
        worker.extra_mut().pull_requested = now;
        let limit = if self.settings.configuration.serialize_image_pulls {
            Some(1)
        } else {
            self.settings.configuration.max_parallel_image_pulls
        };
        let state = self.node_state(node);
        if limit.is_some_and(|limit| state.pulling >= limit) {
            state.pull_queue.push_back(pod);
        } else {
            self.begin_pull(hubs, pod);
        }
        true
    }

    /// An image that cannot be had now: its container does not start, or those that mount its volume.
    fn image_failed(&mut self, hubs: &mut Hubs<'_>, pod: PodId, need: Need, reason: &'static str, message: String) {
        match need {
            Need::Container(slot) => {
                self.warning(hubs, pod, Some(slot), "Failed", format!("Error: {reason}"));
                self.start_failed(hubs, pod, slot, reason, message);
            }
            Need::Volume(volume) => {
                let error = ImageVolumeError { volume, reason, message: message.into() };
                self.workers.row(pod).extra_mut().volumes_mut().image_errors.push(error);
            }
        }
    }

    /// The error of the last pull, if its back-off is not over.
    fn pull_backoff(&self, hubs: &Hubs<'_>, pod: PodId, image: ImageId) -> Option<Text> {
        let extra = self.workers.get(pod)?.extra.as_ref()?;
        let (_, entry, error) = extra.pulls.iter().find(|(candidate, _, _)| *candidate == image)?;
        Backoff::pull_waits(Some(*entry), hubs.now).then(|| error.clone())
    }

    fn begin_pull(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let node = self.workers.row(pod).node;
        let Some((_, image)) = self.pulled_image(hubs, pod) else { return };
        let now = hubs.now;
        let state = self.node_state(node);
        state.pulling += 1;
        let is_allowed = state.pull_tokens.try_take(now);
        let takes = if is_allowed { self.pull_takes(hubs, pod, node, image) } else { SimDuration::ZERO };
        let extra = self.workers.row(pod).extra_mut();
        (extra.pull_began, extra.pull_refused) = (now, !is_allowed);
        self.schedule(hubs, pod, now + takes);
    }

    /// The image that is next, and what for: those of volumes come before those of containers.
    fn pulled_image(&mut self, hubs: &mut Hubs<'_>, pod: PodId) -> Option<(Need, ImageId)> {
        let worker = self.workers.row(pod);
        let need = match worker.next_image_volume() {
            Some(index) => Need::Volume(index),
            None => Need::Container(*worker.to_start.last()?),
        };
        let (name, _) = need.image(&hubs.cluster.template_of(pod).spec)?;
        Some((need, hubs.machines.registry.id(name)))
    }

    fn pull_takes(&mut self, hubs: &Hubs<'_>, pod: PodId, node: NodeId, image: ImageId) -> SimDuration {
        let latencies = &self.settings.latencies;
        let registry = &hubs.machines.registry;
        let stated = registry.image(image);
        if !registry.is_up(image) {
            return DIAL_TIMEOUT;
        }
        if stated.missing || pull_secrets::is_denied(hubs, pod, image) {
            return stated.pull.unwrap_or_else(|| latencies.sample(Latency::PullFailure, &mut self.registry));
        }
        if hubs.machines.machine(node).has_image(image) {
            return latencies.sample(Latency::PullCheck, &mut self.registry);
        }
        stated.pull.unwrap_or_else(|| {
            let fixed = registry.latency.unwrap_or_else(|| latencies.sample(Latency::PullFixed, &mut self.registry));
            fixed + registry.transfer(image)
        })
    }

    /// The pull that the sync waits for has ended, well or not.
    pub(super) fn pull_ended(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let node = self.workers.row(pod).node;
        let Some((need, image)) = self.pulled_image(hubs, pod) else {
            self.next_pull(hubs, node);
            self.finish_sync(hubs, pod);
            return;
        };
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let Some((name, _)) = need.image(&template.spec) else { return };
        let (now, slot) = (hubs.now, need.slot());
        let stated = hubs.machines.registry.image(image).clone();
        let is_up = hubs.machines.registry.is_up(image);
        let is_refused = self.workers.row(pod).extra_mut().pull_refused;
        let is_denied = is_up && pull_secrets::is_denied(hubs, pod, image);
        let fails = is_refused || stated.missing || is_denied || !is_up;
        if !fails {
            // A pull of the same image that waits for its turn finds it there.
            hubs.machines.machine_mut(node).store_image(now, image, stated.size);
            let used = pull_secrets::credentials(hubs, pod, image).into_iter().next();
            let pulled = &mut self.node_state(node).pulled;
            let record = PulledRecord::merge(pulled.remove(&image), used);
            pulled.insert(image, record);
        }
        self.next_pull(hubs, node);
        if fails {
            // Upstream: kubelet images `throttledImageService`.
            let error = match (is_refused, is_denied) {
                (true, _) => "pull QPS exceeded".to_owned(),
                (_, true) => denied(name),
                _ => registry_error(name, is_up),
            };
            let pulls = &mut self.workers.row(pod).extra_mut().pulls;
            match pulls.iter_mut().find(|(candidate, _, _)| *candidate == image) {
                Some((_, entry, text)) => {
                    *entry = Backoff::after_failed_pull(Some(*entry), now);
                    *text = error.as_str().into();
                }
                None => pulls.push((image, Backoff::after_failed_pull(None, now), error.as_str().into())),
            }
            self.warning(hubs, pod, slot, "Failed", format!("Failed to pull image \"{name}\": {error}"));
            self.image_failed(hubs, pod, need, "ErrImagePull", error);
        } else {
            let extra = self.workers.row(pod).extra_mut();
            let (took, waited) = (now - extra.pull_began, now - extra.pull_requested);
            self.image_stored(hubs, node);
            let message = format!(
                "Successfully pulled image \"{name}\" in {} ({} including waiting). Image size: {} bytes.",
                in_milliseconds(took),
                in_milliseconds(waited),
                stated.size
            );
            self.normal(hubs, pod, slot, "Pulled", message);
            if let Need::Container(slot) = need
                && self.create_pulled(hubs, pod, slot)
            {
                return;
            }
        }
        if let Need::Volume(_) = need {
            self.workers.row(pod).image_volume_done();
        }
        self.start_next(hubs, pod);
    }

    /// A place among the node's pulls is free.
    fn next_pull(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        let state = self.node_state(node);
        state.pulling -= 1;
        while let Some(next) = self.node_state(node).pull_queue.pop_front() {
            if self.workers.get(next).is_some_and(|worker| worker.stage == Stage::Pulling) {
                self.begin_pull(hubs, next);
                break;
            }
        }
    }
}

/// What containerd says of an image that the registry does not have, or of a registry that does not answer.
fn registry_error(name: &str, is_up: bool) -> String {
    let reference = image_name::complete(name);
    let (code, why) =
        if is_up { ("NotFound", format!("{reference}: not found")) } else { ("Unknown", no_answer(&reference)) };
    format!(
        "rpc error: code = {code} desc = failed to pull and unpack image \"{reference}\": failed to resolve reference \"{reference}\": {why}"
    )
}

/// What containerd says of an image that is not for everybody.
fn denied(name: &str) -> String {
    let reference = image_name::complete(name);
    let why = pull_secrets::denial(&reference);
    format!(
        "rpc error: code = Unknown desc = failed to pull and unpack image \"{reference}\": failed to resolve reference \"{reference}\": {why}"
    )
}

/// How long containerd waits for a connection to a registry. containerd: remotes/docker/config `NewDefaultTransport`.
const DIAL_TIMEOUT: SimDuration = SimDuration::from_secs(30);

/// What containerd says of a registry that does not answer; the address that real messages have before `i/o timeout` is
/// the world's.
fn no_answer(reference: &str) -> String {
    let (host, path) = reference.split_once('/').unwrap_or(("", reference));
    let server = if host == "docker.io" { "registry-1.docker.io" } else { host };
    let (repository, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
    format!("failed to do request: Head \"https://{server}/v2/{repository}/manifests/{tag}\": dial tcp: i/o timeout")
}

/// Go prints these durations cut to milliseconds.
fn in_milliseconds(duration: SimDuration) -> SimDuration {
    SimDuration::from_millis(duration.0 / 1_000_000)
}
