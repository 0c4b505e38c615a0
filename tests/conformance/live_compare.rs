//! The rule by which a recording and a simulation are equal (live/README.md, "Comparing a simulator").
//!
//! Objects of one kind are mapped by their names without random suffix; within such a group (pods of a ReplicaSet, Nodes,
//! pods that are equal but for their names) any mapping will do, because order among equals means nothing. Of each
//! track every state that lasted must be found on the other side in the same order; one that lasted less than 0.1 s on
//! one side may be missing on the other. Numbers of workloads add up what happens to several pods, each of which may
//! come up to 2 s earlier or later: of them only states that lasted longer than that have to be found. (Two recordings
//! of one case do not agree any better: with 0.1 s for all tracks only 14 of the 33 controllers' cases equal their own
//! second run.)

use std::collections::{BTreeMap, BTreeSet};

use super::live_history::{Event, History, ObjectHistory, States};

/// States that last less may be missing, in seconds.
const SHORTEST: f64 = 0.1;
/// Slack of every delay, in seconds.
const SLACK: f64 = 2.0;
/// The same between two lasting states of a workload: in between lie an exit that is noticed (0.2 to 2.2 s) and the
/// slack of that.
const WORKLOAD_SLACK: f64 = 4.0;
/// The time at which an object appears may differ by this share of it more.
const CHAIN: f64 = 0.1;
/// Delays from here on may be back-offs, which are drawn from 1 to 1.5 times their length.
const BACKOFF_FROM: f64 = 8.0;
/// The resync of a quiet pod: what it brings may come at any time in between.
const RESYNC: std::ops::RangeInclusive<f64> = 58.0..=93.0;
/// A kubelet looks at its Node object every 10 s.
const NODE_STATUS: f64 = 10.0;

impl History {
    /// The first difference between this recording and a simulation.
    pub fn difference(&self, simulated: &Self) -> Option<String> {
        let names = Names { alike: &simulated.alike };
        let (recorded, own) = (self.groups(&names), simulated.groups(&names));
        let kinds: BTreeSet<&str> = recorded.keys().map(|(kind, _)| *kind).collect();
        let count = |groups: &BTreeMap<(&str, String), Vec<&ObjectHistory>>| {
            // Nodes and Namespaces that never change were not recorded.
            let quiet = |kind: &str| matches!(kind, "Node" | "Namespace") && !kinds.contains(kind);
            let relevant = groups.iter().filter(|((kind, _), _)| !quiet(kind));
            relevant.map(|((kind, key), all)| format!("{kind}/{key} x{}", all.len())).collect::<Vec<_>>()
        };
        let (there, here) = (count(&recorded), count(&own));
        if there != here {
            let only = |a: &[String], b: &[String]| {
                a.iter().filter(|one| !b.contains(one)).cloned().collect::<Vec<_>>().join(", ")
            };
            return Some(format!("objects: recorded {}; simulated {}", only(&there, &here), only(&here, &there)));
        }
        let backs_off = self.objects.iter().chain(&simulated.objects).any(ObjectHistory::backs_off);
        for (key, objects) in &recorded {
            let Some(others) = own.get(key) else { continue };
            if let Some(difference) = group_difference(objects, others, backs_off) {
                return Some(difference);
            }
        }
        self.event_difference(simulated, &names, backs_off)
    }

    fn groups(&self, names: &Names<'_>) -> BTreeMap<(&str, String), Vec<&ObjectHistory>> {
        let mut groups: BTreeMap<(&str, String), Vec<&ObjectHistory>> = BTreeMap::new();
        for object in &self.objects {
            let name = if object.kind == "Node" { "*".to_owned() } else { names.canonical(&object.name) };
            groups.entry((object.kind.as_str(), name)).or_default().push(object);
        }
        groups
    }

    /// Times of a pod's Events count from its creation (of several pods with its name, the last one before `at`).
    fn pod_created(&self, kind: &str, name: &str, at: f64) -> f64 {
        let pods = self.objects.iter().filter(|object| kind == "Pod" && object.kind == "Pod" && object.name == name);
        pods.map(ObjectHistory::created).filter(|created| *created <= at + 0.1).fold(0.0, f64::max)
    }

