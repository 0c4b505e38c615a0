//! A scenario that goes on from a dump, as one that begins anew: the dump's nodes as machines of the plan, what its users
//! wrote as manifests. Capacity plans put such a scenario onto other nodes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ManifestSource, Node, Plan, StepFile, nodes};
use crate::model::kind::Kind;

/// What a plan's dump comes to when it begins anew.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Afresh {
    manifests: Vec<ManifestSource>,
    nodes: Vec<Node>,
    files: BTreeMap<String, StepFile>,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Afresh {
    /// Of the plan's dump; nothing for a plan without one.
    ///
    /// # Errors
    /// Why it cannot begin anew, in words.
    pub fn of(plan: &Plan) -> Result<Self, Vec<String>> {
        let Some(dump) = &plan.cluster.dump else { return Ok(Self::default()) };
        let anew = dump.anew();
        if !anew.refused.is_empty() {
            return Err(anew.refused);
        }
        let is_placed =
            |manifest: &Value| kind_of(manifest).is_some_and(|kind| kind == Kind::POD || kind.is_workload());
        if !anew.manifests.iter().any(is_placed) {
            return Err(vec![
                "what the scenario imports holds no workload that could be placed on other nodes".to_owned(),
            ]);
        }
        let skipped = dump.skipped.iter().map(|(kind, count)| format!("{count} of {kind} are not looked at"));
        let notes = skipped.chain(dump.assumed.iter().cloned()).chain(anew.notes);
        let mut afresh = Self {
            manifests: anew.manifests.iter().enumerate().map(|(place, manifest)| source(place, manifest)).collect(),
            notes: notes.map(|note| format!("import: {note}")).collect(),
            ..Self::default()
        };
        let objects = dump.objects.iter().filter(|object| object.kind == Kind::NODE);
        afresh.nodes = objects.map(|object| nodes::of_object(&object.value(), &plan.cluster.prices)).collect();
        for file in dump.static_pods(false) {
            let path = format!("import/{}/{}", file.node, file.file);
            if let Some(node) = afresh.nodes.iter_mut().find(|node| node.name == file.node) {
                node.static_pods.push(path.clone());
                afresh.files.insert(path, StepFile::File(file.text.into_bytes().into()));
            }
        }
        Ok(afresh)
    }

    /// Puts it in place of the plan's dump; the plan's own nodes and manifests come after.
    pub fn apply(&self, plan: &mut Plan) {
        if plan.cluster.dump.take().is_none() {
            return;
        }
        let stated = if plan.cluster.nodes_are_default { Vec::new() } else { std::mem::take(&mut plan.cluster.nodes) };
        let is_stated = |node: &&Node| stated.iter().any(|one| one.name == node.name);
        let mut all: Vec<Node> = self.nodes.iter().filter(|node| !is_stated(node)).cloned().collect();
        all.extend(stated);
        if !all.is_empty() {
            plan.cluster.nodes = all;
            if plan.cluster.nodes_are_default {
                (plan.cluster.nodes_are_default, plan.cluster.groups) = (false, Vec::new());
            }
        }
        plan.manifests.splice(0..0, self.manifests.iter().cloned());
        plan.step_files.extend(self.files.clone());
    }
}

fn kind_of(manifest: &Value) -> Option<Kind> {
    Kind::from_manifest(manifest["apiVersion"].as_str()?, manifest["kind"].as_str()?)
}

fn source(document: usize, manifest: &Value) -> ManifestSource {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (text(&manifest["metadata"]["namespace"]), text(&manifest["metadata"]["name"]));
    let full = if namespace.is_empty() { name } else { format!("{namespace}/{name}") };
    ManifestSource {
        file: format!("import: {} {full}", text(&manifest["kind"])).into(),
        document,
        line: 1,
        text: manifest.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::api::dump::Dump;
    use crate::scenario::{LoadOptions, load_source, source_of_text};

    const SCENARIO: &str = "apiVersion: kubelapse/v1
kind: Scenario
spec: { until: 1m, cluster: { prices: [ { match: { pool: web }, price: 0.5 } ] } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: own }
";

    fn plan(objects: &[Value]) -> Plan {
        let source = source_of_text("shop.yaml", SCENARIO, Path::new("."));
        let mut plan = load_source(&source, &LoadOptions::default()).unwrap();
        plan.cluster.dump = Some(Arc::new(Dump::of(objects.iter().cloned())));
        plan
    }

    fn node(name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"pool": "web"}},
            "spec": {"taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}, {"key": "a", "effect": "NoSchedule"}]},
            "status": {"capacity": {"cpu": "4", "memory": "8Gi"}, "allocatable": {"cpu": "3900m", "memory": "7Gi"}}})
    }

    fn mirror() -> Value {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "etcd-n1", "namespace": "kube-system",
                "annotations": {"kubernetes.io/config.mirror": "abc", "kubernetes.io/config.hash": "abc"}},
            "spec": {"nodeName": "n1", "containers": [{"name": "etcd", "image": "etcd"}]}, "status": {"phase": "Running"}})
    }

    fn pod() -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
            "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "nginx"}]}, "status": {"phase": "Running"}})
    }

    #[test]
    fn nodes_become_machines_with_their_price_and_static_pods() {
        let mut plan = plan(&[node("n1"), node("n2"), mirror(), pod()]);
        Afresh::of(&plan).unwrap().apply(&mut plan);
        assert!(plan.cluster.dump.is_none() && !plan.cluster.nodes_are_default);
        let n1 = &plan.cluster.nodes[0];
        assert_eq!((n1.name.as_str(), n1.price, n1.taints.len()), ("n1", Some(0.5), 1), "conditions' taints pass");
        assert_eq!(n1.static_pods, ["import/n1/etcd.yaml"]);
        assert!(plan.step_files.contains_key("import/n1/etcd.yaml") && plan.cluster.nodes[1].static_pods.is_empty());
        let files: Vec<&str> = plan.manifests.iter().map(|manifest| &*manifest.file).collect();
        assert_eq!(files, ["import: Pod default/p", "shop.yaml"]);
    }

    #[test]
    fn without_workloads_there_is_nothing_to_plan() {
        let plan = plan(&[node("n1"), mirror()]);
        assert!(Afresh::of(&plan).unwrap_err()[0].contains("no workload"));
    }
}
