//! `record.bin`: the record itself, from which everything else in the folder can be drawn again. The same data
//! structure as in a run, so that there is one way to every picture.
//! A magic word, the digest of the layout, the record (postcard), and a digest of it all: a file that was cut short or
//! changed is told from one of another version.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ChartFormats;
use super::digest::Digesting;
use crate::engine::digest::Digest;
use crate::record::Record;

/// First bytes of the file.
const MAGIC: &[u8; 16] = b"kubelapse record";
/// What records look like is said by these files alone: another text, another layout. Whoever changes a row need not
/// remember to count anything up, and a record of yesterday's build is never read as one of today's.
const LAYOUT: [(&str, &str); 16] = [
    ("autoscalers.rs", include_str!("../record/autoscalers.rs")),
    ("containers.rs", include_str!("../record/containers.rs")),
    ("events.rs", include_str!("../record/events.rs")),
    ("gauge.rs", include_str!("../record/gauge.rs")),
    ("jobs.rs", include_str!("../record/jobs.rs")),
    ("mod.rs", include_str!("../record/mod.rs")),
    ("moment.rs", include_str!("../record/moment.rs")),
    ("nodes.rs", include_str!("../record/nodes.rs")),
    ("pods.rs", include_str!("../record/pods.rs")),
    ("run.rs", include_str!("../record/run.rs")),
    ("text.rs", include_str!("../record/text.rs")),
    ("totals.rs", include_str!("../record/totals.rs")),
    ("traffic.rs", include_str!("../record/traffic.rs")),
    ("uid.rs", include_str!("../record/uid.rs")),
    ("usage.rs", include_str!("../record/usage.rs")),
    ("workloads.rs", include_str!("../record/workloads.rs")),
];
/// Bytes of the digest at the end.
const DIGEST: usize = 16;

/// A record as it is kept.
#[derive(Debug, Deserialize)]
pub struct Archive {
    /// Which charts the run drew.
    pub charts: ChartFormats,
    /// What happened.
    pub record: Record,
}

/// An archive cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ArchiveError {
    /// Something else.
    #[error("it is no record of kubelapse")]
    Foreign,
    /// Written by a version with other records.
    #[error("another version of kubelapse wrote it, whose records look different: run the scenario again")]
    Version,
    /// Not what was written.
    #[error("it was cut short or changed after it was written")]
    Broken,
}

/// What is written: borrowed.
#[derive(Serialize)]
struct Borrowed<'a> {
    charts: ChartFormats,
    record: &'a Record,
}

fn layout() -> [u8; DIGEST] {
    let mut digest = Digest::new();
    for (name, text) in LAYOUT {
        digest.update_text(name);
        digest.update_text(text);
    }
    digest.finish().to_le_bytes()
}

/// Writes a record.
pub fn write(record: &Record, charts: ChartFormats, out: &mut dyn Write) -> io::Result<()> {
    let mut digest = Digest::new();
    let mut inner = Digesting::new(&mut *out, &mut digest);
    inner.write_all(MAGIC)?;
    inner.write_all(&layout())?;
    postcard::to_io(&Borrowed { charts, record }, &mut inner).map_err(io::Error::other)?;
    out.write_all(&digest.finish().to_le_bytes())
}

/// Reads a record.
///
/// # Errors
/// When it is not one that this version wrote.
pub fn read(bytes: &[u8]) -> Result<Archive, ArchiveError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(ArchiveError::Foreign)?;
    let (written, rest) = rest.split_first_chunk::<DIGEST>().ok_or(ArchiveError::Broken)?;
    let (record, digest) = rest.split_last_chunk::<DIGEST>().ok_or(ArchiveError::Broken)?;
    let mut seen = Digest::new();
    seen.update_bytes(&bytes[..bytes.len() - DIGEST]);
    if seen.finish().to_le_bytes() != *digest {
        return Err(ArchiveError::Broken);
    }
    if *written != layout() {
        return Err(ArchiveError::Version);
    }
    match postcard::take_from_bytes(record) {
        Ok((archive, [])) => Ok(archive),
        _ => Err(ArchiveError::Broken),
    }
}

#[cfg(test)]
mod tests {
    use super::super::synthetic;
    use super::*;

    const CHARTS: ChartFormats = ChartFormats { svg: true, png: false };

    fn archived(record: &Record) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(record, CHARTS, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_record_reads_back_as_it_was() {
        let record = synthetic::record(60, 6, 600);
        let archive = read(&archived(&record)).unwrap();
        assert_eq!(archive.charts, CHARTS);
        assert!(archived(&archive.record) == archived(&record), "the record that was read differs");
        assert_eq!(archive.record.timeline.len(), record.timeline.len());
    }

    #[test]
    fn what_is_not_whole_is_refused_with_the_reason() {
        let bytes = archived(&synthetic::record(5, 3, 60));
        assert_eq!(read(b"PNG").unwrap_err(), ArchiveError::Foreign);
        for cut in [18, 60, bytes.len() / 2, bytes.len() - 1] {
            assert_eq!(read(&bytes[..cut]).unwrap_err(), ArchiveError::Broken, "cut at {cut}");
        }
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        assert_eq!(read(&changed).unwrap_err(), ArchiveError::Broken);
        // The same with another layout, and a digest that is right.
        let mut other = bytes[..bytes.len() - DIGEST].to_vec();
        other[16] ^= 1;
        let mut digest = Digest::new();
        digest.update_bytes(&other);
        other.extend(digest.finish().to_le_bytes());
        assert_eq!(read(&other).unwrap_err(), ArchiveError::Version);
    }

    #[test]
    fn every_file_that_says_what_is_stored_counts() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/record");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_file() && std::fs::read_to_string(&path).unwrap().contains("Deserialize)]") {
                assert!(LAYOUT.iter().any(|(known, _)| *known == name), "{name} is missing in LAYOUT");
            }
        }
    }
}