    fn event_difference(&self, simulated: &Self, names: &Names<'_>, backs_off: bool) -> Option<String> {
        let grouped = |history: &Self| {
            let events: &[Event] = &history.events;
            let mut groups: BTreeMap<String, (f64, u64)> = BTreeMap::new();
            // Nodes register before a recording begins.
            let of_start = |event: &&Event| event.object.starts_with("Node/") && event.at < 0.5;
            // The cgroup manager of the recordings is a stub that enforces nothing.
            let of_cgroups = |event: &&Event| event.reason == "NodeAllocatableEnforced";
            for event in events.iter().filter(|event| !of_start(event) && !of_cgroups(event)) {
                let (kind, name) = event.object.split_once('/').unwrap_or(("", &event.object));
                let object =
                    if kind == "Node" { "Node/*".to_owned() } else { format!("{kind}/{}", names.canonical(name)) };
                let mut message = names.masked(&event.message);
                if kind == "Node" {
                    message = message.replace(name, "*");
                }
                let key = format!("{object} {} {} {message}", event.kind, event.reason);
                let at = event.at - history.pod_created(kind, name, event.at);
                let entry = groups.entry(key).or_insert((at, 0));
                entry.0 = entry.0.min(at);
                entry.1 = entry.1.max(event.count);
            }
            groups
        };
        let (recorded, simulated) = (grouped(self), grouped(simulated));
        if let Some((missing, (at, _))) = recorded.iter().find(|(key, _)| !simulated.contains_key(*key)) {
            return Some(format!("no event {missing:?} (recorded at {at:.2})"));
        }
        if let Some((extra, (at, _))) = simulated.iter().find(|(key, _)| !recorded.contains_key(*key)) {
            return Some(format!("event {extra:?} at {at:.2} was not recorded"));
        }
        recorded.iter().find_map(|(key, (at, count))| {
            let (own_at, own_count) = simulated[key];
            let slack = match key.split('/').next() {
                Some("Pod") => SLACK,
                Some("Node") => SLACK + NODE_STATUS,
                _ => WORKLOAD_SLACK,
            };
            if !is_near(*at, own_at, slack, backs_off) {
                return Some(format!("event {key:?}: recorded at {at:.2}, simulated at {own_at:.2}"));
            }
            let slack = 1 + count / 3;
            (own_count.abs_diff(*count) > slack)
                .then(|| format!("event {key:?}: recorded {count} times, simulated {own_count} times"))
        })
    }
}

/// The first difference under the best mapping of a group's objects. The mapping in order is tried first.
fn group_difference(recorded: &[&ObjectHistory], simulated: &[&ObjectHistory], backs_off: bool) -> Option<String> {
    let in_order = recorded.iter().zip(simulated).find_map(|(one, other)| one.difference(other, backs_off));
    let difference = in_order?;
    let equal: Vec<Vec<bool>> = recorded
        .iter()
        .map(|one| simulated.iter().map(|other| one.difference(other, backs_off).is_none()).collect())
        .collect();
    let mut partner = vec![None; simulated.len()];
    for at in 0..recorded.len() {
        if !find_partner(at, &equal, &mut vec![false; simulated.len()], &mut partner) {
            return Some(difference);
        }
    }
    None
}

/// Kuhn's augmenting paths: a partner for `at`, moving others if need be.
fn find_partner(at: usize, equal: &[Vec<bool>], tried: &mut [bool], partner: &mut [Option<usize>]) -> bool {
    for other in 0..partner.len() {
        if !equal[at][other] || std::mem::replace(&mut tried[other], true) {
            continue;
        }
        if partner[other].is_none_or(|taken| find_partner(taken, equal, tried, partner)) {
            partner[other] = Some(at);
            return true;
        }
    }
    false
}

