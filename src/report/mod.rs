//! From a record to files: CSV tables, transcript, summary, charts, page. One file a format.
//! Reads nothing but the `Record`; knows no cluster and no simulation, and measures no time.

mod archive;
pub mod capacity;
mod charts;
mod csv;
pub mod diff;
mod digest;
#[cfg(test)]
mod export_tests;
pub mod figures;
pub mod folder;
#[cfg(test)]
mod gallery;
mod grouped;
mod html;
pub mod junit;
mod openmetrics;
pub mod results;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod synthetic_containers;
#[cfg(test)]
mod synthetic_traffic;
pub mod terminal;
#[cfg(test)]
mod tests;
mod trace;
mod transcript;
mod words;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::digest::Digest;
use crate::record::{Record, Summary};
pub use charts::comparison as comparison_chart;
pub use charts::sweep as sweep_charts;
use digest::Digesting;
pub use folder::Folder;
pub use html::sweep as sweep_page;
use results::{Results, ResultsError};

/// A run of more pods leaves no trace and no metrics behind unless it is told to: no viewer opens them.
pub const MOST_PODS_TRACED: usize = 100_000;

/// In which formats charts are written: none, one or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartFormats {
    /// `charts/*.svg`.
    pub svg: bool,
    /// `charts/*.png`.
    pub png: bool,
}

/// What is written, and where.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// The folder that holds results folders.
    pub dir: PathBuf,
    /// The name of this one.
    pub name: String,
    /// Formats of charts.
    pub charts: ChartFormats,
    /// Files that are switched off: `timeline.csv`, `report.html`, ….
    pub without: Vec<&'static str>,
    /// Write `trace.json`? By default, unless there are too many pods.
    pub trace: Option<bool>,
    /// Write `metrics.om`? The same.
    pub metrics: Option<bool>,
}

impl ReportOptions {
    /// Everything, into `dir/name`.
    pub fn everything(dir: &Path, name: &str) -> Self {
        let charts = ChartFormats { svg: true, png: true };
        let (dir, name) = (dir.to_owned(), name.to_owned());
        Self { dir, name, charts, without: Vec::new(), trace: None, metrics: None }
    }

    fn has(&self, file: &str) -> bool {
        !self.without.contains(&file)
    }
}

/// What was written.
#[derive(Clone, Debug)]
pub struct WrittenFiles {
    /// The results folder.
    pub folder: PathBuf,
    /// Its files, as paths inside it, in the order in which they were written.
    pub files: Vec<String>,
    /// The summary, with the digest of the files.
    pub summary: Summary,
    /// Files that were left out because the run is too large for them.
    pub left_out: Vec<&'static str>,
}

