//! The READY, STATUS and RESTARTS columns of `kubectl get pods`.
//! Upstream: pkg/printers/internalversion `printPod`.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::pod::{ContainerState, Pod, PodConditionType};
use super::pod_spec::ContainerKind;
use super::pod_template::PodTemplate;
use crate::engine::SimTime;

/// What kubectl shows of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodColumns<'a> {
    /// Containers that are ready.
    pub ready: u32,
    /// Containers that count: main ones and sidecars.
    pub total: u32,
    /// STATUS.
    pub status: Cow<'a, str>,
    /// RESTARTS.
    pub restarts: u32,
    /// End of the last run before a restart, for `2 (13s ago)`.
    pub last_restart: Option<SimTime>,
}

/// What the init containers contribute.
struct InitWalk {
    initializing: bool,
    reason: Option<String>,
    ready: u32,
    restarts: u32,
    last_restart: Option<SimTime>,
    sidecar_restarts: u32,
    sidecar_last_restart: Option<SimTime>,
}

/// Computes the columns of a pod.
pub fn columns<'a>(pod: &'a Pod, template: &PodTemplate) -> PodColumns<'a> {
    let spec = &template.spec;
    let sidecars = (0..spec.init_count).filter(|index| spec.container_kind(*index) == ContainerKind::Sidecar).count();
    let total = (spec.main_containers().len() + sidecars) as u32;
    let init = walk_init(pod, template);
    let mut status = init.reason.map_or_else(|| Cow::Borrowed(base_status(pod)), Cow::Owned);
    let (mut ready, mut restarts, mut last_restart) = (init.ready, init.restarts, init.last_restart);
    let initialized = pod.status.is_condition_true(PodConditionType::Initialized);
    if !init.initializing || initialized {
        (restarts, last_restart) = (init.sidecar_restarts, init.sidecar_last_restart);
        let mut has_running = false;
        let mut error_reason = None;
        for index in mains_by_name_descending(template) {
            let Some(container) = pod.status.containers.get(index) else { continue };
            restarts += container.restart_count;
            last_restart = last_restart.max(container.last.as_ref().map(|last| last.finished_at));
            match &container.state {
                ContainerState::Waiting { reason, .. } if !reason.is_empty() => status = Cow::Borrowed(reason),
                ContainerState::Terminated(termination) => {
                    status = termination_text(&termination.reason, termination.exit_code);
                    if termination.exit_code != 0 {
                        error_reason = Some(status.clone());
                    }
                }
                ContainerState::Running { .. } if container.ready => {
                    has_running = true;
                    ready += 1;
                }
                _ => {}
            }
        }
        if status == "Completed" {
            if has_running && pod.is_ready() {
                status = Cow::Borrowed("Running");
            } else if let Some(error) = error_reason {
                status = error;
            } else if has_running {
                status = Cow::Borrowed("NotReady");
            }
        }
    }
    if pod.deletion.is_some() {
        if pod.status.reason.as_ref().is_some_and(|reason| reason.0 == "NodeLost") {
            status = Cow::Borrowed("Unknown");
        } else if !pod.status.phase.is_terminal() {
            status = Cow::Borrowed("Terminating");
        }
    }
    PodColumns { ready, total, status, restarts, last_restart }
}

/// Phase, the pod's own reason, or SchedulingGated.
fn base_status(pod: &Pod) -> &str {
    let gated = pod
        .status
        .condition(PodConditionType::PodScheduled)
        .is_some_and(|condition| condition.reason() == "SchedulingGated");
    if gated {
        return "SchedulingGated";
    }
    let reason = pod.status.reason.as_ref().filter(|reason| !reason.0.is_empty());
    reason.map_or(pod.status.phase.name(), |reason| &reason.0)
}

fn walk_init(pod: &Pod, template: &PodTemplate) -> InitWalk {
    let spec = &template.spec;
    let mut walk = InitWalk {
        initializing: false,
        reason: None,
        ready: 0,
        restarts: 0,
        last_restart: None,
        sidecar_restarts: 0,
        sidecar_last_restart: None,
    };
    for index in 0..spec.init_count.min(pod.status.containers.len()) {
        let container = &pod.status.containers[index];
        let sidecar = spec.container_kind(index) == ContainerKind::Sidecar;
        let finished = container.last.as_ref().map(|last| last.finished_at);
        walk.restarts += container.restart_count;
        walk.last_restart = walk.last_restart.max(finished);
        if sidecar {
            walk.sidecar_restarts += container.restart_count;
            walk.sidecar_last_restart = walk.sidecar_last_restart.max(finished);
        }
        let reason = match &container.state {
            ContainerState::Terminated(termination) if termination.exit_code == 0 => continue,
            _ if sidecar && container.started == Some(true) => {
                walk.ready += u32::from(container.ready);
                continue;
            }
            ContainerState::Terminated(termination) => {
                prefixed(&termination_text(&termination.reason, termination.exit_code))
            }
            ContainerState::Waiting { reason, .. } if !reason.is_empty() && reason != "PodInitializing" => {
                prefixed(reason)
            }
            _ => format!("Init:{index}/{}", spec.init_count),
        };
        walk.reason = Some(reason);
        walk.initializing = true;
        break;
    }
    walk
}

fn prefixed(reason: &str) -> String {
    format!("Init:{reason}")
}

fn termination_text(reason: &str, exit_code: i32) -> Cow<'_, str> {
    if reason.is_empty() { Cow::Owned(format!("ExitCode:{exit_code}")) } else { Cow::Borrowed(reason) }
}

/// The API shows statuses sorted by name and printPod walks them from the last to the first.
fn mains_by_name_descending(template: &PodTemplate) -> impl Iterator<Item = usize> + use<> {
    let spec = &template.spec;
    let mains = spec.mains();
    if mains.len() == 1 {
        return SmallVec::from_buf_and_len([mains.start, 0, 0, 0], 1).into_iter();
    }
    let mut order: SmallVec<[usize; 4]> = mains.collect();
    order.sort_by(|left, right| spec.containers[*right].name.cmp(&spec.containers[*left].name));
    order.into_iter()
}

/// An age as kubectl prints it, from whole seconds. Upstream: apimachinery util/duration `HumanDuration`.
pub fn human_duration(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let two = |large: i64, large_unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{large}{large_unit}") } else { format!("{large}{large_unit}{small}{small_unit}") }
    };
    match seconds {
        ..=-2 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        s if s < 2 * MINUTE => format!("{s}s"),
        s if s < 10 * MINUTE => two(s / MINUTE, "m", s % MINUTE, "s"),
        s if s < 3 * HOUR => format!("{}m", s / MINUTE),
        s if s < 8 * HOUR => two(s / HOUR, "h", s / MINUTE % 60, "m"),
        s if s < 2 * DAY => format!("{}h", s / HOUR),
        s if s < 8 * DAY => two(s / DAY, "d", s / HOUR % 24, "h"),
        s if s < 2 * YEAR => format!("{}d", s / DAY),
        s if s < 8 * YEAR => two(s / YEAR, "y", s / DAY % 365, "d"),
        s => format!("{}y", s / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::human_duration;

    #[test]
    fn ages_print_as_kubectl_prints_them() {
        for (seconds, text) in [
            (-2, "<invalid>"),
            (-1, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (28_800, "8h"),
            (172_800, "2d"),
            (176_400, "2d1h"),
            (63_072_000, "2y"),
        ] {
            assert_eq!(human_duration(seconds), text, "{seconds}");
        }
    }
}
