//! Why a workload does not have all its replicas: what the API server refused, what waits for a node, for an image, for a
//! probe, what crashes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Asked, Change, Pending};
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::ContainerState;

/// Why replicas are missing or not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// `quota`, `admission`, `scheduling`, `image`, `configuration`, `crash`, `probe`, `starting`, `deletion`, `paused`,
    /// `rollout`, `controller`.
    pub kind: &'static str,
    /// In words.
    pub why: String,
    /// The pods, as far as there are any.
    pub pods: Vec<String>,
    /// What would help, where that was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
}

/// A workload and what keeps it from being complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadAnswer {
    /// `deployment/web`.
    pub workload: String,
    /// Its namespace.
    pub namespace: String,
    /// Replicas that are wanted, that exist, and that are ready.
    pub desired: i64,
    /// Pods of it.
    pub existing: usize,
    /// Those of them that are ready.
    pub ready: usize,
    /// What is in the way; nothing if all are ready.
    pub causes: Vec<Cause>,
}

impl Asked<'_> {
    /// Why a workload (`deployment/web`, also other kinds that own pods) lacks replicas.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn workload(&mut self, namespace: &str, target: &str) -> Result<WorkloadAnswer, String> {
        let (kind, name) = target.split_once('/').ok_or_else(|| format!("{target:?} is no KIND/NAME"))?;
        let kind = Kind::from_argument(kind)
            .filter(|kind| kind.is_workload())
            .ok_or_else(|| format!("{kind} is no workload"))?;
        let object = self.find(kind, namespace, name)?;
        let pods = self.pods_of(object);
        let active: Vec<PodId> = pods.iter().copied().filter(|pod| self.cluster.pod(*pod).is_active()).collect();
        let ready = active.iter().filter(|pod| self.cluster.pod(**pod).is_ready()).count();
        let view = self.cluster.view(object);
        let number = |path: &str| view.pointer(path).and_then(serde_json::Value::as_i64);
        let desired = match kind {
            Kind::DAEMON_SET => number("/status/desiredNumberScheduled").unwrap_or(0),
            Kind::JOB => number("/spec/parallelism").unwrap_or(1),
            Kind::CRON_JOB => active.len() as i64,
            _ => number("/spec/replicas").unwrap_or(1),
        };
        let mut causes = Vec::new();
        if view["spec"]["paused"] == true {
            let why = "the Deployment is paused: changes of its template wait (kubectl rollout resume)".to_owned();
            causes.push(Cause { kind: "paused", why, pods: Vec::new(), change: None });
        }
        if kind == Kind::JOB && view["spec"]["suspend"] == true {
            let why = "the Job is suspended".to_owned();
            causes.push(Cause { kind: "paused", why, pods: Vec::new(), change: None });
        }
        self.refusals(object, kind, &mut causes);
        for condition in view["status"]["conditions"].as_array().into_iter().flatten() {
            if condition["reason"] == "ProgressDeadlineExceeded" {
                let why = condition["message"].as_str().unwrap_or_default().to_owned();
                causes.push(Cause { kind: "rollout", why, pods: Vec::new(), change: None });
            }
        }
        self.waiting(&active, &mut causes);
        self.unready(&active, &mut causes);
        let leaving: Vec<PodId> =
            pods.iter().copied().filter(|pod| self.cluster.pod(*pod).deletion.is_some()).collect();
        if !leaving.is_empty() {
            let pods = leaving.iter().map(|pod| self.cluster.pod(*pod).name.to_string()).collect();
            causes.push(Cause { kind: "deletion", why: "they are being deleted".to_owned(), pods, change: None });
        }
        if causes.is_empty() && (active.len() as i64) < desired && kind != Kind::JOB {
            let why = "its controller has not made them yet".to_owned();
            causes.push(Cause { kind: "controller", why, pods: Vec::new(), change: None });
        }
        Ok(WorkloadAnswer {
            workload: format!("{}/{name}", kind.name().to_lowercase()),
            namespace: namespace.to_owned(),
            desired,
            existing: active.len(),
            ready,
            causes,
        })
    }

    /// What the API server refused: a quota, another admission plugin; other controllers tell it by Events only.
    fn refusals(&mut self, object: ObjectRef, kind: Kind, causes: &mut Vec<Cause>) {
        let sets: Vec<ObjectRef> = match kind {
            Kind::DEPLOYMENT => self.cluster.owned(object, Kind::REPLICA_SET).collect(),
            _ => vec![object],
        };
        for set in &sets {
            if let Some((why, change)) = self.refusal(*set) {
                causes.push(Cause { kind: kind_of_refusal(&why), why, pods: Vec::new(), change });
                return;
            }
        }
        if kind == Kind::DEPLOYMENT || kind == Kind::REPLICA_SET {
            return;
        }
        let events = &self.cluster.events;
        let failed =
            |row: &&crate::cluster::EventRow| row.object == object && events.sort_of(row).reason == "FailedCreate";
        if let Some(row) = events.rows().iter().filter(failed).max_by_key(|row| row.last) {
            let message = self.cluster.event_message(row).into_owned();
            let kind = kind_of_refusal(&message);
            let (why, change) = self.with_quota(object, message);
            causes.push(Cause { kind, why, pods: Vec::new(), change });
        }
    }

    /// Pods without a node, with what would help.
    fn waiting(&mut self, active: &[PodId], causes: &mut Vec<Cause>) {
        let waiting: Vec<PodId> = active.iter().copied().filter(|pod| self.waits(*pod)).collect();
        if waiting.is_empty() {
            return;
        }
        let Pending { groups, .. } = self.pending_of(&waiting);
        for group in groups {
            for one in group.waiting {
                causes.push(Cause {
                    kind: "scheduling",
                    why: group.reason.clone(),
                    pods: one.pods,
                    change: one.change,
                });
            }
        }
    }

    /// Pods with a node that are not ready.
    fn unready(&self, active: &[PodId], causes: &mut Vec<Cause>) {
        let mut found: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
        for pod in active {
            let row = self.cluster.pod(*pod);
            if row.node.is_some() && !row.is_ready() {
                found.entry(self.why_unready(*pod)).or_default().push(row.name.to_string());
            }
        }
        causes.extend(found.into_iter().map(|((kind, why), pods)| Cause { kind, why, pods, change: None }));
    }

    fn why_unready(&self, pod: PodId) -> (&'static str, String) {
        let row = self.cluster.pod(pod);
        let spec = &self.cluster.template_of(pod).spec;
        for (container, status) in spec.containers.iter().zip(&row.status.containers) {
            let name = &container.name;
            match &status.state {
                ContainerState::Waiting { reason, message } => match reason.as_str() {
                    "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => {
                        return ("image", format!("{name}: {reason}: {}", or(message, &container.image)));
                    }
                    "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
                        return ("configuration", format!("{name}: {reason}: {message}"));
                    }
                    "CrashLoopBackOff" => {
                        let end = status.last.as_ref().map_or(String::new(), |last| {
                            format!(" (it ended with exit code {}, {})", last.exit_code, last.reason)
                        });
                        let restarts = status.restart_count;
                        return ("crash", format!("{name}: CrashLoopBackOff after {restarts} restarts{end}"));
                    }
                    _ => {}
                },
                ContainerState::Terminated(end) if end.exit_code != 0 => {
                    return ("crash", format!("{name}: ended with exit code {}, {}", end.exit_code, end.reason));
                }
                ContainerState::Running { .. } if !status.ready => {
                    let probe = match (&container.startup_probe, status.started) {
                        (Some(_), Some(false) | None) => Some("startup"),
                        _ => container.readiness_probe.as_ref().map(|_| "readiness"),
                    };
                    if let Some(probe) = probe {
                        let said = self.last_event(pod, "Unhealthy");
                        let why = said.unwrap_or_else(|| "no answer yet".to_owned());
                        return ("probe", format!("{name}: its {probe} probe has not succeeded: {why}"));
                    }
                }
                _ => {}
            }
        }
        let volumes = self.last_event(pod, "FailedMount").map(|message| ("configuration", message));
        volumes.unwrap_or_else(|| {
            let waits = row.status.containers.iter().find_map(|status| match &status.state {
                ContainerState::Waiting { reason, .. } if !reason.is_empty() => Some(reason.to_string()),
                _ => None,
            });
            ("starting", waits.unwrap_or_else(|| "its kubelet has not started it yet".to_owned()))
        })
    }

    fn last_event(&self, pod: PodId, reason: &str) -> Option<String> {
        let object = ObjectRef::pod(pod);
        let events = &self.cluster.events;
        let rows = events.rows().iter().filter(|row| row.object == object && events.sort_of(row).reason == reason);
        rows.max_by_key(|row| row.last).map(|row| self.cluster.event_message(row).into_owned())
    }
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

fn kind_of_refusal(message: &str) -> &'static str {
    if message.contains("exceeded quota") { "quota" } else { "admission" }
}
