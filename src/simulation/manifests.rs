//! The objects that are there at t=0: applied one by one as they are read. A tree is many times its text, so no more than
//! one is held.

use serde_json::Value;

use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::kubectl::Kubectl;
use crate::machines::Machines;
use crate::scenario::plan::Plan;
use crate::scenario::plan::objects::{ManifestError, ManifestObject};

use super::arrivals::{self, Arrivals};
use super::setup::SetupError;
use super::system_pods;

/// Is there a Node among the manifests of t=0? Of those that the plan's own nodes take the place of, none counts.
pub(super) fn bring_nodes(plan: &Plan) -> Result<bool, ManifestError> {
    Ok(!plan.cluster.nodes_are_all
        && plan.has_object("Node", |object| is_node(object) && !arrivals::comes_later(object))?)
}

/// Applies every manifest in order. Returns those that come later.
pub(super) fn apply(
    plan: &Plan,
    begin: SimTime,
    kubectl: &mut Kubectl,
    cluster: &mut Cluster,
    machines: &Machines,
) -> Result<Arrivals, SetupError> {
    let mut arrivals = Arrivals::default();
    let mut apply = |ManifestObject { file, line, value }: ManifestObject| -> Result<(), SetupError> {
        let applied = kubectl.apply_manifest(begin, value, &file, cluster, machines);
        applied.map(drop).map_err(|message| SetupError { file, line, message: message.trim_end().to_owned() })
    };
    for value in system_pods::objects(plan) {
        apply(ManifestObject { file: "kubeadm".to_owned(), line: 1, value })?;
    }
    plan.each_object::<SetupError>(&mut |mut object| {
        if plan.cluster.nodes_are_all && is_node(&object.value) {
            return Ok(());
        }
        match arrivals::stated(&mut object.value) {
            Ok(Some(at)) => arrivals.add(at, object.file, object.value),
            Ok(None) => apply(object)?,
            Err(message) => return Err(object.error(&message).into()),
        }
        Ok(())
    })?;
    arrivals.sort();
    Ok(arrivals)
}

fn is_node(object: &Value) -> bool {
    object["kind"] == "Node" && object["apiVersion"] == "v1"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{LoadOptions, load_source, source_of_text};
    use crate::simulation::Simulation;

    fn plan(text: &str) -> Plan {
        let source = source_of_text("m.yaml", text, std::path::Path::new(""));
        load_source(&source, &LoadOptions::default()).unwrap_or_else(|error| panic!("{error:?}"))
    }

    const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { kind: Node }\n";

    #[test]
    fn nodes_are_found_however_they_are_written() {
        let node = |kind: &str| format!("{CONFIG_MAP}---\napiVersion: v1\nkind: {kind}\nmetadata: {{ name: n }}\n");
        let list = format!(
            "apiVersion: v1\nkind: List\nitems:\n- {}",
            node("Node").split("---\n").nth(1).unwrap_or("").replace('\n', "\n  ")
        );
        for text in [node("Node"), node("\"N\\u006fde\""), list] {
            assert_eq!(bring_nodes(&plan(&text)), Ok(true), "{text}");
        }
        let late = node("Node").replace("name: n", "name: n, annotations: { kubelapse.io/at: 10s }");
        for text in [CONFIG_MAP, &late] {
            assert_eq!(bring_nodes(&plan(text)), Ok(false), "{text}");
        }
    }

    #[test]
    fn the_first_wrong_manifest_is_told_of() {
        let second = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: _ }\n";
        let text = format!("{CONFIG_MAP}{second}---\napiVersion: v1\nkind: [\n");
        let error = Simulation::new(&plan(&text)).map(drop).expect_err("two of three are wrong");
        assert_eq!((error.file.as_str(), error.line), ("m.yaml", 5), "{}", error.message);
        assert!(error.message.contains("metadata.name"), "{}", error.message);
    }
}
