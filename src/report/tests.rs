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
    assert_eq!(written.len(), 10 + 6 + 2 * charts::CHARTS.len());
    assert!(first.iter().all(|(_, bytes)| !bytes.is_empty()));
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn what_is_switched_off_is_not_written() {
    let dir = scratch("off");
    let charts = ChartFormats { svg: false, png: false };
    let without = vec!["timeline.csv", "nodes.csv", "record.bin", "report.html"];
    let off = Some(false);
    let everything = ReportOptions::everything(&dir, "off");
    let options = ReportOptions { charts, without, trace: off, metrics: off, ..everything };
    let mut written = write(&synthetic::record(5, 3, 60), &options).unwrap().files;
    written.sort();
    let expected = [
        "events.csv",
        "hpa.csv",
        "jobs.csv",
        "scheduling.csv",
        "steps.csv",
        "summary.json",
        "transcript.txt",
        "usage.csv",
        "workloads.csv",
    ];
    assert_eq!(written, expected);
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn the_digest_of_files_changes_with_a_row() {
    let dir = scratch("digest");
    let charts = ChartFormats { svg: false, png: false };
    let without = vec!["report.html"];
    let options = ReportOptions { charts, without, ..ReportOptions::everything(&dir, "digest") };
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

#[test]
fn a_folder_that_is_drawn_again_has_the_same_bytes() {
    let dir = scratch("again");
    let mut record = synthetic::record(60, 6, 600);
    record.run.digest = "of the run".to_owned();
    let folder = write(&record, &ReportOptions::everything(&dir, "again")).unwrap().folder;
    let before = files(&folder);
    fs::write(folder.join("report.html"), "spoilt").unwrap();
    fs::remove_dir_all(folder.join("charts")).unwrap();
    fs::remove_file(folder.join("trace.json")).unwrap();
    let results = Results::open(&folder).unwrap();
    draw_again(&results, true, false).unwrap();
    assert!(files(&folder) == before, "the bytes differ");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nothing is left beside the folder");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn broken_results_are_refused_with_the_reason() {
    let dir = scratch("broken");
    let charts = ChartFormats { svg: false, png: false };
    let everything = ReportOptions::everything(&dir, "whole");
    let options = ReportOptions { charts, without: vec!["report.html"], ..everything };
    let record = synthetic::record(5, 3, 60);
    let whole = write(&record, &options).unwrap().folder;
    let broken = |name: &str, change: &dyn Fn(&Path)| {
        let folder = dir.join(name);
        fs::create_dir_all(&folder).unwrap();
        for (file, bytes) in files(&whole) {
            fs::write(folder.join(file), bytes).unwrap();
        }
        change(&folder);
        let opened = Results::open(&folder).and_then(|results| results.archive());
        opened.map(|_| ()).unwrap_err().to_string()
    };
    let cut = |folder: &Path, file: &str| {
        let bytes = fs::read(folder.join(file)).unwrap();
        fs::write(folder.join(file), &bytes[..bytes.len() * 2 / 3]).unwrap();
    };
    for (name, change, reason) in [
        (
            ".web.partial-12",
            &(|f: &Path| fs::remove_file(f.join("summary.json")).unwrap()) as &dyn Fn(&Path),
            "in the making",
        ),
        ("none", &|f| fs::remove_file(f.join("summary.json")).unwrap(), "has no summary.json"),
        ("half", &|f| cut(f, "timeline.csv"), "timeline.csv is broken: it ends in the middle of a row"),
        ("cut", &|f| cut(f, "summary.json"), "it ends in the middle"),
        (
            "lost",
            &|f| fs::remove_file(f.join("nodes.csv")).unwrap(),
            "one is missing, comes from another run or was changed",
        ),
        ("binary", &|f| cut(f, "record.bin"), "record.bin is broken: it was cut short"),
        ("small", &|f| fs::remove_file(f.join("record.bin")).unwrap(), "record.bin is missing"),
    ] {
        let error = broken(name, change);
        assert!(error.contains(reason), "{name}: {error}");
    }
    assert!(Results::open(&whole).is_ok());
    fs::remove_dir_all(dir).unwrap();
}
