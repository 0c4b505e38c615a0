//! From the dump of a cluster, or a trace, to the folder of a scenario: `scenario.yaml`, the redacted objects, and all that
//! the dump, its Events and measurements beside it tell of usage, start-up, images and pulls. What they do not tell is
//! assumed and listed.

pub mod backtest;
mod behaviors;
mod facts;
mod openb;
pub mod redact;
mod scenario_file;
mod usage;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::api::dump::{Dump, Gathered};
use crate::model::kind::Kind;
use crate::report::folder::Folder;
use crate::scenario::plan::dumps::read_objects;

use behaviors::Behaviors;
use facts::Facts;
use redact::{Keep, redact};
use usage::Usage;

/// The file in which an import says what it is.
const NOTES: &str = "import.json";

/// Where objects come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `kubectl get … -A -o json` or yaml.
    #[default]
    Kubernetes,
    /// The CSVs of Alibaba's cluster-trace-gpu-v2023.
    AlibabaOpenb,
}

/// What to import, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Dumps, or the files of a trace.
    pub inputs: Vec<PathBuf>,
    /// Events that were dumped apart.
    pub events: Vec<PathBuf>,
    /// The metrics API's answer, or Prometheus'.
    pub usage: Vec<PathBuf>,
    /// What the inputs are.
    pub format: Format,
    /// What is not redacted.
    pub keep: Keep,
    /// The folder to be made.
    pub out: PathBuf,
}

/// What came of an import.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The scenario's folder.
    pub folder: PathBuf,
    /// Objects by kind, most frequent first.
    pub objects: Vec<(String, usize)>,
    /// What the input told, in words.
    pub known: Vec<String>,
    /// What it did not, and what is assumed instead.
    pub assumed: Vec<String>,
    /// What a user should know.
    pub warnings: Vec<String>,
    /// The closed dump, for a backtest; nothing of a trace.
    pub dump: Dump,
}

/// Imports.
///
/// # Errors
/// In words, with file and line. Nothing is written then.
pub fn import(options: &Options) -> Result<Imported, String> {
    check_target(&options.out)?;
    match options.format {
        Format::Kubernetes => kubernetes(options),
        Format::AlibabaOpenb => openb(options),
    }
}

/// A folder that an import made before may be made anew; no other.
fn check_target(out: &Path) -> Result<(), String> {
    let is_empty = std::fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
    if is_empty && !out.is_file() || out.join(NOTES).is_file() {
        return Ok(());
    }
    Err(format!("`{}` is there already and holds no import: name another folder with -o", out.display()))
}

