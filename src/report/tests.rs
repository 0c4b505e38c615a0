//! What a results folder holds.

use std::fs;
use std::path::PathBuf;

use super::*;

fn scratch(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("kubelapse-report-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            files.push((name, fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn a_folder_holds_every_file_and_the_same_record_gives_the_same_bytes() {
    let dir = scratch("bytes");
    let record = synthetic::record(60, 6, 600);
    let one = write(&record, &ReportOptions::everything(&dir, "one")).unwrap();
    let two = write(&record, &ReportOptions::everything(&dir, "two")).unwrap();
    let (first, second) = (files(&one.folder), files(&two.folder));
    assert!(first == second, "the bytes differ");
    let mut written = one.files.clone();
    written.sort();
    assert_eq!(first.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), written);
    assert_eq!(written.len(), 7 + 3 + 2 * charts::CHARTS.len());
    assert!(first.iter().all(|(_, bytes)| !bytes.is_empty()));
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn what_is_switched_off_is_not_written() {
    let dir = scratch("off");
    let charts = ChartFormats { svg: false, png: false };
    let options = ReportOptions { charts, timeline: false, page: false, ..ReportOptions::everything(&dir, "off") };
    let mut written = write(&synthetic::record(5, 3, 60), &options).unwrap().files;
    written.sort();
    let expected =
        ["events.csv", "hpa.csv", "nodes.csv", "scheduling.csv", "summary.json", "transcript.txt", "workloads.csv"];
    assert_eq!(written, expected);
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn the_digest_of_files_changes_with_a_row() {
    let dir = scratch("digest");
    let charts = ChartFormats { svg: false, png: false };
    let options = ReportOptions { charts, page: false, ..ReportOptions::everything(&dir, "digest") };
    let mut record = synthetic::record(5, 3, 60);
    let before = write(&record, &options).unwrap().summary.files_digest;
    record.timeline[3].state.restarts += 1;
    assert_ne!(write(&record, &options).unwrap().summary.files_digest, before);
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn the_summary_names_what_the_documentation_names() {
    let docs = include_str!("../../docs/outputs.md");
    let section = docs.split("## summary.json").nth(1).unwrap().split("\n## ").next().unwrap();
    let record = synthetic::record(5, 3, 60);
    let summary = serde_json::to_value(Summary::of(&record)).unwrap();
    for (name, value) in summary.as_object().unwrap() {
        assert!(section.contains(&format!("`{name}")), "{name} is not documented");
        let parts = value.as_object().into_iter().flatten();
        // Names below maps of workloads and groups stand there without their key.
        for (part, _) in parts.filter(|_| !matches!(name.as_str(), "workloads" | "node_groups" | "hpa" | "traffic")) {
            assert!(section.contains(&format!(".{part}`")), "{name}.{part} is not documented");
        }
    }
}
