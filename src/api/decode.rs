//! One manifest to what `cluster` stores: kind, strict types, defaults, validation, columns.
//! Pure; admission, allocation of names and addresses, and everything that depends on other objects is the cluster's.

mod cache;
mod types;
mod update;

use std::sync::Arc;

use serde_json::{Value, json};

pub use self::cache::DecodeCache;
pub use self::update::{Subresource, decode_subresource, decode_update};
use super::custom::{CustomKind, CustomKinds};
use super::decoded::{Decoded, DecodedBody, OwnerClaim};
use super::go_types::{GoStruct, cluster as cluster_types, pod as pod_types, workload as workload_types};
use super::status::{Reason, Status};
use super::value::{Object, find_mut, flag, is_nil, items, short, text, texts};
use super::{canonical, convert, defaults, validation};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::pod_template::PodTemplate;

/// Why an object is refused, and by whom: kubectl words each of them differently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// kubectl: a document without apiVersion or kind.
    #[error("{0}")]
    NotSet(String),
    /// kubectl: the metadata does not decode (`json: cannot unmarshal …`).
    #[error("{0}")]
    Metadata(String),
    /// kubectl: the server has no such kind.
    #[error("no matches for kind \"{kind}\" in version \"{api_version}\"")]
    NoMatch {
        /// As written.
        kind: String,
        /// As written.
        api_version: String,
    },
    /// The server's own refusal.
    #[error("{0}")]
    Server(#[from] Status),
}

/// How to treat unknown fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValidation {
    /// Refuse them.
    Strict,
    /// Store the object without them, and return them as warnings.
    Warn,
}

/// Decodes one object. `default_namespace` is used where a namespaced object names none.
pub fn decode(
    value: Value,
    default_namespace: &str,
    fields: FieldValidation,
    cache: &mut DecodeCache,
) -> Result<Decoded, DecodeError> {
    decode_with_warnings(value, default_namespace, fields, cache).map(|(decoded, _)| decoded)
}

/// As `decode`, with the server's warnings: unknown fields that were dropped, and doubtful but valid ones. An equal pod
/// decoded before warns only the first time.
pub fn decode_with_warnings(
    value: Value,
    default_namespace: &str,
    fields: FieldValidation,
    cache: &mut DecodeCache,
) -> Result<(Decoded, Vec<String>), DecodeError> {
    let kind = identify_among(&value, &cache.custom)?;
    if kind == Kind::POD
        && let Some(template) = cache.find(&value)
        && types::check_pod_shell(&value)
    {
        return shell_of_pod(&value, default_namespace, template).map(|decoded| (decoded, Vec::new()));
    }
    let typed = Typed::new(kind, value, fields, cache)?;
    let errors = match cache.next_job_uid.as_str() {
        uid if kind == Kind::JOB && !uid.is_empty() => {
            let mut identified = typed.value.clone();
            let name = text(&typed.value["metadata"]["name"]);
            let object = identified.as_object_mut().expect("an object was identified");
            defaults::job_identity(object, name, uid);
            identified["metadata"]["uid"] = Value::from(uid);
            validation::validate(kind, &identified)
        }
        _ => validation::validate_new(kind, &typed.value, cache.scale_to_zero),
    };
    let own = typed.custom.as_ref().map_or_else(Vec::new, |custom| custom.validate(&typed.value, None));
    let errors: Vec<String> = errors.into_iter().chain(own).collect();
    Ok(typed.refuse(errors)?.into_model(default_namespace, cache))
}

/// An object whose fields have the right types and their defaults.
struct Typed {
    kind: Kind,
    value: Value,
    unknown: Vec<String>,
    key: Option<cache::Key>,
    custom: Option<CustomKind>,
}

impl Typed {
    fn new(kind: Kind, mut value: Value, fields: FieldValidation, cache: &DecodeCache) -> Result<Self, DecodeError> {
        let mut unknown = types::check(kind, &value).map_err(|error| not_handled(&value, &error.to_string()))?;
        let custom = cache.custom.get(kind).cloned();
        if let Some(custom) = &custom {
            unknown.extend(custom.unknown_fields(&value));
        }
        if !unknown.is_empty() && fields == FieldValidation::Strict {
            let listed: Vec<String> = unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
            return Err(not_handled(&value, &format!("strict decoding error: {}", listed.join(", "))));
        }
        for path in &unknown {
            types::remove(&mut value, path);
        }
        let key = (kind == Kind::POD).then(|| DecodeCache::key(&value));
        if !value["metadata"].is_object() {
            value["metadata"] = json!({});
        }
        if let Some(custom) = &custom {
            custom.apply_defaults(&mut value);
        }
        let object = value.as_object_mut().expect("an object was identified");
        defaults::apply(kind, object);
        canonical_form(kind, object);
        Ok(Self { kind, value, unknown, key, custom })
    }

