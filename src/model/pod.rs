//! A pod's row: identity, placement and status. Everything else is in its template.

use super::Text;
use super::labels::Labels;
use super::object::{Deletion, NamespaceId, NodeId, ObjectRef, OwnerReference, TemplateId};
use crate::engine::SimTime;
use crate::engine::time::MaybeTime;

pub use super::pod_condition::{PodCondition, PodConditionType, Why};

/// `status.phase`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PodPhase {
    /// Not all containers have been started once.
    #[default]
    Pending,
    /// Bound, and at least one container runs or restarts.
    Running,
    /// All containers ended with 0 and stay so.
    Succeeded,
    /// All containers ended, one at least with a failure.
    Failed,
    /// The node does not report.
    Unknown,
}

impl PodPhase {
    /// `Pending`, `Running`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
        }
    }

    /// The phase of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Pending, Self::Running, Self::Succeeded, Self::Failed, Self::Unknown];
        all.into_iter().find(|phase| phase.name() == name)
    }

    /// Succeeded or Failed: for ever.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// A pod's row. Small on purpose: there may be a million of them.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Name.
    pub name: Text,
    /// Namespace.
    pub namespace: NamespaceId,
    /// What it shares with its siblings: labels, annotations, specification.
    pub template: TemplateId,
    /// The managing controller, or `ObjectRef::NONE`.
    pub controller: ObjectRef,
    /// Where it is bound, or `NodeId::NONE`.
    pub node: NodeId,
    /// `status.nominatedNodeName`, or `NodeId::NONE`.
    pub nominated: NodeId,
    /// `metadata.generation`.
    pub generation: u32,
    /// Creation.
    pub created: SimTime,
    /// Index of its last change in the log.
    pub resource_version: u64,
    /// A deletion under way.
    pub deletion: Option<Deletion>,
    /// Has it left the API? The row stays so that late watchers can still read it.
    pub deleted: bool,
    /// What only some pods have.
    pub extra: Option<Box<PodExtra>>,
    /// Status.
    pub status: PodStatus,
}

const _: () = assert!(size_of::<Pod>() <= 184);

/// What only some pods have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodExtra {
    /// `metadata.finalizers`.
    pub finalizers: Vec<Text>,
    /// Owners that are not the controller.
    pub owners: Vec<OwnerReference>,
    /// `metadata.generateName`.
    pub generate_name: Text,
    /// Is it the mirror of a static pod?
    pub mirror: bool,
    /// For the pod of an Indexed Job: all of them share one template.
    pub completion: Option<Completion>,
}

/// What sets the pod of an Indexed Job apart from those of other indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Label and annotation `batch.kubernetes.io/job-completion-index`.
    pub index: u32,
    /// Annotations `batch.kubernetes.io/job-index-failure-count` and `…-ignored-failure-count`, where failures of
    /// single indexes count.
    pub failures: Option<(u32, u32)>,
}

/// Label and annotation of an index. Upstream: apis/batch/v1 `JobCompletionIndexAnnotation`.
pub const COMPLETION_INDEX: &str = "batch.kubernetes.io/job-completion-index";
const FAILURE_COUNT: &str = "batch.kubernetes.io/job-index-failure-count";
const IGNORED_FAILURE_COUNT: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

impl Completion {
    /// A template's labels with those of the index.
    pub fn labels(self, template: &Labels) -> Labels {
        template.with(COMPLETION_INDEX, &self.index.to_string())
    }

    /// A template's annotations with those of the index.
    pub fn annotations(self, template: &Labels) -> Labels {
        let own = template.with(COMPLETION_INDEX, &self.index.to_string());
        let Some((failures, ignored)) = self.failures else { return own };
        let own = own.with(FAILURE_COUNT, &failures.to_string());
        if ignored == 0 { own } else { own.with(IGNORED_FAILURE_COUNT, &ignored.to_string()) }
    }
}

/// `status`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodStatus {
    /// Phase.
    pub phase: PodPhase,
    /// `reason` and `message` of the whole pod (Evicted, OutOfcpu, …).
    pub reason: Option<Box<(Text, Text)>>,
    /// Conditions in the order the API server shows them.
    pub conditions: Vec<PodCondition>,
    /// When the kubelet first saw it.
    pub start_time: MaybeTime,
    /// Pod IP as an IPv4 number, 0 for none.
    pub pod_ip: u32,
    /// One entry for each container of the template, in its order; empty before the kubelet's first status.
    pub containers: Box<[ContainerStatus]>,
    /// What it has of CPU and memory, while that is not what its specification asks for.
    pub granted: Option<Box<Granted>>,
}

/// What a pod that is being resized in place has. A template stands for the resources in it, and for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// `containerStatuses[].allocatedResources`: what its kubelet has promised it.
    pub allocated: TemplateId,
    /// `containerStatuses[].resources`: what each container really has, in the template's order.
    pub actual: Box<[TemplateId]>,
    /// What schedulers and quotas count: the most that the specification or the status names.
    pub counted: TemplateId,
    /// `observedGeneration` of the condition `PodResizeInProgress`.
    pub generation: u32,
}

