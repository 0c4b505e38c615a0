//! Decoding of whole manifests: defaults, strictness, real files.

use std::io::Read;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::api::yaml;

fn decode_one(value: Value) -> Result<Decoded, DecodeError> {
    decode(value, "default", FieldValidation::Strict, &mut DecodeCache::default())
}

fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "a", "image": "b", "resources": {"limits": {"cpu": 1}}}]},
    })
}

#[test]
fn equal_pods_share_one_template() {
    let mut cache = DecodeCache::default();
    let mut template = |name| match decode(pod(name), "default", FieldValidation::Strict, &mut cache).unwrap().body {
        DecodedBody::Pod(template) => template,
        DecodedBody::Other { .. } => panic!("a pod"),
    };
    let (one, two) = (template("one"), template("two"));
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!(one.requests.cpu_milli, 1000);
}

/// Pods of a dump have statuses of their own, and the server checks their fields before it drops them.
#[test]
fn pods_with_statuses_share_one_template_and_are_checked() {
    let mut cache = DecodeCache::default();
    let with = |status: Value| {
        let mut pod = pod("p");
        pod["status"] = status;
        pod
    };
    let mut decode = |pod, fields| decode_with_warnings(pod, "default", fields, &mut cache);
    let template = |decoded: Decoded| match decoded.body {
        DecodedBody::Pod(template) => template,
        DecodedBody::Other { .. } => panic!("a pod"),
    };
    let (one, _) = decode(with(json!({"podIP": "10.0.0.1"})), FieldValidation::Strict).unwrap();
    let (two, _) = decode(with(json!({"podIP": "10.0.0.2"})), FieldValidation::Strict).unwrap();
    let (odd, warnings) = decode(with(json!({"podIp": "10.0.0.3"})), FieldValidation::Warn).unwrap();
    assert_eq!(warnings, ["unknown field \"status.podIp\""]);
    let [one, two, odd] = [one, two, odd].map(template);
    assert!(Arc::ptr_eq(&one, &two) && Arc::ptr_eq(&one, &odd));
    assert!(decode(with(json!({"podIP": 1})), FieldValidation::Strict).is_err());
}

#[test]
fn a_shared_template_does_not_hide_a_bad_name() {
    let mut cache = DecodeCache::default();
    decode(pod("good"), "default", FieldValidation::Strict, &mut cache).unwrap();
    let error = decode(pod("Bad"), "default", FieldValidation::Strict, &mut cache).unwrap_err();
    assert!(error.to_string().starts_with("Pod \"Bad\" is invalid: metadata.name: Invalid value"));
}

#[test]
fn unknown_kinds_are_told_from_refusals() {
    let error = decode_one(json!({"apiVersion": "apps/v1beta2", "kind": "Deployment"})).unwrap_err();
    assert_eq!(error.to_string(), "no matches for kind \"Deployment\" in version \"apps/v1beta2\"");
    assert!(matches!(decode_one(json!({"kind": "Pod"})), Err(DecodeError::NotSet(_))));
}

#[test]
fn a_nodes_status_becomes_its_columns() {
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
        "status": {
            "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": ""}],
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
        },
    });
    let DecodedBody::Other { body, .. } = decode_one(node).unwrap().body else { panic!("not a pod") };
    let node = body.as_node().unwrap();
    assert_eq!((node.allocatable_resources.cpu_milli, node.allowed_pods()), (4000, 110));
    assert!(node.is_ready());
    assert_eq!(node.internal_ip, 0x0a00_0001);
}

#[test]
fn a_warned_field_is_dropped() {
    let mut value = pod("a");
    value["spec"]["containers"][0]["imagee"] = json!("x");
    let mut cache = DecodeCache::default();
    let (decoded, warnings) = decode_with_warnings(value, "default", FieldValidation::Warn, &mut cache).unwrap();
    assert_eq!(warnings, ["unknown field \"spec.containers[0].imagee\""]);
    assert!(decoded.raw["spec"]["containers"][0]["imagee"].is_null());
}

/// The common benchmark of simulators, where it is at hand.
#[test]
fn the_simulators_corpus_decodes() {
    let folder = Path::new("/work/shared/corpus/k8s-sims");
    let mut cache = DecodeCache::default();
    for (file, count) in [("nodes.yaml.gz", 1213), ("pods.yaml.gz", 7064)] {
        let Ok(bytes) = std::fs::read(folder.join(file)) else { return };
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        let manifests = yaml::read(&text).into_result().unwrap();
        assert_eq!(manifests.len(), count);
        for manifest in manifests {
            decode(manifest.value, "default", FieldValidation::Strict, &mut cache).unwrap();
        }
    }
}

/// All places of a value, as JSON pointers.
fn places(value: &Value, path: &str, out: &mut Vec<String>) {
    out.push(path.to_owned());
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                places(member, &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), out);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{path}/{index}"), out);
            }
        }
        _ => {}
    }
}

/// Manifests of the recordings with one or two values replaced by others: refused or accepted, but never a panic.
#[test]
fn damaged_manifests_are_refused_not_fatal() {
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/api/defaults.jsonl");
    let lines = std::fs::read_to_string(recorded).unwrap();
    let wrong = [
        json!(null),
        json!(1),
        json!(-1),
        json!("x"),
        json!(""),
        json!([]),
        json!({}),
        json!(true),
        json!(1.5),
        json!([null]),
        json!("150%"),
        json!(99_999_999_999_i64),
        json!({"a": null}),
        json!("é\u{0}"),
    ];
    let mut stream = crate::engine::random::Streams::new(1).stream("test/damage", 0);
    let mut cache = DecodeCache::default();
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let Some(manifest) = yaml::read(case["manifest"].as_str().unwrap()).manifests.pop() else { continue };
        let mut pointers = Vec::new();
        places(&manifest.value, "", &mut pointers);
        for _ in 0..60 {
            let mut damaged = manifest.value.clone();
            for _ in 0..2 {
                let pointer = &pointers[stream.below(pointers.len() as u64) as usize];
                if let Some(target) = damaged.pointer_mut(pointer) {
                    *target = wrong[stream.below(wrong.len() as u64) as usize].clone();
                }
            }
            for fields in [FieldValidation::Strict, FieldValidation::Warn] {
                let _ = decode(damaged.clone(), "default", fields, &mut cache);
            }
        }
    }
}
