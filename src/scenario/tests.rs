//! From text to plan or errors, through the public seam.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::plan::{Action, ExpectationTime, ManifestSource, Trigger, Until, Warmup};
use super::*;
use crate::engine::SimDuration;

mod documentation;
mod fuzz;
mod shipped;
mod traffic;

/// The whole example of the design, with files that exist.
const EXAMPLE: &str = include_str!("tests/example.yaml");

fn source(text: &str) -> SourceFile {
    source_of_text("web.yaml", text, Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/scenario/tests")))
}

fn plan(text: &str) -> Plan {
    load_source(&source(text), &LoadOptions::default()).unwrap_or_else(|found| panic!("{found}"))
}

fn errors(text: &str) -> Vec<String> {
    match load_source(&source(text), &LoadOptions::default()) {
        Ok(plan) => panic!("no error in {plan:?}"),
        Err(found) => found.list.iter().map(ToString::to_string).collect(),
    }
}

/// A scenario with this spec.
fn spec(spec: &str) -> String {
    format!("apiVersion: kubelapse/v1\nkind: Scenario\nmetadata:\n  name: x\nspec:\n{spec}")
}

fn set(text: &str, settings: &[&str]) -> Result<Plan, Diagnostics> {
    let options =
        LoadOptions { set: settings.iter().map(|text| (*text).to_owned()).collect(), ..LoadOptions::default() };
    load_source(&source(text), &options)
}

#[test]
fn the_example_of_the_design_is_a_plan() {
    let plan = plan(EXAMPLE);
    assert_eq!((plan.name.as_str(), plan.seed), ("rollout-under-load", 7));
    assert_eq!(plan.until, Until::At(SimDuration::from_secs(2400)));
    assert_eq!(plan.warmup, Some(Warmup::For(SimDuration::from_secs(600))));
    assert_eq!(plan.start.to_string(), "2026-01-01T00:00:00Z");
    let names: Vec<&str> = plan.cluster.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["worker-1", "worker-2", "worker-3"]);
    assert_eq!(plan.steps.len(), 13);
    assert!(matches!(&plan.steps[8].action, Action::Set(settings) if settings.len() == 2));
    assert_eq!(plan.steps[9].for_each.as_ref().unwrap().parallel, Some(3));
    assert!(matches!(plan.steps[11].trigger, Trigger::Every { first: None, times: Some(3), .. }));
    assert_eq!(plan.expectations[2].time, ExpectationTime::End);
    assert_eq!(plan.behaviors.len(), 1);
    assert_eq!(plan.manifests.len(), 3, "app.yaml and two of k8s");
    // Nothing says what a request costs at the cart.
    let codes: Vec<&str> = plan.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["W0004"], "{:?}", plan.warnings);
}

#[test]
fn what_has_no_effect_yet_is_a_warning_with_its_place_and_what_has_is_none() {
    let plan = plan(EXAMPLE);
    let paths: Vec<&str> = plan.without_effect.iter().map(|warning| warning.path.as_str()).collect();
    assert!(paths.iter().any(|path| path.ends_with(".autoscale")), "{paths:?}");
    for path in ["spec.seed", "spec.images", "spec.cluster.nodes", "spec.steps[0].kubectl", "spec.output"] {
        assert!(
            !paths
                .iter()
                .any(|warned| warned.starts_with(path) && !warned.contains("autoscale") && !warned.contains("spot")),
            "{path} in {paths:?}"
        );
    }
    assert!(plan.without_effect.iter().all(|warning| warning.line > 0 && warning.code == "W0001"));
    assert!(plan.all_warnings().render(false).contains("has no effect yet"));
}

#[test]
fn a_file_of_manifests_runs_on_the_default_cluster_until_idle() {
    let plan = plan("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n# nothing\n---\napiVersion: v1\nkind: Pod\n");
    assert_eq!(plan.name, "web");
    assert_eq!(plan.until, Until::Idle { max_time: SimDuration::from_secs(600) });
    assert_eq!((plan.cluster.nodes.len(), plan.cluster.nodes_are_default), (3, true));
    let places: Vec<(usize, usize)> = plan.manifests.iter().map(|source| (source.document, source.line)).collect();
    assert_eq!(places, [(0, 1), (1, 6)]);
    assert!(plan.all_warnings().is_empty());
}

