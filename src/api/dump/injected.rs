//! What live pods have that their templates lack: containers that a webhook injects, requests that a vertical autoscaler, a
//! LimitRange or a resize set. Pods that are made anew would get them again, so they go into the templates.

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::super::value::{flag, items, members, text};
use super::Dump;
use crate::model::kind::Kind;

/// Fields of an injected container that are kept: what it asks for and whether it runs beside the others. What it mounts
/// and probes is injected with it and not known here.
const KEPT: [&str; 4] = ["name", "image", "resources", "restartPolicy"];

/// The newest live pod of each workload, by the workload's UID: its creation and its specification.
#[derive(Debug, Default)]
pub(super) struct Injected {
    newest: FxHashMap<String, (String, Value)>,
}

impl Injected {
    pub fn of(dump: &Dump) -> Self {
        let mut owners: FxHashMap<String, String> = FxHashMap::default();
        for object in dump.objects.iter().filter(|one| matches!(one.kind, Kind::REPLICA_SET | Kind::JOB)) {
            let value = object.value();
            if let Some(owner) = controller(&value) {
                owners.insert(text(&value["metadata"]["uid"]).to_owned(), owner.to_owned());
            }
        }
        let mut injected = Self::default();
        for object in dump.objects.iter().filter(|object| object.kind == Kind::POD) {
            let mut pod = object.value();
            let is_live = !matches!(text(&pod["status"]["phase"]), "Succeeded" | "Failed")
                && pod["metadata"]["deletionTimestamp"].is_null();
            let Some(owner) = controller(&pod).filter(|_| is_live).map(str::to_owned) else { continue };
            let created = text(&pod["metadata"]["creationTimestamp"]).to_owned();
            let spec = pod["spec"].take();
            let top = owners.get(&owner).cloned();
            for uid in [Some(owner), top].into_iter().flatten() {
                let known = injected.newest.get(&uid);
                if known.is_none_or(|(before, _)| *before <= created) {
                    injected.newest.insert(uid, (created.clone(), spec.clone()));
                }
            }
        }
        injected
    }

    /// Adds to the template of a workload what its newest live pod has beyond it. Returns whether there was anything.
    pub fn add_to(&self, uid: &str, template: &mut Map<String, Value>) -> bool {
        let Some((_, pod)) = self.newest.get(uid) else { return false };
        let mut added = false;
        for list in ["containers", "initContainers"] {
            for live in items(&pod[list]) {
                let own = template.get_mut(list).and_then(Value::as_array_mut);
                let own = own.and_then(|all| all.iter_mut().find(|one| one["name"] == live["name"]));
                if let Some(own) = own {
                    if requests(own) != requests(live) {
                        own["resources"] = live["resources"].clone();
                        added = true;
                    }
                } else if list == "containers" || live["restartPolicy"] == "Always" {
                    // One that has to end before the others begin asks for nothing afterwards.
                    let kept = members(live).filter(|(field, _)| KEPT.contains(field));
                    let kept: Value = kept.map(|(field, value)| (field.to_owned(), value.clone())).collect();
                    let all = template.entry(list).or_insert_with(|| Value::Array(Vec::new()));
                    all.as_array_mut().into_iter().for_each(|all| all.push(kept.clone()));
                    added = true;
                }
            }
        }
        added
    }
}

fn controller(object: &Value) -> Option<&str> {
    let owner = items(&object["metadata"]["ownerReferences"]).iter().find(|one| flag(&one["controller"]))?;
    owner["uid"].as_str()
}

/// The requests of a container, limits in place of those that are not stated. Upstream: core v1 `SetDefaults_Pod`.
fn requests(container: &Value) -> Map<String, Value> {
    let mut all = Map::new();
    for list in ["limits", "requests"] {
        all.extend(members(&container["resources"][list]).map(|(name, amount)| (name.to_owned(), amount.clone())));
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(uid: &str, created: &str, owner: &str, spec: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": uid, "namespace": "a", "uid": uid, "creationTimestamp": created,
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": owner, "controller": true}]},
            "spec": spec, "status": {"phase": "Running"}})
    }

    fn set(uid: &str) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": "r", "namespace": "a", "uid": uid,
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "d", "controller": true}]},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {}}})
    }

    fn container(name: &str, cpu: &str) -> Value {
        json!({"name": name, "image": "x", "resources": {"requests": {"cpu": cpu}}})
    }

    #[test]
    fn what_the_newest_pod_has_beyond_its_template_is_added() {
        let mut proxy = container("proxy", "100m");
        proxy["volumeMounts"] = json!([{"name": "injected", "mountPath": "/p"}]);
        let mut side = container("side", "50m");
        side["restartPolicy"] = "Always".into();
        let old = json!({"containers": [container("c", "1")]});
        let new = json!({"initContainers": [container("setup", "1"), side],
            "containers": [container("c", "700m"), proxy]});
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "d", "namespace": "a", "uid": "d"}, "spec": {"template": {}}});
        let dump = Dump::of([
            deployment,
            set("r"),
            pod("p2", "2026-02-01T00:00:00Z", "r", &new),
            pod("p1", "2026-01-01T00:00:00Z", "r", &old),
        ]);
        let injected = Injected::of(&dump);
        let mut template = old.as_object().unwrap().clone();
        assert!(injected.add_to("d", &mut template));
        assert_eq!(template["containers"], json!([container("c", "700m"), container("proxy", "100m")]));
        assert_eq!(template["initContainers"].as_array().unwrap().len(), 1);
        assert!(!injected.add_to("d", &mut template), "once is enough");
        assert!(!injected.add_to("other", &mut template));
    }

    #[test]
    fn requests_that_limits_stand_for_are_none_of_its_own() {
        let stated = json!({"resources": {"limits": {"cpu": "1"}}});
        let filled_in = json!({"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}});
        assert_eq!(requests(&stated), requests(&filled_in));
    }
}
