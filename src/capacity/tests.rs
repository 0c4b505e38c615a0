//! Plans as users write them, searched over real runs.

use std::path::Path;

use super::*;
use crate::scenario::capacity_case::load_capacity_source;
use crate::scenario::{LoadOptions, source_of_text};

/// Nine of 700m and three of 3Gi on two workers in each of two zones, and a node that stays.
const SCENARIO: &str = "---
apiVersion: kubelapse/v1
kind: Scenario
metadata: { name: shop }
spec:
  until: 12m
  cluster:
    nodes:
      - { name: 'w-{}', count: 4, zones: [ a, b ], capacity: { cpu: 4, memory: 8Gi }, price: 0.2, labels: { pool: web } }
      - { name: gpu, zones: [ a ], capacity: { cpu: 8, memory: 32Gi }, price: 1.5, labels: { pool: gpu }, taints: [ 'gpu:NoSchedule' ] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 9
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [ { name: c, image: nginx, resources: { requests: { cpu: 700m, memory: 512Mi } } } ] } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: cache }
spec:
  replicas: 3
  selector: { matchLabels: { app: cache } }
  template: { metadata: { labels: { app: cache } }, spec: { containers: [ { name: c, image: redis, resources: { requests: { cpu: 200m, memory: 3Gi } } } ] } }
";

const CANDIDATES: &str = "  candidates:
    - { name: small, capacity: { cpu: 2, memory: 4Gi }, price: 0.1, zones: [ a, b ] }
    - { name: large, capacity: { cpu: 8, memory: 16Gi }, price: 0.37, zones: [ a, b ] }
";

/// The plan of `spec` beside the scenario, which stands in the same file.
fn case(spec: &str) -> CapacityCase {
    let folder = std::env::temp_dir().join(format!(
        "kubelapse-capacity-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("shop.yaml"), SCENARIO).unwrap();
    let text = format!(
        "apiVersion: kubelapse/v1\nkind: CapacityPlan\nmetadata: {{ name: shop-plan }}\nspec:\n  scenario: shop.yaml\n{spec}"
    );
    let found = load_capacity_source(&source_of_text("plan.yaml", &text, &folder), &LoadOptions::default());
    std::fs::remove_dir_all(&folder).unwrap();
    found.unwrap_or_else(|errors| panic!("{}", errors.render(false))).swap_remove(0)
}

fn planned(spec: &str) -> PlanResult {
    plan(&case(spec), Jobs::default(), &|| {}).unwrap()
}

fn row<'a>(plan: &'a PlanResult, growth: usize, candidate: &str) -> &'a Row {
    plan.growth[growth].plans.iter().find(|row| row.candidate == candidate).unwrap()
}

#[test]
fn the_least_number_of_each_candidate_is_found_and_the_cheapest_is_named() {
    let plan = planned(CANDIDATES);
    let small = row(&plan, 0, "small");
    // Three caches with one web each, two web on each of three more.
    assert_eq!((small.count, small.lower_bound.as_ref().unwrap().nodes), (6, 4));
    let less = small.one_less.as_ref().unwrap();
    assert!(less.failure.unplaced > 0 && less.failure.pods[0].reason.contains("Insufficient"), "{less:?}");
    let large = row(&plan, 0, "large");
    assert_eq!((large.count, large.cost_per_month.rounded().round() as u64), (1, 270));
    assert_eq!(plan.growth[0].cheapest.as_deref(), Some("large"));
    assert!(plan.met && small.monotone && small.headroom.is_none());
    let headroom = large.headroom.as_ref().unwrap();
    assert_eq!(headroom.load.as_ref().unwrap().of, "replicas");
    assert_eq!(headroom.replicas["default/deployment/web"].fit, 1);
}

#[test]
fn a_lost_zone_needs_what_is_left_to_hold_everything() {
    let plan = planned(&format!("{CANDIDATES}  survive: {{ zones: 1, at: 2m }}\n"));
    assert_eq!(plan.require, ["summary.pods.unschedulable == 0", "summary.pods.unready == 0"]);
    let large = row(&plan, 0, "large");
    assert_eq!((large.count, large.lower_bound.as_ref().unwrap().surviving), (2, Some(2)));
    assert_eq!(large.one_less.as_ref().unwrap().failure.lost, "zone a");
    assert_eq!(row(&plan, 0, "small").count, 12);
}

#[test]
fn what_is_left_must_do_even_if_the_zone_comes_back() {
    let plan = planned(&format!("{CANDIDATES}  survive: {{ zones: 1, at: 2m, for: 8m }}\n"));
    let large = row(&plan, 0, "large");
    assert_eq!(large.count, 2, "with one nothing would run for eight minutes");
    assert_eq!(large.one_less.as_ref().unwrap().failure.at_seconds.rounded().round() as u64, 600);
    let plan = planned(&format!("{CANDIDATES}  survive: {{ zones: 1, at: 2m, for: 8m, hold: [ 'true' ] }}\n"));
    assert_eq!(row(&plan, 0, "large").count, 1, "whoever wants no more than the end says so");
}

