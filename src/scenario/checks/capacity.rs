//! E0020, E0014 and E0007 in a CapacityPlan: candidates differ in name, can be bought, and something is required.

use std::collections::BTreeSet;

use super::{CONTRADICTION, DUPLICATE_NAME, MISSING_FIELD, names};
use crate::scenario::field_path::FieldPath;
use crate::scenario::plan::nodes;
use crate::scenario::schema::capacity::{Candidate, CapacityPlan};
use crate::scenario::schema::check::Finding;

/// Looks at candidates and at what may be lost.
pub fn check(plan: &CapacityPlan, findings: &mut Vec<Finding>) {
    let path = FieldPath::of(&["spec", "candidates"]);
    findings.extend(names::of_document(plan.metadata.as_ref()));
    if plan.spec.candidates.is_empty() {
        findings.push(Finding::value(&CONTRADICTION, path.clone(), "there are no candidates: nothing can be planned"));
    }
    let mut names = BTreeSet::new();
    for (index, candidate) in plan.spec.candidates.iter().enumerate() {
        let own = path.index(index);
        let name = match candidate {
            Candidate::Current => "current".to_owned(),
            Candidate::Node(group) => {
                if group.price.is_none() {
                    let message = "a candidate without `price` cannot be compared";
                    findings.push(Finding::key(&MISSING_FIELD, own.clone(), message));
                }
                nodes::group_name(group)
            }
        };
        if !names.insert(name.clone()) {
            findings.push(Finding::value(&DUPLICATE_NAME, own, format!("there is a candidate `{name}` already")));
        }
    }
    if let Some(survive) = &plan.spec.survive
        && survive.zones.unwrap_or(0) == 0
        && survive.nodes.unwrap_or(0) == 0
    {
        let message = "`zones` or `nodes` must say what is lost";
        findings.push(Finding::key(&MISSING_FIELD, FieldPath::of(&["spec", "survive"]), message));
    }
}
