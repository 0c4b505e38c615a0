//! `kubectl debug`: an ephemeral container in a pod, a changed copy of a pod, or a pod that looks at a node.
//! Upstream: kubectl cmd/debug.

use serde_json::{Value, json};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;
use super::super::requests::Manner;
use super::Outcome;
use super::attached::{self, Attached};
use super::debug_profile::{Profile, Style};
use crate::api::decode::Subresource;
use crate::api::names;
use crate::cluster::DeleteOptions;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let profile = Profile::of(line)?;
    validate(line, printed)?;
    let arguments: Vec<String> = match line.arguments.as_slice() {
        [] => Vec::new(),
        // A name without a type is a pod's.
        names if names.iter().all(|name| !name.contains('/')) => {
            names.iter().map(|name| format!("pods/{name}")).collect()
        }
        names => names.to_vec(),
    };
    let named = call.named(&arguments)?;
    let objects = listing::chosen(call, line, &named, printed)?;
    let mut last = Outcome::Done;
    for object in objects {
        last = debug(call, line, object, &profile, printed)?;
    }
    Ok(last)
}

/// Upstream: `DebugOptions.Validate`.
fn validate(line: &CommandLine, printed: &mut Printed) -> Result<(), Failure> {
    let (flags, has_command) = (&line.flags, line.after_dash.as_ref().is_some_and(|words| !words.is_empty()));
    let image = flags.text("image");
    let given = |name: &str| !flags.text(name).is_empty();
    let refuse = |text: &str| Err(Failure::error(text));
    if flags.is_on("attach", false) && image.is_empty() && !given("container") {
        return refuse("you must specify --container or create a new container using --image in order to attach.");
    }
    let sets = flags.all("set-image").next().is_some();
    if given("copy-to") {
        if image.is_empty() && !sets && !has_command {
            return refuse("you must specify --image, --set-image or command arguments.");
        }
        if has_command && !given("container") && image.is_empty() {
            return refuse("you must specify an existing container or a new image when specifying args.");
        }
    } else {
        for (name, is_set) in [
            ("replace", flags.is_on("replace", false)),
            ("same-node", flags.is_on("same-node", false)),
            ("set-image", sets),
        ] {
            if is_set {
                return Err(Failure::error(format!("--{name} may only be used with --copy-to.")));
            }
        }
        if image.is_empty() {
            return refuse("you must specify --image when not using --copy-to.");
        }
    }
    if image.contains(char::is_whitespace) {
        return Err(Failure::error(format!("invalid image name {image:?}: invalid reference format")));
    }
    if line.arguments.is_empty() && !flags.has("filename") {
        return refuse("NAME or filename is required for debug");
    }
    let policy = flags.text("image-pull-policy");
    if !["", "Always", "IfNotPresent", "Never"].contains(&policy) {
        return Err(Failure::error(format!("invalid image pull policy: {policy}")));
    }
    if given("target") {
        if given("copy-to") {
            return refuse("--target is incompatible with --copy-to. Use --share-processes instead.");
        }
        if !flags.is_on("quiet", false) {
            printed.line(format!(
                "Targeting container {:?}. If you don't see processes from this container it may be because the container runtime doesn't support this feature.",
                flags.text("target")
            ));
        }
    }
    if flags.is_on("tty", false) && !flags.is_on("stdin", false) {
        return refuse("-i/--stdin is required for containers with -t/--tty=true");
    }
    Ok(())
}

fn debug(
    call: &mut Call<'_>,
    line: &CommandLine,
    object: ObjectRef,
    profile: &Profile,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let (pod, container) = match object.kind {
        Kind::NODE => on_node(call, line, object, profile, printed)?,
        Kind::POD if line.flags.text("copy-to").is_empty() => in_pod(call, line, object, profile, printed)?,
        Kind::POD => copy_of(call, line, object, profile, printed)?,
        kind => {
            let text = format!("\"{}, Kind={}\" not supported by debug", kind.api_version(), kind.name());
            return Err(Failure::error(text));
        }
    };
    let attaches = line.flags.is_on("attach", line.flags.is_on("stdin", false));
    if !attaches || container.is_empty() {
        return Ok(Outcome::Done);
    }
    let spec = &call.cluster.template_of(pod).spec;
    let Some(index) = spec.containers.iter().position(|candidate| candidate.name == container) else {
        return Ok(Outcome::Done);
    };
    attached::go_on(call, Attached::to_debugger(pod, index, line.flags.is_on("quiet", false)), printed)
}

