//! JUnit XML of a call: a suite for each scenario, a case for each expectation, one for the steps, one for warnings. Read
//! by every CI system; the schema is Jenkins' (`testsuites/testsuite/testcase/failure`).

use std::fmt::Write;

use crate::engine::NonNegative;
use crate::record::{Expectation, Record};

/// A run and what failed in it beside its expectations.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    cases: Vec<Case>,
    name: String,
    seconds: f64,
}

/// A case: its name, and why it failed.
#[derive(Clone, Debug)]
struct Case {
    name: String,
    failure: Option<String>,
}

impl Suite {
    /// A suite of cases, each a name and why it failed, if it did; `seconds` are virtual.
    pub fn new(name: &str, seconds: f64, cases: Vec<(String, Option<String>)>) -> Self {
        let cases = cases.into_iter().map(|(name, failure)| Case { name, failure }).collect();
        Self { cases, name: name.to_owned(), seconds }
    }

    /// The suite of a run. `failures` are steps that should not have failed; warnings fail if `strict`.
    pub fn of(record: &Record, failures: &[String], strict: bool) -> Self {
        let expectation = |expectation: &Expectation| Case {
            name: format!("{} ({})", expectation.name, expectation.when),
            failure: (!expectation.held).then(|| format!("{}\n{}", expectation.found, expectation.that)),
        };
        let mut cases: Vec<Case> = record.expectations.iter().map(expectation).collect();
        let joined = |lines: &[String]| (!lines.is_empty()).then(|| lines.join("\n"));
        cases.push(Case { name: "steps".to_owned(), failure: joined(failures) });
        if strict {
            cases.push(Case { name: "warnings".to_owned(), failure: joined(&record.warnings) });
        }
        Self { cases, name: record.run.name.clone(), seconds: record.end.seconds() }
    }
}

/// The whole file. `time` is virtual: two equal runs give equal files.
pub fn document(suites: &[Suite]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"kubelapse\">\n");
    for suite in suites {
        write_suite(&mut text, suite).expect("a String takes everything");
    }
    text.push_str("</testsuites>\n");
    text
}

fn write_suite(text: &mut String, suite: &Suite) -> std::fmt::Result {
    let failed = suite.cases.iter().filter(|case| case.failure.is_some()).count();
    let (name, tests) = (escape(&suite.name), suite.cases.len());
    let time = suite.seconds.non_negative();
    writeln!(text, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\" time=\"{time:.3}\">")?;
    for case in &suite.cases {
        let case_name = escape(&case.name);
        match &case.failure {
            None => writeln!(text, "    <testcase classname=\"{name}\" name=\"{case_name}\"/>")?,
            Some(failure) => {
                writeln!(text, "    <testcase classname=\"{name}\" name=\"{case_name}\">")?;
                let message = escape(failure.lines().next().unwrap_or_default());
                writeln!(text, "      <failure message=\"{message}\">{}</failure>", escape(failure))?;
                writeln!(text, "    </testcase>")?;
            }
        }
    }
    writeln!(text, "  </testsuite>")
}

/// Text between tags and in attributes; characters that XML 1.0 cannot hold are left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            control if control.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_a_failure_with_its_words_escaped() {
        let failed = Case { name: "a < b".to_owned(), failure: Some("pod('x') is \"Pending\"\nmore".to_owned()) };
        let held = Case { name: "steps".to_owned(), failure: None };
        let suite = Suite { cases: vec![failed, held], name: "web".to_owned(), seconds: 12.0 };
        assert_eq!(
            document(&[suite]),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"kubelapse\">\n\
             \x20 <testsuite name=\"web\" tests=\"2\" failures=\"1\" time=\"12.000\">\n\
             \x20   <testcase classname=\"web\" name=\"a &lt; b\">\n\
             \x20     <failure message=\"pod(&#39;x&#39;) is &quot;Pending&quot;\">pod(&#39;x&#39;) is &quot;Pending&quot;\nmore</failure>\n\
             \x20   </testcase>\n\
             \x20   <testcase classname=\"web\" name=\"steps\"/>\n  </testsuite>\n</testsuites>\n"
        );
    }
}
