//! The wait for a pod's volumes. Upstream: volumemanager `WaitForAttachAndMount`.

use super::worker::{Flags, Stage};
use super::{Hubs, Kubelets, host_path};
use crate::cluster::missing_data::MissingData;
use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::latency::Latency;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod_spec::PodSpec;
use crate::model::pod_template::PodTemplate;
use crate::model::volume::{DownwardFile, FieldSource, KeyToPath, ProjectedSource, Volume, VolumeSource};

/// First retry of a mount that failed; doubled each time. Upstream: goroutinemap exponentialbackoff.
const RETRY_FIRST: SimDuration = SimDuration::from_millis(500);
const RETRY_MAX: SimDuration = SimDuration::from_secs(122);
/// Longest wait of one sync. Upstream: volumemanager `podAttachAndMountTimeout`.
const TIMEOUT: SimDuration = SimDuration::from_secs(123);

impl Kubelets {
    /// The sync that began at `began` waits: the first look that can succeed is one poll later.
    pub(super) fn wait_for_volumes(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec, began: SimTime) {
        let poll = self.settings.latencies.fixed(Latency::VolumePoll);
        let worker = self.workers.row(pod);
        if used(spec).all(|volume| can_always_mount(&volume.source)) {
            self.volumes_ready(hubs, pod, spec, began + poll);
            return;
        }
        worker.stage = Stage::Volumes;
        let volumes = worker.extra_mut().volumes_mut();
        volumes.since = began;
        // Mounts are tried on a schedule of their own, whichever sync waits for them; what was mounted meanwhile is seen at
        // the first look.
        let at = if volumes.failures == 0 { began + poll } else { volumes.next.min(began + TIMEOUT) };
        let at = at.max(hubs.now);
        self.schedule(hubs, pod, at);
    }

    /// Looks whether everything the volumes refer to is there.
    pub(super) fn look_for_volumes(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let now = hubs.now;
        let volumes = self.workers.row(pod).extra_mut().volumes_mut();
        let (limit, planned) = (volumes.since + TIMEOUT, volumes.next);
        if volumes.failures > 0 && now < planned {
            self.mounts_failed(hubs, pod);
            return;
        }
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let spec = &template.spec;
        let is_first = self.workers.row(pod).synced == SimTime::ZERO;
        if let Some(message) = unprocessed_claims(hubs, pod, spec, is_first) {
            // Not a mount that failed, but one that could not even be asked for: the sync ends.
            self.warning(hubs, pod, None, "FailedMount", message);
            self.mounts_failed(hubs, pod);
            return;
        }
        let node = self.workers.row(pod).node;
        // Each volume is mounted by an operation of its own.
        let mut failures: Vec<String> = Vec::new();
        for volume in used(spec) {
            let failure = match &volume.source {
                VolumeSource::HostPath { path, kind } => {
                    let why = host_path::check(&mut hubs.machines.machine_mut(node).host_paths, path, kind);
                    why.map(|why| set_up_failed(volume, &why))
                }
                _ => problem(hubs, pod, volume),
            };
            failures.extend(failure);
        }
        let volumes = self.workers.row(pod).extra_mut().volumes_mut();
        if failures.is_empty() {
            volumes.failures = 0;
            self.volumes_ready(hubs, pod, spec, now);
            return;
        }
        volumes.failures += 1;
        let doubled = RETRY_FIRST.0 << (volumes.failures - 1).min(10);
        let tried = if volumes.failures > 1 { planned } else { now };
        volumes.next = (tried + SimDuration(doubled.min(RETRY_MAX.0))).max(SimTime(now.0 + 1));
        let at = volumes.next.min(limit);
        for message in failures {
            self.warning(hubs, pod, None, "FailedMount", message);
        }
        if at <= now {
            self.mounts_failed(hubs, pod);
            return;
        }
        self.schedule(hubs, pod, at);
    }

    /// The sync has waited for long enough; the next one goes on waiting.
    fn mounts_failed(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        self.workers.row(pod).flags.insert(Flags::FAILED);
        self.finish_sync(hubs, pod);
    }
}

/// The volumes that some container mounts: no others are waited for.
/// Upstream: volumemanager `getExpectedVolumes`, desired_state_of_world_populator `processPodVolumes`.
pub(super) fn used(spec: &PodSpec) -> impl Iterator<Item = &Volume> {
    spec.volumes.iter().filter(|volume| volume.is_used)
}

/// How long a quiet pod may have been synced without a change before its next resync is drawn without going through all
/// that were in between.
const RESYNCS_KNOWN: SimDuration = SimDuration::from_secs(3600);