/// Upstream: `debugByEphemeralContainer`.
fn in_pod(
    call: &mut Call<'_>,
    line: &CommandLine,
    object: ObjectRef,
    profile: &Profile,
    printed: &mut Printed,
) -> Result<(PodId, String), Failure> {
    let mut pod = call.cluster.view(object);
    let name = container_name(call, line, &pod, printed);
    let mut container = container(line, &name)?;
    if line.flags.has("target") {
        container["targetContainerName"] = json!(line.flags.text("target"));
    }
    push(&mut pod["spec"], "ephemeralContainers", container);
    profile.apply(&mut pod, "ephemeralContainers", &name, Style::Ephemeral);
    let manner = Manner { subresource: Some(Subresource::EphemeralContainers), ..Manner::PATCH };
    call.update(object, pod, manner, printed).map_err(|status| Failure::server(&status))?;
    Ok((PodId(object.id), name))
}

/// Upstream: `generateNodeDebugPod`.
fn on_node(
    call: &mut Call<'_>,
    line: &CommandLine,
    node: ObjectRef,
    profile: &Profile,
    printed: &mut Printed,
) -> Result<(PodId, String), Failure> {
    let node = call.cluster.identity(node).1.to_owned();
    let name = if line.flags.has("container") { line.flags.text("container") } else { "debugger" }.to_owned();
    let pod_name = format!("node-debugger-{node}-{}", suffix(call, 0));
    if !line.flags.is_on("quiet", false) {
        printed.line(format!("Creating debugging pod {pod_name} with container {name} on node {node}."));
    }
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": pod_name, "labels": {"app.kubernetes.io/managed-by": "kubectl-debug"}},
        "spec": {
            "containers": [container(line, &name)?], "nodeName": node, "restartPolicy": "Never",
            "tolerations": [{"operator": "Exists"}],
        },
    });
    profile.apply(&mut pod, "containers", &name, Style::Node);
    create(call, line, pod, printed).map(|pod| (pod, name))
}

/// Upstream: `debugByCopy`, `generatePodCopyWithDebugContainer`.
fn copy_of(
    call: &mut Call<'_>,
    line: &CommandLine,
    object: ObjectRef,
    profile: &Profile,
    printed: &mut Printed,
) -> Result<(PodId, String), Failure> {
    let original = call.cluster.view(object);
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "spec": original["spec"],
        "metadata": {"name": line.flags.text("copy-to"), "namespace": original["metadata"]["namespace"]},
    });
    for member in ["labels", "annotations"] {
        if original["metadata"][member].is_object() {
            pod["metadata"][member] = original["metadata"][member].clone();
        }
    }
    let spec = &mut pod["spec"];
    let members = spec.as_object_mut().expect("a pod has a specification");
    members.remove("ephemeralContainers");
    if !line.flags.is_on("same-node", false) {
        members.remove("nodeName");
    }
    if line.flags.has("share-processes") {
        spec["shareProcessNamespace"] = json!(line.flags.is_on("share-processes", true));
    }
    for pair in line.flags.all("set-image").flat_map(|text| text.split(',')) {
        let Some((name, image)) = pair.split_once('=') else {
            return Err(Failure::error(format!("{pair} must be formatted as key=value")));
        };
        for container in spec["containers"].as_array_mut().into_iter().flatten() {
            if name == "*" || container["name"] == name {
                container["image"] = json!(image);
            }
        }
    }
    let wanted = line.flags.text("container");
    let exists = spec["containers"].as_array().into_iter().flatten().any(|container| container["name"] == wanted);
    let image = line.flags.text("image");
    let name = if exists {
        wanted.to_owned()
    } else if image.is_empty() && line.flags.has("set-image") {
        return create(call, line, pod, printed).map(|pod| (pod, String::new()));
    } else if image.is_empty() {
        return Err(Failure::error("you must specify image when creating new container"));
    } else {
        let name = container_name(call, line, &pod, printed);
        push(&mut pod["spec"], "containers", container(line, &name)?);
        name
    };
    if exists {
        let fresh = container(line, &name)?;
        let containers = pod["spec"]["containers"].as_array_mut().into_iter().flatten();
        for container in containers.filter(|container| container["name"] == name.as_str()) {
            for member in ["command", "args", "env", "image", "imagePullPolicy", "stdin", "tty"] {
                if !fresh[member].is_null() && fresh[member] != "" {
                    container[member] = fresh[member].clone();
                }
            }
            if !fresh["command"].is_null() {
                container.as_object_mut().and_then(|container| container.remove("args"));
            }
        }
    }
    profile.apply(&mut pod, "containers", &name, Style::Copy);
    let created = create(call, line, pod, printed)?;
    if line.flags.is_on("replace", false) {
        call.cluster.delete(call.now, object, DeleteOptions::NOW).map_err(|status| Failure::server(&status))?;
    }
    Ok((created, name))
}

