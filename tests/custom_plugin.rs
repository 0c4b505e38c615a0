//! The plugin of docs/plugins.md: the page holds exactly what is compiled and run here.

#[path = "custom_plugin/prefer_cheap_nodes.rs"]
mod prefer_cheap_nodes;

use std::path::Path;

use kubelapse::model::kind::Kind;
use kubelapse::model::object::ObjectRef;
use kubelapse::scenario::LoadOptions;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/custom_plugin");

#[test]
fn the_page_holds_the_code_and_the_files_of_this_test() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/plugins.md")).unwrap();
    for file in ["prefer_cheap_nodes.rs", "scheduler.yaml", "cheap.yaml"] {
        let text = std::fs::read_to_string(format!("{FOLDER}/{file}")).unwrap();
        assert!(page.contains(&format!("\n{text}```\n")), "docs/plugins.md and tests/custom_plugin/{file} differ");
    }
}

#[test]
fn pods_go_to_the_cheap_node() {
    let simulation = prefer_cheap_nodes::run(&Path::new(FOLDER).join("cheap.yaml")).unwrap();
    let cluster = &simulation.cluster;
    let pods = cluster.list(Kind::POD).filter_map(ObjectRef::as_pod);
    let nodes: Vec<&str> = pods.map(|pod| cluster.node_name(cluster.pod(pod).node)).collect();
    assert_eq!(nodes, ["cheap"; 6]);
}

#[test]
fn without_the_plugin_the_configuration_is_refused() {
    let plans = kubelapse::scenario::load(&[Path::new(FOLDER).join("cheap.yaml")], &LoadOptions::default()).unwrap();
    let Err(error) = kubelapse::simulation::Simulation::new(&plans[0]) else { panic!("it was accepted") };
    let text = error.to_string();
    assert!(text.contains("scheduler.yaml:4: "), "{text}");
    assert!(text.ends_with("ScorePlugin \"PreferCheapNodes\" does not exist"), "{text}");
}
