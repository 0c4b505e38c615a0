//! The kinds an API server of v1.36 knows, with the names kubectl accepts for them.
//! A `Kind` is an index into this table; kinds without behaviour in the model are stored and printed only.

use std::fmt;

/// A kind: a built-in one, or one that a CustomResourceDefinition defines (`custom_kind`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(pub u32);

/// What kubectl and the API server call a kind.
#[derive(Debug)]
pub struct KindInfo {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Served versions, the preferred one first.
    pub versions: &'static [&'static str],
    /// `Deployment`.
    pub name: &'static str,
    /// `deployments`.
    pub plural: &'static str,
    /// `deploy`.
    pub short: &'static [&'static str],
    /// Does it live in a namespace?
    pub namespaced: bool,
}

macro_rules! kinds {
    ($($constant:ident = $group:literal [$($version:literal),+] $name:literal $plural:literal [$($short:literal),*] $namespaced:literal;)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "only numbers the constants below")]
        #[repr(u32)]
        enum Index { $($constant),* }

        impl Kind {
            $(#[doc = concat!("`", $name, "`.")] pub const $constant: Self = Self(Index::$constant as u32);)*
        }

        /// All built-in kinds, indexed by `Kind`.
        pub static KINDS: &[KindInfo] = &[
            $(KindInfo { group: $group, versions: &[$($version),+], name: $name, plural: $plural, short: &[$($short),*], namespaced: $namespaced }),*
        ];
    };
}

