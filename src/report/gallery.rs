//! Writes results of made-up records into target/report-gallery, to be looked at:
//! `cargo test --lib report::gallery -- --ignored`.

use std::path::Path;

use super::{ReportOptions, synthetic, write};

#[test]
#[ignore = "writes pictures for people to look at"]
fn gallery() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/report-gallery");
    std::fs::create_dir_all(&dir).unwrap();
    for (pods, nodes, seconds) in [
        (0, 0, 0),
        (1, 1, 20),
        (5, 3, 60),
        (60, 6, 600),
        (300, 12, 3600),
        (5_000, 200, 14_400),
        (20_000, 5_000, 300_000),
    ] {
        let record = synthetic::record(pods, nodes, seconds);
        write(&record, &ReportOptions::everything(&dir, &format!("pods-{pods}"))).unwrap();
    }
}
