//! Statuses as another cluster stored them, to the model's columns: the inverse of `view`.

use serde_json::Value;

use super::super::clock::Clock;
use super::super::value::{flag, int, int32, is_nil, items, short, text};
use super::ipv4;
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::condition::{Condition, ConditionStatus};
use crate::model::object::Body;
use crate::model::pod::{
    ContainerState, ContainerStatus, PodCondition, PodConditionType, PodPhase, PodStatus, Termination, Why,
};
use crate::model::pod_spec::PodSpec;

/// Lays a stored status over the columns of a kind other than Pod. Kinds that are only stored keep it as it is.
pub fn lay_status(body: &mut Body, status: &Value, clock: Clock) {
    let number = |key: &str| int32(&status[key]);
    let optional = |key: &str| (!is_nil(&status[key])).then(|| int32(&status[key]));
    let conditions = |update: &str| conditions(&status["conditions"], update, clock);
    match body {
        Body::Node(node) => node.conditions = conditions("lastHeartbeatTime"),
        Body::Namespace { terminating, .. } => *terminating = text(&status["phase"]) == "Terminating",
        Body::Deployment(deployment) => {
            let out = &mut deployment.status;
            out.observed_generation = int(&status["observedGeneration"]);
            out.replicas = number("replicas");
            out.updated = number("updatedReplicas");
            out.ready = number("readyReplicas");
            out.available = number("availableReplicas");
            out.unavailable = number("unavailableReplicas");
            out.terminating = optional("terminatingReplicas");
            out.collision_count = optional("collisionCount");
            out.conditions = conditions("lastUpdateTime");
        }
        Body::ReplicaSet(set) => {
            let out = &mut set.status;
            out.observed_generation = int(&status["observedGeneration"]);
            out.replicas = number("replicas");
            out.fully_labeled = number("fullyLabeledReplicas");
            out.ready = number("readyReplicas");
            out.available = number("availableReplicas");
            out.terminating = optional("terminatingReplicas");
            out.conditions = conditions("");
        }
        Body::StatefulSet(set) => {
            let out = &mut set.status;
            out.observed_generation = int(&status["observedGeneration"]);
            out.replicas = number("replicas");
            out.ready = number("readyReplicas");
            out.current = number("currentReplicas");
            out.updated = number("updatedReplicas");
            out.available = number("availableReplicas");
            out.current_revision = short(&status["currentRevision"]);
            out.update_revision = short(&status["updateRevision"]);
            out.collision_count = optional("collisionCount");
            out.conditions = conditions("");
        }
        Body::DaemonSet(set) => {
            let out = &mut set.status;
            out.observed_generation = int(&status["observedGeneration"]);
            out.current = number("currentNumberScheduled");
            out.desired = number("desiredNumberScheduled");
            out.misscheduled = number("numberMisscheduled");
            out.ready = number("numberReady");
            out.updated = number("updatedNumberScheduled");
            out.available = number("numberAvailable");
            out.unavailable = number("numberUnavailable");
            out.collision_count = optional("collisionCount");
            out.conditions = conditions("");
        }
        Body::Job(job) => {
            let out = &mut job.status;
            out.active = number("active");
            out.succeeded = number("succeeded");
            out.failed = number("failed");
            out.ready = optional("ready");
            out.terminating = optional("terminating");
            out.start_time = clock.time_of(text(&status["startTime"]));
            out.completion_time = clock.time_of(text(&status["completionTime"]));
            out.completed_indexes = short(&status["completedIndexes"]);
            out.failed_indexes = status["failedIndexes"].as_str().map(Text::from);
            out.conditions = conditions("lastProbeTime");
        }
        Body::Plain { status: kept } => *kept = std::sync::Arc::new(status.clone()),
        Body::Service(_) | Body::EndpointSlice(_) | Body::Data(_) | Body::PriorityClass { .. } => {}
    }
}