kinds! {
    POD = "" ["v1"] "Pod" "pods" ["po"] true;
    NODE = "" ["v1"] "Node" "nodes" ["no"] false;
    NAMESPACE = "" ["v1"] "Namespace" "namespaces" ["ns"] false;
    SERVICE = "" ["v1"] "Service" "services" ["svc"] true;
    ENDPOINTS = "" ["v1"] "Endpoints" "endpoints" ["ep"] true;
    CONFIG_MAP = "" ["v1"] "ConfigMap" "configmaps" ["cm"] true;
    SECRET = "" ["v1"] "Secret" "secrets" [] true;
    SERVICE_ACCOUNT = "" ["v1"] "ServiceAccount" "serviceaccounts" ["sa"] true;
    REPLICATION_CONTROLLER = "" ["v1"] "ReplicationController" "replicationcontrollers" ["rc"] true;
    PERSISTENT_VOLUME = "" ["v1"] "PersistentVolume" "persistentvolumes" ["pv"] false;
    PERSISTENT_VOLUME_CLAIM = "" ["v1"] "PersistentVolumeClaim" "persistentvolumeclaims" ["pvc"] true;
    RESOURCE_QUOTA = "" ["v1"] "ResourceQuota" "resourcequotas" ["quota"] true;
    LIMIT_RANGE = "" ["v1"] "LimitRange" "limitranges" ["limits"] true;
    EVENT = "" ["v1"] "Event" "events" ["ev"] true;
    POD_TEMPLATE = "" ["v1"] "PodTemplate" "podtemplates" [] true;
    DEPLOYMENT = "apps" ["v1"] "Deployment" "deployments" ["deploy"] true;
    REPLICA_SET = "apps" ["v1"] "ReplicaSet" "replicasets" ["rs"] true;
    STATEFUL_SET = "apps" ["v1"] "StatefulSet" "statefulsets" ["sts"] true;
    DAEMON_SET = "apps" ["v1"] "DaemonSet" "daemonsets" ["ds"] true;
    CONTROLLER_REVISION = "apps" ["v1"] "ControllerRevision" "controllerrevisions" [] true;
    JOB = "batch" ["v1"] "Job" "jobs" [] true;
    CRON_JOB = "batch" ["v1"] "CronJob" "cronjobs" ["cj"] true;
    HORIZONTAL_POD_AUTOSCALER = "autoscaling" ["v2", "v1"] "HorizontalPodAutoscaler" "horizontalpodautoscalers" ["hpa"] true;
    ENDPOINT_SLICE = "discovery.k8s.io" ["v1"] "EndpointSlice" "endpointslices" [] true;
    POD_DISRUPTION_BUDGET = "policy" ["v1"] "PodDisruptionBudget" "poddisruptionbudgets" ["pdb"] true;
    PRIORITY_CLASS = "scheduling.k8s.io" ["v1"] "PriorityClass" "priorityclasses" ["pc"] false;
    STORAGE_CLASS = "storage.k8s.io" ["v1"] "StorageClass" "storageclasses" ["sc"] false;
    LEASE = "coordination.k8s.io" ["v1"] "Lease" "leases" [] true;
    INGRESS = "networking.k8s.io" ["v1"] "Ingress" "ingresses" ["ing"] true;
    INGRESS_CLASS = "networking.k8s.io" ["v1"] "IngressClass" "ingressclasses" [] false;
    NETWORK_POLICY = "networking.k8s.io" ["v1"] "NetworkPolicy" "networkpolicies" ["netpol"] true;
    IP_ADDRESS = "networking.k8s.io" ["v1"] "IPAddress" "ipaddresses" ["ip"] false;
    SERVICE_CIDR = "networking.k8s.io" ["v1"] "ServiceCIDR" "servicecidrs" [] false;
    ROLE = "rbac.authorization.k8s.io" ["v1"] "Role" "roles" [] true;
    ROLE_BINDING = "rbac.authorization.k8s.io" ["v1"] "RoleBinding" "rolebindings" [] true;
    CLUSTER_ROLE = "rbac.authorization.k8s.io" ["v1"] "ClusterRole" "clusterroles" [] false;
    CLUSTER_ROLE_BINDING = "rbac.authorization.k8s.io" ["v1"] "ClusterRoleBinding" "clusterrolebindings" [] false;
    CSI_DRIVER = "storage.k8s.io" ["v1"] "CSIDriver" "csidrivers" [] false;
    CSI_NODE = "storage.k8s.io" ["v1"] "CSINode" "csinodes" [] false;
    CSI_STORAGE_CAPACITY = "storage.k8s.io" ["v1"] "CSIStorageCapacity" "csistoragecapacities" [] true;
    VOLUME_ATTACHMENT = "storage.k8s.io" ["v1"] "VolumeAttachment" "volumeattachments" [] false;
    VOLUME_ATTRIBUTES_CLASS = "storage.k8s.io" ["v1"] "VolumeAttributesClass" "volumeattributesclasses" ["vac"] false;
    RUNTIME_CLASS = "node.k8s.io" ["v1"] "RuntimeClass" "runtimeclasses" [] false;
    MUTATING_WEBHOOK_CONFIGURATION = "admissionregistration.k8s.io" ["v1"] "MutatingWebhookConfiguration" "mutatingwebhookconfigurations" [] false;
    VALIDATING_WEBHOOK_CONFIGURATION = "admissionregistration.k8s.io" ["v1"] "ValidatingWebhookConfiguration" "validatingwebhookconfigurations" [] false;
    VALIDATING_ADMISSION_POLICY = "admissionregistration.k8s.io" ["v1"] "ValidatingAdmissionPolicy" "validatingadmissionpolicies" [] false;
    VALIDATING_ADMISSION_POLICY_BINDING = "admissionregistration.k8s.io" ["v1"] "ValidatingAdmissionPolicyBinding" "validatingadmissionpolicybindings" [] false;
    CUSTOM_RESOURCE_DEFINITION = "apiextensions.k8s.io" ["v1"] "CustomResourceDefinition" "customresourcedefinitions" ["crd", "crds"] false;
    API_SERVICE = "apiregistration.k8s.io" ["v1"] "APIService" "apiservices" [] false;
    CERTIFICATE_SIGNING_REQUEST = "certificates.k8s.io" ["v1"] "CertificateSigningRequest" "certificatesigningrequests" ["csr"] false;
    FLOW_SCHEMA = "flowcontrol.apiserver.k8s.io" ["v1"] "FlowSchema" "flowschemas" [] false;
    PRIORITY_LEVEL_CONFIGURATION = "flowcontrol.apiserver.k8s.io" ["v1"] "PriorityLevelConfiguration" "prioritylevelconfigurations" [] false;
    DEVICE_CLASS = "resource.k8s.io" ["v1"] "DeviceClass" "deviceclasses" [] false;
    RESOURCE_CLAIM = "resource.k8s.io" ["v1"] "ResourceClaim" "resourceclaims" [] true;
    RESOURCE_CLAIM_TEMPLATE = "resource.k8s.io" ["v1"] "ResourceClaimTemplate" "resourceclaimtemplates" [] true;
    RESOURCE_SLICE = "resource.k8s.io" ["v1"] "ResourceSlice" "resourceslices" [] false;
}

