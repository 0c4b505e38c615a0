//! Commands of kubectl as steps: those that hold on to a pod, that read local files, and that build directories.

use std::fs::{create_dir_all, remove_dir_all, write};
use std::path::PathBuf;

use kubelapse::record::{Record, Step};
use kubelapse::scenario::{LoadOptions, load_source, source_of_text};
use kubelapse::simulation::{Simulation, Unobserved};

/// A folder with files of the test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("kubelapse-steps-{name}-{}", std::process::id()));
        for (file, text) in files {
            let file = path.join(file);
            create_dir_all(file.parent().expect("a file in a folder")).expect("a folder can be made");
            write(file, text).expect("a file can be written");
        }
        Self(path)
    }

    /// Steps (lines of YAML) of a run in this folder; none may fail.
    fn run(&self, steps: &[&str]) -> Record {
        let steps: String = steps.iter().map(|step| format!("    - {{ {step} }}\n")).collect();
        let text = format!("apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  until: 5m\n  steps:\n{steps}");
        let source = source_of_text("test.yaml", &text, &self.0);
        let plan =
            load_source(&source, &LoadOptions::default()).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        let mut simulation = Simulation::new(&plan).unwrap_or_else(|error| panic!("{error}"));
        let ending = simulation.run(&mut Unobserved);
        let (record, failures) = simulation.finish(&plan, ending);
        assert!(failures.is_empty(), "{failures:?}");
        record
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = remove_dir_all(&self.0);
    }
}

fn step<'a>(record: &'a Record, command: &str) -> &'a Step {
    let found = record.steps.iter().find(|step| step.command.contains(command));
    found.unwrap_or_else(|| panic!("no step {command}"))
}

const MAPS: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: { name: one, labels: { app: x } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: two, labels: { app: x } }
";

const ONE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: { name: one, labels: { app: x } }
";

const TICKS: &str = r#"kubectl: "run box --image=busybox -- sh -c 'while true; do echo tick; sleep 10; done'""#;

#[test]
fn a_pod_that_is_run_and_removed_shows_what_it_says_and_is_gone() {
    let record = Folder::new("rm", &[]).run(&[
        r#"at: 10s, kubectl: "run shell -it --rm --image=busybox --restart=Never -- sh -c 'echo hello; sleep 5; echo bye'""#,
        "at: 1m, kubectl: get pods",
    ]);
    let run = step(&record, "run shell");
    assert!(run.output.starts_with("hello\nbye\npod \"shell\" deleted"), "{}", run.output);
    assert!(run.end.seconds() > run.start.seconds() + 5.0, "it lasts as long as the pod");
    assert_eq!(step(&record, "get pods").output, "No resources found in default namespace.\n");
}

#[test]
fn who_is_attached_sees_the_output_until_the_pod_ends() {
    let record = Folder::new("attach", &[]).run(&[
        &format!("at: 0s, {TICKS}"),
        "at: 1m, kubectl: attach box",
        "at: 1m30s, kubectl: attach box -c nope, mayFail: true",
        "at: 2m, kubectl: delete pod box --now",
    ]);
    let attached = record.steps.iter().find(|step| step.command.ends_with("attach box")).expect("it ended");
    // One every ten seconds; the last within the second after TERM, which a shell that is PID 1 does not hear.
    assert_eq!(attached.output.matches("tick").count(), 7, "{}", attached.output);
    assert!((120.0..125.0).contains(&attached.end.seconds()));
    assert_eq!(step(&record, "nope").exit, Some(1));
}

#[test]
fn a_file_is_copied_into_a_container() {
    let record = Folder::new("cp", &[("app.conf", "greeting=hello\n")]).run(&[
        &format!("at: 0s, {TICKS}"),
        r#"at: 1m, kubectl: [ "cp app.conf box:/tmp/app.conf", "exec box -- cat /tmp/app.conf" ]"#,
        r#"at: 2m, kubectl: "cp none.conf box:/tmp/none.conf", mayFail: true"#,
    ]);
    assert_eq!(step(&record, "exec box").output, "greeting=hello\n");
    assert_eq!(step(&record, "cp none.conf").exit, Some(1));
}

#[test]
fn what_a_file_no_longer_names_is_pruned() {
    let record = Folder::new("prune", &[("two.yaml", MAPS), ("one.yaml", ONE)]).run(&[
        "at: 1m, kubectl: apply -f two.yaml --prune -l app=x",
        "at: 2m, kubectl: apply -f one.yaml --prune -l app=x",
        "at: 3m, kubectl: get configmaps -l app=x -o name",
    ]);
    let pruned = &step(&record, "one.yaml").output;
    assert!(pruned.starts_with("configmap/one unchanged\nconfigmap/two pruned\n"), "{pruned}");
    assert_eq!(step(&record, "get configmaps").output, "configmap/one\n");
}

