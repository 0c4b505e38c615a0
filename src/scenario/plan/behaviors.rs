//! What a container does: the entries that match it, merged field by field. Pure: names in, behavior out.

use std::collections::BTreeMap;

use crate::engine::SimDuration;
use crate::engine::distribution::Distribution;
use crate::scenario::schema::behaviors as typed;

use super::amounts::Usage;

/// One entry of `behaviors`, ready. A field that is `None` says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Behavior {
    /// How reports call it; may be empty.
    pub name: String,
    /// Which containers.
    pub matches: Option<typed::Match>,
    /// From the start of the process to serving.
    pub startup: Option<Startup>,
    /// When it ends by itself.
    pub run: Option<Run>,
    /// What it does when it is told to stop.
    pub on_term: Option<OnTerm>,
    /// Cores.
    pub cpu: Option<Usage>,
    /// Bytes.
    pub memory: Option<Usage>,
    /// What it writes when it serves.
    pub logs: Option<String>,
    /// Services that it needs, as typed.
    pub needs: Option<typed::Needs>,
    /// Answers to probes, as typed.
    pub probes: Option<typed::Probes>,
    /// When readiness probes fail, as typed.
    pub unready: Vec<typed::Window>,
    /// When liveness probes fail, as typed.
    pub dead: Vec<typed::Window>,
}

/// How a container comes to serve.
#[derive(Clone, Debug, PartialEq)]
pub enum Startup {
    /// After this many seconds.
    Time(Distribution),
    /// After this much CPU work.
    Cpu(SimDuration),
}

/// When a container ends by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// How long it runs.
    pub length: RunLength,
    /// Exit code.
    pub exit: u8,
}

/// How long a container runs.
#[derive(Clone, Debug, PartialEq)]
pub enum RunLength {
    /// This many seconds.
    Time(Distribution),
    /// This much CPU work, in seconds of one core.
    CpuSeconds(f64),
}

/// What a container does when it is told to stop.
#[derive(Clone, Debug, PartialEq)]
pub enum OnTerm {
    /// Nothing.
    Ignore,
    /// It exits.
    Exit {
        /// After this many seconds.
        after: Distribution,
        /// Exit code.
        exit: u8,
    },
}

/// A container, as far as `match` looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Container<'a> {
    /// Image as the manifest names it.
    pub image: &'a str,
    /// Name of the container.
    pub container: &'a str,
    /// Name of the pod.
    pub pod: &'a str,
    /// Namespace.
    pub namespace: &'a str,
    /// Labels of the pod.
    pub labels: &'a BTreeMap<String, String>,
}

impl typed::Match {
    /// Does it match every container?
    pub fn is_everything(&self) -> bool {
        let everything = |pattern: &Option<String>| pattern.as_deref().is_none_or(|pattern| pattern == "*");
        everything(&self.image)
            && everything(&self.container)
            && everything(&self.pod)
            && everything(&self.namespace)
            && self.labels.is_empty()
    }

    /// All that is given must match.
    pub fn matches(&self, of: &Container<'_>) -> bool {
        let matches =
            |pattern: &Option<String>, text: &str| pattern.as_deref().is_none_or(|pattern| glob(pattern, text));
        matches(&self.image, of.image)
            && matches(&self.container, of.container)
            && matches(&self.pod, of.pod)
            && matches(&self.namespace, of.namespace)
            && self.labels.iter().all(|(key, value)| of.labels.get(key).is_some_and(|own| glob(value, own)))
    }
}

/// What the entries say of one container: for each field, what the first matching entry that sets it says. `used`
/// is told of every entry that matches (an entry that never does is worth a warning at the end of a run).
pub fn resolve(behaviors: &[Behavior], container: &Container<'_>, mut used: impl FnMut(usize)) -> Behavior {
    let mut merged = Behavior::default();
    for (index, entry) in behaviors.iter().enumerate() {
        if entry.matches.as_ref().is_some_and(|wanted| !wanted.matches(container)) {
            continue;
        }
        used(index);
        if merged.name.is_empty() {
            merged.name.clone_from(&entry.name);
        }
        first(&mut merged.startup, entry.startup.as_ref());
        first(&mut merged.run, entry.run.as_ref());
        first(&mut merged.on_term, entry.on_term.as_ref());
        first(&mut merged.cpu, entry.cpu.as_ref());
        first(&mut merged.memory, entry.memory.as_ref());
        first(&mut merged.logs, entry.logs.as_ref());
        first(&mut merged.needs, entry.needs.as_ref());
        first(&mut merged.probes, entry.probes.as_ref());
        if merged.unready.is_empty() {
            merged.unready.clone_from(&entry.unready);
        }
        if merged.dead.is_empty() {
            merged.dead.clone_from(&entry.dead);
        }
    }
    merged
}

fn first<T: Clone>(merged: &mut Option<T>, entry: Option<&T>) {
    if merged.is_none() {
        *merged = entry.cloned();
    }
}

/// `*` stands for any text, also none and also with slashes; `?` for one character.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go on after the last star if what follows it does not match.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            p = at + 1;
            t = from + 1;
            star = Some((at, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_any_text_and_single_characters() {
        for (pattern, text, matches) in [
            ("nginx*", "nginx:1.27", true),
            ("*", "", true),
            ("web-?", "web-1", true),
            ("web-?", "web-10", false),
            ("*/nginx:*", "docker.io/library/nginx:1", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("", "a", false),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
        let stars = "a*".repeat(100);
        assert!(!glob(&stars, &"a".repeat(50)), "no exponential search");
    }

    fn entry(name: &str, matches: serde_json::Value, startup: Option<f64>, logs: Option<&str>) -> Behavior {
        Behavior {
            name: name.to_owned(),
            matches: Some(serde_json::from_value(matches).unwrap()),
            startup: startup.map(|seconds| Startup::Time(Distribution::Constant(seconds))),
            logs: logs.map(str::to_owned),
            ..Behavior::default()
        }
    }

    #[test]
    fn fields_merge_and_the_first_entry_that_sets_one_wins() {
        let entries = [
            entry("other", serde_json::json!({"pod": "db-*"}), Some(9.0), None),
            entry("web", serde_json::json!({"image": "nginx*", "labels": {"app": "web"}}), Some(2.0), None),
            entry("all", serde_json::json!({}), Some(5.0), Some("ready")),
        ];
        let labels = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
        let container =
            Container { image: "nginx:1.27", container: "c", pod: "web-0", namespace: "default", labels: &labels };
        let mut used = Vec::new();
        let merged = resolve(&entries, &container, |index| used.push(index));
        assert_eq!(merged.startup, Some(Startup::Time(Distribution::Constant(2.0))));
        assert_eq!(merged.logs.as_deref(), Some("ready"));
        assert_eq!((merged.name.as_str(), used), ("web", vec![1, 2]));
    }
}
