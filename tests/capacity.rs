//! `kubelapse capacity` as its users call it: exit codes, what is written, what is printed where.

#[path = "capacity/imported.rs"]
mod imported;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kubelapse-capacity-cli-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the temporary folder is writable");
        std::fs::write(path.join("web.yaml"), SCENARIO).expect("the temporary folder is writable");
        Self(path)
    }

    /// Writes a plan with this `spec` and calls kubelapse with it.
    fn capacity(&self, spec: &str) -> Output {
        let text = format!(
            "apiVersion: kubelapse/v1\nkind: CapacityPlan\nmetadata: {{ name: web-plan }}\nspec:\n  scenario: web.yaml\n{spec}"
        );
        std::fs::write(self.0.join("plan.yaml"), text).expect("the temporary folder is writable");
        self.kubelapse(&["capacity", "plan.yaml"])
    }

    fn kubelapse(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kubelapse"))
            .current_dir(&self.0)
            .args(arguments)
            .output()
            .expect("the program was built")
    }

    fn results(&self) -> PathBuf {
        self.0.join("results")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const SCENARIO: &str = "apiVersion: kubelapse/v1
kind: Scenario
spec:
  until: 2m
  cluster: { nodes: [ { name: 'w-{}', count: 2, labels: { pool: web } } ] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 5
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [ { name: c, image: nginx, resources: { requests: { cpu: 900m } } } ] } }
";

const CANDIDATES: &str = "  candidates: [ { name: m5.large, capacity: { cpu: 2, memory: 8Gi }, price: 0.096 } ]\n";

#[test]
fn a_plan_is_searched_and_written() {
    let scratch = Scratch::new("good");
    let output = scratch.capacity(CANDIDATES);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(table.contains("3 × m5.large") && table.contains("growth 1: 5 pods ask for 4.5 cpu"), "{table}");
    let json = std::fs::read_to_string(scratch.results().join("web-plan/plan.json")).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(plan["format"], "kubelapse/plan/v1");
    assert_eq!(plan["growth"][0]["plans"][0]["nodes"]["m5.large"], 3);
    assert_eq!(plan["growth"][0]["plans"][0]["one_less"]["failure"]["reason"], "Insufficient cpu");
    let again = scratch.kubelapse(&["capacity", "plan.yaml", "--out", "again", "--jobs", "1"]);
    assert_eq!(again.status.code(), Some(0));
    assert!(std::fs::read_to_string(scratch.0.join("again/web-plan/plan.json")).unwrap() == json, "the bytes differ");
}

#[test]
fn a_requirement_that_cannot_be_met_exits_1_and_says_why() {
    let scratch = Scratch::new("impossible");
    let output = scratch.capacity(&format!("{CANDIDATES}  require: [ summary.pods.running == 50 ]\n  maxNodes: 6\n"));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(table.contains("`summary.pods.running == 50` cannot be met"), "{table}");
    assert!(table.contains("summary.pods.running is 5"), "{table}");
    assert!(scratch.results().join("web-plan/plan.json").exists());
}

#[test]
fn bad_input_is_told_with_its_place_and_nothing_is_written() {
    let scratch = Scratch::new("bad");
    for (spec, words) in [
        (
            format!("{CANDIDATES}  growth: [ {{ deployment/wbe: 2 }} ]\n"),
            ["plan.yaml:7:15", "did you mean `deployment/web`?"],
        ),
        (format!("{CANDIDATES}  keep: pool=wbe\n"), ["plan.yaml:7:9", "did you mean `pool=web`?"]),
        (format!("{CANDIDATES}  maxNode: 3\n"), ["plan.yaml:7:3", "did you mean `maxNodes`?"]),
        (format!("{CANDIDATES}  growth: [ 0 ]\n"), ["plan.yaml:7:13", "above 0"]),
        (format!("{CANDIDATES}  survive: {{ zones: 1 }}\n"), ["E0014", "without `zones`"]),
        (format!("{CANDIDATES}  survive: {{ nodes: 1, at: 5m }}\n"), ["plan.yaml:7:28", "when the scenario is over"]),
        (
            format!("{CANDIDATES}  require: [ traffic('x').rps > 0 ]\n"),
            ["plan.yaml:7:14", "the scenario has no traffic `x`"],
        ),
        (format!("{CANDIDATES}  require: [ sumary( ]\n"), ["E0012", "plan.yaml:7:"]),
        ("  candidates: [ { name: m5.large } ]\n".to_owned(), ["E0007", "without `price`"]),
    ] {
        let output = scratch.capacity(&spec);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{spec}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{spec}: {said}");
        assert!(output.stdout.is_empty() && !scratch.results().exists(), "{spec}");
    }
}

#[test]
fn a_missing_scenario_gets_the_nearest_file() {
    let scratch = Scratch::new("missing");
    let plan = "apiVersion: kubelapse/v1\nkind: CapacityPlan\nspec: { scenario: wbe.yaml, candidates: [ current ] }\n";
    std::fs::write(scratch.0.join("plan.yaml"), plan).unwrap();
    let output = scratch.kubelapse(&["capacity", "plan.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean `web.yaml`?"), "{}", text(&output.stderr));
}

#[test]
fn run_says_which_command_takes_a_plan_and_validate_takes_it() {
    let scratch = Scratch::new("others");
    let plan = format!("apiVersion: kubelapse/v1\nkind: CapacityPlan\nspec:\n  scenario: web.yaml\n{CANDIDATES}");
    std::fs::write(scratch.0.join("plan.yaml"), plan).unwrap();
    let output = scratch.kubelapse(&["run", "plan.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("kubelapse capacity plan.yaml"), "{}", text(&output.stderr));
    let output = scratch.kubelapse(&["validate", "plan.yaml", "web.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("plan: valid"), "{}", text(&output.stdout));
    let output = scratch.kubelapse(&["schema", "CapacityPlan"]);
    assert!(text(&output.stdout).contains("\"maxNodes\""));
}

#[test]
fn the_plan_that_ships_is_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/capacity");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let found = kubelapse::scenario::load_capacity(&path, &kubelapse::scenario::LoadOptions::default());
        let cases = found.unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        assert!(
            cases.iter().all(|case| case.warnings.is_empty() && !case.description.is_empty()),
            "{}",
            path.display()
        );
        count += cases.len();
    }
    assert!(count >= 1);
}
