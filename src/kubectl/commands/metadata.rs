//! `kubectl label` and `kubectl annotate`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::api::validation::names;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::Format;
use super::super::listing::{self, Target};
use super::super::output::Printed;
use super::super::requests::{DryRun, Manner};
use super::super::resources::{self, Named};
use super::super::results;
use super::Outcome;

/// Which of the two maps is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Labels,
    Annotations,
}

impl Part {
    fn field(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Annotations => "annotations",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Labels => "label",
            Self::Annotations => "annotation",
        }
    }
}

/// What the arguments ask for.
#[derive(Clone, Debug, Default)]
struct Changes<'a> {
    set: BTreeMap<&'a str, &'a str>,
    remove: Vec<&'a str>,
}

pub(super) fn label(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    run(call, line, Part::Labels, printed)
}

pub(super) fn annotate(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    run(call, line, Part::Annotations, printed)
}

fn run(call: &mut Call<'_>, line: &CommandLine, part: Part, printed: &mut Printed) -> Result<Outcome, Failure> {
    let (words, pairs) = resources::before_pairs(&line.arguments, part.word())?;
    let changes = Changes::read(&pairs);
    if part == Part::Labels {
        check_labels(&changes)?;
    }
    check_flags(line, part, &words, &changes)?;
    if part == Part::Annotations {
        check_annotations(&changes)?;
    }
    let named = call.named(&words)?;
    let subjects = subjects(call, line, &named, printed)?;
    let single = listing::is_single(line, &named);
    if !single && !line.flags.text("resource-version").is_empty() {
        return Err(Failure::error("--resource-version may only be used with a single resource"));
    }
    let mut failures = Vec::new();
    for subject in subjects {
        let result = if line.flags.is_on("list", false) {
            changed(line, &subject.value, part, &changes).map(|after| list(&subject, &after, part, single, printed))
        } else {
            change(call, line, &subject, (part, &changes), printed)?
        };
        failures.extend(result.err().into_iter().flatten());
    }
    printed.fail_all(failures);
    Ok(Outcome::Done)
}

/// What is changed.
struct Subject {
    kind: Kind,
    name: String,
    value: Value,
    /// `None` with `--local`: the object is a file's, and nobody is asked.
    stored: Option<ObjectRef>,
}

fn subjects(
    call: &Call<'_>,
    line: &CommandLine,
    named: &Named,
    printed: &mut Printed,
) -> Result<Vec<Subject>, Failure> {
    if line.flags.is_on("local", false) {
        let targets = listing::targets(call, line, named, printed)?;
        let of_file = |Target { kind, name, value, .. }| Subject { kind, name, value, stored: None };
        return Ok(targets.into_iter().map(of_file).collect());
    }
    let objects = listing::chosen(call, line, named, printed)?;
    let stored = |object: ObjectRef| Subject {
        kind: object.kind,
        name: call.cluster.identity(object).1.to_owned(),
        value: call.cluster.view(object),
        stored: Some(object),
    };
    Ok(objects.into_iter().map(stored).collect())
}

impl<'a> Changes<'a> {
    /// Of a key that is set twice the last value counts. Upstream: cmd/label `parseLabels`, cmd/util `ParsePairs`.
    fn read(pairs: &[&'a str]) -> Self {
        let mut changes = Self::default();
        for pair in pairs {
            match pair.split_once('=').filter(|(key, _)| !key.is_empty()) {
                Some((key, value)) => {
                    changes.set.insert(key, value);
                }
                None => changes.remove.push(pair.strip_suffix('-').unwrap_or(pair)),
            }
        }
        changes
    }
}

/// What is missing, and what contradicts itself. Upstream: cmd/label `LabelOptions.Validate`, cmd/annotate
/// `AnnotateFlags.ToOptions`.
fn check_flags(line: &CommandLine, part: Part, words: &[String], changes: &Changes<'_>) -> Result<(), Failure> {
    if part == Part::Annotations {
        Format::of(line)?;
    }
    let listing_only = line.flags.is_on("list", false);
    if listing_only && line.flags.has("output") {
        return Err(Failure::error("--list and --output may not be specified together"));
    }
    for flag in ["selector", "field-selector"] {
        if line.flags.is_on("all", false) && line.flags.has(flag) {
            return Err(Failure::error(format!("cannot set --all and --{flag} at the same time")));
        }
    }
    if line.flags.is_on("local", false) {
        if DryRun::of(line)? == DryRun::Server {
            let text = "cannot specify --local and --dry-run=server - did you mean --dry-run=client?";
            return Err(Failure::error(text));
        }
        let file = if part == Part::Labels { "pod" } else { "rsrc" };
        if !words.is_empty() {
            let text = format!(
                "can only use local files by -f {file}.yaml or --filename={file}.json when --local=true is set"
            );
            return Err(Failure::error(text));
        }
        if !line.has_files() {
            let text = format!("one or more files must be specified as -f {file}.yaml or --filename={file}.json");
            return Err(Failure::error(text));
        }
    } else if words.is_empty() && !line.has_files() {
        let text = "one or more resources must be specified as <resource> <name> or <resource>/<name>";
        return Err(Failure::error(text));
    }
    if changes.set.is_empty() && changes.remove.is_empty() && !listing_only {
        return Err(Failure::error(format!("at least one {} update is required", part.word())));
    }
    Ok(())
}

/// Upstream: cmd/annotate `validateAnnotations`.
fn check_annotations(changes: &Changes<'_>) -> Result<(), Failure> {
    let both: Vec<&str> = changes.remove.iter().copied().filter(|key| changes.set.contains_key(key)).collect();
    if both.is_empty() {
        return Ok(());
    }
    Err(Failure::error(format!(
        "can not both modify and remove the following annotation(s) in the same command: {}",
        both.join(", ")
    )))
}

/// `--list`: the labels or annotations as they would be.
fn list(subject: &Subject, after: &Value, part: Part, single: bool, printed: &mut Printed) {
    if !single {
        let version = subject.kind.api_version();
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let kind = subject.kind.name();
        printed.line(format!("Listing {}s for {kind}.{group}/{}:", part.word(), subject.name));
    }
    let indent = if single { "" } else { " " };
    for (key, value) in pairs(after, part) {
        printed.line(format!("{indent}{key}={}", value.as_str().unwrap_or_default()));
    }
}

/// Upstream: cmd/label `parseLabels`.
fn check_labels(changes: &Changes<'_>) -> Result<(), Failure> {
    for (key, value) in &changes.set {
        if value.contains('=') {
            return Err(Failure::error(format!("invalid label spec: {key}={value}")));
        }
        let wrong = names::label_value(value);
        if !wrong.is_empty() {
            // kubectl 1.32 words this one otherwise than the server.
            let wrong = wrong.join(";").replace("63 bytes", "63 characters");
            return Err(Failure::error(format!("invalid label value: \"{key}={value}\": {wrong}")));
        }
    }
    if changes.remove.iter().any(|key| changes.set.contains_key(key)) {
        return Err(Failure::error("can not both modify and remove a label in the same command"));
    }
    Ok(())
}

fn pairs(view: &Value, part: Part) -> Map<String, Value> {
    view["metadata"][part.field()].as_object().cloned().unwrap_or_default()
}

/// The object as it is to be, or why what is there may not be overwritten.
fn changed(line: &CommandLine, before: &Value, part: Part, changes: &Changes<'_>) -> Result<Value, Vec<Failure>> {
    let mut map = pairs(before, part);
    let refused = if line.flags.is_on("overwrite", false) { Vec::new() } else { overwritten(&map, part, changes) };
    if !refused.is_empty() {
        return Err(refused);
    }
    map.extend(changes.set.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))));
    for key in &changes.remove {
        map.remove(*key);
    }
    let mut after = before.clone();
    after["metadata"][part.field()] = Value::Object(map);
    let version = line.flags.text("resource-version");
    if !version.is_empty() {
        after["metadata"]["resourceVersion"] = Value::from(version);
    }
    Ok(after)
}

