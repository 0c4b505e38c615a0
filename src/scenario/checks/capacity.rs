//! E0020, E0014, E0009 and E0007 in a CapacityPlan: candidates differ in name, can exist and be bought, and what is lost
//! leaves something. [`against`] looks at what only shows beside the scenario: names in `growth`, `keep` and the loss.

use std::collections::BTreeSet;

use super::{BAD_VALUE, CONTRADICTION, DUPLICATE_NAME, MISSING_FIELD, OUT_OF_RANGE, limits, names};
use crate::scenario::expressions::{self, Expression};
use crate::scenario::field_path::FieldPath;
use crate::scenario::inventory::{GrowthKey, Inventory};
use crate::scenario::plan::{Plan, Until, nodes};
use crate::scenario::schema::capacity::{Candidate, CapacityPlan, Growth, Loss, Survive};
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::leaves::Duration;
use crate::scenario::suggest;

/// Looks at candidates, factors and at what may be lost.
pub fn check(plan: &CapacityPlan, findings: &mut Vec<Finding>) {
    let spec = FieldPath::of(&["spec"]);
    let path = spec.key("candidates");
    findings.extend(names::of_document(plan.metadata.as_ref()));
    if plan.spec.candidates.is_empty() {
        findings.push(Finding::value(&CONTRADICTION, path.clone(), "there are no candidates: nothing can be planned"));
    }
    let zones = plan.spec.survive.as_ref().and_then(|survive| survive.zones).unwrap_or(0);
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
                let different: BTreeSet<&String> = group.zones.iter().collect();
                if zones > 0 && different.len() <= zones as usize {
                    let message = match different.len() {
                        0 => "a candidate without `zones` cannot survive the loss of one".to_owned(),
                        count => format!("nothing is left of {count} zones when {zones} are lost"),
                    };
                    let hint = "name more `zones`, or let `survive` lose fewer";
                    findings.push(Finding::value(&CONTRADICTION, own.clone(), message).hint(hint));
                }
                limits::check_group(group, &own, findings);
                findings.extend(names::of_nodes(&group.name, &own.key("name")));
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
        findings.push(Finding::key(&MISSING_FIELD, spec.key("survive"), message));
    }
    for (index, growth) in plan.spec.growth.iter().enumerate() {
        let own = spec.key("growth").index(index);
        let mut positive = |path: FieldPath, factor: f64| {
            if factor <= 0.0 {
                findings.push(Finding::value(&OUT_OF_RANGE, path, "a factor is a number above 0"));
            }
        };
        match growth {
            Growth::All(factor) => positive(own, *factor),
            Growth::By(factors) => {
                for (name, factor) in factors {
                    positive(own.key(name.as_str()), *factor);
                }
            }
        }
    }
}

/// Looks at what the plan says of its scenario.
pub fn against(typed: &CapacityPlan, plan: &Plan, inventory: &Inventory, findings: &mut Vec<Finding>) {
    let spec = FieldPath::of(&["spec"]);
    for (index, growth) in typed.spec.growth.iter().enumerate() {
        let Growth::By(factors) = growth else { continue };
        for name in factors.keys() {
            let path = spec.key("growth").index(index).key(name.as_str());
            findings.extend(check_growth(name, inventory, &path));
        }
    }
    if let Some(keep) = &typed.spec.keep {
        match inventory.selected_nodes(keep) {
            Err(reason) => {
                findings.push(Finding::value(
                    &BAD_VALUE,
                    spec.key("keep"),
                    format!("`{keep}` is no selector: {reason}"),
                ));
            }
            Ok(kept) if kept.is_empty() => {
                let labels = inventory.node_labels();
                let message = format!("no node of the scenario is selected by `{keep}`");
                let hint = suggest::hint(keep, labels.iter().map(String::as_str));
                findings.push(Finding::value(&BAD_VALUE, spec.key("keep"), message).hint(hint));
            }
            Ok(_) => {}
        }
    }
    let hold = typed.spec.survive.iter().flat_map(|survive| &survive.hold).enumerate();
    let hold = hold.map(|(index, text)| (spec.key("survive").key("hold").index(index), text));
    let require = typed.spec.require.iter().enumerate().map(|(index, text)| (spec.key("require").index(index), text));
    for (path, text) in require.chain(hold) {
        let Ok(expression) = Expression::compile(text) else { continue };
        for name in expressions::named_by(&expression, "traffic") {
            if !inventory.traffic.iter().any(|known| known == name) {
                let message = format!("the scenario has no traffic `{name}`");
                let hint = suggest::hint(name, inventory.traffic.iter().map(String::as_str));
                findings.push(Finding::value(&BAD_VALUE, path.clone(), message).hint(hint));
            }
        }
    }
    let at = typed.spec.survive.as_ref().and_then(|survive: &Survive| survive.at);
    if let (Some(Loss::At(Duration(at))), Until::At(end)) = (at, plan.until)
        && at >= end
    {
        let message = format!("the loss at {at} comes when the scenario is over ({end})");
        findings.push(Finding::value(&CONTRADICTION, spec.key("survive").key("at"), message));
    }
    if inventory.nodes.is_empty() {
        for (index, candidate) in typed.spec.candidates.iter().enumerate() {
            if *candidate == Candidate::Current {
                let message = "the scenario has no nodes: there is no current mix";
                findings.push(Finding::value(&CONTRADICTION, spec.key("candidates").index(index), message));
            }
        }
    }
}

fn check_growth(name: &str, inventory: &Inventory, path: &FieldPath) -> Option<Finding> {
    let message = match GrowthKey::parse(name) {
        Ok(key) if inventory.knows(&key) => return None,
        Ok(_) => format!("the scenario has no `{name}`"),
        Err(reason) => reason,
    };
    let known = inventory.growth_names();
    Some(Finding::key(&BAD_VALUE, path.clone(), message).hint(suggest::hint(name, known.iter().map(String::as_str))))
}
