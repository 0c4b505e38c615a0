//! A pod's specification after defaulting: plain data, shared by all pods of a template.

use super::Text;
use super::affinity::{Affinity, TopologySpreadConstraint};
use super::probe::{Lifecycle, Probe};
use super::resources::ResourceList;
use super::taint::Toleration;
use super::volume::{FieldSource, Volume, VolumeMount};

/// `restartPolicy` of a pod or a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RestartPolicy {
    /// After every exit.
    Always,
    /// After a failure.
    OnFailure,
    /// Never.
    Never,
}

impl RestartPolicy {
    /// `Always`, `OnFailure`, `Never`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::OnFailure => "OnFailure",
            Self::Never => "Never",
        }
    }
}

/// `imagePullPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PullPolicy {
    /// Asks the registry each time.
    Always,
    /// Pulls what is not on the node.
    IfNotPresent,
    /// Never pulls.
    Never,
}

/// `preemptionPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PreemptionPolicy {
    /// May preempt.
    PreemptLowerPriority,
    /// May not.
    Never,
}

/// An L4 protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// `TCP`, `UDP`, `SCTP`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

/// One `ports[]` of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPort {
    /// Name, may be empty.
    pub name: Text,
    /// Port in the container.
    pub container_port: u16,
    /// Port on the node, 0 for none (with hostNetwork the API server sets it to the container port).
    pub host_port: u16,
    /// Address on the node; empty is all.
    pub host_ip: Text,
    /// Protocol.
    pub protocol: Protocol,
}

/// Where an environment variable comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvSource {
    /// Text with `$(VAR)` references.
    Value(Text),
    /// A field of the pod or a resource of a container.
    Field(FieldSource),
    /// A key of a ConfigMap.
    ConfigMapKey {
        /// Object.
        name: Text,
        /// Key.
        key: Text,
        /// May it be missing?
        optional: bool,
    },
    /// A variable of a file that a container has written into a volume (gate EnvFiles).
    FileKey {
        /// Volume.
        volume: Text,
        /// Path in it.
        path: Text,
        /// Variable.
        key: Text,
        /// May it be missing?
        optional: bool,
    },
    /// A key of a Secret.
    SecretKey {
        /// Object.
        name: Text,
        /// Key.
        key: Text,
        /// May it be missing?
        optional: bool,
    },
}

/// One `env[]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvVar {
    /// Name.
    pub name: Text,
    /// Where its value comes from.
    pub source: EnvSource,
}

/// One `envFrom[]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFrom {
    /// Put before each key.
    pub prefix: Text,
    /// Is it a Secret (else a ConfigMap)?
    pub secret: bool,
    /// Object.
    pub name: Text,
    /// May it be missing?
    pub optional: bool,
}

/// A rule of `restartPolicyRules` (gate ContainerRestartRules).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartRule {
    /// `Restart` or `RestartAllContainers`.
    pub action: Text,
    /// True: the exit code is in the list; false: it is not.
    pub listed: bool,
    /// Exit codes.
    pub exit_codes: Vec<i32>,
}

impl RestartRule {
    /// Does it restart the whole pod in place?
    pub fn restarts_all_containers(&self) -> bool {
        self.action == "RestartAllContainers"
    }
}

/// The security context of a container, or of its pod where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunAs {
    /// Must it not run as root?
    pub non_root: bool,
    /// As which user, if one is named.
    pub user: Option<i64>,
    /// In which group, if one is named.
    pub group: Option<i64>,
    /// Is its root read-only?
    pub read_only_root: bool,
}

/// A container of any kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// Name.
    pub name: Text,
    /// Image as written.
    pub image: Text,
    /// Pull policy after defaulting.
    pub pull_policy: PullPolicy,
    /// `command`; empty is the image's entry point.
    pub command: Vec<Text>,
    /// `args`; empty is the image's command.
    pub args: Vec<Text>,
    /// Working directory, empty for the image's.
    pub working_dir: Text,
    /// Ports.
    pub ports: Vec<ContainerPort>,
    /// Variables in order.
    pub env: Vec<EnvVar>,
    /// Whole objects as variables.
    pub env_from: Vec<EnvFrom>,
    /// Exact requests.
    pub requests: ResourceList,
    /// Exact limits.
    pub limits: ResourceList,
    /// Mounts.
    pub mounts: Vec<VolumeMount>,
    /// Startup probe.
    pub startup_probe: Option<Probe>,
    /// Readiness probe.
    pub readiness_probe: Option<Probe>,
    /// Liveness probe.
    pub liveness_probe: Option<Probe>,
    /// Hooks.
    pub lifecycle: Lifecycle,
    /// The container's own restart policy: `Always` makes an init container a sidecar.
    pub restart_policy: Option<RestartPolicy>,
    /// Rules that come before the restart policy.
    pub restart_rules: Vec<RestartRule>,
    /// `terminationMessagePath`.
    pub termination_message_path: Text,
    /// Does a failure without a message show the end of the log?
    pub termination_message_from_logs: bool,
    /// As whom it runs.
    pub run_as: RunAs,
    /// Which changes of its resources need a restart.
    pub restarts_for: ResizeRestarts,
}

/// `resizePolicy` of a container: does a change of the resource need a restart?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResizeRestarts {
    /// Of CPU.
    pub cpu: bool,
    /// Of memory.
    pub memory: bool,
}

/// One `hostAliases[]`: names that a pod's hosts file knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostAlias {
    /// Address.
    pub ip: Text,
    /// Names.
    pub hostnames: Vec<Text>,
}

