//! A pod's status.

use serde_json::{Value, json};

use super::pod::PodContext;
use super::{ip_text, object_of, pod_resources, put_some, put_text};
use crate::engine::SimTime;
use crate::model::image_name;
use crate::model::pod::{ContainerState, ContainerStatus, Pod, PodCondition, PodConditionType, Termination};
use crate::model::pod_spec::{Container, ContainerKind};
use crate::model::pod_template::PodTemplate;
use crate::model::volume::VolumeMount;

/// `status`.
pub(super) fn status(pod: &Pod, template: &PodTemplate, context: &PodContext<'_>) -> Value {
    let status = &pod.status;
    let at = |time: SimTime| context.clock.timestamp(time);
    let mut out = object_of(json!({"phase": status.phase.name(), "qosClass": template.qos.name()}));
    if let Some((reason, message)) = status.reason.as_deref() {
        put_text(&mut out, "reason", reason);
        put_text(&mut out, "message", message);
    }
    put_text(&mut out, "nominatedNodeName", context.nominated_node_name);
    if !status.conditions.is_empty() {
        let conditions = status.conditions.iter().map(|condition| self::condition(condition, pod, context));
        out.insert("conditions".to_owned(), conditions.collect());
    }
    put_some(&mut out, "startTime", status.start_time.get().map(at));
    if status.start_time.get().is_some() {
        out.insert("observedGeneration".to_owned(), json!(pod.generation));
        put_text(&mut out, "hostIP", context.host_ip);
        if !context.host_ip.is_empty() {
            out.insert("hostIPs".to_owned(), json!([{"ip": context.host_ip}]));
        }
    }
    if status.pod_ip != 0 {
        let ip = ip_text(status.pod_ip);
        out.insert("podIPs".to_owned(), json!([{"ip": ip}]));
        out.insert("podIP".to_owned(), Value::from(ip));
    }
    container_statuses(&mut out, pod, template, context);
    if !status.containers.is_empty() {
        pod_resources::of_pod(&mut out, pod, template, context.granted);
    }
    Value::Object(out)
}

fn condition(condition: &PodCondition, pod: &Pod, context: &PodContext<'_>) -> Value {
    let mut out = object_of(json!({
        "type": condition.kind().name(),
        "status": condition.status.name(),
        "lastProbeTime": null,
        "lastTransitionTime": context.clock.timestamp(condition.last_transition),
    }));
    // The gate's condition is written with the pod, and others say what they like; the kubelet's and the scheduler's name the
    // generation they were computed from, but for the one about a restart of all containers.
    let is_foreign = matches!(condition.kind(), PodConditionType::Other(_) | PodConditionType::AllContainersRestarting);
    if !is_foreign && (!condition.is(PodConditionType::PodScheduled) || condition.reason() != "SchedulingGated") {
        let resizing = pod.status.granted.as_ref().filter(|_| condition.is(PodConditionType::PodResizeInProgress));
        let generation = resizing.map_or(pod.generation, |granted| granted.generation);
        out.insert("observedGeneration".to_owned(), json!(generation));
    }
    put_text(&mut out, "reason", condition.reason());
    put_text(&mut out, "message", condition.message());
    Value::Object(out)
}

/// Main containers by name, init containers in their order.
/// Upstream: kubelet/status `normalizeStatus`, kubelet/types `SortInitContainerStatuses`.
fn container_statuses(out: &mut super::Object, pod: &Pod, template: &PodTemplate, context: &PodContext<'_>) {
    let spec = &template.spec;
    let statuses = &pod.status.containers;
    let view = |index: usize| container_status(index, template, &statuses[index], context);
    let count = statuses.len().min(spec.containers.len());
    let init = spec.init_count.min(count);
    if init > 0 {
        out.insert("initContainerStatuses".to_owned(), (0..init).map(view).collect());
    }
    let mains = spec.mains().end.min(count);
    if count > mains {
        out.insert("ephemeralContainerStatuses".to_owned(), (mains..count).map(view).collect());
    }
    if mains > init {
        let mut order: Vec<usize> = (init..mains).collect();
        order.sort_by(|left, right| spec.containers[*left].name.cmp(&spec.containers[*right].name));
        out.insert("containerStatuses".to_owned(), order.into_iter().map(view).collect());
    }
}

