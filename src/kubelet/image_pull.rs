//! Images of starting containers: pull policy, the node's queue of pulls, back-off of failed ones.
//! Upstream: kubelet images `EnsureImageExists`, `pullImage`, puller.

use super::image_reference;
use super::pull_secrets;
use super::restart_backoff::Backoff;
use super::worker::Stage;
use super::{Hubs, Kubelets};
use crate::engine::SimDuration;
use crate::machines::ImageId;
use crate::model::Text;
use crate::model::latency::Latency;
use crate::model::object::PodId;
use crate::model::pod_spec::{Container, PullPolicy};

impl Kubelets {
    /// Sees to the image of the container that is next. Returns whether the sync waits for a pull; if not, the
    /// container is still next (the image is there) or was given up for this sync.
    pub(super) fn ensure_image(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8, container: &Container) -> bool {
        let node = self.workers.row(pod).node;
        let known = hubs.machines.registry.find(&container.image);
        // What is on the machine under this reference was read once.
        let present = known.is_some_and(|image| hubs.machines.machine(node).has_image(image));
        if !present && let Some(error) = image_reference::error(&container.image) {
            let message = format!("Failed to apply default image tag {:?}: {error}", container.image.as_str());
            self.warning(hubs, pod, Some(slot), "InspectFailed", message.clone());
            self.warning(hubs, pod, Some(slot), "Failed", "Error: InvalidImageName");
            self.start_failed(hubs, pod, slot, "InvalidImageName", message);
            return false;
        }
        let image = hubs.machines.registry.id(&container.image);
        let name = &container.image;
        match container.pull_policy {
            PullPolicy::IfNotPresent | PullPolicy::Never if present => {
                let size = hubs.machines.registry.image(image).size;
                hubs.machines.machine_mut(node).store_image(hubs.now, image, size);
                let message =
                    format!("Container image \"{name}\" already present on machine and can be accessed by the pod");
                self.normal(hubs, pod, Some(slot), "Pulled", message);
                return false;
            }
            PullPolicy::Never => {
                let message = format!("Container image \"{name}\" is not present with pull policy of Never");
                self.warning(hubs, pod, Some(slot), "ErrImageNeverPull", message.clone());
                self.warning(hubs, pod, Some(slot), "Failed", "Error: ErrImageNeverPull");
                self.start_failed(hubs, pod, slot, "ErrImageNeverPull", message);
                return false;
            }
            _ => {}
        }
        if let Some(error) = self.pull_backoff(hubs, pod, image) {
            self.normal(hubs, pod, Some(slot), "BackOff", format!("Back-off pulling image \"{name}\""));
            self.warning(hubs, pod, Some(slot), "Failed", "Error: ImagePullBackOff");
            let message = format!("Back-off pulling image \"{name}\": ErrImagePull: {error}");
            self.start_failed(hubs, pod, slot, "ImagePullBackOff", message);
            return false;
        }
        self.normal(hubs, pod, Some(slot), "Pulling", format!("Pulling image \"{name}\""));
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

    /// The error of the last pull, if its back-off is not over.
    fn pull_backoff(&self, hubs: &Hubs<'_>, pod: PodId, image: ImageId) -> Option<Text> {
        let extra = self.workers.get(pod)?.extra.as_ref()?;
        let (_, entry, error) = extra.pulls.iter().find(|(candidate, _, _)| *candidate == image)?;
        Backoff::pull_waits(Some(*entry), hubs.now).then(|| error.clone())
    }

    fn begin_pull(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let node = self.workers.row(pod).node;
        let Some(image) = self.pulled_image(hubs, pod) else { return };
        let now = hubs.now;
        let state = self.node_state(node);
        state.pulling += 1;
        let is_allowed = state.pull_tokens.try_take(now);
        let takes = if is_allowed { self.pull_takes(hubs, pod, node, image) } else { SimDuration::ZERO };
        let extra = self.workers.row(pod).extra_mut();
        (extra.pull_began, extra.pull_refused) = (now, !is_allowed);
        self.schedule(hubs, pod, now + takes);
    }

    /// The image of the container that is next.
    fn pulled_image(&mut self, hubs: &mut Hubs<'_>, pod: PodId) -> Option<ImageId> {
        let slot = *self.workers.row(pod).to_start.last()?;
        let template = hubs.cluster.template_of(pod);
        Some(hubs.machines.registry.id(&template.spec.containers[usize::from(slot)].image))
    }

    fn pull_takes(
        &mut self,
        hubs: &Hubs<'_>,
        pod: PodId,
        node: crate::model::object::NodeId,
        image: ImageId,
    ) -> SimDuration {
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
        let (node, slot) = {
            let worker = self.workers.row(pod);
            (worker.node, worker.to_start.last().copied())
        };
        let (Some(slot), Some(image)) = (slot, self.pulled_image(hubs, pod)) else {
            self.next_pull(hubs, node);
            self.finish_sync(hubs, pod);
            return;
        };
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let container = &template.spec.containers[usize::from(slot)];
        let name = &container.image;
        let now = hubs.now;
        let stated = hubs.machines.registry.image(image).clone();
        let is_up = hubs.machines.registry.is_up(image);
        let is_refused = self.workers.row(pod).extra_mut().pull_refused;
        let is_denied = is_up && pull_secrets::is_denied(hubs, pod, image);
        let fails = is_refused || stated.missing || is_denied || !is_up;
        if !fails {
            // A pull of the same image that waits for its turn finds it there.
            hubs.machines.machine_mut(node).store_image(now, image, stated.size);
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
            self.warning(hubs, pod, Some(slot), "Failed", format!("Failed to pull image \"{name}\": {error}"));
            self.warning(hubs, pod, Some(slot), "Failed", "Error: ErrImagePull");
            self.start_failed(hubs, pod, slot, "ErrImagePull", error);
            self.start_next(hubs, pod);
            return;
        }
        let extra = self.workers.row(pod).extra_mut();
        let (took, waited) = (now - extra.pull_began, now - extra.pull_requested);
        self.image_stored(hubs, node);
        let message = format!(
            "Successfully pulled image \"{name}\" in {} ({} including waiting). Image size: {} bytes.",
            in_milliseconds(took),
            in_milliseconds(waited),
            stated.size
        );
        self.normal(hubs, pod, Some(slot), "Pulled", message);
        if !self.create_pulled(hubs, pod, slot) {
            self.start_next(hubs, pod);
        }
    }

    /// A place among the node's pulls is free.
    fn next_pull(&mut self, hubs: &mut Hubs<'_>, node: crate::model::object::NodeId) {
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
    let reference = full_reference(name);
    let (code, why) =
        if is_up { ("NotFound", format!("{reference}: not found")) } else { ("Unknown", no_answer(&reference)) };
    format!(
        "rpc error: code = {code} desc = failed to pull and unpack image \"{reference}\": failed to resolve reference \"{reference}\": {why}"
    )
}

/// What containerd says of an image that is not for everybody.
fn denied(name: &str) -> String {
    let reference = full_reference(name);
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

/// The reference as the container runtime completes it: Docker Hub where no registry is named, `latest` without tag.
fn full_reference(name: &str) -> String {
    let first = name.split('/').next().unwrap_or_default();
    let has_registry = name.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    let path = if has_registry {
        name.to_owned()
    } else if name.contains('/') {
        format!("docker.io/{name}")
    } else {
        format!("docker.io/library/{name}")
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) { path } else { format!("{path}:latest") }
}
