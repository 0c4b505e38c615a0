//! `compare`: one scenario, two sets of manifests.

use super::{Scratch, kubelapse, stderr};

const SCENARIO: &str = "\
apiVersion: kubelapse/v1
kind: Scenario
metadata: { name: rollout, description: a <new> version }
spec:
  until: 4m
  cluster: { nodes: [ { name: 'n-{}', count: 2, capacity: { cpu: 2, memory: 4Gi }, price: 0.5 } ] }
  steps: [ { at: 1m, kubectl: set image deployment/web web=nginx:1.28 } ]
  expect: [ { during: [ 30s, 4m ], that: \"deployment('web').status.availableReplicas >= 4\" } ]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec: { replicas: 99, selector: { matchLabels: { app: web } }, template: { metadata: { labels: { app: web } }, spec: { containers: [ { name: web, image: other } ] } } }
";

fn deployment(away: &str) -> String {
    format!(
        "\
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web }}
spec:
  replicas: 4
  strategy: {{ rollingUpdate: {{ maxUnavailable: {away} }} }}
  selector: {{ matchLabels: {{ app: web }} }}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec: {{ containers: [ {{ name: web, image: nginx:1.27 }} ] }}
"
    )
}

fn scene(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    scratch.file("scenario.yaml", SCENARIO);
    for (side, away) in [("base", "0"), ("head", "2")] {
        std::fs::create_dir_all(scratch.0.join(side).join("templates")).expect("the temporary folder is writable");
        scratch.file(&format!("{side}/templates/web.yaml"), &deployment(away));
        scratch.file(&format!("{side}/.hidden.yaml"), "no: [manifest");
    }
    scratch
}

fn compare(scratch: &Scratch, more: &[&str]) -> (i32, String, String) {
    let base = ["compare", "scenario.yaml", "--base", "base", "--head", "head", "--seeds", "3"];
    let output = kubelapse(&scratch.0, &[&base, more].concat());
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().expect("it was not killed"), stdout, stderr(&output))
}

#[test]
fn a_change_is_told_with_its_interval_and_no_number_of_threads_changes_it() {
    let scratch = scene("compare");
    let more = ["--markdown", "comment.md", "--junit", "junit.xml", "--picture", "picture.svg", "--jobs", "1"];
    let (code, text, errors) = compare(&scratch, &more);
    // With the head replicas are missing during the rollout, and the scenario expects that they are not.
    assert_eq!(code, 1, "{errors}");
    for part in [
        "Fewer replicas available than wanted (seconds)",
        "worse",
        "~ Deployment default/web",
        "spec.strategy.rollingUpdate.maxUnavailable: 0 → 2",
        "broke in 3 of 3 runs with the head, 0 with the base",
        "Cost of the nodes",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let read = |file: &str| std::fs::read_to_string(scratch.0.join(file)).expect("it was written");
    let comment = read("comment.md");
    for part in [
        "| Fewer replicas available",
        "🔴 worse",
        "`spec.strategy.rollingUpdate.maxUnavailable`: `0` → `2`",
        "a \\<new\\> version",
    ] {
        assert!(comment.contains(part), "{part}: {comment}");
    }
    assert!(read("junit.xml").contains("failures=\"1\""), "{}", read("junit.xml"));
    assert!(read("picture.svg").starts_with("<svg"));
    let (_, again, _) = compare(&scratch, &["--jobs", "2", "--markdown", "again.md"]);
    assert_eq!(again, text);
    assert_eq!(read("again.md"), comment);
}

#[test]
fn fail_if_decides_over_figures() {
    let scratch = scene("fail-if");
    let held = ["--set", "spec.expect=[]", "--fail-if", "cost.delta > 0", "--fail-if", "disruptions.head > 5"];
    let (code, text, errors) = compare(&scratch, &held);
    assert_eq!(code, 0, "{text}{errors}");
    let (code, text, _) = compare(&scratch, &["--set", "spec.expect=[]", "--fail-if", "unavailable_seconds.low > 0"]);
    assert_eq!(code, 1);
    assert!(text.contains("FAILS: true; unavailable_seconds.low is "), "{text}");
    // The same manifests on both sides differ in nothing.
    let equal = ["compare", "scenario.yaml", "--base", "head", "--head", "head", "--seeds", "2", "-o", "json"];
    let output = kubelapse(&scratch.0, &equal);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let figures = answer["figures"].as_array().expect("there are figures");
    assert!(figures.len() > 50 && figures.iter().all(|figure| figure["delta"] == 0.0));
}

#[test]
fn bad_input_is_one_error_and_nothing_is_written() {
    let scratch = scene("bad");
    std::fs::create_dir(scratch.0.join("empty")).expect("the temporary folder is writable");
    scratch.file("broken.yaml", "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [] }\n");
    for (more, reason) in [
        (vec!["--fail-if", "cost.dleta > 0"], "`cost` has no `dleta` (did you mean `delta`?)"),
        (vec!["--fail-if", "disruption.delta > 0"], "did you mean `disruptions`?"),
        (vec!["--fail-if", "traffic.shopers.dropped.delta > 0"], "no run has the figure `traffic.shopers.dropped`"),
        (vec!["--fail-if", "cost.delta >"], "--fail-if `cost.delta >`"),
        (vec!["--picture", "x.jpg"], "must end in .svg or .png"),
        (vec!["--head", "empty"], "empty: the folder holds no file"),
        (vec!["--head", "nowhere"], "nowhere: No such file"),
        (vec!["--head", "broken.yaml"], "head: broken.yaml:1"),
    ] {
        let mut arguments = vec!["compare", "scenario.yaml", "--base", "base", "--seeds", "1", "--markdown", "c.md"];
        if !more.contains(&"--head") {
            arguments.extend(["--head", "head"]);
        }
        arguments.extend(&more);
        let output = kubelapse(&scratch.0, &arguments);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(reason), "{more:?}: {}", stderr(&output));
        assert!(!scratch.0.join("c.md").exists(), "{more:?} wrote something");
    }
}

#[test]
fn the_comparison_that_ships_trades_dropped_requests_for_pods_that_wait() {
    let scratch = Scratch::new("shipped");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/compare");
    let path = |name: &str| folder.join(name).display().to_string();
    let (scenario, base, head) = (path("rollout-settings.yaml"), path("base"), path("head"));
    let gates = ["--fail-if", "traffic.shoppers.dropped.head > 1", "--fail-if", "pending_seconds.delta < 0"];
    let arguments = ["compare", &scenario, "--base", &base, "--head", &head, "--seeds", "1"];
    let output = kubelapse(&scratch.0, &[&arguments[..], &gates].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("spec.strategy.rollingUpdate.maxUnavailable: 25% → 0"), "{text}");
    let swapped = ["compare", &scenario, "--base", &head, "--head", &base, "--seeds", "1"];
    let output = kubelapse(&scratch.0, &[&swapped[..], &gates].concat());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}