#[test]
fn manifests_are_applied_in_the_order_of_the_file() {
    let text = format!("kind: A\n---\n{}---\nkind: B\n", spec("  manifests: [app.yaml]\n"));
    let kinds: Vec<String> = plan(&text)
        .manifests
        .iter()
        .map(|ManifestSource { text, .. }| text.lines().find(|line| line.starts_with("kind")).unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["kind: A", "kind: Deployment", "kind: B"]);
}

#[test]
fn an_unknown_field_is_one_error_with_place_path_and_nearest_name() {
    assert_eq!(
        errors(&spec("  untill: 5m\n")),
        ["error[E0005]: web.yaml:6:3: spec.untill: unknown field `untill` in `spec` (hint: did you mean `until`?)"]
    );
    assert_eq!(
        errors(&spec("  cluster:\n    nodes:\n      - { name: a, cuont: 3 }\n")),
        [
            "error[E0005]: web.yaml:8:20: spec.cluster.nodes[0].cuont: unknown field `cuont` in `spec.cluster.nodes[0]` (hint: did you mean `count`?)"
        ]
    );
}

#[test]
fn wrong_types_and_bad_scalars_are_all_reported_at_their_place() {
    let found = errors(&spec(
        "  seed: many\n  until: 5 minutes\n  cluster:\n    nodes:\n      - name: a\n        count: -1\n        capacity: { cpu: 4x }\n        price: -2\n        taints: [a=b]\n  images:\n    nginx: { missing: 'yes' }\n",
    ));
    let expected = [
        "E0006]: web.yaml:6:9: spec.seed",
        "E0010]: web.yaml:7:10: spec.until",
        "E0009]: web.yaml:11:16: spec.cluster.nodes[0].count",
        "E0011]: web.yaml:12:26: spec.cluster.nodes[0].capacity.cpu",
        "E0009]: web.yaml:13:16: spec.cluster.nodes[0].price",
        "E0013]: web.yaml:14:18: spec.cluster.nodes[0].taints[0]",
        "E0006]: web.yaml:16:23: spec.images.nginx.missing",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{expected} missing in {found}");
    }
}

#[test]
fn the_rules_find_what_no_field_alone_shows() {
    let cluster = "  cluster: { nodes: [ { name: 'w-{}', count: 3 } ] }\n";
    for (text, code, part) in [
        ("  steps: [ { at: 1s, fault: { node: w-9, kind: crash } } ]\n", "E0021", "did you mean `w-1`?"),
        ("  steps: [ { kubectl: get pods } ]\n", "E0022", "has no time"),
        ("  steps: [ { at: 1s, kubectl: \"get 'pods\" } ]\n", "E0022", "a quote is not closed"),
        ("  steps: [ { at: 1s, kubectl: get pods, heal: { node: w-1 } } ]\n", "E0014", "only one of"),
        ("  steps: [ { at: 1s } ]\n", "E0007", "one of kubectl"),
        ("  steps: [ { at: 1s, fault: { node: w-1, kind: oom } } ]\n", "E0014", "cannot happen to a node"),
        ("  steps: [ { at: 1s, set: { \"a..b\": 1 } } ]\n", "E0019", "is empty"),
        ("  steps: [ { at: 1s, kubectl: apply -f nothing.yaml } ]\n", "E0001", "there is no file"),
        ("  steps: [ { when: \"pod('x'\", kubectl: get pods } ]\n", "E0012", "cannot be read"),
        (
            "  expect: [ { at: end, that: \"deploymnt('x').status.replicas == 1\" } ]\n",
            "E0012",
            "did you mean `deployment`?",
        ),
        ("  expect: [ { during: [5m, 1m], that: \"true\" } ]\n", "E0014", "is not after the begin"),
        ("  manifests: [ ap.yaml ]\n", "E0001", "did you mean `app.yaml`?"),
        ("  manifests: [ 'x*.yaml' ]\n", "E0001", "no file matches"),
        ("  behaviors: [ { startup: { uniform: { min: 5s, max: 1s } } } ]\n", "E0023", "less than"),
        ("  cpus: 4\n", "E0005", "unknown field"),
    ] {
        let found = errors(&spec(&format!("{cluster}{text}"))).join("\n");
        assert!(found.contains(code) && found.contains(part), "{text}: {found}");
    }
}

