//! What a scenario says containers do: plain data, and the lookup that merges the entries that match.

use crate::engine::curve::Curve;
use crate::engine::distribution::Distribution;
use crate::engine::{SimDuration, SimTime};
use crate::model::container_matcher::{ContainerFacts, Matcher};

/// How a container comes to serve.
#[derive(Clone, Debug, PartialEq)]
pub enum Startup {
    /// After this many seconds.
    Time(Distribution),
    /// After this much CPU work (seconds of one core), stretched by limits.
    Cpu(SimDuration),
}

/// How long a container runs.
#[derive(Clone, Debug, PartialEq)]
pub enum RunLength {
    /// This many seconds.
    Time(Distribution),
    /// This much CPU work, in seconds of one core, stretched by limits.
    CpuSeconds(f64),
}

/// When a container ends by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// How long it runs.
    pub length: RunLength,
    /// Exit code.
    pub exit: i32,
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
        exit: i32,
    },
}

/// From when a curve's times count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Since {
    /// The scenario's t=0.
    #[default]
    Start,
    /// The container's start.
    Container,
}

/// Use of a resource over time.
#[derive(Clone, Debug, PartialEq)]
pub enum UsageSource {
    /// Drawn once for each run of a container.
    Drawn(Distribution),
    /// A function of time.
    Curve {
        /// Cores or bytes.
        curve: Curve,
        /// From when its times count.
        since: Since,
    },
}

impl UsageSource {
    /// Always this much.
    pub fn constant(amount: f64) -> Self {
        Self::Drawn(Distribution::Constant(amount))
    }
}

/// A stretch of time since a container's start; `to` is `NEVER` where it has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its begin.
    pub from: SimDuration,
    /// Its end.
    pub to: SimTime,
}

/// What a container does while Services it needs have no ready endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Needs {
    /// `[namespace/]name` of the Services.
    pub services: Vec<String>,
    /// Seconds until it gives up, and its exit code then.
    pub otherwise: (Distribution, i32),
}

/// What a container does. A field that is `None` says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerBehaviour {
    /// How reports call it; may be empty.
    pub name: String,
    /// From the start of the process to serving.
    pub startup: Option<Startup>,
    /// When it ends by itself.
    pub run: Option<Run>,
    /// What it does when it is told to stop.
    pub on_term: Option<OnTerm>,
    /// Cores.
    pub cpu: Option<UsageSource>,
    /// Bytes; above the limit it is killed.
    pub memory: Option<UsageSource>,
    /// Bytes of its writable layer and logs.
    pub disk: Option<UsageSource>,
    /// Files of its writable layer.
    pub files: Option<UsageSource>,
    /// Processes and threads.
    pub processes: Option<UsageSource>,
    /// What it writes when it serves.
    pub logs: Option<String>,
    /// Services that it needs.
    pub needs: Option<Needs>,
    /// Seconds until a probe is answered.
    pub answer: Option<Distribution>,
    /// Do answers take longer while the container gets less CPU than it wants?
    pub under_load: Option<bool>,
    /// When readiness probes fail.
    pub unready: Vec<Window>,
    /// When liveness probes fail.
    pub dead: Vec<Window>,
}

/// The entries of a scenario, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BehaviourTable {
    /// Which containers, and what they do.
    pub entries: Vec<(Matcher, ContainerBehaviour)>,
    /// How often each entry has matched.
    pub used: Vec<u64>,
}

impl BehaviourTable {
    /// A table of these entries.
    pub fn new(entries: Vec<(Matcher, ContainerBehaviour)>) -> Self {
        let used = vec![0; entries.len()];
        Self { entries, used }
    }

    /// Patterns of the containers whose life the scenario tells, from start to end: their own command counts for nothing.
    pub fn described(&self) -> Vec<Matcher> {
        let tells = |of: &ContainerBehaviour| of.startup.is_some() || of.run.is_some() || of.on_term.is_some();
        self.entries.iter().filter(|(_, of)| tells(of)).map(|(matcher, _)| matcher.clone()).collect()
    }

    /// Does any entry look at pod names, so that pods of one template may differ?
    pub fn depends_on_pod(&self) -> bool {
        self.entries.iter().any(|(matcher, _)| matcher.pod.as_deref().is_some_and(|pattern| pattern != "*"))
    }

    /// For each field, what the first matching entry that sets it says; `None` if no entry matches.
    pub fn resolve(&mut self, facts: &ContainerFacts<'_>) -> Option<ContainerBehaviour> {
        let mut merged: Option<ContainerBehaviour> = None;
        for ((matcher, behaviour), used) in self.entries.iter().zip(&mut self.used) {
            if !matcher.matches(facts) {
                continue;
            }
            *used += 1;
            match &mut merged {
                None => merged = Some(behaviour.clone()),
                Some(merged) => merge(merged, behaviour),
            }
        }
        merged
    }
}

fn merge(into: &mut ContainerBehaviour, from: &ContainerBehaviour) {
    fn first<T: Clone>(into: &mut Option<T>, from: Option<&T>) {
        if into.is_none() {
            *into = from.cloned();
        }
    }
    if into.name.is_empty() {
        into.name.clone_from(&from.name);
    }
    first(&mut into.startup, from.startup.as_ref());
    first(&mut into.run, from.run.as_ref());
    first(&mut into.on_term, from.on_term.as_ref());
    first(&mut into.cpu, from.cpu.as_ref());
    first(&mut into.memory, from.memory.as_ref());
    first(&mut into.disk, from.disk.as_ref());
    first(&mut into.files, from.files.as_ref());
    first(&mut into.processes, from.processes.as_ref());
    first(&mut into.logs, from.logs.as_ref());
    first(&mut into.needs, from.needs.as_ref());
    first(&mut into.answer, from.answer.as_ref());
    first(&mut into.under_load, from.under_load.as_ref());
    if into.unready.is_empty() {
        into.unready.clone_from(&from.unready);
    }
    if into.dead.is_empty() {
        into.dead.clone_from(&from.dead);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::labels::Labels;

    #[test]
    fn fields_merge_and_the_first_entry_that_sets_one_wins() {
        let entry = |image: &str, exit: Option<i32>, logs: Option<&str>| {
            let run = exit.map(|exit| Run { length: RunLength::Time(Distribution::Constant(1.0)), exit });
            let logs = logs.map(str::to_owned);
            (
                Matcher { image: Some(image.to_owned()), ..Matcher::default() },
                ContainerBehaviour { run, logs, ..ContainerBehaviour::default() },
            )
        };
        let mut table = BehaviourTable::new(vec![
            entry("redis*", Some(9), None),
            entry("nginx*", Some(3), None),
            entry("*", Some(5), Some("ready")),
        ]);
        let labels = Labels::default();
        let facts =
            ContainerFacts { image: "nginx:1.27", container: "c", pod: "p", namespace: "default", labels: &labels };
        let merged = table.resolve(&facts).unwrap();
        assert_eq!((merged.run.unwrap().exit, merged.logs.as_deref()), (3, Some("ready")));
        assert_eq!(table.used, [0, 1, 1]);
    }
}
