//! W0003: a behavior that comes after one that sets the same fields for everything can change nothing.

use super::VOID;
use crate::scenario::field_path::FieldPath;
use crate::scenario::schema::behaviors::{Behavior, Match};
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::scenario::Scenario;

/// Looks for entries all of whose fields an earlier entry sets for all containers.
pub fn check(scenario: &Scenario, findings: &mut Vec<Finding>) {
    let mut taken: Vec<&str> = Vec::new();
    for (index, behavior) in scenario.spec.behaviors.iter().enumerate() {
        let own = fields(behavior);
        if !own.is_empty() && own.iter().all(|field| taken.contains(field)) {
            let message = "an earlier entry sets all of this for every container";
            let path = FieldPath::of(&["spec", "behaviors"]).index(index);
            findings.push(Finding::key(&VOID, path, message).hint("put the entry that matches fewer containers first"));
        }
        if behavior.matches.as_ref().is_none_or(Match::is_everything) {
            taken.extend(own);
        }
    }
}

/// The fields that an entry sets.
fn fields(behavior: &Behavior) -> Vec<&'static str> {
    let given = [
        ("startup", behavior.startup.is_some()),
        ("run", behavior.run.is_some()),
        ("needs", behavior.needs.is_some()),
        ("onTerm", behavior.on_term.is_some()),
        ("cpu", behavior.cpu.is_some()),
        ("memory", behavior.memory.is_some()),
        ("disk", behavior.disk.is_some()),
        ("files", behavior.files.is_some()),
        ("processes", behavior.processes.is_some()),
        ("probes", behavior.probes.is_some()),
        ("unready", !behavior.unready.is_empty()),
        ("dead", !behavior.dead.is_empty()),
        ("logs", behavior.logs.is_some()),
    ];
    given.into_iter().filter(|(_, given)| *given).map(|(field, _)| field).collect()
}
