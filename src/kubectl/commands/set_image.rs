//! `kubectl set image`.

use serde_json::{Value, json};

use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;
use super::super::requests::{DryRun, Manner};
use super::super::{resources, results};
use super::Outcome;
use super::set::{check_selection, refuse_local};

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    refuse_local(line)?;
    let (words, images) = resources::before_pairs(&line.arguments, "image")?;
    let is_wrong = |image: &&&str| !image.contains('=') || image.starts_with('=');
    let wrong: Vec<&str> = images.iter().filter(is_wrong).copied().collect();
    if !wrong.is_empty() {
        return Err(Failure::error(format!("invalid image format: {}", wrong.join(", "))));
    }
    let named = call.named(&words)?;
    let objects = listing::chosen(call, line, &named, printed)?;
    check_selection(line)?;
    if images.is_empty() {
        return Err(Failure::error("at least one image update is required"));
    }
    if images.len() > 1 && images.iter().any(|image| image.starts_with("*=")) {
        return Err(Failure::error(
            "all containers are already specified by *, but saw more than one container_name=container_image pairs",
        ));
    }
    if printed.failed {
        return Ok(Outcome::Done);
    }
    let pairs: Vec<(&str, &str)> = images.iter().filter_map(|pair| pair.split_once('=')).collect();
    let mut failures = Vec::new();
    for object in objects {
        match set_images(call, line, object, (&pairs, &mut failures), printed) {
            Ok(Some(view)) => {
                let name = call.cluster.identity(object).1;
                results::show(line, (object.kind, name), "image updated", printed, || view)?;
            }
            Ok(None) => {}
            Err(failure) => failures.push(failure),
        }
    }
    // An empty line is printed between them. Upstream: cmd/util `CheckErr` of `utilerrors.NewAggregate`.
    for (place, failure) in failures.iter().enumerate() {
        if place > 0 {
            printed.err_line("");
        }
        printed.fail(failure);
    }
    Ok(Outcome::Done)
}

/// Returns the object with other images, or nothing where they are the same.
fn set_images(
    call: &mut Call<'_>,
    line: &CommandLine,
    object: ObjectRef,
    (pairs, failures): (&[(&str, &str)], &mut Vec<Failure>),
    printed: &mut Printed,
) -> Result<Option<Value>, Failure> {
    let mut view = call.cluster.view(object);
    let before = view.clone();
    let Some(spec) = pod_spec_mut(&mut view) else { return Err(no_template(call, object)) };
    for (container, image) in pairs {
        let mut found = *container == "*";
        for list in ["initContainers", "containers"] {
            for candidate in spec[list].as_array_mut().into_iter().flatten() {
                if *container == "*" || candidate["name"] == *container {
                    candidate["image"] = json!(image);
                    found = true;
                }
            }
        }
        if !found {
            // The others still get their images.
            failures.push(Failure::error(format!("unable to find container named \"{container}\"")));
        }
    }
    for list in ["initContainers", "containers"] {
        if spec[list].is_null() {
            spec.as_object_mut().map(|spec| spec.remove(list));
        }
    }
    if view == before {
        return Ok(None);
    }
    let manner = Manner::patch(line)?;
    results::record(line, &mut view);
    call.update(object, view.clone(), manner, printed).map_err(|status| {
        Failure::error(format!("failed to patch image update to pod template: {}", status.message))
    })?;
    Ok(Some(if manner.dry_run == DryRun::None { call.cluster.view(object) } else { view }))
}

/// What has no pods cannot be changed by `set`. Upstream: polymorphichelpers `updatePodSpecForObject`.
pub(super) fn no_template(call: &Call<'_>, object: ObjectRef) -> Failure {
    let name = call.cluster.identity(object).1;
    let plural = object.kind.plural();
    let version = object.kind.api_version();
    let version = version.rsplit('/').next().unwrap_or_default();
    Failure::error(format!(
        "{plural}/{name} the object is not a pod or does not have a pod template: *{version}.{}",
        object.kind.name()
    ))
}

/// The pod specification of a pod or a workload.
pub(super) fn pod_spec_mut(view: &mut Value) -> Option<&mut Value> {
    let pointer = match view["kind"].as_str()? {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    view.pointer_mut(pointer)
}
