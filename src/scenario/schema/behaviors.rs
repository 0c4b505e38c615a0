//! `spec.behaviors`: what containers do.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::amounts::{RandomDuration, Varying};
use super::amounts_table::{DURATION_DISTRIBUTION, RANDOM_DURATION, VARYING};
use super::leaves::{DURATION, Duration};
use super::objects;
use super::shape::{Field, Shape, Type, field};

/// How a container comes to serve.
#[derive(Clone, Debug, PartialEq)]
pub enum Startup {
    /// After this time.
    Time(RandomDuration),
    /// After this much CPU work.
    Cpu(Duration),
}

/// What a container does when it is told to stop.
#[derive(Clone, Debug, PartialEq)]
pub enum OnTerm {
    /// Nothing: it is killed at the end of the grace period.
    Ignore,
    /// It exits.
    Exit(TermExit),
}

objects! {
    /// What the containers that match do.
    Behavior BEHAVIOR {
        "name" name: Option<String> = Type::Text, "how reports and warnings call it";
        "match" matches: Option<Match> = Type::Object(&MATCH), "which containers", default("all");
        "startup" startup: Option<Startup> = STARTUP, "from the start of the process to serving (ports open, the default probe answers)", default("0s");
        "run" run: Option<Run> = Type::Object(&RUN), "when it ends by itself", default("never");
        "needs" needs: Option<Needs> = Type::Object(&NEEDS), "Services without which it cannot work";
        "onTerm" on_term: Option<OnTerm> = Type::Any(&[Type::Keyword(&["ignore"]), Type::Object(&TERM_EXIT)]), "what it does when it is told to stop", default("exits at once with 0");
        "cpu" cpu: Option<Varying> = VARYING, "use of CPU";
        "memory" memory: Option<Varying> = VARYING, "use of memory; above the limit it is killed (OOMKilled)";
        "disk" disk: Option<Varying> = VARYING, "bytes of its writable layer and logs";
        "files" files: Option<Varying> = VARYING, "files of its writable layer";
        "processes" processes: Option<Varying> = VARYING, "its processes and threads", default("1");
        "probes" probes: Option<Probes> = Type::Object(&PROBES), "how it answers probes";
        #[serde(default)]
        "unready" unready: Vec<Window> = Type::List(&Type::Object(&WINDOW)), "when readiness probes fail, since the container's start";
        #[serde(default)]
        "dead" dead: Vec<Window> = Type::List(&Type::Object(&WINDOW)), "when liveness probes fail, since the container's start";
        "logs" logs: Option<String> = Type::Text, "what it writes when it serves";
    }

    /// Which containers: all that is given must match. `*` stands for any text, `?` for one character.
    Match MATCH {
        "image" image: Option<String> = Type::Text, "image as the manifest names it";
        "container" container: Option<String> = Type::Text, "name of the container";
        "pod" pod: Option<String> = Type::Text, "name of the pod";
        "namespace" namespace: Option<String> = Type::Text, "namespace";
        #[serde(default)]
        "labels" labels: BTreeMap<String, String> = Type::Map(&Type::Text), "labels of the pod";
    }

    /// When a container ends by itself.
    Run RUN ["for", "cpuSeconds"] {
        "for" duration: Option<RandomDuration> = RANDOM_DURATION, "after this time";
        "cpuSeconds" cpu_seconds: Option<f64> = Type::Number(0.0), "after this much CPU work: seconds of one core; it takes what `cpu` states, one core if nothing does";
        "exit" exit: Option<u8> = Type::Integer(0, 255), "exit code", default("0");
    }

    /// Services that a container needs.
    Needs NEEDS {
        "services" services: Vec<String> = Type::List(&Type::Text), "[namespace/]names of Services that must have a ready endpoint", required();
        "else" otherwise: Option<TermExit> = Type::Object(&TERM_EXIT), "what it does while one has none", default("exits at once with 1");
    }

    /// An exit.
    TermExit TERM_EXIT {
        "after" after: Option<RandomDuration> = RANDOM_DURATION, "after this time", default("0s");
        "exit" exit: Option<u8> = Type::Integer(0, 255), "exit code", default("0");
    }

    /// Answers to probes.
    Probes PROBES {
        "answer" answer: Option<RandomDuration> = RANDOM_DURATION, "time of an answer";
        "underLoad" under_load: Option<bool> = Type::Boolean, "answers slow down when the container gets less CPU than it wants", default("false");
    }

    /// A stretch of time.
    Window WINDOW {
        "from" from: Duration = Type::Leaf(&DURATION), "its begin", required();
        "to" to: Option<Duration> = Type::Leaf(&DURATION), "its end", default("never");
    }
}

const STARTUP: Type = Type::Any(&[Type::Leaf(&DURATION), Type::Object(&STARTUP_OBJECT)]);

static STARTUP_FIELDS: [Field; 8] = {
    let cpu = field("cpu", Type::Leaf(&DURATION), "CPU work of one thread, stretched by limits and contention");
    let mut fields = [cpu; 8];
    let mut index = 0;
    while index < DURATION_DISTRIBUTION.fields.len() {
        fields[index + 1] = DURATION_DISTRIBUTION.fields[index];
        index += 1;
    }
    fields
};

/// A distribution, or CPU work.
pub static STARTUP_OBJECT: Shape = Shape {
    name: "Startup",
    summary: "A time that is drawn for each start, or CPU work: exactly one of these.",
    fields: &STARTUP_FIELDS,
    one_of: &["cpu", "uniform", "normal", "lognormal", "exponential", "pareto", "choice", "empirical"],
    others: None,
};

impl<'de> Deserialize<'de> for Startup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let read = match value.get("cpu") {
            Some(cpu) => serde_json::from_value(cpu.clone()).map(Self::Cpu),
            None => serde_json::from_value(value).map(Self::Time),
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for OnTerm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value == "ignore" {
            return Ok(Self::Ignore);
        }
        serde_json::from_value(value).map(Self::Exit).map_err(serde::de::Error::custom)
    }
}
