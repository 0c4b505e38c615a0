//! What could be seen of a run over time, from a recording or from a simulation: the states of pods and other objects,
//! and the Events.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

use kubelapse::cluster::{Cluster, Cursor, Verb};
use kubelapse::model::object::ObjectRef;
use serde_json::Value;

use super::live_states::{
    KINDS, OBJECT_TRACKS, POD_TRACKS, State, recorded_object, recorded_pod, simulated_object, simulated_pod, text,
};

/// How a message begins that stands for many.
const COMBINED: &str = "(combined from similar events)";

/// The states of one track, and since when.
pub type States = Vec<(f64, String)>;

/// What was seen of one object.
#[derive(Clone, Debug, Default)]
pub struct ObjectHistory {
    pub kind: String,
    pub name: String,
    pub tracks: Vec<States>,
    pub gone: Option<f64>,
}

/// An Event.
#[derive(Clone, Debug)]
pub struct Event {
    pub at: f64,
    /// All sightings, of a simulation.
    pub times: Vec<f64>,
    pub object: String,
    pub kind: String,
    pub reason: String,
    pub message: String,
    pub count: u64,
}

/// All that was seen.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub objects: Vec<ObjectHistory>,
    pub events: Vec<Event>,
    /// Of a simulation: pods without controller that are equal but for their names, by name.
    pub alike: BTreeMap<String, String>,
    shapes: BTreeMap<String, usize>,
    seen: BTreeMap<ObjectRef, usize>,
    cursor: Cursor,
    sightings: usize,
    /// The place of an Event among those seen, by its row and message: one that combines similar ones has many messages.
    by_message: BTreeMap<(u32, String), usize>,
}

impl History {
    /// Reads a recording.
    pub fn recorded(folder: &Path) -> Self {
        let lines = |name: &str| -> Vec<Value> {
            let text = text_of(&folder.join(name)).unwrap_or_default();
            text.lines().map(|line| serde_json::from_str(line).expect("a recording is readable")).collect()
        };
        let mut history = Self::default();
        let mut live: BTreeMap<(String, String), usize> = BTreeMap::new();
        for line in lines("timeline.jsonl") {
            let (at, kind, name) = (line["t"].as_f64().unwrap_or(0.0), text(&line["kind"]), text(&line["name"]));
            let is_pod = kind == "Pod";
            if !is_pod && !is_compared(&kind) {
                continue;
            }
            let key = (kind.clone(), name.clone());
            let index = *live.entry(key.clone()).or_insert_with(|| history.add(&kind, &name));
            if line["type"] == "DELETED" {
                history.objects[index].gone = Some(at);
                live.remove(&key);
            } else {
                let state = if is_pod { recorded_pod(&line) } else { recorded_object(&kind, &line) };
                history.objects[index].see(at, state);
            }
        }
        // The cluster was older than the case: an Event that was there before goes on being counted.
        let mut before: BTreeMap<[String; 3], u64> = BTreeMap::new();
        let counted = |line: &Value, before: &mut BTreeMap<[String; 3], u64>| {
            let message = text(&line["message"]);
            let message = if message.starts_with(COMBINED) { COMBINED.to_owned() } else { message };
            let count = line["count"].as_u64().unwrap_or(1);
            let key = [text(&line["object"]), text(&line["reason"]), message];
            count - *before.entry(key).or_insert(count - 1)
        };
        history.events = lines("events.jsonl")
            .iter()
            .map(|line| Event {
                at: line["t"].as_f64().unwrap_or(0.0),
                times: Vec::new(),
                object: text(&line["object"]),
                kind: text(&line["type"]),
                reason: text(&line["reason"]),
                message: text(&line["message"]),
                count: counted(line, &mut before),
            })
            .collect();
        history
    }

    /// Looks at Events that were written, as their watcher sees them.
    fn look_at_events(&mut self, cluster: &Cluster) {
        let sightings = cluster.events.sightings();
        for sighting in sightings.from(self.sightings) {
            let row = cluster.events.row(sighting.row);
            let sort = cluster.events.sort_of(row);
            let at = sighting.at.as_secs_f64();
            let message = cluster.event_message(row).into_owned();
            let known = self.by_message.entry((sighting.row, message.clone())).or_insert_with(|| {
                self.events.push(Event {
                    at,
                    times: Vec::new(),
                    object: format!("{}/{}", row.object.kind.name(), cluster.identity(row.object).1),
                    kind: sort.kind.name().to_owned(),
                    reason: sort.reason.to_string(),
                    message,
                    count: 0,
                });
                self.events.len() - 1
            });
            let event = &mut self.events[*known];
            event.times.push(at);
            event.count = u64::from(sighting.count);
        }
        self.sightings = sightings.end();
    }

