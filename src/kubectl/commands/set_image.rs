//! `kubectl set image`.

use serde_json::{Value, json};

use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;
use super::super::requests::{DryRun, printed_name};
use super::super::resources;
use super::Outcome;

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    line.refuse(&["output"])?;
    let (images, words): (Vec<&String>, Vec<&String>) =
        line.arguments.iter().partition(|argument| argument.contains('=') && !argument.starts_with('='));
    let words: Vec<String> = words.into_iter().cloned().collect();
    let named = resources::named(&words)?;
    if images.is_empty() {
        return Err(Failure::error("at least one image update is required"));
    }
    let pairs: Vec<(&str, &str)> = images.iter().filter_map(|pair| pair.split_once('=')).collect();
    let dry_run = DryRun::of(line)?;
    for object in listing::chosen(call, line, &named, printed)? {
        match set_images(call, object, &pairs, dry_run) {
            Ok(true) => {
                let name = printed_name(object.kind, call.cluster.identity(object).1);
                printed.line(format!("{name} image updated{}", dry_run.suffix()));
            }
            Ok(false) => {}
            Err(failure) => printed.fail(&failure),
        }
    }
    Ok(Outcome::Done)
}

fn set_images(
    call: &mut Call<'_>,
    object: ObjectRef,
    pairs: &[(&str, &str)],
    dry_run: DryRun,
) -> Result<bool, Failure> {
    let mut view = call.cluster.view(object);
    let before = view.clone();
    let Some(spec) = pod_spec_mut(&mut view) else {
        return Err(Failure::error(format!(
            "the object is not a pod or does not have a pod template: {}",
            object.kind.name()
        )));
    };
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
            return Err(Failure::error(format!("unable to find container named \"{container}\"")));
        }
    }
    for list in ["initContainers", "containers"] {
        if spec[list].is_null() {
            spec.as_object_mut().map(|spec| spec.remove(list));
        }
    }
    if view == before {
        return Ok(false);
    }
    if dry_run == DryRun::None {
        call.update(object, view).map_err(|status| {
            Failure::error(format!("failed to patch image update to pod template: {}", status.message))
        })?;
    }
    Ok(true)
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
