//! Whole runs of small scenarios, looked at through kubectl.
#![expect(dead_code, reason = "each test file uses its part")]

use std::path::Path;

use kubelapse::engine::SimDuration;
use kubelapse::scenario::{LoadOptions, load_source, source_of_text};
use kubelapse::simulation::{Simulation, Unobserved};

/// A run of this `spec` with these manifests.
pub struct Run(pub Simulation);

impl Run {
    pub fn new(spec: &str, manifests: &str) -> Self {
        Self::in_folder(spec, manifests, Path::new("."))
    }

    /// With files beside the scenario.
    pub fn with_files(spec: &str, manifests: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("kubelapse-run-{}-{}", std::process::id(), files[0].0));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        for (name, text) in files {
            std::fs::write(folder.join(name), text).expect("a file can be written");
        }
        let run = Self::in_folder(spec, manifests, &folder);
        std::fs::remove_dir_all(&folder).expect("the folder is there");
        run
    }

    fn in_folder(spec: &str, manifests: &str, folder: &Path) -> Self {
        let head = "apiVersion: kubelapse/v1\nkind: Scenario\nmetadata: { name: test }\nspec:\n  until: 24h\n";
        let text = format!("{head}{spec}\n---\n{manifests}");
        let source = source_of_text("test.yaml", &text, folder);
        let plan =
            load_source(&source, &LoadOptions::default()).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        Self(Simulation::new(&plan).unwrap_or_else(|error| panic!("{error}")))
    }

    pub fn to(&mut self, seconds: u64) -> &mut Self {
        self.0.run_to(SimDuration::from_secs(seconds), &mut Unobserved);
        self
    }

    pub fn kubectl(&mut self, command: &str) -> String {
        let output = self.0.kubectl(command, &mut Unobserved);
        assert_eq!(output.exit, 0, "{command}: {}", output.stderr);
        output.stdout
    }

    pub fn field(&mut self, pod: &str, path: &str) -> String {
        self.kubectl(&format!("get pod {pod} -o jsonpath={{{path}}}"))
    }

    pub fn condition(&mut self, kind: &str) -> String {
        self.kubectl(&format!("get nodes -o jsonpath='{{.items[0].status.conditions[?(@.type==\"{kind}\")].status}}'"))
    }
}

pub const ONE_NODE: &str =
    "  cluster: { nodes: [ { name: n, capacity: { cpu: 1, memory: 2Gi, pods: 20 }, images: [ nginx, busybox ] } ] }\n";

/// A pod with one container `c`.
pub fn pod(name: &str, container: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name}, labels: {{ app: {name} }} }}\nspec: {{ containers: [ {{ name: c, image: nginx, imagePullPolicy: IfNotPresent{container} }} ]{spec} }}\n---\n"
    )
}
