//! `kubectl create deployment|job|cronjob|namespace|serviceaccount|priorityclass|quota|poddisruptionbudget`.

use serde_json::{Map, Value, json};

use crate::api::selector::ParsedSelector;
use crate::model::kind::Kind;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::output::Printed;
use super::Outcome;
use super::create::{Wording, name_argument, send};

type Result<T> = std::result::Result<T, Failure>;

/// The container name of an image: the last part of its path, without tag and digest. One that is no label becomes
/// one, and unique by a random suffix.
/// Upstream: kubectl cmd/create `CreateDeploymentOptions.buildPodSpec`, `sanitizeAndUniquify`.
fn container_name(call: &Call<'_>, image: &str, place: usize) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let name = last.split(['@', ':']).next().unwrap_or(last);
    if !name.contains(['_', '.']) {
        return name.to_owned();
    }
    format!("{}-{}", name.replace(['_', '.'], "-"), call.cluster.client_suffix(place))
}

pub(super) fn deployment(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let images: Vec<&str> = line.flags.all("image").collect();
    let command = line.after_dash.clone().unwrap_or_default();
    if images.len() > 1 && !command.is_empty() {
        return Err(Failure::error("cannot specify multiple --image options and command"));
    }
    let port = line.flags.number("port").filter(|port| *port >= 0);
    let containers: Vec<Value> = images
        .iter()
        .enumerate()
        .map(|(place, image)| {
            let name = container_name(call, image, place);
            let mut container = json!({"name": name, "image": image, "resources": {}});
            if !command.is_empty() {
                container["command"] = json!(command);
            }
            // Upstream: cmd/create `createDeployment`: the first one listens.
            if let Some(port) = port.filter(|_| place == 0) {
                container["ports"] = json!([{"containerPort": port}]);
            }
            container
        })
        .collect();
    let labels = json!({"app": name});
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": line.flags.number("replicas").unwrap_or(1),
            "selector": {"matchLabels": labels},
            "strategy": {},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    });
    send(call, line, object, "created", Wording::Failed("deployment"), printed)?;
    Ok(Outcome::Done)
}

pub(super) fn job(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let (image, from) = (line.flags.text("image"), line.flags.text("from"));
    if image.is_empty() == from.is_empty() {
        return Err(Failure::error("either --image or --from must be specified"));
    }
    let command = line.after_dash.clone().unwrap_or_default();
    let object = if from.is_empty() {
        let mut container = json!({"name": name, "image": image, "resources": {}});
        if !command.is_empty() {
            container["command"] = json!(command);
        }
        json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}},
        })
    } else {
        if !command.is_empty() {
            return Err(Failure::error("cannot specify --from and command"));
        }
        job_from_cron_job(call, line, name, from)?
    };
    send(call, line, object, "created", Wording::Failed("job"), printed)?;
    Ok(Outcome::Done)
}

/// Upstream: kubectl cmd/create `CreateJobOptions.createJobFromCronJob`.
fn job_from_cron_job(call: &Call<'_>, line: &CommandLine, name: &str, from: &str) -> Result<Value> {
    let named = call.named(&[from.to_owned()])?;
    let Some((kind, cron_job)) = named.objects.first() else {
        return Err(Failure::error("resource(s) were provided, but no name was specified"));
    };
    let owner = call.find(*kind, line.namespace(call.context_namespace), cron_job)?;
    if *kind != Kind::CRON_JOB {
        let version = kind.api_version().rsplit('/').next().unwrap_or_default().to_owned();
        return Err(Failure::error(format!("unknown object type *{version}.{}", kind.name())));
    }
    let view = call.cluster.view(owner);
    let template = &view["spec"]["jobTemplate"];
    let mut annotations = template["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    annotations.insert("cronjob.kubernetes.io/instantiate".to_owned(), json!("manual"));
    let mut object = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": name, "annotations": annotations,
            "ownerReferences": [{
                "apiVersion": "batch/v1", "kind": "CronJob", "name": cron_job, "uid": view["metadata"]["uid"],
                "controller": true,
            }],
        },
        "spec": template["spec"],
    });
    if let Some(labels) = template["metadata"].get("labels") {
        object["metadata"]["labels"] = labels.clone();
    }
    Ok(object)
}

