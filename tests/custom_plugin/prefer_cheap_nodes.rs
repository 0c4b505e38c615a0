//! A scheduler plugin that prefers nodes by their price, and a program that runs scenarios with it.

use kubelapse::scenario::{self, LoadOptions};
use kubelapse::scheduler::cache::NodeInfo;
use kubelapse::scheduler::framework::{NodeScore, Normalization, PodShape, ScoreContext};
use kubelapse::scheduler::registry::{OutOfTreePlugin, Registry};
use kubelapse::simulation::{Simulation, Unobserved};

/// Prefers nodes that cost less: their price stands in a label.
#[derive(Debug)]
pub struct PreferCheapNodes {
    label: String,
}

impl NodeScore for PreferCheapNodes {
    /// The dearest node of those in question gets 0, one that costs nothing 100.
    fn normalization(&self) -> Normalization {
        Normalization::ReverseMax
    }

    /// The raw score: the price, in whole cents.
    fn score(&self, _pod: &PodShape, node: &NodeInfo, _context: ScoreContext<'_>) -> i64 {
        node.facts.labels.get(&self.label).and_then(|price| price.parse().ok()).unwrap_or(0)
    }
}

/// The plugins of this program, by the names that a KubeSchedulerConfiguration uses.
pub fn plugins() -> Registry {
    let mut registry = Registry::default();
    let added = registry.add("PreferCheapNodes", |args| {
        let label = args["label"].as_str().ok_or("label is required")?.to_owned();
        Ok(OutOfTreePlugin { score: Some(Box::new(PreferCheapNodes { label })), ..OutOfTreePlugin::default() })
    });
    added.expect("no other plugin has this name");
    registry
}

/// Runs a scenario with them.
pub fn run(file: &std::path::Path) -> Result<Simulation, Box<dyn std::error::Error>> {
    let plans = scenario::load(&[file.to_path_buf()], &LoadOptions::default())?;
    let mut simulation = Simulation::with_plugins(&plans[0], &plugins())?;
    simulation.run(&mut Unobserved);
    Ok(simulation)
}