fn kubernetes(options: &Options) -> Result<Imported, String> {
    let mut usage = Usage::default();
    for file in &options.usage {
        let text =
            std::fs::read_to_string(file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
        usage.read(&text).map_err(|message| format!("{}: {message}", file.display()))?;
    }
    let mut facts = Facts::default();
    let mut gathered = Gathered::default();
    for file in options.inputs.iter().chain(&options.events) {
        read_objects(file, &mut |mut object| {
            flatten(&mut object, &mut |object| {
                facts.note(object);
                redact(object, options.keep);
            });
            gathered.add(object);
        })?;
    }
    let dump = gathered.finish();
    if dump.objects.is_empty() {
        let names: Vec<String> = options.inputs.iter().map(|file| format!("`{}`", file.display())).collect();
        return Err(format!("{} holds no object of Kubernetes that is understood", names.join(", ")));
    }
    let made = behaviors::behaviors(&facts, &usage);
    let mut imported = Imported { objects: counts(&dump), ..Imported::default() };
    imported.known.clone_from(&made.known);
    imported.warnings.clone_from(&made.warnings);
    imported.assumed.extend(dump.assumed.iter().cloned());
    imported.assumed.extend(made.assumed.iter().cloned());
    let skipped = dump.skipped.iter().map(|(kind, count)| format!("{count} of {kind} are not understood and left out"));
    imported.warnings.extend(skipped);
    let images = images(&facts, &mut imported);
    let scenario = scenario_file::of_dump(&name_of(&options.out), &dump, &facts, &images, &made, &imported);
    let objects = dump.objects.iter().map(crate::api::dump::DumpedObject::json);
    imported.folder = write(&options.out, &scenario, &made, &imported, "dump.json", objects)?;
    imported.dump = dump;
    Ok(imported)
}

fn openb(options: &Options) -> Result<Imported, String> {
    if !options.events.is_empty() || !options.usage.is_empty() {
        return Err("--events and --usage belong to dumps of Kubernetes".to_owned());
    }
    let trace = openb::read(&options.inputs)?;
    let mut imported = Imported {
        objects: vec![("Pod".to_owned(), trace.pods.len()), ("Node".to_owned(), trace.nodes.len())],
        known: vec!["arrival and lifetime of each pod, requests, GPU models".to_owned()],
        assumed: vec![
            "GPUs of a node are one pool of thousandths: which device a pod gets is not in the trace".to_owned(),
            "a pod uses what the image catalogue says of busybox: the trace holds requests only".to_owned(),
            "each node holds up to 1001 pods".to_owned(),
        ],
        ..Imported::default()
    };
    let scenario = scenario_file::of_trace(&name_of(&options.out), trace.end);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "openb"}});
    let objects = std::iter::once(&namespace).chain(&trace.nodes).chain(&trace.pods).map(Value::to_string);
    let objects: Vec<String> = objects.collect();
    let texts = objects.iter().map(String::as_str);
    imported.folder = write(&options.out, &scenario, &Behaviors::default(), &imported, "trace.json", texts)?;
    Ok(imported)
}

/// Items of a List in a List, one by one.
fn flatten(object: &mut Value, each: &mut dyn FnMut(&mut Value)) {
    if object["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) && object["items"].is_array() {
        for item in object["items"].as_array_mut().into_iter().flatten() {
            flatten(item, each);
        }
    } else {
        each(object);
    }
}

/// Small images tell of latency, not of bandwidth.
const LEAST_BYTES: f64 = 4e6;

/// Sizes of images that pods run, and the registry's bandwidth.
fn images(facts: &Facts, imported: &mut Imported) -> scenario_file::Images {
    let mut images = scenario_file::Images::default();
    let mut unknown = Vec::new();
    for image in &facts.images {
        match facts.size_of(image) {
            Some(size) => images.sizes.push((image.clone(), size)),
            None => unknown.push(image.clone()),
        }
    }
    if !images.sizes.is_empty() {
        imported.known.push(format!("sizes of {} images, from the nodes' statuses", images.sizes.len()));
    }
    if !unknown.is_empty() {
        let of = behaviors::some_of(&unknown, "image");
        imported.assumed.push(format!("size of {of}: as the image catalogue says, else 100MiB"));
    }
    match rate_of(&facts.pulls) {
        None => imported.assumed.push("bandwidth of pulls: 100MiB/s (no Pulled Event tells time and size)".to_owned()),
        Some((bandwidth, latency)) => {
            (images.bandwidth, images.latency) = (Some(bandwidth), latency);
            let (rate, count) = (bandwidth / f64::from(1 << 20), facts.pulls.len());
            imported.known.push(format!("bandwidth of pulls: {rate:.0} MiB/s, from {count} Pulled Events"));
        }
    }
    images
}

