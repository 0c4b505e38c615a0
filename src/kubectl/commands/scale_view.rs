//! `kubectl get --subresource=scale`: the replicas of an object as a Scale of autoscaling/v1.

use serde_json::{Value, json};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::output::Printed;
use super::super::printers::table::Table;
use super::super::printers::{Context, text};
use super::super::resources::Named;
use super::Outcome;
use super::information::words;
use crate::api::selector::label_selector;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

/// Have all of them replicas?
pub(super) fn are_scaled(named: &Named) -> bool {
    named.kinds.iter().all(|kind| Kind::SCALABLE.contains(kind))
}

/// Prints the named objects' scales.
pub(super) fn get(
    call: &Call<'_>,
    line: &CommandLine,
    named: &Named,
    format: &Format,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let namespace = line.namespace(call.context_namespace);
    let mut objects = Vec::new();
    for (kind, name) in &named.objects {
        match call.find(*kind, namespace, name) {
            Ok(object) => objects.push(object),
            Err(status) => printed.fail(&Failure::server(&status)),
        }
    }
    if objects.is_empty() {
        return Ok(Outcome::Done);
    }
    let scales: Vec<Value> = objects.iter().map(|object| scale(call, *object)).collect();
    match format {
        Format::Table { .. } => {
            let context = Context { cluster: call.cluster, now: call.now, wide: false };
            let row = |(object, scale): (&ObjectRef, &Value)| {
                vec![
                    context.name(*object),
                    text(scale, "spec.replicas"),
                    text(scale, "status.replicas"),
                    context.age(*object),
                ]
            };
            let rows = objects.iter().zip(&scales).map(row).collect();
            let table = Table { headers: words(&["NAME", "DESIRED", "AVAILABLE", "AGE"]), rows };
            table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
        }
        Format::Name => {
            for object in objects {
                printed.line(format!("scale.autoscaling/{}", call.cluster.identity(object).1));
            }
        }
        format => {
            let value = if scales.len() == 1 { scales[0].clone() } else { formats::list_of(&scales) };
            formats::print(format, &value, false, &mut printed.out)?;
        }
    }
    Ok(Outcome::Done)
}

/// Upstream: registry/apps/deployment/storage `scaleFromDeployment` and its like.
fn scale(call: &Call<'_>, object: ObjectRef) -> Value {
    let view = call.cluster.view(object);
    let metadata = &view["metadata"];
    let mut kept = json!({});
    for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        kept[key] = metadata[key].clone();
    }
    let selector = &view["spec"]["selector"];
    let selector =
        if object.kind == Kind::REPLICATION_CONTROLLER { json!({"matchLabels": selector}) } else { selector.clone() };
    let mut status = json!({"replicas": view["status"]["replicas"].as_i64().unwrap_or(0)});
    if let Ok(parsed) = label_selector(&selector) {
        status["selector"] = Value::from(parsed.to_string());
    }
    let mut spec = json!({});
    let replicas = view["spec"]["replicas"].as_i64().unwrap_or(0);
    if replicas != 0 {
        spec["replicas"] = Value::from(replicas);
    }
    json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": kept, "spec": spec, "status": status})
}
