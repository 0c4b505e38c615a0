//! How a rolling update begins: its arguments, the next controller, the label that tells the two apart, a rollback.
//! Upstream: kubectl v1.10 pkg/kubectl/cmd/rollingupdate.go `RunRollingUpdate`, pkg/kubectl/rolling_updater.go
//! `CreateNewControllerFromCurrentController`, `UpdateExistingReplicationController`, `AbortRollingUpdate`.

use serde_json::{Value, json};

use crate::engine::SimDuration;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::commands::Outcome;
use super::super::errors::Failure;
use super::super::manifests;
use super::super::output::Printed;
use super::super::requests::Manner;
use super::rolling_update::{self, Cleanup, DESIRED, ORIGINAL, Pace, SOURCE};

const NEXT: &str = "kubectl.kubernetes.io/next-controller-id";
const UPDATE_PERIOD: SimDuration = SimDuration::from_secs(60);
const POLL_INTERVAL: SimDuration = SimDuration::from_secs(3);
const TIMEOUT: SimDuration = SimDuration::from_secs(300);

/// `rolling-update OLD ([NEW] --image=IMAGE | -f FILE | --rollback)`.
pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    check_arguments(line)?;
    line.refuse(&["dry-run"])?;
    let namespace = line.namespace(call.context_namespace).to_owned();
    let old_name = line.arguments[0].clone();
    let filename = line.flags.text("filename").to_owned();
    let found = call.find(Kind::REPLICATION_CONTROLLER, &namespace, &old_name);
    let pace = Pace {
        period: line.flags.duration("update-period").unwrap_or(UPDATE_PERIOD),
        interval: line.flags.duration("poll-interval").unwrap_or(POLL_INTERVAL),
        timeout: line.flags.duration("timeout").unwrap_or(TIMEOUT),
    };
    let old = found.map_err(|status| Failure::server(&status))?;
    if line.flags.is_on("rollback", false) {
        return roll_back(call, line, &namespace, old, pace, printed);
    }
    if !filename.is_empty() {
        let new = from_file(call, line, &namespace, old)?;
        return start(call, (&namespace, old, new), Cleanup::Delete, pace, printed);
    }
    let keeps_name = line.arguments.len() == 1;
    let new = match next_controller(call, line, &namespace, old) {
        Some(next) => {
            let running = call.cluster.view(next)["spec"]["template"]["spec"]["containers"][0]["image"].clone();
            if running != line.flags.text("image") {
                let running = running.as_str().unwrap_or_default();
                return Err(usage(format!(
                    "Found existing in-progress update to image ({running}).\nEither continue in-progress update with --image={running} or rollback with --rollback"
                )));
            }
            printed.line(format!("Found existing update in progress ({}), resuming.", call.cluster.meta(next).name));
            Target::Existing(next)
        }
        None => Target::New(with_image(call, line, old)?),
    };
    point_at_next(call, line, old, &new)?;
    let cleanup = if keeps_name { Cleanup::Rename(old_name) } else { Cleanup::Delete };
    start(call, (&namespace, old, new), cleanup, pace, printed)
}

/// The controller to which the update leads.
pub(super) enum Target {
    /// It exists already.
    Existing(ObjectRef),
    /// This one is to be made.
    New(Value),
}

fn usage(text: impl std::fmt::Display) -> Failure {
    Failure::usage("rolling-update", text)
}

fn check_arguments(line: &CommandLine) -> Result<(), Failure> {
    let mut errors: Vec<&str> = Vec::new();
    let (files, image) = (line.flags.all("filename").count(), !line.flags.text("image").is_empty());
    if files > 1 {
        errors.push("May only specify a single filename for new controller");
    }
    match (line.flags.is_on("rollback", false), files > 0, image) {
        (false, false, false) => errors.push("Must specify --filename or --image for new controller"),
        (false, true, true) => errors.push("--filename and --image can not both be specified"),
        (true, true, _) | (true, _, true) => errors.push("Don't specify --filename or --image on rollback"),
        _ => {}
    }
    if line.arguments.is_empty() {
        errors.push("Must specify the controller to update");
    }
    match errors.as_slice() {
        [] => Ok(()),
        [one] => Err(usage(one)),
        many => Err(usage(format!("[{}]", many.join(", ")))),
    }
}

fn label_key(line: &CommandLine) -> &str {
    let given = line.flags.text("deployment-label-key");
    if given.is_empty() { "deployment" } else { given }
}

/// The controller of an update that began earlier.
fn next_controller(call: &Call<'_>, line: &CommandLine, namespace: &str, old: ObjectRef) -> Option<ObjectRef> {
    let annotated = call.cluster.meta(old).annotations.get(NEXT).map(str::to_owned);
    let name = line.arguments.get(1).cloned().or(annotated)?;
    call.find(Kind::REPLICATION_CONTROLLER, namespace, &name).ok()
}