#[test]
fn nodes_that_cannot_be_are_errors() {
    for (node, code) in [
        ("{ name: w, capacity: { memory: 1Gi }, reserved: { memory: 2Gi } }", "E0025"),
        ("{ name: w, capacity: { cpu: 0 } }", "E0025"),
        ("{ name: W_1 }", "E0018"),
        ("{ name: w, count: 9, autoscale: { min: 5, max: 3 } }", "E0014"),
        ("{ name: w-1 }, { name: w, count: 2 }", "E0020"),
    ] {
        let found = errors(&spec(&format!("  cluster: {{ nodes: [ {node} ] }}\n"))).join("\n");
        assert!(found.contains(code), "{node}: {found}");
    }
}

#[test]
fn times_after_the_end_and_void_settings_are_warnings() {
    let plan = plan(&spec("  until: 1m\n  maxTime: 5m\n  steps: [ { at: 2m, kubectl: get pods, times: 3 } ]\n"));
    let found: Vec<(&str, &str)> = plan.warnings.iter().map(|warning| (warning.code, warning.path.as_str())).collect();
    assert_eq!(found, [("W0003", "spec.maxTime"), ("W0002", "spec.steps[0].at"), ("W0003", "spec.steps[0].times")]);
}

#[test]
fn duplicate_keys_in_our_documents_are_errors_and_in_manifests_are_not_ours_to_judge() {
    assert_eq!(
        errors(&spec("  seed: 1\n  seed: 2\n")),
        ["error[E0004]: web.yaml:7:3: spec.seed: `spec.seed` is given twice (hint: keep one of them)"]
    );
    assert_eq!(plan("kind: Pod\nkind: Pod\n").manifests.len(), 1);
}

#[test]
fn other_kinds_and_versions_say_what_to_do() {
    let sweep = "apiVersion: kubelapse/v1\nkind: Sweep\nmetadata: {name: s}\nspec: {scenario: x.yaml}\n";
    assert!(errors(sweep)[0].contains("run `kubelapse sweep web.yaml`"), "{:?}", errors(sweep));
    assert!(errors("apiVersion: kubelapse/v2\nkind: Scenario\n")[0].contains("this version reads `kubelapse/v1`"));
    assert!(errors("apiVersion: kubelapse/v1\nkind: Scenaro\n")[0].contains("did you mean `Scenario`?"));
    let two = format!("{}---\n{}", spec("  seed: 1\n"), spec("  seed: 2\n"));
    assert!(errors(&two)[0].contains("E0017"));
    assert!(errors("# nothing\n")[0].contains("E0024"));
}

#[test]
fn two_scenarios_of_one_name_in_one_call_are_an_error() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scenario/tests/app.yaml");
    let found = load(&[folder.clone(), folder], &LoadOptions::default()).unwrap_err().to_string();
    assert!(found.contains("E0017") && found.contains("would share a folder"), "{found}");
    let found = load(&[PathBuf::from("nothing/there.yaml")], &LoadOptions::default()).unwrap_err().to_string();
    assert!(found.contains("E0001") && found.contains("no such file"), "{found}");
}

#[test]
fn settings_are_applied_before_decoding_and_name_themselves_in_errors() {
    let text = spec("  cluster: { nodes: [ { name: 'worker-{}', count: 3 } ] }\n");
    assert_eq!(set(&text, &["cluster.nodes[worker].count=5"]).unwrap().cluster.nodes.len(), 5);
    assert_eq!(set(&text, &["output.sample=5s", "metadata.name=y"]).unwrap().name, "y");
    for (setting, part) in [
        ("cluster.nodes[worker].cuont=5", "did you mean `count`?"),
        ("cluster.nodes[worker].count=x", "--set cluster.nodes[worker].count=x"),
        ("cluster.nodes[wrker].count=5", "did you mean `worker`?"),
        ("clster.nodes=[]", "did you mean `cluster`?"),
        ("seed", "is not PATH=VALUE"),
    ] {
        let found = set(&text, &[setting]).unwrap_err().to_string();
        assert!(found.contains(part), "{setting}: {found}");
    }
    let values = [("cluster.nodes[worker].count".to_owned(), json!(8))];
    let variant = Template::of(source(&text), &LoadOptions::default()).unwrap().plan(&values).unwrap();
    assert_eq!(variant.cluster.nodes.len(), 8);
    let options = LoadOptions { seed: Some(9), until: Some("3m".to_owned()), ..LoadOptions::default() };
    let plan = load_source(&source(&text), &options).unwrap();
    assert_eq!((plan.seed, plan.until), (9, Until::At(SimDuration::from_secs(180))));
    let options = LoadOptions { until: Some("soon".to_owned()), ..LoadOptions::default() };
    assert!(load_source(&source(&text), &options).unwrap_err().to_string().contains("--until"));
}