fn time(value: &Value, clock: Clock) -> SimTime {
    clock.time_of(text(value)).unwrap_or(SimTime::ZERO)
}

fn conditions(list: &Value, update: &str, clock: Clock) -> Vec<Condition> {
    let condition = |value: &Value| {
        Some(Condition {
            kind: short(&value["type"]),
            status: ConditionStatus::from_name(text(&value["status"]))?,
            reason: short(&value["reason"]),
            message: short(&value["message"]),
            last_transition: time(&value["lastTransitionTime"], clock),
            last_update: time(&value[update], clock),
        })
    };
    items(list).iter().filter_map(condition).collect()
}

/// A pod's stored status. Containers that it does not name wait for their first start.
pub fn pod_status(status: &Value, spec: &PodSpec, clock: Clock) -> PodStatus {
    let phases = [PodPhase::Running, PodPhase::Succeeded, PodPhase::Failed, PodPhase::Unknown];
    let phase = phases.into_iter().find(|phase| phase.name() == text(&status["phase"])).unwrap_or_default();
    let (reason, message) = (short(&status["reason"]), short(&status["message"]));
    let reported: Vec<&Value> =
        items(&status["initContainerStatuses"]).iter().chain(items(&status["containerStatuses"])).collect();
    let container = |name: &Text| {
        reported
            .iter()
            .find(|written| text(&written["name"]) == name)
            .map_or_else(|| ContainerStatus::waiting(""), |written| container_status(written, clock))
    };
    PodStatus {
        phase,
        reason: (!reason.is_empty() || !message.is_empty()).then(|| Box::new((reason, message))),
        conditions: items(&status["conditions"]).iter().filter_map(|value| pod_condition(value, clock)).collect(),
        start_time: clock.time_of(text(&status["startTime"])).into(),
        pod_ip: ipv4(text(&status["podIP"])),
        containers: if reported.is_empty() {
            Box::default()
        } else {
            spec.containers.iter().map(|written| container(&written.name)).collect()
        },
        granted: None,
    }
}

fn pod_condition(value: &Value, clock: Clock) -> Option<PodCondition> {
    let name = text(&value["type"]);
    Some(PodCondition::new(
        PodConditionType::from_name(name),
        ConditionStatus::from_name(text(&value["status"]))?,
        Why::new(short(&value["reason"]), short(&value["message"])),
        time(&value["lastTransitionTime"], clock),
    ))
}

fn container_status(value: &Value, clock: Clock) -> ContainerStatus {
    let state = &value["state"];
    let last = &value["lastState"]["terminated"];
    ContainerStatus {
        state: if state["running"].is_object() {
            ContainerState::Running { started_at: time(&state["running"]["startedAt"], clock) }
        } else if state["terminated"].is_object() {
            ContainerState::Terminated(Box::new(termination(&state["terminated"], clock)))
        } else {
            let waiting = &state["waiting"];
            ContainerState::Waiting { reason: short(&waiting["reason"]), message: short(&waiting["message"]) }
        },
        last: last.is_object().then(|| Box::new(termination(last, clock))),
        restart_count: u32::try_from(int(&value["restartCount"])).unwrap_or_default(),
        ready: flag(&value["ready"]),
        started: value["started"].as_bool(),
        container_id: 0,
    }
}

/// A run that a signal ended without a reason is named after it, as every reader of the reason shows it.
/// Upstream: pkg/printers/internalversion `printPod`.
fn termination(value: &Value, clock: Clock) -> Termination {
    let (reason, signal) = (short(&value["reason"]), int(&value["signal"]));
    Termination {
        exit_code: int32(&value["exitCode"]),
        reason: if reason.is_empty() && signal != 0 { Text::from(format!("Signal:{signal}")) } else { reason },
        message: short(&value["message"]),
        started_at: time(&value["startedAt"], clock),
        finished_at: time(&value["finishedAt"], clock),
        container_id: 0,
    }
}
