//! docs/scenarios.md and scenarios/kubelapse.schema.json are what the program says.
//! `UPDATE_GOLDEN=1 cargo test --lib scenario::` writes them anew.

use super::*;
use crate::scenario::schema::{json_schema, reference};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scenarios.md");
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/kubelapse.schema.json");

#[expect(clippy::disallowed_methods, reason = "a test may be told to write what it compares with")]
fn updates() -> bool {
    std::env::var("UPDATE_GOLDEN").is_ok()
}

/// The page with what stands between the markers of `name` replaced.
fn with_generated(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- begin {name} (generated) -->\n"), format!("<!-- end {name} -->"));
    let start = page.find(&begin).unwrap_or_else(|| panic!("{begin} is missing")) + begin.len();
    let stop = page.find(&end).unwrap_or_else(|| panic!("{end} is missing"));
    format!("{}\n{text}\n{}", &page[..start], &page[stop..])
}

#[test]
fn the_page_holds_the_tables_that_the_program_makes() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let wanted = with_generated(&page, "codes", &checks::table());
    let wanted = with_generated(&wanted, "reference", reference::markdown().trim_end());
    if updates() {
        std::fs::write(PAGE, wanted).unwrap();
    } else {
        assert!(page == wanted, "docs/scenarios.md is not current: UPDATE_GOLDEN=1 cargo test --lib scenario::");
    }
}

#[test]
fn the_schema_beside_the_scenarios_is_current() {
    let wanted = json_schema::text(None);
    if updates() {
        std::fs::write(SCHEMA, wanted).unwrap();
    } else {
        assert!(std::fs::read_to_string(SCHEMA).unwrap() == wanted, "UPDATE_GOLDEN=1 cargo test --lib scenario::");
    }
}

#[test]
fn every_example_of_the_page_is_read() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let mut count = 0;
    for block in page.split("```yaml\n").skip(1) {
        let text = block.split("```").next().unwrap();
        count += 1;
        let whole = if text.contains("apiVersion:") {
            text.to_owned()
        } else {
            // A part of `spec`.
            spec(&format!("  {}\n", text.trim_end().replace('\n', "\n  ")))
        };
        let read = if whole.contains("kind: Sweep") {
            load_sweeps(&source(&whole)).map(drop)
        } else if whole.contains("kind: CapacityPlan") {
            load_capacity_plans(&source(&whole)).map(drop)
        } else {
            load_source(&source(&whole), &LoadOptions::default()).map(drop)
        };
        if let Err(found) = read {
            panic!("{}\n{text}", found.render(false));
        }
    }
    assert!(count >= 12, "{count} examples");
}
