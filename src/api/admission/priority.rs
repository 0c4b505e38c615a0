//! Priority classes become numbers. Upstream: plugin/pkg/admission/priority.

use serde_json::{Value, json};

use super::super::value::{Object, default_nil, get, text};

/// A PriorityClass as admission sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriorityClassView {
    /// Name.
    pub name: String,
    /// Value.
    pub value: i32,
    /// Is it the default of pods that name none?
    pub global_default: bool,
    /// May its pods preempt others?
    pub preempts: bool,
}

/// (class name, priority, may preempt) of a pod that names `class` (empty: none).
pub fn resolve(class: &str, classes: &[PriorityClassView]) -> Result<(String, i32, bool), String> {
    match class {
        // Upstream: scheduling/v1 `SystemPriorityClasses`, which every cluster has.
        "system-node-critical" => return Ok((class.to_owned(), 2_000_001_000, true)),
        "system-cluster-critical" => return Ok((class.to_owned(), 2_000_000_000, true)),
        "" => {
            // Of several default classes the lowest counts.
            let default = classes.iter().filter(|class| class.global_default).min_by_key(|class| class.value);
            return Ok(
                default.map_or((String::new(), 0, true), |class| (class.name.clone(), class.value, class.preempts))
            );
        }
        _ => {}
    }
    classes
        .iter()
        .find(|candidate| candidate.name == class)
        .map(|found| (found.name.clone(), found.value, found.preempts))
        .ok_or_else(|| format!("no PriorityClass with name {class} was found"))
}

/// Fills `priority`, `priorityClassName` and `preemptionPolicy`, and refuses numbers that contradict.
pub(super) fn admit(spec: &mut Object, classes: &[PriorityClassView]) -> Result<(), String> {
    let (class, priority, preempts) = resolve(text(get(spec, "priorityClassName")), classes)?;
    if let Some(written) = get(spec, "priority").as_i64()
        && written != i64::from(priority)
    {
        return Err(format!(
            "the integer value of priority ({written}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name"
        ));
    }
    let policy = if preempts { "PreemptLowerPriority" } else { "Never" };
    if let Some(written) = get(spec, "preemptionPolicy").as_str()
        && written != policy
    {
        return Err(format!(
            "the string value of PreemptionPolicy ({written}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name"
        ));
    }
    if !class.is_empty() {
        spec.insert("priorityClassName".to_owned(), Value::from(class));
    }
    spec.insert("priority".to_owned(), json!(priority));
    default_nil(spec, "preemptionPolicy", policy);
    Ok(())
}