/// Bytes per second, and seconds before the first byte where the sizes differ enough to tell: the line of least squares
/// through times by size, else the median rate of those that are not small.
fn rate_of(pulls: &[facts::Pull]) -> Option<(f64, Option<f64>)> {
    const ENOUGH: usize = 8;
    let count = pulls.len() as f64;
    let (bytes, seconds) =
        pulls.iter().fold((0.0, 0.0), |(bytes, seconds), pull| (bytes + pull.bytes, seconds + pull.seconds));
    let (mean_bytes, mean_seconds) = (bytes / count, seconds / count);
    let (mut variance, mut covariance) = (0.0, 0.0);
    for pull in pulls {
        variance += (pull.bytes - mean_bytes) * (pull.bytes - mean_bytes);
        covariance += (pull.bytes - mean_bytes) * (pull.seconds - mean_seconds);
    }
    if pulls.len() >= ENOUGH && variance > 0.0 && covariance > 0.0 {
        let slope = covariance / variance;
        let latency = mean_seconds - slope * mean_bytes;
        if latency >= 0.0 {
            return Some((1.0 / slope, Some(latency)));
        }
    }
    let mut rates: Vec<f64> = pulls
        .iter()
        .filter(|pull| pull.bytes >= LEAST_BYTES && pull.seconds > 0.0)
        .map(|pull| pull.bytes / pull.seconds)
        .collect();
    rates.sort_by(f64::total_cmp);
    Some((*rates.get(rates.len() / 2)?, None))
}

fn counts(dump: &Dump) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> =
        Kind::all().map(|kind| (kind.name().to_owned(), dump.count(kind))).filter(|(_, count)| *count > 0).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

/// The scenario is named after its folder, as far as that may be a name.
fn name_of(out: &Path) -> String {
    let last = out.file_name().map_or_else(String::new, |name| name.to_string_lossy().to_lowercase());
    let name: String =
        last.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '-' }).collect();
    let name = name.trim_matches(['-', '.']).to_owned();
    if name.is_empty() { "imported".to_owned() } else { name }
}

fn write<'a>(
    out: &Path,
    scenario: &str,
    made: &Behaviors,
    imported: &Imported,
    data: &str,
    objects: impl Iterator<Item = &'a str>,
) -> Result<PathBuf, String> {
    let absolute = std::path::absolute(out).map_err(|error| format!("`{}`: {error}", out.display()))?;
    let name = absolute.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let parent = absolute.parent().unwrap_or(Path::new("/"));
    let folder = Folder::create(parent, &name).map_err(|error| error.to_string())?;
    let text = |file: &str, text: &str| {
        folder.write(file, |out| out.write_all(text.as_bytes())).map_err(|error| error.to_string())
    };
    text("scenario.yaml", scenario)?;
    for (file, curve) in &made.curves {
        text(file, curve)?;
    }
    let notes = json!({
        "objects": imported.objects.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "known": imported.known, "assumed": imported.assumed, "warnings": imported.warnings,
    });
    text(NOTES, &format!("{notes:#}\n"))?;
    folder
        .write(data, |out| {
            out.write_all(b"{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n")?;
            for (place, object) in objects.enumerate() {
                let before = if place > 0 { ",\n" } else { "" };
                write!(out, "{before}{object}")?;
            }
            out.write_all(b"\n]}\n")
        })
        .map_err(|error| error.to_string())?;
    folder.finish().map_err(|error| error.to_string())?;
    Ok(out.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;
    use facts::Pull;

    #[test]
    fn pulls_tell_bandwidth_and_latency() {
        let pull = |bytes: f64, seconds: f64| Pull { bytes, seconds, waited: seconds };
        let sizes = (1..10).map(|size| f64::from(size) * 1e7);
        let pulls: Vec<Pull> = sizes.map(|bytes| pull(bytes, 0.5 + bytes / 1e7)).collect();
        let (bandwidth, latency) = rate_of(&pulls).unwrap();
        assert!((bandwidth - 1e7).abs() < 1.0 && (latency.unwrap() - 0.5).abs() < 1e-6);
        let few = [pull(1e8, 10.0), pull(1e3, 1.0)];
        assert_eq!(rate_of(&few), Some((1e7, None)));
        assert_eq!(rate_of(&[]), None);
    }

    #[test]
    fn a_scenario_is_named_after_its_folder() {
        assert_eq!(name_of(Path::new("a/My Cluster")), "my-cluster");
        assert_eq!(name_of(Path::new("..")), "imported");
    }
}
