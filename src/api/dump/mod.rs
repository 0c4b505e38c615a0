//! Dumps of clusters: what `kubectl get nodes,pods,… -A -o json` (or yaml) shows, on its way to an initial state.
//! Objects are kept as compact JSON, in an order in which nobody refers to one that comes later, and what a dump lacks
//! but its objects refer to is added, with a word on each such assumption.

mod anew;
mod injected;
mod lacks;
mod mirrors;
mod read;
mod references;
mod times;

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;

use crate::model::Text;
use crate::model::kind::Kind;

use super::value::{flag, items, text};
pub use anew::Anew;
pub use mirrors::StaticPodFile;
pub use read::{ReadFailure, read};
use references::References;
pub use times::Span;

/// An object of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpedObject {
    /// Its kind.
    pub kind: Kind,
    json: Box<str>,
}

impl DumpedObject {
    /// Of a value.
    pub fn new(kind: Kind, value: &Value) -> Self {
        Self { kind, json: value.to_string().into() }
    }

    /// The object.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.json).expect("it was written from a value")
    }

    /// Its text.
    pub fn json(&self) -> &str {
        &self.json
    }
}

/// A dump, closed under reference.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dump {
    /// The objects; owners and what else is referred to come first, Events last.
    pub objects: Vec<DumpedObject>,
    /// The first and the last instant that any object names; the last is taken as the dump's own.
    pub span: Span,
    /// What is not understood, as `apiVersion kind`, with how often.
    pub skipped: BTreeMap<String, usize>,
    /// What the dump lacks and what is assumed instead, in words.
    pub assumed: Vec<String>,
}

impl Dump {
    /// Of objects that are at hand; Lists are taken apart.
    pub fn of(objects: impl IntoIterator<Item = Value>) -> Self {
        let mut gathered = Gathered::default();
        for object in objects {
            gathered.add(object);
        }
        gathered.finish()
    }

    /// How many objects of a kind it holds.
    pub fn count(&self, kind: Kind) -> usize {
        self.objects.iter().filter(|object| object.kind == kind).count()
    }
}

/// What an object's owner reference says.
#[derive(Clone, Debug)]
struct Owner {
    uid: Text,
    kind: Option<Kind>,
}

/// An object with what has to be known of it before the others are there.
#[derive(Debug)]
struct Entry {
    object: DumpedObject,
    owners: Vec<Owner>,
}

/// Objects as they come, one after another.
#[derive(Debug, Default)]
pub struct Gathered {
    entries: Vec<Entry>,
    by_name: FxHashMap<(Kind, Text, Text), usize>,
    by_uid: FxHashMap<Text, usize>,
    span: Span,
    skipped: BTreeMap<String, usize>,
    references: References,
}

impl Gathered {
    /// Takes an object; one of the same kind, namespace and name is replaced.
    pub fn add(&mut self, mut value: Value) {
        let api_version = text(&value["apiVersion"]).to_owned();
        let kind_name = text(&value["kind"]).to_owned();
        if kind_name.ends_with("List") && value["items"].is_array() {
            if let Value::Array(objects) = value["items"].take() {
                for object in objects {
                    self.add(object);
                }
            }
            return;
        }
        // Leases are renewed by components of the model's own.
        let kind = match Kind::from_manifest(&api_version, &kind_name) {
            Some(Kind::LEASE) => return,
            Some(kind) => kind,
            None if api_version == "events.k8s.io/v1" && kind_name == "Event" => return,
            None => {
                *self.skipped.entry(format!("{api_version} {kind_name}")).or_default() += 1;
                return;
            }
        };
        if let Some(metadata) = value["metadata"].as_object_mut() {
            metadata.remove("managedFields");
            metadata.remove("selfLink");
        }
        self.span.take(&value);
        self.references.note(kind, &value);
        let metadata = &value["metadata"];
        let owners = items(&metadata["ownerReferences"]).iter().map(|owner| Owner {
            uid: text(&owner["uid"]).into(),
            kind: Kind::from_manifest(text(&owner["apiVersion"]), text(&owner["kind"])),
        });
        let namespace = if kind.is_namespaced() { text(&metadata["namespace"]) } else { "" };
        let name = (kind, Text::from(namespace), Text::from(text(&metadata["name"])));
        let uid = Text::from(text(&metadata["uid"]));
        let entry = Entry { owners: owners.collect(), object: DumpedObject::new(kind, &value) };
        let place = self.by_name.get(&name).copied().unwrap_or(self.entries.len());
        if place < self.entries.len() {
            self.entries[place] = entry;
        } else {
            self.by_name.insert(name, place);
            self.entries.push(entry);
        }
        if !uid.is_empty() {
            self.by_uid.insert(uid, place);
        }
    }

    /// Is there an object of this kind, namespace and name?
    fn has(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        self.by_name.contains_key(&(kind, namespace.into(), name.into()))
    }

    fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<Value> {
        self.by_name.get(&(kind, namespace.into(), name.into())).map(|place| self.entries[*place].object.value())
    }

    /// All that there is, completed and in order.
    pub fn finish(mut self) -> Dump {
        let assumed = self.complete();
        let mut order = Order { done: FxHashSet::default(), objects: Vec::new() };
        let mut places: Vec<usize> = (0..self.entries.len()).collect();
        places.sort_by_key(|place| rank(self.entries[*place].object.kind));
        for place in places {
            order.place(place, &self, 0);
        }
        let mut entries: Vec<Option<Entry>> = self.entries.into_iter().map(Some).collect();
        let objects = order.objects.iter().filter_map(|place| entries[*place].take()).map(|entry| entry.object);
        Dump { objects: objects.collect(), span: self.span, skipped: self.skipped, assumed }
    }
}

/// Owners before what they own.
struct Order {
    done: FxHashSet<usize>,
    objects: Vec<usize>,
}

impl Order {
    fn place(&mut self, place: usize, all: &Gathered, depth: u32) {
        // A circle of owners ends somewhere.
        if depth > 32 || !self.done.insert(place) {
            return;
        }
        for owner in &all.entries[place].owners {
            if let Some(owner) = all.by_uid.get(&owner.uid) {
                self.place(*owner, all, depth + 1);
            }
        }
        self.objects.push(place);
    }
}

/// Kinds that others refer to by name come first, Events last.
fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::NAMESPACE => 0,
        Kind::NODE | Kind::PRIORITY_CLASS | Kind::STORAGE_CLASS | Kind::SERVICE_ACCOUNT | Kind::RUNTIME_CLASS => 1,
        Kind::RESOURCE_QUOTA | Kind::LIMIT_RANGE | Kind::CONFIG_MAP | Kind::SECRET => 2,
        Kind::PERSISTENT_VOLUME => 3,
        Kind::POD => 5,
        Kind::EVENT => 6,
        _ => 4,
    }
}

/// Has a reference `controller: true`?
fn is_controller(reference: &Value) -> bool {
    flag(&reference["controller"])
}

#[cfg(test)]
mod tests;