#[test]
fn lost_nodes_are_the_fullest_ones_at_the_peak() {
    let plan = planned(&format!("{CANDIDATES}  survive: {{ nodes: 1 }}\n"));
    let small = row(&plan, 0, "small");
    assert_eq!(small.count, 7);
    assert!(small.one_less.as_ref().unwrap().failure.lost.starts_with("node small-"), "{small:?}");
}

#[test]
fn what_is_kept_stays_and_the_own_mix_is_scaled() {
    let plan = planned("  keep: pool=gpu\n  candidates: [ current ]\n  growth: [ 1, { deployment/web: 2 } ]\n");
    assert_eq!(plan.kept.nodes, ["gpu"]);
    let current = row(&plan, 0, "current");
    let today = current.today.unwrap();
    assert_eq!((today.nodes, today.holds, current.count), (4, true, 3));
    assert!((current.cost_per_hour.rounded() - 2.1).abs() < 1e-9, "what stays costs as well");
    assert_eq!(row(&plan, 1, "current").count, 4);
}

#[test]
fn a_mix_is_cheaper_where_it_is() {
    // Caches fit into wide nodes only, whose CPU is dear; slim ones have it for less.
    let spec = "  candidates:
    - { name: wide, capacity: { cpu: 2, memory: 10Gi }, price: 0.3 }
    - { name: slim, capacity: { cpu: 4, memory: 2600Mi }, price: 0.11 }
  mixed: true
";
    let plan = planned(spec);
    assert!(!row(&plan, 0, "slim").holds, "a cache fits into no slim node");
    let mix = row(&plan, 0, "wide + slim");
    assert!(mix.nodes["wide"] < row(&plan, 0, "wide").count && mix.nodes["slim"] > 0, "{mix:?}");
    assert!(mix.cost_per_hour < row(&plan, 0, "wide").cost_per_hour && mix.headroom.is_some());
    assert_eq!(plan.growth[0].cheapest.as_deref(), Some("wide + slim"));
}

#[test]
fn what_cannot_be_met_says_which_and_why_with_the_nearest_miss() {
    let spec = "  candidates: [ { name: tiny, capacity: { cpu: 500m, memory: 2Gi }, price: 0.01 } ]\n  maxNodes: 20\n";
    let plan = planned(spec);
    assert!(!plan.met && plan.growth[0].cheapest.is_none());
    let impossible = row(&plan, 0, "tiny").impossible.as_ref().unwrap();
    assert_eq!(impossible.why, "a pod asks for 0.7 cpu and 512Mi, but a node of tiny gives 0.5 cpu and 1.9Gi");
    assert_eq!(impossible.failure.requirement, "summary.pods.unschedulable == 0");

    let spec = format!("{CANDIDATES}  require: [ summary.pod_start_seconds.p99 < 0.5 ]\n  maxNodes: 16\n");
    let plan = planned(&spec);
    let impossible = row(&plan, 0, "large").impossible.as_ref().unwrap();
    assert!(
        impossible.why.starts_with("more nodes do not change it: summary.pod_start_seconds.p99 is "),
        "{impossible:?}"
    );
    assert!(impossible.nearest >= 1 && impossible.failure.requirement.contains("p99"));
}

#[test]
fn several_seeds_all_hold_and_say_how_sure_that_is() {
    let plan = planned(&format!("{CANDIDATES}  seeds: 3\n"));
    let small = row(&plan, 0, "small");
    let confidence = small.confidence.unwrap();
    assert_eq!((plan.seeds, confidence.seeds, confidence.held), (3, 3, 3));
    assert!((confidence.holds_at_least.rounded() - 0.368_403).abs() < 1e-6);
    assert_eq!(small.one_less.as_ref().unwrap().seeds_held, 0);
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let case = case(&format!("{CANDIDATES}  mixed: true\n  growth: [ 1, 1.5 ]\n"));
    let json = |jobs: usize| plan(&case, Jobs(jobs.try_into().unwrap()), &|| {}).unwrap().json();
    assert!(json(1) == json(3));
}

#[test]
fn files_are_written_whole() {
    let plan = planned(&format!("{CANDIDATES}  growth: [ 1, 1.5 ]\n"));
    let dir = std::env::temp_dir().join(format!("kubelapse-capacity-out-{}", std::process::id()));
    let formats = crate::report::ChartFormats { svg: true, png: true };
    let folder = output::write_folder(&plan, &dir, formats).unwrap();
    for file in ["plan.json", "plan.csv", "report.html", "charts/cost.svg", "charts/cost.png", "charts/resources.svg"] {
        assert!(folder.join(file).exists(), "{file}");
    }
    let table = std::fs::read_to_string(Path::new(&folder).join("plan.csv")).unwrap();
    assert_eq!(table.lines().count(), 5);
    assert!(table.lines().nth(1).unwrap().starts_with("1,small,true,6,6 × small,0.6,438,false,4,cpu,"), "{table}");
    std::fs::remove_dir_all(dir).unwrap();
    let text = output::table(&plan);
    assert!(text.contains(" *  1 × large") && text.contains("growth 1.5: "), "{text}");
}
