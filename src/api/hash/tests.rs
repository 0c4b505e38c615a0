use serde_json::json;

use super::*;
use crate::api::value::Object;
use crate::api::{canonical, defaults};

fn template(container: &Value, volumes: &Value) -> Value {
    let mut template = json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [container], "volumes": volumes},
    });
    let object: &mut Object = template.as_object_mut().unwrap();
    defaults::pod_template(object);
    canonical::structure(object, &POD_TEMPLATE_SPEC);
    template
}

fn nginx(image: &str) -> Value {
    json!({"name": "nginx", "image": image, "ports": [{"containerPort": 80}]})
}

#[test]
fn the_dump_has_the_length_of_gos() {
    let template = template(&nginx("nginx:1.25"), &json!([]));
    assert_eq!(spew::dump(&template, &POD_TEMPLATE_SPEC).len(), 3545);
}

#[test]
fn template_hashes_are_those_of_the_real_controller() {
    let mut sized = nginx("nginx:1.25");
    sized["resources"] = json!({"requests": {"cpu": "100m", "memory": "64Mi"}});
    let mut probed = nginx("nginx:1.25");
    probed["readinessProbe"] = json!({"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5});
    probed["env"] = json!([{"name": "A", "value": "x y"}]);
    probed["resources"] = json!({"limits": {"cpu": "1", "memory": "1Gi"}});
    for (container, volumes, hashes) in [
        (nginx("nginx:1.25"), json!([]), ["57794f8f99", "7487dffb9f", "58cc67c66b"]),
        (nginx("nginx:1.26"), json!([]), ["6b78dbb95b", "bcc5d4dd8", "6687d8775c"]),
        (sized, json!([]), ["67ccdb9fbb", "7498c45674", "76b7fb7bc"]),
        (probed, json!([{"name": "v", "emptyDir": {}}]), ["6fc44d8b8", "955fdf9d8", "64cdb9645c"]),
    ] {
        let template = template(&container, &volumes);
        let found = [None, Some(0), Some(1)].map(|collisions| pod_template_hash(&template, collisions));
        assert_eq!(found, hashes, "{}", spew::dump(&template, &POD_TEMPLATE_SPEC).len());
    }
}

#[test]
fn revision_hashes_are_those_of_the_real_controller() {
    let mut container = nginx("nginx:1.25");
    container["ports"][0]["name"] = json!("http");
    let data = stateful_set_revision_data(&template(&container, &json!([])));
    assert!(
        data.starts_with(r#"{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},"#),
        "{data}"
    );
    assert_eq!(controller_revision_hash(&data, None), "665d56d787");
    assert_eq!(controller_revision_hash(&data, Some(0)), "859fb6b497");
    assert_eq!(controller_revision_hash(&data, Some(1)), "859fb6b496");
}

/// Every Deployment of the live recordings, where they are at hand: its ReplicaSet has the name the real one had.
#[test]
fn recorded_replica_sets_have_these_hashes() {
    use crate::api::{DecodeCache, DecodedBody, FieldValidation, decode, yaml};
    use crate::model::kind::Kind;
    let Ok(folders) = std::fs::read_dir("/work/shared/golden/live") else { return };
    let mut compared = 0;
    for folder in folders {
        let folder = folder.unwrap().path();
        let Ok(timeline) = std::fs::read_to_string(folder.join("timeline.jsonl")) else { continue };
        for file in std::fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "yaml") || path.ends_with("case.yaml") {
                continue;
            }
            for manifest in yaml::read(&std::fs::read_to_string(&path).unwrap()).manifests {
                let mut cache = DecodeCache::default();
                let Ok(decoded) = decode(manifest.value, "default", FieldValidation::Strict, &mut cache) else {
                    continue;
                };
                let DecodedBody::Other { template: Some(template), .. } = decoded.body else { continue };
                if decoded.kind != Kind::DEPLOYMENT {
                    continue;
                }
                let name = format!("\"{}-{}\"", decoded.name, pod_template_hash(&template.raw, None));
                let created = timeline.contains("\"kind\": \"ReplicaSet\"");
                assert!(!created || timeline.contains(&name), "{name} in {}", folder.display());
                compared += usize::from(created);
            }
        }
    }
    assert!(compared > 5, "{compared}");
}