impl Kubelets {
    /// A ConfigMap or Secret was made, changed or deleted: pods that show it in a volume follow at their next sync, for a quiet
    /// pod that of `syncFrequency`. Upstream: volumemanager `MarkRemountRequired`, which each sync calls.
    pub(super) fn data_changed(&mut self, hubs: &mut Hubs<'_>, object: ObjectRef) {
        let (namespace, name) = hubs.cluster.identity(object);
        let shows =
            |template: &PodTemplate| template.spec.volumes.iter().any(|one| shows(&one.source, object.kind, name));
        for pod in hubs.cluster.pods_of_templates(namespace, shows) {
            let Some(worker) = self.workers.get_mut(pod) else { continue };
            worker.flags.insert(Flags::STALE_VOLUMES);
            if worker.stage == Stage::Idle && worker.flags.contains(Flags::MOUNTED) {
                let at = self.next_resync(hubs.now, pod);
                let node = self.workers.row(pod).node;
                let at = self.node_state(node).tick_from(at);
                self.wake(hubs, pod, at);
            }
        }
    }

    /// When a quiet pod is synced next. Nothing ticks: the syncs since the last one that had an effect are only drawn.
    fn next_resync(&mut self, now: SimTime, pod: PodId) -> SimTime {
        let frequency = self.settings.configuration.sync_frequency;
        let mut at = self.workers.row(pod).synced;
        if now.since(at) > RESYNCS_KNOWN {
            return now + SimDuration((self.resync.unit() * 1.25 * frequency.0 as f64) as u64);
        }
        while at <= now {
            at += frequency + SimDuration((frequency.0 as f64 * 0.5 * self.resync.unit()) as u64);
        }
        at
    }

    /// A sync brings the pod's volumes up to date.
    pub(super) fn refresh_volumes(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let flags = &mut self.workers.row(pod).flags;
        if !flags.contains(Flags::STALE_VOLUMES | Flags::MOUNTED) {
            return;
        }
        flags.remove(Flags::STALE_VOLUMES);
        hubs.machines.refresh_volumes(pod);
        // What has gone since it was mounted goes on being shown, but not without a word.
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let problems: Vec<String> = used(&template.spec).filter_map(|volume| problem(hubs, pod, volume)).collect();
        for message in problems {
            self.warning(hubs, pod, None, "FailedMount", message);
        }
    }
}

impl Kubelets {
    /// Upstream: kubelet `getPullSecretsForPod`; the pull is tried all the same.
    pub(super) fn check_pull_secrets(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec) {
        if spec.image_pull_secrets.is_empty() {
            return;
        }
        let namespace = hubs.cluster.pod(pod).namespace;
        let missing: Vec<&str> = spec
            .image_pull_secrets
            .iter()
            .filter(|name| !name.is_empty() && hubs.cluster.find(Kind::SECRET, namespace, name).is_none())
            .map(Text::as_str)
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            let message = format!(
                "Unable to retrieve some image pull secrets ({missing}); attempting to pull the image may not succeed."
            );
            self.warning(hubs, pod, None, "FailedToRetrieveImagePullSecret", message);
        }
    }
}

/// Does a volume show this ConfigMap or Secret?
fn shows(source: &VolumeSource, kind: Kind, object: &str) -> bool {
    match source {
        VolumeSource::ConfigMap { name, .. } => kind == Kind::CONFIG_MAP && name == object,
        VolumeSource::Secret { name, .. } => kind == Kind::SECRET && name == object,
        VolumeSource::Projected { sources, .. } => sources.iter().any(|source| match source {
            ProjectedSource::ConfigMap { name, .. } => kind == Kind::CONFIG_MAP && name == object,
            ProjectedSource::Secret { name, .. } => kind == Kind::SECRET && name == object,
            _ => false,
        }),
        _ => false,
    }
}

/// In every namespace before any pod can be: the root CA publisher of kube-controller-manager sees to it.
const ROOT_CA: &str = "kube-root-ca.crt";

/// Sources that depend on nothing that could be missing.
fn can_always_mount(source: &VolumeSource) -> bool {
    match source {
        VolumeSource::ConfigMap { optional, .. } | VolumeSource::Secret { optional, .. } => *optional,
        VolumeSource::Projected { sources, .. } => sources.iter().all(|source| match source {
            ProjectedSource::ConfigMap { name, optional, .. } => *optional || name == ROOT_CA,
            ProjectedSource::Secret { optional, .. } => *optional,
            ProjectedSource::DownwardApi(items) => items.iter().all(shows_field),
            _ => true,
        }),
        VolumeSource::DownwardApi { items, .. } => items.iter().all(shows_field),
        VolumeSource::Claim { .. } | VolumeSource::Ephemeral | VolumeSource::HostPath { .. } => false,
        _ => true,
    }
}

fn shows_field(item: &DownwardFile) -> bool {
    matches!(item.source, FieldSource::Field(_))
}

/// Upstream: desired_state_of_world_populator `getPVCExtractPV`.
fn is_bound(hubs: &Hubs<'_>, claim: ObjectRef) -> bool {
    let claim = hubs.cluster.persistent_volume_claim(claim);
    claim.phase == "Bound" && !claim.volume.is_empty()
}