/// A copy of the controller with another image, its pods told apart by a label that is made from the copy.
fn with_image(call: &Call<'_>, line: &CommandLine, old: ObjectRef) -> Result<Value, Failure> {
    let view = call.cluster.view(old);
    let mut spec = view["spec"].clone();
    let containers = spec["template"]["spec"]["containers"].as_array_mut().map_or(&mut [][..], Vec::as_mut_slice);
    let wanted = line.flags.text("container");
    if containers.len() > 1 && wanted.is_empty() {
        return Err(Failure::error("must specify container to update when updating a multi-container pod"));
    }
    let Some(container) = containers.iter_mut().find(|one| wanted.is_empty() || one["name"] == wanted) else {
        return Err(Failure::error(format!("container {wanted} not found in pod")));
    };
    let image = line.flags.text("image");
    if container["image"] == image {
        return Err(Failure::error("Specified --image must be distinct from existing container image"));
    }
    container["image"] = json!(image);
    if !line.flags.text("image-pull-policy").is_empty() {
        container["imagePullPolicy"] = json!(line.flags.text("image-pull-policy"));
    }
    let hash = hash_of(&spec);
    let old_name = view["metadata"]["name"].as_str().unwrap_or_default();
    let name = line.arguments.get(1).cloned().unwrap_or_else(|| format!("{old_name}-{hash}"));
    let key = label_key(line);
    for labels in ["/selector", "/template/metadata/labels"] {
        put(&mut spec, labels, key, &hash);
    }
    let mut metadata = json!({"name": name, "namespace": view["metadata"]["namespace"]});
    if view["metadata"]["labels"].is_object() {
        metadata["labels"] = view["metadata"]["labels"].clone();
    }
    Ok(json!({"apiVersion": "v1", "kind": "ReplicationController", "metadata": metadata, "spec": spec}))
}

/// Sets a member of the object at a path below `value`, which is made if it is absent.
fn put(value: &mut Value, path: &str, key: &str, text: &str) {
    let mut place = value;
    for step in path.split('/').skip(1) {
        if !place[step].is_object() {
            place[step] = json!({});
        }
        place = &mut place[step];
    }
    place[key] = json!(text);
}