    fn refuse(self, errors: Vec<String>) -> Result<Self, DecodeError> {
        if errors.is_empty() {
            return Ok(self);
        }
        let name = text(&self.value["metadata"]["name"]);
        Err(Status::invalid(self.kind.info().group, self.kind.name(), name, errors).into())
    }

    fn into_model(self, default_namespace: &str, cache: &mut DecodeCache) -> (Decoded, Vec<String>) {
        let mut warnings: Vec<String> = self.unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
        warnings.extend(validation::warnings(self.kind, &self.value));
        (to_model(self.kind, self.value, default_namespace, self.key, cache), warnings)
    }
}

/// Decodes an object that a server has stored: neither validated nor refused for fields that are unknown here.
pub fn stored(mut value: Value, cache: &mut DecodeCache) -> Result<Decoded, DecodeError> {
    let kind = identify_among(&value, &cache.custom)?;
    let unknown = types::check(kind, &value).map_err(|error| not_handled(&value, &error.to_string()))?;
    for path in &unknown {
        types::remove(&mut value, path);
    }
    let object = value.as_object_mut().expect("an object was identified");
    defaults::apply(kind, object);
    canonical_form(kind, object);
    Ok(to_model(kind, value, "default", None, cache))
}

/// An object as the server would print it: without fields that it does not know, with its defaults, in canonical form.
///
/// # Errors
/// A field of a wrong type, or a kind that is none.
pub fn completed(value: Value, cache: &DecodeCache) -> Result<Value, DecodeError> {
    let kind = identify_among(&value, &cache.custom)?;
    Typed::new(kind, value, FieldValidation::Warn, cache).map(|typed| typed.value)
}

/// An object without the fields that this version does not know, and their paths.
///
/// # Errors
/// A field of a wrong type, or a kind that is none.
pub fn known_fields(mut value: Value) -> Result<(Value, Vec<String>), DecodeError> {
    let kind = identify(&value)?;
    let unknown = types::check(kind, &value).map_err(|error| not_handled(&value, &error.to_string()))?;
    for path in &unknown {
        types::remove(&mut value, path);
    }
    Ok((value, unknown))
}

/// The kind of an object for a server that serves `custom` too.
pub fn identify_among(value: &Value, custom: &CustomKinds) -> Result<Kind, DecodeError> {
    identify(value).or_else(|error| match error {
        DecodeError::NoMatch { kind, api_version } => {
            let known = custom.of_manifest(&api_version, &kind);
            let guess = || custom.store_unknown.then(|| CustomKind::of_object(&api_version, &kind).kind);
            known.or_else(guess).ok_or(DecodeError::NoMatch { kind, api_version })
        }
        other => Err(other),
    })
}

/// The built-in kind of an object, or what kubectl says of it.
pub fn identify(value: &Value) -> Result<Kind, DecodeError> {
    let (api_version, kind_name) = (text(&value["apiVersion"]), text(&value["kind"]));
    if !value.is_object() {
        return Err(DecodeError::NotSet("invalid object to validate".to_owned()));
    }
    let missing: Vec<&str> = [("apiVersion not set", api_version), ("kind not set", kind_name)]
        .into_iter()
        .filter_map(|(message, found)| found.is_empty().then_some(message))
        .collect();
    match missing.as_slice() {
        [] => {}
        [one] => return Err(DecodeError::NotSet((*one).to_owned())),
        several => return Err(DecodeError::NotSet(format!("[{}]", several.join(", ")))),
    }
    types::check_metadata(value).map_err(|error| DecodeError::Metadata(error.to_string()))?;
    if let Some(kind) = Kind::from_manifest(api_version, kind_name) {
        return Ok(kind);
    }
    let other_case = Kind::all().find(|kind| {
        kind.name().eq_ignore_ascii_case(kind_name) && Kind::from_manifest(api_version, kind.name()) == Some(*kind)
    });
    Err(match other_case {
        Some(kind) if kind_name == kind.name().to_ascii_lowercase() => {
            let version = api_version.rsplit('/').next().unwrap_or_default();
            let message = format!(
                "{kind_name} in version \"{version}\" cannot be handled as a {}: no kind \"{kind_name}\" is registered for version \"{api_version}\" in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\"",
                kind.name()
            );
            Status::new(Reason::BadRequest, message).into()
        }
        _ => DecodeError::NoMatch { kind: kind_name.to_owned(), api_version: api_version.to_owned() },
    })
}