fn container_status(index: usize, template: &PodTemplate, status: &ContainerStatus, context: &PodContext<'_>) -> Value {
    let container: &Container = &template.spec.containers[index];
    let last =
        status.last.as_deref().map_or_else(|| json!({}), |last| json!({"terminated": termination(last, context)}));
    let (image, image_id) = if status.container_id == 0 {
        (container.image.to_string(), String::new())
    } else {
        (whole_image(&container.image), image_id(&container.image))
    };
    let mut out = object_of(json!({
        "name": container.name.as_str(),
        "image": image,
        "imageID": image_id,
        "ready": status.ready,
        "restartCount": status.restart_count,
        "state": state(&status.state, context),
        "lastState": last,
    }));
    put_some(&mut out, "started", status.started);
    if status.container_id != 0 {
        out.insert("containerID".to_owned(), Value::from(container_id(status.container_id)));
    }
    pod_resources::of_container(&mut out, index, template, status, context.granted);
    let mounts = container.mounts.iter().enumerate().map(|(at, mount)| {
        let raw = &raw_container(index, template)["volumeMounts"][at]["recursiveReadOnly"];
        volume_mount(mount, raw, context.token_suffix)
    });
    if !container.mounts.is_empty() {
        out.insert("volumeMounts".to_owned(), mounts.collect());
    }
    Value::Object(out)
}

/// The container as it was written.
fn raw_container(index: usize, template: &PodTemplate) -> &Value {
    let spec = &template.spec;
    let (list, from) = match spec.container_kind(index) {
        ContainerKind::Init | ContainerKind::Sidecar => ("initContainers", 0),
        ContainerKind::Main => ("containers", spec.init_count),
        ContainerKind::Ephemeral => ("ephemeralContainers", spec.mains().end),
    };
    &template.raw["spec"][list][index - from]
}

/// A mount as the status tells it; every node's runtime can mount read-only recursively.
/// Upstream: kubelet_pods `convertToAPIContainerStatuses`, `resolveRecursiveReadOnly`.
fn volume_mount(mount: &VolumeMount, recursive: &Value, token_suffix: &str) -> Value {
    let suffix = if mount.name == super::pod::TOKEN_VOLUME { token_suffix } else { "" };
    let mut out = object_of(json!({"name": format!("{}{suffix}", mount.name), "mountPath": mount.mount_path.as_str()}));
    if mount.read_only {
        let is_recursive = matches!(recursive.as_str(), Some("Enabled" | "IfPossible"));
        out.insert("readOnly".to_owned(), json!(true));
        out.insert("recursiveReadOnly".to_owned(), json!(if is_recursive { "Enabled" } else { "Disabled" }));
    }
    Value::Object(out)
}

fn state(state: &ContainerState, context: &PodContext<'_>) -> Value {
    match state {
        ContainerState::Waiting { reason, message } => {
            let mut waiting = super::Object::new();
            put_text(&mut waiting, "reason", reason);
            put_text(&mut waiting, "message", message);
            json!({"waiting": waiting})
        }
        ContainerState::Running { started_at } => {
            json!({"running": {"startedAt": context.clock.timestamp(*started_at)}})
        }
        ContainerState::Terminated(ended) => json!({"terminated": termination(ended, context)}),
    }
}

fn termination(ended: &Termination, context: &PodContext<'_>) -> Value {
    let mut out = object_of(json!({
        "exitCode": ended.exit_code,
        "startedAt": context.clock.timestamp(ended.started_at),
        "finishedAt": context.clock.timestamp(ended.finished_at),
    }));
    put_text(&mut out, "reason", &ended.reason);
    put_text(&mut out, "message", &ended.message);
    if ended.container_id != 0 {
        out.insert("containerID".to_owned(), Value::from(container_id(ended.container_id)));
    }
    Value::Object(out)
}

/// `containerd://` and 64 hexadecimal digits: the same for the same run.
pub fn container_id(run: u64) -> String {
    format!("containerd://{}", digits(run))
}

/// The image by a digest: its own, or one that stands for its name.
fn image_id(image: &str) -> String {
    let repository = image_name::repository(image);
    match image.split_once('@') {
        Some((_, digest)) => format!("{repository}@{digest}"),
        None => format!("{repository}@sha256:{}", digits(name_hash(image))),
    }
}

/// The image as the container runtime calls it: by its whole name with a tag, by its configuration's digest where it was
/// named by a digest. containerd: internal/cri/server `toCRIContainerStatus`.
fn whole_image(image: &str) -> String {
    if image.contains('@') { format!("sha256:{}", digits(!name_hash(image))) } else { image_name::complete(image) }
}

fn name_hash(image: &str) -> u64 {
    image.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// 256 bits out of 64 (SplitMix64), as hexadecimal text.
fn digits(seed: u64) -> String {
    let mut state = seed;
    (0..4)
        .map(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            format!("{:016x}", mixed ^ (mixed >> 31))
        })
        .collect()
}