#[test]
fn a_directory_is_built_applied_compared_and_deleted() {
    let base = "resources: [ web.yaml ]\n";
    let web = "\
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
  - name: nginx
    image: nginx
    envFrom: [ { configMapRef: { name: settings } } ]
";
    let overlay = "\
resources: [ ../base ]
namePrefix: dev-
images: [ { name: nginx, newTag: '1.27' } ]
configMapGenerator: [ { name: settings, files: [ app.conf ] } ]
";
    let record = Folder::new(
        "kustomize",
        &[
            ("base/kustomization.yaml", base),
            ("base/web.yaml", web),
            ("dev/kustomization.yaml", overlay),
            ("dev/app.conf", "greeting=hello\n"),
        ],
    )
    .run(&[
        "at: 10s, kubectl: diff -k dev, mayFail: true",
        "at: 20s, kubectl: apply -k dev",
        "at: 30s, kubectl: diff -k dev",
        "at: 1m, kubectl: 'get pods -o jsonpath={.items[*].spec.containers[0].image}{.items[*].status.phase}'",
        "at: 2m, kubectl: delete -k dev",
        "at: 3m, kubectl: get pods",
    ]);
    assert_eq!(record.steps[0].exit, Some(1), "all is new");
    assert!(record.steps[0].output.contains("+  name: dev-web\n"), "{}", record.steps[0].output);
    assert!(record.steps[1].output.starts_with("configmap/dev-settings-"), "{}", record.steps[1].output);
    assert!(record.steps[1].output.ends_with("created\npod/dev-web created\n"), "{}", record.steps[1].output);
    assert_eq!((record.steps[2].exit, record.steps[2].output.as_str()), (Some(0), ""));
    assert_eq!(record.steps[3].output, "nginx:1.27Running");
    assert_eq!(record.steps[5].output, "No resources found in default namespace.\n");
}

const TALKERS: &str = "\
apiVersion: v1
kind: Pod
metadata: { name: talk, labels: { app: talk } }
spec:
  restartPolicy: Never
  containers:
    - { name: a, image: busybox, command: [sh, -c, 'echo a1; sleep 30; echo a2'] }
    - { name: b, image: busybox, command: [sh, -c, 'echo b1; sleep 40; echo b2'] }
";

#[test]
fn several_containers_are_followed_at_once_to_their_ends() {
    let record = Folder::new("follow", &[("talk.yaml", TALKERS)]).run(&[
        "at: 0s, kubectl: apply -f talk.yaml",
        "at: 20s, kubectl: logs -f talk --all-containers --prefix",
        "at: 20s, kubectl: logs -f -l app=talk --all-containers --tail=0",
        "at: 20s, kubectl: logs -f talk -c b --limit-bytes=4",
        "at: 20s, kubectl: exec -f talk.yaml -c a -- echo there",
        "at: 21s, kubectl: logs -f -l app=talk --all-containers --max-log-requests=1, mayFail: true",
    ]);
    let prefixed = step(&record, "--prefix");
    let lines: Vec<&str> = prefixed.output.lines().collect();
    assert_eq!(lines, ["[pod/talk/a] a1", "[pod/talk/b] b1", "[pod/talk/a] a2", "[pod/talk/b] b2"]);
    assert!(prefixed.end.seconds() > 40.0, "it lasts as long as the longest container");
    assert_eq!(step(&record, "--tail=0").output, "a2\nb2\n");
    assert_eq!(step(&record, "--limit-bytes").output, "b1\nb");
    assert_eq!(step(&record, "exec -f").output, "there\n");
    assert_eq!(
        step(&record, "--max-log-requests").output,
        "error: you are attempting to follow 2 log streams, but maximum allowed concurrency is 1, use --max-log-requests to increase the limit\n"
    );
}

#[test]
fn the_namespace_of_a_context_is_that_of_later_steps() {
    let record = Folder::new("context", &[("one.yaml", ONE)]).run(&[
        "at: 0s, kubectl: create namespace dev",
        "at: 1s, kubectl: config set-context dev --namespace=dev --cluster=kubelapse --user=kubelapse",
        "at: 2s, kubectl: apply -f one.yaml --context=dev",
        "at: 3s, kubectl: config use-context dev",
        "at: 4s, kubectl: 'get configmap one -o jsonpath={.metadata.namespace}'",
    ]);
    assert_eq!(step(&record, "get configmap").output, "dev");
}