    /// Looks at what has changed in a running simulation.
    pub fn look(&mut self, at: f64, cluster: &Cluster, namespace: &str) {
        self.look_at_events(cluster);
        let mut changed = BTreeSet::new();
        while let Some(change) = cluster.log.at(self.cursor) {
            self.cursor.0 += 1;
            if change.verb == Verb::Deleted {
                if let Some(index) = self.seen.get(&change.object) {
                    self.objects[*index].gone = Some(change.at.as_secs_f64());
                }
                changed.remove(&change.object);
            } else {
                changed.insert(change.object);
            }
        }
        for object in changed {
            let kind = object.kind.name();
            let pod = object.as_pod();
            if pod.is_none() && !is_compared(kind) {
                continue;
            }
            let (home, name) = cluster.identity(object);
            let home = cluster.namespace_name(home);
            if home != namespace
                && !matches!(kind, "Node" | "PersistentVolume")
                && !(kind == "Namespace" && name == namespace)
            {
                continue;
            }
            if kind == "Namespace" && cluster.meta(object).deletion.is_none() {
                // Recordings begin in a namespace that is there, and show it once it changes.
                continue;
            }
            let index = self.seen.get(&object).copied().unwrap_or_else(|| {
                let index = self.add(kind, name);
                self.seen.insert(object, index);
                index
            });
            if let Some(pod) = pod.filter(|pod| !cluster.pod(*pod).controller.is_some()) {
                let template = cluster.template_of(pod);
                let what = format!("{:?} {:?}", template.labels, template.spec);
                let number = self.shapes.len();
                let like = format!("like-{}", self.shapes.entry(what).or_insert(number));
                self.alike.insert(name.to_owned(), like);
            }
            let state = match pod {
                Some(pod) => simulated_pod(cluster, pod),
                None => simulated_object(kind, cluster, object),
            };
            self.objects[index].see(at, state);
        }
    }

    /// Prints everything, for a case that `KUBELAPSE_SHOW` names.
    #[expect(clippy::print_stdout, reason = "it was asked for")]
    pub fn show(&self) {
        for object in &self.objects {
            let tracks = object.track_names().iter().zip(&object.tracks);
            for (track, (at, state)) in tracks.flat_map(|(track, states)| states.iter().map(move |one| (track, one))) {
                println!("    {at:8.3} {}/{} {track}: {state}", object.kind, object.name);
            }
            if let Some(gone) = object.gone {
                println!("    {gone:8.3} {}/{} gone", object.kind, object.name);
            }
        }
        for event in &self.events {
            let Event { at, times, object, kind, reason, message, count } = event;
            println!("    {at:8.3} {object} {kind} {reason} x{count}: {message} at {times:.3?}");
        }
    }

    fn add(&mut self, kind: &str, name: &str) -> usize {
        let tracks = if kind == "Pod" { POD_TRACKS.len() } else { OBJECT_TRACKS.len() };
        let tracks = vec![States::new(); tracks];
        self.objects.push(ObjectHistory { kind: kind.to_owned(), name: name.to_owned(), tracks, gone: None });
        self.objects.len() - 1
    }
}

impl ObjectHistory {
    fn see(&mut self, at: f64, state: State) {
        for (track, state) in self.tracks.iter_mut().zip(state) {
            if track.last().is_none_or(|(_, last)| *last != state) {
                track.push((at, state));
            }
        }
    }

    /// Names of its tracks.
    pub fn track_names(&self) -> &'static [&'static str] {
        if self.kind == "Pod" { &POD_TRACKS } else { &OBJECT_TRACKS }
    }
}

/// A file's text; a file that is not there may be there packed, as `<name>.gz`.
fn text_of(path: &Path) -> Option<String> {
    if let Ok(text) = fs::read_to_string(path) {
        return Some(text);
    }
    let mut packed = path.as_os_str().to_owned();
    packed.push(".gz");
    let bytes = fs::read(packed).ok()?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip");
    Some(text)
}

/// Is there a recording in this folder?
pub fn is_recorded(folder: &Path) -> bool {
    ["timeline.jsonl", "timeline.jsonl.gz"].iter().any(|name| folder.join(name).exists())
}

fn is_compared(kind: &str) -> bool {
    KINDS.iter().any(|(name, _)| *name == kind)
}
