//! The k8s-openapi type behind each kind: used to check JSON types and field names, never kept.

use k8s_openapi::api::{
    admissionregistration::v1 as admissionregistration, apps::v1 as apps, autoscaling, batch::v1 as batch,
    certificates::v1 as certificates, coordination::v1 as coordination, core::v1 as core, discovery::v1 as discovery,
    flowcontrol::v1 as flowcontrol, networking::v1 as networking, node::v1 as node, policy::v1 as policy,
    rbac::v1 as rbac, resource::v1 as resource, scheduling::v1 as scheduling, storage::v1 as storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use serde::Deserialize;
use serde_json::Value;

use super::super::strict::{self, DecodeError};
use super::super::value::{members, text};
use crate::model::kind::Kind;

macro_rules! check_as {
    ($kind:expr, $value:expr, $($constant:ident $type:ty,)*) => {
        match $kind {
            $(Kind::$constant => strict::check::<$type>($value),)*
            _ => Ok(Vec::new()),
        }
    };
}

/// Checks an object of a built-in kind; returns the paths of unknown fields.
pub(super) fn check(kind: Kind, value: &Value) -> Result<Vec<String>, DecodeError> {
    if kind == Kind::HORIZONTAL_POD_AUTOSCALER && text(&value["apiVersion"]) == "autoscaling/v1" {
        return strict::check::<autoscaling::v1::HorizontalPodAutoscaler>(value);
    }
    check_as!(
        kind, value,
        POD core::Pod,
        NODE core::Node,
        NAMESPACE core::Namespace,
        SERVICE core::Service,
        ENDPOINTS core::Endpoints,
        CONFIG_MAP core::ConfigMap,
        SECRET core::Secret,
        SERVICE_ACCOUNT core::ServiceAccount,
        REPLICATION_CONTROLLER core::ReplicationController,
        PERSISTENT_VOLUME core::PersistentVolume,
        PERSISTENT_VOLUME_CLAIM core::PersistentVolumeClaim,
        RESOURCE_QUOTA core::ResourceQuota,
        LIMIT_RANGE core::LimitRange,
        EVENT core::Event,
        POD_TEMPLATE core::PodTemplate,
        DEPLOYMENT apps::Deployment,
        REPLICA_SET apps::ReplicaSet,
        STATEFUL_SET apps::StatefulSet,
        DAEMON_SET apps::DaemonSet,
        CONTROLLER_REVISION apps::ControllerRevision,
        JOB batch::Job,
        CRON_JOB batch::CronJob,
        ENDPOINT_SLICE discovery::EndpointSlice,
        POD_DISRUPTION_BUDGET policy::PodDisruptionBudget,
        PRIORITY_CLASS scheduling::PriorityClass,
        STORAGE_CLASS storage::StorageClass,
        LEASE coordination::Lease,
        INGRESS networking::Ingress,
        INGRESS_CLASS networking::IngressClass,
        NETWORK_POLICY networking::NetworkPolicy,
        IP_ADDRESS networking::IPAddress,
        SERVICE_CIDR networking::ServiceCIDR,
        ROLE rbac::Role,
        ROLE_BINDING rbac::RoleBinding,
        CLUSTER_ROLE rbac::ClusterRole,
        CLUSTER_ROLE_BINDING rbac::ClusterRoleBinding,
        CSI_DRIVER storage::CSIDriver,
        CSI_NODE storage::CSINode,
        CSI_STORAGE_CAPACITY storage::CSIStorageCapacity,
        VOLUME_ATTACHMENT storage::VolumeAttachment,
        VOLUME_ATTRIBUTES_CLASS storage::VolumeAttributesClass,
        RUNTIME_CLASS node::RuntimeClass,
        MUTATING_WEBHOOK_CONFIGURATION admissionregistration::MutatingWebhookConfiguration,
        VALIDATING_WEBHOOK_CONFIGURATION admissionregistration::ValidatingWebhookConfiguration,
        VALIDATING_ADMISSION_POLICY admissionregistration::ValidatingAdmissionPolicy,
        VALIDATING_ADMISSION_POLICY_BINDING admissionregistration::ValidatingAdmissionPolicyBinding,
        CERTIFICATE_SIGNING_REQUEST certificates::CertificateSigningRequest,
        FLOW_SCHEMA flowcontrol::FlowSchema,
        PRIORITY_LEVEL_CONFIGURATION flowcontrol::PriorityLevelConfiguration,
        DEVICE_CLASS resource::DeviceClass,
        RESOURCE_CLAIM resource::ResourceClaim,
        RESOURCE_CLAIM_TEMPLATE resource::ResourceClaimTemplate,
        RESOURCE_SLICE resource::ResourceSlice,
        HORIZONTAL_POD_AUTOSCALER autoscaling::v2::HorizontalPodAutoscaler,
        CUSTOM_RESOURCE_DEFINITION CustomResourceDefinition,
        API_SERVICE APIService,
    )
}

/// As much of an object as kubectl itself decodes.
#[derive(Deserialize)]
struct Partial {
    #[serde(default)]
    #[expect(dead_code, reason = "only its decoding matters")]
    metadata: Option<ObjectMeta>,
}

/// Checks the types in `metadata` alone.
pub(super) fn check_metadata(value: &Value) -> Result<(), DecodeError> {
    strict::check::<Partial>(value).map(|_| ())
}

/// Has a pod, apart from its labels, annotations and specification, nothing unknown in it?
pub(super) fn check_pod_shell(value: &Value) -> bool {
    let known = members(value).all(|(key, _)| matches!(key, "apiVersion" | "kind" | "metadata" | "spec" | "status"));
    let is_clean = |checked: Result<Vec<String>, _>| checked.is_ok_and(|unknown: Vec<String>| unknown.is_empty());
    // A new pod has no status of its own, but pods of a running cluster come with theirs.
    known
        && is_clean(strict::check::<ObjectMeta>(&value["metadata"]))
        && value.get("status").is_none_or(|status| is_clean(strict::check::<core::PodStatus>(status)))
}

/// Removes the field at a path such as `spec.containers[0].ports[1].port`.
pub(super) fn remove(value: &mut Value, path: &str) {
    let Some(pointer) = pointer(value, path) else { return };
    let (parent, last) = pointer.rsplit_once('/').unwrap_or_default();
    if let Some(Value::Object(members)) = value.pointer_mut(parent) {
        members.remove(&last.replace("~1", "/").replace("~0", "~"));
    }
}

/// The path as a JSON pointer. Map keys may hold dots, so each step takes the longest member that fits.
fn pointer(value: &Value, path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(String::new());
    }
    if let Some(rest) = path.strip_prefix('[') {
        let (index, rest) = rest.split_once(']')?;
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        let item = value.get(index.parse::<usize>().ok()?)?;
        return Some(format!("/{index}{}", pointer(item, rest)?));
    }
    members(value).find_map(|(key, member)| {
        let rest = path.strip_prefix(key)?;
        let rest = match rest.as_bytes().first() {
            None | Some(b'[') => rest,
            Some(b'.') => &rest[1..],
            Some(_) => return None,
        };
        let escaped = key.replace('~', "~0").replace('/', "~1");
        Some(format!("/{escaped}{}", pointer(member, rest)?))
    })
}