/// Results could not be written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The file system said no.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The name would lead out of the folder of results.
    #[error("results cannot be named `{name}`: a name is not empty, starts with no dot and holds no slash")]
    Name {
        /// The name.
        name: String,
    },
    /// A chart could not be drawn.
    #[error("cannot draw {chart}: {reason}")]
    Chart {
        /// Which.
        chart: &'static str,
        /// Why.
        reason: String,
    },
    /// The page could not be put together.
    #[error("cannot write report.html: {0}")]
    Page(#[from] minijinja::Error),
    /// What should be drawn again is not there.
    #[error(transparent)]
    Results(#[from] ResultsError),
}

/// Writes the results folder of `record`; it appears whole or not at all.
///
/// # Errors
/// When a file cannot be written. An older folder of the same name is then still there, unchanged.
pub fn write(record: &Record, options: &ReportOptions) -> Result<WrittenFiles, ReportError> {
    let mut writer = Writer { folder: Folder::create(&options.dir, &options.name)?, files: Vec::new() };
    let mut digest = Digest::new();
    let is_written = |file: &str| match file {
        "traffic.csv" => !record.traffic.is_empty(),
        "hpa.csv" => !record.autoscalers.is_empty(),
        "usage.csv" => !record.usage.rows.is_empty(),
        "jobs.csv" => !record.jobs.is_empty(),
        "steps.csv" => !record.steps.is_empty(),
        _ => true,
    };
    for table in csv::TABLES.iter().filter(|table| options.has(table.file) && is_written(table.file)) {
        writer.add(table.file, |out| table.write(record, &mut Digesting::new(out, &mut digest)))?;
    }

    let summary = Summary { files_digest: digest.finish_hex(), ..Summary::of(record) };
    writer.add("transcript.txt", |out| out.write_all(transcript::transcript(record).as_bytes()))?;
    let mut text = serde_json::to_string_pretty(&summary).expect("a summary holds strings, numbers and maps");
    text.push('\n');
    writer.add("summary.json", |out| out.write_all(text.as_bytes()))?;
    if options.has("record.bin") {
        writer.add("record.bin", |out| archive::write(record, options.charts, out))?;
    }
    let mut left_out = Vec::new();
    for (file, wish) in [("trace.json", options.trace), ("metrics.om", options.metrics)] {
        if wish.unwrap_or(record.pods.len() <= MOST_PODS_TRACED) {
            writer.exports(record, file)?;
        } else if wish.is_none() {
            left_out.push(file);
        }
    }
    writer.pictures(record, &summary, options.charts, options.has("report.html"))?;
    Ok(WrittenFiles { folder: writer.folder.finish()?, files: writer.files, summary, left_out })
}

/// Draws charts and page of a results folder again, as its run drew them (the page also if it did not), and writes
/// `trace.json` and `metrics.om` where asked to. The folder is replaced as a whole or stays as it was.
///
/// # Errors
/// When the folder is not whole, or cannot be written.
pub fn draw_again(results: &Results, trace: bool, metrics: bool) -> Result<WrittenFiles, ReportError> {
    let archive = results.archive()?;
    let record = &archive.record;
    let files_digest = results.summary["files_digest"].as_str().unwrap_or_default().to_owned();
    let summary = Summary { files_digest, ..Summary::of(record) };
    let folder = results.folder().unwrap_or(&results.path);
    let mut writer = Writer { folder: Folder::replace(folder)?, files: Vec::new() };
    for (file, is_asked_for) in [("trace.json", trace), ("metrics.om", metrics)] {
        if is_asked_for {
            writer.exports(record, file)?;
        }
    }
    writer.pictures(record, &summary, archive.charts, true)?;
    Ok(WrittenFiles { folder: writer.folder.finish()?, files: writer.files, summary, left_out: Vec::new() })
}

/// Writes files into a folder and remembers which.
struct Writer {
    folder: Folder,
    files: Vec<String>,
}

impl Writer {
    fn add(&mut self, file: &str, fill: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Result<(), ReportError> {
        self.files.push(file.to_owned());
        self.folder.write(file, fill)
    }

    /// The run for other programs.
    fn exports(&mut self, record: &Record, file: &str) -> Result<(), ReportError> {
        self.add(
            file,
            |out| if file == "trace.json" { trace::write(record, out) } else { openmetrics::write(record, out) },
        )
    }

    /// Charts and page.
    fn pictures(
        &mut self,
        record: &Record,
        summary: &Summary,
        formats: ChartFormats,
        page: bool,
    ) -> Result<(), ReportError> {
        let mut pictures = Vec::new();
        for chart in charts::CHARTS.iter().filter(|chart| (chart.is_drawn)(record)) {
            if !(formats.svg || formats.png) {
                break;
            }
            let scene = chart.draw(record);
            if formats.png {
                let png = charts::png(chart.name, &scene)?;
                self.add(&format!("charts/{}.png", chart.name), |out| out.write_all(&png))?;
            }
            if formats.svg || page {
                let svg = charts::svg(chart.name, &scene)?;
                if formats.svg {
                    self.add(&format!("charts/{}.svg", chart.name), |out| out.write_all(svg.as_bytes()))?;
                }
                pictures.push(html::Picture::new(chart, svg, &scene));
            }
        }
        if page {
            let page = html::page(record, summary, &pictures)?;
            self.add("report.html", |out| out.write_all(page.as_bytes()))?;
        }
        Ok(())
    }
}
