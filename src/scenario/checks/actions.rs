//! E0022 and E0014: every step has a time and a command that can be read.

use super::{BAD_STEP, CONTRADICTION, VOID};
use crate::api::selector::ParsedSelector;
use crate::scenario::field_path::FieldPath;
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::scenario::Scenario;
use crate::scenario::schema::steps::{Commands, Fault, Step};

/// Looks at every step.
pub fn check(scenario: &Scenario, findings: &mut Vec<Finding>) {
    let path = FieldPath::of(&["spec", "steps"]);
    for (index, step) in scenario.spec.steps.iter().enumerate() {
        let own = path.index(index);
        check_trigger(step, &own, findings);
        for (field, commands) in [("kubectl", &step.kubectl), ("legacyKubectl", &step.legacy_kubectl)] {
            if let Some(commands) = commands {
                check_commands(commands, &own.key(field), findings);
            }
        }
        let selectors = [
            ("fault", step.fault.as_ref().and_then(|fault| fault.nodes.as_ref())),
            ("heal", step.heal.as_ref().and_then(|heal| heal.nodes.as_ref())),
        ];
        for (field, selector) in selectors {
            if let Some(Err(reason)) = selector.map(|selector| ParsedSelector::parse(selector)) {
                findings.push(Finding::value(&BAD_STEP, own.key(field).key("nodes"), reason));
            }
        }
        if let Some(fault) = &step.fault {
            check_fault(fault, &own.key("fault"), findings);
        }
    }
}

fn check_trigger(step: &Step, path: &FieldPath, findings: &mut Vec<Finding>) {
    match (step.at.is_some(), step.when.is_some(), step.every.is_some()) {
        (false, false, false) => {
            let message = "the step has no time";
            findings.push(Finding::key(&BAD_STEP, path.clone(), message).hint("give it `at`, `when` or `every`"));
        }
        (_, true, true) | (true, true, false) => {
            let message = "`when` cannot be combined with `at` or `every`";
            findings.push(Finding::key(&CONTRADICTION, path.key("when"), message));
        }
        _ => {}
    }
    if step.times.is_some() && step.every.is_none() {
        findings.push(Finding::key(&VOID, path.key("times"), "`times` counts only with `every`"));
    }
    let runs_commands = step.kubectl.is_some() || step.legacy_kubectl.is_some();
    for (field, given) in [("mayFail", step.may_fail.is_some()), ("forEach", step.for_each.is_some())] {
        if given && !runs_commands {
            findings.push(Finding::key(&VOID, path.key(field), format!("`{field}` counts only with `kubectl`")));
        }
    }
}

fn check_commands(commands: &Commands, path: &FieldPath, findings: &mut Vec<Finding>) {
    if commands.0.is_empty() {
        findings.push(Finding::value(&BAD_STEP, path.clone(), "the list of commands is empty"));
    }
    for (index, command) in commands.0.iter().enumerate() {
        let own = if commands.0.len() == 1 { path.clone() } else { path.index(index) };
        match shlex::split(command) {
            None => findings.push(Finding::value(&BAD_STEP, own, "a quote is not closed")),
            Some(words) if words.is_empty() => findings.push(Finding::value(&BAD_STEP, own, "the command is empty")),
            Some(_) => {}
        }
    }
}

/// Which kinds of faults each target can have, and which fields go with which target.
fn check_fault(fault: &Fault, path: &FieldPath, findings: &mut Vec<Finding>) {
    let (target, kinds): (&str, &[&str]) = if fault.node.is_some() || fault.nodes.is_some() {
        (
            "a node",
            &["crash", "partition", "reboot", "kubelet", "disk", "memory-pressure", "disk-pressure", "pid-pressure"],
        )
    } else if fault.pod.is_some() {
        ("a pod", &["kill", "oom"])
    } else {
        (if fault.registry.is_some() { "a registry" } else { "a component" }, &["down"])
    };
    match &fault.kind {
        Some(kind) if !kinds.contains(&kind.as_str()) => {
            let message = format!("`{kind}` cannot happen to {target}");
            let hint = format!("known are {}", kinds.join(", "));
            findings.push(Finding::value(&CONTRADICTION, path.key("kind"), message).hint(hint));
        }
        None if fault.slow.is_none() => {
            let message = format!("`kind` is missing: what happens to {target}");
            findings
                .push(Finding::key(&BAD_STEP, path.clone(), message).hint(format!("known are {}", kinds.join(", "))));
        }
        _ => {}
    }
    let misplaced = [
        ("slow", fault.slow.is_some() && (fault.registry.is_none() || fault.kind.is_some())),
        ("container", fault.container.is_some() && fault.pod.is_none()),
        ("count", fault.count.is_some() && fault.nodes.is_none()),
        ("exit", fault.exit.is_some() && fault.kind.as_deref() != Some("kill")),
    ];
    for (field, _) in misplaced.iter().filter(|(_, wrong)| *wrong) {
        let message = format!("`{field}` does not go with the other fields of this fault");
        findings.push(Finding::key(&CONTRADICTION, path.key(*field), message));
    }
}
