//! What the API server stores for a manifest, without any controller.

use std::path::Path;
use std::sync::Arc;

use kubelapse::api::admission::{self, AdmissionInput, LimitRange, PriorityClassView, ServiceAccountView};
use kubelapse::api::view::{self, ObjectContext, PodContext, UncountedView};
use kubelapse::api::{Clock, DecodeCache, Decoded, DecodedBody, FieldValidation, decode, defaults, yaml};
use kubelapse::engine::{SimDuration, SimTime};
use kubelapse::model::condition::ConditionStatus;
use kubelapse::model::kind::Kind;
use kubelapse::model::labels::Labels;
use kubelapse::model::object::{Body, NamespaceId, NodeId, Object, ObjectMeta, ObjectRef, TemplateId};
use kubelapse::model::pod::{Pod, PodCondition, PodConditionType, PodExtra, PodStatus, Why};
use kubelapse::model::pod_template::PodTemplate;
use serde_json::{Value, json};

use super::suite::{Outcome, first_difference, json_lines};

const CLOCK: Clock = Clock { epoch_seconds: 0, warmup: SimDuration::ZERO };

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "api", "defaults")?;
    Some(cases.iter().map(|case| (case["name"].as_str().unwrap_or_default().to_owned(), one(case))).collect())
}

/// What stands in the cluster before.
#[derive(Default)]
struct Before {
    limit_ranges: Vec<LimitRange>,
    priority_classes: Vec<PriorityClassView>,
    storage_class: Option<String>,
}

fn one(case: &Value) -> Result<(), String> {
    let mut before = Before::default();
    for manifest in case["before"].as_array().into_iter().flatten() {
        for decoded in decode_all(manifest.as_str().unwrap_or_default())? {
            note(&mut before, &decoded);
        }
    }
    let mut decoded = decode_all(case["manifest"].as_str().unwrap_or_default())?;
    let Some(decoded) = decoded.pop() else { return Err("no object".to_owned()) };
    let mut found = stored(decoded, &before)?;
    let mut expected = case["stored"].clone();
    scrub(&mut found);
    drop_distributor_source(&mut expected);
    for removed in case["removed"].as_array().into_iter().flatten() {
        remove(&mut found, removed.as_str().unwrap_or_default());
    }
    first_difference(&found, &expected, "").map_or(Ok(()), Err)
}

fn decode_all(text: &str) -> Result<Vec<Decoded>, String> {
    let manifests = yaml::read(text).into_result().map_err(|error| error.to_string())?;
    let mut cache = DecodeCache::default();
    manifests
        .into_iter()
        .map(|manifest| {
            decode(manifest.value, "default", FieldValidation::Strict, &mut cache).map_err(|error| error.to_string())
        })
        .collect()
}

fn note(before: &mut Before, decoded: &Decoded) {
    match (decoded.kind, &decoded.body) {
        (Kind::LIMIT_RANGE, _) => before.limit_ranges.extend(LimitRange::from_object(&decoded.raw)),
        (_, DecodedBody::Other { body: Body::PriorityClass { value, global_default, preempts }, .. }) => {
            before.priority_classes.push(PriorityClassView {
                name: decoded.name.to_string(),
                value: *value,
                global_default: *global_default,
                preempts: *preempts,
            });
        }
        (Kind::STORAGE_CLASS, _) => before.storage_class = Some(decoded.name.to_string()),
        _ => {}
    }
}

fn name_of(decoded: &Decoded) -> String {
    if decoded.generate_name.is_empty() {
        decoded.name.to_string()
    } else {
        format!("{}<SUFFIX>", decoded.generate_name)
    }
}

fn stored(decoded: Decoded, before: &Before) -> Result<Value, String> {
    let name = name_of(&decoded);
    match &decoded.body {
        DecodedBody::Pod(template) => pod(&decoded, template, &name, before),
        DecodedBody::Other { .. } => Ok(object(decoded, &name, before)),
    }
}