fn not_handled(value: &Value, why: &str) -> DecodeError {
    let kind = text(&value["kind"]);
    let version = text(&value["apiVersion"]).rsplit('/').next().unwrap_or_default();
    let message = format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}");
    Status::new(Reason::BadRequest, message).into()
}

/// Takes away what a structure of this kind would not hold.
pub fn drop_unknown_fields(kind: Kind, value: &mut Value) {
    for path in types::check(kind, value).unwrap_or_default() {
        types::remove(value, &path);
    }
}

/// The Go structure of a kind's `spec`.
pub(in crate::api) fn spec_type(kind: Kind) -> Option<&'static GoStruct> {
    Some(match kind {
        Kind::POD => &pod_types::POD_SPEC,
        Kind::DEPLOYMENT => &workload_types::DEPLOYMENT_SPEC,
        Kind::REPLICA_SET => &workload_types::REPLICA_SET_SPEC,
        Kind::REPLICATION_CONTROLLER => &workload_types::REPLICATION_CONTROLLER_SPEC,
        Kind::STATEFUL_SET => &workload_types::STATEFUL_SET_SPEC,
        Kind::DAEMON_SET => &workload_types::DAEMON_SET_SPEC,
        Kind::JOB => &workload_types::JOB_SPEC,
        Kind::CRON_JOB => &workload_types::CRON_JOB_SPEC,
        Kind::POD_DISRUPTION_BUDGET => &workload_types::POD_DISRUPTION_BUDGET_SPEC,
        Kind::SERVICE => &cluster_types::SERVICE_SPEC,
        Kind::NODE => &cluster_types::NODE_SPEC,
        Kind::NAMESPACE => &cluster_types::NAMESPACE_SPEC,
        Kind::PERSISTENT_VOLUME => &cluster_types::PERSISTENT_VOLUME_SPEC,
        Kind::PERSISTENT_VOLUME_CLAIM => &super::go_types::volume::PERSISTENT_VOLUME_CLAIM_SPEC,
        Kind::RESOURCE_QUOTA => &cluster_types::RESOURCE_QUOTA_SPEC,
        Kind::LIMIT_RANGE => &cluster_types::LIMIT_RANGE_SPEC,
        Kind::HORIZONTAL_POD_AUTOSCALER => &cluster_types::HORIZONTAL_POD_AUTOSCALER_SPEC,
        Kind::NETWORK_POLICY => &cluster_types::NETWORK_POLICY_SPEC,
        _ => return None,
    })
}

/// What the server would print of the stored object.
fn canonical_form(kind: Kind, object: &mut Object) {
    if let Some(metadata) = find_mut(object, "metadata") {
        canonical::structure(metadata, &pod_types::OBJECT_META);
    }
    match spec_type(kind) {
        Some(spec) => {
            if let Some(members) = find_mut(object, "spec") {
                canonical::structure(members, spec);
            }
        }
        None if kind == Kind::CUSTOM_RESOURCE_DEFINITION => {}
        None => {
            for (_, member) in object.iter_mut().filter(|(key, _)| *key != "metadata") {
                canonical::without_nulls(member);
            }
        }
    }
    object.retain(|_, member| !member.is_null());
}

/// Where a kind keeps its pod template. Exhaustive over the kinds that have one.
fn template_of(kind: Kind, object: &Value) -> Option<&Value> {
    let spec = &object["spec"];
    let template = match kind {
        Kind::DEPLOYMENT
        | Kind::REPLICA_SET
        | Kind::REPLICATION_CONTROLLER
        | Kind::STATEFUL_SET
        | Kind::DAEMON_SET
        | Kind::JOB => &spec["template"],
        Kind::CRON_JOB => &spec["jobTemplate"]["spec"]["template"],
        Kind::POD_TEMPLATE => &object["template"],
        _ => return None,
    };
    (!is_nil(template)).then_some(template)
}