#[test]
fn settings_of_manifests_must_lead_into_one() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n";
    let plan = set(text, &["Deployment/web:spec.replicas=5"]).unwrap();
    assert_eq!((plan.manifest_settings.len(), &plan.manifest_settings[0].value), (1, &json!(5)));
    let found = set(text, &["Deployment/wbe:spec.replicas=5"]).unwrap_err().to_string();
    assert!(found.contains("did you mean `Deployment/web`?"), "{found}");
    assert!(set(text, &["Deployment/web:spec.replicas.x=5"]).is_err());
}

#[test]
fn a_sweep_and_a_capacity_plan_are_read() {
    let text = include_str!("tests/sweep.yaml");
    let sweeps = load_sweeps(&source(text)).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!((sweeps.len(), sweeps[0].value.spec.matrix.len(), sweeps[0].value.spec.seeds), (1, 2, Some(20)));
    let plans = load_capacity_plans(&source(text)).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!((plans.len(), plans[0].value.spec.candidates.len(), plans[0].value.spec.growth.len()), (1, 3, 3));
    let wrong = text.replace("values: [3, 5, 8]", "values: []").replace("maxNodes", "maxNode");
    assert!(load_sweeps(&source(&wrong)).unwrap_err().to_string().contains("there are no values"));
    assert!(load_capacity_plans(&source(&wrong)).unwrap_err().to_string().contains("did you mean `maxNodes`?"));
    assert!(load_sweeps(&source("kind: Pod\n")).unwrap_err().to_string().contains("holds no Sweep"));
}

#[test]
fn latencies_come_from_the_preset_and_its_overrides() {
    use crate::model::latency::Latency;
    let plan = plan(&spec("  cluster: { latency: { preset: instant, sandbox: 600ms } }\n"));
    let latencies = plan.cluster.latencies();
    assert_eq!(latencies.fixed(Latency::Sandbox), SimDuration::from_millis(600));
    assert_eq!(latencies.fixed(Latency::ApiWrite), SimDuration::ZERO);
    assert!(errors(&spec("  cluster: { latency: { sandbx: 1s } }\n"))[0].contains("did you mean `sandbox`?"));
    assert!(errors(&spec("  cluster: { latency: fast }\n"))[0].contains("known are realistic"));
}

#[test]
fn json_is_read_as_yaml_is() {
    let plan = plan("{\n\t\"apiVersion\": \"kubelapse/v1\", \"kind\": \"Scenario\", \"spec\": {\"seed\": 3}\n}");
    assert_eq!((plan.name.as_str(), plan.seed), ("web", 3));
}

#[test]
fn standard_input_can_be_read_once_only() {
    let stdin = PathBuf::from("-");
    let options = LoadOptions { extra_manifests: vec![stdin.clone()], ..LoadOptions::default() };
    let found = load(&[stdin], &options).unwrap_err().to_string();
    assert!(found.contains("standard input is named twice"), "{found}");
}

#[test]
fn the_shown_example_of_an_error_is_what_is_printed() {
    let found = load_source(&source(&spec("  untill: 5m\n")), &LoadOptions::default()).unwrap_err().render(false);
    let page = include_str!("../../docs/scenarios.md");
    assert!(page.contains(&found), "{found}");
}

#[test]
fn an_entry_that_can_change_nothing_is_a_warning() {
    let plan = plan(&spec(
        "  behaviors:\n    - { cpu: 1, memory: 1Mi }\n    - { match: { pod: 'a*' }, cpu: 2 }\n    - { match: { pod: 'b*' }, logs: x }\n",
    ));
    let found: Vec<&str> = plan.warnings.iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(found, ["spec.behaviors[1]"]);
}

#[test]
fn fields_of_a_fault_go_with_its_target() {
    for fault in [
        "{ pod: web-0, kind: kill, count: 2 }",
        "{ registry: docker.io, kind: down, slow: 5MiB/s }",
        "{ nodes: pool=a, kind: crash, container: app }",
        "{ pod: web-0, kind: oom, exit: 3 }",
    ] {
        let found = errors(&spec(&format!("  steps: [ {{ at: 1s, fault: {fault} }} ]\n"))).join("\n");
        assert!(found.contains("E0014") && found.contains("does not go with"), "{fault}: {found}");
    }
}

