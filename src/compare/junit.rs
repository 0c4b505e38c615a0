//! A comparison as a suite of test cases.

use super::{Comparison, Expected};
use crate::report::junit::Suite;

/// One case for each `--fail-if`, for each expectation, and one for the steps.
pub fn suite(comparison: &Comparison) -> Suite {
    let mut cases: Vec<(String, Option<String>)> = Vec::new();
    for verdict in &comparison.verdicts {
        let failure = verdict.is_true.then(|| verdict.found.clone());
        cases.push((format!("not {}", verdict.expression), failure));
    }
    let runs = comparison.runs;
    let failure = |one: &Expected| {
        let Expected { broken_base, broken_head, found, .. } = one;
        let words =
            format!("broken in {broken_head} of {runs} runs with the head, {broken_base} with the base: {found}");
        (broken_head > broken_base).then_some(words)
    };
    cases.extend(comparison.expectations.iter().map(|one| (one.name.clone(), failure(one))));
    let steps: Vec<String> = comparison.failures.iter().filter_map(failure).collect();
    cases.push(("steps".to_owned(), (!steps.is_empty()).then(|| steps.join("\n"))));
    Suite::new(&format!("compare {}", comparison.name), 0.0, cases)
}
