//! From a record to files: CSV tables, transcript, summary, charts, page. One file a format.
//! Reads nothing but the `Record`; knows no cluster and no simulation, and measures no time.

mod charts;
mod csv;
mod digest;
mod folder;
#[cfg(test)]
mod gallery;
mod html;
pub mod junit;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod synthetic_traffic;
pub mod terminal;
#[cfg(test)]
mod tests;
mod transcript;
mod words;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::engine::digest::Digest;
use crate::record::{Record, Summary};
use digest::Digesting;
use folder::Folder;

/// In which formats charts are written: none, one or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Write `timeline.csv`?
    pub timeline: bool,
    /// Write `report.html`?
    pub page: bool,
}

impl ReportOptions {
    /// Everything, into `dir/name`.
    pub fn everything(dir: &Path, name: &str) -> Self {
        let charts = ChartFormats { svg: true, png: true };
        Self { dir: dir.to_owned(), name: name.to_owned(), charts, timeline: true, page: true }
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
        source: std::io::Error,
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
}

/// Writes the results folder of `record`; it appears whole or not at all.
///
/// # Errors
/// When a file cannot be written. An older folder of the same name is then still there, unchanged.
pub fn write(record: &Record, options: &ReportOptions) -> Result<WrittenFiles, ReportError> {
    let folder = Folder::create(&options.dir, &options.name)?;
    let mut files = Vec::new();
    let mut add = |file: &str, bytes: &[u8]| {
        files.push(file.to_owned());
        folder.write(file, |out| out.write_all(bytes))
    };

    let mut digest = Digest::new();
    let mut tables = Vec::new();
    let is_written = |file: &str| match file {
        "timeline.csv" => options.timeline,
        "traffic.csv" => !record.traffic.is_empty(),
        "hpa.csv" => !record.autoscalers.is_empty(),
        _ => true,
    };
    for table in csv::TABLES.iter().filter(|table| is_written(table.file)) {
        folder.write(table.file, |out| table.write(record, &mut Digesting::new(out, &mut digest)))?;
        tables.push(table.file.to_owned());
    }

    let summary = Summary { files_digest: digest.finish_hex(), ..Summary::of(record) };
    add("transcript.txt", transcript::transcript(record).as_bytes())?;
    let mut text = serde_json::to_string_pretty(&summary).expect("a summary holds strings, numbers and maps");
    text.push('\n');
    add("summary.json", text.as_bytes())?;

    let mut pictures = Vec::new();
    for chart in charts::CHARTS.iter().filter(|chart| (chart.is_drawn)(record)) {
        if !(options.charts.svg || options.charts.png) {
            break;
        }
        let scene = chart.draw(record);
        if options.charts.png {
            add(&format!("charts/{}.png", chart.name), &charts::png(chart.name, &scene)?)?;
        }
        if options.charts.svg || options.page {
            let svg = charts::svg(chart.name, &scene)?;
            if options.charts.svg {
                add(&format!("charts/{}.svg", chart.name), svg.as_bytes())?;
            }
            pictures.push(html::Picture::new(chart, svg, &scene));
        }
    }
    if options.page {
        add("report.html", html::page(record, &summary, &pictures)?.as_bytes())?;
    }
    tables.append(&mut files);
    Ok(WrittenFiles { folder: folder.finish()?, files: tables, summary })
}