#[test]
fn candidates_differ_in_name_and_have_a_price() {
    let text = "apiVersion: kubelapse/v1\nkind: CapacityPlan\nspec:\n  scenario: x.yaml\n  candidates: [ { name: a }, { name: a, price: 1 } ]\n  survive: { for: 1m }\n";
    let found = load_capacity_plans(&source(text)).unwrap_err().to_string();
    for part in ["cannot be compared", "there is a candidate `a` already", "must say what is lost"] {
        assert!(found.contains(part), "{part}: {found}");
    }
}

#[test]
fn a_scenario_whose_name_cannot_be_a_folder_is_refused() {
    for name in ["Web", "../x", "a/b", "''", "-a"] {
        let text = format!("apiVersion: kubelapse/v1\nkind: Scenario\nmetadata: {{ name: {name} }}\n");
        assert!(errors(&text)[0].contains("E0018"), "{name}");
    }
}

#[test]
fn every_code_of_the_table_can_happen() {
    let expect = |that: &str| spec(&format!("  expect: [ {{ at: end, that: \"{that}\" }} ]\n"));
    let node = |node: &str| spec(&format!("  cluster: {{ nodes: [ {node} ] }}\n"));
    let step = |step: &str| spec(&format!("  steps: [ {step} ]\n"));
    let texts = [
        ("E0001", spec("  manifests: [ nothing.yaml ]\n")),
        ("E0003", "apiVersion: kubelapse/v1\nkind: [\n".to_owned()),
        ("E0004", spec("  seed: 1\n  seed: 1\n")),
        ("E0005", spec("  sed: 1\n")),
        ("E0006", spec("  seed: x\n")),
        ("E0007", node("{ count: 1 }")),
        ("E0008", spec("  cluster: { unknownKinds: keep }\n")),
        ("E0009", spec("  seed: -1\n")),
        ("E0010", spec("  until: 5x\n")),
        ("E0011", node("{ name: a, capacity: { cpu: 4x } }")),
        ("E0012", expect("1 +")),
        ("E0013", node("{ name: a, taints: [ x ] }")),
        ("E0014", step("{ at: 1s, kubectl: get pods, set: {} }")),
        ("E0015", "apiVersion: kubelapse/v1\nkind: Run\n".to_owned()),
        ("E0016", "apiVersion: kubelapse/v1\nkind: Sweep\n".to_owned()),
        ("E0017", format!("{0}---\n{0}", spec(""))),
        ("E0018", node("{ name: A }")),
        ("E0019", step("{ at: 1s, set: { \"\": 1 } }")),
        ("E0020", node("{ name: a }, { name: a }")),
        ("E0021", spec("  cluster: { nodes: [ { name: a } ] }\n  steps: [ { at: 1s, heal: { node: b } } ]\n")),
        ("E0022", step("{ kubectl: get pods }")),
        ("E0023", spec("  behaviors: [ { cpu: { ramp: [] } } ]\n")),
        ("E0024", String::new()),
        ("E0025", node("{ name: a, capacity: { pods: 0 } }")),
        ("E0026", spec("  traffic: [ { name: a, service: a, rps: 1, calls: [ { service: a } ] } ]\n")),
        ("W0001", node("{ name: a, autoscale: { min: 1, max: 2 } }")),
        ("W0002", step("{ at: 1h, kubectl: get pods }")),
        ("W0003", spec("  until: 1m\n  maxTime: 1m\n")),
        ("W0004", spec("  traffic: [ { name: a, service: a, rps: 1, calls: [ { service: b } ] } ]\n")),
    ];
    for (code, text) in &texts {
        let found = match load_source(&source(text), &LoadOptions::default()) {
            Ok(plan) => plan.all_warnings(),
            Err(found) => found,
        };
        assert!(found.list.iter().any(|diagnostic| diagnostic.code == *code), "{code}: {found}");
    }
    let unreadable = load(&[PathBuf::from(env!("CARGO_MANIFEST_DIR"))], &LoadOptions::default()).unwrap_err();
    assert_eq!(unreadable.list[0].code, "E0002");
    assert_eq!(texts.len() + 1, checks::CODES.len());
}
