//! Commands against a cluster whose pods run at once: what kubectl prints, and the object it leaves.

use std::path::Path;

use kubelapse::kubectl::Output;
use kubelapse::model::kind::Kind;
use serde_json::Value;

use super::command_world::World;
use super::masks;
use super::suite::{Outcome, first_difference, json_lines};

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let steps = json_lines(root, "api", "commands")?;
    let mut outcomes = Vec::new();
    let mut world = World::new(&["n1", "n2"]);
    let mut scenario = String::new();
    for step in steps {
        let text = |key: &str| step[key].as_str().unwrap_or_default().to_owned();
        if text("scenario") != scenario {
            scenario = text("scenario");
            world = World::new(&["n1", "n2"]);
        }
        for (name, content) in step["files"].as_object().into_iter().flatten() {
            world.files.files.insert(name.clone(), content.as_str().unwrap_or_default().to_owned());
        }
        if let Some(stdin) = step["stdin"].as_str() {
            world.files.files.insert("-".to_owned(), stdin.to_owned());
        }
        let mut command = text("command");
        if command.contains("explain") || command.ends_with(" -h") {
            continue;
        }
        if let Some(editor) = step["env"]["KUBE_EDITOR"].as_str() {
            command = format!("KUBE_EDITOR='{editor}' {command}");
        }
        let output = world.run(&command);
        // A step that only brings the world on: what it prints says something of the recorder.
        if step["unchecked"] == true {
            continue;
        }
        let name = format!("{scenario}/{} {command}", step["step"]);
        outcomes.push((name, compare(&step, &command, &output).and_then(|()| compare_object(&step, &command, &world))));
    }
    Some(outcomes)
}

fn compare(step: &Value, command: &str, output: &Output) -> Result<(), String> {
    let expected_exit = step["exit"].as_i64().unwrap_or(0);
    for (what, found) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let comparable = |text: &str| {
            // Refused updates end with a diff of Go structures; what `kubectl diff` prints is one itself.
            let whole = command.contains("kubectl diff");
            let text = if whole { text } else { text.split("\n@@").next().unwrap_or_default() };
            let text = masks::comparable(text.trim_end_matches('\n'));
            // Labels are listed in the order of Go's maps: any.
            if command.contains("label ") && command.contains("--list") {
                let mut lines: Vec<&str> = text.lines().collect();
                lines.sort_unstable();
                return lines.join("\n");
            }
            masks::table(&text)
        };
        let expected = comparable(step[what].as_str().unwrap_or_default());
        let found = comparable(found);
        if !masks::matches(&found, &expected) {
            return Err(format!("{what} is {found:?}, expected {expected:?}"));
        }
    }
    if i64::from(output.exit) != expected_exit {
        return Err(format!("exit {} expected {expected_exit}", output.exit));
    }
    Ok(())
}

fn compare_object(step: &Value, command: &str, world: &World) -> Result<(), String> {
    let expected = &step["object"];
    if expected.is_null() {
        return Ok(());
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = Kind::from_manifest(&text(&expected["apiVersion"]), &text(&expected["kind"])).ok_or("no such kind")?;
    let (namespace, name) = (text(&expected["metadata"]["namespace"]), text(&expected["metadata"]["name"]));
    let namespace = world.cluster.namespace(&namespace).unwrap_or_default();
    let object = world.cluster.get(kind, namespace, &name).map_err(|status| status.to_string())?;
    let with_replicas = command.contains("replicas");
    let found = masks::object(world.cluster.view(object), with_replicas);
    first_difference(&found, &masks::object(expected.clone(), with_replicas), "object").map_or(Ok(()), Err)
}