fn pod(decoded: &Decoded, template: &PodTemplate, name: &str, before: &Before) -> Result<Value, String> {
    let input = AdmissionInput {
        priority_classes: &before.priority_classes,
        service_account: Some(ServiceAccountView::default()),
        limit_ranges: &before.limit_ranges,
        ..AdmissionInput::default()
    };
    let template = admission::pod_admission(template, &input)?;
    let mut status = PodStatus::default();
    if !template.spec.scheduling_gates.is_empty() {
        status.set_condition(PodCondition::new(
            PodConditionType::PodScheduled,
            ConditionStatus::False,
            Why::new("SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates"),
            SimTime::ZERO,
        ));
    }
    let pod = Pod {
        name: name.into(),
        namespace: NamespaceId(0),
        template: TemplateId(0),
        controller: ObjectRef::NONE,
        node: NodeId::NONE,
        nominated: NodeId::NONE,
        generation: 1,
        created: SimTime::ZERO,
        resource_version: 0,
        deletion: None,
        deleted: false,
        extra: Some(Box::new(PodExtra {
            finalizers: decoded.finalizers.clone(),
            generate_name: decoded.generate_name.clone(),
            ..PodExtra::default()
        })),
        status,
    };
    let context = PodContext {
        clock: CLOCK,
        namespace: &decoded.namespace,
        uid: "UID",
        owners: &[],
        node_name: "",
        host_ip: "",
        nominated_node_name: "",
        token_suffix: "<SUFFIX>",
        labels: &template.labels,
        annotations: &template.annotations,
        hostname: &template.spec.hostname,
        granted: None,
    };
    Ok(view::pod(&pod, &template, &context))
}

fn object(decoded: Decoded, name: &str, before: &Before) -> Value {
    let mut raw = (*decoded.raw).clone();
    let mut template = None;
    let DecodedBody::Other { mut body, template: written } = decoded.body else { return Value::Null };
    let mut labels = decoded.labels;
    if let Some(written) = written {
        template = Some((*written).clone());
    }
    if let Body::Node(node) = &mut body {
        admission::taint_new_node(node);
    }
    if decoded.kind == Kind::JOB {
        let identity = defaults::job_labels(name, "UID");
        defaults::job_identity(raw.as_object_mut().expect("an object"), name, "UID");
        template = template.map(|template| admission::with_labels(&template, &identity));
        if labels.is_empty() {
            labels = Arc::new(Labels::from_pairs(identity));
        }
    }
    if decoded.kind == Kind::PERSISTENT_VOLUME_CLAIM {
        admission::default_storage_class(&mut raw, before.storage_class.as_deref());
    }
    let meta = ObjectMeta {
        name: name.into(),
        labels,
        annotations: decoded.annotations,
        finalizers: decoded.finalizers,
        ..ObjectMeta::default()
    };
    let stored = Object { meta, raw: Arc::new(raw), body, deleted: None };
    let context = ObjectContext {
        clock: CLOCK,
        namespace: &decoded.namespace,
        uid: "UID",
        owners: &[],
        template: template.as_ref(),
        endpoints: &[],
        uncounted: &UncountedView::default(),
    };
    view::object(&stored, decoded.kind, &context)
}

/// What the recording left out or masked.
fn scrub(found: &mut Value) {
    if let Some(metadata) = found["metadata"].as_object_mut() {
        for key in ["uid", "resourceVersion", "creationTimestamp"] {
            metadata.remove(key);
        }
    }
    mask_times(found);
}

fn mask_times(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if key.ends_with("Time") && member.is_string() {
                    *member = json!("TIME");
                } else {
                    mask_times(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_times),
        _ => {}
    }
}

/// The servers that were recorded add a source of their distributor.
fn drop_distributor_source(expected: &mut Value) {
    let volumes = expected.pointer_mut("/spec/volumes").and_then(Value::as_array_mut);
    for volume in volumes.into_iter().flatten() {
        if let Some(sources) = volume.pointer_mut("/projected/sources").and_then(Value::as_array_mut) {
            sources.retain(|source| source["configMap"]["name"] != "openshift-service-ca.crt");
        }
    }
}

fn remove(found: &mut Value, what: &str) {
    match what {
        "spec.volumes[kube-api-access-*]" => {
            let token = |item: &Value| item["name"].as_str().is_some_and(|name| name.starts_with("kube-api-access-"));
            let spec = &mut found["spec"];
            retain(spec, "volumes", |item| !token(item));
            for list in ["containers", "initContainers"] {
                for container in spec[list].as_array_mut().into_iter().flatten() {
                    retain(container, "volumeMounts", |item| !token(item));
                }
            }
            if spec["initContainers"].is_null() {
                spec.as_object_mut().expect("a spec").remove("initContainers");
            }
        }
        "nodePort" => {
            for port in found["spec"]["ports"].as_array_mut().into_iter().flatten() {
                port["nodePort"] = json!("RANDOM");
            }
        }
        path => {
            if let Some((parent, key)) = path.rsplit_once('.')
                && let Some(members) = found[parent].as_object_mut()
            {
                members.remove(key);
            }
        }
    }
}

fn retain(object: &mut Value, key: &str, keep: impl Fn(&Value) -> bool) {
    let Some(members) = object.as_object_mut() else { return };
    if let Some(Value::Array(items)) = members.get_mut(key) {
        items.retain(&keep);
        if items.is_empty() {
            members.remove(key);
        }
    }
}
