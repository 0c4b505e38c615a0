//! `report.html` in a browser: headless Chromium opens the page of a run, a script uses it as a reader would, and
//! what it saw is compared. Without a Chromium on the machine the test says so and ends.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const PROBE: &str = include_str!("report_page/probe.js");

/// A Chromium of this machine.
fn chromium() -> Option<&'static str> {
    let answers =
        |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    ["chromium", "chromium-browser", "google-chrome"].iter().copied().find(answers)
}

/// Runs the scenario; returns its page.
fn page(dir: &Path) -> PathBuf {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/report_page/scenario.yaml");
    let mut run = Command::new(env!("CARGO_BIN_EXE_kubelapse"));
    let output = run.args(["run", scenario, "--quiet", "--out"]).arg(dir).output().expect("the program was built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    dir.join("page/report.html")
}

#[test]
fn a_reader_can_search_sort_zoom_and_go_back_in_time() {
    let Some(browser) = chromium() else {
        eprintln!("no Chromium here: the page is not opened");
        return;
    };
    let dir = std::env::temp_dir().join(format!("kubelapse-page-{}", std::process::id()));
    let page = page(&dir);
    let text = std::fs::read_to_string(&page).unwrap();
    let probed = text.replace("</body>", &format!("<script>{PROBE}</script></body>"));
    std::fs::write(&page, probed).unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,2000", "--virtual-time-budget=5000"])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", dir.join("browser").display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<&str> = complaints.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let document = String::from_utf8_lossy(&output.stdout);
    let start = document.find("<pre id=\"seen\">").expect("the script came to its end") + "<pre id=\"seen\">".len();
    let end = start + document[start..].find("</pre>").unwrap();
    let seen = document[start..end].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let seen: Value = serde_json::from_str(&seen).unwrap();

    let charts = seen["charts"].as_array().unwrap();
    assert_eq!(charts.len(), 6, "{charts:#?}");
    for chart in charts {
        assert!(chart["marks"].as_u64() > Some(5) && chart["plots"].as_u64() > Some(0), "{chart}");
    }
    assert_eq!(seen["pods"], 5);
    assert_eq!(seen["found"].as_array().unwrap().len(), 2, "{}", seen["found"]);
    assert_eq!(seen["none"], json!([0, "none"]));
    assert_eq!(seen["sorted"], 5);
    assert_eq!(seen["filtered"], json!(["Deleted"]));
    // Five seconds in, all five exist, and the large one has no node; at the end two of the four are gone.
    assert_eq!(seen["early"].as_array().unwrap().len(), 5, "{}", seen["early"]);
    let late = seen["late"].as_array().unwrap();
    assert_eq!(late.len(), 3, "{late:#?}");
    assert!(late.contains(&json!(["too-large", "Pending", "<none>"])), "{late:#?}");
    assert_eq!(seen["nodes"].as_array().unwrap().len(), 2);
    let tip = seen["tip"].as_array().unwrap();
    assert!(tip[0].as_str().unwrap().starts_with("t = 1 min"), "{tip:#?}");
    assert!(tip.contains(&json!("Running, ready: 2")) && tip.contains(&json!("Pending (no node): 1")), "{tip:#?}");
    assert!(seen["zoomed"].as_str().unwrap().contains(" to "), "{}", seen["zoomed"]);
    assert!(seen["stretched"].as_u64() >= Some(6), "{}", seen["stretched"]);
    assert_eq!(seen["object"], json!([false, true, "Node worker-1", 3]));
    assert_eq!(seen["workload"], json!(["Workload default/deployment/web", true, 4]));
    assert_eq!(seen["back"], json!([true, false]));
}
