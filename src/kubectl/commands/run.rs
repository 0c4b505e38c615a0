//! `kubectl run`: one pod, and a Service for it if asked for.

use serde_json::{Map, Value, json};

use crate::api::decode::drop_unknown_fields;
use crate::api::patch::merge_patch;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::output::Printed;
use super::super::requests::DryRun;
use super::Outcome;
use super::attached::{self, Attached, RUNNING_TIMEOUT};
use super::create::{Wording, send};
use crate::model::kind::Kind;
use crate::model::object::PodId;

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let usage = |text: String| Failure::usage("run", text);
    let Some(name) = line.arguments.first() else { return Err(usage("NAME is required for run".to_owned())) };
    let image = line.flags.text("image");
    if image.is_empty() {
        let text = "--image is required";
        return Err(if line.flags.has("image") { Failure::error(text) } else { usage(text.to_owned()) });
    }
    let repository = image.rsplit_once('@').map_or(image, |(name, _)| name);
    let repository =
        repository.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(repository, |(name, _)| name);
    let path =
        repository.split_once('/').filter(|(host, _)| host.contains(['.', ':'])).map_or(repository, |(_, path)| path);
    if image.contains(char::is_whitespace) || path.contains(|c: char| c.is_ascii_uppercase()) {
        return Err(Failure::error(format!("Invalid image name \"{image}\": invalid reference format")));
    }
    if line.flags.is_on("tty", false) && !line.flags.is_on("stdin", false) {
        return Err(usage("-i/--stdin is required for containers with -t/--tty=true".to_owned()));
    }
    let attaches = line.flags.is_on("attach", false) || line.flags.is_on("stdin", false);
    if line.flags.is_on("rm", false) && !attaches {
        return Err(usage("--rm should only be used for attached containers".to_owned()));
    }
    if attaches && DryRun::of(line)? != DryRun::None {
        let text =
            "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)";
        return Err(usage(text.to_owned()));
    }
    let port = line.flags.text("port");
    if !port.is_empty() && port.parse::<i64>().is_err() {
        return Err(Failure::error(format!("strconv.Atoi: parsing \"{port}\": invalid syntax")));
    }
    if line.flags.is_on("expose", false) && port.is_empty() {
        return Err(usage("--port must be set when exposing a service".to_owned()));
    }
    let pull_policy = line.flags.text("image-pull-policy");
    if !["", "Always", "IfNotPresent", "Never"].contains(&pull_policy) {
        return Err(usage(format!("invalid image pull policy: {pull_policy}")));
    }
    let restart = line.flags.text("restart");
    if !["", "Always", "OnFailure", "Never"].contains(&restart) {
        return Err(usage(format!("invalid restart policy: {restart}")));
    }
    let labels = match line.flags.text("labels") {
        "" => Map::from_iter([("run".to_owned(), json!(name))]),
        given => pairs(given)?,
    };
    let pod = pod(line, name, &labels)?;
    if line.flags.is_on("expose", false) {
        let number = port.parse::<i64>().unwrap_or(0);
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {
                "ports": [{"port": number, "protocol": "TCP", "targetPort": number}],
                "selector": labels,
            },
        });
        send(call, line, service, "created", Wording::Server, printed)?;
        // Upstream: cmd/run `RunOptions.Run` parts the two itself, whatever the printer does.
        if line.flags.text("output") == "yaml" {
            printed.line("---");
        }
    }
    if !attaches || DryRun::of(line)? != DryRun::None {
        send(call, line, pod, "created", Wording::Server, printed)?;
        return Ok(Outcome::Done);
    }
    // What was created is not told of.
    send(call, line, pod, "created", Wording::Server, &mut Printed::default())?;
    let object = call.find(Kind::POD, line.namespace(call.context_namespace), name)?;
    let patience = line.flags.duration("pod-running-timeout").unwrap_or(RUNNING_TIMEOUT);
    let (remove, quiet) = (line.flags.is_on("rm", false), line.flags.is_on("quiet", false));
    let attached = Attached::new(PodId(object.id), remove, quiet, call.now + patience);
    attached::go_on(call, attached, printed)
}

/// `a=b,c=d`. Upstream: kubectl pkg/generate `ParseLabels`.
pub(super) fn pairs(text: &str) -> Result<Map<String, Value>, Failure> {
    let mut pairs = Map::new();
    for pair in text.split(',') {
        let (key, value) = pair
            .split_once('=')
            .filter(|(_, value)| !value.contains('='))
            .ok_or_else(|| Failure::error(format!("unexpected label spec: {pair}")))?;
        if key.is_empty() {
            return Err(Failure::error("unexpected empty label key"));
        }
        pairs.insert(key.to_owned(), Value::from(value));
    }
    Ok(pairs)
}

/// `--overrides`, by `--override-type`. What comes of it is read as a Pod: unknown fields are dropped, and containers
/// print their resources. Upstream: kubectl cmd/run `createGeneratedObject`.
fn overridden(line: &CommandLine, pod: &Value, overrides: &Value) -> Value {
    let mut pod = match line.flags.text("override-type") {
        "strategic" => {
            crate::api::patch::strategic_merge_patch(Some(Kind::POD), pod, overrides).unwrap_or_else(|_| pod.clone())
        }
        _ => merge_patch(pod, overrides),
    };
    drop_unknown_fields(Kind::POD, &mut pod);
    for list in ["containers", "initContainers"] {
        for container in pod["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if container.is_object() && container["resources"].is_null() {
                container["resources"] = json!({});
            }
        }
    }
    pod
}

fn pod(line: &CommandLine, name: &str, labels: &Map<String, Value>) -> Result<Value, Failure> {
    let mut container = json!({"name": name, "image": line.flags.text("image"), "resources": {}});
    let mut words: Vec<String> = line.arguments[1..].to_vec();
    words.extend(line.after_dash.iter().flatten().cloned());
    if !words.is_empty() {
        let key = if line.flags.is_on("command", false) { "command" } else { "args" };
        container[key] = json!(words);
    }
    if line.flags.has("port") {
        container["ports"] = json!([{"containerPort": line.flags.text("port").parse::<i64>().unwrap_or(0)}]);
    }
    let env = line
        .flags
        .all("env")
        .map(|pair| {
            let (key, value) = pair.split_once('=').ok_or_else(|| Failure::error(format!("invalid env: {pair}")))?;
            Ok(json!({"name": key, "value": value}))
        })
        .collect::<Result<Vec<Value>, Failure>>()?;
    if !env.is_empty() {
        container["env"] = json!(env);
    }
    if line.flags.has("image-pull-policy") {
        container["imagePullPolicy"] = json!(line.flags.text("image-pull-policy"));
    }
    if line.flags.is_on("privileged", false) {
        container["securityContext"] = json!({"privileged": true});
    }
    if line.flags.is_on("stdin", false) {
        container["stdin"] = json!(true);
    }
    if line.flags.is_on("tty", false) {
        container["tty"] = json!(true);
    }
    let restart = line.flags.text("restart");
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "containers": [container], "dnsPolicy": "ClusterFirst",
            "restartPolicy": if restart.is_empty() { "Always" } else { restart },
        },
    });
    for pair in line.flags.all("annotations").flat_map(|text| text.split(',')) {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| Failure::error(format!("unexpected annotation spec: {pair}")))?;
        pod["metadata"]["annotations"][key] = json!(value);
    }
    let overrides = line.flags.text("overrides");
    if !overrides.is_empty() {
        let overrides: Value = serde_json::from_str(overrides).map_err(|_| Failure::error("Invalid JSON Patch"))?;
        pod = overridden(line, &pod, &overrides);
    }
    Ok(pod)
}