pub(super) fn cron_job(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let restart = line.flags.text("restart");
    let restart = if restart.is_empty() { "OnFailure" } else { restart };
    let mut container = json!({"name": name, "image": line.flags.text("image"), "resources": {}});
    if let Some(command) = line.after_dash.as_ref().filter(|command| !command.is_empty()) {
        container["command"] = json!(command);
    }
    let object = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name},
        "spec": {
            "schedule": line.flags.text("schedule"),
            "jobTemplate": {
                "metadata": {"name": name},
                "spec": {"template": {"spec": {"containers": [container], "restartPolicy": restart}}},
            },
        },
    });
    send(call, line, object, "created", Wording::Failed("cronjob"), printed)?;
    Ok(Outcome::Done)
}

pub(super) fn namespace(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    send(call, line, object, "created", Wording::Server, printed)?;
    Ok(Outcome::Done)
}

pub(super) fn service_account(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
    send(call, line, object, "created", Wording::Failed("serviceaccount"), printed)?;
    Ok(Outcome::Done)
}

pub(super) fn priority_class(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let policy = line.flags.text("preemption-policy");
    let mut object = json!({
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
        "value": line.flags.number("value").unwrap_or(0),
        "preemptionPolicy": if policy.is_empty() { "PreemptLowerPriority" } else { policy },
    });
    if line.flags.is_on("global-default", false) {
        object["globalDefault"] = json!(true);
    }
    if line.flags.has("description") {
        object["description"] = json!(line.flags.text("description"));
    }
    send(call, line, object, "created", Wording::Failed("priorityclass"), printed)?;
    Ok(Outcome::Done)
}

pub(super) fn quota(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let mut spec = json!({});
    if line.flags.has("hard") {
        spec["hard"] = Value::Object(quantities(line.flags.text("hard"))?);
    }
    if line.flags.has("scopes") {
        spec["scopes"] = line.flags.text("scopes").split(',').map(Value::from).collect();
    }
    let object = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": spec});
    send(call, line, object, "created", Wording::Failed("quota"), printed)?;
    Ok(Outcome::Done)
}

/// `cpu=1,memory=1G`. Upstream: kubectl cmd/create `populateResourceListV1`.
pub(super) fn quantities(text: &str) -> Result<Map<String, Value>> {
    let mut list = Map::new();
    if text.is_empty() {
        return Ok(list);
    }
    for part in text.split(',') {
        let Some((name, amount)) = part.split_once('=').filter(|(_, amount)| !amount.contains('=')) else {
            return Err(Failure::error(format!("Invalid argument syntax {part}, expected <resource>=<value>")));
        };
        if crate::model::quantity::Quantity::parse(amount).is_none() {
            return Err(Failure::error(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            ));
        }
        list.insert(name.to_owned(), Value::from(amount));
    }
    Ok(list)
}

pub(super) fn pod_disruption_budget(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let (minimum, maximum) = (line.flags.text("min-available"), line.flags.text("max-unavailable"));
    if line.flags.text("selector").is_empty() {
        return Err(Failure::error("a selector must be specified"));
    }
    if minimum.is_empty() && maximum.is_empty() {
        return Err(Failure::error("one of min-available or max-unavailable must be specified"));
    }
    if !minimum.is_empty() && !maximum.is_empty() {
        return Err(Failure::error("min-available and max-unavailable cannot be both specified"));
    }
    for (flag, bound) in [("min-available", minimum), ("max-unavailable", maximum)] {
        let digits = bound.strip_suffix('%').unwrap_or(bound);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !bound.is_empty() && !is_number {
            return Err(Failure::error(format!("invalid format specified for {flag}")));
        }
    }
    let chosen = line.flags.text("selector");
    let selector = ParsedSelector::parse(chosen)
        .map_err(|error| Failure::error(format!("couldn't parse the selector string \"{chosen}\": {error}")))?;
    let mut spec = json!({"selector": selector.to_object().map_err(Failure::error)?});
    let (key, bound) = if minimum.is_empty() { ("maxUnavailable", maximum) } else { ("minAvailable", minimum) };
    spec[key] = bound.parse::<i64>().map_or_else(|_| Value::from(bound), Value::from);
    let object =
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec});
    send(call, line, object, "created", Wording::Failed("poddisruptionbudgets"), printed)?;
    Ok(Outcome::Done)
}
