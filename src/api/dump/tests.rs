//! Reading, order and completion of dumps.

use super::*;
use serde_json::json;

fn read_text(text: &str) -> Result<Vec<Value>, ReadFailure> {
    let mut objects = Vec::new();
    read(text.as_bytes(), &mut |object| objects.push(object)).map(|()| objects)
}

#[test]
fn lists_in_json_and_yaml_are_the_same_objects() {
    let json = r#"{"apiVersion":"v1","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}},
        {"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}}],"kind":"List","metadata":{}}"#;
    let yaml = "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n- apiVersion: v1\n  kind: Node\n  metadata:\n    name: n1\nkind: List\nmetadata:\n  resourceVersion: \"\"\n";
    let objects = read_text(json).unwrap();
    assert_eq!(objects.len(), 2);
    assert_eq!(objects, read_text(yaml).unwrap());
    assert_eq!(
        objects,
        read_text(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
        )
        .unwrap()
    );
}

#[test]
fn items_of_a_list_may_be_written_in_braces() {
    let yaml = "apiVersion: v1\nkind: List\nitems:\n- { kind: Pod, metadata: { name: a } }\n- kind: Pod\n  metadata: { name: b }\n";
    let names: Vec<String> =
        read_text(yaml).unwrap().iter().map(|object| text(&object["metadata"]["name"]).to_owned()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn items_of_a_typed_list_get_its_kind() {
    let objects = read_text(r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]}"#).unwrap();
    assert_eq!((text(&objects[0]["kind"]), text(&objects[0]["apiVersion"])), ("Pod", "v1"));
}

#[test]
fn what_is_no_dump_says_where() {
    assert_eq!(read_text("{\"items\": [\n{\"kind\": }]}").unwrap_err().line, 2);
    let yaml = "apiVersion: v1\nitems:\n- kind: Pod\n- kind: [\nkind: List\n";
    assert!(read_text(yaml).unwrap_err().line >= 4);
    assert!(read_text("").unwrap().is_empty());
}

fn pod(name: &str, owner: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": name, "ownerReferences": owner,
            "creationTimestamp": "2026-05-01T10:00:00Z", "labels": {"app": "web", "pod-template-hash": "1a"}},
        "spec": {"nodeName": "n1", "serviceAccountName": "robot", "priorityClassName": "gold", "priority": 7,
            "containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "6", "memory": "20Gi"}},
                "envFrom": [{"configMapRef": {"name": "settings"}}],
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}],
            "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}})
}

fn owned_by(kind: &str, name: &str) -> Value {
    json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": name, "controller": true}])
}

#[test]
fn what_pods_need_is_made_up_and_said() {
    let dump = Dump::of([pod("a", &owned_by("ReplicaSet", "web-1a"))]);
    for kind in [
        Kind::NODE,
        Kind::SERVICE_ACCOUNT,
        Kind::PRIORITY_CLASS,
        Kind::CONFIG_MAP,
        Kind::SECRET,
        Kind::PERSISTENT_VOLUME_CLAIM,
        Kind::PERSISTENT_VOLUME,
    ] {
        assert_eq!(dump.count(kind), 1, "{kind:?}");
    }
    let find = |kind| dump.objects.iter().find(|object| object.kind == kind).unwrap().value();
    assert_eq!(find(Kind::NODE)["status"]["allocatable"]["cpu"], "8");
    assert_eq!(find(Kind::NODE)["status"]["allocatable"]["memory"], "32Gi");
    assert_eq!(find(Kind::PRIORITY_CLASS)["value"], 7);
    assert_eq!(find(Kind::SECRET)["data"], json!({"k": ""}));
    // Nobody knows the set's Deployment: the pod stands alone.
    assert_eq!(find(Kind::POD)["metadata"]["ownerReferences"], json!([]));
    assert_eq!(dump.assumed.len(), 7, "{:#?}", dump.assumed);
    assert_eq!(dump.objects.last().map(|object| object.kind), Some(Kind::POD));
}

#[test]
fn a_replica_set_that_was_not_dumped_follows_from_its_deployment() {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "uid": "web"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}}}});
    let dump = Dump::of([pod("a", &owned_by("ReplicaSet", "web-1a")), deployment]);
    let set = dump.objects.iter().find(|object| object.kind == Kind::REPLICA_SET).unwrap().value();
    assert_eq!(set["metadata"]["ownerReferences"][0]["uid"], "web");
    assert_eq!(set["spec"]["template"]["metadata"]["labels"], json!({"app": "web", "pod-template-hash": "1a"}));
    assert_eq!(set["spec"]["replicas"], 1);
    let kinds: Vec<Kind> = dump.objects.iter().map(|object| object.kind).collect();
    let place = |kind| kinds.iter().position(|other| *other == kind).unwrap();
    assert!(place(Kind::DEPLOYMENT) < place(Kind::REPLICA_SET) && place(Kind::REPLICA_SET) < place(Kind::POD));
}

#[test]
fn owners_come_before_what_they_own_and_the_newest_of_twins_counts() {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "j", "uid": "j", "ownerReferences":
            [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "cj", "uid": "cj", "controller": true}]}});
    let cron = |schedule: &str| {
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "cj", "uid": "cj"},
            "spec": {"schedule": schedule}})
    };
    let dump = Dump::of([job, cron("* * * * *"), cron("@daily")]);
    let kinds: Vec<Kind> = dump.objects.iter().map(|object| object.kind).collect();
    assert_eq!(kinds, [Kind::CRON_JOB, Kind::JOB]);
    assert_eq!(dump.objects[0].value()["spec"]["schedule"], "@daily");
}

#[test]
fn the_last_instant_of_the_past_is_the_dumps_own() {
    let mut pod = pod("a", &json!([]));
    pod["status"] = json!({"conditions": [{"lastTransitionTime": "2026-05-02T00:00:01Z"}]});
    pod["metadata"]["deletionTimestamp"] = "2027-01-01T00:00:00Z".into();
    let dump = Dump::of([pod]);
    let seconds = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
    assert_eq!(dump.span.first(), Some(seconds("2026-05-01T10:00:00Z")));
    assert_eq!(dump.span.last(), Some(seconds("2026-05-02T00:00:01Z")));
}

#[test]
fn unknown_kinds_are_counted() {
    let dump = Dump::of([json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"}})]);
    assert_eq!(dump.skipped.get("argoproj.io/v1alpha1 Rollout"), Some(&1));
    assert!(dump.objects.is_empty());
}