/// 32 hexadecimal digits that stand for a specification. Upstream: kubectl/util `HashObject` (MD5 of its JSON).
fn hash_of(spec: &Value) -> String {
    let text = spec.to_string();
    let half = |seed: u64| {
        // FNV-1a, twice from different starts: any hash serves, as long as equal specifications have equal ones.
        text.bytes()
            .fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    format!("{:016x}{:016x}", half(0), half(0x9e37_79b9_7f4a_7c15))
}

/// The new controller of a file, which has to differ in its name and in a label that both select by.
fn from_file(call: &mut Call<'_>, line: &CommandLine, namespace: &str, old: ObjectRef) -> Result<Target, Failure> {
    let filename = line.flags.text("filename");
    let mut documents =
        manifests::read(call, line, &mut Printed::default())?.into_iter().collect::<Result<Vec<_>, Failure>>()?;
    if documents.len() != 1 || documents[0].value["kind"] != "ReplicationController" {
        return Err(usage(format!("{filename} does not specify a valid ReplicationController")));
    }
    let mut value = documents.swap_remove(0).value;
    if !value["spec"]["selector"].is_object() {
        // Upstream: apis/core/v1 `SetDefaults_ReplicationController`.
        value["spec"]["selector"] = value["spec"]["template"]["metadata"]["labels"].clone();
    }
    value["metadata"]["namespace"] = json!(namespace);
    let view = call.cluster.view(old);
    let (old_name, new_name) = (&view["metadata"]["name"], &value["metadata"]["name"]);
    if old_name == new_name {
        return Err(usage(format!(
            "{filename} cannot have the same name as the existing ReplicationController {}",
            old_name.as_str().unwrap_or_default()
        )));
    }
    let selects = view["spec"]["selector"].as_object();
    let differs = selects.into_iter().flatten().any(|(key, text)| {
        let new = &value["spec"]["selector"][key];
        !new.is_null() && new != text
    });
    if !differs {
        return Err(usage(format!(
            "{filename} must specify a matching key with non-equal value in Selector for {}",
            old_name.as_str().unwrap_or_default()
        )));
    }
    let new_name = new_name.as_str().unwrap_or_default();
    Ok(match call.find(Kind::REPLICATION_CONTROLLER, namespace, new_name) {
        Ok(existing) => Target::Existing(existing),
        Err(_) => Target::New(value),
    })
}

/// Notes the next controller on the old one, and gives the old one's pods a label of their own if they have none.
fn point_at_next(call: &mut Call<'_>, line: &CommandLine, old: ObjectRef, new: &Target) -> Result<(), Failure> {
    let next = match new {
        Target::Existing(next) => call.cluster.meta(*next).name.to_string(),
        Target::New(value) => value["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
    };
    let key = label_key(line).to_owned();
    let mut view = call.cluster.view(old);
    let hash = format!("{}-orig", hash_of(&view["spec"]));
    put(&mut view, "/metadata/annotations", NEXT, &next);
    let is_told_apart = view["spec"]["selector"].get(&key).is_some();
    if !is_told_apart {
        put(&mut view, "/spec/template/metadata/labels", &key, &hash);
    }
    write(call, old, view)?;
    if is_told_apart {
        return Ok(());
    }
    let pods: Vec<ObjectRef> = call.cluster.pods_of(old).map(ObjectRef::pod).collect();
    for pod in pods {
        let mut view = call.cluster.view(pod);
        put(&mut view, "/metadata/labels", &key, &hash);
        write(call, pod, view)?;
    }
    let mut view = call.cluster.view(old);
    put(&mut view, "/spec/selector", &key, &hash);
    write(call, old, view)
}

/// Replaces an object by its changed view.
fn write(call: &mut Call<'_>, object: ObjectRef, mut view: Value) -> Result<(), Failure> {
    if let Some(metadata) = view["metadata"].as_object_mut() {
        metadata.remove("resourceVersion");
    }
    call.update(object, view, Manner::PATCH, &mut Printed::default())
        .map(drop)
        .map_err(|status| Failure::server(&status))
}

fn start(
    call: &mut Call<'_>,
    (namespace, old, new): (&str, ObjectRef, Target),
    cleanup: Cleanup,
    pace: Pace,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let source = format!("{}:{}", call.cluster.meta(old).name, call.cluster.uid(old));
    let new = match new {
        Target::Existing(new) => {
            let annotations = &call.cluster.meta(new).annotations;
            if annotations.get(SOURCE) != Some(&source) || annotations.get(DESIRED).is_none() {
                return Err(Failure::error(format!(
                    "Missing/unexpected annotations for controller {}, expected {source}",
                    call.cluster.meta(new).name
                )));
            }
            printed.line(format!("Continuing update with existing controller {}.", call.cluster.meta(new).name));
            new
        }
        Target::New(mut value) => {
            let desired = value["spec"]["replicas"].as_i64().unwrap_or(1);
            put(&mut value, "/metadata/annotations", DESIRED, &desired.to_string());
            put(&mut value, "/metadata/annotations", SOURCE, &source);
            value["spec"]["replicas"] = json!(0);
            let made = call.create(value, namespace, Manner::PATCH, printed);
            let made = made.map_err(|error| Failure::error(error.to_string()))?;
            let new = made.stored().expect("only a dry run stores nothing");
            printed.line(format!("Created {}", call.cluster.meta(new).name));
            new
        }
    };
    if call.cluster.meta(old).annotations.get(ORIGINAL).is_none() {
        let mut view = call.cluster.view(old);
        let replicas = view["spec"]["replicas"].as_i64().unwrap_or(0);
        put(&mut view, "/metadata/annotations", ORIGINAL, &replicas.to_string());
        write(call, old, view)?;
    }
    Ok(rolling_update::begin(call, (old, new), cleanup, pace, printed))
}

/// Turns an update round: the old controller gets its pods back. An update that still runs ends with that.
fn roll_back(
    call: &mut Call<'_>,
    line: &CommandLine,
    namespace: &str,
    old: ObjectRef,
    pace: Pace,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let Some(new) = next_controller(call, line, namespace, old) else {
        let name = line.arguments.get(1).cloned();
        let annotated = call.cluster.meta(old).annotations.get(NEXT).map(str::to_owned);
        let name = name.or(annotated).unwrap_or_default();
        return Err(usage(format!("Could not find {name} to rollback.\n")));
    };
    let name = call.cluster.meta(old).name.clone();
    let Some(original) = call.cluster.meta(old).annotations.get(ORIGINAL).map(str::to_owned) else {
        return Err(Failure::error(format!("couldn't find original replica count of {:?}", name.as_str())));
    };
    let source = format!("{}:{}", call.cluster.meta(new).name, call.cluster.uid(new));
    printed.line(format!("Setting {:?} replicas to {original}", name.as_str()));
    let mut view = call.cluster.view(old);
    put(&mut view, "/metadata/annotations", SOURCE, &source);
    put(&mut view, "/metadata/annotations", DESIRED, &original);
    write(call, old, view)?;
    start(call, (namespace, new, Target::Existing(old)), Cleanup::Delete, pace, printed)
}