/// What a container does now, as the status shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// Not running: why.
    Waiting {
        /// `ContainerCreating`, `CrashLoopBackOff`, …; may be empty.
        reason: Text,
        /// Message, may be empty.
        message: Text,
    },
    /// Running.
    Running {
        /// Since when.
        started_at: SimTime,
    },
    /// Ended.
    Terminated(Box<Termination>),
}

/// How a container run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Termination {
    /// Exit code.
    pub exit_code: i32,
    /// `Completed`, `Error`, `OOMKilled`, …
    pub reason: Text,
    /// Termination message, may be empty.
    pub message: Text,
    /// Start.
    pub started_at: SimTime,
    /// End.
    pub finished_at: SimTime,
    /// Which run it was, counted over the node.
    pub container_id: u64,
}

/// `containerStatuses[]`, `initContainerStatuses[]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerStatus {
    /// State.
    pub state: ContainerState,
    /// The run before.
    pub last: Option<Box<Termination>>,
    /// Restarts.
    pub restart_count: u32,
    /// Ready?
    pub ready: bool,
    /// Passed its startup probe? `None` before it was ever started.
    pub started: Option<bool>,
    /// Which run it is, counted over the node; 0 for none.
    pub container_id: u64,
}

impl ContainerStatus {
    /// A container that waits for its first start.
    pub fn waiting(reason: &'static str) -> Self {
        Self {
            state: ContainerState::Waiting { reason: Text::const_new(reason), message: Text::default() },
            last: None,
            restart_count: 0,
            ready: false,
            started: Some(false),
            container_id: 0,
        }
    }
}

impl PodStatus {
    /// The condition of this type.
    pub fn condition(&self, kind: PodConditionType<'_>) -> Option<&PodCondition> {
        self.conditions.iter().find(|condition| condition.is(kind))
    }

    /// Is the condition there and `True`?
    pub fn is_condition_true(&self, kind: PodConditionType<'_>) -> bool {
        self.condition(kind).is_some_and(|condition| condition.status.is_true())
    }

    /// Sets a condition; its transition time changes only with its status. Returns whether anything changed.
    /// Upstream: pkg/api/v1/pod `UpdatePodCondition`.
    pub fn set_condition(&mut self, mut condition: PodCondition) -> bool {
        let Some(old) = self.conditions.iter_mut().find(|candidate| candidate.is(condition.kind())) else {
            self.conditions.push(condition);
            return true;
        };
        if old.status == condition.status {
            condition.last_transition = old.last_transition;
        }
        let changed = *old != condition;
        *old = condition;
        changed
    }
}

impl Pod {
    /// A row as it is when the API server makes it, without controller, node and status.
    pub fn new(name: Text, namespace: NamespaceId, template: TemplateId, created: SimTime) -> Self {
        Self {
            name,
            namespace,
            template,
            controller: ObjectRef::NONE,
            node: NodeId::NONE,
            nominated: NodeId::NONE,
            generation: 1,
            created,
            resource_version: 0,
            deletion: None,
            deleted: false,
            extra: None,
            status: PodStatus::default(),
        }
    }

    /// Neither ended nor being deleted. Upstream: controller `IsPodActive`.
    pub fn is_active(&self) -> bool {
        !self.status.phase.is_terminal() && self.deletion.is_none()
    }

    /// Upstream: pkg/api/v1/pod `IsPodReady`.
    pub fn is_ready(&self) -> bool {
        self.status.is_condition_true(PodConditionType::Ready)
    }

    /// Ready for at least `min_ready_seconds`. Upstream: pkg/api/v1/pod `IsPodAvailable`.
    pub fn is_available(&self, min_ready_seconds: i32, now: SimTime) -> bool {
        let Some(ready) = self.status.condition(PodConditionType::Ready).filter(|condition| condition.status.is_true())
        else {
            return false;
        };
        min_ready_seconds == 0
            || ready.last_transition + crate::engine::SimDuration::from_secs(min_ready_seconds as u64) <= now
    }

    /// A template with the resources that its kubelet has promised it.
    pub fn allocated(&self) -> TemplateId {
        self.status.granted.as_ref().map_or(self.template, |granted| granted.allocated)
    }

    /// A template with the resources that schedulers and quotas count.
    pub fn counted(&self) -> TemplateId {
        self.status.granted.as_ref().map_or(self.template, |granted| granted.counted)
    }

    /// What sets the pod of an Indexed Job apart.
    pub fn completion(&self) -> Option<Completion> {
        self.extra.as_ref().and_then(|extra| extra.completion)
    }

    /// Finalizers, none for most pods.
    pub fn finalizers(&self) -> &[Text] {
        self.extra.as_ref().map_or(&[], |extra| &extra.finalizers)
    }
}
