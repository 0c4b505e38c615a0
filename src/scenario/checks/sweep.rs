//! E0019, E0014 and E0020 in a Sweep: its paths can be read, nothing is set twice, columns that belong together are as
//! long as one another, columns and variants have different names.

use std::collections::BTreeSet;

use super::{BAD_SETTING, CONTRADICTION, DUPLICATE_NAME, names};
use crate::scenario::field_path::FieldPath;
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::sweep::{Axis, Sweep};
use crate::scenario::setting::Setting;

/// Looks at `matrix`, `zip` and `variants`.
pub fn check(sweep: &Sweep, findings: &mut Vec<Finding>) {
    let spec = FieldPath::of(&["spec"]);
    findings.extend(names::of_document(sweep.metadata.as_ref()));
    for (field, axes) in [("matrix", &sweep.spec.matrix), ("zip", &sweep.spec.zip)] {
        for (index, axis) in axes.iter().enumerate() {
            check_axis(axis, &spec.key(field).index(index), findings);
        }
    }
    check_twice(sweep, &spec, findings);
    let mut lengths = sweep.spec.zip.iter().map(|axis| axis.values.len());
    if let Some(first) = lengths.next() {
        for (index, length) in lengths.enumerate().filter(|(_, length)| *length != first) {
            let message = format!("{length} values, but the first column has {first}");
            findings.push(Finding::value(&CONTRADICTION, spec.key("zip").index(index + 1).key("values"), message));
        }
    }
    let mut names = BTreeSet::new();
    for (index, variant) in sweep.spec.variants.iter().enumerate() {
        let own = spec.key("variants").index(index);
        if !names.insert(&variant.name) {
            let message = format!("there is a variant `{}` already", variant.name);
            findings.push(Finding::value(&DUPLICATE_NAME, own.key("name"), message));
        }
        for path in variant.set.keys() {
            check_path(path, &own.key("set").key(path.as_str()), findings);
        }
    }
}

/// What is set twice would be overwritten; columns of one name could not be told apart.
fn check_twice(sweep: &Sweep, spec: &FieldPath, findings: &mut Vec<Finding>) {
    let axes = [("matrix", &sweep.spec.matrix), ("zip", &sweep.spec.zip)];
    let axes =
        axes.iter().flat_map(|(field, axes)| axes.iter().enumerate().map(move |(index, axis)| (*field, index, axis)));
    let mut paths = BTreeSet::new();
    let mut columns = BTreeSet::new();
    for (field, index, axis) in axes {
        let own = spec.key(field).index(index);
        let path = axis.set.strip_prefix("spec.").unwrap_or(&axis.set);
        if !paths.insert(path) {
            let message = format!("`{}` varies already: one would overwrite the other", axis.set);
            findings.push(Finding::value(&CONTRADICTION, own.key("set"), message));
        } else if !columns.insert(axis.name.as_ref().unwrap_or(&axis.set)) {
            let message = "there is a column of this name already";
            findings.push(Finding::value(
                &DUPLICATE_NAME,
                own.key(if axis.name.is_some() { "name" } else { "set" }),
                message,
            ));
        }
    }
    for (index, variant) in sweep.spec.variants.iter().enumerate() {
        for path in variant.set.keys().filter(|path| paths.contains(path.strip_prefix("spec.").unwrap_or(path))) {
            let message = format!("`{path}` varies already: one would overwrite the other");
            let own = spec.key("variants").index(index).key("set").key(path.as_str());
            findings.push(Finding::value(&CONTRADICTION, own, message));
        }
    }
}

fn check_axis(axis: &Axis, path: &FieldPath, findings: &mut Vec<Finding>) {
    check_path(&axis.set, &path.key("set"), findings);
    if axis.values.is_empty() {
        findings.push(Finding::value(&CONTRADICTION, path.key("values"), "there are no values: nothing would be run"));
    }
}

fn check_path(text: &str, path: &FieldPath, findings: &mut Vec<Finding>) {
    if let Err(reason) = Setting::parse(text) {
        findings.push(Finding::value(&BAD_SETTING, path.clone(), reason));
    }
    if matches!(text, "seed" | "spec.seed") {
        let message = "the runs of each combination have the seeds that `seeds` says";
        findings.push(
            Finding::value(&CONTRADICTION, path.clone(), message).hint("take more `seeds`, or --seed for the first"),
        );
    }
}
