//! E0019: paths of `set` steps can be read and lead to a setting.

use super::BAD_SETTING;
use crate::scenario::field_path::FieldPath;
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::scenario::Scenario;
use crate::scenario::setting::Setting;

/// Looks at the form of every path.
pub fn check(scenario: &Scenario, findings: &mut Vec<Finding>) {
    for (index, step) in scenario.spec.steps.iter().enumerate() {
        for path in step.set.iter().flat_map(|set| set.keys()) {
            if let Err(reason) = Setting::parse(path) {
                let own = FieldPath::of(&["spec", "steps"]).index(index).key("set").key(path.as_str());
                findings.push(Finding::key(&BAD_SETTING, own, reason));
            }
        }
    }
}
