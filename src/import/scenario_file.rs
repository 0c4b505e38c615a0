//! The text of `scenario.yaml`: written by hand rather than by a serializer, for its comments.

use std::fmt::Write as _;

use serde_json::json;

use crate::api::dump::Dump;

use super::Imported;
use super::behaviors::Behaviors;
use super::facts::Facts;

/// What is known of images.
#[derive(Debug, Default)]
pub(super) struct Images {
    /// By reference as pods name them, in bytes.
    pub sizes: Vec<(String, u64)>,
    /// Bytes per second of a pull.
    pub bandwidth: Option<f64>,
    /// Seconds before its first byte.
    pub latency: Option<f64>,
}

const KIB: u64 = 1 << 10;
/// How long an imported cluster lives on if nobody says otherwise.
const UNTIL: &str = "1h";

/// The scenario of a dump.
pub(super) fn of_dump(
    name: &str,
    dump: &Dump,
    facts: &Facts,
    images: &Images,
    made: &Behaviors,
    imported: &Imported,
) -> String {
    let mut text = head(name, "goes on from a dump of a cluster");
    for sentence in &imported.assumed {
        let _ = writeln!(text, "# assumed: {}", one_line(sentence));
    }
    let _ = writeln!(text, "spec:");
    if let Some(taken) = dump.span.last().and_then(|last| jiff::Timestamp::from_second(last).ok()) {
        let _ = writeln!(text, "  start: {taken}   # the last instant that the dump names");
    }
    let _ = writeln!(text, "  until: {UNTIL}");
    let _ = writeln!(text, "  cluster:");
    let _ = writeln!(text, "    import: [dump.json]");
    if !facts.instance_types.is_empty() {
        let _ = writeln!(text, "    # Prices per hour are in no dump. Of each instance type:");
        let _ = writeln!(text, "    # prices:");
        for (kind, count) in &facts.instance_types {
            let matches = json!({"node.kubernetes.io/instance-type": kind});
            let _ = writeln!(text, "    #   - {{ match: {matches}, price: 0 }}   # nodes: {count}");
        }
    }
    if images.bandwidth.is_some() || !images.sizes.is_empty() {
        let _ = writeln!(text, "  images:");
    }
    if let Some(bandwidth) = images.bandwidth {
        let latency =
            images.latency.map_or(String::new(), |latency| format!(", latency: {}ms", (latency * 1e3).round()));
        let rate = (bandwidth / KIB as f64).round().max(1.0);
        let _ = writeln!(text, "    registry: {{ bandwidth: {rate}KiB/s{latency} }}");
    }
    for (image, size) in &images.sizes {
        let _ = writeln!(text, "    {}: {{ size: {}KiB }}", json!(image), size.div_ceil(KIB));
    }
    if !made.entries.is_empty() {
        let _ = writeln!(text, "  behaviors:");
    }
    for (comment, entry) in &made.entries {
        let _ = writeln!(text, "    # {}", one_line(comment));
        let _ = writeln!(text, "    - {entry}");
    }
    text
}

/// The scenario of a trace whose last pod ends at `end` seconds.
pub(super) fn of_trace(name: &str, end: u64) -> String {
    let mut text = head(name, "a trace of a production GPU cluster (Alibaba, cluster-trace-gpu-v2023)");
    let days = end / 86_400 + 30;
    let _ = writeln!(text, "spec:");
    let _ = writeln!(text, "  until: idle");
    let _ = writeln!(text, "  maxTime: {days}d");
    let _ =
        writeln!(text, "  manifests: [trace.json]   # each pod comes at the time of its annotation kubelapse.io/at");
    let _ = writeln!(text, "  output: {{ sample: 1h }}");
    text
}

fn head(name: &str, description: &str) -> String {
    format!(
        "# Made by `kubelapse import`; import.json says what is known and what is assumed.\n\
         apiVersion: kubelapse/v1\nkind: Scenario\nmetadata: {{ name: {}, description: {} }}\n",
        json!(name),
        json!(description)
    )
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
