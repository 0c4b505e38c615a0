//! A part of a sweep for one of several machines: every N-th run. Says which part from `--shard`, or from what the
//! schedulers of such jobs put into the environment.

use std::fmt;

/// Which part of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// From 1.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Shard {
    /// Is a run in this part? Neighbouring runs go to different parts: they cost about the same.
    pub fn takes(&self, run: usize) -> bool {
        run % self.count == self.index - 1
    }
}

/// A part; the only one of one is everything.
fn part(index: usize, count: usize) -> Result<Option<Shard>, String> {
    if index == 0 || index > count {
        return Err(format!("there is no part {index} of {count}: parts count from 1"));
    }
    Ok((count > 1).then_some(Shard { index, count }))
}

/// What `--shard` and the environment ask for: a part and where its number comes from, or everything.
///
/// `typed` is `I/N`, or `N` where the environment says which one this is. Without it, an environment that says both
/// decides; one that says only the index is an error, since every machine would run everything.
///
/// # Errors
/// What cannot be read or contradicts itself, in words.
pub fn asked_for(
    typed: Option<&str>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<(Shard, String)>, String> {
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| format!("`{text}` is no I/N, such as 2/8"));
    let count = match typed.map(|text| text.split_once('/').unwrap_or(("", text))) {
        Some((index, count)) if !index.trim().is_empty() => {
            return Ok(part(number(index)?, number(count)?)?.map(|shard| (shard, "--shard".to_owned())));
        }
        Some((_, count)) => Some(number(count)?).filter(|count| *count > 0),
        None => None,
    };
    match from_environment(environment)? {
        Some(found) => {
            let Some(count) = count.or(found.count) else {
                let name = found.name;
                return Err(format!(
                    "{name} says which part this is, but not of how many: give `--shard N` (or `--shard 1/1` to run all)"
                ));
            };
            Ok(part(found.index, count)?.map(|shard| (shard, found.name.to_owned())))
        }
        None if typed.is_some() => Err(format!(
            "`--shard {}` needs an index: give I/N, or set JOB_COMPLETION_INDEX, SLURM_ARRAY_TASK_ID or CI_NODE_INDEX",
            typed.unwrap_or_default()
        )),
        None => Ok(None),
    }
}

struct Found {
    name: &'static str,
    /// From 1.
    index: usize,
    count: Option<usize>,
}

/// Kubernetes' Indexed Jobs count from 0, Slurm's arrays from where they are told, GitLab's parallel jobs from 1.
fn from_environment(environment: &dyn Fn(&str) -> Option<String>) -> Result<Option<Found>, String> {
    let number = |name: &str| -> Result<Option<usize>, String> {
        let Some(text) = environment(name).filter(|text| !text.trim().is_empty()) else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| format!("{name} is `{text}`, which is no number"))
    };
    if let Some(index) = number("JOB_COMPLETION_INDEX")? {
        return Ok(Some(Found { name: "JOB_COMPLETION_INDEX", index: index + 1, count: None }));
    }
    if let Some(task) = number("SLURM_ARRAY_TASK_ID")? {
        let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
        let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
        let past = task.checked_sub(first).ok_or("SLURM_ARRAY_TASK_ID is below SLURM_ARRAY_TASK_MIN")?;
        let index = past / step + 1;
        return Ok(Some(Found { name: "SLURM_ARRAY_TASK_ID", index, count: number("SLURM_ARRAY_TASK_COUNT")? }));
    }
    // CI_NODE_INDEX alone is set by no one, and CI_NODE_TOTAL is 1 in jobs that are not parallel.
    if let (Some(index), Some(total)) = (number("CI_NODE_INDEX")?, number("CI_NODE_TOTAL")?) {
        return Ok(Some(Found { name: "CI_NODE_INDEX", index, count: Some(total) }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(typed: Option<&str>, variables: &[(&str, &str)]) -> Result<String, String> {
        let environment =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        asked_for(typed, &environment).map(|found| found.map_or("all".to_owned(), |(shard, _)| shard.to_string()))
    }

    #[test]
    fn a_part_is_named_or_taken_from_the_environment() {
        let ok = |typed, variables: &[(&str, &str)]| asked(typed, variables).unwrap();
        assert_eq!(ok(None, &[]), "all");
        assert_eq!(ok(Some("1/1"), &[("CI_NODE_INDEX", "3"), ("CI_NODE_TOTAL", "4")]), "all");
        assert_eq!(ok(None, &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "1")]), "all");
        assert_eq!(ok(Some("2/8"), &[("JOB_COMPLETION_INDEX", "5")]), "2/8");
        assert_eq!(ok(Some("8"), &[("JOB_COMPLETION_INDEX", "0")]), "1/8");
        assert_eq!(ok(Some("/8"), &[("JOB_COMPLETION_INDEX", "7")]), "8/8");
        assert_eq!(ok(None, &[("CI_NODE_INDEX", "3"), ("CI_NODE_TOTAL", "4")]), "3/4");
        let slurm = [("SLURM_ARRAY_TASK_ID", "14"), ("SLURM_ARRAY_TASK_MIN", "10"), ("SLURM_ARRAY_TASK_STEP", "2")];
        assert_eq!(ok(Some("3"), &slurm), "3/3");
        assert_eq!(ok(None, &[("SLURM_ARRAY_TASK_ID", "0"), ("SLURM_ARRAY_TASK_COUNT", "2")]), "1/2");
    }

    #[test]
    fn half_an_answer_is_an_error() {
        for (typed, variables, part) in [
            (Some("0/4"), vec![], "there is no part 0 of 4"),
            (Some("5/4"), vec![], "there is no part 5 of 4"),
            (Some("x/4"), vec![], "is no I/N"),
            (Some("4"), vec![], "needs an index"),
            (None, vec![("JOB_COMPLETION_INDEX", "1")], "of how many"),
            (None, vec![("SLURM_ARRAY_TASK_ID", "x")], "which is no number"),
            (Some("4"), vec![("JOB_COMPLETION_INDEX", "4")], "there is no part 5 of 4"),
        ] {
            let words = asked(typed, &variables).unwrap_err();
            assert!(words.contains(part), "{typed:?}: {words}");
        }
    }

    proptest! {
        #[test]
        fn every_run_is_in_exactly_one_part(run in 0_usize..1_000, count in 1_usize..20) {
            let parts = (1..=count).filter(|index| Shard { index: *index, count }.takes(run)).count();
            prop_assert_eq!(parts, 1);
        }
    }
}