impl Kind {
    /// Kinds that own pods, directly or not.
    pub const WORKLOADS: [Self; 7] = [
        Self::DEPLOYMENT,
        Self::REPLICA_SET,
        Self::REPLICATION_CONTROLLER,
        Self::STATEFUL_SET,
        Self::DAEMON_SET,
        Self::JOB,
        Self::CRON_JOB,
    ];

    /// Does the kind own pods, directly or not?
    pub fn is_workload(self) -> bool {
        Self::WORKLOADS.contains(&self)
    }

    /// Where the pod template of a workload's manifest is, as a JSON pointer.
    pub fn template_path(self) -> &'static str {
        if self == Self::CRON_JOB { "/spec/jobTemplate/spec/template" } else { "/spec/template" }
    }

    /// Names and versions.
    pub fn info(self) -> &'static KindInfo {
        KINDS.get(self.0 as usize).unwrap_or_else(|| super::custom_kind::info(self))
    }

    /// `Deployment`.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// `deployments`.
    pub fn plural(self) -> &'static str {
        self.info().plural
    }

    /// `deployments.apps`, or `pods` in the core group: how API errors name a resource.
    pub fn resource(self) -> String {
        let info = self.info();
        if info.group.is_empty() { info.plural.to_owned() } else { format!("{}.{}", info.plural, info.group) }
    }

    /// `deployment.apps`, or `pod` in the core group: how kubectl prints an object's kind before a slash.
    pub fn printed(self) -> String {
        let info = self.info();
        let singular = info.name.to_ascii_lowercase();
        if info.group.is_empty() { singular } else { format!("{singular}.{}", info.group) }
    }

    /// `apps/v1`, `v1`: the preferred version.
    pub fn api_version(self) -> String {
        let info = self.info();
        if info.group.is_empty() { info.versions[0].to_owned() } else { format!("{}/{}", info.group, info.versions[0]) }
    }

    /// Built-in kinds with a scale.
    pub const SCALABLE: [Self; 4] =
        [Self::DEPLOYMENT, Self::REPLICA_SET, Self::STATEFUL_SET, Self::REPLICATION_CONTROLLER];

    /// Does it live in a namespace?
    pub fn is_namespaced(self) -> bool {
        self.info().namespaced
    }

    /// All built-in kinds in table order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..KINDS.len() as u32).map(Self)
    }

    /// The kind of a manifest's `apiVersion` and `kind`; `None` for what is not built in or not served.
    pub fn from_manifest(api_version: &str, kind: &str) -> Option<Self> {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        Self::all().find(|candidate| {
            let info = candidate.info();
            info.name == kind && info.group == group && info.versions.contains(&version)
        })
    }

    /// The built-in kind kubectl means by `po`, `pods`, `Pod`, `deployment`, `deployments.apps` or `deployments.v1.apps`.
    pub fn from_argument(argument: &str) -> Option<Self> {
        Self::all().find(|candidate| candidate.answers_to(argument))
    }

    /// Does kubectl mean it by this word?
    pub fn answers_to(self, argument: &str) -> bool {
        let wanted = argument.to_ascii_lowercase();
        let (resource, group) = wanted.split_once('.').unwrap_or((&wanted, ""));
        let info = self.info();
        let is_named =
            info.plural == resource || info.short.contains(&resource) || info.name.eq_ignore_ascii_case(resource);
        let is_versioned = || info.versions.iter().any(|version| group == format!("{version}.{}", info.group));
        is_named && (group.is_empty() || info.group == group || is_versioned())
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectl_arguments_name_kinds() {
        for (argument, kind) in [
            ("po", Kind::POD),
            ("Deployment", Kind::DEPLOYMENT),
            ("deployments.apps", Kind::DEPLOYMENT),
            ("deployments.v1.apps", Kind::DEPLOYMENT),
            ("cm", Kind::CONFIG_MAP),
        ] {
            assert_eq!(Kind::from_argument(argument), Some(kind), "{argument}");
        }
        assert_eq!(Kind::from_argument("deployments.batch"), None);
    }

    #[test]
    fn manifests_name_kinds_with_their_served_version() {
        assert_eq!(Kind::from_manifest("apps/v1", "Deployment"), Some(Kind::DEPLOYMENT));
        assert_eq!(Kind::from_manifest("extensions/v1beta1", "Deployment"), None);
        assert_eq!(Kind::from_manifest("v1", "Pod"), Some(Kind::POD));
    }
}