/// What part a container plays in its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContainerKind {
    /// Runs to its end before the next starts.
    Init,
    /// A restartable init container.
    Sidecar,
    /// An ordinary container.
    Main,
    /// One that was added to a pod that runs already, to look into it.
    Ephemeral,
}

/// `spec` of a pod.
#[derive(Clone, Debug, PartialEq)]
pub struct PodSpec {
    /// Init containers (sidecars among them) in order, then the main containers, then ephemeral ones. An index into this
    /// list names a container everywhere in the model.
    pub containers: Vec<Container>,
    /// How many of them are init containers.
    pub init_count: usize,
    /// How many of them are ephemeral.
    pub ephemeral_count: usize,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// Restart policy.
    pub restart_policy: RestartPolicy,
    /// Seconds from TERM to KILL.
    pub termination_grace_period_seconds: i64,
    /// Seconds the pod may be active.
    pub active_deadline_seconds: Option<i64>,
    /// `nodeSelector`, sorted by key.
    pub node_selector: Vec<(Text, Text)>,
    /// `nodeName` as written in the manifest; empty leaves it to the scheduler.
    pub node_name: Text,
    /// Affinity.
    pub affinity: Option<Box<Affinity>>,
    /// Tolerations, those added by admission included.
    pub tolerations: Vec<Toleration>,
    /// Spread constraints.
    pub topology_spread: Vec<TopologySpreadConstraint>,
    /// Scheduler.
    pub scheduler_name: Text,
    /// `priorityClassName`, may be empty.
    pub priority_class: Text,
    /// Priority after admission.
    pub priority: i32,
    /// May it preempt?
    pub preemption_policy: PreemptionPolicy,
    /// Scheduling gates by name.
    pub scheduling_gates: Vec<Text>,
    /// Readiness gates by condition type.
    pub readiness_gates: Vec<Text>,
    /// Shares the node's network.
    pub host_network: bool,
    /// `hostAliases`.
    pub host_aliases: Vec<HostAlias>,
    /// `hostname`, may be empty.
    pub hostname: Text,
    /// `subdomain`, may be empty.
    pub subdomain: Text,
    /// `hostnameOverride`, may be empty.
    pub hostname_override: Text,
    /// `setHostnameAsFQDN`.
    pub full_hostname: bool,
    /// Service account.
    pub service_account: Text,
    /// Runtime class overhead.
    pub overhead: ResourceList,
    /// Pod-level requests (gate PodLevelResources).
    pub pod_requests: ResourceList,
    /// Pod-level limits.
    pub pod_limits: ResourceList,
    /// Are variables for Services set?
    pub enable_service_links: bool,
    /// `imagePullSecrets` by name.
    pub image_pull_secrets: Vec<Text>,
    /// `os.name`, may be empty.
    pub os: Text,
    /// Shares the node's IPC namespace.
    pub host_ipc: bool,
    /// Do its containers share a PID namespace, with one another or with the node? None of their processes is the first
    /// one there, then.
    pub shares_processes: bool,
    /// Names of `securityContext.sysctls`.
    pub sysctls: Vec<Text>,
    /// Volume and path of each file that variables of its containers come from.
    pub env_files: Vec<(Text, Text)>,
}

/// No containers, and what the API server fills in where a manifest says nothing.
impl Default for PodSpec {
    fn default() -> Self {
        Self {
            containers: Vec::new(),
            init_count: 0,
            ephemeral_count: 0,
            volumes: Vec::new(),
            restart_policy: RestartPolicy::Always,
            termination_grace_period_seconds: 30,
            active_deadline_seconds: None,
            node_selector: Vec::new(),
            node_name: Text::default(),
            affinity: None,
            tolerations: Vec::new(),
            topology_spread: Vec::new(),
            scheduler_name: Text::const_new("default-scheduler"),
            priority_class: Text::default(),
            priority: 0,
            preemption_policy: PreemptionPolicy::PreemptLowerPriority,
            scheduling_gates: Vec::new(),
            readiness_gates: Vec::new(),
            host_network: false,
            host_aliases: Vec::new(),
            hostname: Text::default(),
            hostname_override: Text::default(),
            full_hostname: false,
            subdomain: Text::default(),
            service_account: Text::const_new("default"),
            overhead: ResourceList::default(),
            pod_requests: ResourceList::default(),
            pod_limits: ResourceList::default(),
            enable_service_links: true,
            image_pull_secrets: Vec::new(),
            os: Text::default(),
            host_ipc: false,
            shares_processes: false,
            sysctls: Vec::new(),
            env_files: Vec::new(),
        }
    }
}

impl PodSpec {
    /// What part the container at `index` plays.
    pub fn container_kind(&self, index: usize) -> ContainerKind {
        if index >= self.containers.len() - self.ephemeral_count {
            ContainerKind::Ephemeral
        } else if index >= self.init_count {
            ContainerKind::Main
        } else if self.containers[index].restart_policy == Some(RestartPolicy::Always) {
            ContainerKind::Sidecar
        } else {
            ContainerKind::Init
        }
    }

    /// Where the main containers stand.
    pub fn mains(&self) -> std::ops::Range<usize> {
        self.init_count..self.containers.len() - self.ephemeral_count
    }

    /// Where the containers stand that make up the pod: all but ephemeral ones.
    pub fn own(&self) -> std::ops::Range<usize> {
        0..self.mains().end
    }

    /// The main containers.
    pub fn main_containers(&self) -> &[Container] {
        &self.containers[self.mains()]
    }

    /// The init containers, sidecars among them.
    pub fn init_containers(&self) -> &[Container] {
        &self.containers[..self.init_count]
    }
}
