//! `kubectl label` and `kubectl annotate`.

use serde_json::{Map, Value};

use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;
use super::super::requests::{DryRun, Manner};
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
    set: Vec<(&'a str, &'a str)>,
    remove: Vec<&'a str>,
}

pub(super) fn label(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    run(call, line, Part::Labels, printed)
}

pub(super) fn annotate(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    run(call, line, Part::Annotations, printed)
}

fn run(call: &mut Call<'_>, line: &CommandLine, part: Part, printed: &mut Printed) -> Result<Outcome, Failure> {
    let (words, changes) = split(&line.arguments);
    let listing_only = line.flags.is_on("list", false);
    if words.is_empty() && !line.has_files() {
        let text = "one or more resources must be specified as <resource> <name> or <resource>/<name>";
        return Err(Failure::error(text));
    }
    if listing_only && line.flags.has("output") {
        return Err(Failure::error("--list and --output may not be specified together"));
    }
    if changes.set.is_empty() && changes.remove.is_empty() && !listing_only {
        return Err(Failure::error(format!("at least one {} update is required", part.word())));
    }
    let both: Vec<&str> = changes.set.iter().map(|(key, _)| *key).filter(|key| changes.remove.contains(key)).collect();
    if !both.is_empty() {
        return Err(Failure::error(match part {
            Part::Labels => "can not both modify and remove a label in the same command".to_owned(),
            Part::Annotations => {
                let keys = both.join(",");
                format!("can not both modify and remove the following annotation(s) in the same command: {keys}")
            }
        }));
    }
    if part == Part::Labels {
        check_values(&changes)?;
    }
    let named = call.named(&words)?;
    let objects = listing::chosen(call, line, &named, printed)?;
    let mut failures = Vec::new();
    for object in &objects {
        let object = *object;
        if listing_only {
            if objects.len() > 1 {
                let (what, name) = (object.kind.name(), call.cluster.identity(object).1);
                let version = object.kind.api_version();
                let group = version.split_once('/').map_or("", |(group, _)| group);
                printed.line(format!("Listing {}s for {what}.{group}/{name}:", part.word()));
            }
            let indent = if objects.len() > 1 { " " } else { "" };
            for (key, value) in pairs(&call.cluster.view(object), part) {
                printed.line(format!("{indent}{key}={}", value.as_str().unwrap_or_default()));
            }
            continue;
        }
        if let Err(failure) = change(call, line, object, part, &changes, printed) {
            failures.push(failure);
        }
    }
    printed.fail_all(failures);
    Ok(Outcome::Done)
}

/// Words of the form `k=v` and `k-` are changes, everything before them names objects.
/// Upstream: kubectl cmd/util `GetResourcesAndPairs`.
fn split(arguments: &[String]) -> (Vec<String>, Changes<'_>) {
    let mut words = Vec::new();
    let mut changes = Changes::default();
    for argument in arguments {
        if let Some((key, value)) = argument.split_once('=').filter(|(key, _)| !key.is_empty()) {
            changes.set.push((key, value));
        } else if let Some(key) = argument.strip_suffix('-').filter(|key| !key.is_empty()) {
            changes.remove.push(key);
        } else {
            words.push(argument.clone());
        }
    }
    (words, changes)
}

fn check_values(changes: &Changes<'_>) -> Result<(), Failure> {
    for (key, value) in &changes.set {
        if value.contains('=') {
            return Err(Failure::error(format!("invalid label spec: {key}={value}")));
        }
        if value.len() > 63 {
            let text = format!("invalid label value: \"{key}={value}\": must be no more than 63 characters");
            return Err(Failure::error(text));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let ends = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
        let valid = value.chars().all(allowed) && ends(value.chars().next()) && ends(value.chars().last());
        if !valid {
            return Err(Failure::error(format!(
                "invalid label value: \"{key}={value}\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            )));
        }
    }
    Ok(())
}

fn pairs(view: &Value, part: Part) -> Map<String, Value> {
    view["metadata"][part.field()].as_object().cloned().unwrap_or_default()
}

fn change(
    call: &mut Call<'_>,
    line: &CommandLine,
    object: ObjectRef,
    part: Part,
    changes: &Changes<'_>,
    printed: &mut Printed,
) -> Result<(), Failure> {
    let mut view = call.cluster.view(object);
    let mut map = pairs(&view, part);
    let before = map.clone();
    if !line.flags.is_on("overwrite", false) {
        refuse_overwriting(&map, part, changes)?;
    }
    for key in &changes.remove {
        if map.remove(*key).is_none() && part == Part::Labels {
            printed.line(format!("label \"{key}\" not found."));
        }
    }
    for (key, value) in &changes.set {
        map.insert((*key).to_owned(), Value::from(*value));
    }
    let verb = match part {
        Part::Annotations => "annotated",
        Part::Labels if map == before => "not labeled",
        Part::Labels if changes.set.is_empty() => "unlabeled",
        Part::Labels => "labeled",
    };
    if map != before {
        let version = line.flags.text("resource-version");
        if !version.is_empty() {
            view["metadata"]["resourceVersion"] = Value::from(version);
        }
        view["metadata"][part.field()] = Value::Object(map);
        results::record(line, &mut view);
        call.update(object, view.clone(), Manner::patch(line)?, printed)?;
    }
    let name = call.cluster.identity(object).1;
    let stored = DryRun::of(line)? == DryRun::None;
    results::show(line, (object.kind, name), verb, printed, || if stored { call.cluster.view(object) } else { view })
}

fn refuse_overwriting(map: &Map<String, Value>, part: Part, changes: &Changes<'_>) -> Result<(), Failure> {
    let taken: Vec<String> = changes
        .set
        .iter()
        .filter_map(|(key, value)| {
            let old = map.get(*key)?.as_str()?;
            (old != *value).then(|| format!("'{key}' already has a value ({old})"))
        })
        .collect();
    match (part, taken.as_slice()) {
        (_, []) => Ok(()),
        (Part::Labels, [first, ..]) => Err(Failure::error(format!("{first}, and --overwrite is false"))),
        (Part::Annotations, all) => Err(Failure::error(format!(
            "--overwrite is false but found the following declared annotation(s): {}",
            all.join("; ")
        ))),
    }
}