/// The FailedMount Event of a pod with claims that are not there. In its first sync nothing is mounted yet, later what can
/// be. Upstream: desired_state_of_world_populator `getPVCExtractPV`, volumemanager `WaitForAttachAndMount`.
fn unprocessed_claims(hubs: &Hubs<'_>, pod: PodId, spec: &PodSpec, is_first: bool) -> Option<String> {
    let namespace = hubs.cluster.pod(pod).namespace;
    let mut volumes = Vec::new();
    let mut errors = Vec::new();
    for volume in used(spec) {
        let VolumeSource::Claim { claim, .. } = &volume.source else { continue };
        let why = match hubs.cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, namespace, claim) {
            // Only of a pod that names its node: the scheduler waits for claims.
            Some(object) if !is_bound(hubs, object) => "PVC is not bound".to_owned(),
            Some(_) => continue,
            None => format!("failed to fetch PVC from API server: persistentvolumeclaims \"{claim}\" not found"),
        };
        volumes.push(volume.name.as_str());
        errors.push(format!("error processing PVC {}/{claim}: {why}", hubs.cluster.namespace_name(namespace)));
    }
    if volumes.is_empty() {
        return None;
    }
    let is_unmounted =
        |volume: &&Volume| is_first || volumes.contains(&volume.name.as_str()) || problem(hubs, pod, volume).is_some();
    let unmounted = used(spec).filter(is_unmounted);
    let mut unmounted: Vec<String> = unmounted.map(|volume| hubs.cluster.own_volume_name(pod, &volume.name)).collect();
    unmounted.sort_unstable();
    Some(format!(
        "Unable to attach or mount volumes: unmounted volumes=[{}], unattached volumes=[], failed to process volumes=[{}]: {}",
        unmounted.join(" "),
        volumes.join(" "),
        errors.join("; ")
    ))
}

/// The message of a FailedMount Event.
fn set_up_failed(volume: &Volume, why: &str) -> String {
    format!("MountVolume.SetUp failed for volume \"{}\" : {why}", volume.name)
}

/// The text of the FailedMount Event of a volume that cannot be mounted now.
fn problem(hubs: &Hubs<'_>, pod: PodId, volume: &Volume) -> Option<String> {
    let failed = |why: String| set_up_failed(volume, &why);
    match &volume.source {
        VolumeSource::ConfigMap { name, items, optional, .. } => {
            missing_data(hubs, pod, Kind::CONFIG_MAP, name, items, *optional).map(failed)
        }
        VolumeSource::Secret { name, items, optional, .. } => {
            missing_data(hubs, pod, Kind::SECRET, name, items, *optional).map(failed)
        }
        VolumeSource::DownwardApi { items, .. } => unknown_container(hubs, pod, items).map(failed),
        VolumeSource::Projected { sources, .. } => {
            let missing = sources.iter().filter_map(|source| match source {
                ProjectedSource::DownwardApi(items) => unknown_container(hubs, pod, items),
                ProjectedSource::ConfigMap { name, items, optional } => {
                    missing_data(hubs, pod, Kind::CONFIG_MAP, name, items, *optional)
                }
                ProjectedSource::Secret { name, items, optional } => {
                    missing_data(hubs, pod, Kind::SECRET, name, items, *optional)
                }
                _ => None,
            });
            aggregate(missing.collect()).map(failed)
        }
        _ => None,
    }
}

/// The errors of files that show resources of containers which the pod does not have.
/// Upstream: volume downwardapi `CollectData`.
fn unknown_container(hubs: &Hubs<'_>, pod: PodId, items: &[DownwardFile]) -> Option<String> {
    let spec = &hubs.cluster.template_of(pod).spec;
    let is_known = |name: &str| spec.containers[spec.own()].iter().any(|container| container.name == name);
    let errors = items.iter().filter_map(|item| match &item.source {
        FieldSource::Resource { container, .. } if !is_known(container) => {
            Some(format!("container {container} not found"))
        }
        _ => None,
    });
    aggregate(errors.collect())
}

/// Several errors as one, each text once. Upstream: apimachinery util/errors `aggregate.Error`.
fn aggregate(errors: Vec<String>) -> Option<String> {
    let mut different: Vec<String> = Vec::new();
    for error in errors {
        if !different.contains(&error) {
            different.push(error);
        }
    }
    match different.len() {
        0 => None,
        1 => different.pop(),
        _ => Some(format!("[{}]", different.join(", "))),
    }
}

/// What is missing of a ConfigMap or Secret that has to be there.
pub(super) fn missing_data(
    hubs: &Hubs<'_>,
    pod: PodId,
    kind: Kind,
    name: &str,
    items: &[KeyToPath],
    optional: bool,
) -> Option<String> {
    if kind == Kind::CONFIG_MAP && name == ROOT_CA {
        return None;
    }
    let missing = hubs.cluster.missing_data(pod, (kind, name), items, optional)?;
    Some(match (missing, kind) {
        (MissingData::Object, Kind::SECRET) => format!("secret \"{name}\" not found"),
        (MissingData::Object, _) => format!("configmap \"{name}\" not found"),
        (MissingData::Key(key), Kind::SECRET) => format!("references non-existent secret key: {key}"),
        (MissingData::Key(key), _) => format!("configmap references non-existent config key: {key}"),
    })
}