/// Changes one object and prints what became of it; inside of the result are refusals of this object.
fn change(
    call: &mut Call<'_>,
    line: &CommandLine,
    subject: &Subject,
    (part, changes): (Part, &Changes<'_>),
    printed: &mut Printed,
) -> Result<Result<(), Vec<Failure>>, Failure> {
    let before = &subject.value;
    let dry_run = DryRun::of(line)?;
    let sent_to = subject.stored.filter(|_| dry_run != DryRun::Client);
    if sent_to.is_some() && part == Part::Labels {
        let known = pairs(before, part);
        for key in changes.remove.iter().filter(|key| !known.contains_key(**key)) {
            printed.line(format!("label \"{key}\" not found."));
        }
    }
    let mut after = match changed(line, before, part, changes) {
        Ok(after) => after,
        Err(refused) => return Ok(Err(refused)),
    };
    if sent_to.is_some() {
        results::record(line, &mut after);
    }
    let verb = verb(part, line.flags.is_on("overwrite", false), before, &after);
    if let Some(object) = sent_to.filter(|_| after != *before) {
        if let Err(status) = call.update(object, after.clone(), Manner::patch(line)?, printed) {
            return Ok(Err(vec![Failure::server(&status)]));
        }
        // `label` prints what it has sent. Upstream: cmd/label `LabelOptions.RunLabel`.
        if part == Part::Annotations && dry_run == DryRun::None {
            after = call.cluster.view(object);
        }
    }
    results::show(line, (subject.kind, &subject.name), verb, printed, || after)?;
    Ok(Ok(()))
}

/// What is said of a change; an object that became shorter lost labels. Upstream: cmd/label `updateDataChangeMsg`.
fn verb(part: Part, overwrites: bool, before: &Value, after: &Value) -> &'static str {
    match part {
        Part::Annotations => "annotated",
        Part::Labels if after == before => "not labeled",
        Part::Labels if !overwrites && after.to_string().len() < before.to_string().len() => "unlabeled",
        Part::Labels => "labeled",
    }
}

/// Why what is there may not be overwritten; of several refusals the order is that of the keys.
/// Upstream: cmd/label `validateNoOverwrites`, cmd/annotate `validateNoAnnotationOverwrites`.
fn overwritten(map: &Map<String, Value>, part: Part, changes: &Changes<'_>) -> Vec<Failure> {
    let taken: Vec<String> = changes
        .set
        .iter()
        // A change's cause is there to be overwritten.
        .filter(|(key, _)| part == Part::Labels || **key != results::CHANGE_CAUSE)
        .filter_map(|(key, value)| {
            let old = map.get(*key)?.as_str()?;
            (old != *value).then(|| format!("'{key}' already has a value ({old})"))
        })
        .collect();
    match part {
        Part::Labels => taken.iter().map(|one| Failure::error(format!("{one}, and --overwrite is false"))).collect(),
        Part::Annotations if taken.is_empty() => Vec::new(),
        Part::Annotations => vec![Failure::error(format!(
            "--overwrite is false but found the following declared annotation(s): {}",
            taken.join("; ")
        ))],
    }
}
