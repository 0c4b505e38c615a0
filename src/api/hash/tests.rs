//! Hashes equal to upstream's, byte for byte.

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