fn to_model(
    kind: Kind,
    mut value: Value,
    default_namespace: &str,
    key: Option<cache::Key>,
    cache: &mut DecodeCache,
) -> Decoded {
    let body = if kind == Kind::POD {
        let known = key.as_ref().and_then(|key| cache.find_key(key));
        DecodedBody::Pod(known.unwrap_or_else(|| {
            let template = Arc::new(convert::pod_template(&value));
            if let Some(key) = key {
                cache.insert(key, &template);
            }
            template
        }))
    } else {
        let template = template_of(kind, &value).map(|template| cache.shared(template));
        let body = if kind.is_custom() {
            let has_endpoint =
                cache.custom.get(kind).is_some_and(|custom| custom.has_status_endpoint(text(&value["apiVersion"])));
            let status = if has_endpoint { Value::Null } else { value["status"].clone() };
            crate::model::object::Body::Plain { status: Arc::new(status) }
        } else {
            with_status(kind, convert::body(kind, &value), &value)
        };
        DecodedBody::Other { body, template }
    };
    let mut decoded = identity(kind, &value, default_namespace);
    decoded.raw = match &body {
        DecodedBody::Pod(template) => Arc::clone(&template.raw),
        DecodedBody::Other { .. } => {
            strip_server_side(&mut value);
            Arc::new(value)
        }
    };
    decoded.body = body;
    decoded
}

/// A written status is dropped, except where no controller of the model would make one.
fn with_status(kind: Kind, body: crate::model::object::Body, value: &Value) -> crate::model::object::Body {
    use crate::model::object::Body;
    match body {
        Body::Plain { .. } => Body::Plain { status: Arc::new(initial_status(kind, &value["status"])) },
        other => other,
    }
}

/// The status of a new object of a kind without columns.
fn initial_status(kind: Kind, _written: &Value) -> Value {
    match kind {
        Kind::PERSISTENT_VOLUME | Kind::PERSISTENT_VOLUME_CLAIM => json!({"phase": "Pending"}),
        Kind::HORIZONTAL_POD_AUTOSCALER => json!({"currentMetrics": null, "desiredReplicas": 0}),
        Kind::POD_DISRUPTION_BUDGET => {
            json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0})
        }
        Kind::INGRESS => json!({"loadBalancer": {}}),
        Kind::CRON_JOB | Kind::RESOURCE_QUOTA => json!({}),
        _ => Value::Null,
    }
}

/// Server-managed metadata and status leave `raw`: columns and views supply them.
fn strip_server_side(value: &mut Value) {
    let object = value.as_object_mut().expect("an object was identified");
    object.remove("status");
    if let Some(metadata) = find_mut(object, "metadata") {
        for key in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink"] {
            metadata.remove(key);
        }
        for key in ["deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences"] {
            metadata.remove(key);
        }
    }
}

/// Everything of `metadata`; body and raw are filled in by the caller.
fn identity(kind: Kind, value: &Value, default_namespace: &str) -> Decoded {
    let metadata = &value["metadata"];
    let written = text(&metadata["namespace"]);
    let namespace = match (kind.is_namespaced(), written) {
        (false, _) => "",
        (true, "") => default_namespace,
        (true, written) => written,
    };
    let owners = items(&metadata["ownerReferences"]).iter().map(|owner| OwnerClaim {
        uid: short(&owner["uid"]),
        controller: flag(&owner["controller"]),
        block_owner_deletion: flag(&owner["blockOwnerDeletion"]),
    });
    let name = short(&metadata["name"]);
    let generate_name = if name.is_empty() { short(&metadata["generateName"]) } else { Text::default() };
    Decoded {
        kind,
        namespace: namespace.into(),
        name,
        generate_name,
        labels: Arc::new(convert::labels(&metadata["labels"])),
        annotations: Arc::new(convert::labels(&metadata["annotations"])),
        finalizers: texts(&metadata["finalizers"]),
        owners: owners.collect(),
        resource_version: short(&metadata["resourceVersion"]),
        raw: Arc::new(Value::Null),
        body: DecodedBody::Other { body: crate::model::object::Body::default(), template: None },
    }
}

/// A pod whose labels, annotations and specification were decoded before: only its metadata is new.
fn shell_of_pod(value: &Value, default_namespace: &str, template: Arc<PodTemplate>) -> Result<Decoded, DecodeError> {
    let errors = validation::metadata(Kind::POD, &value["metadata"]);
    if !errors.is_empty() {
        let name = text(&value["metadata"]["name"]);
        return Err(Status::invalid("", "Pod", name, errors).into());
    }
    let mut decoded = identity(Kind::POD, value, default_namespace);
    decoded.labels = Arc::clone(&template.labels);
    decoded.annotations = Arc::clone(&template.annotations);
    decoded.raw = Arc::clone(&template.raw);
    decoded.body = DecodedBody::Pod(template);
    Ok(decoded)
}

#[cfg(test)]
mod tests;