impl ObjectHistory {
    /// Has it waited for a back-off of the kubelet?
    fn backs_off(&self) -> bool {
        const SIGNS: [&str; 5] = ["BackOff", "ErrImage", "CreateContainerConfigError", "Error", "OOMKilled"];
        let restarted =
            |state: &str| state.contains(" #") && !state.split(" #").skip(1).all(|rest| rest.starts_with('0'));
        self.kind == "Pod"
            && self
                .tracks
                .iter()
                .flatten()
                .any(|(_, state)| SIGNS.iter().any(|sign| state.contains(sign)) || restarted(state))
    }

    /// When the state began that it was in at its end.
    fn last_change(&self) -> f64 {
        self.tracks.first().and_then(|track| track.last()).map_or(0.0, |(since, _)| *since)
    }

    /// When it appeared.
    fn created(&self) -> f64 {
        self.tracks.first().and_then(|track| track.first()).map_or(0.0, |(since, _)| *since)
    }

    fn difference(&self, other: &Self, case_backs_off: bool) -> Option<String> {
        let who = format!("{} {}", self.kind, self.name);
        let backs_off = if self.kind == "Pod" { self.backs_off() || other.backs_off() } else { case_backs_off };
        let is_single = matches!(self.kind.as_str(), "Pod" | "Node" | "Namespace");
        let slack = if is_single { SLACK } else { WORKLOAD_SLACK };
        for (index, name) in self.track_names().iter().enumerate() {
            let alignment = Alignment {
                recorded: &self.tracks[index],
                simulated: &other.tracks[index],
                ends: [self.gone, other.gone],
                shortest: if is_single { SHORTEST } else { SLACK },
                slack,
                backs_off,
            };
            if let Some(difference) = alignment.difference() {
                return Some(format!("{who}: {name}: {difference}"));
            }
        }
        match (self.gone, other.gone) {
            (None, None) => None,
            (Some(at), Some(own))
                if is_near(at, own, slack, backs_off)
                    || is_near(at - self.last_change(), own - other.last_change(), slack, backs_off) =>
            {
                None
            }
            (recorded, simulated) => Some(format!("{who}: gone: recorded {recorded:?}, simulated {simulated:?}")),
        }
    }
}

/// How far an alignment is on both sides, and the last pair of equal states.
type Place = (usize, usize, Option<(usize, usize)>);

/// Two tracks side by side.
struct Alignment<'a> {
    recorded: &'a States,
    simulated: &'a States,
    ends: [Option<f64>; 2],
    /// States that last less may be missing, in seconds.
    shortest: f64,
    slack: f64,
    backs_off: bool,
}

impl Alignment<'_> {
    /// Nothing if the tracks are equal, else where the furthest attempt to align them stopped.
    fn difference(&self) -> Option<String> {
        let mut furthest = (0, 0);
        let mut tried = BTreeSet::new();
        if self.align(0, 0, None, &mut tried, &mut furthest) {
            return None;
        }
        let shown = |states: &States, at: usize| {
            states.get(at).map_or("no more".to_owned(), |(since, state)| format!("{state} at {since:.2}"))
        };
        let (at, own) = furthest;
        Some(format!(
            "state {}: recorded {}, simulated {}",
            at + 1,
            shown(self.recorded, at),
            shown(self.simulated, own)
        ))
    }

    /// Can what follows `at` and `own` be aligned, `last` being the last pair that was?
    fn align(
        &self,
        at: usize,
        own: usize,
        last: Option<(usize, usize)>,
        tried: &mut BTreeSet<Place>,
        furthest: &mut (usize, usize),
    ) -> bool {
        if at == self.recorded.len() && own == self.simulated.len() {
            return true;
        }
        if !tried.insert((at, own, last)) {
            return false;
        }
        if at + own > furthest.0 + furthest.1 {
            *furthest = (at, own);
        }
        let pair = self.recorded.get(at).zip(self.simulated.get(own));
        if let Some(((since, state), (own_since, own_state))) = pair
            && state == own_state
        {
            let (base, own_base) = last.map_or((0.0, 0.0), |(a, b)| (self.recorded[a].0, self.simulated[b].0));
            // Before an object appears lies a chain of causes, the longer the later it comes.
            let slack = if last.is_none() { self.slack + since * CHAIN } else { self.slack };
            // What a step causes comes at the step's time, however long the state before lasted.
            let is_timely = is_near(since - base, own_since - own_base, slack, self.backs_off)
                || (since - own_since).abs() <= SLACK;
            if is_timely && self.align(at + 1, own + 1, Some((at, own)), tried, furthest) {
                return true;
            }
        }
        let passes = |states: &States, index: usize, end: Option<f64>, current: Option<usize>| {
            let Some((since, state)) = states.get(index) else { return false };
            let until = states.get(index + 1).map(|next| next.0).or(end).unwrap_or(f64::INFINITY);
            until - since < self.shortest || current.is_some_and(|current| states[current].1 == *state)
        };
        passes(self.recorded, at, self.ends[0], last.map(|pair| pair.0))
            && self.align(at + 1, own, last, tried, furthest)
            || passes(self.simulated, own, self.ends[1], last.map(|pair| pair.1))
                && self.align(at, own + 1, last, tried, furthest)
    }
}