fn create(call: &mut Call<'_>, line: &CommandLine, pod: Value, printed: &mut Printed) -> Result<PodId, Failure> {
    let namespace = line.namespace(call.context_namespace).to_owned();
    let created = call.create(pod, &namespace, Manner::OBJECT, printed).map_err(|error| match error {
        crate::api::DecodeError::Server(status) => Failure::server(&status),
        other => Failure::error(other.to_string()),
    })?;
    let created = created.stored().and_then(ObjectRef::as_pod);
    created.ok_or_else(|| Failure::error("the pod was not created"))
}

fn push(spec: &mut Value, list: &str, container: Value) {
    match spec[list].as_array_mut() {
        Some(containers) => containers.push(container),
        None => spec[list] = json!([container]),
    }
}

fn container(line: &CommandLine, name: &str) -> Result<Value, Failure> {
    let mut container = json!({
        "name": name, "image": line.flags.text("image"), "resources": {}, "terminationMessagePolicy": "File",
    });
    if let Some(words) = line.after_dash.as_ref().filter(|words| !words.is_empty()) {
        container[if line.flags.is_on("arguments-only", false) { "args" } else { "command" }] = json!(words);
    }
    let mut env = Vec::new();
    for pair in line.flags.all("env").flat_map(|text| text.split(',')) {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Failure::error(format!("{pair} must be formatted as key=value")));
        };
        env.push(json!({"name": key, "value": value}));
    }
    if !env.is_empty() {
        container["env"] = json!(env);
    }
    if line.flags.has("image-pull-policy") {
        container["imagePullPolicy"] = json!(line.flags.text("image-pull-policy"));
    }
    for flag in ["stdin", "tty"].into_iter().filter(|flag| line.flags.is_on(flag, false)) {
        container[flag] = json!(true);
    }
    Ok(container)
}

/// Upstream: `computeDebugContainerName`.
fn container_name(call: &Call<'_>, line: &CommandLine, pod: &Value, printed: &mut Printed) -> String {
    let given = line.flags.text("container");
    if !given.is_empty() {
        return given.to_owned();
    }
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    let is_taken = |name: &str| {
        lists.iter().any(|list| pod["spec"][*list].as_array().into_iter().flatten().any(|one| one["name"] == name))
    };
    let name = (0..=u64::from(u8::MAX))
        .map(|attempt| format!("debugger-{}", suffix(call, attempt)))
        .find(|name| !is_taken(name));
    let name = name.expect("names do not run out");
    if !line.flags.is_on("quiet", false) {
        printed.line(format!("Defaulting debug container name to {name}."));
    }
    name
}

/// Five characters, others at each write.
fn suffix(call: &Call<'_>, attempt: u64) -> String {
    let mut stream = call.cluster.settings.streams.stream("kubectl/debug", call.cluster.log.end().0 << 8 | attempt);
    names::suffix(&mut stream).iter().map(|letter| char::from(*letter)).collect()
}