/// Are two delays as near as the rule asks?
fn is_near(recorded: f64, simulated: f64, slack: f64, backs_off: bool) -> bool {
    let longest = recorded.max(simulated);
    let slack = if backs_off && longest >= BACKOFF_FROM { slack + longest * 0.5 } else { slack };
    (recorded - simulated).abs() <= slack || RESYNC.contains(&recorded) && RESYNC.contains(&simulated)
}

/// How names are told apart.
struct Names<'a> {
    alike: &'a BTreeMap<String, String>,
}

impl Names<'_> {
    /// A name without random suffix; one for all pods that are equal.
    fn canonical(&self, name: &str) -> String {
        let canonical = without_suffix(name);
        // One that a controller made, and lost or has not got back yet, has a random name of its own.
        if canonical == name { self.alike.get(name).cloned().unwrap_or(canonical) } else { canonical }
    }

    /// A message without what differs between two runs: addresses, numbers, durations, UIDs, random suffixes.
    fn masked(&self, message: &str) -> String {
        let mut out = String::new();
        for word in message.split(' ') {
            if !out.is_empty() {
                out.push(' ');
            }
            let core = word.trim_matches(|c: char| "\"'.,:;()[]".contains(c));
            if is_uid(core) {
                out.push_str("<uid>");
                continue;
            }
            if core.len() == 64 && core.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                out.push_str(&word.replace(core, "<id>"));
                continue;
            }
            // `pod_namespace(uid)` begins with a name.
            let name = core.split('_').next().unwrap_or(core);
            let word = if name.is_empty() { word.to_owned() } else { word.replacen(name, &self.canonical(name), 1) };
            let mut digits = false;
            let mut in_parentheses = false;
            for character in word.chars() {
                // A UID in parentheses, or a name inside a longer word.
                match character {
                    '(' => {
                        in_parentheses = true;
                        out.push('(');
                    }
                    ')' => {
                        in_parentheses = false;
                        out.push(')');
                    }
                    _ if in_parentheses => {}
                    '0'..='9' => {
                        if !digits {
                            out.push('N');
                        }
                        digits = true;
                    }
                    '.' if digits => {}
                    _ => {
                        digits = false;
                        out.push(character);
                    }
                }
            }
        }
        out.replace("Nms", "D").replace("Ns", "D")
    }
}

/// `0a1b2c3d-…`, which recordings show as `<uid>`.
fn is_uid(word: &str) -> bool {
    word.len() == 36 && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// `web-7d4f-x2b4c` without its last part, if that can be a random suffix.
fn without_suffix(name: &str) -> String {
    if let Some(front) = name.strip_suffix("<uid>").filter(|front| !front.is_empty()) {
        return format!("{front}*");
    }
    if let Some(front) = name.len().checked_sub(36).filter(|at| name.get(*at..).is_some_and(is_uid)) {
        return format!("{}*", &name[..front]);
    }
    let is_random =
        |part: &str| part.len() == 5 && part.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte));
    match name.rsplit_once('-') {
        Some((front, last)) if is_random(last) => format!("{front}-*"),
        _ => name.to_owned(),
    }
}
